//===- Resolver.h - How extents pass through operations ---------*- C++ -*-===//
//
// The work of nn-resolve-extents. One file a family of operations: ResolveMoves
// (what moves data), ResolveReductions, ResolveWindows (products and windows),
// ResolveResize; arguments, results, elementwise operations and loops are in
// ResolveExtents.
//
//===----------------------------------------------------------------------===//

#ifndef DLC_LIB_DIALECT_NN_TRANSFORMS_RESOLVER_H
#define DLC_LIB_DIALECT_NN_TRANSFORMS_RESOLVER_H

#include "ExtentForms.h"
#include "LoopBorder.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Diagnostics.h"

namespace dlc::nn {

inline llvm::ArrayRef<int64_t> shapeOf(mlir::Value value) {
  return mlir::cast<mlir::RankedTensorType>(value.getType()).getShape();
}

inline mlir::Type elementOf(mlir::Value value) {
  return mlir::cast<mlir::RankedTensorType>(value.getType()).getElementType();
}

/// The nn.bounded operations directly behind one that give dimensions of its
/// result a size (see kResizedAttrName), the nearest first.
llvm::SmallVector<BoundedOp> givenSizes(mlir::Operation *op);

/// Walks one graph from its beginning to its end. Of each value it knows which
/// dimensions are bounded; operations that read what does not count get their
/// operands changed so that it does not matter.
class Resolver {
public:
  explicit Resolver(mlir::func::FuncOp func) : func(func) {}

  mlir::LogicalResult run() {
    readArguments();
    for (mlir::Operation &op : llvm::make_early_inc_range(
             func.getBody().front().without_terminator()))
      if (mlir::failed(resolve(&op)))
        return mlir::failure();
    return writeResults();
  }

private:
  Axes axesOf(mlir::Value value) const {
    auto found = known.find(value);
    return found == known.end() ? staticAxes(value) : found->second;
  }

  void define(mlir::Value value, Axes axes) {
    if (!hasBounded(axes))
      return;
    for (Axis &axis : axes)
      axis = mapExtents(
          axis, [&](mlir::Value extent) { return forms.canonical(extent); });
    known[value] = std::move(axes);
  }

  /// The only place where something is refused.
  static mlir::LogicalResult refuse(mlir::Operation *op, int64_t dim,
                                    llvm::StringRef reason) {
    return mlir::emitError(op->getLoc())
           << "dimension " << dim << " has an extent that is known at run time "
           << "only (at most the size compiled for), and " << reason;
  }

  /// Makes what counts along `dim` of an operand lie at its beginning.
  void compact(mlir::OpOperand &operand, int64_t dim) {
    Axes axes = axesOf(operand.get());
    if (axes[dim].isPrefix())
      return;
    ExtentBuilder b(operand.getOwner());
    mlir::Value moved = b.compact(operand.get(), axes[dim], dim);
    axes[dim] = Axis(axes[dim].getSize(), b.extentOf(axes[dim]));
    operand.set(moved);
    define(moved, std::move(axes));
  }

  /// Fills what does not count along `dims` of an operand.
  void fill(mlir::OpOperand &operand, llvm::ArrayRef<int64_t> dims,
            llvm::function_ref<mlir::Value(ExtentBuilder &)> value) {
    Axes axes = axesOf(operand.get());
    if (llvm::none_of(dims, [&](int64_t d) { return axes[d].isBounded(); }))
      return;
    ExtentBuilder b(operand.getOwner());
    mlir::Value filled = b.fill(operand.get(), axes, dims, value(b));
    operand.set(filled);
    define(filled, std::move(axes));
  }

  void fillZero(mlir::OpOperand &operand, llvm::ArrayRef<int64_t> dims) {
    mlir::Type element = elementOf(operand.get());
    fill(operand, dims, [&](ExtentBuilder &b) { return b.number(element, 0); });
  }

  /// The same along one dimension as if that were `axis`.
  void fillZeroBy(mlir::OpOperand &operand, int64_t dim, const Axis &axis) {
    Axes axes = axesOf(operand.get()), by = axes;
    by[dim] = axis;
    ExtentBuilder b(operand.getOwner());
    mlir::Value zero = b.number(elementOf(operand.get()), 0);
    mlir::Value filled = b.fill(operand.get(), by, {dim}, zero);
    operand.set(filled);
    define(filled, std::move(axes));
  }

  void fillLimit(mlir::OpOperand &operand, llvm::ArrayRef<int64_t> dims,
                 bool lowest) {
    mlir::Type element = elementOf(operand.get());
    fill(operand, dims,
         [&](ExtentBuilder &b) { return b.limit(element, lowest); });
  }

  void readArguments();
  void takeChecks();
  mlir::ArrayAttr collectChecks(llvm::SmallVectorImpl<mlir::Value> &numbers);
  mlir::LogicalResult writeResults();
  mlir::LogicalResult resolve(mlir::Operation *op);
  mlir::LogicalResult broadcast(mlir::Operation *op,
                                llvm::ArrayRef<unsigned> operands,
                                int64_t drop);

