//===- ExactSearch.cpp - Exhaustive search for a plan within a capacity ---===//
//
// After MiniMalloc (Moffitt, ASPLOS 2023). Any plan can be pushed down until no
// item could lie lower than it does; sorted by offset, such a plan is found by
// placing items one after the other, each on top of what its lifetime has seen
// so far, with offsets that never decrease. The search runs over these
// sequences only.
//
// Each item has a *bound*, the lowest offset that is still possible, and the
// branch is given up where in some *section* (a time between two starts or
// ends) the lowest bound plus the bytes still to come exceed the capacity. What
// is left is split wherever no unplaced item lives across a time. Beyond
// MiniMalloc:
//
//  - Branching is binary. The lowest item that rests on what is placed is put
//    there, or it is not; then something that is still to come lies under it,
//    within the bytes that it would take now (else it could be pushed down).
//    So its bound rises to the lowest top of such an item, which follows the
//    bounds of those items up. This covers the cases that MiniMalloc prunes by
//    monotonic floors, dominance and hatlessness, and prunes more.
//  - What can still be done depends on the bounds of the unplaced items only,
//    not on how they came about. States that failed are remembered (by a hash
//    of 64 bits, of which 40 more choose the place in the table), over restarts
//    with other preferences too.
//  - Runs that succeed mostly do so almost without backtracking, so the runs
//    are short at first, their preferences many.
//
//===----------------------------------------------------------------------===//

#include "Instance.h"

#include <algorithm>
#include <cmath>
#include <tuple>

using namespace dlc::memory;

namespace {

/// What decides between items that could be placed at one offset: up to three
/// keys, larger first.
enum class Preference : uint8_t {
  Duration,
  Area,
  Contention, ///< the most bytes still to come in a section of the item
  Size,
  Sections
};
struct Preferences {
  Preference keys[3];
};

class Search {
public:
  Search(const Instance &instance, int64_t capacity, const Budget &budget)
      : instance(instance), capacity(capacity), budget(budget) {
    makeSections();
    findTwins();
    Random random;
    for (size_t i = 0; i < instance.count(); ++i)
      hashKeys.push_back({random.next() | 1, random.next() | 1});
    failed.resize(instance.count() > 64 ? size_t(1) << 20 : size_t(1) << 14);
  }

  /// Runs for at most `nodes` placements and `steps` steps. `noise` blurs the
  /// preferences: their keys are multiplied by up to e^noise.
  SearchOutcome run(const Preferences &preferences, double noise,
                    uint64_t nodes, uint64_t steps) {
    preferred = preferences;
    for (double &factor : factors)
      factor = noise > 0 ? std::exp(noise * (random.unit() * 2 - 1)) : 1;
    stepLimit = work + std::min(steps, ~uint64_t(0) - work);
    nodesLeft = nodes;
    stopped = false;
    reset();
    bool found = true;
    for (uint32_t s = 0; s < sections; ++s)
      found &= left[s] <= capacity;
    std::vector<uint32_t> all(instance.count());
    for (uint32_t i = 0; i < all.size(); ++i)
      all[i] = i;
    if (found && searchParts(all, 0, sections))
      return SearchOutcome::Found;
    return stopped ? SearchOutcome::LimitReached : SearchOutcome::Infeasible;
  }

  /// What the last run that found something found.
  Placement placement() const {
    Placement result;
    result.offsets = offsets;
    for (size_t i = 0; i < offsets.size(); ++i)
      result.peak = std::max(result.peak, offsets[i] + instance[i].size);
    return result;
  }

  uint64_t spent() const { return work; }

private:
  enum class State : uint8_t { Bound, Top, Floor };
  struct Change {
    uint32_t index;
    State state;
    int64_t before;
  };
  struct Mark {
    size_t changes, placed;
  };

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
    sections = static_cast<uint32_t>(times.size());
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

