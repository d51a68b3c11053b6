//===- Instance.cpp - A problem prepared for the solvers ------------------===//

#include "Instance.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <string_view>

using namespace dlc::memory;

/// Lists of conflicts are stored up to this length (4 bytes each).
static constexpr uint64_t kMaxConflicts = 30'000'000;

Instance::Instance(const Problem &problem) {
  makeItems(problem);
  makeConflicts();
}

void Instance::makeItems(const Problem &problem) {
  struct Member {
    int64_t lower, upper, size;
  };
  std::vector<std::vector<Member>> members; // of each item
  std::map<std::string_view, size_t> groups;
  std::vector<size_t> order;
  for (const Buffer &buffer : problem.buffers) {
    itemOf.push_back(-1);
    bool aliased = !buffer.alias.empty();
    if (!aliased && !needsMemory(buffer))
      continue;
    auto it = aliased ? groups.emplace(buffer.alias, items.size()).first
                      : groups.end();
    size_t index = aliased ? it->second : items.size();
    if (index == items.size()) {
      items.push_back({0, 0, 0, 1, -1});
      members.emplace_back();
    }
    itemOf.back() = static_cast<int64_t>(index);
    Item &item = items[index];
    item.alignment = std::lcm(item.alignment, buffer.alignment);
    item.fixed = std::max(item.fixed, buffer.offset.value_or(-1));
    if (needsMemory(buffer))
      members[index].push_back({buffer.lower, buffer.upper, buffer.size});
  }

  for (size_t i = 0; i < items.size(); ++i) {
    Item &item = items[i];
    std::vector<Member> &parts = members[i];
    if (parts.empty())
      continue; // a group of empty buffers
    std::sort(parts.begin(), parts.end(), [](const Member &a, const Member &b) {
      return a.lower < b.lower;
    });
    item.lower = parts.front().lower;
    item.upper = parts.front().upper;
    for (const Member &part : parts) {
      pessimistic |= part.size != parts.front().size || part.lower > item.upper;
      item.upper = std::max(item.upper, part.upper);
      item.size = std::max(item.size, part.size);
    }
    anyFixed |= item.fixed >= 0;
  }

  // Sort by start; groups of empty buffers go.
  for (size_t i = 0; i < items.size(); ++i)
    if (items[i].size > 0)
      order.push_back(i);
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    if (items[a].lower != items[b].lower)
      return items[a].lower < items[b].lower;
    return items[a].upper != items[b].upper ? items[a].upper < items[b].upper
                                            : a < b;
  });
  std::vector<int64_t> newIndex(items.size(), -1);
  std::vector<Item> sorted;
  for (size_t i : order) {
    newIndex[i] = static_cast<int64_t>(sorted.size());
    sorted.push_back(items[i]);
  }
  items = std::move(sorted);
  for (int64_t &item : itemOf)
    if (item >= 0)
      item = newIndex[item];
}

Plan Instance::makePlan(const Problem &problem,
                        const std::vector<int64_t> &offsets) const {
  Plan plan;
  std::map<std::string_view, int64_t> emptyGroups;
  for (const Buffer &buffer : problem.buffers)
    if (!buffer.alias.empty() && buffer.offset)
      emptyGroups[buffer.alias] = *buffer.offset;
  for (size_t i = 0; i < problem.buffers.size(); ++i) {
    const Buffer &buffer = problem.buffers[i];
    if (itemOf[i] >= 0) {
      plan.offsets.push_back(offsets[itemOf[i]]);
      continue;
    }
    // Empty buffers lie anywhere: at their fixed offset or at 0.
    auto group = emptyGroups.find(buffer.alias);
    plan.offsets.push_back(
        group != emptyGroups.end() ? group->second : buffer.offset.value_or(0));
  }
  return plan;
}

void Instance::makeConflicts() {
  // Conflicts of i = those that start before i ends - those that end before i
  // starts - i itself.
  std::vector<int64_t> starts, ends;
  for (const Item &item : items) {
    starts.push_back(item.lower);
    ends.push_back(item.upper);
  }
  std::sort(ends.begin(), ends.end());
  degrees.resize(items.size());
  for (size_t i = 0; i < items.size(); ++i) {
    auto started =
        std::lower_bound(starts.begin(), starts.end(), items[i].upper) -
        starts.begin();
    auto ended = std::upper_bound(ends.begin(), ends.end(), items[i].lower) -
                 ends.begin();
    degrees[i] = static_cast<uint64_t>(started - ended - 1);
    degreeSum += degrees[i];
  }

  while (leaves < items.size())
    leaves *= 2;
  maxUpper.assign(2 * leaves, std::numeric_limits<int64_t>::min());
  for (size_t i = 0; i < items.size(); ++i)
    maxUpper[leaves + i] = items[i].upper;
  for (size_t node = leaves - 1; node >= 1; --node)
    maxUpper[node] = std::max(maxUpper[2 * node], maxUpper[2 * node + 1]);

  if (degreeSum > kMaxConflicts || items.empty())
    return;
  std::vector<size_t> first(items.size() + 1, 0);
  for (size_t i = 0; i < items.size(); ++i)
    first[i + 1] = first[i] + degrees[i];
  conflicts.resize(degreeSum);
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
