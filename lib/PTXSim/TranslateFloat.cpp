//===- TranslateFloat.cpp - PTX to LLVM IR: floating point ----------------===//
//
// f16 and bf16 are computed in f32, which is exact for one operation (f32 has
// more than twice their precision); their fma in f64. NaN results have the
// host's bits, not the device's 0x7fffffff, except where an instruction is
// about NaNs.
//
//===----------------------------------------------------------------------===//

#include "MathKinds.h"
#include "Translator.h"

#include "llvm/IR/Intrinsics.h"

using namespace dlc::ptxsim;

FunctionTranslator::Value *
FunctionTranslator::floatIntrinsic(llvm::Intrinsic::ID id,
                                   llvm::ArrayRef<Value *> args) {
  return b.CreateIntrinsic(id, {args[0]->getType()}, args);
}

FunctionTranslator::Value *FunctionTranslator::floatConstant(Value *like,
                                                             double value) {
  return llvm::ConstantFP::get(like->getType(), value);
}

static llvm::Type *withElement(llvm::Type *like, llvm::Type *element) {
  if (auto *vector = llvm::dyn_cast<llvm::FixedVectorType>(like))
    return llvm::FixedVectorType::get(element, vector->getNumElements());
  return element;
}

FunctionTranslator::Value *FunctionTranslator::asInt(Value *value) {
  unsigned bits = value->getType()->getScalarSizeInBits();
  return b.CreateBitCast(value, withElement(value->getType(), intType(bits)));
}

FunctionTranslator::Value *FunctionTranslator::asFloat(Value *value) {
  bool isDouble = value->getType()->getScalarSizeInBits() == 64;
  return b.CreateBitCast(
      value, withElement(value->getType(),
                         isDouble ? b.getDoubleTy() : b.getFloatTy()));
}

/// The number(s) that the bits stand for, as f32 or f64; two for each lane of a
/// packed type.
FunctionTranslator::Value *FunctionTranslator::toFloat(Value *bits, Ty type) {
  switch (type) {
  case Ty::F32:
  case Ty::TF32:
    return b.CreateBitCast(bits, shaped(b.getFloatTy()));
  case Ty::F64:
    return b.CreateBitCast(bits, shaped(b.getDoubleTy()));
  case Ty::F32x2:
    return b.CreateBitCast(bits, vectorOf(b.getFloatTy(), 2 * lanes));
  case Ty::F16: {
    Value *half = b.CreateBitCast(bits, shaped(b.getHalfTy()));
    return b.CreateFPExt(half, shaped(b.getFloatTy()));
  }
  case Ty::F16x2: {
    Value *half = b.CreateBitCast(bits, vectorOf(b.getHalfTy(), 2 * lanes));
    return b.CreateFPExt(half, vectorOf(b.getFloatTy(), 2 * lanes));
  }
  case Ty::BF16:
  case Ty::BF16x2: {
    if (type == Ty::BF16x2)
      bits = b.CreateBitCast(bits, vectorOf(b.getInt16Ty(), 2 * lanes));
    Value *wide =
        b.CreateZExt(bits, withElement(bits->getType(), b.getInt32Ty()));
    return asFloat(
        b.CreateShl(wide, llvm::ConstantInt::get(wide->getType(), 16)));
  }
  default:
    return nullptr;
  }
}

/// f32 to the upper half of its bits, to nearest even; i16.
FunctionTranslator::Value *FunctionTranslator::roundToBF16(Value *value) {
  Value *bits = asInt(value);
  Type *type = bits->getType();
  auto number = [&](uint64_t n) { return llvm::ConstantInt::get(type, n); };
  Value *odd = b.CreateAnd(b.CreateLShr(bits, number(16)), number(1));
  Value *rounded = b.CreateAdd(b.CreateAdd(bits, number(0x7fff)), odd);
  Value *result = b.CreateSelect(b.CreateFCmpUNO(value, value),
                                 number(0x7fff0000), rounded);
  return b.CreateTrunc(b.CreateLShr(result, number(16)),
                       withElement(type, b.getInt16Ty()));
}

