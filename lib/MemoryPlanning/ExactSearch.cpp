//===- ExactSearch.cpp - Exhaustive search for a plan within a capacity ---===//
//
// After MiniMalloc (Moffitt, ASPLOS 2023). Any plan can be pushed down until
// each buffer lies on the arena's floor or on another buffer; sorted by offset,
// such a plan is found by placing buffers one after the other, each on top of
// what its lifetime has seen so far, with offsets that never decrease. The
// search runs over these sequences only. It gives up a branch where in some
// *section* (a time between two starts or ends) the lowest offset that is still
// possible plus the bytes still to come exceed the capacity, never considers a
// buffer below which another one would fit, and splits what is left wherever no
// unplaced buffer lives across a time.
//
//===----------------------------------------------------------------------===//

#include "Instance.h"

#include <algorithm>

using namespace dlc::memory;

namespace {

class Search {
public:
  Search(const Instance &instance, int64_t capacity, Placement &placement,
         const Budget &budget)
      : instance(instance), capacity(capacity), placement(placement),
        budget(budget) {
    makeSections();
  }

  /// Runs with the given preferences (larger first) for at most `steps` steps.
  SearchOutcome run(const std::vector<uint32_t> &order, uint64_t steps,
                    uint64_t &spent) {
    size_t count = instance.count();
    rank.resize(count);
    for (uint32_t i = 0; i < count; ++i)
      rank[order[i]] = i;
    lowest.assign(count, 0);
    placement.offsets.assign(count, -1);
    floor.assign(sections, 0);
    left.assign(sections, 0);
    unplaced.assign(sections, 0);
    for (uint32_t i = 0; i < count; ++i)
      for (uint32_t s = first[i]; s < end[i]; ++s) {
        left[s] += instance[i].size;
        ++unplaced[s];
      }
    trail.clear();
    work = 0;
    nextLook = 1'000'000;
    limit = steps;
    std::vector<uint32_t> all(count);
    for (uint32_t i = 0; i < count; ++i)
      all[i] = i;
    bool found = true;
    for (uint32_t s = 0; s < sections; ++s)
      found &= left[s] <= capacity;
    found = found && solve(all, 0, 0);
    spent += work;
    if (found) {
      placement.peak = 0;
      for (uint32_t i = 0; i < count; ++i)
        placement.peak =
            std::max(placement.peak, placement.offsets[i] + instance[i].size);
      return SearchOutcome::Found;
    }
    return work >= limit ? SearchOutcome::LimitReached
                         : SearchOutcome::Infeasible;
  }

private:
  void makeSections() {
    struct Event {
      int64_t time;
      bool begins;
    };
    std::vector<Event> events;
    for (size_t i = 0; i < instance.count(); ++i) {
      events.push_back({instance[i].lower, true});
      events.push_back({instance[i].upper, false});
    }
    std::sort(events.begin(), events.end(), [](const Event &a, const Event &b) {
      return a.time != b.time ? a.time < b.time : a.begins < b.begins;
    });
    // Every set of items that live at one time is part of the set at a start
    // that an end follows; only these become sections.
    std::vector<int64_t> times;
    for (size_t k = 0; k + 1 < events.size(); ++k)
      if (events[k].begins && !events[k + 1].begins)
        times.push_back(events[k].time);
    sections = times.size();
    auto indexOf = [&](int64_t time) {
      return static_cast<uint32_t>(
          std::lower_bound(times.begin(), times.end(), time) - times.begin());
    };
    inSection.resize(sections);
    for (uint32_t i = 0; i < instance.count(); ++i) {
      first.push_back(indexOf(instance[i].lower));
      end.push_back(indexOf(instance[i].upper));
      for (uint32_t s = first[i]; s < end[i]; ++s)
        inSection[s].push_back(i);
    }
  }

  /// The lowest offset of the unplaced items of a section, which is its floor.
  void updateFloor(uint32_t section) {
    int64_t result = capacity;
    for (uint32_t j : inSection[section])
      if (placement.offsets[j] < 0)
        result = std::min(result, lowest[j]);
    work += inSection[section].size();
    if (result != floor[section]) {
      trail.push_back({section, true, floor[section]});
      floor[section] = result;
    }
  }

  bool fits(uint32_t section, int64_t above) const {
    return unplaced[section] == 0 ||
           std::max(floor[section], above) + left[section] <= capacity;
  }

