//===- DataDependent.cpp - Results whose size the values decide -----------===//
//
// Their types have the largest size there can be; nn.bounded says how much of
// it counts.
//
//===----------------------------------------------------------------------===//

#include "Arithmetic.h"

#include "dlc/Dialect/NN/IR/LoopHints.h"

using namespace mlir;
using namespace dlc;
using namespace dlc::importer;

using Predicate = nn::ComparePredicate;

Value dlc::importer::runningSums(NodeEmitter &e, Value x) {
  constexpr int64_t block = 64;
  int64_t n = shapeOf(x)[0], rows = (n + block - 1) / block;
  if (n <= 2 * block)
    return e.make<nn::CumSumOp>(x, int64_t(0), false, false);
  Arithmetic m(e);
  if (int64_t more = rows * block - n) {
    auto type = RankedTensorType::get({more}, elementOf(x));
    x = e.make<nn::ConcatOp>(ValueRange{x, e.splat(type, 0)}, int64_t(0));
  }
  Value sums = e.make<nn::CumSumOp>(e.reshape(x, {rows, block}), int64_t(1),
                                    false, false);
  Value totals = e.reshape(e.slice(sums, {0, block - 1}, {rows, 1}), {rows});
  Value before = m.sub(runningSums(e, totals), totals);
  Value all = m.add(sums, e.reshape(before, {rows, 1}));
  return e.slice(e.reshape(all, {rows * block}), {0}, {n});
}

Value dlc::importer::counted(NodeEmitter &e, Value x) {
  ArrayRef<int64_t> shape = shapeOf(x);
  for (int64_t d = 0, rank = shape.size(); d < rank; ++d)
    x = e.make<nn::BoundedOp>(x, e.ints({shape[d]}, {}), d);
  return x;
}

Value dlc::importer::filled(NodeEmitter &e, int input, Value x, Value fill) {
  if (!e.isOpen(input))
    return x;
  Arithmetic m(e);
  int64_t rank = shapeOf(x).size();
  Value inside;
  for (int64_t d = 0; d < rank; ++d) {
    Value here = m.compare(Predicate::LT, e.iota(shapeOf(x)[d], 1, d, rank),
                           e.make<nn::ExtentOp>(x, d));
    inside = inside ? m.both(inside, here) : here;
  }
  return inside ? counted(e, m.select(inside, x, fill)) : x;
}

