//===- Pooling.cpp - Pooling and local response normalisation -------------===//

#include "Lowering.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;
using namespace dlc;
using namespace dlc::conversion;

namespace {
/// The windows of a pooling op.
struct Windows {
  SmallVector<int64_t> kernel, strides, pads, dilations;
  bool channelsLast;

  template <typename OpT>
  explicit Windows(OpT op)
      : kernel(op.getKernel()), strides(op.getStrides()), pads(op.getPads()),
        dilations(op.getDilations()), channelsLast(op.getChannelsLast()) {}

  int64_t rank() const { return kernel.size(); }
  int64_t spatialDim(int64_t i) const { return channelsLast ? i + 1 : i + 2; }
};
} // namespace

/// Combines each window of `input` (padded with `neutral`) by `body`. Loops are
/// the result's dimensions, then the kernel's.
static Value reduceWindows(LocBuilder &b, const Windows &windows, Value input,
                           ArrayRef<int64_t> shape, Value padding,
                           Value neutral, Body body) {
  MLIRContext *context = b.getContext();
  int64_t rank = shape.size(), numLoops = rank + windows.rank();
  SmallVector<int64_t> lo(rank), hi(rank);
  SmallVector<AffineExpr> exprs, outputs, kernel;
  for (int64_t dim = 0; dim < rank; ++dim)
    outputs.push_back(getAffineDimExpr(dim, context));
  exprs = outputs;
  for (int64_t i = 0; i < windows.rank(); ++i) {
    int64_t dim = windows.spatialDim(i);
    kernel.push_back(getAffineDimExpr(rank + i, context));
    exprs[dim] =
        exprs[dim] * windows.strides[i] + kernel.back() * windows.dilations[i];
    int64_t needed = (shape[dim] - 1) * windows.strides[i] +
                     (windows.kernel[i] - 1) * windows.dilations[i] + 1;
    lo[dim] = windows.pads[i];
    hi[dim] = needed - lo[dim] - shapeOf(input)[dim];
    // What no window reaches may stay, but beside a single window, which
    // becomes the whole dimension once its loop of one iteration is dropped.
    if (shape[dim] != 1)
      hi[dim] = std::max<int64_t>(0, hi[dim]);
  }
  Value padded = padTensor(b, input, lo, hi, padding);
  auto mapOf = [&](ArrayRef<AffineExpr> exprs) {
    return AffineMap::get(numLoops, 0, exprs, context);
  };
  // gives the kernel's loops their sizes; its elements are never read
  Value window = emptyTensor(b, windows.kernel, typeOf(input).getElementType());
  return reduceTensors(b, RankedTensorType::get(shape, neutral.getType()),
                       mapOf(outputs), neutral,
                       {{padded, mapOf(exprs)}, {window, mapOf(kernel)}},
                       [&](LocBuilder &b, ValueRange args) {
                         return body(b, {args[0], args[2]});
                       });
}

namespace {
struct MaxPoolLowering : Lowering<nn::MaxPoolOp> {
  using Lowering::Lowering;

  Value lower(nn::MaxPoolOp op, Adaptor adaptor, LocBuilder &b) const override {
    auto result = cast<RankedTensorType>(op.getType());
    Type nnElement = result.getElementType();
    auto limit = [&](Type type) {
      return limitConstant(b, type, isUnsigned(nnElement), /*lowest=*/true);
    };
    // Elements are compared as they are stored, but for 16-bit floats, which
    // CPUs would widen for each comparison, and round the result.
    bool isHalf = nnElement.isF16() || nnElement.isBF16();
    Value padding = limit(storedType(nnElement));
    Value largest = reduceWindows(
        b, Windows(op), adaptor.getInput(), result.getShape(), padding,
        isHalf ? limit(computedType(nnElement)) : padding,
        [&](LocBuilder &b, ValueRange args) {
          Value element = isHalf ? load(b, args[0], nnElement) : args[0];
          return maximum(b, args[1], element, isUnsigned(nnElement));
        });
    if (!isHalf)
      return largest;
    return mapTensors(b, storedType(result),
                      {{largest, b.getMultiDimIdentityMap(result.getRank())}},
                      [&](LocBuilder &b, ValueRange args) {
                        return store(b, args[0], nnElement);
                      });
  }
};

struct AvgPoolLowering : Lowering<nn::AvgPoolOp> {
  using Lowering::Lowering;

  /// For each position of the result along spatial dimension `i`, how many
  /// elements of its window are within the input.
  static SmallVector<int64_t> countInside(const Windows &windows, int64_t i,
                                          int64_t inputSize,
                                          int64_t resultSize) {
    SmallVector<int64_t> counts(resultSize);
    for (int64_t position = 0; position < resultSize; ++position)
      for (int64_t k = 0; k < windows.kernel[i]; ++k) {
        int64_t at = position * windows.strides[i] + k * windows.dilations[i] -
                     windows.pads[i];
        counts[position] += at >= 0 && at < inputSize;
      }
    return counts;
  }

