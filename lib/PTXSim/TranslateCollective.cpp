//===- TranslateCollective.cpp - PTX to LLVM IR: warp and block -----------===//

#include "Translator.h"

#include "dlc/PTXSim/Engine.h"

#include "llvm/IR/Intrinsics.h"

using namespace dlc::ptxsim;

/// Reports lanes that an instruction waits for and that do not come: in lock
/// step all lanes that will ever execute it are here now.
void FunctionTranslator::checkMembers(const Instruction &inst, Value *members) {
  Value *active = maskBits(activeMask());
  members = isVector(members) ? b.CreateOrReduce(members) : members;
  Value *missing = b.CreateAnd(b.CreateAnd(members, maskBits(liveMask())),
                               b.CreateNot(active));
  Value *foreign = b.CreateAnd(active, b.CreateNot(members));
  Value *wrong = b.CreateOr(missing, foreign);
  if (auto *constant = llvm::dyn_cast<llvm::ConstantInt>(wrong);
      constant && constant->isZero())
    return;
  llvm::BasicBlock *bad = newBlock("members.bad"), *good = newBlock("members");
  b.CreateCondBr(b.CreateIsNotNull(wrong), bad, good);
  b.SetInsertPoint(bad);
  callRoutine(Routine::Fault, b.getVoidTy(),
              {warpContext, b.getInt32(unsigned(FaultKind::MissingLanes)),
               wrong, b.getInt32(inst.line)});
  b.CreateBr(good);
  b.SetInsertPoint(good);
}

//===----------------------------------------------------------------------===//
// Barriers
//===----------------------------------------------------------------------===//

bool FunctionTranslator::translateBarrier(const Instruction &inst) {
  if (inst.has("cluster"))
    return fail(inst, "clusters are not supported by the simulator");
  if (inst.has("warp")) {
    Value *members = read(inst.operands[0], Ty::B32);
    if (!members)
      return true;
    checkMembers(inst, members);
    return false;
  }
  // the kinds of BarrierKind
  unsigned kind = inst.has("sync")     ? 0
                  : inst.has("arrive") ? 1
                  : inst.has("popc")   ? 2
                  : inst.has("and")    ? 3
                  : inst.has("or")     ? 4
                                       : 5;
  if (kind == 5)
    return unsupported(inst);
  unsigned next = kind >= 2 ? 1 : 0;
  auto scalar = [&](const Operand &operand) -> Value * {
    Value *value = read(operand, Ty::U32);
    if (value && isVector(value)) // one barrier for all lanes of a warp
      value = b.CreateExtractElement(
          value, b.CreateBinaryIntrinsic(llvm::Intrinsic::cttz,
                                         maskBits(activeMask()), b.getTrue()));
    return value;
  };
  if (inst.operands.size() <= next)
    return fail(inst, "wrong number of operands");
  Value *id = scalar(inst.operands[next++]);
  Value *count = b.getInt32(0); // all threads of the block
  unsigned left = inst.operands.size() - next;
  if (left > (kind >= 2 ? 1u : 0u))
    count = scalar(inst.operands[next++]);
  if (!id || !count)
    return true;
  Value *predicate = llvm::Constant::getNullValue(vectorOf(b.getInt1Ty()));
  if (kind >= 2) {
    if (next >= inst.operands.size())
      return fail(inst, "wrong number of operands");
    Value *value = read(inst.operands[next], Ty::Pred);
    if (!value)
      return true;
    predicate = toVector(value);
  }
  callRoutine(Routine::Barrier, b.getVoidTy(),
              {warpContext, id, count, b.getInt32(kind),
               maskBits(b.CreateAnd(predicate, activeMask())),
               maskBits(activeMask()), maskBits(liveMask()),
               b.getInt32(inst.line)});
  if (kind < 2)
    return false;
  Value *result =
      contextField(b.getInt32Ty(), offsetof(WarpContext, barrierResult), false);
  if (kind == 2)
    return write(inst, inst.operands[0], result, Ty::U32);
  return write(inst, inst.operands[0], b.CreateIsNotNull(result), Ty::Pred);
}

