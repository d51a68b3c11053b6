//===- ExecutionOrder.cpp - Orders of execution that need less ------------===//

#include "dlc/MemoryPlanning/ExecutionOrder.h"

#include <algorithm>
#include <memory>
#include <numeric>
#include <tuple>
#include <unordered_set>

using namespace dlc::memory;

namespace {

/// Partial orders that are kept at each step of the beam search.
constexpr size_t beamWidth = 32;

/// States are as large as the graph; there are many of them.
constexpr size_t maxSteps = 5000;

/// A 64-bit hash of a number (the finalizer of splitmix64); sets of steps are
/// hashed as sums of these, so that adding a step is one addition.
uint64_t hash(uint64_t x) {
  x += 0x9E3779B97F4A7C15ULL;
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9ULL;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBULL;
  return x ^ (x >> 31);
}

/// Which steps have run, and what lives between the last and the next.
struct State {
  /// By step: predecessors that have not run; -1 for a step that has.
  std::vector<int32_t> waiting;
  /// By buffer: steps that touch it and have not run.
  std::vector<uint32_t> left;
  std::vector<uint32_t> ready; // ascending
  int64_t live = 0;
  int64_t peak = 0;
  uint64_t key = 0;
};

/// What running a step does to the memory.
struct Effect {
  int64_t during = 0; // bytes alive while it runs
  int64_t after = 0;  // and behind it
};

class Search {
public:
  explicit Search(const StepGraph &graph, uint64_t workLimit);

  State start() const;
  Effect effectOf(const State &state, uint32_t step) const;
  void run(State &state, uint32_t step) const;

  /// The order that the beam search finds; all steps.
  std::vector<uint32_t> searchBeam();
  /// An order with a peak of at most `capacity`, if one is found. `exhausted`
  /// tells whether all were looked at.
  bool searchDepthFirst(int64_t capacity, std::vector<uint32_t> &order,
                        bool &exhausted);
  /// No order needs less: some step needs as much by itself.
  int64_t lowerBound() const;

private:
  /// Runs steps at once that raise nothing, until there are none.
  bool runFree(State &state, int64_t capacity, std::vector<uint32_t> &order);

  const StepGraph &graph;
  std::vector<std::vector<uint32_t>> successors, touched;
  uint64_t work = 0, workLimit;
};

} // namespace

Search::Search(const StepGraph &graph, uint64_t workLimit)
    : graph(graph), successors(graph.steps.size()), touched(graph.steps.size()),
      workLimit(workLimit) {
  for (uint32_t step = 0; step < graph.steps.size(); ++step)
    for (uint32_t before : graph.steps[step].predecessors)
      successors[before].push_back(step);
  for (uint32_t buffer = 0; buffer < graph.buffers.size(); ++buffer)
    for (uint32_t step : graph.buffers[buffer].steps)
      touched[step].push_back(buffer);
}

State Search::start() const {
  State state;
  for (uint32_t step = 0; step < graph.steps.size(); ++step) {
    state.waiting.push_back(graph.steps[step].predecessors.size());
    if (state.waiting.back() == 0)
      state.ready.push_back(step);
  }
  for (const StepGraph::Use &use : graph.buffers)
    state.left.push_back(use.steps.size());
  return state;
}

Effect Search::effectOf(const State &state, uint32_t step) const {
  Effect effect{state.live, state.live};
  auto isNew = [&](uint32_t buffer) {
    return state.left[buffer] == graph.buffers[buffer].steps.size();
  };
  for (uint32_t buffer : touched[step]) {
    int64_t size = graph.buffers[buffer].size;
    if (isNew(buffer)) {
      effect.during += size;
      effect.after += size;
    }
    if (state.left[buffer] == 1)
      effect.after -= size;
  }
  // Each buffer is one half of one pair at most.
  std::vector<uint32_t> paired;
  for (auto [in, out] : graph.steps[step].inplace) {
    if (in == out || state.left[in] != 1 || isNew(in) || !isNew(out) ||
        std::count(paired.begin(), paired.end(), in) ||
        std::count(paired.begin(), paired.end(), out))
      continue;
    paired.push_back(in);
    paired.push_back(out);
    effect.during -= std::min(graph.buffers[in].size, graph.buffers[out].size);
  }
  return effect;
}

void Search::run(State &state, uint32_t step) const {
  Effect effect = effectOf(state, step);
  state.peak = std::max(state.peak, effect.during);
  state.live = effect.after;
  state.key += hash(step);
  state.waiting[step] = -1;
  state.ready.erase(
      std::lower_bound(state.ready.begin(), state.ready.end(), step));
  for (uint32_t buffer : touched[step])
    --state.left[buffer];
  for (uint32_t next : successors[step])
    if (--state.waiting[next] == 0)
      state.ready.insert(
          std::lower_bound(state.ready.begin(), state.ready.end(), next), next);
}

int64_t Search::lowerBound() const {
  int64_t bound = 0;
  for (uint32_t step = 0; step < graph.steps.size(); ++step) {
    int64_t bytes = 0, saved = 0;
    for (uint32_t buffer : touched[step])
      bytes += graph.buffers[buffer].size;
    for (auto [in, out] : graph.steps[step].inplace)
      saved += std::min(graph.buffers[in].size, graph.buffers[out].size);
    bound = std::max(bound, bytes - saved);
  }
  return bound;
}

