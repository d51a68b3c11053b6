//===- Normalizations.cpp - Batch, layer, instance, group, LRN ------------===//

#include "Arithmetic.h"

using namespace mlir;
using namespace dlc;
using namespace dlc::importer;

namespace {

/// By the statistics of the batch, which also move the running ones.
LogicalResult batchNormOfBatch(NodeEmitter &e) {
  Arithmetic m(e);
  Value x = e.in(0);
  ArrayRef<int64_t> shape = shapeOf(x);
  if (shape.size() < 2)
    return e.error("the input needs a channel dimension");
  Dims axes, channels(shape.size(), 1);
  for (size_t d = 0; d < shape.size(); ++d)
    if (d != 1)
      axes.push_back(d);
  channels[1] = shape[1];
  Type wide = elementOf(e.in(3));
  if (wide.getIntOrFloatBitWidth() < 32)
    wide = e.builder.getF32Type();
  Value in = e.cast(x, wide);
  Value mean = m.reduce(nn::ReduceKind::Mean, in, axes);
  Value centred = m.sub(in, e.reshape(mean, channels));
  Value variance =
      m.reduce(nn::ReduceKind::Mean, m.mul(centred, centred), axes);
  Value factor =
      e.make<nn::RsqrtOp>(m.add(variance, e.floatAttr("epsilon", 1e-5)));
  auto perChannel = [&](Value v) {
    return e.reshape(e.cast(v, wide), channels);
  };
  Value y =
      m.add(m.mul(m.mul(centred, perChannel(factor)), perChannel(e.in(1))),
            perChannel(e.in(2)));
  double momentum = e.floatAttr("momentum", 0.9);
  auto move = [&](int output, int running, Value now) {
    if (!e.wants(output))
      return;
    Value moved = m.add(m.mul(e.cast(e.in(running), wide), momentum),
                        m.mul(now, 1 - momentum));
    (void)e.set(output, e.cast(moved, e.outType(output).getElementType()));
  };
  move(1, 3, mean);
  move(2, 4, variance);
  return e.set(0, e.cast(y, elementOf(x)));
}

LogicalResult batchNorm(NodeEmitter &e) {
  if (e.intAttr("training_mode", 0))
    return batchNormOfBatch(e);
  if (e.wants(1) || e.wants(2))
    return e.error("the running statistics are results in training mode only");
  Value x = e.in(0);
  Type type = elementOf(x);
  SmallVector<Value> parts;
  for (int i = 1; i < 5; ++i)
    parts.push_back(e.cast(e.in(i), type));
  // rank 1 is a batch of one channel
  ArrayRef<int64_t> shape = shapeOf(x);
  if (shape.size() == 1)
    x = e.reshape(x, {shape[0], 1});
  Value result = e.make<nn::BatchNormOp>(
      x, parts[0], parts[1], parts[2], parts[3], e.floatAttr("epsilon", 1e-5));
  return e.set(0, e.reshape(result, shape));
}

LogicalResult layerNorm(NodeEmitter &e) {
  Value x = e.in(0);
  int64_t rank = shapeOf(x).size(), axis = e.intAttr("axis", -1);
  if (failed(e.axis(axis, rank, "axis")))
    return failure();
  double epsilon = e.floatAttr("epsilon", 1e-5);
  Type type = elementOf(x);
  Value scale = e.cast(e.in(1), type);
  Value bias = e.has(2) ? e.cast(e.in(2), type) : Value();
  if (e.wants(1) || e.wants(2)) {
    Dims axes;
    for (int64_t i = axis; i < rank; ++i)
      axes.push_back(i);
    Type wide = e.outType(e.wants(1) ? 1 : 2).getElementType();
    Value in = e.cast(x, wide);
    ArrayRef<int64_t> over(axes);
    Value mean = e.make<nn::ReduceOp>(nn::ReduceKind::Mean, in, over, true);
    Value centred = e.make<nn::SubOp>(in, mean);
    Value variance = e.make<nn::ReduceOp>(
        nn::ReduceKind::Mean, e.make<nn::MulOp>(centred, centred), over, true);
    (void)e.set(1, mean);
    (void)e.set(2, e.make<nn::RsqrtOp>(e.make<nn::AddOp>(
                       variance, e.scalar(epsilon, variance))));
  }
  return e.set(0, e.make<nn::LayerNormOp>(x, scale, bias, axis, epsilon));
}

LogicalResult rmsNorm(NodeEmitter &e) {
  Value x = e.in(0);
  int64_t rank = shapeOf(x).size(), axis = e.intAttr("axis", -1);
  if (failed(e.axis(axis, rank, "axis")))
    return failure();
  Type type = elementOf(x);
  // stash_type 1: the statistics are float32
  Value in = e.intAttr("stash_type", 1) == 1 && !type.isF64()
                 ? e.cast(x, e.builder.getF32Type())
                 : x;
  Dims axes;
  for (int64_t i = axis; i < rank; ++i)
    axes.push_back(i);
  Value square = e.make<nn::MulOp>(in, in);
  Value mean = e.make<nn::ReduceOp>(nn::ReduceKind::Mean, square,
                                    ArrayRef<int64_t>(axes), true);
  Value root = e.make<nn::RsqrtOp>(
      e.make<nn::AddOp>(mean, e.scalar(e.floatAttr("epsilon", 1e-5), mean)));
  Value normal = e.cast(e.make<nn::MulOp>(in, root), type);
  return e.set(0, e.make<nn::MulOp>(normal, e.cast(e.in(1), type)));
}

/// Normalises each of `groups` groups of channels, then scales by channel.
LogicalResult groups(NodeEmitter &e, int64_t groups) {
  Value x = e.in(0);
  ArrayRef<int64_t> shape = shapeOf(x);
  if (shape.size() < 2)
    return e.error("the input needs a channel dimension");
  int64_t batch = shape[0], channels = shape[1];
  if (groups <= 0 || channels % groups)
    return e.error("the number of groups " + Twine(groups) +
                   " does not divide the " + Twine(channels) + " channels");
  int64_t inner = product(shape.drop_front(2));
  double epsilon = e.floatAttr("epsilon", 1e-5);
  Type type = elementOf(x);
  Value scale = e.cast(e.in(1), type), bias = e.cast(e.in(2), type);
  if (groups == channels) {
    // one affine pair a row: part of the normalisation
    Value rows = e.reshape(x, {batch, channels, inner});
    rows = e.make<nn::LayerNormOp>(rows, e.reshape(scale, {channels, 1}),
                                   e.reshape(bias, {channels, 1}), 2, epsilon);
    return e.set(0, e.reshape(rows, shape));
  }
  Value rows = e.reshape(x, {batch, groups, channels / groups * inner});
  Value one = e.splat(RankedTensorType::get({1}, type), 1);
  rows = e.make<nn::LayerNormOp>(rows, one, Value(), 2, epsilon);
  rows = e.reshape(rows, {batch, channels, inner});
  rows = e.make<nn::MulOp>(rows, e.reshape(scale, {channels, 1}));
  rows = e.make<nn::AddOp>(rows, e.reshape(bias, {channels, 1}));
  return e.set(0, e.reshape(rows, shape));
}

LogicalResult instanceNorm(NodeEmitter &e) {
  ArrayRef<int64_t> shape = shapeOf(e.in(0));
  return groups(e, shape.size() < 2 ? 1 : shape[1]);
}

LogicalResult groupNorm(NodeEmitter &e) {
  return groups(e, e.intAttr("num_groups", 0));
}

LogicalResult lrn(NodeEmitter &e) {
  return e.set(0, e.make<nn::LrnOp>(
                      e.in(0), e.intAttr("size", 0), e.floatAttr("alpha", 1e-4),
                      e.floatAttr("beta", 0.75), e.floatAttr("bias", 1.0)));
}

LogicalResult lpNorm(NodeEmitter &e) {
  Value x = e.in(0);
  int64_t axis = e.intAttr("axis", -1), p = e.intAttr("p", 2);
  if (failed(e.axis(axis, shapeOf(x).size(), "axis")))
    return failure();
  if (p != 1 && p != 2)
    return e.error("the norm's order must be 1 or 2");
  Value terms = p == 1 ? e.make<nn::AbsOp>(x) : e.make<nn::MulOp>(x, x);
  Value norm = e.make<nn::ReduceOp>(nn::ReduceKind::Sum, terms,
                                    ArrayRef<int64_t>(axis), true);
  if (p == 2)
    norm = e.make<nn::SqrtOp>(norm);
  // a vector of zeros stays one
  Value zero =
      e.make<nn::CompareOp>(nn::ComparePredicate::EQ, norm, e.scalar(0, norm));
  norm = e.make<nn::SelectOp>(zero, e.scalar(1, norm), norm);
  return e.set(0, e.make<nn::DivOp>(x, norm));
}

} // namespace

void dlc::importer::addNormalizations(EmitterTable &table) {
  table["BatchNormalization"] = batchNorm;
  table["LayerNormalization"] = layerNorm;
  table["RMSNormalization"] = rmsNorm;
  table["InstanceNormalization"] = instanceNorm;
  table["GroupNormalization"] = groupNorm;
  table["LRN"] = lrn;
  table["LpNormalization"] = lpNorm;
}
