//===- LimitLoops.cpp - Loops end where nobody needs more -----------------===//
//
// A graph's results may have extents that are known when the program runs. What
// lies behind them nobody needs, and so on backwards: an element that only such
// elements are computed from need not be computed either. This pass follows
// what is needed from the results to what they are made of. It knows indexing
// maps only, and two things more: of an operand that a body takes only where
// its position is below an extent, nothing else is needed; and a reduction of
// what is neutral behind an extent need not go farther.
//
//===----------------------------------------------------------------------===//

#include "Structure.h"

#include "dlc/Dialect/Dispatch/IR/Dispatch.h"
#include "dlc/Dialect/Dispatch/IR/Limits.h"
#include "dlc/Dialect/Dispatch/Transforms/Passes.h"

#include "mlir/Analysis/FlatLinearValueConstraints.h"
#include "mlir/Analysis/SliceAnalysis.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Transforms/RegionUtils.h"
#include "llvm/ADT/TypeSwitch.h"

namespace dlc::dispatch {
#define GEN_PASS_DEF_LIMITLOOPSPASS
#include "dlc/Dialect/Dispatch/Transforms/Passes.h.inc"
} // namespace dlc::dispatch

using namespace mlir;
using namespace dlc::dispatch;

/// What a signature says of extents: see docs/RationaleExtents.md.
static constexpr llvm::StringLiteral kExtents = "dlc.extents",
                                     kIsExtents = "dlc.is_extents",
                                     kHasExtents = "dlc.has_extents";

/// Tensors with more elements do not hold extents.
static constexpr int64_t maxExtents = 64;

/// An op with fewer iterations is not worth the question.
static constexpr int64_t minIterations = 256;

static ArrayRef<int64_t> shapeOf(Value value) {
  return cast<RankedTensorType>(value.getType()).getShape();
}

static int64_t countElements(Value value) {
  return cast<RankedTensorType>(value.getType()).getNumElements();
}

namespace {

/// One number: an element of a tensor, found as far up as possible.
struct Scalar {
  Value root;
  int64_t element = 0;
  bool operator==(const Scalar &other) const {
    return root == other.root && element == other.element;
  }
};

/// How much of a dimension is needed: nothing (so far), the elements below
/// `scalar * scale + offset`, or everything.
struct Need {
  enum Kind { Nothing, Below, Everything } kind = Nothing;
  Scalar scalar;
  int64_t scale = 1, offset = 0;

  static Need everything() { return {Everything, {}, 1, 0}; }
  static Need below(Scalar scalar) { return {Below, scalar, 1, 0}; }
  void join(const Need &other) {
    if (kind == Nothing)
      *this = other;
    else if (other.kind == Below && kind == Below && scalar == other.scalar &&
             scale == other.scale)
      offset = std::max(offset, other.offset);
    else if (other.kind != Nothing)
      *this = everything();
  }
  /// Of the same elements, each `more` further on. Never below none.
  Need shifted(int64_t more) const {
    Need result = *this;
    result.offset = std::max<int64_t>(offset + more, 0);
    return kind == Below ? result : *this;
  }
};

/// Of each dimension of a value.
using Needs = SmallVector<Need, 4>;

/// A body's loops as loops of the op that is asked about: `fixed` is position
/// 0, `unknown` anything.
constexpr int fixed = -1, unknown = -2;
using LoopMap = SmallVector<int, 4>;

class Limiter {
public:
  explicit Limiter(func::FuncOp func) : func(func) {}
  void run();

private:
  void hoistScalars();
  void findScalars();
  void readResults(func::ReturnOp ret);
  void visit(Operation *op);
  void visit(linalg::LinalgOp op);
  void visitReshape(Value source, Value result,
                    ArrayRef<ReassociationIndices> groups, bool expands);
  void visit(tensor::ExtractSliceOp op);
  void visit(tensor::InsertSliceOp op);
  std::optional<Scalar> findHandle(const Scalar &scalar, RegionOp before);
  void expose(RegionOp region, const Scalar &scalar);
  void exposeScalars();
  void limit(RegionOp region);

  Needs needsOf(Value value) {
    auto found = needs.find(value);
    return found == needs.end() ? Needs(shapeOf(value).size()) : found->second;
  }
  void need(Value value, const Needs &more);
  void needEverything(Value value) {
    if (isa<RankedTensorType>(value.getType()))
      need(value, Needs(shapeOf(value).size(), Need::everything()));
  }
  /// How far each loop of `op` has to run.
  SmallVector<Need> needsOfLoops(linalg::LinalgOp op);
  bool isConstant(Value value);

