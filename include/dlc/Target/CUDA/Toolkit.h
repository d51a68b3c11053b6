//===- Toolkit.h - The assembler of a CUDA toolkit --------------*- C++ -*-===//

#ifndef DLC_TARGET_CUDA_TOOLKIT_H
#define DLC_TARGET_CUDA_TOOLKIT_H

#include "dlc/Target/CUDA/CudaArch.h"

#include <map>
#include <optional>

namespace dlc::target {

/// The programs of a toolkit that turn PTX into an image for several GPUs.
struct CudaToolkit {
  std::string ptxas, fatbinary;

  /// Looks in $CUDA_HOME/bin; if that is not set in PATH, in the PyPI package
  /// nvidia-cuda-nvcc of the active virtual environment ($VIRTUAL_ENV, or that
  /// of python3) and in /usr/local/cuda/bin.
  static std::optional<CudaToolkit> find();
};

/// What ptxas says about one kernel.
struct KernelUsage {
  unsigned registers = 0;   ///< of a thread
  unsigned sharedBytes = 0; ///< static shared memory of a block
  unsigned stackBytes = 0;  ///< local memory of a thread
  unsigned spillStores = 0; ///< bytes of a thread
  unsigned spillLoads = 0;  ///< bytes of a thread
};

/// Reads the output of `ptxas -v`: kernel -> usage.
std::map<std::string, KernelUsage> parseKernelUsage(llvm::StringRef text);

/// Machine code for one architecture.
struct Cubin {
  CudaArch arch;
  std::string path;
  std::map<std::string, KernelUsage> usage;
};

/// Assembles `ptx` (a file) into `cubin.path`, and fills in its usage.
llvm::Error runPtxas(const CudaToolkit &toolkit, llvm::StringRef ptx,
                     Cubin &cubin);

/// Puts PTX (made for `ptxArch`) and machine code into one image.
llvm::Error runFatbinary(const CudaToolkit &toolkit, llvm::StringRef ptx,
                         const CudaArch &ptxArch, llvm::ArrayRef<Cubin> cubins,
                         llvm::StringRef output);

} // namespace dlc::target

#endif // DLC_TARGET_CUDA_TOOLKIT_H
