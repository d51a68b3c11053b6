//===- MemoryUse.h - The memory of a program, for its user ------*- C++ -*-===//
//
// --memory-report and --memory-budget.
//
//===----------------------------------------------------------------------===//

#ifndef DLC_LIB_DRIVER_MEMORYUSE_H
#define DLC_LIB_DRIVER_MEMORYUSE_H

#include "dlc/Dialect/Arena/Transforms/Report.h"
#include "dlc/Driver/Options.h"

namespace dlc {

/// Fails with a message at `loc` that says what is needed, what was done to
/// need less and what needs it where the arena of `module` is larger than the
/// budget.
mlir::LogicalResult checkMemoryBudget(const arena::MemoryReport &report,
                                      int64_t budget, mlir::ModuleOp module,
                                      mlir::Location loc);

/// What `fit-memory` did, a line each; nothing if it did not change anything.
llvm::SmallVector<llvm::StringRef> getFittingSteps(mlir::ModuleOp module);

/// Writes the report, as JSON or as a page, after the name of the file, and
/// says in some lines what is in it.
mlir::LogicalResult writeMemoryReport(const arena::MemoryReport &report,
                                      llvm::StringRef path,
                                      mlir::MLIRContext *context,
                                      llvm::raw_ostream &summary);

} // namespace dlc

#endif // DLC_LIB_DRIVER_MEMORYUSE_H
