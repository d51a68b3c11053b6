//===- VerifyLevel.cpp - The gate between two phases ----------------------===//

#include "dlc/Dialect/Arena/IR/Arena.h"
#include "dlc/Dialect/Dispatch/IR/Dispatch.h"
#include "dlc/Dialect/NN/IR/NN.h"
#include "dlc/Pipelines/Passes.h"
#include "dlc/Pipelines/Pipelines.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/NVGPU/IR/NVGPUDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/UB/IR/UBOps.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

namespace dlc {
#define GEN_PASS_DEF_VERIFYLEVEL
#include "dlc/Pipelines/Passes.h.inc"
} // namespace dlc

using namespace mlir;
using namespace dlc;

namespace {

template <typename... Dialects>
bool isFrom(Operation *op) {
  Dialect *dialect = op->getDialect();
  return dialect && (isa<Dialects>(dialect) || ...);
}

/// What is legal in the body of a kernel at tensor level, and in the graph
/// function before kernels are formed.
bool isStructured(Operation *op) {
  return isFrom<linalg::LinalgDialect, tensor::TensorDialect,
                arith::ArithDialect, math::MathDialect>(op);
}

/// Whether `op` is one that only GPUs have.
bool isForGPU(Operation *op) {
  return isFrom<gpu::GPUDialect, nvgpu::NVGPUDialect, NVVM::NVVMDialect>(op);
}

/// What is legal in the graph function while its buffers are memrefs: views,
/// copies, and reshapes of what the caller provides, which need no memory.
bool isPlanned(Operation *op) {
  return isFrom<arena::ArenaDialect>(op) ||
         isa<memref::CopyOp, memref::ExpandShapeOp, memref::CollapseShapeOp>(
             op);
}

/// The same at level llvm for a GPU: the launch table as IR.
bool isLaunchTable(Operation *op) {
  return isPlanned(op) ||
         isa<gpu::LaunchFuncOp, arith::ConstantOp, dispatch::LoopOp>(op);
}

/// Why `op` is illegal in the graph function at `level`; empty if it is legal.
StringRef whyIllegalInGraph(Operation *op, Level level, bool isCuda) {
  switch (level) {
  case Level::NN:
    if (op->getParentOfType<nn::CustomOp>())
      return isStructured(op) || isa<nn::YieldOp>(op)
                 ? ""
                 : "only structured operations on tensors belong there";
    return isFrom<nn::NNDialect>(op) ? "" : "only nn operations belong there";
  case Level::Linalg:
    if (isFrom<nn::NNDialect>(op))
      return "this operation, or this form of it, has no lowering";
    return isStructured(op) || isa<dispatch::LoopOp>(op)
               ? ""
               : "only structured operations on tensors and loops belong there";
  case Level::Dispatch:
  case Level::Scheduled:
    if (isa<arith::ConstantOp, tensor::EmptyOp, tensor::ExpandShapeOp,
            tensor::CollapseShapeOp, dispatch::LaunchOp, dispatch::LoopOp>(op))
      return "";
    return isStructured(op) || isFrom<dispatch::DispatchDialect>(op)
               ? "it became part of no kernel"
               : "only constants, reshapes and launches belong there";
  case Level::Arena:
    if (isPlanned(op) || isa<dispatch::LaunchOp, dispatch::LoopOp>(op))
      return "";
    return isFrom<memref::MemRefDialect>(op) ||
                   isFrom<bufferization::BufferizationDialect>(op)
               ? "its memory was not planned"
               : "only arena views and launches belong there";
  case Level::LLVM:
    if (isCuda)
      return isLaunchTable(op) ? "" : "the launch table can not express it";
    return isFrom<LLVM::LLVMDialect, arena::ArenaDialect>(op)
               ? ""
               : "it was not lowered to LLVM";
  }
  llvm_unreachable("covered switch");
}

/// The same for operations in kernels.
StringRef whyIllegalInKernel(Operation *op, Level level, bool isCuda) {
  if (isa<dispatch::ReturnOp>(op))
    return "";
  if (level == Level::Dispatch)
    return isStructured(op) ? ""
                            : "only structured operations on tensors belong "
                              "in a kernel";
  if (isa<memref::AllocOp, memref::DeallocOp>(op))
    return "kernels must not allocate";
  if (isForGPU(op))
    return isCuda ? "" : "only GPUs have it (--target=cuda)";
  if (isFrom<scf::SCFDialect, vector::VectorDialect, memref::MemRefDialect,
             arith::ArithDialect, math::MathDialect, affine::AffineDialect,
             ub::UBDialect>(op))
    return "";
  return isFrom<linalg::LinalgDialect>(op) || isFrom<tensor::TensorDialect>(op)
             ? "the scheduler left it as it was"
             : "only loops and vectors on memrefs belong in a scheduled kernel";
}

/// Why a value of `type` is illegal at `level`.
StringRef whyIllegalType(Type type, Level level, bool inKernel, bool isCuda) {
  if (auto shaped = dyn_cast<ShapedType>(type))
    if (!isa<VectorType>(type) && !shaped.hasRank())
      return "has no rank";
  if (isa<RankedTensorType>(type)) {
    // Kernels may compute slices with offsets, but only of static sizes.
    if (!cast<ShapedType>(type).hasStaticShape())
      return "has a dynamic shape";
    if (level >= Level::Arena || (inKernel && level == Level::Scheduled))
      return "is still a tensor";
  }
  if (isa<BaseMemRefType>(type) && level == Level::LLVM && !isCuda)
    return "is still a memref";
  return "";
}

struct VerifyLevel : public dlc::impl::VerifyLevelBase<VerifyLevel> {
  using VerifyLevelBase::VerifyLevelBase;

