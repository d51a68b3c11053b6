//===- Csv.cpp - Memory problems and plans as text ------------------------===//

#include "dlc/MemoryPlanning/Csv.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <string_view>
#include <unordered_set>

using namespace dlc::memory;

namespace {

enum Column { Id, Lower, Upper, Size, Alignment, Offset, Alias, NumColumns };
constexpr std::array<std::string_view, NumColumns> kNames = {
    "id", "lower", "upper", "size", "alignment", "offset", "alias"};

std::string_view trim(std::string_view text) {
  while (!text.empty() &&
         std::string_view(" \t\r").find(text.front()) != std::string_view::npos)
    text.remove_prefix(1);
  while (!text.empty() &&
         std::string_view(" \t\r").find(text.back()) != std::string_view::npos)
    text.remove_suffix(1);
  return text;
}

std::vector<std::string_view> split(std::string_view line) {
  std::vector<std::string_view> fields;
  for (size_t begin = 0;;) {
    size_t end = line.find(',', begin);
    if (end == std::string_view::npos) {
      fields.push_back(trim(line.substr(begin)));
      return fields;
    }
    fields.push_back(trim(line.substr(begin, end - begin)));
    begin = end + 1;
  }
}

bool parseInt(std::string_view text, int64_t &value) {
  auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size();
}

} // namespace

std::string dlc::memory::readProblem(std::istream &in, Problem &problem) {
  problem.buffers.clear();
  std::string line;
  size_t number = 0;
  std::vector<Column> columns;
  std::unordered_set<std::string> ids;
  auto at = [&](const std::string &what) {
    return "line " + std::to_string(number) + ": " + what;
  };
  while (std::getline(in, line)) {
    ++number;
    if (trim(line).empty())
      continue;
    std::vector<std::string_view> fields = split(line);
    if (columns.empty()) {
      for (std::string_view field : fields) {
        auto it = std::find(kNames.begin(), kNames.end(), field);
        if (it == kNames.end())
          return at("unknown column '" + std::string(field) + "'");
        auto column = static_cast<Column>(it - kNames.begin());
        if (std::find(columns.begin(), columns.end(), column) != columns.end())
          return at("column '" + std::string(field) + "' is given twice");
        columns.push_back(column);
      }
      for (Column column : {Id, Lower, Upper, Size})
        if (std::find(columns.begin(), columns.end(), column) == columns.end())
          return at("no column '" + std::string(kNames[column]) + "'");
      continue;
    }
    if (fields.size() != columns.size())
      return at("has " + std::to_string(fields.size()) + " fields instead of " +
                std::to_string(columns.size()));
    Buffer buffer;
    for (size_t i = 0; i < fields.size(); ++i) {
      if (columns[i] == Id || columns[i] == Alias) {
        (columns[i] == Id ? buffer.id : buffer.alias) = fields[i];
        continue;
      }
      if (fields[i].empty() &&
          (columns[i] == Offset || columns[i] == Alignment))
        continue;
      int64_t value = 0;
      if (!parseInt(fields[i], value))
        return at("'" + std::string(fields[i]) + "' is no integer");
      switch (columns[i]) {
      case Lower:
        buffer.lower = value;
        break;
      case Upper:
        buffer.upper = value;
        break;
      case Size:
        buffer.size = value;
        break;
      case Alignment:
        buffer.alignment = value;
        break;
      default:
        buffer.offset = value;
      }
    }
    if (!ids.insert(buffer.id).second)
      return at("id '" + buffer.id + "' is given twice");
    problem.buffers.push_back(std::move(buffer));
  }
  if (columns.empty())
    return "no header line";
  return describeFault(problem);
}

void dlc::memory::writePlan(std::ostream &out, const Problem &problem,
                            const Plan &plan) {
  bool aligned = false, aliased = false;
  for (const Buffer &buffer : problem.buffers) {
    aligned |= buffer.alignment != 1;
    aliased |= !buffer.alias.empty();
  }
  out << "id,lower,upper,size," << (aligned ? "alignment," : "")
      << (aliased ? "alias," : "") << "offset\n";
  for (size_t i = 0; i < problem.buffers.size(); ++i) {
    const Buffer &buffer = problem.buffers[i];
    out << buffer.id << ',' << buffer.lower << ',' << buffer.upper << ','
        << buffer.size << ',';
    if (aligned)
      out << buffer.alignment << ',';
    if (aliased)
      out << buffer.alias << ',';
    out << plan.offsets[i] << '\n';
  }
}
