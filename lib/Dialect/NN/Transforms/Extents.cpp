//===- Extents.cpp - Dimensions of which a part is used -------------------===//

#include "Extents.h"

#include "mlir/IR/Matchers.h"

#include <limits>
#include <numeric>

using namespace mlir;
using namespace dlc::nn;

//===----------------------------------------------------------------------===//
// Axis
//===----------------------------------------------------------------------===//

void Axis::add(Factor factor) {
  if (!factor.extent && factor.size == 1)
    return;
  if (!factor.extent && !factors.empty() && !factors.back().extent)
    factors.back().size *= factor.size;
  else
    factors.push_back(factor);
}

int64_t Axis::getSize() const {
  int64_t size = 1;
  for (const Factor &factor : factors)
    size *= factor.size;
  return size;
}

bool Axis::isBounded() const {
  return llvm::any_of(factors, [](const Factor &f) { return bool(f.extent); });
}

bool Axis::isPrefix() const {
  return llvm::none_of(ArrayRef(factors).drop_front(!factors.empty()),
                       [](const Factor &f) { return bool(f.extent); });
}

bool Axis::operator==(const Axis &other) const {
  return llvm::equal(factors, other.factors,
                     [](const Factor &a, const Factor &b) {
                       return a.size == b.size && a.extent == b.extent;
                     });
}

Axes dlc::nn::staticAxes(Value value) {
  Axes axes;
  for (int64_t size : cast<RankedTensorType>(value.getType()).getShape())
    axes.emplace_back(size);
  return axes;
}

bool dlc::nn::hasBounded(ArrayRef<Axis> axes) {
  return llvm::any_of(axes, [](const Axis &axis) { return axis.isBounded(); });
}

std::optional<Axes> dlc::nn::regroup(ArrayRef<Axis> from,
                                     ArrayRef<int64_t> shape) {
  SmallVector<Factor> rest; // the next one last
  for (const Axis &axis : llvm::reverse(from))
    llvm::append_range(rest, llvm::reverse(axis.getFactors()));
  Axes result;
  for (int64_t size : shape) {
    Axis axis;
    while (size != 1) {
      if (rest.empty() || size == 0)
        return std::nullopt;
      Factor factor = rest.pop_back_val();
      int64_t common = std::gcd(factor.size, size);
      if (factor.size != common) {
        // Only what has no extent can be split.
        if (factor.extent || common == 1)
          return std::nullopt;
        rest.push_back({factor.size / common, nullptr});
        factor.size = common;
      }
      axis.add(factor);
      size /= common;
    }
    // A bound of 1 has no size that would tell where it belongs.
    while (axis.getSize() == 1 && !axis.isBounded() && !rest.empty() &&
           rest.back().extent && rest.back().size == 1)
      axis.add(rest.pop_back_val());
    result.push_back(std::move(axis));
  }
  for (const Factor &factor : rest)
    if (factor.size != 1 || (factor.extent && shape.empty()))
      return std::nullopt;
  while (!rest.empty())
    result.back().add(rest.pop_back_val());
  return result;
}

//===----------------------------------------------------------------------===//
// Extents
//===----------------------------------------------------------------------===//

