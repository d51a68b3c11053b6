//===- TranslateBits.cpp - PTX to LLVM IR: bit fields and bytes -----------===//

#include "MathKinds.h"
#include "Translator.h"

#include "llvm/IR/Intrinsics.h"

using namespace dlc::ptxsim;

/// (1 << count) - 1 for counts up to the width.
static llvm::Value *lowMask(llvm::IRBuilder<> &b, llvm::Value *count) {
  llvm::Type *type = count->getType();
  unsigned bits = type->getScalarSizeInBits();
  llvm::Value *width = llvm::ConstantInt::get(type, bits);
  llvm::Value *ones = llvm::Constant::getAllOnesValue(type);
  llvm::Value *shifted = b.CreateLShr(ones, b.CreateSub(width, count));
  return b.CreateSelect(b.CreateIsNull(count),
                        llvm::Constant::getNullValue(type), shifted);
}

/// A shift whose amount may be the width or more: 0 then.
static llvm::Value *safeShift(llvm::IRBuilder<> &b, llvm::Value *value,
                              llvm::Value *amount, bool isLeft) {
  llvm::Type *type = value->getType();
  llvm::Value *width =
      llvm::ConstantInt::get(type, type->getScalarSizeInBits());
  llvm::Value *shifted =
      isLeft ? b.CreateShl(value, amount) : b.CreateLShr(value, amount);
  return b.CreateSelect(b.CreateICmpULT(amount, width), shifted,
                        llvm::Constant::getNullValue(type));
}

/// The bytes of prmt's result: for each the number of the byte of {b, a}, and
/// whether its sign is spread over the byte.
static bool permuteMode(const Instruction &inst, llvm::StringRef &mode) {
  for (llvm::StringRef known : {"f4e", "b4e", "rc8", "ecl", "ecr", "rc16"})
    if (inst.has(known))
      mode = known;
  return !mode.empty();
}

static llvm::Value *permute(llvm::IRBuilder<> &b, const Instruction &inst,
                            llvm::Value *low, llvm::Value *high,
                            llvm::Value *selector) {
  llvm::Type *type = selector->getType();
  auto number = [&](uint64_t n) { return llvm::ConstantInt::get(type, n); };
  llvm::StringRef mode;
  bool hasMode = permuteMode(inst, mode);
  llvm::Value *result = number(0);
  for (unsigned k = 0; k < 4; ++k) {
    llvm::Value *index = nullptr;
    llvm::Value *two = b.CreateAnd(selector, number(3));
    if (!hasMode)
      index = b.CreateAnd(b.CreateLShr(selector, number(4 * k)), number(7));
    else if (mode == "f4e")
      index = b.CreateAdd(two, number(k));
    else if (mode == "b4e")
      index = b.CreateAnd(b.CreateSub(two, number(k)), number(7));
    else if (mode == "rc8")
      index = two;
    else if (mode == "ecl")
      index = b.CreateBinaryIntrinsic(llvm::Intrinsic::umax, two, number(k));
    else if (mode == "ecr")
      index = b.CreateBinaryIntrinsic(llvm::Intrinsic::umin, two, number(k));
    else
      index =
          b.CreateAdd(number(k & 1),
                      b.CreateShl(b.CreateAnd(selector, number(1)), number(1)));
    llvm::Value *isHigh = b.CreateIsNotNull(b.CreateAnd(index, number(4)));
    llvm::Value *word = b.CreateSelect(isHigh, high, low);
    llvm::Value *amount = b.CreateShl(b.CreateAnd(index, number(3)), number(3));
    llvm::Value *byte = b.CreateAnd(b.CreateLShr(word, amount), number(0xff));
    if (!hasMode) {
      llvm::Value *spread = b.CreateIsNotNull(
          b.CreateAnd(b.CreateLShr(selector, number(4 * k)), number(8)));
      llvm::Value *isNegative =
          b.CreateIsNotNull(b.CreateAnd(byte, number(0x80)));
      byte = b.CreateSelect(
          spread, b.CreateSelect(isNegative, number(0xff), number(0)), byte);
    }
    result = b.CreateOr(result, b.CreateShl(byte, number(8 * k)));
  }
  return result;
}