namespace {

/// The positions of the elements of a vector that are true, in order, and how
/// many there are. What follows them is the length of the vector.
struct Marked {
  Value positions, count;
  /// For each element how many are true up to and with it.
  Value upTo;
};

Marked findMarked(NodeEmitter &e, Value flags) {
  int64_t n = shapeOf(flags)[0];
  Type i64 = e.builder.getI64Type();
  if (n == 0)
    return {e.ints({}, {0}), e.scalarOf(0, i64), e.ints({}, {0})};
  Arithmetic m(e);
  Value upTo = runningSums(e, e.cast(flags, i64));
  Value positions =
      e.make<nn::SearchSortedOp>(upTo, m.add(e.iota(n, 1, 0, 1), 1));
  Value count = e.reshape(e.slice(upTo, {n - 1}, {1}), {});
  return {positions, count, upTo};
}

Value wholeFlags(NodeEmitter &e, int input, Value flags) {
  return filled(e, input, flags, e.scalarOf(0, e.builder.getI1Type()));
}

LogicalResult setBounded(NodeEmitter &e, int output, Value value, Value extent,
                         int64_t axis) {
  return e.set(output, e.make<nn::BoundedOp>(value, extent, axis));
}

LogicalResult nonZero(NodeEmitter &e) {
  Arithmetic m(e);
  Value x = e.in(0);
  ArrayRef<int64_t> shape = shapeOf(x);
  int64_t rank = shape.size(), n = product(shape);
  Value flags = elementOf(x).isInteger(1) ? x : m.compare(Predicate::NE, x, 0);
  Marked marked = findMarked(e, e.reshape(wholeFlags(e, 0, flags), {n}));
  if (rank == 0) // the result has no elements, but a size
    return setBounded(e, 0, e.splat(e.outType(0), 0), marked.count, 1);
  Dims sizes(shape);
  for (int64_t &size : sizes)
    size = std::max<int64_t>(size, 1);
  Value whole = m.div(e.reshape(marked.positions, {1, n}),
                      e.ints(stridesOf(sizes), {rank, 1}));
  Value at = e.make<nn::ModOp>(whole, e.ints(sizes, {rank, 1}), false);
  return setBounded(e, 0, at, marked.count, 1);
}

/// Flags that are longer than what they choose from choose nothing behind its
/// end: so does onnxruntime, and ONNX says nothing of them.
LogicalResult compress(NodeEmitter &e) {
  Arithmetic m(e);
  Value data = e.in(0), condition = e.in(1);
  int64_t axis = 0;
  if (e.attr("axis")) {
    axis = e.intAttr("axis", 0);
    if (failed(e.axis(axis, shapeOf(data).size(), "axis")))
      return failure();
  } else {
    data = e.reshape(data, {product(shapeOf(data))});
  }
  if (shapeOf(condition).size() != 1)
    return e.error("the condition must have one dimension");
  int64_t bound = shapeOf(data)[axis];
  auto isThere = [&](Value at) {
    return m.compare(Predicate::LT, at, e.make<nn::ExtentOp>(data, axis));
  };
  Dims kept;
  auto known = e.constInts(1);
  for (auto [index, keep] :
       llvm::enumerate(known.value_or(std::vector<int64_t>())))
    if (keep && int64_t(index) < bound)
      kept.push_back(index);
  // Where the shapes were found nobody counted very many flags.
  if (known && e.outType(0).getDimSize(axis) == int64_t(kept.size())) {
    Value at = e.ints(kept, {int64_t(kept.size())});
    Value rows = e.make<nn::GatherOp>(data, at, axis);
    if (kept.empty() || !e.isOpen(0))
      return e.set(0, rows);
    Value counted = e.cast(isThere(at), e.builder.getI64Type());
    Value count = m.reduce(nn::ReduceKind::Sum, counted, {0}, false);
    return setBounded(e, 0, rows, count, axis);
  }
  int64_t length = std::min(shapeOf(condition)[0], bound);
  if (length < shapeOf(condition)[0])
    condition = e.slice(condition, {0}, {length});
  Value flags = wholeFlags(e, 1, condition);
  if (e.isOpen(0))
    flags = m.both(flags, isThere(e.iota(length, 1, 0, 1)));
  Marked marked = findMarked(e, flags);
  return setBounded(e, 0, e.make<nn::GatherOp>(data, marked.positions, axis),
                    marked.count, axis);
}

//===----------------------------------------------------------------------===//
// Unique
//===----------------------------------------------------------------------===//

/// Finds out which rows (n × width) are equal.
class Groups {
public:
  Groups(NodeEmitter &e, Value rows)
      : e(e), m(e), rows(rows), n(shapeOf(rows)[0]), width(shapeOf(rows)[1]) {
    if (width == 1)
      sortNumbers();
    else
      sortRows();
    Value sorted = e.make<nn::GatherOp>(rows, order, int64_t(0));
    Value begins =
        e.splat(RankedTensorType::get({1}, e.builder.getI1Type()), 1);
    if (n > 1) {
      Value differs = differ(e.slice(sorted, {1, 0}, {n - 1, width}),
                             e.slice(sorted, {0, 0}, {n - 1, width}));
      begins = e.make<nn::ConcatOp>(ValueRange{begins, anyInRow(differs)},
                                    int64_t(0));
    }
    Value upTo = runningSums(e, m.index(begins));
    count = e.reshape(e.slice(upTo, {n - 1}, {1}), {});
    Value number = e.iota(n, 1, 0, 1);
    Value from = e.make<nn::SearchSortedOp>(upTo, m.add(number, 1));
    Value to = e.make<nn::SearchSortedOp>(upTo, m.add(number, 2));
    sizes = m.sub(to, from);
    first = e.make<nn::GatherOp>(order, from, int64_t(0));
    groupOf = m.sub(e.make<nn::GatherOp>(upTo, place, int64_t(0)), 1);
  }