  func::FuncOp func;
  llvm::DenseMap<Value, Needs> needs;
  /// Values of the graph's block that hold a number.
  SmallVector<std::pair<Scalar, Scalar>> handles;
  llvm::DenseMap<Value, bool> constants;
};

} // namespace

//===----------------------------------------------------------------------===//
// Numbers
//===----------------------------------------------------------------------===//

/// What a region's result is inside of it.
static Value lookInto(Value value) {
  while (auto region = value.getDefiningOp<RegionOp>())
    value = region.getBody().front().getTerminator()->getOperand(
        cast<OpResult>(value).getResultNumber());
  return value;
}

/// The element of a move's input that becomes element `element` of its result;
/// -1 if that is not known.
static int64_t findMoved(linalg::GenericOp move, Value &source,
                         int64_t element) {
  auto yielded =
      cast<BlockArgument>(move.getBody()->getTerminator()->getOperand(0));
  OpOperand *input = move.getDpsInputOperand(yielded.getArgNumber());
  source = input->get();
  AffineMap map = move.getMatchingIndexingMap(input);
  if (countElements(move.getResult(0)) == 1) {
    SmallVector<int64_t> zeros(map.getNumDims());
    int64_t at = 0;
    for (auto [size, index] :
         llvm::zip_equal(shapeOf(source), map.compose(zeros)))
      at = at * size + index;
    return at;
  }
  bool isSame = llvm::all_of(move.getIndexingMapsArray(),
                             [](AffineMap m) { return m.isIdentity(); });
  return isSame ? element : -1;
}

/// Follows a number to where it comes from.
static Scalar trace(Value value, int64_t element) {
  while (true) {
    value = lookInto(value);
    Operation *op = value.getDefiningOp();
    if (isa_and_nonnull<tensor::ExpandShapeOp, tensor::CollapseShapeOp>(op)) {
      value = op->getOperand(0);
      continue;
    }
    if (auto slice = dyn_cast_or_null<tensor::ExtractSliceOp>(op);
        slice && slice.getSourceType().getRank() == 1 &&
        slice.getType().getRank() <= 1) {
      element = slice.getStaticOffset(0) + element * slice.getStaticStride(0);
      value = slice.getSource();
      continue;
    }
    if (auto insert = dyn_cast_or_null<tensor::InsertSliceOp>(op);
        insert && insert.getDestType().getRank() == 1 &&
        insert.getStaticStride(0) == 1) {
      int64_t at = element - insert.getStaticOffset(0);
      bool isInside = at >= 0 && at < insert.getStaticSize(0);
      element = isInside ? at : element;
      value = isInside ? insert.getSource() : insert.getDest();
      continue;
    }
    if (op && isMove(op)) {
      Value source;
      int64_t at = findMoved(cast<linalg::GenericOp>(op), source, element);
      if (at >= 0) {
        element = at;
        value = source;
        continue;
      }
    }
    return {value, element};
  }
}

/// Moves what numbers are computed from numbers only to the beginning: they are
/// there, then, for kernels whose results are needed as far as they say.
void Limiter::hoistScalars() {
  Block &block = func.getBody().front();
  llvm::DenseSet<Operation *> hoisted;
  Operation *last = nullptr;
  for (Operation &op : llvm::make_early_inc_range(block.without_terminator())) {
    llvm::SetVector<Value> read(op.operand_begin(), op.operand_end());
    getUsedValuesDefinedAbove(op.getRegions(), read);
    auto isSmall = [](Value value) {
      auto type = dyn_cast<RankedTensorType>(value.getType());
      return !type ||
             (type.hasStaticShape() && type.getNumElements() <= maxExtents);
    };
    auto isThere = [&](Value value) {
      Operation *made = value.getDefiningOp();
      return made ? hoisted.contains(made) : isSmall(value);
    };
    if (!op.hasTrait<OpTrait::ConstantLike>() &&
        (!llvm::all_of(read, isThere) ||
         !llvm::all_of(op.getResults(), isSmall) ||
         !(isa<RegionOp>(op) || isMemoryEffectFree(&op))))
      continue;
    hoisted.insert(&op);
    if (last)
      op.moveAfter(last);
    else
      op.moveBefore(&block, block.begin());
    last = &op;
  }
}

void Limiter::findScalars() {
  auto add = [&](Value value) {
    auto type = dyn_cast<RankedTensorType>(value.getType());
    if (!type || !type.getElementType().isInteger(64) ||
        !type.hasStaticShape() || type.getNumElements() > maxExtents)
      return;
    for (int64_t i = 0; i < type.getNumElements(); ++i)
      handles.push_back({trace(value, i), Scalar{value, i}});
  };
  Block &block = func.getBody().front();
  llvm::for_each(block.getArguments(), add);
  for (Operation &op : block)
    if (!op.hasTrait<OpTrait::ConstantLike>())
      llvm::for_each(op.getResults(), add);
}