/// f64 to f32 by rounding to odd: a later rounding to f16 or bf16 is then as if
/// it had been done from f64.
FunctionTranslator::Value *FunctionTranslator::doubleToFloatOdd(Value *value) {
  Value *bits = asInt(value);
  Type *type = bits->getType();
  uint64_t low = (uint64_t(1) << 29) - 1;
  Value *rest = b.CreateAnd(bits, llvm::ConstantInt::get(type, low));
  Value *kept = b.CreateAnd(bits, llvm::ConstantInt::get(type, ~low));
  Value *sticky = b.CreateZExt(b.CreateIsNotNull(rest), type);
  Value *odd =
      b.CreateOr(kept, b.CreateShl(sticky, llvm::ConstantInt::get(type, 29)));
  return b.CreateFPTrunc(asFloat(odd),
                         withElement(value->getType(), b.getFloatTy()));
}

FunctionTranslator::Value *FunctionTranslator::fromFloat(Value *value,
                                                         Ty type) {
  switch (type) {
  case Ty::F16:
  case Ty::F16x2:
    value =
        b.CreateFPTrunc(value, withElement(value->getType(), b.getHalfTy()));
    return b.CreateBitCast(value, shaped(intType(bitsOf(type))));
  case Ty::BF16:
  case Ty::BF16x2:
    return b.CreateBitCast(roundToBF16(value), shaped(intType(bitsOf(type))));
  default:
    return b.CreateBitCast(value, shaped(intType(bitsOf(type))));
  }
}

/// Subnormal f32 numbers become zeros of their sign.
FunctionTranslator::Value *FunctionTranslator::flush(Value *value) {
  Value *bits = asInt(value);
  auto number = [&](uint64_t n) {
    return llvm::ConstantInt::get(bits->getType(), n);
  };
  Value *isSmall =
      b.CreateICmpEQ(b.CreateAnd(bits, number(0x7f800000)), number(0));
  return asFloat(
      b.CreateSelect(isSmall, b.CreateAnd(bits, number(0x80000000)), bits));
}

/// rz, rm, rp: a routine sets the host's rounding mode.
bool FunctionTranslator::directedRounding(const Instruction &inst,
                                          llvm::ArrayRef<Value *> values,
                                          Ty type, unsigned rounding,
                                          Value *&result) {
  if (type != Ty::F32 && type != Ty::F64)
    return unsupported(inst);
  MathKind kind;
  switch (inst.op) {
  case Op::Add:
    kind = MathKind::Add;
    break;
  case Op::Sub:
    kind = MathKind::Sub;
    break;
  case Op::Mul:
    kind = MathKind::Mul;
    break;
  case Op::Fma:
  case Op::Mad:
    kind = MathKind::Fma;
    break;
  case Op::Div:
    kind = MathKind::Div;
    break;
  case Op::Rcp:
    kind = MathKind::Rcp;
    break;
  case Op::Sqrt:
    kind = MathKind::Sqrt;
    break;
  default:
    return unsupported(inst);
  }
  auto *to = tempSlot(values[0]->getType());
  Values args{b.getInt32(unsigned(kind)), b.getInt32(rounding),
              b.getInt32(type == Ty::F64), b.getInt32(lanes), to};
  for (unsigned i = 0; i < 3; ++i)
    args.push_back(i < values.size()
                       ? toMemory(values[i])
                       : llvm::ConstantPointerNull::get(b.getPtrTy()));
  callRoutine(Routine::Math, b.getVoidTy(), args);
  result = b.CreateLoad(to->getAllocatedType(), to);
  return false;
}

/// 0: to nearest; else a rounding of MathKinds.h.
static unsigned roundingOf(const Instruction &inst) {
  if (inst.has("rz"))
    return RoundZero;
  if (inst.has("rm"))
    return RoundDown;
  if (inst.has("rp"))
    return RoundUp;
  return RoundNearest;
}

static unsigned floatOperands(const Instruction &inst) {
  switch (inst.op) {
  case Op::Abs:
  case Op::Neg:
  case Op::Testp:
  case Op::Rcp:
  case Op::Sqrt:
    return 1;
  case Op::Fma:
  case Op::Mad:
    return 3;
  default:
    return 2;
  }
}