/// Sum of products of bytes (dp4a) or of 16-bit halves and bytes (dp2a).
static llvm::Value *dotProduct(llvm::IRBuilder<> &b, const Instruction &inst,
                               llvm::ArrayRef<llvm::Value *> v) {
  bool isFour = inst.op == Op::Dp4a;
  llvm::Type *type = v[0]->getType();
  auto field = [&](llvm::Value *word, unsigned bit, unsigned bits, bool sign) {
    llvm::Value *left =
        b.CreateShl(word, llvm::ConstantInt::get(type, 32 - bit - bits));
    llvm::Value *amount = llvm::ConstantInt::get(type, 32 - bits);
    return sign ? b.CreateAShr(left, amount) : b.CreateLShr(left, amount);
  };
  bool signA = isSigned(inst.type(0)), signB = isSigned(inst.type(1));
  llvm::Value *sum = v[2];
  unsigned firstByte = !isFour && inst.has("hi") ? 2 : 0;
  for (unsigned i = 0; i < (isFour ? 4u : 2u); ++i) {
    llvm::Value *x =
        isFour ? field(v[0], 8 * i, 8, signA) : field(v[0], 16 * i, 16, signA);
    llvm::Value *y = field(v[1], 8 * (firstByte + i), 8, signB);
    sum = b.CreateAdd(sum, b.CreateMul(x, y));
  }
  return sum;
}

