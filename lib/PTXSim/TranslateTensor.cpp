//===- TranslateTensor.cpp - PTX to LLVM IR: matrices ---------------------===//
//
// wmma leaves the layout of fragments open: here they are those of mma, tile by
// tile. Where wmma has more registers than there are elements, the same
// registers come again.
//
//===----------------------------------------------------------------------===//

#include "MatrixHelpers.h"
#include "Translator.h"

#include "dlc/PTXSim/Engine.h"

#include "llvm/ADT/STLExtras.h"

using namespace dlc::ptxsim;

/// Matrix instructions need all 32 lanes.
void FunctionTranslator::requireFullWarp(const Instruction &inst) {
  if (isStaticallyFull())
    return;
  Value *active = activeMask();
  llvm::BasicBlock *bad = newBlock("warp.partial"),
                   *good = newBlock("warp.full");
  b.CreateCondBr(allLanes(active), good, bad);
  b.SetInsertPoint(bad);
  callRoutine(Routine::Fault, b.getVoidTy(),
              {warpContext, b.getInt32(unsigned(FaultKind::MissingLanes)),
               b.CreateNot(maskBits(active)), lineOf(inst)});
  b.CreateBr(good);
  b.SetInsertPoint(good);
}

/// Where a register of lanes is kept; null if the operand is something else.
/// Registers of matrices stay in memory: as values they would be copied from
/// and to it around each call.
FunctionTranslator::Value *
FunctionTranslator::registerPlace(const Operand &operand, unsigned bits) {
  if (operand.kind != Operand::Register || analysis.isUniform(operand.index))
    return nullptr;
  const Place &slot = registers[operand.index];
  return slot.type == vectorOf(intType(bits)) ? slot.pointer : nullptr;
}

static llvm::ArrayRef<Operand> elementsOf(const Operand &operand) {
  return operand.kind == Operand::Vector ? llvm::ArrayRef(operand.elements)
                                         : llvm::ArrayRef(operand);
}

/// Pointers to the registers of a fragment that is read.
bool FunctionTranslator::fragmentSources(const Instruction &inst,
                                         const Operand &operand, Ty type,
                                         unsigned count, Values &pointers) {
  llvm::ArrayRef<Operand> elements = elementsOf(operand);
  if (elements.size() < count)
    return fail(inst, "an operand has too few registers");
  unsigned bits = registerBytes(type) / 4;
  for (const Operand &element : elements.take_front(count)) {
    Value *place = registerPlace(element, bits);
    if (!place) {
      Value *value = readBits(element, bits);
      if (!value)
        return true;
      place = toMemory(toVector(value));
    }
    pointers.push_back(place);
  }
  return false;
}

/// Pointers to the registers of a result. They may be those of sources from
/// `mayShareFrom` on at the same place; otherwise the result is written by
/// storeTargets.
bool FunctionTranslator::fragmentTargets(const Instruction &inst,
                                         const Operand &operand, Ty type,
                                         unsigned count, const Values &sources,
                                         unsigned mayShareFrom,
                                         Values &pointers) {
  llvm::ArrayRef<Operand> elements = elementsOf(operand);
  if (elements.size() != count)
    return fail(inst, "the result has the wrong number of registers");
  unsigned bits = registerBytes(type) / 4;
  for (unsigned i = 0; i < count; ++i) {
    Value *place = registerPlace(elements[i], bits);
    for (unsigned s = 0; s < sources.size(); ++s)
      if (sources[s] == place && s != mayShareFrom + i)
        place = nullptr;
    if (llvm::is_contained(pointers, place))
      place = nullptr;
    pointers.push_back(place ? place : tempSlot(vectorOf(intType(bits))));
  }
  return false;
}

