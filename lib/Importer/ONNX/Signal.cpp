//===- Signal.cpp - Fourier transforms, filter banks ----------------------===//

#include "Arithmetic.h"

#include "llvm/Support/MathExtras.h"

#include <cmath>

using namespace mlir;
using namespace dlc;
using namespace dlc::importer;

namespace {

/// A transform is a product with a constant of at most that many elements.
constexpr int64_t maxTable = 1 << 24;

struct Transform {
  int64_t length; ///< of the transform
  bool inverse, onesided;

  bool toReal() const { return inverse && onesided; }
  /// Extent of the result along the transformed dimension.
  int64_t extent() const {
    return onesided && !inverse ? length / 2 + 1 : length;
  }
  /// Numbers an element of the result.
  int64_t parts() const { return toReal() ? 1 : 2; }

  /// What part `from` (0 real, 1 imaginary) of input `n` adds to part `to` of
  /// result `k`.
  double weight(int64_t n, int64_t from, int64_t k, int64_t to) const {
    double angle =
        2 * llvm::numbers::pi * double(n * k % length) / double(length);
    if (!inverse)
      angle = -angle;
    double cosine = std::cos(angle), sine = std::sin(angle);
    double value = from == to ? cosine : from == 0 ? sine : -sine;
    if (!inverse)
      return value;
    // The other half of a one-sided spectrum is the conjugate of the first.
    bool twice = toReal() && n != 0 && 2 * n != length;
    return value * (twice ? 2.0 : 1.0) / double(length);
  }
};

/// Transforms the last but one dimension of `x`, whose last one holds real (and
/// imaginary) parts. Null, with an error, where that is too large.
Value transformed(NodeEmitter &e, Value x, const Transform &transform) {
  ArrayRef<int64_t> shape = shapeOf(x);
  int64_t rank = shape.size(), parts = shape.back();
  int64_t count =
      std::min(shape[rank - 2], transform.toReal() ? transform.length / 2 + 1
                                                   : transform.length);
  int64_t rows = count * parts,
          columns = transform.extent() * transform.parts();
  if (columns == 0 || rows > maxTable / columns) {
    (void)e.error("a transform of length " + Twine(transform.length) +
                  " is not supported");
    return nullptr;
  }
  if (count != shape[rank - 2]) {
    Dims starts(rank, 0), sizes(shape);
    sizes[rank - 2] = count;
    x = e.slice(x, starts, sizes);
  }
  std::vector<double> table;
  table.reserve(rows * columns);
  for (int64_t n = 0; n < count; ++n)
    for (int64_t from = 0; from < parts; ++from)
      for (int64_t k = 0; k < transform.extent(); ++k)
        for (int64_t to = 0; to < transform.parts(); ++to)
          table.push_back(transform.weight(n, from, k, to));
  Dims flat(shape.drop_back(2));
  Dims result = flat;
  int64_t outer = product(flat);
  Value product =
      e.make<nn::MatmulOp>(e.reshape(x, {outer, rows}),
                           e.floats(table, {rows, columns}, elementOf(x)));
  result.push_back(transform.extent());
  result.push_back(transform.parts());
  return e.reshape(product, result);
}

/// The transform along `axis`; null after an error.
Value transformAlong(NodeEmitter &e, Value x, int64_t axis,
                     const Transform &transform) {
  int64_t rank = shapeOf(x).size();
  // The parts stay behind it.
  LastAxis order(axis, rank - 1);
  order.there.push_back(rank - 1);
  order.back.push_back(rank - 1);
  Value result = transformed(e, e.transpose(x, order.there), transform);
  return result ? e.transpose(result, order.back) : nullptr;
}

LogicalResult dft(NodeEmitter &e) {
  Value x = e.in(0);
  ArrayRef<int64_t> shape = shapeOf(x);
  int64_t rank = shape.size();
  if (rank < 2 || shape.back() < 1 || shape.back() > 2)
    return e.error("the last dimension must hold real and imaginary parts");
  bool inverse = e.intAttr("inverse", 0), onesided = e.intAttr("onesided", 0);
  auto length = e.constInts(1);
  if (e.has(1) && (!length || length->size() != 1 || (*length)[0] < 1))
    return e.error("the length of the transform is not known at compile time");
  return e.alongAxis(e.has(2) ? 2 : -1, /*fallback=*/-2, rank,
                     [&](int64_t axis) -> Value {
                       if (axis == rank - 1)
                         return nullptr;
                       e.whole.push_back(axis);
                       Transform transform{shape[axis], inverse, onesided};
                       if (length)
                         transform.length = (*length)[0];
                       else if (transform.toReal())
                         transform.length = 2 * (shape[axis] - 1);
                       Dims result(shape);
                       result[axis] = transform.extent();
                       result.back() = transform.parts();
                       if (transform.length < 1 ||
                           e.outType(0).getShape() != ArrayRef<int64_t>(result))
                         return nullptr;
                       return transformAlong(e, x, axis, transform);
                     });
}

/// How the operands of STFT say what is transformed.
struct Frames {
  int64_t samples, parts, step, length;
};

FailureOr<Frames> readFrames(NodeEmitter &e, ArrayRef<int64_t> shape) {
  auto step = e.constInts(1), given = e.constInts(3);
  if (!step || step->size() != 1 || (*step)[0] < 1)
    return e.error("the step between frames is not known at compile time");
  if (e.has(3) && (!given || given->size() != 1))
    return e.error("the length of the frames is not known at compile time");
  if (shape.size() < 2 || shape.size() > 3)
    return e.error("the signal must be batch x samples x parts");
  if (!given && !e.has(2)) // one frame
    e.whole.push_back(1);
  Frames frames;
  frames.samples = shape[1];
  frames.parts = shape.size() == 3 ? shape[2] : 1;
  frames.step = (*step)[0];
  frames.length = given      ? (*given)[0]
                  : e.has(2) ? shapeOf(e.in(2))[0]
                             : frames.samples;
  if (frames.length < 1 || frames.length > frames.samples || frames.parts < 1 ||
      frames.parts > 2)
    return e.error("frames of " + Twine(frames.length) + " samples do not fit");
  return frames;
}

/// Overlapping frames, each weighted and transformed: a convolution with the
/// weighted transform, whose results are the channels.
LogicalResult stft(NodeEmitter &e) {
  Value signal = e.in(0);
  FailureOr<Frames> frames = readFrames(e, shapeOf(signal));
  if (failed(frames))
    return failure();
  auto [samples, parts, step, length] = *frames;
  int64_t batch = shapeOf(signal)[0];
  Transform transform{length, false, e.intAttr("onesided", 1) != 0};
  int64_t channels = transform.extent() * transform.parts();
  if (channels > maxTable / (length * parts))
    return e.error("a transform of length " + Twine(length) +
                   " is not supported");
  std::vector<double> table;
  table.reserve(channels * parts * length);
  for (int64_t k = 0; k < transform.extent(); ++k)
    for (int64_t to = 0; to < transform.parts(); ++to)
      for (int64_t from = 0; from < parts; ++from)
        for (int64_t n = 0; n < length; ++n)
          table.push_back(transform.weight(n, from, k, to));
  Value filter = e.floats(table, {channels, parts, length}, elementOf(signal));
  if (e.has(2)) // as long as the frames, or inference failed
    filter = e.make<nn::MulOp>(filter, e.reshape(e.in(2), {length}));
  Value channelsFirst =
      e.transpose(e.reshape(signal, {batch, samples, parts}), {0, 2, 1});
  Dims none{0, 0}, steps{step}, one{1};
  Value result = e.make<nn::ConvOp>(
      channelsFirst, filter, ArrayRef<int64_t>(steps), ArrayRef<int64_t>(none),
      ArrayRef<int64_t>(one), int64_t(1));
  result = e.transpose(result, {0, 2, 1});
  return e.set(0, e.reshape(result, {batch, shapeOf(result)[1],
                                     transform.extent(), transform.parts()}));
}

/// Triangular filters spaced evenly on the mel scale.
LogicalResult melWeightMatrix(NodeEmitter &e) {
  double numbers[5];
  for (int i = 0; i < 5; ++i) {
    auto known = e.constFloats(i);
    if (!known || known->size() != 1)
      return e.error("input " + Twine(i) + " is not known at compile time");
    numbers[i] = (*known)[0];
  }
  auto bins = int64_t(numbers[0]), length = int64_t(numbers[1]);
  int64_t rate = int64_t(numbers[2]), spectrum = length / 2 + 1;
  if (bins < 1 || length < 1 || rate < 1 || bins > maxTable / spectrum)
    return e.error("the numbers of bins and samples are out of range");
  auto toMel = [](double hertz) {
    return 2595 * std::log1p(hertz / 700) / std::log(10.0);
  };
  double low = toMel(numbers[3]);
  double step = (toMel(numbers[4]) - low) / double(bins + 2);
  Dims edges;
  for (int64_t i = 0; i < bins + 2; ++i) {
    double hertz =
        700 * std::expm1((double(i) * step + low) / 2595 * std::log(10.0));
    edges.push_back(
        int64_t(std::floor(double(length + 1) * hertz / double(rate))));
    if (edges.back() < 0 || edges.back() >= spectrum)
      return e.error("the frequencies lie outside of the spectrum");
  }
  std::vector<double> table(spectrum * bins, 0);
  for (int64_t i = 0; i < bins; ++i) {
    int64_t left = edges[i], centre = edges[i + 1], right = edges[i + 2];
    if (left == centre)
      table[centre * bins + i] = 1;
    else
      for (int64_t j = left; j <= centre; ++j)
        table[j * bins + i] = double(j - left) / double(centre - left);
    for (int64_t j = centre; j < right; ++j)
      table[j * bins + i] = double(right - j) / double(right - centre);
  }
  return e.set(
      0, e.floats(table, {spectrum, bins}, e.outType(0).getElementType()));
}

} // namespace

void dlc::importer::addSignal(EmitterTable &table) {
  table["DFT"] = dft;
  table["STFT"] = stft;
  table["MelWeightMatrix"] = melWeightMatrix;
}
