//===- KernelUse.h - What each kernel of a program takes --------*- C++ -*-===//
//
// `dlc -v` and `dlc --benchmark`: how kernels were scheduled, what is expected
// of them, and what they were measured to take.
//
//===----------------------------------------------------------------------===//

#ifndef DLC_DRIVER_KERNELUSE_H
#define DLC_DRIVER_KERNELUSE_H

#include "dlc/Driver/MachineLimits.h"

#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/Support/Error.h"

#include <optional>
#include <string>
#include <vector>

namespace dlc {

/// One kernel, and all of its launches in one run together.
struct KernelUse {
  std::string name;
  uint64_t launches = 0;
  /// Floating-point operations (of floats, and of integers that are added up),
  /// and bytes read and written.
  double flops = 0, bytes = 0;
  /// How it was scheduled; empty for kernels of a GPU.
  std::string tiles;
  /// The share of the multiply-adds that the CPU could do meanwhile, from 0 to
  /// 1, that the cost model expects; for kernels with reductions.
  std::optional<double> expected;
  /// What multiplies, in the nest with the most work.
  ProductKind products = ProductKind::f32;
  /// Measured time of one run.
  std::optional<double> microseconds;
};

/// The kernels that a module of level `scheduled` launches, those with the most
/// operations first.
std::vector<KernelUse> collectKernels(mlir::ModuleOp module);

/// Measures the kernels of a host program by its own profile: each launch's
/// shortest time of several runs with one thread and made-up inputs. Afterwards
/// `kernels` holds those that ran, the one that takes most time first. Returns
/// the program's own account of whole runs.
llvm::Expected<std::string> measureKernels(llvm::StringRef program,
                                           double seconds,
                                           std::vector<KernelUse> &kernels);

/// A line for each kernel; measured times with their share of the whole and of
/// what the machine's limits allow.
std::string formatKernelTable(llvm::ArrayRef<KernelUse> kernels,
                              const MachineLimits &limits);

} // namespace dlc

#endif // DLC_DRIVER_KERNELUSE_H
