//===- UserSchedule.h - A user's own schedules for kernels ------*- C++ -*-===//

#ifndef DLC_LIB_SCHEDULE_HOST_USERSCHEDULE_H
#define DLC_LIB_SCHEDULE_HOST_USERSCHEDULE_H

#include "dlc/Dialect/Dispatch/IR/Dispatch.h"

#include "mlir/Dialect/Transform/IR/TransformOps.h"

namespace dlc::schedule {

/// One sequence of a schedule file and the kernel that it is applied to.
class UserSchedule {
public:
  UserSchedule(mlir::transform::NamedSequenceOp sequence,
               dispatch::KernelOp kernel)
      : sequence(sequence), kernel(kernel) {}

  /// Applies the sequence to the kernel, which is on tensors, and replaces it
  /// by a scheduled one: buffers, loops and vectors, and at most one
  /// `scf.forall` whose iterations are the work items. Where that can't be,
  /// emits one error.
  mlir::LogicalResult run();

private:
  mlir::LogicalResult transform();
  mlir::LogicalResult lower(mlir::ModuleOp scratch);
  mlir::LogicalResult checkVectors();
  mlir::LogicalResult checkItems(mlir::Block &body);
  mlir::LogicalResult placeScratch(mlir::Block &body);
  mlir::InFlightDiagnostic fail();
  /// Runs `action`; its first error, if any, becomes that of the schedule.
  mlir::LogicalResult explain(llvm::function_ref<mlir::LogicalResult()> action);

  mlir::transform::NamedSequenceOp sequence;
  dispatch::KernelOp kernel;
};

} // namespace dlc::schedule

#endif // DLC_LIB_SCHEDULE_HOST_USERSCHEDULE_H
