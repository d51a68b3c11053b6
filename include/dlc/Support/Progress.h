//===- Progress.h - What a long-running tool is doing -----------*- C++ -*-===//

#ifndef DLC_SUPPORT_PROGRESS_H
#define DLC_SUPPORT_PROGRESS_H

#include "llvm/Support/raw_ostream.h"

#include <chrono>
#include <mutex>
#include <string>
#include <vector>

namespace dlc {

/// Shows phases and a percentage: one line that is rewritten on a terminal,
/// nothing in a pipe, one line a finished phase with its time when verbose.
class Progress {
public:
  struct Step {
    std::string name;
    /// Share of the whole time, in any unit.
    double weight;
  };

  Progress(llvm::raw_ostream &os, std::vector<Step> steps, bool verbose);
  ~Progress() { clear(); }

  /// Begins the step `name`; those before it count as done.
  void begin(llvm::StringRef name);
  /// Reports how much of the current step is done, 0 to 1. Thread-safe.
  void update(double fraction);
  /// Ends the last step.
  void finish();
  /// Removes the line from the terminal, before something else is printed.
  void clear();

private:
  void draw(double fraction);
  void closeStep();

  llvm::raw_ostream &os;
  std::vector<Step> steps;
  bool verbose, terminal;
  size_t current = 0;
  bool running = false;
  int lastPercent = -1;
  bool drawn = false;
  std::chrono::steady_clock::time_point start;
  std::mutex mutex;
};

} // namespace dlc

#endif // DLC_SUPPORT_PROGRESS_H
