//===- IntegerProducts.cpp - Products of quantised tensors ----------------===//

#include "dlc/Dialect/NN/Transforms/Passes.h"

#include "Values.h"

#include "mlir/IR/DialectResourceBlobManager.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

namespace dlc::nn {
#define GEN_PASS_DEF_NNINTEGERPRODUCTS
#include "dlc/Dialect/NN/Transforms/Passes.h.inc"
} // namespace dlc::nn

using namespace mlir;
using namespace dlc::nn;

/// Bytes that vector dot products multiply at once.
static constexpr int64_t dotGroup = 4;

/// Numbers below 2^8 in size: 2^15 of their products fit into 32 bits.
static constexpr int64_t maxSummands = int64_t(1) << 15;

static ArrayRef<int64_t> shapeOf(Value value) {
  return typeOf(value).getShape();
}

/// The tensor of integers of at most 8 bits that `value` converts.
static Value bytesOf(Value value) {
  auto cast = value.getDefiningOp<CastOp>();
  if (!cast)
    return {};
  auto type = dyn_cast<IntegerType>(typeOf(cast.getX()).getElementType());
  return type && type.getWidth() > 1 && type.getWidth() <= 8 ? cast.getX()
                                                             : Value();
}

/// The bytes of a constant with as many of them, or nothing.
static ArrayRef<char> constantBytes(Value value) {
  ElementsAttr constant;
  if (!matchPattern(value, m_Constant(&constant)))
    return {};
  ArrayRef<char> bytes;
  if (auto dense = dyn_cast<DenseElementsAttr>(constant);
      dense && !dense.isSplat())
    bytes = dense.getRawData();
  else if (auto resource = dyn_cast<DenseResourceElementsAttr>(constant))
    if (AsmResourceBlob *blob = resource.getRawHandle().getBlob())
      bytes = blob->getData();
  bool isWhole =
      static_cast<int64_t>(bytes.size()) == typeOf(value).getNumElements();
  return isWhole ? bytes : ArrayRef<char>();
}

/// Whether all elements of a constant are values of `type`, an integer type.
static bool isConstantOf(Value value, IntegerType type) {
  unsigned width = type.getWidth() - (type.isUnsigned() ? 0 : 1);
  double end = double(int64_t(1) << width);
  auto fits = [&](double element) {
    return element == std::round(element) && element < end &&
           element >= (type.isUnsigned() ? 0 : -end);
  };
  DenseFPElementsAttr floats;
  if (matchPattern(value, m_Constant(&floats)))
    return llvm::all_of(floats.getValues<APFloat>(), [&](const APFloat &f) {
      return fits(f.convertToDouble());
    });
  DenseIntElementsAttr integers;
  if (matchPattern(value, m_Constant(&integers)))
    return llvm::all_of(integers.getValues<APInt>(), [&](const APInt &i) {
      return i.getBitWidth() <= 64 && fits(double(i.getSExtValue()));
    });
  return false;
}

/// Whether `value` is a constant of zeros, seen through what only changes its
/// type or shape.
static bool isZero(Value value) {
  while (Operation *op = value.getDefiningOp()) {
    if (!isa<CastOp, ReshapeOp, BroadcastOp, TransposeOp>(op))
      break;
    value = op->getOperand(0);
  }
  // Zero points by channel are blobs where they are many.
  DenseResourceElementsAttr resource;
  if (matchPattern(value, m_Constant(&resource))) {
    AsmResourceBlob *blob = resource.getRawHandle().getBlob();
    return blob &&
           llvm::all_of(blob->getData(), [](char byte) { return byte == 0; });
  }
  return matchPattern(value, m_Zero()) || matchPattern(value, m_AnyZeroFloat());
}

/// The integer that all elements of a constant are.
static std::optional<int64_t> constantNumber(Value value) {
  DenseFPElementsAttr floats;
  if (matchPattern(value, m_Constant(&floats)) && floats.isSplat())
    return int64_t(floats.getSplatValue<APFloat>().convertToDouble());
  DenseIntElementsAttr integers;
  if (!matchPattern(value, m_Constant(&integers)) || !integers.isSplat())
    return std::nullopt;
  APInt number = integers.getSplatValue<APInt>();
  bool isUnsigned = integers.getElementType().isUnsignedInteger();
  return isUnsigned ? int64_t(number.getZExtValue()) : number.getSExtValue();
}