/// Element `index` of `x`, which has rank 0 or 1, one step nearer to its
/// origin; false where it is there.
static bool stepBack(Value &x, int64_t &index) {
  Operation *op = x.getDefiningOp();
  if (auto reshape = dyn_cast_or_null<ReshapeOp>(op)) {
    x = reshape.getX();
    return cast<RankedTensorType>(x.getType()).getRank() <= 1;
  }
  // No extent needs more than 32 bits.
  if (auto cast = dyn_cast_or_null<CastOp>(op)) {
    auto isWide = [](Value value) {
      Type element =
          mlir::cast<RankedTensorType>(value.getType()).getElementType();
      return element.isSignlessInteger(64) || element.isSignlessInteger(32);
    };
    if (!isWide(cast.getX()) || !isWide(x))
      return false;
    x = cast.getX();
    return true;
  }
  if (auto gather = dyn_cast_or_null<GatherOp>(op)) {
    DenseElementsAttr indices;
    auto from = cast<RankedTensorType>(gather.getData().getType());
    if (from.getRank() != 1 ||
        !matchPattern(gather.getIndices(), m_Constant(&indices)) ||
        !isa<IntegerType>(indices.getElementType()))
      return false;
    index = (*(indices.value_begin<APInt>() + index)).getSExtValue();
    index += index < 0 ? from.getDimSize(0) : 0;
    x = gather.getData();
    return index >= 0 && index < from.getDimSize(0);
  }
  if (auto slice = dyn_cast_or_null<SliceOp>(op)) {
    x = slice.getX();
    index = slice.getStarts()[0] + index * slice.getSteps()[0];
    return true;
  }
  if (auto concat = dyn_cast_or_null<ConcatOp>(op)) {
    for (Value part : concat.getInputs()) {
      int64_t size = cast<RankedTensorType>(part.getType()).getNumElements();
      x = part;
      if (index < size)
        return true;
      index -= size;
    }
    return false;
  }
  return false;
}

std::optional<int64_t> dlc::nn::constantOf(Value x) {
  int64_t index = 0;
  do {
    DenseIntElementsAttr constant;
    if (matchPattern(x, m_Constant(&constant)))
      return (*(constant.value_begin<APInt>() + index)).getSExtValue();
  } while (stepBack(x, index));
  return std::nullopt;
}

/// The number that `x` is not made smaller than, or larger than.
template <typename OpT>
static std::optional<int64_t> getLimit(Value x) {
  auto op = x.getDefiningOp<OpT>();
  DenseElementsAttr limit;
  if (!op || op->getOperand(0).getType() != x.getType() ||
      !cast<RankedTensorType>(x.getType()).getElementType().isInteger(64) ||
      !matchPattern(op->getOperand(1), m_Constant(&limit)) || !limit.isSplat())
    return std::nullopt;
  return limit.getSplatValue<APInt>().getSExtValue();
}

Value dlc::nn::originOf(Value extent, const ExtentLimits &limits) {
  Value x = extent;
  int64_t index = 0, least = std::numeric_limits<int64_t>::max();
  bool isLimited = false;
  Type elementType = cast<RankedTensorType>(x.getType()).getElementType();
  while (true) {
    auto known = limits.find(x);
    if (known != limits.end() && known->second <= least)
      return x;
    // What is one element is the same wherever it lies.
    auto type = cast<RankedTensorType>(x.getType());
    if (!isLimited && type.getNumElements() == 1 &&
        type.getElementType() == elementType)
      extent = x;
    if (auto limit = getLimit<MinOp>(x)) {
      least = std::min(least, *limit);
    } else if (auto limit = getLimit<MaxOp>(x); limit && *limit <= 0) {
    } else if (stepBack(x, index)) {
      continue;
    } else {
      return extent;
    }
    isLimited = true;
    x = x.getDefiningOp()->getOperand(0);
  }
}

Axis dlc::nn::mapExtents(const Axis &axis, function_ref<Value(Value)> map) {
  Axis result;
  for (const Factor &factor : axis.getFactors())
    result.add({factor.size, factor.extent ? map(factor.extent) : nullptr});
  return result;
}

//===----------------------------------------------------------------------===//
// ExtentBuilder
//===----------------------------------------------------------------------===//

Value ExtentBuilder::scalar(int64_t value) {
  auto type = RankedTensorType::get({}, builder.getI64Type());
  return make<ConstantOp>(
      llvm::cast<ElementsAttr>(DenseElementsAttr::get(type, value)));
}

Value ExtentBuilder::vector(ArrayRef<int64_t> values) {
  auto type =
      RankedTensorType::get({int64_t(values.size())}, builder.getI64Type());
  return make<ConstantOp>(
      llvm::cast<ElementsAttr>(DenseElementsAttr::get(type, values)));
}