//===----------------------------------------------------------------------===//
// Conditions
//===----------------------------------------------------------------------===//

/// Whether a constant holds 0, 1, 2, … along its only dimension of more than
/// one element; which dimension that is.
static std::optional<unsigned> findIota(Value value) {
  DenseIntElementsAttr elements;
  if (!matchPattern(value, m_Constant(&elements)))
    return std::nullopt;
  std::optional<unsigned> dim;
  for (auto [d, size] : llvm::enumerate(elements.getType().getShape()))
    if (size != 1) {
      if (dim)
        return std::nullopt;
      dim = d;
    }
  int64_t next = 0;
  for (const APInt &number : elements)
    if (number.getSExtValue() != next++)
      return std::nullopt;
  return dim;
}

namespace {

/// Reads conditions in bodies: which positions they require to be below which
/// numbers.
class ConditionReader {
public:
  using Bounds = SmallVector<std::pair<int, Scalar>>;

  /// Whatever makes `condition`, a value in the body of `op`, true.
  void read(linalg::LinalgOp op, const LoopMap &loops, Value condition);
  Bounds bounds;

private:
  std::optional<int> readPosition(linalg::LinalgOp op, const LoopMap &loops,
                                  Value value);
  std::optional<Scalar> readScalar(linalg::LinalgOp op, Value value);
  void readOperand(linalg::LinalgOp op, const LoopMap &loops,
                   BlockArgument argument);
};

} // namespace

/// The operand that a value of a body is an element of, or null.
static OpOperand *findOperand(linalg::LinalgOp op, Value value) {
  auto argument = dyn_cast<BlockArgument>(value);
  if (!argument || argument.getOwner() != op.getBlock() ||
      argument.getArgNumber() >= op.getNumDpsInputs())
    return nullptr;
  OpOperand *operand = op.getDpsInputOperand(argument.getArgNumber());
  return isa<RankedTensorType>(operand->get().getType()) ? operand : nullptr;
}

static Value skipCasts(Value value) {
  while (auto *op = value.getDefiningOp()) {
    if (!isa<arith::IndexCastOp, arith::ExtUIOp>(op))
      break;
    value = op->getOperand(0);
  }
  return value;
}

std::optional<int> ConditionReader::readPosition(linalg::LinalgOp op,
                                                 const LoopMap &loops,
                                                 Value value) {
  value = skipCasts(value);
  if (auto index = value.getDefiningOp<linalg::IndexOp>())
    return loops[index.getDim()];
  OpOperand *operand = findOperand(op, value);
  if (!operand)
    return std::nullopt;
  std::optional<unsigned> dim = findIota(operand->get());
  if (!dim)
    return std::nullopt;
  auto loop = dyn_cast<AffineDimExpr>(
      op.getMatchingIndexingMap(operand).getResult(*dim));
  return loop ? std::optional<int>(loops[loop.getPosition()]) : std::nullopt;
}

std::optional<Scalar> ConditionReader::readScalar(linalg::LinalgOp op,
                                                  Value value) {
  OpOperand *operand = findOperand(op, value);
  if (!operand || countElements(operand->get()) != 1)
    return std::nullopt;
  return trace(operand->get(), 0);
}

namespace {
/// What makes the elements of an operand: a value in the body of `op`, whose
/// loops are those of the op that is asked about.
struct Maker {
  linalg::GenericOp op;
  LoopMap loops;
  Value made;
};
} // namespace

/// Nothing where an operand is no map.
static std::optional<Maker> findMaker(linalg::LinalgOp op, const LoopMap &loops,
                                      OpOperand &operandOf) {
  OpOperand *operand = &operandOf;
  // The loop at each dimension of more than one element.
  SmallVector<int> positions;
  for (auto [size, expr] :
       llvm::zip_equal(shapeOf(operand->get()),
                       op.getMatchingIndexingMap(operand).getResults()))
    if (size != 1) {
      auto loop = dyn_cast<AffineDimExpr>(expr);
      positions.push_back(loop ? loops[loop.getPosition()] : unknown);
    }
  // Reshapes that add or drop dimensions of one element change nothing.
  Value value = lookInto(operand->get());
  auto keepsSizes = [](Value a, Value b) {
    auto isLong = [](int64_t size) { return size != 1; };
    return llvm::equal(llvm::make_filter_range(shapeOf(a), isLong),
                       llvm::make_filter_range(shapeOf(b), isLong));
  };
  while (auto *reshape = value.getDefiningOp()) {
    if (!isa<tensor::ExpandShapeOp, tensor::CollapseShapeOp>(reshape) ||
        !keepsSizes(reshape->getOperand(0), value))
      break;
    value = lookInto(reshape->getOperand(0));
  }
  auto maker = value.getDefiningOp<linalg::GenericOp>();
  if (!maker || !isMap(maker))
    return std::nullopt;
  unsigned number = cast<OpResult>(value).getResultNumber();
  AffineMap written =
      maker.getMatchingIndexingMap(maker.getDpsInitOperand(number));
  LoopMap inner(maker.getNumLoops(), fixed);
  unsigned next = 0;
  for (auto [size, expr] :
       llvm::zip_equal(shapeOf(value), written.getResults())) {
    if (size == 1)
      continue;
    auto loop = dyn_cast<AffineDimExpr>(expr);
    if (!loop)
      return std::nullopt;
    inner[loop.getPosition()] = positions[next++];
  }
  return Maker{maker, std::move(inner),
               maker.getBody()->getTerminator()->getOperand(number)};
}

