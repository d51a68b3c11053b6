//===- TranslateArith.cpp - PTX to LLVM IR: arithmetic --------------------===//

#include "Translator.h"

using namespace dlc::ptxsim;
using llvm::Intrinsic::ID;

/// The value with another width.
FunctionTranslator::Value *
FunctionTranslator::integerOf(Value *value, unsigned bits, bool isSignedValue) {
  Type *type = value->getType()->getWithNewBitWidth(bits);
  return isSignedValue ? b.CreateSExtOrTrunc(value, type)
                       : b.CreateZExtOrTrunc(value, type);
}

bool FunctionTranslator::translateArith(const Instruction &inst) {
  Ty type = inst.type();
  if (isFloat(type))
    return translateFloat(inst);
  if (!isIntLike(type))
    return unsupported(inst);
  return translateIntegerArith(inst);
}

/// add.u16x2 and so on: twice as many elements of half the width.
static bool isPackedInteger(Ty type) {
  return type == Ty::U16x2 || type == Ty::S16x2;
}

bool FunctionTranslator::translateIntegerArith(const Instruction &inst) {
  Ty type = inst.type();
  switch (inst.op) {
  case Op::Mul:
  case Op::Mul24:
    return translateMul(inst);
  case Op::Mad:
  case Op::Mad24:
    return translateMad(inst);
  case Op::Div:
  case Op::Rem:
    return translateDivRem(inst);
  case Op::Min:
  case Op::Max:
    return translateMinMaxInt(inst);
  default:
    break;
  }
  Values v;
  bool isUnary = inst.op == Op::Abs || inst.op == Op::Neg;
  if (readAll(inst, 1,
              isUnary ? llvm::ArrayRef<Ty>{type}
                      : llvm::ArrayRef<Ty>{type, type},
              v))
    return true;
  Type *whole = v[0]->getType();
  if (isPackedInteger(type))
    for (Value *&value : v)
      value = b.CreateBitCast(value, vectorOf(b.getInt16Ty(), 2 * lanes));
  Value *result = nullptr;
  switch (inst.op) {
  case Op::Abs:
    result = b.CreateBinaryIntrinsic(llvm::Intrinsic::abs, v[0], b.getFalse());
    break;
  case Op::Neg:
    result = b.CreateNeg(v[0]);
    break;
  case Op::Add:
    result =
        inst.has("sat")
            ? b.CreateBinaryIntrinsic(llvm::Intrinsic::sadd_sat, v[0], v[1])
            : b.CreateAdd(v[0], v[1]);
    if (inst.has("cc"))
      storeRegister(analysis.carryRegister(), b.CreateICmpULT(result, v[0]));
    break;
  case Op::Sub:
    result =
        inst.has("sat")
            ? b.CreateBinaryIntrinsic(llvm::Intrinsic::ssub_sat, v[0], v[1])
            : b.CreateSub(v[0], v[1]);
    if (inst.has("cc"))
      storeRegister(analysis.carryRegister(), b.CreateICmpULT(v[0], v[1]));
    break;
  default:
    return unsupported(inst);
  }
  return write(inst, inst.operands[0], b.CreateBitCast(result, whole), type);
}

bool FunctionTranslator::translateMinMaxInt(const Instruction &inst) {
  Ty type = inst.type();
  Values v;
  if (inst.operands.size() != 3)
    return unsupported(inst);
  if (readAll(inst, 1, {type, type}, v))
    return true;
  Type *whole = v[0]->getType();
  if (isPackedInteger(type))
    for (Value *&value : v)
      value = b.CreateBitCast(value, vectorOf(b.getInt16Ty(), 2 * lanes));
  bool isMin = inst.op == Op::Min;
  ID id = isSigned(type)
              ? (isMin ? llvm::Intrinsic::smin : llvm::Intrinsic::smax)
              : (isMin ? llvm::Intrinsic::umin : llvm::Intrinsic::umax);
  Value *result = b.CreateBinaryIntrinsic(id, v[0], v[1]);
  if (inst.has("relu"))
    result = b.CreateBinaryIntrinsic(
        llvm::Intrinsic::smax, result,
        llvm::Constant::getNullValue(result->getType()));
  return write(inst, inst.operands[0], b.CreateBitCast(result, whole), type);
}

