//===- Problem.cpp - Offline memory planning ------------------------------===//

#include "dlc/MemoryPlanning/Problem.h"
#include "dlc/MemoryPlanning/Validate.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <set>

using namespace dlc::memory;

int64_t dlc::memory::peak(const Problem &problem, const Plan &plan) {
  int64_t result = 0;
  for (size_t i = 0; i < problem.buffers.size(); ++i)
    if (needsMemory(problem.buffers[i]))
      result = std::max(result, plan.offsets[i] + problem.buffers[i].size);
  return result;
}

int64_t dlc::memory::lowerBound(const Problem &problem) {
  struct Event {
    int64_t time;
    bool begins;
    size_t buffer;
  };
  std::vector<Event> events;
  events.reserve(2 * problem.buffers.size());
  int64_t result = 0;
  for (size_t i = 0; i < problem.buffers.size(); ++i) {
    const Buffer &buffer = problem.buffers[i];
    if (!needsMemory(buffer))
      continue;
    events.push_back({buffer.lower, true, i});
    events.push_back({buffer.upper, false, i});
    if (buffer.offset)
      result = std::max(result, *buffer.offset + buffer.size);
  }
  std::sort(events.begin(), events.end(), [](const Event &a, const Event &b) {
    return a.time != b.time ? a.time < b.time : a.begins < b.begins;
  });
  int64_t live = 0;
  // Of aliases that live at one time, the largest counts.
  std::map<std::string, std::multiset<int64_t>> groups;
  for (const Event &event : events) {
    const Buffer &buffer = problem.buffers[event.buffer];
    int64_t change = event.begins ? buffer.size : -buffer.size;
    if (!buffer.alias.empty()) {
      std::multiset<int64_t> &sizes = groups[buffer.alias];
      auto largest = [&] { return sizes.empty() ? 0 : *sizes.rbegin(); };
      int64_t before = largest();
      if (event.begins)
        sizes.insert(buffer.size);
      else
        sizes.erase(sizes.find(buffer.size));
      change = largest() - before;
    }
    live += change;
    result = std::max(result, live);
  }
  return result;
}

/// What is wrong with a buffer taken by itself.
static std::string describeFault(const Buffer &buffer) {
  // Differences of times do not overflow either.
  constexpr int64_t kLatest = int64_t(1) << 62;
  constexpr int64_t kLargestAlignment = int64_t(1) << 59;
  if (buffer.size < 0)
    return " has a negative size " + std::to_string(buffer.size);
  if (buffer.upper < buffer.lower)
    return " ends at " + std::to_string(buffer.upper) +
           ", before it starts at " + std::to_string(buffer.lower);
  if (buffer.lower < -kLatest || buffer.upper > kLatest)
    return " lives outside of times -2^62 to 2^62";
  if (buffer.alignment < 1 || buffer.alignment > kLargestAlignment)
    return " has an alignment of " + std::to_string(buffer.alignment);
  if (buffer.offset && *buffer.offset < 0)
    return " has a negative offset " + std::to_string(*buffer.offset);
  return "";
}

std::string dlc::memory::describeFault(const Problem &problem) {
  int64_t left = kMaxBytes;
  Problem fixed;
  Plan plan;
  for (const Buffer &buffer : problem.buffers) {
    std::string name = "buffer '" + buffer.id + "'";
    if (std::string fault = ::describeFault(buffer); !fault.empty())
      return name + fault;
    for (int64_t bytes :
         {buffer.size, buffer.alignment - 1, buffer.offset.value_or(0)}) {
      if (bytes > left)
        return name + " makes the sum of sizes too large";
      left -= bytes;
    }
    if (buffer.offset) {
      fixed.buffers.push_back(buffer);
      plan.offsets.push_back(*buffer.offset);
    }
  }
  std::vector<Violation> violations = validate(fixed, plan);
  if (!violations.empty())
    return describe(fixed, plan, violations.front());

  // The members of an alias group must agree on one offset.
  struct Group {
    int64_t alignment = 1;
    int64_t offset = -1;
  };
  std::map<std::string, Group> groups;
  for (const Buffer &buffer : problem.buffers) {
    if (buffer.alias.empty())
      continue;
    Group &group = groups[buffer.alias];
    int64_t factor =
        buffer.alignment / std::gcd(group.alignment, buffer.alignment);
    if (factor > kMaxBytes / group.alignment)
      return "the alignments of alias group '" + buffer.alias +
             "' have no common multiple below 2^63";
    group.alignment *= factor;
    group.offset = std::max(group.offset, buffer.offset.value_or(-1));
  }
  for (const auto &[name, group] : groups)
    if (group.offset >= 0 && group.offset % group.alignment != 0)
      return "the fixed offset " + std::to_string(group.offset) +
             " of alias group '" + name + "' is not aligned to " +
             std::to_string(group.alignment);
  return "";
}
