//===- ReducePrecision.cpp - 16-bit operands of f32 products --------------===//

#include "dlc/Dialect/NN/Transforms/Passes.h"

namespace dlc::nn {
#define GEN_PASS_DEF_NNREDUCEPRECISION
#include "dlc/Dialect/NN/Transforms/Passes.h.inc"
} // namespace dlc::nn

using namespace mlir;
using namespace dlc::nn;

namespace {

struct NNReducePrecision
    : public dlc::nn::impl::NNReducePrecisionBase<NNReducePrecision> {
  using NNReducePrecisionBase::NNReducePrecisionBase;

  void runOnOperation() override {
    Type element;
    if (precision == "f16")
      element = Float16Type::get(&getContext());
    else if (precision == "bf16")
      element = BFloat16Type::get(&getContext());
    else if (precision == "f32" || precision == "tf32")
      return; // tf32 is how a product is computed, not how operands are stored
    if (!element) {
      getOperation()->emitError("unknown precision '")
          << precision << "'; there are f32, tf32, f16 and bf16";
      return signalPassFailure();
    }
    getOperation()->walk([&](Operation *op) {
      if (isa<MatmulOp, ConvOp, ConvTransposeOp>(op) &&
          getElementTypeOrSelf(op->getResult(0)).isF32())
        round(op, element);
    });
    if (widenFrom > 0)
      return; // what is f32 again is better moved so
    std::vector<CastOp> casts;
    getOperation()->walk([&](CastOp cast) {
      if (cast.getType().getElementType() == element &&
          getElementTypeOrSelf(cast.getX()).isF32())
        casts.push_back(cast);
    });
    while (!casts.empty()) {
      CastOp cast = casts.back();
      casts.pop_back();
      roundEarlier(cast, casts);
    }
  }

private:
  /// Rounds what only moves numbers, or takes the largest, before instead of
  /// behind that: half the bytes are moved, and the bits are the same.
  static void roundEarlier(CastOp cast, std::vector<CastOp> &more) {
    Operation *op = cast.getX().getDefiningOp();
    // (Not slices: all of what they are slices of would be rounded.)
    if (!isa_and_nonnull<ConcatOp, MaxPoolOp, PadOp, ReshapeOp, TransposeOp>(
            op))
      return;
    Type element = cast.getType().getElementType();
    for (Operation *user : op->getUsers())
      if (auto other = dyn_cast<CastOp>(user);
          !other || other.getType().getElementType() != element)
        return;
    OpBuilder b(op);
    Operation *rounded = b.clone(*op);
    b.setInsertionPoint(rounded);
    for (OpOperand &operand : rounded->getOpOperands()) {
      auto narrow =
          CastOp::create(b, operand.get().getLoc(), operand.get(), element);
      operand.set(narrow);
      more.push_back(narrow);
    }
    Value result = rounded->getResult(0);
    result.setType(cast.getType());
    for (Operation *user : llvm::make_early_inc_range(op->getUsers())) {
      user->replaceAllUsesWith(ValueRange(result));
      if (user != cast)
        llvm::erase(more, mlir::cast<CastOp>(user));
      user->erase();
    }
    op->erase();
  }

  /// Rounds both operands, each value once.
  void round(Operation *op, Type element) {
    bool widen = widenFrom > 0 && countUses(op) >= widenFrom;
    for (OpOperand &operand : op->getOpOperands()) {
      Value value = operand.get();
      if (!getElementTypeOrSelf(value).isF32())
        continue;
      auto cast = [&](DenseMap<Value, Value> &known, Value from, Type to) {
        Value &result = known[value];
        if (!result) {
          OpBuilder b(op);
          b.setInsertionPointAfterValue(from);
          result = CastOp::create(b, value.getLoc(), from, to);
        }
        return result;
      };
      Value rounded = cast(narrow, value, element);
      if (widen)
        rounded = cast(wide, rounded, Float32Type::get(&getContext()));
      operand.set(rounded);
    }
    if (widen)
      return;
    op->setAttr("wide", UnitAttr::get(&getContext()));
    if (auto conv = dyn_cast<ConvOp>(op); conv && element.isBF16())
      makePairs(conv);
  }

  /// Gives a convolution with an odd number of channels (of images, as a rule)
  /// one of zeros more: numbers are multiplied in pairs of neighbours, or one
  /// by one.
  static void makePairs(ConvOp op) {
    auto filterType = cast<RankedTensorType>(op.getFilter().getType());
    int64_t channels = filterType.getDimSize(1);
    if (op.getGroups() != 1 || channels < 3 || channels % 2 == 0)
      return;
    OpBuilder b(op);
    Location loc = op.getLoc();
    Type element = filterType.getElementType();
    auto scalar = RankedTensorType::get({}, element);
    Value zero = ConstantOp::create(
        b, loc, DenseElementsAttr::get(scalar, b.getFloatAttr(element, 0.0)));
    // What the convolution pads is padded at once.
    size_t spatial = op.getStrides().size();
    SmallVector<int64_t> lo(spatial + 2, 0), hi(spatial + 2, 0);
    bool last = op.getChannelsLast();
    for (size_t i = 0; i < spatial; ++i) {
      lo[i + (last ? 1 : 2)] = op.getPads()[i];
      hi[i + (last ? 1 : 2)] = op.getPads()[spatial + i];
    }
    hi[last ? spatial + 1 : 1] = 1;
    Value input =
        PadOp::create(b, loc, PadMode::Constant, op.getInput(), zero, lo, hi);
    SmallVector<int64_t> none(spatial + 2, 0), one(spatial + 2, 0);
    one[1] = 1;
    Value filter = PadOp::create(b, loc, PadMode::Constant, op.getFilter(),
                                 zero, none, one);
    op.getInputMutable().assign(input);
    op.getFilterMutable().assign(filter);
    op.setPads(SmallVector<int64_t>(2 * spatial, 0));
  }

  /// How many products each element of an operand takes part in: of a
  /// convolution's filter, or of the factor of a matrix product for which that
  /// is less.
  static double countUses(Operation *op) {
    auto elements = [](Value value) {
      return static_cast<double>(
          cast<RankedTensorType>(value.getType()).getNumElements());
    };
    Value left = op->getOperand(0), right = op->getOperand(1);
    Value result = op->getResult(0);
    if (auto conv = dyn_cast<ConvOp>(op)) {
      // As many as it has results a channel.
      auto filter = cast<RankedTensorType>(conv.getFilter().getType());
      return elements(result) / static_cast<double>(filter.getDimSize(0));
    }
    if (auto conv = dyn_cast<ConvTransposeOp>(op)) {
      auto filter = cast<RankedTensorType>(conv.getFilter().getType());
      return elements(left) / static_cast<double>(filter.getDimSize(0));
    }
    auto type = cast<RankedTensorType>(left.getType());
    double terms = static_cast<double>(type.getDimSize(type.getRank() - 1));
    return elements(result) * terms / std::max(elements(left), elements(right));
  }

  /// What values are when rounded, as 16 bits and as f32 again.
  DenseMap<Value, Value> narrow, wide;
};

} // namespace