static Value toScalar(OpBuilder &b, Location loc, Value value) {
  if (typeOf(value).getRank() == 0)
    return value;
  return ReshapeOp::create(b, loc, value, ArrayRef<int64_t>());
}

namespace {
/// An operand of a product: (bytes - zero) * scale, maybe transposed.
struct Quantized {
  /// `zero` is of any type, null where it is zero; `scale` is null for
  /// operands that are integers.
  Value bytes, zero, scale;
  SmallVector<int64_t> perm;

  static std::optional<Quantized> match(Value value) {
    Quantized result;
    if (auto transpose = value.getDefiningOp<TransposeOp>()) {
      result.perm.assign(transpose.getPerm().begin(),
                         transpose.getPerm().end());
      value = transpose.getX();
    }
    Type element = typeOf(value).getElementType();
    if (element.isInteger(8) || element.isInteger(16))
      return std::nullopt; // what this makes
    if (!isa<FloatType>(element))
      return result.matchCentred(value) ? std::optional(result) : std::nullopt;
    auto mul = value.getDefiningOp<MulOp>();
    if (!mul || typeOf(value).getElementType().isF64())
      return std::nullopt;
    for (bool swap : {false, true}) {
      result.scale = swap ? mul.getLhs() : mul.getRhs();
      if (result.matchCentred(swap ? mul.getRhs() : mul.getLhs()) &&
          shapeOf(result.bytes) == shapeOf(value))
        return result;
    }
    return std::nullopt;
  }

  bool hasOneScale() const {
    return !scale || typeOf(scale).getNumElements() == 1;
  }
  bool hasOneZero() const {
    return !zero || typeOf(zero).getNumElements() == 1;
  }
  bool isByte() const {
    return typeOf(bytes).getElementType().getIntOrFloatBitWidth() == 8;
  }

  /// The dimension of the (transposed) tensor along which the scale varies,
  /// and nowhere else; -1 where there is none.
  int64_t scaledDim() const {
    int64_t rank = typeOf(bytes).getRank(), found = -1;
    int64_t lead = rank - typeOf(scale).getRank();
    for (auto [dim, size] : llvm::enumerate(shapeOf(scale))) {
      if (size == 1)
        continue;
      if (found >= 0)
        return -1;
      found = int64_t(dim) + lead;
    }
    if (found < 0 || perm.empty())
      return found;
    return llvm::find(perm, found) - perm.begin();
  }

  /// How many zero points there are along a dimension of the (transposed)
  /// tensor.
  int64_t zerosAlong(int64_t dim) const {
    int64_t lead = typeOf(bytes).getRank() - typeOf(zero).getRank();
    int64_t own = (perm.empty() ? dim : perm[dim]) - lead;
    return own < 0 ? 1 : shapeOf(zero)[own];
  }

  /// The zero points as numbers of `type`, with the dimensions of the
  /// (transposed) tensor.
  Value zerosOf(OpBuilder &b, Location loc, Type type) const {
    SmallVector<int64_t> shape(typeOf(bytes).getRank(), 1);
    llvm::copy(llvm::reverse(shapeOf(zero)), shape.rbegin());
    Value zeros = CastOp::create(b, loc, zero, type);
    if (shapeOf(zeros) != ArrayRef(shape))
      zeros = ReshapeOp::create(b, loc, zeros, shape);
    return transposed(b, loc, zeros);
  }

  /// Numbers of less than a byte become bytes without zero point.
  void widen(OpBuilder &b, Location loc) {
    if (isByte())
      return;
    Type type = b.getI8Type();
    bytes = CastOp::create(b, loc, bytes, type);
    if (zero)
      bytes = SubOp::create(b, loc, bytes, CastOp::create(b, loc, zero, type));
    zero = {};
  }