  /// Items that are alike are placed in one order only.
  void findTwins() {
    std::vector<uint32_t> order(instance.count());
    for (uint32_t i = 0; i < order.size(); ++i)
      order[i] = i;
    auto key = [&](uint32_t i) {
      const Instance::Item &item = instance[i];
      return std::make_tuple(first[i], end[i], item.size, item.alignment,
                             item.fixed, i);
    };
    std::sort(order.begin(), order.end(),
              [&](uint32_t a, uint32_t b) { return key(a) < key(b); });
    twinBefore.assign(instance.count(), -1);
    for (size_t k = 1; k < order.size(); ++k) {
      uint32_t a = order[k - 1], b = order[k];
      if (first[a] == first[b] && end[a] == end[b] &&
          instance[a].size == instance[b].size &&
          instance[a].alignment == instance[b].alignment &&
          instance[a].fixed < 0 && instance[b].fixed < 0)
        twinBefore[b] = a;
    }
  }

  void reset() {
    size_t count = instance.count();
    offsets.assign(count, -1);
    bounds.assign(count, 0);
    tops.assign(count, 0);
    floors.assign(sections, 0);
    left.assign(sections, 0);
    unplaced.assign(sections, 0);
    crossing.assign(sections, 0);
    watched.assign(count, 0);
    for (uint32_t i = 0; i < count; ++i) {
      if (instance[i].fixed >= 0)
        bounds[i] = tops[i] = instance[i].fixed;
      for (uint32_t s = first[i]; s < end[i]; ++s) {
        left[s] += instance[i].size;
        ++unplaced[s];
        crossing[s] += s + 1 < end[i];
      }
    }
    changes.clear();
    placedItems.clear();
    raised.clear();
    for (uint32_t s = 0; s < sections; ++s)
      updateFloor(s);
  }

  bool isPlaced(uint32_t i) const { return offsets[i] >= 0; }

  // --- Propagation ----------------------------------------------------------

  void set(State state, uint32_t index, int64_t value) {
    int64_t &place = state == State::Bound ? bounds[index]
                     : state == State::Top ? tops[index]
                                           : floors[index];
    changes.push_back({index, state, place});
    place = value;
  }

  /// The lowest bound of the unplaced items of a section is its floor.
  void updateFloor(uint32_t section) {
    int64_t result = capacity;
    for (uint32_t j : inSection[section])
      if (!isPlaced(j))
        result = std::min(result, bounds[j]);
    work += inSection[section].size();
    if (result != floors[section])
      set(State::Floor, section, result);
  }

  bool fits(uint32_t section) const {
    return unplaced[section] == 0 ||
           floors[section] <= capacity - left[section];
  }

  /// Raises a bound; false where the item does not fit any more.
  bool raise(uint32_t i, int64_t bound) {
    raised.push_back({i, bounds[i]});
    set(State::Bound, i, bound);
    return bound <= capacity - instance[i].size;
  }

  /// Lifts floors that were bounds that rose.
  bool propagate() {
    bool possible = true;
    for (auto [i, before] : raised) {
      work += end[i] - first[i];
      for (uint32_t s = first[i]; possible && s < end[i]; ++s)
        if (floors[s] == before) {
          updateFloor(s);
          possible = fits(s);
        }
    }
    raised.clear();
    return possible;
  }

  /// Places item `i` at its bound; false where that leaves no room for others.
  bool place(uint32_t i) {
    int64_t offset = bounds[i], top = offset + instance[i].size;
    offsets[i] = offset;
    placedItems.push_back(i);
    for (uint32_t s = first[i]; s < end[i]; ++s) {
      left[s] -= instance[i].size;
      --unplaced[s];
      crossing[s] -= s + 1 < end[i];
      if (floors[s] == offset)
        updateFloor(s);
    }
    bool possible = true;
    work += instance.degree(i);
    instance.forConflicts(i, [&](uint32_t j) {
      if (isPlaced(j) || tops[j] >= top)
        return;
      if (instance[j].fixed >= 0) {
        possible = false;
        return;
      }
      int64_t aligned = alignUp(top, instance[j].alignment);
      set(State::Top, j, aligned);
      if (aligned > bounds[j])
        possible &= raise(j, aligned);
    });
    if (!possible) {
      raised.clear();
      return false;
    }
    if (!propagate())
      return false;
    for (uint32_t s = first[i]; s < end[i]; ++s)
      if (!fits(s))
        return false;
    return true;
  }

