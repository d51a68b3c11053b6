//===- TranslateConvert.cpp - PTX to LLVM IR: conversions -----------------===//

#include "FloatFormats.h"
#include "Translator.h"

#include "llvm/IR/Intrinsics.h"

using namespace dlc::ptxsim;

static llvm::Type *withElement(llvm::Type *like, llvm::Type *element) {
  if (auto *vector = llvm::dyn_cast<llvm::FixedVectorType>(like))
    return llvm::FixedVectorType::get(element, vector->getNumElements());
  return element;
}

static unsigned conversionRounding(const Instruction &inst) {
  if (inst.has("rz") || inst.has("rzi"))
    return RoundZero;
  if (inst.has("rm") || inst.has("rmi"))
    return RoundDown;
  if (inst.has("rp") || inst.has("rpi"))
    return RoundUp;
  if (inst.has("rna"))
    return RoundAway;
  return RoundNearest;
}

static bool roundsToInteger(const Instruction &inst) {
  return inst.has("rni") || inst.has("rzi") || inst.has("rmi") ||
         inst.has("rpi");
}

/// Numbers (f32 or f64) to the bits of a format by a routine.
FunctionTranslator::Value *FunctionTranslator::encode(Value *value,
                                                      FloatFormat format,
                                                      unsigned rounding,
                                                      bool saturate) {
  bool isDouble = value->getType()->getScalarSizeInBits() == 64;
  unsigned count = 1;
  if (auto *vector = llvm::dyn_cast<llvm::FixedVectorType>(value->getType()))
    count = vector->getNumElements();
  auto *out = tempSlot(withElement(value->getType(), b.getInt32Ty()));
  callRoutine(Routine::Convert, b.getVoidTy(),
              {b.getInt32(unsigned(format)), b.getInt32(rounding),
               b.getInt32(saturate), b.getInt32(isDouble), b.getInt32(count),
               out, toMemory(value)});
  return b.CreateLoad(out->getAllocatedType(), out);
}

/// cvt.f16x2.f32 d, a, b and its like: a becomes the upper half.
bool FunctionTranslator::convertPair(const Instruction &inst,
                                     FloatFormat format, Ty from) {
  Ty to = inst.type(0);
  Values v;
  if (inst.operands.size() != 3 || from != Ty::F32)
    return unsupported(inst);
  if (readAll(inst, 1, {from, from}, v))
    return true;
  unsigned half = bitsOf(to) / 2;
  Value *result = nullptr;
  for (unsigned i = 0; i < 2; ++i) {
    Value *x = toFloat(v[1 - i], from);
    Value *bits = encodeTo(inst, x, format);
    bits = integerOf(bits, 2 * half, false);
    result = i == 0 ? bits
                    : b.CreateOr(result,
                                 b.CreateShl(bits, constant(half, 2 * half)));
  }
  return write(inst, inst.operands[0], result, Ty::B32);
}

