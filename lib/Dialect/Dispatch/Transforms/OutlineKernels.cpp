//===- OutlineKernels.cpp - Regions become kernels and launches -----------===//

#include "Structure.h"

#include "dlc/Dialect/Dispatch/IR/Dispatch.h"
#include "dlc/Dialect/Dispatch/IR/Limits.h"
#include "dlc/Dialect/Dispatch/Transforms/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Transforms/RegionUtils.h"

#include "llvm/ADT/StringMap.h"

namespace dlc::dispatch {
#define GEN_PASS_DEF_OUTLINEKERNELSPASS
#include "dlc/Dialect/Dispatch/Transforms/Passes.h.inc"
} // namespace dlc::dispatch

using namespace mlir;
using namespace dlc::dispatch;

/// What a kernel does and over which loops, for its name:
/// "conv_56x56x64x3x3x64".
static std::string describeKernel(Block &body) {
  // The root is the op with the most loops, reductions first.
  linalg::LinalgOp root;
  unsigned numReductions = 0, numContractions = 0;
  bool hasElementwiseRows = false;
  auto rank = [](linalg::LinalgOp op) {
    return std::make_tuple(hasReuse(op), !isMap(op), getNumIterations(op));
  };
  for (auto op : body.getOps<linalg::LinalgOp>()) {
    numReductions += !isMap(op);
    numContractions += hasReuse(op);
    if (!root || rank(op) > rank(root))
      root = op;
  }
  for (auto op : body.getOps<linalg::LinalgOp>())
    if (root && !isMap(root) && isMap(op) && !isa<linalg::FillOp>(op) &&
        op.getNumLoops() > root.getNumParallelLoops())
      hasElementwiseRows = true;

  StringRef what;
  if (!root) {
    what = "empty";
  } else if (hasReuse(root)) {
    unsigned tensors = 0;
    bool window = false;
    for (OpOperand *input : root.getDpsInputOperands())
      if (isa<RankedTensorType>(input->get().getType())) {
        // A pool may carry the shape of its window as an operand.
        tensors += root.payloadUsesValueFromOperand(input);
        window |= !root.getMatchingIndexingMap(input).isProjectedPermutation();
      }
    what = window ? (tensors > 1 ? "conv" : "pool") : "contract";
    if (numContractions > 1)
      what = "attention";
  } else if (!isMap(root)) {
    what = hasElementwiseRows || numReductions > 1 ? "rows" : "reduce";
  } else if (isa<linalg::FillOp>(root)) {
    what = body.getOps<tensor::InsertSliceOp>().empty() ? "fill" : "border";
  } else if (isMove(root)) {
    what = isPermutation(root) && root.getIndexingMapsArray().front() !=
                                      root.getIndexingMapsArray().back()
               ? "transpose"
               : "copy";
  } else {
    what = isGather(root) ? "gather" : "map";
  }
  std::string name = what.str();
  SmallVector<int64_t> sizes =
      root ? root.getStaticLoopRanges() : SmallVector<int64_t>();
  if (what == "border")
    sizes = SmallVector<int64_t>(
        cast<ShapedType>(body.getTerminator()->getOperandTypes().front())
            .getShape());
  for (auto [index, size] : llvm::enumerate(sizes))
    name += (index ? "x" : "_") + std::to_string(size);
  return name;
}

namespace {

/// Finds where a yielded value is stored: the operand at the bottom of the
/// chain of inits and destinations, which an output takes the place of.
OpOperand *findDestination(OpOperand &yielded) {
  OpOperand *operand = &yielded;
  while (Operation *op = operand->get().getDefiningOp()) {
    if (op->getBlock() != yielded.getOwner()->getBlock())
      break;
    if (auto insert = dyn_cast<tensor::InsertSliceOp>(op))
      operand = &insert.getDestMutable();
    else if (auto structured = dyn_cast<linalg::LinalgOp>(op))
      operand = structured.getTiedOpOperand(cast<OpResult>(operand->get()));
    else
      break;
  }
  return operand;
}

struct OutlineKernels
    : dlc::dispatch::impl::OutlineKernelsPassBase<OutlineKernels> {
  void runOnOperation() override {
    ModuleOp module = getOperation();
    known.clear();
    numOfStem.clear();
    for (auto kernel : module.getOps<KernelOp>())
      known[kernel.getFunctionType()].push_back(kernel);
    SmallVector<RegionOp> regions;
    module.walk([&](RegionOp region) { regions.push_back(region); });
    for (RegionOp region : regions)
      if (failed(outline(region)))
        return signalPassFailure();
    for (auto func : module.getOps<func::FuncOp>())
      func.walk([](tensor::EmptyOp empty) {
        if (empty->use_empty())
          empty.erase();
      });
  }

private:
  LogicalResult outline(RegionOp region);
  /// The kernel equal to `kernel`, or `kernel` itself under a name of its own.
  KernelOp unify(KernelOp kernel, StringRef stem);

  llvm::DenseMap<Type, SmallVector<KernelOp>> known;
  llvm::StringMap<unsigned> numOfStem;
};

} // namespace

/// The locations of all nodes that `body` is made of, that of the region first.
/// The launch keeps them: launches of one kernel stand for different nodes.
static Location fuseLocations(RegionOp region, Block &body) {
  SetVector<Location> all;
  all.insert(region.getLoc());
  // Ops that were fused into one keep their locations in its body. What starts
  // a reduction may be shared by several.
  body.walk<WalkOrder::PreOrder>([&](Operation *op) {
    if (isa<linalg::FillOp>(op))
      return WalkResult::skip();
    if (!isa<tensor::EmptyOp>(op) && !op->hasTrait<OpTrait::ConstantLike>() &&
        !op->hasTrait<OpTrait::IsTerminator>())
      all.insert(op->getLoc());
    return WalkResult::advance();
  });
  return FusedLoc::get(region.getContext(), all.getArrayRef());
}