Value ExtentBuilder::number(Type element, double value) {
  Attribute attr;
  if (isa<FloatType>(element))
    attr = builder.getFloatAttr(element, value);
  else
    attr = IntegerAttr::get(element,
                            APInt(element.getIntOrFloatBitWidth(),
                                  uint64_t(int64_t(value)),
                                  /*isSigned=*/true, /*implicitTrunc=*/true));
  return make<ConstantOp>(llvm::cast<ElementsAttr>(
      DenseElementsAttr::get(RankedTensorType::get({}, element), attr)));
}

Value ExtentBuilder::limit(Type element, bool lowest) {
  Attribute attr;
  if (auto type = dyn_cast<FloatType>(element)) {
    attr =
        FloatAttr::get(type, APFloat::getInf(type.getFloatSemantics(), lowest));
  } else {
    unsigned width = element.getIntOrFloatBitWidth();
    bool isUnsigned = element.isUnsignedInteger();
    APInt value = lowest ? (isUnsigned ? APInt::getMinValue(width)
                                       : APInt::getSignedMinValue(width))
                         : (isUnsigned ? APInt::getMaxValue(width)
                                       : APInt::getSignedMaxValue(width));
    attr = IntegerAttr::get(element, value);
  }
  return make<ConstantOp>(llvm::cast<ElementsAttr>(
      DenseElementsAttr::get(RankedTensorType::get({}, element), attr)));
}

Value ExtentBuilder::floorDiv(Value a, int64_t b) {
  if (b == 1)
    return a;
  // nn.div rounds towards zero.
  Value isNegative = make<CompareOp>(ComparePredicate::LT, a, scalar(0));
  Value shifted = make<SelectOp>(isNegative, sub(a, b - 1), a);
  return make<DivOp>(shifted, scalar(b));
}

Value ExtentBuilder::positions(int64_t size) {
  return vector(llvm::to_vector(llvm::seq<int64_t>(0, size)));
}

Value ExtentBuilder::extentOf(const Axis &axis) {
  Value extent;
  int64_t fixed = 1;
  for (const Factor &factor : axis.getFactors()) {
    if (!factor.extent)
      fixed *= factor.size;
    else
      extent = extent ? mul(extent, factor.extent) : factor.extent;
  }
  if (!extent)
    return scalar(fixed);
  return fixed == 1 ? extent : mul(extent, fixed);
}

Value ExtentBuilder::fill(Value value, ArrayRef<Axis> axes,
                          ArrayRef<int64_t> dims, Value fill) {
  int64_t rank = axes.size();
  Value counts;
  for (int64_t dim : dims) {
    int64_t size = axes[dim].getSize(), stride = size;
    SmallVector<int64_t> shape(rank, 1);
    shape[dim] = size;
    for (const Factor &factor : axes[dim].getFactors()) {
      stride /= factor.size;
      if (!factor.extent)
        continue;
      SmallVector<int64_t> at;
      for (int64_t i = 0; i < size; ++i)
        at.push_back(i / stride % factor.size);
      Value inside = make<CompareOp>(ComparePredicate::LT,
                                     reshape(vector(at), shape), factor.extent);
      counts = counts ? make<AndOp>(counts, inside) : inside;
    }
  }
  return counts ? make<SelectOp>(counts, value, fill) : value;
}

Value ExtentBuilder::compact(Value value, const Axis &axis, int64_t dim) {
  // Position i of the result is (i / e1) * stride0 + (i % e1) * stride1 for two
  // factors of which the inner one has the extent e1.
  int64_t size = axis.getSize(), stride = 1;
  Value left = positions(size), source;
  for (const Factor &factor : llvm::reverse(axis.getFactors().drop_front())) {
    Value extent = factor.extent ? make<MaxOp>(factor.extent, scalar(1))
                                 : scalar(factor.size);
    Value whole = make<DivOp>(left, extent);
    Value part = mul(sub(left, mul(whole, extent)), stride);
    source = source ? add(source, part) : part;
    left = whole;
    stride *= factor.size;
  }
  left = mul(left, stride);
  return make<GatherOp>(value, source ? add(source, left) : left, dim);
}