  void undo(Mark mark) {
    while (placedItems.size() > mark.placed) {
      uint32_t i = placedItems.back();
      placedItems.pop_back();
      offsets[i] = -1;
      for (uint32_t s = first[i]; s < end[i]; ++s) {
        left[s] += instance[i].size;
        ++unplaced[s];
        crossing[s] += s + 1 < end[i];
      }
    }
    while (changes.size() > mark.changes) {
      const Change &change = changes.back();
      (change.state == State::Bound ? bounds
       : change.state == State::Top ? tops
                                    : floors)[change.index] = change.before;
      changes.pop_back();
    }
  }

  Mark mark() const { return {changes.size(), placedItems.size()}; }

  /// Item `i` does not lie at `tops[i]`: raises its bound to the lowest top of
  /// an unplaced item that may lie under it.
  bool liftAboveOthers(uint32_t i) {
    int64_t reach = tops[i] + instance[i].size;
    int64_t lowest = kUnlimited;
    work += instance.degree(i);
    instance.forConflicts(i, [&](uint32_t j) {
      if (isPlaced(j) || bounds[j] >= reach)
        return;
      int64_t top = std::max(bounds[j], tops[i]) + instance[j].size;
      if (top < lowest) {
        lowest = top;
        watched[i] = j;
      }
    });
    if (lowest > capacity)
      return false;
    lowest = alignUp(lowest, instance[i].alignment);
    return lowest <= bounds[i] || raise(i, lowest);
  }

  /// Whether the item that gave `i` its bound may still lie under it, so low.
  bool boundHolds(uint32_t i) const {
    uint32_t j = watched[i];
    return !isPlaced(j) && bounds[j] < tops[i] + instance[i].size &&
           std::max(bounds[j], tops[i]) + instance[j].size <= bounds[i];
  }

  /// Lifts the bounds of items that are to lie above others, as those rise.
  bool liftWaiting(const std::vector<uint32_t> &items) {
    for (bool changed = true; changed;) {
      changed = false;
      work += items.size();
      for (uint32_t i : items) {
        if (isPlaced(i) || bounds[i] == tops[i] || boundHolds(i))
          continue;
        int64_t before = bounds[i];
        if (!liftAboveOthers(i) || !propagate()) {
          raised.clear();
          return false;
        }
        changed |= bounds[i] != before;
      }
    }
    return true;
  }

  // --- Search ---------------------------------------------------------------

  bool limitReached(uint64_t steps) {
    work += steps;
    if (!stopped && (nodesLeft == 0 || work >= stepLimit))
      stopped = true;
    if (!stopped && work >= nextLook) { // at the clock, now and then
      nextLook = work + 1'000'000;
      stopped = budget.timeIsUp();
    }
    return stopped;
  }

  double keyOf(Preference preference, uint32_t i) const {
    const Instance::Item &item = instance[i];
    auto duration = static_cast<double>(item.upper - item.lower);
    switch (preference) {
    case Preference::Duration:
      return duration;
    case Preference::Area:
      return duration * static_cast<double>(item.size);
    case Preference::Size:
      return static_cast<double>(item.size);
    case Preference::Sections:
      return end[i] - first[i];
    case Preference::Contention:
      break;
    }
    int64_t most = 0;
    for (uint32_t s = first[i]; s < end[i]; ++s)
      most = std::max(most, left[s]);
    return static_cast<double>(most);
  }

