//===- Importer.h - ONNX models become nn modules ---------------*- C++ -*-===//
//
// libonnx checks the model, inlines its functions and brings it to one operator
// set; an own folder makes every shape static; then each node becomes `nn`.
//
//===----------------------------------------------------------------------===//

#ifndef DLC_IMPORTER_ONNX_IMPORTER_H
#define DLC_IMPORTER_ONNX_IMPORTER_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include "llvm/ADT/StringRef.h"

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace dlc {

/// What the user says about a model beyond the file.
struct ImportOptions {
  /// Values of symbolic dimensions: `--dim name=value`. Of an element of an
  /// input, `--dim input[2]=value`: the program checks it.
  std::vector<std::pair<std::string, int64_t>> dims;
  /// Largest values of symbolic dimensions whose extent the inputs decide when
  /// the program runs: `--max-dim name=value`. Of an element of an input that
  /// is an extent (or the number of iterations), `--max-dim input[2]=value`.
  std::map<std::string, int64_t> maxDims;
  /// Whole shapes of inputs: `--shape input=1x3x224x224`.
  std::map<std::string, std::vector<int64_t>> shapes;
  /// Inputs that become compile-time constants: `--bind input=file.npy`.
  std::map<std::string, std::string> binds;
  /// Inputs whose values the program is compiled for: it checks that they have
  /// them. `--expect input=file.npy`.
  std::map<std::string, std::string> expects;
};

/// Who is to blame for a failed import: drivers exit with 1 or 2.
enum class ImportFailure {
  None,
  Model, ///< the file is broken, malicious, or says something unsupported
  Usage, ///< the options do not fit the model, or are missing
};

/// Imports the ONNX model in `path`. Returns null after reporting exactly one
/// error through the context's diagnostics; its location names the file and,
/// where one is to blame, the node (see describeLocation). `failure`, when
/// given, says whose fault it is.
///
/// The module holds one `func.func @main` with `dlc.name` on its arguments and
/// results. Large weights are resource blobs that own (or map) the bytes of the
/// file; they are not copied.
mlir::OwningOpRef<mlir::ModuleOp> importONNX(mlir::MLIRContext &context,
                                             llvm::StringRef path,
                                             const ImportOptions &options,
                                             ImportFailure *failure = nullptr);

/// The same for a model in memory. External data is refused. `name` stands for
/// the file in messages.
mlir::OwningOpRef<mlir::ModuleOp>
importONNXFromBuffer(mlir::MLIRContext &context, llvm::StringRef bytes,
                     llvm::StringRef name, const ImportOptions &options,
                     ImportFailure *failure = nullptr);

} // namespace dlc

#endif // DLC_IMPORTER_ONNX_IMPORTER_H