  /// A constant loses its zero point if it then still consists of bytes.
  void takeZeroOff(OpBuilder &b, Location loc) {
    ArrayRef<char> numbers = constantBytes(bytes);
    std::optional<int64_t> offset =
        zero && isByte() ? constantNumber(zero) : std::nullopt;
    if (!offset || numbers.empty())
      return;
    bool isUnsigned = typeOf(bytes).getElementType().isUnsignedInteger();
    std::vector<char> centred;
    for (char number : numbers) {
      int64_t wide = isUnsigned ? int64_t(static_cast<unsigned char>(number))
                                : int64_t(static_cast<signed char>(number));
      if (!llvm::isInt<8>(wide - *offset))
        return;
      centred.push_back(static_cast<char>(wide - *offset));
    }
    auto type = RankedTensorType::get(shapeOf(bytes), b.getI8Type());
    bytes = ConstantOp::create(
        b, loc, DenseElementsAttr::getFromRawBuffer(type, centred));
    zero = {};
  }

  Value transposed(OpBuilder &b, Location loc, Value value) const {
    return perm.empty() ? value : TransposeOp::create(b, loc, value, perm);
  }

  /// bytes - zero in 16 bits.
  Value centred(OpBuilder &b, Location loc) const {
    Type type = b.getI16Type();
    Value number = CastOp::create(b, loc, bytes, type);
    if (zero)
      number =
          SubOp::create(b, loc, number, CastOp::create(b, loc, zero, type));
    return transposed(b, loc, number);
  }

private:
  bool matchCentred(Value number) {
    Value offset;
    if (auto sub = number.getDefiningOp<SubOp>()) {
      number = sub.getLhs();
      offset = sub.getRhs();
    }
    bytes = bytesOf(number);
    zero = {};
    if (!bytes)
      return false;
    if (!offset || isZero(offset))
      return true;
    auto type = cast<IntegerType>(typeOf(bytes).getElementType());
    zero = bytesOf(offset);
    if (zero)
      return typeOf(zero).getElementType() == type;
    zero = offset;
    return isConstantOf(offset, type);
  }
};

/// Two quantised operands and how they are multiplied: as bytes, with what
/// their zero points add taken off the sums, or as 16 bits without zero points.
class Product {
public:
  Product(PatternRewriter &rewriter, Operation *op, const Quantized &left,
          const Quantized &right, bool ofBytes)
      : b(rewriter), loc(op->getLoc()), op(op), left(left), right(right),
        ofBytes(ofBytes) {}

