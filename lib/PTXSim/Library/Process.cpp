//===- Process.cpp - The library in the process of a program --------------===//
//
// Reports leaks and statistics when the process ends. Handlers that the program
// gave to atexit, and its destructors, have run by then; LLVM's statics may be
// gone.
//
//===----------------------------------------------------------------------===//

#include "../Driver/Driver.h"

#include "llvm/Support/raw_ostream.h"

#include <cstdio>
#include <cstdlib>
#include <unistd.h>

namespace dlc::ptxsim::driver {

/// The process that loaded the library, not a fork of it.
static pid_t process;

static void reportLeaks(Driver &driver) {
  for (auto &[begin, block] : driver.memory.getBlocks()) {
    if (block.kind == MemoryKind::Module)
      continue;
    ++driver.statistics.leaks;
    driver.findings.report("leak: " + std::to_string(block.allocation.bytes) +
                           " bytes by " + block.api + " were not freed");
  }
}

static void writeStatistics(Driver &driver) {
  driver.statistics.peakDeviceBytes = driver.memory.getPeakBytes();
  driver.statistics.findings = driver.findings.getCount();
  if (driver.settings.statsFile.empty()) {
    // llvm::errs() is gone by now
    std::string text;
    llvm::raw_string_ostream stream(text);
    driver.statistics.print(stream);
    std::fputs(text.c_str(), stderr);
    return;
  }
  std::error_code error;
  llvm::raw_fd_ostream file(driver.settings.statsFile, error);
  if (!error) {
    driver.statistics.printJson(file);
    file.close();
    error = file.error();
    file.clear_error();
  }
  if (error)
    std::fprintf(stderr, "dlc-sim: cannot write %s: %s\n",
                 driver.settings.statsFile.c_str(), error.message().c_str());
}

__attribute__((constructor)) static void atLoad() { process = getpid(); }

__attribute__((destructor)) static void atUnload() {
  Driver &driver = Driver::get();
  if (getpid() != process || !driver.initialized)
    return;
  // a program that fails may leave things behind
  if (driver.settings.checks && driver.exitStatus == 0 &&
      !driver.findings.hasFault())
    reportLeaks(driver);
  if (driver.settings.stats)
    writeStatistics(driver);
  if (driver.exitStatus == 0 && driver.findings.getCount() > 0) {
    std::fflush(nullptr);
    _exit(kCheckFailedExitCode);
  }
}

} // namespace dlc::ptxsim::driver
