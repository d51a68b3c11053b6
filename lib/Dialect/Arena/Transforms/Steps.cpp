//===- Steps.cpp - The launches of a graph function, counted --------------===//

#include "dlc/Dialect/Arena/Transforms/Steps.h"

#include "dlc/Dialect/Arena/IR/Arena.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"

using namespace mlir;

bool dlc::arena::isView(Operation *op) {
  return isa<memref::ExpandShapeOp, memref::CollapseShapeOp, ViewOp,
             ConstantViewOp>(op);
}

Value dlc::arena::getMemory(Value value) {
  while (Operation *op = value.getDefiningOp()) {
    if (!isa<memref::ExpandShapeOp, memref::CollapseShapeOp>(op))
      break;
    value = op->getOperand(0);
  }
  return value;
}

dlc::arena::Role dlc::arena::getRole(Value buffer) {
  Role role;
  Operation *op = buffer.getDefiningOp();
  auto numbers =
      op ? op->getAttrOfType<ArrayAttr>(kArgumentsAttrName) : ArrayAttr();
  if (!numbers)
    return role;
  auto graph = op->getParentOfType<func::FuncOp>();
  for (auto number : numbers.getAsRange<IntegerAttr>())
    (graph.getArgAttr(number.getInt(), "dlc.output") ? role.isOutput
                                                     : role.isInput) = true;
  return role;
}

SmallVector<Operation *> dlc::arena::collectSteps(Block &block) {
  SmallVector<Operation *> steps;
  for (Operation &op : block)
    if (!isView(&op) && !isa<memref::AllocOp>(op) &&
        llvm::any_of(op.getOperandTypes(), llvm::IsaPred<BaseMemRefType>))
      steps.push_back(&op);
  return steps;
}

dlc::arena::Timeline dlc::arena::getBodyTimeline(func::FuncOp body) {
  return {body, collectSteps(body.front()), 0};
}

SmallVector<dlc::arena::Timeline>
dlc::arena::collectTimelines(ModuleOp module) {
  SmallVector<Timeline> timelines;
  for (auto func : module.getOps<func::FuncOp>())
    if (!func.isExternal() && !isLoopBody(func))
      timelines.push_back({func, collectSteps(func.front()),
                           timelines.empty() ? 0 : timelines.back().end()});
  return timelines;
}
