//===- Trees.cpp - Tree ensembles of former operator sets -----------------===//
//
// TreeEnsembleRegressor and TreeEnsembleClassifier number nodes within trees,
// and a leaf has as many weights as it votes for targets. They become an
// operator that gives the leaves where samples end (`TreeLeaves`) and lookups
// of what those say.
//
//===----------------------------------------------------------------------===//

#include "Learned.h"

#include <algorithm>
#include <cmath>
#include <limits>

using namespace dlc::importer;
using onnx::AttributeProto;
using onnx::NodeProto;
using onnx::TensorProto;

namespace {

/// Numbers of both operators' attributes; `votes` is "target" or "class".
class Ensemble {
public:
  Ensemble(Learned &e, const std::string &votes, int64_t outputs)
      : e(e), outputs(outputs) {
    readNodes();
    readVotes(votes);
  }

  /// Samples × outputs: sums (or means, least or largest votes) of all trees.
  std::string scores(const std::string &aggregate);
  /// Samples × outputs, whether any tree votes; empty where all always do.
  std::string voted();

  bool votesFor(int64_t output) const { return targets.count(output); }
  bool isPositive() const { return positive; }

private:
  void readNodes();
  void readVotes(const std::string &votes);
  void addTensor(NodeProto &node, const char *name, const Floats &values,
                 TensorProto::DataType type);
  std::string lookUp(const Floats &table, const char *reduction);
  /// Where the nodes of a tree are numbered: the tree, the node.
  using Place = std::pair<int64_t, int64_t>;
  int64_t find(const Place &place) const {
    auto found = numbers.find(place);
    if (found == numbers.end())
      e.refuse("the trees have no node " + std::to_string(place.second) +
               " of tree " + std::to_string(place.first));
    return found->second;
  }