LogicalResult OutlineKernels::outline(RegionOp region) {
  Block &body = region.getBody().front();
  Operation *yield = body.getTerminator();
  Location loc = region.getLoc();
  OpBuilder builder(region);

  // Outputs: what the results are written into.
  SmallVector<Value> outs;
  SmallVector<OpOperand *> destinations;
  for (OpOperand &yielded : yield->getOpOperands()) {
    OpOperand *destination = findDestination(yielded);
    Operation *op = destination->get().getDefiningOp();
    if (destination == &yielded) {
      return region.emitOpError("dispatch-outline-kernels: result ")
             << yielded.getOperandNumber()
             << " is not computed by a structured op of the region";
    }
    if (op && op->getBlock() == &body) {
      auto empty = cast<tensor::EmptyOp>(op);
      builder.setInsertionPoint(region);
      outs.push_back(builder.clone(*empty)->getResult(0));
    } else {
      outs.push_back(destination->get());
    }
    destinations.push_back(destination);
  }

  // Inputs: everything else from outside, in the order of the first use.
  // Scalars and what makes them are computed in the kernel.
  SmallVector<Value> ins;
  SetVector<Operation *> sunk;
  WalkResult walk = body.walk([&](Operation *op) {
    for (OpOperand &operand : op->getOpOperands()) {
      Value value = operand.get();
      if (region.getBody().isAncestor(value.getParentRegion()) ||
          llvm::is_contained(destinations, &operand) ||
          llvm::is_contained(ins, value))
        continue;
      if (isa<RankedTensorType>(value.getType())) {
        if (auto empty = value.getDefiningOp<tensor::EmptyOp>())
          sunk.insert(empty);
        else
          ins.push_back(value);
        continue;
      }
      Operation *def = value.getDefiningOp();
      if (!def || !def->hasTrait<OpTrait::ConstantLike>()) {
        region.emitOpError("dispatch-outline-kernels: reads the scalar ")
            << value << ", which is no constant";
        return WalkResult::interrupt();
      }
      sunk.insert(def);
    }
    return WalkResult::advance();
  });
  if (walk.wasInterrupted())
    return failure();

  // How far its loops run is an input, too.
  SmallVector<int64_t> numberOf;
  for (Value extent : region.getExtents()) {
    auto *at = llvm::find(ins, extent);
    numberOf.push_back(at - ins.begin());
    if (at == ins.end())
      ins.push_back(extent);
  }

  // The kernel.
  SmallVector<Type> types(ValueRange(ins).getTypes());
  llvm::append_range(types, ValueRange(outs).getTypes());
  std::string stem = describeKernel(body);
  OpBuilder kernels = OpBuilder::atBlockEnd(getOperation().getBody());
  auto kernel = KernelOp::create(
      kernels, loc, stem,
      kernels.getFunctionType(types, ValueRange(outs).getTypes()), outs.size());
  Block &entry = kernel.getBody().emplaceBlock();
  entry.addArguments(types, SmallVector<Location>(types.size(), loc));
  OpBuilder inner = OpBuilder::atBlockBegin(&entry);
  IRMapping mapping;
  for (Operation *op : sunk)
    inner.clone(*op, mapping);
  for (auto [value, argument] : llvm::zip(ins, entry.getArguments()))
    mapping.map(value, argument);
  SmallVector<Value> before;
  for (OpOperand *destination : destinations)
    before.push_back(destination->get());
  for (auto [destination, argument] : llvm::zip_equal(
           destinations, entry.getArguments().take_back(outs.size())))
    destination->set(argument);
  for (Operation &op : body.without_terminator())
    inner.clone(op, mapping);
  // The region must not refer to the kernel, which may turn out to be a double.
  for (auto [destination, value] : llvm::zip_equal(destinations, before))
    destination->set(value);
  SmallVector<Value> results;
  for (Value value : yield->getOperands())
    results.push_back(mapping.lookup(value));
  ReturnOp::create(inner, loc, results);
  for (Operation &op : entry) {
    SmallVector<LoopLimit> limits = getLoopLimits(&op);
    for (LoopLimit &limit : limits)
      limit.extent = numberOf[limit.extent];
    if (!limits.empty())
      setLoopLimits(&op, limits);
  }
  for (Operation &op : llvm::make_early_inc_range(llvm::reverse(entry)))
    if (isOpTriviallyDead(&op))
      op.erase();

  kernel = unify(kernel, stem);
  builder.setInsertionPoint(region);
  auto launch = LaunchOp::create(builder, fuseLocations(region, body),
                                 ValueRange(outs).getTypes(),
                                 SymbolRefAttr::get(kernel), ins, outs);
  launch->setDiscardableAttrs(llvm::to_vector(region->getDiscardableAttrs()));
  region.replaceAllUsesWith(launch.getResults());
  region.erase();
  return success();
}

KernelOp OutlineKernels::unify(KernelOp kernel, StringRef stem) {
  SmallVector<KernelOp> &candidates = known[kernel.getFunctionType()];
  for (KernelOp other : candidates)
    if (other.getNumOuts() == kernel.getNumOuts() &&
        OperationEquivalence::isRegionEquivalentTo(
            &other.getBody(), &kernel.getBody(),
            OperationEquivalence::IgnoreLocations)) {
      kernel.erase();
      return other;
    }
  std::string name;
  do {
    name = (stem + "_" + Twine(numOfStem[stem]++)).str();
  } while (SymbolTable::lookupSymbolIn(getOperation(), name));
  kernel.setSymName(name);
  candidates.push_back(kernel);
  return kernel;
}