  /// How many groups there are; for each, in ascending order, its number of
  /// rows and the first of them; for each row its group.
  Value count, sizes, first, groupOf;

private:
  /// NaN equals NaN.
  Value differ(Value a, Value b) {
    Value differs = m.compare(Predicate::NE, a, b);
    if (!isa<FloatType>(elementOf(a)))
      return differs;
    Value bothNaN = m.both(e.make<nn::IsNanOp>(a), e.make<nn::IsNanOp>(b));
    return m.both(differs, m.negate(bothNaN));
  }

  /// NaN is the largest.
  Value less(Value a, Value b) {
    if (!isa<FloatType>(elementOf(a)))
      return m.compare(Predicate::LT, a, b);
    Value onlyB =
        m.both(e.make<nn::IsNanOp>(b), m.negate(e.make<nn::IsNanOp>(a)));
    return m.either(m.compare(Predicate::LT, a, b), onlyB);
  }

  Value anyInRow(Value flags) {
    Type i32 = e.elementType(onnx::TensorProto::INT32);
    Value any = m.reduce(nn::ReduceKind::Max, e.cast(flags, i32), {1});
    return m.compare(Predicate::NE, any, 0);
  }

  void sortNumbers() {
    order = e.reshape(
        firstOfRows(e, e.reshape(rows, {1, n}), n, /*largest=*/false), {n});
    place = e.reshape(
        firstOfRows(e, e.reshape(order, {1, n}), n, /*largest=*/false), {n});
  }

  /// The first column where two rows differ decides; of equal rows the
  /// position.
  void sortRows() {
    Value a = e.reshape(rows, {n, 1, width}),
          b = e.reshape(rows, {1, n, width});
    Value column =
        m.select(differ(a, b), e.iota(width, 1, 2, 3), double(width));
    Value decides = m.reduce(nn::ReduceKind::Min, column, {2});
    Value equal = m.compare(Predicate::GE, decides, double(width));
    decides = m.min(decides, double(width - 1));
    Value mine = takeFlat(e, rows, m.add(decides, e.iota(n, width, 0, 2)));
    Value other = takeFlat(e, rows, m.add(decides, e.iota(n, width, 1, 2)));
    Value earlier =
        m.compare(Predicate::LT, e.iota(n, 1, 1, 2), e.iota(n, 1, 0, 2));
    Value before = m.either(less(other, mine), m.both(equal, earlier));
    place = m.reduce(nn::ReduceKind::Sum, m.index(before), {1});
    Value hit =
        m.compare(Predicate::EQ, e.reshape(place, {1, n}), e.iota(n, 1, 0, 2));
    order = m.reduce(nn::ReduceKind::Sum, m.select(hit, e.iota(n, 1, 1, 2), 0),
                     {1});
  }

