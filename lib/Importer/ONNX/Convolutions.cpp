//===- Convolutions.cpp - Conv, ConvTranspose -----------------------------===//

#include "Arithmetic.h"
#include "Window.h"

#include "dlc/Dialect/NN/IR/ExtentHints.h"

using namespace mlir;
using namespace dlc;
using namespace dlc::importer;

/// Larger numbers can only come from a broken model, and would overflow.
static constexpr int64_t maxNumber = int64_t(1) << 31;

Dims Window::pads() const {
  Dims all(lo);
  all.append(hi.begin(), hi.end());
  return all;
}

FailureOr<Window> dlc::importer::readWindow(NodeEmitter &e,
                                            ArrayRef<int64_t> input,
                                            ArrayRef<int64_t> kernel) {
  if (input.size() < 3 || kernel.size() != input.size() - 2)
    return e.error("the window has " + Twine(kernel.size()) +
                   " dimensions, but the input has rank " +
                   Twine(input.size()));
  size_t rank = kernel.size();
  Window w;
  w.kernel.assign(kernel.begin(), kernel.end());
  w.strides = e.intsAttr("strides", rank, 1);
  w.dilations = e.intsAttr("dilations", rank, 1);
  Dims pads = e.intsAttr("pads", 2 * rank, 0);
  if (e.failed)
    return failure();
  for (size_t d = 0; d < rank; ++d) {
    if (w.kernel[d] <= 0 || w.kernel[d] > maxNumber)
      return e.error("the kernel size " + Twine(w.kernel[d]) +
                     " is out of range");
    if (w.strides[d] <= 0 || w.strides[d] > maxNumber)
      return e.error("the stride " + Twine(w.strides[d]) + " is out of range");
    if (w.dilations[d] <= 0 || w.dilations[d] > maxNumber)
      return e.error("the dilation " + Twine(w.dilations[d]) +
                     " is out of range");
  }
  for (int64_t pad : pads)
    if (pad < 0 || pad > maxNumber)
      return e.error("the padding " + Twine(pad) + " is out of range");
  std::string mode = e.stringAttr("auto_pad", "NOTSET");
  w.lo.assign(rank, 0);
  w.hi.assign(rank, 0);
  if (mode == "NOTSET") {
    w.lo.assign(pads.begin(), pads.begin() + rank);
    w.hi.assign(pads.begin() + rank, pads.end());
  } else if (mode == "SAME_UPPER" || mode == "SAME_LOWER") {
    for (size_t d = 0; d < rank; ++d) {
      int64_t size = input[d + 2];
      int64_t out = (size + w.strides[d] - 1) / w.strides[d];
      int64_t total =
          std::max<int64_t>(0, (out - 1) * w.strides[d] + w.extent(d) - size);
      w.lo[d] = mode == "SAME_UPPER" ? total / 2 : total - total / 2;
      w.hi[d] = total - w.lo[d];
      if (w.strides[d] > 1) {
        e.fitted = true;
        w.same = mode == "SAME_UPPER" ? "upper" : "lower";
      }
    }
  } else if (mode != "VALID") {
    return e.error("the attribute 'auto_pad' has the unknown value '" + mode +
                   "'");
  }
  return w;
}

void dlc::importer::describeWindow(Value result, const Window &window) {
  Operation *op = result.getDefiningOp();
  if (op && !window.same.empty())
    op->setAttr(nn::kSameAttrName,
                StringAttr::get(op->getContext(), window.same));
}

/// result + bias by channel
static Value addBias(NodeEmitter &e, Value result, Value bias) {
  Dims shape(shapeOf(result).size(), 1);
  if (shapeOf(bias).size() != 1)
    return e.make<nn::AddOp>(result, bias); // the verifier complains
  shape[1] = shapeOf(bias)[0];
  shape.erase(shape.begin());
  return e.make<nn::AddOp>(result, e.reshape(bias, shape));
}

/// The kernel's size, which the attribute must repeat if it is there.
static FailureOr<Dims> kernelOf(NodeEmitter &e, Value filter) {
  ArrayRef<int64_t> shape = shapeOf(filter);
  if (shape.size() < 3)
    return e.error("the weights have rank " + Twine(shape.size()) +
                   ", but need at least 3");
  Dims kernel(shape.drop_front(2));
  if (e.attr("kernel_shape")) {
    Dims given = e.intsAttr("kernel_shape", kernel.size(), 0);
    if (e.failed)
      return failure();
    if (given != kernel)
      return e.error("the attribute 'kernel_shape' does not fit the weights");
  }
  return kernel;
}

