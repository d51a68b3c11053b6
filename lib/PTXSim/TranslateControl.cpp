//===- TranslateControl.cpp - PTX to LLVM IR: control flow ----------------===//
//
// Uniform blocks become LLVM blocks. A region of divergent blocks becomes a
// scan over its blocks in order: each has a set of waiting lanes; if there are
// any, the block is run for them and adds them to the sets of its successors.
// Behind the last block of a loop, the scan goes back to the loop's head while
// lanes wait there. All lanes have left when the scan ends.
//
//===----------------------------------------------------------------------===//

#include "Translator.h"

#include "dlc/PTXSim/Engine.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/IR/MDBuilder.h"

using namespace dlc::ptxsim;

//===----------------------------------------------------------------------===//
// Edges
//===----------------------------------------------------------------------===//

void FunctionTranslator::addPending(unsigned block, Value *lanesMask) {
  if (analysis.blocks[block].region < 0)
    return; // the exit of the region: lanes that have left wait for its end
  llvm::AllocaInst *slot = waiting[block];
  Value *old = b.CreateLoad(slot->getAllocatedType(), slot);
  b.CreateStore(b.CreateOr(old, lanesMask), slot);
}

/// On the way to a block that may have been run before: counts a round of the
/// loop. Now and then the engine is asked whether the warp waits for others.
void FunctionTranslator::countRound(unsigned block) {
  const Block &from = analysis.blocks[blockIndex];
  if (analysis.blocks[block].position > from.position)
    return;
  Value *place = contextAddress(offsetof(WarpContext, rounds));
  Value *left = b.CreateSub(b.CreateLoad(b.getInt32Ty(), place), b.getInt32(1));
  b.CreateStore(left, place);
  llvm::BasicBlock *turn = newBlock("turn"), *goOn = newBlock("round");
  b.CreateCondBr(b.CreateIsNull(left), turn, goOn,
                 llvm::MDBuilder(context).createUnlikelyBranchWeights());
  b.SetInsertPoint(turn);
  unsigned last = from.terminator >= 0    ? unsigned(from.terminator)
                  : from.end > from.begin ? from.end - 1
                                          : from.begin;
  callRoutine(Routine::Turn, b.getVoidTy(),
              {warpContext, b.getInt32(function.body[last].line)});
  b.CreateBr(goOn);
  b.SetInsertPoint(goOn);
}

/// From a uniform block to another block, with all live lanes.
void FunctionTranslator::jumpTo(unsigned block) {
  countRound(block);
  if (analysis.blocks[block].region >= 0)
    addPending(block, liveMask());
  b.CreateBr(entries[block]);
}

/// From a uniform block into a region: `edges` say which lanes go where.
void FunctionTranslator::enterRegion(
    llvm::ArrayRef<std::pair<unsigned, Value *>> edges) {
  const unsigned none = ~0u;
  unsigned first = none;
  for (auto [block, lanesMask] : edges) {
    addPending(block, lanesMask);
    const Block &to = analysis.blocks[block];
    if (to.region >= 0 &&
        (first == none || to.position < analysis.blocks[first].position))
      first = block;
  }
  // no successor in a region: all of them are the block where lanes meet
  unsigned next = first == none ? edges.front().first : first;
  countRound(next);
  b.CreateBr(entries[next]);
}

/// Takes lanes out of the live mask.
void FunctionTranslator::retire(Value *lanesMask) {
  b.CreateStore(b.CreateAnd(liveMask(), b.CreateNot(lanesMask)), live);
}

void FunctionTranslator::emitReturn() { b.CreateBr(returnBlock); }

FunctionTranslator::Value *
FunctionTranslator::guardValue(const Instruction &inst) {
  Value *guard = loadRegister(unsigned(inst.guard));
  return inst.guardNegated ? b.CreateNot(guard) : guard;
}

//===----------------------------------------------------------------------===//
// Blocks
//===----------------------------------------------------------------------===//

