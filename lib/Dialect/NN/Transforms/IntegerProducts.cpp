//===- IntegerProducts.cpp - Products of quantised tensors ----------------===//

#include "dlc/Dialect/NN/Transforms/Passes.h"

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

static RankedTensorType typeOf(Value value) {
  return cast<RankedTensorType>(value.getType());
}
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

/// Two quantised operands and how they are multiplied: as bytes where the right
/// one (weights, as a rule) has no zero point, with what the left one's zero
/// point adds taken off the sums; else as 16 bits without zero points.
class Product {
public:
  Product(PatternRewriter &rewriter, Operation *op, const Quantized &left,
          const Quantized &right)
      : b(rewriter), loc(op->getLoc()), op(op), left(left), right(right) {}

  bool isOfBytes() const {
    return left.isByte() && right.isByte() && left.hasOneZero() && !right.zero;
  }
  Value getLeft() {
    return isOfBytes() ? left.transposed(b, loc, left.bytes)
                       : left.centred(b, loc);
  }
  Value getRight() {
    return isOfBytes() ? right.transposed(b, loc, right.bytes)
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
  /// What the left zero point adds to the sums: itself times the right
  /// operand's, summed over `axes`.
  Value takeOffZero(Value sums, Value factors, ArrayRef<int64_t> axes,
                    bool keepDims) {
    if (!isOfBytes() || !left.zero)
      return sums;
    Type type = b.getI32Type();
    Value wide = CastOp::create(b, loc, factors, type);
    Value total = ReduceOp::create(b, loc, ReduceKind::Sum, wide, axes,
                                   /*keepdims=*/keepDims);
    if (auto conv = dyn_cast<ConvOp>(op); conv && !conv.getChannelsLast()) {
      SmallVector<int64_t> shape(typeOf(factors).getRank() - 1, 1);
      shape[0] = shapeOf(factors)[0];
      total = ReshapeOp::create(b, loc, total, shape);
    }
    return SubOp::create(b, loc, sums,
                         MulOp::create(b, loc, total, getZero(type)));
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

struct MatmulOfBytes : OpRewritePattern<MatmulOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(MatmulOp op,
                                PatternRewriter &rewriter) const override {
    int64_t columns = typeOf(op.getRhs()).getRank() - 1;
    auto operands = matchOperands(op.getLhs(), op.getRhs(),
                                  shapeOf(op.getLhs()).back(), columns);
    if (!operands)
      return failure();
    Product product(rewriter, op, operands->first, operands->second);
    Value right = product.getRight();
    Value sums =
        MatmulOp::create(rewriter, op.getLoc(), product.getLeft(), right);
    sums = product.takeOffZero(sums, right, {columns - 1}, /*keepDims=*/true);
    product.replace(sums, {shapeOf(op.getRhs()).back()});
    return success();
  }
};

struct ConvOfBytes : OpRewritePattern<ConvOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(ConvOp op,
                                PatternRewriter &rewriter) const override {
    ArrayRef<int64_t> shape = shapeOf(op.getFilter());
    auto operands = matchOperands(
        op.getInput(), op.getFilter(),
        ShapedType::getNumElements(shape.drop_front()), /*dim=*/0);
    if (!operands)
      return failure();
    Location loc = op.getLoc();
    Product product(rewriter, op, operands->first, operands->second);
    Value input = product.getLeft(), filter = product.getRight();
    SmallVector<int64_t> pads(op.getPads());
    bool isPadded = llvm::any_of(pads, [](int64_t pad) { return pad != 0; });
    Value wide =
        product.isOfBytes() ? withWholeGroups(rewriter, op, filter) : Value();
    if (wide || (product.isOfBytes() && operands->first.zero && isPadded)) {
      int64_t channels = wide ? shapeOf(wide)[1] - shape[1] : 0;
      input = padded(rewriter, op, input,
                     product.getZero(typeOf(input).getElementType()), channels);
      pads.assign(pads.size(), 0);
    }
    Value sums = ConvOp::create(rewriter, loc, input, wide ? wide : filter,
                                op.getStrides(), pads, op.getDilations(),
                                op.getGroups(), op.getChannelsLast());
    SmallVector<int64_t> axes;
    for (size_t axis = 1; axis < shape.size(); ++axis)
      axes.push_back(axis);
    sums = product.takeOffZero(sums, filter, axes, /*keepDims=*/false);
    SmallVector<int64_t> byChannel{shape[0]};
    if (!op.getChannelsLast())
      byChannel.append(shape.size() - 2, 1);
    product.replace(sums, byChannel);
    return success();
  }

  /// A constant filter with zeros for channels that make whole groups of all;
  /// null where there is nothing to do. (Images have three channels: without a
  /// fourth one, their bytes are multiplied one by one.)
  static Value withWholeGroups(PatternRewriter &rewriter, ConvOp op,
                               Value filter) {
    ArrayRef<int64_t> shape = shapeOf(filter);
    int64_t channels = shape[1], whole = llvm::alignTo(channels, dotGroup);
    ElementsAttr constant;
    if (op.getGroups() != 1 || whole == channels || 2 * channels < whole ||
        !matchPattern(filter, m_Constant(&constant)))
      return {};
    ArrayRef<char> bytes;
    if (auto dense = dyn_cast<DenseElementsAttr>(constant);
        dense && !dense.isSplat())
      bytes = dense.getRawData();
    else if (auto resource = dyn_cast<DenseResourceElementsAttr>(constant))
      if (AsmResourceBlob *blob = resource.getRawHandle().getBlob())
        bytes = blob->getData();
    int64_t taps = ShapedType::getNumElements(shape.drop_front(2));
    if (static_cast<int64_t>(bytes.size()) != shape[0] * channels * taps)
      return {};
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
};

struct NNIntegerProducts
    : public dlc::nn::impl::NNIntegerProductsBase<NNIntegerProducts> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<MatmulOfBytes, ConvOfBytes>(&getContext());
    // In graphs without such products nothing is to change.
    GreedyRewriteConfig config;
    config.enableFolding(false);
    if (failed(
            applyPatternsGreedily(getOperation(), std::move(patterns), config)))
      signalPassFailure();
  }
};
} // namespace
