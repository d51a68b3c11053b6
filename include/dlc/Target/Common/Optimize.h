//===- Optimize.h - LLVM's optimisations ------------------------*- C++ -*-===//

#ifndef DLC_TARGET_COMMON_OPTIMIZE_H
#define DLC_TARGET_COMMON_OPTIMIZE_H

namespace llvm {
class Module;
class OptimizationLevel;
class TargetMachine;
} // namespace llvm

namespace dlc::target {

/// Runs LLVM's optimisations on the module. Loops are not vectorised: kernels
/// come vectorised. Whether what the scheduler left as a loop may be unrolled
/// is up to the target.
void optimizeModule(llvm::Module &module, llvm::TargetMachine &machine,
                    llvm::OptimizationLevel level, bool unrollLoops);

} // namespace dlc::target

#endif // DLC_TARGET_COMMON_OPTIMIZE_H
