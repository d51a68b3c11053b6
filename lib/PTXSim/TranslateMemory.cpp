//===- TranslateMemory.cpp - PTX to LLVM IR: memory -----------------------===//
//
// Addresses of shared memory are offsets, all others host addresses. An access
// by lanes first asks whether they lie one behind another (then it is one
// vector load or store), otherwise a helper loads lane by lane. Lanes that do
// not take part are sent to a dummy place, so that helpers have no branches.
//
//===----------------------------------------------------------------------===//

#include "Translator.h"

using namespace dlc::ptxsim;
using llvm::Twine;

//===----------------------------------------------------------------------===//
// Addresses
//===----------------------------------------------------------------------===//

static AccessSpace accessSpace(Space space) {
  switch (space) {
  case Space::Global:
    return AccessSpace::Global;
  case Space::Shared:
    return AccessSpace::Shared;
  case Space::Local:
    return AccessSpace::Local;
  case Space::Const:
    return AccessSpace::Const;
  default:
    return AccessSpace::Generic;
  }
}

bool FunctionTranslator::readAddress(const Instruction &inst,
                                     const Operand &operand, Space space,
                                     Address &address) {
  if (operand.kind != Operand::Address)
    return fail(inst, "an address in brackets is missing");
  const Operand &base = operand.elements[0];
  unsigned bits = 64;
  if (base.kind == Operand::Register) {
    bits = bitsOf(function.registers[base.index].type);
    if (bits != 32 && bits != 64)
      return fail(inst, "the address is not a 32- or 64-bit register");
    // 32-bit addresses are only used for shared memory
    if (bits == 32 && space != Space::Shared)
      return fail(inst, "a 32-bit address outside of shared memory");
  }
  Operand shifted = base;
  if (base.kind == Operand::Symbol)
    shifted.value += operand.value;
  Value *value = readBits(shifted, bits);
  if (!value)
    return true;
  if (Value *offset = formNumber(operand)) {
    offset = b.CreateTrunc(offset, intType(bits));
    value = b.CreateAdd(value, isVector(value) ? splat(offset) : offset);
  } else if (base.kind != Operand::Symbol && operand.value != 0) {
    value = b.CreateAdd(
        value, llvm::ConstantInt::getSigned(value->getType(), operand.value));
  }
  address.value = value;
  address.space = accessSpace(space);
  address.isOffset = space == Space::Shared;
  if (base.kind == Operand::Symbol) {
    // 32 variables one behind another
    const StorageDecl *decl =
        base.symbol == SymbolKind::CallParam ? &function.callParams[base.index]
        : base.symbol == SymbolKind::Return  ? &function.returns[base.index]
        : base.symbol == SymbolKind::Param && !function.isEntry
            ? &function.params[base.index]
            : nullptr;
    if (decl)
      address.stride = decl->bytes;
  }
  return false;
}

FunctionTranslator::Value *
FunctionTranslator::hostAddress(const Address &address) {
  Value *value = address.value;
  if (!address.isOffset)
    return value;
  value = b.CreateZExt(value, value->getType()->getWithNewBitWidth(64));
  Value *base = sharedBase();
  return b.CreateAdd(value, isVector(value) ? splat(base) : base);
}

/// Whether lanes lie one behind another, all active; i1.
FunctionTranslator::Value *
FunctionTranslator::isContiguous(const Address &address, unsigned bytes) {
  if (address.stride == bytes && isStaticallyFull())
    return b.getTrue();
  unsigned bits = address.value->getType()->getScalarSizeInBits();
  Value *first = b.CreateExtractElement(address.value, uint64_t(0));
  Value *scale = llvm::ConstantInt::get(vectorOf(intType(bits)), bytes);
  Value *expected =
      b.CreateAdd(splat(first), b.CreateMul(laneIds(bits), scale));
  Value *same = b.CreateICmpEQ(address.value, expected);
  if (!isStaticallyFull())
    same = b.CreateAnd(same, activeMask());
  return allLanes(same);
}

