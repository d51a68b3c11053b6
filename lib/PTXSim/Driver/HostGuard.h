//===- HostGuard.h - Device memory is closed to host code ------*- C++ -*-===//
//
// On a GPU, host code that follows a device pointer crashes. Here the memory is
// the process's own, so it is closed by a protection key (x86, "Memory
// Protection Keys for Userspace") except while the driver works. Where the CPU
// or the kernel has no keys, such mistakes are not seen.
//
//===----------------------------------------------------------------------===//

#ifndef DLC_LIB_PTXSIM_DRIVER_HOSTGUARD_H
#define DLC_LIB_PTXSIM_DRIVER_HOSTGUARD_H

#include <cstdint>

namespace dlc::ptxsim::driver {

class HostGuard {
public:
  /// Takes a key, and lets a segmentation fault say what it was about.
  void initialize();
  /// Closes accessible pages to host code.
  void close(uint64_t begin, uint64_t bytes) const;

  /// Opens all device memory to this thread.
  class Opened {
  public:
    explicit Opened(const HostGuard &guard);
    ~Opened();
    Opened(const Opened &) = delete;
    Opened &operator=(const Opened &) = delete;

  private:
    int key;
  };

private:
  int key = -1;
};

} // namespace dlc::ptxsim::driver

#endif // DLC_LIB_PTXSIM_DRIVER_HOSTGUARD_H
