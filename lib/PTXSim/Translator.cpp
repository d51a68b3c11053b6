//===- Translator.cpp - PTX to LLVM IR: values, registers, masks ----------===//

#include "Translator.h"

#include "llvm/IR/Verifier.h"
#include "llvm/Support/raw_ostream.h"

using namespace dlc::ptxsim;
using llvm::Twine;

//===----------------------------------------------------------------------===//
// Kernels
//===----------------------------------------------------------------------===//

static llvm::Function *declareEntry(llvm::Module &module,
                                    llvm::StringRef name) {
  llvm::LLVMContext &context = module.getContext();
  auto *type = llvm::FunctionType::get(llvm::Type::getVoidTy(context),
                                       {llvm::PointerType::getUnqual(context)},
                                       /*isVarArg=*/false);
  auto *function = llvm::Function::Create(type, llvm::Function::ExternalLinkage,
                                          name, module);
  function->addFnAttr(llvm::Attribute::NoUnwind);
  return function;
}

llvm::Error dlc::ptxsim::translateKernel(
    const ModuleIR &module, const FunctionIR &entry, const SharedLayout &layout,
    const TranslateOptions &options, llvm::StringRef name,
    llvm::Module &llvmModule, FormLibrary *library) {
  KernelTranslation kernel{module, layout, options, llvmModule, {},
                           {},     {},     library, {}};
  kernel.functions.resize(module.functions.size());
  auto translate = [&](const FunctionIR &function,
                       llvm::Function *target) -> llvm::Error {
    FunctionTranslator translator(kernel, function);
    if (translator.translate(target))
      return llvm::createStringError(translator.error());
    std::string problem;
    llvm::raw_string_ostream os(problem);
    if (llvm::verifyFunction(*target, &os))
      return llvm::createStringError("function '" + function.name +
                                     "': invalid code was made: " + problem);
    return llvm::Error::success();
  };
  if (llvm::Error error = translate(entry, declareEntry(llvmModule, name)))
    return error;
  while (!kernel.pending.empty()) {
    unsigned index = kernel.pending.back();
    kernel.pending.pop_back();
    if (llvm::Error error =
            translate(*module.functions[index], kernel.functions[index]))
      return error;
  }
  for (const auto &form : kernel.added)
    library->insert({form.getKey(), form.getValue()});
  return llvm::Error::success();
}

FunctionTranslator::FunctionTranslator(KernelTranslation &kernel,
                                       const FunctionIR &function)
    : kernel(kernel), function(function),
      analysis(function, kernel.options.shape),
      context(kernel.llvmModule.getContext()), b(context) {}

bool FunctionTranslator::fail(const Instruction &inst, const Twine &what) {
  if (message.empty())
    message =
        ("PTX line " + Twine(inst.line) + ": `" + inst.text + "`: " + what)
            .str();
  return true;
}

bool FunctionTranslator::unsupported(const Instruction &inst) {
  return fail(inst, "this form of '" + nameOf(inst.op) +
                        "' is not supported by the simulator");
}

//===----------------------------------------------------------------------===//
// Functions
//===----------------------------------------------------------------------===//