/// Writes results that were not put into their registers.
bool FunctionTranslator::storeTargets(const Instruction &inst,
                                      const Operand &operand, Ty type,
                                      const Values &pointers) {
  unsigned bits = registerBytes(type) / 4;
  llvm::ArrayRef<Operand> elements = elementsOf(operand);
  for (unsigned i = 0; i < pointers.size(); ++i)
    if (pointers[i] != registerPlace(elements[i], bits) &&
        write(inst, elements[i],
              b.CreateLoad(vectorOf(intType(bits)), pointers[i]), Ty::B32))
      return true;
  return false;
}

//===----------------------------------------------------------------------===//
// ldmatrix, stmatrix, movmatrix
//===----------------------------------------------------------------------===//

/// Addresses of rows, host ones, in memory; checked.
bool FunctionTranslator::matrixRows(const Instruction &inst,
                                    const Operand &operand, unsigned count,
                                    unsigned flags, Value *&rows) {
  Address address;
  if (inst.space() != Space::Shared && inst.space() != Space::Generic)
    return unsupported(inst);
  if (readAddress(inst, operand, inst.space(), address))
    return true;
  address.value = toVector(address.value);
  // lanes 8 i to 8 i + 7 give the rows of matrix i
  if (kernel.options.checks) {
    Value *outer = guardMask;
    uint32_t used = count == 4 ? ~0u : (1u << 8 * count) - 1;
    Value *users = bitsToMask(b.getInt32(used));
    guardMask = guardMask ? b.CreateAnd(guardMask, users) : users;
    emitCheck(inst, address, 16, flags);
    guardMask = outer;
  }
  rows = toMemory(hostAddress(address));
  return false;
}

static unsigned matrixCount(const Instruction &inst) {
  return inst.has("x4") ? 4 : inst.has("x2") ? 2 : inst.has("x1") ? 1 : 0;
}

bool FunctionTranslator::translateLdmatrix(const Instruction &inst) {
  unsigned count = matrixCount(inst);
  if (count == 0 || !inst.has("m8n8") || inst.type() != Ty::B16)
    return unsupported(inst);
  requireFullWarp(inst);
  Value *rows = nullptr;
  if (matrixRows(inst, inst.operands[1], count, AccessRead | AccessCollective,
                 rows))
    return true;
  Values arguments{rows}, tiles;
  if (fragmentTargets(inst, inst.operands[0], Ty::B32, count, {}, 0, tiles))
    return true;
  arguments.append(tiles);
  b.CreateCall(ldmatrixHelper(kernel.llvmModule, count, inst.has("trans")),
               arguments);
  return storeTargets(inst, inst.operands[0], Ty::B32, tiles);
}

bool FunctionTranslator::translateStmatrix(const Instruction &inst) {
  unsigned count = matrixCount(inst);
  if (count == 0 || !inst.has("m8n8") || inst.type() != Ty::B16)
    return unsupported(inst);
  requireFullWarp(inst);
  Value *rows = nullptr;
  if (matrixRows(inst, inst.operands[0], count, AccessWrite | AccessCollective,
                 rows))
    return true;
  Values arguments{rows};
  if (fragmentSources(inst, inst.operands[1], Ty::B32, count, arguments))
    return true;
  b.CreateCall(stmatrixHelper(kernel.llvmModule, count, inst.has("trans")),
               arguments);
  return false;
}

bool FunctionTranslator::translateMovmatrix(const Instruction &inst) {
  if (!inst.has("m8n8") || !inst.has("trans") || inst.type() != Ty::B16)
    return unsupported(inst);
  requireFullWarp(inst);
  Value *value = readBits(inst.operands[1], 32);
  if (!value)
    return true;
  return write(inst, inst.operands[0], transposeTile(b, toVector(value)),
               Ty::B32);
}

//===----------------------------------------------------------------------===//
// mma
//===----------------------------------------------------------------------===//

/// "m16n8k16" -> 16, 8, 16
static bool shapeOf(const Instruction &inst, unsigned &m, unsigned &n,
                    unsigned &k) {
  for (llvm::StringRef mod : inst.mods) {
    llvm::StringRef text = mod;
    if (text.consume_front("m") && !text.consumeInteger(10, m) &&
        text.consume_front("n") && !text.consumeInteger(10, n) &&
        text.consume_front("k") && !text.consumeInteger(10, k))
      return true;
  }
  return false;
}

