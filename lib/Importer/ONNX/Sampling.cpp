//===- Sampling.cpp - Images read at computed places ----------------------===//

#include "Arithmetic.h"

using namespace mlir;
using namespace dlc;
using namespace dlc::importer;

namespace {

using Predicate = nn::ComparePredicate;

/// What lies beside an image.
enum class Outside { Zeros, Border, Reflection };

/// How many elements of a dimension count: all, or as many as a scalar (i64)
/// says.
struct Extent {
  int64_t size;
  Value counted;

  /// The last position and `offset`, in the type of `like`.
  Value last(Arithmetic &m, Value like, double offset = 0) const {
    if (!counted)
      return m.e.scalar(double(size - 1) + offset, like);
    return m.add(m.e.cast(counted, elementOf(like)), offset - 1);
  }
};

Extent extentOf(NodeEmitter &e, int64_t dim) {
  Value x = e.in(0);
  Value counted = e.isOpen(0) ? e.make<nn::ExtentOp>(x, dim) : Value();
  return {shapeOf(x)[dim], counted};
}

/// One neighbour along one dimension of a place between elements.
struct Tap {
  Value position; ///< i64, within the image
  Value weight;   ///< null for 1
  Value inside;   ///< null where it always is
};

class Sampler {
public:
  Sampler(NodeEmitter &e, Outside outside, bool alignCorners)
      : m(e), outside(outside), alignCorners(alignCorners) {}

  /// Where a coordinate (in elements) beside the image comes to lie.
  Value bring(Value x, const Extent &extent) {
    if (outside == Outside::Border)
      return clamp(x, extent);
    if (outside == Outside::Reflection)
      return reflect(x, extent);
    return x;
  }

  Tap tap(Value position, Value weight, const Extent &extent) {
    Tap tap{nullptr, weight, nullptr};
    if (outside == Outside::Zeros)
      tap.inside =
          m.both(m.compare(Predicate::GE, position, 0),
                 m.compare(Predicate::LE, position, extent.last(m, position)));
    else if (outside == Outside::Reflection)
      position = bring(position, extent);
    tap.position = m.index(clamp(position, extent));
    return tap;
  }

  SmallVector<Tap> nearest(Value x, const Extent &extent) {
    return {tap(m.e.make<nn::RoundOp>(x), nullptr, extent)};
  }

  SmallVector<Tap> linear(Value x, const Extent &extent) {
    Value below = m.floor(x), t = m.sub(x, below);
    return {tap(below, m.sub(m.e.scalar(1, t), t), extent),
            tap(m.add(below, 1), t, extent)};
  }

  /// Keys' cubic convolution (IEEE ASSP 29, 1981) with a = -0.75.
  SmallVector<Tap> cubic(Value x, const Extent &extent) {
    Value below = m.floor(x), t = m.sub(x, below);
    Value rest = m.sub(m.e.scalar(1, t), t);
    return {tap(m.sub(below, 1), outer(m.add(t, 1)), extent),
            tap(below, inner(t), extent),
            tap(m.add(below, 1), inner(rest), extent),
            tap(m.add(below, 2), outer(m.add(rest, 1)), extent)};
  }

private:
  Value polynomial(Value d, ArrayRef<double> coefficients) {
    Value sum = m.mul(d, coefficients.front());
    for (double c : coefficients.drop_front().drop_back())
      sum = m.mul(c == 0 ? sum : m.add(sum, c), d);
    double last = coefficients.back();
    return last == 0 ? sum : m.add(sum, last);
  }
  Value inner(Value d) { return polynomial(d, {1.25, -2.25, 0, 1}); }
  Value outer(Value d) { return polynomial(d, {-0.75, 3.75, -6, 3}); }

  Value clamp(Value x, const Extent &extent) {
    return m.min(m.max(x, 0), extent.last(m, x));
  }

  Value reflect(Value x, const Extent &extent) {
    double edge = alignCorners ? 0 : 0.5, lo = -edge;
    if (!extent.counted && double(extent.size - 1) + 2 * edge <= 0)
      return m.e.splat(typeOf(x), lo);
    Value hi = extent.last(m, x, edge), range = m.sub(hi, lo);
    if (extent.counted) // one element between its corners: all are that one
      range = m.max(range, 1);
    Value below = m.compare(Predicate::LT, x, lo);
    Value beyond = m.max(m.max(m.sub(m.e.scalar(lo, x), x), m.sub(x, hi)), 0);
    Value turns = m.floor(m.div(beyond, range));
    Value rest = m.sub(beyond, m.mul(turns, range));
    Value odd = m.compare(
        Predicate::NE, m.sub(turns, m.mul(m.floor(m.mul(turns, 0.5)), 2)), 0);
    // From the lower end upwards where an even number of turns began there.
    Value up = m.e.make<nn::XorOp>(below, odd);
    Value moved = m.select(up, m.add(rest, lo), m.sub(hi, rest));
    Value outsideRange = m.either(below, m.compare(Predicate::GT, x, hi));
    return m.select(outsideRange, moved, x);
  }