//===----------------------------------------------------------------------===//
// Vectors of lanes
//===----------------------------------------------------------------------===//

/// Elements i, count + i, 2 count + i, ... for each i.
FunctionTranslator::Values FunctionTranslator::splitLanes(Value *whole,
                                                          unsigned count) {
  if (count == 1)
    return {whole};
  unsigned total =
      llvm::cast<llvm::FixedVectorType>(whole->getType())->getNumElements();
  Values parts;
  for (unsigned i = 0; i < count; ++i) {
    llvm::SmallVector<int, 64> indices;
    for (unsigned l = 0; l < total / count; ++l)
      indices.push_back(int(l * count + i));
    parts.push_back(b.CreateShuffleVector(whole, indices));
  }
  return parts;
}

/// The inverse of splitLanes.
FunctionTranslator::Value *
FunctionTranslator::joinLanes(llvm::ArrayRef<Value *> parts) {
  if (parts.size() == 1)
    return parts[0];
  unsigned count = parts.size();
  unsigned each =
      llvm::cast<llvm::FixedVectorType>(parts[0]->getType())->getNumElements();
  // concatenate in pairs, then interleave
  Values level(parts.begin(), parts.end());
  while (level.size() > 1) {
    Values next;
    for (unsigned i = 0; i + 1 < level.size(); i += 2) {
      unsigned size = llvm::cast<llvm::FixedVectorType>(level[i]->getType())
                          ->getNumElements();
      llvm::SmallVector<int, 128> indices;
      for (unsigned k = 0; k < 2 * size; ++k)
        indices.push_back(int(k));
      next.push_back(b.CreateShuffleVector(level[i], level[i + 1], indices));
    }
    level = next;
  }
  llvm::SmallVector<int, 128> indices;
  for (unsigned l = 0; l < each; ++l)
    for (unsigned i = 0; i < count; ++i)
      indices.push_back(int(i * each + l));
  return b.CreateShuffleVector(level[0], indices);
}

//===----------------------------------------------------------------------===//
// Helpers for scattered lanes
//===----------------------------------------------------------------------===//

static llvm::Function *makeHelper(llvm::Module &module, const Twine &name,
                                  llvm::Type *result = nullptr) {
  llvm::LLVMContext &context = module.getContext();
  if (!result)
    result = llvm::Type::getVoidTy(context);
  llvm::Type *ptr = llvm::PointerType::getUnqual(context);
  auto *function =
      llvm::Function::Create(llvm::FunctionType::get(result, {ptr, ptr}, false),
                             llvm::Function::InternalLinkage, name, module);
  function->addFnAttr(llvm::Attribute::NoUnwind);
  function->addFnAttr(llvm::Attribute::NoInline);
  llvm::BasicBlock::Create(context, "entry", function);
  return function;
}

/// void gather(const i64 addresses[32], iN out[count][32])
llvm::Function *FunctionTranslator::gatherHelper(unsigned bits,
                                                 unsigned count) {
  std::string name = ("gather." + Twine(bits) + "x" + Twine(count)).str();
  if (llvm::Function *known = kernel.llvmModule.getFunction(name))
    return known;
  llvm::Function *helper = makeHelper(kernel.llvmModule, name);
  llvm::IRBuilder<> h(&helper->getEntryBlock());
  Type *element = intType(bits);
  Value *addresses = helper->getArg(0), *out = helper->getArg(1);
  // four lanes at a time: their elements are transposed in registers
  unsigned step = count == 1 ? warpSize : 4;
  for (unsigned first = 0; first < warpSize; first += step) {
    Value *rows = llvm::PoisonValue::get(vectorOf(element, step * count));
    for (unsigned lane = 0; lane < step; ++lane) {
      Value *place =
          h.CreateConstInBoundsGEP1_64(h.getInt64Ty(), addresses, first + lane);
      Value *from =
          h.CreateIntToPtr(h.CreateLoad(h.getInt64Ty(), place), h.getPtrTy());
      if (count == 1) {
        Value *one = h.CreateAlignedLoad(element, from, llvm::Align(1));
        rows = h.CreateInsertElement(rows, one, lane);
        continue;
      }
      Value *row =
          h.CreateAlignedLoad(vectorOf(element, count), from, llvm::Align(1));
      rows = h.CreateInsertVector(rows->getType(), rows, row,
                                  h.getInt64(lane * count));
    }
    for (unsigned i = 0; i < count; ++i) {
      llvm::SmallVector<int, 32> indices;
      for (unsigned lane = 0; lane < step; ++lane)
        indices.push_back(int(lane * count + i));
      Value *column = count == 1 ? rows : h.CreateShuffleVector(rows, indices);
      Value *to =
          h.CreateConstInBoundsGEP1_64(element, out, i * warpSize + first);
      h.CreateAlignedStore(column, to, llvm::Align(bits / 8));
    }
  }
  h.CreateRetVoid();
  return helper;
}

