//===- Convolution.cpp - Convolutions as generics -------------------------===//

#include "Lowering.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace dlc;
using namespace dlc::conversion;

namespace {
/// A convolution without padding, on stored tensors.
struct Convolution {
  SmallVector<int64_t> strides, dilations;
  int64_t groups;
  bool channelsLast;

  int64_t rank() const { return strides.size(); }
  int64_t channelDim() const { return channelsLast ? rank() + 1 : 1; }
  int64_t spatialDim(int64_t i) const { return channelsLast ? i + 1 : i + 2; }
};

/// The nn element types of a convolution's operands and of its result.
struct ElementTypes {
  Type input, filter, result;

  template <typename OpT>
  explicit ElementTypes(OpT op)
      : input(getElementTypeOrSelf(op.getInput())),
        filter(getElementTypeOrSelf(op.getFilter())),
        result(getElementTypeOrSelf(op.getType())) {}
};

/// Numbers the loops of a nest in order.
struct Loops {
  MLIRContext *context;
  unsigned count = 0;

  AffineExpr next() { return getAffineDimExpr(count++, context); }
  SmallVector<AffineExpr> next(int64_t n) {
    SmallVector<AffineExpr> loops;
    for (int64_t i = 0; i < n; ++i)
      loops.push_back(next());
    return loops;
  }
};
} // namespace

/// Puts the channel expressions behind the batch or behind the spatial ones.
static SmallVector<AffineExpr> layOut(const Convolution &conv, AffineExpr batch,
                                      ArrayRef<AffineExpr> channel,
                                      ArrayRef<AffineExpr> spatial) {
  SmallVector<AffineExpr> exprs{batch};
  if (!conv.channelsLast)
    llvm::append_range(exprs, channel);
  llvm::append_range(exprs, spatial);
  if (conv.channelsLast)
    llvm::append_range(exprs, channel);
  return exprs;
}

/// The generic of a convolution: `input` is padded already, `filter` is
/// O x (I/groups) x kernel, `shape` the result's. Loops are the result's
/// dimensions (the channel one split into group and channel where there are
/// groups), then input channel and kernel (kernel and input channel in a
/// channels-last one, so that the innermost loop runs along memory).
static Value buildConvolution(LocBuilder &b, const Convolution &conv,
                              Value input, Value filter,
                              ArrayRef<int64_t> shape,
                              const ElementTypes &types) {
  MLIRContext *context = b.getContext();
  int64_t channels = shape[conv.channelDim()];
  int64_t groupInputs = shapeOf(filter)[1];
  bool isDepthwise =
      conv.groups > 1 && groupInputs == 1 && channels == conv.groups;
  bool isGrouped = conv.groups > 1 && !isDepthwise;
  int64_t groupOutputs = isGrouped ? channels / conv.groups : channels;

  Loops loops{context};
  AffineExpr zero = getAffineConstantExpr(0, context);
  AffineExpr batch = loops.next(), group, output, inputChannel = zero;
  SmallVector<AffineExpr> spatial, kernel;
  auto channelLoops = [&] {
    if (isGrouped)
      group = loops.next();
    output = loops.next();
  };
  if (conv.channelsLast) {
    spatial = loops.next(conv.rank());
    channelLoops();
    kernel = loops.next(conv.rank());
    if (!isDepthwise)
      inputChannel = loops.next();
  } else {
    channelLoops();
    spatial = loops.next(conv.rank());
    if (!isDepthwise)
      inputChannel = loops.next();
    kernel = loops.next(conv.rank());
  }

  SmallVector<AffineExpr> window;
  for (auto [i, k, stride, dilation] :
       llvm::zip_equal(spatial, kernel, conv.strides, conv.dilations))
    window.push_back(i * stride + k * dilation);
  AffineExpr readChannel = isDepthwise ? output
                           : isGrouped ? group * groupInputs + inputChannel
                                       : inputChannel;
  SmallVector<AffineExpr> outputChannel{output}, filterExprs{output};
  SmallVector<int64_t> resultShape(shape), filterShape(shapeOf(filter));
  if (isGrouped) {
    // the group has to be a dimension of its own for the loop to have a size
    outputChannel = {group, output};
    filterExprs = {group, output};
    auto splitAt = [&](SmallVector<int64_t> &sizes, int64_t dim) {
      sizes[dim] = groupOutputs;
      sizes.insert(sizes.begin() + dim, conv.groups);
    };
    splitAt(resultShape, conv.channelDim());
    splitAt(filterShape, 0);
    filter = reshapeTensor(b, filter, filterShape);
  }
  filterExprs.push_back(inputChannel);
  llvm::append_range(filterExprs, kernel);

  auto mapOf = [&](ArrayRef<AffineExpr> exprs) {
    return AffineMap::get(loops.count, 0, exprs, context);
  };
  Type computed = computedType(types.result);
  Value result = reduceTensors(
      b, RankedTensorType::get(resultShape, computed),
      mapOf(layOut(conv, batch, outputChannel, spatial)),
      zeroConstant(b, computed),
      {{input, mapOf(layOut(conv, batch, readChannel, window))},
       {filter, mapOf(filterExprs)}},
      [&](LocBuilder &b, ValueRange args) {
        return multiplyAccumulate(
            b, args[2], loadFactor(b, args[0], types.input, computed),
            loadFactor(b, args[1], types.filter, computed));
      });
  result = reshapeTensor(b, result, shape);
  return castTensor(b, result, computed, storedType(types.result));
}

