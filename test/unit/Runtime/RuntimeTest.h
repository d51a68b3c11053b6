//===- RuntimeTest.h - What the tests of the runtime share ------*- C++ -*-===//

#ifndef DLC_TEST_UNIT_RUNTIME_RUNTIMETEST_H
#define DLC_TEST_UNIT_RUNTIME_RUNTIMETEST_H

#include "Tensor.h"
#include "gtest/gtest.h"

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>
#include <unistd.h>
#include <vector>

/// A test with a folder of its own.
class RuntimeTest : public ::testing::Test {
protected:
  void SetUp() override {
    char model[] = "/tmp/dlc-runtime-XXXXXX";
    ASSERT_NE(mkdtemp(model), nullptr);
    folder = model;
  }
  void TearDown() override {
    ASSERT_EQ(std::system(("rm -rf " + folder).c_str()), 0);
  }

  std::string write(const std::string &name, const std::string &bytes) {
    std::string path = folder + "/" + name;
    std::ofstream(path, std::ios::binary) << bytes;
    return path;
  }

  static std::string read(const std::string &path) {
    std::ifstream stream(path, std::ios::binary);
    if (!stream)
      return "no file";
    return {std::istreambuf_iterator<char>(stream), {}};
  }

  std::string folder;
};

/// A tensor's description that owns its shape.
struct Tensor {
  Tensor(const char *name, uint32_t dtype, std::vector<int64_t> extents)
      : shape(std::move(extents)) {
    info.name = name;
    info.dtype = dtype;
    info.rank = uint32_t(shape.size());
    info.shape = shape.data();
    info.bytes = dlc_dtype_lookup(dtype)->size;
    for (int64_t extent : shape)
      info.bytes *= uint64_t(extent);
  }
  Tensor(const Tensor &) = delete;

  std::vector<int64_t> shape;
  dlc_tensor_info info = {};
};

#endif // DLC_TEST_UNIT_RUNTIME_RUNTIMETEST_H
