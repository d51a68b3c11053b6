//===- Solver.cpp - The portfolio -----------------------------------------===//

#include "dlc/MemoryPlanning/Solver.h"
#include "Instance.h"

#include <algorithm>
#include <set>

using namespace dlc::memory;

Plan dlc::memory::placeGreedily(const Problem &problem, Order order, Fit fit) {
  Instance instance(problem);
  Placement placement;
  SolverOptions options;
  Budget budget(options);
  placeInOrder(instance, makeOrder(instance, order), fit, kUnlimited, placement,
               budget);
  return instance.makePlan(problem, placement.offsets);
}

/// A bound that knows of padding: where all buffers have one alignment, each
/// but the topmost one takes a multiple of it.
static int64_t paddedLowerBound(const Instance &instance) {
  int64_t result = 0;
  struct Event {
    int64_t time;
    bool begins;
    size_t item;
  };
  std::vector<Event> events;
  for (size_t i = 0; i < instance.count(); ++i) {
    if (instance[i].alignment != instance[0].alignment)
      return 0;
    events.push_back({instance[i].lower, true, i});
    events.push_back({instance[i].upper, false, i});
  }
  std::sort(events.begin(), events.end(), [](const Event &a, const Event &b) {
    if (a.time != b.time)
      return a.time < b.time;
    return a.begins != b.begins ? b.begins : a.item < b.item;
  });
  int64_t live = 0;
  std::multiset<int64_t> padding; // of each live buffer
  for (const Event &event : events) {
    const Instance::Item &item = instance[event.item];
    int64_t padded = alignUp(item.size, item.alignment);
    if (event.begins) {
      live += padded;
      padding.insert(padded - item.size);
      result = std::max(result, live - *padding.rbegin());
    } else {
      live -= padded;
      padding.erase(padding.find(padded - item.size));
    }
  }
  return result;
}

/// Looks for smaller placements than `best`, down to `goal`. `least` becomes
/// the smallest peak that was not shown to be impossible. Returns whether
/// `best` was replaced.
static bool bisect(const Instance &instance, int64_t goal, int64_t &least,
                   Placement &best, Budget &budget) {
  bool improved = false;
  int64_t low = std::max(
      goal, least); // smaller ones are impossible, or not worth more time
  int64_t target = low;
  while (low < best.peak && !budget.isSpent()) {
    // The goal itself is worth half of the time.
    uint64_t steps = std::max<uint64_t>(budget.remaining() / 2, 1000);
    switch (searchExactly(instance, target, steps, best, budget)) {
    case SearchOutcome::Found:
      improved = true;
      break;
    case SearchOutcome::Infeasible:
      least = std::max(least, target + 1);
      low = target + 1;
      break;
    case SearchOutcome::LimitReached:
      low = target + 1;
      break;
    }
    target = low + (best.peak - 1 - low) / 2;
  }
  return improved;
}

namespace {
/// A greedy placement of the portfolio.
struct Attempt {
  Order order;
  Fit fit;
  const char *name;
};

std::vector<uint32_t> orderByOffset(const Instance &instance,
                                    const Placement &placement) {
  std::vector<uint32_t> result(instance.count());
  for (uint32_t i = 0; i < result.size(); ++i)
    result[i] = i;
  std::stable_sort(result.begin(), result.end(), [&](uint32_t a, uint32_t b) {
    bool aFixed = instance[a].fixed >= 0, bFixed = instance[b].fixed >= 0;
    return aFixed != bFixed ? aFixed
                            : placement.offsets[a] < placement.offsets[b];
  });
  return result;
}

/// The solvers one after the other, until the goal is reached.
class Portfolio {
public:
  Portfolio(const Instance &instance, int64_t goal, int64_t least,
            Budget &budget)
      : instance(instance), goal(goal), least(least), budget(budget) {
    best.peak = kUnlimited;
  }