  void sortByPreference(std::vector<uint32_t> &items) {
    struct Entry {
      double keys[3];
      uint32_t item;
    };
    std::vector<Entry> entries;
    for (uint32_t i : items) {
      Entry entry;
      for (size_t k = 0; k < 3; ++k)
        entry.keys[k] = keyOf(preferred.keys[k], i) * factors[i];
      entry.item = i;
      entries.push_back(entry);
    }
    std::sort(entries.begin(), entries.end(),
              [](const Entry &a, const Entry &b) {
                for (size_t k = 0; k < 3; ++k)
                  if (a.keys[k] != b.keys[k])
                    return a.keys[k] > b.keys[k];
                return a.item < b.item;
              });
    for (size_t k = 0; k < items.size(); ++k)
      items[k] = entries[k].item;
  }

  /// Places the unplaced ones of `items`, which live in sections
  /// [begin, stop), part by part, where no item lives across a time.
  bool searchParts(const std::vector<uint32_t> &items, uint32_t begin,
                   uint32_t stop) {
    std::vector<std::vector<uint32_t>> parts(1);
    std::vector<uint32_t> partOf(stop - begin);
    for (uint32_t s = begin; s < stop; ++s) {
      partOf[s - begin] = static_cast<uint32_t>(parts.size() - 1);
      if (crossing[s] == 0)
        parts.emplace_back();
    }
    for (uint32_t i : items)
      if (!isPlaced(i))
        parts[partOf[first[i] - begin]].push_back(i);
    // The largest part is the likeliest to fail.
    std::stable_sort(
        parts.begin(), parts.end(),
        [](const auto &a, const auto &b) { return a.size() > b.size(); });
    for (std::vector<uint32_t> &part : parts) {
      if (part.empty())
        break;
      sortByPreference(part);
      if (!search(part))
        return false;
    }
    return true;
  }

  /// A hash of all that decides whether `items` can be placed.
  std::pair<uint64_t, uint64_t> hashState(const std::vector<uint32_t> &items) {
    uint64_t key = 0, index = 0;
    for (uint32_t i : items) {
      uint64_t value =
          2 * static_cast<uint64_t>(bounds[i]) + 1 + (bounds[i] == tops[i]);
      value *= hashKeys[i].first;
      value ^= value >> 29;
      value *= hashKeys[i].second;
      key += value;
      index += (value ^ value >> 32) * 0x9E3779B97F4A7C15ULL;
    }
    key ^= key >> 31;
    return {key | 1, index >> 40 & (failed.size() - 1)};
  }

  /// Places `items`, which no time divides, most preferred first.
  bool search(const std::vector<uint32_t> &items) {
    if (limitReached(items.size()))
      return false;
    auto [key, index] = hashState(items);
    if (failed[index] == key)
      return false;

    // An item that begins at or above the lowest top would let the one with
    // that top be pushed down below it.
    int64_t lowestTop = kUnlimited;
    for (uint32_t i : items)
      lowestTop = std::min(lowestTop, tops[i] + instance[i].size);
    std::vector<uint32_t> candidates;
    for (uint32_t i : items)
      if (bounds[i] == tops[i] && bounds[i] < lowestTop &&
          (twinBefore[i] < 0 || isPlaced(twinBefore[i])))
        candidates.push_back(i);
    std::stable_sort(
        candidates.begin(), candidates.end(),
        [&](uint32_t a, uint32_t b) { return bounds[a] < bounds[b]; });

    Mark atEntry = mark();
    for (uint32_t i : candidates) {
      // It may have been lifted since.
      if (bounds[i] != tops[i])
        continue;
      if (limitReached(0))
        return false;
      --nodesLeft;
      Mark before = mark();
      if (place(i) && liftWaiting(items) && searchRest(items, i))
        return true;
      if (stopped)
        return false;
      undo(before);
      if (instance[i].fixed >= 0 || !liftAboveOthers(i) || !propagate() ||
          !liftWaiting(items)) {
        raised.clear();
        break;
      }
    }
    undo(atEntry);
    failed[index] = key;
    return false;
  }

