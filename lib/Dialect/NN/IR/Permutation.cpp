//===- Permutation.cpp - Operations with dimensions in other orders -------===//

#include "Infer.h"

using namespace mlir;
using namespace dlc::nn;

using MaybePlan = std::optional<PermutationPlan>;

//===----------------------------------------------------------------------===//
// Permutations
//===----------------------------------------------------------------------===//

bool dlc::nn::isIdentity(ArrayRef<int64_t> permutation) {
  return llvm::equal(permutation, llvm::seq<int64_t>(0, permutation.size()));
}

Permutation dlc::nn::identityPermutation(int64_t rank) {
  return llvm::to_vector<4>(llvm::seq<int64_t>(0, rank));
}

Permutation dlc::nn::invert(ArrayRef<int64_t> permutation) {
  Permutation result(permutation.size());
  for (auto [i, d] : llvm::enumerate(permutation))
    result[d] = i;
  return result;
}

Permutation dlc::nn::compose(ArrayRef<int64_t> first,
                             ArrayRef<int64_t> second) {
  Permutation result;
  for (int64_t d : second)
    result.push_back(first[d]);
  return result;
}

Permutation dlc::nn::channelsLastPermutation(int64_t rank) {
  Permutation result = identityPermutation(rank);
  if (rank > 2)
    std::rotate(result.begin() + 1, result.begin() + 2, result.end());
  return result;
}

int64_t dlc::nn::positionOf(ArrayRef<int64_t> permutation, int64_t d) {
  return llvm::find(permutation, d) - permutation.begin();
}

Value dlc::nn::permuteValue(OpBuilder &builder, Location loc, Value value,
                            ArrayRef<int64_t> permutation) {
  SmallVector<int64_t> shape(permutation.size() - typeOf(value).getRank(), 1);
  llvm::append_range(shape, shapeOf(value));
  int64_t last = -1;
  bool moves = false;
  for (int64_t d : permutation) {
    if (shape[d] == 1)
      continue;
    moves |= d < last;
    last = d;
  }
  if (!moves)
    return builder.createOrFold<ReshapeOp>(
        loc, value, permuted<int64_t>(shape, permutation));
  value = builder.createOrFold<ReshapeOp>(loc, value, shape);
  return builder.createOrFold<TransposeOp>(loc, value, permutation);
}

//===----------------------------------------------------------------------===//
// Elementwise
//===----------------------------------------------------------------------===//

/// What a result of `rank` permuted by `permutation` wants of an operand that
/// broadcasts to it.
static Permutation broadcastOperand(Value operand,
                                    ArrayRef<int64_t> permutation) {
  ArrayRef<int64_t> shape = shapeOf(operand);
  if (llvm::all_of(shape, [](int64_t size) { return size == 1; }))
    return {};
  int64_t lead = permutation.size() - shape.size();
  if (!isIdentity(permutation.take_front(lead)))
    return Permutation(permutation);
  // The missing dimensions stay in front: no need to make them.
  return llvm::map_to_vector<4>(permutation.drop_front(lead),
                                [&](int64_t d) { return d - lead; });
}

/// The order of a result of `rank` when an operand that broadcasts to it is
/// permuted.
static Permutation broadcastResult(int64_t rank,
                                   ArrayRef<int64_t> permutation) {
  int64_t lead = rank - permutation.size();
  Permutation result = identityPermutation(lead);
  for (int64_t d : permutation)
    result.push_back(d + lead);
  return result;
}

static int64_t resultRank(Operation *op) {
  return typeOf(op->getResult(0)).getRank();
}

MaybePlan
dlc::nn::detail::planElementwiseFromOperand(Operation *op, unsigned operand,
                                            ArrayRef<int64_t> permutation) {
  return planElementwiseFromResult(
      op, broadcastResult(resultRank(op), permutation));
}

MaybePlan
dlc::nn::detail::planElementwiseFromResult(Operation *op,
                                           ArrayRef<int64_t> permutation) {
  PermutationPlan plan;
  for (Value operand : op->getOperands())
    plan.operands.push_back(broadcastOperand(operand, permutation));
  plan.result = Permutation(permutation);
  return plan;
}