bool FunctionTranslator::translate(llvm::Function *result) {
  target = result;
  entryBlock = llvm::BasicBlock::Create(context, "entry", target);
  returnBlock = llvm::BasicBlock::Create(context, "return", target);
  b.SetInsertPoint(entryBlock);
  warpContext = target->getArg(0);
  Value *initial = nullptr;
  if (!function.isEntry) {
    initial = target->getArg(1);
    paramArea = target->getArg(2);
    returnArea = target->getArg(3);
  } else if (!kernel.options.shape.isFull) {
    initial = contextField(b.getInt32Ty(), offsetof(WarpContext, initialMask));
  }

  bool retires = initial != nullptr;
  for (unsigned index : analysis.order) {
    const Block &block = analysis.blocks[index];
    retires |= block.kind == End::RetireTaken ||
               block.kind == End::RetireOther || block.region >= 0;
    for (unsigned i = block.begin; i < block.end; ++i) {
      const Instruction &inst = function.body[i];
      retires |= (inst.op == Op::Ret || inst.op == Op::Exit) && inst.guard >= 0;
    }
  }
  Type *maskType = vectorOf(b.getInt1Ty());
  if (retires) {
    live = frameSlot(maskType);
    b.CreateStore(initial ? bitsToMask(initial)
                          : llvm::Constant::getAllOnesValue(maskType),
                  live);
  }

  // registers; those that live beyond a block begin as zero
  for (unsigned r = 0; r < analysis.registerCount(); ++r) {
    bool isCarry = r == analysis.carryRegister();
    unsigned bits = isCarry ? 1 : bitsOf(function.registers[r].type);
    Type *type = intType(bits);
    if (!analysis.isUniform(r))
      type = vectorOf(type);
    if (!analysis.crossBlock[r] && kernel.options.quick && !isCarry) {
      registers.push_back({nullptr, type});
      continue;
    }
    llvm::AllocaInst *slot = frameSlot(type);
    registers.push_back({slot, type});
    if (!analysis.crossBlock[r])
      continue;
    if (kernel.options.quick)
      b.CreateMemSet(slot, b.getInt8(0),
                     std::max(1u, bits / 8) *
                         (analysis.isUniform(r) ? 1 : warpSize),
                     slot->getAlign());
    else
      b.CreateStore(llvm::Constant::getNullValue(type), slot);
  }
  if (kernel.options.quick)
    placeLocalRegisters();
  for (const StorageDecl &decl : function.callParams)
    callParams.push_back(frameSlot(
        llvm::ArrayType::get(b.getInt8Ty(), decl.bytes * warpSize), 64));

  if (function.localBytes) {
    // a frame of each lane's local memory, given back on return
    Value *top = contextField(b.getInt64Ty(), offsetof(WarpContext, localTop),
                              /*isInvariant=*/false);
    uint64_t bytes = llvm::alignTo(function.localBytes, 16);
    Value *newTop = b.CreateAdd(top, b.getInt64(bytes));
    Value *stride =
        contextField(b.getInt64Ty(), offsetof(WarpContext, localStride));
    b.CreateStore(newTop, contextAddress(offsetof(WarpContext, localTop)));
    llvm::BasicBlock *overflow = newBlock("local.overflow"),
                     *fits = newBlock("local.fits");
    b.CreateCondBr(b.CreateICmpUGT(newTop, stride), overflow, fits);
    b.SetInsertPoint(overflow);
    callRoutine(Routine::LocalOverflow, b.getVoidTy(), {warpContext});
    b.CreateUnreachable();
    b.SetInsertPoint(fits);
    if (kernel.options.checks)
      callRoutine(Routine::LocalFrame, b.getVoidTy(),
                  {warpContext, top, b.getInt64(bytes)});
    Value *base = b.CreateAdd(
        contextField(b.getInt64Ty(), offsetof(WarpContext, local)), top);
    frame = b.CreateAdd(splat(base), b.CreateMul(laneIds(64), splat(stride)));
  }

  entries.resize(analysis.blocks.size());
  waiting.resize(analysis.blocks.size());
  for (unsigned index : analysis.order) {
    entries[index] = newBlock("b" + Twine(index));
    if (analysis.blocks[index].region >= 0) {
      waiting[index] = frameSlot(maskType);
      b.CreateStore(llvm::Constant::getNullValue(maskType), waiting[index]);
    }
  }
  unsigned first = analysis.order.front();
  addPending(first, liveMask());
  b.CreateBr(entries[first]);

  for (unsigned index : analysis.order)
    if (analysis.blocks[index].region < 0 && translateBlock(index))
      return true;
  for (unsigned r = 0; r < analysis.regions.size(); ++r) {
    emitRegion(r);
    if (!message.empty())
      return true;
  }

  b.SetInsertPoint(returnBlock);
  if (function.localBytes) {
    Value *top = contextField(b.getInt64Ty(), offsetof(WarpContext, localTop),
                              /*isInvariant=*/false);
    b.CreateStore(
        b.CreateSub(top, b.getInt64(llvm::alignTo(function.localBytes, 16))),
        contextAddress(offsetof(WarpContext, localTop)));
  }
  b.CreateRetVoid();
  return false;
}

