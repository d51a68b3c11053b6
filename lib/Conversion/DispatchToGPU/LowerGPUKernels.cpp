//===- LowerGPUKernels.cpp - GPU kernels to LLVM and NVVM -----------------===//

#include "dlc/Conversion/DispatchToGPU/DispatchToGPU.h"
#include "dlc/Conversion/Passes.h"

#include "mlir/Conversion/ArithToLLVM/ArithToLLVM.h"
#include "mlir/Conversion/ControlFlowToLLVM/ControlFlowToLLVM.h"
#include "mlir/Conversion/GPUToNVVM/GPUToNVVMPass.h"
#include "mlir/Conversion/LLVMCommon/ConversionTarget.h"
#include "mlir/Conversion/MathToLLVM/MathToLLVM.h"
#include "mlir/Conversion/MemRefToLLVM/MemRefToLLVM.h"
#include "mlir/Conversion/NVGPUToNVVM/NVGPUToNVVM.h"
#include "mlir/Conversion/Passes.h"
#include "mlir/Conversion/VectorToLLVM/ConvertVectorToLLVM.h"
#include "mlir/Dialect/Arith/Transforms/Passes.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlow.h"
#include "mlir/Dialect/MemRef/Transforms/Passes.h"
#include "mlir/Dialect/NVGPU/IR/NVGPUDialect.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "mlir/Transforms/Passes.h"

namespace dlc::conversion {
#define GEN_PASS_DEF_LOWERGPUKERNELS
#include "dlc/Conversion/Passes.h.inc"
} // namespace dlc::conversion

using namespace mlir;
using namespace dlc;

/// Alignment of dynamic shared memory: what swizzled tensor copies need.
static constexpr int64_t kDynamicSharedAlignment = 1024;

/// Whether LLVM makes instructions of a math operation on a GPU.
static bool isNative(Operation *op) {
  Type type = getElementTypeOrSelf(op->getResult(0).getType());
  if (isa<math::Exp2Op>(op))
    return type.isF32();
  return isa<math::AbsFOp, math::AbsIOp, math::CeilOp, math::CopySignOp,
             math::CountLeadingZerosOp, math::CountTrailingZerosOp,
             math::CtPopOp, math::FloorOp, math::FmaOp, math::IsFiniteOp,
             math::IsInfOp, math::IsNaNOp, math::IsNormalOp, math::RoundEvenOp,
             math::RoundOp, math::RsqrtOp, math::SqrtOp, math::TruncOp>(op);
}

/// Whether some memref needs addresses of more than 31 bits.
static bool needsWideIndices(gpu::GPUModuleOp module) {
  constexpr int64_t limit = int64_t(1) << 31;
  WalkResult result = module.walk([&](gpu::GPUFuncOp function) {
    for (Type type : function.getArgumentTypes())
      if (auto memref = dyn_cast<MemRefType>(type))
        if (memref.getNumElements() >= limit ||
            memref.getElementType().isIndex())
          return WalkResult::interrupt();
    return WalkResult::advance();
  });
  return result.wasInterrupted();
}

