//===- Extents.h - Dimensions of which a part is used -----------*- C++ -*-===//
//
// What nn-resolve-extents knows about each value, and the means to build what
// depends on it.
//
//===----------------------------------------------------------------------===//

#ifndef DLC_LIB_DIALECT_NN_TRANSFORMS_EXTENTS_H
#define DLC_LIB_DIALECT_NN_TRANSFORMS_EXTENTS_H

#include "dlc/Dialect/NN/IR/NN.h"

#include "mlir/IR/Builders.h"

namespace dlc::nn {

/// A part of a dimension: a reshape joins several of them. `extent` (a scalar
/// of i64) says how much of `size` counts; null: all of it.
struct Factor {
  int64_t size = 1;
  mlir::Value extent;
};

/// A dimension as the product of its factors, the outermost first. Neighbours
/// without extents are one factor, those of size 1 are left out.
class Axis {
public:
  Axis() = default;
  explicit Axis(int64_t size) { add({size, nullptr}); }
  Axis(int64_t size, mlir::Value extent) { add({size, extent}); }

  void add(Factor factor);
  llvm::ArrayRef<Factor> getFactors() const { return factors; }
  int64_t getSize() const;
  bool isBounded() const;
  /// Whether what counts lies at the beginning, without gaps.
  bool isPrefix() const;
  bool operator==(const Axis &other) const;

private:
  llvm::SmallVector<Factor, 2> factors;
};

/// One a dimension.
using Axes = llvm::SmallVector<Axis, 4>;

Axes staticAxes(mlir::Value value);
bool hasBounded(llvm::ArrayRef<Axis> axes);

/// The factors of `from` grouped anew for dimensions of the sizes `shape`;
/// nullopt where a factor with an extent would have to be split.
std::optional<Axes> regroup(llvm::ArrayRef<Axis> from,
                            llvm::ArrayRef<int64_t> shape);

/// Extents that are known to be between 0 and a number.
using ExtentLimits = llvm::DenseMap<mlir::Value, int64_t>;

/// Where an extent (a scalar of i64) comes from, through what only moves it or
/// keeps it between limits that it has anyway. Extents of the same origin are
/// the same.
mlir::Value originOf(mlir::Value extent, const ExtentLimits &limits);

/// The number that a scalar of i64 is, through what only moves it.
std::optional<int64_t> constantOf(mlir::Value x);

/// `axis` with other extents.
Axis mapExtents(const Axis &axis,
                llvm::function_ref<mlir::Value(mlir::Value)> map);

/// Builds at one operation; everything that can be folded is.
class ExtentBuilder {
public:
  using Value = mlir::Value;
  explicit ExtentBuilder(mlir::Operation *at)
      : builder(at), loc(at->getLoc()) {}
  ExtentBuilder(const mlir::OpBuilder &builder, mlir::Location loc)
      : builder(builder), loc(loc) {}

  template <typename OpT, typename... Args>
  Value make(Args &&...args) {
    return builder.createOrFold<OpT>(loc, std::forward<Args>(args)...);
  }
  Value scalar(int64_t value);
  Value vector(llvm::ArrayRef<int64_t> values);
  /// A constant scalar of any element type.
  Value number(mlir::Type element, double value);
  /// The least (or greatest) number of a type; infinities of floats.
  Value limit(mlir::Type element, bool lowest);
  Value add(Value a, Value b) { return make<AddOp>(a, b); }
  Value sub(Value a, Value b) { return make<SubOp>(a, b); }
  Value mul(Value a, Value b) { return make<MulOp>(a, b); }
  Value add(Value a, int64_t b) { return make<AddOp>(a, scalar(b)); }
  Value sub(Value a, int64_t b) { return make<SubOp>(a, scalar(b)); }
  Value mul(Value a, int64_t b) { return make<MulOp>(a, scalar(b)); }
  Value clamp(Value a, int64_t lo, int64_t hi) {
    return make<MinOp>(make<MaxOp>(a, scalar(lo)), scalar(hi));
  }
  /// a / b, rounded down; b is positive.
  Value floorDiv(Value a, int64_t b);
  Value reshape(Value x, llvm::ArrayRef<int64_t> shape) {
    return make<ReshapeOp>(x, shape);
  }

  /// How much of a dimension counts, as a scalar of i64.
  Value extentOf(const Axis &axis);
  /// `value` where it counts along `dims`, `fill` (a scalar) elsewhere.
  Value fill(Value value, llvm::ArrayRef<Axis> axes,
             llvm::ArrayRef<int64_t> dims, Value fill);
  /// `value` with what counts along `dim` moved to the beginning.
  Value compact(Value value, const Axis &axis, int64_t dim);
  /// i64 numbers for the positions of a dimension, counted from 0.
  Value positions(int64_t size);

private:
  mlir::OpBuilder builder;
  mlir::Location loc;
};

} // namespace dlc::nn

#endif // DLC_LIB_DIALECT_NN_TRANSFORMS_EXTENTS_H