  bool isOfBytes() const { return ofBytes; }
  Value getLeft() {
    return ofBytes ? left.transposed(b, loc, left.bytes) : left.centred(b, loc);
  }
  Value getRight() {
    return ofBytes ? right.transposed(b, loc, right.bytes)
                   : right.centred(b, loc);
  }
  /// The left operand's zero point as a number of `type` without dimensions.
  Value getZero(Type type) {
    if (!left.zero) {
      auto scalar = RankedTensorType::get({}, type);
      return ConstantOp::create(b, loc,
                                DenseElementsAttr::get(scalar, APInt(8, 0)));
    }
    return CastOp::create(b, loc, toScalar(b, loc, left.zero), type);
  }
  /// Takes what the zero points add off the sums of products of bytes, of which
  /// each has `summands`:
  ///   sum((x - p) (y - q)) = sum(x y) - p (sum(y) - summands q) - q sum(x)
  /// The sums of one operand, and the right one's zero points, have the
  /// dimensions of the result, or can be broadcast to them.
  Value takeOffZeros(Value sums, int64_t summands,
                     llvm::function_ref<Value()> sumLeft,
                     llvm::function_ref<Value()> sumRight, Value rightZeros) {
    if (!ofBytes)
      return sums;
    Type type = b.getI32Type();
    Value off;
    if (left.zero) {
      Value total = sumRight();
      if (right.zero) {
        auto scalar = RankedTensorType::get({}, type);
        Value count = ConstantOp::create(
            b, loc, DenseElementsAttr::get(scalar, APInt(32, summands)));
        total = SubOp::create(b, loc, total,
                              MulOp::create(b, loc, rightZeros, count));
      }
      off = MulOp::create(b, loc, total,
                          left.hasOneZero() ? getZero(type)
                                            : left.zerosOf(b, loc, type));
    }
    if (right.zero) {
      Value ofLeft = MulOp::create(b, loc, sumLeft(), rightZeros);
      off = off ? Value(AddOp::create(b, loc, off, ofLeft)) : ofLeft;
    }
    return off ? Value(SubOp::create(b, loc, sums, off)) : sums;
  }
  Value sum(Value bytes, ArrayRef<int64_t> axes, bool keepDims) {
    Value wide = CastOp::create(b, loc, bytes, b.getI32Type());
    return ReduceOp::create(b, loc, ReduceKind::Sum, wide, axes,
                            /*keepdims=*/keepDims);
  }
  /// Replaces the product by `sums`, times both scales. The right one has the
  /// shape `scales` where it varies.
  void replace(Value sums, ArrayRef<int64_t> scales) {
    Type type = typeOf(op->getResult(0)).getElementType();
    if (!left.scale) {
      if (typeOf(sums).getElementType() != type)
        sums = CastOp::create(b, loc, sums, type);
      return b.replaceOp(op, sums);
    }
    // In f32: sums may be more than narrower floats hold.
    Type wide = b.getF32Type();
    sums = CastOp::create(b, loc, sums, wide);
    Value scale = right.scale;
    if (right.hasOneScale())
      scale = toScalar(b, loc, scale);
    else if (shapeOf(scale) != scales)
      scale = ReshapeOp::create(b, loc, scale, scales);
    scale = MulOp::create(
        b, loc, CastOp::create(b, loc, toScalar(b, loc, left.scale), wide),
        CastOp::create(b, loc, scale, wide));
    Value result = MulOp::create(b, loc, sums, scale);
    b.replaceOp(op,
                type == wide ? result : CastOp::create(b, loc, result, type));
  }

private:
  PatternRewriter &b;
  Location loc;
  Operation *op;
  const Quantized &left, &right;
  bool ofBytes;
};

/// Matches both operands of a product of `summands` numbers each; the right
/// one's scales may vary along `dim`.
std::optional<std::pair<Quantized, Quantized>>
matchOperands(Value left, Value right, int64_t summands, int64_t dim) {
  auto a = Quantized::match(left), b = Quantized::match(right);
  if (!a || !b || !a->hasOneScale() ||
      !(b->hasOneScale() || b->scaledDim() == dim))
    return std::nullopt;
  // Integers wrap around in both ways; floats must not.
  if (a->scale && summands > maxSummands)
    return std::nullopt;
  return std::pair(std::move(*a), std::move(*b));
}

/// Brings operands nearer to bytes without zero points.
void simplifyOperands(OpBuilder &b, Location loc, Quantized &left,
                      Quantized &right, bool always) {
  if (always) {
    left.widen(b, loc);
    right.widen(b, loc);
  }
  right.takeZeroOff(b, loc);
}

/// Whether bytes with these zero points are to be multiplied: they are free
/// where the right operand (weights, as a rule) has none and the left one has
/// one; sums of the left operand at run time must be worth while (`always`),
/// and zero points must not vary along what is summed over.
bool multipliesBytes(const Quantized &left, const Quantized &right, bool always,
                     ArrayRef<int64_t> leftAxes, ArrayRef<int64_t> rightAxes) {
  if (!left.isByte() || !right.isByte())
    return false;
  if (left.hasOneZero() && !right.zero)
    return true;
  auto factorOut = [](const Quantized &operand, ArrayRef<int64_t> axes) {
    return !operand.zero || llvm::all_of(axes, [&](int64_t axis) {
      return operand.zerosAlong(axis) == 1;
    });
  };
  return always && factorOut(left, leftAxes) && factorOut(right, rightAxes);
}

struct MatmulOfBytes : OpRewritePattern<MatmulOp> {
  MatmulOfBytes(MLIRContext *context, bool always)
      : OpRewritePattern(context), always(always) {}

  LogicalResult matchAndRewrite(MatmulOp op,
                                PatternRewriter &rewriter) const override {
    Location loc = op.getLoc();
    int64_t columns = typeOf(op.getRhs()).getRank() - 1;
    int64_t inner = typeOf(op.getLhs()).getRank() - 1;
    int64_t depth = shapeOf(op.getLhs()).back();
    auto operands = matchOperands(op.getLhs(), op.getRhs(), depth, columns);
    if (!operands)
      return failure();
    auto &[a, b] = *operands;
    simplifyOperands(rewriter, loc, a, b, always);
    Product product(rewriter, op, a, b,
                    multipliesBytes(a, b, always, {inner}, {columns - 1}));
    Value left = product.getLeft(), right = product.getRight();
    Value sums = MatmulOp::create(rewriter, loc, left, right);
    Value zeros = product.isOfBytes() && b.zero
                      ? b.zerosOf(rewriter, loc, rewriter.getI32Type())
                      : Value();
    sums = product.takeOffZeros(
        sums, depth, [&] { return product.sum(left, {inner}, true); },
        [&] { return product.sum(right, {columns - 1}, true); }, zeros);
    product.replace(sums, {shapeOf(op.getRhs()).back()});
    return success();
  }