/// void scatter(const i64 addresses[32], const iN values[count][32]); later
/// lanes win.
llvm::Function *FunctionTranslator::scatterHelper(unsigned bits,
                                                  unsigned count) {
  std::string name = ("scatter." + Twine(bits) + "x" + Twine(count)).str();
  if (llvm::Function *known = kernel.llvmModule.getFunction(name))
    return known;
  llvm::Function *helper = makeHelper(kernel.llvmModule, name);
  llvm::IRBuilder<> h(&helper->getEntryBlock());
  Type *element = intType(bits);
  Value *addresses = helper->getArg(0), *values = helper->getArg(1);
  for (unsigned lane = 0; lane < warpSize; ++lane) {
    Value *place =
        h.CreateConstInBoundsGEP1_64(h.getInt64Ty(), addresses, lane);
    Value *to =
        h.CreateIntToPtr(h.CreateLoad(h.getInt64Ty(), place), h.getPtrTy());
    for (unsigned i = 0; i < count; ++i) {
      Value *from =
          h.CreateConstInBoundsGEP1_64(element, values, i * warpSize + lane);
      Value *value = h.CreateAlignedLoad(element, from, llvm::Align(bits / 8));
      h.CreateAlignedStore(value, h.CreateConstInBoundsGEP1_64(element, to, i),
                           llvm::Align(1));
    }
  }
  h.CreateRetVoid();
  return helper;
}

/// i32 lost(const i64 addresses[32], const iN values[count][32]): the lanes
/// whose values are not in memory after scatter, as bits.
llvm::Function *FunctionTranslator::lostHelper(unsigned bits, unsigned count) {
  std::string name = ("lost." + Twine(bits) + "x" + Twine(count)).str();
  if (llvm::Function *known = kernel.llvmModule.getFunction(name))
    return known;
  llvm::Function *helper = makeHelper(kernel.llvmModule, name, b.getInt32Ty());
  llvm::IRBuilder<> h(&helper->getEntryBlock());
  Type *all = vectorOf(intType(bits), warpSize * count);
  Value *there = h.CreateAlloca(all);
  h.CreateCall(gatherHelper(bits, count), {helper->getArg(0), there});
  Value *same = h.CreateICmpEQ(
      h.CreateLoad(all, there),
      h.CreateAlignedLoad(all, helper->getArg(1), llvm::Align(bits / 8)));
  Value *kept = llvm::Constant::getAllOnesValue(vectorOf(h.getInt1Ty()));
  for (unsigned i = 0; i < count; ++i)
    kept = h.CreateAnd(
        kept, h.CreateExtractVector(kept->getType(), same,
                                    h.getInt64(uint64_t(i) * warpSize)));
  h.CreateRet(h.CreateBitCast(h.CreateNot(kept), h.getInt32Ty()));
  return helper;
}

//===----------------------------------------------------------------------===//
// Accesses
//===----------------------------------------------------------------------===//

