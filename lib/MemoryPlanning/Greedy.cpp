//===- Greedy.cpp - Placing buffers one by one ----------------------------===//

#include "Instance.h"

#include <algorithm>

using namespace dlc::memory;

/// The largest sum of bytes alive at one moment of the life of each item.
static std::vector<int64_t> contentions(const Instance &instance) {
  // Live bytes change at starts and ends only; a sparse table over the starts
  // answers the largest value in a range of them (the maximum in the life of
  // an item is reached where something starts).
  size_t count = instance.count();
  struct End {
    int64_t time, size;
  };
  std::vector<End> ends;
  for (size_t i = 0; i < count; ++i)
    ends.push_back({instance[i].upper, instance[i].size});
  std::sort(ends.begin(), ends.end(),
            [](const End &a, const End &b) { return a.time < b.time; });
  std::vector<std::vector<int64_t>> table(1, std::vector<int64_t>(count));
  int64_t live = 0;
  size_t ended = 0;
  for (size_t i = 0; i < count;) {
    size_t last = i;
    int64_t now = instance[i].lower;
    for (; last < count && instance[last].lower == now; ++last)
      live += instance[last].size;
    for (; ended < count && ends[ended].time <= now; ++ended)
      live -= ends[ended].size;
    for (; i < last; ++i)
      table[0][i] = live;
  }
  for (size_t width = 1; 2 * width <= count; width *= 2) {
    const std::vector<int64_t> &below = table.back();
    std::vector<int64_t> row(count - 2 * width + 1);
    for (size_t i = 0; i < row.size(); ++i)
      row[i] = std::max(below[i], below[i + width]);
    table.push_back(std::move(row));
  }
  std::vector<int64_t> result(count);
  for (size_t i = 0; i < count; ++i) {
    size_t end = i,
           high = count; // the first item that starts at or after upper
    while (end < high) {
      size_t middle = (end + high) / 2;
      if (instance[middle].lower < instance[i].upper)
        end = middle + 1;
      else
        high = middle;
    }
    size_t level = 0;
    while ((size_t(2) << level) <= end - i)
      ++level;
    result[i] =
        std::max(table[level][i], table[level][end - (size_t(1) << level)]);
  }
  return result;
}

std::vector<uint32_t> dlc::memory::makeOrder(const Instance &instance,
                                             Order order, TieBreak tieBreak) {
  std::vector<uint32_t> result(instance.count());
  for (uint32_t i = 0; i < result.size(); ++i)
    result[i] = i;
  std::vector<int64_t> contention;
  if (order == Order::Contention)
    contention = contentions(instance);
  // Larger keys first, then larger or longer ones, then by start.
  auto key = [&](uint32_t i) -> double {
    const Instance::Item &item = instance[i];
    double length = static_cast<double>(item.upper - item.lower);
    switch (order) {
    case Order::Size:
      return static_cast<double>(item.size);
    case Order::Area:
      return static_cast<double>(item.size) * length;
    case Order::Start:
      return -static_cast<double>(item.lower);
    case Order::Contention:
      return static_cast<double>(contention[i]);
    case Order::Duration:
      return length;
    }
    return 0;
  };
  std::vector<double> keys;
  for (uint32_t i = 0; i < result.size(); ++i)
    keys.push_back(key(i));
  std::sort(result.begin(), result.end(), [&](uint32_t a, uint32_t b) {
    bool aFree = instance[a].fixed < 0, bFree = instance[b].fixed < 0;
    if (aFree != bFree)
      return bFree;
    if (keys[a] != keys[b])
      return keys[a] > keys[b];
    int64_t aLength = instance[a].upper - instance[a].lower;
    int64_t bLength = instance[b].upper - instance[b].lower;
    if (tieBreak == TieBreak::Duration && aLength != bLength)
      return aLength > bLength;
    if (instance[a].size != instance[b].size)
      return instance[a].size > instance[b].size;
    return aLength != bLength ? aLength > bLength : a < b;
  });
  return result;
}

bool dlc::memory::placeInOrder(const Instance &instance,
                               const std::vector<uint32_t> &order, Fit fit,
                               int64_t giveUpAt, Placement &placement,
                               Budget &budget) {
  placement.offsets.assign(instance.count(), -1);
  placement.peak = 0;
  std::vector<std::pair<int64_t, int64_t>> taken; // [begin, end) of neighbours
  uint64_t sinceLook = 0;
  for (uint32_t i : order) {
    const Instance::Item &item = instance[i];
    budget.spend(instance.degree(i) + 1);
    sinceLook += instance.degree(i) + 1;
    if (sinceLook > 1'000'000) { // at the clock, now and then
      sinceLook = 0;
      if (giveUpAt < kUnlimited && budget.timeIsUp())
        return false;
    }
    int64_t offset = item.fixed;
    if (offset < 0) {
      taken.clear();
      instance.forConflicts(i, [&](uint32_t j) {
        if (placement.offsets[j] >= 0)
          taken.push_back(
              {placement.offsets[j], placement.offsets[j] + instance[j].size});
      });
      std::sort(taken.begin(), taken.end());
      int64_t end = 0; // of all ranges so far
      int64_t smallest = std::numeric_limits<int64_t>::max();
      for (const auto &range : taken) {
        int64_t start = alignUp(end, item.alignment);
        int64_t gap = range.first - end;
        if (start + item.size <= range.first && gap < smallest) {
          smallest = gap;
          offset = start;
          if (fit == Fit::First)
            break;
        }
        end = std::max(end, range.second);
      }
      if (offset < 0)
        offset = alignUp(end, item.alignment);
    }
    placement.offsets[i] = offset;
    placement.peak = std::max(placement.peak, offset + item.size);
    if (placement.peak >= giveUpAt)
      return false;
  }
  return true;
}