static LogicalResult conv(NodeEmitter &e) {
  Value input = e.in(0), filter = e.in(1);
  FailureOr<Dims> kernel = kernelOf(e, filter);
  if (failed(kernel))
    return failure();
  FailureOr<Window> w = readWindow(e, shapeOf(input), *kernel);
  if (failed(w))
    return failure();
  Value result = e.make<nn::ConvOp>(
      input, filter, ArrayRef<int64_t>(w->strides),
      ArrayRef<int64_t>(w->pads()), ArrayRef<int64_t>(w->dilations),
      e.intAttr("group", 1));
  describeWindow(result, *w);
  return e.set(0, e.has(2) ? addBias(e, result, e.in(2)) : result);
}

static LogicalResult convTranspose(NodeEmitter &e) {
  Value input = e.in(0), filter = e.in(1);
  FailureOr<Dims> kernel = kernelOf(e, filter);
  if (failed(kernel))
    return failure();
  FailureOr<Window> window = readWindow(e, shapeOf(input), *kernel);
  if (failed(window))
    return failure();
  Window w = *window;
  size_t rank = w.rank();
  Dims extra = e.intsAttr("output_padding", rank, 0);
  if (e.failed)
    return failure();
  std::string mode = e.stringAttr("auto_pad", "NOTSET");
  const auto *wanted = e.attr("output_shape");
  e.fitted = wanted != nullptr; // else the padding is the same for all sizes
  if (wanted || mode == "SAME_UPPER" || mode == "SAME_LOWER") {
    ArrayRef<int64_t> out = e.outType(0).getShape();
    for (size_t d = 0; d < rank; ++d) {
      int64_t full =
          w.strides[d] * (shapeOf(input)[d + 2] - 1) + extra[d] + w.extent(d);
      int64_t total = full - out[d + 2];
      if (total < 0) { // longer than computed: zeros behind
        extra[d] -= total;
        total = 0;
      }
      w.lo[d] = mode == "SAME_UPPER" ? total / 2 : total - total / 2;
      w.hi[d] = total - w.lo[d];
    }
  }
  for (int64_t pad : extra)
    if (pad < 0 || pad > maxNumber)
      return e.error("the output padding " + Twine(pad) + " is out of range");
  Value result = e.make<nn::ConvTransposeOp>(
      input, filter, ArrayRef<int64_t>(w.strides), ArrayRef<int64_t>(w.pads()),
      ArrayRef<int64_t>(w.dilations), ArrayRef<int64_t>(extra),
      e.intAttr("group", 1));
  return e.set(0, e.has(2) ? addBias(e, result, e.in(2)) : result);
}

/// Adds up overlapping blocks: the transposed convolution with the filters that
/// have one 1 each.
static LogicalResult col2Im(NodeEmitter &e) {
  Value x = e.in(0);
  auto image = e.constInts(1), block = e.constInts(2);
  if (!image || !block || image->size() != block->size() || image->empty())
    return e.error(
        "the shapes of image and block are not known at compile time");
  size_t dims = image->size();
  Dims strides = e.intsAttr("strides", dims, 1);
  Dims pads = e.intsAttr("pads", 2 * dims, 0);
  Dims dilations = e.intsAttr("dilations", dims, 1);
  ArrayRef<int64_t> shape = shapeOf(x);
  int64_t cells = product(*block);
  if (shape.size() != 3 || cells < 1 || shape[1] % cells)
    return e.error("the columns do not fit to the blocks");
  int64_t channels = shape[1] / cells;
  Dims blocks{shape[0], shape[1]}, missing;
  for (size_t d = 0; d < dims; ++d) {
    int64_t room = (*image)[d] + pads[d] + pads[dims + d] -
                   dilations[d] * ((*block)[d] - 1) - 1;
    if (room < 0 || strides[d] < 1)
      return e.error("the block does not fit into the image");
    blocks.push_back(room / strides[d] + 1);
    missing.push_back(room % strides[d]);
  }
  if (product(blocks) != product(shape))
    return e.error("the number of blocks does not fit to the image");
  Dims kernel{shape[1], 1};
  kernel.append(block->begin(), block->end());
  std::vector<double> ones(product(kernel), 0);
  for (int64_t channel = 0; channel < channels; ++channel)
    for (int64_t cell = 0; cell < cells; ++cell)
      ones[(channel * cells + cell) * cells + cell] = 1;
  Value filter = e.floats(ones, kernel, elementOf(x));
  return e.set(0, e.make<nn::ConvTransposeOp>(
                      e.reshape(x, blocks), filter, ArrayRef<int64_t>(strides),
                      ArrayRef<int64_t>(pads), ArrayRef<int64_t>(dilations),
                      ArrayRef<int64_t>(missing), channels));
}

void dlc::importer::addConvolutions(EmitterTable &table) {
  table["Col2Im"] = col2Im;
  table["Conv"] = conv;
  table["ConvTranspose"] = convTranspose;
}
