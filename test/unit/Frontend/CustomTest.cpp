//===- CustomTest.cpp - Operations of the user's --------------------------===//

#include "ErrorOf.h"

#include "dlc/Frontend/Custom.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include <cmath>
#include <fstream>
#include <sstream>

using namespace dlc;
using testing::HasSubstr;

namespace {
class CustomTest : public testing::Test {
protected:
  template <typename Action>
  std::string errorOf(Action action) {
    return test::errorOf(action, __FILE__);
  }
  Tensor input(const char *name, DType dtype = DType::F32,
               const std::vector<Dim> &shape = {3, 5}) {
    return graph.input(name, dtype, shape);
  }
  /// Of 3 × 5 numbers -7, -6 … 7.
  static Array numbers() {
    std::vector<float> values;
    for (int i = -7; i <= 7; ++i)
      values.push_back(static_cast<float>(i));
    return Array(values, {3, 5});
  }

  Graph graph{"custom"};
};
} // namespace

TEST_F(CustomTest, ComputesElements) {
  auto mish = CustomOp::elementwise(
      "mish", [](Expr x) { return x * tanh(log(1 + exp(x))); });
  auto clip = CustomOp::elementwise("clip", [](Expr x, Expr limit) {
    return select(x > limit && !(x < 0), limit, max(x, -limit));
  });
  Tensor x = input("x");
  graph.output("mish", mish({x}));
  graph.output("clip", clip({x, graph.constant(2, DType::F32)}));
  graph.output("again", relu(mish({x + 1})));
  std::vector<Array> results = graph.compile()({numbers()});
  for (int i = 0; i < 15; ++i) {
    auto value = static_cast<float>(i - 7);
    auto want = [](float v) { return v * std::tanh(std::log1p(std::exp(v))); };
    EXPECT_NEAR(results[0].as<float>()[i], want(value), 1e-5);
    EXPECT_EQ(results[1].as<float>()[i], std::min(std::max(value, -2.f), 2.f));
    EXPECT_NEAR(results[2].as<float>()[i], std::max(want(value + 1), 0.f),
                1e-5);
  }
}

TEST_F(CustomTest, IsFusedWithWhatIsAround) {
  auto square = CustomOp::elementwise("square", [](Expr x) { return x * x; });
  graph.output("y", tanh(square({input("x") + 1}) * 2));
  CompileOptions options;
  std::string folder = testing::TempDir() + "fused-temps";
  options.arguments = {"--save-temps=" + folder};
  graph.compile(options);
  std::ifstream file(folder + "/03-dispatch.mlir");
  std::stringstream text;
  text << file.rdbuf();
  size_t first = text.str().find("dispatch.kernel");
  ASSERT_NE(first, std::string::npos);
  EXPECT_EQ(text.str().find("dispatch.kernel", first + 1), std::string::npos);
}

TEST_F(CustomTest, Reduces) {
  auto norm = CustomOp::reduction(
      "norm", ReduceKind::Sum, {-1}, [](Expr x) { return x * x; },
      [](Expr sum) { return sqrt(sum); }, /*keepdims=*/true);
  auto largest = CustomOp::reduction("largest", ReduceKind::Max, {0, 1},
                                     [](Expr x, Expr y) { return abs(x - y); });
  auto mean = CustomOp::reduction("mean", ReduceKind::Mean, {0},
                                  [](Expr x) { return x; });
  Tensor x = input("x");
  Tensor row = graph.constant(Array(std::vector<float>{1, 1, 1, 1, 1}, {5}));
  graph.output("norm", norm({x}));
  graph.output("largest", largest({x, row}));
  graph.output("mean", mean({x}));
  graph.output("least",
               CustomOp::reduction("least", ReduceKind::Min, {1}, [](Expr x) {
                 return -x;
               })({cast(x, DType::I8)}));
  graph.output("half", mean({cast(x, DType::F16)}));
  Model model = graph.compile();
  EXPECT_EQ(model.outputs()[0].shape, (Ints{3, 1}));
  EXPECT_EQ(model.outputs()[1].shape, Ints{});
  EXPECT_EQ(model.outputs()[4].dtype, DType::F16);
  std::vector<Array> results = model({numbers()});
  EXPECT_NEAR(results[0].as<float>()[0], std::sqrt(49 + 36 + 25 + 16 + 9),
              1e-5);
  EXPECT_EQ(results[1].as<float>()[0], 8);
  EXPECT_EQ(results[2].as<float>()[4], 2);
  EXPECT_EQ(results[3].as<int8_t>()[2], -7);
  EXPECT_EQ(static_cast<const uint16_t *>(results[4].data())[4], 0x4000);
}