void FunctionTranslator::emitCheck(const Instruction &inst,
                                   const Address &address, unsigned bytes,
                                   unsigned flags) {
  if (!kernel.options.checks || address.stride)
    return;
  Value *space = b.getInt32(unsigned(address.space));
  Value *line = lineOf(inst), *size = b.getInt32(bytes);
  Value *flag = b.getInt32(flags);
  Value *value = address.value;
  auto widen = [&](Value *v) {
    return b.CreateZExt(v, v->getType()->getWithNewBitWidth(64));
  };
  if (!isVector(value)) {
    callRoutine(Routine::CheckUniform, b.getVoidTy(),
                {warpContext, widen(value), maskBits(activeMask()), size, flag,
                 space, line});
    return;
  }
  // most accesses are one span, which is checked as a whole
  llvm::BasicBlock *span = newBlock("check.span"),
                   *each = newBlock("check.each"), *done = newBlock("checked");
  b.CreateCondBr(isContiguous(address, bytes), span, each);
  b.SetInsertPoint(span);
  callRoutine(Routine::CheckSpan, b.getVoidTy(),
              {warpContext, widen(b.CreateExtractElement(value, uint64_t(0))),
               size, flag, space, line});
  b.CreateBr(done);
  b.SetInsertPoint(each);
  callRoutine(Routine::Check, b.getVoidTy(),
              {warpContext, toMemory(widen(value)), maskBits(activeMask()),
               size, flag, space, line});
  b.CreateBr(done);
  b.SetInsertPoint(done);
}

FunctionTranslator::Values FunctionTranslator::emitLoad(const Address &address,
                                                        unsigned bits,
                                                        unsigned count) {
  Type *element = intType(bits);
  unsigned bytes = bits / 8 * count;
  if (!isVector(address.value)) {
    Value *from = pointer(hostAddress(address));
    Values values;
    for (unsigned i = 0; i < count; ++i)
      values.push_back(b.CreateAlignedLoad(
          element, b.CreateConstInBoundsGEP1_64(element, from, i),
          llvm::Align(1)));
    return values;
  }
  Type *all = vectorOf(element, warpSize * count);
  auto loadAll = [&] {
    Value *first = b.CreateExtractElement(address.value, uint64_t(0));
    Address start = address;
    start.value = first;
    return splitLanes(
        b.CreateAlignedLoad(all, pointer(hostAddress(start)), llvm::Align(1)),
        count);
  };
  Value *contiguous = isContiguous(address, bytes);
  if (llvm::isa<llvm::ConstantInt>(contiguous))
    return loadAll();
  llvm::BasicBlock *fast = newBlock("load.all"), *slow = newBlock("load.each"),
                   *done = newBlock("load.done");
  b.CreateCondBr(contiguous, fast, slow);
  b.SetInsertPoint(fast);
  Values whole = loadAll();
  b.CreateBr(done);
  b.SetInsertPoint(slow);
  Value *hosts = hostAddress(address);
  if (!isStaticallyFull())
    hosts = b.CreateSelect(
        activeMask(), hosts,
        splat(b.CreatePtrToInt(contextAddress(offsetof(WarpContext, dummy)),
                               b.getInt64Ty())));
  auto *out = tempSlot(all);
  b.CreateCall(gatherHelper(bits, count), {toMemory(hosts), out});
  Values each;
  for (unsigned i = 0; i < count; ++i)
    each.push_back(b.CreateAlignedLoad(
        vectorOf(element),
        b.CreateConstInBoundsGEP1_64(element, out, i * warpSize),
        llvm::Align(bits / 8 * warpSize >= 64 ? 64 : bits / 8)));
  b.CreateBr(done);
  b.SetInsertPoint(done);
  Values values;
  for (unsigned i = 0; i < count; ++i) {
    auto *phi = b.CreatePHI(vectorOf(element), 2);
    phi->addIncoming(whole[i], fast);
    phi->addIncoming(each[i], slow);
    values.push_back(phi);
  }
  return values;
}

