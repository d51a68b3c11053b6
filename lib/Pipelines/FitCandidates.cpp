//===- FitCandidates.cpp - Changes that may lower the peak ----------------===//

#include "FitCandidates.h"

#include "dlc/Dialect/Dispatch/Transforms/Bands.h"
#include "dlc/Support/Location.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/Support/FormatVariadic.h"

#include <set>

using namespace mlir;
using namespace dlc;
using dispatch::BandBoxes;
using dispatch::BandedChain;
using dispatch::Box;

namespace {

using Node = MemoryEstimate::Node;
using NodeSet = std::set<unsigned>;

// How much is looked at. The changes that are left are tried in full, which
// costs far more.
constexpr unsigned kMaxSeeds = 6;
constexpr unsigned kMaxEnds = 8;
constexpr unsigned kMaxLevelsBack = 5;
constexpr unsigned kMaxChainOps = 100;
constexpr unsigned kMaxChains = 8;
constexpr unsigned kMaxRecomputed = 4;
constexpr unsigned kMaxUnfused = 4;
constexpr int64_t kBandCounts[] = {2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64};

int64_t getBytes(Type type, int64_t elements) {
  return elements *
         llvm::divideCeil(cast<ShapedType>(type).getElementTypeBitWidth(), 8);
}
int64_t getBytes(Type type) {
  return getBytes(type, cast<ShapedType>(type).getNumElements());
}

/// "'conv1 (Conv)'" of an operation; its name where it has no node.
std::string getNodeName(Operation *op) {
  std::string text = describeLocation(op->getLoc());
  auto [file, node] = StringRef(text).split("node ");
  return node.empty() ? "'" + op->getName().getStringRef().str() + "'"
                      : node.str();
}

/// The op that names a node: its last structured one with reductions.
Operation *getNamingOp(const Node &node) {
  for (Operation *op : llvm::reverse(node.ops))
    if (auto structured = dyn_cast<linalg::LinalgOp>(op))
      if (structured.getNumReductionLoops())
        return op;
  return node.ops.back();
}

/// A chain of nodes, and what it would need if it were computed in bands.
struct ChainCandidate {
  BandedChain chain;
  const Node *begin = nullptr;
  /// Bytes alive at the worst time.
  int64_t bytes = 0;
  /// Operations more than before.
  double cost = 0;
};

class CandidateFinder {
public:
  CandidateFinder(const MemoryEstimate &estimate, int64_t budget)
      : estimate(estimate), budget(budget) {
    for (const MemoryEstimate::Buffer &buffer : estimate.buffers)
      if (buffer.first <= estimate.peakStep && estimate.peakStep <= buffer.last)
        holders.push_back(&buffer);
    llvm::stable_sort(holders, [](auto *left, auto *right) {
      return left->bytes > right->bytes;
    });
  }

  std::vector<FitCandidate> run() {
    findChains();
    findRecomputed();
    findUnfused();
    return std::move(candidates);
  }

private:
  bool isGiven(Value value) const {
    auto it = estimate.nodeOf.find(value.getDefiningOp());
    return it == estimate.nodeOf.end() || estimate.nodes[it->second].isConstant;
  }

  //===--------------------------------------------------------------------===//
  // Chains in bands
  //===--------------------------------------------------------------------===//

  void findChains() {
    NodeSet seeds;
    if (auto node = estimate.nodeOfStep[estimate.peakStep])
      seeds.insert(*node);
    for (const MemoryEstimate::Buffer *holder : holders)
      for (unsigned writer : holder->writers)
        if (seeds.size() < kMaxSeeds && !estimate.nodes[writer].isConstant)
          seeds.insert(writer);
    std::vector<ChainCandidate> chains;
    std::set<NodeSet> seen;
    for (unsigned seed : seeds)
      for (auto &[end, between] : findEnds(seed))
        for (unsigned level = 0; level < kMaxLevelsBack; ++level) {
          if (level > 0 && !extendBack(between))
            break;
          if (seen.insert(between).second)
            addChains(between, end, chains);
        }
    llvm::stable_sort(chains, [&](const ChainCandidate &left,
                                  const ChainCandidate &right) {
      bool leftFits = left.bytes <= budget, rightFits = right.bytes <= budget;
      if (leftFits != rightFits)
        return leftFits;
      return leftFits ? left.cost < right.cost : left.bytes < right.bytes;
    });
    for (const ChainCandidate &chain : ArrayRef(chains).take_front(kMaxChains))
      addCandidate(chain);
  }

