//===- BodyEmitter.cpp - Bodies, loads and stores of a nest ---------------===//

#include "NestEmitter.h"
#include "ShortSums.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace dlc::schedule;

//===----------------------------------------------------------------------===//
// Values
//===----------------------------------------------------------------------===//

Type NestEmitter::vectorOf(Type element) {
  return lanes > 1 ? Type(VectorType::get({lanes}, element)) : element;
}

Value NestEmitter::splat(Value value) {
  if (lanes == 1 || isa<VectorType>(value.getType()))
    return value;
  Value &cached = splats[value];
  if (!cached)
    cached =
        vector::BroadcastOp::create(b, loc, vectorOf(value.getType()), value);
  return cached;
}

Value NestEmitter::splatAttr(TypedAttr attr) {
  if (lanes == 1)
    return arith::ConstantOp::create(b, loc, attr);
  auto type = VectorType::get({lanes}, attr.getType());
  return arith::ConstantOp::create(
      b, loc, DenseElementsAttr::get(type, Attribute(attr)));
}

Value NestEmitter::mask(int64_t valid) {
  auto type = VectorType::get({lanes}, b.getI1Type());
  return vector::ConstantMaskOp::create(b, loc, type, ArrayRef<int64_t>{valid});
}

//===----------------------------------------------------------------------===//
// Addresses
//===----------------------------------------------------------------------===//

/// The address of `access` at the current induction variables, without the row
/// and the vector of the tile. Outer loops are added first, so that the sum of
/// what is invariant in a loop can leave it.
Value NestEmitter::address(const Access &access) {
  Value &cached = addresses[&access];
  if (cached)
    return cached;
  Value sum;
  auto add = [&](Value index, int64_t coef) {
    if (!index || coef == 0)
      return;
    if (coef != 1)
      index = arith::MulIOp::create(b, loc, index, constant(coef));
    sum = sum ? arith::AddIOp::create(b, loc, sum, index) : index;
  };
  for (unsigned loop : ivOrder) {
    if (access.panelLoop == int(loop))
      add(panelIndex, access.panelCoef);
    else
      add(iv[loop], access.coef[loop]);
  }
  if (!sum)
    sum = constant(0);
  return addresses[&access] = sum;
}

Value NestEmitter::addressAt(Value base, const Access &access, int64_t row,
                             int64_t vector) {
  int64_t offset = access.base;
  if (tile.rowLoop >= 0)
    offset += row * access.coef[tile.rowLoop];
  if (tile.vectorLoop >= 0)
    offset += vector * lanes * access.coef[tile.vectorLoop];
  if (access.foldLoop >= 0) {
    int64_t turn = access.foldCoef - access.fold * access.coef[access.foldLoop];
    Value quotient = quotients[access.foldLoop == tile.rowLoop ? row : 0];
    base = arith::AddIOp::create(
        b, loc, base, arith::MulIOp::create(b, loc, quotient, constant(turn)));
  }
  if (!offset)
    return base;
  return arith::AddIOp::create(b, loc, base, constant(offset));
}

//===----------------------------------------------------------------------===//
// Loads and stores
//===----------------------------------------------------------------------===//

/// Lane indices times `stride`.
static Value laneOffsets(OpBuilder &b, Location loc, int64_t lanes,
                         int64_t stride) {
  SmallVector<int64_t> offsets;
  for (int64_t i = 0; i < lanes; ++i)
    offsets.push_back(i * stride);
  auto type = VectorType::get({lanes}, b.getIndexType());
  return arith::ConstantOp::create(b, loc,
                                   DenseIntElementsAttr::get(type, offsets));
}

/// What masked lanes of a load hold: something no operation traps on.
static TypedAttr harmless(OpBuilder &b, Type element) {
  if (isa<FloatType>(element))
    return b.getFloatAttr(element, 0.0);
  return b.getIntegerAttr(element, 1);
}

