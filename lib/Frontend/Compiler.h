//===- Compiler.h - Running the program dlc ---------------------*- C++ -*-===//

#ifndef DLC_LIB_FRONTEND_COMPILER_H
#define DLC_LIB_FRONTEND_COMPILER_H

#include "dlc/Frontend/Compile.h"

namespace dlc::detail {

/// A new folder, removed with everything in it.
class TemporaryFolder {
public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder &) = delete;
  TemporaryFolder &operator=(const TemporaryFolder &) = delete;

  std::string getPath(const std::string &file) const {
    return path + "/" + file;
  }

private:
  std::string path;
};

/// Runs `dlc input <options> --emit=<emit> -o output`. Throws what it says.
void runCompiler(const std::string &input, const char *emit,
                 const std::string &output, const CompileOptions &options);

} // namespace dlc::detail

#endif // DLC_LIB_FRONTEND_COMPILER_H
