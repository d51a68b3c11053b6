//===- Signal.cpp - Fourier transforms, filter banks ----------------------===//

#include "Fourier.h"

#include "llvm/Support/MathExtras.h"

#include <cmath>
#include <numeric>

using namespace mlir;
using namespace dlc;
using namespace dlc::importer;

namespace {

/// What the attributes of DFT ask for.
struct Transform {
  int64_t length;
  bool inverse, onesided;

  bool toReal() const { return inverse && onesided; }
  /// Extent of the result along the transformed dimension.
  int64_t extent() const {
    return onesided && !inverse ? length / 2 + 1 : length;
  }
  /// Numbers an element of the result.
  int64_t parts() const { return toReal() ? 1 : 2; }

  /// Of so many elements with so many parts.
  Fourier of(int64_t elements, int64_t partsIn) const {
    Fourier result{length,
                   inverse,
                   std::min(elements, toReal() ? length / 2 + 1 : length),
                   extent(),
                   partsIn,
                   parts()};
    if (inverse)
      result.scale = 1 / double(length);
    result.half = toReal();
    return result;
  }
};

/// The transform along `axis`, where the last dimension of `x` holds real (and
/// imaginary) parts; null after an error.
Value transformAlong(NodeEmitter &e, Value x, int64_t axis,
                     const Transform &transform) {
  int64_t rank = shapeOf(x).size();
  // The parts stay behind it.
  LastAxis order(axis, rank - 1);
  order.there.push_back(rank - 1);
  order.back.push_back(rank - 1);
  x = e.transpose(x, order.there);
  Dims shape(shapeOf(x));
  int64_t &extent = shape[rank - 2], &parts = shape[rank - 1];
  int64_t rows = product(ArrayRef<int64_t>(shape).drop_back(2));
  Fourier fourier = transform.of(extent, parts);
  FourierPlan plan = planFourier(fourier, rows);
  if (std::isinf(plan.cost)) {
    (void)e.error("a transform of length " + Twine(transform.length) +
                  " is not supported, since no tables of up to " +
                  Twine(maxTable) + " elements make it up");
    return nullptr;
  }
  if (fourier.given != extent) {
    Dims starts(rank, 0);
    extent = fourier.given;
    x = e.slice(x, starts, shape);
  }
  x = emitFourier(e, e.reshape(x, {rows, extent, parts}), fourier, plan);
  extent = fourier.wanted;
  parts = fourier.partsOut;
  return e.transpose(e.reshape(x, shape), order.back);
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

  int64_t count() const { return (samples - length) / step + 1; }
  /// The size of pieces that frames begin and end between.
  int64_t piece() const { return std::gcd(step, length); }
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
Value convolvedFrames(NodeEmitter &e, const Frames &frames,
                      const Fourier &fourier) {
  Value signal = e.in(0);
  int64_t batch = shapeOf(signal)[0];
  Value filter = fourierFilter(e, fourier, elementOf(signal));
  if (e.has(2)) // as long as the frames, or inference failed
    filter = e.make<nn::MulOp>(filter, e.reshape(e.in(2), {frames.length}));
  Value channelsFirst = e.transpose(
      e.reshape(signal, {batch, frames.samples, frames.parts}), {0, 2, 1});
  Dims none{0, 0}, steps{frames.step}, one{1};
  Value result = e.make<nn::ConvOp>(
      channelsFirst, filter, ArrayRef<int64_t>(steps), ArrayRef<int64_t>(none),
      ArrayRef<int64_t>(one), int64_t(1));
  result = e.transpose(result, {0, 2, 1});
  return e.reshape(
      result, {batch, shapeOf(result)[1], fourier.wanted, fourier.partsOut});
}

/// The same by copies of the frames, made of pieces that several of them have,
/// which are transformed.
Value copiedFrames(NodeEmitter &e, const Frames &frames, const Fourier &fourier,
                   const FourierPlan &plan) {
  Value signal = e.in(0);
  int64_t batch = shapeOf(signal)[0], piece = frames.piece();
  int64_t used = (frames.count() - 1) * frames.step + frames.length;
  Value x = e.reshape(signal, {batch, frames.samples, frames.parts});
  if (used != frames.samples)
    x = e.slice(x, {0, 0, 0}, {batch, used, frames.parts});
  x = e.reshape(x, {batch, used / piece, piece * frames.parts});
  Dims pieces;
  for (int64_t frame = 0; frame < frames.count(); ++frame)
    for (int64_t i = 0; i < frames.length / piece; ++i)
      pieces.push_back(frame * (frames.step / piece) + i);
  x = e.make<nn::GatherOp>(
      x, e.ints(pieces, {frames.count(), frames.length / piece}), int64_t(1));
  x = e.reshape(x, {batch * frames.count(), frames.length, frames.parts});
  if (e.has(2))
    x = e.make<nn::MulOp>(x, e.reshape(e.in(2), {frames.length, 1}));
  x = emitFourier(e, x, fourier, plan);
  return e.reshape(x,
                   {batch, frames.count(), fourier.wanted, fourier.partsOut});
}

LogicalResult stft(NodeEmitter &e) {
  FailureOr<Frames> frames = readFrames(e, shapeOf(e.in(0)));
  if (failed(frames))
    return failure();
  int64_t rows = shapeOf(e.in(0))[0] * frames->count();
  Transform transform{frames->length, false, e.intAttr("onesided", 1) != 0};
  Fourier fourier = transform.of(frames->length, frames->parts);
  FourierPlan plan = planFourier(fourier, rows);
  double numbers = double(rows) * frames->length * frames->parts;
  double copies = costOfMoves(
      2 * numbers * (1 + 16.0 / double(frames->piece() * frames->parts)));
  double products = numbers * fourier.wanted * fourier.partsOut;
  int64_t columns = fourier.wanted * fourier.partsOut;
  bool fits = columns <= maxTable / (frames->length * frames->parts);
  // Where the number of frames is known at run time, the convolution stands
  // for as many as there are.
  bool open = e.isOpen(0);
  if (fits && (open || products <= plan.cost + copies))
    return e.set(0, convolvedFrames(e, *frames, fourier));
  if (open || std::isinf(plan.cost))
    return e.error(
        "a transform of length " + Twine(frames->length) +
        (open ? " of a signal whose size is known at run time" : "") +
        " is not supported, since its table has more than " + Twine(maxTable) +
        " elements");
  return e.set(0, copiedFrames(e, *frames, fourier, plan));
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