  /// Places item `i` at its lowest offset and propagates; false where that
  /// leaves no room for others.
  bool place(uint32_t i) {
    int64_t top = lowest[i] + instance[i].size;
    placement.offsets[i] = lowest[i];
    for (uint32_t s = first[i]; s < end[i]; ++s) {
      left[s] -= instance[i].size;
      --unplaced[s];
      if (floor[s] == lowest[i])
        updateFloor(s);
    }
    bool possible = true;
    instance.forConflicts(i, [&](uint32_t j) {
      ++work;
      if (placement.offsets[j] >= 0 || lowest[j] >= top)
        return;
      int64_t before = lowest[j];
      trail.push_back({j, false, before});
      lowest[j] = alignUp(top, instance[j].alignment);
      if (lowest[j] + instance[j].size > capacity)
        possible = false;
      raised.push_back({j, before});
    });
    // Floors change where they were one of the offsets that rose.
    for (auto [j, before] : raised) {
      work += end[j] - first[j];
      for (uint32_t s = first[j]; possible && s < end[j]; ++s)
        if (floor[s] == before) {
          updateFloor(s);
          possible = fits(s, 0);
        }
    }
    raised.clear();
    for (uint32_t s = first[i]; possible && s < end[i]; ++s)
      possible = fits(s, 0);
    return possible;
  }

  void undo(uint32_t i, size_t mark) {
    placement.offsets[i] = -1;
    for (uint32_t s = first[i]; s < end[i]; ++s) {
      left[s] += instance[i].size;
      ++unplaced[s];
    }
    unwind(mark);
  }

  void unwind(size_t mark) {
    while (trail.size() > mark) {
      const Change &change = trail.back();
      (change.isFloor ? floor : lowest)[change.index] = change.before;
      trail.pop_back();
    }
  }

  /// Places all of `items` (sorted by start), none below `least`, and at
  /// `least` only those that rank after `leastRank`.
  bool solve(const std::vector<uint32_t> &items, int64_t least,
             uint32_t leastRank) {
    if (items.empty())
      return true;
    work += items.size();
    if (work >= limit)
      return false;
    if (work >= nextLook) { // at the clock, now and then
      nextLook = work + 1'000'000;
      if (budget.timeIsUp()) {
        work = limit;
        return false;
      }
    }

    // Split where no item lives across a time.
    std::vector<size_t> starts;
    uint32_t reach = 0;
    for (size_t k = 0; k < items.size(); ++k) {
      if (k == 0 || first[items[k]] >= reach)
        starts.push_back(k);
      reach = std::max(reach, end[items[k]]);
    }
    if (starts.size() == 1)
      return solveConnected(items, least, leastRank, reach);
    starts.push_back(items.size());
    struct Part {
      size_t begin, end;
    };
    std::vector<Part> parts;
    for (size_t k = 0; k + 1 < starts.size(); ++k)
      parts.push_back({starts[k], starts[k + 1]});
    // The largest part is the likeliest to fail.
    std::stable_sort(parts.begin(), parts.end(),
                     [](const Part &a, const Part &b) {
                       return a.end - a.begin > b.end - b.begin;
                     });
    size_t done = 0;
    for (; done < parts.size(); ++done) {
      std::vector<uint32_t> part(items.begin() + parts[done].begin,
                                 items.begin() + parts[done].end);
      if (!solve(part, least, leastRank))
        break;
    }
    if (done == parts.size())
      return true;
    // Take back the parts that were solved.
    for (size_t k = 0; k < done; ++k)
      for (size_t m = parts[k].begin; m < parts[k].end; ++m)
        unplace(items[m]);
    return false;
  }

  /// Takes an item out of a solved part. (The caller restores offsets and
  /// floors by unwinding the trail further.)
  void unplace(uint32_t i) {
    placement.offsets[i] = -1;
    for (uint32_t s = first[i]; s < end[i]; ++s) {
      left[s] += instance[i].size;
      ++unplaced[s];
    }
  }

