//===- Loop.cpp - Loops in networks ---------------------------------------===//

#include "dlc/Frontend/Loop.h"

#include "State.h"

using namespace dlc;

namespace dlc::detail {

/// A call of dlc::loop.
class LoopCall {
public:
  explicit LoopCall(SourceLocation where) : where(where) {}

  LoopStep run(int64_t trips, const std::vector<Tensor> &states,
               const std::vector<Tensor> &sliced, const LoopBody &body,
               LoopOptions options);

private:
  [[noreturn]] void fail(const std::string &why) const {
    throw Error("loop: " + why, where);
  }
  std::vector<ValueId> getIds(const std::vector<Tensor> &tensors);
  std::vector<Tensor> makeTensors(const std::vector<ValueId> &ids, size_t begin,
                                  size_t end) const;

  SourceLocation where;
  std::shared_ptr<GraphState> graph;
};

} // namespace dlc::detail

using dlc::detail::LoopCall;
using dlc::detail::ValueId;

std::vector<ValueId> LoopCall::getIds(const std::vector<Tensor> &tensors) {
  std::vector<ValueId> ids;
  for (const Tensor &tensor : tensors) {
    if (std::string why = GraphState::adopt(tensor, graph); !why.empty())
      fail(why);
    ids.push_back(tensor.id);
  }
  return ids;
}

std::vector<Tensor> LoopCall::makeTensors(const std::vector<ValueId> &ids,
                                          size_t begin, size_t end) const {
  std::vector<Tensor> tensors;
  for (size_t i = begin; i < end; ++i)
    tensors.push_back(graph->makeTensor(ids[i]));
  return tensors;
}

LoopStep LoopCall::run(int64_t trips, const std::vector<Tensor> &states,
                       const std::vector<Tensor> &sliced, const LoopBody &body,
                       LoopOptions options) {
  if (trips < 1)
    fail("it runs " + std::to_string(trips) + " times; it must be at least 1");
  std::vector<ValueId> stateIds = getIds(states), slicedIds = getIds(sliced);
  if (!graph)
    fail("there is neither a state nor anything to slice");
  for (const Tensor &tensor : sliced)
    if (tensor.rank() < 1 || tensor.shape().front() != trips)
      fail("what is sliced must have " + std::to_string(trips) +
           " as its first dimension, got " +
           describe(tensor.dtype(), tensor.shape()));
  if (options.reversed.empty())
    options.reversed.resize(sliced.size(), false);
  if (options.reversed.size() != sliced.size())
    fail("reversed has " + std::to_string(options.reversed.size()) +
         " elements for " + std::to_string(sliced.size()) + " operands");

  std::vector<ValueId> arguments;
  graph->core.beginLoop(trips, stateIds, slicedIds,
                        {where, graph->qualify("loop")}, arguments);
  std::vector<ValueId> nextIds, sliceIds;
  try {
    LoopStep step =
        body(makeTensors(arguments, 0, states.size()),
             makeTensors(arguments, states.size(), arguments.size()));
    if (step.states.size() != states.size())
      fail("the body makes " + std::to_string(step.states.size()) +
           " states of " + std::to_string(states.size()));
    for (size_t i = 0; i < states.size(); ++i)
      if (step.states[i] && (step.states[i].dtype() != states[i].dtype() ||
                             step.states[i].shape() != states[i].shape()))
        fail("state " + std::to_string(i) + " is " +
             describe(states[i].dtype(), states[i].shape()) +
             ", but the body makes " +
             describe(step.states[i].dtype(), step.states[i].shape()) +
             " of it");
    if (step.states.empty() && step.slices.empty())
      fail("the body makes nothing");
    if (options.stackedReversed.empty())
      options.stackedReversed.resize(step.slices.size(), false);
    if (options.stackedReversed.size() != step.slices.size())
      fail("stackedReversed has " +
           std::to_string(options.stackedReversed.size()) + " elements for " +
           std::to_string(step.slices.size()) + " stacks");
    nextIds = getIds(step.states);
    sliceIds = getIds(step.slices);
  } catch (...) {
    graph->core.dropLoop();
    throw;
  }
  std::vector<ValueId> results;
  std::string error;
  if (!graph->core.endLoop(nextIds, sliceIds, options.reversed,
                           options.stackedReversed, results, error))
    fail(error);
  return {makeTensors(results, 0, states.size()),
          makeTensors(results, states.size(), results.size())};
}

LoopStep dlc::loop(int64_t trips, const std::vector<Tensor> &states,
                   const std::vector<Tensor> &sliced, const LoopBody &body,
                   const LoopOptions &options, SourceLocation where) {
  return LoopCall(where).run(trips, states, sliced, body, options);
}
