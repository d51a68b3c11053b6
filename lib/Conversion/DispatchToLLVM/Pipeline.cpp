//===- Pipeline.cpp - From scheduled kernels to LLVM ----------------------===//

#include "dlc/Conversion/DispatchToLLVM/DispatchToLLVM.h"
#include "dlc/Conversion/Passes.h"

#include "mlir/Conversion/Passes.h"
#include "mlir/Dialect/MemRef/Transforms/Passes.h"
#include "mlir/Dialect/SCF/Transforms/Passes.h"
#include "mlir/Transforms/Passes.h"

using namespace mlir;
using namespace dlc;

void conversion::buildKernelLoweringPipeline(OpPassManager &pm) {
  {
    OpPassManager &function = pm.nest<LLVM::LLVMFuncOp>();
    function.addPass(createForallToForLoopPass());
    function.addPass(createLowerKernelVectors());
    VectorTransferToSCFOptions transfers;
    transfers.enableFullUnroll();
    function.addPass(createConvertVectorToSCFPass(transfers));
    function.addPass(createCanonicalizerPass());
    function.addPass(createCSEPass());
    function.addPass(createLoopInvariantCodeMotionPass());
    function.addPass(createSCFToControlFlowPass());
    function.addPass(memref::createExpandStridedMetadataPass());
    function.addPass(createLowerAffinePass());
    function.addPass(createConvertMathToLLVMPass());
  }
  // Calls one element at a time, made with vector ops: in front of their
  // conversion.
  pm.addPass(createConvertMathToLibmPass());
  {
    ConvertVectorToLLVMPassOptions vectors;
    vectors.reassociateFPReductions = true;
    vectors.vectorContractLowering =
        vector::VectorContractLowering::OuterProduct;
    vectors.vectorTransposeLowering =
        vector::VectorTransposeLowering::Shuffle16x16;
    pm.nest<LLVM::LLVMFuncOp>().addPass(createConvertVectorToLLVMPass(vectors));
  }
  pm.addPass(createFinalizeMemRefToLLVMConversionPass());
  pm.addPass(createConvertControlFlowToLLVMPass());
  // libm's declarations
  pm.addPass(createConvertFuncToLLVMPass());
  {
    OpPassManager &function = pm.nest<LLVM::LLVMFuncOp>();
    function.addPass(createArithToLLVMConversionPass());
    function.addPass(createConvertIndexToLLVMPass());
    function.addPass(createUBToLLVMConversionPass());
    function.addPass(createReconcileUnrealizedCastsPass());
    function.addPass(createCanonicalizerPass());
    function.addPass(createCSEPass());
    function.addPass(createAnnotateKernelAliases());
  }
}