bool FunctionTranslator::translateMma(const Instruction &inst) {
  MmaSpec spec;
  unsigned n = 0;
  if (!shapeOf(inst, spec.m, n, spec.k) || n != 8 || inst.types.size() != 4)
    return unsupported(inst);
  spec.d = inst.types[0];
  spec.a = inst.types[1];
  spec.b = inst.types[2];
  spec.c = inst.types[3];
  spec.saturate = inst.has("satfinite");
  if (inst.has("popc"))
    spec.bitOp = inst.has("and") ? BitOp::And : BitOp::Xor;
  // m8n8k4 for f16 has other fragments, and all else is row times column
  bool isRowColumn = llvm::is_contained(inst.mods, "row") &&
                     llvm::is_contained(inst.mods, "col");
  if (!spec.isValid() || !isRowColumn)
    return unsupported(inst);
  requireFullWarp(inst);
  Values pointers, targets;
  if (fragmentSources(inst, inst.operands[1], spec.a, spec.registersOfA(),
                      pointers) ||
      fragmentSources(inst, inst.operands[2], spec.b, spec.registersOfB(),
                      pointers))
    return true;
  unsigned firstC = pointers.size();
  if (fragmentSources(inst, inst.operands[3], spec.c, spec.registersOf(spec.c),
                      pointers) ||
      fragmentTargets(inst, inst.operands[0], spec.d, spec.registersOf(spec.d),
                      pointers, firstC, targets))
    return true;
  pointers.append(targets);
  b.CreateCall(mmaHelper(kernel.llvmModule, spec), pointers);
  return storeTargets(inst, inst.operands[0], spec.d, targets);
}

//===----------------------------------------------------------------------===//
// wmma
//===----------------------------------------------------------------------===//

namespace {
/// The tiles of a wmma operation.
struct Wmma {
  unsigned m = 0, n = 0, k = 0;
  MmaSpec spec;

  /// Rows are done in groups of 16, or 8 if there are no more.
  unsigned groups() const { return m / spec.m; }
  unsigned columnsTiles() const { return n / 8; }
};
} // namespace

static bool wmmaOf(const Instruction &inst, Wmma &wmma) {
  if (!shapeOf(inst, wmma.m, wmma.n, wmma.k))
    return false;
  wmma.spec.m = std::min(wmma.m, 16u);
  wmma.spec.k = wmma.k;
  return true;
}

bool FunctionTranslator::translateWmma(const Instruction &inst) {
  requireFullWarp(inst);
  if (inst.has("mma"))
    return translateWmmaMma(inst);
  if (inst.has("load") || inst.has("store"))
    return translateWmmaMove(inst);
  return unsupported(inst);
}