bool FunctionTranslator::translateFloat(const Instruction &inst) {
  // mixed precision: the operand type comes last (fma.rn.f32.f16)
  Ty type = inst.type();
  if (inst.types.size() > 1)
    return unsupported(inst);
  bool isSingle = type == Ty::F32 || type == Ty::F32x2;
  bool isHalf = type == Ty::F16 || type == Ty::F16x2 || type == Ty::BF16 ||
                type == Ty::BF16x2;
  if (!isSingle && !isHalf && type != Ty::F64)
    return unsupported(inst);
  if (inst.operands.size() != floatOperands(inst) + 1)
    return unsupported(inst);
  Values bits;
  llvm::SmallVector<Ty, 3> types(floatOperands(inst), type);
  if (readAll(inst, 1, types, bits))
    return true;

  // operations on bits
  unsigned width = isHalf && bitsOf(type) == 32 ? 16 : bitsOf(type);
  uint64_t pattern = uint64_t(1) << (width - 1);
  if (type == Ty::F16x2 || type == Ty::BF16x2)
    pattern |= pattern << 16;
  if (type == Ty::F32x2)
    pattern = 0x8000000080000000;
  Value *sign = constant(pattern, bitsOf(type));
  bool ftz = inst.has("ftz");
  if ((inst.op == Op::Abs || inst.op == Op::Neg) && (!ftz || isHalf)) {
    Value *result = inst.op == Op::Abs ? b.CreateAnd(bits[0], b.CreateNot(sign))
                                       : b.CreateXor(bits[0], sign);
    return write(inst, inst.operands[0], result, type);
  }
  if (inst.op == Op::Copysign) {
    // copysign d, a, b: the sign of a, the magnitude of b
    Value *result = b.CreateOr(b.CreateAnd(bits[0], sign),
                               b.CreateAnd(bits[1], b.CreateNot(sign)));
    return write(inst, inst.operands[0], result, type);
  }

  Values v;
  for (Value *value : bits) {
    v.push_back(toFloat(value, type));
    if (ftz && isSingle)
      v.back() = flush(v.back());
  }
  Value *zero = floatConstant(v[0], 0.0);
  Value *result = nullptr;
  if (inst.op == Op::Testp) {
    Value *magnitude = floatIntrinsic(llvm::Intrinsic::fabs, {v[0]});
    Value *infinity = llvm::ConstantFP::getInfinity(v[0]->getType());
    double smallest = type == Ty::F64 ? 0x1p-1022 : 0x1p-126;
    Value *normal = floatConstant(v[0], smallest);
    if (inst.has("finite"))
      result = b.CreateFCmpOLT(magnitude, infinity);
    else if (inst.has("infinite"))
      result = b.CreateFCmpOEQ(magnitude, infinity);
    else if (inst.has("number"))
      result = b.CreateFCmpORD(v[0], v[0]);
    else if (inst.has("notanumber"))
      result = b.CreateFCmpUNO(v[0], v[0]);
    else if (inst.has("normal"))
      result = b.CreateAnd(b.CreateFCmpOLT(magnitude, infinity),
                           b.CreateFCmpOGE(magnitude, normal));
    else if (inst.has("subnormal"))
      result = b.CreateAnd(b.CreateFCmpOGT(magnitude, zero),
                           b.CreateFCmpOLT(magnitude, normal));
    else
      return unsupported(inst);
    return write(inst, inst.operands[0], result, Ty::Pred);
  }
  if (unsigned rounding = roundingOf(inst)) {
    if (directedRounding(inst, v, type, rounding, result))
      return true;
  } else {
    switch (inst.op) {
    case Op::Abs:
      result = floatIntrinsic(llvm::Intrinsic::fabs, {v[0]});
      break;
    case Op::Neg:
      result = b.CreateFNeg(v[0]);
      break;
    case Op::Add:
      result = b.CreateFAdd(v[0], v[1]);
      break;
    case Op::Sub:
      result = b.CreateFSub(v[0], v[1]);
      break;
    case Op::Mul:
      result = b.CreateFMul(v[0], v[1]);
      break;
    case Op::Div:
      result = b.CreateFDiv(v[0], v[1]);
      break;
    case Op::Fma:
    case Op::Mad:
      if (isHalf) {
        Type *wide = withElement(v[0]->getType(), b.getDoubleTy());
        for (Value *&value : v)
          value = b.CreateFPExt(value, wide);
        // the product is exact
        result = doubleToFloatOdd(b.CreateFAdd(b.CreateFMul(v[0], v[1]), v[2]));
        zero = floatConstant(result, 0.0);
      } else {
        result = floatIntrinsic(llvm::Intrinsic::fma, v);
      }
      break;
    case Op::Min:
    case Op::Max: {
      bool isMin = inst.op == Op::Min, isNaN = inst.has("NaN");
      Value *left = v[0], *right = v[1];
      Value *signs = nullptr;
      if (inst.has("xorsign")) {
        signs = b.CreateAnd(b.CreateXor(bits[0], bits[1]), sign);
        left = floatIntrinsic(llvm::Intrinsic::fabs, {left});
        right = floatIntrinsic(llvm::Intrinsic::fabs, {right});
      }
      auto id =
          isNaN ? (isMin ? llvm::Intrinsic::minimum : llvm::Intrinsic::maximum)
                : (isMin ? llvm::Intrinsic::minimumnum
                         : llvm::Intrinsic::maximumnum);
      result = floatIntrinsic(id, {left, right});
      // NaN results have the device's bits
      if (type != Ty::F64)
        result = b.CreateSelect(b.CreateFCmpUNO(result, result),
                                asFloat(llvm::ConstantInt::get(
                                    asInt(result)->getType(), 0x7fffffff)),
                                result);
      if (signs)
        return write(inst, inst.operands[0],
                     b.CreateXor(fromFloat(result, type), signs), type);
      break;
    }
    default:
      return unsupported(inst);
    }
  }
  if (ftz && isSingle)
    result = flush(result);
  if (inst.has("sat")) {
    // NaN becomes 0
    result = floatIntrinsic(llvm::Intrinsic::maxnum, {result, zero});
    result = floatIntrinsic(llvm::Intrinsic::minnum,
                            {result, floatConstant(result, 1.0)});
  }
  if (inst.has("relu")) // NaN stays
    result = b.CreateSelect(b.CreateFCmpOLT(result, zero), zero, result);
  return write(inst, inst.operands[0], fromFloat(result, type), type);
}