//===----------------------------------------------------------------------===//
// Shuffles
//===----------------------------------------------------------------------===//

bool FunctionTranslator::translateShuffle(const Instruction &inst) {
  bool isSync = inst.has("sync");
  if (inst.operands.size() != (isSync ? 5u : 4u) || bitsOf(inst.type()) != 32)
    return unsupported(inst);
  const Operand &to = inst.operands[0];
  Value *value = read(inst.operands[1], Ty::B32);
  Value *amount = read(inst.operands[2], Ty::B32);
  Value *control = read(inst.operands[3], Ty::B32);
  if (!value || !amount || !control)
    return true;
  if (isSync) {
    Value *members = read(inst.operands[4], Ty::B32);
    if (!members)
      return true;
    checkMembers(inst, members);
  }
  value = toVector(value);
  lanes = warpSize;
  // PTX ISA, "shfl.sync": from which lane, and whether it is in the segment.
  // With constant operands all of this folds.
  amount = b.CreateAnd(toVector(amount), constant(31, 32));
  control = toVector(control);
  Value *lane = laneIds(32);
  Value *clamp = b.CreateAnd(control, constant(31, 32));
  Value *segment =
      b.CreateAnd(b.CreateLShr(control, constant(8, 32)), constant(31, 32));
  Value *outside = b.CreateNot(segment);
  Value *least = b.CreateAnd(lane, segment);
  Value *most = b.CreateOr(least, b.CreateAnd(clamp, outside));
  Value *source = nullptr, *isInside = nullptr;
  if (inst.has("up")) {
    source = b.CreateSub(lane, amount);
    isInside = b.CreateICmpSGE(source, most);
  } else {
    source = inst.has("down") ? b.CreateAdd(lane, amount)
             : inst.has("bfly")
                 ? b.CreateXor(lane, amount)
                 : b.CreateOr(least, b.CreateAnd(amount, outside));
    isInside = b.CreateICmpSLE(source, most);
  }
  source = b.CreateSelect(isInside, source, lane);
  Value *result = nullptr;
  if (auto *known = llvm::dyn_cast<llvm::Constant>(source)) {
    llvm::SmallVector<int, 32> indices;
    for (unsigned i = 0; i < warpSize; ++i) {
      auto *index = llvm::dyn_cast_or_null<llvm::ConstantInt>(
          known->getAggregateElement(i));
      indices.push_back(index ? int(index->getZExtValue() & 31) : 0);
    }
    result = b.CreateShuffleVector(value, indices);
  } else {
    Value *slot = toMemory(value);
    source = b.CreateAnd(source, constant(31, 32));
    Value *places =
        b.CreateAdd(splat(b.CreatePtrToInt(slot, b.getInt64Ty())),
                    b.CreateShl(b.CreateZExt(source, vectorOf(b.getInt64Ty())),
                                splat(b.getInt64(2))));
    auto *out = tempSlot(value->getType());
    b.CreateCall(gatherHelper(32, 1), {toMemory(places), out});
    result = b.CreateLoad(value->getType(), out);
  }
  if (to.kind != Operand::Pair)
    return write(inst, to, result, Ty::B32);
  return write(inst, to.elements[0], result, Ty::B32) ||
         write(inst, to.elements[1], isInside, Ty::Pred);
}

//===----------------------------------------------------------------------===//
// Votes
//===----------------------------------------------------------------------===//

