//===- Settings.h - How dlc-sim tells the simulator what to do -*- C++ -*-===//
//
// dlc-sim turns its options into environment variables, the simulated driver
// library reads them in the process of the program. C++ standard library only:
// dlc-sim must start quickly.
//
//===----------------------------------------------------------------------===//

#ifndef DLC_PTXSIM_SETTINGS_H
#define DLC_PTXSIM_SETTINGS_H

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace dlc::ptxsim {

struct Settings {
  /// A name that DeviceConfig::byName knows.
  std::string device = "sm_80";
  /// Bytes of device memory; 0: what the device has.
  uint64_t memoryBytes = 0;
  bool checks = true;
  /// cp.async arrives as late as the program allows; false: at once.
  bool deferAsyncCopies = true;
  /// "chosen", "quick" or "good": CodeKind of the engine.
  std::string code = "chosen";
  /// Work in streams runs when the program waits for it; false: at once.
  bool deferStreams = true;
  /// Seconds of processor time after which a kernel that only loops is ended;
  /// 0: never.
  uint64_t timeoutSeconds = 60;
  /// A line on stderr for each call of the driver API.
  bool trace = false;
  /// Statistics at exit on stderr, or as JSON in `statsFile`.
  bool stats = false;
  std::string statsFile;
  /// Folder for compiled kernels; empty: none.
  std::string cacheDirectory;
};

/// The exit code of a program that would have returned 0 if checks had found
/// nothing.
inline constexpr int kCheckFailedExitCode = 99;

/// The names that `Settings::device` can have.
std::vector<std::string_view> deviceNames();

/// "4096", "64K", "512M", "16G" (powers of 1024). False: not a size.
bool parseBytes(std::string_view text, uint64_t &bytes);

/// Takes one option of dlc-sim ("--device=sm_80"). Returns an empty string, or
/// what is wrong with it.
std::string parseOption(std::string_view option, Settings &settings);

/// The settings as lines for the environment, "NAME=value".
std::vector<std::string> toEnvironment(const Settings &settings);

/// The settings of this process. Variables that are not set count as their
/// default; `fault` says what is wrong with one.
Settings settingsFromEnvironment(std::string &fault);

} // namespace dlc::ptxsim

#endif // DLC_PTXSIM_SETTINGS_H
