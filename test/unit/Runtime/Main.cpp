//===- Main.cpp - Main function of the runtime's tests --------------------===//
//
// gtest_main can not be used: the runtime's archive has a main function, too,
// and the linker would take that one.
//
//===----------------------------------------------------------------------===//

#include "gtest/gtest.h"

int main(int argc, char **argv) {
  ::testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
