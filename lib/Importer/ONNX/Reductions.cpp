//===- Reductions.cpp - Reductions, softmax, running sums -----------------===//

#include "Arithmetic.h"

using namespace mlir;
using namespace dlc;
using namespace dlc::importer;

namespace {

/// The axes of a Reduce node, ascending. `isNoop`: nothing is reduced.
FailureOr<Dims> reducedAxes(NodeEmitter &e, bool &isNoop) {
  int64_t rank = shapeOf(e.in(0)).size();
  Dims axes;
  isNoop = false;
  if (e.has(1)) {
    auto given = e.constInts(1);
    if (!given)
      return e.error("the axes are not known at compile time");
    axes.assign(given->begin(), given->end());
  }
  if (axes.empty()) {
    isNoop = e.intAttr("noop_with_empty_axes", 0);
    if (!isNoop)
      for (int64_t i = 0; i < rank; ++i)
        axes.push_back(i);
    return axes;
  }
  for (int64_t &axis : axes)
    if (failed(e.axis(axis, rank, "axis")))
      return failure();
  llvm::sort(axes);
  axes.erase(std::unique(axes.begin(), axes.end()), axes.end());
  return axes;
}

using Step = Value (*)(NodeEmitter &, Value);

Value square(NodeEmitter &e, Value x) { return e.make<nn::MulOp>(x, x); }
Value absolute(NodeEmitter &e, Value x) { return e.make<nn::AbsOp>(x); }
Value root(NodeEmitter &e, Value x) { return e.make<nn::SqrtOp>(x); }
Value logarithm(NodeEmitter &e, Value x) { return e.make<nn::LogOp>(x); }
Value nothing(NodeEmitter &, Value x) { return x; }

template <nn::ReduceKind kind, Step before = nothing, Step after = nothing>
LogicalResult reduce(NodeEmitter &e) {
  Value x = e.in(0);
  bool isNoop;
  FailureOr<Dims> axes = reducedAxes(e, isNoop);
  if (failed(axes))
    return failure();
  bool keep = e.intAttr("keepdims", 1);
  // booleans: false < true; unsigned, so that over nothing max is false
  Type type = elementOf(x);
  bool isBool = type.isInteger(1);
  if (isBool)
    x = e.cast(x, e.builder.getIntegerType(8, /*isSigned=*/false));
  x = before(e, x);
  if (!isNoop && !axes->empty())
    x = e.make<nn::ReduceOp>(kind, x, ArrayRef<int64_t>(*axes), keep);
  x = after(e, x);
  return e.set(0, isBool ? e.cast(x, type) : x);
}

/// log(sum(exp(x - max))) + max: exp never overflows.
LogicalResult reduceLogSumExp(NodeEmitter &e) {
  Value x = e.in(0);
  bool isNoop;
  FailureOr<Dims> axes = reducedAxes(e, isNoop);
  if (failed(axes))
    return failure();
  if (isNoop || axes->empty())
    return e.set(0, x);
  ArrayRef<int64_t> over(*axes);
  Value max = e.make<nn::ReduceOp>(nn::ReduceKind::Max, x, over, true);
  // inf - inf is NaN: subtract only finite numbers
  Value infinite = e.make<nn::IsInfOp>(max);
  max = e.make<nn::SelectOp>(infinite, e.scalar(0, x), max);
  Value exp = e.make<nn::ExpOp>(e.make<nn::SubOp>(x, max));
  Value sum = e.make<nn::ReduceOp>(nn::ReduceKind::Sum, exp, over, true);
  Value result = e.make<nn::AddOp>(e.make<nn::LogOp>(sum), max);
  return e.set(0, e.reshape(result, e.outType(0).getShape()));
}

template <nn::ArgReduceKind kind>
LogicalResult argReduce(NodeEmitter &e) {
  Value x = e.in(0);
  int64_t axis = e.intAttr("axis", 0);
  if (failed(e.axis(axis, shapeOf(x).size(), "axis")))
    return failure();
  return e.set(
      0, e.make<nn::ArgReduceOp>(kind, x, axis, e.intAttr("keepdims", 1) != 0,
                                 e.intAttr("select_last_index", 0) != 0));
}

LogicalResult cumSum(NodeEmitter &e) {
  Value x = e.in(0);
  bool exclusive = e.intAttr("exclusive", 0), reverse = e.intAttr("reverse", 0);
  return e.alongAxis(1, 0, shapeOf(x).size(), [&](int64_t axis) {
    return e.make<nn::CumSumOp>(x, axis, exclusive, reverse);
  });
}

/// Moves the elements by `by` places along `axis`, ones come in.
Value shifted(NodeEmitter &e, Value x, int64_t axis, int64_t by, bool reverse) {
  Dims starts(shapeOf(x).size(), 0), sizes(shapeOf(x)), none(starts);
  sizes[axis] -= by;
  starts[axis] = reverse ? by : 0;
  Dims more(none);
  more[axis] = by;
  return e.make<nn::PadOp>(nn::PadMode::Constant, e.slice(x, starts, sizes),
                           e.scalar(1, x),
                           ArrayRef<int64_t>(reverse ? none : more),
                           ArrayRef<int64_t>(reverse ? more : none));
}

/// Running products by doubling (Hillis and Steele 1986): log(n) products of
/// the whole.
LogicalResult cumProd(NodeEmitter &e) {
  Value x = e.in(0);
  bool exclusive = e.intAttr("exclusive", 0), reverse = e.intAttr("reverse", 0);
  return e.alongAxis(1, 0, shapeOf(x).size(), [&](int64_t axis) {
    e.whole.push_back(axis);
    int64_t extent = shapeOf(x)[axis];
    Value result = x;
    if (exclusive && extent > 0)
      result = shifted(e, result, axis, 1, reverse);
    for (int64_t by = 1; by < extent; by *= 2)
      result = e.make<nn::MulOp>(result, shifted(e, result, axis, by, reverse));
    return result;
  });
}

LogicalResult softmax(NodeEmitter &e) {
  Value x = e.in(0);
  int64_t axis = e.intAttr("axis", -1);
  if (failed(e.axis(axis, shapeOf(x).size(), "axis")))
    return failure();
  return e.set(0, e.make<nn::SoftmaxOp>(x, axis));
}

LogicalResult logSoftmax(NodeEmitter &e) {
  Value x = e.in(0);
  int64_t axis = e.intAttr("axis", -1);
  if (failed(e.axis(axis, shapeOf(x).size(), "axis")))
    return failure();
  ArrayRef<int64_t> over(axis);
  Value max = e.make<nn::ReduceOp>(nn::ReduceKind::Max, x, over, true);
  Value shifted = e.make<nn::SubOp>(x, max);
  Value sum = e.make<nn::ReduceOp>(nn::ReduceKind::Sum,
                                   e.make<nn::ExpOp>(shifted), over, true);
  return e.set(0, e.make<nn::SubOp>(shifted, e.make<nn::LogOp>(sum)));
}

/// 1 at the first largest element, 0 elsewhere.
LogicalResult hardmax(NodeEmitter &e) {
  Value x = e.in(0);
  int64_t rank = shapeOf(x).size(), axis = e.intAttr("axis", -1);
  if (failed(e.axis(axis, rank, "axis")))
    return failure();
  Value best =
      e.make<nn::ArgReduceOp>(nn::ArgReduceKind::Max, x, axis, true, false);
  Value hit = e.make<nn::CompareOp>(nn::ComparePredicate::EQ, best,
                                    e.positionsAlong(0, axis, rank));
  return e.set(0, e.cast(hit, elementOf(x)));
}

} // namespace

void dlc::importer::addReductions(EmitterTable &table) {
  using nn::ReduceKind;
  table["ReduceSum"] = reduce<ReduceKind::Sum>;
  table["ReduceMean"] = reduce<ReduceKind::Mean>;
  table["ReduceMax"] = reduce<ReduceKind::Max>;
  table["ReduceMin"] = reduce<ReduceKind::Min>;
  table["ReduceProd"] = reduce<ReduceKind::Prod>;
  table["ReduceL1"] = reduce<ReduceKind::Sum, absolute>;
  table["ReduceL2"] = reduce<ReduceKind::Sum, square, root>;
  table["ReduceSumSquare"] = reduce<ReduceKind::Sum, square>;
  table["ReduceLogSum"] = reduce<ReduceKind::Sum, nothing, logarithm>;
  table["ReduceLogSumExp"] = reduceLogSumExp;
  table["ArgMax"] = argReduce<nn::ArgReduceKind::Max>;
  table["ArgMin"] = argReduce<nn::ArgReduceKind::Min>;
  table["CumSum"] = cumSum;
  table["CumProd"] = cumProd;
  table["Softmax"] = softmax;
  table["LogSoftmax"] = logSoftmax;
  table["Hardmax"] = hardmax;
}