bool FunctionTranslator::translateMul(const Instruction &inst) {
  Ty type = inst.type();
  unsigned bits = bitsOf(type);
  bool sign = isSigned(type);
  Values v;
  if (readAll(inst, 1, {type, type}, v))
    return true;
  if (inst.op == Op::Mul24) {
    for (Value *&value : v) {
      Value *eight = llvm::ConstantInt::get(value->getType(), 8);
      value = b.CreateShl(value, eight);
      value = sign ? b.CreateAShr(value, eight) : b.CreateLShr(value, eight);
    }
    Value *wide =
        b.CreateMul(integerOf(v[0], 64, sign), integerOf(v[1], 64, sign));
    if (inst.has("hi"))
      wide = b.CreateLShr(wide, 16);
    return write(inst, inst.operands[0], integerOf(wide, 32, false), type);
  }
  if (inst.has("wide")) {
    Value *result = b.CreateMul(integerOf(v[0], 2 * bits, sign),
                                integerOf(v[1], 2 * bits, sign));
    return write(inst, inst.operands[0], result, type);
  }
  if (inst.has("hi")) {
    Value *wide = b.CreateMul(integerOf(v[0], 2 * bits, sign),
                              integerOf(v[1], 2 * bits, sign));
    Value *result = integerOf(b.CreateLShr(wide, bits), bits, false);
    return write(inst, inst.operands[0], result, type);
  }
  return write(inst, inst.operands[0], b.CreateMul(v[0], v[1]), type);
}

bool FunctionTranslator::translateMad(const Instruction &inst) {
  Ty type = inst.type();
  unsigned bits = bitsOf(type);
  bool sign = isSigned(type);
  if (inst.has("wide")) {
    Value *x = read(inst.operands[1], type), *y = read(inst.operands[2], type);
    Value *z = readBits(inst.operands[3], 2 * bits);
    if (!x || !y || !z)
      return true;
    Value *v[] = {x, y, z};
    unify(v);
    Value *product = b.CreateMul(integerOf(v[0], 2 * bits, sign),
                                 integerOf(v[1], 2 * bits, sign));
    return write(inst, inst.operands[0], b.CreateAdd(product, v[2]), type);
  }
  Values v;
  if (readAll(inst, 1, {type, type, type}, v))
    return true;
  Value *product = nullptr;
  if (inst.op == Op::Mad24) {
    for (unsigned i = 0; i < 2; ++i) {
      Value *eight = llvm::ConstantInt::get(v[i]->getType(), 8);
      v[i] = b.CreateShl(v[i], eight);
      v[i] = sign ? b.CreateAShr(v[i], eight) : b.CreateLShr(v[i], eight);
    }
    Value *wide =
        b.CreateMul(integerOf(v[0], 64, sign), integerOf(v[1], 64, sign));
    if (inst.has("hi"))
      wide = b.CreateLShr(wide, 16);
    product = integerOf(wide, 32, false);
  } else if (inst.has("hi")) {
    Value *wide = b.CreateMul(integerOf(v[0], 2 * bits, sign),
                              integerOf(v[1], 2 * bits, sign));
    product = integerOf(b.CreateLShr(wide, bits), bits, false);
  } else {
    product = b.CreateMul(v[0], v[1]);
  }
  Value *result =
      inst.has("sat")
          ? b.CreateBinaryIntrinsic(llvm::Intrinsic::sadd_sat, product, v[2])
          : b.CreateAdd(product, v[2]);
  if (inst.has("cc"))
    storeRegister(analysis.carryRegister(), b.CreateICmpULT(result, product));
  return write(inst, inst.operands[0], result, type);
}

