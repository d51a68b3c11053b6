//===- Instance.h - A problem prepared for the solvers ----------*- C++ -*-===//
//
// Private to MemoryPlanning.
//
//===----------------------------------------------------------------------===//

#ifndef DLC_LIB_MEMORYPLANNING_INSTANCE_H
#define DLC_LIB_MEMORYPLANNING_INSTANCE_H

#include "dlc/MemoryPlanning/Solver.h"

#include <algorithm>
#include <chrono>

namespace dlc::memory {

/// Counts work and stops a search at the limits of SolverOptions.
class Budget {
public:
  explicit Budget(const SolverOptions &options)
      : workLimit(options.workLimit), timed(options.timeLimit > 0) {
    // A year is as good as no limit, and does not overflow.
    deadline =
        Clock::now() +
        std::chrono::duration_cast<Clock::duration>(
            std::chrono::duration<double>(std::min(options.timeLimit, 3.2e7)));
  }

  void spend(uint64_t steps) { work += steps; }
  uint64_t spent() const { return work; }
  bool isSpent() const { return work >= workLimit || timeIsUp(); }
  uint64_t remaining() const { return work < workLimit ? workLimit - work : 0; }
  bool timeIsUp() const { return timed && Clock::now() >= deadline; }

  /// A part of what remains; what is spent of it is for the caller to spend
  /// here too.
  Budget part(double fraction) const {
    Budget result = *this;
    result.work = 0;
    result.workLimit = remaining() == kNoLimit
                           ? kNoLimit
                           : static_cast<uint64_t>(
                                 static_cast<double>(remaining()) * fraction);
    Clock::time_point now = Clock::now();
    if (timed && deadline > now)
      result.deadline = now + std::chrono::duration_cast<Clock::duration>(
                                  (deadline - now) * fraction);
    return result;
  }

private:
  using Clock = std::chrono::steady_clock;
  static constexpr uint64_t kNoLimit = std::numeric_limits<uint64_t>::max();

  uint64_t work = 0;
  uint64_t workLimit;
  bool timed;
  Clock::time_point deadline;
};

/// xorshift64*: the same numbers everywhere.
class Random {
public:
  uint64_t next() {
    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;
    return state * 0x2545F4914F6CDD1DULL;
  }
  size_t below(size_t bound) { return (next() >> 32) % bound; }
  /// In [0, 1).
  double unit() { return static_cast<double>(next() >> 11) * 0x1p-53; }

private:
  uint64_t state = 0x9E3779B97F4A7C15ULL;
};

inline int64_t alignUp(int64_t value, int64_t alignment) {
  return alignment == 1 ? value
                        : (value + alignment - 1) / alignment * alignment;
}

/// What needs a place, sorted by start, and what conflicts: the buffers that
/// are not empty, those of an alias group as one item that lives from the first
/// start to the last end and is as large as the largest.
class Instance {
public:
  struct Item {
    int64_t lower, upper, size, alignment;
    int64_t fixed; // offset, or -1
  };

  explicit Instance(const Problem &problem);

  /// The plan of a placement of the items.
  Plan makePlan(const Problem &problem,
                const std::vector<int64_t> &offsets) const;

  /// Whether some item takes more than its alias group does, so that a problem
  /// may have smaller plans than the instance.
  bool isPessimistic() const { return pessimistic; }
  bool hasFixed() const { return anyFixed; }

  size_t count() const { return items.size(); }
  const Item &operator[](size_t i) const { return items[i]; }

  /// Calls `visit(j)` for each item that conflicts with item `i`.
  template <typename Visitor>
  void forConflicts(size_t i, Visitor &&visit) const {
    if (!firstConflict.empty()) {
      for (size_t k = firstConflict[i]; k < firstConflict[i + 1]; ++k)
        visit(conflicts[k]);
      return;
    }
    visitOverlapping(1, 0, leaves, i, visit);
  }

  /// Number of conflicts of item `i`.
  uint64_t degree(size_t i) const { return degrees[i]; }
  /// Pairs of items that conflict, each counted twice.
  uint64_t totalDegree() const { return degreeSum; }
  /// Whether lists of conflicts are stored (searches need them).
  bool hasConflictLists() const { return !firstConflict.empty(); }

private:
  void makeItems(const Problem &problem);
  void makeConflicts();

  /// Descends a segment tree over the items (sorted by start) that holds the
  /// largest end of each range.
  template <typename Visitor>
  void visitOverlapping(size_t node, size_t begin, size_t end, size_t i,
                        Visitor &&visit) const {
    if (begin >= items.size() || items[begin].lower >= items[i].upper ||
        maxUpper[node] <= items[i].lower)
      return;
    if (end - begin == 1) {
      if (begin != i)
        visit(static_cast<uint32_t>(begin));
      return;
    }
    size_t middle = (begin + end) / 2;
    visitOverlapping(2 * node, begin, middle, i, visit);
    visitOverlapping(2 * node + 1, middle, end, i, visit);
  }

  std::vector<Item> items;
  std::vector<int64_t> itemOf; // of a buffer; -1 where it needs no place
  bool pessimistic = false, anyFixed = false;
  uint64_t degreeSum = 0;
  std::vector<int64_t> maxUpper;
  size_t leaves = 1;
  std::vector<uint64_t> degrees;
  std::vector<size_t> firstConflict;
  std::vector<uint32_t> conflicts;
};

/// A placement of an instance's items.
struct Placement {
  std::vector<int64_t> offsets; // by item
  int64_t peak = 0;
};

/// What decides between items that are equal in an order.
enum class TieBreak { Size, Duration };

/// Items in the order that `order` names, fixed ones first.
std::vector<uint32_t> makeOrder(const Instance &instance, Order order,
                                TieBreak tieBreak = TieBreak::Size);

/// Places the items one by one; gives up and returns false as soon as the peak
/// reaches `giveUpAt`, or when the time is up and there is such a limit.
bool placeInOrder(const Instance &instance, const std::vector<uint32_t> &order,
                  Fit fit, int64_t giveUpAt, Placement &placement,
                  Budget &budget);

/// Improves `placement`, which `order` made, by moving items that reach the
/// peak forward in the order; stops at `goal`.
void improveOrder(const Instance &instance, std::vector<uint32_t> order,
                  Fit fit, int64_t goal, Placement &placement, Budget &budget);

enum class SearchOutcome {
  Found,       ///< the placement fits the capacity
  Infeasible,  ///< no placement fits
  LimitReached ///< nobody knows
};

/// Places the items that live at one busy time by different orders on top of
/// each other, then what begins later and what ended before, always further
/// away in time. Takes n log n time. Returns whether `best` was replaced by a
/// smaller placement; stops at `goal`.
bool placeOutwards(const Instance &instance, int64_t goal, Placement &best,
                   Budget &budget);

/// Whether searchExactly can handle an instance: it is not too large.
bool canSearchExactly(const Instance &instance);

/// Looks for a placement within `capacity` until all are tried, or for
/// `maxSteps` steps.
SearchOutcome searchExactly(const Instance &instance, int64_t capacity,
                            uint64_t maxSteps, Placement &placement,
                            Budget &budget);

} // namespace dlc::memory

#endif // DLC_LIB_MEMORYPLANNING_INSTANCE_H
