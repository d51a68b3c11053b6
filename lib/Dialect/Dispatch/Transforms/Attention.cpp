//===- Attention.cpp - Products with a softmax in between -----------------===//

#include "dlc/Dialect/Dispatch/Transforms/Attention.h"

#include "Structure.h"

#include "dlc/Dialect/Dispatch/Transforms/SharedLoops.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace dlc::dispatch;

//===----------------------------------------------------------------------===//
// Bodies
//===----------------------------------------------------------------------===//

/// The value that `value` is, before it was widened or narrowed.
static Value skipCasts(Value value) {
  while (Operation *op = value.getDefiningOp()) {
    if (!isa<arith::ExtFOp, arith::TruncFOp>(op))
      break;
    value = op->getOperand(0);
  }
  return value;
}

/// The number of the operand of `op` that the body knows as `value`, or -1.
static int operandOf(linalg::LinalgOp op, Value value) {
  auto arg = dyn_cast<BlockArgument>(skipCasts(value));
  return arg && arg.getOwner() == op.getBlock() ? int(arg.getArgNumber()) : -1;
}

/// What the body of an op with one result yields, before it is narrowed.
static Value getYielded(linalg::LinalgOp op) {
  return skipCasts(op.getBlock()->getTerminator()->getOperand(0));
}

bool dlc::dispatch::isSumOfProducts(linalg::LinalgOp op) {
  auto sum = op.getBlock()
                 ->getTerminator()
                 ->getOperand(0)
                 .getDefiningOp<arith::AddFOp>();
  if (!sum || !sum.getType().isF32())
    return false;
  Value acc = op.getRegionOutputArgs().front();
  Value other = sum.getLhs() == acc   ? sum.getRhs()
                : sum.getRhs() == acc ? sum.getLhs()
                                      : Value();
  auto product = other ? other.getDefiningOp<arith::MulFOp>() : nullptr;
  if (!product)
    return false;
  auto source = [](Value value) {
    if (auto widened = value.getDefiningOp<arith::ExtFOp>())
      value = widened.getIn();
    return dyn_cast<BlockArgument>(value);
  };
  BlockArgument left = source(product.getLhs()),
                right = source(product.getRhs());
  return left && right && left != right && left != acc && right != acc;
}

/// Whether the only result of `op` starts from a fill with a constant that
/// `isGood`.
static bool startsFrom(linalg::LinalgOp op,
                       llvm::function_ref<bool(const APFloat &)> isGood) {
  auto fill = op.getDpsInits()[0].getDefiningOp<linalg::FillOp>();
  FloatAttr value;
  return fill && matchPattern(fill.getInputs()[0], m_Constant(&value)) &&
         isGood(value.getValue());
}

/// Whether `op` combines the elements of one input by `Combiner`, in f32.
template <typename Combiner>
static bool combinesInput(linalg::LinalgOp op) {
  if (op.getNumDpsInputs() != 1 || op->getNumResults() != 1)
    return false;
  auto combiner =
      op.getBlock()->getTerminator()->getOperand(0).getDefiningOp<Combiner>();
  if (!combiner || !combiner.getType().isF32())
    return false;
  int lhs = operandOf(op, combiner.getLhs()),
      rhs = operandOf(op, combiner.getRhs());
  return lhs + rhs == 1 && lhs * rhs == 0;
}

//===----------------------------------------------------------------------===//
// The group
//===----------------------------------------------------------------------===//

namespace {

class Matcher {
public:
  explicit Matcher(ArrayRef<Operation *> group) : group(group) {}

  std::optional<Attention> run() {
    if (!findReductions() || !sharesRows() || !matchSoftmax() ||
        !matchWeights() || !matchMaps() || !findSizes())
      return std::nullopt;
    return result;
  }

private:
  bool findReductions();
  bool sharesRows();
  bool matchSoftmax();
  bool matchWeights();
  bool matchAbsentKeys(linalg::LinalgOp op, arith::SelectOp select);
  bool isSameOfKeys(linalg::LinalgOp op, Value value, linalg::LinalgOp other,
                    Value otherValue) const;
  bool matchMaps();
  bool findSizes();

  /// Whether `op` is elementwise, with one result and inputs that it reads
  /// in the order of its loops or without the key.
  bool isPlainMap(linalg::LinalgOp op) const {
    return isMap(op) && op->getNumResults() == 1 && !isGather(op) &&
           !op.hasIndexSemantics();
  }
  /// The ops of the group that read `value` other than as an init.
  SmallVector<linalg::LinalgOp> getReaders(Value value) const {
    SmallVector<linalg::LinalgOp> readers;
    for (linalg::LinalgOp op : ops)
      for (OpOperand *input : op.getDpsInputOperands())
        if (input->get() == value) {
          readers.push_back(op);
          break;
        }
    return readers;
  }
  Value resultOf(linalg::LinalgOp op) const { return op->getResult(0); }

