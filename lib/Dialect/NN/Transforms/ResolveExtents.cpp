//===- ResolveExtents.cpp - Everything heeds the extents ------------------===//

#include "Resolver.h"

#include "dlc/Dialect/NN/IR/ExtentHints.h"
#include "dlc/Dialect/NN/Transforms/Passes.h"

#include "mlir/IR/Diagnostics.h"
#include "llvm/ADT/TypeSwitch.h"

namespace dlc::nn {
#define GEN_PASS_DEF_NNRESOLVEEXTENTS
#include "dlc/Dialect/NN/Transforms/Passes.h.inc"
} // namespace dlc::nn

using namespace mlir;
using namespace dlc::nn;

//===----------------------------------------------------------------------===//
// Arguments and results
//===----------------------------------------------------------------------===//

/// Extents of inputs are the elements of one more input.
void Resolver::readArguments() {
  BlockArgument extents;
  for (BlockArgument arg : func.getArguments())
    if (func.getArgAttr(arg.getArgNumber(), kIsExtentsAttrName))
      extents = arg;
  if (!extents || func.getBody().front().empty())
    return;
  ExtentBuilder b(&func.getBody().front().front());
  llvm::DenseMap<int64_t, Value> scalars;
  for (BlockArgument arg : func.getArguments()) {
    auto numbers = func.getArgAttrOfType<DenseI64ArrayAttr>(arg.getArgNumber(),
                                                            kExtentsAttrName);
    if (!numbers)
      continue;
    Axes axes = staticAxes(arg);
    for (auto [axis, number] : llvm::zip_equal(axes, numbers.asArrayRef())) {
      if (number < 0)
        continue;
      Value &extent = scalars[number];
      if (!extent)
        extent = b.reshape(b.make<SliceOp>(extents, ArrayRef<int64_t>(number),
                                           ArrayRef<int64_t>(1),
                                           ArrayRef<int64_t>(1)),
                           {});
      auto [limit, isFirst] = limits.insert({extent, axis.getSize()});
      if (!isFirst)
        limit->second = std::min(limit->second, axis.getSize());
      axis = Axis(axis.getSize(), extent);
    }
    define(arg, std::move(axes));
  }
}

/// Takes away the result with the numbers that have to be equal.
void Resolver::takeChecks() {
  Operation *ret = func.getBody().front().getTerminator();
  for (unsigned i = 0; i < ret->getNumOperands(); ++i) {
    auto texts = func.getResultAttrOfType<ArrayAttr>(i, kChecksAttrName);
    if (!texts || func.getResultAttr(i, kIsExtentsAttrName))
      continue;
    Value numbers = ret->getOperand(i);
    ExtentBuilder b(ret);
    auto number = [&](int64_t at) {
      return b.make<SliceOp>(numbers, ArrayRef<int64_t>(at),
                             ArrayRef<int64_t>(1), ArrayRef<int64_t>(1));
    };
    for (auto [k, text] : llvm::enumerate(texts))
      checks.push_back({text, number(2 * k), number(2 * k + 1)});
    ret->eraseOperand(i);
    (void)func.eraseResult(i);
    return;
  }
}

/// The texts of what has to be compared, and pairs of numbers.
ArrayAttr Resolver::collectChecks(SmallVectorImpl<Value> &numbers) {
  takeChecks();
  ExtentBuilder b(func.getBody().front().getTerminator());
  SmallVector<Attribute> texts;
  for (const Check &check : checks) {
    if (forms.areSame(check.found, check.expected))
      continue;
    texts.push_back(check.what);
    for (Value number : {check.found, check.expected})
      numbers.push_back(b.reshape(number, {1}));
  }
  return texts.empty() ? ArrayAttr() : ArrayAttr::get(func.getContext(), texts);
}

