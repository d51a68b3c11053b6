//===- ExtentsTest.cpp - Tensors of which a part counts -------------------===//

#include "Extents.h"
#include "Find.h"
#include "RuntimeTest.h"

#include <gtest/gtest.h>

#include <numeric>

namespace {

TEST(ExtentsTest, PacksAndSpreads) {
  Tensor tensor("x", DLC_DTYPE_I64, {2, 3, 4});
  const int32_t numbers[] = {-1, 1, 0};
  tensor.info.extents = numbers;
  const int64_t extents[] = {2, 1};
  int64_t shape[3];
  ASSERT_EQ(dlc_true_shape(&tensor.info, extents, shape), -1);
  EXPECT_EQ(std::vector<int64_t>(shape, shape + 3),
            (std::vector<int64_t>{2, 1, 2}));
  std::vector<int64_t> data(24);
  std::iota(data.begin(), data.end(), 0);
  dlc_pack_tensor(&tensor.info, shape, 8, data.data());
  EXPECT_EQ(std::vector<int64_t>(data.begin(), data.begin() + 4),
            (std::vector<int64_t>{0, 1, 12, 13}));
  dlc_spread_tensor(&tensor.info, shape, 8, data.data());
  EXPECT_EQ(data[0], 0);
  EXPECT_EQ(data[1], 1);
  EXPECT_EQ(data[12], 12);
  EXPECT_EQ(data[13], 13);
}

TEST(ExtentsTest, NothingCounts) {
  Tensor tensor("x", DLC_DTYPE_I64, {2, 3});
  const int32_t numbers[] = {0, -1};
  tensor.info.extents = numbers;
  const int64_t none[] = {0}, more[] = {3}, less[] = {-1};
  int64_t shape[2], data[6] = {7, 7, 7, 7, 7, 7};
  EXPECT_EQ(dlc_true_shape(&tensor.info, none, shape), -1);
  dlc_pack_tensor(&tensor.info, shape, 8, data);
  dlc_spread_tensor(&tensor.info, shape, 8, data);
  EXPECT_EQ(data[5], 7);
  EXPECT_EQ(dlc_true_shape(&tensor.info, more, shape), 0);
  EXPECT_EQ(dlc_true_shape(&tensor.info, less, shape), 0);
}

TEST(ExtentsTest, ShapesFitTheirBounds) {
  Tensor tensor("x", DLC_DTYPE_F32, {4, 3});
  const int32_t numbers[] = {0, -1};
  tensor.info.extents = numbers;
  const int64_t full[] = {4, 3}, empty[] = {0, 3}, more[] = {5, 3},
                other[] = {4, 2};
  EXPECT_TRUE(dlc_same_shape_v3(&tensor.info, full));
  EXPECT_TRUE(dlc_same_shape_v3(&tensor.info, empty));
  EXPECT_FALSE(dlc_same_shape_v3(&tensor.info, more));
  EXPECT_FALSE(dlc_same_shape_v3(&tensor.info, other));
}

TEST(ExtentsTest, ReferencesAreChecked) {
  Tensor tensor("x", DLC_DTYPE_F32, {4}), extents("e", DLC_DTYPE_I64, {1});
  const int32_t good[] = {0}, bad[] = {1};
  extents.info.is_extents = 1;
  dlc_error error;
  tensor.info.extents = good;
  EXPECT_EQ(dlc_tensor_check(&tensor.info, &extents.info, &error), 0);
  EXPECT_EQ(dlc_tensor_check(&tensor.info, nullptr, &error), -1);
  tensor.info.extents = bad;
  EXPECT_EQ(dlc_tensor_check(&tensor.info, &extents.info, &error), -1);
  EXPECT_EQ(dlc_tensor_check(&extents.info, nullptr, &error), -1);
}

} // namespace