Value NestEmitter::load(const Access &access, Value base, Variant variant,
                        int64_t row, int64_t vector) {
  Value memref = memrefs[access.buffer];
  Value at = addressAt(base, access, row, vector);
  int64_t coef = tile.vectorLoop >= 0 ? access.coef[tile.vectorLoop] : 0;
  if (access.group > 1)
    return loadGroup(access, at, lanes > 1 && coef != 0);
  if (lanes == 1 || coef == 0)
    return memref::LoadOp::create(b, loc, memref, at);
  Type element = cast<MemRefType>(memref.getType()).getElementType();
  auto type = cast<VectorType>(vectorOf(element));
  // The last panel is padded, so it is read as a whole.
  bool masked = isMasked(variant, vector) && access.panelLoop < 0;
  if (coef == 1 && !masked)
    return vector::LoadOp::create(b, loc, type, memref, at);
  Value lanesMask = mask(masked ? variant.lastLanes : lanes);
  Value pass = splatAttr(harmless(b, element));
  if (coef == 1)
    return vector::MaskedLoadOp::create(b, loc, type, memref, at, lanesMask,
                                        pass);
  return vector::GatherOp::create(b, loc, type, memref, at,
                                  laneOffsets(b, loc, lanes, coef), lanesMask,
                                  pass);
}

/// Groups of elements as integers of 32 bits. Vectors of them are whole ones:
/// panels are padded.
Value NestEmitter::loadGroup(const Access &access, Value at, bool isVector) {
  Value memref = memrefs[access.buffer];
  Type element = cast<MemRefType>(memref.getType()).getElementType();
  int64_t groups = isVector ? lanes : 1;
  at = arith::MulIOp::create(b, loc, at, constant(access.group));
  Value loaded = vector::LoadOp::create(
      b, loc, VectorType::get({groups * access.group}, element), memref, at);
  loaded = vector::BitCastOp::create(
      b, loc, VectorType::get({groups}, b.getI32Type()), loaded);
  if (isVector)
    return loaded;
  return vector::ExtractOp::create(b, loc, loaded, int64_t(0));
}

void NestEmitter::store(const Access &access, Value base, Value value,
                        Variant variant, int64_t row, int64_t vector) {
  Value memref = memrefs[access.buffer];
  Value at = addressAt(base, access, row, vector);
  value = splat(value);
  if (lanes == 1) {
    memref::StoreOp::create(b, loc, value, memref, at);
    return;
  }
  int64_t coef = access.coef[tile.vectorLoop];
  bool masked = isMasked(variant, vector);
  if (coef == 1 && !masked) {
    vector::StoreOp::create(b, loc, value, memref, at);
    return;
  }
  if (coef == 1 && masked && variant.lastLanes == 1) {
    // LLVM's masked store of one lane of a truncated vector writes the lane as
    // it was before that (until LLVM 22 at least): three bytes too many.
    Value first = vector::ExtractOp::create(b, loc, value, int64_t(0));
    memref::StoreOp::create(b, loc, first, memref, at);
    return;
  }
  Value lanesMask = mask(masked ? variant.lastLanes : lanes);
  if (coef == 1)
    vector::MaskedStoreOp::create(b, loc, memref, at, lanesMask, value);
  else
    vector::ScatterOp::create(b, loc, Type(), memref, at,
                              laneOffsets(b, loc, lanes, coef), lanesMask,
                              value);
}

/// Stores a tile whose rows are consecutive, and its vectors apart, by its
/// columns. Returns false where that is not so.
bool NestEmitter::storeTransposed(const Access &access, const Registers &values,
                                  Variant variant) {
  if (lanes == 1 || lanes != tile.lanes || tile.rowLoop < 0 ||
      variant.rows == 1 || variant.rows > lanes ||
      !isConsecutive(access, tile.rowLoop) ||
      !isStrided(access, tile.vectorLoop))
    return false;
  Value memref = memrefs[access.buffer], base = address(access);
  for (int64_t v = 0; v < variant.vectors; ++v) {
    SmallVector<Value> rows;
    for (int64_t r = 0; r < lanes; ++r)
      rows.push_back(
          splat(values[std::min(r, variant.rows - 1) * variant.vectors + v]));
    SmallVector<Value> columns = transposeVectors(b, loc, rows);
    int64_t valid = isMasked(variant, v) ? variant.lastLanes : lanes;
    for (int64_t lane = 0; lane < valid; ++lane)
      storeFirst(memref, columns[lane],
                 access.base +
                     (v * lanes + lane) * access.coef[tile.vectorLoop],
                 base, variant.rows);
  }
  return true;
}

