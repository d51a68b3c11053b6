//===- Validate.cpp - Checks a memory plan --------------------------------===//

#include "dlc/MemoryPlanning/Validate.h"

#include <algorithm>
#include <map>
#include <string_view>

using namespace dlc::memory;

namespace {
struct Event {
  int64_t time;
  bool begins;
  size_t buffer;
};

/// The live address ranges, which do not overlap each other: a buffer that
/// overlaps one of them is reported and left out. Aliases form one range.
class LiveRanges {
public:
  LiveRanges(const Problem &problem, const Plan &plan)
      : buffers(problem.buffers), offsets(plan.offsets) {}

  /// Adds a buffer, or returns one that it overlaps.
  std::optional<size_t> insert(size_t buffer) {
    int64_t offset = offsets[buffer];
    auto next = ranges.lower_bound(offset);
    auto own = ranges.end();
    if (next != ranges.end() && next->first == offset &&
        isAlias(next->second.front(), buffer))
      own = next++;
    if (next != ranges.end() && next->first - offset < buffers[buffer].size)
      return next->second.front();
    if (own != ranges.end()) {
      own->second.push_back(buffer);
      return std::nullopt;
    }
    if (next != ranges.begin()) {
      const auto &[start, members] = *std::prev(next);
      for (size_t member : members)
        if (offset - start < buffers[member].size)
          return member;
    }
    ranges.emplace_hint(next, offset, std::vector<size_t>{buffer});
    return std::nullopt;
  }

  /// Takes a buffer out, if it was not left out.
  void erase(size_t buffer) {
    auto it = ranges.find(offsets[buffer]);
    if (it == ranges.end())
      return;
    std::vector<size_t> &members = it->second;
    members.erase(std::remove(members.begin(), members.end(), buffer),
                  members.end());
    if (members.empty())
      ranges.erase(it);
  }

private:
  bool isAlias(size_t a, size_t b) const {
    return !buffers[a].alias.empty() && buffers[a].alias == buffers[b].alias;
  }

  const std::vector<Buffer> &buffers;
  const std::vector<int64_t> &offsets;
  std::map<int64_t, std::vector<size_t>> ranges;
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
  std::map<std::string_view, size_t> groups;
  for (size_t i = 0; i < buffers.size(); ++i) {
    const Buffer &buffer = buffers[i];
    int64_t offset = plan.offsets[i];
    bool inRange = offset >= 0 && buffer.size >= 0 &&
                   (!needsMemory(buffer) || (buffer.size <= capacity &&
                                             offset <= capacity - buffer.size));
    if (!inRange)
      result.push_back({Kind::OutOfRange, i, i});
    if (buffer.alignment < 1 || offset % buffer.alignment != 0)
      result.push_back({Kind::Misaligned, i, i});
    if (buffer.offset && *buffer.offset != offset)
      result.push_back({Kind::NotFixed, i, i});
    if (!buffer.alias.empty()) {
      size_t first = groups.emplace(buffer.alias, i).first->second;
      if (plan.offsets[first] != offset)
        result.push_back({Kind::NotAliased, first, i});
    }
    if (inRange && needsMemory(buffer)) {
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

  LiveRanges live(problem, plan);
  for (const Event &event : events) {
    if (!event.begins) {
      live.erase(event.buffer);
    } else if (std::optional<size_t> other = live.insert(event.buffer)) {
      result.push_back({Kind::Overlap, *other, event.buffer});
    }
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
  case Violation::Kind::NotAliased:
    return place(violation.first) + " and its alias " +
           place(violation.second) + " do not begin at the same offset";
  default:
    return place(violation.first) + life(violation.first) + " overlaps " +
           place(violation.second) + life(violation.second);
  }
}