  void run() {
    // Most problems of compilers end here. Where conflicts are many, a plan is
    // made first that does not look at them.
    if (instance.totalDegree() <= kFewConflicts)
      tryGreedily(kAttempts[0]);
    tryOutwards(best.peak == kUnlimited ? 0.3 : 0.05);
    for (const Attempt &attempt : kAttempts)
      if (!isDone() && isCheap())
        tryGreedily(attempt);
    // Most capacities that can be met are met soon; where that fails, a search
    // over orders narrows the gap in which the exact search looks further.
    bool exact = canSearchExactly(instance);
    if (!isDone() && exact)
      tryExactly(goal > least ? 0.8 : 0.4);
    if (!isDone())
      tryOrders(0.4);
    if (!isDone() && exact)
      tryExactly(1);
    if (!isDone())
      tryOutwards(1);
  }

  Placement best;
  std::string method;
  /// No smaller peak is possible.
  int64_t leastPossible() const { return least; }

private:
  static constexpr Attempt kAttempts[] = {
      {Order::Size, Fit::Best, "greedy by size"},
      {Order::Size, Fit::First, "greedy by size, first fit"},
      {Order::Area, Fit::Best, "greedy by area"},
      {Order::Contention, Fit::Best, "greedy by contention"},
      {Order::Duration, Fit::Best, "greedy by duration"},
      {Order::Start, Fit::Best, "greedy by start"},
      {Order::Area, Fit::First, "greedy by area, first fit"},
      {Order::Contention, Fit::First, "greedy by contention, first fit"},
  };

  static constexpr uint64_t kFewConflicts = 1'000'000;

  bool isDone() const {
    return best.peak <= std::max(goal, least) ||
           (best.peak < kUnlimited && budget.isSpent());
  }

  /// Whether a greedy placement, which looks at all conflicts, may be tried.
  bool isCheap() const {
    return instance.totalDegree() <=
           std::min<uint64_t>(budget.remaining(), 1'000'000'000) / 2;
  }

  void tryGreedily(const Attempt &attempt) {
    Placement placed;
    if (!placeInOrder(instance, makeOrder(instance, attempt.order), attempt.fit,
                      best.peak, placed, budget))
      return;
    best = std::move(placed);
    winner = &attempt;
    method = attempt.name;
  }

  void tryOutwards(double fraction) {
    if (best.peak <= goal)
      return;
    Budget part = budget.part(fraction);
    if (placeOutwards(instance, goal, best, part)) {
      method = "outwards from the peak";
      winner = nullptr;
    }
    budget.spend(part.spent());
  }

  void tryExactly(double fraction) {
    Budget part = budget.part(fraction);
    if (bisect(instance, goal, least, best, part))
      method = "exact search";
    budget.spend(part.spent());
  }

  void tryOrders(double fraction) {
    int64_t before = best.peak;
    Budget part = budget.part(fraction);
    // By their offsets, items are placed at least as low as they are.
    if (winner)
      improveOrder(instance, makeOrder(instance, winner->order), winner->fit,
                   goal, best, part);
    else
      improveOrder(instance, orderByOffset(instance, best), Fit::First, goal,
                   best, part);
    budget.spend(part.spent());
    if (best.peak < before)
      method += ", order improved";
  }

  const Instance &instance;
  int64_t goal, least;
  Budget &budget;
  const Attempt *winner = nullptr; // made `best`
};
} // namespace

constexpr Attempt Portfolio::kAttempts[];

Solution dlc::memory::solve(const Problem &problem,
                            const SolverOptions &options) {
  Budget budget(options);
  Instance instance(problem);
  Solution result;
  result.lowerBound = lowerBound(problem);
  // No plan is smaller than this.
  int64_t least = result.lowerBound;
  if (!instance.isPessimistic())
    least = std::max(least, paddedLowerBound(instance));
  int64_t goal = least;
  if (!options.minimize && options.capacity > goal)
    goal = options.capacity;

  Portfolio portfolio(instance, goal, least, budget);
  portfolio.run();
  result.plan = instance.makePlan(problem, portfolio.best.offsets);
  result.peak = peak(problem, result.plan);
  result.method = portfolio.method;
  // What the search proves about an instance may not hold for the problem.
  result.optimal =
      result.peak <= (instance.isPessimistic() ? result.lowerBound
                                               : portfolio.leastPossible());
  return result;
}
