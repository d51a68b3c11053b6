//===- Passes.h - ScheduleCUDA passes ---------------------------*- C++ -*-===//

#ifndef DLC_SCHEDULE_CUDA_PASSES_H
#define DLC_SCHEDULE_CUDA_PASSES_H

#include "dlc/Dialect/Dispatch/IR/Dispatch.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/NVGPU/IR/NVGPUDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Pass/Pass.h"

namespace dlc::schedule {

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "dlc/Schedule/CUDA/Passes.h.inc"

} // namespace dlc::schedule

#endif // DLC_SCHEDULE_CUDA_PASSES_H