/// A condition that is an element of a tensor: as the op says that made it.
void ConditionReader::readOperand(linalg::LinalgOp op, const LoopMap &loops,
                                  BlockArgument argument) {
  OpOperand *operand = findOperand(op, argument);
  if (!operand)
    return;
  if (auto maker = findMaker(op, loops, *operand))
    read(maker->op, maker->loops, skipCasts(maker->made));
}

void ConditionReader::read(linalg::LinalgOp op, const LoopMap &loops,
                           Value condition) {
  if (auto both = condition.getDefiningOp<arith::AndIOp>()) {
    read(op, loops, both.getLhs());
    read(op, loops, both.getRhs());
    return;
  }
  if (auto argument = dyn_cast<BlockArgument>(condition))
    return readOperand(op, loops, argument);
  auto compare = condition.getDefiningOp<arith::CmpIOp>();
  if (!compare)
    return;
  Value lhs = compare.getLhs(), rhs = compare.getRhs();
  switch (compare.getPredicate()) {
  case arith::CmpIPredicate::ne:
    // Booleans in memory are bytes.
    if (matchPattern(rhs, m_Zero()) && lhs.getType().isInteger(8))
      read(op, loops, skipCasts(lhs));
    return;
  case arith::CmpIPredicate::sgt:
    std::swap(lhs, rhs);
    break;
  case arith::CmpIPredicate::slt:
    break;
  default:
    return;
  }
  std::optional<int> position = readPosition(op, loops, lhs);
  std::optional<Scalar> scalar = readScalar(op, rhs);
  if (position && *position >= 0 && scalar)
    bounds.push_back({*position, *scalar});
}

/// Where the body of `op` uses an input: below which numbers. Bodies that use
/// it in several places, or always, have no such bounds.
static ConditionReader::Bounds readBounds(linalg::LinalgOp op,
                                          OpOperand *input) {
  Value value = op.getMatchingBlockArgument(input);
  while (value.hasOneUse()) {
    OpOperand &use = *value.getUses().begin();
    Operation *user = use.getOwner();
    if (auto select = dyn_cast<arith::SelectOp>(user)) {
      ConditionReader reader;
      if (use.getOperandNumber() == 1)
        reader.read(op, llvm::to_vector_of<int, 4>(llvm::seq(op.getNumLoops())),
                    select.getCondition());
      return reader.bounds;
    }
    if (user->getNumResults() != 1 || user->getNumRegions() != 0 ||
        !isMemoryEffectFree(user))
      break;
    value = user->getResult(0);
  }
  return {};
}

//===----------------------------------------------------------------------===//
// Reductions
//===----------------------------------------------------------------------===//

namespace {
/// A number that changes nothing: of sums, of products, of maxima and minima.
enum class Neutral { Zero, One, Lowest, Highest };
} // namespace

static std::optional<Neutral> neutralOf(Operation *combiner) {
  return llvm::TypeSwitch<Operation *, std::optional<Neutral>>(combiner)
      .Case<arith::AddFOp, arith::AddIOp>([](auto) { return Neutral::Zero; })
      .Case<arith::MulFOp, arith::MulIOp>([](auto) { return Neutral::One; })
      .Case<arith::MaximumFOp, arith::MaxSIOp, arith::MaxUIOp>(
          [](auto) { return Neutral::Lowest; })
      .Case<arith::MinimumFOp, arith::MinSIOp, arith::MinUIOp>(
          [](auto) { return Neutral::Highest; })
      .Default([](Operation *) { return std::nullopt; });
}