  NodeEmitter &e;
  Arithmetic m;
  Value rows;
  int64_t n, width;
  /// Which row comes at which place, and the opposite.
  Value order, place;
};

LogicalResult unique(NodeEmitter &e) {
  Arithmetic m(e);
  Value x = e.in(0);
  // What does not count would be elements like others.
  for (int64_t d = 0; d < int64_t(shapeOf(x).size()); ++d)
    e.whole.push_back(d);
  int64_t axis = 0;
  if (e.attr("axis")) {
    axis = e.intAttr("axis", 0);
    if (failed(e.axis(axis, shapeOf(x).size(), "axis")))
      return failure();
  } else {
    x = e.reshape(x, {product(shapeOf(x))});
  }
  int64_t n = shapeOf(x)[axis];
  if (product(shapeOf(x)) == 0) {
    for (int i = 0; i < e.numOutputs(); ++i)
      if (e.wants(i))
        (void)e.set(i, e.splat(e.outType(i), 0));
    return success();
  }
  Value keys = x;
  if (elementOf(x).isInteger(1))
    keys = e.cast(x, e.elementType(onnx::TensorProto::INT8));
  LastAxis last(axis, shapeOf(x).size());
  Dims front(last.there); // the axis first
  std::rotate(front.begin(), front.end() - 1, front.end());
  keys = e.reshape(e.transpose(keys, front), {n, product(shapeOf(x)) / n});
  Groups groups(e, keys);
  Value first = groups.first, sizes = groups.sizes, groupOf = groups.groupOf;
  if (!e.intAttr("sorted", 1)) {
    // In the order in which they occur.
    auto take = [&](Value data, Value at) {
      return e.make<nn::GatherOp>(data, at, int64_t(0));
    };
    Value firstOfMine = take(first, groupOf);
    Marked firsts = findMarked(
        e, m.compare(Predicate::EQ, firstOfMine, e.iota(n, 1, 0, 1)));
    first = firsts.positions;
    sizes = take(sizes, take(groupOf, first));
    groupOf = m.sub(take(firsts.upTo, firstOfMine), 1);
  }
  (void)setBounded(e, 0, e.make<nn::GatherOp>(x, first, axis), groups.count,
                   axis);
  (void)setBounded(e, 1, first, groups.count, 0);
  (void)e.set(2, groupOf);
  return setBounded(e, 3, sizes, groups.count, 0);
}

//===----------------------------------------------------------------------===//
// NonMaxSuppression
//===----------------------------------------------------------------------===//

/// Takes the box with the highest score of each class, removes those that
/// overlap it, and so on, as often as boxes are wanted or until none is left: a
/// loop, since any box may be one that stays.
class Suppression {
public:
  explicit Suppression(NodeEmitter &e)
      : e(e), m(e), batches(shapeOf(e.in(1))[0]), classes(shapeOf(e.in(1))[1]),
        boxes(shapeOf(e.in(1))[2]) {}

  LogicalResult emit(int64_t rounds) {
    readBoxes();
    Value scores = e.in(1);
    Value none = neutral(e, nn::ReduceKind::Max, elementOf(scores));
    if (e.has(4)) {
      Value high = m.compare(Predicate::GT, scores, e.reshape(e.in(4), {}));
      scores = m.select(high, scores, none);
    }
    scores = filled(e, 1, scores, none);
    auto counts =
        RankedTensorType::get({batches, classes, 1}, e.builder.getI64Type());
    Value most;
    if (e.has(2) && !e.isConstant(2))
      most = m.index(e.reshape(e.in(2), {}));
    SmallVector<Value> states{scores, e.splat(counts, 0),
                              e.scalarOf(1, e.builder.getI1Type())};
    ResultRange results = e.loop(
        rounds, states, {}, {}, {false},
        [&](ValueRange before, ValueRange) -> SmallVector<Value> {
          Value left = before[0], count = before[1];
          Value top = m.reduce(nn::ReduceKind::Max, left, {2}, true);
          Value best = e.make<nn::ArgReduceOp>(nn::ArgReduceKind::Max, left,
                                               int64_t(2), true, false);
          Value exists = m.compare(Predicate::GT, top, none);
          if (most)
            exists = m.both(exists, m.compare(Predicate::LT, count, most));
          Value next = m.select(suppressedBy(best), none, left);
          Value one = m.index(exists);
          Value any = m.reduce(nn::ReduceKind::Max, one, {0, 1, 2});
          return {next, m.add(count, one), m.compare(Predicate::GT, any, 0),
                  best};
        });
    // Without a box in one round there is none in the next one.
    results.front().getDefiningOp()->setAttr(
        nn::kEndsAttrName, e.builder.getI64IntegerAttr(states.size() - 1));
    return collect(results[3], results[1], rounds);
  }

private:
  /// The corners of all boxes, each batches × boxes.
  void readBoxes() {
    auto column = [&](int64_t i) {
      return counted(e,
                     e.reshape(e.slice(e.in(0), {0, 0, i}, {batches, boxes, 1}),
                               {batches, boxes}));
    };
    bool isCentre = e.intAttr("center_point_box", 0);
    for (int64_t d = 0; d < 2; ++d) {
      Value a = column(d), b = column(d + 2);
      if (isCentre) {
        Value half = m.div(b, 2);
        low[d] = m.sub(a, half);
        high[d] = m.add(a, half);
      } else {
        low[d] = m.min(a, b);
        high[d] = m.max(a, b);
      }
    }
    area = m.mul(m.sub(high[0], low[0]), m.sub(high[1], low[1]));
  }

