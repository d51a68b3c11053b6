//===- OutlineLoops.cpp - Bodies of loops as functions --------------------===//
//
// Below nn a graph is a list of steps. The body of a loop becomes a function
// like the graph itself, which all passes treat like any other, and the loop a
// step that calls it.
//
//===----------------------------------------------------------------------===//

#include "Lowering.h"

#include "dlc/Conversion/Passes.h"
#include "dlc/Dialect/Dispatch/IR/Dispatch.h"
#include "dlc/Dialect/Dispatch/IR/LoopHints.h"
#include "dlc/Dialect/NN/IR/LoopHints.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/IRMapping.h"

namespace dlc::conversion {
#define GEN_PASS_DEF_OUTLINELOOPS
#include "dlc/Conversion/Passes.h.inc"
} // namespace dlc::conversion

using namespace mlir;
using namespace dlc;
using namespace dlc::conversion;

namespace {

/// Slices begin at multiples of this many bytes, like all that kernels of GPUs
/// read in vectors of 16 bytes.
constexpr int64_t kSliceAlignment = 16;

RankedTensorType typeOf(Value value) {
  return cast<RankedTensorType>(value.getType());
}

/// How many elements a slice of `type` needs beside its own to end at a
/// multiple of kSliceAlignment.
int64_t getPadding(RankedTensorType type) {
  int64_t elements = type.getNumElements();
  int64_t bytes = llvm::divideCeil(
      storedType(type.getElementType()).getIntOrFloatBitWidth(), 8);
  return llvm::alignTo(elements * bytes, kSliceAlignment) / bytes - elements;
}

/// Adds `padding` elements to the last dimension of a value of rank 1 or 2.
Value pad(OpBuilder &b, Location loc, Value value, int64_t padding) {
  SmallVector<int64_t> lo(typeOf(value).getRank(), 0), hi(lo);
  hi.back() = padding;
  return nn::PadOp::create(b, loc, nn::PadMode::Edge, value, Value(), lo, hi);
}

Value reshape(OpBuilder &b, Location loc, Value value,
              ArrayRef<int64_t> shape) {
  return nn::ReshapeOp::create(b, loc, typeOf(value).clone(shape), value);
}

/// The first `size` elements of the last dimension.
Value takeFront(OpBuilder &b, Location loc, Value value, int64_t size) {
  SmallVector<int64_t> shape(typeOf(value).getShape());
  SmallVector<int64_t> starts(shape.size(), 0), steps(shape.size(), 1);
  shape.back() = size;
  return nn::SliceOp::create(b, loc, value, starts, shape, steps);
}

/// Makes each slice that a body reads or makes end where the next one may
/// begin.
class SliceAligner {
public:
  explicit SliceAligner(nn::LoopOp loop)
      : loop(loop), body(loop.getBody().front()), loc(loop.getLoc()) {}

  /// The loop, or the one that takes its place.
  nn::LoopOp run() {
    for (auto [index, operand] : llvm::enumerate(loop.getSlicedMutable()))
      alignOperand(operand, loop.getCarried().size() + index);
    SmallVector<Type> types(loop.getResultTypes());
    SmallVector<int64_t> paddings(types.size(), 0);
    for (size_t i = loop.getCarried().size(); i < types.size(); ++i) {
      auto stack = cast<RankedTensorType>(types[i]);
      auto slice = RankedTensorType::get(stack.getShape().drop_front(),
                                         stack.getElementType());
      paddings[i] = slice.getNumElements() ? getPadding(slice) : 0;
      if (paddings[i] == 0)
        continue;
      int64_t size = slice.getNumElements();
      types[i] = stack.clone({loop.getTrips(), size + paddings[i]});
      OpOperand &yielded = body.getTerminator()->getOpOperand(i);
      OpBuilder b(body.getTerminator());
      yielded.set(
          pad(b, loc, reshape(b, loc, yielded.get(), {size}), paddings[i]));
    }
    if (llvm::all_of(paddings, [](int64_t n) { return n == 0; }))
      return loop;
    return replace(types, paddings);
  }

private:
  void alignOperand(OpOperand &operand, unsigned argument) {
    BlockArgument slice = body.getArgument(argument);
    RankedTensorType type = typeOf(slice);
    int64_t size = type.getNumElements();
    int64_t padding = size ? getPadding(type) : 0;
    if (padding == 0)
      return;
    OpBuilder outside(loop);
    operand.set(
        pad(outside, loc,
            reshape(outside, loc, operand.get(), {loop.getTrips(), size}),
            padding));
    slice.setType(type.clone({size + padding}));
    OpBuilder inside = OpBuilder::atBlockBegin(&body);
    Value front = takeFront(inside, loc, slice, size);
    Value own = reshape(inside, loc, front, type.getShape());
    slice.replaceAllUsesExcept(own, front.getDefiningOp());
  }