bool FunctionTranslator::translateBlock(unsigned index) {
  const Block &block = analysis.blocks[index];
  blockIndex = index;
  region = block.region;
  if (region < 0) {
    b.SetInsertPoint(entries[index]);
    setMask(live ? liveMask() : nullptr);
  }
  unsigned end = block.terminator >= 0 ? block.terminator : block.end;
  for (unsigned i = block.begin; i < end; ++i)
    if (translateInstruction(function.body[i]))
      return true;
  return emitTerminator(index);
}

bool FunctionTranslator::emitTerminator(unsigned index) {
  const Block &block = analysis.blocks[index];
  current = block.terminator >= 0 ? &function.body[block.terminator] : nullptr;
  guardMask = scalarGuard = nullptr;
  return block.region < 0 ? emitUniformEnd(index) : emitDivergentEnd(index);
}

/// The lanes of a switch that go to successor `target`: an index out of range
/// is undefined; such lanes take the last target.
FunctionTranslator::Value *
FunctionTranslator::switchTarget(const Instruction &inst, unsigned position,
                                 unsigned count, Value *index) {
  Value *number = llvm::ConstantInt::get(index->getType(), position);
  Value *match = position + 1 == count ? b.CreateICmpUGE(index, number)
                                       : b.CreateICmpEQ(index, number);
  if (inst.guard < 0)
    return match;
  Value *guard = guardValue(inst);
  if (isVector(guard) != isVector(match)) {
    guard = toVector(guard);
    match = toVector(match);
  }
  return b.CreateAnd(match, guard);
}

bool FunctionTranslator::emitUniformEnd(unsigned index) {
  const Block &block = analysis.blocks[index];
  switch (block.kind) {
  case End::Return:
    emitReturn();
    return false;
  case End::Jump:
    jumpTo(block.succs[0]);
    return false;
  case End::Branch: {
    Value *guard = guardValue(*current);
    if (isVector(guard)) {
      Value *all = activeMask();
      enterRegion({{block.succs[0], b.CreateAnd(all, guard)},
                   {block.succs[1], b.CreateAnd(all, b.CreateNot(guard))}});
      return false;
    }
    llvm::BasicBlock *taken = newBlock("taken"), *other = newBlock("other");
    b.CreateCondBr(guard, taken, other);
    b.SetInsertPoint(taken);
    jumpTo(block.succs[0]);
    b.SetInsertPoint(other);
    jumpTo(block.succs[1]);
    return false;
  }
  case End::RetireTaken:
  case End::RetireOther: {
    Value *guard = toVector(guardValue(*current));
    retire(block.kind == End::RetireTaken ? guard : b.CreateNot(guard));
    llvm::BasicBlock *goOn = newBlock("go.on");
    b.CreateCondBr(anyLane(liveMask()), goOn, returnBlock);
    b.SetInsertPoint(goOn);
    jumpTo(block.succs[0]);
    return false;
  }
  case End::Switch:
    break;
  }
  Value *selector = readBits(current->operands[0], 32, Ty::U32);
  if (!selector)
    return true;
  unsigned count = function.targetLists[current->operands[1].index].size();
  bool isDivergent =
      isVector(selector) ||
      (current->guard >= 0 && !analysis.isUniform(current->guard));
  if (isDivergent) {
    llvm::SmallVector<std::pair<unsigned, Value *>, 8> edges;
    Value *all = activeMask();
    for (unsigned i = 0; i < count; ++i)
      edges.push_back({block.succs[i],
                       b.CreateAnd(all, toVector(switchTarget(
                                            *current, i, count, selector)))});
    if (block.succs.size() > count)
      edges.push_back(
          {block.succs.back(),
           b.CreateAnd(all, b.CreateNot(toVector(guardValue(*current))))});
    enterRegion(edges);
    return false;
  }
  for (unsigned i = 0; i < block.succs.size(); ++i) {
    if (i + 1 == block.succs.size()) {
      jumpTo(block.succs[i]);
      break;
    }
    llvm::BasicBlock *taken = newBlock("case"), *other = newBlock("other");
    b.CreateCondBr(switchTarget(*current, i, count, selector), taken, other);
    b.SetInsertPoint(taken);
    jumpTo(block.succs[i]);
    b.SetInsertPoint(other);
  }
  return false;
}