  Arithmetic m;
  Outside outside;
  bool alignCorners;
};

/// Calls `visit(position, weight, inside)` for all combinations of the taps of
/// each dimension; `position` is the offset in a plane.
void forEachCorner(NodeEmitter &e, ArrayRef<SmallVector<Tap>> taps,
                   ArrayRef<int64_t> strides,
                   llvm::function_ref<void(Value, Value, Value)> visit) {
  Arithmetic m(e);
  size_t total = 1;
  for (const auto &dimension : taps)
    total *= dimension.size();
  for (size_t corner = 0; corner < total; ++corner) {
    Value position, weight, inside;
    size_t rest = corner;
    for (auto [dimension, stride] : llvm::zip_equal(taps, strides)) {
      const Tap &tap = dimension[rest % dimension.size()];
      rest /= dimension.size();
      Value offset = m.mul(tap.position, double(stride));
      position = position ? m.add(position, offset) : offset;
      if (tap.weight)
        weight = weight ? m.mul(weight, tap.weight) : tap.weight;
      if (tap.inside)
        inside = inside ? m.both(inside, tap.inside) : tap.inside;
    }
    visit(position, weight, inside);
  }
}

/// Weighted sum over all corners. `base` is where the plane of an element of
/// the result begins.
Value interpolate(NodeEmitter &e, Value data, Value base,
                  ArrayRef<SmallVector<Tap>> taps, ArrayRef<int64_t> strides) {
  Arithmetic m(e);
  Value sum;
  forEachCorner(e, taps, strides, [&](Value position, Value weight, Value in) {
    Value value = takeFlat(e, data, m.add(base, position));
    if (in)
      value = m.select(in, value, 0);
    if (weight)
      value = m.mul(value, e.cast(weight, elementOf(data)));
    sum = sum ? m.add(sum, value) : value;
  });
  return sum;
}

/// Rows of `data` at positions in memory.
Value takeRows(NodeEmitter &e, Value data, Value positions) {
  e.countsPositions = true;
  Value taken = e.make<nn::GatherOp>(data, positions, int64_t(0));
  if (e.hasOpenInput())
    taken.getDefiningOp()->setAttr(nn::kFittedAttrName,
                                   e.builder.getUnitAttr());
  return taken;
}

/// Coordinates are computed in f32 at least.
Value widened(NodeEmitter &e, Value x) {
  return elementOf(x).getIntOrFloatBitWidth() < 32
             ? e.cast(x, e.builder.getF32Type())
             : x;
}

/// Positions in memory know nothing of extents: of the channels that of the
/// first input counts.
Value withChannels(NodeEmitter &e, Value result) {
  if (!e.isOpen(0))
    return result;
  Value extent = e.make<nn::ExtentOp>(e.in(0), int64_t(1));
  return e.make<nn::BoundedOp>(result, extent, int64_t(1));
}

LogicalResult gridSample(NodeEmitter &e) {
  Value x = e.in(0), grid = widened(e, e.in(1));
  ArrayRef<int64_t> shape = shapeOf(x);
  int64_t rank = shape.size(), dims = rank - 2;
  if (dims < 1 || int64_t(shapeOf(grid).size()) != rank ||
      shapeOf(grid).back() != dims || !isa<FloatType>(elementOf(grid)))
    return e.error("the grid does not fit to the input");
  if (product(shapeOf(grid)) == 0 || product(shape) == 0)
    return e.set(0, e.splat(e.outType(0), 0));
  std::string mode = e.stringAttr("mode", "linear");
  std::string padding = e.stringAttr("padding_mode", "zeros");
  bool align = e.intAttr("align_corners", 0);
  bool isCubic = mode == "cubic" || mode == "bicubic";
  bool isLinear = mode == "linear" || mode == "bilinear";
  if (!isCubic && !isLinear && mode != "nearest")
    return e.error("the mode '" + mode + "' is not supported");
  Outside outside = padding == "border"       ? Outside::Border
                    : padding == "reflection" ? Outside::Reflection
                                              : Outside::Zeros;
  Sampler sampler(e, outside, align);
  Arithmetic m(e);
  // Results are batch × channel × places…
  Dims places(shapeOf(grid).drop_back());
  places.insert(places.begin() + 1, 1);
  SmallVector<SmallVector<Tap>> taps;
  for (int64_t d = 0; d < dims; ++d) {
    // The grid counts the last dimension first.
    Dims starts(rank, 0), sizes(shapeOf(grid));
    starts.back() = dims - 1 - d;
    sizes.back() = 1;
    Value at = e.reshape(e.slice(grid, starts, sizes), places);
    Extent extent = extentOf(e, 2 + d);
    Value last = extent.last(m, at);
    at = align
             ? m.mul(m.mul(m.add(at, 1), 0.5), last)
             : m.mul(m.sub(m.mul(m.add(at, 1), extent.last(m, at, 1)), 1), 0.5);
    if (mode == "nearest")
      at = e.make<nn::RoundOp>(at);
    // A cubic's neighbours are brought one by one: beside the border it still
    // bends (as in PyTorch, and in onnxruntime).
    if (!isCubic || outside != Outside::Border)
      at = sampler.bring(at, extent);
    taps.push_back(mode == "nearest" ? sampler.nearest(at, extent)
                   : isCubic         ? sampler.cubic(at, extent)
                                     : sampler.linear(at, extent));
  }
  Dims strides = stridesOf(shape.drop_front(2));
  int64_t plane = product(shape.drop_front(2));
  Value base = m.add(e.iota(shape[0], shape[1] * plane, 0, rank),
                     e.iota(shape[1], plane, 1, rank));
  return e.set(0, withChannels(e, interpolate(e, x, base, taps, strides)));
}

/// Where the samples of a region lie along one dimension.
struct SampleLine {
  SmallVector<Tap> taps; ///< `inside`: of the image and of the samples
  Value isSample;        ///< null: all are
  Value count;           ///< in each region; null: the same in all
  Value leavesOut;       ///< whether some beside the image are not computed
};

/// Everything is region × sample row × sample column × row × column, and of
/// each place all channels are read, which are made neighbours for that.
class RegionSampler {
public:
  explicit RegionSampler(NodeEmitter &e)
      : m(e), e(e), rois(widened(e, e.in(1))),
        samples(e.intAttr("sampling_ratio", 0)),
        scale(e.floatAttr("spatial_scale", 1)),
        isMean(e.stringAttr("mode", "avg") == "avg"),
        half(e.stringAttr("coordinate_transformation_mode", "half_pixel") ==
             "half_pixel") {}

