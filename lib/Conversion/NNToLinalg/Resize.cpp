//===- Resize.cpp - Resampling --------------------------------------------===//
//
// Interpolation is separable: each dimension is resampled on its own by a
// table, made here, of source positions and weights for each position of the
// result.
//
//===----------------------------------------------------------------------===//

#include "Lowering.h"
#include "dlc/Dialect/NN/IR/ResizeTie.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

#include <cmath>

using namespace mlir;
using namespace dlc;
using namespace dlc::conversion;

namespace {
/// What the positions of one dimension of the result are made from:
/// positions[tap][i] and, where there is more than one tap, weights[tap][i].
struct Taps {
  SmallVector<SmallVector<int64_t>> positions;
  SmallVector<SmallVector<double>> weights;
};
} // namespace

/// The input coordinate of position `i`, in single precision as other
/// implementations compute it (nearest neighbours depend on the rounding).
static float inputCoordinate(nn::ResizeCoordinate mode, int64_t i, float scale,
                             int64_t inputSize, int64_t resultSize) {
  switch (mode) {
  case nn::ResizeCoordinate::HalfPixel:
    return (i + 0.5f) / scale - 0.5f;
  case nn::ResizeCoordinate::HalfPixelSymmetric: {
    float adjustment = resultSize / (scale * inputSize);
    float offset = inputSize / 2.0f * (1.0f - adjustment);
    return offset + (i + 0.5f) / scale - 0.5f;
  }
  case nn::ResizeCoordinate::PytorchHalfPixel:
    return resultSize > 1 ? (i + 0.5f) / scale - 0.5f : 0.0f;
  case nn::ResizeCoordinate::AlignCorners:
    return resultSize > 1
               ? (float)i * (float)(inputSize - 1) / (float)(resultSize - 1)
               : 0.0f;
  case nn::ResizeCoordinate::Asymmetric:
    return i / scale;
  }
  llvm_unreachable("all modes are listed");
}

static float roundCoordinate(nn::ResizeNearest mode, float x) {
  float below = std::floor(x), part = x - below;
  switch (mode) {
  case nn::ResizeNearest::RoundPreferFloor:
    return part > 0.5f + nn::kResizeTie ? below + 1 : below;
  case nn::ResizeNearest::RoundPreferCeil:
    return part >= 0.5f - nn::kResizeTie ? below + 1 : below;
  case nn::ResizeNearest::Floor:
    return std::floor(x);
  case nn::ResizeNearest::Ceil:
    return std::ceil(x);
  }
  llvm_unreachable("all modes are listed");
}

static Taps makeTaps(nn::ResizeOp op, int64_t dim) {
  int64_t inputSize = op.getX().getType().getDimSize(dim);
  int64_t resultSize = op.getType().getDimSize(dim);
  nn::ResizeMode mode = op.getMode();
  size_t count = mode == nn::ResizeMode::Nearest  ? 1
                 : mode == nn::ResizeMode::Linear ? 2
                                                  : 4;
  Taps taps;
  taps.positions.resize(count);
  taps.weights.resize(count);
  for (int64_t i = 0; i < resultSize; ++i) {
    float x = inputCoordinate(op.getCoordinate(), i, op.getScales()[dim],
                              inputSize, resultSize);
    if (mode == nn::ResizeMode::Nearest) {
      auto position = (int64_t)roundCoordinate(op.getNearestMode(), x);
      taps.positions[0].push_back(
          std::clamp<int64_t>(position, 0, inputSize - 1));
      continue;
    }
    if (mode == nn::ResizeMode::Linear)
      x = std::clamp(x, 0.0f, (float)(inputSize - 1));
    auto below = (int64_t)std::floor(x);
    double t = x - below;
    SmallVector<double> weights{1.0 - t, t};
    if (mode == nn::ResizeMode::Cubic) {
      double a = op.getCubicCoeff();
      auto outer = [&](double d) {
        return ((a * d - 5 * a) * d + 8 * a) * d - 4 * a;
      };
      auto inner = [&](double d) {
        return ((a + 2) * d - (a + 3)) * d * d + 1;
      };
      weights = {outer(t + 1), inner(t), inner(1 - t), outer(2 - t)};
    }
    int64_t first = mode == nn::ResizeMode::Cubic ? below - 1 : below;
    if (op.getExcludeOutside()) {
      double sum = 0.0;
      for (auto [tap, weight] : llvm::enumerate(weights)) {
        int64_t position = first + tap;
        if (position < 0 || position >= inputSize)
          weight = 0.0;
        sum += weight;
      }
      for (double &weight : weights)
        weight /= sum;
    }
    for (auto [tap, weight] : llvm::enumerate(weights)) {
      taps.positions[tap].push_back(
          std::clamp<int64_t>(first + tap, 0, inputSize - 1));
      taps.weights[tap].push_back(weight);
    }
  }
  return taps;
}