/// Rounds f32 or f64 to a format with the instruction's modifiers; the result
/// has the format's width.
FunctionTranslator::Value *FunctionTranslator::encodeTo(const Instruction &inst,
                                                        Value *x,
                                                        FloatFormat format) {
  bool isDouble = x->getType()->getScalarSizeInBits() == 64;
  unsigned rounding = conversionRounding(inst);
  bool saturate = inst.has("satfinite");
  if (inst.has("relu")) {
    Value *zero = floatConstant(x, 0.0);
    x = b.CreateSelect(b.CreateFCmpOLT(x, zero), zero, x);
  }
  if (inst.has("ftz") && !isDouble)
    x = flush(x);
  if (inst.has("sat")) {
    x = floatIntrinsic(llvm::Intrinsic::maxnum, {x, floatConstant(x, 0.0)});
    x = floatIntrinsic(llvm::Intrinsic::minnum, {x, floatConstant(x, 1.0)});
  }
  unsigned bits = format == FloatFormat::TF32 || format == FloatFormat::F32 ? 32
                  : format == FloatFormat::E4M3 || format == FloatFormat::E5M2
                      ? 8
                      : 16;
  bool isPlain = rounding == RoundNearest && !saturate;
  if (isPlain && (format == FloatFormat::F16 || format == FloatFormat::BF16)) {
    if (isDouble)
      x = doubleToFloatOdd(x);
    if (format == FloatFormat::BF16)
      return roundToBF16(x);
    Value *half = b.CreateFPTrunc(x, withElement(x->getType(), b.getHalfTy()));
    Value *result =
        b.CreateBitCast(half, withElement(x->getType(), b.getInt16Ty()));
    // NaN has the device's bits
    return b.CreateSelect(b.CreateFCmpUNO(x, x),
                          llvm::ConstantInt::get(result->getType(), 0x7fff),
                          result);
  }
  if (format == FloatFormat::TF32 && rounding == RoundAway && !isDouble &&
      !saturate) {
    // half a unit is added to the magnitude; infinities and NaNs stay
    Value *whole = asInt(x);
    auto number = [&](uint64_t n) {
      return llvm::ConstantInt::get(whole->getType(), n);
    };
    Value *rounded =
        b.CreateAnd(b.CreateAdd(whole, number(0x1000)), number(0xffffe000));
    Value *isFinite = b.CreateICmpULT(b.CreateAnd(whole, number(0x7f800000)),
                                      number(0x7f800000));
    return b.CreateSelect(isFinite, rounded, whole);
  }
  return integerOf(encode(x, format, rounding, saturate), bits, false);
}

bool FunctionTranslator::convertToInteger(const Instruction &inst, Value *x,
                                          bool fromDouble) {
  Ty to = inst.type(0);
  unsigned bits = bitsOf(to);
  bool sign = isSigned(to);
  switch (conversionRounding(inst)) {
  case RoundZero:
    break; // the conversion does it
  case RoundDown:
    x = floatIntrinsic(llvm::Intrinsic::floor, {x});
    break;
  case RoundUp:
    x = floatIntrinsic(llvm::Intrinsic::ceil, {x});
    break;
  default:
    x = floatIntrinsic(llvm::Intrinsic::roundeven, {x});
    break;
  }
  Type *type = withElement(x->getType(), intType(bits));
  auto id = sign ? llvm::Intrinsic::fptosi_sat : llvm::Intrinsic::fptoui_sat;
  Value *result = b.CreateIntrinsic(id, {type, x->getType()}, {x});
  // PTX ISA, "cvt": NaN gives 0, but 1 << (bits - 1) from f64 or to 64 bits
  if (fromDouble || bits == 64) {
    Value *nan = llvm::ConstantInt::get(type, uint64_t(1) << (bits - 1));
    result = b.CreateSelect(b.CreateFCmpUNO(x, x), nan, result);
  }
  return write(inst, inst.operands[0], result, to);
}

static bool formatOf(Ty type, FloatFormat &format) {
  switch (type) {
  case Ty::F16:
  case Ty::F16x2:
    format = FloatFormat::F16;
    return true;
  case Ty::BF16:
  case Ty::BF16x2:
    format = FloatFormat::BF16;
    return true;
  case Ty::TF32:
    format = FloatFormat::TF32;
    return true;
  case Ty::F32:
    format = FloatFormat::F32;
    return true;
  case Ty::E4M3x2:
    format = FloatFormat::E4M3;
    return true;
  case Ty::E5M2x2:
    format = FloatFormat::E5M2;
    return true;
  default:
    return false;
  }
}

