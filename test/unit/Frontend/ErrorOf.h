//===- ErrorOf.h - What a wrong use of the graph API says -------*- C++ -*-===//

#ifndef DLC_TEST_UNIT_FRONTEND_ERROROF_H
#define DLC_TEST_UNIT_FRONTEND_ERROROF_H

#include "dlc/Frontend/Graph.h"

#include "gtest/gtest.h"

namespace dlc::test {

/// What `action` throws, without the name of `file`, in which its place has to
/// be.
template <typename Action>
std::string errorOf(Action action, const char *file) {
  try {
    action();
  } catch (const Error &error) {
    EXPECT_STREQ(error.where().file, file);
    EXPECT_GT(error.where().line, 0u);
    std::string prefix =
        std::string(file) + ":" + std::to_string(error.where().line) + ": ";
    std::string text = error.what();
    EXPECT_EQ(text.substr(0, prefix.size()), prefix);
    return text.substr(prefix.size());
  }
  return "nothing was thrown";
}

} // namespace dlc::test

#endif // DLC_TEST_UNIT_FRONTEND_ERROROF_H
