//===- Jit.h - LLVM IR to code of this host --------------------*- C++ -*-===//

#ifndef DLC_LIB_PTXSIM_JIT_H
#define DLC_LIB_PTXSIM_JIT_H

#include "Context.h"

#include "llvm/ADT/StringRef.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/MemoryBuffer.h"

#include <memory>
#include <string>

namespace dlc::ptxsim {

/// Compiles modules and loads object files; one a process.
class Jit {
public:
  static Jit &get();

  /// CPU and features that code is made for.
  const std::string &hostDescription() const { return description; }
  llvm::Error configure(llvm::Module &module);
  /// `quick`: as soon as possible, however slowly the code runs.
  llvm::Expected<std::unique_ptr<llvm::MemoryBuffer>>
  compile(llvm::Module &module, bool quick);
  /// The function `name` of an object, which stays loaded. Objects that share
  /// their functions have different names for them.
  llvm::Expected<KernelEntry> load(std::unique_ptr<llvm::MemoryBuffer> object,
                                   llvm::StringRef name, bool isShared);

private:
  Jit();
  struct State;
  std::string description;
  std::shared_ptr<State> state;
};

/// Compiled kernels in a folder: files that are written whole or not at all.
class ObjectCache {
public:
  explicit ObjectCache(std::string folder) : folder(std::move(folder)) {}
  /// Null if there is none, or it is damaged.
  std::unique_ptr<llvm::MemoryBuffer> find(llvm::StringRef key) const;
  /// A cache that can not be written is no error.
  void store(llvm::StringRef key, llvm::StringRef object) const;

private:
  std::string folder;
};

} // namespace dlc::ptxsim

#endif // DLC_LIB_PTXSIM_JIT_H
