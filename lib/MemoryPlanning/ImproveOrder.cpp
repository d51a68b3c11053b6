//===- ImproveOrder.cpp - Search over the orders of a greedy placement ----===//
//
// An iterated greedy search: of the items that reach the peak one is moved
// forward in the order, to the place of an item that it conflicts with, and
// all is placed again. Orders that are no worse are kept.
//
//===----------------------------------------------------------------------===//

#include "Instance.h"

#include <algorithm>

using namespace dlc::memory;

void dlc::memory::improveOrder(const Instance &instance,
                               std::vector<uint32_t> order, Fit fit,
                               int64_t goal, Placement &best, Budget &budget) {
  if (!instance.hasConflictLists())
    return;
  Random random;
  Placement current = best;
  std::vector<uint32_t> candidates, position(order.size());
  std::vector<uint32_t> trial;
  Placement placed;
  while (best.peak > goal && !budget.isSpent()) {
    candidates.clear();
    for (uint32_t i = 0; i < instance.count(); ++i)
      if (instance[i].fixed < 0 &&
          current.offsets[i] + instance[i].size == current.peak)
        candidates.push_back(i);
    if (candidates.empty())
      return; // fixed items alone reach the peak
    uint32_t moved = candidates[random.below(candidates.size())];
    for (uint32_t i = 0; i < order.size(); ++i)
      position[order[i]] = i;
    // Sometimes move one of those below it instead: what keeps the gap closed.
    candidates.clear();
    instance.forConflicts(moved, [&](uint32_t j) {
      if (instance[j].fixed < 0 && position[j] < position[moved])
        candidates.push_back(j);
    });
    budget.spend(order.size());
    if (!candidates.empty() && random.below(3) == 0) {
      moved = candidates[random.below(candidates.size())];
      candidates.clear();
      instance.forConflicts(moved, [&](uint32_t j) {
        if (instance[j].fixed < 0)
          candidates.push_back(j);
      });
    }
    if (candidates.empty())
      continue;
    uint32_t target = candidates[random.below(candidates.size())];
    trial = order;
    size_t from = position[moved], to = position[target];
    if (from > to)
      std::rotate(trial.begin() + to, trial.begin() + from,
                  trial.begin() + from + 1);
    else
      std::rotate(trial.begin() + from, trial.begin() + from + 1,
                  trial.begin() + to + 1);
    if (!placeInOrder(instance, trial, fit, current.peak + 1, placed, budget))
      continue;
    order.swap(trial);
    std::swap(current, placed);
    if (current.peak < best.peak)
      best = current;
  }
}