Value dlc::nn::detail::copyPermuted(Operation *op, OpBuilder &builder,
                                    ValueRange operands,
                                    const PermutationPlan &plan) {
  Operation *copy = builder.clone(*op);
  copy->setOperands(operands);
  Value result = copy->getResult(0);
  result.setType(
      withShape(result, permuted<int64_t>(shapeOf(result), plan.result)));
  return result;
}

/// copyPermuted with the class of the copy, whose attributes can then be set.
template <typename OpT>
static OpT copyOp(OpT op, OpBuilder &builder, ValueRange operands,
                  const PermutationPlan &plan) {
  return dlc::nn::detail::copyPermuted(op, builder, operands, plan)
      .template getDefiningOp<OpT>();
}

/// The plan of an operation whose first operand and result have the same order
/// and whose other operands stay.
static PermutationPlan planAlike(Operation *op, ArrayRef<int64_t> permutation) {
  PermutationPlan plan;
  plan.operands.resize(op->getNumOperands());
  plan.operands[0] = plan.result = Permutation(permutation);
  return plan;
}

MaybePlan BroadcastOp::planFromOperand(unsigned operand,
                                       ArrayRef<int64_t> permutation) {
  return dlc::nn::detail::planElementwiseFromOperand(*this, operand,
                                                     permutation);
}

MaybePlan BroadcastOp::planFromResult(ArrayRef<int64_t> permutation) {
  return dlc::nn::detail::planElementwiseFromResult(*this, permutation);
}

Value BroadcastOp::buildPermuted(OpBuilder &builder, ValueRange operands,
                                 const PermutationPlan &plan) {
  return copyOp(*this, builder, operands, plan);
}

//===----------------------------------------------------------------------===//
// Operations with a channels_last form
//===----------------------------------------------------------------------===//

template <typename OpT>
static MaybePlan planChannelsLast(OpT op, ArrayRef<int64_t> permutation) {
  if (op.getChannelsLast() ||
      permutation != ArrayRef<int64_t>(channelsLastPermutation(resultRank(op))))
    return std::nullopt;
  return planAlike(op, permutation);
}

template <typename OpT>
static MaybePlan planChannelsLastFromOperand(OpT op, unsigned operand,
                                             ArrayRef<int64_t> permutation) {
  return operand == 0 ? planChannelsLast(op, permutation) : std::nullopt;
}

template <typename OpT>
static Value buildChannelsLast(OpT op, OpBuilder &builder, ValueRange operands,
                               const PermutationPlan &plan) {
  OpT copy = copyOp(op, builder, operands, plan);
  copy.setChannelsLast(true);
  return copy;
}

#define DLC_CHANNELS_LAST(OP)                                                  \
  MaybePlan OP::planFromOperand(unsigned operand,                              \
                                ArrayRef<int64_t> permutation) {               \
    return planChannelsLastFromOperand(*this, operand, permutation);           \
  }                                                                            \
  MaybePlan OP::planFromResult(ArrayRef<int64_t> permutation) {                \
    return planChannelsLast(*this, permutation);                               \
  }                                                                            \
  Value OP::buildPermuted(OpBuilder &builder, ValueRange operands,             \
                          const PermutationPlan &plan) {                       \
    return buildChannelsLast(*this, builder, operands, plan);                  \
  }
#define DLC_PREFERS_CHANNELS_LAST(OP)                                          \
  DLC_CHANNELS_LAST(OP)                                                        \
  Permutation OP::getPreferredPermutation() {                                  \
    return getChannelsLast() ? Permutation()                                   \
                             : channelsLastPermutation(getType().getRank());   \
  }

DLC_PREFERS_CHANNELS_LAST(ConvOp)
DLC_PREFERS_CHANNELS_LAST(ConvTransposeOp)
DLC_PREFERS_CHANNELS_LAST(MaxPoolOp)
DLC_PREFERS_CHANNELS_LAST(AvgPoolOp)
DLC_CHANNELS_LAST(LrnOp)
DLC_CHANNELS_LAST(BatchNormOp)

//===----------------------------------------------------------------------===//
// Operations with attributes that name dimensions
//===----------------------------------------------------------------------===//

