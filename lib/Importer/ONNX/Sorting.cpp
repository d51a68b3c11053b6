//===- Sorting.cpp - TopK -------------------------------------------------===//

#include "Arithmetic.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace dlc;
using namespace dlc::importer;

namespace {

using Predicate = nn::ComparePredicate;

/// Rank sort: an element's place is the number of those before it. n² compares,
/// but all of them at once: best for short rows. `keys` is rows × n; gives the
/// positions of the first k.
Value firstByRank(NodeEmitter &e, Value keys, int64_t k) {
  Arithmetic m(e);
  int64_t rows = shapeOf(keys)[0], n = shapeOf(keys)[1];
  Type i32 = e.elementType(onnx::TensorProto::INT32);
  auto at = [&](int64_t size, int64_t axis) {
    return e.cast(e.iota(size, 1, axis, 3), i32);
  };
  // Dimension 1 is the element, dimension 2 those that it is compared with.
  Value mine = e.reshape(keys, {rows, n, 1}),
        other = e.reshape(keys, {rows, 1, n});
  Value isEarlier = m.compare(Predicate::LT, at(n, 2), at(n, 1));
  Value isBefore =
      m.either(m.compare(Predicate::GT, other, mine),
               m.both(isEarlier, m.compare(Predicate::EQ, other, mine)));
  Value place = m.reduce(nn::ReduceKind::Sum, e.cast(isBefore, i32), {2});
  // Now dimension 1 is the place, dimension 2 the element.
  Value hit =
      m.compare(Predicate::EQ, e.reshape(place, {rows, 1, n}), at(k, 1));
  return m.index(
      m.reduce(nn::ReduceKind::Sum, m.select(hit, at(n, 2), 0), {2}));
}

/// Integers (i32 or i64, signed) that have the order of the elements, the first
/// one the largest. Elements that are equal have equal keys.
Value keysOf(NodeEmitter &e, Value x, bool largest) {
  Arithmetic m(e);
  Type i32 = e.elementType(onnx::TensorProto::INT32);
  Type i64 = e.builder.getI64Type();
  Type element = elementOf(x);
  bool isWide = element.getIntOrFloatBitWidth() == 64;
  Value key;
  if (isa<FloatType>(element)) {
    // The bits of what is not negative ascend, those of the rest descend. Both
    // zeros are equal, and NaN, whatever its bits, comes before infinity. (The
    // very largest and least integers stay free.)
    Value y = isWide ? x : e.cast(x, e.elementType(onnx::TensorProto::FLOAT));
    Value bits = e.make<nn::BitcastOp>(y, isWide ? i64 : i32);
    Value most = neutral(e, nn::ReduceKind::Min, elementOf(bits));
    key = m.select(m.compare(Predicate::LT, bits, 0),
                   e.make<nn::BitwiseXorOp>(bits, most), bits);
    key = m.select(m.compare(Predicate::NE, y, 0), key, 0);
    key = m.select(e.make<nn::IsNanOp>(y), m.sub(most, 1), key);
  } else if (element.isUnsignedInteger(64)) {
    Value bits = e.make<nn::BitcastOp>(x, i64);
    key = e.make<nn::BitwiseXorOp>(bits, neutral(e, nn::ReduceKind::Max, i64));
  } else {
    key = e.cast(x, isWide || element.isUnsignedInteger(32) ? i64 : i32);
  }
  return largest ? key : m.sub(e.scalar(-1, key), key);
}

/// Bitonic sort (Batcher 1968): log²(n) / 2 rounds of compare-and-exchange,
/// each of them elementwise. A number holds a key and, below it, how far its
/// position is from the end, so no two are equal; keys of 64 bits have their
/// positions beside them. Rows are filled up to a power of two with what comes
/// last.
class Network {
public:
  Network(NodeEmitter &e, Value keys)
      : e(e), m(e), rows(shapeOf(keys)[0]),
        size(int64_t(llvm::PowerOf2Ceil(shapeOf(keys)[1]))) {
    if (int64_t more = size - shapeOf(keys)[1]) {
      Value last = neutral(e, nn::ReduceKind::Max, elementOf(keys));
      keys = e.make<nn::ConcatOp>(
          ValueRange{keys, e.broadcast(last, {rows, more})}, int64_t(1));
    }
    Value at = e.iota(size, 1, 1, 2);
    isWide = elementOf(keys).isInteger(64);
    numbers = keys;
    if (isWide)
      positions = e.broadcast(at, {rows, size});
    else
      numbers = m.add(m.mul(m.index(keys), double(lowHalf + 1)),
                      m.sub(e.scalar(double(size - 1), at), at));
  }