void FunctionTranslator::emitStore(const Instruction &inst,
                                   const Address &address, unsigned bits,
                                   llvm::ArrayRef<Value *> values) {
  Type *element = intType(bits);
  unsigned count = values.size(), bytes = bits / 8 * count;
  bool isUniform = !isVector(address.value);
  for (Value *value : values)
    isUniform &= !isVector(value);
  if (isUniform) {
    Value *to = pointer(hostAddress(address));
    for (unsigned i = 0; i < count; ++i)
      b.CreateAlignedStore(values[i],
                           b.CreateConstInBoundsGEP1_64(element, to, i),
                           llvm::Align(1));
    return;
  }
  Values parts;
  for (Value *value : values)
    parts.push_back(toVector(value));
  Address by = address;
  by.value = toVector(address.value);
  auto storeAll = [&] {
    Address start = by;
    start.value = b.CreateExtractElement(by.value, uint64_t(0));
    b.CreateAlignedStore(joinLanes(parts), pointer(hostAddress(start)),
                         llvm::Align(1));
  };
  llvm::BasicBlock *slow = nullptr, *done = nullptr;
  if (isVector(address.value)) {
    Value *contiguous = isContiguous(by, bytes);
    if (llvm::isa<llvm::ConstantInt>(contiguous)) {
      storeAll();
      return;
    }
    llvm::BasicBlock *fast = newBlock("store.all");
    slow = newBlock("store.each");
    done = newBlock("store.done");
    b.CreateCondBr(contiguous, fast, slow);
    b.SetInsertPoint(fast);
    storeAll();
    b.CreateBr(done);
    b.SetInsertPoint(slow);
  }
  Value *hosts = hostAddress(by);
  if (!isStaticallyFull())
    hosts = b.CreateSelect(
        activeMask(), hosts,
        splat(b.CreatePtrToInt(contextAddress(offsetof(WarpContext, dummy)),
                               b.getInt64Ty())));
  auto *in = tempSlot(vectorOf(element, warpSize * count));
  for (unsigned i = 0; i < count; ++i)
    b.CreateAlignedStore(
        parts[i], b.CreateConstInBoundsGEP1_64(element, in, i * warpSize),
        llvm::Align(bits / 8));
  Value *places = toMemory(hosts);
  b.CreateCall(scatterHelper(bits, count), {places, in});
  if (kernel.options.checks && !address.stride) {
    // what a lane has stored must be there
    Value *lost = maskBits(b.CreateAnd(
        bitsToMask(b.CreateCall(lostHelper(bits, count), {places, in})),
        activeMask()));
    llvm::BasicBlock *report = newBlock("store.lost"),
                     *goOn = newBlock("store.kept");
    b.CreateCondBr(b.CreateIsNull(lost), goOn, report);
    b.SetInsertPoint(report);
    callRoutine(Routine::ConflictingStores, b.getVoidTy(),
                {warpContext, places, lost, b.getInt32(bytes),
                 b.getInt32(unsigned(address.space)), lineOf(inst)});
    b.CreateBr(goOn);
    b.SetInsertPoint(goOn);
  }
  if (done) {
    b.CreateBr(done);
    b.SetInsertPoint(done);
  }
}

/// Routines do all that belongs to an access by lanes: checks, then one piece
/// or lane by lane.
FunctionTranslator::Values
FunctionTranslator::callLoad(const Instruction &inst, const Address &address,
                             unsigned bits, unsigned count, unsigned unused) {
  Type *element = intType(bits);
  auto *out = tempSlot(vectorOf(element, warpSize * count));
  Value *wide = b.CreateZExt(address.value, vectorOf(b.getInt64Ty()));
  callRoutine(Routine::Load, b.getVoidTy(),
              {warpContext, toMemory(wide), maskBits(activeMask()), out,
               b.getInt32(bits / 8), b.getInt32(count),
               b.getInt32(unsigned(address.space) | unused), lineOf(inst)});
  Values values;
  for (unsigned i = 0; i < count; ++i)
    values.push_back(b.CreateAlignedLoad(
        vectorOf(element),
        b.CreateConstInBoundsGEP1_64(element, out, i * warpSize),
        llvm::Align(bits / 8 * warpSize >= 64 ? 64 : bits / 8)));
  return values;
}