  /// The samples of `bins` bins between columns `first` and `first` + 2 of the
  /// regions, in dimension `dim` of the image.
  SampleLine line(int64_t first, int64_t bins, int64_t dim) {
    Value start = bound(first), size = m.sub(bound(first + 2), start);
    if (!half)
      size = m.max(size, 1);
    Value bin = m.div(size, double(bins));
    Type type = elementOf(bin);
    Value number = e.cast(e.iota(bins, 1, dim + 1, 5), type);
    Extent extent = extentOf(e, dim);
    SampleLine line;
    Value at;
    if (samples > 0) {
      Value fraction =
          m.mul(m.add(e.cast(e.iota(samples, 1, dim - 1, 5), type), 0.5),
                1.0 / samples);
      at = m.add(start, m.mul(bin, m.add(number, fraction)));
    } else {
      at = spread(line, m.add(start, m.mul(bin, number)), bin, dim);
    }
    Value last = extent.last(m, at);
    Value inside = m.both(m.compare(Predicate::GE, at, -1),
                          m.compare(Predicate::LE, at, extent.last(m, at, 1)));
    if (line.isSample)
      inside = m.both(inside, line.isSample);
    at = m.min(m.max(at, 0), last);
    Value below = m.floor(at), t = m.sub(at, below);
    Value above = m.min(m.add(below, 1), last);
    line.taps = {{m.index(below), m.sub(e.scalar(1, t), t), inside},
                 {m.index(above), t, inside}};
    return line;
  }

  /// Whether samples are averaged, not their largest one taken.
  bool averages() const { return isMean; }

  Arithmetic m;

private:
  Value bound(int64_t column) {
    int64_t count = shapeOf(rois)[0];
    Value at = e.slice(rois, {0, column}, {count, 1});
    at = m.sub(m.mul(at, scale), half ? 0.5 : 0.0);
    return e.reshape(at, {count, 1, 1, 1, 1});
  }