  Learned &e;
  int64_t outputs;
  /// Inner nodes are counted from 0, leaves from -1 downwards.
  std::map<Place, int64_t> numbers;
  int64_t leaves = 0, trees = 0;
  std::vector<int64_t> treeOfLeaf;
  /// Leaves × outputs.
  Floats weights, votes;
  std::set<int64_t> targets;
  bool positive = true;
  std::string reached;
};

void Ensemble::addTensor(NodeProto &node, const char *name,
                         const Floats &values, TensorProto::DataType type) {
  AttributeProto &attr = *node.add_attribute();
  attr.set_name(name);
  attr.set_type(AttributeProto::TENSOR);
  TensorProto &tensor = *attr.mutable_t();
  tensor.set_data_type(type);
  tensor.add_dims(static_cast<int64_t>(values.size()));
  for (float value : values)
    if (type == TensorProto::FLOAT)
      tensor.add_float_data(value);
    else
      tensor.add_int32_data(static_cast<int32_t>(value));
}

void Ensemble::readNodes() {
  Ints treeIds = e.ints("nodes_treeids"), ids = e.ints("nodes_nodeids"),
       features = e.ints("nodes_featureids"), yes = e.ints("nodes_truenodeids"),
       no = e.ints("nodes_falsenodeids"),
       missing = e.ints("nodes_missing_value_tracks_true");
  Floats values = e.floatsOf("nodes_values");
  const auto *modes = attribute(e.node, "nodes_modes");
  size_t count = ids.size();
  if (!modes || !count || treeIds.size() != count || features.size() != count ||
      yes.size() != count || no.size() != count || values.size() != count ||
      modes->strings_size() != static_cast<int>(count))
    e.refuse("the attributes of the nodes are missing or differ in length");
  static const std::vector<std::string> kinds = {"BRANCH_LEQ", "BRANCH_LT",
                                                 "BRANCH_GTE", "BRANCH_GT",
                                                 "BRANCH_EQ",  "BRANCH_NEQ"};

  std::map<int64_t, int64_t> treeNumbers;
  int64_t inner = 0;
  for (size_t i = 0; i < count; ++i) {
    auto tree = treeNumbers.insert({treeIds[i], treeNumbers.size()}).first;
    bool isLeaf = modes->strings(static_cast<int>(i)) == "LEAF";
    if (isLeaf)
      treeOfLeaf.push_back(tree->second);
    if (!numbers.insert({{treeIds[i], ids[i]}, isLeaf ? -1 - leaves : inner})
             .second)
      e.refuse("the trees have two nodes " + std::to_string(ids[i]) +
               " of tree " + std::to_string(treeIds[i]));
    ++(isLeaf ? leaves : inner);
  }
  trees = static_cast<int64_t>(treeNumbers.size());
  if (!leaves)
    e.refuse("the trees have no leaf");

  Ints toFeature, toYes, toNo, yesIsLeaf, noIsLeaf, tracks, roots;
  Floats splits, kindOf;
  std::set<Place> children;
  auto lead = [&](const Place &place, Ints &to, Ints &isLeaf) {
    children.insert(place);
    int64_t number = find(place);
    isLeaf.push_back(number < 0);
    to.push_back(number < 0 ? -1 - number : number);
  };
  for (size_t i = 0; i < count; ++i) {
    const std::string &mode = modes->strings(static_cast<int>(i));
    if (mode == "LEAF")
      continue;
    auto kind = std::find(kinds.begin(), kinds.end(), mode);
    if (kind == kinds.end())
      e.refuse("nodes of the kind '" + mode + "' are not known");
    toFeature.push_back(features[i]);
    splits.push_back(values[i]);
    kindOf.push_back(static_cast<float>(kind - kinds.begin()));
    tracks.push_back(i < missing.size() ? missing[i] : 0);
    lead({treeIds[i], yes[i]}, toYes, yesIsLeaf);
    lead({treeIds[i], no[i]}, toNo, noIsLeaf);
  }
  // The root is what no other node leads to. One that is a leaf gets a node
  // above it that always leads there.
  std::map<int64_t, int64_t> rootOf;
  for (const auto &[place, number] : numbers) {
    if (children.count(place))
      continue;
    int64_t root = number;
    if (root < 0) {
      root = static_cast<int64_t>(toFeature.size());
      for (Ints *list : {&toYes, &toNo})
        list->push_back(-1 - number);
      for (Ints *list : {&yesIsLeaf, &noIsLeaf})
        list->push_back(1);
      for (Ints *list : {&toFeature, &tracks})
        list->push_back(0);
      for (Floats *list : {&splits, &kindOf})
        list->push_back(0);
    }
    if (!rootOf.insert({treeNumbers[place.first], root}).second)
      e.refuse("tree " + std::to_string(place.first) + " has several roots");
  }
  if (static_cast<int64_t>(rootOf.size()) != trees)
    e.refuse("the nodes of a tree lead in a circle");
  for (const auto &[tree, root] : rootOf)
    roots.push_back(root);

  reached = e.add(treeLeavesOp, {e.in(0)});
  NodeProto &node = e.last();
  node.set_domain(ownDomain);
  setInts(node, "nodes_featureids", toFeature);
  setInts(node, "nodes_truenodeids", toYes);
  setInts(node, "nodes_falsenodeids", toNo);
  setInts(node, "nodes_trueleafs", yesIsLeaf);
  setInts(node, "nodes_falseleafs", noIsLeaf);
  setInts(node, "nodes_missing_value_tracks_true", tracks);
  setInts(node, "tree_roots", roots);
  setInt(node, "leaves", leaves);
  addTensor(node, "nodes_splits", splits, TensorProto::FLOAT);
  addTensor(node, "nodes_modes", kindOf, TensorProto::UINT8);
}

void Ensemble::readVotes(const std::string &kind) {
  Ints treeIds = e.ints((kind + "_treeids").c_str()),
       ids = e.ints((kind + "_nodeids").c_str()),
       to = e.ints((kind + "_ids").c_str());
  Floats given = e.floatsOf((kind + "_weights").c_str());
  if (treeIds.size() != ids.size() || to.size() != ids.size() ||
      given.size() != ids.size())
    e.refuse("the attributes '" + kind + "_…' differ in length");
  constexpr int64_t most = int64_t(1) << 28;
  if (leaves > most / outputs)
    e.refuse("the trees have too many leaves and targets");
  weights.assign(leaves * outputs, 0);
  votes.assign(leaves * outputs, 0);
  for (size_t i = 0; i < ids.size(); ++i) {
    int64_t leaf = -1 - find({treeIds[i], ids[i]});
    if (leaf < 0)
      continue; // nobody ends there
    if (to[i] < 0 || to[i] >= outputs)
      e.refuse("a leaf votes for " + std::to_string(to[i]) + " of " +
               std::to_string(outputs));
    weights[leaf * outputs + to[i]] += given[i];
    votes[leaf * outputs + to[i]] = 1;
    targets.insert(to[i]);
    positive = positive && given[i] >= 0;
  }
}

/// Rows of a table (leaves × outputs), reduced over the trees.
std::string Ensemble::lookUp(const Floats &table, const char *reduction) {
  std::string rows =
      e.add("Gather", {e.constants(table, {leaves, outputs}), reached});
  return e.reduce(reduction, rows, 1, false);
}

std::string Ensemble::scores(const std::string &aggregate) {
  if (aggregate == "SUM" || aggregate == "AVERAGE") {
    std::string sum;
    // Each tree of boosted ones has a target: it is looked up no more.
    std::vector<int64_t> targetOf(trees, -1);
    bool single = outputs > 1;
    for (int64_t leaf = 0; leaf < leaves; ++leaf)
      for (int64_t out = 0; out < outputs; ++out) {
        if (!votes[leaf * outputs + out])
          continue;
        int64_t &target = targetOf[treeOfLeaf[leaf]];
        single = single && (target < 0 || target == out) &&
                 std::isfinite(weights[leaf * outputs + out]);
        target = out;
      }
    if (single) {
      Floats weight(leaves), forTarget(trees * outputs);
      for (int64_t leaf = 0; leaf < leaves; ++leaf)
        if (int64_t to = targetOf[treeOfLeaf[leaf]]; to >= 0)
          weight[leaf] = weights[leaf * outputs + to];
      for (int64_t tree = 0; tree < trees; ++tree)
        if (targetOf[tree] >= 0)
          forTarget[tree * outputs + targetOf[tree]] = 1;
      sum = e.add("MatMul",
                  {e.add("Gather", {e.constants(weight, {leaves}), reached}),
                   e.constants(forTarget, {trees, outputs})});
    } else {
      sum = lookUp(weights, "ReduceSum");
    }
    if (aggregate == "SUM")
      return sum;
    return e.add("Div", {sum, e.scalar(static_cast<float>(trees))});
  }
  bool isMin = aggregate == "MIN";
  if (!isMin && aggregate != "MAX")
    e.refuse("the aggregate function '" + aggregate + "' is not known");
  // What no tree votes for is 0.
  float none = (isMin ? 1 : -1) * std::numeric_limits<float>::infinity();
  Floats table = weights;
  for (size_t i = 0; i < table.size(); ++i)
    if (!votes[i])
      table[i] = none;
  std::string best = lookUp(table, isMin ? "ReduceMin" : "ReduceMax");
  return e.add("Where",
               {e.add("Equal", {best, e.scalar(none)}), e.scalar(0), best});
}

std::string Ensemble::voted() {
  // A tree of whose leaves each votes is enough.
  std::vector<char> all(trees * outputs, 1);
  for (int64_t leaf = 0; leaf < leaves; ++leaf)
    for (int64_t out = 0; out < outputs; ++out)
      all[treeOfLeaf[leaf] * outputs + out] &= votes[leaf * outputs + out] != 0;
  bool always = true;
  for (int64_t out = 0; out < outputs; ++out) {
    bool some = false;
    for (int64_t tree = 0; tree < trees; ++tree)
      some |= all[tree * outputs + out] != 0;
    always &= some;
  }
  if (always)
    return "";
  return e.cast(lookUp(votes, "ReduceMax"), TensorProto::BOOL);
}

} // namespace

