//===- Loop.h - Loops in networks -------------------------------*- C++ -*-===//
//
//   auto [last, all] = dlc::loop(100, {h0}, {x}, [&](auto &state, auto &x) {
//     dlc::Tensor h = dlc::tanh(dlc::matmul(state[0], w) + x[0]);
//     return dlc::LoopStep{{h}, {h}};
//   });
//
//===----------------------------------------------------------------------===//

#ifndef DLC_FRONTEND_LOOP_H
#define DLC_FRONTEND_LOOP_H

#include "dlc/Frontend/Graph.h"

namespace dlc {

/// What one iteration makes: the next states, and slices of what is stacked; or
/// what a loop made: the last states, and the stacks.
struct LoopStep {
  std::vector<Tensor> states, slices;
};

/// Which of the sliced operands, and of the stacks, run from the last slice to
/// the first one; empty: none.
struct LoopOptions {
  std::vector<bool> reversed, stackedReversed;
};

/// One iteration, from the states and one slice of each sliced operand. It is
/// called once, to build the body; it may use any tensor of the graph.
using LoopBody = std::function<LoopStep(const std::vector<Tensor> &states,
                                        const std::vector<Tensor> &slices)>;

/// Runs a body `trips` times, at least once. Operands in `sliced` have `trips`
/// as their first dimension, of which each iteration gets one element; so have
/// the stacks that the slices of all iterations become. States keep their
/// types. Throws dlc::Error where types do not fit, or a tensor of the body is
/// used outside of it.
DLC_API LoopStep loop(int64_t trips, const std::vector<Tensor> &states,
                      const std::vector<Tensor> &sliced, const LoopBody &body,
                      const LoopOptions &options = {},
                      SourceLocation where = SourceLocation::current());

} // namespace dlc

#endif // DLC_FRONTEND_LOOP_H