  /// Nodes that all ways from `seed` to the results lead through, and the nodes
  /// up to each of them.
  std::vector<std::pair<unsigned, NodeSet>> findEnds(unsigned seed) const {
    std::vector<std::pair<unsigned, NodeSet>> ends;
    NodeSet open, done{seed};
    if (estimate.nodes[seed].isReturned)
      return ends;
    auto addSuccessors = [&](unsigned node) {
      for (unsigned next : estimate.nodes[node].successors)
        open.insert(next);
    };
    addSuccessors(seed);
    while (!open.empty() && ends.size() < kMaxEnds) {
      unsigned node = *open.begin();
      open.erase(open.begin());
      done.insert(node);
      if (open.empty() && estimate.nodes[node].isKernel)
        ends.push_back({node, done});
      if (estimate.nodes[node].isReturned)
        break;
      addSuccessors(node);
    }
    return ends;
  }

  bool areUsersIn(unsigned node, const NodeSet &set) const {
    return !estimate.nodes[node].isReturned &&
           llvm::all_of(estimate.nodes[node].successors,
                        [&](unsigned next) { return set.count(next) > 0; });
  }

  /// Adds what makes the largest value that the set reads from outside, if
  /// nothing else reads that.
  bool extendBack(NodeSet &set) const {
    int64_t largest = 0;
    std::optional<unsigned> best;
    for (unsigned number : set)
      for (unsigned before : estimate.nodes[number].predecessors) {
        if (set.count(before) || estimate.nodes[before].isConstant ||
            !areUsersIn(before, set))
          continue;
        for (Operation *op : estimate.nodes[before].ops)
          for (Type type : op->getResultTypes())
            if (getBytes(type) > largest) {
              largest = getBytes(type);
              best = before;
            }
      }
    if (!best)
      return false;
    set.insert(*best);
    // What only moves data comes along for nothing.
    if (!estimate.nodes[*best].isKernel)
      extendBack(set);
    return true;
  }

  /// The only value of `end` that is used from outside of `set`.
  OpResult getResult(unsigned end, const NodeSet &set) const {
    OpResult found;
    for (Operation *op : estimate.nodes[end].ops)
      for (OpResult result : op->getResults()) {
        bool isUsed = llvm::any_of(result.getUsers(), [&](Operation *user) {
          Operation *ancestor = op->getBlock()->findAncestorOpInBlock(*user);
          auto it = estimate.nodeOf.find(ancestor);
          return it == estimate.nodeOf.end() || !set.count(it->second);
        });
        if (!isUsed)
          continue;
        if (found)
          return {};
        found = result;
      }
    return found;
  }

  void addChains(const NodeSet &set, unsigned end,
                 std::vector<ChainCandidate> &chains) const {
    ChainCandidate candidate;
    candidate.chain.result = getResult(end, set);
    if (!candidate.chain.result)
      return;
    auto first = llvm::find_if(
        set, [&](unsigned number) { return estimate.nodes[number].isKernel; });
    candidate.begin = &estimate.nodes[*first];
    for (unsigned number : set)
      llvm::append_range(candidate.chain.ops, estimate.nodes[number].ops);
    llvm::sort(candidate.chain.ops, [](Operation *left, Operation *right) {
      return left->isBeforeInBlock(right);
    });
    if (candidate.chain.ops.size() > kMaxChainOps ||
        candidate.chain.ops.back() != candidate.chain.result.getOwner() ||
        !dispatch::isBandable(candidate.chain))
      return;
    auto type = cast<RankedTensorType>(candidate.chain.result.getType());
    unsigned numDims = 0;
    for (unsigned dim : llvm::seq<unsigned>(type.getRank())) {
      candidate.chain.dim = dim;
      if (type.getDimSize(dim) < 2 || !shrinks(candidate.chain))
        continue;
      addBandCounts(candidate, set, chains);
      // Bands along the first dims lie in one piece.
      if (++numDims == 2)
        return;
    }
  }

