//===- Contraction.cpp - Matrix products and convolutions -----------------===//

#include "Infer.h"

using namespace mlir;
using namespace dlc::nn;

/// The result of a contraction: bytes and i16 are summed in 32 bits, as floats
/// of 16 bits are.
static TypeOrFailure withSums(Value operand, bool wide,
                              ArrayRef<int64_t> shape) {
  Type element = elementOf(operand);
  if (wide && (element.isF16() || element.isBF16()))
    element = Float32Type::get(operand.getContext());
  if (element.isInteger(8) || element.isSignlessInteger(16))
    element = IntegerType::get(operand.getContext(), 32);
  return RankedTensorType::get(shape, element);
}

/// Signed and unsigned bytes may be mixed.
static LogicalResult requireFactors(Value lhs, Value rhs, ErrorFn error) {
  if (elementOf(lhs).isInteger(8) && elementOf(rhs).isInteger(8))
    return success();
  return requireSameElement({lhs, rhs}, "C1", error);
}

TypeOrFailure MatmulOp::inferType(Adaptor adaptor, ErrorFn error) {
  Value lhs = adaptor.getLhs(), rhs = adaptor.getRhs();
  if (failed(requireFactors(lhs, rhs, error)) ||
      failed(requireKind(lhs, ElementKinds::Numeric, "C1", error)))
    return failure();
  ArrayRef<int64_t> a = shapeOf(lhs), b = shapeOf(rhs);
  if (a.size() < 2 || b.size() < 2)
    return error()
           << "(C2) the operands must have at least two dimensions, got "
           << shapeText(a) << " and " << shapeText(b);
  if (a.back() != b[b.size() - 2])
    return error() << "(C3) the inner dimensions must be equal, got "
                   << shapeText(a) << " and " << shapeText(b);
  auto shape = broadcastShapes(a.drop_back(2), b.drop_back(2));
  if (!shape)
    return error() << "(C4) the leading dimensions do not broadcast: "
                   << shapeText(a) << " and " << shapeText(b);
  shape->push_back(a[a.size() - 2]);
  shape->push_back(b.back());
  return withSums(lhs, adaptor.getWide(), *shape);
}

/// Batch × channels × spatial… of an activation in either layout, with the
/// channels at 1.
static SmallVector<int64_t> channelsSecond(ArrayRef<int64_t> shape,
                                           bool channelsLast) {
  SmallVector<int64_t> result(shape);
  if (channelsLast)
    std::rotate(result.begin() + 1, result.end() - 1, result.end());
  return result;
}

static SmallVector<int64_t> toLayout(ArrayRef<int64_t> shape,
                                     bool channelsLast) {
  SmallVector<int64_t> result(shape);
  if (channelsLast)
    std::rotate(result.begin() + 1, result.begin() + 2, result.end());
  return result;
}

template <typename Adaptor>
static LogicalResult checkConvOperands(Adaptor adaptor, ErrorFn error) {
  Value input = adaptor.getInput(), filter = adaptor.getFilter();
  if (failed(requireFactors(input, filter, error)) ||
      failed(requireKind(input, ElementKinds::Numeric, "C1", error)))
    return failure();
  ArrayRef<int64_t> x = shapeOf(input), w = shapeOf(filter);
  if (x.size() != w.size() || x.size() < 3)
    return error() << "(C2) input and filter must have the same rank >= 3, got "
                   << shapeText(x) << " and " << shapeText(w);
  size_t spatial = x.size() - 2;
  if (failed(requireNumbers(adaptor.getStrides(), "strides", spatial, 1, "C3",
                            error)) ||
      failed(requireNumbers(adaptor.getPads(), "pads", 2 * spatial, 0, "C3",
                            error)) ||
      failed(requireNumbers(adaptor.getDilations(), "dilations", spatial, 1,
                            "C3", error)))
    return failure();
  return success();
}

