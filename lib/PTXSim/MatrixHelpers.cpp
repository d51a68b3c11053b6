//===- MatrixHelpers.cpp - Functions for matrix instructions --------------===//
//
// B is transposed in registers to rows of 8 numbers; a row of D is then a sum
// of such rows, each times one number of A. Everything is unrolled: an
// accumulator a row, no loop, no gather.
//
//===----------------------------------------------------------------------===//

#include "MatrixHelpers.h"

#include "llvm/IR/Intrinsics.h"

using namespace dlc::ptxsim;
using llvm::Value;
using Builder = llvm::IRBuilder<>;
using Values = llvm::SmallVector<Value *, 16>;

//===----------------------------------------------------------------------===//
// Specifications
//===----------------------------------------------------------------------===//

unsigned MmaSpec::perRegister() const {
  if (bitOp != BitOp::None || a == Ty::F64)
    return 1;
  return 32 / bitsOf(a);
}

/// Columns of A, words for bits.
static unsigned columnsOf(const MmaSpec &spec) {
  return spec.bitOp == BitOp::None ? spec.k : spec.k / 32;
}

unsigned MmaSpec::registersOfA() const {
  return m / 8 * columnsOf(*this) / (4 * perRegister());
}

unsigned MmaSpec::registersOfB() const {
  return columnsOf(*this) / (4 * perRegister());
}

unsigned MmaSpec::registersOf(Ty accumulator) const {
  return m / 8 * (accumulator == Ty::F16 ? 1 : 2);
}

unsigned dlc::ptxsim::registerBytes(Ty type) {
  return type == Ty::F64 ? 256 : 128;
}

static bool isByte(Ty type) { return type == Ty::S8 || type == Ty::U8; }
static bool isNibble(Ty type) { return type == Ty::S4 || type == Ty::U4; }
static bool isFloat8(Ty type) { return type == Ty::E4M3 || type == Ty::E5M2; }

bool MmaSpec::isValid() const {
  auto among = [](unsigned value, std::initializer_list<unsigned> list) {
    return std::find(list.begin(), list.end(), value) != list.end();
  };
  auto isShape = [&](unsigned rows, std::initializer_list<unsigned> depths) {
    return m == rows && among(k, depths);
  };
  bool isFloatSum = c == Ty::F32 && d == Ty::F32;
  bool isHalfSum =
      (c == Ty::F16 || c == Ty::F32) && (d == Ty::F16 || d == Ty::F32);
  bool isIntSum = c == Ty::S32 && d == Ty::S32;
  if (bitOp != BitOp::None)
    return a == Ty::B1 && b == Ty::B1 && isIntSum &&
           (isShape(8, {128}) || isShape(16, {128, 256}));
  if (a == Ty::F16)
    return b == Ty::F16 && isHalfSum &&
           (isShape(16, {8, 16}) || isShape(8, {16}));
  if (a == Ty::BF16)
    return b == Ty::BF16 && isFloatSum &&
           (isShape(16, {8, 16}) || isShape(8, {16}));
  if (a == Ty::TF32)
    return b == Ty::TF32 && isFloatSum && isShape(16, {4, 8});
  if (a == Ty::F64)
    return b == Ty::F64 && c == Ty::F64 && d == Ty::F64 &&
           (isShape(8, {4}) || isShape(16, {4, 8, 16}));
  if (isByte(a))
    return isByte(b) && isIntSum && (isShape(8, {16}) || isShape(16, {16, 32}));
  if (isNibble(a))
    return isNibble(b) && isIntSum &&
           (isShape(8, {32}) || isShape(16, {32, 64}));
  if (isFloat8(a))
    return isFloat8(b) && isHalfSum && isShape(16, {16, 32});
  return false;
}

//===----------------------------------------------------------------------===//
// Vectors
//===----------------------------------------------------------------------===//

static unsigned sizeOf(Value *value) {
  return llvm::cast<llvm::FixedVectorType>(value->getType())->getNumElements();
}

static llvm::FixedVectorType *vectorOf(llvm::Type *element, unsigned count) {
  return llvm::FixedVectorType::get(element, count);
}