/// Stores the first `count` lanes: in parts of powers of two where parts of
/// vectors are not stored as such.
void NestEmitter::storeFirst(Value memref, Value value, int64_t offset,
                             Value base, int64_t count) {
  auto at = [&](int64_t more) {
    return arith::AddIOp::create(b, loc, base, constant(offset + more))
        .getResult();
  };
  int64_t size = cast<VectorType>(value.getType()).getNumElements();
  if (count < size && target.storesParts && count > 1) {
    vector::MaskedStoreOp::create(b, loc, memref, at(0), mask(count), value);
    return;
  }
  for (int64_t done = 0; done < count;) {
    int64_t part = llvm::bit_floor(uint64_t(count - done));
    Value piece = value;
    if (part != size)
      piece = vector::ExtractStridedSliceOp::create(
          b, loc, value, ArrayRef<int64_t>{done}, ArrayRef<int64_t>{part},
          ArrayRef<int64_t>{1});
    vector::StoreOp::create(b, loc, piece, memref, at(done));
    done += part;
  }
}

/// Loads an input for all rows of a square tile: by vectors along the rows, one
/// for each lane.
void NestEmitter::loadTransposed(const Stage &stage, unsigned index,
                                 Variant variant) {
  const Access &access = stage.inputs[index].access;
  if (loaded.count({&stage, index, 0, 0, 0}))
    return;
  Value memref = memrefs[access.buffer], base = address(access);
  Type element = cast<MemRefType>(memref.getType()).getElementType();
  auto type = cast<VectorType>(vectorOf(element));
  int64_t valid = variant.lastLanes ? variant.lastLanes : lanes;
  SmallVector<Value> columns;
  for (int64_t lane = 0; lane < lanes; ++lane) {
    if (lane >= valid) {
      columns.push_back(splatAttr(harmless(b, element)));
      continue;
    }
    int64_t offset = access.base + lane * access.coef[tile.vectorLoop];
    Value at = arith::AddIOp::create(b, loc, base, constant(offset));
    if (variant.rows == lanes)
      columns.push_back(vector::LoadOp::create(b, loc, type, memref, at));
    else
      columns.push_back(vector::MaskedLoadOp::create(
          b, loc, type, memref, at, mask(variant.rows),
          splatAttr(harmless(b, element))));
  }
  for (auto [row, value] : llvm::enumerate(transposeVectors(b, loc, columns)))
    loaded[{&stage, index, row, 0, 0}] = value;
}

/// Loads an input once for all rows and vectors that share it.
Value NestEmitter::loadInput(const Stage &stage, unsigned index,
                             Variant variant, int64_t row, int64_t vector,
                             int64_t step) {
  const Input &input = stage.inputs[index];
  if (input.kind == Input::Scalar) {
    Operation *def = input.scalar.getDefiningOp();
    return b.clone(*def)->getResult(0);
  }
  const Access &access = input.access;
  int64_t rowKey =
      tile.rowLoop >= 0 && access.coef[tile.rowLoop] != 0 ? row : 0;
  int64_t vectorKey =
      tile.vectorLoop >= 0 && access.coef[tile.vectorLoop] != 0 ? vector : 0;
  if (tile.transposed && isStrided(access, tile.vectorLoop))
    loadTransposed(stage, index, variant);
  Value &cached = loaded[{&stage, index, rowKey, vectorKey, step}];
  if (cached)
    return cached;
  Value base = address(access);
  if (step)
    base = arith::AddIOp::create(b, loc, base,
                                 constant(step * stage.shortSteps[index]));
  cached = load(access, base, variant, rowKey, vectorKey);
  return cached;
}

//===----------------------------------------------------------------------===//
// Bodies
//===----------------------------------------------------------------------===//