bool FunctionTranslator::emitDivergentEnd(unsigned index) {
  const Block &block = analysis.blocks[index];
  switch (block.kind) {
  case End::Return:
    retire(mask);
    break;
  case End::Jump:
    addPending(block.succs[0], mask);
    break;
  case End::Branch: {
    Value *guard = toVector(guardValue(*current));
    addPending(block.succs[0], b.CreateAnd(mask, guard));
    addPending(block.succs[1], b.CreateAnd(mask, b.CreateNot(guard)));
    break;
  }
  case End::RetireTaken:
  case End::RetireOther: {
    Value *guard = toVector(guardValue(*current));
    if (block.kind == End::RetireOther)
      guard = b.CreateNot(guard);
    retire(b.CreateAnd(mask, guard));
    addPending(block.succs[0], b.CreateAnd(mask, b.CreateNot(guard)));
    break;
  }
  case End::Switch: {
    Value *selector = readBits(current->operands[0], 32, Ty::U32);
    if (!selector)
      return true;
    unsigned count = function.targetLists[current->operands[1].index].size();
    for (unsigned i = 0; i < count; ++i)
      addPending(block.succs[i],
                 b.CreateAnd(mask, toVector(switchTarget(*current, i, count,
                                                         selector))));
    if (block.succs.size() > count)
      addPending(
          block.succs.back(),
          b.CreateAnd(mask, b.CreateNot(toVector(guardValue(*current)))));
    break;
  }
  }
  b.CreateBr(afterBlock);
  return false;
}

void FunctionTranslator::emitRegion(unsigned number) {
  const Region &scan = analysis.regions[number];
  // the last block with an edge back to a head: there the scan may go back
  llvm::DenseMap<unsigned, llvm::SmallVector<unsigned, 1>> headsOfLast;
  llvm::DenseMap<unsigned, unsigned> lastOfHead;
  bool returns = scan.exit < 0;
  for (unsigned index : scan.blocks) {
    const Block &block = analysis.blocks[index];
    returns |= block.kind == End::Return || block.kind == End::RetireTaken ||
               block.kind == End::RetireOther;
    for (unsigned i = block.begin; i < block.end; ++i)
      returns |=
          function.body[i].op == Op::Ret || function.body[i].op == Op::Exit;
    for (unsigned s : block.succs)
      if (analysis.blocks[s].region == int(number) &&
          analysis.blocks[s].position <= block.position)
        lastOfHead[s] = index;
  }
  for (unsigned index : scan.blocks) // heads in order: the outermost first
    if (auto it = lastOfHead.find(index); it != lastOfHead.end())
      headsOfLast[it->second].push_back(index);

  for (unsigned i = 0; i < scan.blocks.size(); ++i) {
    unsigned index = scan.blocks[i];
    afterBlock = newBlock("after" + llvm::Twine(index));
    llvm::BasicBlock *body = newBlock("body" + llvm::Twine(index));
    b.SetInsertPoint(entries[index]);
    llvm::AllocaInst *slot = waiting[index];
    setMask(b.CreateLoad(slot->getAllocatedType(), slot));
    b.CreateCondBr(anyLane(mask), body, afterBlock);
    b.SetInsertPoint(body);
    b.CreateStore(llvm::Constant::getNullValue(slot->getAllocatedType()), slot);
    if (translateBlock(index))
      return;

    b.SetInsertPoint(afterBlock);
    // of nested loops that end here the innermost goes on first
    for (unsigned head : llvm::reverse(headsOfLast[index])) {
      llvm::BasicBlock *back = newBlock("loop.back"),
                       *goOn = newBlock("loop.end");
      Value *lanesMask =
          b.CreateLoad(waiting[head]->getAllocatedType(), waiting[head]);
      b.CreateCondBr(anyLane(lanesMask), back, goOn);
      b.SetInsertPoint(back);
      countRound(head);
      b.CreateBr(entries[head]);
      b.SetInsertPoint(goOn);
    }
    if (i + 1 < scan.blocks.size()) {
      b.CreateBr(entries[scan.blocks[i + 1]]);
      continue;
    }
    if (scan.exit < 0) {
      emitReturn();
      continue;
    }
    if (returns) {
      llvm::BasicBlock *goOn = newBlock("go.on");
      b.CreateCondBr(anyLane(liveMask()), goOn, returnBlock);
      b.SetInsertPoint(goOn);
    }
    jumpTo(unsigned(scan.exit));
  }
}

