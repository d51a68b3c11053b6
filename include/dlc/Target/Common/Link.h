//===- Link.h - Running the system's linker ---------------------*- C++ -*-===//

#ifndef DLC_TARGET_COMMON_LINK_H
#define DLC_TARGET_COMMON_LINK_H

#include "llvm/Support/Error.h"

#include <string>
#include <vector>

namespace dlc::target {

/// A file beside its later place: removed when this goes, or when the process
/// is killed, unless it was moved there.
class TemporaryFile {
public:
  /// Picks an unused name; makes no file.
  TemporaryFile(llvm::StringRef place, llvm::StringRef suffix);
  ~TemporaryFile();
  TemporaryFile(const TemporaryFile &) = delete;
  TemporaryFile &operator=(const TemporaryFile &) = delete;

  llvm::StringRef getPath() const { return path; }
  /// Writes the whole file.
  llvm::Error write(llvm::StringRef contents);
  /// Renames it to `target`.
  llvm::Error moveTo(llvm::StringRef target);

private:
  std::string path;
};

/// What the linker makes.
enum class LinkKind { Executable, Shared, Relocatable };

/// Links objects and archives with cc, or with ld where there is no C compiler.
/// DLC_LINKER in the environment names another one. The symbol `keep`, if there
/// is one, stays although nothing refers to it.
llvm::Error runLinker(LinkKind kind, llvm::ArrayRef<std::string> files,
                      llvm::StringRef output, llvm::StringRef keep,
                      llvm::StringRef soname = "");

} // namespace dlc::target

#endif // DLC_TARGET_COMMON_LINK_H
