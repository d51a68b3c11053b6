//===- LaunchTable.h - The graph function as a table ------------*- C++ -*-===//

#ifndef DLC_TARGET_CUDA_LAUNCHTABLE_H
#define DLC_TARGET_CUDA_LAUNCHTABLE_H

#include "dlc/Target/Common/Descriptor.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"

namespace dlc::target {

/// The module of kernels that it launches; null if there is none.
mlir::gpu::GPUModuleOp findKernels(mlir::ModuleOp module);

/// Reads names and types of inputs and outputs off the graph function.
llvm::Error readSignature(mlir::func::FuncOp graph, Signature &signature);

/// Fills in the steps and launches of `specialisation`, and adds the kernels
/// that they need to those that `device` has. Every launch has constant sizes,
/// every argument is an address in the weights, the arena, an input or an
/// output; what else there is fails with the operation and its place in the
/// model.
llvm::Error makeLaunchTable(mlir::func::FuncOp graph, DeviceInfo &device,
                            ModelInfo::Specialisation &specialisation);

/// Fills in which steps must wait for which: one that touches memory which an
/// earlier one writes, or writes memory which an earlier one reads. What
/// follows from other waiting is left out. Since an arena's memory is used
/// again and again, it is the memory plan that decides what may run at the same
/// time.
void orderSteps(std::vector<DeviceInfo::Step> &steps);

} // namespace dlc::target

#endif // DLC_TARGET_CUDA_LAUNCHTABLE_H