  Value first(int64_t k) {
    for (int64_t run = 2; run <= size; run *= 2)
      for (int64_t distance = run / 2; distance > 0; distance /= 2)
        exchange(run, distance);
    if (isWide)
      return e.slice(positions, {0, 0}, {rows, k});
    Value left = e.make<nn::BitwiseAndOp>(
        e.slice(numbers, {0, 0}, {rows, k}),
        e.scalarOf(double(lowHalf), e.builder.getI64Type()));
    return m.sub(e.scalar(double(size - 1), left), left);
  }

private:
  static constexpr int64_t lowHalf = 0xffffffff;

  Value half(Value whole, int64_t which, int64_t distance) {
    int64_t pairs = size / (2 * distance);
    Value parts = e.reshape(whole, {rows, pairs, 2, distance});
    return e.slice(parts, {0, 0, which, 0}, {rows, pairs, 1, distance});
  }

  Value join(Value first, Value second) {
    Value parts = e.make<nn::ConcatOp>(ValueRange{first, second}, int64_t(2));
    return e.reshape(parts, {rows, size});
  }

  /// Elements `distance` apart change places where they are not in order. Runs
  /// are sorted in alternating directions.
  void exchange(int64_t run, int64_t distance) {
    int64_t pairs = size / (2 * distance);
    Dims ascending;
    for (int64_t pair = 0; pair < pairs; ++pair)
      ascending.push_back((pair * 2 * distance & run) != 0);
    Value flip =
        m.compare(Predicate::NE, e.ints(ascending, {1, pairs, 1, 1}), 0);
    Value a = half(numbers, 0, distance), b = half(numbers, 1, distance);
    if (!isWide) {
      Value high = m.max(a, b), low = m.min(a, b);
      numbers = join(m.select(flip, low, high), m.select(flip, high, low));
      return;
    }
    Value atA = half(positions, 0, distance),
          atB = half(positions, 1, distance);
    Value isBefore = m.either(m.compare(Predicate::GT, b, a),
                              m.both(m.compare(Predicate::EQ, b, a),
                                     m.compare(Predicate::LT, atB, atA)));
    Value swap = e.make<nn::XorOp>(isBefore, flip);
    numbers = join(m.select(swap, b, a), m.select(swap, a, b));
    positions = join(m.select(swap, atB, atA), m.select(swap, atA, atB));
  }

