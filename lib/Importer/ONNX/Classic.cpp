//===- Classic.cpp - Determinants, n-grams, trees -------------------------===//
//
// What is not neural: a few ops of the default domain and those of ai.onnx.ml.
//
//===----------------------------------------------------------------------===//

#include "Arithmetic.h"

using namespace mlir;
using namespace dlc;
using namespace dlc::importer;

namespace {

using Predicate = nn::ComparePredicate;

/// Gaussian elimination with row pivoting, one step a column.
LogicalResult det(NodeEmitter &e) {
  Arithmetic m(e);
  Value x = e.in(0);
  ArrayRef<int64_t> shape = shapeOf(x);
  int64_t rank = shape.size();
  if (rank < 2 || shape[rank - 1] != shape[rank - 2])
    return e.error("the matrices are not square");
  int64_t n = shape.back(), batch = product(shape.drop_back(2));
  constexpr int64_t largest = 128;
  if (n > largest)
    return e.error("matrices of " + Twine(n) +
                   " rows are not supported (at most " + Twine(largest) + ")");
  e.whole = {rank - 2, rank - 1};
  Value rest = e.reshape(x, {batch, n, n});
  Value result = e.splat(RankedTensorType::get({batch, 1, 1}, elementOf(x)), 1);
  for (; n > 0; --n) {
    Value column = e.slice(rest, {0, 0, 0}, {batch, n, 1});
    Value pivotRow = e.make<nn::ArgReduceOp>(nn::ArgReduceKind::Max,
                                             m.abs(column), int64_t(1),
                                             /*keepdims=*/true, false);
    Value top = takeAlong(e, rest, pivotRow, 1);
    Value pivot = e.slice(top, {0, 0, 0}, {batch, 1, 1});
    result = m.mul(result, pivot);
    if (n == 1)
      break;
    // The first row takes the place of the pivot's: the sign turns.
    Value moved = m.compare(Predicate::NE, pivotRow, 0);
    result = m.mul(result, m.select(moved, e.scalar(-1, result), 1));
    Value isPivot = m.compare(Predicate::EQ, e.iota(n, 1, 1, 3), pivotRow);
    Value first = e.slice(rest, {0, 0, 0}, {batch, 1, n});
    rest = m.select(isPivot, first, rest);
    Value below = e.slice(rest, {0, 1, 0}, {batch, n - 1, 1});
    Value singular = m.compare(Predicate::EQ, pivot, 0);
    Value factor = m.div(below, m.select(singular, e.scalar(1, pivot), pivot));
    rest = m.sub(e.slice(rest, {0, 1, 1}, {batch, n - 1, n - 1}),
                 m.mul(factor, e.slice(top, {0, 0, 1}, {batch, 1, n - 1})));
  }
  return e.set(0, e.reshape(result, shape.drop_back(2)));
}

/// Where positions in a tensor of `extents` (scalars of i64) are in one of
/// `plane` behind two more dimensions; -1 behind the extents of `positions`.
Value placesOfCounted(NodeEmitter &e, Value positions, ArrayRef<Value> extents,
                      ArrayRef<int64_t> plane) {
  Arithmetic m(e);
  ArrayRef<int64_t> shape = shapeOf(positions);
  int64_t rank = shape.size();
  Value all = e.ints({1}, {}), counts;
  for (Value extent : extents.drop_front(2))
    all = m.mul(all, extent);
  for (int64_t d = 2; d < rank; ++d) {
    Value here =
        m.compare(nn::ComparePredicate::LT, e.iota(shape[d], 1, d, rank),
                  e.make<nn::ExtentOp>(positions, d));
    counts = counts ? m.both(counts, here) : here;
  }
  Value before = m.add(m.mul(e.iota(shape[0], 1, 0, rank), extents[1]),
                       e.iota(shape[1], 1, 1, rank));
  Value rest = m.select(counts, m.sub(positions, m.mul(before, all)), -1);
  Value place;
  Dims strides = stridesOf(plane);
  for (int64_t d = rank - 2; d-- > 0;) {
    Value size = m.max(extents[d + 2], 1), whole = m.div(rest, size);
    Value part = m.mul(m.sub(rest, m.mul(whole, size)), double(strides[d]));
    place = place ? m.add(place, part) : part;
    rest = whole;
  }
  for (int64_t d = 0; d < rank; ++d) // what does not count hits nothing
    place = e.make<nn::BoundedOp>(place, e.ints({shape[d]}, {}), d);
  return place;
}

/// The inverse of MaxPool: each element goes to its flat position.
LogicalResult maxUnpool(NodeEmitter &e) {
  Arithmetic m(e);
  Value x = e.in(0), positions = e.cast(e.in(1), e.builder.getI64Type());
  ArrayRef<int64_t> shape = shapeOf(x);
  int64_t rank = shape.size(), dims = rank - 2;
  if (dims < 1 || shapeOf(positions) != shape)
    return e.error("input and positions differ in shape");
  Dims kernel = e.intsAttr("kernel_shape", dims, 1);
  Dims strides = e.intsAttr("strides", dims, 1);
  Dims pads = e.intsAttr("pads", 2 * dims, 0);
  // The positions are those of the tensor that was pooled.
  Dims pooled{shape[0], shape[1]}, lo(rank, 0), hi(rank, 0);
  ArrayRef<int64_t> out = e.outType(0).getShape();
  for (int64_t d = 0; d < dims; ++d) {
    pooled.push_back((shape[d + 2] - 1) * strides[d] + kernel[d] - pads[d] -
                     pads[dims + d]);
    hi[d + 2] = out[d + 2] - pooled.back();
    if (pooled.back() < 1 || hi[d + 2] < 0)
      return e.error("the output shape does not fit to the window");
  }
  ArrayRef<int64_t> plane = ArrayRef<int64_t>(pooled).drop_front(2);
  int64_t planes = shape[0] * shape[1], elements = product(shape.drop_front(2));
  SmallVector<Value> extents; // of the result, as far as they are not known
  for (int64_t d = 0; d < rank; ++d) {
    if (e.has(2)) // the sizes of the result are given
      e.whole.push_back(d);
    if (!e.isOpen(0))
      continue;
    extents.push_back(e.make<nn::ExtentOp>(x, d));
    if (d < 2)
      continue;
    int64_t more = pooled[d] - shape[d] * strides[d - 2];
    extents[d] = m.max(
        m.add(m.mul(extents[d], double(strides[d - 2])), double(more)), 0);
  }
  Value within = extents.empty()
                     ? m.sub(e.reshape(positions, {planes, elements}),
                             e.iota(planes, product(plane), 0, 2))
                     : e.reshape(placesOfCounted(e, positions, extents, plane),
                                 {planes, elements});
  Value zeros =
      e.splat(RankedTensorType::get({planes, product(plane)}, elementOf(x)), 0);
  Value result = scatterAlong(e, zeros, within,
                              e.reshape(x, {planes, elements}), /*axis=*/1);
  result = e.reshape(result, pooled);
  if (llvm::any_of(hi, [](int64_t more) { return more > 0; }))
    result =
        e.make<nn::PadOp>(nn::PadMode::Constant, result, e.scalar(0, result),
                          ArrayRef<int64_t>(lo), ArrayRef<int64_t>(hi));
  for (auto [d, extent] : llvm::enumerate(extents))
    result = e.make<nn::BoundedOp>(result, extent, int64_t(d));
  return e.set(0, result);
}

/// Counts of all n-grams of one length: rows × n-grams, or null.
Value countGrams(NodeEmitter &e, Value x, ArrayRef<int64_t> grams,
                 int64_t length, int64_t maxSkip) {
  Arithmetic m(e);
  int64_t rows = shapeOf(x)[0], items = shapeOf(x)[1];
  int64_t count = grams.size() / length;
  Value total;
  for (int64_t skip = 1; skip <= (length == 1 ? 1 : maxSkip + 1); ++skip) {
    int64_t places = items - skip * (length - 1);
    if (places < 1)
      break;
    Value equal;
    for (int64_t i = 0; i < length; ++i) {
      Dims column;
      for (int64_t gram = 0; gram < count; ++gram)
        column.push_back(grams[gram * length + i]);
      Value part = e.reshape(e.slice(x, {0, i * skip}, {rows, places}),
                             {rows, places, 1});
      Value same =
          m.compare(Predicate::EQ, part, e.ints(column, {1, 1, count}));
      equal = equal ? m.both(equal, same) : same;
    }
    Value found = m.reduce(nn::ReduceKind::Sum,
                           e.cast(equal, e.builder.getF32Type()), {1});
    total = total ? m.add(total, found) : found;
  }
  if (!total)
    total = e.splat(
        RankedTensorType::get({rows, count}, e.builder.getF32Type()), 0);
  return total;
}

std::vector<int64_t> listAttr(NodeEmitter &e, StringRef name) {
  const auto *attr = e.attr(name);
  if (!attr)
    return {};
  return {attr->ints().begin(), attr->ints().end()};
}

LogicalResult tfIdfVectorizer(NodeEmitter &e) {
  Arithmetic m(e);
  Value x = e.in(0);
  if (isa<FloatType>(elementOf(x)) || shapeOf(x).empty() ||
      shapeOf(x).size() > 2 || e.attr("pool_strings"))
    return e.error("only vectors and matrices of integers are supported");
  int64_t items = shapeOf(x).back();
  x = e.reshape(e.cast(x, e.builder.getI64Type()),
                {product(shapeOf(x)) / std::max<int64_t>(items, 1), items});
  auto starts = listAttr(e, "ngram_counts"), pool = listAttr(e, "pool_int64s");
  auto columns = listAttr(e, "ngram_indexes");
  int64_t shortest = e.intAttr("min_gram_length", 1);
  int64_t longest = e.intAttr("max_gram_length", 1);
  std::string mode = e.stringAttr("mode", "TF");
  if (mode != "TF" && mode != "IDF" && mode != "TFIDF")
    return e.error("the mode '" + mode + "' is not supported");
  int64_t width = e.outType(0).getShape().back();
  // Column i of the result is column source[i] of all that is counted; what no
  // n-gram counts is the column of zeros at the end.
  SmallVector<Value> counted;
  Dims source(width, -1);
  int64_t gram = 0, next = 0;
  for (size_t size = 1; size <= starts.size(); ++size) {
    int64_t begin = starts[size - 1];
    int64_t end = size < starts.size() ? starts[size] : int64_t(pool.size());
    if (begin < 0 || end < begin || end > int64_t(pool.size()) ||
        (end - begin) % int64_t(size))
      return e.error("the attribute 'ngram_counts' does not fit to the pool");
    int64_t count = (end - begin) / int64_t(size);
    bool wanted =
        int64_t(size) >= shortest && int64_t(size) <= longest && count;
    if (wanted)
      counted.push_back(
          countGrams(e, x, ArrayRef<int64_t>(pool).slice(begin, end - begin),
                     size, e.intAttr("max_skip_count", 0)));
    for (int64_t i = 0; i < count; ++i, ++gram) {
      if (gram >= int64_t(columns.size()) || columns[gram] < 0 ||
          columns[gram] >= width)
        return e.error(
            "the attribute 'ngram_indexes' does not fit to the pool");
      if (wanted)
        source[columns[gram]] = next++;
    }
  }
  int64_t rows = shapeOf(x)[0];
  counted.push_back(
      e.splat(RankedTensorType::get({rows, 1}, e.builder.getF32Type()), 0));
  for (int64_t &from : source)
    from = from < 0 ? next : from;
  Value all = e.make<nn::ConcatOp>(ValueRange(counted), int64_t(1));
  Value result = e.make<nn::GatherOp>(all, e.ints(source, {width}), int64_t(1));
  if (mode != "TF") {
    const auto *given = e.attr("weights");
    std::vector<double> weights(width, 1);
    for (int64_t i = 0; given && i < gram && i < given->floats_size(); ++i)
      weights[columns[i]] = given->floats(i);
    Value factor = e.floats(weights, {1, width}, e.builder.getF32Type());
    if (mode == "IDF")
      result = m.select(m.compare(Predicate::GT, result, 0), factor, 0);
    else
      result = m.mul(result, factor);
  }
  return e.set(0, e.reshape(result, e.outType(0).getShape()));
}

LogicalResult binarizer(NodeEmitter &e) {
  Arithmetic m(e);
  Value x = e.in(0);
  return e.set(0,
               e.cast(m.compare(Predicate::GT, x, e.floatAttr("threshold", 0)),
                      elementOf(x)));
}

LogicalResult arrayFeatureExtractor(NodeEmitter &e) {
  Value x = e.in(0), columns = e.in(1);
  int64_t rank = shapeOf(x).size();
  if (rank == 0)
    return e.error("the input has no dimension");
  Value flat = e.reshape(columns, {product(shapeOf(columns))});
  return e.set(0, e.reshape(e.make<nn::GatherOp>(x, flat, rank - 1),
                            e.outType(0).getShape()));
}

//===----------------------------------------------------------------------===//
// Trees
//===----------------------------------------------------------------------===//

/// Tree ensembles as tables. Inner nodes come first, then leaves, which lead to
/// themselves: all samples walk all trees for as many steps as the deepest has.
class Forest {
public:
  explicit Forest(NodeEmitter &e) : e(e), m(e) {}

