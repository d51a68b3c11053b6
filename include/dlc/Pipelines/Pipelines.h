//===- Pipelines.h - The levels and the phases between them -----*- C++ -*-===//
//
// A level is a printed form of the IR with fixed rules (see dlc-verify-level),
// a phase is the pass pipeline that leads from one level to the next. `dlc`
// runs them one after the other, `dlc-opt --dlc-<phase>` runs one.
//
//===----------------------------------------------------------------------===//

#ifndef DLC_PIPELINES_PIPELINES_H
#define DLC_PIPELINES_PIPELINES_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassOptions.h"

#include <optional>
#include <string>

namespace dlc {

/// The levels of the IR, top down.
enum class Level { NN, Linalg, Dispatch, Scheduled, Arena, LLVM };

/// The name of a level in --emit= and messages: "nn", "linalg", …
llvm::StringRef stringifyLevel(Level level);
std::optional<Level> symbolizeLevel(llvm::StringRef name);

/// The level of `module`, judged by the operations in it.
Level detectLevel(mlir::ModuleOp module);

/// What the phases need to know.
struct PhaseOptions : public mlir::PassPipelineOptions<PhaseOptions> {
  Option<std::string> target{
      *this, "target",
      llvm::cl::desc("What kernels run on: host or cuda (the phases up to "
                     "dispatch are the same)"),
      llvm::cl::init("host")};
  Option<std::string> cpu{
      *this, "cpu",
      llvm::cl::desc("CPU to compile for: native, x86-64-v3, x86-64-v4 or one "
                     "of LLVM's names; several, separated by commas, in the "
                     "phases up to dispatch, which are the same for all"),
      llvm::cl::init("native")};
  Option<std::string> arch{
      *this, "arch",
      llvm::cl::desc("GPU that kernels are scheduled for: sm_80, sm_90a, ..."),
      llvm::cl::init("sm_80")};
  Option<std::string> precision{
      *this, "precision",
      llvm::cl::desc("What operands of f32 products are rounded to: f32 (not "
                     "at all), f16, bf16 or, on a GPU, tf32"),
      llvm::cl::init("f32")};
  Option<std::string> io{
      *this, "io",
      llvm::cl::desc("Where inputs and outputs are: caller (in memory of the "
                     "caller's) or arena"),
      llvm::cl::init("caller")};
  Option<std::string> schedule{
      *this, "schedule",
      llvm::cl::desc("File of transform sequences that schedule kernels (host "
                     "only)"),
      llvm::cl::init("")};
  Option<std::string> tuning{
      *this, "tuning",
      llvm::cl::desc("Table of tiles that were measured to be fastest, as dlc "
                     "--tune writes it (host only)"),
      llvm::cl::init("")};
  Option<bool> listTiles{
      *this, "list-tiles",
      llvm::cl::desc("Note which register tiles a kernel may have (host only)"),
      llvm::cl::init(false)};
  Option<bool> optimize{
      *this, "optimize",
      llvm::cl::desc("Fold, fuse, pack and vectorise; without it every op is a "
                     "kernel of scalar loops"),
      llvm::cl::init(true)};
  Option<bool> keepData{
      *this, "keep-data",
      llvm::cl::desc("Do not free the data of dead constants: other modules "
                     "use them, too"),
      llvm::cl::init(false)};

  Option<int64_t> memoryBudget{
      *this, "memory-budget",
      llvm::cl::desc("Bytes that buffers may take at a time: the graph is "
                     "changed to fit (negative: it is not)"),
      llvm::cl::init(-1)};
  Option<int64_t> maxPartialBytes{
      *this, "max-partial-bytes",
      llvm::cl::desc("Bytes of partial results that a kernel on a GPU may keep "
                     "in memory (negative: as many as it likes)"),
      llvm::cl::init(-1)};

  bool isCuda() const { return target == "cuda"; }
};

/// One phase of the compiler.
struct Phase {
  /// "simplify", "lower", …; dlc-opt has the pipeline `dlc-<name>`.
  llvm::StringLiteral name;
  /// For progress and the table in docs/Architecture.md.
  llvm::StringLiteral description;
  /// The level before and after.
  Level from, to;
  /// Appends the passes, without the gate.
  void (*build)(mlir::OpPassManager &pm, const PhaseOptions &options);
};

/// All phases on IR in order. The first has `from == to == NN`.
llvm::ArrayRef<Phase> getPhases();

/// Appends the passes of `phase` and the gate behind it.
void buildPhase(mlir::OpPassManager &pm, const Phase &phase,
                const PhaseOptions &options);

/// Registers the project's dialects, what of MLIR's they need, and the
/// interfaces and translations that the phases rely on.
void registerDialects(mlir::DialectRegistry &registry);

/// Registers all passes of the project and the phases' pipelines.
void registerPassesAndPipelines();

} // namespace dlc

#endif // DLC_PIPELINES_PIPELINES_H