bool FunctionTranslator::translateVote(const Instruction &inst) {
  Value *active = maskBits(activeMask());
  const Operand &to = inst.operands[0];
  if (inst.op == Op::Activemask)
    return write(inst, to, active, Ty::B32);
  bool isElect = inst.op == Op::Elect;
  Value *members = active;
  unsigned position = isElect ? 1 : 2;
  if (inst.has("sync")) {
    if (inst.operands.size() <= position)
      return fail(inst, "wrong number of operands");
    members = read(inst.operands[position], Ty::B32);
    if (!members)
      return true;
    if (isVector(members)) // lanes with different masks vote separately
      return fail(inst, "member masks that differ between lanes are not "
                        "supported by the simulator");
    checkMembers(inst, members);
    members = b.CreateAnd(members, active);
  }
  if (isElect) {
    Value *leader =
        b.CreateBinaryIntrinsic(llvm::Intrinsic::cttz, members, b.getFalse());
    Value *isLeader = b.CreateICmpEQ(laneIds(32), splat(leader));
    if (to.kind != Operand::Pair)
      return unsupported(inst);
    return write(inst, to.elements[0], leader, Ty::B32) ||
           write(inst, to.elements[1], isLeader, Ty::Pred);
  }
  Value *predicate = read(inst.operands[1], Ty::Pred);
  if (!predicate)
    return true;
  Value *votes = b.CreateAnd(maskBits(toVector(predicate)), members);
  if (inst.has("ballot"))
    return write(inst, to, votes, Ty::B32);
  Value *all = b.CreateICmpEQ(votes, members);
  Value *none = b.CreateIsNull(votes);
  Value *result = inst.has("all")   ? all
                  : inst.has("any") ? b.CreateNot(none)
                                    : b.CreateOr(all, none);
  return write(inst, to, result, Ty::Pred);
}

bool FunctionTranslator::translateMatch(const Instruction &inst) {
  unsigned bits = bitsOf(inst.type());
  if (bits != 32 && bits != 64)
    return unsupported(inst);
  Value *value = read(inst.operands[1], inst.type());
  Value *members = read(inst.operands[2], Ty::B32);
  if (!value || !members)
    return true;
  checkMembers(inst, members);
  if (isVector(members))
    members = b.CreateOrReduce(members);
  bool isAll = inst.has("all");
  value = b.CreateZExt(toVector(value), vectorOf(b.getInt64Ty()));
  auto *out = tempSlot(vectorOf(b.getInt32Ty()));
  Value *agreed =
      callRoutine(Routine::Match, b.getInt32Ty(),
                  {b.getInt32(isAll), toMemory(value),
                   b.CreateAnd(maskBits(activeMask()), members), out});
  Value *masks = b.CreateLoad(out->getAllocatedType(), out);
  const Operand &to = inst.operands[0];
  if (to.kind != Operand::Pair)
    return write(inst, to, masks, Ty::B32);
  return write(inst, to.elements[0], masks, Ty::B32) ||
         write(inst, to.elements[1], splat(b.CreateIsNotNull(agreed)),
               Ty::Pred);
}

bool FunctionTranslator::translateRedux(const Instruction &inst) {
  Ty type = inst.type();
  if (bitsOf(type) != 32 || isFloat(type))
    return unsupported(inst);
  Value *value = read(inst.operands[1], type);
  Value *members = read(inst.operands[2], Ty::B32);
  if (!value || !members)
    return true;
  checkMembers(inst, members);
  if (isVector(members))
    members = b.CreateOrReduce(members);
  Value *taking = b.CreateAnd(activeMask(), bitsToMask(members));
  bool sign = isSigned(type);
  auto reduce = [&](uint64_t neutral, auto make) {
    return make(b.CreateSelect(taking, toVector(value),
                               splat(b.getInt32(uint32_t(neutral)))));
  };
  Value *result = nullptr;
  if (inst.has("add"))
    result = reduce(0, [&](Value *v) { return b.CreateAddReduce(v); });
  else if (inst.has("min"))
    result = reduce(sign ? 0x7fffffff : 0xffffffff,
                    [&](Value *v) { return b.CreateIntMinReduce(v, sign); });
  else if (inst.has("max"))
    result = reduce(sign ? 0x80000000 : 0,
                    [&](Value *v) { return b.CreateIntMaxReduce(v, sign); });
  else if (inst.has("and"))
    result = reduce(0xffffffff, [&](Value *v) { return b.CreateAndReduce(v); });
  else if (inst.has("or"))
    result = reduce(0, [&](Value *v) { return b.CreateOrReduce(v); });
  else if (inst.has("xor"))
    result = reduce(0, [&](Value *v) { return b.CreateXorReduce(v); });
  else
    return unsupported(inst);
  return write(inst, inst.operands[0], result, type);
}
