//===- Tuner.h - Chooses the tiles of kernels by measuring ------*- C++ -*-===//
//
// The whole program is built several times, each time with another register
// tile in every kernel, and measured by its own profile: so each kernel is
// measured in its place, with the caches as they are there, and as many kernels
// at a time as there are.
//
//===----------------------------------------------------------------------===//

#ifndef DLC_LIB_DRIVER_TUNER_H
#define DLC_LIB_DRIVER_TUNER_H

#include "dlc/Dialect/Dispatch/IR/Dispatch.h"
#include "dlc/Schedule/Host/Tuning.h"

#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/StringMap.h"

#include <chrono>
#include <vector>

namespace dlc {

class Tuner {
public:
  /// Builds a program of a module at level `dispatch`, which it may change, and
  /// shows the same module at level `scheduled` to `inspect`. Errors were
  /// emitted.
  using Build = llvm::function_ref<mlir::LogicalResult(
      mlir::ModuleOp module, llvm::StringRef program,
      llvm::function_ref<void(mlir::ModuleOp)> inspect)>;

  /// `module` is at level `dispatch` and gets the tiles that the table knows;
  /// `cpu` is what the table calls the CPU.
  Tuner(mlir::ModuleOp module, llvm::StringRef cpu, double seconds, Build build,
        llvm::function_ref<void(double)> progress)
      : module(module), cpu(cpu), seconds(seconds), build(build),
        progress(progress), start(std::chrono::steady_clock::now()) {}

  /// Measures for about as many seconds as it was given, at least four programs
  /// (what is known, one other choice, and both again), and enters into the
  /// table which tiles are fastest. Returns what a person wants to know, one
  /// line; errors were emitted.
  mlir::FailureOr<std::string> run(schedule::TuningTable &table);

private:
  struct Kernel {
    dispatch::KernelOp kernel;
    /// What can be tried, what is known to be best so far first.
    llvm::SmallVector<schedule::TileSize> tiles;
    schedule::TileSize best;
    /// Microseconds of all launches in one run; launches of one run.
    double before = 0, measured = 0;
    uint64_t launches = 0;
  };
  /// The tile of each kernel that is to have another one than it would have.
  using Tiles = llvm::StringMap<schedule::TileSize>;

  mlir::FailureOr<llvm::StringMap<double>> measure(const Tiles &tiles,
                                                   bool isFirst = false);
  void listKernels(mlir::ModuleOp scheduled);
  mlir::LogicalResult tryOthers();
  mlir::LogicalResult compare();
  double elapsed() const;

  mlir::ModuleOp module;
  llvm::StringRef cpu;
  double seconds;
  Build build;
  llvm::function_ref<void(double)> progress;
  std::chrono::steady_clock::time_point start;
  /// Seconds that building and measuring one program takes.
  double round = 0;
  unsigned programs = 0;
  llvm::MapVector<llvm::StringRef, Kernel> kernels;
};

} // namespace dlc

#endif // DLC_LIB_DRIVER_TUNER_H
