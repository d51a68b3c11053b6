//===- Sorting.cpp - TopK -------------------------------------------------===//

#include "Arithmetic.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace dlc;
using namespace dlc::importer;

namespace {

using Predicate = nn::ComparePredicate;

/// A total order of keys with positions: larger (or smaller) keys first, NaN
/// counts as the largest, of equal keys the one with the smaller position.
class Order {
public:
  Order(NodeEmitter &e, bool largest) : m(e), largest(largest) {}

  /// Whether element a comes before element b.
  Value before(Value a, Value atA, Value b, Value atB) {
    Value first = largest ? greater(a, b) : greater(b, a);
    Value later = largest ? greater(b, a) : greater(a, b);
    Value tie = m.both(m.negate(later), m.compare(Predicate::LT, atA, atB));
    return m.either(first, tie);
  }

private:
  Value greater(Value a, Value b) {
    if (!isa<FloatType>(elementOf(a)))
      return m.compare(Predicate::GT, a, b);
    return m.both(m.negate(m.compare(Predicate::LE, a, b)),
                  m.negate(m.e.make<nn::IsNanOp>(b)));
  }

  Arithmetic m;
  bool largest;
};

/// Rank sort: an element's place is the number of those before it. n² compares,
/// but all of them at once: best for short rows. `x` is rows × n; gives the
/// positions of the first k.
Value firstByRank(NodeEmitter &e, Value x, int64_t k, bool largest) {
  Arithmetic m(e);
  Order order(e, largest);
  int64_t rows = shapeOf(x)[0], n = shapeOf(x)[1];
  Type i32 = e.elementType(onnx::TensorProto::INT32);
  // Dimension 1 is the element, dimension 2 those that it is compared with.
  Value mine = e.reshape(x, {rows, n, 1}), other = e.reshape(x, {rows, 1, n});
  Value before =
      order.before(other, e.iota(n, 1, 2, 3), mine, e.iota(n, 1, 1, 3));
  Value place = m.reduce(nn::ReduceKind::Sum, e.cast(before, i32), {2});
  // Now dimension 1 is the place, dimension 2 the element.
  Value hit = m.compare(Predicate::EQ, e.reshape(place, {rows, 1, n}),
                        e.cast(e.iota(k, 1, 1, 3), i32));
  Value position = m.select(hit, e.cast(e.iota(n, 1, 2, 3), i32), 0);
  return m.index(m.reduce(nn::ReduceKind::Sum, position, {2}));
}

/// Bitonic sort (Batcher 1968): log²(n) / 2 rounds of compare-and-exchange,
/// each of them elementwise. Rows are filled up to a power of two with elements
/// whose positions lie behind all real ones.
Value firstByNetwork(NodeEmitter &e, Value x, int64_t k, bool largest) {
  Arithmetic m(e);
  Order order(e, largest);
  int64_t rows = shapeOf(x)[0], n = shapeOf(x)[1];
  auto size = int64_t(llvm::PowerOf2Ceil(n));
  Value position = e.broadcast(e.iota(size, 1, 1, 2), {rows, size});
  if (size != n) {
    // The fill has the value that comes last, and positions behind those of the
    // elements that have it, too.
    Value last = largest ? neutral(e, nn::ReduceKind::Max, elementOf(x))
                         : m.reduce(nn::ReduceKind::Max, x, {1},
                                    /*keepdims=*/true);
    x = e.make<nn::ConcatOp>(ValueRange{x, e.broadcast(last, {rows, size - n})},
                             int64_t(1));
  }
  for (int64_t run = 2; run <= size; run *= 2)
    for (int64_t distance = run / 2; distance > 0; distance /= 2) {
      int64_t pairs = size / (2 * distance);
      auto half = [&](Value whole, int64_t which) {
        Value parts = e.reshape(whole, {rows, pairs, 2, distance});
        return e.slice(parts, {0, 0, which, 0}, {rows, pairs, 1, distance});
      };
      auto join = [&](Value first, Value second) {
        Value parts =
            e.make<nn::ConcatOp>(ValueRange{first, second}, int64_t(2));
        return e.reshape(parts, {rows, size});
      };
      Value a = half(x, 0), b = half(x, 1);
      Value atA = half(position, 0), atB = half(position, 1);
      // Runs are sorted in alternating directions.
      Dims descending;
      for (int64_t pair = 0; pair < pairs; ++pair)
        descending.push_back((pair * 2 * distance & run) != 0);
      Value flip =
          m.compare(Predicate::NE, e.ints(descending, {1, pairs, 1, 1}), 0);
      Value swap = e.make<nn::XorOp>(order.before(b, atB, a, atA), flip);
      x = join(m.select(swap, b, a), m.select(swap, a, b));
      position = join(m.select(swap, atB, atA), m.select(swap, atA, atB));
    }
  return e.slice(position, {0, 0}, {rows, k});
}

} // namespace

Value dlc::importer::firstOfRows(NodeEmitter &e, Value rows, int64_t k,
                                 bool largest) {
  constexpr int64_t shortRow = 1024;
  return shapeOf(rows)[1] <= shortRow ? firstByRank(e, rows, k, largest)
                                      : firstByNetwork(e, rows, k, largest);
}

namespace {

LogicalResult topK(NodeEmitter &e) {
  Value x = e.in(0);
  int64_t rank = shapeOf(x).size(), axis = e.intAttr("axis", -1);
  auto known = e.constInts(1);
  if (failed(e.axis(axis, rank, "axis")))
    return failure();
  if (!known || known->size() != 1)
    return e.error("k is not known at compile time");
  int64_t k = (*known)[0], n = shapeOf(x)[axis];
  if (k < 0 || k > n)
    return e.error("k = " + Twine(k) + " of a dimension of " + Twine(n));
  if (e.isOpen(0) && !e.attr(boundsAttr)) {
    Value asked = e.ints({k}, {}), all = e.make<nn::ExtentOp>(x, axis);
    e.check(e.describe("k (at most the dimension's size)"), asked,
            e.make<nn::MinOp>(asked, all));
  }
  bool largest = e.intAttr("largest", 1);
  if (k == 1 && n > 0) { // no need to sort
    (void)e.set(0, e.make<nn::ReduceOp>(largest ? nn::ReduceKind::Max
                                                : nn::ReduceKind::Min,
                                        x, ArrayRef<int64_t>(axis), true));
    return e.set(1, e.make<nn::ArgReduceOp>(largest ? nn::ArgReduceKind::Max
                                                    : nn::ArgReduceKind::Min,
                                            x, axis, true, false));
  }
  if (k == 0 || product(shapeOf(x)) == 0) {
    (void)e.set(0, e.splat(e.outType(0), 0));
    return e.set(1, e.splat(e.outType(1), 0));
  }
  // Rows of the last dimension.
  LastAxis order(axis, rank);
  Value moved = e.transpose(x, order.there);
  Dims shape(shapeOf(moved));
  shape.back() = k;
  Value rows = e.reshape(moved, {product(shapeOf(x)) / n, n});
  Value first = firstOfRows(e, rows, k, largest);
  (void)e.set(1, e.transpose(e.reshape(first, shape), order.back));
  Value values = takeAlong(e, rows, first, 1);
  return e.set(0, e.transpose(e.reshape(values, shape), order.back));
}

} // namespace

void dlc::importer::addSorting(EmitterTable &table) { table["TopK"] = topK; }