/// Whether a value is the constant that is neutral to `combiner`.
static bool isNeutral(Value value, Neutral kind, Operation *combiner) {
  Attribute constant;
  if (!matchPattern(value, m_Constant(&constant)))
    return false;
  if (auto number = dyn_cast<FloatAttr>(constant)) {
    const APFloat &x = number.getValue();
    bool isExtreme =
        x.isInfinity() && x.isNegative() == (kind == Neutral::Lowest);
    return kind == Neutral::Zero  ? x.isZero()
           : kind == Neutral::One ? x.isExactlyValue(1.0)
                                  : isExtreme;
  }
  auto number = dyn_cast<IntegerAttr>(constant);
  if (!number)
    return false;
  const APInt &x = number.getValue();
  bool isUnsigned = isa_and_nonnull<arith::MaxUIOp, arith::MinUIOp>(combiner);
  switch (kind) {
  case Neutral::Zero:
    return x.isZero();
  case Neutral::One:
    return x.isOne();
  case Neutral::Lowest:
    return isUnsigned ? x.isMinValue() : x.isMinSignedValue();
  case Neutral::Highest:
    return isUnsigned ? x.isMaxValue() : x.isMaxSignedValue();
  }
  llvm_unreachable("all kinds are listed");
}

/// From which position along `loop` of the op that is asked about on `value`,
/// in the body of `op`, is neutral. Nothing where that is not known.
static std::optional<Scalar> neutralFrom(linalg::LinalgOp op,
                                         const LoopMap &loops, Value value,
                                         int loop, Neutral kind,
                                         Operation *combiner) {
  auto follow = [&](Value next, Neutral nextKind) {
    return neutralFrom(op, loops, next, loop, nextKind, combiner);
  };
  if (isa<BlockArgument>(value)) {
    OpOperand *operand = findOperand(op, value);
    std::optional<Maker> maker =
        operand ? findMaker(op, loops, *operand) : std::nullopt;
    return maker ? neutralFrom(maker->op, maker->loops, maker->made, loop, kind,
                               combiner)
                 : std::nullopt;
  }
  Operation *made = value.getDefiningOp();
  if (auto select = dyn_cast<arith::SelectOp>(made)) {
    if (!isNeutral(select.getFalseValue(), kind, combiner))
      return std::nullopt;
    ConditionReader reader;
    reader.read(op, loops, select.getCondition());
    for (auto [position, scalar] : reader.bounds)
      if (position == loop)
        return scalar;
    return follow(select.getTrueValue(), kind);
  }
  bool isZero = kind == Neutral::Zero;
  if (isZero && isa<arith::ExtFOp, arith::TruncFOp, arith::ExtSIOp,
                    arith::ExtUIOp, arith::SIToFPOp, arith::UIToFPOp>(made))
    return follow(made->getOperand(0), kind);
  // Both factors: 0 times infinity is not 0.
  if (isZero && isa<arith::MulFOp, arith::MulIOp>(made)) {
    std::optional<Scalar> one = follow(made->getOperand(0), kind);
    return one && one == follow(made->getOperand(1), kind) ? one : std::nullopt;
  }
  // e^(-inf - x)
  if (isZero && isa<math::ExpOp>(made))
    return follow(made->getOperand(0), Neutral::Lowest);
  if (kind == Neutral::Lowest && isa<arith::SubFOp>(made))
    return follow(made->getOperand(0), kind);
  return std::nullopt;
}

/// How far a reduction has to go.
static Need needOfReduction(linalg::LinalgOp op, unsigned loop) {
  auto all = llvm::to_vector_of<int, 4>(llvm::seq(op.getNumLoops()));
  std::optional<Scalar> result;
  for (unsigned output = 0; output < op->getNumResults(); ++output) {
    SmallVector<Operation *> combiners;
    Value reduced = matchReduction(op.getRegionOutputArgs(), output, combiners);
    std::optional<Neutral> kind = reduced && combiners.size() == 1
                                      ? neutralOf(combiners[0])
                                      : std::nullopt;
    std::optional<Scalar> scalar =
        kind ? neutralFrom(op, all, reduced, int(loop), *kind, combiners[0])
             : std::nullopt;
    if (!scalar || (result && !(*result == *scalar)))
      return Need::everything();
    result = scalar;
  }
  return result ? Need::below(*result) : Need::everything();
}

//===----------------------------------------------------------------------===//
// What is needed
//===----------------------------------------------------------------------===//

void Limiter::need(Value value, const Needs &more) {
  auto [found, isNew] = needs.try_emplace(value, more);
  if (isNew)
    return;
  for (auto [mine, other] : llvm::zip_equal(found->second, more))
    mine.join(other);
}