/// Conversions between pairs: e4m3x2 and e5m2x2 from and to f16x2.
bool FunctionTranslator::convertPacked(const Instruction &inst) {
  Ty to = inst.type(0), from = inst.type(1);
  FloatFormat target = FloatFormat::F16, source = FloatFormat::F16;
  formatOf(to, target);
  formatOf(from, source);
  Values v;
  if (inst.operands.size() != 2 || readAll(inst, 1, {from}, v))
    return inst.operands.size() != 2 ? unsupported(inst) : true;
  bool fromSmall = source == FloatFormat::E4M3 || source == FloatFormat::E5M2;
  if (fromSmall) {
    if (to != Ty::F16x2)
      return unsupported(inst);
    auto *out = tempSlot(vectorOf(b.getFloatTy(), 2 * lanes));
    Value *bytes = b.CreateBitCast(v[0], vectorOf(b.getInt8Ty(), 2 * lanes));
    Value *wide = b.CreateZExt(bytes, vectorOf(b.getInt32Ty(), 2 * lanes));
    callRoutine(Routine::Decode, b.getVoidTy(),
                {b.getInt32(unsigned(source)), b.getInt32(2 * lanes), out,
                 toMemory(wide)});
    Value *x = b.CreateLoad(out->getAllocatedType(), out);
    if (inst.has("relu")) {
      Value *zero = floatConstant(x, 0.0);
      x = b.CreateSelect(b.CreateFCmpOLT(x, zero), zero, x);
    }
    return write(inst, inst.operands[0], fromFloat(x, Ty::F16x2), to);
  }
  if (from != Ty::F16x2 && from != Ty::BF16x2)
    return unsupported(inst);
  Value *encoded = encodeTo(inst, toFloat(v[0], from), target);
  return write(inst, inst.operands[0],
               b.CreateBitCast(encoded, shaped(intType(bitsOf(to)))), to);
}

/// The nearest value of an integer type, in the width of `value`.
FunctionTranslator::Value *FunctionTranslator::saturate(Value *value, Ty to) {
  unsigned bits = bitsOf(to), width = value->getType()->getScalarSizeInBits();
  llvm::APInt low = isSigned(to)
                        ? llvm::APInt::getSignedMinValue(bits).sext(width)
                        : llvm::APInt(width, 0);
  llvm::APInt high = isSigned(to)
                         ? llvm::APInt::getSignedMaxValue(bits).zext(width)
                         : llvm::APInt::getMaxValue(bits).zext(width);
  Type *type = value->getType();
  value = b.CreateBinaryIntrinsic(llvm::Intrinsic::smax, value,
                                  llvm::ConstantInt::get(type, low));
  return b.CreateBinaryIntrinsic(llvm::Intrinsic::smin, value,
                                 llvm::ConstantInt::get(type, high));
}

/// cvt.pack.sat.u8.s32.b32 d, a, b, c: {c, a, b}, each saturated but c.
bool FunctionTranslator::convertIntegers(const Instruction &inst) {
  Ty to = inst.type(0), from = inst.type(1);
  unsigned bits = bitsOf(to);
  bool hasRest = inst.operands.size() == 4;
  if (from != Ty::S32 && from != Ty::U32)
    return unsupported(inst);
  if (isFloat(to) || bits > 16 || hasRest != (bits < 16) || !inst.has("sat"))
    return unsupported(inst);
  llvm::SmallVector<Ty, 3> types{from, from};
  if (hasRest)
    types.push_back(Ty::B32);
  Values v;
  if (readAll(inst, 1, types, v))
    return true;
  Value *result =
      hasRest ? b.CreateShl(v[2], constant(2 * bits, 32)) : constant(0, 32);
  for (unsigned i = 0; i < 2; ++i) {
    Value *value = saturate(integerOf(v[i], 64, isSigned(from)), to);
    value = b.CreateAnd(integerOf(value, 32, false),
                        constant((1u << bits) - 1, 32));
    if (i == 0)
      value = b.CreateShl(value, constant(bits, 32));
    result = b.CreateOr(result, value);
  }
  return write(inst, inst.operands[0], result, Ty::B32);
}

