//===- Output.h - Files that appear whole or not at all ---------*- C++ -*-===//

#ifndef DLC_DRIVER_OUTPUT_H
#define DLC_DRIVER_OUTPUT_H

#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/Support/raw_ostream.h"

#include <string>
#include <vector>

namespace dlc {

/// Files under construction: written under temporary names beside where they
/// belong, moved there together by `keep`, deleted otherwise (signals
/// included).
class PendingFiles {
public:
  ~PendingFiles();
  /// The temporary name for `path`.
  std::string add(llvm::StringRef path);
  /// Moves all files into place. Emits an error and fails if that does not
  /// work.
  mlir::LogicalResult keep(mlir::MLIRContext *context);

private:
  std::vector<std::pair<std::string, std::string>> files;
};

/// Writes a file by `write`; "-" is standard output. Emits an error and fails
/// if the file can not be written, fails if `write` does.
mlir::LogicalResult writeFile(
    mlir::MLIRContext *context, llvm::StringRef path,
    llvm::function_ref<mlir::LogicalResult(llvm::raw_pwrite_stream &)> write);

/// Prints `module`, as bytecode if `path` ends in .mlirbc.
mlir::LogicalResult writeIR(mlir::ModuleOp module, llvm::StringRef path,
                            llvm::raw_ostream &os);

} // namespace dlc

#endif // DLC_DRIVER_OUTPUT_H