  /// Whether half of the result needs much less than everything.
  static bool shrinks(BandedChain chain) {
    chain.count = 2;
    FailureOr<BandBoxes> boxes = dispatch::planBand(chain, 0);
    if (failed(boxes))
      return false;
    double whole = 0, part = 0;
    for (Operation *op : chain.ops)
      if (auto structured = dyn_cast<linalg::LinalgOp>(op)) {
        whole += static_cast<double>(
            llvm::product_of(structured.getStaticLoopRanges()));
        if (auto it = boxes->find(op); it != boxes->end())
          part += static_cast<double>(it->second.volume());
      }
    return part < 0.85 * whole;
  }

  /// Adds the fewest bands that fit and a few more, or else the most.
  void addBandCounts(ChainCandidate candidate, const NodeSet &set,
                     std::vector<ChainCandidate> &chains) const {
    auto type = cast<RankedTensorType>(candidate.chain.result.getType());
    int64_t around = getBytesAround(candidate.chain, set);
    if (around >= estimate.peak)
      return;
    int64_t extent = type.getDimSize(candidate.chain.dim);
    ArrayRef<int64_t> counts =
        ArrayRef(kBandCounts).take_while([&](int64_t count) {
          return count <= extent;
        });
    // The more bands, the less they need: search for the fewest that fit.
    const int64_t *fewest =
        std::partition_point(counts.begin(), counts.end(), [&](int64_t count) {
          candidate.chain.count = count;
          std::optional<int64_t> within = measureBand(candidate.chain, set);
          return !within || around + *within > budget;
        });
    if (fewest == counts.end())
      --fewest;
    for (int64_t count : ArrayRef(fewest, counts.end()).take_front(2)) {
      candidate.chain.count = count;
      std::optional<int64_t> within = measureBand(candidate.chain, set);
      std::optional<double> cost = countExtraOperations(candidate.chain);
      if (!within || !cost || around + *within >= estimate.peak)
        return;
      candidate.bytes = around + *within;
      candidate.cost = *cost;
      chains.push_back(candidate);
    }
  }

  /// Bytes alive while the chain is computed, but for its parts: its inputs,
  /// its result, and what has nothing to do with it.
  int64_t getBytesAround(const BandedChain &chain, const NodeSet &set) const {
    llvm::SetVector<Value> inputs;
    for (Operation *op : chain.ops)
      for (Value value : op->getOperands())
        if (!isGiven(value) &&
            !set.count(estimate.nodeOf.lookup(value.getDefiningOp())))
          inputs.insert(value);
    NodeSet counted(set);
    int64_t bytes = 0;
    for (Value value : inputs) {
      bytes += getBytes(value.getType());
      counted.insert(estimate.nodeOf.lookup(value.getDefiningOp()));
    }
    for (const MemoryEstimate::Buffer *holder : holders)
      if (llvm::none_of(holder->writers, [&](unsigned writer) {
            return counted.count(writer) > 0;
          }))
        bytes += holder->bytes;
    // A result of the function is computed in memory of the caller.
    if (!llvm::any_of(chain.result.getUsers(), llvm::IsaPred<func::ReturnOp>))
      bytes += getBytes(chain.result.getType());
    return bytes;
  }

  /// The most bytes that neighbours of the chain hand to each other in a band.
  std::optional<int64_t> measureBand(const BandedChain &chain,
                                     const NodeSet &set) const {
    // One in the middle has overlaps on both sides.
    FailureOr<BandBoxes> boxes =
        dispatch::planBand(chain, chain.getNumBands() / 2);
    if (failed(boxes))
      return std::nullopt;
    return getBandBytes(*boxes, chain, set);
  }