  bool solveConnected(const std::vector<uint32_t> &items, int64_t least,
                      uint32_t leastRank, uint32_t reach) {
    // Nothing comes below `least` any more.
    for (uint32_t s = first[items.front()]; s < reach; ++s)
      if (!fits(s, least))
        return false;

    // A buffer that starts at or above the lowest top of another one would
    // leave room for that one below it.
    int64_t lowestTop = kUnlimited;
    for (uint32_t i : items)
      lowestTop = std::min(lowestTop, alignUp(std::max(lowest[i], least),
                                              instance[i].alignment) +
                                          instance[i].size);
    std::vector<uint32_t> candidates;
    for (uint32_t i : items)
      if (lowest[i] >= least && lowest[i] < lowestTop &&
          (lowest[i] > least || rank[i] >= leastRank))
        candidates.push_back(i);
    std::sort(candidates.begin(), candidates.end(),
              [&](uint32_t a, uint32_t b) {
                return lowest[a] != lowest[b] ? lowest[a] < lowest[b]
                                              : rank[a] < rank[b];
              });
    std::vector<uint32_t> rest;
    for (uint32_t i : candidates) {
      size_t mark = trail.size();
      int64_t offset = lowest[i];
      if (place(i)) {
        rest.clear();
        for (uint32_t j : items)
          if (j != i)
            rest.push_back(j);
        if (solve(rest, offset, rank[i]))
          return true;
      }
      undo(i, mark);
      if (work >= limit)
        return false;
    }
    return false;
  }

  struct Change {
    uint32_t index;
    bool isFloor;
    int64_t before;
  };

  const Instance &instance;
  int64_t capacity;
  Placement &placement;
  uint32_t sections = 0;
  std::vector<uint32_t> first, end; // sections of an item
  std::vector<std::vector<uint32_t>> inSection;
  std::vector<uint32_t> rank;
  std::vector<int64_t> lowest; // offset of an item if it came next
  std::vector<int64_t> floor, left;
  std::vector<uint32_t> unplaced;
  std::vector<Change> trail;
  std::vector<std::pair<uint32_t, int64_t>> raised;
  const Budget &budget;
  uint64_t work = 0, limit = 0, nextLook = 0;
};

} // namespace

/// Moves items in `order` by up to 1 / `divisor` of its length.
static std::vector<uint32_t> shuffle(const std::vector<uint32_t> &order,
                                     size_t divisor, Random &random) {
  size_t reach = order.size() / divisor + 2;
  std::vector<std::pair<size_t, uint32_t>> keyed;
  for (size_t k = 0; k < order.size(); ++k)
    keyed.push_back({k + random.below(reach), order[k]});
  std::sort(keyed.begin(), keyed.end());
  std::vector<uint32_t> result;
  for (const auto &entry : keyed)
    result.push_back(entry.second);
  return result;
}

bool dlc::memory::canSearchExactly(const Instance &instance) {
  if (!instance.hasConflictLists() || instance.count() > 5000)
    return false;
  for (size_t i = 0; i < instance.count(); ++i)
    if (instance[i].fixed >= 0)
      return false;
  return true;
}

SearchOutcome dlc::memory::searchExactly(const Instance &instance,
                                         int64_t capacity, uint64_t maxSteps,
                                         Placement &placement, Budget &budget) {
  Placement trial;
  Search search(instance, capacity, trial, budget);
  std::vector<uint32_t> byContention =
      makeOrder(instance, Order::Contention, TieBreak::Duration);
  std::vector<std::vector<uint32_t>> orders = {
      byContention, makeOrder(instance, Order::Contention),
      makeOrder(instance, Order::Area), makeOrder(instance, Order::Duration)};
  Random random;
  uint64_t total = 0;
  for (uint64_t steps = 500'000 + 100 * instance.count();; steps += steps / 2)
    for (size_t attempt = 0; attempt < orders.size() + 4; ++attempt) {
      uint64_t allowed = std::min(
          {steps, maxSteps > total ? maxSteps - total : 0, budget.remaining()});
      if (allowed == 0 || budget.timeIsUp())
        return SearchOutcome::LimitReached;
      uint64_t spent = 0;
      SearchOutcome outcome =
          search.run(attempt < orders.size()
                         ? orders[attempt]
                         : shuffle(byContention, attempt % 2 ? 50 : 20, random),
                     allowed, spent);
      total += spent;
      budget.spend(spent);
      if (outcome == SearchOutcome::Found)
        placement = trial;
      if (outcome != SearchOutcome::LimitReached)
        return outcome;
    }
}