namespace {

struct LowerGPUKernels
    : public conversion::impl::LowerGPUKernelsBase<LowerGPUKernels> {
  void runOnOperation() override {
    gpu::GPUModuleOp module = getOperation();
    MLIRContext *context = &getContext();
    LowerToLLVMOptions options(context);
    options.overrideIndexBitwidth(needsWideIndices(module) ? 64 : 32);
    options.useBarePtrCallConv = true;
    LLVMTypeConverter converter(context, options);
    configureGpuToNVVMTypeConverter(converter);
    nvgpu::populateCommonGPUTypeAndAttributeConversions(converter);
    converter.addConversion([&](nvgpu::DeviceAsyncTokenType type) -> Type {
      return IntegerType::get(type.getContext(), 32);
    });
    if (failed(expand(module)) || failed(convertMath(module, converter)) ||
        failed(convert(module, converter)))
      return signalPassFailure();
    alignSharedMemory(module);
  }

private:
  /// Operations that no conversion takes.
  static LogicalResult expand(gpu::GPUModuleOp module) {
    RewritePatternSet patterns(module.getContext());
    arith::populateCeilFloorDivExpandOpsPatterns(patterns);
    return applyPatternsGreedily(module, std::move(patterns));
  }

  /// Math first, and by itself: gpu-to-nvvm would make calls of everything.
  static LogicalResult convertMath(gpu::GPUModuleOp module,
                                   const LLVMTypeConverter &converter) {
    auto run = [&](bool native, RewritePatternSet patterns) {
      ConversionTarget target(*module.getContext());
      target.addLegalDialect<LLVM::LLVMDialect>();
      target.addDynamicallyLegalDialect<math::MathDialect>(
          [native](Operation *op) { return isNative(op) != native; });
      target.markUnknownOpDynamicallyLegal([](Operation *) { return true; });
      return applyPartialConversion(module, target, std::move(patterns));
    };
    RewritePatternSet calls(module.getContext());
    populateLibDeviceConversionPatterns(converter, calls);
    if (failed(run(/*native=*/false, std::move(calls))))
      return failure();
    RewritePatternSet intrinsics(module.getContext());
    populateMathToLLVMConversionPatterns(converter, intrinsics,
                                         /*approximateLog1p=*/false);
    return run(/*native=*/true, std::move(intrinsics));
  }

  static LogicalResult convert(gpu::GPUModuleOp module,
                               const LLVMTypeConverter &converter) {
    MLIRContext *context = module.getContext();
    RewritePatternSet patterns(context);
    populateGpuToNVVMConversionPatterns(converter, patterns, /*benefit=*/10);
    populateNVGPUToNVVMConversionPatterns(converter, patterns);
    arith::populateArithToLLVMConversionPatterns(converter, patterns);
    cf::populateControlFlowToLLVMConversionPatterns(converter, patterns);
    populateVectorToLLVMConversionPatterns(
        converter, patterns, /*reassociateFPReductions=*/false,
        /*force32BitVectorIndices=*/false, /*useVectorAlignment=*/true);
    populateFinalizeMemRefToLLVMConversionPatterns(converter, patterns);
    ::mlir::LLVMConversionTarget target(*context);
    configureGpuToNVVMConversionLegality(target);
    // These are instructions, or a few.
    target.addLegalOp<LLVM::CopySignOp, LLVM::Exp2Op, LLVM::FAbsOp,
                      LLVM::FCeilOp, LLVM::FFloorOp, LLVM::RoundEvenOp,
                      LLVM::RoundOp, LLVM::SqrtOp>();
    target.addIllegalDialect<arith::ArithDialect, cf::ControlFlowDialect,
                             math::MathDialect, memref::MemRefDialect,
                             nvgpu::NVGPUDialect, vector::VectorDialect>();
    return applyPartialConversion(module, target, std::move(patterns));
  }

  /// Shared memory is accessed by vectors; its dynamic part must not be
  /// internal.
  static void alignSharedMemory(gpu::GPUModuleOp module) {
    for (auto global : module.getOps<LLVM::GlobalOp>()) {
      auto type = dyn_cast<LLVM::LLVMArrayType>(global.getGlobalType());
      if (!type)
        continue;
      global.setAlignment(conversion::kOperandAlignment);
      if (type.getNumElements() == 0) {
        global.setLinkage(LLVM::Linkage::External);
        global.setAlignment(kDynamicSharedAlignment);
      }
    }
  }
};

} // namespace

void conversion::buildCudaKernelLoweringPipeline(OpPassManager &pm) {
  OpPassManager &module = pm.nest<gpu::GPUModuleOp>();
  module.addPass(memref::createExpandStridedMetadataPass());
  module.addPass(createLowerAffinePass());
  module.addPass(createSCFToControlFlowPass());
  module.addPass(createLowerGPUKernels());
  module.addPass(createReconcileUnrealizedCastsPass());
}