  /// The iterations that the bands do twice.
  static std::optional<double> countExtraOperations(const BandedChain &chain) {
    int64_t numBands = chain.getNumBands();
    double operations = 0;
    // All bands but the first and the last one are alike.
    std::set<int64_t> numbers{0, numBands / 2, numBands - 1};
    for (int64_t number : numbers) {
      FailureOr<BandBoxes> boxes = dispatch::planBand(chain, number);
      if (failed(boxes))
        return std::nullopt;
      double times = number == numBands / 2
                         ? static_cast<double>(numBands - numbers.size() + 1)
                         : 1.0;
      for (Operation *op : chain.ops)
        if (auto it = boxes->find(op);
            it != boxes->end() && isa<linalg::LinalgOp>(op))
          operations += times * static_cast<double>(it->second.volume());
    }
    for (Operation *op : chain.ops)
      if (auto structured = dyn_cast<linalg::LinalgOp>(op))
        operations -= static_cast<double>(
            llvm::product_of(structured.getStaticLoopRanges()));
    return operations;
  }

  int64_t getBandBytes(const BandBoxes &boxes, const BandedChain &chain,
                       const NodeSet &set) const {
    // Bytes that each kernel makes for others, and that it reads.
    int64_t most = 0;
    llvm::DenseMap<unsigned, int64_t> made;
    for (unsigned number : set) {
      const Node &node = estimate.nodes[number];
      int64_t &bytes = made[number];
      for (Operation *op : node.ops)
        for (OpResult result : op->getResults()) {
          bool isHandedOn =
              llvm::any_of(result.getUsers(), [&](Operation *user) {
                auto it = estimate.nodeOf.find(
                    op->getBlock()->findAncestorOpInBlock(*user));
                return it != estimate.nodeOf.end() && it->second != number;
              });
          auto it = boxes.find(op);
          if (isHandedOn && it != boxes.end() && result != chain.result)
            bytes +=
                getBytes(result.getType(),
                         dispatch::getResultBox(result, it->second).volume());
        }
      int64_t live = bytes;
      for (unsigned before : node.predecessors)
        if (node.isKernel)
          live += made.lookup(before);
      most = std::max(most, live);
    }
    return most;
  }

  void addCandidate(const ChainCandidate &chain) {
    FitCandidate candidate;
    Operation *last = chain.chain.ops.back();
    Builder builder(last->getContext());
    for (Operation *op : chain.chain.ops)
      candidate.marks.push_back(
          {op, dispatch::kChainAttr, builder.getI64IntegerAttr(0)});
    candidate.marks.push_back(
        {last, dispatch::kBandsAttr,
         builder.getI64ArrayAttr({chain.chain.result.getResultNumber(),
                                  chain.chain.dim, chain.chain.count})});
    unsigned end = estimate.nodeOf.lookup(last);
    candidate.text =
        llvm::formatv("computes {0} to {1} in {2} bands",
                      getNodeName(getNamingOp(*chain.begin)),
                      getNodeName(getNamingOp(estimate.nodes[end])),
                      chain.chain.getNumBands());
    candidates.push_back(std::move(candidate));
  }

  //===--------------------------------------------------------------------===//
  // Values computed anew
  //===--------------------------------------------------------------------===//

  void findRecomputed() {
    auto now = estimate.nodeOfStep[estimate.peakStep];
    unsigned found = 0;
    for (const MemoryEstimate::Buffer *holder : holders)
      for (unsigned writer : llvm::SetVector<unsigned>(holder->writers.begin(),
                                                       holder->writers.end()))
        if (found < kMaxRecomputed && writer != now)
          found += addRecomputed(writer, now);
  }