  ArrayRef<Operation *> group;
  /// The ops of the group without fills.
  SmallVector<linalg::LinalgOp> ops;
  /// The elementwise ops that are part of the softmax.
  DenseSet<Operation *> known;
  SharedLoops shared;
  unsigned numRows = 0;
  Attention result;
};

} // namespace

/// Two contractions, and a maximum and a sum between them.
bool Matcher::findReductions() {
  SmallVector<linalg::LinalgOp> reductions;
  for (Operation *op : group)
    if (auto structured = dyn_cast<linalg::LinalgOp>(op)) {
      if (isa<linalg::FillOp>(op))
        continue;
      ops.push_back(structured);
      if (!isMap(structured))
        reductions.push_back(structured);
    }
  if (reductions.size() != 4)
    return false;
  result.scores = reductions[0];
  result.maximum = reductions[1];
  result.sum = reductions[2];
  result.product = reductions[3];
  for (linalg::LinalgOp op : {result.scores, result.product})
    if (!hasReuse(op) || op.getNumDpsInputs() != 2 ||
        op->getNumResults() != 1 || !isSumOfProducts(op) ||
        !startsFrom(op, [](const APFloat &value) { return value.isZero(); }))
      return false;
  return combinesInput<arith::MaximumFOp>(result.maximum) &&
         combinesInput<arith::AddFOp>(result.sum) &&
         startsFrom(result.maximum,
                    [](const APFloat &value) {
                      return value.isInfinity() && value.isNegative();
                    }) &&
         startsFrom(result.sum,
                    [](const APFloat &value) { return value.isZero(); });
}

/// All loops are rows, but for one that is the key, the depth of the scores and
/// what the values have besides.
bool Matcher::sharesRows() {
  std::optional<SharedLoops> found = analyzeSharedLoops(group);
  if (!found)
    return false;
  shared = std::move(*found);
  numRows = shared.getNumShared();
  for (linalg::LinalgOp op : {result.maximum, result.sum})
    if (op.getNumParallelLoops() != numRows || op.getNumLoops() != numRows + 1)
      return false;
  return result.scores.getNumParallelLoops() == numRows + 1 &&
         result.product.getNumReductionLoops() == 1;
}

bool Matcher::matchSoftmax() {
  result.logits = result.maximum.getDpsInputs()[0];
  SmallVector<linalg::LinalgOp> readers = getReaders(resultOf(result.maximum));
  if (readers.size() != 1)
    return false;
  linalg::LinalgOp op = result.exponential = readers[0];
  if (!isPlainMap(op) || op.getNumLoops() != numRows + 1 ||
      op.getNumDpsInputs() != 2)
    return false;
  auto exp = getYielded(op).getDefiningOp<math::ExpOp>();
  auto difference =
      exp ? exp.getOperand().getDefiningOp<arith::SubFOp>() : nullptr;
  if (!difference || !exp.getType().isF32())
    return false;
  int logit = operandOf(op, difference.getLhs()),
      largest = operandOf(op, difference.getRhs());
  if (logit < 0 || largest < 0 || op->getOperand(logit) != result.logits ||
      op->getOperand(largest) != resultOf(result.maximum))
    return false;
  known.insert(op);
  return result.sum.getDpsInputs()[0] == resultOf(op);
}

/// Whether values of two bodies are the same number of each key, whatever the
/// row is.
bool Matcher::isSameOfKeys(linalg::LinalgOp op, Value value,
                           linalg::LinalgOp other, Value otherValue) const {
  auto argument = dyn_cast<BlockArgument>(value);
  auto otherArgument = dyn_cast<BlockArgument>(otherValue);
  if (argument && otherArgument && argument.getOwner() == op.getBlock()) {
    // The operand, and which of its elements, with the key as only dimension.
    auto read = [&](linalg::LinalgOp reader, BlockArgument read) {
      OpOperand &operand = reader->getOpOperand(read.getArgNumber());
      AffineMap map = reader.getMatchingIndexingMap(&operand);
      unsigned key = shared.getOtherLoopsOf(reader)[0];
      for (unsigned loop = 0; loop < map.getNumDims(); ++loop)
        if (loop != key && map.isFunctionOfDim(loop))
          return std::pair<Value, AffineMap>();
      SmallVector<AffineExpr> dims(map.getNumDims(),
                                   getAffineDimExpr(0, map.getContext()));
      return std::pair<Value, AffineMap>(
          operand.get(), map.replaceDimsAndSymbols(dims, {}, 1, 0));
    };
    auto mine = read(op, argument);
    return mine.first && mine == read(other, otherArgument) &&
           llvm::none_of(ops, [&](linalg::LinalgOp maker) {
             return resultOf(maker) == mine.first;
           });
  }
  if (value == otherValue)
    return matchPattern(value, m_Constant());
  Operation *made = value.getDefiningOp(),
            *otherMade = otherValue.getDefiningOp();
  return made && otherMade && made->getName() == otherMade->getName() &&
         isa<arith::CmpIOp, arith::ConstantOp>(made) &&
         made->getAttrDictionary() == otherMade->getAttrDictionary() &&
         llvm::all_of_zip(made->getOperands(), otherMade->getOperands(),
                          [&](Value mine, Value others) {
                            return isSameOfKeys(op, mine, other, others);
                          });
}