void FunctionTranslator::callStore(const Instruction &inst,
                                   const Address &address, unsigned bits,
                                   llvm::ArrayRef<Value *> values) {
  Type *element = intType(bits);
  unsigned count = values.size();
  auto *in = tempSlot(vectorOf(element, warpSize * count));
  for (unsigned i = 0; i < count; ++i)
    b.CreateAlignedStore(
        toVector(values[i]),
        b.CreateConstInBoundsGEP1_64(element, in, i * warpSize),
        llvm::Align(bits / 8));
  Value *wide = b.CreateZExt(address.value, vectorOf(b.getInt64Ty()));
  callRoutine(Routine::Store, b.getVoidTy(),
              {warpContext, toMemory(wide), maskBits(activeMask()), in,
               b.getInt32(bits / 8), b.getInt32(count),
               b.getInt32(unsigned(address.space)), lineOf(inst)});
}

//===----------------------------------------------------------------------===//
// Instructions
//===----------------------------------------------------------------------===//

/// Predicates have no memory form; sub-byte types neither.
static bool isMemoryType(Ty type) {
  unsigned bits = bitsOf(type);
  return bits == 8 || bits == 16 || bits == 32 || bits == 64 || bits == 128;
}

/// How many bytes at the end of what a load of `bytes` an element writes
/// nothing reads.
static unsigned countUnused(const Operand &to, unsigned bytes,
                            const Analysis &analysis) {
  llvm::ArrayRef<Operand> elements = to;
  if (to.kind == Operand::Vector)
    elements = to.elements;
  unsigned count = 0;
  for (const Operand &element : llvm::reverse(elements)) {
    // a register may be wider than the element: the rest is its sign
    bool isPlain =
        element.isReg() &&
        bytesOf(analysis.function.registers[element.index].type) == bytes;
    unsigned unread = !element.isReg() ? bytes
                      : isPlain        ? analysis.unreadBytes[element.index]
                      : analysis.isRead[element.index] ? 0
                                                       : bytes;
    count += unread;
    if (unread < bytes)
      return count;
  }
  return 0;
}

bool FunctionTranslator::translateLoad(const Instruction &inst) {
  Ty type = inst.type();
  if (!isMemoryType(type) || inst.operands.size() > 3)
    return unsupported(inst);
  Address address;
  Space space = inst.space();
  if (readAddress(inst, inst.operands[1], space, address))
    return true;
  unsigned count = inst.vectorWidth(), bits = bitsOf(type);
  unsigned unused = countUnused(inst.operands[0], bits / 8, analysis)
                    << AccessUnusedShift;
  Values values;
  if (kernel.options.quick && isVector(address.value) &&
      space != Space::Param) {
    values = callLoad(inst, address, bits, count, unused);
  } else {
    // parameters of a kernel are the engine's own memory
    if (space != Space::Param)
      emitCheck(inst, address, bits / 8 * count, AccessRead | unused);
    values = emitLoad(address, bits, count);
  }
  return writeVector(inst, inst.operands[0], values, type);
}

