//===- ResolveBroadcasts.cpp - Operands that have to fit together ---------===//
//
// Whether two operands have the same extent, or one of 1, is known at run time
// only.
//
//===----------------------------------------------------------------------===//

#include "Resolver.h"

#include "dlc/Dialect/NN/IR/ExtentHints.h"
#include "dlc/Support/Location.h"

using namespace mlir;
using namespace dlc::nn;

//===----------------------------------------------------------------------===//
// Checks
//===----------------------------------------------------------------------===//

void Resolver::check(Operation *op, const Twine &what, Value found,
                     Value expected) {
  std::string node = nameOfNode(op->getLoc());
  checkText(StringAttr::get(op->getContext(), "node '" + node + "': " + what),
            found, expected);
}

void Resolver::checkText(StringAttr text, Value found, Value expected) {
  if (forms.areSame(found, expected))
    return;
  // What differs from iteration to iteration is not checked.
  for (LoopBorder *border : llvm::reverse(borders)) {
    found = found ? border->outside(found) : found;
    expected = expected ? border->outside(expected) : expected;
  }
  if (!found || !expected)
    return;
  if (llvm::none_of(checks, [&](const Check &other) {
        return other.what == text && forms.areSame(other.found, found) &&
               forms.areSame(other.expected, expected);
      }))
    checks.push_back({text, found, expected});
}

void Resolver::checkExtent(Operation *op, const Place &place,
                           const Axis &axis) {
  ExtentBuilder b(op);
  check(op,
        "dimension " + Twine(place.dim) + " of operand " +
            Twine(place.operand->getOperandNumber()),
        b.extentOf(axesOf(place.operand->get())[place.dim]), b.extentOf(axis));
}

//===----------------------------------------------------------------------===//
// Alignment
//===----------------------------------------------------------------------===//

/// Where an operand has one element (`isOne`), takes it everywhere along a
/// dimension, which becomes `axis`.
void Resolver::repeatFirst(const Place &place, Value isOne, const Axis &axis) {
  OpOperand &operand = *place.operand;
  ExtentBuilder b(operand.getOwner());
  Axes axes = axesOf(operand.get());
  SmallVector<int64_t> starts(axes.size(), 0), steps(axes.size(), 1);
  SmallVector<int64_t> sizes(shapeOf(operand.get()));
  sizes[place.dim] = 1;
  Value first =
      b.make<SliceOp>(operand.get(), ArrayRef<int64_t>(starts),
                      ArrayRef<int64_t>(sizes), ArrayRef<int64_t>(steps));
  operand.set(b.make<SelectOp>(isOne, first, operand.get()));
  axes[place.dim] = axis;
  define(operand.get(), std::move(axes));
}

static Value isOne(ExtentBuilder &b, Value extent) {
  return b.make<CompareOp>(ComparePredicate::EQ, extent, b.scalar(1));
}

bool Resolver::isPartOf(Value part, Value agreed) const {
  auto parts = broadcasts.find(agreed);
  return part == agreed ||
         (parts != broadcasts.end() && llvm::is_contained(parts->second, part));
}

/// The extent of what operands with these extents broadcast to: the first that
/// is not 1.
Value Resolver::agreed(Operation *op, ArrayRef<Value> extents) {
  for (Value extent : extents)
    if (llvm::all_of(extents,
                     [&](Value part) { return isPartOf(part, extent); }))
      return extent;
  ExtentBuilder b(op);
  Value result;
  SmallVector<Value> parts;
  for (Value extent : extents) {
    result =
        result ? b.make<SelectOp>(isOne(b, result), extent, result) : extent;
    parts.push_back(extent);
    auto inner = broadcasts.find(extent);
    if (inner != broadcasts.end())
      llvm::append_range(parts, inner->second);
  }
  result = forms.canonical(result);
  broadcasts[result] = std::move(parts);
  return result;
}

