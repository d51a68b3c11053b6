//===- Context.h - What compiled kernels see of the engine -----*- C++ -*-===//
//
// The binary interface between compiled kernels and the engine: one WarpContext
// a warp, read by offset, and a table of routines, called by index. A compiled
// kernel refers to nothing else, so that it can be kept in a file. Change
// `abiVersion` with anything here.
//
//===----------------------------------------------------------------------===//

#ifndef DLC_LIB_PTXSIM_CONTEXT_H
#define DLC_LIB_PTXSIM_CONTEXT_H

#include <cstddef>
#include <cstdint>

namespace dlc::ptxsim {

inline constexpr unsigned abiVersion = 4;
inline constexpr unsigned warpSize = 32;

/// Routines that compiled kernels call.
enum class Routine : unsigned {
#define PTX_ROUTINE(NAME) NAME,
#include "Routines.def"
  Count
};

class BlockRunner;

struct WarpContext {
  const uint8_t *params = nullptr;
  uint8_t *shared = nullptr;
  /// Local memory of lane 0; lane l has its own `localStride * l` behind it.
  uint8_t *local = nullptr;
  uint64_t localStride = 0;
  /// Bytes of each lane's local memory that are in use.
  uint64_t localTop = 0;
  void *const *routines = nullptr;
  /// Addresses of the module's variables, by index.
  const uint64_t *variables = nullptr;
  BlockRunner *runner = nullptr;
  uint32_t ntid[3] = {}, nctaid[3] = {}, ctaid[3] = {};
  uint32_t warp = 0, warps = 0;
  /// Rounds of loops until the engine is asked whether others have a turn.
  uint32_t rounds = 0;
  /// The block's place among those that run at the same time.
  uint32_t resident = 0;
  uint32_t initialMask = 0;
  uint32_t dynamicShared = 0, totalShared = 0;
  uint32_t multiprocessors = 0;
  uint64_t gridId = 0;
  /// Memory of a cooperative launch, which CUDA's grid barrier counts in; 0 in
  /// other launches.
  uint64_t gridWorkspace = 0;
  /// The result of the last bar.red.
  uint32_t barrierResult = 0;
  alignas(256) uint32_t tid[3][warpSize] = {};
  /// Where lanes that do not take part read and write.
  alignas(64) uint8_t dummy[64] = {};
};

/// A compiled kernel: runs one warp to its end.
using KernelEntry = void (*)(WarpContext *);

/// The state space of a checked access.
enum class AccessSpace : uint32_t { Generic, Global, Shared, Local, Const };

/// Flags of a checked access.
enum AccessFlags : uint32_t {
  AccessRead = 1,
  AccessWrite = 2,
  AccessAtomic = 4,
  /// By the warp as a whole: which lane moves what is not known.
  AccessCollective = 8,
  /// From this bit on: how many bytes at the end of a load nothing reads. (LLVM
  /// makes three loads one of four elements, and seven of 16 bits one of 16
  /// bytes, where the alignment says that there is another one.)
  AccessUnusedShift = 8,
};

} // namespace dlc::ptxsim

#endif // DLC_LIB_PTXSIM_CONTEXT_H