/// addc, subc, madc
bool FunctionTranslator::translateCarry(const Instruction &inst) {
  Ty type = inst.type();
  unsigned bits = bitsOf(type);
  bool sign = isSigned(type), isMad = inst.op == Op::Madc;
  Values v;
  if (readAll(inst, 1,
              isMad ? llvm::ArrayRef<Ty>{type, type, type}
                    : llvm::ArrayRef<Ty>{type, type},
              v))
    return true;
  v.push_back(loadRegister(analysis.carryRegister()));
  unify(v);
  Value *carry = b.CreateZExt(v.back(), v[0]->getType());
  Value *left = v[0], *right = v[1];
  if (isMad) {
    left = b.CreateMul(v[0], v[1]);
    if (inst.has("hi")) {
      Value *wide = b.CreateMul(integerOf(v[0], 2 * bits, sign),
                                integerOf(v[1], 2 * bits, sign));
      left = integerOf(b.CreateLShr(wide, bits), bits, false);
    }
    right = v[2];
  }
  Value *first = nullptr, *result = nullptr, *out = nullptr;
  if (inst.op == Op::Subc) {
    first = b.CreateSub(left, right);
    result = b.CreateSub(first, carry);
    out =
        b.CreateOr(b.CreateICmpULT(left, right), b.CreateICmpULT(first, carry));
  } else {
    first = b.CreateAdd(left, right);
    result = b.CreateAdd(first, carry);
    out = b.CreateOr(b.CreateICmpULT(first, left),
                     b.CreateICmpULT(result, first));
  }
  if (inst.has("cc"))
    storeRegister(analysis.carryRegister(), out);
  return write(inst, inst.operands[0], result, type);
}

/// Division by zero is undefined on the device; here it gives all ones, and
/// must not trap, least of all in lanes that are not active.
bool FunctionTranslator::translateDivRem(const Instruction &inst) {
  Ty type = inst.type();
  unsigned bits = bitsOf(type);
  bool sign = isSigned(type), isDiv = inst.op == Op::Div;
  Values v;
  if (readAll(inst, 1, {type, type}, v))
    return true;
  Type *whole = v[0]->getType();
  Value *x = v[0], *y = v[1];
  Value *zero = llvm::Constant::getNullValue(whole);
  Value *ones = llvm::Constant::getAllOnesValue(whole);
  Value *isZero = b.CreateICmpEQ(y, zero);
  Value *safe = b.CreateSelect(isZero, llvm::ConstantInt::get(whole, 1), y);
  Value *quotient = nullptr;
  bool isConstant = llvm::isa<llvm::Constant>(y);
  if (lanes > 1 && bits <= 32 && !isConstant) {
    // exact in f64: the quotient of 32-bit numbers is never closer to the next
    // integer than 2^-32 of itself
    Type *f64 = vectorOf(b.getDoubleTy());
    Value *fx = sign ? b.CreateSIToFP(x, f64) : b.CreateUIToFP(x, f64);
    Value *fy = sign ? b.CreateSIToFP(safe, f64) : b.CreateUIToFP(safe, f64);
    Value *fq = b.CreateFDiv(fx, fy);
    // INT_MIN / -1 is 2^31: via i64 it wraps
    Type *i64 = vectorOf(b.getInt64Ty());
    quotient =
        bits == 32 ? b.CreateTrunc(b.CreateFPToSI(fq, i64), whole)
        : sign
            ? b.CreateTrunc(b.CreateFPToSI(fq, vectorOf(b.getInt32Ty())), whole)
            : b.CreateFPToUI(fq, whole);
  } else if (sign) {
    // INT_MIN / -1 traps on the host
    Value *isMinus = b.CreateICmpEQ(safe, ones);
    Value *divisor =
        b.CreateSelect(isMinus, llvm::ConstantInt::get(whole, 1), safe);
    quotient =
        b.CreateSelect(isMinus, b.CreateNeg(x), b.CreateSDiv(x, divisor));
  } else {
    quotient = b.CreateUDiv(x, safe);
  }
  Value *result =
      isDiv ? b.CreateSelect(isZero, ones, quotient)
            : b.CreateSelect(isZero, x,
                             b.CreateSub(x, b.CreateMul(quotient, safe)));
  return write(inst, inst.operands[0], result, type);
}

//===----------------------------------------------------------------------===//
// Logic and shifts
//===----------------------------------------------------------------------===//