#define DLC_PERMUTES_ALIKE(OP, SET_ATTRIBUTES)                                 \
  MaybePlan OP::planFromOperand(unsigned operand,                              \
                                ArrayRef<int64_t> permutation) {               \
    return operand == 0 ? MaybePlan(planAlike(*this, permutation))             \
                        : std::nullopt;                                        \
  }                                                                            \
  MaybePlan OP::planFromResult(ArrayRef<int64_t> permutation) {                \
    return planAlike(*this, permutation);                                      \
  }                                                                            \
  Value OP::buildPermuted(OpBuilder &builder, ValueRange operands,             \
                          const PermutationPlan &plan) {                       \
    OP copy = copyOp(*this, builder, operands, plan);                          \
    ArrayRef<int64_t> order = plan.result;                                     \
    SET_ATTRIBUTES;                                                            \
    return copy;                                                               \
  }

DLC_PERMUTES_ALIKE(SoftmaxOp, copy.setAxis(positionOf(order, getAxis())))
DLC_PERMUTES_ALIKE(CumSumOp, copy.setAxis(positionOf(order, getAxis())))
DLC_PERMUTES_ALIKE(ResizeOp, copy.setScales(permuted(getScales(), order)))
DLC_PERMUTES_ALIKE(SliceOp, copy.setStarts(permuted(getStarts(), order));
                   copy.setSteps(permuted(getSteps(), order)))
DLC_PERMUTES_ALIKE(PadOp, copy.setLo(permuted(getLo(), order));
                   copy.setHi(permuted(getHi(), order)))

MaybePlan ConcatOp::planFromOperand(unsigned operand,
                                    ArrayRef<int64_t> permutation) {
  return planFromResult(permutation);
}

MaybePlan ConcatOp::planFromResult(ArrayRef<int64_t> permutation) {
  PermutationPlan plan;
  plan.operands.assign(getNumOperands(), Permutation(permutation));
  plan.result = Permutation(permutation);
  return plan;
}

Value ConcatOp::buildPermuted(OpBuilder &builder, ValueRange operands,
                              const PermutationPlan &plan) {
  ConcatOp copy = copyOp(*this, builder, operands, plan);
  copy.setAxis(positionOf(plan.result, getAxis()));
  return copy;
}

MaybePlan LayerNormOp::planFromOperand(unsigned operand,
                                       ArrayRef<int64_t> permutation) {
  return operand == 0 ? planFromResult(permutation) : std::nullopt;
}

MaybePlan LayerNormOp::planFromResult(ArrayRef<int64_t> permutation) {
  // The normalised dimensions must stay the last ones.
  int64_t axis = getAxis();
  if (llvm::any_of(permutation.drop_front(axis),
                   [&](int64_t d) { return d < axis; }))
    return std::nullopt;
  PermutationPlan plan = planAlike(*this, permutation);
  for (unsigned i = 1; i < getNumOperands(); ++i)
    plan.operands[i] = broadcastOperand(getOperand(i), permutation);
  return plan;
}

Value LayerNormOp::buildPermuted(OpBuilder &builder, ValueRange operands,
                                 const PermutationPlan &plan) {
  return copyOp(*this, builder, operands, plan);
}

//===----------------------------------------------------------------------===//
// Reductions
//===----------------------------------------------------------------------===//

static MaybePlan planReductionFromOperand(Operation *op, ArrayRef<int64_t> axes,
                                          bool keepdims,
                                          ArrayRef<int64_t> permutation) {
  PermutationPlan plan = planAlike(op, permutation);
  if (keepdims)
    return plan;
  plan.result.clear();
  for (int64_t d : permutation)
    if (!llvm::is_contained(axes, d))
      plan.result.push_back(
          d - llvm::count_if(axes, [&](int64_t axis) { return axis < d; }));
  return plan;
}

static MaybePlan planReductionFromResult(Operation *op, ArrayRef<int64_t> axes,
                                         bool keepdims,
                                         ArrayRef<int64_t> permutation) {
  PermutationPlan plan = planAlike(op, permutation);
  if (keepdims)
    return plan;
  // Each kept dimension takes the place of one, the reduced ones keep theirs.
  int64_t rank = typeOf(op->getOperand(0)).getRank();
  SmallVector<int64_t> kept;
  for (int64_t d = 0; d < rank; ++d)
    if (!llvm::is_contained(axes, d))
      kept.push_back(d);
  Permutation order = identityPermutation(rank);
  for (auto [i, d] : llvm::enumerate(permutation))
    order[kept[i]] = kept[d];
  plan.operands[0] = order;
  return plan;
}

