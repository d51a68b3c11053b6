//===- KernelTable.h - How the kernels of a program came out ----*- C++ -*-===//

#ifndef DLC_DRIVER_KERNELTABLE_H
#define DLC_DRIVER_KERNELTABLE_H

#include "dlc/Target/CUDA/Program.h"

namespace dlc {

/// The table that `dlc -v` prints: a line for each kernel with registers,
/// shared memory, occupancy, grid and block.
std::string formatKernelTable(const target::CudaProgramReport &report);

} // namespace dlc

#endif // DLC_DRIVER_KERNELTABLE_H
