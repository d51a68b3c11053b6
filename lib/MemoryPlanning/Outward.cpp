//===- Outward.cpp - Placing buffers outwards from a busy time ------------===//
//
// All items that live at the time with the most live bytes are stacked on each
// other without a gap. What is left lives wholly after or wholly before that
// time, and the two sides know nothing of each other; on each side items come
// and go as at run time, later (or earlier) and later, and each takes the
// smallest hole that is large enough. Fragmentation costs nothing as long as it
// is less than what the profile of live bytes falls off from its peak, as it
// does in the traces of training steps. Only the order of the stack is searched
// for.
//
//===----------------------------------------------------------------------===//

#include "Instance.h"

#include <algorithm>
#include <map>
#include <set>

using namespace dlc::memory;

namespace {

/// Memory that is taken from and given back to as at run time. Everything from
/// `high` on is free.
class Heap {
public:
  /// All below `end` is taken.
  void reset(int64_t end) {
    holes.clear();
    bySize.clear();
    high = end;
  }

  int64_t allocate(int64_t size, int64_t alignment) {
    for (auto it = bySize.lower_bound({size, 0}); it != bySize.end(); ++it) {
      auto [length, begin] = *it;
      int64_t offset = alignUp(begin, alignment);
      if (offset - begin > length - size)
        continue;
      removeHole(holes.find(begin));
      addHole(begin, offset);
      addHole(offset + size, begin + length);
      return offset;
    }
    int64_t offset = alignUp(high, alignment);
    addHole(high, offset);
    high = offset + size;
    return offset;
  }

  void release(int64_t begin, int64_t end) {
    auto next = holes.lower_bound(begin);
    if (next != holes.end() && next->first == end) {
      end = next->second;
      next = removeHole(next);
    }
    if (next != holes.begin() && std::prev(next)->second == begin) {
      begin = std::prev(next)->first;
      removeHole(std::prev(next));
    }
    if (end == high)
      high = begin;
    else
      addHole(begin, end);
  }

  int64_t end() const { return high; }

private:
  using Holes = std::map<int64_t, int64_t>; // begin -> end

  void addHole(int64_t begin, int64_t end) {
    if (begin == end)
      return;
    holes.emplace(begin, end);
    bySize.emplace(end - begin, begin);
  }

  Holes::iterator removeHole(Holes::iterator hole) {
    bySize.erase({hole->second - hole->first, hole->first});
    return holes.erase(hole);
  }

  Holes holes;
  std::set<std::pair<int64_t, int64_t>> bySize; // length, begin
  int64_t high = 0;
};

class Outward {
public:
  explicit Outward(const Instance &instance) : instance(instance) {
    for (size_t i = 0; i < instance.count(); ++i)
      if (instance[i].fixed >= 0)
        floor = std::max(floor, instance[i].fixed + instance[i].size);
    findCenter();
    makeSide(
        after, [&](uint32_t i) { return instance[i].lower; },
        [&](uint32_t i) { return instance[i].upper; });
    makeSide(
        before, [&](uint32_t i) { return -instance[i].upper; },
        [&](uint32_t i) { return -instance[i].lower; });
  }

  /// The items that live at the busy time, larger keys first.
  template <typename Key>
  std::vector<uint32_t> stackBy(Key key) const {
    std::vector<uint32_t> stack = center;
    std::stable_sort(stack.begin(), stack.end(),
                     [&](uint32_t a, uint32_t b) { return key(a) > key(b); });
    return stack;
  }

  /// What one placement costs, in steps of the budget. (Holes that no cache
  /// holds cost more.)
  uint64_t cost() const {
    return 64 * (center.size() + after.size() + before.size()) *
           (1 + center.size() / 8192);
  }

  /// Returns false as soon as the peak reaches `giveUpAt`, or when the time is
  /// up and there is such a limit.
  bool place(const std::vector<uint32_t> &stack, int64_t giveUpAt,
             Placement &placement, const Budget &budget) {
    // Everything movable lies above everything fixed.
    placement.offsets.assign(instance.count(), 0);
    for (size_t i = 0; i < instance.count(); ++i)
      placement.offsets[i] = instance[i].fixed;
    int64_t top = floor;
    for (uint32_t i : stack) {
      placement.offsets[i] = alignUp(top, instance[i].alignment);
      top = placement.offsets[i] + instance[i].size;
    }
    placement.peak = top;
    return placement.peak < giveUpAt &&
           placeSide(after, top, stack, giveUpAt, placement, budget) &&
           placeSide(before, top, stack, giveUpAt, placement, budget);
  }

private:
  struct Event {
    int64_t time;
    bool begins;
    uint32_t item;
  };

  /// Finds the time with the most live bytes, and what lives then.
  void findCenter() {
    std::vector<Event> events;
    for (uint32_t i = 0; i < instance.count(); ++i)
      if (instance[i].fixed < 0) {
        events.push_back({instance[i].lower, true, i});
        events.push_back({instance[i].upper, false, i});
      }
    std::sort(events.begin(), events.end(), [](const Event &a, const Event &b) {
      return a.time != b.time ? a.time < b.time : a.begins < b.begins;
    });
    int64_t live = 0, most = -1;
    for (const Event &event : events) {
      live +=
          event.begins ? instance[event.item].size : -instance[event.item].size;
      if (live > most) {
        most = live;
        busy = event.time;
      }
    }
    for (uint32_t i = 0; i < instance.count(); ++i)
      if (isCentral(i))
        center.push_back(i);
  }

