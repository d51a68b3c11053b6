//===- UnsignedBytes.cpp - Signed activations become unsigned -------------===//

#include "dlc/Dialect/NN/Transforms/Passes.h"

#include "Values.h"

namespace dlc::nn {
#define GEN_PASS_DEF_NNUNSIGNEDBYTES
#include "dlc/Dialect/NN/Transforms/Passes.h.inc"
} // namespace dlc::nn

using namespace mlir;
using namespace dlc::nn;

/// What a signed byte is more as an unsigned one.
static constexpr int64_t kShift = 128;

/// The integer that all elements of a constant are.
static std::optional<int64_t> getNumber(Value value) {
  std::optional<double> number = getUniform(value);
  if (!number || !isSmallInteger(*number))
    return std::nullopt;
  return static_cast<int64_t>(*number);
}

/// `number` as a constant without dimensions.
static Value makeNumber(OpBuilder &b, Location loc, Type type, int64_t number) {
  TypedAttr attr = isa<FloatType>(type)
                       ? TypedAttr(b.getFloatAttr(type, double(number)))
                       : TypedAttr(b.getIntegerAttr(type, number));
  return ConstantOp::create(
      b, loc,
      DenseElementsAttr::get(RankedTensorType::get({}, type), Attribute(attr)));
}

namespace {

/// Gives the readers of signed bytes unsigned ones to read.
class Readers {
public:
  /// Whether all that reads `bytes` in the end takes a constant off.
  static bool areCentred(Value bytes) {
    return !bytes.use_empty() &&
           llvm::all_of(bytes.getUsers(), [](Operation *user) {
             if (isMove(user))
               return areCentred(user->getResult(0));
             auto wide = dyn_cast<CastOp>(user);
             return wide && isWide(wide.getType().getElementType());
           });
  }

  /// `shifted` is what `bytes` are, plus kShift.
  static void redirect(Value bytes, Value shifted) {
    for (Operation *user : llvm::make_early_inc_range(bytes.getUsers())) {
      OpBuilder b(user);
      if (isMove(user)) {
        Operation *moved = b.clone(*user);
        moved->setOperand(0, shifted);
        Value result = moved->getResult(0);
        result.setType(typeOf(result).clone(typeOf(shifted).getElementType()));
        redirect(user->getResult(0), result);
      } else {
        centre(cast<CastOp>(user), shifted);
      }
      user->erase();
    }
  }

private:
  /// What commutes with the shift.
  static bool isMove(Operation *op) {
    return isa<MaxPoolOp, ReshapeOp, TransposeOp, SliceOp, BroadcastOp>(op);
  }

  static bool isWide(Type type) {
    return isa<FloatType>(type) || type.isSignlessInteger(16) ||
           type.isSignlessInteger(32);
  }

  /// Whoever reads the widened bytes reads the shifted ones and takes so much
  /// more off.
  static void centre(CastOp cast, Value shifted) {
    Type type = cast.getType().getElementType();
    Location loc = cast.getLoc();
    OpBuilder b(cast);
    Value wide = CastOp::create(b, loc, shifted, type), plain;
    for (OpOperand &use :
         llvm::make_early_inc_range(cast.getResult().getUses())) {
      auto sub = dyn_cast<SubOp>(use.getOwner());
      std::optional<int64_t> zero =
          sub && use.getOperandNumber() == 0 && sub.getRhs() != cast.getResult()
              ? getNumber(sub.getRhs())
              : std::nullopt;
      if (zero) {
        OpBuilder inner(sub);
        sub->replaceAllUsesWith(SubOp::create(
            inner, sub.getLoc(), wide,
            makeNumber(inner, sub.getLoc(), type, *zero + kShift)));
        sub.erase();
        continue;
      }
      if (!plain)
        plain = SubOp::create(b, loc, wide, makeNumber(b, loc, type, kShift));
      use.set(plain);
    }
  }
};

struct NNUnsignedBytes
    : public dlc::nn::impl::NNUnsignedBytesBase<NNUnsignedBytes> {
  void runOnOperation() override {
    SmallVector<CastOp> casts;
    getOperation()->walk([&](CastOp op) {
      if (op.getType().getElementType().isSignlessInteger(8))
        casts.push_back(op);
    });
    for (CastOp op : casts)
      shift(op);
  }

private:
  /// Quantises to unsigned bytes what `op` does to signed ones:
  /// cast(min(max(number + zero, -128), 127)).
  static void shift(CastOp op) {
    if (!isa<FloatType>(typeOf(op.getX()).getElementType()) ||
        !Readers::areCentred(op.getResult()))
      return;
    auto clamped = Clamped::match(op.getX());
    if (!clamped || clamped->low != -kShift || clamped->high != kShift - 1 ||
        !isSmallInteger(clamped->zero))
      return;
    Value number = clamped->number;
    auto zero = static_cast<int64_t>(clamped->zero);
    OpBuilder b(op);
    Location loc = op.getLoc();
    Type type = typeOf(number).getElementType();
    auto constant = [&](int64_t value) {
      return makeNumber(b, loc, type, value);
    };
    number = AddOp::create(b, loc, number, constant(zero + kShift));
    number = MaxOp::create(b, loc, number, constant(0));
    number = MinOp::create(b, loc, number, constant(255));
    Value bytes =
        CastOp::create(b, loc, number, b.getIntegerType(8, /*isSigned=*/false));
    Readers::redirect(op.getResult(), bytes);
    op.erase();
  }
};

} // namespace
