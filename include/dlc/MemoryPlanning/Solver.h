//===- Solver.h - Finds memory plans --------------------------*- C++ -*-===//
//
// The portfolio: greedy placements of several orders, placements outwards from
// the peak, an exhaustive search for up to some thousand buffers, and an
// iterated search over orders; each stops at the lower bound. Literature:
//
//  - M. Moffitt, "MiniMalloc: A Lightweight Memory Allocator for
//    Hardware-Accelerated Machine Learning", ASPLOS 2023: the exhaustive search
//    over canonical plans, section-wise inference, decomposition, preferences.
//    What is new here is told in ExactSearch.cpp.
//  - M. Maas, U. Beaugnon, A. Chauhan, B. Ilbeyi, "TelaMalloc: Efficient
//    On-Chip Memory Allocation for Production Machine Learning Accelerators",
//    ASPLOS 2023: contention as a preference, portfolios of heuristics.
//  - Y. Pisarchyk, J. Lee, "Efficient Memory Management for Deep Neural Net
//    Inference", MLSys 2020 workshop: greedy by size with best fit.
//  - A. L. Buchsbaum, H. Karloff, C. Kenyon, N. Reingold, M. Thorup,
//    "OPT versus LOAD in Dynamic Storage Allocation", STOC 2003, and
//    C. Lamprakos et al., "Futureproof Static Memory Planning" (idealloc),
//    arXiv:2504.04874: what lives at one critical time first, the rest to both
//    sides. Instead of boxes of equal height, holes of a heap are used here.
//  - C. P. Gomes, B. Selman, H. Kautz, "Boosting Combinatorial Search Through
//    Randomization", AAAI 1998: short runs with blurred preferences.
//
//===----------------------------------------------------------------------===//

#ifndef DLC_MEMORYPLANNING_SOLVER_H
#define DLC_MEMORYPLANNING_SOLVER_H

#include "dlc/MemoryPlanning/Problem.h"

namespace dlc::memory {

/// The order in which a greedy placement takes the buffers.
enum class Order { Size, Area, Start, Contention, Duration };

/// Which gap between placed buffers a greedy placement takes.
enum class Fit {
  Best, ///< the smallest gap that is large enough
  First ///< the lowest gap that is large enough
};

/// Places the buffers one by one.
Plan placeGreedily(const Problem &problem, Order order, Fit fit = Fit::Best);

struct SolverOptions {
  /// The search stops as soon as a plan fits into this many bytes and no
  /// smaller plan is asked for by `minimize`.
  int64_t capacity = kUnlimited;
  /// Go on to the smallest plan that is found, even when one fits already.
  bool minimize = true;
  /// Seconds after which the search stops; 0 for no limit. Results depend on
  /// the machine when this limit strikes.
  double timeLimit = 0;
  /// Steps (pairs of buffers looked at) after which the search stops; results
  /// depend on the problem and this number only.
  uint64_t workLimit = 50'000'000;
};

struct Solution {
  Plan plan;
  int64_t peak = 0;
  int64_t lowerBound = 0;
  /// What found the plan, for reports.
  std::string method;
  /// Whether no smaller plan exists (the peak is the lower bound, or the search
  /// was exhaustive).
  bool optimal = false;
};

/// Finds a plan for a problem without faults (describeFault). There is always
/// one; whether it fits a capacity is for the caller to compare.
Solution solve(const Problem &problem, const SolverOptions &options = {});

} // namespace dlc::memory

#endif // DLC_MEMORYPLANNING_SOLVER_H