/// Extents of results become the elements of one more result.
LogicalResult Resolver::writeResults() {
  Operation *ret = func.getBody().front().getTerminator();
  ExtentBuilder b(ret);
  Builder attrs(func.getContext());
  SmallVector<Value> extents;
  SmallVector<Value> checked;
  ArrayAttr texts = collectChecks(checked);
  for (OpOperand &operand : ret->getOpOperands()) {
    Axes axes = axesOf(operand.get());
    if (!hasBounded(axes))
      continue;
    SmallVector<int64_t> numbers(axes.size(), -1);
    for (size_t d = 0; d < axes.size(); ++d) {
      if (!axes[d].isBounded())
        continue;
      compact(operand, d);
      Value extent = b.extentOf(axesOf(operand.get())[d]);
      auto *at = llvm::find(extents, extent);
      numbers[d] = at - extents.begin();
      if (at == extents.end())
        extents.push_back(extent);
    }
    func.setResultAttr(operand.getOperandNumber(), kExtentsAttrName,
                       attrs.getDenseI64ArrayAttr(numbers));
  }
  for (Value &extent : extents)
    extent = b.reshape(extent, {1});
  llvm::append_range(extents, checked);
  if (extents.empty())
    return success();
  Value all = extents.size() == 1
                  ? extents.front()
                  : b.make<ConcatOp>(ValueRange(extents), int64_t(0));
  unsigned number = ret->getNumOperands();
  ret->insertOperands(number, all);
  NamedAttrList entry;
  entry.set("dlc.name", attrs.getStringAttr("dlc.extents"));
  entry.set(kIsExtentsAttrName, attrs.getUnitAttr());
  if (texts)
    entry.set(kChecksAttrName, texts);
  return func.insertResult(number, all.getType(),
                           entry.getDictionary(func.getContext()));
}

//===----------------------------------------------------------------------===//
// Simple operations
//===----------------------------------------------------------------------===//

LogicalResult Resolver::visit(BroadcastOp op) { return broadcast(op, {0}, 0); }

LogicalResult Resolver::visit(BatchNormOp op) {
  int64_t channels = op.getChannelsLast() ? shapeOf(op.getX()).size() - 1 : 1;
  for (OpOperand &operand : llvm::drop_begin(op->getOpOperands()))
    checkExtent(op, {&operand, 0}, axesOf(op.getX())[channels]);
  define(op.getResult(), axesOf(op.getX()));
  return success();
}

LogicalResult Resolver::visit(SearchSortedOp op) {
  fillLimit(op->getOpOperand(0), {0}, /*lowest=*/false);
  define(op.getResult(), axesOf(op.getValues()));
  return success();
}

//===----------------------------------------------------------------------===//
// Loops
//===----------------------------------------------------------------------===//

/// What lies behind an extent outside of a loop does so inside, in every
/// iteration.
LogicalResult Resolver::visit(LoopOp op) {
  Block &body = op.getBody().front();
  unsigned states = op.getCarried().size(), slices = op.getSliced().size();
  unsigned count = op->getNumOperands();
  LoopBorder border(op, limits);
  auto inside = [&](Value extent) {
    Value known = border.inside(extent);
    auto parts = broadcasts.find(extent);
    if (parts != broadcasts.end() && !broadcasts.count(known)) {
      SmallVector<Value> inner;
      for (Value part : SmallVector<Value>(parts->second))
        inner.push_back(border.inside(part));
      broadcasts[known] = std::move(inner);
    }
    return known;
  };
  for (unsigned i = 0; i < count; ++i) {
    for (size_t d = 0; i < states && d < axesOf(op->getOperand(i)).size(); ++d)
      compact(op->getOpOperand(i), d);
    Axes axes;
    for (const Axis &axis : axesOf(op->getOperand(i)))
      axes.push_back(mapExtents(axis, inside));
    if (i >= states && i < states + slices) {
      if (axes.front().isBounded())
        return refuse(op, 0, "a loop runs over it");
      axes.erase(axes.begin());
    }
    define(body.getArgument(i), std::move(axes));
  }
  borders.push_back(&border);
  for (Operation &inner : llvm::make_early_inc_range(body.without_terminator()))
    if (failed(resolve(&inner)))
      return failure();
  borders.pop_back();
  for (OpOperand &yielded : body.getTerminator()->getOpOperands()) {
    unsigned i = yielded.getOperandNumber();
    Axes axes;
    if (i >= states)
      axes.emplace_back(op.getTrips());
    for (size_t d = 0; d < axesOf(yielded.get()).size(); ++d) {
      if (i < states)
        compact(yielded, d);
      Axis axis = mapExtents(axesOf(yielded.get())[d], [&](Value extent) {
        Value mapped = border.outside(extent);
        return mapped ? forms.canonical(mapped) : extent;
      });
      bool isKnown = llvm::all_of(axis.getFactors(), [&](const Factor &factor) {
        return !factor.extent || Value(factor.extent).getParentBlock() != &body;
      });
      if (!isKnown || (i < states && !(axis == axesOf(op->getOperand(i))[d])))
        return refuse(op, d, "it changes from iteration to iteration");
      axes.push_back(axis);
    }
    define(op.getResult(i), std::move(axes));
  }
  return success();
}