//===----------------------------------------------------------------------===//
// Instructions
//===----------------------------------------------------------------------===//

/// `@%p ret`: the lanes return, the others go on.
bool FunctionTranslator::guardedReturn(const Instruction &inst) {
  Value *guard = toVector(guardValue(inst));
  Value *leaving = mask ? b.CreateAnd(mask, guard) : guard;
  retire(leaving);
  Value *rest = region < 0 ? liveMask() : b.CreateAnd(mask, b.CreateNot(guard));
  llvm::BasicBlock *goOn = newBlock("go.on");
  b.CreateCondBr(anyLane(rest), goOn, region < 0 ? returnBlock : afterBlock);
  b.SetInsertPoint(goOn);
  setMask(rest);
  return false;
}

/// Whether an instruction must not be executed for lanes whose guard is false.
/// The others are computed for all and selected.
static bool hasEffect(const Instruction &inst) {
  switch (inst.op) {
  case Op::Ld:
  case Op::Ldu:
  case Op::St:
  case Op::Atom:
  case Op::Red:
  case Op::CpAsync:
  case Op::Bar:
  case Op::Barrier:
  case Op::Trap:
  case Op::Call:
  case Op::Shfl:
  case Op::Vote:
  case Op::Match:
  case Op::Redux:
  case Op::Elect:
  case Op::Ldmatrix:
  case Op::Stmatrix:
  case Op::Movmatrix:
  case Op::Mma:
  case Op::Wmma:
    return true;
  default:
    return false;
  }
}

void FunctionTranslator::setMask(Value *lanesMask) {
  mask = lanesMask;
  maskWord = mask && kernel.options.quick ? maskBits(mask) : nullptr;
}

bool FunctionTranslator::translateInstruction(const Instruction &inst) {
  current = &inst;
  if (inst.op == Op::Ret || inst.op == Op::Exit) {
    guardMask = scalarGuard = nullptr;
    if (inst.op == Op::Exit && !function.isEntry)
      return fail(inst, "'exit' outside of a kernel is not supported");
    return guardedReturn(inst);
  }
  return hasForm(inst) ? callForm(inst) : translateGuarded(inst);
}

bool FunctionTranslator::translateGuarded(const Instruction &inst) {
  guardMask = scalarGuard = nullptr;
  lanes = 1;
  releaseTempSlots();
  if (inst.guard < 0)
    return dispatch(inst);
  Value *guard = guardValue(inst);
  if (!hasEffect(inst)) {
    (isVector(guard) ? guardMask : scalarGuard) = guard;
    return dispatch(inst);
  }
  Value *any = guard;
  if (isVector(guard)) {
    guardMask = guard;
    any = anyLane(activeMask());
  }
  llvm::BasicBlock *run = newBlock("guarded"), *skip = newBlock("skip");
  b.CreateCondBr(any, run, skip);
  b.SetInsertPoint(run);
  if (dispatch(inst))
    return true;
  b.CreateBr(skip);
  b.SetInsertPoint(skip);
  return false;
}