bool FunctionTranslator::translateConvert(const Instruction &inst) {
  if (inst.has("pack"))
    return convertIntegers(inst);
  Ty to = inst.type(0), from = inst.type(1);
  if (inst.types.size() != 2 || bitsOf(to) < 8 || bitsOf(from) < 8)
    return unsupported(inst);
  FloatFormat format = FloatFormat::F32;
  bool isPackedTarget = to == Ty::F16x2 || to == Ty::BF16x2 ||
                        to == Ty::E4M3x2 || to == Ty::E5M2x2;
  if (isPackedTarget) {
    formatOf(to, format);
    return inst.operands.size() == 3 ? convertPair(inst, format, from)
                                     : convertPacked(inst);
  }
  if (inst.operands.size() != 2)
    return unsupported(inst);
  Values v;
  if (readAll(inst, 1, {from}, v))
    return true;
  unsigned bits = bitsOf(to);
  const Operand &result = inst.operands[0];
  if (!isFloat(from) && !isFloat(to)) {
    bool sign = isSigned(from);
    Value *value = v[0];
    if (inst.has("sat")) {
      // in a width that holds both ranges
      value = saturate(integerOf(value, 128, sign), to);
    }
    return write(inst, result, integerOf(value, bits, sign), to);
  }

  unsigned rounding = conversionRounding(inst);
  if (!isFloat(from)) {
    bool toDouble = to == Ty::F64;
    if (!formatOf(to, format) && !toDouble)
      return unsupported(inst);
    // f64 holds 32-bit numbers exactly, f32 does what f16 can hold
    bool isDirect =
        rounding == RoundNearest && (to == Ty::F32 || to == Ty::F16);
    Type *type = shaped(isDirect ? b.getFloatTy() : b.getDoubleTy());
    if (toDouble && rounding != RoundNearest && bitsOf(from) == 64)
      return unsupported(inst);
    Value *x = isSigned(from) ? b.CreateSIToFP(v[0], type)
                              : b.CreateUIToFP(v[0], type);
    if (to == Ty::F32 && isDirect)
      return write(inst, result, asInt(x), to);
    if (toDouble)
      return write(inst, result, asInt(x), to);
    return write(inst, result, encodeTo(inst, x, format), to);
  }

  Value *x = toFloat(v[0], from);
  if (!x)
    return unsupported(inst);
  bool fromDouble = from == Ty::F64;
  if (inst.has("ftz") && from == Ty::F32)
    x = flush(x);
  if (!isFloat(to))
    return convertToInteger(inst, x, fromDouble);
  if (roundsToInteger(inst)) {
    auto id = rounding == RoundZero   ? llvm::Intrinsic::trunc
              : rounding == RoundDown ? llvm::Intrinsic::floor
              : rounding == RoundUp   ? llvm::Intrinsic::ceil
                                      : llvm::Intrinsic::roundeven;
    x = floatIntrinsic(id, {x});
    rounding = RoundNearest;
  }
  bool clamps = inst.has("sat");
  if (to == Ty::F64 || (to == Ty::F32 && !fromDouble)) { // exact
    if (clamps) {
      x = floatIntrinsic(llvm::Intrinsic::maxnum, {x, floatConstant(x, 0.0)});
      x = floatIntrinsic(llvm::Intrinsic::minnum, {x, floatConstant(x, 1.0)});
    }
    if (to == Ty::F64 && !fromDouble)
      x = b.CreateFPExt(x, withElement(x->getType(), b.getDoubleTy()));
    if (to == Ty::F32 && inst.has("ftz"))
      x = flush(x);
    return write(inst, result, asInt(x), to);
  }
  if (to == Ty::F32 && rounding == RoundNearest) {
    x = b.CreateFPTrunc(x, withElement(x->getType(), b.getFloatTy()));
    if (clamps) {
      x = floatIntrinsic(llvm::Intrinsic::maxnum, {x, floatConstant(x, 0.0)});
      x = floatIntrinsic(llvm::Intrinsic::minnum, {x, floatConstant(x, 1.0)});
    }
    if (inst.has("ftz"))
      x = flush(x);
    return write(inst, result, asInt(x), to);
  }
  if (!formatOf(to, format))
    return unsupported(inst);
  return write(inst, result, encodeTo(inst, x, format), to);
}
