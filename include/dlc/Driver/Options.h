//===- Options.h - The command line of dlc ----------------------*- C++ -*-===//

#ifndef DLC_DRIVER_OPTIONS_H
#define DLC_DRIVER_OPTIONS_H

#include "dlc/Importer/ONNX/Importer.h"
#include "dlc/Pipelines/Pipelines.h"
#include "dlc/Target/CUDA/CudaArch.h"
#include "dlc/Target/Host/HostCpu.h"

#include <optional>
#include <string>
#include <vector>

namespace dlc {

/// What the user asks for.
struct DriverOptions {
  /// What is written. The first ones are levels of the IR.
  enum class Emit {
    NN,
    Linalg,
    Dispatch,
    Scheduled,
    Arena,
    LLVM,
    PTX,
    Obj,
    Lib,
    Exe,
    /// `dlc view`: a page that shows the graph before and after fusion.
    View
  };

  /// Most combinations of sizes in one program.
  static constexpr size_t kMaxSpecialisations = 64;

  std::string input;
  /// "-" is standard output (levels of the IR only).
  std::string output;
  Emit emit = Emit::Exe;
  /// "host" or "cuda".
  std::string target = "host";
  /// CPUs to compile for, at least one.
  std::vector<std::string> cpus;
  /// The same, resolved; none for cuda.
  std::vector<target::HostCpu> hostCpus;
  /// GPUs to compile for; kernels are scheduled for the first one. None for
  /// host.
  std::vector<target::CudaArch> cudaArchs;
  /// -O0 leaves out whatever makes programs faster, so that they compile soon
  /// and compute what the model says in the order it says.
  bool optimize = true;
  /// What products of f32 may be rounded to on a GPU: f32 (not at all), tf32,
  /// f16 or bf16.
  std::string precision = "f32";
  /// For each combination of sizes that the program is compiled for, at least
  /// one: what the importer needs to know, and what the combination is called
  /// ("batch=1,seq=16"; empty if there is one).
  struct Specialisation {
    ImportOptions import;
    std::string dims;
  };
  std::vector<Specialisation> specialisations;
  /// "caller" or "arena": where inputs and outputs are.
  std::string io = "caller";
  bool verbose = false;
  /// Seconds to measure the program for, if at all.
  std::optional<double> benchmark;
  /// Where the picture of the memory plan goes (.html or .json); empty:
  /// nowhere.
  std::string memoryReport;
  /// Bytes that the arena may take.
  std::optional<int64_t> memoryBudget;
  /// The user's own schedules for kernels, MLIR; empty: none.
  std::string schedule;
  /// Table of tiles that were measured to be fastest; empty: none. Written if
  /// `tune` is given.
  std::string tuning;
  /// Seconds to measure such tiles for, if at all.
  std::optional<double> tune;
  /// Folder for a snapshot of the IR behind each phase; empty: none.
  std::string saveTemps;

  /// The level that `emit` stops at; LLVM for machine code.
  Level getLastLevel() const {
    if (emit == Emit::View)
      return Level::Dispatch;
    return emit <= Emit::LLVM ? static_cast<Level>(emit) : Level::LLVM;
  }
  bool emitsIR() const { return emit <= Emit::LLVM; }
  /// Whether the output is text and may go to standard output.
  bool emitsText() const { return emit <= Emit::PTX; }
  bool isCuda() const { return target == "cuda"; }
};

/// Exit codes of dlc.
enum ExitCode { Success = 0, ModelError = 1, UsageError = 2 };

/// Parses the command line. On a usage error prints one line to stderr and
/// returns nothing. `--help` and `--version` exit.
std::optional<DriverOptions> parseCommandLine(int argc, char **argv);

/// Prints "dlc: error: <message>" as the one line of a usage error.
void reportUsageError(const llvm::Twine &message);

} // namespace dlc

#endif // DLC_DRIVER_OPTIONS_H