static Value *slice(Builder &b, Value *value, unsigned first, unsigned count) {
  llvm::SmallVector<int, 64> indices;
  for (unsigned i = 0; i < count; ++i)
    indices.push_back(int(first + i));
  return b.CreateShuffleVector(value, indices);
}

/// One vector behind another; as many as a power of two.
static Value *concatenate(Builder &b, llvm::ArrayRef<Value *> parts) {
  Values level(parts.begin(), parts.end());
  while (level.size() > 1) {
    Values next;
    for (unsigned i = 0; i + 1 < level.size(); i += 2) {
      llvm::SmallVector<int, 64> indices;
      for (unsigned k = 0; k < 2 * sizeOf(level[i]); ++k)
        indices.push_back(int(k));
      next.push_back(b.CreateShuffleVector(level[i], level[i + 1], indices));
    }
    level = next;
  }
  return level[0];
}

/// a0 b0 a1 b1 ...
static Value *interleave(Builder &b, Value *even, Value *odd) {
  llvm::SmallVector<int, 64> indices;
  unsigned count = sizeOf(even);
  for (unsigned i = 0; i < count; ++i) {
    indices.push_back(int(i));
    indices.push_back(int(count + i));
  }
  return b.CreateShuffleVector(even, odd, indices);
}

/// Every second element from `first` on.
static Value *everySecond(Builder &b, Value *value, unsigned first) {
  llvm::SmallVector<int, 64> indices;
  for (unsigned i = first; i < sizeOf(value); i += 2)
    indices.push_back(int(i));
  return b.CreateShuffleVector(value, indices);
}

/// The columns of an 8 x n tile in row-major order, each of 8 elements. Three
/// times, the first half of the rows is interleaved with the second: each time
/// the uppermost bit of the position goes to the lowest place.
static Values columns(Builder &b, Value *tile) {
  unsigned width = sizeOf(tile) / 8;
  Values rows;
  for (unsigned r = 0; r < 8; ++r)
    rows.push_back(slice(b, tile, r * width, width));
  for (unsigned stage = 0; stage < 3; ++stage) {
    Values next;
    for (unsigned r = 0; r < 4; ++r) {
      Value *mixed = interleave(b, rows[r], rows[r + 4]);
      next.push_back(slice(b, mixed, 0, width));
      next.push_back(slice(b, mixed, width, width));
    }
    rows = next;
  }
  Values result;
  if (width == 8)
    return rows;
  if (width < 8) {
    unsigned each = 8 / width;
    for (unsigned c = 0; c < width; ++c)
      result.push_back(
          concatenate(b, llvm::ArrayRef<Value *>(rows).slice(c * each, each)));
    return result;
  }
  for (Value *row : rows)
    for (unsigned i = 0; i < width / 8; ++i)
      result.push_back(slice(b, row, 8 * i, 8));
  return result;
}

Value *dlc::ptxsim::transposeTile(Builder &b, Value *tile) {
  Value *halves = b.CreateBitCast(tile, vectorOf(b.getInt16Ty(), 64));
  return b.CreateBitCast(concatenate(b, columns(b, halves)),
                         vectorOf(b.getInt32Ty(), 32));
}

//===----------------------------------------------------------------------===//
// Elements
//===----------------------------------------------------------------------===//

/// The elements of a register (<32 x i32> or <32 x i64>) as integers.
static Value *elementsOf(Builder &b, Value *reg, Ty type) {
  if (isNibble(type)) {
    Value *bytes = b.CreateBitCast(reg, vectorOf(b.getInt8Ty(), 128));
    Value *four = llvm::ConstantInt::get(bytes->getType(), 4);
    Value *high = bytes, *low = b.CreateShl(bytes, four);
    bool sign = isSigned(type);
    low = sign ? b.CreateAShr(low, four) : b.CreateLShr(low, four);
    high = sign ? b.CreateAShr(high, four) : b.CreateLShr(high, four);
    return interleave(b, low, high);
  }
  unsigned bits = type == Ty::B1 ? 32 : bitsOf(type);
  unsigned total = 32 * reg->getType()->getScalarSizeInBits() / bits;
  return b.CreateBitCast(reg, vectorOf(b.getIntNTy(bits), total));
}