//===----------------------------------------------------------------------===//
// Approximations
//===----------------------------------------------------------------------===//

/// 2^x with an error below 1 ulp: 2^n times a polynomial in [-1/2, 1/2] (Taylor
/// series in x ln 2, degree 7). n is applied in two steps, so that subnormal
/// results round once.
FunctionTranslator::Value *FunctionTranslator::exp2(Value *x) {
  Value *clamped =
      floatIntrinsic(llvm::Intrinsic::maxnum, {x, floatConstant(x, -160.0)});
  clamped = floatIntrinsic(llvm::Intrinsic::minnum,
                           {clamped, floatConstant(x, 160.0)});
  Value *whole = floatIntrinsic(llvm::Intrinsic::rint, {clamped});
  Value *rest = b.CreateFSub(clamped, whole);
  static const double coefficients[] = {
      1.52527338040598402800e-5, 1.54035303933816099544e-4,
      1.33335581464284434234e-3, 9.61812910762847716197e-3,
      5.55041086648215799532e-2, 2.40226506959100712334e-1,
      6.93147180559945309417e-1, 1.0};
  Value *sum = floatConstant(x, coefficients[0]);
  for (unsigned i = 1; i < 8; ++i)
    sum = floatIntrinsic(llvm::Intrinsic::fma,
                         {sum, rest, floatConstant(x, coefficients[i])});
  Type *i32 = withElement(x->getType(), b.getInt32Ty());
  auto number = [&](int64_t n) { return llvm::ConstantInt::getSigned(i32, n); };
  Value *n = b.CreateFPToSI(whole, i32);
  Value *half = b.CreateAShr(n, number(1));
  auto power = [&](Value *exponent) {
    return asFloat(b.CreateShl(b.CreateAdd(exponent, number(127)), number(23)));
  };
  Value *result =
      b.CreateFMul(b.CreateFMul(sum, power(half)), power(b.CreateSub(n, half)));
  // maxnum and minnum have lost a NaN
  return b.CreateSelect(b.CreateFCmpUNO(x, x), x, result);
}

