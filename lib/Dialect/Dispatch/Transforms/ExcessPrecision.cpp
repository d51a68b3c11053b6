//===- ExcessPrecision.cpp - f32 between ops of half precision ------------===//

#include "ExcessPrecision.h"

#include "Structure.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace dlc::dispatch;

//===----------------------------------------------------------------------===//
// Scalars
//===----------------------------------------------------------------------===//

template <typename OpT>
static bool isFree(OpT op) {
  return op && op.getFastmath().has_value() &&
         bitEnumContainsAll(*op.getFastmath(), arith::FastMathFlags::contract);
}

/// The f32 number that `value` is if it needs no rounding.
static Value getUnrounded(Value value) {
  auto rounding = value.getDefiningOp<arith::TruncFOp>();
  return isFree(rounding) && rounding.getIn().getType().isF32()
             ? rounding.getIn()
             : Value();
}

static bool isFreeWidening(Operation *op) {
  auto widening = dyn_cast<arith::ExtFOp>(op);
  return isFree(widening) && widening.getType().isF32();
}

static Value widen(OpBuilder &b, Location loc, Value value) {
  if (Value wide = getUnrounded(value))
    return wide;
  return b.createOrFold<arith::ExtFOp>(
      loc, b.getF32Type(), value,
      arith::FastMathFlagsAttr::get(b.getContext(),
                                    arith::FastMathFlags::contract));
}

namespace {

struct SelectWide : OpRewritePattern<arith::SelectOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(arith::SelectOp op,
                                PatternRewriter &rewriter) const override {
    Value chosen[] = {op.getTrueValue(), op.getFalseValue()};
    auto isConstant = [](Value value) {
      return matchPattern(value, m_Constant());
    };
    // Otherwise a number that is only moved would be converted twice.
    bool isRead = llvm::any_of(op->getUsers(), isFreeWidening);
    if (llvm::none_of(chosen, getUnrounded) ||
        !llvm::all_of(chosen, [&](Value value) {
          return isRead || isConstant(value) || getUnrounded(value);
        }))
      return failure();
    Location loc = op.getLoc();
    Value wide = arith::SelectOp::create(rewriter, loc, op.getCondition(),
                                         widen(rewriter, loc, chosen[0]),
                                         widen(rewriter, loc, chosen[1]));
    rewriter.replaceOpWithNewOp<arith::TruncFOp>(
        op, op.getType(), wide, arith::RoundingModeAttr(),
        arith::FastMathFlagsAttr::get(op.getContext(),
                                      arith::FastMathFlags::contract));
    return success();
  }
};

} // namespace

void dlc::dispatch::populateExcessPrecisionPatterns(
    RewritePatternSet &patterns) {
  patterns.add<SelectWide>(patterns.getContext());
}

//===----------------------------------------------------------------------===//
// Tensors
//===----------------------------------------------------------------------===//

/// Products of 16 bits that hardware has add up at least this many.
static constexpr int64_t kMinNarrowDepth = 16;

/// Whether hardware might multiply the operands of `op` as numbers of 16 bits.
static bool multipliesNarrow(linalg::LinalgOp op) {
  int64_t depth = 1;
  for (auto [extent, kind] :
       llvm::zip_equal(op.getStaticLoopRanges(), op.getIteratorTypesArray()))
    if (kind == utils::IteratorType::reduction)
      depth *= extent;
  return hasReuse(op) && depth >= kMinNarrowDepth;
}

/// Whether `op` multiplies each number of `operand` so often that it is better
/// widened once.
static bool isUsedOften(linalg::LinalgOp op, OpOperand &operand,
                        const WideResults &wide) {
  auto type = cast<RankedTensorType>(operand.get().getType());
  int64_t uses = type.getElementType().isBF16() ? wide.bfloatUses : wide.uses;
  return uses != 0 && getNumIterations(op) >= uses * type.getNumElements();
}

namespace {

/// Everything of a block that has the element type of one result: views of it,
/// and what reads those.
struct Readers {
  SmallVector<OpResult> views;
  SmallVector<OpOperand *> reads;
  bool isMultiplied = false;

