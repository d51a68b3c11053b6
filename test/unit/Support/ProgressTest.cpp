//===- ProgressTest.cpp ---------------------------------------------------===//

#include "dlc/Support/Progress.h"

#include "gtest/gtest.h"

namespace {

std::string run(bool verbose) {
  std::string text;
  llvm::raw_string_ostream os(text);
  dlc::Progress progress(os, {{"first", 1}, {"second", 3}}, verbose);
  progress.begin("first");
  progress.update(0.5);
  progress.begin("second");
  progress.finish();
  return text;
}

TEST(Progress, SilentInAPipe) { EXPECT_EQ(run(false), ""); }

TEST(Progress, VerboseGivesEachStepALineWithItsTime) {
  std::string text = run(true);
  size_t first = text.find(" s  first\n"), second = text.find(" s  second\n");
  EXPECT_NE(first, std::string::npos);
  EXPECT_NE(second, std::string::npos);
  EXPECT_LT(first, second);
}

} // namespace
