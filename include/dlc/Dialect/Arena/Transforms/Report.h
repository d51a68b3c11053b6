//===- Report.h - What a program's memory is used for -----------*- C++ -*-===//

#ifndef DLC_DIALECT_ARENA_TRANSFORMS_REPORT_H
#define DLC_DIALECT_ARENA_TRANSFORMS_REPORT_H

#include "dlc/MemoryPlanning/Report.h"

#include "mlir/IR/BuiltinOps.h"

#include <optional>

namespace dlc::arena {

using MemoryReport = memory::Report;
using memory::ConstantReport;
using memory::LaunchReport;
using memory::SlotReport;
using memory::summarize;

/// Reads the report off a module with an arena.layout; nothing without one.
/// Launches, and what reads and writes what, are known at level `arena` only.
std::optional<MemoryReport> collectMemoryReport(mlir::ModuleOp module);

} // namespace dlc::arena

#endif // DLC_DIALECT_ARENA_TRANSFORMS_REPORT_H