bool FunctionTranslator::dispatch(const Instruction &inst) {
  switch (inst.op) {
  case Op::Add:
  case Op::Sub:
  case Op::Mul:
  case Op::Mul24:
  case Op::Mad:
  case Op::Mad24:
  case Op::Fma:
  case Op::Div:
  case Op::Rem:
  case Op::Abs:
  case Op::Neg:
  case Op::Min:
  case Op::Max:
    return translateArith(inst);
  case Op::Addc:
  case Op::Subc:
  case Op::Madc:
    return translateCarry(inst);
  case Op::Sad:
  case Op::Popc:
  case Op::Clz:
  case Op::Bfind:
  case Op::Fns:
  case Op::Brev:
  case Op::Bfe:
  case Op::Bfi:
  case Op::Bmsk:
  case Op::Szext:
  case Op::Dp4a:
  case Op::Dp2a:
  case Op::Prmt:
    return translateBits(inst);
  case Op::And:
  case Op::Or:
  case Op::Xor:
  case Op::Not:
  case Op::Cnot:
  case Op::Lop3:
    return translateLogic(inst);
  case Op::Shf:
  case Op::Shl:
  case Op::Shr:
    return translateShift(inst);
  case Op::Rcp:
  case Op::Sqrt:
  case Op::Rsqrt:
  case Op::Sin:
  case Op::Cos:
  case Op::Lg2:
  case Op::Ex2:
  case Op::Tanh:
    return translateApprox(inst);
  case Op::Copysign:
  case Op::Testp:
    return translateFloat(inst);
  case Op::Set:
  case Op::Setp:
    return translateCompare(inst);
  case Op::Selp:
  case Op::Slct:
    return translateSelect(inst);
  case Op::Mov:
    return translateMov(inst);
  case Op::Cvt:
    return translateConvert(inst);
  case Op::Cvta:
    return translateCvta(inst);
  case Op::Isspacep:
    return translateIsspacep(inst);
  case Op::Ld:
  case Op::Ldu:
    return translateLoad(inst);
  case Op::St:
    return translateStore(inst);
  case Op::Atom:
  case Op::Red:
    return translateAtomic(inst);
  case Op::CpAsync:
    return translateAsyncCopy(inst);
  case Op::Call:
    return translateCall(inst);
  case Op::Bar:
  case Op::Barrier:
    return translateBarrier(inst);
  case Op::Shfl:
    return translateShuffle(inst);
  case Op::Vote:
  case Op::Activemask:
  case Op::Elect:
    return translateVote(inst);
  case Op::Match:
    return translateMatch(inst);
  case Op::Redux:
    return translateRedux(inst);
  case Op::Ldmatrix:
    return translateLdmatrix(inst);
  case Op::Stmatrix:
    return translateStmatrix(inst);
  case Op::Movmatrix:
    return translateMovmatrix(inst);
  case Op::Mma:
    return translateMma(inst);
  case Op::Wmma:
    return translateWmma(inst);
  case Op::CreatePolicy: {
    Value *policy = b.getInt64(0); // a hint for a cache that is not simulated
    return write(inst, inst.operands[0], policy, Ty::B64);
  }
  case Op::Trap:
    callRoutine(Routine::Fault, b.getVoidTy(),
                {warpContext, b.getInt32(unsigned(FaultKind::Trap)),
                 maskBits(activeMask()), lineOf(inst)});
    return false;
  // memory is always in order here, and there is no cache
  case Op::Membar:
  case Op::Fence:
  case Op::Prefetch:
  case Op::Prefetchu:
  case Op::Discard:
  case Op::ApplyPriority:
  case Op::Nanosleep:
  case Op::Brkpt:
  case Op::Pmevent:
  case Op::Griddepcontrol:
    return false;
  default:
    return unsupported(inst);
  }
}

//===----------------------------------------------------------------------===//
// Calls
//===----------------------------------------------------------------------===//

