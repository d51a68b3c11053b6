//===- Program.h - Programs that run on a GPU -------------------*- C++ -*-===//

#ifndef DLC_TARGET_CUDA_PROGRAM_H
#define DLC_TARGET_CUDA_PROGRAM_H

#include "dlc/Target/CUDA/CudaArch.h"
#include "dlc/Target/CUDA/Toolkit.h"
#include "dlc/Target/Common/Descriptor.h"
#include "dlc/Target/Common/Program.h"

#include "mlir/IR/BuiltinOps.h"

namespace dlc::target {

/// How one kernel was compiled and is launched.
struct KernelReport {
  std::string name;
  KernelUsage usage;
  /// Of its largest launch: blocks, threads of a block, dynamic shared memory.
  std::array<uint32_t, 3> grid = {}, block = {};
  uint64_t dynamicShared = 0; ///< bytes of a block
  uint64_t launches = 0;
};

struct CudaProgramReport : ProgramReport {
  /// What the table of kernels is for; none without a toolkit.
  std::optional<CudaArch> arch;
  std::vector<KernelReport> kernels; ///< in the order of their first launch
  std::string ptx;                   ///< what the kernels were assembled from
  /// Things the user should know, whole sentences.
  std::vector<std::string> notes;
};

/// Writes the program of `module`, which is at level llvm for cuda: the graph
/// function @main, a `gpu.module` of kernels, `arena.layout` and
/// `arena.constant_pool`. PTX is made for the first of `archs`, machine code
/// for all that are not virtual, if there is a CUDA toolkit. The same input
/// (and toolkit) gives the same bytes. Where it fails, nothing is left behind.
llvm::Expected<CudaProgramReport>
emitCudaProgram(mlir::ModuleOp module, llvm::ArrayRef<CudaArch> archs,
                const ProgramOptions &options);

/// The PTX of the module's kernels.
llvm::Expected<std::string> emitCudaPtx(mlir::ModuleOp module,
                                        llvm::ArrayRef<CudaArch> archs);

} // namespace dlc::target

#endif // DLC_TARGET_CUDA_PROGRAM_H
