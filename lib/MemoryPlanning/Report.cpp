//===- Report.cpp - What a plan uses memory for ---------------------------===//

#include "dlc/MemoryPlanning/Report.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <map>
#include <sstream>
#include <string_view>
#include <tuple>

using namespace dlc::memory;

Peak dlc::memory::findPeak(const Report &report) {
  std::map<int64_t, int64_t> changes; // of live bytes, by launch
  for (const SlotReport &slot : report.slots) {
    changes[slot.first] += slot.size;
    changes[slot.last + 1] -= slot.size;
  }
  Peak peak;
  int64_t live = 0;
  for (auto [launch, change] : changes) {
    live += change;
    if (live > peak.bytes) {
      peak.bytes = live;
      peak.launch = launch;
    }
  }
  for (size_t i = 0; i < report.slots.size(); ++i) {
    const SlotReport &slot = report.slots[i];
    if (slot.size > 0 && slot.first <= peak.launch && peak.launch <= slot.last)
      peak.slots.push_back(i);
  }
  std::stable_sort(peak.slots.begin(), peak.slots.end(),
                   [&](size_t a, size_t b) {
                     return report.slots[a].size > report.slots[b].size;
                   });
  return peak;
}

Report dlc::memory::makeReport(const Problem &problem, const Plan &plan) {
  Report report;
  report.arenaBytes = peak(problem, plan);
  report.lowerBound = lowerBound(problem);
  for (size_t i = 0; i < problem.buffers.size(); ++i) {
    const Buffer &buffer = problem.buffers[i];
    if (!needsMemory(buffer))
      continue;
    SlotReport slot;
    slot.name = buffer.id;
    slot.offset = plan.offsets[i];
    slot.size = buffer.size;
    slot.first = buffer.lower;
    slot.last = buffer.upper - 1;
    slot.kind = buffer.offset           ? "fixed"
                : !buffer.alias.empty() ? "alias"
                                        : "buffer";
    report.slots.push_back(std::move(slot));
  }
  std::sort(report.slots.begin(), report.slots.end(),
            [](const SlotReport &a, const SlotReport &b) {
              return std::tie(a.first, a.offset, a.name) <
                     std::tie(b.first, b.offset, b.name);
            });
  return report;
}

std::string dlc::memory::formatBytes(int64_t bytes) {
  if (bytes < 1024)
    return std::to_string(bytes) + " B";
  static constexpr const char *kUnits[] = {"KiB", "MiB", "GiB"};
  double value = static_cast<double>(bytes) / 1024;
  size_t unit = 0;
  // Programs of some GiB are told apart by their MiB.
  for (; unit + 1 < std::size(kUnits) && value >= 10240; ++unit)
    value /= 1024;
  if (unit == 0 && value >= 1024) {
    value /= 1024;
    unit = 1;
  }
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.1f %s", value, kUnits[unit]);
  return text.data();
}

std::string dlc::memory::summarize(const Report &report) {
  std::array<char, 32> ratio{};
  std::snprintf(ratio.data(), ratio.size(), "%.3f", report.ratio());
  return "weights " + formatBytes(report.weightsBytes) + ", arena " +
         formatBytes(report.arenaBytes) + ", lower bound " +
         formatBytes(report.lowerBound) + ", ratio " + ratio.data();
}

/// What a person would call launch `index`.
static std::string nameLaunch(const Report &report, int64_t index) {
  std::string result = "launch " + std::to_string(index);
  if (index < 0 || static_cast<size_t>(index) >= report.launches.size())
    return result;
  const LaunchReport &launch = report.launches[index];
  result += " (" + launch.kernel;
  if (!launch.location.empty())
    result += ", " + launch.location;
  return result + ")";
}

std::string dlc::memory::describePeak(const Report &report, size_t count) {
  Peak peak = findPeak(report);
  if (peak.slots.empty())
    return "";
  std::string text = "the peak of " + formatBytes(peak.bytes) + " (" +
                     std::to_string(peak.bytes) + " bytes) is at " +
                     nameLaunch(report, peak.launch) + ", held by\n";
  for (size_t k = 0; k < peak.slots.size() && k < count; ++k) {
    const SlotReport &slot = report.slots[peak.slots[k]];
    text += "  " + formatBytes(slot.size) + "  " + slot.name;
    if (!slot.kind.empty())
      text += ", " + slot.kind;
    if (!slot.location.empty())
      text += ", " + slot.location;
    text += ", launches " + std::to_string(slot.first) + " to " +
            std::to_string(slot.last) + "\n";
  }
  if (peak.slots.size() > count)
    text += "  and " + std::to_string(peak.slots.size() - count) + " more\n";
  return text;
}

