//===- Program.h - What programs of all targets have in common --*- C++ -*-===//

#ifndef DLC_TARGET_COMMON_PROGRAM_H
#define DLC_TARGET_COMMON_PROGRAM_H

#include "dlc/Target/Common/Weights.h"

#include <functional>
#include <string>
#include <vector>

namespace dlc::target {

/// What to make.
enum class ProgramKind {
  /// One relocatable file with everything but the runtime.
  Object,
  /// lib<name>.a, lib<name>.so and <name>.h beside each other.
  Library,
  /// An executable.
  Executable,
};

struct ProgramOptions {
  ProgramKind kind = ProgramKind::Executable;
  /// The file to write; for libraries DIR/<name>, which gives DIR/lib<name>.a …
  std::string output;
  /// What --info and messages call the model.
  std::string modelName;
  /// What --info says about the compiler.
  std::string compiler;
  /// Whether LLVM optimises the code of host programs.
  bool optimize = true;
  /// Called as each step begins: "generate code", "write weights", "link".
  std::function<void(llvm::StringRef)> progress;
  /// Size from which the weights are a large section (see Weights.h).
  uint64_t largeFrom = kLargeSection;
};

/// What was made.
struct ProgramReport {
  std::vector<std::string> files;
  std::string buildId;
  uint64_t weightsBytes = 0, arenaBytes = 0, lowerBound = 0;
  /// Of an executable: what decoding pictures takes.
  uint64_t pictureBytes = 0;
  /// Size of the first file.
  uint64_t fileBytes = 0;
};

} // namespace dlc::target

#endif // DLC_TARGET_COMMON_PROGRAM_H
