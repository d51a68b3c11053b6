//===- KernelTable.cpp - How the kernels of a program came out ------------===//

#include "dlc/Driver/KernelTable.h"

#include "llvm/Support/Format.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/raw_ostream.h"

using namespace dlc;
using target::KernelReport;

/// "56x56x4"; trailing ones are left out.
static std::string formatExtents(const std::array<uint32_t, 3> &extents) {
  std::string text = std::to_string(extents[0]);
  if (extents[1] > 1 || extents[2] > 1)
    text += "x" + std::to_string(extents[1]);
  if (extents[2] > 1)
    text += "x" + std::to_string(extents[2]);
  return text;
}

double dlc::getOccupancy(const KernelReport &kernel,
                         const schedule::CudaTarget &target) {
  constexpr int64_t warp = schedule::CudaTarget::warp;
  // Registers are given out to warps in pieces of 256; every block takes 1 KiB
  // of shared memory for the system, in pieces of 128 bytes.
  constexpr int64_t registerUnit = 256, sharedUnit = 128, sharedOfSystem = 1024;
  int64_t threads =
      int64_t(kernel.block[0]) * kernel.block[1] * kernel.block[2];
  if (threads == 0)
    return 0;
  int64_t warps = llvm::divideCeil(threads, warp);
  int64_t registers = llvm::alignTo(
      std::max<int64_t>(kernel.usage.registers, 1) * warp, registerUnit);
  int64_t shared = llvm::alignTo(kernel.usage.sharedBytes +
                                     kernel.dynamicShared + sharedOfSystem,
                                 sharedUnit);
  int64_t blocks = std::min(
      {target.blocksPerSM, target.threadsPerSM / (warps * warp),
       target.registersPerSM / registers / warps, target.sharedPerSM / shared});
  return double(blocks * warps) / double(target.threadsPerSM / warp);
}

std::string dlc::formatKernelTable(const target::CudaProgramReport &report) {
  std::string text;
  llvm::raw_string_ostream os(text);
  if (!report.arch)
    return text;
  std::optional<schedule::CudaTarget> target =
      schedule::CudaTarget::get(report.arch->getRealName());
  size_t width = 6;
  for (const KernelReport &kernel : report.kernels)
    width = std::max(width, kernel.name.size());
  os << llvm::left_justify("kernel", width)
     << " launches       grid    block  regs  shared  spills  occupancy on "
     << report.arch->getName() << "\n";
  for (const KernelReport &kernel : report.kernels) {
    os << llvm::left_justify(kernel.name, width)
       << llvm::format("%9llu %10s %8s %5u %7llu %7u",
                       static_cast<unsigned long long>(kernel.launches),
                       formatExtents(kernel.grid).c_str(),
                       formatExtents(kernel.block).c_str(),
                       kernel.usage.registers,
                       static_cast<unsigned long long>(
                           kernel.usage.sharedBytes + kernel.dynamicShared),
                       kernel.usage.spillStores + kernel.usage.spillLoads);
    if (target)
      os << llvm::format("  %8.0f %%", 100 * getOccupancy(kernel, *target));
    os << "\n";
  }
  return text;
}
