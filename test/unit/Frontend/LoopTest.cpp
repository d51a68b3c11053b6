//===- LoopTest.cpp - Loops in networks -----------------------------------===//

#include "ErrorOf.h"

#include "dlc/Frontend/Graph.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

using namespace dlc;
using testing::ElementsAre;
using testing::ElementsAreArray;
using testing::HasSubstr;

namespace {

class LoopTest : public testing::Test {
protected:
  template <typename Action>
  std::string errorOf(Action action) {
    return test::errorOf(action, __FILE__);
  }

  Graph graph{"net"};
  Tensor h = graph.input("h", DType::F32, {3});
  Tensor x = graph.input("x", DType::F32, {5, 3});
};

/// h = h / 2 + x[t], and twice that, of slices of 12 bytes.
TEST_F(LoopTest, RunsAsOftenAsItSays) {
  Tensor half = graph.constant(0.5, DType::F32);
  LoopStep forwards = loop(5, {h}, {x}, [&](const auto &state, const auto &in) {
    Tensor next = state[0] * half + in[0];
    return LoopStep{{next}, {next * 2}};
  });
  LoopStep backwards = loop(5, {h}, {x},
                            [&](const auto &state, const auto &in) {
                              Tensor next = state[0] * half + in[0];
                              return LoopStep{{next}, {state[0]}};
                            },
                            {{true}, {true}});
  EXPECT_THAT(forwards.slices[0].shape(), ElementsAre(5, 3));
  graph.output("last", forwards.states[0]);
  graph.output("all", forwards.slices[0]);
  graph.output("first", backwards.states[0]);
  graph.output("before", backwards.slices[0]);
  EXPECT_THAT(graph.print(), HasSubstr("nn.loop 5 carried("));

  Model model = graph.compile();
  Array state(DType::F32, {3}), in(DType::F32, {5, 3});
  for (int i = 0; i < 3; ++i)
    state.as<float>()[i] = static_cast<float>(i);
  for (int i = 0; i < 15; ++i)
    in.as<float>()[i] = static_cast<float>(i * i % 7);
  std::vector<float> last(3), all(15), first(3), before(15);
  for (int j = 0; j < 3; ++j) {
    float forth = state.as<float>()[j], back = forth;
    for (int t = 0; t < 5; ++t) {
      forth = forth * 0.5f + in.as<float>()[t * 3 + j];
      all[t * 3 + j] = forth * 2;
      before[(4 - t) * 3 + j] = back;
      back = back * 0.5f + in.as<float>()[(4 - t) * 3 + j];
    }
    last[j] = forth;
    first[j] = back;
  }
  std::vector<Array> results = model({state, in});
  auto elements = [](Array &array) {
    return std::vector<float>(array.as<float>(),
                              array.as<float>() + array.bytes() / 4);
  };
  EXPECT_THAT(elements(results[0]), ElementsAreArray(last));
  EXPECT_THAT(elements(results[1]), ElementsAreArray(all));
  EXPECT_THAT(elements(results[2]), ElementsAreArray(first));
  EXPECT_THAT(elements(results[3]), ElementsAreArray(before));
}

/// A loop in a loop; a body that only passes on; one iteration.
TEST_F(LoopTest, Nests) {
  Tensor grid = graph.input("grid", DType::F32, {4, 5, 3});
  LoopStep outer =
      loop(4, {h, x}, {grid}, [&](const auto &state, const auto &rows) {
        LoopStep inner =
            loop(5, {state[0]}, {rows[0]}, [](const auto &s, const auto &row) {
              return LoopStep{{s[0] + row[0]}, {}};
            });
        return LoopStep{{inner.states[0], state[1]}, {inner.states[0]}};
      });
  LoopStep once =
      loop(1, {outer.states[0]}, {}, [](const auto &s, const auto &) {
        return LoopStep{{s[0] * 3}, {}};
      });
  graph.output("sum", once.states[0]);
  graph.output("partial", outer.slices[0]);
  graph.output("same", outer.states[1]);
  Model model = graph.compile();
  Array state(DType::F32, {3}), in(DType::F32, {5, 3}),
      cells(DType::F32, {4, 5, 3});
  for (int i = 0; i < 60; ++i)
    cells.as<float>()[i] = static_cast<float>(i);
  for (int i = 0; i < 15; ++i)
    in.as<float>()[i] = static_cast<float>(i);
  for (int i = 0; i < 3; ++i)
    state.as<float>()[i] = 1;
  std::vector<Array> results = model({state, in, cells});
  for (int j = 0; j < 3; ++j) {
    float sum = 1;
    for (int t = 0; t < 4; ++t) {
      for (int i = 0; i < 5; ++i)
        sum += static_cast<float>((t * 5 + i) * 3 + j);
      EXPECT_EQ(results[1].as<float>()[t * 3 + j], sum);
    }
    EXPECT_EQ(results[0].as<float>()[j], 3 * sum);
  }
  EXPECT_EQ(results[2].as<float>()[14], 14);
}

TEST_F(LoopTest, SaysWhatIsWrong) {
  auto same = [](const auto &state, const auto &) {
    return LoopStep{state, {}};
  };
  EXPECT_THAT(errorOf([&] { loop(0, {h}, {}, same); }),
              HasSubstr("loop: it runs 0 times; it must be at least 1"));
  EXPECT_THAT(
      errorOf([&] { loop(4, {h}, {x}, same); }),
      HasSubstr("must have 4 as its first dimension, got float32[5, 3]"));
  EXPECT_THAT(errorOf([&] { loop(5, {}, {}, same); }),
              HasSubstr("neither a state nor anything to slice"));
  EXPECT_THAT(errorOf([&] {
                loop(5, {h}, {x}, [](const auto &, const auto &in) {
                  return LoopStep{{matmul(in[0], in[0])}, {}};
                });
              }),
              HasSubstr("matmul: "));
  EXPECT_THAT(errorOf([&] {
                loop(5, {x}, {x}, [](const auto &, const auto &in) {
                  return LoopStep{{in[0]}, {}};
                });
              }),
              HasSubstr("state 0 is float32[5, 3], but the body makes "
                        "float32[3] of it"));
  EXPECT_THAT(errorOf([&] { loop(5, {h}, {x}, same, {{true, false}, {}}); }),
              HasSubstr("reversed has 2 elements for 1 operands"));
  Tensor inside;
  loop(5, {h}, {x}, [&](const auto &state, const auto &in) {
    inside = state[0] + in[0];
    EXPECT_THAT(errorOf([&] { graph.output("y", inside); }),
                HasSubstr("is of the body of a loop"));
    return LoopStep{{inside}, {}};
  });
  EXPECT_THAT(errorOf([&] { inside + h; }),
              HasSubstr("is of the body of a loop that has ended"));
  EXPECT_THAT(errorOf([&] { graph.output("y", inside); }),
              HasSubstr("is of the body of a loop"));
}

} // namespace
