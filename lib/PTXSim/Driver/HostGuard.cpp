//===- HostGuard.cpp - Device memory is closed to host code ---------------===//

#include "HostGuard.h"
#include "Driver.h"

#include <csignal>
#include <cstdio>
#include <sys/mman.h>

namespace dlc::ptxsim::driver {

/// Explains a segmentation fault that has to do with the simulator; the program
/// then ends by it, as it would have.
static void explainFault(int signal, siginfo_t *info, void *) {
  const Driver &driver = Driver::get();
  auto address = reinterpret_cast<uint64_t>(info->si_addr);
  if (!driver.runningKernel.empty())
    std::fprintf(
        stderr, "dlc-sim: segmentation fault at 0x%llx in kernel %s: %s\n",
        static_cast<unsigned long long>(address), driver.runningKernel.c_str(),
        driver.memory.describe(address).c_str());
  else if (driver.memory.isDeviceAddress(address))
    std::fprintf(stderr,
                 "dlc-sim: host code accesses device memory at 0x%llx, %s\n",
                 static_cast<unsigned long long>(address),
                 driver.memory.describe(address).c_str());
  std::signal(signal, SIG_DFL);
}

void HostGuard::initialize() {
  key = pkey_alloc(0, PKEY_DISABLE_ACCESS);
  struct sigaction old = {}, ours = {};
  sigaction(SIGSEGV, nullptr, &old);
  if ((old.sa_flags & SA_SIGINFO) || old.sa_handler != SIG_DFL)
    return; // the program has its own
  ours.sa_sigaction = explainFault;
  ours.sa_flags = SA_SIGINFO;
  sigaction(SIGSEGV, &ours, nullptr);
}

void HostGuard::close(uint64_t begin, uint64_t bytes) const {
  if (key >= 0)
    pkey_mprotect(reinterpret_cast<void *>(begin), bytes,
                  PROT_READ | PROT_WRITE, key);
}

HostGuard::Opened::Opened(const HostGuard &guard) : key(guard.key) {
  if (threadState().callDepth++ == 0 && key >= 0)
    pkey_set(key, 0);
}

HostGuard::Opened::~Opened() {
  if (--threadState().callDepth == 0 && key >= 0)
    pkey_set(key, PKEY_DISABLE_ACCESS);
}

} // namespace dlc::ptxsim::driver