static const char *twice = R"(
func.func @twice(%x: !x0) -> !r0 {
  %e = tensor.empty() : !r0
  %s = linalg.add ins(%x, %x : !x0, !x0) outs(%e : !r0) -> !r0
  return %s : !r0
})";
static std::vector<TensorSpec> same(const std::vector<TensorSpec> &operands) {
  return {operands.front()};
}

TEST_F(CustomTest, TakesMLIR) {
  auto op = CustomOp::mlir("twice", twice, same);
  graph.output("y", op({op({input("x")})}));
  EXPECT_THAT(graph.print(), HasSubstr("nn.custom \"twice\"(%arg0) {"));
  EXPECT_EQ(graph.compile()({numbers()})[0].as<float>()[14], 28);
}

TEST_F(CustomTest, SaysWhatIsWrong) {
  Tensor x = input("x"), i = input("i", DType::I32),
         b = input("b", DType::Bool), y = input("y", DType::F32, {2, 5});
  auto make = [](auto body) { return CustomOp::elementwise("op", body); };
  auto plus = make([](Expr a, Expr b) { return a + b; });
  EXPECT_THAT(errorOf([&] { plus({x}); }),
              HasSubstr("op: it has 2 operands, and 1 are given (operands: "
                        "float32[3, 5])"));
  EXPECT_THAT(errorOf([&] { plus({x, i}); }), HasSubstr("of one element type"));
  EXPECT_THAT(errorOf([&] { plus({x, y}); }),
              HasSubstr("op: the shapes do not broadcast (operands: "
                        "float32[3, 5], float32[2, 5])"));
  EXPECT_THAT(errorOf([&] { plus({b, b}); }), HasSubstr("and not bool"));
  EXPECT_THAT(errorOf([&] { make([](Expr a) { return exp(a); })({i}); }),
              HasSubstr("'exp' is for floating-point numbers, not for int32"));
  EXPECT_THAT(errorOf([&] { make([](Expr a) { return a < 1; })({x}); }),
              HasSubstr("the result is a truth"));
  EXPECT_THAT(errorOf([&] { make([](Expr a) { return !a; })({x}); }),
              HasSubstr("'!' is for truths"));
  EXPECT_THAT(errorOf([&] { make([](Expr a) { return a + 0.5; })({i}); }),
              HasSubstr("is no number of int32"));
  EXPECT_THAT(errorOf([&] {
                CustomOp::reduction("r", ReduceKind::Sum, {2},
                                    [](Expr a) { return a; })({x});
              }),
              HasSubstr("r: there is no dimension 2"));
  EXPECT_THAT(
      errorOf([&] { make([](Expr) { return Expr::operand(7); })({x}); }),
      HasSubstr("uses an operand that its operation does not have"));

  auto mlir = [&](const char *text, const Tensor &operand) {
    return errorOf([&] { CustomOp::mlir("text", text, same)({operand}); });
  };
  EXPECT_THAT(mlir("\n\nnonsense", x), HasSubstr("text: line 3: "));
  EXPECT_THAT(mlir("", x), HasSubstr("is not one func.func"));
  EXPECT_THAT(mlir("func.func private @f(!x0) -> !r0", x),
              HasSubstr("is not one func.func"));
  EXPECT_THAT(mlir("func.func @f(%x: tensor<2xf32>) -> tensor<2xf32> {\n"
                   "return %x : tensor<2xf32>\n}",
                   x),
              HasSubstr("its function takes (tensor<2xf32>)"));
  EXPECT_THAT(mlir("func.func @f(%x: !x0) -> !r0 {\n"
                   "%0 = func.call @f(%x) : (!x0) -> !r0\nreturn %0 : !r0\n}",
                   x),
              HasSubstr("(C3)"));
  graph.output("z", x);
  EXPECT_EQ(graph.print().find("nn.custom"), std::string::npos);
}
