//===- Program.h - Objects, libraries and executables -----------*- C++ -*-===//

#ifndef DLC_TARGET_HOST_PROGRAM_H
#define DLC_TARGET_HOST_PROGRAM_H

#include "dlc/Target/Common/Program.h"
#include "dlc/Target/Host/HostCpu.h"

#include "mlir/IR/BuiltinOps.h"

namespace dlc::target {

/// The model compiled for one CPU: a module at level llvm, that is
/// - `llvm.func @dlc_entry` with the attributes `dlc.inputs` and `dlc.outputs`,
///   arrays of dictionaries {name = "input", type = tensor<1x3xf32>}, with
///   `offset` for those that are in the arena; for
///   further shapes `@dlc_entry_1` …, each with `dlc.dims` and `arena.bytes`,
/// - the kernels it calls, and `dlc_weights` as an external global,
/// - `arena.layout` and `arena.constant_pool`.
struct ProgramVariant {
  mlir::ModuleOp module;
  HostCpu cpu;
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
