//===- Problem.h - Offline memory planning --------------------*- C++ -*-===//
//
// Static memory planning ("dynamic storage allocation" with all lifetimes known
// beforehand): buffers with a half-open interval of life and a size are given
// offsets in one arena so that no two that live at the same time share a byte,
// and the arena is as small as possible. NP-hard in general.
//
// This library knows nothing of compilers: C++ standard library only.
//
//===----------------------------------------------------------------------===//

#ifndef DLC_MEMORYPLANNING_PROBLEM_H
#define DLC_MEMORYPLANNING_PROBLEM_H

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

namespace dlc::memory {

/// A capacity that is never reached.
inline constexpr int64_t kUnlimited = std::numeric_limits<int64_t>::max();

/// One buffer: alive at times t with lower <= t < upper.
struct Buffer {
  std::string id;
  int64_t lower = 0;
  int64_t upper = 0;
  int64_t size = 0;
  /// The offset is a multiple of this (>= 1).
  int64_t alignment = 1;
  /// Where the buffer must lie, if that is given.
  std::optional<int64_t> offset = std::nullopt;
};

/// Whether two buffers may not share bytes. Empty buffers never conflict.
inline bool conflict(const Buffer &a, const Buffer &b) {
  return a.lower < b.upper && b.lower < a.upper && a.size > 0 && b.size > 0 &&
         a.lower < a.upper && b.lower < b.upper;
}

struct Problem {
  std::vector<Buffer> buffers;
};

/// An offset for each buffer of a problem, in its order.
struct Plan {
  std::vector<int64_t> offsets;
};

/// The first byte above all buffers; 0 for an empty problem.
int64_t peak(const Problem &problem, const Plan &plan);

/// The largest sum of bytes alive at one time (and, with fixed offsets, the
/// largest end of a fixed buffer): no plan needs less.
int64_t lowerBound(const Problem &problem);

/// What makes a problem unsolvable as given (negative sizes, ends before
/// starts, sums that overflow, fixed offsets that are misaligned or overlap);
/// empty where nothing does. Solvers want problems without faults.
std::string describeFault(const Problem &problem);

} // namespace dlc::memory

#endif // DLC_MEMORYPLANNING_PROBLEM_H