  /// Batches × classes × boxes: which overlap the chosen one too much.
  Value suppressedBy(Value best) {
    Value position = m.add(best, e.iota(batches, boxes, 0, 3));
    auto all = [&](Value x) { return e.reshape(x, {batches, 1, boxes}); };
    auto one = [&](Value x) { return takeFlat(e, x, position); };
    Value overlap;
    for (int64_t d = 0; d < 2; ++d) {
      Value length = m.sub(m.min(all(high[d]), one(high[d])),
                           m.max(all(low[d]), one(low[d])));
      length = m.max(length, 0);
      overlap = overlap ? m.mul(overlap, length) : length;
    }
    Value both = m.sub(m.add(all(area), one(area)), overlap);
    Value ratio = m.div(overlap, both);
    Value limit = e.has(3) ? e.reshape(e.in(3), {}) : e.scalar(0, ratio);
    Value isClose = m.compare(Predicate::GT, ratio, limit);
    // Boxes without an area suppress none.
    isClose = m.both(isClose, m.compare(Predicate::GT, overlap, 0));
    Value isItself = m.compare(Predicate::EQ, best, e.iota(boxes, 1, 2, 3));
    return m.either(isClose, isItself);
  }

  /// `chosen` has a round in its first dimension, of which `counts` say how
  /// many have chosen anything.
  LogicalResult collect(Value chosen, Value counts, int64_t rounds) {
    int64_t total = batches * classes * rounds;
    Value exist = m.compare(Predicate::GT, counts, e.iota(rounds, 1, 2, 3));
    Marked marked = findMarked(e, e.reshape(exist, {total}));
    Value at = marked.positions, each = e.scalar(double(rounds), at);
    Value list = m.div(at, each), round = e.make<nn::ModOp>(at, each, false);
    Value box = takeFlat(e, chosen,
                         m.add(m.mul(round, double(batches * classes)), list));
    // Of rounds that did not take place nothing is written.
    box = m.select(
        m.compare(Predicate::LT, e.iota(total, 1, 0, 1), marked.count), box, 0);
    Value batch = m.div(list, double(classes));
    Value kind = e.make<nn::ModOp>(list, e.scalar(double(classes), at), false);
    SmallVector<Value> columns;
    for (Value column : {batch, kind, box})
      columns.push_back(e.reshape(column, {total, 1}));
    return setBounded(e, 0,
                      e.make<nn::ConcatOp>(ValueRange(columns), int64_t(1)),
                      marked.count, 0);
  }

