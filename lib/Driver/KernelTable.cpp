//===- KernelTable.cpp - How the kernels of a program came out ------------===//

#include "dlc/Driver/KernelTable.h"

#include "llvm/Support/Format.h"
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

std::string dlc::formatKernelTable(const target::CudaProgramReport &report) {
  std::string text;
  llvm::raw_string_ostream os(text);
  if (!report.arch)
    return text;
  size_t width = 6;
  for (const KernelReport &kernel : report.kernels)
    width = std::max(width, kernel.name.size());
  os << llvm::left_justify("kernel", width)
     << " launches       grid    block  regs  shared  spills\n";
  for (const KernelReport &kernel : report.kernels)
    os << llvm::left_justify(kernel.name, width)
       << llvm::format("%9llu %10s %8s %5u %7llu %7u\n",
                       static_cast<unsigned long long>(kernel.launches),
                       formatExtents(kernel.grid).c_str(),
                       formatExtents(kernel.block).c_str(),
                       kernel.usage.registers,
                       static_cast<unsigned long long>(
                           kernel.usage.sharedBytes + kernel.dynamicShared),
                       kernel.usage.spillStores + kernel.usage.spillLoads);
  return text;
}