bool FunctionTranslator::translateLogic(const Instruction &inst) {
  Ty type = inst.type();
  if (isFloat(type))
    return unsupported(inst);
  if (inst.op == Op::Not || inst.op == Op::Cnot) {
    Values v;
    if (readAll(inst, 1, {type}, v))
      return true;
    Value *result = inst.op == Op::Not
                        ? b.CreateNot(v[0])
                        : b.CreateZExt(b.CreateIsNull(v[0]), v[0]->getType());
    return write(inst, inst.operands[0], result, type);
  }
  if (inst.op != Op::Lop3) {
    Values v;
    if (readAll(inst, 1, {type, type}, v))
      return true;
    Value *result = inst.op == Op::And  ? b.CreateAnd(v[0], v[1])
                    : inst.op == Op::Or ? b.CreateOr(v[0], v[1])
                                        : b.CreateXor(v[0], v[1]);
    return write(inst, inst.operands[0], result, type);
  }
  // lop3: bit 4a + 2b + c of the table
  Values v;
  if (readAll(inst, 1, {type, type, type}, v))
    return true;
  if (inst.operands[4].kind != Operand::Integer)
    return fail(inst, "the table of lop3 is not a constant");
  unsigned table = unsigned(inst.operands[4].value) & 0xff;
  Type *whole = v[0]->getType();
  auto choose = [&](Value *selector, Value *one, Value *zero) {
    return b.CreateOr(b.CreateAnd(selector, one),
                      b.CreateAnd(b.CreateNot(selector), zero));
  };
  auto constantBit = [&](unsigned bit) -> Value * {
    return table >> bit & 1 ? llvm::Constant::getAllOnesValue(whole)
                            : llvm::Constant::getNullValue(whole);
  };
  Value *quarter[4];
  for (unsigned i = 0; i < 4; ++i)
    quarter[i] = choose(v[2], constantBit(2 * i + 1), constantBit(2 * i));
  Value *result = choose(v[0], choose(v[1], quarter[3], quarter[2]),
                         choose(v[1], quarter[1], quarter[0]));
  const Operand &to = inst.operands[0];
  if (to.kind != Operand::Pair)
    return write(inst, to, result, type);
  if (inst.operands.size() != 6)
    return fail(inst, "wrong number of operands");
  Value *other = read(inst.operands[5], Ty::Pred);
  if (!other)
    return true;
  Value *pair[] = {b.CreateIsNotNull(result), other};
  unify(pair);
  Value *flag = inst.has("and") ? b.CreateAnd(pair[0], pair[1])
                                : b.CreateOr(pair[0], pair[1]);
  return write(inst, to.elements[0], result, type) ||
         write(inst, to.elements[1], flag, Ty::Pred);
}

bool FunctionTranslator::translateShift(const Instruction &inst) {
  Ty type = inst.type();
  unsigned bits = bitsOf(type);
  Values v;
  if (inst.op == Op::Shf) {
    if (readAll(inst, 1, {Ty::B32, Ty::B32, Ty::U32}, v))
      return true;
    bool isLeft = inst.has("l");
    Value *low = v[0], *high = v[1], *amount = v[2];
    Value *result = b.CreateIntrinsic(isLeft ? llvm::Intrinsic::fshl
                                             : llvm::Intrinsic::fshr,
                                      {low->getType()}, {high, low, amount});
    if (inst.has("clamp"))
      result = b.CreateSelect(b.CreateICmpUGE(amount, constant(32, 32)),
                              isLeft ? low : high, result);
    return write(inst, inst.operands[0], result, Ty::B32);
  }
  if (readAll(inst, 1, {type, Ty::U32}, v))
    return true;
  // amounts beyond the width count as the width
  Value *limit = constant(bits, 32);
  Value *isBeyond = b.CreateICmpUGE(v[1], limit);
  Value *amount = v[1];
  Value *result = nullptr;
  if (inst.op == Op::Shr && isSigned(type)) {
    amount = b.CreateBinaryIntrinsic(llvm::Intrinsic::umin, amount,
                                     constant(bits - 1, 32));
    result = b.CreateAShr(v[0], integerOf(amount, bits, false));
  } else {
    Value *zero = llvm::Constant::getNullValue(v[0]->getType());
    amount = integerOf(amount, bits, false);
    result = inst.op == Op::Shl ? b.CreateShl(v[0], amount)
                                : b.CreateLShr(v[0], amount);
    result = b.CreateSelect(isBeyond, zero, result);
  }
  return write(inst, inst.operands[0], result, type);
}

