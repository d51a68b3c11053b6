//===- Settings.cpp - How dlc-sim tells the simulator what to do ----------===//

#include "dlc/PTXSim/Settings.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>

namespace dlc::ptxsim {

namespace {
/// An option and its variable: `--name[=value]` is `variable=value`.
struct Option {
  const char *name;
  const char *variable;
  /// Takes the value ("1" for an option without one); false: a wrong one.
  bool (*set)(std::string_view value, Settings &settings);
  /// The value as `set` takes it; empty: leave the variable out.
  std::string (*get)(const Settings &settings);
  enum { NoValue, OptionalValue, NeedsValue } value;
};
} // namespace

static bool setDevice(std::string_view value, Settings &settings) {
  std::vector<std::string_view> names = deviceNames();
  settings.device = value;
  return std::find(names.begin(), names.end(), value) != names.end();
}

static bool setCode(std::string_view value, Settings &settings) {
  settings.code = value;
  return value == "chosen" || value == "quick" || value == "good";
}

static bool setStats(std::string_view value, Settings &settings) {
  settings.stats = true;
  settings.statsFile = value == "1" ? "" : value;
  return !value.empty();
}

static std::string getStats(const Settings &settings) {
  if (!settings.stats)
    return "";
  return settings.statsFile.empty() ? "1" : settings.statsFile;
}

static std::string flag(bool set) { return set ? "1" : ""; }

static const Option kOptions[] = {
    {"device", "DLC_SIM_DEVICE", setDevice,
     [](const Settings &s) { return s.device; }, Option::NeedsValue},
    {"memory", "DLC_SIM_MEMORY",
     [](std::string_view v, Settings &s) {
       return parseBytes(v, s.memoryBytes) && s.memoryBytes > 0;
     },
     [](const Settings &s) {
       return s.memoryBytes ? std::to_string(s.memoryBytes) : "";
     },
     Option::NeedsValue},
    {"no-check", "DLC_SIM_NO_CHECK",
     [](std::string_view v, Settings &s) {
       s.checks = false;
       return v == "1";
     },
     [](const Settings &s) { return flag(!s.checks); }, Option::NoValue},
    {"immediate-cp-async", "DLC_SIM_IMMEDIATE_CP_ASYNC",
     [](std::string_view v, Settings &s) {
       s.deferAsyncCopies = false;
       return v == "1";
     },
     [](const Settings &s) { return flag(!s.deferAsyncCopies); },
     Option::NoValue},
    {"code", "DLC_SIM_CODE", setCode, [](const Settings &s) { return s.code; },
     Option::NeedsValue},
    {"immediate-streams", "DLC_SIM_IMMEDIATE_STREAMS",
     [](std::string_view v, Settings &s) {
       s.deferStreams = false;
       return v == "1";
     },
     [](const Settings &s) { return flag(!s.deferStreams); }, Option::NoValue},
    {"timeout", "DLC_SIM_TIMEOUT",
     [](std::string_view v, Settings &s) {
       auto [end, error] =
           std::from_chars(v.data(), v.data() + v.size(), s.timeoutSeconds);
       return error == std::errc() && end == v.data() + v.size();
     },
     [](const Settings &s) { return std::to_string(s.timeoutSeconds); },
     Option::NeedsValue},
    {"trace", "DLC_SIM_TRACE",
     [](std::string_view v, Settings &s) {
       s.trace = true;
       return v == "1";
     },
     [](const Settings &s) { return flag(s.trace); }, Option::NoValue},
    {"stats", "DLC_SIM_STATS", setStats, getStats, Option::OptionalValue},
    {"cache", "DLC_SIM_CACHE",
     [](std::string_view v, Settings &s) {
       s.cacheDirectory = v;
       return !v.empty();
     },
     [](const Settings &s) { return s.cacheDirectory; }, Option::NeedsValue},
};

std::vector<std::string_view> deviceNames() { return {"sm_80", "sm_90"}; }

bool parseBytes(std::string_view text, uint64_t &bytes) {
  auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), bytes);
  if (error != std::errc())
    return false;
  std::string_view unit = text.substr(end - text.data());
  if (unit.empty())
    return true;
  size_t power = std::string_view("KMGT").find(unit.front());
  if (unit.size() != 1 || power == std::string_view::npos)
    return false;
  unsigned shift = 10 * (static_cast<unsigned>(power) + 1);
  if (bytes > UINT64_MAX >> shift)
    return false;
  bytes <<= shift;
  return true;
}

std::string parseOption(std::string_view option, Settings &settings) {
  std::string quoted = "'" + std::string(option) + "'";
  size_t equals = option.find('=');
  bool hasValue = equals != std::string_view::npos;
  std::string_view name = option.substr(0, equals);
  std::string_view value = hasValue ? option.substr(equals + 1) : "1";
  for (const Option &known : kOptions) {
    if (name != std::string("--") + known.name)
      continue;
    if (hasValue && known.value == Option::NoValue)
      return quoted + ": the option takes no value";
    if (!hasValue && known.value == Option::NeedsValue)
      return quoted + ": the option needs a value";
    if (!known.set(value, settings))
      return quoted + ": the value is not valid";
    return "";
  }
  return "unknown option " + quoted;
}

std::vector<std::string> toEnvironment(const Settings &settings) {
  std::vector<std::string> lines;
  for (const Option &option : kOptions)
    if (std::string value = option.get(settings); !value.empty())
      lines.push_back(std::string(option.variable) + "=" + value);
  return lines;
}

Settings settingsFromEnvironment(std::string &fault) {
  Settings settings;
  for (const Option &option : kOptions) {
    const char *value = std::getenv(option.variable);
    if (value && *value && !option.set(value, settings))
      fault = std::string(option.variable) + "=" + value +
              ": the value is not valid";
  }
  return settings;
}

} // namespace dlc::ptxsim