  NodeEmitter &e;
  Arithmetic m;
  int64_t batches, classes, boxes;
  Value low[2], high[2], area;
};

LogicalResult nonMaxSuppression(NodeEmitter &e) {
  ArrayRef<int64_t> boxes = shapeOf(e.in(0)), scores = shapeOf(e.in(1));
  if (boxes.size() != 3 || scores.size() != 3 || boxes[2] != 4 ||
      boxes[0] != scores[0] || boxes[1] != scores[2])
    return e.error("boxes and scores do not fit together");
  int64_t total = e.outType(0).getShape()[0];
  if (total == 0)
    return e.set(0, e.splat(e.outType(0), 0));
  int64_t rounds = total / (scores[0] * scores[1]);
  return Suppression(e).emit(rounds);
}

//===----------------------------------------------------------------------===//
// Shapes of values with extents
//===----------------------------------------------------------------------===//

LogicalResult shape(NodeEmitter &e) {
  Value x = e.in(0);
  int64_t rank = shapeOf(x).size();
  auto clamped = [&](int64_t at) {
    return std::clamp<int64_t>(at + (at < 0 ? rank : 0), 0, rank);
  };
  int64_t begin = clamped(e.intAttr("start", 0));
  int64_t end = clamped(e.intAttr("end", rank));
  SmallVector<Value> extents;
  for (int64_t d = begin; d < end; ++d)
    extents.push_back(e.reshape(e.make<nn::ExtentOp>(x, d), {1}));
  if (extents.empty())
    return e.set(0, e.ints({}, {0}));
  return e.set(0, e.concat(extents, 0));
}

LogicalResult size(NodeEmitter &e) {
  Arithmetic m(e);
  Value x = e.in(0), all = e.ints({1}, {});
  for (int64_t d = 0, rank = shapeOf(x).size(); d < rank; ++d)
    all = m.mul(all, e.make<nn::ExtentOp>(x, d));
  return e.set(0, all);
}

/// What the importer puts behind a node whose shape is computed. No dimension
/// is larger than that of the third operand, if there is one (with `equal` they
/// have to be the same).
LogicalResult bounded(NodeEmitter &e) {
  Arithmetic m(e);
  const auto *axes = e.attr("axes"), *elements = e.attr("elements");
  Value x = e.in(0), extents = e.cast(e.in(1), e.builder.getI64Type());
  extents = e.reshape(extents, {product(shapeOf(extents))});
  for (int i = 0; i < axes->ints_size(); ++i) {
    int64_t axis = axes->ints(i);
    Value asked = e.reshape(e.slice(extents, {elements->ints(i)}, {1}), {});
    Value extent = m.clamp(asked, 0, double(shapeOf(x)[axis]));
    if (e.has(2)) {
      Value most = e.make<nn::ExtentOp>(e.in(2), axis);
      extent = e.intAttr("equal", 0) ? most : m.min(extent, most);
    }
    if (const auto *what = e.attr("what"))
      e.check(what->s(), asked, extent);
    x = e.make<nn::BoundedOp>(x, extent, axis);
  }
  return e.set(0, x);
}

/// Elements of which the user said how large they are. Numbers that are
/// compared after a run are integers: a larger one is the next one, at least.
LogicalResult limited(NodeEmitter &e) {
  Arithmetic m(e);
  Value x = e.in(0);
  Dims shape(shapeOf(x));
  Type i64 = e.builder.getI64Type(), type = elementOf(x);
  Value flat = e.reshape(x, {product(shape)});
  SmallVector<Value> parts;
  const auto &elements = e.attr("elements")->ints();
  for (int64_t i = 0, count = product(shape); i < count; ++i) {
    Value part = e.slice(flat, {i}, {1});
    for (int k = 0; k < elements.size(); ++k) {
      if (elements[k] != i)
        continue;
      auto least = double(e.attr("least")->ints(k)),
           most = double(e.attr("most")->ints(k));
      Value inside = m.clamp(part, least, most), asked = part;
      if (isa<FloatType>(type)) {
        Value above = m.max(e.make<nn::CeilOp>(part), most + 1);
        Value below = m.min(e.make<nn::FloorOp>(part), least - 1);
        asked =
            m.select(m.compare(nn::ComparePredicate::GT, part, most), above,
                     m.select(m.compare(nn::ComparePredicate::LT, part, least),
                              below, e.make<nn::FloorOp>(inside)));
      }
      Value expected =
          isa<FloatType>(type) ? e.make<nn::FloorOp>(inside) : inside;
      e.check("element " + Twine(i) + " of '" + e.stringAttr("label", "") +
                  "' (from " + Twine(int64_t(least)) + " to " +
                  Twine(int64_t(most)) + ")",
              e.cast(asked, i64), e.cast(expected, i64));
      part = inside;
    }
    parts.push_back(part);
  }
  return e.set(0, e.reshape(e.concat(parts, 0), shape));
}

} // namespace

void dlc::importer::addDataDependent(EmitterTable &table) {
  table["NonZero"] = nonZero;
  table["Compress"] = compress;
  table["Unique"] = unique;
  table["NonMaxSuppression"] = nonMaxSuppression;
  table["Shape"] = shape;
  table["Size"] = size;
  table["dlc.Bounded"] = bounded;
  table["dlc.Limited"] = limited;
}
