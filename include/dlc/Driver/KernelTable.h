//===- KernelTable.h - How the kernels of a program came out ----*- C++ -*-===//

#ifndef DLC_DRIVER_KERNELTABLE_H
#define DLC_DRIVER_KERNELTABLE_H

#include "dlc/Schedule/CUDA/TargetDescription.h"
#include "dlc/Target/CUDA/Program.h"

namespace dlc {

/// The share of an SM's warps that the blocks of one kernel can be, from 0 to
/// 1; 0 if no block fits. (CUDA C++ Best Practices Guide, "Occupancy".)
double getOccupancy(const target::KernelReport &kernel,
                    const schedule::CudaTarget &target);

/// The table that `dlc -v` prints: a line for each kernel with registers,
/// shared memory, occupancy, grid and block.
std::string formatKernelTable(const target::CudaProgramReport &report);

} // namespace dlc

#endif // DLC_DRIVER_KERNELTABLE_H
