//===- TargetDescription.h - The GPU that kernels are made for -*- C++ -*-===//

#ifndef DLC_SCHEDULE_CUDA_TARGETDESCRIPTION_H
#define DLC_SCHEDULE_CUDA_TARGETDESCRIPTION_H

#include "llvm/ADT/StringRef.h"
#include <cstdint>
#include <limits>
#include <optional>

namespace dlc::schedule {

/// The properties of a GPU that the choice of strategies and tiles depends on.
/// The only place where they are known. Sources: CUDA C++ Programming Guide,
/// "Compute Capabilities", and the makers' data sheets. Times are in clock
/// cycles, rates per clock cycle and multiprocessor (SM).
struct CudaTarget {
  /// Number of SMs of the usual product.
  int64_t multiprocessors = 108;
  /// 32-bit registers of an SM, and the most that one thread can have.
  int64_t registersPerSM = 65536;
  int64_t registersPerThread = 255;
  int64_t threadsPerSM = 2048;
  int64_t blocksPerSM = 32;
  /// Bytes of shared memory of an SM, and the most that a block can have:
  /// statically, and if the launch asks for it. The latter on all GPUs that run
  /// the code: that for sm_80 runs on 8.6 and 8.9 as well, and PTX on whatever
  /// comes later; only code with a suffix (sm_90a) is for one architecture.
  int64_t sharedPerSM = 164 << 10;
  int64_t staticShared = 48 << 10;
  int64_t sharedPerBlock = 99 << 10;
  /// f32 multiply-adds.
  double fmaRate = 64;
  /// Instructions that multiply and add integers of 32 bits, or four bytes
  /// ("Throughput of Native Arithmetic Instructions").
  double integerRate = 64;
  /// Multiply-adds of the tensor cores with f16 or bf16 operands; tf32: half.
  double tensorRate = 1024;
  /// Bytes from and to device memory, and from the second-level cache.
  double memoryRate = 10.2;
  double cacheRate = 32;
  /// Cycles until data come from device memory.
  double memoryLatency = 500;
  /// Time of one more kernel in a graph, in cycles.
  double launchTime = 2500;
  /// Asynchronous copies from global to shared memory (sm_80 and up).
  bool asyncCopies = true;
  /// Bytes of partial results that blocks of a contraction may hand on to a
  /// second kernel: no property of the GPU, but of what the user allows.
  int64_t maxPartialBytes = std::numeric_limits<int64_t>::max();

  static constexpr int64_t warp = 32;
  /// The widest access of one thread, in bytes.
  static constexpr int64_t vectorBytes = 16;

  /// The description of `arch`: "sm_80", "sm_86", "sm_90a", … Nothing if it is
  /// not known.
  static std::optional<CudaTarget> get(llvm::StringRef arch);
};

} // namespace dlc::schedule

#endif // DLC_SCHEDULE_CUDA_TARGETDESCRIPTION_H
