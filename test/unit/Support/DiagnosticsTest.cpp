//===- DiagnosticsTest.cpp ------------------------------------------------===//

#include "dlc/Support/Diagnostics.h"

#include "dlc/Support/Location.h"

#include "mlir/IR/MLIRContext.h"
#include "gtest/gtest.h"

using namespace mlir;

namespace {

std::string report(bool verbose) {
  MLIRContext context;
  std::string text;
  llvm::raw_string_ostream os(text);
  dlc::DiagnosticRenderer renderer(&context, "dlc", os, verbose);
  Location loc = dlc::nodeLocation(&context, "m.onnx", "conv1", "Conv");
  emitError(loc, "too large").attachNote(loc) << "see current operation: x";
  emitError(loc, "a consequence");
  EXPECT_TRUE(renderer.hadError());
  return text;
}

TEST(Diagnostics, OneMessageNamesFileNodeAndReason) {
  EXPECT_EQ(report(false),
            "dlc: error: m.onnx: node 'conv1 (Conv)': too large\n");
}

TEST(Diagnostics, VerboseTellsAll) {
  std::string text = report(true);
  EXPECT_NE(text.find("a consequence"), std::string::npos);
  EXPECT_NE(text.find("see current operation"), std::string::npos);
}

} // namespace