bool FunctionTranslator::translateWmmaMma(const Instruction &inst) {
  Wmma wmma;
  if (!wmmaOf(inst, wmma))
    return unsupported(inst);
  // f16 is not written for A and B: wmma.mma.{d}.{c}
  MmaSpec &spec = wmma.spec;
  if (inst.types.size() == 2) {
    spec.a = spec.b = Ty::F16;
    spec.d = inst.types[0];
    spec.c = inst.types[1];
  } else if (inst.types.size() == 4) {
    spec.d = inst.types[0];
    spec.a = inst.types[1];
    spec.b = inst.types[2];
    spec.c = inst.types[3];
  } else {
    return unsupported(inst);
  }
  spec.saturate = inst.has("satfinite");
  if (!spec.isValid())
    return unsupported(inst);
  unsigned tiles = wmma.columnsTiles(), groups = wmma.groups();
  unsigned as = spec.registersOfA(), bs = spec.registersOfB();
  unsigned cs = spec.registersOf(spec.c), ds = spec.registersOf(spec.d);
  Values a, right, c, d, sources;
  if (fragmentSources(inst, inst.operands[1], spec.a, as * groups, a) ||
      fragmentSources(inst, inst.operands[2], spec.b, bs * tiles, right) ||
      fragmentSources(inst, inst.operands[3], spec.c, cs * groups * tiles, c))
    return true;
  sources.append(a);
  sources.append(right);
  unsigned firstC = sources.size();
  sources.append(c);
  if (fragmentTargets(inst, inst.operands[0], spec.d, ds * groups * tiles,
                      sources, firstC, d))
    return true;
  llvm::Function *helper = mmaHelper(kernel.llvmModule, spec);
  for (unsigned tile = 0; tile < tiles; ++tile)
    for (unsigned group = 0; group < groups; ++group) {
      unsigned at = tile * groups + group;
      Values pointers;
      auto append = [&](const Values &all, unsigned first, unsigned count) {
        pointers.append(all.begin() + first, all.begin() + first + count);
      };
      append(a, group * as, as);
      append(right, tile * bs, bs);
      append(c, at * cs, cs);
      append(d, at * ds, ds);
      b.CreateCall(helper, pointers);
    }
  return storeTargets(inst, inst.operands[0], spec.d, d);
}

/// Loads or stores one register of a fragment: 8 x 4E elements from (row,
/// column) on, E of a lane along rows or columns.
bool FunctionTranslator::moveTile(const Instruction &inst, const TileMove &tile,
                                  Value *&value) {
  unsigned bits = bitsOf(tile.type), count = tile.perLane;
  Value *stride = tile.stride; // i64, elements
  Value *ids = laneIds(64);
  auto vec = [&](uint64_t n) { return splat(b.getInt64(n)); };
  Value *group = b.CreateLShr(ids, vec(2));
  Value *inGroup = b.CreateMul(b.CreateAnd(ids, vec(3)), vec(tile.lanesStep));
  // `group` runs over rows of A, C and D and columns of B
  Value *row = tile.isB ? inGroup : group, *column = tile.isB ? group : inGroup;
  row = b.CreateAdd(row, vec(tile.row));
  column = b.CreateAdd(column, vec(tile.column));
  Value *major = tile.isRowMajor ? row : column;
  Value *minor = tile.isRowMajor ? column : row;
  Value *first = b.CreateAdd(b.CreateMul(major, splat(stride)), minor);
  bool areNeighbours = tile.isB != tile.isRowMajor;
  auto addressOf = [&](unsigned element) {
    Address address = tile.base;
    Value *index = first;
    if (element)
      index = b.CreateAdd(
          index, areNeighbours ? vec(element)
                               : b.CreateMul(vec(element), splat(stride)));
    Value *offset = b.CreateMul(index, vec(bits / 8));
    unsigned width = address.value->getType()->getScalarSizeInBits();
    offset = b.CreateTrunc(offset, vectorOf(intType(width)));
    address.value = b.CreateAdd(address.value, offset);
    return address;
  };
  unsigned flags = AccessCollective | (tile.isLoad ? AccessRead : AccessWrite);
  unsigned whole = bits * count;
  if (count == 1 || areNeighbours) {
    Address address = addressOf(0);
    // fragments need no more alignment than their elements
    emitCheck(inst, address, bits / 8, flags);
    if (count > 1)
      emitCheck(inst, addressOf(count - 1), bits / 8, flags);
    if (tile.isLoad)
      value = emitLoad(address, whole, 1)[0];
    else
      emitStore(inst, address, whole, {value});
    return false;
  }
  Value *sum = nullptr;
  for (unsigned e = 0; e < count; ++e) {
    Address address = addressOf(e);
    emitCheck(inst, address, bits / 8, flags);
    Value *amount = splat(llvm::ConstantInt::get(intType(whole), e * bits));
    if (tile.isLoad) {
      Value *part = emitLoad(address, bits, 1)[0];
      part = b.CreateShl(b.CreateZExt(part, vectorOf(intType(whole))), amount);
      sum = sum ? b.CreateOr(sum, part) : part;
    } else {
      Value *part =
          b.CreateTrunc(b.CreateLShr(value, amount), vectorOf(intType(bits)));
      emitStore(inst, address, bits, {part});
    }
  }
  if (tile.isLoad)
    value = sum;
  return false;
}

