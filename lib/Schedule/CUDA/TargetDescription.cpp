//===- TargetDescription.cpp - The GPU that kernels are made for ----------===//

#include "dlc/Schedule/CUDA/TargetDescription.h"

using namespace dlc::schedule;

std::optional<CudaTarget> CudaTarget::get(llvm::StringRef arch) {
  CudaTarget target; // sm_80: A100
  if (!arch.consume_front("sm_"))
    return std::nullopt;
  bool isExact = arch.consume_back("a");
  if (arch == "80")
    return target;
  if (arch == "86" || arch == "87" || arch == "89") { // RTX 30, Orin, RTX 40
    target.multiprocessors = arch == "87" ? 16 : 84;
    target.threadsPerSM = 1536;
    target.blocksPerSM = 24;
    target.sharedPerSM = arch == "87" ? 164 << 10 : 100 << 10;
    target.fmaRate = 128;
    target.tensorRate = 512;
    target.memoryRate = 6.5;
    return target;
  }
  if (arch == "90" || arch == "100" || arch == "103") { // H100, B200, B300
    target.multiprocessors = arch == "90" ? 132 : 148;
    target.sharedPerSM = 228 << 10;
    if (isExact)
      target.sharedPerBlock = 227 << 10;
    target.fmaRate = 128;
    target.tensorRate = 2048;
    target.memoryRate = arch == "90" ? 14 : 28;
    return target;
  }
  if (arch == "120") { // RTX 50
    target.multiprocessors = 170;
    target.threadsPerSM = 1536;
    target.blocksPerSM = 24;
    target.sharedPerSM = 100 << 10;
    target.fmaRate = 128;
    target.tensorRate = 512;
    target.memoryRate = 4.4;
    return target;
  }
  return std::nullopt;
}
