//===- loops.cpp - Loops in networks --------------------------------------===//

#include "convert.h"

using dlc::LoopStep;
using dlc::Tensor;

/// Calls a function of Python's for the body of a loop.
static dlc::LoopBody makeBody(const nb::object &body) {
  return [&body](const std::vector<Tensor> &states,
                 const std::vector<Tensor> &slices) {
    nb::object made = body(nb::cast(states), nb::cast(slices));
    try {
      auto pair =
          nb::cast<std::pair<std::vector<Tensor>, std::vector<Tensor>>>(made);
      return LoopStep{pair.first, pair.second};
    } catch (const nb::cast_error &) {
      throw dlc::Error("loop: the body must return the list of the next "
                       "states and the list of the slices",
                       callerLocation());
    }
  };
}

void bindLoops(nb::module_ &m) {
  m.def(
      "loop",
      [](int64_t trips, const std::vector<Tensor> &states,
         const std::vector<Tensor> &sliced, const nb::object &body,
         const std::vector<bool> &reversed,
         const std::vector<bool> &stackedReversed) {
        LoopStep made =
            dlc::loop(trips, states, sliced, makeBody(body),
                      {reversed, stackedReversed}, callerLocation());
        return nb::make_tuple(made.states, made.slices);
      },
      "trips"_a, "states"_a, "sliced"_a, "body"_a, nb::kw_only(),
      "reversed"_a = std::vector<bool>(),
      "stacked_reversed"_a = std::vector<bool>(),
      nb::sig("def loop(trips: int, states: collections.abc.Sequence[Tensor], "
              "sliced: collections.abc.Sequence[Tensor], "
              "body: collections.abc.Callable[[list[Tensor], list[Tensor]], "
              "tuple[list[Tensor], list[Tensor]]], *, "
              "reversed: collections.abc.Sequence[bool] = ..., "
              "stacked_reversed: collections.abc.Sequence[bool] = ...) "
              "-> tuple[list[Tensor], list[Tensor]]"),
      "Runs a body `trips` times: last, stacks = dlc.loop(100, [h], [x], "
      "body).\n\n"
      "`body(states, slices)` is called once, with the states and one slice\n"
      "along dimension 0 (of size `trips`) of each of `sliced`; it returns "
      "the\n"
      "next states, which keep their types, and slices, which the loop stacks\n"
      "along dimension 0. What `reversed` and `stacked_reversed` say True of "
      "runs\n"
      "from the last slice to the first one.\n"
      "Raises dlc.Error where types do not fit.");
}