/// wmma.load.{a,b,c} and wmma.store.d
bool FunctionTranslator::translateWmmaMove(const Instruction &inst) {
  Wmma wmma;
  if (!wmmaOf(inst, wmma) || inst.types.size() != 1)
    return unsupported(inst);
  bool isLoad = inst.has("load");
  bool isA = inst.has("a"), isB = inst.has("b");
  const Operand &fragment = inst.operands[isLoad ? 0 : 1];
  TileMove tile;
  tile.type = inst.types[0];
  tile.isLoad = isLoad;
  tile.isB = isB;
  tile.isRowMajor = inst.has("row");
  if (readAddress(inst, inst.operands[isLoad ? 1 : 0], inst.space(), tile.base))
    return true;
  tile.base.value = toVector(tile.base.value);
  unsigned rows = isB ? wmma.k : wmma.m, columns = isA ? wmma.k : wmma.n;
  tile.stride = b.getInt64(tile.isRowMajor ? columns : rows);
  if (inst.operands.size() > 2) {
    Value *given = readBits(inst.operands[2], 32);
    if (!given)
      return true;
    if (isVector(given)) // the same in all lanes
      given = b.CreateExtractElement(given, uint64_t(0));
    tile.stride = b.CreateZExt(given, b.getInt64Ty());
  }
  llvm::ArrayRef<Operand> elements = elementsOf(fragment);
  unsigned bits = bitsOf(tile.type);
  bool isWide = tile.type == Ty::F64;
  if (bits < 8)
    return unsupported(inst);
  unsigned step = isWide ? 1 : 32 / bits;
  bool isAccumulator = !isA && !isB;
  Values values;
  auto add = [&](unsigned row, unsigned column) {
    tile.row = row;
    tile.column = column;
    unsigned index = values.size();
    Value *value = nullptr;
    if (!isLoad) {
      if (index >= elements.size())
        return fail(inst, "too few registers");
      value = readBits(elements[index], bits * tile.perLane);
      if (!value)
        return true;
      value = toVector(value);
    }
    if (moveTile(inst, tile, value))
      return true;
    values.push_back(value);
    return false;
  };
  unsigned group = wmma.spec.m;
  tile.perLane = tile.lanesStep = step;
  if (isA) {
    for (unsigned g = 0; g < wmma.m; g += group)
      for (unsigned k = 0; k < wmma.k; k += 4 * step)
        for (unsigned r = 0; r < group; r += 8)
          if (add(g + r, k))
            return true;
  } else if (isB) {
    for (unsigned n = 0; n < wmma.n; n += 8)
      for (unsigned k = 0; k < wmma.k; k += 4 * step)
        if (add(k, n))
          return true;
  } else {
    // two columns a lane: in one register (f16) or in two
    bool isHalf = tile.type == Ty::F16;
    tile.perLane = isHalf ? 2 : 1;
    tile.lanesStep = 2;
    for (unsigned n = 0; n < wmma.n; n += 8)
      for (unsigned r = 0; r < wmma.m; r += 8)
        for (unsigned e = 0; e < (isHalf ? 1u : 2u); ++e)
          if (add(r, n + e))
            return true;
  }
  unsigned needed = values.size();
  if (needed == 0 || elements.size() % needed ||
      (isAccumulator && elements.size() != needed))
    return fail(inst, "wrong number of registers");
  if (!isLoad)
    return false;
  for (unsigned i = 0; i < elements.size(); ++i)
    if (write(inst, elements[i], values[i % needed], Ty::B32))
      return true;
  return false;
}