std::vector<uint32_t> Search::searchBeam() {
  /// A partial order as a list from its end.
  struct Link {
    uint32_t step;
    std::shared_ptr<const Link> before;
  };
  struct Candidate {
    State state;
    std::shared_ptr<const Link> last;
  };
  std::vector<Candidate> beam(1);
  beam[0].state = start();
  for (size_t depth = 0; depth < graph.steps.size(); ++depth) {
    struct Choice {
      size_t from;
      uint32_t step;
      int64_t peak, after;
      uint64_t key;
    };
    std::vector<Choice> choices;
    for (size_t i = 0; i < beam.size(); ++i)
      for (uint32_t step : beam[i].state.ready) {
        Effect effect = effectOf(beam[i].state, step);
        choices.push_back({i, step, std::max(beam[i].state.peak, effect.during),
                           effect.after, beam[i].state.key + hash(step)});
        ++work;
      }
    // Equal choices in the given order, so that this is kept where it is good.
    std::stable_sort(choices.begin(), choices.end(),
                     [](const Choice &a, const Choice &b) {
                       return std::tie(a.peak, a.after, a.step) <
                              std::tie(b.peak, b.after, b.step);
                     });
    std::unordered_set<uint64_t> seen;
    std::vector<Candidate> next;
    for (const Choice &choice : choices) {
      if (next.size() == beamWidth)
        break;
      if (!seen.insert(choice.key).second)
        continue;
      next.push_back(beam[choice.from]);
      run(next.back().state, choice.step);
      next.back().last = std::make_shared<const Link>(
          Link{choice.step, beam[choice.from].last});
    }
    beam = std::move(next);
  }
  std::vector<uint32_t> order;
  for (const Link *link = beam[0].last.get(); link; link = link->before.get())
    order.push_back(link->step);
  std::reverse(order.begin(), order.end());
  return order;
}

/// A step that needs no more than the capacity and leaves no more than it found
/// can run first in any order that continues this one: later it would start no
/// fewer buffers alone, and end no other ones.
bool Search::runFree(State &state, int64_t capacity,
                     std::vector<uint32_t> &order) {
  for (bool changed = true; changed;) {
    changed = false;
    for (uint32_t step : state.ready) {
      ++work;
      Effect effect = effectOf(state, step);
      if (effect.during > capacity || effect.after > state.live)
        continue;
      run(state, step);
      order.push_back(step);
      changed = true;
      break;
    }
  }
  return order.size() == graph.steps.size();
}

bool Search::searchDepthFirst(int64_t capacity, std::vector<uint32_t> &order,
                              bool &exhausted) {
  /// A set of steps that have run, and what is tried next from there.
  struct Frame {
    State state;
    size_t length; // of the order
    std::vector<uint32_t> choices;
    size_t next = 0;
  };
  std::unordered_set<uint64_t> visited;
  std::vector<Frame> stack;
  order.clear();
  exhausted = true;
  auto open = [&](State state) {
    if (runFree(state, capacity, order))
      return true;
    if (!visited.insert(state.key).second)
      return false;
    std::vector<std::pair<int64_t, uint32_t>> choices;
    for (uint32_t step : state.ready) {
      ++work;
      Effect effect = effectOf(state, step);
      if (effect.during <= capacity)
        choices.push_back({effect.after, step});
    }
    std::sort(choices.begin(), choices.end());
    Frame frame{std::move(state), order.size(), {}};
    for (auto [after, step] : choices)
      frame.choices.push_back(step);
    stack.push_back(std::move(frame));
    return false;
  };
  if (open(start()))
    return true;
  while (!stack.empty()) {
    if (work >= workLimit) {
      exhausted = false;
      return false;
    }
    Frame &frame = stack.back();
    order.resize(frame.length);
    if (frame.next == frame.choices.size()) {
      stack.pop_back();
      continue;
    }
    uint32_t step = frame.choices[frame.next++];
    State state = frame.state;
    run(state, step);
    order.push_back(step);
    if (open(std::move(state)))
      return true;
  }
  return false;
}

int64_t dlc::memory::peakOfOrder(const StepGraph &graph,
                                 const std::vector<uint32_t> &order) {
  Search search(graph, 0);
  State state = search.start();
  for (uint32_t step : order)
    search.run(state, step);
  return state.peak;
}

ExecutionOrder dlc::memory::findOrder(const StepGraph &graph,
                                      uint64_t workLimit) {
  ExecutionOrder best;
  best.order.resize(graph.steps.size());
  std::iota(best.order.begin(), best.order.end(), 0);
  best.peak = peakOfOrder(graph, best.order);
  Search search(graph, workLimit);
  int64_t bound = search.lowerBound();
  auto offer = [&](std::vector<uint32_t> order) {
    int64_t peak = peakOfOrder(graph, order);
    if (peak < best.peak) {
      best.order = std::move(order);
      best.peak = peak;
    }
  };
  best.optimal = best.peak <= bound;
  if (best.optimal || graph.steps.size() > maxSteps)
    return best;
  offer(search.searchBeam());
  bool exhausted = false;
  std::vector<uint32_t> order;
  while (best.peak > bound &&
         search.searchDepthFirst(best.peak - 1, order, exhausted))
    offer(order);
  best.optimal = best.peak <= bound || exhausted;
  return best;
}
