//===- Quantization.cpp - Quantised tensors in plain arithmetic -----------===//

#include "Emitter.h"

#include "Window.h"

#include <cmath>

using namespace mlir;
using namespace dlc;
using namespace dlc::importer;

namespace {

/// A scale or zero point brought to a shape that broadcasts to `like`: a
/// scalar, one number along an axis, or one a block of `block` elements.
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
  if (block <= 0 || int64_t(given.size()) != rank)
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

/// saturate(round(x / scale) + zero)
FailureOr<Value> quantize(NodeEmitter &e, Value x, Value scale, Value zero,
                          int64_t axis, int64_t block, Type type) {
  auto integer = dyn_cast<IntegerType>(type);
  if (!integer || integer.getWidth() > 32)
    return e.error("the result must be an integer of at most 32 bits");
  FailureOr<Value> divisor = spread(e, scale, x, axis, block);
  if (failed(divisor))
    return failure();
  Type wide = e.builder.getF32Type();
  if (elementOf(x).isF64() || integer.getWidth() > 16)
    wide = e.builder.getF64Type();
  Value value = e.make<nn::RoundOp>(
      e.make<nn::DivOp>(e.cast(x, wide), e.cast(*divisor, wide)));
  if (zero) {
    FailureOr<Value> shift = spread(e, zero, x, axis, block);
    if (failed(shift))
      return failure();
    value = e.make<nn::AddOp>(value, e.cast(*shift, wide));
  }
  bool isUnsigned = integer.isUnsigned();
  double span = std::ldexp(1.0, integer.getWidth());
  double low = isUnsigned ? 0 : -span / 2, high = low + span - 1;
  value = e.make<nn::MaxOp>(value, e.scalar(low, value));
  value = e.make<nn::MinOp>(value, e.scalar(high, value));
  return e.cast(value, type);
}

LogicalResult dequantizeLinear(NodeEmitter &e) {
  Value zero = e.has(2) ? e.in(2) : Value();
  FailureOr<Value> result =
      dequantize(e, e.in(0), e.in(1), zero, e.intAttr("axis", 1),
                 e.intAttr("block_size", 0));
  if (failed(result))
    return failure();
  return e.set(0, e.cast(*result, e.outType(0).getElementType()));
}

LogicalResult quantizeLinear(NodeEmitter &e) {
  Value zero = e.has(2) ? e.in(2) : Value();
  FailureOr<Value> result =
      quantize(e, e.in(0), e.in(1), zero, e.intAttr("axis", 1),
               e.intAttr("block_size", 0), e.outType(0).getElementType());
  return failed(result) ? failure() : e.set(0, *result);
}

/// y = saturate(round(x / scale) + zero), with scale and zero taken from x.
LogicalResult dynamicQuantizeLinear(NodeEmitter &e) {
  Value x = e.in(0);
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
  Value point =
      e.make<nn::RoundOp>(e.make<nn::NegOp>(e.make<nn::DivOp>(low, scale)));
  point = e.make<nn::MinOp>(e.make<nn::MaxOp>(point, zero), steps);
  Type type = e.outType(0).getElementType();
  Value pointByte = e.cast(point, type);
  FailureOr<Value> result = quantize(e, x, scale, pointByte, 0, 0, type);
  if (failed(result))
    return failure();
  (void)e.set(1, scale);
  (void)e.set(2, pointByte);
  return e.set(0, *result);
}

/// Operand `index` of a quantised op with its scale and zero point behind it.
FailureOr<Value> real(NodeEmitter &e, int index, int64_t axis) {
  return dequantize(e, e.in(index), e.in(index + 1), e.in(index + 2), axis, 0);
}

LogicalResult qLinearMatMul(NodeEmitter &e) {
  int64_t rank = shapeOf(e.in(0)).size();
  FailureOr<Value> a = real(e, 0, std::max<int64_t>(rank - 2, 0));
  FailureOr<Value> b =
      real(e, 3, std::max<int64_t>(shapeOf(e.in(3)).size(), 1) - 1);
  if (failed(a) || failed(b))
    return failure();
  if (shapeOf(*a).size() < 2 || shapeOf(*b).size() < 2)
    return e.error("the operands must be matrices");
  Value product = e.make<nn::MatmulOp>(*a, *b);
  FailureOr<Value> result = quantize(e, product, e.in(6), e.in(7), 0, 0,
                                     e.outType(0).getElementType());
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
  FailureOr<Value> x = real(e, 0, 0), w = real(e, 3, 0);
  if (failed(x) || failed(w))
    return failure();
  FailureOr<Value> result = convolve(e, *x, *w);
  if (failed(result))
    return failure();
  Value sum = *result;
  if (e.has(8)) {
    // the bias counts in units of both scales
    Value unit = e.make<nn::MulOp>(e.reshape(e.in(1), {}), e.in(4));
    Value bias = e.make<nn::MulOp>(e.cast(e.in(8), elementOf(sum)), unit);
    Dims shape(shapeOf(sum).size() - 1, 1);
    shape[0] = shapeOf(bias)[0];
    sum = e.make<nn::AddOp>(sum, e.reshape(bias, shape));
  }
  result =
      quantize(e, sum, e.in(6), e.in(7), 0, 0, e.outType(0).getElementType());
  return failed(result) ? failure() : e.set(0, *result);
}

/// Exact in float64: sums of products of bytes stay below 2^53.
LogicalResult convInteger(NodeEmitter &e) {
  Type wide = e.builder.getF64Type();
  Value x = e.cast(e.in(0), wide), w = e.cast(e.in(1), wide);
  if (e.has(2))
    x = e.make<nn::SubOp>(x, e.reshape(e.cast(e.in(2), wide), {}));
  if (e.has(3)) {
    FailureOr<Value> zero = spread(e, e.cast(e.in(3), wide), w, 0, 0);
    if (failed(zero))
      return failure();
    w = e.make<nn::SubOp>(w, *zero);
  }
  FailureOr<Value> result = convolve(e, x, w);
  if (failed(result))
    return failure();
  return e.set(0, e.cast(*result, e.outType(0).getElementType()));
}

} // namespace

void dlc::importer::addQuantization(EmitterTable &table) {
  table["DequantizeLinear"] = dequantizeLinear;
  table["QuantizeLinear"] = quantizeLinear;
  table["DynamicQuantizeLinear"] = dynamicQuantizeLinear;
  table["QLinearMatMul"] = qLinearMatMul;
  table["QLinearConv"] = qLinearConv;
  table["ConvInteger"] = convInteger;
}