/// Weights of keys that are not there are zero anyway, because their logits are
/// -inf; but for rows without any key, where they would be NaN.
bool Matcher::matchAbsentKeys(linalg::LinalgOp op, arith::SelectOp select) {
  auto logits = result.logits.getDefiningOp<linalg::LinalgOp>();
  if (!logits || !llvm::is_contained(ops, logits) || !isPlainMap(logits) ||
      logits.getNumLoops() != numRows + 1)
    return false;
  auto fill = getYielded(logits).getDefiningOp<arith::SelectOp>();
  result.isPresent = select.getCondition().getDefiningOp<arith::CmpIOp>();
  result.weighting = op;
  return fill && result.isPresent &&
         matchPattern(fill.getFalseValue(), m_NegInfFloat()) &&
         matchPattern(select.getFalseValue(), m_AnyZeroFloat()) &&
         isSameOfKeys(op, select.getCondition(), logits, fill.getCondition());
}

/// The exponentials, divided by their sum or multiplied with its reciprocal.
bool Matcher::matchWeights() {
  Value divisor = resultOf(result.sum);
  bool isReciprocal = false;
  SmallVector<linalg::LinalgOp> readers = getReaders(divisor);
  if (readers.size() == 1 && isPlainMap(readers[0]) &&
      readers[0].getNumLoops() == numRows &&
      readers[0].getNumDpsInputs() == 1) {
    auto division = getYielded(readers[0]).getDefiningOp<arith::DivFOp>();
    if (!division || !matchPattern(division.getLhs(), m_OneFloat()) ||
        operandOf(readers[0], division.getRhs()) != 0)
      return false;
    known.insert(readers[0]);
    divisor = resultOf(readers[0]);
    isReciprocal = true;
    readers = getReaders(divisor);
  }
  if (readers.size() != 1)
    return false;
  linalg::LinalgOp op = readers[0];
  if (!isPlainMap(op) || op.getNumLoops() != numRows + 1)
    return false;
  Value weight = getYielded(op);
  if (auto select = weight.getDefiningOp<arith::SelectOp>()) {
    if (!matchAbsentKeys(op, select))
      return false;
    weight = skipCasts(select.getTrueValue());
  }
  Operation *arithmetic = weight.getDefiningOp();
  if (!arithmetic || arithmetic->getNumOperands() != 2)
    return false;
  int lhs = operandOf(op, arithmetic->getOperand(0)),
      rhs = operandOf(op, arithmetic->getOperand(1));
  if (isReciprocal && isa<arith::MulFOp>(arithmetic) && lhs >= 0 &&
      op->getOperand(lhs) == divisor)
    std::swap(lhs, rhs);
  else if (isReciprocal ? !isa<arith::MulFOp>(arithmetic)
                        : !isa<arith::DivFOp>(arithmetic))
    return false;
  if (lhs < 0 || rhs < 0 ||
      op->getOperand(lhs) != resultOf(result.exponential) ||
      op->getOperand(rhs) != divisor)
    return false;
  known.insert(op);
  for (unsigned i = 0; i < 2; ++i)
    if (result.product.getDpsInputs()[i] == resultOf(op) &&
        result.product.getDpsInputs()[1 - i] != resultOf(op)) {
      result.weights = i;
      return true;
    }
  return false;
}