  /// Multiply bytes even if that takes sums of the left operand.
  bool always;
};

struct ConvOfBytes : OpRewritePattern<ConvOp> {
  ConvOfBytes(MLIRContext *context, bool always)
      : OpRewritePattern(context), always(always) {}

  LogicalResult matchAndRewrite(ConvOp op,
                                PatternRewriter &rewriter) const override {
    SmallVector<int64_t> shape(shapeOf(op.getFilter()));
    auto operands = matchOperands(
        op.getInput(), op.getFilter(),
        ShapedType::getNumElements(ArrayRef(shape).drop_front()), /*dim=*/0);
    if (!operands)
      return failure();
    Location loc = op.getLoc();
    auto &[a, b] = *operands;
    simplifyOperands(rewriter, loc, a, b, always);
    SmallVector<int64_t> axes;
    for (size_t axis = 1; axis < shape.size(); ++axis)
      axes.push_back(axis);
    bool ofBytes = a.hasOneZero() && multipliesBytes(a, b, always, {}, axes);
    Product product(rewriter, op, a, b, ofBytes);
    Value input = product.getLeft(), filter = product.getRight();
    SmallVector<int64_t> pads(op.getPads());
    bool isPadded = llvm::any_of(pads, [](int64_t pad) { return pad != 0; });
    Value wide = ofBytes ? withWholeGroups(rewriter, op, filter) : Value();
    if (wide || (ofBytes && a.zero && isPadded)) {
      int64_t channels = wide ? shapeOf(wide)[1] - shape[1] : 0;
      input = padded(rewriter, op, input,
                     product.getZero(typeOf(input).getElementType()), channels);
      pads.assign(pads.size(), 0);
      shape[1] += channels;
    }
    Value sums = ConvOp::create(rewriter, loc, input, wide ? wide : filter,
                                op.getStrides(), pads, op.getDilations(),
                                op.getGroups(), op.getChannelsLast());
    SmallVector<int64_t> byChannel{shape[0]};
    if (!op.getChannelsLast())
      byChannel.append(shape.size() - 2, 1);
    Value zeros = ofBytes && b.zero
                      ? zerosByChannel(rewriter, loc, b, byChannel)
                      : Value();
    sums = product.takeOffZeros(
        sums, ShapedType::getNumElements(ArrayRef(shape).drop_front()),
        [&] { return sumWindows(rewriter, op, input, pads); },
        [&] {
          Value total = product.sum(filter, axes, /*keepDims=*/false);
          return op.getChannelsLast()
                     ? total
                     : ReshapeOp::create(rewriter, loc, total, byChannel);
        },
        zeros);
    product.replace(sums, byChannel);
    return success();
  }

  /// The filter's zero points: one, or one for each channel of the result.
  static Value zerosByChannel(PatternRewriter &rewriter, Location loc,
                              const Quantized &filter,
                              ArrayRef<int64_t> byChannel) {
    Value zeros = filter.zerosOf(rewriter, loc, rewriter.getI32Type());
    if (filter.hasOneZero())
      return toScalar(rewriter, loc, zeros);
    return ReshapeOp::create(rewriter, loc, zeros, byChannel);
  }