  /// Lets every reader behind the peak compute what `writer` made.
  bool addRecomputed(unsigned writer, std::optional<unsigned> now) {
    const Node &node = estimate.nodes[writer];
    auto op = dyn_cast<linalg::LinalgOp>(node.ops.back());
    if (!op || !node.isKernel || node.ops.size() != 1 || !isCheap(op))
      return false;
    FitCandidate candidate;
    Builder builder(op->getContext());
    SmallVector<Value> values(op->getResults());
    llvm::MapVector<Operation *, SmallVector<int64_t>> readers;
    while (!values.empty()) {
      Value value = values.pop_back_val();
      for (OpOperand &use : value.getUses()) {
        Operation *user = use.getOwner();
        if (isa<tensor::ExpandShapeOp, tensor::CollapseShapeOp>(user)) {
          values.push_back(user->getResult(0));
          continue;
        }
        if (user->getBlock() != op->getBlock() || isa<func::ReturnOp>(user))
          return false;
        auto it = estimate.nodeOf.find(user);
        if (it != estimate.nodeOf.end() && isBehindPeak(it->second))
          readers[user].push_back(use.getOperandNumber());
        else if (it != estimate.nodeOf.end() && now && it->second == *now)
          return false;
      }
    }
    if (readers.empty())
      return false;
    for (auto &[reader, operands] : readers)
      candidate.marks.push_back({reader, dispatch::kRecomputeAttr,
                                 builder.getDenseI64ArrayAttr(operands)});
    candidate.text =
        llvm::formatv("computes {0} again for {1} reader{2}", getNodeName(op),
                      readers.size(), readers.size() == 1 ? "" : "s");
    candidates.push_back(std::move(candidate));
    return true;
  }

  /// Whether an element takes a few operations only.
  static bool isCheap(linalg::LinalgOp op) {
    constexpr int64_t maxReduced = 16;
    int64_t results = 1;
    for (OpOperand &init : op.getDpsInitsMutable())
      results = std::max(
          results, cast<ShapedType>(init.get().getType()).getNumElements());
    return llvm::product_of(op.getStaticLoopRanges()) <= maxReduced * results;
  }

  bool isBehindPeak(unsigned node) const {
    for (auto [step, of] : llvm::enumerate(estimate.nodeOfStep))
      if (of && *of == node)
        return step > estimate.peakStep;
    // A pad or a piece: what reads it tells.
    return !estimate.nodes[node].successors.empty() &&
           llvm::all_of(estimate.nodes[node].successors,
                        [&](unsigned next) { return isBehindPeak(next); });
  }

  //===--------------------------------------------------------------------===//
  // Fusions undone
  //===--------------------------------------------------------------------===//

  /// A kernel that reads several large values needs all of them at a time, and
  /// what holds the peak may only wait for it.
  void findUnfused() {
    llvm::SetVector<unsigned> nodes;
    if (auto now = estimate.nodeOfStep[estimate.peakStep])
      nodes.insert(*now);
    for (const MemoryEstimate::Buffer *holder : holders)
      nodes.insert(holder->readers.begin(), holder->readers.end());
    unsigned found = 0;
    for (unsigned node : nodes)
      for (Operation *op : estimate.nodes[node].ops)
        if (found < kMaxUnfused && readsFused(op, node)) {
          ++found;
          addUnfused(op);
        }
  }

  bool readsFused(Operation *op, unsigned node) const {
    return llvm::any_of(op->getOperands(), [&](Value value) {
      auto it = estimate.nodeOf.find(value.getDefiningOp());
      return it != estimate.nodeOf.end() && it->second == node;
    });
  }

  void addUnfused(Operation *op) {
    FitCandidate candidate;
    candidate.marks.push_back(
        {op, dispatch::kUnfusedAttr, UnitAttr::get(op->getContext())});
    candidate.text =
        llvm::formatv("does not fuse {0} with what it reads", getNodeName(op));
    candidates.push_back(std::move(candidate));
  }

  const MemoryEstimate &estimate;
  int64_t budget;
  /// Buffers alive at the peak, larger ones first.
  std::vector<const MemoryEstimate::Buffer *> holders;
  std::vector<FitCandidate> candidates;
};

} // namespace

std::vector<FitCandidate> dlc::findFitCandidates(const MemoryEstimate &estimate,
                                                 int64_t budget) {
  return CandidateFinder(estimate, budget).run();
}
