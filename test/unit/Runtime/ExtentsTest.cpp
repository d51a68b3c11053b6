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
  extents.info.role = DLC_ROLE_EXTENTS;
  dlc_error error;
  tensor.info.extents = good;
  EXPECT_EQ(dlc_tensor_check(&tensor.info, &extents.info, &error), 0);
  EXPECT_EQ(dlc_tensor_check(&tensor.info, nullptr, &error), -1);
  tensor.info.extents = bad;
  EXPECT_EQ(dlc_tensor_check(&tensor.info, &extents.info, &error), -1);
  EXPECT_EQ(dlc_tensor_check(&extents.info, nullptr, &error), -1);
}

/// A model whose only input has to hold something.
class RequirementsTest : public testing::Test {
protected:
  void require(const dlc_tensor_info &input, bool isRange, const void *least,
               const void *most) {
    required = {0, isRange, least, most};
    only.inputs = &input;
    model.specialisations = &only;
    model.requirements = &required;
    model.num_requirements = 1;
  }
  bool check(const void *data, dlc_wrong_value *wrong) const {
    const void *inputs[] = {data};
    return dlc_check_values_v3(&model, 0, inputs, nullptr, wrong) != 0;
  }

  dlc_requirement required = {};
  dlc_specialisation only = {};
  dlc_model model = {};
};

TEST_F(RequirementsTest, RangesOfIntegers) {
  Tensor tensor("k", DLC_DTYPE_I32, {2});
  const int32_t least[] = {0, -1}, most[] = {10, -1};
  require(tensor.info, /*isRange=*/true, least, most);
  const int32_t right[] = {10, -1}, more[] = {11, -1}, other[] = {3, 0};
  dlc_wrong_value wrong;
  EXPECT_TRUE(check(right, &wrong));
  ASSERT_FALSE(check(more, &wrong));
  EXPECT_EQ(wrong.element, 0u);
  ASSERT_FALSE(check(other, &wrong));
  EXPECT_EQ(wrong.element, 1u);
  EXPECT_FALSE(check(other, nullptr));
  // Somebody else says that it is missing.
  EXPECT_TRUE(check(nullptr, &wrong));
  // The same in an arena.
  const uint64_t offset = 4;
  only.input_offsets = &offset;
  const int32_t arena[] = {99, 11, -1};
  EXPECT_FALSE(dlc_check_values_v3(&model, 0, nullptr, arena, nullptr));
  EXPECT_EQ(dlc_find_requirement_v3(&model, 0), &required);
  EXPECT_EQ(dlc_find_requirement_v3(&model, 1), nullptr);
}

TEST_F(RequirementsTest, BytesOfAnyType) {
  Tensor tensor("pads", DLC_DTYPE_F32, {3});
  const float wanted[] = {0.5F, -0.0F, 2}, other[] = {0.5F, 0.0F, 2};
  require(tensor.info, /*isRange=*/false, wanted, wanted);
  dlc_wrong_value found;
  EXPECT_TRUE(check(wanted, &found));
  ASSERT_FALSE(check(other, &found));
  EXPECT_EQ(found.element, 1u);
  EXPECT_FALSE(dlc_is_integer_v3(DLC_DTYPE_F32));
}

TEST_F(RequirementsTest, NumbersOfARun) {
  const dlc_check checks[] = {{"the first one", 1, 2}, {"the other", 3, 4}};
  const uint64_t offset = 8;
  only.output_offsets = &offset;
  model.specialisations = &only;
  model.num_outputs = 1;
  const int64_t right[] = {9, 5, 5, 0, 0}, wrong[] = {9, 5, 5, 7, 6};
  auto run = [&](const int64_t *numbers, dlc_failed_check *failed) {
    const void *outputs[] = {numbers};
    return dlc_check_results_v3(&model, 0, outputs, nullptr, failed) != 0;
  };
  EXPECT_TRUE(run(wrong, nullptr));
  model.checks = checks;
  model.num_checks = 2;
  dlc_failed_check failed;
  EXPECT_TRUE(run(right, &failed));
  EXPECT_FALSE(run(wrong, nullptr));
  ASSERT_FALSE(run(wrong, &failed));
  EXPECT_EQ(failed.check, &checks[1]);
  EXPECT_EQ(failed.found, 7);
  EXPECT_EQ(failed.expected, 6);
  const int64_t arena[] = {1, 9, 5, 4, 0, 0};
  EXPECT_FALSE(dlc_check_results_v3(&model, 0, nullptr, arena, nullptr));
}

TEST_F(RequirementsTest, IntegersOfAllTypes) {
  const uint8_t bytes[] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
  EXPECT_EQ(dlc_integer_v3(DLC_DTYPE_I8, bytes, 1), -1);
  EXPECT_EQ(dlc_integer_v3(DLC_DTYPE_U8, bytes, 1), 255);
  EXPECT_EQ(dlc_integer_v3(DLC_DTYPE_I16, bytes, 1), -1);
  EXPECT_EQ(dlc_integer_v3(DLC_DTYPE_U32, bytes, 1), 0xffffffff);
  EXPECT_EQ(dlc_integer_v3(DLC_DTYPE_I64, bytes, 0), -1);
  EXPECT_EQ(dlc_integer_v3(DLC_DTYPE_U64, bytes, 0), INT64_MAX);
}

} // namespace
