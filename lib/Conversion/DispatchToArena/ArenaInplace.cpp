//===- ArenaInplace.cpp - Kernels that work in place ----------------------===//

#include "Inplace.h"
#include "Reshape.h"

#include "dlc/Conversion/Passes.h"
#include "dlc/Dialect/Arena/IR/Arena.h"
#include "dlc/Dialect/Arena/Transforms/Steps.h"
#include "dlc/Dialect/Dispatch/IR/Dispatch.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace dlc::conversion {
#define GEN_PASS_DEF_ARENAINPLACE
#include "dlc/Conversion/Passes.h.inc"
} // namespace dlc::conversion

using namespace mlir;
using namespace dlc;

FailureOr<SmallVector<conversion::InplacePair>>
conversion::getInplacePairs(dispatch::KernelOp kernel) {
  SmallVector<InplacePair> pairs;
  Attribute attr = kernel->getAttr("inplace");
  if (!attr)
    return pairs;
  auto list = dyn_cast<ArrayAttr>(attr);
  if (!list)
    return kernel.emitOpError("inplace must be a list of [in, out] pairs");
  for (Attribute element : list) {
    auto pair = dyn_cast<ArrayAttr>(element);
    SmallVector<int64_t> numbers;
    if (pair)
      for (Attribute number : pair)
        if (auto integer = dyn_cast<IntegerAttr>(number))
          numbers.push_back(integer.getInt());
    if (numbers.size() != 2 || pair.size() != 2 || numbers[0] < 0 ||
        numbers[0] >= static_cast<int64_t>(kernel.getNumIns()) ||
        numbers[1] < 0 ||
        numbers[1] >= static_cast<int64_t>(kernel.getNumOuts()))
      return kernel.emitOpError("inplace must hold [in, out] pairs of the "
                                "kernel's arguments, got ")
             << element;
    pairs.push_back(
        {static_cast<unsigned>(numbers[0]), static_cast<unsigned>(numbers[1])});
  }
  return pairs;
}

bool conversion::haveSameSize(MemRefType in, MemRefType out) {
  return in.getElementType() == out.getElementType() &&
         in.getNumElements() == out.getNumElements();
}

namespace {

using Pair = conversion::InplacePair;

/// Looks for pairs of buffers in one function that can be one.
class InplaceReuse {
public:
  /// Gives how many there were.
  FailureOr<unsigned> run(func::FuncOp func) {
    // Number the operations, and note the first and the last to touch each
    // buffer.
    unsigned number = 0, numShared = 0;
    SymbolTableCollection tables;
    for (Operation &op : func.getBody().front()) {
      order[&op] = ++number;
      if (isa<memref::ExpandShapeOp, memref::CollapseShapeOp>(op))
        continue;
      for (Value operand : op.getOperands())
        touch(arena::getMemory(operand), number);
    }
    // Inputs and outputs that the arena holds: the caller touches them before
    // and behind everything.
    for (auto alloc : func.getOps<memref::AllocOp>()) {
      arena::Role role = arena::getRole(alloc);
      auto it = lives.find(alloc);
      if (it != lives.end() && role.isInput)
        it->second.first = 0;
      if (it != lives.end() && role.isOutput)
        it->second.last = number + 1;
    }
    for (auto launch :
         llvm::make_early_inc_range(func.getOps<dispatch::LaunchOp>())) {
      auto kernel = tables.lookupNearestSymbolFrom<dispatch::KernelOp>(
          launch, launch.getKernelAttr());
      if (!kernel)
        continue;
      FailureOr<SmallVector<Pair>> pairs = conversion::getInplacePairs(kernel);
      if (failed(pairs))
        return failure();
      SmallVector<Attribute> used;
      for (Pair pair : *pairs)
        if (share(launch, pair, *pairs, used))
          ++numShared;
      if (!used.empty())
        launch->setAttr("arena.inplace",
                        ArrayAttr::get(func.getContext(), used));
    }
    return numShared;
  }

private:
  struct Life {
    unsigned first, last;
  };

