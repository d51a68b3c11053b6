//===- Copy.h - Copies and fills of memory ---------------------*- C++ -*-===//

#ifndef DLC_LIB_PTXSIM_DRIVER_COPY_H
#define DLC_LIB_PTXSIM_DRIVER_COPY_H

#include "Driver.h"

namespace dlc::ptxsim::driver {

/// One side of a copy: `depth` slices of `height` rows of `width` bytes.
struct CopySide {
  uint64_t address = 0;
  /// Bytes from a row to the next, and from a slice to the next.
  uint64_t pitch = 0, slice = 0;
  CUmemorytype type = CU_MEMORYTYPE_UNIFIED;
  /// The block that holds all of it; null for pageable host memory.
  const MemoryBlock *block = nullptr;

  uint64_t row(uint64_t y, uint64_t z) const {
    return address + z * slice + y * pitch;
  }
};

/// A copy of `bytes` bytes between two addresses of the given types.
CopyWork linearCopy(CUmemorytype dstType, uint64_t dst, CUmemorytype srcType,
                    uint64_t src, size_t bytes);
CopyWork from2D(const CUDA_MEMCPY2D &copy);

/// Finds the memory of both sides; explains what is wrong with it.
CUresult resolve(const CUDA_MEMCPY3D &copy, CopySide &dst, CopySide &src);

CUresult executeCopy(const CopyWork &work);
CUresult validateFill(const CUDA_MEMSET_NODE_PARAMS &fill);
CUresult executeFill(const FillWork &work);

} // namespace dlc::ptxsim::driver

#endif // DLC_LIB_PTXSIM_DRIVER_COPY_H