llvm::BasicBlock *FunctionTranslator::newBlock(const Twine &name) {
  return llvm::BasicBlock::Create(context, name, target);
}

llvm::AllocaInst *FunctionTranslator::frameSlot(Type *type, unsigned align) {
  llvm::IRBuilder<> entry(entryBlock, entryBlock->begin());
  auto *slot = entry.CreateAlloca(type);
  slot->setAlignment(llvm::Align(align));
  return slot;
}

llvm::AllocaInst *FunctionTranslator::tempSlot(Type *type) {
  auto &[slots, used] = tempSlots[type];
  if (used == slots.size())
    slots.push_back(frameSlot(type));
  return slots[used++];
}

void FunctionTranslator::releaseTempSlots() {
  for (auto &entry : tempSlots)
    entry.second.second = 0;
}

FunctionTranslator::Value *FunctionTranslator::toMemory(Value *value) {
  auto *slot = tempSlot(value->getType());
  b.CreateStore(value, slot);
  return slot;
}

//===----------------------------------------------------------------------===//
// Context
//===----------------------------------------------------------------------===//

FunctionTranslator::Value *FunctionTranslator::contextAddress(size_t offset) {
  return b.CreateConstInBoundsGEP1_64(b.getInt8Ty(), warpContext, offset);
}

FunctionTranslator::Value *
FunctionTranslator::contextField(Type *type, size_t offset, bool isInvariant) {
  auto *load = b.CreateAlignedLoad(type, contextAddress(offset),
                                   llvm::Align(type->isVectorTy() ? 64 : 4));
  if (isInvariant)
    load->setMetadata(llvm::LLVMContext::MD_invariant_load,
                      llvm::MDNode::get(context, {}));
  return load;
}

FunctionTranslator::Value *
FunctionTranslator::callRoutine(Routine routine, Type *result,
                                llvm::ArrayRef<Value *> arguments) {
  Value *table = contextField(b.getPtrTy(), offsetof(WarpContext, routines));
  Value *place =
      b.CreateConstInBoundsGEP1_64(b.getPtrTy(), table, unsigned(routine));
  auto *callee = b.CreateLoad(b.getPtrTy(), place);
  callee->setMetadata(llvm::LLVMContext::MD_invariant_load,
                      llvm::MDNode::get(context, {}));
  llvm::SmallVector<Type *, 8> types;
  for (Value *argument : arguments)
    types.push_back(argument->getType());
  auto *type = llvm::FunctionType::get(result, types, /*isVarArg=*/false);
  auto *call = b.CreateCall(type, callee, arguments);
  call->setDoesNotThrow();
  return call;
}

//===----------------------------------------------------------------------===//
// Values
//===----------------------------------------------------------------------===//

FunctionTranslator::Value *FunctionTranslator::constant(uint64_t value,
                                                        unsigned bits) {
  return llvm::ConstantInt::get(
      shaped(intType(bits)),
      llvm::APInt(bits, value, /*isSigned=*/false, /*implicitTrunc=*/true));
}

FunctionTranslator::Value *FunctionTranslator::laneIds(unsigned bits) {
  llvm::SmallVector<llvm::Constant *, warpSize> ids;
  for (unsigned i = 0; i < warpSize; ++i)
    ids.push_back(llvm::ConstantInt::get(intType(bits), i));
  return llvm::ConstantVector::get(ids);
}

FunctionTranslator::Value *
FunctionTranslator::immediate(const Operand &operand, unsigned bits, Ty type) {
  if (Value *number = formNumber(operand))
    return b.CreateTrunc(number, intType(bits));
  uint64_t value = uint64_t(operand.value);
  if (operand.kind == Operand::Float64 && bits == 32)
    value = llvm::bit_cast<uint32_t>(float(llvm::bit_cast<double>(value)));
  else if (operand.kind == Operand::Float32 && type == Ty::F64)
    value = llvm::bit_cast<uint64_t>(
        double(llvm::bit_cast<float>(uint32_t(value))));
  else if (operand.kind == Operand::Integer && type == Ty::F32)
    value = llvm::bit_cast<uint32_t>(float(operand.value));
  else if (operand.kind == Operand::Integer && type == Ty::F64)
    value = llvm::bit_cast<uint64_t>(double(operand.value));
  return llvm::ConstantInt::get(
      context, llvm::APInt(bits, value, false, /*implicitTrunc=*/true));
}