  /// One sample each pixel that a bin has begun, so that regions have numbers
  /// of their own: places from `start`, where the bins begin. As many are
  /// computed as the largest region has, and no more than there are in the
  /// image: they are more than half a pixel apart, n of them at least 1 - 1/n.
  Value spread(SampleLine &line, Value start, Value bin, int64_t dim) {
    Type type = elementOf(bin);
    int64_t most = shapeOf(e.in(0))[dim] + 4;
    line.count = m.max(e.make<nn::CeilOp>(bin), 0);
    Value step = m.select(m.compare(Predicate::GT, line.count, 0),
                          m.div(bin, m.max(line.count, 1)), 1);
    Value largest = e.reshape(
        m.reduce(nn::ReduceKind::Max, line.count, {0, 1, 2, 3, 4}), {});
    Value computed = m.index(m.clamp(largest, 0, double(most)));
    Value number =
        e.make<nn::BoundedOp>(e.iota(most, 1, dim - 1, 5), computed, dim - 1);
    // Those in front of the image are nothing.
    Value before = m.max(
        m.floor(m.sub(m.div(m.sub(e.scalar(-1, start), start), step), 0.5)), 0);
    number = m.add(e.cast(number, type), before);
    line.leavesOut =
        m.either(m.compare(Predicate::GT, before, 0),
                 m.compare(Predicate::GT, m.sub(line.count, before),
                           e.scalar(double(most), before)));
    line.isSample = m.compare(Predicate::LT, number, line.count);
    return m.add(start, m.mul(m.add(number, 0.5), step));
  }

