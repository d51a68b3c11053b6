//===- Arithmetic.h - Formulas as nn operations -----------------*- C++ -*-===//

#ifndef DLC_LIB_IMPORTER_ONNX_ARITHMETIC_H
#define DLC_LIB_IMPORTER_ONNX_ARITHMETIC_H

#include "Emitter.h"

namespace dlc::importer {

inline int64_t product(llvm::ArrayRef<int64_t> dims) {
  int64_t result = 1;
  for (int64_t dim : dims)
    result *= dim;
  return result;
}

/// Distance of neighbours in each dimension of a row-major tensor.
inline Dims stridesOf(llvm::ArrayRef<int64_t> dims) {
  Dims strides(dims.size(), 1);
  for (size_t i = dims.size(); i-- > 1;)
    strides[i - 1] = strides[i] * dims[i];
  return strides;
}

/// The same dimensions with one more of size `extent` in front of `at`.
inline Dims inserted(llvm::ArrayRef<int64_t> dims, int64_t at, int64_t extent) {
  Dims result(dims);
  result.insert(result.begin() + at, extent);
  return result;
}

/// Elementwise formulas; scalars take the element type of the tensor beside
/// them.
class Arithmetic {
public:
  using Value = mlir::Value;
  using Predicate = nn::ComparePredicate;
  explicit Arithmetic(NodeEmitter &e) : e(e) {}

  Value add(Value a, Value b) { return e.make<nn::AddOp>(a, b); }
  Value sub(Value a, Value b) { return e.make<nn::SubOp>(a, b); }
  Value mul(Value a, Value b) { return e.make<nn::MulOp>(a, b); }
  Value div(Value a, Value b) { return e.make<nn::DivOp>(a, b); }
  Value max(Value a, Value b) { return e.make<nn::MaxOp>(a, b); }
  Value min(Value a, Value b) { return e.make<nn::MinOp>(a, b); }
  Value add(Value a, double b) { return add(a, e.scalar(b, a)); }
  Value sub(Value a, double b) { return sub(a, e.scalar(b, a)); }
  Value mul(Value a, double b) { return mul(a, e.scalar(b, a)); }
  Value div(Value a, double b) { return div(a, e.scalar(b, a)); }
  Value max(Value a, double b) { return max(a, e.scalar(b, a)); }
  Value min(Value a, double b) { return min(a, e.scalar(b, a)); }
  Value clamp(Value a, double lo, double hi) { return min(max(a, lo), hi); }
  Value floor(Value a) { return e.make<nn::FloorOp>(a); }
  Value abs(Value a) { return e.make<nn::AbsOp>(a); }
  Value compare(Predicate predicate, Value a, Value b) {
    return e.make<nn::CompareOp>(predicate, a, b);
  }
  Value compare(Predicate predicate, Value a, double b) {
    return compare(predicate, a, e.scalar(b, a));
  }
  Value both(Value a, Value b) { return e.make<nn::AndOp>(a, b); }
  Value either(Value a, Value b) { return e.make<nn::OrOp>(a, b); }
  Value negate(Value a) { return e.make<nn::NotOp>(a); }
  Value select(Value condition, Value yes, Value no) {
    return e.make<nn::SelectOp>(condition, yes, no);
  }
  Value select(Value condition, Value yes, double no) {
    return select(condition, yes, e.scalar(no, yes));
  }
  /// i64 of what is already whole.
  Value index(Value a) { return e.cast(a, e.builder.getI64Type()); }
  Value reduce(nn::ReduceKind kind, Value a, llvm::ArrayRef<int64_t> axes,
               bool keepdims = false) {
    return e.make<nn::ReduceOp>(kind, a, axes, keepdims);
  }

  NodeEmitter &e;
};

/// Sets output 0 to numpy's matmul: operands of rank 1 get a dimension that the
/// result loses.
llvm::LogicalResult emitProduct(NodeEmitter &e, mlir::Value a, mlir::Value b);

/// Elements of `data` along `axis` at `indices` (i64, not negative), which has
/// the rank of `data` and in each other dimension its size, or 1:
/// `result[…, i, …] = data[…, indices[…, i, …], …]`.
mlir::Value takeAlong(NodeEmitter &e, mlir::Value data, mlir::Value indices,
                      int64_t axis);

/// The order that moves dimension `axis` behind all others, and the one that
/// moves it back.
struct LastAxis {
  Dims there, back;
  LastAxis(int64_t axis, int64_t rank);
};

/// What changes nothing under a reduction.
mlir::Value neutral(NodeEmitter &e, nn::ReduceKind kind, mlir::Type element);

/// Two values, or what changes nothing, by what a scatter combines with.
mlir::Value combine(Arithmetic &m, nn::ReduceKind kind, mlir::Value a,
                    mlir::Value b);

/// The result of a ScatterND that assigns to a slice (with steps, maybe), or
/// combines with it; null if the node is no such.
mlir::Value scatterBox(NodeEmitter &e, std::optional<nn::ReduceKind> kind);

/// Puts `updates` into `data` along `axis`. `indices` (i64) has the rank of
/// both, the extent of the updates along the axis and theirs or 1 elsewhere;
/// what lies outside of the data is left out. Without `kind` the last of
/// several updates of an element wins.
mlir::Value scatterAlong(NodeEmitter &e, mlir::Value data, mlir::Value indices,
                         mlir::Value updates, int64_t axis,
                         std::optional<nn::ReduceKind> kind = std::nullopt);

/// The positions (i64) of the first k elements of each row (rows × n, n > 0) in
/// descending or ascending order; of equal ones the first comes first, and NaN
/// is the largest. Of rows that were computed from the open input `input` what
/// lies behind the extents comes last.
mlir::Value firstOfRows(NodeEmitter &e, mlir::Value rows, int64_t k,
                        bool largest, int input = -1);

/// Running sums of a vector of integers, in blocks: each sum is over one block
/// or over the sums of the blocks before it.
mlir::Value runningSums(NodeEmitter &e, mlir::Value x);

/// `x`, of which all counts then.
mlir::Value counted(NodeEmitter &e, mlir::Value x);

/// A tensor computed from an input, `fill` where nothing counts, of which all
/// counts then.
mlir::Value filled(NodeEmitter &e, int input, mlir::Value x, mlir::Value fill);

/// `index`, negative ones counted from the end of dimension `axis` of `data`.
mlir::Value wrapped(NodeEmitter &e, mlir::Value index, mlir::Value data,
                    int64_t axis);

/// The elements at flat positions (i64, of any shape).
mlir::Value takeFlat(NodeEmitter &e, mlir::Value data, mlir::Value positions);

} // namespace dlc::importer

#endif // DLC_LIB_IMPORTER_ONNX_ARITHMETIC_H