  NodeEmitter &e;
  Arithmetic m;
  int64_t rows, size;
  bool isWide;
  Value numbers, positions;
};

Value firstOfKeys(NodeEmitter &e, Value keys, int64_t k);

/// Few of many: the k-th key is found bit by bit (how many are at least as
/// large is counted once a bit), and only what is not behind it is sorted.
Value firstBySelection(NodeEmitter &e, Value keys, int64_t k) {
  Arithmetic m(e);
  int64_t rows = shapeOf(keys)[0], n = shapeOf(keys)[1];
  auto type = cast<IntegerType>(elementOf(keys));
  unsigned bits = type.getWidth();
  Type i32 = e.elementType(onnx::TensorProto::INT32);
  SmallVector<APInt> weights;
  for (unsigned bit = bits; bit-- > 0;)
    weights.push_back(APInt::getOneBitSet(bits, bit));
  Value steps = e.make<nn::ConstantOp>(llvm::cast<ElementsAttr>(
      DenseElementsAttr::get(RankedTensorType::get({bits}, type), weights)));
  Value least = e.broadcast(neutral(e, nn::ReduceKind::Max, type), {rows, 1});
  // (The first step comes from the least number to 0: it wraps.)
  Value limit =
      e.loop(bits, {least}, {steps}, {false}, {},
             [&](ValueRange before, ValueRange step) -> SmallVector<Value> {
               Value higher = m.add(before[0], step[0]);
               Value isIn = m.compare(Predicate::GE, keys, higher);
               Value count =
                   m.reduce(nn::ReduceKind::Sum, e.cast(isIn, i32), {1}, true);
               return {m.select(m.compare(Predicate::GE, count, double(k)),
                                higher, before[0])};
             })[0];
  // In front of those that equal the k-th one stand fewer than k; both in the
  // order of their positions.
  Value flags =
      e.make<nn::ConcatOp>(ValueRange{m.compare(Predicate::GT, keys, limit),
                                      m.compare(Predicate::EQ, keys, limit)},
                           int64_t(1));
  Value upTo = runningSums(e, e.reshape(e.cast(flags, i32), {rows * 2 * n}));
  Value wanted = e.cast(e.iota(k, 1, 1, 2), i32);
  if (rows > 1) {
    Value ends =
        e.slice(e.reshape(upTo, {rows, 2 * n}), {0, 2 * n - 1}, {rows - 1, 1});
    Value none = e.splat(RankedTensorType::get({1, 1}, i32), 0);
    wanted =
        m.add(wanted, e.make<nn::ConcatOp>(ValueRange{none, ends}, int64_t(0)));
  }
  Value at = e.make<nn::SearchSortedOp>(upTo, m.add(wanted, 1));
  at = m.index(at);
  at = e.make<nn::ModOp>(at, e.scalar(double(n), at), false);
  Value found = takeAlong(e, keys, at, 1);
  return takeAlong(e, at, firstOfKeys(e, found, k), 1);
}

Value firstOfKeys(NodeEmitter &e, Value keys, int64_t k) {
  constexpr int64_t shortRow = 1024;
  int64_t n = shapeOf(keys)[1];
  if (4 * k <= n)
    return firstBySelection(e, keys, k);
  return n <= shortRow ? firstByRank(e, keys, k) : Network(e, keys).first(k);
}

} // namespace

Value dlc::importer::firstOfRows(NodeEmitter &e, Value rows, int64_t k,
                                 bool largest, int input) {
  // Fewer are compared each with each, all at once.
  constexpr int64_t few = 256, shortRow = 1024;
  int64_t n = shapeOf(rows)[1];
  bool isOpen = input >= 0 && e.isOpen(input);
  if (n <= few || (n <= shortRow && (isOpen || 4 * k > n)))
    return firstByRank(e, keysOf(e, rows, largest), k);
  Value keys = keysOf(e, rows, largest);
  if (!isOpen)
    return firstOfKeys(e, keys, k);
  Value least = neutral(e, nn::ReduceKind::Max, elementOf(keys));
  return firstOfKeys(e, filled(e, input, keys, least), k);
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
  Value first = e.reshape(firstOfRows(e, rows, k, largest, /*input=*/0), shape);
  for (int64_t d = 0; d + 1 < rank && e.isOpen(0); ++d)
    first = e.make<nn::BoundedOp>(first, e.make<nn::ExtentOp>(moved, d), d);
  (void)e.set(1, e.transpose(first, order.back));
  Value values = takeAlong(e, moved, first, rank - 1);
  return e.set(0, e.transpose(values, order.back));
}

} // namespace

void dlc::importer::addSorting(EmitterTable &table) { table["TopK"] = topK; }