bool FunctionTranslator::translateBits(const Instruction &inst) {
  Ty type = inst.type();
  unsigned bits = bitsOf(type);
  if (!isIntLike(type))
    return unsupported(inst);
  bool sign = isSigned(type);
  const Operand &to = inst.operands[0];
  Values v;
  auto count = [&](Value *value) { // results are 32 bits wide
    return write(inst, to, integerOf(value, 32, false), Ty::U32);
  };
  switch (inst.op) {
  case Op::Popc:
    return readAll(inst, 1, {type}, v) ||
           count(b.CreateUnaryIntrinsic(llvm::Intrinsic::ctpop, v[0]));
  case Op::Clz:
    return readAll(inst, 1, {type}, v) ||
           count(b.CreateBinaryIntrinsic(llvm::Intrinsic::ctlz, v[0],
                                         b.getFalse()));
  case Op::Brev:
    return readAll(inst, 1, {type}, v) ||
           write(inst, to,
                 b.CreateUnaryIntrinsic(llvm::Intrinsic::bitreverse, v[0]),
                 type);
  case Op::Bfind: {
    if (readAll(inst, 1, {type}, v))
      return true;
    Value *value = v[0];
    if (sign)
      value = b.CreateXor(value, b.CreateAShr(value, constant(bits - 1, bits)));
    Value *zeros =
        b.CreateBinaryIntrinsic(llvm::Intrinsic::ctlz, value, b.getFalse());
    Value *found = inst.has("shiftamt")
                       ? zeros
                       : b.CreateSub(constant(bits - 1, bits), zeros);
    return count(b.CreateSelect(
        b.CreateIsNull(value),
        llvm::Constant::getAllOnesValue(value->getType()), found));
  }
  case Op::Sad: {
    if (readAll(inst, 1, {type, type, type}, v))
      return true;
    Value *isLess =
        sign ? b.CreateICmpSLT(v[0], v[1]) : b.CreateICmpULT(v[0], v[1]);
    Value *distance = b.CreateSelect(isLess, b.CreateSub(v[1], v[0]),
                                     b.CreateSub(v[0], v[1]));
    return write(inst, to, b.CreateAdd(v[2], distance), type);
  }
  case Op::Fns: {
    if (readAll(inst, 1, {Ty::B32, Ty::B32, Ty::B32}, v))
      return true;
    auto *out = tempSlot(v[0]->getType());
    callRoutine(Routine::Math, b.getVoidTy(),
                {b.getInt32(unsigned(MathKind::FindNthSet)), b.getInt32(0),
                 b.getInt32(0), b.getInt32(lanes), out, toMemory(v[0]),
                 toMemory(v[1]), toMemory(v[2])});
    return write(inst, to, b.CreateLoad(out->getAllocatedType(), out), Ty::B32);
  }
  case Op::Bfe: {
    if (readAll(inst, 1, {type, Ty::U32, Ty::U32}, v))
      return true;
    Value *pos = b.CreateAnd(integerOf(v[1], bits, false), constant(255, bits));
    Value *len = b.CreateAnd(integerOf(v[2], bits, false), constant(255, bits));
    Value *width = constant(bits, bits);
    Value *shifted = safeShift(b, v[0], pos, false);
    // only so many bits are there
    Value *room =
        b.CreateBinaryIntrinsic(llvm::Intrinsic::usub_sat, width, pos);
    Value *valid = b.CreateBinaryIntrinsic(llvm::Intrinsic::umin, len, room);
    Value *low = lowMask(b, valid);
    Value *result = b.CreateAnd(shifted, low);
    if (sign) {
      Value *top = b.CreateBinaryIntrinsic(
          llvm::Intrinsic::umin,
          b.CreateSub(b.CreateAdd(pos, len), constant(1, bits)),
          constant(bits - 1, bits));
      Value *isNegative = b.CreateIsNotNull(
          b.CreateAnd(b.CreateLShr(v[0], top), constant(1, bits)));
      isNegative = b.CreateAnd(isNegative, b.CreateIsNotNull(len));
      result = b.CreateSelect(isNegative, b.CreateOr(result, b.CreateNot(low)),
                              result);
    }
    return write(inst, to, result, type);
  }
  case Op::Bfi: {
    if (readAll(inst, 1, {type, type, Ty::U32, Ty::U32}, v))
      return true;
    Value *pos = b.CreateAnd(integerOf(v[2], bits, false), constant(255, bits));
    Value *len = b.CreateAnd(integerOf(v[3], bits, false), constant(255, bits));
    len = b.CreateBinaryIntrinsic(llvm::Intrinsic::umin, len,
                                  constant(bits, bits));
    Value *field = safeShift(b, lowMask(b, len), pos, true);
    Value *inserted = b.CreateAnd(safeShift(b, v[0], pos, true), field);
    return write(inst, to,
                 b.CreateOr(b.CreateAnd(v[1], b.CreateNot(field)), inserted),
                 type);
  }
  case Op::Bmsk: {
    if (readAll(inst, 1, {Ty::B32, Ty::B32}, v))
      return true;
    Value *pos = v[0], *len = v[1];
    if (inst.has("wrap")) {
      pos = b.CreateAnd(pos, constant(31, 32));
      len = b.CreateAnd(len, constant(31, 32));
    } else {
      len =
          b.CreateBinaryIntrinsic(llvm::Intrinsic::umin, len, constant(32, 32));
    }
    return write(inst, to, safeShift(b, lowMask(b, len), pos, true), Ty::B32);
  }
  case Op::Szext: {
    if (readAll(inst, 1, {type, Ty::U32}, v))
      return true;
    Value *len = v[1];
    if (inst.has("wrap"))
      len = b.CreateAnd(len, constant(31, 32));
    else
      len =
          b.CreateBinaryIntrinsic(llvm::Intrinsic::umin, len, constant(32, 32));
    Value *low = lowMask(b, len);
    Value *result = b.CreateAnd(v[0], low);
    if (sign) {
      Value *top =
          b.CreateAnd(b.CreateSub(len, constant(1, 32)), constant(31, 32));
      Value *isNegative = b.CreateIsNotNull(
          b.CreateAnd(b.CreateLShr(v[0], top), constant(1, 32)));
      isNegative = b.CreateAnd(isNegative, b.CreateIsNotNull(len));
      result = b.CreateSelect(isNegative, b.CreateOr(result, b.CreateNot(low)),
                              result);
    }
    return write(inst, to, result, type);
  }
  case Op::Dp4a:
  case Op::Dp2a:
    if (readAll(inst, 1, {Ty::B32, Ty::B32, Ty::B32}, v))
      return true;
    return write(inst, to, dotProduct(b, inst, v), Ty::B32);
  case Op::Prmt:
    if (readAll(inst, 1, {Ty::B32, Ty::B32, Ty::B32}, v))
      return true;
    return write(inst, to, permute(b, inst, v[0], v[1], v[2]), Ty::B32);
  default:
    return unsupported(inst);
  }
}