  /// Dimension `dim` of an operand.
  struct Place {
    mlir::OpOperand *operand;
    int64_t dim;
  };
  /// Makes operands whose dimensions are one of `size` in the result of an
  /// operation (its dimension `dim`) agree about the extent, and gives it. How
  /// says kAlignedAttrName.
  Axis align(mlir::Operation *op, int64_t dim, llvm::ArrayRef<Place> places,
             int64_t size);
  Axis alignBroadcast(mlir::Operation *op, int64_t dim,
                      llvm::ArrayRef<Place> places, int64_t size);
  Axis alignEqual(mlir::Operation *op, llvm::ArrayRef<Place> places);
  mlir::Value agreed(mlir::Operation *op, llvm::ArrayRef<mlir::Value> extents);
  bool isPartOf(mlir::Value part, mlir::Value agreed) const;
  void repeatFirst(const Place &place, mlir::Value isOne, const Axis &axis);
  /// Has the program compare two numbers (scalars of i64) when it has run, and
  /// say "… is 2, but has to be 3": of what `op` finds in a dimension of an
  /// operand, or of `what`.
  void check(mlir::Operation *op, const llvm::Twine &what, mlir::Value found,
             mlir::Value expected);
  /// The same with a text of its own.
  void checkText(mlir::StringAttr text, mlir::Value found,
                 mlir::Value expected);
  /// That a dimension of an operand has as many elements as `axis`.
  void checkExtent(mlir::Operation *op, const Place &place, const Axis &axis);

  mlir::LogicalResult visit(BoundedOp op);
  mlir::LogicalResult visit(ExtentOp op);
  mlir::LogicalResult visit(ReshapeOp op);
  bool isAskedFor(ReshapeOp op, llvm::ArrayRef<Axis> axes,
                  llvm::ArrayRef<mlir::Value> asked);
  mlir::LogicalResult gatherReshaped(ReshapeOp op,
                                     llvm::ArrayRef<mlir::Value> asked);
  mlir::LogicalResult visit(TransposeOp op);
  mlir::LogicalResult visit(BroadcastOp op);
  mlir::LogicalResult visit(ConcatOp op);
  mlir::LogicalResult visit(SliceOp op);
  mlir::LogicalResult takePart(SliceOp op, int64_t d, int64_t index,
                               int64_t count);
  mlir::LogicalResult visit(PadOp op);
  mlir::LogicalResult visit(GatherOp op);
  mlir::LogicalResult visit(GatherNDOp op);
  mlir::LogicalResult visit(SearchSortedOp op);
  mlir::LogicalResult visit(ReduceOp op);
  mlir::LogicalResult visit(ArgReduceOp op);
  mlir::LogicalResult visit(CumSumOp op);
  mlir::LogicalResult visit(SoftmaxOp op);
  mlir::LogicalResult visit(LayerNormOp op);
  mlir::LogicalResult visit(BatchNormOp op);
  mlir::LogicalResult visit(LrnOp op);
  mlir::LogicalResult visit(ResizeOp op);
  mlir::LogicalResult visit(MatmulOp op);
  mlir::LogicalResult visit(ConvOp op);
  mlir::LogicalResult visit(ConvTransposeOp op);
  mlir::LogicalResult visit(MaxPoolOp op);
  mlir::LogicalResult visit(AvgPoolOp op);
  mlir::LogicalResult meanOfCounted(AvgPoolOp op,
                                    llvm::ArrayRef<int64_t> spatial);
  mlir::LogicalResult visit(LoopOp op);
  /// What a window finds behind the end of a dimension.
  using Filling = llvm::function_ref<mlir::Value(ExtentBuilder &)>;
  template <typename OpT>
  mlir::LogicalResult visitWindow(OpT op, llvm::ArrayRef<int64_t> kernel,
                                  Axes axes, Filling filling);
  void padWindow(mlir::OpOperand &input, int64_t d, int64_t size,
                 int64_t extent, int64_t stride, bool isUpper, Filling filling);

  mlir::func::FuncOp func;
  llvm::DenseMap<mlir::Value, Axes> known;
  ExtentLimits limits;
  ExtentForms forms{limits};
  /// Of extents that operands agreed about: those of the operands, of which
  /// each one was 1 or the same.
  llvm::DenseMap<mlir::Value, llvm::SmallVector<mlir::Value>> broadcasts;
  /// What says of results how large they are, which is known.
  llvm::DenseSet<mlir::Operation *> settled;
  /// The loops around the operation at hand, inner ones last.
  llvm::SmallVector<LoopBorder *> borders;
  /// What a run has to find equal.
  struct Check {
    mlir::Attribute what;
    mlir::Value found, expected;
  };
  llvm::SmallVector<Check> checks;
};

} // namespace dlc::nn

#endif // DLC_LIB_DIALECT_NN_TRANSFORMS_RESOLVER_H