/// Elements as the numbers that are computed with: f32, f64 or i32.
static Value *numbersOf(Builder &b, Value *elements, Ty type) {
  unsigned count = sizeOf(elements);
  llvm::Type *floats = vectorOf(b.getFloatTy(), count);
  llvm::Type *ints = vectorOf(b.getInt32Ty(), count);
  auto halfToFloat = [&](Value *bits) {
    return b.CreateFPExt(b.CreateBitCast(bits, vectorOf(b.getHalfTy(), count)),
                         floats);
  };
  auto number = [&](llvm::Type *vector, uint64_t n) {
    return llvm::ConstantInt::get(vector, n);
  };
  switch (type) {
  case Ty::F16:
    return halfToFloat(elements);
  case Ty::BF16:
    return b.CreateBitCast(
        b.CreateShl(b.CreateZExt(elements, ints), number(ints, 16)), floats);
  case Ty::TF32: // the lower bits are ignored
    return b.CreateBitCast(b.CreateAnd(elements, number(ints, 0xffffe000)),
                           floats);
  case Ty::F32:
    return b.CreateBitCast(elements, floats);
  case Ty::F64:
    return b.CreateBitCast(elements, vectorOf(b.getDoubleTy(), count));
  case Ty::E5M2: { // the upper half of an f16
    llvm::Type *shorts = vectorOf(b.getInt16Ty(), count);
    return halfToFloat(
        b.CreateShl(b.CreateZExt(elements, shorts), number(shorts, 8)));
  }
  case Ty::E4M3: { // as f16 it is smaller by 2^8; 0x7f is NaN
    llvm::Type *shorts = vectorOf(b.getInt16Ty(), count);
    Value *wide = b.CreateZExt(elements, shorts);
    Value *magnitude = b.CreateAnd(wide, number(shorts, 0x7f));
    Value *sign =
        b.CreateShl(b.CreateAnd(wide, number(shorts, 0x80)), number(shorts, 8));
    Value *value = halfToFloat(
        b.CreateOr(sign, b.CreateShl(magnitude, number(shorts, 7))));
    value = b.CreateFMul(value, llvm::ConstantFP::get(floats, 256.0));
    return b.CreateSelect(b.CreateICmpEQ(magnitude, number(shorts, 0x7f)),
                          llvm::ConstantFP::getNaN(floats), value);
  }
  case Ty::S8:
  case Ty::S4:
    return b.CreateSExt(elements, ints);
  case Ty::U8:
  case Ty::U4:
    return b.CreateZExt(elements, ints);
  default: // words
    return elements;
  }
}

//===----------------------------------------------------------------------===//
// mma
//===----------------------------------------------------------------------===//

static llvm::Function *makeHelper(llvm::Module &module, llvm::StringRef name,
                                  unsigned pointers) {
  llvm::LLVMContext &context = module.getContext();
  llvm::SmallVector<llvm::Type *, 4> params(
      pointers, llvm::PointerType::getUnqual(context));
  auto *function = llvm::Function::Create(
      llvm::FunctionType::get(llvm::Type::getVoidTy(context), params, false),
      llvm::Function::InternalLinkage, name, module);
  function->addFnAttr(llvm::Attribute::NoUnwind);
  function->addFnAttr(llvm::Attribute::NoInline);
  llvm::BasicBlock::Create(context, "entry", function);
  return function;
}

namespace {
class MmaBuilder {
public:
  MmaBuilder(llvm::Function *function, const MmaSpec &spec)
      : spec(spec), b(&function->getEntryBlock()), function(function) {}

  void build() {
    firstB = spec.registersOfA();
    firstC = firstB + spec.registersOfB();
    firstD = firstC + spec.registersOf(spec.c);
    loadB();
    for (unsigned rows = 0; rows < spec.m / 8; ++rows)
      buildRows(rows);
    b.CreateRetVoid();
  }

private:
  Value *loadRegister(unsigned argument, Ty type) {
    unsigned bytes = registerBytes(type);
    return b.CreateAlignedLoad(vectorOf(b.getIntNTy(bytes / 4), 32),
                               function->getArg(argument), llvm::Align(64));
  }