  nn::LoopOp replace(ArrayRef<Type> types, ArrayRef<int64_t> paddings) {
    OpBuilder b(loop);
    auto aligned = nn::LoopOp::create(
        b, loc, types, loop.getTripsAttr(), loop.getCarried(), loop.getSliced(),
        loop.getInvariant(), loop.getReversedAttr(),
        loop.getStackedReversedAttr());
    aligned->setDiscardableAttrs(loop->getDiscardableAttrDictionary());
    aligned.getBody().takeBody(loop.getBody());
    for (auto [before, after, padding] :
         llvm::zip_equal(loop.getResults(), aligned.getResults(), paddings)) {
      Value value = after;
      if (padding) {
        int64_t width = typeOf(after).getDimSize(1) - padding;
        value = reshape(b, loc, takeFront(b, loc, after, width),
                        typeOf(before).getShape());
      }
      before.replaceAllUsesWith(value);
    }
    loop.erase();
    return aligned;
  }

  nn::LoopOp loop;
  Block &body;
  Location loc;
};

/// The operations that compute `value` from nothing but constants, in order;
/// none where it depends on anything else.
SmallVector<Operation *> getConstantExpression(Value value) {
  SmallVector<Operation *> order;
  DenseSet<Operation *> done;
  SmallVector<std::pair<Operation *, bool>> stack{
      {value.getDefiningOp(), false}};
  while (!stack.empty()) {
    auto [op, operandsDone] = stack.pop_back_val();
    if (!op || op->getNumRegions())
      return {};
    if (operandsDone) {
      order.push_back(op);
      continue;
    }
    if (!done.insert(op).second)
      continue;
    stack.push_back({op, true});
    for (Value operand : op->getOperands())
      if (!done.contains(operand.getDefiningOp()))
        stack.push_back({operand.getDefiningOp(), false});
  }
  return order;
}

/// Computes what is invariant and constant in the body: kernels know more of
/// constants (their layout, above all) than of arguments.
void sinkConstants(nn::LoopOp loop) {
  Block &body = loop.getBody().front();
  unsigned first = loop.getCarried().size() + loop.getSliced().size();
  IRMapping mapping;
  OpBuilder inside = OpBuilder::atBlockBegin(&body);
  for (unsigned i = loop.getInvariant().size(); i-- > 0;) {
    Value value = loop.getInvariant()[i];
    SmallVector<Operation *> expression = getConstantExpression(value);
    if (expression.empty())
      continue;
    for (Operation *op : expression)
      if (!mapping.contains(op))
        inside.clone(*op, mapping);
    body.getArgument(first + i).replaceAllUsesWith(mapping.lookup(value));
    body.eraseArgument(first + i);
    loop.getInvariantMutable().erase(i);
  }
}

struct OutlineLoops
    : public dlc::conversion::impl::OutlineLoopsBase<OutlineLoops> {
  void runOnOperation() override {
    SmallVector<nn::LoopOp> loops; // inner ones first
    getOperation().walk([&](nn::LoopOp loop) { loops.push_back(loop); });
    SymbolTable symbols(getOperation());
    for (nn::LoopOp loop : loops) {
      sinkConstants(loop);
      outline(SliceAligner(loop).run(), symbols);
    }
  }

  void outline(nn::LoopOp loop, SymbolTable &symbols) {
    Location loc = loop.getLoc();
    OpBuilder b(&getContext());
    Operation *yield = loop.getBody().front().getTerminator();
    auto function = func::FuncOp::create(
        b, loc, "loop",
        b.getFunctionType(loop.getBody().getArgumentTypes(),
                          yield->getOperandTypes()));
    function.setPrivate();
    // Graph functions come first.
    symbols.insert(function, getOperation().getBody()->end());
    function.getBody().takeBody(loop.getBody());
    b.setInsertionPoint(yield);
    func::ReturnOp::create(b, yield->getLoc(), yield->getOperands());
    yield->erase();
    b.setInsertionPoint(loop);
    auto call = dispatch::LoopOp::create(
        b, loc, loop.getResultTypes(), function.getSymName(), loop.getTrips(),
        loop.getCarried(), loop.getSliced(), loop.getInvariant(), ValueRange(),
        ValueRange(), Value(), loop.getReversed(), loop.getStackedReversed());
    if (Attribute ends = loop->getAttr(nn::kEndsAttrName))
      call->setAttr(dispatch::kEndsAttrName, ends);
    loop.replaceAllUsesWith(call.getResults());
    loop.erase();
  }
};

/// The operands and results of a loop get the types that are stored.
struct LoopLowering : OpConversionPattern<dispatch::LoopOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult
  matchAndRewrite(dispatch::LoopOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    SmallVector<Type> types;
    if (failed(getTypeConverter()->convertTypes(op.getResultTypes(), types)))
      return failure();
    auto lowered = rewriter.replaceOpWithNewOp<dispatch::LoopOp>(
        op, types, op.getBody(), op.getTrips(), adaptor.getCarried(),
        adaptor.getSliced(), adaptor.getInvariant(), ValueRange(), ValueRange(),
        Value(), op.getReversed(), op.getStackedReversed());
    lowered->setDiscardableAttrs(op->getDiscardableAttrDictionary());
    return success();
  }
};

} // namespace

void dlc::conversion::populateLoop(TypeConverter &converter,
                                   RewritePatternSet &patterns) {
  patterns.add<LoopLowering>(converter, patterns.getContext());
}