TypeOrFailure ConvOp::inferType(Adaptor adaptor, ErrorFn error) {
  if (failed(checkConvOperands(adaptor, error)))
    return failure();
  bool last = adaptor.getChannelsLast();
  SmallVector<int64_t> x = channelsSecond(shapeOf(adaptor.getInput()), last);
  ArrayRef<int64_t> w = shapeOf(adaptor.getFilter());
  int64_t groups = adaptor.getGroups();
  if (groups < 1 || w[0] % groups)
    return error() << "(C4) groups = " << groups
                   << " must be positive and divide the " << w[0]
                   << " output channels";
  int64_t channels;
  if (llvm::MulOverflow(w[1], groups, channels) || channels != x[1])
    return error() << "(C5) the input has " << x[1]
                   << " channels, the filter wants " << groups << " groups of "
                   << w[1];
  SmallVector<int64_t> shape = {x[0], w[0]};
  size_t spatial = x.size() - 2;
  for (size_t i = 0; i < spatial; ++i) {
    int64_t extent, size;
    bool overflow =
        llvm::MulOverflow(adaptor.getDilations()[i], w[i + 2] - 1, extent) |
        llvm::AddOverflow(x[i + 2], adaptor.getPads()[i], size) |
        llvm::AddOverflow(size, adaptor.getPads()[spatial + i], size);
    if (overflow || w[i + 2] < 1 || size <= extent)
      return error() << "(C6) spatial dimension " << i << ": a kernel of "
                     << w[i + 2] << " with dilation "
                     << adaptor.getDilations()[i]
                     << " does not fit into the padded input of " << x[i + 2]
                     << " + " << adaptor.getPads()[i] << " + "
                     << adaptor.getPads()[spatial + i];
    shape.push_back((size - extent - 1) / adaptor.getStrides()[i] + 1);
  }
  return withSums(adaptor.getInput(), adaptor.getWide(), toLayout(shape, last));
}

TypeOrFailure ConvTransposeOp::inferType(Adaptor adaptor, ErrorFn error) {
  if (failed(checkConvOperands(adaptor, error)))
    return failure();
  bool last = adaptor.getChannelsLast();
  SmallVector<int64_t> x = channelsSecond(shapeOf(adaptor.getInput()), last);
  ArrayRef<int64_t> w = shapeOf(adaptor.getFilter());
  size_t spatial = x.size() - 2;
  if (failed(requireNumbers(adaptor.getOutputPadding(), "output_padding",
                            spatial, 0, "C3", error)))
    return failure();
  int64_t groups = adaptor.getGroups();
  if (groups < 1 || w[0] % groups)
    return error() << "(C4) groups = " << groups
                   << " must be positive and divide the " << w[0]
                   << " input channels of the filter";
  if (w[0] != x[1])
    return error() << "(C5) the input has " << x[1]
                   << " channels, the filter wants " << w[0];
  int64_t channels;
  if (llvm::MulOverflow(w[1], groups, channels))
    return error() << "(C4) groups = " << groups << " of " << w[1]
                   << " output channels are too many";
  SmallVector<int64_t> shape = {x[0], channels};
  for (size_t i = 0; i < spatial; ++i) {
    int64_t size = 0, extent = 0;
    bool overflow =
        llvm::MulOverflow(adaptor.getStrides()[i], x[i + 2] - 1, size) |
        llvm::MulOverflow(adaptor.getDilations()[i], w[i + 2] - 1, extent) |
        llvm::AddOverflow(size, extent, size) |
        llvm::AddOverflow(size, adaptor.getOutputPadding()[i], size) |
        llvm::AddOverflow(size, int64_t(1), size) |
        llvm::SubOverflow(size, adaptor.getPads()[i], size) |
        llvm::SubOverflow(size, adaptor.getPads()[spatial + i], size);
    if (overflow || x[i + 2] < 1 || w[i + 2] < 1 || size < 0)
      return error() << "(C6) spatial dimension " << i << " of an input of "
                     << x[i + 2] << " and a kernel of " << w[i + 2]
                     << " gives no valid size";
    shape.push_back(size);
  }
  return withSums(adaptor.getInput(), adaptor.getWide(), toLayout(shape, last));
}