/// Of results with extents what counts.
void Limiter::readResults(func::ReturnOp ret) {
  Value extents;
  for (auto [i, value] : llvm::enumerate(ret.getOperands()))
    if (func.getResultAttr(i, kIsExtents))
      extents = value;
  for (auto [i, value] : llvm::enumerate(ret.getOperands())) {
    auto numbers = func.getResultAttrOfType<DenseI64ArrayAttr>(i, kExtents);
    if (!numbers || !extents) {
      needEverything(value);
      continue;
    }
    Needs counted;
    for (int64_t number : numbers.asArrayRef())
      counted.push_back(number < 0 ? Need::everything()
                                   : Need::below(trace(extents, number)));
    need(value, counted);
  }
}

SmallVector<Need> Limiter::needsOfLoops(linalg::LinalgOp op) {
  SmallVector<Need> result(op.getNumLoops());
  for (OpResult value : op->getResults()) {
    Needs mine = needsOf(value);
    AffineMap map = op.getMatchingIndexingMap(
        op.getDpsInitOperand(value.getResultNumber()));
    for (auto [expr, need] : llvm::zip_equal(map.getResults(), mine)) {
      if (auto loop = dyn_cast<AffineDimExpr>(expr)) {
        result[loop.getPosition()].join(need);
        continue;
      }
      for (unsigned loop = 0; loop < result.size(); ++loop)
        if (expr.isFunctionOfDim(loop))
          result[loop] = Need::everything();
    }
  }
  for (auto [loop, kind] : llvm::enumerate(op.getIteratorTypesArray()))
    if (kind == utils::IteratorType::reduction)
      result[loop] = needOfReduction(op, loop);
  return result;
}

/// How much of a dimension is needed that `op` reads at `index`, a window of
/// non-negative steps along one loop, say. Tiles of a reduction go on behind
/// its limit: there the operand has to be neutral, which somebody has to write.
static Need needOfIndex(linalg::LinalgOp op, AffineExpr index,
                        ArrayRef<Need> loops) {
  SmallVector<int64_t> steps;
  if (failed(getFlattenedAffineExpr(index, loops.size(), 0, &steps)) ||
      steps.size() != loops.size() + 1)
    return Need::everything();
  SmallVector<int64_t> sizes = op.getStaticLoopRanges();
  // The last element that is read, without what the limited loop contributes.
  int64_t last = steps.back(), step = 0;
  const Need *limited = nullptr;
  for (auto [loop, need] : llvm::enumerate(loops)) {
    if (steps[loop] == 0)
      continue;
    bool isReduced =
        op.getIteratorTypesArray()[loop] == utils::IteratorType::reduction;
    if (steps[loop] < 0)
      return Need::everything();
    if (isReduced || need.kind == Need::Everything) {
      last += steps[loop] * (sizes[loop] - 1);
      continue;
    }
    if (limited || need.kind == Need::Nothing)
      return need.kind == Need::Nothing ? need : Need::everything();
    limited = &need;
    step = steps[loop];
  }
  if (!limited)
    return Need::everything();
  Need result = *limited;
  result.scale *= step;
  result.offset = limited->offset * step;
  return result.shifted(last + 1 - step);
}

void Limiter::visit(linalg::LinalgOp op) {
  if (llvm::all_of(op->getResults(),
                   [&](Value v) { return !needs.contains(v); }))
    return;
  SmallVector<Need> loops = needsOfLoops(op);
  for (OpOperand &operand : op->getOpOperands()) {
    if (!isa<RankedTensorType>(operand.get().getType()) ||
        !op.payloadUsesValueFromOperand(&operand))
      continue;
    Needs mine;
    for (AffineExpr expr : op.getMatchingIndexingMap(&operand).getResults()) {
      mine.push_back(needOfIndex(op, expr, loops));
    }
    if (op.isDpsInput(&operand))
      for (auto [loop, scalar] : readBounds(op, &operand))
        for (auto [d, expr] :
             llvm::enumerate(op.getMatchingIndexingMap(&operand).getResults()))
          if (expr == getAffineDimExpr(loop, op.getContext()) &&
              mine[d].kind == Need::Everything)
            mine[d] = Need::below(scalar);
    need(operand.get(), mine);
  }
  op->walk([&](Operation *inner) {
    if (inner == op.getOperation())
      return;
    for (Value value : inner->getOperands())
      needEverything(value);
  });
}