static SmallVector<int64_t> movedAxes(ArrayRef<int64_t> axes,
                                      const PermutationPlan &plan) {
  SmallVector<int64_t> result;
  for (int64_t axis : axes)
    result.push_back(positionOf(plan.operands[0], axis));
  llvm::sort(result);
  return result;
}

MaybePlan ReduceOp::planFromOperand(unsigned operand,
                                    ArrayRef<int64_t> permutation) {
  return planReductionFromOperand(*this, getAxes(), getKeepdims(), permutation);
}

MaybePlan ReduceOp::planFromResult(ArrayRef<int64_t> permutation) {
  return planReductionFromResult(*this, getAxes(), getKeepdims(), permutation);
}

Value ReduceOp::buildPermuted(OpBuilder &builder, ValueRange operands,
                              const PermutationPlan &plan) {
  ReduceOp copy = copyOp(*this, builder, operands, plan);
  copy.setAxes(movedAxes(getAxes(), plan));
  return copy;
}

MaybePlan ArgReduceOp::planFromOperand(unsigned operand,
                                       ArrayRef<int64_t> permutation) {
  return planReductionFromOperand(*this, {getAxis()}, getKeepdims(),
                                  permutation);
}

MaybePlan ArgReduceOp::planFromResult(ArrayRef<int64_t> permutation) {
  return planReductionFromResult(*this, {getAxis()}, getKeepdims(),
                                 permutation);
}

Value ArgReduceOp::buildPermuted(OpBuilder &builder, ValueRange operands,
                                 const PermutationPlan &plan) {
  ArgReduceOp copy = copyOp(*this, builder, operands, plan);
  copy.setAxis(movedAxes({getAxis()}, plan).front());
  return copy;
}

//===----------------------------------------------------------------------===//
// Gather
//===----------------------------------------------------------------------===//

MaybePlan GatherOp::planFromOperand(unsigned operand,
                                    ArrayRef<int64_t> permutation) {
  if (operand != 0)
    return std::nullopt;
  // The dimensions of the indices take the place of the axis.
  int64_t axis = getAxis(), count = getIndices().getType().getRank();
  PermutationPlan plan = planAlike(*this, permutation);
  plan.result.clear();
  for (int64_t d : permutation) {
    if (d == axis)
      llvm::append_range(plan.result, llvm::seq<int64_t>(axis, axis + count));
    else
      plan.result.push_back(d < axis ? d : d + count - 1);
  }
  return plan;
}

MaybePlan GatherOp::planFromResult(ArrayRef<int64_t> permutation) {
  int64_t axis = getAxis(), count = getIndices().getType().getRank();
  if (count == 0)
    return std::nullopt;
  int64_t first = positionOf(permutation, axis);
  if (first + count > int64_t(permutation.size()))
    return std::nullopt;
  for (int64_t i = 0; i < count; ++i)
    if (permutation[first + i] != axis + i)
      return std::nullopt;
  PermutationPlan plan = planAlike(*this, permutation);
  plan.operands[0].clear();
  for (int64_t d : permutation) {
    if (d <= axis)
      plan.operands[0].push_back(d);
    else if (d >= axis + count)
      plan.operands[0].push_back(d - count + 1);
  }
  return plan;
}

Value GatherOp::buildPermuted(OpBuilder &builder, ValueRange operands,
                              const PermutationPlan &plan) {
  GatherOp copy = copyOp(*this, builder, operands, plan);
  copy.setAxis(positionOf(plan.operands[0], getAxis()));
  return copy;
}

//===----------------------------------------------------------------------===//
// Transpose and reshape
//===----------------------------------------------------------------------===//

// Given one side, a transpose vanishes; given both, it is what remains.

MaybePlan TransposeOp::planFromOperand(unsigned operand,
                                       ArrayRef<int64_t> permutation) {
  PermutationPlan plan = planAlike(*this, permutation);
  plan.result = compose(invert(getPerm()), permutation);
  return plan;
}