Value NestEmitter::emitIndex(const Stage &stage, unsigned dim, int64_t row,
                             int64_t vector) {
  int loop = stage.loopOf[dim];
  if (loop < 0)
    return constant(0);
  Value index = iv[loop];
  if (loop == tile.rowLoop && row)
    index = arith::AddIOp::create(b, loc, index, constant(row));
  if (loop != tile.vectorLoop || lanes == 1)
    return index;
  if (vector)
    index = arith::AddIOp::create(b, loc, index, constant(vector * lanes));
  return arith::AddIOp::create(b, loc, splat(index),
                               laneOffsets(b, loc, lanes, 1));
}

/// What `value` has become; constants of the kernel outside of the body are
/// cloned where they are used.
Value NestEmitter::lookup(IRMapping &map, Value value) {
  Value mapped = map.lookupOrNull(value);
  if (!mapped) {
    mapped = b.clone(*value.getDefiningOp())->getResult(0);
    map.map(value, mapped);
  }
  return mapped;
}

/// tensor.extract: a scalar load where the indices are the same in all lanes, a
/// vector load where they are consecutive, else a gather.
Value NestEmitter::emitGather(const Stage &stage, Operation *op, IRMapping &map,
                              Variant variant, int64_t vector) {
  auto extract = cast<tensor::ExtractOp>(op);
  const Placement &place = stage.gathers.at(op);
  Value memref = memrefs[place.buffer];
  Value uniform = constant(place.offset), varying;
  bool consecutive = true;
  for (auto [index, stride] :
       llvm::zip_equal(extract.getIndices(), place.strides)) {
    Value value = lookup(map, index);
    bool isVector = isa<VectorType>(value.getType());
    if (isVector) {
      auto lane = index.getDefiningOp<linalg::IndexOp>();
      if (stride == 1 && lane && !varying &&
          stage.loopOf[lane.getDim()] == tile.vectorLoop) {
        varying = value;
        continue;
      }
      consecutive = false;
    }
    Value scaled = value;
    if (stride != 1)
      scaled = arith::MulIOp::create(
          b, loc, value, isVector ? splat(constant(stride)) : constant(stride));
    if (isVector)
      varying =
          varying ? arith::AddIOp::create(b, loc, varying, scaled) : scaled;
    else
      uniform = arith::AddIOp::create(b, loc, uniform, scaled);
  }
  if (!varying)
    return memref::LoadOp::create(b, loc, memref, uniform);
  auto type = cast<VectorType>(
      vectorOf(cast<MemRefType>(memref.getType()).getElementType()));
  Value lanesMask = mask(isMasked(variant, vector) ? variant.lastLanes : lanes);
  Value pass = splatAttr(harmless(b, type.getElementType()));
  if (consecutive) {
    Value first = vector::ExtractOp::create(b, loc, varying, int64_t(0));
    Value at = arith::AddIOp::create(b, loc, uniform, first);
    if (!isMasked(variant, vector))
      return vector::LoadOp::create(b, loc, type, memref, at);
    return vector::MaskedLoadOp::create(b, loc, type, memref, at, lanesMask,
                                        pass);
  }
  return vector::GatherOp::create(b, loc, type, memref, uniform, varying,
                                  lanesMask, pass);
}

Value NestEmitter::emitBodyOp(const Stage &stage, Operation *op, IRMapping &map,
                              Variant variant, int64_t vector) {
  SmallVector<Value> operands;
  bool anyVector = false;
  for (Value operand : op->getOperands()) {
    Value value = lookup(map, operand);
    operands.push_back(value);
    anyVector |= isa<VectorType>(value.getType());
  }
  if (anyVector)
    for (Value &operand : operands)
      operand = splat(operand);
  OperationState state(loc, op->getName());
  state.addOperands(operands);
  state.addAttributes(op->getAttrs());
  for (Type type : op->getResultTypes())
    state.addTypes(anyVector ? vectorOf(type) : type);
  return b.create(state)->getResult(0);
}

