//===- AsyncCopies.h - cp.async of one warp --------------------*- C++ -*-===//

#ifndef DLC_LIB_PTXSIM_ASYNCCOPIES_H
#define DLC_LIB_PTXSIM_ASYNCCOPIES_H

#include "Context.h"

#include "llvm/ADT/STLFunctionalExtras.h"

#include <vector>

namespace dlc::ptxsim {

/// Copies that a warp has issued and not waited for. Groups are those of single
/// threads, as the ISA says: each lane counts its own commits.
class AsyncCopies {
public:
  struct Copy {
    uint32_t lanes;
    uint32_t bytes;
    unsigned line;
    /// Whether `sourceBytes` counts; otherwise all lanes copy `bytes`.
    bool isPartial;
    uint32_t group[warpSize];
    uint64_t to[warpSize], from[warpSize];
    uint32_t sourceBytes[warpSize];
  };

  void clear() {
    first = end = 0;
    isUniform = true;
    for (uint32_t &count : committed)
      count = 0;
  }
  bool isEmpty() const { return first == end; }

  void add(uint32_t lanes, uint32_t bytes, unsigned line, const uint64_t *to,
           const uint64_t *from, const uint32_t *sourceBytes);
  void commit(uint32_t lanes);
  /// Finishes the copies of these lanes but for the last `keep` groups of each;
  /// ~0: all copies, committed or not. `visit` is told of each and its lanes.
  void wait(uint32_t lanes, uint32_t keep,
            llvm::function_ref<void(const Copy &, uint32_t)> visit);

private:
  /// The lanes of a copy that are not in the last `keep` groups.
  uint32_t readyLanes(const Copy &copy, uint32_t keep) const;

  /// Copies that wait are [first, end); the memory of others is used again.
  std::vector<Copy> pending;
  size_t first = 0, end = 0;
  uint32_t committed[warpSize] = {};
  /// All lanes have committed together, always.
  bool isUniform = true;
};

} // namespace dlc::ptxsim

#endif // DLC_LIB_PTXSIM_ASYNCCOPIES_H