  static std::optional<Readers> find(OpResult result, const WideResults &wide) {
    Readers readers;
    readers.views.push_back(result);
    for (size_t i = 0; i < readers.views.size(); ++i)
      for (OpOperand &use : readers.views[i].getUses())
        if (!readers.add(use, result.getOwner()->getBlock(), wide))
          return std::nullopt;
    return readers;
  }

private:
  bool add(OpOperand &use, Block *block, const WideResults &wide) {
    Operation *user = use.getOwner();
    if (user->getBlock() != block)
      return false;
    auto pad = dyn_cast<tensor::PadOp>(user);
    if (isa<tensor::ExpandShapeOp, tensor::CollapseShapeOp>(user) ||
        (pad && pad.getConstantPaddingValue())) {
      views.push_back(user->getResult(0));
      return true;
    }
    auto generic = dyn_cast<linalg::GenericOp>(user);
    if (!generic || !generic.isDpsInput(&use) ||
        !llvm::all_of(generic.getMatchingBlockArgument(&use).getUsers(),
                      isFreeWidening))
      return false;
    if (multipliesNarrow(generic)) {
      if (!isUsedOften(generic, use, wide))
        return false;
      isMultiplied = true;
    }
    reads.push_back(&use);
    return true;
  }
};

} // namespace

static void keepWide(RewriterBase &rewriter, OpResult result,
                     const Readers &readers) {
  auto generic = cast<linalg::GenericOp>(result.getOwner());
  unsigned number = result.getResultNumber();
  Type f32 = rewriter.getF32Type();
  OpOperand &init = generic.getDpsInitsMutable()[number];
  auto shape = cast<RankedTensorType>(result.getType()).getShape();
  rewriter.setInsertionPoint(generic);
  rewriter.modifyOpInPlace(generic, [&] {
    init.set(tensor::EmptyOp::create(rewriter, generic.getLoc(), shape, f32));
    generic.getMatchingBlockArgument(&init).setType(f32);
  });
  OpOperand &yielded = generic.getBody()->getTerminator()->getOpOperand(number);
  Operation *rounding = yielded.get().getDefiningOp();
  rewriter.modifyOpInPlace(yielded.getOwner(),
                           [&] { yielded.set(getUnrounded(yielded.get())); });
  if (rounding->use_empty())
    rewriter.eraseOp(rounding);
  for (OpResult view : readers.views)
    rewriter.modifyOpInPlace(view.getOwner(), [&] {
      view.setType(cast<RankedTensorType>(view.getType()).clone(f32));
      if (auto pad = dyn_cast<tensor::PadOp>(view.getOwner())) {
        OpOperand &number = pad.getBody()->getTerminator()->getOpOperand(0);
        rewriter.setInsertionPoint(pad);
        number.set(widen(rewriter, pad.getLoc(), number.get()));
      }
    });
  for (OpOperand *read : readers.reads) {
    auto reader = cast<linalg::GenericOp>(read->getOwner());
    BlockArgument argument = reader.getMatchingBlockArgument(read);
    rewriter.modifyOpInPlace(reader, [&] { argument.setType(f32); });
    for (Operation *widening : llvm::make_early_inc_range(argument.getUsers()))
      rewriter.replaceOp(widening, argument);
  }
}

void dlc::dispatch::keepResultsWide(RewriterBase &rewriter, Block &block,
                                    const WideResults &wide) {
  for (auto generic : block.getOps<linalg::GenericOp>())
    for (OpResult result : generic->getResults()) {
      OpOperand *init = generic.getTiedOpOperand(result);
      if (result.use_empty() || generic.payloadUsesValueFromOperand(init) ||
          !init->get().getDefiningOp<tensor::EmptyOp>() ||
          !getUnrounded(generic.getBody()->getTerminator()->getOperand(
              result.getResultNumber())))
        continue;
      std::optional<Readers> readers = Readers::find(result, wide);
      if (readers &&
          (readers->isMultiplied ||
           cast<RankedTensorType>(result.getType()).getNumElements() <=
               wide.maxElements))
        keepWide(rewriter, result, *readers);
    }
}