  void loadB() {
    for (unsigned i = 0; i < spec.registersOfB(); ++i)
      for (Value *row :
           columns(b, elementsOf(b, loadRegister(firstB + i, spec.b), spec.b)))
        rowsOfB.push_back(numbersOf(b, row, spec.b));
  }

  /// The tiles of 8 rows of A go to the frame: each number is used once, by a
  /// load that spreads it.
  void loadA(unsigned rows) {
    tilesOfA.clear();
    // A is not D, so it is still there
    unsigned rowTiles = spec.m / 8;
    for (unsigned tile = 0; tile < spec.registersOfB(); ++tile) {
      Value *reg = loadRegister(tile * rowTiles + rows, spec.a);
      Value *numbers = numbersOf(b, elementsOf(b, reg, spec.a), spec.a);
      auto *slot = b.CreateAlloca(numbers->getType());
      slot->setAlignment(llvm::Align(64));
      b.CreateStore(numbers, slot);
      tilesOfA.push_back(slot);
    }
  }

  Value *multiplyAdd(Value *x, Value *y, Value *sum) {
    if (spec.bitOp != BitOp::None) {
      Value *bits =
          spec.bitOp == BitOp::And ? b.CreateAnd(x, y) : b.CreateXor(x, y);
      return b.CreateAdd(sum,
                         b.CreateUnaryIntrinsic(llvm::Intrinsic::ctpop, bits));
    }
    if (x->getType()->isIntOrIntVectorTy())
      return b.CreateAdd(sum, b.CreateMul(x, y));
    return b.CreateIntrinsic(llvm::Intrinsic::fma, {x->getType()}, {x, y, sum});
  }

  /// 8 rows of C as numbers, in row-major order.
  Value *loadC(unsigned rows) {
    if (spec.c == Ty::F16)
      return numbersOf(
          b, elementsOf(b, loadRegister(firstC + rows, spec.c), spec.c),
          spec.c);
    Value *even = loadRegister(firstC + 2 * rows, spec.c);
    Value *odd = loadRegister(firstC + 2 * rows + 1, spec.c);
    return numbersOf(b, interleave(b, even, odd), spec.c);
  }

  void storeD(unsigned rows, Value *numbers) {
    auto store = [&](Value *value, unsigned index) {
      b.CreateAlignedStore(value, function->getArg(firstD + index),
                           llvm::Align(64));
    };
    if (spec.d == Ty::F16) {
      store(b.CreateFPTrunc(numbers, vectorOf(b.getHalfTy(), 64)), rows);
      return;
    }
    store(everySecond(b, numbers, 0), 2 * rows);
    store(everySecond(b, numbers, 1), 2 * rows + 1);
  }

  void buildRows(unsigned rows) {
    loadA(rows);
    Value *start = loadC(rows);
    bool isInteger = start->getType()->isIntOrIntVectorTy();
    llvm::Type *rowType = vectorOf(start->getType()->getScalarType(), 8);
    Values sums;
    for (unsigned r = 0; r < 8; ++r)
      sums.push_back(isInteger ? llvm::Constant::getNullValue(rowType)
                               : slice(b, start, 8 * r, 8));
    unsigned width = 4 * spec.perRegister();
    llvm::Type *element = rowType->getScalarType();
    for (unsigned k = 0; k < rowsOfB.size(); ++k)
      for (unsigned r = 0; r < 8; ++r) {
        Value *place = b.CreateConstInBoundsGEP1_64(
            element, tilesOfA[k / width], r * width + k % width);
        Value *spread = b.CreateVectorSplat(8, b.CreateLoad(element, place));
        sums[r] = multiplyAdd(spread, rowsOfB[k], sums[r]);
      }
    Value *all = concatenate(b, sums);
    if (isInteger) // the products alone can not overflow
      all = spec.saturate
                ? b.CreateBinaryIntrinsic(llvm::Intrinsic::sadd_sat, start, all)
                : b.CreateAdd(start, all);
    storeD(rows, all);
  }

