//===- Validate.cpp - Checks a memory plan --------------------------------===//

#include "dlc/MemoryPlanning/Validate.h"

#include <algorithm>
#include <map>

using namespace dlc::memory;

namespace {
struct Event {
  int64_t time;
  bool begins;
  size_t buffer;
};
} // namespace

std::vector<Violation> dlc::memory::validate(const Problem &problem,
                                             const Plan &plan,
                                             int64_t capacity) {
  using Kind = Violation::Kind;
  const std::vector<Buffer> &buffers = problem.buffers;
  std::vector<Violation> result;
  if (plan.offsets.size() != buffers.size())
    return {{Kind::Count, buffers.size(), plan.offsets.size()}};

  std::vector<Event> events;
  for (size_t i = 0; i < buffers.size(); ++i) {
    const Buffer &buffer = buffers[i];
    int64_t offset = plan.offsets[i];
    bool inRange = offset >= 0 && buffer.size >= 0 && buffer.size <= capacity &&
                   offset <= capacity - buffer.size;
    if (!inRange)
      result.push_back({Kind::OutOfRange, i, i});
    if (buffer.alignment < 1 || offset % buffer.alignment != 0)
      result.push_back({Kind::Misaligned, i, i});
    if (buffer.offset && *buffer.offset != offset)
      result.push_back({Kind::NotFixed, i, i});
    if (inRange && buffer.size > 0 && buffer.lower < buffer.upper) {
      events.push_back({buffer.lower, true, i});
      events.push_back({buffer.upper, false, i});
    }
  }
  // At equal times ends come before beginnings: intervals are half-open.
  std::sort(events.begin(), events.end(), [](const Event &a, const Event &b) {
    if (a.time != b.time)
      return a.time < b.time;
    return a.begins != b.begins ? b.begins : a.buffer < b.buffer;
  });

  // The live ranges, which do not overlap each other: a buffer that overlaps
  // one of them is reported and left out.
  std::map<int64_t, size_t> live;
  for (const Event &event : events) {
    int64_t offset = plan.offsets[event.buffer];
    if (!event.begins) {
      auto it = live.find(offset);
      if (it != live.end() && it->second == event.buffer)
        live.erase(it);
      continue;
    }
    auto next = live.lower_bound(offset);
    if (next != live.end() &&
        next->first < offset + buffers[event.buffer].size) {
      result.push_back({Kind::Overlap, next->second, event.buffer});
      continue;
    }
    if (next != live.begin()) {
      auto previous = std::prev(next);
      if (previous->first + buffers[previous->second].size > offset) {
        result.push_back({Kind::Overlap, previous->second, event.buffer});
        continue;
      }
    }
    live.emplace_hint(next, offset, event.buffer);
  }
  return result;
}

std::string dlc::memory::describe(const Problem &problem, const Plan &plan,
                                  const Violation &violation) {
  if (violation.kind == Violation::Kind::Count)
    return "the plan has " + std::to_string(violation.second) +
           " offsets for " + std::to_string(violation.first) + " buffers";
  auto place = [&](size_t i) {
    const Buffer &buffer = problem.buffers[i];
    return "'" + buffer.id + "' at bytes [" + std::to_string(plan.offsets[i]) +
           ", " + std::to_string(plan.offsets[i] + buffer.size) + ")";
  };
  auto life = [&](size_t i) {
    const Buffer &buffer = problem.buffers[i];
    return " and times [" + std::to_string(buffer.lower) + ", " +
           std::to_string(buffer.upper) + ")";
  };
  const Buffer &first = problem.buffers[violation.first];
  switch (violation.kind) {
  case Violation::Kind::OutOfRange:
    return place(violation.first) + " is outside the arena";
  case Violation::Kind::Misaligned:
    return place(violation.first) + " is not aligned to " +
           std::to_string(first.alignment);
  case Violation::Kind::NotFixed:
    return place(violation.first) + " is not at its fixed offset " +
           std::to_string(*first.offset);
  default:
    return place(violation.first) + life(violation.first) + " overlaps " +
           place(violation.second) + life(violation.second);
  }
}
