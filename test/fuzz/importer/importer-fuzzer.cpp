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

static void require(bool condition, const char *what) {
  if (condition)
    return;
  std::fprintf(stderr, "importer-fuzzer: %s\n", what);
  std::abort();
}

extern "C" int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size) {
  // A context for each input: blobs and attributes live as long as it does.
  mlir::MLIRContext context(mlir::MLIRContext::Threading::DISABLED);
  unsigned errors = 0;
  mlir::ScopedDiagnosticHandler handler(&context, [&](mlir::Diagnostic &) {
    ++errors;
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
