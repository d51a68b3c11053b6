//===- Statistics.h - What a program did -----------------------*- C++ -*-===//

#ifndef DLC_LIB_PTXSIM_DRIVER_STATISTICS_H
#define DLC_LIB_PTXSIM_DRIVER_STATISTICS_H

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/raw_ostream.h"

#include <cstdint>
#include <map>
#include <string>

namespace dlc::ptxsim::driver {

struct KernelStatistics {
  uint64_t launches = 0;
  double seconds = 0;
};

struct Statistics {
  /// API calls by name, without the suffix of the version.
  std::map<std::string, uint64_t, std::less<>> calls;
  std::map<std::string, KernelStatistics, std::less<>> kernels;
  uint64_t kernelLaunches = 0, graphLaunches = 0;
  /// Device memory: calls that took some, and those of them that came after the
  /// first launch of a kernel or graph.
  uint64_t deviceAllocations = 0, deviceAllocationsAfterLaunch = 0;
  uint64_t peakDeviceBytes = 0;
  /// Pinned or registered host memory.
  uint64_t hostAllocations = 0, hostAllocationsAfterLaunch = 0;
  uint64_t bytesToDevice = 0, bytesToHost = 0;
  uint64_t findings = 0, leaks = 0;

  void countCall(llvm::StringRef name);
  void countDeviceAllocation();
  void countHostAllocation();
  bool hasLaunched() const { return launched; }
  /// A launch was asked for; it may not have run yet.
  void noteLaunch() { launched = true; }

  void print(llvm::raw_ostream &os) const;
  void printJson(llvm::raw_ostream &os) const;

private:
  bool launched = false;
};

} // namespace dlc::ptxsim::driver

#endif // DLC_LIB_PTXSIM_DRIVER_STATISTICS_H