FunctionTranslator::Value *FunctionTranslator::sharedBase() {
  return contextField(b.getInt64Ty(), offsetof(WarpContext, shared));
}

FunctionTranslator::Value *
FunctionTranslator::symbolAddress(const Operand &operand, unsigned bits) {
  Value *address = nullptr;
  int64_t offset = operand.value;
  switch (operand.symbol) {
  case SymbolKind::Variable: {
    const VariableDecl &var = kernel.module.variables[operand.index];
    if (var.space == Space::Shared) {
      offset += int64_t(kernel.layout.offsets[operand.index]);
      return llvm::ConstantInt::getSigned(intType(bits), offset);
    }
    Value *table = contextField(b.getPtrTy(), offsetof(WarpContext, variables));
    Value *place =
        b.CreateConstInBoundsGEP1_64(b.getInt64Ty(), table, operand.index);
    auto *load = b.CreateLoad(b.getInt64Ty(), place);
    load->setMetadata(llvm::LLVMContext::MD_invariant_load,
                      llvm::MDNode::get(context, {}));
    address = load;
    break;
  }
  case SymbolKind::Local:
    address = frame;
    offset += int64_t(function.locals[operand.index].offset);
    break;
  case SymbolKind::Param:
    if (function.isEntry) {
      address = contextField(b.getInt64Ty(), offsetof(WarpContext, params));
      offset += int64_t(function.params[operand.index].offset);
      break;
    }
    [[fallthrough]];
  case SymbolKind::Return:
  case SymbolKind::CallParam: {
    // 32 of them, one behind the other
    const StorageDecl *decl = nullptr;
    Value *base = nullptr;
    if (operand.symbol == SymbolKind::CallParam) {
      decl = &function.callParams[operand.index];
      base = callParams[operand.index];
    } else {
      bool isParam = operand.symbol == SymbolKind::Param;
      decl = isParam ? &function.params[operand.index]
                     : &function.returns[operand.index];
      base = b.CreateConstInBoundsGEP1_64(b.getInt8Ty(),
                                          isParam ? paramArea : returnArea,
                                          decl->offset * warpSize);
    }
    address =
        b.CreateAdd(splat(b.CreatePtrToInt(base, b.getInt64Ty())),
                    b.CreateMul(laneIds(64), splat(b.getInt64(decl->bytes))));
    break;
  }
  case SymbolKind::Function:
    return nullptr;
  }
  return b.CreateAdd(address,
                     llvm::ConstantInt::getSigned(address->getType(), offset));
}