/// Small operations on constants: extents that turn out to be known.
static bool fold(Operation *op) {
  constexpr int64_t mostElements = 64;
  auto isConstant = [](Value operand) {
    return operand.getDefiningOp<ConstantOp>() != nullptr;
  };
  if (op->getNumOperands() == 0 || op->getNumResults() != 1 ||
      op->hasAttr(kResizedAttrName) ||
      !llvm::all_of(op->getOperands(), isConstant) ||
      cast<RankedTensorType>(op->getResult(0).getType()).getNumElements() >
          mostElements)
    return false;
  OpBuilder builder(op);
  SmallVector<Value> results;
  if (failed(builder.tryFold(op, results)) || results.size() != 1)
    return false;
  op->replaceAllUsesWith(results);
  op->erase();
  return true;
}

LogicalResult Resolver::resolve(Operation *op) {
  if (fold(op))
    return success();
  // A body may know extents of which nothing outside has any.
  bool isExtent = isa<BoundedOp, ExtentOp, LoopOp>(op) ||
                  op->hasAttr(kResizedAttrName) ||
                  (isa<ResizeOp>(op) && op->getNumOperands() > 1);
  if (!isExtent && llvm::none_of(op->getOperands(), [&](Value operand) {
        return known.contains(operand);
      }))
    return success();
  if (auto whole = op->getAttrOfType<DenseI64ArrayAttr>(kWholeAttrName))
    for (int64_t d : whole.asArrayRef())
      if (axesOf(op->getOperand(0))[d].isBounded()) {
        return refuse(op, d, "positions are counted in its size");
      }
  if (isa<ElementwiseOpInterface>(op)) {
    auto all = llvm::seq<unsigned>(0, op->getNumOperands());
    return broadcast(op, llvm::to_vector(all), 0);
  }
  return llvm::TypeSwitch<Operation *, LogicalResult>(op)
      .Case<BoundedOp, ExtentOp, ReshapeOp, TransposeOp, BroadcastOp, ConcatOp,
            SliceOp, PadOp, GatherOp, GatherNDOp, SearchSortedOp, ReduceOp,
            ArgReduceOp, CumSumOp, SoftmaxOp, LayerNormOp, BatchNormOp, LrnOp,
            ResizeOp, MatmulOp, ConvOp, ConvTransposeOp, MaxPoolOp, AvgPoolOp,
            LoopOp>([&](auto known) { return visit(known); })
      .Default([&](Operation *other) -> LogicalResult {
        for (Value operand : other->getOperands())
          for (auto [d, axis] : llvm::enumerate(axesOf(operand)))
            if (axis.isBounded())
              return refuse(other, d, "this operation can not heed it");
        return success();
      });
}

namespace {
struct ResolveExtents : dlc::nn::impl::NNResolveExtentsBase<ResolveExtents> {
  void runOnOperation() override {
    bool isComputed = false;
    getOperation()->walk([&](BoundedOp op) {
      isComputed |= !op.getExtent().getDefiningOp<ConstantOp>();
    });
    if (isComputed)
      getOperation()->setAttr(kHasExtentsAttrName,
                              UnitAttr::get(&getContext()));
    if (failed(Resolver(getOperation()).run()))
      return signalPassFailure();
    getOperation()->walk([](Operation *op) {
      for (StringRef hint :
           {kFittedAttrName, kPartAttrName, kSameAttrName, kOverhangAttrName,
            kWholeAttrName, kResizedAttrName, kAntialiasAttrName,
            kAspectAttrName, kAskedAttrName, kGroupsAttrName, kAlignedAttrName,
            kScaledAttrName, kRegionAttrName, kOutsideAttrName})
        op->removeAttr(hint);
    });
  }
};

} // namespace
