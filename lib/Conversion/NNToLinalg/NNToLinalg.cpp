//===- NNToLinalg.cpp - nn operations as loop nests on tensors ------------===//

#include "Lowering.h"

#include "dlc/Conversion/Passes.h"
#include "dlc/Dialect/Dispatch/IR/Dispatch.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Func/Transforms/FuncConversions.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/DialectResourceBlobManager.h"

namespace dlc::conversion {
#define GEN_PASS_DEF_CONVERTNNTOLINALG
#include "dlc/Conversion/Passes.h.inc"
} // namespace dlc::conversion

using namespace mlir;
using namespace dlc;
using namespace dlc::conversion;

/// Joins a concat into the concat that alone uses it, so that its parts are
/// copied once.
static void flattenConcats(Operation *root) {
  SmallVector<nn::ConcatOp> concats;
  root->walk([&](nn::ConcatOp op) { concats.push_back(op); });
  for (nn::ConcatOp outer : concats) {
    SmallVector<Value> parts;
    SmallVector<nn::ConcatOp> joined;
    for (Value operand : outer.getOperands()) {
      auto inner = operand.getDefiningOp<nn::ConcatOp>();
      if (!inner || !inner->hasOneUse() || inner.getAxis() != outer.getAxis()) {
        parts.push_back(operand);
        continue;
      }
      // producers come first in the walk: the inner one is flat already
      llvm::append_range(parts, inner.getOperands());
      joined.push_back(inner);
    }
    if (joined.empty())
      continue;
    outer->setOperands(parts);
    for (nn::ConcatOp inner : joined)
      inner->erase();
  }
}

/// Constants narrower than a byte are stored in bytes; a blob of packed bits
/// can not become that without a copy, which importers make better.
static LogicalResult verifyConstants(Operation *root) {
  WalkResult result = root->walk([](nn::ConstantOp op) {
    auto resource = dyn_cast<DenseResourceElementsAttr>(op.getValue());
    if (!resource || resource.getElementType().getIntOrFloatBitWidth() >= 8)
      return WalkResult::advance();
    AsmResourceBlob *blob = resource.getRawHandle().getBlob();
    int64_t count = resource.getNumElements();
    if (blob && (int64_t)blob->getData().size() == count)
      return WalkResult::advance();
    op.emitOpError("cannot be lowered: the blob of a ")
        << op.getType() << " has to hold " << count << " bytes";
    return WalkResult::interrupt();
  });
  return failure(result.wasInterrupted());
}

/// Below nn, bool, unsigned and narrow inputs and outputs look like signed
/// integers; what they are stays in the `dlc.type` attribute for the compiled
/// program.
static void recordTypes(func::FuncOp func) {
  auto elementOf = [](Type type) -> Type {
    auto tensor = dyn_cast<RankedTensorType>(type);
    if (!tensor ||
        storedType(tensor.getElementType()) == tensor.getElementType())
      return nullptr;
    return tensor.getElementType();
  };
  FunctionType type = func.getFunctionType();
  for (auto [i, input] : llvm::enumerate(type.getInputs()))
    if (Type element = elementOf(input))
      func.setArgAttr(i, "dlc.type", TypeAttr::get(element));
  for (auto [i, result] : llvm::enumerate(type.getResults()))
    if (Type element = elementOf(result))
      func.setResultAttr(i, "dlc.type", TypeAttr::get(element));
}

namespace {
struct ConvertNNToLinalg
    : public dlc::conversion::impl::ConvertNNToLinalgBase<ConvertNNToLinalg> {
  void runOnOperation() override {
    MLIRContext *context = &getContext();
    if (failed(verifyConstants(getOperation())))
      return signalPassFailure();
    flattenConcats(getOperation());
    getOperation()->walk([](func::FuncOp func) { recordTypes(func); });

    TypeConverter converter;
    converter.addConversion([](Type type) { return type; });
    converter.addConversion(
        [](RankedTensorType type) { return storedType(type); });

    ConversionTarget target(*context);
    target.addIllegalDialect<nn::NNDialect>();
    target.addLegalDialect<arith::ArithDialect, linalg::LinalgDialect,
                           math::MathDialect, tensor::TensorDialect>();
    target.addDynamicallyLegalOp<func::FuncOp>([&](func::FuncOp op) {
      return converter.isSignatureLegal(op.getFunctionType());
    });
    target.addDynamicallyLegalOp<func::ReturnOp, func::CallOp>(
        [&](Operation *op) { return converter.isLegal(op); });
    target.addDynamicallyLegalOp<dispatch::LoopOp>(
        [&](Operation *op) { return converter.isLegal(op); });
    target.markUnknownOpDynamicallyLegal([](Operation *) { return true; });

    RewritePatternSet patterns(context);
    populateFunctionOpInterfaceTypeConversionPattern<func::FuncOp>(patterns,
                                                                   converter);
    populateReturnOpTypeConversionPattern(patterns, converter);
    populateCallOpTypeConversionPattern(patterns, converter);
    populateElementwise(converter, patterns);
    populateConvolution(converter, patterns);
    populatePooling(converter, patterns);
    populateContraction(converter, patterns);
    populateReduction(converter, patterns);
    populateNormalization(converter, patterns);
    populateResize(converter, patterns);
    populateShape(converter, patterns);
    populateRandom(converter, patterns);
    populateIndexing(converter, patterns);
    populateCustom(converter, patterns);
    populateLoop(converter, patterns);

    ConversionConfig config;
    config.allowPatternRollback = false;
    if (failed(applyPartialConversion(getOperation(), target,
                                      std::move(patterns), config)))
      signalPassFailure();
  }
};
} // namespace