FunctionTranslator::Value *FunctionTranslator::special(Special reg) {
  Type *i32 = b.getInt32Ty();
  auto tid = [&](unsigned dim) {
    size_t offset = offsetof(WarpContext, tid) + dim * warpSize * 4;
    const Shape &shape = kernel.options.shape;
    if (!shape.isLinear)
      return contextField(vectorOf(i32), offset);
    Value *first = contextField(i32, offset);
    return dim ? first : b.CreateAdd(splat(first), laneIds(32));
  };
  auto field = [&](size_t offset, unsigned index = 0) {
    return contextField(i32, offset + 4 * index);
  };
  auto bit = [&] { return b.CreateShl(splat(b.getInt32(1)), laneIds(32)); };
  switch (reg) {
  case Special::TidX:
  case Special::TidY:
  case Special::TidZ:
    return tid(unsigned(reg) - unsigned(Special::TidX));
  case Special::NtidX:
  case Special::NtidY:
  case Special::NtidZ:
    return field(offsetof(WarpContext, ntid),
                 unsigned(reg) - unsigned(Special::NtidX));
  case Special::CtaidX:
  case Special::CtaidY:
  case Special::CtaidZ:
    return field(offsetof(WarpContext, ctaid),
                 unsigned(reg) - unsigned(Special::CtaidX));
  case Special::NctaidX:
  case Special::NctaidY:
  case Special::NctaidZ:
    return field(offsetof(WarpContext, nctaid),
                 unsigned(reg) - unsigned(Special::NctaidX));
  case Special::LaneId:
    return laneIds(32);
  case Special::WarpId:
    return field(offsetof(WarpContext, warp));
  case Special::NwarpId:
    return field(offsetof(WarpContext, warps));
  case Special::SmId:
    // blocks are dealt out to multiprocessors in turn
    return b.CreateURem(field(offsetof(WarpContext, ctaid)),
                        field(offsetof(WarpContext, multiprocessors)));
  case Special::NsmId:
    return field(offsetof(WarpContext, multiprocessors));
  case Special::GridId:
    return contextField(b.getInt64Ty(), offsetof(WarpContext, gridId));
  case Special::LanemaskEq:
    return bit();
  case Special::LanemaskLt:
    return b.CreateSub(bit(), splat(b.getInt32(1)));
  case Special::LanemaskLe:
    return b.CreateOr(bit(), b.CreateSub(bit(), splat(b.getInt32(1))));
  case Special::LanemaskGe:
    return b.CreateNeg(bit());
  case Special::LanemaskGt:
    return b.CreateXor(b.CreateNeg(bit()), bit());
  case Special::Clock:
  case Special::ClockHi:
  case Special::Clock64:
  case Special::GlobalTimer:
  case Special::GlobalTimerLo:
  case Special::GlobalTimerHi: {
    bool isTimer = reg >= Special::GlobalTimer;
    Value *clock =
        callRoutine(Routine::Clock, b.getInt64Ty(), {b.getInt32(isTimer)});
    if (reg == Special::Clock64 || reg == Special::GlobalTimer)
      return clock;
    bool isHigh = reg == Special::ClockHi || reg == Special::GlobalTimerHi;
    return b.CreateTrunc(isHigh ? b.CreateLShr(clock, 32) : clock, i32);
  }
  case Special::DynamicSharedBytes:
    return field(offsetof(WarpContext, dynamicShared));
  case Special::TotalSharedBytes:
    return field(offsetof(WarpContext, totalShared));
  case Special::EnvReg1:
  case Special::EnvReg2: {
    Value *workspace =
        contextField(b.getInt64Ty(), offsetof(WarpContext, gridWorkspace));
    return b.CreateTrunc(
        reg == Special::EnvReg1 ? b.CreateLShr(workspace, 32) : workspace, i32);
  }
  case Special::ClusterCtaRank:
    return b.getInt32(0);
  case Special::ClusterNctaRank:
    return b.getInt32(1);
  }
  return nullptr;
}

FunctionTranslator::Value *FunctionTranslator::loadRegister(unsigned reg) {
  return b.CreateLoad(registers[reg].type, registers[reg].pointer);
}

/// An integer of `bits` from the operand; wider registers are cut.
FunctionTranslator::Value *
FunctionTranslator::readBits(const Operand &operand, unsigned bits, Ty type) {
  Value *value = nullptr;
  switch (operand.kind) {
  case Operand::Register:
    value = loadRegister(operand.index);
    if (operand.negated)
      value = b.CreateNot(value);
    break;
  case Operand::Integer:
  case Operand::Float32:
  case Operand::Float64:
    return immediate(operand, bits, type);
  case Operand::Symbol:
    value = symbolAddress(operand, bits);
    break;
  case Operand::SpecialReg:
    value = special(Special(operand.index));
    break;
  default:
    break;
  }
  if (!value) {
    fail(*current, "an operand is of the wrong kind");
    return nullptr;
  }
  unsigned have = value->getType()->getScalarSizeInBits();
  if (have == bits)
    return value;
  if (have < bits && operand.kind == Operand::Register) {
    fail(*current, "a register is smaller than the instruction's type");
    return nullptr;
  }
  Type *type2 = value->getType()->getWithNewBitWidth(bits);
  return b.CreateZExtOrTrunc(value, type2);
}

FunctionTranslator::Value *FunctionTranslator::read(const Operand &operand,
                                                    Ty type) {
  return readBits(operand, bitsOf(type), type);
}

void FunctionTranslator::unify(llvm::MutableArrayRef<Value *> values) {
  lanes = 1;
  for (Value *value : values)
    if (isVector(value))
      lanes = warpSize;
  if (lanes == 1)
    return;
  for (Value *&value : values)
    value = toVector(value);
}