/// Pads the spatial dimensions; what no window reaches is left as it is.
static Value padWindows(LocBuilder &b, const Convolution &conv, Value input,
                        ArrayRef<int64_t> pads, ArrayRef<int64_t> kernel,
                        ArrayRef<int64_t> shape) {
  SmallVector<int64_t> lo(conv.rank() + 2), hi(conv.rank() + 2);
  for (int64_t i = 0; i < conv.rank(); ++i) {
    int64_t dim = conv.spatialDim(i);
    int64_t needed = (shape[dim] - 1) * conv.strides[i] +
                     (kernel[i] - 1) * conv.dilations[i] + 1;
    lo[dim] = pads[i];
    int64_t reach = needed - lo[dim] - shapeOf(input)[dim];
    int64_t behind = pads[conv.rank() + i];
    hi[dim] = behind > 0 ? std::clamp<int64_t>(reach, 0, behind) : behind;
    // A single window becomes the whole dimension once its loop of one
    // iteration is dropped: then nothing may be left over.
    if (shape[dim] == 1)
      hi[dim] = reach;
  }
  Value zero = zeroConstant(b, typeOf(input).getElementType());
  return padTensor(b, input, lo, hi, zero);
}

namespace {
struct ConvLowering : Lowering<nn::ConvOp> {
  using Lowering::Lowering;

  Value lower(nn::ConvOp op, Adaptor adaptor, LocBuilder &b) const override {
    auto result = cast<RankedTensorType>(op.getType());
    Convolution conv{llvm::to_vector(op.getStrides()),
                     llvm::to_vector(op.getDilations()),
                     (int64_t)op.getGroups(), op.getChannelsLast()};
    Value filter = adaptor.getFilter();
    Value input = padWindows(b, conv, adaptor.getInput(), op.getPads(),
                             shapeOf(filter).drop_front(2), result.getShape());
    return buildConvolution(b, conv, input, filter, result.getShape(),
                            ElementTypes(op));
  }
};

struct ConvTransposeLowering : Lowering<nn::ConvTransposeOp> {
  using Lowering::Lowering;

  /// Kernels that do not overlap: each result element has one input position,
  /// so the result is a matrix product with the kernel's positions as extra
  /// columns, laid out as (size, kernel) pairs of dimensions.
  static Value lowerDisjoint(const Convolution &conv, Value input, Value filter,
                             ArrayRef<int64_t> shape, const ElementTypes &types,
                             LocBuilder &b) {
    MLIRContext *context = b.getContext();
    int64_t rank = conv.rank();
    bool isGrouped = conv.groups > 1;
    int64_t groupOutputs = shapeOf(filter)[1];
    int64_t groupInputs = shapeOf(filter)[0] / conv.groups;
    Loops loops{context};
    AffineExpr batch = loops.next(), group, output;
    auto channelLoops = [&] {
      if (isGrouped)
        group = loops.next();
      output = loops.next();
    };
    if (!conv.channelsLast)
      channelLoops();
    SmallVector<AffineExpr> spatial, kernel, pairs;
    for (int64_t i = 0; i < rank; ++i) {
      spatial.push_back(loops.next());
      kernel.push_back(loops.next());
      pairs.append({spatial.back(), kernel.back()});
    }
    if (conv.channelsLast)
      channelLoops();
    AffineExpr inputChannel = loops.next();

    SmallVector<int64_t> filterShape(shapeOf(filter));
    SmallVector<AffineExpr> channelExprs{output}, filterExprs;
    AffineExpr readChannel = inputChannel;
    if (isGrouped) {
      channelExprs = {group, output};
      filterExprs = {group};
      readChannel = group * groupInputs + inputChannel;
      filterShape[0] = groupInputs;
      filterShape.insert(filterShape.begin(), conv.groups);
    }
    filterExprs.append({inputChannel, output});
    llvm::append_range(filterExprs, kernel);
    filter = reshapeTensor(b, filter, filterShape);

    SmallVector<int64_t> channelSizes{groupOutputs};
    if (isGrouped)
      channelSizes = {conv.groups, groupOutputs};
    SmallVector<int64_t> paired{shape[0]};
    if (!conv.channelsLast)
      llvm::append_range(paired, channelSizes);
    for (int64_t i = 0; i < rank; ++i)
      paired.append({shapeOf(input)[conv.spatialDim(i)], conv.strides[i]});
    if (conv.channelsLast)
      llvm::append_range(paired, channelSizes);

    auto mapOf = [&](ArrayRef<AffineExpr> exprs) {
      return AffineMap::get(loops.count, 0, exprs, context);
    };
    Type computed = computedType(types.result);
    Value result = reduceTensors(
        b, RankedTensorType::get(paired, computed),
        mapOf(layOut(conv, batch, channelExprs, pairs)),
        zeroConstant(b, computed),
        {{input, mapOf(layOut(conv, batch, readChannel, spatial))},
         {filter, mapOf(filterExprs)}},
        [&](LocBuilder &b, ValueRange args) {
          return multiplyAccumulate(
              b, args[2], loadFactor(b, args[0], types.input, computed),
              loadFactor(b, args[1], types.filter, computed));
        });
    result = reshapeTensor(b, result, shape);
    return castTensor(b, result, computed, storedType(types.result));
  }