  NodeEmitter &e;
  Value rois;
  int64_t samples;
  double scale;
  bool isMean, half;
};

LogicalResult roiAlign(NodeEmitter &e) {
  Value x = e.in(0);
  ArrayRef<int64_t> shape = shapeOf(x), regions = shapeOf(e.in(1));
  if (shape.size() != 4 || regions.size() != 2 || regions[1] != 4)
    return e.error("the regions do not fit to the input");
  if (product(regions) == 0 || product(shape) == 0)
    return e.set(0, e.splat(e.outType(0), 0));
  RegionSampler sampler(e);
  Arithmetic &m = sampler.m;
  SampleLine rows = sampler.line(1, e.intAttr("output_height", 1), 2);
  SampleLine columns = sampler.line(0, e.intAttr("output_width", 1), 3);
  SmallVector<SmallVector<Tap>> taps{rows.taps, columns.taps};
  int64_t plane = shape[2] * shape[3], channels = shape[1];
  Value batch = e.reshape(e.cast(e.in(2), e.builder.getI64Type()),
                          {regions[0], 1, 1, 1, 1});
  Value base = m.mul(wrapped(e, batch, e.in(0), 0), double(plane));
  Value places =
      e.reshape(e.transpose(x, {0, 2, 3, 1}), {shape[0] * plane, channels});
  Value result;
  auto withRoom = [&](Value v) {
    return e.reshape(v, inserted(shapeOf(v), 5, 1));
  };
  forEachCorner(e, taps, {shape[3], 1},
                [&](Value position, Value weight, Value inside) {
                  Value value = takeRows(e, places, m.add(base, position));
                  value = m.select(withRoom(inside), value, 0);
                  value = m.mul(value, e.cast(withRoom(weight), elementOf(x)));
                  // (The largest weighted neighbour, as onnxruntime and the
                  // reference have it.)
                  result = !result              ? value
                           : sampler.averages() ? m.add(result, value)
                                                : m.max(result, value);
                });
  if (!rows.count) {
    result = m.reduce(sampler.averages() ? nn::ReduceKind::Mean
                                         : nn::ReduceKind::Max,
                      result, {1, 2});
  } else {
    Value count = m.mul(rows.count, columns.count);
    count = e.reshape(count, {regions[0], 1, 1, 1});
    Value isSample = withRoom(m.both(rows.isSample, columns.isSample));
    constexpr double none = -std::numeric_limits<double>::infinity();
    result = m.reduce(
        sampler.averages() ? nn::ReduceKind::Sum : nn::ReduceKind::Max,
        m.select(isSample, result, sampler.averages() ? 0 : none), {1, 2});
    if (sampler.averages()) {
      result = m.div(result, e.cast(m.max(count, 1), elementOf(x)));
    } else {
      Value isZero = m.either(rows.leavesOut, columns.leavesOut);
      isZero = e.reshape(
          isZero, {regions[0], shapeOf(isZero)[3], shapeOf(isZero)[4], 1});
      result = m.select(isZero, m.max(result, 0), result);
      result = m.select(m.compare(Predicate::GT, count, 0), result, 0);
    }
  }
  return e.set(0, withChannels(e, e.transpose(result, {0, 3, 1, 2})));
}

/// To whole numbers, halves away from zero.
Value roundedAway(Arithmetic &m, Value x) {
  // (x + 0.5 is no f32 for each x.)
  Value wide = m.e.cast(x, m.e.builder.getF64Type());
  Value size = m.floor(m.add(m.abs(wide), 0.5));
  Value back =
      m.select(m.compare(Predicate::LT, wide, 0), m.mul(size, -1), size);
  return m.e.cast(back, elementOf(x));
}

/// The parts of a region along one dimension: which elements are in each
/// (regions × parts × elements), and whether any are (regions × parts).
struct RegionParts {
  Value inside, any;
};

RegionParts cutRegions(NodeEmitter &e, Value rois, int64_t first, int64_t parts,
                       int64_t dim) {
  Arithmetic m(e);
  int64_t count = shapeOf(rois)[0];
  double scale = e.floatAttr("spatial_scale", 1);
  auto bound = [&](int64_t column) {
    return roundedAway(m, m.mul(e.slice(rois, {0, column}, {count, 1}), scale));
  };
  Value start = bound(first), end = bound(first + 2);
  Value size = m.max(m.add(m.sub(end, start), 1), 1);
  // (A division by a constant may become a product; what is a whole number has
  // to stay one.)
  Type type = elementOf(size);
  Value part =
      e.cast(m.div(e.cast(size, e.builder.getF64Type()), double(parts)), type);
  Value at = e.cast(e.iota(parts, 1, 1, 2), type);
  Extent extent = extentOf(e, dim);
  auto cut = [&](Value x) {
    x = m.add(x, start);
    return m.index(m.max(m.min(x, extent.last(m, x, 1)), 0));
  };
  Value lo = cut(m.floor(m.mul(at, part)));
  Value hi = cut(e.make<nn::CeilOp>(m.mul(m.add(at, 1), part)));
  Value position = e.iota(extent.size, 1, 2, 3);
  auto each = [&](Value x) { return e.reshape(x, {count, parts, 1}); };
  return {m.both(m.compare(Predicate::GE, position, each(lo)),
                 m.compare(Predicate::LT, position, each(hi))),
          m.compare(Predicate::GT, hi, lo)};
}

/// One region after the other, along one dimension after the other: all at once
/// would be a tensor of all regions of the image's height or width.
LogicalResult maxRoiPool(NodeEmitter &e) {
  Value x = e.in(0), rois = widened(e, e.in(1));
  ArrayRef<int64_t> shape = shapeOf(x);
  Dims pooled = e.intsAttr("pooled_shape", 2, 1);
  if (e.failed)
    return failure();
  if (shape.size() != 4 || shapeOf(rois).size() != 2 || shapeOf(rois)[1] != 5)
    return e.error("the regions do not fit to the input");
  if (pooled[0] < 1 || pooled[1] < 1)
    return e.error("the attribute 'pooled_shape' has to be positive");
  int64_t count = shapeOf(rois)[0], channels = shape[1];
  if (count == 0 || product(shape) == 0)
    return e.set(0, e.splat(e.outType(0), 0));
  // What lies behind extents is in no part.
  if (e.isOpen(0))
    x = counted(e, x);
  if (e.isOpen(1))
    rois = counted(e, rois);
  Arithmetic m(e);
  RegionParts rows = cutRegions(e, rois, 2, pooled[0], 2),
              columns = cutRegions(e, rois, 1, pooled[1], 3);
  Value batch = m.index(e.slice(rois, {0, 0}, {count, 1}));
  Value lowest = neutral(e, nn::ReduceKind::Max, elementOf(x));
  SmallVector<Value> sliced{batch, rows.inside, rows.any, columns.inside,
                            columns.any};
  ResultRange results =
      e.loop(count, {}, sliced, SmallVector<bool>(sliced.size(), false),
             {false}, [&](ValueRange, ValueRange of) -> SmallVector<Value> {
               Value image = e.make<nn::GatherOp>(x, of[0], int64_t(0));
               Value best = m.select(
                   e.reshape(of[3], {1, 1, pooled[1], shape[3]}),
                   e.reshape(image, {channels, shape[2], 1, shape[3]}), lowest);
               best = m.reduce(nn::ReduceKind::Max, best, {3});
               best = m.select(
                   e.reshape(of[1], {1, pooled[0], shape[2], 1}),
                   e.reshape(best, {channels, 1, shape[2], pooled[1]}), lowest);
               best = m.reduce(nn::ReduceKind::Max, best, {2});
               Value any = m.both(e.reshape(of[2], {1, pooled[0], 1}),
                                  e.reshape(of[4], {1, 1, pooled[1]}));
               return {m.select(any, best, 0)};
             });
  Value result = withChannels(e, results[0]);
  if (e.isOpen(1))
    result = e.make<nn::BoundedOp>(
        result, e.make<nn::ExtentOp>(e.in(1), int64_t(0)), int64_t(0));
  return e.set(0, result);
}

/// Gathers the columns of a convolution at shifted places, then a product.
LogicalResult deformConv(NodeEmitter &e) {
  Value x = e.in(0), filter = e.in(1), offset = widened(e, e.in(2));
  ArrayRef<int64_t> shape = shapeOf(x), kernel = shapeOf(filter);
  if (shape.size() != 4 || kernel.size() != 4 || shapeOf(offset).size() != 4)
    return e.error("only two spatial dimensions are supported");
  int64_t groups = e.intAttr("group", 1), parts = e.intAttr("offset_group", 1);
  int64_t batch = shape[0], rows = shapeOf(offset)[2],
          columns = shapeOf(offset)[3];
  int64_t taps = kernel[2] * kernel[3];
  if (groups < 1 || parts < 1 || shape[1] % parts || kernel[0] % groups ||
      shape[1] != kernel[1] * groups || shapeOf(offset)[1] != parts * taps * 2)
    return e.error("the channels of input, filter and offsets do not fit");
  Dims strides = e.intsAttr("strides", 2, 1), pads = e.intsAttr("pads", 4, 0);
  Dims dilations = e.intsAttr("dilations", 2, 1);
  e.whole = {1};
  Arithmetic m(e);
  Sampler sampler(e, Outside::Zeros, /*alignCorners=*/true);
  // batch × part × channel of the part × tap × row × column
  Type type = elementOf(offset);
  Dims full{batch, parts, 1, taps, rows, columns};
  offset = e.reshape(offset, {batch, parts, taps, 2, rows, columns});
  auto coordinate = [&](int64_t d) {
    Value shift = e.reshape(e.slice(offset, {0, 0, 0, d, 0, 0},
                                    {batch, parts, taps, 1, rows, columns}),
                            full);
    Dims within;
    for (int64_t tap = 0; tap < taps; ++tap)
      within.push_back((d == 0 ? tap / kernel[3] : tap % kernel[3]) *
                           dilations[d] -
                       pads[d]);
    Value at = m.add(e.ints(within, {1, 1, 1, taps, 1, 1}),
                     e.iota(d == 0 ? rows : columns, strides[d], 4 + d, 6));
    return m.add(e.cast(at, type), shift);
  };
  SmallVector<SmallVector<Tap>> places;
  for (int64_t d = 0; d < 2; ++d)
    places.push_back(sampler.linear(coordinate(d), extentOf(e, 2 + d)));
  int64_t plane = shape[2] * shape[3], each = shape[1] / parts;
  Value base = m.add(m.add(e.iota(batch, shape[1] * plane, 0, 6),
                           e.iota(parts, each * plane, 1, 6)),
                     e.iota(each, plane, 2, 6));
  Value read = interpolate(e, x, base, places, {shape[3], 1});
  if (e.has(4))
    read = m.mul(read, e.reshape(e.in(4), full));
  int64_t length = kernel[1] * taps;
  Value result = e.make<nn::MatmulOp>(
      e.reshape(filter, {1, groups, kernel[0] / groups, length}),
      e.reshape(read, {batch, groups, length, rows * columns}));
  result = e.reshape(result, {batch, kernel[0], rows, columns});
  if (e.has(3))
    result = m.add(result, e.reshape(e.in(3), {1, kernel[0], 1, 1}));
  return e.set(0, result);
}

} // namespace

void dlc::importer::addSampling(EmitterTable &table) {
  table["GridSample"] = gridSample;
  table["RoiAlign"] = roiAlign;
  table["MaxRoiPool"] = maxRoiPool;
  table["DeformConv"] = deformConv;
}
