//===- Output.cpp - Files that appear whole or not at all -----------------===//

#include "dlc/Driver/Output.h"

#include "mlir/Bytecode/BytecodeWriter.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Process.h"
#include "llvm/Support/Signals.h"

using namespace mlir;
using namespace dlc;

static LogicalResult reportFileError(MLIRContext *context, StringRef path,
                                     std::error_code error) {
  return emitError(FileLineColLoc::get(context, path, 0, 0)) << error.message();
}

PendingFiles::~PendingFiles() {
  for (auto &[temporary, path] : files) {
    (void)llvm::sys::fs::remove(temporary);
    llvm::sys::DontRemoveFileOnSignal(temporary);
  }
}

std::string PendingFiles::add(StringRef path) {
  std::string temporary =
      (path + ".tmp" + llvm::Twine(llvm::sys::Process::getProcessId())).str();
  llvm::sys::RemoveFileOnSignal(temporary);
  files.emplace_back(temporary, path.str());
  return temporary;
}

LogicalResult PendingFiles::keep(MLIRContext *context) {
  for (auto &[temporary, path] : files)
    if (std::error_code error = llvm::sys::fs::rename(temporary, path))
      return reportFileError(context, path, error);
  for (auto &[temporary, path] : files)
    llvm::sys::DontRemoveFileOnSignal(temporary);
  files.clear();
  return success();
}

LogicalResult dlc::writeFile(
    MLIRContext *context, StringRef path,
    llvm::function_ref<LogicalResult(llvm::raw_pwrite_stream &)> write) {
  if (path == "-") {
    if (failed(write(llvm::outs())))
      return failure();
    llvm::outs().flush();
    if (!llvm::outs().has_error())
      return success();
    std::error_code error = llvm::outs().error();
    llvm::outs().clear_error();
    return reportFileError(context, "standard output", error);
  }
  PendingFiles pending;
  std::error_code error;
  llvm::raw_fd_ostream os(pending.add(path), error);
  if (error)
    return reportFileError(context, path, error);
  if (failed(write(os)))
    return failure();
  os.close();
  if (os.has_error()) {
    error = os.error();
    os.clear_error();
    return reportFileError(context, path, error);
  }
  return pending.keep(context);
}

LogicalResult dlc::writeIR(ModuleOp module, StringRef path, raw_ostream &os) {
  if (path.ends_with(".mlirbc"))
    return writeBytecodeToFile(module, os);
  // Locations stay: they name the nodes of the model.
  OpPrintingFlags flags;
  flags.enableDebugInfo();
  module->print(os, flags);
  os << "\n";
  return success();
}
