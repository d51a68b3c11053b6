//===- Passes.h - ScheduleHost passes --------------------------------*- C++
//-*-===//

#ifndef DLC_SCHEDULE_HOST_PASSES_H
#define DLC_SCHEDULE_HOST_PASSES_H

#include "dlc/Dialect/Dispatch/IR/Dispatch.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Pass/Pass.h"

namespace dlc::schedule {

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "dlc/Schedule/Host/Passes.h.inc"

} // namespace dlc::schedule

#endif // DLC_SCHEDULE_HOST_PASSES_H