/// What else there is leads from the scores to the logits or follows the
/// product.
bool Matcher::matchMaps() {
  DenseSet<Value> before = {resultOf(result.scores)},
                  after = {resultOf(result.product)}, made;
  for (linalg::LinalgOp op : ops)
    made.insert(resultOf(op));
  for (linalg::LinalgOp op : ops) {
    if (!isMap(op) || known.contains(op))
      continue;
    if (!isPlainMap(op))
      return false;
    bool isBefore = true, isAfter = true;
    for (Value input : op.getDpsInputs())
      if (made.contains(input)) {
        isBefore &= before.contains(input);
        isAfter &= after.contains(input);
      }
    if (isBefore == isAfter || (isBefore && op.getNumLoops() != numRows + 1))
      return false;
    (isBefore ? before : after).insert(resultOf(op));
  }
  if (!before.contains(result.logits))
    return false;
  for (Value value : made)
    if (!after.contains(value))
      result.inner.push_back(value);
  // What is inside is read inside only: the logits by the softmax, and the
  // weights by the product.
  for (Value value : before)
    for (linalg::LinalgOp reader : getReaders(value))
      if (!before.contains(resultOf(reader)) &&
          (value != result.logits ||
           (reader != result.maximum && reader != result.exponential)))
        return false;
  return getReaders(resultOf(result.exponential)).size() == 2 &&
         getReaders(result.product.getDpsInputs()[result.weights]).size() == 1;
}

/// Whether input `input` of `op` differs from iteration to iteration of `loop`.
static bool dependsOn(linalg::LinalgOp op, unsigned input, unsigned loop) {
  return op.getMatchingIndexingMap(op.getDpsInputOperand(input))
      .isFunctionOfDim(loop);
}

/// Finds the keys, and how many rows share them and the values.
bool Matcher::findSizes() {
  linalg::LinalgOp scores = result.scores, product = result.product;
  for (unsigned loop : shared.getOtherLoopsOf(scores)) {
    int64_t extent = scores.getStaticLoopRanges()[loop];
    if (scores.getIteratorTypesArray()[loop] ==
        utils::IteratorType::reduction) {
      result.keyLength *= extent;
      continue;
    }
    result.numKeys = extent;
    if (dependsOn(scores, 0, loop) == dependsOn(scores, 1, loop))
      return false;
    result.keys = dependsOn(scores, 1, loop);
  }
  for (unsigned loop : shared.getOtherLoopsOf(product))
    if (product.getIteratorTypesArray()[loop] ==
        utils::IteratorType::parallel) {
      result.valueLength *= product.getStaticLoopRanges()[loop];
      if (dependsOn(product, result.weights, loop))
        return false;
    }
  for (auto [extent, inScores, inProduct] : llvm::zip_equal(
           shared.sizes, shared.getLoopsOf(scores), shared.getLoopsOf(product)))
    if (!dependsOn(scores, result.keys, inScores) &&
        !dependsOn(product, 1 - result.weights, inProduct))
      result.numQueries *= extent;
  return true;
}

std::optional<Attention>
dlc::dispatch::matchAttention(ArrayRef<Operation *> group) {
  return Matcher(group).run();
}

std::optional<Attention> dlc::dispatch::matchAttention(Block &block) {
  SmallVector<Operation *> group;
  for (Operation &op : block)
    group.push_back(&op);
  return matchAttention(group);
}

/// Rows below which a tile of registers would be no square any more, and above
/// which another row shares keys that are in a near cache anyway.
static constexpr int64_t minTileRows = 8, maxTileRows = 64;

std::optional<RowTile> dlc::dispatch::chooseRowTile(const Attention &attention,
                                                    ArrayRef<Operation *> group,
                                                    int64_t maxBytes) {
  std::optional<SharedLoops> shared = analyzeSharedLoops(group);
  if (!shared)
    return std::nullopt;
  // What is computed element by element takes the place of its operand.
  int64_t rowBytes = 0;
  for (const SharedLoops::Intermediate &intermediate : shared->intermediates) {
    auto maker = dyn_cast<linalg::LinalgOp>(intermediate.value.getOwner());
    if (!intermediate.onlyInit && maker && maker.getNumReductionLoops() != 0)
      rowBytes += intermediate.getBytes();
  }
  for (linalg::LinalgOp op : shared->ops)
    if (op.hasIndexSemantics())
      return std::nullopt;
  auto dependsOn = [&](linalg::LinalgOp op, unsigned operand, unsigned loop) {
    AffineMap map = op.getMatchingIndexingMap(op.getDpsInputOperand(operand));
    return map.isFunctionOfDim(shared->getLoopsOf(op)[loop]);
  };
  for (unsigned loop = shared->getNumShared(); loop-- > 0;) {
    if (dependsOn(attention.scores, attention.keys, loop) ||
        dependsOn(attention.product, 1 - attention.weights, loop))
      continue;
    int64_t extent = shared->sizes[loop];
    for (int64_t rows = std::min(extent, maxTileRows); rows >= minTileRows;
         --rows)
      if (extent % rows == 0 && rows * rowBytes <= maxBytes)
        return RowTile{loop, rows};
    // Rows of a prime number, all at once.
    if (extent * rowBytes <= maxBytes)
      return RowTile{loop, extent};
    return std::nullopt;
  }
  return std::nullopt;
}