/// `expands`: dimension d of the source is the group d of the result's, or the
/// other way round.
void Limiter::visitReshape(Value source, Value result,
                           ArrayRef<ReassociationIndices> groups,
                           bool expands) {
  Needs from = needsOf(result), to(shapeOf(source).size(), Need::everything());
  ArrayRef<int64_t> parts = shapeOf(expands ? result : source);
  for (auto [d, group] : llvm::enumerate(groups)) {
    // The outermost part of more than one element, and what is inside of it.
    ArrayRef<int64_t> left = group;
    while (left.size() > 1 && parts[left.front()] == 1)
      left = left.drop_front();
    int64_t inner = 1;
    for (int64_t part : left.drop_front())
      inner *= parts[part];
    Need need = from[expands ? left.front() : d];
    if (need.kind == Need::Below) {
      if (expands) {
        need.scale *= inner;
        need.offset *= inner;
      } else if (need.scale % inner == 0) {
        need.scale /= inner;
        need.offset = llvm::divideCeil(need.offset, inner);
      } else {
        need = Need::everything();
      }
    }
    // The parts inside are needed as far as they are, not known here.
    if (expands && need.kind == Need::Nothing)
      need = Need::everything();
    to[expands ? d : left.front()] = need;
  }
  need(source, to);
}

/// What is needed of a tensor along a dimension, given what is of its slice.
static Need needAround(OffsetSizeAndStrideOpInterface slice, unsigned dim,
                       const Need &inside) {
  return slice.getStaticStrides()[dim] == 1
             ? inside.shifted(slice.getStaticOffsets()[dim])
             : Need::everything();
}

/// The other way round.
static Need needInside(OffsetSizeAndStrideOpInterface slice, unsigned dim,
                       const Need &around) {
  return slice.getStaticStrides()[dim] == 1
             ? around.shifted(-slice.getStaticOffsets()[dim])
             : Need::everything();
}

void Limiter::visit(tensor::ExtractSliceOp op) {
  Needs from = needsOf(op.getResult()), to;
  llvm::SmallBitVector dropped = op.getDroppedDims();
  unsigned next = 0;
  for (unsigned d = 0; d < dropped.size(); ++d) {
    Need mine = dropped.test(d) ? Need::everything() : from[next++];
    to.push_back(needAround(op, d, mine));
  }
  need(op.getSource(), to);
}

void Limiter::visit(tensor::InsertSliceOp op) {
  Needs from = needsOf(op.getResult()), to;
  llvm::SmallBitVector dropped = op.getDroppedDims();
  for (unsigned d = 0; d < dropped.size(); ++d)
    if (!dropped.test(d))
      to.push_back(needInside(op, d, from[d]));
  need(op.getSource(), to);
  need(op.getDest(), from);
}

void Limiter::visit(Operation *op) {
  if (auto region = dyn_cast<RegionOp>(op)) {
    Operation *yield = region.getBody().front().getTerminator();
    for (auto [result, value] :
         llvm::zip_equal(region.getResults(), yield->getOperands()))
      if (auto found = needs.find(result); found != needs.end())
        need(value, Needs(found->second));
    for (Operation &inner :
         llvm::reverse(region.getBody().front().without_terminator()))
      visit(&inner);
    return;
  }
  if (auto ret = dyn_cast<func::ReturnOp>(op))
    return readResults(ret);
  if (auto structured = dyn_cast<linalg::LinalgOp>(op))
    return visit(structured);
  if (isa<tensor::EmptyOp>(op))
    return;
  bool isNeeded = llvm::any_of(op->getResults(),
                               [&](Value v) { return needs.contains(v); });
  if (!isNeeded && isMemoryEffectFree(op))
    return;
  if (auto expand = dyn_cast<tensor::ExpandShapeOp>(op))
    return visitReshape(expand.getSrc(), expand.getResult(),
                        expand.getReassociationIndices(), true);
  if (auto collapse = dyn_cast<tensor::CollapseShapeOp>(op))
    return visitReshape(collapse.getSrc(), collapse.getResult(),
                        collapse.getReassociationIndices(), false);
  if (auto slice = dyn_cast<tensor::ExtractSliceOp>(op))
    return visit(slice);
  if (auto insert = dyn_cast<tensor::InsertSliceOp>(op))
    return visit(insert);
  for (Value operand : op->getOperands())
    needEverything(operand);
}

//===----------------------------------------------------------------------===//
// Limits
//===----------------------------------------------------------------------===//

/// Whether a value is known when the program is compiled.
bool Limiter::isConstant(Value value) {
  Operation *op = value.getDefiningOp();
  if (!op)
    return false;
  if (auto found = constants.find(value); found != constants.end())
    return found->second;
  llvm::SetVector<Value> read(op->operand_begin(), op->operand_end());
  getUsedValuesDefinedAbove(op->getRegions(), read);
  bool result = llvm::all_of(read, [&](Value v) { return isConstant(v); });
  constants[value] = result;
  return result;
}

