//===- CpuName.h - CPUs as options name them --------------------*- C++ -*-===//

#ifndef DLC_SUPPORT_CPUNAME_H
#define DLC_SUPPORT_CPUNAME_H

#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringRef.h"

namespace dlc {

/// "x86-64-v3+avxvnni": a name, and features beside those that it stands for.
struct CpuName {
  explicit CpuName(llvm::StringRef text) {
    text.split(more, '+');
    name = more.front();
    more.erase(more.begin());
  }

  llvm::StringRef name;
  llvm::SmallVector<llvm::StringRef> more;
};

} // namespace dlc

#endif // DLC_SUPPORT_CPUNAME_H
