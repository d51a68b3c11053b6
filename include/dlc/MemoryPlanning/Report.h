//===- Report.h - What a plan uses memory for -----------------*- C++ -*-===//
//
// A memory plan for people: a page for the browser, JSON, a few lines of text.
//
//===----------------------------------------------------------------------===//

#ifndef DLC_MEMORYPLANNING_REPORT_H
#define DLC_MEMORYPLANNING_REPORT_H

#include "dlc/MemoryPlanning/Problem.h"

#include <ostream>

namespace dlc::memory {

/// One buffer of the arena.
struct SlotReport {
  std::string name;     ///< of the slot
  std::string location; ///< node of the model, may be empty
  int64_t offset = 0;   ///< in bytes, as all that follows
  int64_t size = 0;
  int64_t first = 0;            ///< launch that touches it first
  int64_t last = 0;             ///< last launch that touches it
  std::string kind;             ///< what makes its contents: "conv", "copy", …
  std::vector<int64_t> writers; ///< launches, ascending
  std::vector<int64_t> readers; ///< launches, ascending
};

/// One constant.
struct ConstantReport {
  std::string name;
  std::string location;
  int64_t offset = 0;
  int64_t size = 0;
  std::vector<int64_t> readers; ///< launches, ascending
};

/// One step of the program.
struct LaunchReport {
  std::string kernel;
  std::string location; ///< node of the model, may be empty
};

/// The memory of a program.
struct Report {
  std::string title;
  int64_t weightsBytes = 0;
  int64_t arenaBytes = 0;
  int64_t alignment = 1;
  /// The largest sum of bytes alive at one launch.
  int64_t lowerBound = 0;
  std::vector<SlotReport> slots;         ///< in the order of first
  std::vector<ConstantReport> constants; ///< in the order of offset
  std::vector<LaunchReport> launches;    ///< may be empty: not known

  /// Arena bytes over the lower bound, 1 for an empty arena.
  double ratio() const {
    return lowerBound > 0 ? static_cast<double>(arenaBytes) /
                                static_cast<double>(lowerBound)
                          : 1.0;
  }
};

/// Where the most bytes are alive.
struct Peak {
  int64_t launch = 0;
  int64_t bytes = 0;
  std::vector<size_t> slots; ///< alive then, larger ones first
};
Peak findPeak(const Report &report);

/// The report of a plan on its own: a buffer is a slot.
Report makeReport(const Problem &problem, const Plan &plan);

/// "7.0 MiB"; bytes below a KiB.
std::string formatBytes(int64_t bytes);

/// One line: "weights 97.5 MiB, arena 7.0 MiB, lower bound 7.0 MiB,
/// ratio 1.000".
std::string summarize(const Report &report);

/// Lines that say where the peak is and which values hold it, `count` at most.
std::string describePeak(const Report &report, size_t count);

/// Everything that the report knows, as one JSON object. Text that is not
/// UTF-8 is repaired.
void writeJson(std::ostream &out, const Report &report);

/// One page that needs nothing else, with the same content.
void writePage(std::ostream &out, const Report &report);

} // namespace dlc::memory

#endif // DLC_MEMORYPLANNING_REPORT_H
