//===- GraphTest.cpp - Networks built by hand -----------------------------===//

#include "ErrorOf.h"

#include "dlc/Frontend/Graph.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include <filesystem>
#include <fstream>

using namespace dlc;
using testing::ElementsAre;
using testing::HasSubstr;

/// Every operation of the dialect, and the function that makes it.
struct Op {
  std::string name, function;
};
static std::vector<Op> getOps() {
  return {
#define X(op, function) {op, function},
#include "dlc/Frontend/OpTable.inc"
#undef X
  };
}

TEST(Ops, AreAllReachable) {
  std::vector<Op> ops = getOps();
  EXPECT_GE(ops.size(), 70u);
  for (const Op &op : ops)
    EXPECT_NE(op.function, "")
        << op.name << " can not be made with the graph API: see HAND_WRITTEN "
        << "in lib/Frontend/generate.py";
}

namespace {
class GraphTest : public testing::Test {
protected:
  template <typename Action>
  std::string errorOf(Action action) {
    return test::errorOf(action, __FILE__);
  }

  Tensor x() { return graph.input("x", DType::F32, {"batch", 8}); }

  Graph graph{"net", {{"batch", 4}}};
};
} // namespace

TEST_F(GraphTest, KnowsTypes) {
  Tensor a = x();
  EXPECT_EQ(a.dtype(), DType::F32);
  EXPECT_THAT(a.shape(), ElementsAre(4, 8));
  EXPECT_EQ(a.dim(-1), 8);
  EXPECT_EQ(graph.dim("batch"), 4);
  EXPECT_THAT((a < 2).shape(), ElementsAre(4, 8));
  EXPECT_EQ((a < 2).dtype(), DType::Bool);
  EXPECT_EQ(cast(a, DType::F16).dtype(), DType::F16);
  EXPECT_THAT(concat({a, a, a}, -1).shape(), ElementsAre(4, 24));
  EXPECT_EQ(arg_reduce(ArgReduceKind::Max, a, -1).dtype(), DType::I64);
}

TEST_F(GraphTest, PrintsNN) {
  Tensor a = x();
  Tensor w = graph.parameter("w", Array(DType::F32, {3, 8}));
  Tensor y;
  {
    auto scope = graph.scope("head");
    Tensor b = graph.parameter("b", Array(std::vector<float>{1, 2, 3}, {3}));
    y = relu(linear(a, w, b) * 2 - 0.5);
  }
  graph.output("y", y);
  std::string text = graph.print();
  EXPECT_THAT(text, HasSubstr("%arg0: tensor<4x8xf32> {dlc.name = \"x\"}) -> "
                              "(tensor<4x3xf32> {dlc.name = \"y\"})"));
  EXPECT_THAT(text, HasSubstr("nn.constant dense_resource<w> : "
                              "tensor<3x8xf32>"));
  EXPECT_THAT(text, HasSubstr("nn.sub"));
  EXPECT_THAT(text, HasSubstr("return %9 : tensor<4x3xf32>"));
  // Weights are there when they are asked for.
  EXPECT_EQ(text.find("{-#"), std::string::npos);
  EXPECT_THAT(graph.print(/*withWeights=*/true), HasSubstr("w: \"0x"));
}

TEST_F(GraphTest, SavesTextAndBytecode) {
  graph.output("y", tanh(x()));
  std::string folder = testing::TempDir();
  graph.save(folder + "net.mlir");
  graph.save(folder + "net.mlirbc");
  std::ifstream text(folder + "net.mlir"), bytecode(folder + "net.mlirbc");
  std::string line(4, ' ');
  bytecode.read(line.data(), 4);
  EXPECT_EQ(line, "ML\xefR");
  std::stringstream all;
  all << text.rdbuf();
  // The line of this file goes with it.
  EXPECT_THAT(all.str(), HasSubstr("GraphTest.cpp\":"));
  EXPECT_THROW(graph.save("/nowhere/net.mlir"), Error);
  EXPECT_THROW(Graph("empty").save(folder + "empty.mlir"), Error);
}

TEST_F(GraphTest, SaysWhatIsWrongAndWhere) {
  Tensor a = x();
  EXPECT_EQ(errorOf([&] { a + concat({a, a}, 1); }),
            "add: (C3) the shapes do not broadcast: 4x8 and 4x16 (operands: "
            "float32[4, 8], float32[4, 16])");
  EXPECT_THAT(errorOf([&] { matmul(a, a); }),
              HasSubstr("matmul: (C3) the inner dimensions must be equal"));
  EXPECT_THAT(errorOf([&] { reduce(ReduceKind::Sum, a, {-3}); }),
              HasSubstr("rank 2, got [-3] (operands: float32[4, 8])"));
  EXPECT_THAT(errorOf([&] { reshape(a, {5, 7}); }), HasSubstr("reshape: (C2)"));
  EXPECT_THAT(errorOf([&] { reshape(a, {-1, 7}); }),
              HasSubstr("negative size, -1"));
  EXPECT_THAT(errorOf([&] { a + cast(a, DType::I32); }),
              HasSubstr("add: (C1)"));
  EXPECT_THAT(errorOf([&] { cast(a, DType::U8) + 0.5; }),
              HasSubstr("is no number of uint8"));
  EXPECT_THAT(errorOf([&] { pad(PadMode::Constant, a, {0, 0}, {0, 0}); }),
              HasSubstr("pad: (C1)"));
  EXPECT_EQ(errorOf([&] { relu(Tensor()); }),
            "relu: an operand is no tensor (operands: none)");
  EXPECT_EQ(errorOf([&] { concat({}, 0); }), "concat: there is no operand");
  EXPECT_THAT(errorOf([&] { a.dim(2); }), HasSubstr("has no dimension 2"));
  EXPECT_THAT(errorOf([&] { linear(a, a, a); }), HasSubstr("add: (C3)"));
  EXPECT_THAT(
      errorOf([&] { conv2d(a, a); }),
      HasSubstr("have to have 4 dimensions, and are float32[4, 8] and"));
  EXPECT_THAT(errorOf([&] { chunk(a, 3, 1); }), HasSubstr("3 parts"));
  EXPECT_THAT(errorOf([&] { squeeze(a, 0); }), HasSubstr("is not 1"));
  EXPECT_THAT(errorOf([&] { flatten(a, 2); }), HasSubstr("no dimension 2"));
  EXPECT_THAT(errorOf([&] { multi_head_attention(a, a, a, 2); }),
              HasSubstr("batch × sequence × features"));
  // A failed call adds nothing.
  graph.output("y", a);
  EXPECT_EQ(graph.print().find("nn.pad"), std::string::npos);
}

