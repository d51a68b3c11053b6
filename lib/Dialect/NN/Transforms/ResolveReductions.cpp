//===- ResolveReductions.cpp - Extents of reductions and norms ----------===//

#include "Resolver.h"

using namespace mlir;
using namespace dlc::nn;

/// The type that sums of `element` are computed in.
static Type widened(Type element) {
  return isa<FloatType>(element) && element.getIntOrFloatBitWidth() == 16
             ? Type(Float32Type::get(element.getContext()))
             : element;
}

LogicalResult Resolver::visit(ReduceOp op) {
  Axes from = axesOf(op.getX()), axes;
  SmallVector<Axis> reduced;
  for (auto [d, axis] : llvm::enumerate(from)) {
    if (llvm::is_contained(op.getAxes(), int64_t(d))) {
      reduced.push_back(axis);
      if (op.getKeepdims())
        axes.emplace_back(1);
    } else {
      axes.push_back(axis);
    }
  }
  define(op.getResult(), std::move(axes));
  if (!hasBounded(reduced))
    return success();
  OpOperand &x = op->getOpOperand(0);
  Type element = elementOf(op.getX());
  switch (op.getKind()) {
  case ReduceKind::Max:
  case ReduceKind::Min:
    fillLimit(x, op.getAxes(), op.getKind() == ReduceKind::Max);
    return success();
  case ReduceKind::Prod:
    fill(x, op.getAxes(),
         [&](ExtentBuilder &b) { return b.number(element, 1); });
    return success();
  case ReduceKind::Sum:
    fillZero(x, op.getAxes());
    return success();
  case ReduceKind::Mean:
    break;
  }
  // The sum, divided by how many there are.
  fillZero(x, op.getAxes());
  ExtentBuilder b(op);
  Type wide = widened(element);
  Value count = b.scalar(1);
  for (const Axis &axis : reduced)
    count = b.mul(count, b.extentOf(axis));
  Value sum = b.make<ReduceOp>(ReduceKind::Sum, b.make<CastOp>(op.getX(), wide),
                               op.getAxes(), op.getKeepdims());
  Value mean =
      b.make<CastOp>(b.make<DivOp>(sum, b.make<CastOp>(count, wide)), element);
  define(mean, axesOf(op.getResult()));
  op.replaceAllUsesWith(mean);
  known.erase(op.getResult());
  op.erase();
  return success();
}

LogicalResult Resolver::visit(ArgReduceOp op) {
  int64_t along = op.getAxis();
  compact(op->getOpOperand(0), along);
  Axes axes = axesOf(op.getX());
  Axis reduced = axes[along];
  if (op.getKeepdims())
    axes[along] = Axis(1);
  else
    axes.erase(axes.begin() + along);
  fillLimit(op->getOpOperand(0), {along}, op.getKind() == ArgReduceKind::Max);
  Value result = op.getResult();
  // What was filled wins only over what equals it.
  if (reduced.isBounded() && op.getSelectLast()) {
    OpBuilder at(op);
    at.setInsertionPointAfter(op);
    ExtentBuilder b(at, op.getLoc());
    Value last = b.make<MaxOp>(b.sub(b.extentOf(reduced), 1), b.scalar(0));
    Value least = b.make<MinOp>(op.getResult(), last);
    op.getResult().replaceAllUsesExcept(least, least.getDefiningOp());
    result = least;
  }
  define(result, std::move(axes));
  return success();
}

LogicalResult Resolver::visit(CumSumOp op) {
  compact(op->getOpOperand(0), op.getAxis());
  if (op.getReverse())
    fillZero(op->getOpOperand(0), {op.getAxis()});
  define(op.getResult(), axesOf(op.getX()));
  return success();
}

LogicalResult Resolver::visit(SoftmaxOp op) {
  fillLimit(op->getOpOperand(0), {op.getAxis()}, /*lowest=*/true);
  define(op.getResult(), axesOf(op.getX()));
  return success();
}

LogicalResult Resolver::visit(LayerNormOp op) {
  Axes axes = axesOf(op.getX());
  for (OpOperand &operand : llvm::drop_begin(op->getOpOperands())) {
    ArrayRef<int64_t> shape = shapeOf(operand.get());
    for (auto [at, size] : llvm::enumerate(shape))
      if (size != 1)
        checkExtent(op, {&operand, int64_t(at)},
                    axes[axes.size() - shape.size() + at]);
  }
  auto dims =
      llvm::to_vector(llvm::seq<int64_t>(op.getAxis(), int64_t(axes.size())));
  if (llvm::none_of(dims, [&](int64_t d) { return axes[d].isBounded(); })) {
    define(op.getResult(), std::move(axes));
    return success();
  }
  // Its definition, with sums over what counts.
  ExtentBuilder b(op);
  Type element = elementOf(op.getX());
  Type wide = widened(element);
  Value count = b.scalar(1), zero = b.number(wide, 0);
  for (int64_t d : dims)
    count = b.mul(count, b.extentOf(axes[d]));
  count = b.make<CastOp>(count, wide);
  auto mean = [&](Value value) {
    Value sum = b.make<ReduceOp>(ReduceKind::Sum, value,
                                 ArrayRef<int64_t>(dims), /*keepdims=*/true);
    return b.make<DivOp>(sum, count);
  };
  Value x = b.fill(b.make<CastOp>(op.getX(), wide), axes, dims, zero);
  Value centred = b.fill(b.sub(x, mean(x)), axes, dims, zero);
  Value variance = mean(b.mul(centred, centred));
  Value scale =
      b.make<RsqrtOp>(b.add(variance, b.number(wide, op.getEpsilon())));
  Value result =
      b.mul(b.mul(centred, scale), b.make<CastOp>(op.getScale(), wide));
  if (op.getBias())
    result = b.add(result, b.make<CastOp>(op.getBias(), wide));
  result = b.make<CastOp>(result, element);
  define(result, std::move(axes));
  op.replaceAllUsesWith(result);
  op.erase();
  return success();
}

LogicalResult Resolver::visit(LrnOp op) {
  Axes axes = axesOf(op.getX());
  fillZero(op->getOpOperand(0),
           {op.getChannelsLast() ? int64_t(axes.size()) - 1 : 1});
  define(op.getResult(), std::move(axes));
  return success();
}