//===----------------------------------------------------------------------===//
// Comparison, selection, moves
//===----------------------------------------------------------------------===//

FunctionTranslator::Value *FunctionTranslator::compare(const Instruction &inst,
                                                       llvm::StringRef cmp,
                                                       Ty type, Value *left,
                                                       Value *right) {
  using Pred = llvm::CmpInst::Predicate;
  bool sign = isSigned(type), isFloating = isFloat(type);
  struct Entry {
    const char *name;
    Pred floating, isSigned, isUnsigned;
  };
  const Pred none = Pred::BAD_ICMP_PREDICATE;
  static const Entry table[] = {
      {"eq", Pred::FCMP_OEQ, Pred::ICMP_EQ, Pred::ICMP_EQ},
      {"ne", Pred::FCMP_ONE, Pred::ICMP_NE, Pred::ICMP_NE},
      {"lt", Pred::FCMP_OLT, Pred::ICMP_SLT, Pred::ICMP_ULT},
      {"le", Pred::FCMP_OLE, Pred::ICMP_SLE, Pred::ICMP_ULE},
      {"gt", Pred::FCMP_OGT, Pred::ICMP_SGT, Pred::ICMP_UGT},
      {"ge", Pred::FCMP_OGE, Pred::ICMP_SGE, Pred::ICMP_UGE},
      {"lo", none, none, Pred::ICMP_ULT},
      {"ls", none, none, Pred::ICMP_ULE},
      {"hi", none, none, Pred::ICMP_UGT},
      {"hs", none, none, Pred::ICMP_UGE},
      {"equ", Pred::FCMP_UEQ, none, none},
      {"neu", Pred::FCMP_UNE, none, none},
      {"ltu", Pred::FCMP_ULT, none, none},
      {"leu", Pred::FCMP_ULE, none, none},
      {"gtu", Pred::FCMP_UGT, none, none},
      {"geu", Pred::FCMP_UGE, none, none},
      {"num", Pred::FCMP_ORD, none, none},
      {"nan", Pred::FCMP_UNO, none, none},
  };
  for (const Entry &entry : table) {
    if (cmp != entry.name)
      continue;
    Pred pred = isFloating ? entry.floating
                : sign     ? entry.isSigned
                           : entry.isUnsigned;
    if (pred == none)
      break;
    return b.CreateCmp(pred, left, right);
  }
  fail(inst, "'." + cmp + "' does not compare this type");
  return nullptr;
}

bool FunctionTranslator::translateCompare(const Instruction &inst) {
  // set has the result's type first
  bool isSet = inst.op == Op::Set;
  Ty type = inst.type(isSet ? 1 : 0), resultType = inst.type();
  if (type == Ty::None || inst.mods.empty())
    return unsupported(inst);
  Values v;
  if (readAll(inst, 1, {type, type}, v))
    return true;
  if (inst.operands.size() == 4) {
    Value *other = read(inst.operands[3], Ty::Pred);
    if (!other)
      return true;
    v.push_back(other);
    unify(v);
  }
  Value *left = v[0], *right = v[1];
  if (isFloat(type)) {
    left = toFloat(left, type);
    right = toFloat(right, type);
    if (inst.has("ftz") && type == Ty::F32) {
      left = flush(left);
      right = flush(right);
    }
  }
  Value *flag = compare(inst, inst.mods[0], type, left, right);
  if (!flag)
    return true;
  auto combine = [&](Value *value) {
    if (v.size() < 3)
      return value;
    return inst.has("and")  ? b.CreateAnd(value, v[2])
           : inst.has("or") ? b.CreateOr(value, v[2])
                            : b.CreateXor(value, v[2]);
  };
  bool isPacked = type == Ty::F16x2 || type == Ty::BF16x2;
  if (isSet) {
    if (isPacked && v.size() == 3)
      return unsupported(inst);
    if (!isPacked)
      flag = combine(flag);
    unsigned bits = bitsOf(resultType);
    Type *element = intType(isPacked ? 16 : bits);
    Type *wide = flag->getType()->isVectorTy()
                     ? vectorOf(element, isPacked ? 2 * lanes : lanes)
                     : element;
    Value *result = nullptr;
    if (isFloat(resultType)) {
      uint64_t one = resultType == Ty::F32 ? 0x3f800000
                     : isPacked ? (type == Ty::F16x2 ? 0x3c00 : 0x3f80)
                     : resultType == Ty::F16 ? 0x3c00
                                             : 0x3f80;
      result = b.CreateSelect(flag, llvm::ConstantInt::get(wide, one),
                              llvm::Constant::getNullValue(wide));
    } else {
      result = b.CreateSExt(flag, wide);
    }
    if (isPacked)
      result = b.CreateBitCast(result, shaped(b.getInt32Ty()));
    return write(inst, inst.operands[0], result, resultType);
  }
  const Operand &to = inst.operands[0];
  Value *first = nullptr, *second = nullptr;
  if (isPacked) {
    Values halves;
    if (lanes == 1) {
      halves = {b.CreateExtractElement(flag, uint64_t(0)),
                b.CreateExtractElement(flag, uint64_t(1))};
    } else {
      halves = splitLanes(flag, 2);
    }
    first = combine(halves[0]);
    second = combine(halves[1]);
  } else {
    first = combine(flag);
    if (to.kind == Operand::Pair)
      second = combine(b.CreateNot(flag));
  }
  if (to.kind != Operand::Pair)
    return write(inst, to, first, Ty::Pred);
  return write(inst, to.elements[0], first, Ty::Pred) ||
         write(inst, to.elements[1], second, Ty::Pred);
}