  LogicalResult buildEnsemble();
  LogicalResult buildLeaves();

private:
  LogicalResult readNodes();
  LogicalResult readLeaves();
  /// Takes all samples to their leaves: sets `where`.
  LogicalResult walk();
  /// Column of a table at each sample's node of each tree.
  Value at(Value table) {
    return e.make<nn::GatherOp>(table, where, int64_t(0));
  }
  Value table(ArrayRef<int64_t> values) {
    return e.ints(values, {int64_t(values.size())});
  }
  /// Longest way to a leaf; -1 where nodes lead in a circle.
  int64_t depthOf(int64_t node, std::vector<int64_t> &depths);
  Value goesTrue(Value x);
  Value isMember(Value x);

  enum Mode { LEQ, LT, GTE, GT, EQ, NEQ, MEMBER };
  NodeEmitter &e;
  Arithmetic m;
  int64_t inner = 0, leaves = 0;
  Dims features, yes, no, roots, targets, missing;
  std::vector<double> splits, weights, modes;
  std::vector<std::vector<double>> members; ///< of each node
  Type type;
  Value where;
};

LogicalResult Forest::readLeaves() {
  auto to = listAttr(e, "leaf_targetids");
  auto of = e.tensorAttr("leaf_weights");
  if (!of || of->size() != to.size())
    return e.error("the attributes of leaves are missing or differ in length");
  weights = *of;
  targets.assign(to.begin(), to.end());
  leaves = to.size();
  return success();
}

LogicalResult Forest::readNodes() {
  auto trueIds = listAttr(e, "nodes_truenodeids");
  auto falseIds = listAttr(e, "nodes_falsenodeids");
  auto trueLeafs = listAttr(e, "nodes_trueleafs");
  auto falseLeafs = listAttr(e, "nodes_falseleafs");
  auto ids = listAttr(e, "nodes_featureids");
  auto known = e.tensorAttr("nodes_splits");
  auto kinds = e.tensorAttr("nodes_modes");
  if (!known || !kinds)
    return e.error("splits or modes are missing");
  splits = *known, modes = *kinds;
  inner = ids.size();
  size_t n = inner;
  if (splits.size() != n || modes.size() != n || trueIds.size() != n ||
      falseIds.size() != n || trueLeafs.size() != n || falseLeafs.size() != n ||
      !leaves || !inner)
    return e.error("the attributes differ in length");
  auto follow = [&](int64_t id, int64_t isLeaf) {
    bool fits = id >= 0 && id < (isLeaf ? leaves : inner);
    return fits ? id + (isLeaf ? inner : 0) : -1;
  };
  auto nan = listAttr(e, "nodes_missing_value_tracks_true");
  for (int64_t i = 0; i < inner; ++i) {
    features.push_back(ids[i]);
    yes.push_back(follow(trueIds[i], trueLeafs[i]));
    no.push_back(follow(falseIds[i], falseLeafs[i]));
    missing.push_back(i < int64_t(nan.size()) ? nan[i] : 0);
    if (yes.back() < 0 || no.back() < 0 || modes[i] < 0 || modes[i] > MEMBER ||
        ids[i] < 0 || ids[i] >= shapeOf(e.in(0)).back())
      return e.error("node " + Twine(i) + " of the trees is out of range");
  }
  for (int64_t leaf = 0; leaf < leaves; ++leaf) {
    features.push_back(0);
    yes.push_back(inner + leaf);
    no.push_back(inner + leaf);
    missing.push_back(0);
    splits.push_back(0);
    modes.push_back(LEQ);
  }
  auto given = listAttr(e, "tree_roots");
  roots.assign(given.begin(), given.end());
  if (roots.empty() || llvm::any_of(roots, [&](int64_t root) {
        return root < 0 || root >= inner;
      }))
    return e.error("the roots of the trees are out of range");
  // Sets of values, in the order of the nodes that use them, NaN between them.
  members.resize(yes.size());
  auto values =
      e.tensorAttr("membership_values").value_or(std::vector<double>());
  size_t next = 0;
  for (int64_t i = 0; i < inner; ++i) {
    if (modes[i] != MEMBER)
      continue;
    for (; next < values.size() && !std::isnan(values[next]); ++next)
      members[i].push_back(values[next]);
    ++next;
  }
  return success();
}

int64_t Forest::depthOf(int64_t node, std::vector<int64_t> &depths) {
  // Depth-first with an explicit stack: trees come from a file.
  SmallVector<int64_t> stack{node};
  constexpr int64_t open = -2;
  while (!stack.empty()) {
    int64_t at = stack.back();
    if (at >= inner || depths[at] >= 0) {
      stack.pop_back();
      continue;
    }
    bool ready = true;
    for (int64_t child : {yes[at], no[at]})
      if (child < inner && depths[child] < 0) {
        if (depths[child] == open)
          return -1;
        stack.push_back(child);
        ready = false;
      }
    if (!ready) {
      depths[at] = open;
      continue;
    }
    auto depth = [&](int64_t child) {
      return child < inner ? depths[child] : 0;
    };
    depths[at] = 1 + std::max(depth(yes[at]), depth(no[at]));
    stack.pop_back();
  }
  return depths[node];
}

Value Forest::isMember(Value x) {
  size_t most = 1;
  for (const auto &set : members)
    most = std::max(most, set.size());
  std::vector<double> flat;
  for (const auto &set : members)
    for (size_t i = 0; i < most; ++i)
      flat.push_back(i < set.size() ? set[i] : std::nan(""));
  Value sets =
      at(e.floats(flat, {int64_t(members.size()), int64_t(most)}, type));
  Value equal = m.compare(Predicate::EQ, sets,
                          e.reshape(x, {shapeOf(x)[0], shapeOf(x)[1], 1}));
  Type i32 = e.elementType(onnx::TensorProto::INT32);
  return m.compare(Predicate::NE,
                   m.reduce(nn::ReduceKind::Max, e.cast(equal, i32), {2}), 0);
}

Value Forest::goesTrue(Value x) {
  Value split = at(e.floats(splits, {int64_t(splits.size())}, type));
  auto decide = [&](int mode) -> Value {
    static constexpr Predicate predicates[] = {Predicate::LE, Predicate::LT,
                                               Predicate::GE, Predicate::GT,
                                               Predicate::EQ, Predicate::NE};
    return mode == MEMBER ? isMember(x) : m.compare(predicates[mode], x, split);
  };
  Value result, mode;
  for (int kind = LEQ; kind <= MEMBER; ++kind) {
    if (llvm::none_of(llvm::seq<int64_t>(0, inner),
                      [&](int64_t i) { return modes[i] == kind; }))
      continue;
    Value decision = decide(kind);
    if (!result) {
      result = decision;
      continue;
    }
    if (!mode) {
      Dims kinds;
      for (double value : modes)
        kinds.push_back(int64_t(value));
      mode = at(table(kinds));
    }
    result = m.select(m.compare(Predicate::EQ, mode, kind), decision, result);
  }
  if (llvm::any_of(missing, [](int64_t flag) { return flag != 0; }))
    result = m.either(result,
                      m.both(e.make<nn::IsNanOp>(x),
                             m.compare(Predicate::NE, at(table(missing)), 0)));
  return result;
}

LogicalResult Forest::walk() {
  Value x = e.in(0);
  if (shapeOf(x).size() != 2)
    return e.error("the input must be a matrix");
  type = elementOf(x);
  if (!isa<FloatType>(type)) {
    type = e.builder.getF32Type();
    x = e.cast(x, type);
  }
  if (failed(readNodes()))
    return failure();
  std::vector<int64_t> depths(inner, -1);
  int64_t steps = 0;
  for (int64_t root : roots) {
    int64_t depth = depthOf(root, depths);
    if (depth < 0)
      return e.error("the nodes of a tree lead in a circle");
    steps = std::max(steps, depth);
  }
  where = e.broadcast(e.ints(roots, {1, int64_t(roots.size())}),
                      {shapeOf(x)[0], int64_t(roots.size())});
  e.whole.push_back(1); // features are numbered
  if (e.isOpen(0))      // as many samples as there are
    where = e.make<nn::BoundedOp>(where, e.make<nn::ExtentOp>(x, int64_t(0)),
                                  int64_t(0));
  for (int64_t step = 0; step < steps; ++step) {
    Value value = takeAlong(e, x, at(table(features)), 1);
    where = m.select(goesTrue(value), at(table(yes)), at(table(no)));
  }
  return success();
}

LogicalResult Forest::buildLeaves() {
  leaves = e.intAttr("leaves", 0);
  if (failed(walk()))
    return failure();
  return e.set(0, m.sub(where, double(inner)));
}

LogicalResult Forest::buildEnsemble() {
  if (failed(readLeaves()) || failed(walk()))
    return failure();
  int64_t samples = shapeOf(where)[0], trees = roots.size();
  int64_t outputs = e.intAttr("n_targets", 1);
  Dims target(inner, 0);
  target.append(targets.begin(), targets.end());
  std::vector<double> weight(inner, 0);
  weight.insert(weight.end(), weights.begin(), weights.end());
  Value hits = m.compare(Predicate::EQ,
                         e.reshape(at(table(target)), {samples, trees, 1}),
                         e.iota(outputs, 1, 2, 3));
  Value votes = e.reshape(at(e.floats(weight, {int64_t(weight.size())}, type)),
                          {samples, trees, 1});
  enum Aggregate { AVERAGE, SUM, MIN, MAX };
  int64_t aggregate = e.intAttr("aggregate_function", SUM);
  Value result;
  if (aggregate == AVERAGE || aggregate == SUM) {
    result = m.reduce(nn::ReduceKind::Sum, m.select(hits, votes, 0), {1});
    if (aggregate == AVERAGE)
      result = m.div(result, double(trees));
  } else {
    bool isMin = aggregate == MIN;
    double none = isMin ? HUGE_VAL : -HUGE_VAL;
    result = m.reduce(isMin ? nn::ReduceKind::Min : nn::ReduceKind::Max,
                      m.select(hits, votes, none), {1});
    // A target that no leaf votes for is 0.
    result = m.select(m.compare(Predicate::EQ, result, none),
                      e.scalar(0, result), result);
  }
  enum Transform { NONE, SOFTMAX, LOGISTIC, SOFTMAX_ZERO };
  switch (e.intAttr("post_transform", NONE)) {
  case NONE:
    return e.set(0, result);
  case SOFTMAX:
    return e.set(0, e.make<nn::SoftmaxOp>(result, int64_t(1)));
  case LOGISTIC:
    return e.set(0, e.make<nn::SigmoidOp>(result));
  case SOFTMAX_ZERO: {
    // What is nearly zero stays so, and does not count in the sum.
    Value most = m.reduce(nn::ReduceKind::Max, result, {1}, /*keepdims=*/true);
    Value counts = m.compare(Predicate::GT, m.abs(result), 1e-7);
    Value powers = e.make<nn::ExpOp>(m.sub(result, most));
    Value zeros = m.mul(result, e.make<nn::ExpOp>(e.make<nn::NegOp>(most)));
    Value sum = m.reduce(nn::ReduceKind::Sum, m.select(counts, powers, 0), {1},
                         /*keepdims=*/true);
    return e.set(0, m.div(m.select(counts, powers, zeros), sum));
  }
  default:
    return e.error("the post transform is not supported");
  }
}

LogicalResult treeEnsemble(NodeEmitter &e) { return Forest(e).buildEnsemble(); }
LogicalResult treeLeaves(NodeEmitter &e) { return Forest(e).buildLeaves(); }

} // namespace

void dlc::importer::addClassic(EmitterTable &table) {
  table["Det"] = det;
  table["MaxUnpool"] = maxUnpool;
  table["TfIdfVectorizer"] = tfIdfVectorizer;
  table["ai.onnx.ml.Binarizer"] = binarizer;
  table["ai.onnx.ml.ArrayFeatureExtractor"] = arrayFeatureExtractor;
  table["ai.onnx.ml.TreeEnsemble"] = treeEnsemble;
  table["dlc.TreeLeaves"] = treeLeaves;
}
