//===- CudaArch.h - Which GPUs to make code for -----------------*- C++ -*-===//

#ifndef DLC_TARGET_CUDA_CUDAARCH_H
#define DLC_TARGET_CUDA_CUDAARCH_H

#include "llvm/Support/Error.h"

#include <string>
#include <vector>

namespace dlc::target {

/// An architecture as --arch= names it.
struct CudaArch {
  /// 10 * major + minor of the compute capability.
  unsigned number = 0;
  /// 'a': features of exactly this one, 'f': of its family, 0: neither.
  char suffix = 0;
  /// compute_80: PTX only, for the driver's own compiler.
  bool isVirtual = false;

  /// "sm_90a", "compute_80".
  std::string getName() const;
  /// The one that LLVM and ptxas generate code for: "sm_90a".
  std::string getRealName() const;
  /// The compute capabilities that machine code, or PTX, for it runs on; both
  /// ends inclusive.
  std::pair<uint32_t, uint32_t> getCubinRange() const;
  std::pair<uint32_t, uint32_t> getPtxRange() const;

  bool operator==(const CudaArch &other) const {
    return number == other.number && suffix == other.suffix &&
           isVirtual == other.isVirtual;
  }
  bool operator<(const CudaArch &other) const;
};

/// The value of --arch if there is none: machine code for the data centre GPUs
/// in use; their PTX serves others.
inline constexpr const char *kDefaultCudaArchs[] = {"sm_80", "sm_90"};

/// Resolves what a user writes: "sm_90a", "compute_80", or "native" (the GPUs
/// of this machine, asked of the driver). The result is sorted, without
/// repetitions, never empty. Kernels are scheduled for the first one, so that
/// they run on all.
llvm::Expected<std::vector<CudaArch>>
resolveCudaArchs(llvm::ArrayRef<std::string> names);

} // namespace dlc::target

#endif // DLC_TARGET_CUDA_CUDAARCH_H