/// Taking the elements start + step * i is a slice.
static Value sliceDim(LocBuilder &b, Value x, int64_t dim,
                      ArrayRef<int64_t> positions) {
  int64_t step = positions.size() > 1 ? positions[1] - positions[0] : 1;
  if (step <= 0)
    return nullptr;
  for (auto [i, position] : llvm::enumerate(positions))
    if (position != positions[0] + (int64_t)i * step)
      return nullptr;
  SmallVector<int64_t> offsets(shapeOf(x).size()), sizes(shapeOf(x));
  SmallVector<int64_t> steps(shapeOf(x).size(), 1);
  offsets[dim] = positions[0];
  sizes[dim] = positions.size();
  steps[dim] = step;
  return sliceTensor(b, x, offsets, sizes, steps);
}

/// How often each element is repeated, 0 where that is not the same for all.
static int64_t repetition(int64_t size, ArrayRef<int64_t> positions) {
  int64_t times = positions.size() / size;
  if (times * size != (int64_t)positions.size())
    return 0;
  for (auto [i, position] : llvm::enumerate(positions))
    if (position != (int64_t)i / times)
      return 0;
  return times;
}

/// Repeats elements of several dimensions at once: a broadcast and a reshape.
static Value repeatDims(LocBuilder &b, Value x, ArrayRef<int64_t> times) {
  if (llvm::all_of(times, [](int64_t t) { return t == 1; }))
    return x;
  SmallVector<int64_t> shape, merged;
  SmallVector<AffineExpr> exprs;
  for (auto [size, repeat] : llvm::zip_equal(shapeOf(x), times)) {
    exprs.push_back(b.getAffineDimExpr(shape.size()));
    shape.push_back(size);
    if (repeat > 1)
      shape.push_back(repeat);
    merged.push_back(size * repeat);
  }
  auto type = RankedTensorType::get(shape, typeOf(x).getElementType());
  Value repeated = mapTensors(
      b, type, {{x, AffineMap::get(shape.size(), 0, exprs, b.getContext())}},
      [](LocBuilder &, ValueRange args) { return args[0]; });
  return reshapeTensor(b, repeated, merged);
}

/// Resamples one dimension by its table.
static Value resampleDim(LocBuilder &b, Value x, int64_t dim, const Taps &taps,
                         Type nnElement) {
  SmallVector<int64_t> shape(shapeOf(x));
  int64_t size = taps.positions[0].size();
  shape[dim] = size;
  Type computed = computedType(nnElement);
  AffineMap map = AffineMap::get(shape.size(), 0, b.getAffineDimExpr(dim));
  size_t count = taps.positions.size();
  SmallVector<Access> accesses;
  for (size_t tap = 0; tap < count; ++tap)
    accesses.push_back({constantTensor(b, {size}, taps.positions[tap]), map});
  for (size_t tap = 0; count > 1 && tap < count; ++tap)
    accesses.push_back(
        {constantTensor(b, {size}, computed, taps.weights[tap]), map});
  auto type = RankedTensorType::get(shape, storedType(nnElement));
  return mapTensors(b, type, accesses, [&](LocBuilder &b, ValueRange args) {
    SmallVector<Value> position;
    for (size_t i = 0; i < shape.size(); ++i)
      position.push_back(linalg::IndexOp::create(b, i));
    Value sum;
    for (size_t tap = 0; tap < count; ++tap) {
      position[dim] =
          arith::IndexCastOp::create(b, b.getIndexType(), args[tap]);
      Value element = tensor::ExtractOp::create(b, x, position);
      if (count == 1)
        return element;
      element = load(b, element, nnElement);
      Value weight = args[count + tap];
      sum = sum ? multiplyAccumulate(b, sum, element, weight)
                : arith::MulFOp::create(b, element, weight).getResult();
    }
    return store(b, sum, nnElement);
  });
}

namespace {
struct ResizeLowering : Lowering<nn::ResizeOp> {
  using Lowering::Lowering;

  Value lower(nn::ResizeOp op, Adaptor adaptor, LocBuilder &b) const override {
    auto result = cast<RankedTensorType>(op.getType());
    Type nnElement = result.getElementType();
    Value x = adaptor.getX();

    // Shrinking dimensions come first, so that the others have less to do.
    SmallVector<int64_t> dims =
        llvm::to_vector(llvm::seq<int64_t>(0, result.getRank()));
    ArrayRef<int64_t> before = shapeOf(x), after = result.getShape();
    llvm::sort(dims, [&](int64_t left, int64_t right) {
      return std::make_pair(after[left] * before[right], left) <
             std::make_pair(after[right] * before[left], right);
    });
    SmallVector<int64_t> times(result.getRank(), 1);
    for (int64_t dim : dims) {
      if (op.getScales()[dim] == 1.0 && before[dim] == after[dim])
        continue;
      Taps taps = makeTaps(op, dim);
      if (taps.positions.size() == 1) {
        if (int64_t repeat = repetition(before[dim], taps.positions[0])) {
          times[dim] = repeat;
          continue;
        }
        if (Value slice = sliceDim(b, x, dim, taps.positions[0])) {
          x = slice;
          continue;
        }
      }
      x = resampleDim(b, x, dim, taps, nnElement);
    }
    return repeatDims(b, x, times);
  }
};
} // namespace

void dlc::conversion::populateResize(TypeConverter &converter,
                                     RewritePatternSet &patterns) {
  patterns.add<ResizeLowering>(converter, patterns.getContext());
}
