//===- ReducePrecision.cpp - 16-bit operands of f32 products --------------===//

#include "dlc/Dialect/NN/Transforms/Passes.h"

namespace dlc::nn {
#define GEN_PASS_DEF_NNREDUCEPRECISION
#include "dlc/Dialect/NN/Transforms/Passes.h.inc"
} // namespace dlc::nn

using namespace mlir;
using namespace dlc::nn;

namespace {

struct NNReducePrecision
    : public dlc::nn::impl::NNReducePrecisionBase<NNReducePrecision> {
  using NNReducePrecisionBase::NNReducePrecisionBase;

  void runOnOperation() override {
    Type element;
    if (precision == "f16")
      element = Float16Type::get(&getContext());
    else if (precision == "bf16")
      element = BFloat16Type::get(&getContext());
    else if (precision == "f32" || precision == "tf32")
      return; // tf32 is how a product is computed, not how operands are stored
    if (!element) {
      getOperation()->emitError("unknown precision '")
          << precision << "'; there are f32, tf32, f16 and bf16";
      return signalPassFailure();
    }
    getOperation()->walk([&](Operation *op) {
      if (isa<MatmulOp, ConvOp, ConvTransposeOp>(op) &&
          getElementTypeOrSelf(op->getResult(0)).isF32())
        narrow(op, element);
    });
  }

private:
  /// Rounds both operands, each value once.
  void narrow(Operation *op, Type element) {
    for (OpOperand &operand : op->getOpOperands()) {
      if (!getElementTypeOrSelf(operand.get()).isF32())
        continue;
      Value &rounded = known[operand.get()];
      if (!rounded) {
        OpBuilder b(op);
        b.setInsertionPointAfterValue(operand.get());
        rounded =
            CastOp::create(b, operand.get().getLoc(), operand.get(), element);
      }
      operand.set(rounded);
    }
    op->setAttr("wide", UnitAttr::get(&getContext()));
  }

  DenseMap<Value, Value> known;
};

} // namespace
