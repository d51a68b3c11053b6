//===- Instance.cpp - A problem prepared for the solvers ------------------===//

#include "Instance.h"

#include <algorithm>

using namespace dlc::memory;

/// Lists of conflicts are stored up to this length (4 bytes each).
static constexpr uint64_t kMaxConflicts = 60'000'000;

Instance::Instance(const Problem &problem) {
  for (size_t i = 0; i < problem.buffers.size(); ++i) {
    const Buffer &buffer = problem.buffers[i];
    if (buffer.size > 0 && buffer.lower < buffer.upper)
      items.push_back({buffer.lower, buffer.upper, buffer.size,
                       buffer.alignment, buffer.offset.value_or(-1),
                       static_cast<uint32_t>(i)});
  }
  std::sort(items.begin(), items.end(), [](const Item &a, const Item &b) {
    if (a.lower != b.lower)
      return a.lower < b.lower;
    return a.upper != b.upper ? a.upper < b.upper : a.buffer < b.buffer;
  });

  // Conflicts of i = those that start before i ends - those that end before i
  // starts - i itself.
  std::vector<int64_t> starts, ends;
  for (const Item &item : items) {
    starts.push_back(item.lower);
    ends.push_back(item.upper);
  }
  std::sort(ends.begin(), ends.end());
  uint64_t total = 0;
  degrees.resize(items.size());
  for (size_t i = 0; i < items.size(); ++i) {
    auto started =
        std::lower_bound(starts.begin(), starts.end(), items[i].upper) -
        starts.begin();
    auto ended = std::upper_bound(ends.begin(), ends.end(), items[i].lower) -
                 ends.begin();
    degrees[i] = static_cast<uint64_t>(started - ended - 1);
    total += degrees[i];
  }

  while (leaves < items.size())
    leaves *= 2;
  maxUpper.assign(2 * leaves, std::numeric_limits<int64_t>::min());
  for (size_t i = 0; i < items.size(); ++i)
    maxUpper[leaves + i] = items[i].upper;
  for (size_t node = leaves - 1; node >= 1; --node)
    maxUpper[node] = std::max(maxUpper[2 * node], maxUpper[2 * node + 1]);

  if (total > kMaxConflicts || items.empty())
    return;
  std::vector<size_t> first(items.size() + 1, 0);
  for (size_t i = 0; i < items.size(); ++i)
    first[i + 1] = first[i] + degrees[i];
  conflicts.resize(total);
  std::vector<size_t> next(first.begin(), first.end() - 1);
  // In the order of starts, all later conflicts of i follow it directly.
  for (uint32_t i = 0; i < items.size(); ++i)
    for (uint32_t j = i + 1;
         j < items.size() && items[j].lower < items[i].upper; ++j) {
      conflicts[next[i]++] = j;
      conflicts[next[j]++] = i;
    }
  firstConflict = std::move(first);
}