  /// The filter of the equivalent convolution: O x (I/groups) x kernel with the
  /// kernel mirrored. A constant one is computed at compile time.
  static Value mirrorFilter(LocBuilder &b, Value filter, int64_t groups) {
    MLIRContext *context = b.getContext();
    SmallVector<int64_t> shape(shapeOf(filter));
    int64_t groupInputs = shape[0] / groups, groupOutputs = shape[1];
    SmallVector<int64_t> split{groups, groupInputs, groupOutputs};
    SmallVector<int64_t> swapped{groups, groupOutputs, groupInputs};
    SmallVector<int64_t> merged{groups * groupOutputs, groupInputs};
    SmallVector<AffineExpr> exprs;
    for (unsigned dim : {0u, 2u, 1u})
      exprs.push_back(getAffineDimExpr(dim, context));
    for (auto [i, size] : llvm::enumerate(ArrayRef(shape).drop_front(2))) {
      split.push_back(size);
      swapped.push_back(size);
      merged.push_back(size);
      exprs.push_back(-getAffineDimExpr(3 + i, context) + (size - 1));
    }
    Type element = typeOf(filter).getElementType();
    Value mirrored =
        mapTensors(b, RankedTensorType::get(swapped, element),
                   {{reshapeTensor(b, filter, split),
                     AffineMap::get(swapped.size(), 0, exprs, context)}},
                   [](LocBuilder &, ValueRange args) { return args[0]; });
    return reshapeTensor(b, mirrored, merged);
  }

  /// Puts stride - 1 zeros behind each element of the spatial dimensions (and
  /// cuts those behind the last).
  static Value spread(LocBuilder &b, const Convolution &conv, Value input) {
    if (llvm::all_of(conv.strides, [](int64_t s) { return s == 1; }))
      return input;
    SmallVector<int64_t> shape(shapeOf(input)), paired, lo, hi, merged, last;
    for (int64_t dim = 0; dim < (int64_t)shape.size(); ++dim) {
      int64_t stride = 1;
      for (int64_t i = 0; i < conv.rank(); ++i)
        if (dim == conv.spatialDim(i))
          stride = conv.strides[i];
      paired.append({shape[dim], 1});
      lo.append({0, 0});
      hi.append({0, stride - 1});
      merged.push_back(shape[dim] * stride);
      last.push_back(1 - stride);
    }
    Value zero = zeroConstant(b, typeOf(input).getElementType());
    Value padded = padTensor(b, reshapeTensor(b, input, paired), lo, hi, zero);
    SmallVector<int64_t> none(shape.size());
    return padTensor(b, reshapeTensor(b, padded, merged), none, last, zero);
  }

  Value lower(nn::ConvTransposeOp op, Adaptor adaptor,
              LocBuilder &b) const override {
    auto result = cast<RankedTensorType>(op.getType());
    Convolution conv{llvm::to_vector(op.getStrides()),
                     llvm::to_vector(op.getDilations()),
                     (int64_t)op.getGroups(), op.getChannelsLast()};
    int64_t rank = conv.rank();
    Value input = adaptor.getInput(), filter = adaptor.getFilter();
    ArrayRef<int64_t> kernel = shapeOf(filter).drop_front(2);
    auto isZero = [](int64_t v) { return v == 0; };
    if (kernel == ArrayRef(conv.strides) &&
        llvm::all_of(op.getPads(), isZero) &&
        llvm::all_of(op.getOutputPadding(), isZero) &&
        llvm::all_of(conv.dilations, [](int64_t d) { return d == 1; }))
      return lowerDisjoint(conv, input, filter, result.getShape(),
                           ElementTypes(op), b);

    SmallVector<int64_t> pads(2 * rank);
    for (int64_t i = 0; i < rank; ++i) {
      int64_t reach = conv.dilations[i] * (kernel[i] - 1);
      pads[i] = reach - op.getPads()[i];
      pads[rank + i] =
          reach - op.getPads()[rank + i] + op.getOutputPadding()[i];
    }
    input = spread(b, conv, input);
    SmallVector<int64_t> mirroredKernel(kernel);
    filter = mirrorFilter(b, filter, conv.groups);
    conv.strides.assign(rank, 1);
    input = padWindows(b, conv, input, pads, mirroredKernel, result.getShape());
    return buildConvolution(b, conv, input, filter, result.getShape(),
                            ElementTypes(op));
  }
};
} // namespace

void dlc::conversion::populateConvolution(TypeConverter &converter,
                                          RewritePatternSet &patterns) {
  patterns.add<ConvLowering, ConvTransposeLowering>(converter,
                                                    patterns.getContext());
}