  Value lower(nn::AvgPoolOp op, Adaptor adaptor, LocBuilder &b) const override {
    auto result = cast<RankedTensorType>(op.getType());
    ArrayRef<int64_t> shape = result.getShape();
    Type nnElement = result.getElementType();
    Type computed = computedType(nnElement);
    Windows windows(op);
    Value input = adaptor.getInput();
    Value zero = zeroConstant(b, computed);
    Value sum = reduceWindows(
        b, windows, input, shape, zeroConstant(b, storedType(nnElement)), zero,
        [&](LocBuilder &b, ValueRange args) {
          return accumulate(b, args[1], load(b, args[0], nnElement));
        });

    // Windows that reach into the padding count less; the count of a window is
    // the product of the counts along each dimension.
    double factor = 1.0;
    SmallVector<Access> accesses{
        {sum, b.getMultiDimIdentityMap(result.getRank())}};
    for (int64_t i = 0; i < windows.rank(); ++i) {
      int64_t dim = windows.spatialDim(i);
      SmallVector<int64_t> counts =
          op.getCountIncludePad()
              ? SmallVector<int64_t>(shape[dim], windows.kernel[i])
              : countInside(windows, i, shapeOf(input)[dim], shape[dim]);
      if (llvm::all_equal(counts)) {
        factor /= counts[0];
        continue;
      }
      SmallVector<double> inverses;
      for (int64_t count : counts)
        inverses.push_back(1.0 / count);
      accesses.push_back(
          {constantTensor(b, {shape[dim]}, computed, inverses),
           AffineMap::get(result.getRank(), 0, b.getAffineDimExpr(dim))});
    }
    return mapTensors(
        b, storedType(result), accesses, [&](LocBuilder &b, ValueRange args) {
          Value scale = floatConstant(b, computed, factor);
          for (Value inverse : args.drop_front())
            scale = arith::MulFOp::create(b, scale, inverse);
          return store(b, arith::MulFOp::create(b, args[0], scale), nnElement);
        });
  }
};

struct LrnLowering : Lowering<nn::LrnOp> {
  using Lowering::Lowering;

  Value lower(nn::LrnOp op, Adaptor adaptor, LocBuilder &b) const override {
    auto result = cast<RankedTensorType>(op.getType());
    Type nnElement = result.getElementType();
    Type computed = computedType(nnElement);
    MLIRContext *context = b.getContext();
    int64_t rank = result.getRank();
    int64_t channel = op.getChannelsLast() ? rank - 1 : 1;
    int64_t size = op.getSize();
    Value x = adaptor.getX();

    SmallVector<int64_t> lo(rank), hi(rank);
    lo[channel] = (size - 1) / 2;
    hi[channel] = size - 1 - lo[channel];
    Value padded =
        padTensor(b, x, lo, hi, zeroConstant(b, storedType(nnElement)));
    SmallVector<AffineExpr> outputs, reads;
    for (int64_t dim = 0; dim < rank; ++dim)
      outputs.push_back(getAffineDimExpr(dim, context));
    reads = outputs;
    AffineExpr window = getAffineDimExpr(rank, context);
    reads[channel] = reads[channel] + window;
    auto mapOf = [&](ArrayRef<AffineExpr> exprs) {
      return AffineMap::get(rank + 1, 0, exprs, context);
    };
    Value sum =
        reduceTensors(b, RankedTensorType::get(result.getShape(), computed),
                      mapOf(outputs), zeroConstant(b, computed),
                      {{padded, mapOf(reads)},
                       {emptyTensor(b, {size}, computed), mapOf(window)}},
                      [&](LocBuilder &b, ValueRange args) {
                        Value value = load(b, args[0], nnElement);
                        return multiplyAccumulate(b, args[2], value, value);
                      });

    double beta = op.getBeta();
    AffineMap identity = b.getMultiDimIdentityMap(rank);
    return mapTensors(
        b, storedType(result), {{x, identity}, {sum, identity}},
        [&](LocBuilder &b, ValueRange args) {
          Value value = load(b, args[0], nnElement);
          Value scaled = arith::MulFOp::create(
              b, args[1], floatConstant(b, computed, op.getAlpha() / size));
          Value base = arith::AddFOp::create(
              b, scaled, floatConstant(b, computed, op.getBias()));
          Value divisor;
          if (beta == 0.75) {
            // the usual exponent: a power without a logarithm
            Value root = math::SqrtOp::create(b, base);
            divisor =
                arith::MulFOp::create(b, root, math::SqrtOp::create(b, root));
          } else if (beta == 0.5) {
            divisor = math::SqrtOp::create(b, base);
          } else if (beta == 1.0) {
            divisor = base;
          } else {
            divisor =
                math::PowFOp::create(b, base, floatConstant(b, computed, beta));
          }
          return store(b, arith::DivFOp::create(b, value, divisor), nnElement);
        });
  }
};
} // namespace

void dlc::conversion::populatePooling(TypeConverter &converter,
                                      RewritePatternSet &patterns) {
  patterns.add<MaxPoolLowering, AvgPoolLowering, LrnLowering>(
      converter, patterns.getContext());
}