/// At least one of the places is bounded, and all of them have their elements
/// at the beginning.
Axis Resolver::alignBroadcast(Operation *op, int64_t dim,
                              ArrayRef<Place> places, int64_t size) {
  ExtentBuilder b(op);
  auto axisOf = [&](const Place &place) {
    return axesOf(place.operand->get())[place.dim];
  };
  SmallVector<Value> extents;
  bool isFixed = false;
  for (const Place &place : places) {
    isFixed |= !axisOf(place).isBounded();
    extents.push_back(forms.canonical(b.extentOf(axisOf(place))));
  }
  Axis result(size);
  if (!isFixed)
    result = Axis(size, agreed(op, extents));
  Value expected = b.extentOf(result);
  for (auto [place, found] : llvm::zip_equal(places, extents)) {
    if (!axisOf(place).isBounded() || forms.areSame(found, expected))
      continue;
    Value one = isOne(b, found);
    check(op,
          "dimension " + Twine(place.dim) + " of operand " +
              Twine(place.operand->getOperandNumber()) +
              " (not 1, which would be broadcast)",
          b.make<SelectOp>(one, expected, found), expected);
    repeatFirst(place, one, result);
  }
  return result;
}

/// The same where nothing is broadcast.
Axis Resolver::alignEqual(Operation *op, ArrayRef<Place> places) {
  auto axisOf = [&](const Place &place) {
    return axesOf(place.operand->get())[place.dim];
  };
  const Place *fixed = llvm::find_if(
      places, [&](const Place &place) { return !axisOf(place).isBounded(); });
  Axis result = axisOf(fixed == places.end() ? places.front() : *fixed);
  for (const Place &place : places)
    checkExtent(op, place, result);
  return result;
}

Axis Resolver::align(Operation *op, int64_t dim, ArrayRef<Place> places,
                     int64_t size) {
  auto axisOf = [&](const Place &place) {
    return axesOf(place.operand->get())[place.dim];
  };
  const Place *bounded = llvm::find_if(
      places, [&](const Place &place) { return axisOf(place).isBounded(); });
  if (bounded == places.end())
    return Axis(size);
  auto kind = op->getAttrOfType<StringAttr>(kAlignedAttrName);
  Axis first = axisOf(*bounded);
  auto isOther = [&](const Place &place) {
    Axis axis = axisOf(place);
    return (kind || axis.isBounded()) && !(axis == first);
  };
  if (llvm::none_of(places, isOther))
    return first;
  for (const Place &place : places)
    compact(*place.operand, place.dim);
  if (!kind || llvm::all_of(places, [&](const Place &place) {
        return axisOf(place) == axisOf(*bounded);
      }))
    return axisOf(*bounded);
  if (kind == kAlignedEqual)
    return alignEqual(op, places);
  auto select = dyn_cast<SelectOp>(op);
  if (!select || kind != kAlignedChoice || places.size() != 2)
    return alignBroadcast(op, dim, places, size);
  ExtentBuilder b(op);
  return Axis(size, b.make<SelectOp>(b.reshape(select.getCondition(), {}),
                                     b.extentOf(axisOf(places[0])),
                                     b.extentOf(axisOf(places[1]))));
}

/// The result of an operation whose operands broadcast to it, but for their
/// last `drop` dimensions: has the extents of all of them.
LogicalResult Resolver::broadcast(Operation *op, ArrayRef<unsigned> operands,
                                  int64_t drop) {
  Value result = op->getResult(0);
  Axes axes = staticAxes(result);
  int64_t rank = axes.size();
  // What is not chosen says nothing.
  auto kind = op->getAttrOfType<StringAttr>(kAlignedAttrName);
  bool isChoice = kind && kind == kAlignedChoice;
  for (int64_t d = 0; d < rank - drop; ++d) {
    int64_t size = axes[d].getSize();
    SmallVector<Place> places;
    for (unsigned number : operands) {
      OpOperand &operand = op->getOpOperand(number);
      Axes from = axesOf(operand.get());
      int64_t at = d - rank + int64_t(from.size());
      if (at < 0 || (isChoice && number == 0))
        continue;
      if (from[at].getSize() == size &&
          (isChoice || size != 1 || from[at].isBounded()))
        places.push_back({&operand, at});
      else if (from[at].isBounded() && op->hasAttr(kAlignedAttrName))
        checkExtent(op, {&operand, at}, Axis(1));
    }
    axes[d] = align(op, d, places, size);
  }
  define(result, std::move(axes));
  return success();
}