MaybePlan TransposeOp::planFromResult(ArrayRef<int64_t> permutation) {
  PermutationPlan plan = planAlike(*this, permutation);
  plan.operands[0] = compose(getPerm(), permutation);
  return plan;
}

Value TransposeOp::buildPermuted(OpBuilder &builder, ValueRange operands,
                                 const PermutationPlan &plan) {
  Permutation rest =
      compose(invert(plan.operands[0]), compose(getPerm(), plan.result));
  return permuteValue(builder, getLoc(), operands[0], rest);
}

/// The order of `to`'s dimensions when the same elements in the shape `from`
/// are permuted and then reshaped so that no further element moves; nullopt
/// where no order does that.
static std::optional<Permutation>
permuteThroughReshape(ArrayRef<int64_t> from, ArrayRef<int64_t> to,
                      ArrayRef<int64_t> permutation) {
  if (llvm::is_contained(from, 0))
    return std::nullopt;
  // Dimensions of 1 do not matter. The others form groups: the smallest ranges
  // of both shapes with the same product.
  auto wide = [](ArrayRef<int64_t> shape) {
    SmallVector<int64_t> dims;
    for (auto [d, size] : llvm::enumerate(shape))
      if (size != 1)
        dims.push_back(d);
    return dims;
  };
  SmallVector<int64_t> fromDims = wide(from), toDims = wide(to);
  SmallVector<int64_t> groupOf(from.size(), -1);
  SmallVector<SmallVector<int64_t>> fromGroups, toGroups;
  for (size_t i = 0, j = 0; i < fromDims.size();) {
    SmallVector<int64_t> a = {fromDims[i]}, b = {toDims[j]};
    int64_t sizeA = from[fromDims[i++]], sizeB = to[toDims[j++]];
    while (sizeA != sizeB) {
      if (sizeA < sizeB) {
        sizeA *= from[fromDims[i]];
        a.push_back(fromDims[i++]);
      } else {
        sizeB *= to[toDims[j]];
        b.push_back(toDims[j++]);
      }
    }
    for (int64_t d : a)
      groupOf[d] = fromGroups.size();
    fromGroups.push_back(a);
    toGroups.push_back(b);
  }
  // Each group must stay together and in order.
  SmallVector<int64_t> order;
  SmallVector<int64_t> moved;
  for (int64_t d : permutation)
    if (from[d] != 1)
      moved.push_back(d);
  for (size_t i = 0; i < moved.size();) {
    int64_t group = groupOf[moved[i]];
    for (int64_t d : fromGroups[group])
      if (i >= moved.size() || moved[i++] != d)
        return std::nullopt;
    llvm::append_range(order, toGroups[group]);
  }
  // Place the dimensions of 1: in one of the usual orders where that fits,
  // otherwise where they are.
  auto fits = [&](ArrayRef<int64_t> candidate) {
    SmallVector<int64_t> rest;
    for (int64_t d : candidate)
      if (to[d] != 1)
        rest.push_back(d);
    return rest == order;
  };
  for (const Permutation &candidate :
       {identityPermutation(to.size()), channelsLastPermutation(to.size())})
    if (fits(candidate))
      return candidate;
  Permutation result = identityPermutation(to.size());
  for (auto [place, d] : llvm::zip(toDims, order))
    result[place] = d;
  return result;
}

MaybePlan ReshapeOp::planFromOperand(unsigned operand,
                                     ArrayRef<int64_t> permutation) {
  auto result =
      permuteThroughReshape(shapeOf(getX()), getType().getShape(), permutation);
  if (!result)
    return std::nullopt;
  PermutationPlan plan = planAlike(*this, permutation);
  plan.result = *result;
  return plan;
}

MaybePlan ReshapeOp::planFromResult(ArrayRef<int64_t> permutation) {
  auto operand =
      permuteThroughReshape(getType().getShape(), shapeOf(getX()), permutation);
  if (!operand)
    return std::nullopt;
  PermutationPlan plan = planAlike(*this, permutation);
  plan.operands[0] = *operand;
  return plan;
}

Value ReshapeOp::buildPermuted(OpBuilder &builder, ValueRange operands,
                               const PermutationPlan &plan) {
  return copyOp(*this, builder, operands, plan);
}