  const MmaSpec &spec;
  Builder b;
  llvm::Function *function;
  unsigned firstB = 0, firstC = 0, firstD = 0; ///< arguments
  Values rowsOfB;
  llvm::SmallVector<Value *, 8> tilesOfA;
};
} // namespace

llvm::Function *dlc::ptxsim::mmaHelper(llvm::Module &module,
                                       const MmaSpec &spec) {
  std::string name =
      ("mma.m" + llvm::Twine(spec.m) + "k" + llvm::Twine(spec.k) + "." +
       nameOf(spec.d) + "." + nameOf(spec.a) + "." + nameOf(spec.b) + "." +
       nameOf(spec.c) + (spec.saturate ? ".sat" : "") +
       (spec.bitOp == BitOp::None  ? ""
        : spec.bitOp == BitOp::And ? ".and"
                                   : ".xor"))
          .str();
  if (llvm::Function *known = module.getFunction(name))
    return known;
  llvm::Function *helper =
      makeHelper(module, name,
                 spec.registersOfA() + spec.registersOfB() +
                     spec.registersOf(spec.c) + spec.registersOf(spec.d));
  MmaBuilder(helper, spec).build();
  return helper;
}

//===----------------------------------------------------------------------===//
// ldmatrix and stmatrix
//===----------------------------------------------------------------------===//

/// Copies 8 rows of 16 bytes between their places in memory and a tile.
static void copyRows(Builder &b, Value *rows, unsigned first, Value *tile,
                     bool toTile) {
  llvm::Type *row = vectorOf(b.getInt32Ty(), 4);
  for (unsigned i = 0; i < 8; ++i) {
    Value *place =
        b.CreateConstInBoundsGEP1_64(b.getInt64Ty(), rows, first + i);
    Value *memory =
        b.CreateIntToPtr(b.CreateLoad(b.getInt64Ty(), place), b.getPtrTy());
    Value *inTile = b.CreateConstInBoundsGEP1_64(row, tile, i);
    Value *from = toTile ? memory : inTile, *to = toTile ? inTile : memory;
    b.CreateAlignedStore(b.CreateAlignedLoad(row, from, llvm::Align(1)), to,
                         llvm::Align(1));
  }
}

static llvm::Function *matrixMove(llvm::Module &module, llvm::StringRef prefix,
                                  unsigned count, bool isTransposed,
                                  bool isLoad) {
  std::string name =
      (prefix + llvm::Twine(count) + (isTransposed ? ".trans" : "")).str();
  if (llvm::Function *known = module.getFunction(name))
    return known;
  llvm::Function *helper = makeHelper(module, name, 1 + count);
  Builder b(&helper->getEntryBlock());
  llvm::Type *tileType = vectorOf(b.getInt32Ty(), 32);
  auto *scratch = b.CreateAlloca(tileType);
  scratch->setAlignment(llvm::Align(64));
  auto transpose = [&](Value *from, Value *to) {
    Value *tile = b.CreateAlignedLoad(tileType, from, llvm::Align(64));
    b.CreateAlignedStore(transposeTile(b, tile), to, llvm::Align(64));
  };
  Value *rows = helper->getArg(0);
  for (unsigned i = 0; i < count; ++i) {
    Value *tile = helper->getArg(1 + i);
    Value *place = isTransposed ? scratch : tile;
    if (isTransposed && !isLoad)
      transpose(tile, scratch);
    copyRows(b, rows, 8 * i, place, isLoad);
    if (isTransposed && isLoad)
      transpose(scratch, tile);
  }
  b.CreateRetVoid();
  return helper;
}

llvm::Function *dlc::ptxsim::ldmatrixHelper(llvm::Module &module,
                                            unsigned count, bool isTransposed) {
  return matrixMove(module, "ldmatrix.x", count, isTransposed, true);
}

llvm::Function *dlc::ptxsim::stmatrixHelper(llvm::Module &module,
                                            unsigned count, bool isTransposed) {
  return matrixMove(module, "stmatrix.x", count, isTransposed, false);
}