bool FunctionTranslator::readAll(const Instruction &inst, unsigned first,
                                 llvm::ArrayRef<Ty> types, Values &values) {
  for (unsigned i = 0; i < types.size(); ++i) {
    if (first + i >= inst.operands.size())
      return fail(inst, "too few operands");
    if (types[i] == Ty::None)
      return fail(inst, "the instruction lacks a type");
    Value *value = read(inst.operands[first + i], types[i]);
    if (!value)
      return true;
    values.push_back(value);
  }
  unify(values);
  return false;
}

void FunctionTranslator::storeRegister(unsigned reg, Value *value) {
  Value *slot = registers[reg].pointer;
  bool isUniformReg = analysis.isUniform(reg);
  if (isUniformReg) {
    // analysis promises that all lanes agree
    if (isVector(value))
      value = b.CreateExtractElement(value, uint64_t(0));
    if (scalarGuard)
      value = b.CreateSelect(scalarGuard, value, loadRegister(reg));
    b.CreateStore(value, slot);
    return;
  }
  value = toVector(value);
  // where other lanes may still need the old value, it is kept
  bool keepsOthers = region >= 0 && mask && analysis.crossBlock[reg];
  Value *lanesMask = nullptr;
  if (guardMask)
    lanesMask = keepsOthers ? b.CreateAnd(mask, guardMask) : guardMask;
  else if (keepsOthers)
    lanesMask = mask;
  if (lanesMask)
    value = b.CreateSelect(lanesMask, value, loadRegister(reg));
  if (scalarGuard)
    value = b.CreateSelect(scalarGuard, value, loadRegister(reg));
  b.CreateStore(value, slot);
}

bool FunctionTranslator::write(const Instruction &inst, const Operand &operand,
                               Value *value, Ty type) {
  if (operand.kind == Operand::Sink)
    return false;
  if (operand.kind != Operand::Register)
    return fail(inst, "the result is not a register");
  unsigned bits = registers[operand.index].type->getScalarSizeInBits();
  unsigned have = value->getType()->getScalarSizeInBits();
  if ((have == 1) != (bits == 1) || have > bits)
    return fail(inst, "the result's register has the wrong size");
  Type *wide = value->getType()->getWithNewBitWidth(bits);
  if (have < bits)
    value =
        isSigned(type) ? b.CreateSExt(value, wide) : b.CreateZExt(value, wide);
  storeRegister(operand.index, value);
  return false;
}

bool FunctionTranslator::writeVector(const Instruction &inst,
                                     const Operand &operand,
                                     llvm::ArrayRef<Value *> values, Ty type) {
  if (operand.kind != Operand::Vector) {
    if (values.size() != 1)
      return fail(inst, "the result is not a vector");
    return write(inst, operand, values[0], type);
  }
  if (operand.elements.size() != values.size())
    return fail(inst, "the result has the wrong number of registers");
  for (unsigned i = 0; i < values.size(); ++i)
    if (write(inst, operand.elements[i], values[i], type))
      return true;
  return false;
}

//===----------------------------------------------------------------------===//
// Masks
//===----------------------------------------------------------------------===//

FunctionTranslator::Value *FunctionTranslator::activeMask() {
  if (mask && guardMask)
    return b.CreateAnd(mask, guardMask);
  if (mask)
    return mask;
  if (guardMask)
    return guardMask;
  return llvm::Constant::getAllOnesValue(vectorOf(b.getInt1Ty()));
}

FunctionTranslator::Value *FunctionTranslator::anyLane(Value *lanesMask) {
  return b.CreateICmpNE(maskBits(lanesMask), b.getInt32(0));
}

FunctionTranslator::Value *FunctionTranslator::allLanes(Value *lanesMask) {
  return b.CreateICmpEQ(maskBits(lanesMask), b.getInt32(~0u));
}

FunctionTranslator::Value *FunctionTranslator::liveMask() {
  if (live)
    return b.CreateLoad(vectorOf(b.getInt1Ty()), live);
  return llvm::Constant::getAllOnesValue(vectorOf(b.getInt1Ty()));
}