  /// What was an input or output of the program stays one.
  static void addArguments(memref::AllocOp to, memref::AllocOp from) {
    auto more = from->getAttrOfType<ArrayAttr>(arena::kArgumentsAttrName);
    if (!more)
      return;
    SmallVector<Attribute> numbers;
    if (auto own = to->getAttrOfType<ArrayAttr>(arena::kArgumentsAttrName))
      llvm::append_range(numbers, own);
    llvm::append_range(numbers, more);
    to->setAttr(arena::kArgumentsAttrName,
                ArrayAttr::get(to.getContext(), numbers));
  }

  void touch(Value buffer, unsigned number) {
    auto [it, isNew] = lives.try_emplace(buffer, Life{number, number});
    it->second.last = number;
  }

  /// Makes one buffer of the two of `pair` if that is right.
  bool share(dispatch::LaunchOp launch, Pair pair, ArrayRef<Pair> pairs,
             SmallVectorImpl<Attribute> &used) {
    Value in = arena::getMemory(launch.getIns()[pair.first]);
    Value out = arena::getMemory(launch.getOuts()[pair.second]);
    auto inAlloc = in.getDefiningOp<memref::AllocOp>();
    if (!inAlloc || in == out)
      return false;
    auto inType = cast<MemRefType>(in.getType());
    auto outType = cast<MemRefType>(out.getType());
    if (!conversion::haveSameSize(inType, outType))
      return false;
    unsigned now = order.lookup(launch);
    if (lives[in].last != now || lives[out].first != now)
      return false;
    // Everything through which this launch touches either buffer must be a pair
    // that may share.
    SmallVector<Pair> needed;
    for (auto [index, operand] : llvm::enumerate(launch.getIns())) {
      Value base = arena::getMemory(operand);
      if (base == out)
        return false;
      if (base != in)
        continue;
      Pair candidate(index, pair.second);
      if (!llvm::is_contained(pairs, candidate))
        return false;
      needed.push_back(candidate);
    }
    for (auto [index, operand] : llvm::enumerate(launch.getOuts())) {
      Value base = arena::getMemory(operand);
      if (base == in || (base == out && index != pair.second))
        return false;
    }

    OpBuilder builder(launch);
    if (auto outAlloc = out.getDefiningOp<memref::AllocOp>()) {
      if (outAlloc->isBeforeInBlock(inAlloc))
        inAlloc->moveBefore(outAlloc);
      builder.setInsertionPoint(outAlloc);
      lives[in].last = lives[out].last;
      addArguments(inAlloc, outAlloc);
      out.replaceAllUsesWith(conversion::reshapeMemRef(
          builder, outAlloc.getLoc(), in, outType.getShape()));
      outAlloc.erase();
    } else if (isa<BlockArgument>(out)) {
      // The input is computed where the caller wants the result.
      builder.setInsertionPoint(inAlloc);
      lives[out].first = lives[in].first;
      in.replaceAllUsesWith(conversion::reshapeMemRef(builder, inAlloc.getLoc(),
                                                      out, inType.getShape()));
      inAlloc.erase();
    } else {
      return false;
    }
    for (Pair each : needed)
      used.push_back(
          builder.getArrayAttr({builder.getI64IntegerAttr(each.first),
                                builder.getI64IntegerAttr(each.second)}));
    return true;
  }

  DenseMap<Operation *, unsigned> order;
  DenseMap<Value, Life> lives; // by buffer
};

struct ArenaInplace : public conversion::impl::ArenaInplaceBase<ArenaInplace> {
  void runOnOperation() override {
    for (auto func : getOperation().getOps<func::FuncOp>()) {
      if (func.isExternal() || arena::isLoopBody(func))
        continue;
      FailureOr<unsigned> shared = conversion::reuseInplace(func);
      if (failed(shared))
        return signalPassFailure();
      numShared += *shared;
    }
  }
};

} // namespace

FailureOr<unsigned> conversion::reuseInplace(func::FuncOp func) {
  return InplaceReuse().run(func);
}
