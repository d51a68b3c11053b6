//===- ArenaVerify.cpp - Proves that a graph keeps to its layout ----------===//

#include "dlc/Dialect/Arena/IR/Arena.h"
#include "dlc/Dialect/Arena/Transforms/Passes.h"
#include "dlc/Dialect/Arena/Transforms/Steps.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Interfaces/DestinationStyleOpInterface.h"

namespace dlc::arena {
#define GEN_PASS_DEF_ARENAVERIFY
#include "dlc/Dialect/Arena/Transforms/Passes.h.inc"
} // namespace dlc::arena

using namespace mlir;
using namespace dlc;
using namespace dlc::arena;

namespace {

class GraphVerifier {
public:
  LogicalResult verify(const Timeline &timeline) {
    func::FuncOp func = timeline.graph;
    if (!llvm::hasSingleElement(func.getBody()))
      return func.emitError("the graph function must have one block");
    written.clear();
    for (BlockArgument arg : func.getArguments())
      if (failed(verifyArgument(timeline, arg)))
        return failure();
    for (Operation &op : func.front())
      if (hasEffect<MemoryEffects::Allocate>(&op))
        return op.emitOpError("(V5) allocates memory that was not planned");
    for (auto [index, step] : llvm::enumerate(timeline.steps))
      if (failed(verifyStep(func, step,
                            timeline.begin + static_cast<int64_t>(index))))
        return failure();
    return success();
  }

private:
  LogicalResult verifyArgument(const Timeline &timeline, BlockArgument arg) {
    func::FuncOp func = timeline.graph;
    unsigned index = arg.getArgNumber();
    if (!func.getArgAttr(index, kSlotAttrName))
      return success();
    SlotOp slot = getArgumentSlot(func, index);
    if (!slot)
      return func.emitError("(V6) parameter ")
             << index << " names a slot that is not there";
    if (!arg.use_empty())
      return func.emitError("(V6) uses parameter ")
             << index << ", which is slot @" << slot.getSymName();
    bool isOutput = func.getArgAttr(index, "dlc.output") != nullptr;
    if (!isOutput)
      written.insert(slot.getOperation());
    auto end =
        static_cast<int64_t>(isOutput ? slot.getLast() : slot.getFirst());
    if (end != (isOutput ? timeline.end() - 1 : timeline.begin))
      return func.emitError("(V6) ")
             << (isOutput ? "output " : "input ") << index << " is slot @"
             << slot.getSymName() << ", which lives "
             << (isOutput ? "until launch " : "from launch ") << end << " only";
    return success();
  }

  /// What an operand refers to: two operands share memory if and only if this
  /// is the same operation or argument (the verifier of the layout has shown
  /// that slots which live together do not overlap).
  const void *identify(Value memory) {
    if (auto view = memory.getDefiningOp<ViewOp>())
      return view.getSlotOp(tables).getOperation();
    if (auto view = memory.getDefiningOp<ConstantViewOp>())
      return view.getConstantOp(tables).getOperation();
    return memory.getAsOpaquePointer();
  }

  LogicalResult verifyStep(func::FuncOp func, Operation *step, int64_t number) {
    auto effectful = dyn_cast<MemoryEffectOpInterface>(step);
    if (!effectful)
      return step->emitOpError("does not say which memory it touches");
    SmallVector<MemoryEffects::EffectInstance> effects;
    effectful.getEffects(effects);
    SmallPtrSet<OpOperand *, 4> writes;
    for (const MemoryEffects::EffectInstance &effect : effects)
      if (isa<MemoryEffects::Write>(effect.getEffect()))
        if (auto *operand = effect.getEffectValue<OpOperand *>())
          writes.insert(operand);

    for (OpOperand &operand : step->getOpOperands()) {
      Value memory = getMemory(operand.get());
      if (!isa<BaseMemRefType>(memory.getType()))
        continue;
      unsigned index = operand.getOperandNumber();
      if (auto view = memory.getDefiningOp<ViewOp>()) {
        SlotOp slot = view.getSlotOp(tables);
        if (number < static_cast<int64_t>(slot.getFirst()) ||
            number > static_cast<int64_t>(slot.getLast()))
          return step->emitOpError("(V1) is launch ")
                 << number << " and operand " << index << " is slot @"
                 << slot.getSymName() << ", which lives from "
                 << slot.getFirst() << " to " << slot.getLast();
      }
      auto arg = dyn_cast<BlockArgument>(memory);
      bool isOutput = arg && func.getArgAttr(arg.getArgNumber(), "dlc.output");
      bool isInput = arg && !isOutput;
      bool isConstant = memory.getDefiningOp<ConstantViewOp>() != nullptr;
      if (writes.contains(&operand)) {
        if (isInput || isConstant)
          return step->emitOpError("(V3) writes operand ")
                 << index << ", which is "
                 << (isInput ? "an input" : "a constant");
      } else if (!isInput && !isConstant &&
                 cast<ShapedType>(memory.getType()).getNumElements() > 0 &&
                 !written.contains(identify(memory))) {
        return step->emitOpError("(V4) reads operand ")
               << index << ", which nothing has written";
      }
    }
    for (OpOperand *write : writes)
      for (OpOperand &other : step->getOpOperands())
        if (&other != write &&
            identify(getMemory(other.get())) ==
                identify(getMemory(write->get())) &&
            !mayShare(step, other, *write))
          return step->emitOpError("(V2) writes operand ")
                 << write->getOperandNumber()
                 << ", which shares memory with operand "
                 << other.getOperandNumber();
    for (OpOperand *write : writes)
      written.insert(identify(getMemory(write->get())));
    return success();
  }

  /// Whether the launch names these operands as a pair that works in place.
  static bool mayShare(Operation *step, OpOperand &in, OpOperand &out) {
    auto dps = dyn_cast<DestinationStyleOpInterface>(step);
    auto pairs = step->getAttrOfType<ArrayAttr>("arena.inplace");
    if (!dps || !pairs || dps.isDpsInit(&in))
      return false;
    unsigned firstOut = dps.getDpsInitOperand(0)->getOperandNumber();
    Builder builder(step->getContext());
    Attribute pair = builder.getArrayAttr(
        {builder.getI64IntegerAttr(in.getOperandNumber()),
         builder.getI64IntegerAttr(out.getOperandNumber() - firstOut)});
    return llvm::is_contained(pairs, pair);
  }

  SymbolTableCollection tables;
  DenseSet<const void *> written;
};

struct ArenaVerify : public arena::impl::ArenaVerifyBase<ArenaVerify> {
  void runOnOperation() override {
    GraphVerifier verifier;
    SmallVector<Timeline> timelines = collectTimelines(getOperation());
    for (auto func : getOperation().getOps<func::FuncOp>())
      if (isLoopBody(func))
        timelines.push_back(getBodyTimeline(func));
    for (const Timeline &timeline : timelines)
      if (failed(verifier.verify(timeline)))
        return signalPassFailure();
    markAllAnalysesPreserved();
  }
};

} // namespace
