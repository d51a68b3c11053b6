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

/// Sizes, alignments and fixed offsets may sum to this (7.5 * 2^60): what the
/// solvers add up stays below 2^63.
inline constexpr int64_t kMaxBytes = 15 * (int64_t(1) << 59);

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
  /// Buffers with the same name here (not empty) get the same offset and may
  /// share bytes: different views or states of one piece of memory.
  std::string alias = {};
};

/// Whether a buffer takes memory at some time. Empty ones lie anywhere.
inline bool needsMemory(const Buffer &buffer) {
  return buffer.size > 0 && buffer.lower < buffer.upper;
}

/// Whether two buffers may not share bytes.
inline bool conflict(const Buffer &a, const Buffer &b) {
  return a.lower < b.upper && b.lower < a.upper && needsMemory(a) &&
         needsMemory(b) && (a.alias.empty() || a.alias != b.alias);
}

struct Problem {
  std::vector<Buffer> buffers;
};

/// An offset for each buffer of a problem, in its order.
struct Plan {
  std::vector<int64_t> offsets;
};

/// The first byte above all buffers that need memory; 0 where none does.
int64_t peak(const Problem &problem, const Plan &plan);

/// The largest sum of bytes alive at one time, of aliases the largest one (and,
/// with fixed offsets, the largest end of a fixed buffer): no plan needs less.
int64_t lowerBound(const Problem &problem);

/// What makes a problem unsolvable as given (negative sizes, ends before
/// starts, sizes that sum to more than kMaxBytes, fixed offsets that are
/// misaligned, overlap, or differ within an alias group); empty where nothing
/// does. Solvers want problems without faults.
std::string describeFault(const Problem &problem);

} // namespace dlc::memory

#endif // DLC_MEMORYPLANNING_PROBLEM_H
