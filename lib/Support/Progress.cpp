//===- Progress.cpp - What a long-running tool is doing -------------------===//

#include "dlc/Support/Progress.h"

#include "llvm/Support/Format.h"

using namespace dlc;

Progress::Progress(llvm::raw_ostream &os, std::vector<Step> steps, bool verbose)
    : os(os), steps(std::move(steps)), verbose(verbose),
      // In a pipe, and with the lines of -v, nothing is redrawn.
      terminal(!verbose && os.is_displayed()) {}

void Progress::begin(llvm::StringRef name) {
  std::lock_guard<std::mutex> lock(mutex);
  closeStep();
  for (current = 0; current < steps.size(); ++current)
    if (steps[current].name == name)
      break;
  running = true;
  start = std::chrono::steady_clock::now();
  draw(0);
}

void Progress::update(double fraction) {
  std::lock_guard<std::mutex> lock(mutex);
  if (running)
    draw(fraction);
}

void Progress::finish() {
  std::lock_guard<std::mutex> lock(mutex);
  closeStep();
}

void Progress::closeStep() {
  if (!running)
    return;
  running = false;
  if (!verbose || current >= steps.size())
    return;
  std::chrono::duration<double> seconds =
      std::chrono::steady_clock::now() - start;
  os << llvm::format("%8.2f s  ", seconds.count()) << steps[current].name
     << "\n";
}

void Progress::draw(double fraction) {
  if (!terminal || current >= steps.size())
    return;
  double done = 0, total = 0;
  for (size_t i = 0; i < steps.size(); ++i) {
    total += steps[i].weight;
    if (i < current)
      done += steps[i].weight;
  }
  done += steps[current].weight * std::min(1.0, std::max(0.0, fraction));
  int percent = total > 0 ? static_cast<int>(100 * done / total) : 0;
  if (drawn && percent == lastPercent && fraction > 0)
    return;
  lastPercent = percent;
  drawn = true;
  os << "\r\033[K[" << llvm::format("%3d", percent) << "%] "
     << steps[current].name;
  os.flush();
}

void Progress::clear() {
  std::lock_guard<std::mutex> lock(mutex);
  if (!drawn)
    return;
  drawn = false;
  os << "\r\033[K";
  os.flush();
}
