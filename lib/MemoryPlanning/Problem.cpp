//===- Problem.cpp - Offline memory planning ------------------------------===//

#include "dlc/MemoryPlanning/Problem.h"
#include "dlc/MemoryPlanning/Validate.h"

#include <algorithm>

using namespace dlc::memory;

int64_t dlc::memory::peak(const Problem &problem, const Plan &plan) {
  int64_t result = 0;
  for (size_t i = 0; i < problem.buffers.size(); ++i)
    if (problem.buffers[i].size > 0)
      result = std::max(result, plan.offsets[i] + problem.buffers[i].size);
  return result;
}

int64_t dlc::memory::lowerBound(const Problem &problem) {
  struct Event {
    int64_t time;
    int64_t change;
  };
  std::vector<Event> events;
  events.reserve(2 * problem.buffers.size());
  int64_t result = 0;
  for (const Buffer &buffer : problem.buffers) {
    if (buffer.size == 0 || buffer.lower >= buffer.upper)
      continue;
    events.push_back({buffer.lower, buffer.size});
    events.push_back({buffer.upper, -buffer.size});
    if (buffer.offset)
      result = std::max(result, *buffer.offset + buffer.size);
  }
  // At equal times the ends (negative changes) come first.
  std::sort(events.begin(), events.end(), [](const Event &a, const Event &b) {
    return a.time != b.time ? a.time < b.time : a.change < b.change;
  });
  int64_t live = 0;
  for (const Event &event : events) {
    live += event.change;
    result = std::max(result, live);
  }
  return result;
}

std::string dlc::memory::describeFault(const Problem &problem) {
  // Far below the limit of int64_t, so that sums in the solvers do not
  // overflow.
  constexpr int64_t kLargest = int64_t(1) << 60;
  int64_t sum = 0;
  Problem fixed;
  Plan plan;
  for (const Buffer &buffer : problem.buffers) {
    std::string name = "buffer '" + buffer.id + "'";
    if (buffer.size < 0)
      return name + " has a negative size " + std::to_string(buffer.size);
    if (buffer.upper < buffer.lower)
      return name + " ends at " + std::to_string(buffer.upper) +
             ", before it starts at " + std::to_string(buffer.lower);
    if (buffer.alignment < 1)
      return name + " has an alignment of " + std::to_string(buffer.alignment);
    if (buffer.offset && *buffer.offset < 0)
      return name + " has a negative offset " + std::to_string(*buffer.offset);
    bool tooLarge = buffer.size > kLargest || buffer.alignment > kLargest ||
                    buffer.offset.value_or(0) > kLargest;
    if (!tooLarge)
      sum += buffer.size + buffer.alignment;
    if (tooLarge || sum > kLargest)
      return name + " makes the sum of sizes too large";
    if (buffer.offset) {
      fixed.buffers.push_back(buffer);
      plan.offsets.push_back(*buffer.offset);
    }
  }
  std::vector<Violation> violations = validate(fixed, plan);
  return violations.empty() ? "" : describe(fixed, plan, violations.front());
}