/// The intrinsic that multiplies groups of `group` integers and adds up the
/// products of each, in vectors of `lanes` sums; empty where there is none.
static StringRef getDotIntrinsic(int64_t group, int64_t lanes) {
  switch (lanes) {
  case 4:
    return group == 4 ? "llvm.x86.avx512.vpdpbusd.128"
                      : "llvm.x86.sse2.pmadd.wd";
  case 8:
    return group == 4 ? "llvm.x86.avx512.vpdpbusd.256"
                      : "llvm.x86.avx2.pmadd.wd";
  case 16:
    return group == 4 ? "llvm.x86.avx512.vpdpbusd.512"
                      : "llvm.x86.avx512.pmaddw.d.512";
  default:
    return "";
  }
}

Value NestEmitter::callIntrinsic(StringRef name, Type type,
                                 ValueRange operands) {
  return LLVM::CallIntrinsicOp::create(b, loc, type, b.getStringAttr(name),
                                       operands)
      .getResult(0);
}

/// The elements of groups that were loaded as 32 bits each.
Value NestEmitter::asGroups(Value value, Type element) {
  int64_t group = 32 / element.getIntOrFloatBitWidth();
  value = splat(value);
  if (lanes == 1)
    value = vector::BroadcastOp::create(
        b, loc, VectorType::get({1}, b.getI32Type()), value);
  auto type = VectorType::get({lanes * group}, element);
  return vector::BitCastOp::create(b, loc, type, value);
}

/// acc + the products of the groups of a short sum. No sum saturates: the
/// weights are small enough (HostPackOperands).
Value NestEmitter::emitShortSum(const Stage &stage, Value acc, Variant variant,
                                int64_t row, int64_t vector) {
  const NarrowProducts &dots = *stage.dots;
  unsigned bytes = dots.leftUnsigned ? dots.left : dots.right;
  unsigned weights = dots.leftUnsigned ? dots.right : dots.left;
  StringRef multiply = lanes == 16  ? "llvm.x86.avx512.pmaddubs.w.512"
                       : lanes == 8 ? "llvm.x86.avx2.pmadd.ub.sw"
                       : lanes == 4 ? "llvm.x86.ssse3.pmadd.ub.sw.128"
                                    : "";
  auto shorts = VectorType::get({2 * lanes}, b.getI16Type());
  Value sum;
  for (int64_t step = 0; step < stage.shortSums; ++step) {
    Value left = loadInput(stage, bytes, variant, row, vector, step);
    Value right = loadInput(stage, weights, variant, row, vector, step);
    if (multiply.empty()) { // a few columns
      if (!dots.leftUnsigned)
        std::swap(left, right);
      acc = emitDot(stage, acc, left, right);
      continue;
    }
    Value pairs = callIntrinsic(
        multiply, shorts,
        {asGroups(left, b.getI8Type()), asGroups(right, b.getI8Type())});
    sum = sum ? arith::AddIOp::create(b, loc, sum, pairs) : pairs;
  }
  if (!sum)
    return acc;
  Value ones = arith::ConstantOp::create(
      b, loc, DenseElementsAttr::get(shorts, APInt(16, 1)));
  Value wide =
      callIntrinsic(getDotIntrinsic(2, lanes), acc.getType(), {sum, ones});
  return arith::AddIOp::create(b, loc, acc, wide);
}

/// acc + the products of pairs of bfloat16, which were loaded as 32 bits.
Value NestEmitter::emitFloatDot(Value acc, Value left, Value right) {
  StringRef intrinsic = !target.bfloatDots ? ""
                        : lanes == 16      ? "llvm.x86.avx512bf16.dpbf16ps.512"
                        : lanes == 8       ? "llvm.x86.avx512bf16.dpbf16ps.256"
                        : lanes == 4       ? "llvm.x86.avx512bf16.dpbf16ps.128"
                                           : "";
  if (!intrinsic.empty())
    return callIntrinsic(intrinsic, acc.getType(),
                         {acc, asGroups(left, b.getBF16Type()),
                          asGroups(right, b.getBF16Type())});
  // The number is the upper half of an f32. Products are exact.
  auto widen = [&](Value pairs, bool second) -> Value {
    pairs = splat(pairs);
    auto constant = [&](uint32_t value) {
      return splatAttr(b.getI32IntegerAttr(static_cast<int32_t>(value)));
    };
    Value bits =
        second ? arith::AndIOp::create(b, loc, pairs, constant(0xffff0000U))
                     .getResult()
               : arith::ShLIOp::create(b, loc, pairs, constant(16)).getResult();
    Type type = b.getF32Type();
    if (auto vector = dyn_cast<VectorType>(pairs.getType()))
      type = vector.clone(type);
    return arith::BitcastOp::create(b, loc, type, bits);
  };
  auto contract = arith::FastMathFlags::contract;
  for (bool second : {false, true}) {
    Value product = arith::MulFOp::create(b, loc, widen(left, second),
                                          widen(right, second), contract);
    acc = arith::AddFOp::create(b, loc, acc, product, contract);
  }
  return acc;
}