bool FunctionTranslator::translateStore(const Instruction &inst) {
  Ty type = inst.type();
  if (!isMemoryType(type))
    return unsupported(inst);
  Space space = inst.space();
  if (space == Space::Const)
    return fail(inst, "constant memory can not be written");
  if (space == Space::Param && function.isEntry &&
      inst.operands[0].kind == Operand::Address &&
      inst.operands[0].elements[0].symbol == SymbolKind::Param &&
      inst.operands[0].elements[0].kind == Operand::Symbol)
    return fail(inst, "parameters of a kernel can not be written");
  Address address;
  if (readAddress(inst, inst.operands[0], space, address))
    return true;
  unsigned count = inst.vectorWidth(), bits = bitsOf(type);
  const Operand &from = inst.operands[1];
  Values values;
  if (from.kind == Operand::Vector) {
    if (from.elements.size() != count)
      return fail(inst, "wrong number of values");
    for (const Operand &element : from.elements)
      values.push_back(read(element, type));
  } else if (count == 1) {
    values.push_back(read(from, type));
  } else {
    return fail(inst, "wrong number of values");
  }
  for (Value *value : values)
    if (!value)
      return true;
  if (kernel.options.quick && isVector(address.value) &&
      space != Space::Param) {
    callStore(inst, address, bits, values);
    return false;
  }
  if (space != Space::Param)
    emitCheck(inst, address, bits / 8 * count, AccessWrite);
  emitStore(inst, address, bits, values);
  return false;
}

bool FunctionTranslator::translateCvta(const Instruction &inst) {
  Ty type = inst.type();
  if (bitsOf(type) != 64 && bitsOf(type) != 32)
    return unsupported(inst);
  Value *value = read(inst.operands[1], type);
  if (!value)
    return true;
  if (inst.space() == Space::Shared) {
    if (bitsOf(type) != 64)
      return unsupported(inst);
    Value *base = sharedBase();
    if (isVector(value))
      base = splat(base);
    value =
        inst.has("to") ? b.CreateSub(value, base) : b.CreateAdd(value, base);
  }
  return write(inst, inst.operands[0], value, type);
}

bool FunctionTranslator::translateIsspacep(const Instruction &inst) {
  Value *value = readBits(inst.operands[1], 64);
  if (!value)
    return true;
  auto like = [&](Value *scalar) {
    return isVector(value) ? splat(scalar) : scalar;
  };
  auto inRange = [&](Value *base, Value *bytes) {
    return b.CreateICmpULT(b.CreateSub(value, like(base)), like(bytes));
  };
  Value *sharedBytes = b.CreateZExt(
      contextField(b.getInt32Ty(), offsetof(WarpContext, totalShared)),
      b.getInt64Ty());
  Value *localBytes = b.CreateMul(
      contextField(b.getInt64Ty(), offsetof(WarpContext, localStride)),
      b.getInt64(warpSize));
  Value *isShared = inRange(sharedBase(), sharedBytes);
  Value *isLocal = inRange(
      contextField(b.getInt64Ty(), offsetof(WarpContext, local)), localBytes);
  Value *result = nullptr;
  switch (inst.space()) {
  case Space::Shared:
    result = isShared;
    break;
  case Space::Local:
    result = isLocal;
    break;
  case Space::Global:
    result = b.CreateNot(b.CreateOr(isShared, isLocal));
    break;
  default:
    return unsupported(inst);
  }
  return write(inst, inst.operands[0], result, Ty::Pred);
}

//===----------------------------------------------------------------------===//
// Atomics and asynchronous copies
//===----------------------------------------------------------------------===//

