//===- LocationTest.cpp ---------------------------------------------------===//

#include "dlc/Support/Location.h"

#include "mlir/IR/Location.h"
#include "mlir/IR/MLIRContext.h"
#include "gtest/gtest.h"

using namespace mlir;

TEST(Location, NamesFileNodeAndOp) {
  MLIRContext context;
  Location loc = dlc::nodeLocation(&context, "model.onnx", "conv1", "Conv");
  EXPECT_EQ(dlc::describeLocation(loc), "model.onnx: node 'conv1 (Conv)'");
}

TEST(Location, FusedNamesTheFirstKnownNode) {
  MLIRContext context;
  Location node = dlc::nodeLocation(&context, "m.onnx", "a", "Add");
  Location fused = FusedLoc::get(&context, {UnknownLoc::get(&context), node});
  EXPECT_EQ(dlc::describeLocation(fused), "m.onnx: node 'a (Add)'");
}

TEST(Location, UnknownIsEmpty) {
  MLIRContext context;
  EXPECT_EQ(dlc::describeLocation(UnknownLoc::get(&context)), "");
}
