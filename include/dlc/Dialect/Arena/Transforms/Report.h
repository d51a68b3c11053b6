//===- Report.h - What a program's memory is used for -----------*- C++ -*-===//

#ifndef DLC_DIALECT_ARENA_TRANSFORMS_REPORT_H
#define DLC_DIALECT_ARENA_TRANSFORMS_REPORT_H

#include "mlir/IR/BuiltinOps.h"

#include <optional>
#include <string>
#include <vector>

namespace dlc::arena {

/// One buffer of the arena.
struct SlotReport {
  std::string name;     ///< symbol of the slot
  std::string location; ///< what in the model it holds, may be empty
  int64_t offset = 0;
  int64_t size = 0;
  int64_t first = 0; ///< launch that writes it first
  int64_t last = 0;  ///< last launch that touches it
};

/// One constant.
struct ConstantReport {
  std::string name;
  std::string location;
  int64_t offset = 0;
  int64_t size = 0;
};

/// The memory of a program.
struct MemoryReport {
  int64_t weightsBytes = 0;
  int64_t arenaBytes = 0;
  int64_t alignment = 1;
  /// The largest sum of bytes alive at one launch.
  int64_t lowerBound = 0;
  std::vector<SlotReport> slots;         ///< in the order of first
  std::vector<ConstantReport> constants; ///< in the order of offset

  /// Arena bytes over the lower bound, 1 for an empty arena.
  double ratio() const {
    return lowerBound > 0 ? static_cast<double>(arenaBytes) / lowerBound : 1.0;
  }
};

/// Reads the report off a module with an arena.layout; nothing without one.
std::optional<MemoryReport> collectMemoryReport(mlir::ModuleOp module);

/// One line: "weights 97.5 MiB, arena 7.0 MiB, lower bound 7.0 MiB,
/// ratio 1.000".
std::string summarize(const MemoryReport &report);

} // namespace dlc::arena

#endif // DLC_DIALECT_ARENA_TRANSFORMS_REPORT_H