  bool isCentral(uint32_t i) const {
    return instance[i].fixed < 0 && instance[i].lower <= busy &&
           busy < instance[i].upper;
  }

  /// The events of one side: ends before starts, larger items first.
  template <typename Start, typename End>
  void makeSide(std::vector<Event> &side, Start start, End end) {
    bool isAfter = &side == &after;
    for (uint32_t i = 0; i < instance.count(); ++i) {
      bool central = isCentral(i);
      bool here =
          isAfter ? instance[i].lower > busy : instance[i].upper <= busy;
      if (instance[i].fixed >= 0 || (!central && !here))
        continue;
      if (!central)
        side.push_back({start(i), true, i});
      side.push_back({end(i), false, i});
    }
    std::sort(side.begin(), side.end(), [&](const Event &a, const Event &b) {
      if (a.time != b.time)
        return a.time < b.time;
      if (a.begins != b.begins)
        return b.begins;
      int64_t aSize = instance[a.item].size, bSize = instance[b.item].size;
      return aSize != bSize ? aSize > bSize : a.item < b.item;
    });
  }

  bool placeSide(const std::vector<Event> &side, int64_t top,
                 const std::vector<uint32_t> &stack, int64_t giveUpAt,
                 Placement &placement, const Budget &budget) {
    heap.reset(top);
    int64_t end = floor; // the padding within the stack is free
    for (uint32_t i : stack) {
      if (placement.offsets[i] > end)
        heap.release(end, placement.offsets[i]);
      end = placement.offsets[i] + instance[i].size;
    }
    size_t sinceLook = 0;
    for (const Event &event : side) {
      if (++sinceLook == 10'000) { // at the clock, now and then
        sinceLook = 0;
        if (giveUpAt < kUnlimited && budget.timeIsUp())
          return false;
      }
      const Instance::Item &item = instance[event.item];
      int64_t &offset = placement.offsets[event.item];
      if (!event.begins) {
        heap.release(offset, offset + item.size);
        continue;
      }
      offset = heap.allocate(item.size, item.alignment);
      placement.peak = std::max(placement.peak, offset + item.size);
      if (placement.peak >= giveUpAt)
        return false;
    }
    return true;
  }

  const Instance &instance;
  int64_t floor = 0; // the end of what is fixed
  int64_t busy = 0;
  std::vector<uint32_t> center;
  std::vector<Event> after, before;
  Heap heap;
};

} // namespace

bool dlc::memory::placeOutwards(const Instance &instance, int64_t goal,
                                Placement &best, Budget &budget) {
  Outward outward(instance);
  using Item = Instance::Item;
  using Key = double (*)(const Item &);
  static constexpr Key kKeys[] = {
      [](const Item &i) { return static_cast<double>(i.size); },
      [](const Item &i) { return static_cast<double>(i.upper - i.lower); },
      [](const Item &i) {
        return static_cast<double>(i.upper - i.lower) * i.size;
      },
      [](const Item &i) { return static_cast<double>(i.upper); },
      [](const Item &i) { return -static_cast<double>(i.lower); },
      [](const Item &i) { return -static_cast<double>(i.size); },
  };
  bool improved = false;
  Placement placed;
  auto keep = [&] {
    if (placed.peak >= best.peak)
      return;
    best = placed;
    improved = true;
  };
  std::vector<uint32_t> stack;
  int64_t stackPeak = kUnlimited; // of what `stack` makes
  for (Key key : kKeys) {
    if (best.peak <= goal || (best.peak < kUnlimited && budget.isSpent()))
      return improved;
    std::vector<uint32_t> trial =
        outward.stackBy([&](uint32_t i) { return key(instance[i]); });
    budget.spend(outward.cost());
    if (!outward.place(trial, stackPeak, placed, budget))
      continue;
    stackPeak = placed.peak;
    stack = std::move(trial);
    keep();
  }
  if (stack.size() < 2)
    return improved;

  // Move some items of the stack that did best.
  Random random;
  while (best.peak > goal && !budget.isSpent()) {
    std::vector<uint32_t> trial = stack;
    for (size_t moves = 1 + random.below(3); moves > 0; --moves) {
      size_t from = random.below(trial.size()), to = random.below(trial.size());
      if (random.below(2))
        std::swap(trial[from], trial[to]);
      else if (from < to)
        std::rotate(trial.begin() + from, trial.begin() + from + 1,
                    trial.begin() + to + 1);
      else
        std::rotate(trial.begin() + to, trial.begin() + from,
                    trial.begin() + from + 1);
    }
    budget.spend(outward.cost());
    if (!outward.place(trial, stackPeak + 1, placed, budget))
      continue;
    stackPeak = placed.peak;
    stack = std::move(trial);
    keep();
  }
  return improved;
}