  void runOnOperation() override {
    std::optional<Level> at = symbolizeLevel(level);
    if (!at || (target != "host" && target != "cuda")) {
      getOperation().emitError("dlc-verify-level: unknown ")
          << (at ? "target" : "level") << " '" << (at ? target : level) << "'";
      return signalPassFailure();
    }
    isCuda = target == "cuda";
    WalkResult result =
        getOperation()->walk<WalkOrder::PreOrder>([&](Operation *op) {
          return verifyOp(op, *at) ? WalkResult::advance()
                                   : WalkResult::interrupt();
        });
    if (result.wasInterrupted())
      signalPassFailure();
    markAllAnalysesPreserved();
  }

  bool verifyOp(Operation *op, Level at) {
    if (isa<ModuleOp>(op))
      return true;
    if (op->getParentOfType<gpu::GPUModuleOp>())
      return verifyDeviceOp(op, at);
    bool inKernel = op->getParentOfType<dispatch::KernelOp>() != nullptr;
    // A scheduled kernel may use instructions that only LLVM's dialect has.
    if (isFrom<LLVM::LLVMDialect>(op))
      return at == Level::LLVM || (inKernel && at >= Level::Scheduled) ||
             report(op, at, "it comes too early");
    StringRef why;
    if (isa<gpu::GPUModuleOp>(op)) {
      if (at != Level::LLVM || !isCuda)
        why = "modules for GPUs come with level llvm of target cuda";
    } else if (isa<func::FuncOp, func::ReturnOp>(op)) {
      if (at == Level::LLVM && !isCuda)
        why = "it was not lowered to LLVM";
    } else if (isa<dispatch::KernelOp>(op)) {
      if (at < Level::Dispatch)
        why = "kernels come later";
      else if (at == Level::LLVM)
        why = "it was not lowered to LLVM";
      else if (cast<dispatch::KernelOp>(op).isScheduled() !=
               (at >= Level::Scheduled))
        why = at >= Level::Scheduled ? "the kernel was not scheduled"
                                     : "the kernel is scheduled already";
    } else if (inKernel) {
      why = whyIllegalInKernel(op, at, isCuda);
    } else if (!op->getParentOfType<linalg::LinalgOp>() &&
               !op->getParentOfType<tensor::PadOp>()) {
      why = whyIllegalInGraph(op, at, isCuda);
    }
    if (!why.empty())
      return report(op, at, why);
    for (Value value : op->getResults())
      if (why = whyIllegalType(value.getType(), at, inKernel, isCuda);
          !why.empty())
        return reportType(op, at, value.getType(), why);
    for (Region &region : op->getRegions())
      for (Block &block : region)
        for (BlockArgument arg : block.getArguments())
          if (why = whyIllegalType(arg.getType(), at,
                                   inKernel || isa<dispatch::KernelOp>(op),
                                   isCuda);
              !why.empty())
            return reportType(op, at, arg.getType(), why);
    return true;
  }

  /// What becomes PTX.
  bool verifyDeviceOp(Operation *op, Level at) {
    return isFrom<LLVM::LLVMDialect, NVVM::NVVMDialect>(op) ||
           report(op, at, "it was not lowered to NVVM");
  }

  bool report(Operation *op, Level at, StringRef why) {
    emitError(op->getLoc()) << "'" << op->getName() << "' is illegal at level "
                            << stringifyLevel(at) << ": " << why;
    return false;
  }

  bool reportType(Operation *op, Level at, Type type, StringRef why) {
    emitError(op->getLoc())
        << "'" << op->getName() << "' is illegal at level "
        << stringifyLevel(at) << ": its type " << type << " " << why;
    return false;
  }

  bool isCuda = false;
};

} // namespace
