//===- Recompute.cpp - Computes marked operands anew ----------------------===//

#include "Structure.h"

#include "dlc/Dialect/Dispatch/Transforms/Bands.h"
#include "dlc/Dialect/Dispatch/Transforms/Passes.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/IRMapping.h"

namespace dlc::dispatch {
#define GEN_PASS_DEF_RECOMPUTEPASS
#include "dlc/Dialect/Dispatch/Transforms/Passes.h.inc"
} // namespace dlc::dispatch

using namespace mlir;
using namespace dlc::dispatch;

/// Copies what computes `value` and the reshapes behind it to `builder`.
static Value recompute(OpBuilder &builder, Value value, int64_t number) {
  SmallVector<Operation *> path{value.getDefiningOp()};
  while (isa<tensor::ExpandShapeOp, tensor::CollapseShapeOp>(path.back()))
    path.push_back(path.back()->getOperand(0).getDefiningOp());
  IRMapping mapping;
  for (Operation *op : llvm::reverse(path))
    builder.clone(*op, mapping);
  mapping.lookup(skipReshapes(value))
      .getDefiningOp()
      ->setAttr(kRecomputedAttr, builder.getI64IntegerAttr(number));
  return mapping.lookup(value);
}

namespace {
struct Recompute : dlc::dispatch::impl::RecomputePassBase<Recompute> {
  void runOnOperation() override {
    Block &block = getOperation().getBody().front();
    int64_t number = 0;
    for (Operation &op : block)
      if (auto have = op.getAttrOfType<IntegerAttr>(kRecomputedAttr))
        number = std::max(number, have.getInt() + 1);
    SmallVector<Operation *> originals;
    for (Operation &op : llvm::make_early_inc_range(block)) {
      auto operands = op.getAttrOfType<DenseI64ArrayAttr>(kRecomputeAttr);
      if (!operands) {
        if (op.hasAttr(kRecomputeAttr)) {
          op.emitOpError(kRecomputeAttr) << " must be an array of i64";
          return signalPassFailure();
        }
        continue;
      }
      for (int64_t operand : operands.asArrayRef()) {
        if (operand < 0 || operand >= op.getNumOperands() ||
            !isa_and_nonnull<linalg::LinalgOp>(
                skipReshapes(op.getOperand(operand)).getDefiningOp())) {
          op.emitOpError(kRecomputeAttr)
              << " must name operands that structured ops compute";
          return signalPassFailure();
        }
        Value value = op.getOperand(operand);
        originals.push_back(value.getDefiningOp());
        OpBuilder builder(&op);
        op.setOperand(operand, recompute(builder, value, number++));
      }
      op.removeAttr(kRecomputeAttr);
    }
    // An original that nobody reads any more was only moved.
    while (!originals.empty()) {
      Operation *op = originals.pop_back_val();
      if (!op->use_empty())
        continue;
      if (isa<tensor::ExpandShapeOp, tensor::CollapseShapeOp>(op))
        originals.push_back(op->getOperand(0).getDefiningOp());
      llvm::erase(originals, op);
      op->erase();
    }
  }
};
} // namespace