bool FunctionTranslator::translateCall(const Instruction &inst) {
  // call [(results),] function [, (arguments)]
  unsigned next = 0;
  llvm::ArrayRef<Operand> results, arguments;
  if (inst.operands[0].kind == Operand::Vector)
    results = inst.operands[next++].elements;
  if (next >= inst.operands.size() ||
      inst.operands[next].kind != Operand::Symbol ||
      inst.operands[next].symbol != SymbolKind::Function)
    return fail(inst, "indirect calls are not supported");
  unsigned callee = inst.operands[next++].index;
  if (next < inst.operands.size()) {
    if (inst.operands[next].kind != Operand::Vector ||
        next + 1 != inst.operands.size())
      return fail(inst, "indirect calls are not supported");
    arguments = inst.operands[next].elements;
  }
  const FunctionIR &to = *kernel.module.functions[callee];
  if (to.isEntry)
    return fail(inst, "a kernel can not be called");
  if (arguments.size() != to.params.size() ||
      results.size() != to.returns.size())
    return fail(inst,
                "wrong number of arguments or results of '" + to.name + "'");
  auto area = [&](llvm::ArrayRef<StorageDecl> decls) {
    uint64_t bytes = 1;
    for (const StorageDecl &decl : decls)
      bytes = std::max(bytes, decl.offset + decl.bytes);
    return tempSlot(llvm::ArrayType::get(b.getInt8Ty(), bytes * warpSize));
  };
  auto forEach = [&](llvm::ArrayRef<Operand> operands,
                     llvm::ArrayRef<StorageDecl> decls, Value *base,
                     bool isIn) {
    for (unsigned i = 0; i < operands.size(); ++i) {
      const Operand &operand = operands[i];
      if (operand.kind != Operand::Symbol ||
          operand.symbol != SymbolKind::CallParam)
        return fail(inst, "an argument is not a .param variable");
      const StorageDecl &own = function.callParams[operand.index];
      if (own.bytes != decls[i].bytes)
        return fail(inst, "an argument has the wrong size");
      Value *place = b.CreateConstInBoundsGEP1_64(b.getInt8Ty(), base,
                                                  decls[i].offset * warpSize);
      Value *variable = callParams[operand.index];
      b.CreateMemCpy(isIn ? place : variable, llvm::Align(1),
                     isIn ? variable : place, llvm::Align(1),
                     own.bytes * warpSize);
    }
    return false;
  };
  Value *in = area(to.params), *out = area(to.returns);
  if (forEach(arguments, to.params, in, true))
    return true;
  return callFunction(inst, callee, in, out) ||
         forEach(results, to.returns, out, false);
}

/// The call itself, with arguments and results in memory: those of 32 lanes one
/// behind another.
bool FunctionTranslator::callFunction(const Instruction &inst, unsigned callee,
                                      Value *in, Value *out) {
  const FunctionIR &to = *kernel.module.functions[callee];
  Value *active = maskBits(activeMask()), *line = lineOf(inst);
  if (!to.hasBody) {
    if (to.name == "vprintf" && to.paramBytes == 16 && to.returns.size() == 1)
      callRoutine(Routine::Print, b.getVoidTy(),
                  {warpContext, in, out, active, line});
    else if (to.name == "__assertfail" && to.paramBytes == 40)
      callRoutine(Routine::AssertFail, b.getVoidTy(),
                  {warpContext, in, active, line});
    else
      return fail(inst,
                  "function '" + to.name + "' has no body in this module");
    return false;
  }
  if (!kernel.functions[callee]) {
    kernel.functions[callee] = llvm::Function::Create(
        llvm::FunctionType::get(
            b.getVoidTy(),
            {b.getPtrTy(), b.getInt32Ty(), b.getPtrTy(), b.getPtrTy()}, false),
        llvm::Function::InternalLinkage, "f" + llvm::Twine(callee),
        kernel.llvmModule);
    kernel.functions[callee]->addFnAttr(llvm::Attribute::NoUnwind);
    kernel.functions[callee]->addFnAttr(llvm::Attribute::NoInline);
    kernel.pending.push_back(callee);
  }
  b.CreateCall(kernel.functions[callee], {warpContext, active, in, out});
  return false;
}
