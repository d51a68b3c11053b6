//===- Program.h - Objects, libraries and executables -----------*- C++ -*-===//

#ifndef DLC_TARGET_HOST_PROGRAM_H
#define DLC_TARGET_HOST_PROGRAM_H

#include "dlc/Target/Host/HostCpu.h"
#include "dlc/Target/Host/Weights.h"

#include "mlir/IR/BuiltinOps.h"

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

/// The model compiled for one CPU: a module at level llvm, that is
/// - `llvm.func @dlc_entry` with the attributes `dlc.inputs` and `dlc.outputs`,
///   arrays of dictionaries {name = "input", type = tensor<1x3xf32>},
/// - the kernels it calls, and `dlc_weights` as an external global,
/// - `arena.layout` and `arena.constant_pool`.
struct ProgramVariant {
  mlir::ModuleOp module;
  HostCpu cpu;
};

struct ProgramOptions {
  ProgramKind kind = ProgramKind::Executable;
  /// The file to write; for libraries DIR/<name>, which gives DIR/lib<name>.a …
  std::string output;
  /// What --info and messages call the model.
  std::string modelName;
  /// What --info says about the compiler.
  std::string compiler;
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
  /// Size of the first file.
  uint64_t fileBytes = 0;
};

/// Writes the program. Variants must agree in inputs and outputs; at start-up
/// an executable takes the one with the most features among those that the CPU
/// can run. (Libraries and objects have one.) The same input gives the same
/// bytes. Where it fails, nothing is left behind, and what was at `output`
/// stays.
llvm::Expected<ProgramReport>
emitProgram(llvm::ArrayRef<ProgramVariant> variants,
            const ProgramOptions &options);

} // namespace dlc::target

#endif // DLC_TARGET_HOST_PROGRAM_H
