//===- Quantization.cpp - Quantised tensors in plain arithmetic -----------===//

#include "Quantization.h"

#include "Arithmetic.h"
#include "Window.h"

#include "dlc/Dialect/NN/IR/ExtentHints.h"

#include <cmath>

using namespace mlir;
using namespace dlc;
using namespace dlc::importer;

namespace {

/// A scale or zero point brought to a shape that broadcasts to `like`: a
/// scalar, one number along an axis, one a block of `block` elements, or a
/// tensor that broadcasts as it is.
FailureOr<Value> spread(NodeEmitter &e, Value parameter, Value like,
                        int64_t axis, int64_t block) {
  ArrayRef<int64_t> shape = shapeOf(like), given = shapeOf(parameter);
  int64_t rank = shape.size();
  if (given.empty() || (given.size() == 1 && given[0] == 1))
    return e.reshape(parameter, {});
  if (failed(e.axis(axis, rank, "axis")))
    return failure();
  if (given.size() == 1 && block == 0) {
    Dims along(rank, 1);
    along[axis] = given[0];
    return e.reshape(parameter, along);
  }
  bool sameRank = int64_t(given.size()) == rank;
  if (sameRank && block == 0 &&
      llvm::all_of(llvm::zip_equal(given, shape), [](auto pair) {
        auto [size, whole] = pair;
        return size == 1 || size == whole;
      }))
    return parameter;
  if (block <= 0 || !sameRank)
    return e.error("scale and zero point do not fit the tensor");
  // repeat each number `block` times along the axis
  Dims pairs(given), repeated(given), whole(given);
  pairs.insert(pairs.begin() + axis + 1, 1);
  repeated.insert(repeated.begin() + axis + 1, block);
  whole[axis] *= block;
  Value full =
      e.reshape(e.broadcast(e.reshape(parameter, pairs), repeated), whole);
  if (whole[axis] == shape[axis])
    return full;
  if (whole[axis] < shape[axis])
    return e.error("there are too few scales for the blocks");
  return e.slice(full, Dims(rank, 0), shape);
}

/// (x - zero) * scale in the scale's type
FailureOr<Value> dequantize(NodeEmitter &e, Value x, Value scale, Value zero,
                            int64_t axis, int64_t block) {
  Type type = elementOf(scale);
  FailureOr<Value> factor = spread(e, scale, x, axis, block);
  if (failed(factor))
    return failure();
  // float32 holds the difference of two 16-bit numbers exactly
  Type wide = elementOf(x).getIntOrFloatBitWidth() > 16
                  ? Type(e.builder.getF64Type())
                  : Type(e.builder.getF32Type());
  Value value = e.cast(x, wide);
  if (zero) {
    FailureOr<Value> shift = spread(e, zero, x, axis, block);
    if (failed(shift))
      return failure();
    value = e.make<nn::SubOp>(value, e.cast(*shift, wide));
  }
  value = e.make<nn::MulOp>(value, e.cast(*factor, wide));
  return e.cast(value, type);
}

/// saturate(round(ratio) + zero); a narrow float rounds when it is made. `zero`
/// may be null, and has to broadcast to `ratio`.
FailureOr<Value> roundAndShift(NodeEmitter &e, Value ratio, Value zero,
                               Type type, bool saturate) {
  auto integer = dyn_cast<IntegerType>(type);
  if (integer && integer.getWidth() > 32)
    return e.error("the result must be an integer of at most 32 bits");
  Type wide = e.builder.getF32Type();
  if (elementOf(ratio).isF64() || (integer && integer.getWidth() > 16))
    wide = e.builder.getF64Type();
  Value value = e.cast(ratio, wide);
  if (integer)
    value = e.make<nn::RoundOp>(value);
  if (zero)
    value = e.make<nn::AddOp>(value, e.cast(zero, wide));
  if (!integer)
    return elementOf(value) == type ? value
                                    : e.make<nn::CastOp>(value, type, saturate);
  bool isUnsigned = integer.isUnsigned();
  double span = std::ldexp(1.0, integer.getWidth());
  double low = isUnsigned ? 0 : -span / 2, high = low + span - 1;
  value = e.make<nn::MaxOp>(value, e.scalar(low, value));
  value = e.make<nn::MinOp>(value, e.scalar(high, value));
  return e.cast(value, type);
}

/// saturate(round(x / scale) + zero), divided in the type `precision`.
FailureOr<Value> quantize(NodeEmitter &e, Value x, Value scale, Value zero,
                          int64_t axis, int64_t block, Type type,
                          Type precision, bool saturate) {
  FailureOr<Value> divisor = spread(e, scale, x, axis, block);
  if (failed(divisor))
    return failure();
  Value ratio =
      e.make<nn::DivOp>(e.cast(x, precision), e.cast(*divisor, precision));
  if (zero) {
    FailureOr<Value> shift = spread(e, zero, x, axis, block);
    if (failed(shift))
      return failure();
    zero = *shift;
  }
  return roundAndShift(e, ratio, zero, type, saturate);
}

LogicalResult dequantizeLinear(NodeEmitter &e) {
  if (!e.intAttr("block_size", 0))
    e.aligned = nn::kAlignedEqual;
  Value zero = e.has(2) ? e.in(2) : Value();
  FailureOr<Value> result =
      dequantize(e, e.in(0), e.in(1), zero, e.intAttr("axis", 1),
                 e.intAttr("block_size", 0));
  if (failed(result))
    return failure();
  return e.set(0, e.cast(*result, e.outType(0).getElementType()));
}

LogicalResult quantizeLinear(NodeEmitter &e) {
  if (!e.intAttr("block_size", 0))
    e.aligned = nn::kAlignedEqual;
  Value zero = e.has(2) ? e.in(2) : Value();
  Type precision = elementOf(e.in(1));
  if (int64_t given = e.intAttr("precision", 0))
    precision = e.elementType(static_cast<int>(given));
  if (!isa_and_present<FloatType>(precision) ||
      precision.getIntOrFloatBitWidth() < 16)
    return e.error("the precision of the division must be that of a float of "
                   "at least 16 bits");
  FailureOr<Value> result =
      quantize(e, e.in(0), e.in(1), zero, e.intAttr("axis", 1),
               e.intAttr("block_size", 0), e.outType(0).getElementType(),
               precision, e.intAttr("saturate", 1) != 0);
  return failed(result) ? failure() : e.set(0, *result);
}

/// y = saturate(round(x / scale) + zero), with scale and zero taken from x.
LogicalResult dynamicQuantizeLinear(NodeEmitter &e) {
  auto result = quantizeDynamically(e, e.in(0), e.outType(0).getElementType());
  if (failed(result))
    return failure();
  (void)e.set(1, result->scale);
  (void)e.set(2, result->zero);
  return e.set(0, result->bytes);
}

/// Operand `index` of a quantised product, its zero point taken off: integers
/// of 32 bits, in which products of bytes add up exactly, or floats for narrow
/// ones.
FailureOr<Value> centred(NodeEmitter &e, int index, int zeroPoint,
                         int64_t axis) {
  bool isInteger = isa<IntegerType>(elementOf(e.in(index)));
  Type wide =
      isInteger ? Type(e.builder.getI32Type()) : Type(e.builder.getF32Type());
  Value x = e.cast(e.in(index), wide);
  if (!e.has(zeroPoint))
    return x;
  FailureOr<Value> zero = spread(e, e.in(zeroPoint), x, axis, 0);
  if (failed(zero))
    return failure();
  return e.make<nn::SubOp>(x, e.cast(*zero, wide));
}

/// The sums of a quantised product in units of the result: both operands'
/// scales, which have to broadcast to it, over the result's.
FailureOr<Value> requantize(NodeEmitter &e, Value sums, Value scaleA,
                            Value scaleB) {
  Type wide = e.builder.getF32Type();
  Value unit = e.make<nn::DivOp>(
      e.make<nn::MulOp>(e.cast(scaleA, wide), e.cast(scaleB, wide)),
      e.cast(e.reshape(e.in(6), {}), wide));
  Value ratio = e.make<nn::MulOp>(e.cast(sums, wide), unit);
  return roundAndShift(e, ratio, e.reshape(e.in(7), {}),
                       e.outType(0).getElementType(), /*saturate=*/true);
}

LogicalResult matMulInteger(NodeEmitter &e) {
  e.aligned = nn::kAlignedBroadcast;
  int64_t rankA = shapeOf(e.in(0)).size(), rankB = shapeOf(e.in(1)).size();
  // one zero point a row of the left operand, or a column of the right one
  FailureOr<Value> a = centred(e, 0, 2, std::max<int64_t>(rankA - 2, 0));
  FailureOr<Value> b = centred(e, 1, 3, std::max<int64_t>(rankB - 1, 0));
  if (failed(a) || failed(b))
    return failure();
  return emitProduct(e, *a, *b);
}

LogicalResult qLinearMatMul(NodeEmitter &e) {
  e.aligned = nn::kAlignedBroadcast;
  int64_t rankA = shapeOf(e.in(0)).size(), rankB = shapeOf(e.in(3)).size();
  if (rankA < 2 || rankB < 2)
    return e.error("the operands must be matrices");
  // one number a row of the left operand, or a column of the right one
  FailureOr<Value> a = centred(e, 0, 2, rankA - 2);
  FailureOr<Value> b = centred(e, 3, 5, rankB - 1);
  FailureOr<Value> scaleA = spread(e, e.in(1), e.in(0), rankA - 2, 0);
  FailureOr<Value> scaleB = spread(e, e.in(4), e.in(3), rankB - 1, 0);
  if (failed(a) || failed(b) || failed(scaleA) || failed(scaleB))
    return failure();
  FailureOr<Value> result =
      requantize(e, e.make<nn::MatmulOp>(*a, *b), *scaleA, *scaleB);
  return failed(result) ? failure() : e.set(0, *result);
}

FailureOr<Value> convolve(NodeEmitter &e, Value x, Value w) {
  ArrayRef<int64_t> filter = shapeOf(w);
  if (filter.size() < 3)
    return e.error("the weights need at least 3 dimensions");
  FailureOr<Window> window = readWindow(e, shapeOf(x), filter.drop_front(2));
  if (failed(window))
    return failure();
  return e.make<nn::ConvOp>(x, w, ArrayRef<int64_t>(window->strides),
                            ArrayRef<int64_t>(window->pads()),
                            ArrayRef<int64_t>(window->dilations),
                            e.intAttr("group", 1));
}

LogicalResult qLinearConv(NodeEmitter &e) {
  FailureOr<Value> x = centred(e, 0, 2, 0), w = centred(e, 3, 5, 0);
  if (failed(x) || failed(w))
    return failure();
  FailureOr<Value> result = convolve(e, *x, *w);
  if (failed(result))
    return failure();
  Value sums = *result;
  Dims byChannel(shapeOf(sums).size() - 1, 1);
  byChannel[0] = shapeOf(sums)[1];
  // the bias counts in units of both scales
  if (e.has(8))
    sums = e.make<nn::AddOp>(
        sums, e.cast(e.reshape(e.in(8), byChannel), elementOf(sums)));
  Value scaleW = e.in(4);
  if (typeOf(scaleW).getNumElements() == 1)
    byChannel.clear();
  result =
      requantize(e, sums, e.reshape(e.in(1), {}), e.reshape(scaleW, byChannel));
  return failed(result) ? failure() : e.set(0, *result);
}

LogicalResult convInteger(NodeEmitter &e) {
  FailureOr<Value> x = centred(e, 0, 2, 0), w = centred(e, 1, 3, 0);
  if (failed(x) || failed(w))
    return failure();
  FailureOr<Value> result = convolve(e, *x, *w);
  return failed(result) ? failure() : e.set(0, *result);
}

} // namespace

