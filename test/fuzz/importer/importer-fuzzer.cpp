//===- importer-fuzzer.cpp - Any bytes as an ONNX model -------------------===//
//
// Whatever the bytes are, the importer either builds a module that verifies or
// reports exactly one error.
//
//===----------------------------------------------------------------------===//

#include "dlc/Importer/ONNX/Importer.h"

#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/Verifier.h"

#include <cstdio>
#include <cstdlib>
#include <memory>

static void require(bool condition, const char *what) {
  if (condition)
    return;
  std::fprintf(stderr, "importer-fuzzer: %s\n", what);
  std::abort();
}

extern "C" int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size) {
  // Making a context takes longer than most inputs; but blobs and attributes
  // live as long as it does.
  static std::unique_ptr<mlir::MLIRContext> owner;
  static unsigned uses = 0;
  if (uses++ % 128 == 0)
    owner = std::make_unique<mlir::MLIRContext>(
        mlir::MLIRContext::Threading::DISABLED);
  mlir::MLIRContext &context = *owner;
  unsigned errors = 0;
  mlir::ScopedDiagnosticHandler handler(
      &context, [&](mlir::Diagnostic &diagnostic) {
        errors += diagnostic.getSeverity() == mlir::DiagnosticSeverity::Error;
        return mlir::success();
      });
  dlc::ImportFailure failure;
  auto module = dlc::importONNXFromBuffer(
      context, llvm::StringRef(reinterpret_cast<const char *>(data), size),
      "fuzz.onnx", dlc::ImportOptions(), &failure);
  if (module) {
    require(errors == 0, "an error although a module was built");
    require(mlir::succeeded(mlir::verify(*module)), "the module is invalid");
  } else {
    require(errors == 1, "not exactly one error");
    require(failure != dlc::ImportFailure::None, "no reason for the failure");
  }
  return 0;
}
