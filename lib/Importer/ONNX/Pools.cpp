//===- Pools.cpp - Pooling ------------------------------------------------===//

#include "Arithmetic.h"
#include "Window.h"

#include "dlc/Dialect/NN/IR/ExtentHints.h"

using namespace mlir;
using namespace dlc;
using namespace dlc::importer;

namespace {

/// The window of a pool, and what ceil_mode adds behind the padding of the
/// model: cells that the last window may reach into but that do not count.
struct Pool {
  Window window;
  Dims overhang;
  bool overhangs = false;
};

FailureOr<Pool> readPool(NodeEmitter &e) {
  ArrayRef<int64_t> input = shapeOf(e.in(0));
  if (input.size() < 3)
    return e.error("the input has rank " + Twine(input.size()) +
                   ", but needs at least 3");
  if (!e.attr("kernel_shape"))
    return e.error("the attribute 'kernel_shape' is missing");
  Dims kernel = e.intsAttr("kernel_shape", input.size() - 2, 1);
  if (e.failed)
    return failure();
  FailureOr<Window> window = readWindow(e, input, kernel);
  if (failed(window))
    return failure();
  Pool pool{*window, Dims(kernel.size(), 0)};
  const Window &w = pool.window;
  // Shape inference knows the exact rule for the last window; take its sizes.
  ArrayRef<int64_t> out = e.outType(0).getShape();
  for (size_t d = 0; d < w.rank(); ++d) {
    int64_t needed = (out[d + 2] - 1) * w.strides[d] + w.extent(d);
    int64_t there = input[d + 2] + w.lo[d] + w.hi[d];
    if (needed > there) {
      if (!e.intAttr("ceil_mode", 0))
        return e.error("the window of " + Twine(w.extent(d)) +
                       " does not fit into the padded input of " +
                       Twine(there));
      pool.overhang[d] = needed - there;
      pool.overhangs = true;
    }
  }
  return pool;
}

/// Says of the operation what it would be for other sizes. What cells of
/// ceil_mode do not matter to needs to know no more than that.
Value described(NodeEmitter &e, Value result, const Pool &pool) {
  describeWindow(result, pool.window);
  Operation *op = result.getDefiningOp();
  if (op && e.intAttr("ceil_mode", 0))
    op->setAttr(nn::kOverhangAttrName,
                e.builder.getDenseI64ArrayAttr(pool.overhang));
  return result;
}

/// Pads with the overhang included.
Dims fullPads(const Pool &pool) {
  Dims pads = pool.window.pads();
  for (size_t d = 0; d < pool.overhang.size(); ++d)
    pads[pool.window.rank() + d] += pool.overhang[d];
  return pads;
}

/// How many windows there are along a spatial dimension, for the extent of the
/// input that there is.
Value countWindows(NodeEmitter &e, const Pool &pool, size_t s) {
  Arithmetic m(e);
  const Window &w = pool.window;
  auto stride = double(w.strides[s]);
  Value extent = e.make<nn::ExtentOp>(e.in(0), s + 2);
  auto whole = [&](Value room) {
    return m.div(m.max(m.add(room, stride - 1), 0), stride);
  };
  if (!w.same.empty())
    return whole(extent);
  Value room = m.add(extent, double(w.lo[s] + w.hi[s] - w.extent(s)));
  if (!e.intAttr("ceil_mode", 0)) // as nn-resolve-extents counts them
    return m.max(m.add(m.div(room, stride), 1), 0);
  // None begins in the padding at the end.
  return m.min(whole(m.add(room, stride)),
               whole(m.add(extent, double(w.lo[s]))));
}

/// The mean of windows whose padding counts as zeros (but the overhang of
/// ceil_mode does not count).
Value meanWithPadding(NodeEmitter &e, Value x, const Pool &pool) {
  Arithmetic m(e);
  const Window &w = pool.window;
  const bool isOpen = e.isOpen(0) && w.same.empty(),
             mayOverhang = isOpen && e.intAttr("ceil_mode", 0);
  // What a window that does not fit lacks is no padding.
  bool mayLack = false;
  for (size_t d = 0; d < w.rank() && isOpen; ++d)
    mayLack |= w.extent(d) > w.lo[d] + w.hi[d] + 1;
  if (!pool.overhangs && !mayLack && !mayOverhang) {
    Value mean = e.make<nn::AvgPoolOp>(
        x, ArrayRef<int64_t>(w.kernel), ArrayRef<int64_t>(w.strides),
        ArrayRef<int64_t>(w.pads()), ArrayRef<int64_t>(w.dilations),
        /*count_include_pad=*/true);
    describeWindow(mean, w);
    return mean;
  }
  Dims lo(2, 0), hi(2, 0), pads(w.rank(), 0);
  lo.append(w.lo.begin(), w.lo.end());
  hi.append(w.hi.begin(), w.hi.end());
  pads.append(pool.overhang.begin(), pool.overhang.end());
  x = e.make<nn::PadOp>(nn::PadMode::Constant, x, e.scalar(0, x),
                        ArrayRef<int64_t>(lo), ArrayRef<int64_t>(hi));
  Value mean = e.make<nn::AvgPoolOp>(
      x, ArrayRef<int64_t>(w.kernel), ArrayRef<int64_t>(w.strides),
      ArrayRef<int64_t>(pads), ArrayRef<int64_t>(w.dilations),
      /*count_include_pad=*/false);
  if (!mayOverhang)
    return mean;
  mean = described(e, mean, pool);
  // Windows that begin in the padding at the end are no elements of the result.
  for (size_t s = 0; s < w.rank(); ++s) {
    Value most =
        m.clamp(countWindows(e, pool, s), 0, double(shapeOf(mean)[s + 2]));
    mean = e.make<nn::BoundedOp>(mean, most, s + 2);
  }
  return mean;
}

/// A tensor of the input's size with `value` around it, as far as windows
/// reach. How much of it is in front may depend on the extent.
Value padWindows(NodeEmitter &e, Value x, const Pool &pool, Value value) {
  Arithmetic m(e);
  const Window &w = pool.window;
  int64_t rank = shapeOf(x).size();
  Dims lo(2, 0), hi(2, 0), pads = fullPads(pool);
  lo.append(pads.begin(), pads.begin() + w.rank());
  hi.append(pads.begin() + w.rank(), pads.end());
  bool isFixed = w.same.empty() || !e.isOpen(0);
  for (int64_t d = 2; !isFixed && d < rank; ++d) {
    auto stride = w.strides[d - 2];
    int64_t there = shapeOf(x)[d], size = there + lo[d] + hi[d];
    Value extent = e.make<nn::ExtentOp>(e.in(0), d);
    Value last = m.mul(m.sub(countWindows(e, pool, d - 2), 1), double(stride));
    Value total = m.max(m.sub(m.add(last, double(w.extent(d - 2))), extent), 0);
    Value front = m.div(w.same == "upper" ? total : m.add(total, 1), 2);
    Value at = m.sub(e.iota(size, 1, 0, 1), front);
    Value inside = m.both(m.compare(nn::ComparePredicate::GE, at, 0),
                          m.compare(nn::ComparePredicate::LT, at, extent));
    Dims along(rank, 1);
    along[d] = size;
    x = e.make<nn::GatherOp>(x, m.clamp(at, 0, double(there - 1)), d);
    x = m.select(e.reshape(inside, along), x, value);
    lo[d] = hi[d] = 0;
  }
  return e.make<nn::PadOp>(nn::PadMode::Constant, x, value,
                           ArrayRef<int64_t>(lo), ArrayRef<int64_t>(hi));
}

/// The flat position of each window's largest element, the first of several:
/// one comparison for each cell of the kernel.
Value largestPositions(NodeEmitter &e, const Pool &pool) {
  Arithmetic m(e);
  const Window &w = pool.window;
  Value x = e.in(0);
  ArrayRef<int64_t> shape = shapeOf(x), out = e.outType(0).getShape();
  int64_t rank = shape.size();
  // Positions in what counts; with `storage_order` the first spatial dimension
  // runs fastest.
  const bool isOpen = e.isOpen(0),
             isTurned = e.intAttr("storage_order", 0) != 0;
  auto extent = [&](int64_t d) {
    return isOpen ? e.make<nn::ExtentOp>(e.in(0), d) : e.ints({shape[d]}, {});
  };
  Value place, stride = e.ints({1}, {}), inside;
  for (int64_t i = 2; i < rank; ++i) {
    int64_t d = isTurned ? i : rank + 1 - i;
    Value along = e.iota(shape[d], 1, d, rank), size = extent(d);
    Value part = m.mul(along, stride);
    place = place ? m.add(place, part) : part;
    stride = m.mul(stride, size);
    Value here = m.compare(nn::ComparePredicate::LT, along, size);
    inside = inside ? m.both(inside, here) : here;
  }
  auto padded = [&](Value v, Value value) {
    return padWindows(e, v, pool, value);
  };
  Value exists = padded(inside, e.scalarOf(0, e.builder.getI1Type()));
  // What counts is known of each cell.
  for (int64_t d = 2; isOpen && d < rank; ++d)
    x = e.make<nn::BoundedOp>(x, e.ints({shape[d]}, {}), d);
  x = padded(x, e.scalar(0, x));
  place = padded(place, e.scalar(0, place));
  Value best, at, found;
  int64_t cells = product(w.kernel);
  for (int64_t cell = 0; cell < cells; ++cell) {
    Dims offset(rank, 0), steps(rank, 1);
    int64_t rest = cell;
    for (size_t d = w.rank(); d-- > 0; rest /= w.kernel[d]) {
      offset[d + 2] = rest % w.kernel[d] * w.dilations[d];
      steps[d + 2] = w.strides[d];
    }
    auto take = [&](Value v) {
      Dims sizes(out);
      sizes[0] = shapeOf(v)[0];
      sizes[1] = shapeOf(v)[1];
      return e.make<nn::SliceOp>(v, ArrayRef<int64_t>(offset),
                                 ArrayRef<int64_t>(sizes),
                                 ArrayRef<int64_t>(steps));
    };
    Value value = take(x), there = take(exists), where = take(place);
    if (!best) {
      best = value, at = where, found = there;
      continue;
    }
    Value larger = m.both(
        there, m.either(m.negate(found),
                        m.compare(nn::ComparePredicate::GT, value, best)));
    best = m.select(larger, value, best);
    at = m.select(larger, where, at);
    found = m.either(found, there);
  }
  Value plane = m.mul(e.iota(shape[1], 1, 1, rank), stride);
  Value image = m.mul(e.iota(shape[0], 1, 0, rank), m.mul(stride, extent(1)));
  at = m.add(m.add(at, image), plane);
  // A window of one cell compares nothing, and knows no extents.
  for (int64_t d = 0; isOpen && d < 2; ++d)
    at = e.make<nn::BoundedOp>(at, extent(d), d);
  for (int64_t d = 2; isOpen && d < rank; ++d) {
    Value count = countWindows(e, pool, d - 2);
    at = e.make<nn::BoundedOp>(at, m.clamp(count, 0, double(out[d])), d);
  }
  return at;
}

LogicalResult maxPool(NodeEmitter &e) {
  FailureOr<Pool> pool = readPool(e);
  if (failed(pool))
    return failure();
  if (e.wants(1))
    (void)e.set(1, largestPositions(e, *pool));
  const Window &w = pool->window;
  Value largest = e.make<nn::MaxPoolOp>(
      e.in(0), ArrayRef<int64_t>(w.kernel), ArrayRef<int64_t>(w.strides),
      ArrayRef<int64_t>(fullPads(*pool)), ArrayRef<int64_t>(w.dilations));
  return e.set(0, described(e, largest, *pool));
}

LogicalResult averagePool(NodeEmitter &e) {
  FailureOr<Pool> pool = readPool(e);
  if (failed(pool))
    return failure();
  if (e.intAttr("count_include_pad", 0))
    return e.set(0, meanWithPadding(e, e.in(0), *pool));
  const Window &w = pool->window;
  Value mean = e.make<nn::AvgPoolOp>(e.in(0), ArrayRef<int64_t>(w.kernel),
                                     ArrayRef<int64_t>(w.strides),
                                     ArrayRef<int64_t>(fullPads(*pool)),
                                     ArrayRef<int64_t>(w.dilations), false);
  return e.set(0, described(e, mean, *pool));
}

/// The operand for a norm: powers of half numbers are out of their range where
/// the root of the sum is not.
Value normOperand(NodeEmitter &e) {
  Value x = e.in(0);
  Type type = elementOf(x);
  return type.isF16() || type.isBF16()
             ? e.cast(x, Float32Type::get(type.getContext()))
             : x;
}

/// |x|^p, for the p-norms
Value power(NodeEmitter &e, Value x, int64_t p) {
  if (p == 2)
    return e.make<nn::MulOp>(x, x);
  Value magnitude = e.make<nn::AbsOp>(x);
  return p == 1 ? magnitude
                : e.make<nn::PowOp>(magnitude, e.scalar(double(p), x));
}

Value root(NodeEmitter &e, Value x, int64_t p) {
  if (p == 1)
    return x;
  return p == 2 ? e.make<nn::SqrtOp>(x)
                : e.make<nn::PowOp>(x, e.scalar(1.0 / double(p), x));
}

/// (sum |x|^p)^(1/p): the mean times the size of the window.
LogicalResult lpPool(NodeEmitter &e) {
  int64_t p = e.intAttr("p", 2);
  FailureOr<Pool> pool = readPool(e);
  if (failed(pool))
    return failure();
  if (p < 1)
    return e.error("the norm's order " + Twine(p) + " is not positive");
  const Window &w = pool->window;
  double size = 1;
  for (int64_t k : w.kernel)
    size *= double(k);
  Value mean = e.make<nn::AvgPoolOp>(
      power(e, normOperand(e), p), ArrayRef<int64_t>(w.kernel),
      ArrayRef<int64_t>(w.strides), ArrayRef<int64_t>(fullPads(*pool)),
      ArrayRef<int64_t>(w.dilations), /*count_include_pad=*/true);
  mean = described(e, mean, *pool);
  Value sum = e.make<nn::MulOp>(mean, e.scalar(size, mean));
  return e.set(0, e.cast(root(e, sum, p), elementOf(e.in(0))));
}

FailureOr<Dims> spatialAxes(NodeEmitter &e) {
  Dims axes;
  int64_t rank = shapeOf(e.in(0)).size();
  if (rank < 2)
    return e.error("the input needs a channel dimension");
  for (int64_t i = 2; i < rank; ++i)
    axes.push_back(i);
  return axes;
}

template <nn::ReduceKind kind>
LogicalResult globalPool(NodeEmitter &e) {
  FailureOr<Dims> axes = spatialAxes(e);
  if (failed(axes))
    return failure();
  if (axes->empty())
    return e.set(0, e.in(0));
  return e.set(
      0, e.make<nn::ReduceOp>(kind, e.in(0), ArrayRef<int64_t>(*axes), true));
}

LogicalResult globalLpPool(NodeEmitter &e) {
  int64_t p = e.intAttr("p", 2);
  FailureOr<Dims> axes = spatialAxes(e);
  if (failed(axes))
    return failure();
  if (p < 1)
    return e.error("the norm's order " + Twine(p) + " is not positive");
  Value sum = power(e, normOperand(e), p);
  if (!axes->empty())
    sum = e.make<nn::ReduceOp>(nn::ReduceKind::Sum, sum,
                               ArrayRef<int64_t>(*axes), true);
  return e.set(0, e.cast(root(e, sum, p), elementOf(e.in(0))));
}

} // namespace

void dlc::importer::addPools(EmitterTable &table) {
  table["MaxPool"] = maxPool;
  table["AveragePool"] = averagePool;
  table["LpPool"] = lpPool;
  table["GlobalAveragePool"] = globalPool<nn::ReduceKind::Mean>;
  table["GlobalMaxPool"] = globalPool<nn::ReduceKind::Max>;
  table["GlobalLpPool"] = globalLpPool;
}