  bool searchRest(const std::vector<uint32_t> &items, uint32_t placed) {
    bool splits = false;
    for (uint32_t s = first[placed]; s + 1 < end[placed]; ++s)
      splits |= crossing[s] == 0;
    if (splits) {
      uint32_t begin = sections, stop = 0;
      for (uint32_t i : items) {
        begin = std::min(begin, first[i]);
        stop = std::max(stop, end[i]);
      }
      return searchParts(items, begin, stop);
    }
    if (items.size() == 1)
      return true;
    std::vector<uint32_t> rest;
    rest.reserve(items.size() - 1);
    for (uint32_t i : items)
      if (i != placed)
        rest.push_back(i);
    return search(rest);
  }

  const Instance &instance;
  int64_t capacity;
  const Budget &budget;

  // The problem.
  uint32_t sections = 0;
  std::vector<uint32_t> first, end; // sections of an item
  std::vector<std::vector<uint32_t>> inSection;
  std::vector<int64_t> twinBefore;
  std::vector<std::pair<uint64_t, uint64_t>> hashKeys;

  // The state. An item whose bound is its top can be placed there; one whose
  // bound is higher waits for another one, `watched`, to be placed under it.
  std::vector<int64_t> offsets; // -1 while unplaced
  std::vector<int64_t> bounds;
  std::vector<int64_t> tops;   // of what is placed in an item's lifetime
  std::vector<int64_t> floors; // by section: lowest bound of what is unplaced
  std::vector<int64_t> left;   // by section: bytes that are unplaced
  std::vector<uint32_t> unplaced;
  std::vector<uint32_t> crossing; // unplaced items in a section and the next
  std::vector<uint32_t> watched;
  std::vector<Change> changes;
  std::vector<uint32_t> placedItems;
  std::vector<std::pair<uint32_t, int64_t>> raised; // and the bounds before

  std::vector<uint64_t> failed; // hashes of states without a solution
  Preferences preferred = {};
  std::vector<double> factors = std::vector<double>(instance.count(), 1);
  Random random;
  uint64_t work = 0, stepLimit = 0, nextLook = 0, nodesLeft = 0;
  bool stopped = false;
};

} // namespace

/// Deeper recursion would need too much stack.
static constexpr size_t kMaxExactItems = 3000;

bool dlc::memory::canSearchExactly(const Instance &instance) {
  return instance.hasConflictLists() && instance.count() <= kMaxExactItems;
}

SearchOutcome dlc::memory::searchExactly(const Instance &instance,
                                         int64_t capacity, uint64_t maxSteps,
                                         Placement &placement, Budget &budget) {
  using P = Preference;
  static constexpr Preferences kPreferences[] = {
      {{P::Duration, P::Area, P::Contention}},
      {{P::Contention, P::Area, P::Duration}},
      {{P::Contention, P::Duration, P::Area}},
  };
  Search search(instance, capacity, budget);
  // Clear preferences with a limit that grows, in turn with blurred ones.
  auto nodes = static_cast<double>(2 * instance.count() + 16);
  for (size_t pass = 0;; ++pass, nodes *= 1.3)
    for (const Preferences &preferences : kPreferences) {
      uint64_t before = search.spent();
      uint64_t limit = std::min(maxSteps, budget.remaining());
      if (limit == 0 || budget.timeIsUp())
        return SearchOutcome::LimitReached;
      double noise = pass % 2 == 0 ? 0 : 0.05 * static_cast<double>(pass % 16);
      SearchOutcome outcome =
          search.run(preferences, noise,
                     static_cast<uint64_t>(std::min(nodes, 1e15)), limit);
      uint64_t spent = search.spent() - before;
      maxSteps -= std::min(maxSteps, spent);
      budget.spend(spent);
      if (outcome == SearchOutcome::Found)
        placement = search.placement();
      if (outcome != SearchOutcome::LimitReached)
        return outcome;
    }
}
