//===- TranslateCollective.cpp - PTX to LLVM IR: warp and block -----------===//

#include "Translator.h"

#include "dlc/PTXSim/Engine.h"

#include "llvm/IR/Intrinsics.h"

using namespace dlc::ptxsim;

/// Reports lanes that an instruction waits for and that do not come: in lock
/// step all lanes that will ever execute it are here now.
void FunctionTranslator::checkMembers(const Instruction &inst, Value *members) {
  Value *active = maskBits(activeMask());
  if (isVector(members)) { // groups of lanes, each with the mask of its group
    Value *none = llvm::Constant::getNullValue(members->getType());
    members = b.CreateOrReduce(b.CreateSelect(activeMask(), members, none));
  }
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
               wrong, lineOf(inst)});
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
    if (kernel.options.checks)
      callRoutine(Routine::WarpBarrier, b.getVoidTy(), {warpContext});
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
               maskBits(activeMask()), maskBits(liveMask()), lineOf(inst)});
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
    checkMembers(inst, members);
    if (isVector(members)) // a mask a lane: the results are vectors as well
      active = splat(active);
    members = b.CreateAnd(members, active);
  }
  if (isElect) {
    Value *leader =
        b.CreateBinaryIntrinsic(llvm::Intrinsic::cttz, members, b.getFalse());
    Value *isLeader = b.CreateICmpEQ(laneIds(32), toVector(leader));
    if (to.kind != Operand::Pair)
      return unsupported(inst);
    return write(inst, to.elements[0], leader, Ty::B32) ||
           write(inst, to.elements[1], isLeader, Ty::Pred);
  }
  Value *predicate = read(inst.operands[1], Ty::Pred);
  if (!predicate)
    return true;
  Value *votes = maskBits(toVector(predicate));
  votes = b.CreateAnd(isVector(members) ? splat(votes) : votes, members);
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
  value = b.CreateZExt(toVector(value), vectorOf(b.getInt64Ty()));
  auto *out = tempSlot(vectorOf(b.getInt32Ty()));
  Value *active = maskBits(activeMask());
  callRoutine(Routine::Match, b.getVoidTy(), {toMemory(value), active, out});
  // of all lanes with the same value, those of the lane's group
  members = b.CreateAnd(toVector(members), splat(active));
  Value *same =
      b.CreateAnd(b.CreateLoad(out->getAllocatedType(), out), members);
  const Operand &to = inst.operands[0];
  if (!inst.has("all"))
    return write(inst, to, same, Ty::B32);
  Value *agreed = b.CreateICmpEQ(same, members);
  Value *masks = b.CreateSelect(
      agreed, members, llvm::Constant::getNullValue(members->getType()));
  if (to.kind != Operand::Pair)
    return write(inst, to, masks, Ty::B32);
  return write(inst, to.elements[0], masks, Ty::B32) ||
         write(inst, to.elements[1], agreed, Ty::Pred);
}

/// Reduces the values of the lanes in `taking`; null for an unknown operation.
FunctionTranslator::Value *
FunctionTranslator::reduceLanes(const Instruction &inst, Value *value,
                                Value *taking) {
  bool sign = isSigned(inst.type());
  auto lanesOr = [&](uint32_t neutral) {
    return b.CreateSelect(taking, value, splat(b.getInt32(neutral)));
  };
  if (inst.has("add"))
    return b.CreateAddReduce(lanesOr(0));
  if (inst.has("min"))
    return b.CreateIntMinReduce(lanesOr(sign ? 0x7fffffff : 0xffffffff), sign);
  if (inst.has("max"))
    return b.CreateIntMaxReduce(lanesOr(sign ? 0x80000000 : 0), sign);
  if (inst.has("and"))
    return b.CreateAndReduce(lanesOr(0xffffffff));
  if (inst.has("or"))
    return b.CreateOrReduce(lanesOr(0));
  if (inst.has("xor"))
    return b.CreateXorReduce(lanesOr(0));
  return nullptr;
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
  value = toVector(value);
  if (!isVector(members)) {
    Value *result = reduceLanes(inst, value,
                                b.CreateAnd(activeMask(), bitsToMask(members)));
    return result ? write(inst, inst.operands[0], result, type)
                  : unsupported(inst);
  }
  // one group of lanes after the other, that of the first lane left
  llvm::AllocaInst *left = tempSlot(b.getInt32Ty());
  llvm::AllocaInst *results = tempSlot(vectorOf(b.getInt32Ty()));
  llvm::BasicBlock *loop = newBlock("groups"), *done = newBlock("groups.done");
  b.CreateStore(maskBits(activeMask()), left);
  b.CreateCondBr(anyLane(activeMask()), loop, done);
  b.SetInsertPoint(loop);
  Value *rest = b.CreateLoad(b.getInt32Ty(), left);
  Value *first =
      b.CreateBinaryIntrinsic(llvm::Intrinsic::cttz, rest, b.getTrue());
  Value *group = b.CreateAnd(b.CreateExtractElement(members, first), rest);
  Value *taking = bitsToMask(group);
  Value *result = reduceLanes(inst, value, taking);
  if (!result)
    return unsupported(inst);
  Value *old = b.CreateLoad(results->getAllocatedType(), results);
  b.CreateStore(b.CreateSelect(taking, splat(result), old), results);
  // the first lane leaves in any case, also where its mask leaves it out
  Value *mine = b.CreateShl(b.getInt32(1), first);
  rest = b.CreateAnd(rest, b.CreateNot(b.CreateOr(group, mine)));
  b.CreateStore(rest, left);
  b.CreateCondBr(b.CreateIsNotNull(rest), loop, done);
  b.SetInsertPoint(done);
  return write(inst, inst.operands[0],
               b.CreateLoad(results->getAllocatedType(), results), type);
}