TEST_F(GraphTest, RefusesNamesThatDoNotFit) {
  Tensor a = x();
  EXPECT_THAT(errorOf([&] { x(); }), HasSubstr("an input 'x' already"));
  EXPECT_THAT(errorOf([&] { graph.input("z", DType::F32, {"time"}); }),
              HasSubstr("has no dimension 'time'"));
  EXPECT_THAT(errorOf([&] { graph.input("z", DType::F32, {-1}); }),
              HasSubstr("negative size"));
  graph.parameter("w", Array(DType::F32, {1}));
  EXPECT_THAT(errorOf([&] { graph.parameter("w", Array(DType::F32, {1})); }),
              HasSubstr("a parameter 'w' already"));
  EXPECT_THAT(errorOf([&] { graph.parameter("v", Array()); }),
              HasSubstr("'v' has no array"));
  graph.output("y", a);
  EXPECT_THAT(errorOf([&] { graph.output("y", a); }),
              HasSubstr("an output 'y' already"));
  Graph other("other");
  EXPECT_THAT(errorOf([&] { other.output("y", a); }),
              HasSubstr("no tensor of the graph 'other'"));
  Tensor b = other.input("b", DType::F32, {8});
  EXPECT_THAT(errorOf([&] { a + b; }), HasSubstr("'net' and 'other'"));
  EXPECT_THAT(errorOf([] { Graph("a/b"); }), HasSubstr("name of a program"));
  EXPECT_THAT(errorOf([] { Graph("a", {{"n", -1}}); }),
              HasSubstr("'n' is negative"));
}

TEST_F(GraphTest, KeepsWeightsAlive) {
  auto memory = std::make_shared<std::vector<float>>(64, 1.0f);
  std::weak_ptr<std::vector<float>> watch = memory;
  {
    Graph local("local");
    Tensor w = local.parameter(
        "w", Array::view(memory->data(), DType::F32, {64}, memory));
    memory.reset();
    EXPECT_FALSE(watch.expired());
    local.output("y", w * 2);
    EXPECT_THAT(local.print(true), HasSubstr("0000803F"));
  }
  EXPECT_TRUE(watch.expired());
}

TEST_F(GraphTest, TensorsKeepTheirGraphAlive) {
  Tensor a;
  {
    Graph local("local");
    a = local.input("a", DType::F32, {2, 2});
  }
  EXPECT_THAT(matmul(a, a).shape(), ElementsAre(2, 2));
}

TEST_F(GraphTest, ReportsWhatTheCompilerSays) {
  graph.output("y", x() * 2);
  CompileOptions options;
  options.target = "moon";
  try {
    graph.compile(options);
    FAIL();
  } catch (const Error &error) {
    EXPECT_STREQ(error.what(), "--target=moon: host and cuda are known");
  }
  options = {};
  options.arguments = {"--io=arena"};
  EXPECT_THROW(graph.compile(options), Error);
  options = {};
  options.interrupted = [] { return true; };
  EXPECT_THROW(graph.compile(options), Interrupted);
  EXPECT_THROW(Model().inputs(), Error);
  EXPECT_THROW(Model::load("/nowhere/libx.so"), Error);
  EXPECT_THROW(Model::load("/nowhere/x.so"), Error);
  EXPECT_THROW(setThreads(-1), Error);
}

TEST_F(GraphTest, RunsInThisProcess) {
  Tensor a = x();
  graph.output("twice", a * 2);
  graph.output("last", arg_reduce(ArgReduceKind::Max, a, -1));
  Model model = graph.compile();
  EXPECT_EQ(model.name(), "net");
  EXPECT_EQ(model.target(), "host");
  ASSERT_EQ(model.outputs().size(), 2u);
  EXPECT_EQ(model.outputs()[1].name, "last");
  EXPECT_EQ(model.inputs()[0].shape, (Ints{4, 8}));
  Array input(DType::F32, {4, 8});
  for (int i = 0; i < 32; ++i)
    input.as<float>()[i] = static_cast<float>(i);
  std::vector<Array> results = model({input});
  EXPECT_EQ(results[0].as<float>()[31], 62);
  EXPECT_EQ(results[1].as<int64_t>()[0], 7);
  setThreads(3);
  EXPECT_EQ(model({input})[0].as<float>()[30], 60);
  EXPECT_GE(model.benchmark(0).runs, 1u);
  try {
    model({Array(DType::F32, {8, 4})});
    FAIL();
  } catch (const Error &error) {
    EXPECT_STREQ(error.what(), "net: input 'x' has to be float32[4, 8], and is "
                               "float32[8, 4]");
  }
  EXPECT_THROW(model({}), Error);
  const void *in[] = {input.data()};
  void *out[] = {results[0].data(), nullptr};
  EXPECT_THROW(model.run(in, out), Error);
  EXPECT_THROW(model.runOnDevice(in, out, nullptr), Error);
}
