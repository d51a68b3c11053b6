//===- AsyncCopies.h - cp.async of one warp --------------------*- C++ -*-===//

#ifndef DLC_LIB_PTXSIM_ASYNCCOPIES_H
#define DLC_LIB_PTXSIM_ASYNCCOPIES_H

#include "Context.h"

#include "llvm/ADT/STLFunctionalExtras.h"

#include <deque>

namespace dlc::ptxsim {

/// Copies that a warp has issued and not waited for. Groups are those of single
/// threads, as the ISA says: each lane counts its own commits.
class AsyncCopies {
public:
  struct Copy {
    uint32_t lanes = 0;
    uint32_t bytes = 0;
    unsigned line = 0;
    uint32_t group[warpSize];
    uint64_t to[warpSize], from[warpSize];
    uint32_t sourceBytes[warpSize];
  };

  void clear() {
    pending.clear();
    for (uint32_t &count : committed)
      count = 0;
  }
  bool isEmpty() const { return pending.empty(); }

  void add(uint32_t lanes, uint32_t bytes, unsigned line, const uint64_t *to,
           const uint64_t *from, const uint32_t *sourceBytes);
  void commit(uint32_t lanes);
  /// Finishes the copies of these lanes but for the last `keep` groups of each;
  /// ~0: all copies, committed or not. `visit` is told of each and its lanes.
  void wait(uint32_t lanes, uint32_t keep,
            llvm::function_ref<void(const Copy &, uint32_t)> visit);

private:
  /// Copies now the elements of the lanes.
  static void perform(const Copy &copy, uint32_t lanes);

  std::deque<Copy> pending;
  uint32_t committed[warpSize] = {};
};

} // namespace dlc::ptxsim

#endif // DLC_LIB_PTXSIM_ASYNCCOPIES_H
