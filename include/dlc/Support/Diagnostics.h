//===- Diagnostics.h - One clear message for each error ---------*- C++ -*-===//

#ifndef DLC_SUPPORT_DIAGNOSTICS_H
#define DLC_SUPPORT_DIAGNOSTICS_H

#include "mlir/IR/Diagnostics.h"
#include "llvm/Support/raw_ostream.h"

#include <string>

namespace dlc {

/// Renders MLIR diagnostics for users while it lives:
///   dlc: error: model.onnx: node 'conv1 (Conv)': reason
/// The first error is printed with its notes; what follows from it is only
/// printed when `verbose`. Safe to use from several threads.
class DiagnosticRenderer {
public:
  DiagnosticRenderer(mlir::MLIRContext *context, llvm::StringRef tool,
                     llvm::raw_ostream &os, bool verbose = false);
  ~DiagnosticRenderer();

  /// Whether an error was reported.
  bool hadError() const { return errors != 0; }

  /// Called before anything is printed (a progress line must be cleared).
  std::function<void()> beforePrint;

  /// The text of one diagnostic without tool and severity: where, then what.
  static std::string render(mlir::Diagnostic &diagnostic);

private:
  void handle(mlir::Diagnostic &diagnostic);

  mlir::DiagnosticEngine &engine;
  mlir::DiagnosticEngine::HandlerID id;
  std::string tool;
  llvm::raw_ostream &os;
  bool verbose;
  unsigned errors = 0;
};

} // namespace dlc

#endif // DLC_SUPPORT_DIAGNOSTICS_H