std::optional<Dequantized> Dequantized::match(Value numbers) {
  auto mul = numbers.getDefiningOp<nn::MulOp>();
  if (!mul)
    return std::nullopt;
  Dequantized result;
  result.scale = mul.getRhs();
  Value steps = mul.getLhs();
  if (auto sub = steps.getDefiningOp<nn::SubOp>()) {
    auto cast = sub.getRhs().getDefiningOp<nn::CastOp>();
    result.zero = cast ? cast.getX() : sub.getRhs();
    steps = sub.getLhs();
  }
  auto cast = steps.getDefiningOp<nn::CastOp>();
  if (!cast || shapeOf(cast) != shapeOf(numbers) ||
      !isa<IntegerType>(elementOf(cast.getX())) ||
      elementOf(cast) != elementOf(result.scale))
    return std::nullopt;
  result.bytes = cast.getX();
  return result;
}

Value Dequantized::emit(NodeEmitter &e) const {
  Type type = elementOf(scale);
  Value numbers = e.cast(bytes, type);
  if (zero)
    numbers = e.make<nn::SubOp>(numbers, e.cast(zero, type));
  return e.make<nn::MulOp>(numbers, scale);
}

FailureOr<Dequantized> dlc::importer::quantizeDynamically(NodeEmitter &e,
                                                          Value x, Type type) {
  Dims axes;
  for (int64_t i = 0, rank = shapeOf(x).size(); i < rank; ++i)
    axes.push_back(i);
  auto extreme = [&](nn::ReduceKind kind) {
    return axes.empty()
               ? x
               : e.make<nn::ReduceOp>(kind, x, ArrayRef<int64_t>(axes), false);
  };
  Value zero = e.scalar(0, x), steps = e.scalar(255, x);
  Value high = e.make<nn::MaxOp>(extreme(nn::ReduceKind::Max), zero);
  Value low = e.make<nn::MinOp>(extreme(nn::ReduceKind::Min), zero);
  Value scale = e.make<nn::DivOp>(e.make<nn::SubOp>(high, low), steps);
  // Of nothing but zeros any scale will do.
  Value isFlat = e.make<nn::CompareOp>(nn::ComparePredicate::EQ, high, low);
  scale = e.make<nn::SelectOp>(isFlat, e.scalar(1, scale), scale);
  Value point =
      e.make<nn::RoundOp>(e.make<nn::NegOp>(e.make<nn::DivOp>(low, scale)));
  point = e.make<nn::MinOp>(e.make<nn::MaxOp>(point, zero), steps);
  point = e.cast(point, type);
  FailureOr<Value> bytes = quantize(e, x, scale, point, 0, 0, type,
                                    elementOf(scale), /*saturate=*/true);
  if (failed(bytes))
    return failure();
  return Dequantized{*bytes, point, scale};
}

void dlc::importer::addQuantization(EmitterTable &table) {
  table["DequantizeLinear"] = dequantizeLinear;
  table["QuantizeLinear"] = quantizeLinear;
  table["DynamicQuantizeLinear"] = dynamicQuantizeLinear;
  table["QLinearMatMul"] = qLinearMatMul;
  table["QLinearConv"] = qLinearConv;
  table["MatMulInteger"] = matMulInteger;
  table["ConvInteger"] = convInteger;
}