/// log2 of a positive number: exponent plus log2 of the mantissa m in
/// [sqrt(1/2), sqrt(2)) by the series of artanh((m - 1) / (m + 1)).
FunctionTranslator::Value *FunctionTranslator::log2(Value *x) {
  Type *floats = x->getType();
  // subnormal numbers are scaled first
  Value *isSmall = b.CreateFCmpOLT(x, floatConstant(x, 0x1p-126));
  Value *scaled =
      b.CreateSelect(isSmall, b.CreateFMul(x, floatConstant(x, 0x1p24)), x);
  Value *bits = asInt(scaled);
  auto number = [&](int64_t n) {
    return llvm::ConstantInt::getSigned(bits->getType(), n);
  };
  // the exponent that brings the mantissa next to 1
  Value *exponent =
      b.CreateAShr(b.CreateSub(bits, number(0x3f3504f3)), number(23));
  Value *mantissa =
      asFloat(b.CreateSub(bits, b.CreateShl(exponent, number(23))));
  Value *e = b.CreateSIToFP(exponent, floats);
  e = b.CreateSelect(isSmall, b.CreateFSub(e, floatConstant(x, 24.0)), e);
  Value *one = floatConstant(x, 1.0);
  Value *s =
      b.CreateFDiv(b.CreateFSub(mantissa, one), b.CreateFAdd(mantissa, one));
  Value *square = b.CreateFMul(s, s);
  static const double coefficients[] = {0.2623081892525388, 0.3205988979753252,
                                        0.4121985831111324, 0.5770780163555853,
                                        0.9617966939259756, 2.8853900817779268};
  // 2 / ln 2 * (1 / 11, 1 / 9, 1 / 7, 1 / 5, 1 / 3, 1) times s^11, ..., s
  Value *sum = floatConstant(x, coefficients[0]);
  for (unsigned i = 1; i < 6; ++i)
    sum = floatIntrinsic(llvm::Intrinsic::fma,
                         {sum, square, floatConstant(x, coefficients[i])});
  Value *result = floatIntrinsic(llvm::Intrinsic::fma, {sum, s, e});
  Value *infinity = llvm::ConstantFP::getInfinity(floats);
  Value *zero = floatConstant(x, 0.0);
  result = b.CreateSelect(b.CreateFCmpOEQ(x, infinity), infinity, result);
  result = b.CreateSelect(b.CreateFCmpOEQ(x, zero),
                          llvm::ConstantFP::getInfinity(floats, true), result);
  Value *nan = asFloat(number(0x7fffffff));
  return b.CreateSelect(b.CreateFCmpULT(x, zero), nan, result);
}

bool FunctionTranslator::translateApprox(const Instruction &inst) {
  Ty type = inst.type();
  if (!toFloat(llvm::PoisonValue::get(intType(bitsOf(type))), type))
    return unsupported(inst);
  Values bits;
  if (readAll(inst, 1, {type}, bits))
    return true;
  Value *x = toFloat(bits[0], type);
  bool ftz = inst.has("ftz") && type == Ty::F32;
  bool isDouble = type == Ty::F64;
  if (ftz)
    x = flush(x);
  Value *result = nullptr;
  Value *one = floatConstant(x, 1.0);
  auto routine = [&](MathKind kind) {
    auto *to = tempSlot(x->getType());
    unsigned count = lanes * (bitsOf(type) == 32 && type != Ty::F32 ? 2 : 1);
    Value *null = llvm::ConstantPointerNull::get(b.getPtrTy());
    callRoutine(Routine::Math, b.getVoidTy(),
                {b.getInt32(unsigned(kind)), b.getInt32(RoundNearest),
                 b.getInt32(isDouble), b.getInt32(count), to, toMemory(x), null,
                 null});
    return b.CreateLoad(to->getAllocatedType(), to);
  };
  if (unsigned rounding = roundingOf(inst)) {
    if (directedRounding(inst, {x}, type, rounding, result))
      return true;
  } else {
    switch (inst.op) {
    case Op::Rcp:
      result = b.CreateFDiv(one, x);
      break;
    case Op::Sqrt:
      result = floatIntrinsic(llvm::Intrinsic::sqrt, {x});
      break;
    case Op::Rsqrt:
      result = b.CreateFDiv(one, floatIntrinsic(llvm::Intrinsic::sqrt, {x}));
      break;
    case Op::Ex2:
      if (isDouble)
        return unsupported(inst);
      result = exp2(x);
      break;
    case Op::Lg2:
      if (isDouble)
        return unsupported(inst);
      result = log2(x);
      break;
    case Op::Sin:
      result = routine(MathKind::Sin);
      break;
    case Op::Cos:
      result = routine(MathKind::Cos);
      break;
    case Op::Tanh:
      result = routine(MathKind::Tanh);
      break;
    default:
      return unsupported(inst);
    }
  }
  if (ftz)
    result = flush(result);
  return write(inst, inst.operands[0], fromFloat(result, type), type);
}
