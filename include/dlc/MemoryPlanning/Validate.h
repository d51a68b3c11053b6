//===- Validate.h - Checks a memory plan ----------------------*- C++ -*-===//
//
// Independent of the solvers: one sweep over time with an ordered map of the
// live address ranges.
//
//===----------------------------------------------------------------------===//

#ifndef DLC_MEMORYPLANNING_VALIDATE_H
#define DLC_MEMORYPLANNING_VALIDATE_H

#include "dlc/MemoryPlanning/Problem.h"

#include <cstddef>

namespace dlc::memory {

/// One way in which a plan is wrong.
struct Violation {
  enum class Kind {
    Count,      ///< the plan has another number of offsets than buffers
    OutOfRange, ///< `first` begins below 0 or ends above the capacity
    Misaligned, ///< the offset of `first` is not a multiple of its alignment
    NotFixed,   ///< `first` is not at its fixed offset
    NotAliased, ///< `second` is not at the offset of its alias `first`
    Overlap,    ///< `first` and `second` are alive together and share bytes
  };
  Kind kind;
  size_t first = 0;
  size_t second = 0;
};

/// Finds violations in a plan: all of the kinds that concern one buffer, and
/// for each buffer that overlaps others at least one such overlap. An empty
/// result means that the plan is right.
std::vector<Violation> validate(const Problem &problem, const Plan &plan,
                                int64_t capacity = kUnlimited);

/// One line about a violation, naming the buffers by their ids.
std::string describe(const Problem &problem, const Plan &plan,
                     const Violation &violation);

} // namespace dlc::memory

#endif // DLC_MEMORYPLANNING_VALIDATE_H