  /// What each window of the input adds up to: first the channels of each
  /// group, then their sums, which are few.
  static Value sumWindows(PatternRewriter &rewriter, ConvOp op, Value input,
                          ArrayRef<int64_t> pads) {
    Location loc = op.getLoc();
    bool last = op.getChannelsLast();
    int64_t groups = op.getGroups(), outputs = shapeOf(op.getFilter())[0];
    SmallVector<int64_t> shape(shapeOf(input));
    int64_t channelDim = last ? shape.size() - 1 : 1;
    Value sums = CastOp::create(rewriter, loc, input, rewriter.getI32Type());
    SmallVector<int64_t> grouped(shape);
    if (groups > 1) {
      grouped[channelDim] = shape[channelDim] / groups;
      grouped.insert(grouped.begin() + channelDim, groups);
      sums = ReshapeOp::create(rewriter, loc, sums, grouped);
    }
    sums = ReduceOp::create(rewriter, loc, ReduceKind::Sum, sums,
                            ArrayRef<int64_t>{channelDim + (groups > 1)},
                            /*keepdims=*/groups == 1);
    SmallVector<int64_t> window(shapeOf(op.getFilter()));
    window[0] = groups;
    window[1] = 1;
    auto type = RankedTensorType::get(window, rewriter.getI32Type());
    Value ones = ConstantOp::create(rewriter, loc,
                                    DenseElementsAttr::get(type, APInt(32, 1)));
    sums = ConvOp::create(rewriter, loc, sums, ones, op.getStrides(), pads,
                          op.getDilations(), groups, last);
    if (groups == 1 || groups == outputs)
      return sums;
    // Each group's for all of its results.
    shape.assign(shapeOf(sums));
    grouped.assign(shape);
    grouped.insert(grouped.begin() + channelDim + 1, 1);
    sums = ReshapeOp::create(rewriter, loc, sums, grouped);
    grouped[channelDim + 1] = outputs / groups;
    sums = BroadcastOp::create(rewriter, loc, sums, grouped);
    shape[channelDim] = outputs;
    return ReshapeOp::create(rewriter, loc, sums, shape);
  }

  /// A constant filter with zeros for channels that make whole groups of all;
  /// null where there is nothing to do. (Images have three channels: without a
  /// fourth one, their bytes are multiplied one by one.)
  static Value withWholeGroups(PatternRewriter &rewriter, ConvOp op,
                               Value filter) {
    ArrayRef<int64_t> shape = shapeOf(filter);
    int64_t channels = shape[1], whole = llvm::alignTo(channels, dotGroup);
    ArrayRef<char> bytes = constantBytes(filter);
    if (op.getGroups() != 1 || whole == channels || 2 * channels < whole ||
        bytes.empty())
      return {};
    int64_t taps = ShapedType::getNumElements(shape.drop_front(2));
    std::vector<char> padded(shape[0] * whole * taps, 0);
    for (int64_t out = 0; out < shape[0]; ++out)
      llvm::copy(bytes.slice(out * channels * taps, channels * taps),
                 padded.begin() + out * whole * taps);
    SmallVector<int64_t> wide(shape);
    wide[1] = whole;
    return ConstantOp::create(rewriter, filter.getLoc(),
                              DenseElementsAttr::getFromRawBuffer(
                                  typeOf(filter).clone(wide), padded));
  }

  /// Pads with the zero point, which stands for zero, and with `channels`
  /// more channels.
  static Value padded(PatternRewriter &rewriter, ConvOp op, Value input,
                      Value zero, int64_t channels) {
    size_t spatial = op.getStrides().size();
    SmallVector<int64_t> lo(spatial + 2, 0), hi(spatial + 2, 0);
    for (size_t i = 0; i < spatial; ++i) {
      size_t dim = op.getChannelsLast() ? i + 1 : i + 2;
      lo[dim] = op.getPads()[i];
      hi[dim] = op.getPads()[spatial + i];
    }
    hi[op.getChannelsLast() ? spatial + 1 : 1] = channels;
    return PadOp::create(rewriter, op.getLoc(), PadMode::Constant, input, zero,
                         lo, hi);
  }

  /// Multiply bytes even if that takes sums of the input.
  bool always;
};

struct NNIntegerProducts
    : public dlc::nn::impl::NNIntegerProductsBase<NNIntegerProducts> {
  using NNIntegerProductsBase::NNIntegerProductsBase;

  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<MatmulOfBytes, ConvOfBytes>(&getContext(), alwaysBytes);
    // In graphs without such products nothing is to change.
    GreedyRewriteConfig config;
    config.enableFolding(false);
    if (failed(
            applyPatternsGreedily(getOperation(), std::move(patterns), config)))
      signalPassFailure();
  }
};
} // namespace
