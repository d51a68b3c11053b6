//===- Solver.cpp - The portfolio -----------------------------------------===//

#include "dlc/MemoryPlanning/Solver.h"
#include "Instance.h"

#include <algorithm>
#include <set>

using namespace dlc::memory;

static Plan toPlan(const Problem &problem, const Instance &instance,
                   const Placement &placement) {
  Plan plan;
  // Empty buffers lie anywhere: at their fixed offset or at 0.
  for (const Buffer &buffer : problem.buffers)
    plan.offsets.push_back(buffer.offset.value_or(0));
  for (size_t i = 0; i < instance.count(); ++i)
    plan.offsets[instance[i].buffer] = placement.offsets[i];
  return plan;
}

Plan dlc::memory::placeGreedily(const Problem &problem, Order order, Fit fit) {
  Instance instance(problem);
  Placement placement;
  SolverOptions options;
  Budget budget(options);
  placeInOrder(instance, makeOrder(instance, order), fit, kUnlimited, placement,
               budget);
  return toPlan(problem, instance, placement);
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
  int64_t low = goal; // smaller ones are impossible, or not worth more time
  int64_t target = goal;
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

Solution dlc::memory::solve(const Problem &problem,
                            const SolverOptions &options) {
  struct Attempt {
    Order order;
    Fit fit;
    const char *name;
  };
  static constexpr Attempt kAttempts[] = {
      {Order::Size, Fit::Best, "greedy by size"},
      {Order::Area, Fit::Best, "greedy by area"},
      {Order::Contention, Fit::Best, "greedy by contention"},
      {Order::Duration, Fit::Best, "greedy by duration"},
      {Order::Start, Fit::Best, "greedy by start"},
      {Order::Size, Fit::First, "greedy by size, first fit"},
      {Order::Area, Fit::First, "greedy by area, first fit"},
      {Order::Contention, Fit::First, "greedy by contention, first fit"},
  };

  Instance instance(problem);
  Budget budget(options);
  Solution result;
  result.lowerBound = lowerBound(problem);
  // No plan is smaller than this.
  int64_t least = std::max(result.lowerBound, paddedLowerBound(instance));
  int64_t goal = least;
  if (!options.minimize && options.capacity > goal)
    goal = options.capacity;

  Placement best;
  best.peak = kUnlimited;
  const Attempt *winner = nullptr;
  for (const Attempt &attempt : kAttempts) {
    Placement placed;
    if (winner && budget.timeIsUp())
      break;
    if (placeInOrder(instance, makeOrder(instance, attempt.order), attempt.fit,
                     best.peak, placed, budget)) {
      best = std::move(placed);
      winner = &attempt;
    }
    if (best.peak <= goal)
      break;
  }
  result.method = winner->name;
  if (best.peak > goal) {
    // A short search over orders narrows the gap; then the exact search asks
    // for the goal, and bisects what is left if that is out of reach.
    int64_t before = best.peak;
    SolverOptions part = options;
    part.workLimit = std::min<uint64_t>(budget.remaining() / 10, 20'000'000);
    Budget orderBudget(part);
    improveOrder(instance, makeOrder(instance, winner->order), winner->fit,
                 goal, best, orderBudget);
    budget.spend(part.workLimit - orderBudget.remaining());
    if (best.peak < before)
      result.method += ", order improved";
    if (canSearchExactly(instance) &&
        bisect(instance, goal, least, best, budget))
      result.method = "exact search";
  }
  result.plan = toPlan(problem, instance, best);
  result.peak = best.peak;
  result.optimal = best.peak <= least;
  return result;
}