bool FunctionTranslator::translateSelect(const Instruction &inst) {
  Ty type = inst.type();
  bool isSlct = inst.op == Op::Slct;
  Ty selector = isSlct ? inst.type(1) : Ty::Pred;
  Values v;
  if (readAll(inst, 1, {type, type, selector}, v))
    return true;
  Value *condition = v[2];
  if (isSlct && isFloat(selector)) {
    Value *number = toFloat(condition, selector);
    if (inst.has("ftz"))
      number = flush(number);
    condition = b.CreateFCmpOGE(
        number, llvm::Constant::getNullValue(number->getType()));
  } else if (isSlct) {
    condition = b.CreateICmpSGE(
        condition, llvm::Constant::getNullValue(condition->getType()));
  }
  return write(inst, inst.operands[0], b.CreateSelect(condition, v[0], v[1]),
               type);
}

bool FunctionTranslator::translateMov(const Instruction &inst) {
  Ty type = inst.type();
  const Operand &to = inst.operands[0], &from = inst.operands[1];
  if (type == Ty::None)
    return unsupported(inst);
  unsigned bits = bitsOf(type);
  if (to.kind == Operand::Vector) { // unpack
    unsigned count = to.elements.size();
    Value *value = read(from, type);
    if (!value)
      return true;
    if (count == 0 || bits % count)
      return unsupported(inst);
    unsigned part = bits / count;
    for (unsigned i = 0; i < count; ++i) {
      Value *shifted = b.CreateLShr(
          value, llvm::ConstantInt::get(value->getType(), i * part));
      if (write(inst, to.elements[i], integerOf(shifted, part, false), Ty::B32))
        return true;
    }
    return false;
  }
  if (from.kind == Operand::Vector) { // pack
    unsigned count = from.elements.size();
    if (count == 0 || bits % count)
      return unsupported(inst);
    unsigned part = bits / count;
    Values v;
    for (const Operand &element : from.elements) {
      Value *value = readBits(element, part);
      if (!value)
        return true;
      v.push_back(value);
    }
    unify(v);
    Value *result = nullptr;
    for (unsigned i = 0; i < count; ++i) {
      Value *wide = integerOf(v[i], bits, false);
      if (i)
        wide = b.CreateShl(wide,
                           llvm::ConstantInt::get(wide->getType(), i * part));
      result = result ? b.CreateOr(result, wide) : wide;
    }
    return write(inst, to, result, type);
  }
  if (from.kind == Operand::Symbol && from.symbol == SymbolKind::Function)
    return fail(inst, "addresses of functions are not supported");
  Value *value = read(from, type);
  return !value || write(inst, to, value, type);
}