/// acc + the sum of the products in each group. The instructions are named:
/// LLVM would have to find them, and does not where a factor is the same in all
/// lanes. (It makes vpdpwssd of vpmaddwd and the addition.)
Value NestEmitter::emitDot(const Stage &stage, Value acc, Value left,
                           Value right) {
  const NarrowProducts &dots = *stage.dots;
  int64_t group = stage.inputs[dots.left].access.group;
  if (dots.isFloat)
    return emitFloatDot(acc, left, right);
  left = asGroups(left, b.getIntegerType(32 / group));
  right = asGroups(right, b.getIntegerType(32 / group));
  StringRef intrinsic = getDotIntrinsic(group, lanes);
  auto call = [&](ValueRange operands) -> Value {
    return callIntrinsic(intrinsic, acc.getType(), operands);
  };
  if (!intrinsic.empty() && group == 4) {
    if (dots.rightUnsigned)
      std::swap(left, right);
    return call({acc, left, right});
  }
  if (!intrinsic.empty())
    return arith::AddIOp::create(b, loc, acc, call({left, right}));
  auto factor = [&](Value value, bool isUnsigned, int64_t first) -> Value {
    SmallVector<int64_t> picked;
    for (int64_t lane = 0; lane < lanes; ++lane)
      picked.push_back(lane * group + first);
    Value part = vector::ShuffleOp::create(b, loc, value, value, picked);
    auto wide = VectorType::get({lanes}, b.getI32Type());
    if (isUnsigned)
      return arith::ExtUIOp::create(b, loc, wide, part);
    return arith::ExtSIOp::create(b, loc, wide, part);
  };
  Value sum;
  for (int64_t i = 0; i < group; ++i) {
    Value product =
        arith::MulIOp::create(b, loc, factor(left, dots.leftUnsigned, i),
                              factor(right, dots.rightUnsigned, i));
    sum = sum ? arith::AddIOp::create(b, loc, sum, product) : product;
  }
  if (lanes == 1)
    sum = vector::ExtractOp::create(b, loc, sum, int64_t(0));
  return arith::AddIOp::create(b, loc, acc, sum);
}

SmallVector<Value>
NestEmitter::emitBody(const Stage &stage, Variant variant, int64_t row,
                      int64_t vector, llvm::function_ref<Value(unsigned)> input,
                      llvm::function_ref<Value(unsigned)> output) {
  linalg::LinalgOp structured = stage.op;
  Block *body = structured.getBlock();
  IRMapping map;
  unsigned numInputs = stage.inputs.size();
  for (auto [index, arg] : llvm::enumerate(body->getArguments())) {
    if (arg.use_empty())
      continue;
    map.map(arg, index < numInputs ? input(index) : output(index - numInputs));
  }
  for (Operation &op : body->without_terminator()) {
    Value value;
    if (auto index = dyn_cast<linalg::IndexOp>(op))
      value = emitIndex(stage, index.getDim(), row, vector);
    else if (isa<tensor::ExtractOp>(op))
      value = emitGather(stage, &op, map, variant, vector);
    else if (op.hasTrait<OpTrait::ConstantLike>())
      value = b.clone(op)->getResult(0);
    else
      value = emitBodyOp(stage, &op, map, variant, vector);
    map.map(op.getResult(0), value);
  }
  SmallVector<Value> results;
  for (Value yielded : body->getTerminator()->getOperands())
    results.push_back(splat(lookup(map, yielded)));
  return results;
}