bool FunctionTranslator::translateAtomic(const Instruction &inst) {
  bool isAtom = inst.op == Op::Atom;
  unsigned first = isAtom ? 1 : 0;
  Ty type = inst.type();
  unsigned bits = bitsOf(type);
  if (!isMemoryType(type) || bits == 8 || bits == 128 ||
      inst.vectorWidth() != 1)
    return unsupported(inst);
  static const char *const names[] = {"and", "or",  "xor", "cas", "exch",
                                      "add", "inc", "dec", "min", "max"};
  int kind = -1;
  for (unsigned i = 0; i < std::size(names); ++i)
    if (inst.has(names[i]))
      kind = int(i);
  bool isCas = kind == 3;
  if (kind < 0 || inst.operands.size() < first + (isCas ? 3 : 2))
    return unsupported(inst);
  Address address;
  if (readAddress(inst, inst.operands[first], inst.space(), address))
    return true;
  Value *value = read(inst.operands[first + 1], type);
  Value *other = isCas ? read(inst.operands[first + 2], type) : value;
  if (!value || !other)
    return true;
  address.value = toVector(address.value);
  emitCheck(inst, address, bits / 8, AccessRead | AccessWrite | AccessAtomic);
  // an element of 64 bits for each lane
  auto widen = [&](Value *v) {
    v = toVector(v);
    return toMemory(b.CreateZExt(v, vectorOf(b.getInt64Ty())));
  };
  auto *out = tempSlot(vectorOf(b.getInt64Ty()));
  callRoutine(Routine::Atomic, b.getVoidTy(),
              {b.getInt32(unsigned(kind)), b.getInt32(unsigned(type)),
               maskBits(activeMask()), toMemory(hostAddress(address)),
               widen(value), widen(other), out});
  if (!isAtom)
    return false;
  Value *old = b.CreateLoad(out->getAllocatedType(), out);
  return write(inst, inst.operands[0],
               b.CreateTrunc(old, vectorOf(intType(bits))), Ty::B64);
}

bool FunctionTranslator::translateAsyncCopy(const Instruction &inst) {
  Value *lanesBits = maskBits(activeMask());
  if (inst.has("commit_group")) {
    callRoutine(Routine::AsyncCommit, b.getVoidTy(), {warpContext, lanesBits});
    return false;
  }
  if (inst.has("wait_all") || inst.has("wait_group")) {
    bool isAll = inst.has("wait_all");
    Value *count = b.getInt32(~0u); // all, committed or not
    if (!isAll) {
      if (inst.operands.size() != 1 ||
          inst.operands[0].kind != Operand::Integer)
        return unsupported(inst);
      count = b.getInt32(uint32_t(inst.operands[0].value));
    }
    callRoutine(Routine::AsyncWait, b.getVoidTy(),
                {warpContext, lanesBits, count});
    return false;
  }
  // cp.async.{ca,cg}.shared.global [dst], [src], size {, src-size}
  if (!inst.has("async") || inst.operands.size() < 3 ||
      inst.operands[2].kind != Operand::Integer)
    return unsupported(inst);
  uint64_t bytes = uint64_t(inst.operands[2].value);
  if (bytes != 4 && bytes != 8 && bytes != 16)
    return fail(inst, "the copy is not of 4, 8 or 16 bytes");
  Address to, from;
  if (readAddress(inst, inst.operands[0], Space::Shared, to) ||
      readAddress(inst, inst.operands[1], Space::Global, from))
    return true;
  to.value = toVector(to.value);
  from.value = toVector(from.value);
  Value *sourceBytes = splat(b.getInt32(uint32_t(bytes)));
  bool hasPolicy = inst.has("L2::cache_hint");
  unsigned operands = inst.operands.size() - (hasPolicy ? 1 : 0);
  bool isPartial = false;
  if (operands > 3) {
    const Operand &size = inst.operands[3];
    bool isPredicate = size.kind == Operand::Register &&
                       function.registers[size.index].type == Ty::Pred;
    Value *value = isPredicate ? read(size, Ty::Pred) : readBits(size, 32);
    if (!value)
      return true;
    // with a predicate: true ignores the source
    sourceBytes =
        isPredicate
            ? b.CreateSelect(toVector(value), splat(b.getInt32(0)), sourceBytes)
            : toVector(value);
    auto *known = llvm::dyn_cast<llvm::ConstantInt>(value);
    isPartial = !known || isPredicate || known->getZExtValue() != bytes;
  }
  Value *sizes =
      isPartial
          ? toMemory(sourceBytes)
          : static_cast<Value *>(llvm::ConstantPointerNull::get(b.getPtrTy()));
  callRoutine(Routine::AsyncCopy, b.getVoidTy(),
              {warpContext, toMemory(hostAddress(to)),
               toMemory(hostAddress(from)), sizes, b.getInt32(uint32_t(bytes)),
               lanesBits, lineOf(inst)});
  return false;
}
