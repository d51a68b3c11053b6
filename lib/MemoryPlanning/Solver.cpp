//===- Solver.cpp - The portfolio -----------------------------------------===//

#include "dlc/MemoryPlanning/Solver.h"
#include "Instance.h"

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
  int64_t goal = result.lowerBound;
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
    int64_t before = best.peak;
    improveOrder(instance, makeOrder(instance, winner->order), winner->fit,
                 goal, best, budget);
    if (best.peak < before)
      result.method += ", order improved";
  }
  result.plan = toPlan(problem, instance, best);
  result.peak = best.peak;
  result.optimal = best.peak == result.lowerBound;
  return result;
}