void dlc::importer::expandTreeRegressor(Learned &e) {
  int64_t targets = e.intAttr("n_targets", 1);
  if (targets < 1)
    e.refuse("there is no target");
  Ensemble ensemble(e, "target", targets);
  std::string sum = ensemble.scores(e.text("aggregate_function", "SUM"));
  Floats base = e.floatsOf("base_values");
  if (static_cast<int64_t>(base.size()) == targets)
    sum = e.add("Add", {sum, e.constants(base, {targets})});
  else if (!base.empty())
    e.refuse("there are " + std::to_string(base.size()) + " base values for " +
             std::to_string(targets) + " targets");
  e.finish(e.transform(sum));
}

/// Two classes are told apart by one score where all leaves vote for the same.
void dlc::importer::expandTreeClassifier(Learned &e) {
  const char *labels = "classlabels_int64s";
  int64_t classes = static_cast<int64_t>(e.numLabels(labels));
  if (classes < 2)
    e.refuse("there are less than two classes");
  Ensemble ensemble(e, "class", classes);
  Floats base = e.floatsOf("base_values");
  int64_t bases = static_cast<int64_t>(base.size());
  if (bases > classes)
    e.refuse("there are more base values than classes");
  std::string scores = ensemble.scores("SUM");
  bool single = classes == 2 && ensemble.votesFor(0) != ensemble.votesFor(1);
  if (!single) {
    base.resize(classes);
    if (bases)
      scores = e.add("Add", {scores, e.constants(base, {classes})});
    std::string candidates = scores;
    if (!ensemble.isPositive() && bases < classes)
      if (std::string voted = ensemble.voted(); !voted.empty())
        candidates =
            e.add("Where", {voted, scores,
                            e.scalar(-std::numeric_limits<float>::infinity())});
    e.finishLabels(labels, e.best(candidates));
    e.finishScores(e.transform(scores));
    return;
  }
  float bound = ensemble.isPositive() ? 0.5f : 0;
  auto column = [&](int64_t index) {
    return e.add("Slice", {scores, e.constantInts({index}),
                           e.constantInts({index + 1}), e.constantInts({1})});
  };
  if (ensemble.votesFor(1)) {
    if (bases) {
      base.resize(2);
      scores = e.add("Add", {scores, e.constants(base, {2})});
    }
    e.finishLabels(labels, e.isAbove(column(1), bound));
    e.finishScores(e.transform(scores));
    return;
  }
  std::string score = column(0);
  if (bases)
    score = e.add("Add", {score, e.scalar(base[bases - 1])});
  e.finishLabels(labels, e.isAbove(score, bound));
  e.finishScores(e.bothScores(score, ensemble.isPositive()));
}