std::optional<Scalar> Limiter::findHandle(const Scalar &scalar,
                                          RegionOp before) {
  for (auto &[number, handle] : handles) {
    Operation *op = handle.root.getDefiningOp();
    if (number == scalar && (!op || op->isBeforeInBlock(before)))
      return handle;
  }
  return std::nullopt;
}

/// Makes a number that the body of a region computes a result of it.
void Limiter::expose(RegionOp region, const Scalar &scalar) {
  Operation *yield = region.getBody().front().getTerminator();
  // Another element of it may be one.
  if (auto known = llvm::find(yield->getOperands(), scalar.root);
      known != yield->operand_end()) {
    Value result = region.getResult(known - yield->operand_begin());
    handles.push_back({scalar, Scalar{result, scalar.element}});
    return;
  }
  yield->insertOperands(yield->getNumOperands(), scalar.root);
  OpBuilder builder(region);
  auto wide =
      RegionOp::create(builder, region.getLoc(), yield->getOperandTypes());
  wide->setDiscardableAttrs(llvm::to_vector(region->getDiscardableAttrs()));
  wide.getExtentsMutable().assign(region.getExtents());
  wide.getBody().takeBody(region.getBody());
  for (auto &[number, handle] : handles)
    if (handle.root.getDefiningOp() == region)
      handle.root =
          wide.getResult(cast<OpResult>(handle.root).getResultNumber());
  region->replaceAllUsesWith(wide.getResults().drop_back());
  region.erase();
  handles.push_back({scalar, Scalar{wide.getResults().back(), scalar.element}});
}

/// Makes the numbers visible that loops of other regions end at.
void Limiter::exposeScalars() {
  Block &block = func.getBody().front();
  for (auto region : llvm::make_early_inc_range(block.getOps<RegionOp>())) {
    SmallVector<Scalar> hidden;
    for (auto op : region.getBody().getOps<linalg::LinalgOp>()) {
      if (getNumIterations(op) < minIterations)
        continue;
      for (const Need &need : needsOfLoops(op))
        if (need.kind == Need::Below && !findHandle(need.scalar, region))
          hidden.push_back(need.scalar);
    }
    for (const Scalar &scalar : hidden) {
      Operation *op = scalar.root.getDefiningOp();
      auto maker = dyn_cast_or_null<RegionOp>(op ? op->getParentOp() : nullptr);
      if (maker && maker->isBeforeInBlock(region) &&
          getElementTypeOrSelf(scalar.root).isInteger(64) &&
          !findHandle(scalar, region))
        expose(maker, scalar);
    }
  }
}

/// Writes down what was found for the ops of a region.
void Limiter::limit(RegionOp region) {
  // What is evaluated by the compiler is evaluated once.
  if (llvm::all_of(region.getResults(),
                   [&](Value value) { return isConstant(value); }))
    return;
  SmallVector<Value> extents(region.getExtents());
  for (auto op : region.getBody().getOps<linalg::LinalgOp>()) {
    SmallVector<LoopLimit> limits;
    if (getNumIterations(op) < minIterations)
      continue;
    SmallVector<int64_t> sizes = op.getStaticLoopRanges();
    for (auto [loop, need] : llvm::enumerate(needsOfLoops(op))) {
      if (need.kind != Need::Below || sizes[loop] == 1)
        continue;
      std::optional<Scalar> handle = findHandle(need.scalar, region);
      if (!handle)
        continue;
      auto *at = llvm::find(extents, handle->root);
      int64_t number = at - extents.begin();
      if (at == extents.end())
        extents.push_back(handle->root);
      limits.push_back(
          {int64_t(loop), number, handle->element, need.scale, need.offset});
    }
    setLoopLimits(op, limits);
  }
  region.getExtentsMutable().assign(extents);
}

void Limiter::run() {
  hoistScalars();
  findScalars();
  Block &block = func.getBody().front();
  for (Operation &op : llvm::reverse(block))
    visit(&op);
  exposeScalars();
  for (auto region : block.getOps<RegionOp>())
    limit(region);
}

namespace {
struct LimitLoops : dlc::dispatch::impl::LimitLoopsPassBase<LimitLoops> {
  void runOnOperation() override {
    func::FuncOp func = getOperation();
    bool hasExtents = func->hasAttr(kHasExtents);
    for (unsigned i = 0; i < func.getNumResults(); ++i)
      hasExtents |= bool(func.getResultAttr(i, kIsExtents));
    for (unsigned i = 0; i < func.getNumArguments(); ++i)
      hasExtents |= bool(func.getArgAttr(i, kIsExtents));
    if (hasExtents && func.getBody().hasOneBlock())
      Limiter(func).run();
  }
};
} // namespace