// --- JSON --------------------------------------------------------------------

/// The length of the UTF-8 sequence that `text` begins with; 0 if it is none.
static size_t sequenceLength(std::string_view text) {
  auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  unsigned char lead = byte(0);
  size_t length = lead < 0x80                   ? 1
                  : lead >= 0xC2 && lead < 0xE0 ? 2
                  : lead >= 0xE0 && lead < 0xF0 ? 3
                  : lead >= 0xF0 && lead < 0xF5 ? 4
                                                : 0;
  if (length == 0 || length > text.size())
    return 0;
  for (size_t i = 1; i < length; ++i)
    if (byte(i) < 0x80 || byte(i) >= 0xC0)
      return 0;
  // No longer forms, no surrogates, nothing above U+10FFFF.
  if ((lead == 0xE0 && byte(1) < 0xA0) || (lead == 0xED && byte(1) >= 0xA0) ||
      (lead == 0xF0 && byte(1) < 0x90) || (lead == 0xF4 && byte(1) >= 0x90))
    return 0;
  return length;
}

/// A JSON string. '<' is escaped too, so that it can stand within a page.
static void writeString(std::ostream &out, std::string_view text) {
  out << '"';
  while (!text.empty()) {
    size_t length = sequenceLength(text);
    auto c = static_cast<unsigned char>(text.front());
    if (length == 0) {
      out << "\\ufffd";
      length = 1;
    } else if (c == '"' || c == '\\') {
      out << '\\' << text.front();
    } else if (c < 0x20 || c == '<' || c == 0x7F) {
      std::array<char, 8> code{};
      std::snprintf(code.data(), code.size(), "\\u%04x", c);
      out << code.data();
    } else {
      out << text.substr(0, length);
    }
    text.remove_prefix(length);
  }
  out << '"';
}

namespace {
/// Writes the members of one object.
class Object {
public:
  explicit Object(std::ostream &out) : out(out) { out << '{'; }
  ~Object() { out << '}'; }
  Object(const Object &) = delete;
  Object &operator=(const Object &) = delete;

  std::ostream &key(std::string_view name) {
    if (!first)
      out << ',';
    first = false;
    writeString(out, name);
    return out << ':';
  }
  void add(std::string_view name, int64_t value) { key(name) << value; }
  void add(std::string_view name, const std::string &value) {
    key(name);
    writeString(out, value);
  }
  template <typename T>
  void add(std::string_view name, const std::vector<T> &values) {
    addList(name, values, "", [&](const T &value) { out << value; });
  }
  template <typename T, typename Members>
  void addObjects(std::string_view name, const std::vector<T> &values,
                  Members members) {
    addList(name, values, "\n", [&](const T &value) {
      Object object(out);
      members(object, value);
    });
  }

private:
  /// `before` stands in front of each value.
  template <typename T, typename Write>
  void addList(std::string_view name, const std::vector<T> &values,
               const char *before, Write write) {
    key(name) << '[';
    for (size_t i = 0; i < values.size(); ++i) {
      out << (i ? "," : "") << before;
      write(values[i]);
    }
    out << ']';
  }

  std::ostream &out;
  bool first = true;
};
} // namespace

void dlc::memory::writeJson(std::ostream &out, const Report &report) {
  Peak peak = findPeak(report);
  {
    Object top(out);
    top.add("version", int64_t(1));
    top.add("title", report.title);
    top.add("weights_bytes", report.weightsBytes);
    top.add("arena_bytes", report.arenaBytes);
    top.add("lower_bound_bytes", report.lowerBound);
    top.add("alignment", report.alignment);
    top.key("peak");
    {
      Object object(out);
      object.add("launch", peak.launch);
      object.add("bytes", peak.bytes);
      object.add("slots", peak.slots);
    }
    top.addObjects("launches", report.launches,
                   [](Object &object, const LaunchReport &launch) {
                     object.add("kernel", launch.kernel);
                     object.add("node", launch.location);
                   });
    top.addObjects("slots", report.slots,
                   [](Object &object, const SlotReport &slot) {
                     object.add("name", slot.name);
                     object.add("node", slot.location);
                     object.add("kind", slot.kind);
                     object.add("offset", slot.offset);
                     object.add("size", slot.size);
                     object.add("first", slot.first);
                     object.add("last", slot.last);
                     object.add("writers", slot.writers);
                     object.add("readers", slot.readers);
                   });
    top.addObjects("constants", report.constants,
                   [](Object &object, const ConstantReport &constant) {
                     object.add("name", constant.name);
                     object.add("node", constant.location);
                     object.add("offset", constant.offset);
                     object.add("size", constant.size);
                     object.add("readers", constant.readers);
                   });
  }
  out << '\n';
}
