//===- Analysis.cpp - Control flow and uniformity of PTX ------------------===//

#include "Analysis.h"

#include "llvm/ADT/STLExtras.h"

#include <algorithm>
#include <functional>

using namespace dlc::ptxsim;

//===----------------------------------------------------------------------===//
// Registers of an instruction
//===----------------------------------------------------------------------===//

bool dlc::ptxsim::hasResult(const Instruction &inst) {
  switch (inst.op) {
  case Op::St:
  case Op::Red:
  case Op::Prefetch:
  case Op::Prefetchu:
  case Op::Discard:
  case Op::ApplyPriority:
  case Op::CpAsync:
  case Op::Bra:
  case Op::BrxIdx:
  case Op::Call:
  case Op::Ret:
  case Op::Exit:
  case Op::Trap:
  case Op::Brkpt:
  case Op::Nanosleep:
  case Op::Pmevent:
  case Op::Griddepcontrol:
  case Op::Membar:
  case Op::Fence:
  case Op::Stmatrix:
    return false;
  case Op::Bar:
  case Op::Barrier:
    return inst.has("red");
  case Op::Wmma:
    return !inst.has("store");
  default:
    return !inst.operands.empty();
  }
}

static void visitOperand(const Operand &operand,
                         llvm::function_ref<void(unsigned)> visit) {
  if (operand.kind == Operand::Register)
    visit(operand.index);
  for (const Operand &element : operand.elements)
    visitOperand(element, visit);
}

void dlc::ptxsim::forEachRegister(const Instruction &inst, unsigned carry,
                                  llvm::function_ref<void(unsigned)> def,
                                  llvm::function_ref<void(unsigned)> use) {
  if (inst.guard >= 0)
    use(unsigned(inst.guard));
  bool isCarryOp =
      inst.op == Op::Addc || inst.op == Op::Subc || inst.op == Op::Madc;
  if (isCarryOp)
    use(carry);
  if (inst.has("cc"))
    def(carry);
  bool first = hasResult(inst);
  for (const Operand &operand : inst.operands) {
    if (first && operand.kind == Operand::Address)
      visitOperand(operand, use);
    else
      visitOperand(operand, first ? def : use);
    first = false;
  }
}

//===----------------------------------------------------------------------===//
// Blocks
//===----------------------------------------------------------------------===//

static bool isReturn(const Instruction &inst) {
  return inst.op == Op::Ret || inst.op == Op::Exit;
}

/// Instructions that end a block. A guarded return does not: it takes lanes out
/// of the live mask and goes on.
static bool endsBlock(const Instruction &inst) {
  return inst.op == Op::Bra || inst.op == Op::BrxIdx ||
         (isReturn(inst) && inst.guard < 0);
}

void Analysis::buildBlocks() {
  unsigned count = function.body.size();
  llvm::BitVector starts(count + 1);
  starts.set(0);
  for (unsigned i = 0; i < count; ++i) {
    const Instruction &inst = function.body[i];
    if (endsBlock(inst))
      starts.set(i + 1);
    for (const Operand &operand : inst.operands)
      if (operand.kind == Operand::Label)
        starts.set(operand.index);
  }
  for (const auto &list : function.targetLists)
    for (unsigned target : list)
      starts.set(target);
  blockOfInstruction.assign(count + 1, 0);
  for (unsigned i = 0; i <= count; ++i) {
    // a label may stand behind the last instruction: an empty block returns
    if (starts[i] && (i < count || count == 0 || starts[count])) {
      if (!blocks.empty())
        blocks.back().end = i;
      Block block;
      block.begin = block.end = i;
      blocks.push_back(block);
    }
    blockOfInstruction[i] = blocks.size() - 1;
  }
  blocks.back().end = count;
}

void Analysis::connect() {
  unsigned count = blocks.size();
  for (unsigned b = 0; b < count; ++b) {
    Block &block = blocks[b];
    const Instruction *last =
        block.end > block.begin ? &function.body[block.end - 1] : nullptr;
    bool hasNext = b + 1 < count;
    if (last && endsBlock(*last))
      block.terminator = int(block.end - 1);
    if (block.terminator < 0 || isReturn(*last)) {
      bool isEnd = block.terminator >= 0 || !hasNext;
      block.kind = isEnd ? End::Return : End::Jump;
      if (!isEnd)
        block.succs.push_back(b + 1);
    } else if (last->op == Op::Bra) {
      block.succs.push_back(blockOfInstruction[last->operands[0].index]);
      if (last->guard >= 0 && hasNext) {
        block.kind = End::Branch;
        block.succs.push_back(b + 1);
      }
    } else {
      block.kind = End::Switch;
      for (unsigned target : function.targetLists[last->operands[1].index])
        block.succs.push_back(blockOfInstruction[target]);
      // a guarded switch falls through where the guard is false
      if (last->guard >= 0 && hasNext)
        block.succs.push_back(b + 1);
    }
  }
}

bool Analysis::isReturnOnly(unsigned index) const {
  const Block &block = blocks[index];
  return block.kind == End::Return &&
         block.end - block.begin <= (block.terminator >= 0 ? 1u : 0u);
}

namespace {
/// F. Bourdoncle, "Efficient chaotic iteration strategies with widenings",
/// 1993: a weak topological order, in which each loop is contiguous.
class OrderBuilder {
public:
  OrderBuilder(const std::vector<Block> &blocks)
      : blocks(blocks), number(blocks.size(), 0) {}

  /// The order, reversed.
  std::vector<unsigned> build() {
    std::vector<unsigned> reversed;
    visit(0, reversed);
    return reversed;
  }

private:
  static constexpr unsigned done = ~0u;

  unsigned visit(unsigned v, std::vector<unsigned> &out) {
    stack.push_back(v);
    unsigned head = number[v] = ++count;
    bool isLoop = false;
    for (unsigned s : blocks[v].succs) {
      unsigned low = number[s] == 0 ? visit(s, out) : number[s];
      if (low <= head) {
        head = low;
        isLoop = true;
      }
    }
    if (head != number[v])
      return head;
    number[v] = done;
    unsigned element = pop();
    if (!isLoop) {
      out.push_back(v);
      return head;
    }
    while (element != v) {
      number[element] = 0;
      element = pop();
    }
    std::vector<unsigned> component;
    for (unsigned s : blocks[v].succs)
      if (number[s] == 0)
        visit(s, component);
    out.insert(out.end(), component.begin(), component.end());
    out.push_back(v);
    return head;
  }

  unsigned pop() {
    unsigned v = stack.back();
    stack.pop_back();
    return v;
  }

  const std::vector<Block> &blocks;
  std::vector<unsigned> number;
  std::vector<unsigned> stack;
  unsigned count = 0;
};
} // namespace

void Analysis::findOrder() {
  order = OrderBuilder(blocks).build();
  std::reverse(order.begin(), order.end());
  for (unsigned i = 0; i < order.size(); ++i) {
    blocks[order[i]].isReachable = true;
    blocks[order[i]].position = i;
  }
  for (unsigned b : order)
    for (unsigned s : blocks[b].succs)
      blocks[s].preds.push_back(b);
}

/// K. Cooper, T. Harvey, K. Kennedy, "A Simple, Fast Dominance Algorithm", on
/// the reversed graph.
void Analysis::findPostDominators() {
  unsigned exit = blocks.size(), unknown = exit + 1;
  // postorder of the reversed graph from the virtual exit
  std::vector<unsigned> rank(exit + 1, 0), postorder;
  llvm::BitVector seen(exit + 1);
  std::vector<std::pair<unsigned, unsigned>> work;
  auto enter = [&](unsigned b) {
    if (seen[b])
      return;
    seen.set(b);
    work.push_back({b, 0});
    while (!work.empty()) {
      auto &[top, next] = work.back();
      if (next < blocks[top].preds.size()) {
        unsigned p = blocks[top].preds[next++];
        if (!seen[p]) {
          seen.set(p);
          work.push_back({p, 0});
        }
        continue;
      }
      rank[top] = postorder.size();
      postorder.push_back(top);
      work.pop_back();
    }
  };
  for (unsigned b : order)
    if (blocks[b].kind == End::Return)
      enter(b);
  // endless loops: as if they went to the exit
  llvm::BitVector toExit(exit + 1);
  for (unsigned b : llvm::reverse(order))
    if (!seen[b]) {
      toExit.set(b);
      enter(b);
    }
  rank[exit] = postorder.size();
  postDominator.assign(exit + 1, unknown);
  postDominator[exit] = exit;
  auto intersect = [&](unsigned a, unsigned b) {
    while (a != b) {
      while (rank[a] < rank[b])
        a = postDominator[a];
      while (rank[b] < rank[a])
        b = postDominator[b];
    }
    return a;
  };
  for (bool changed = true; changed;) {
    changed = false;
    for (unsigned b : llvm::reverse(postorder)) {
      unsigned best = unknown;
      auto consider = [&](unsigned s) {
        if (postDominator[s] != unknown)
          best = best == unknown ? s : intersect(s, best);
      };
      if (blocks[b].kind == End::Return || toExit[b])
        consider(exit);
      for (unsigned s : blocks[b].succs)
        consider(s);
      if (best != unknown && postDominator[b] != best) {
        postDominator[b] = best;
        changed = true;
      }
    }
  }
}

//===----------------------------------------------------------------------===//
// Liveness
//===----------------------------------------------------------------------===//

/// How many bytes at the end of `reg` no digit of a constant selector of `prmt`
/// names, for the byte or for its sign.
static unsigned unreadByPermute(const Instruction &inst, unsigned reg) {
  if (inst.operands.size() != 4 || !inst.mods.empty() ||
      inst.operands[3].kind != Operand::Integer)
    return 0;
  unsigned used = 0;
  for (unsigned k = 0; k < 4; ++k) {
    unsigned byte = inst.operands[3].value >> (4 * k) & 7;
    const Operand &word = inst.operands[1 + byte / 4];
    if (word.isReg() && word.index == reg)
      used = std::max(used, byte % 4 + 1);
  }
  return 4 - used;
}

/// How many bytes at the end of `reg` an instruction that reads it ignores:
/// `mov.b32 {%rs1, %rs2}, %r1` where nothing reads %rs2.
unsigned Analysis::unreadBy(const Instruction &inst, unsigned reg) const {
  if (inst.op == Op::Prmt)
    return unreadByPermute(inst, reg);
  if (inst.op != Op::Mov || inst.operands.size() != 2 ||
      inst.operands[0].kind != Operand::Vector || !inst.operands[1].isReg() ||
      inst.operands[1].index != reg)
    return 0;
  llvm::ArrayRef<Operand> parts = inst.operands[0].elements;
  unsigned size = bytesOf(function.registers[reg].type) / parts.size();
  unsigned bytes = 0;
  for (const Operand &part : llvm::reverse(parts)) {
    unsigned unread = part.isReg() ? unreadBytes[part.index] : size;
    bytes += unread;
    if (unread < size)
      break;
  }
  return bytes;
}

void Analysis::findUnread() {
  std::vector<uint8_t> whole(registerCount());
  for (auto [bytes, reg] : llvm::zip(whole, function.registers))
    bytes = bytesOf(reg.type);
  unreadBytes = whole;
  for (unsigned reg : isRead.set_bits())
    unreadBytes[reg] = 0;
  // words of 8 bytes are taken apart twice
  for (unsigned round = 0; round < 2; ++round) {
    std::vector<uint8_t> next = whole;
    for (unsigned b : order)
      for (unsigned i = blocks[b].begin; i < blocks[b].end; ++i) {
        const Instruction &inst = function.body[i];
        forEachRegister(
            inst, carryRegister(), [](unsigned) {},
            [&](unsigned reg) {
              next[reg] = std::min<unsigned>(next[reg], unreadBy(inst, reg));
            });
      }
    unreadBytes = std::move(next);
  }
}

void Analysis::findLiveness() {
  unsigned count = registerCount(), carry = carryRegister();
  std::vector<llvm::BitVector> gen(blocks.size()), kill(blocks.size()),
      in(blocks.size());
  isRead.resize(count);
  for (unsigned b : order) {
    gen[b].resize(count);
    kill[b].resize(count);
    for (unsigned i = blocks[b].begin; i < blocks[b].end; ++i) {
      const Instruction &inst = function.body[i];
      auto use = [&](unsigned r) {
        isRead.set(r);
        if (!kill[b][r])
          gen[b].set(r);
      };
      forEachRegister(inst, carry, [](unsigned) {}, use);
      // a guarded definition keeps the old value where the guard is false
      forEachRegister(
          inst, carry,
          [&](unsigned r) {
            if (inst.guard >= 0)
              use(r);
            else
              kill[b].set(r);
          },
          [](unsigned) {});
    }
    in[b] = gen[b];
  }
  for (bool changed = true; changed;) {
    changed = false;
    for (unsigned b : llvm::reverse(order)) {
      llvm::BitVector live(count);
      for (unsigned s : blocks[b].succs)
        live |= in[s];
      live.reset(kill[b]);
      live |= gen[b];
      if (live != in[b]) {
        in[b] = std::move(live);
        changed = true;
      }
    }
  }
  crossBlock.resize(count);
  for (unsigned b : order) {
    crossBlock |= in[b];
    unsigned words = 0;
    for (unsigned r : in[b].set_bits())
      if (r != carry && function.registers[r].type != Ty::Pred)
        words += std::max(1u, bitsOf(function.registers[r].type) / 32);
    mostLiveWords = std::max(mostLiveWords, words);
  }
}

unsigned dlc::ptxsim::estimateRegisters(const FunctionIR &function) {
  Analysis analysis(function, Shape());
  return std::min(255u, std::max(16u, analysis.mostLiveWords + 8));
}

//===----------------------------------------------------------------------===//
// Uniformity
//===----------------------------------------------------------------------===//

bool Analysis::isDivergentOperand(const Operand &operand) const {
  switch (operand.kind) {
  case Operand::Register:
    return divergent[operand.index];
  case Operand::Symbol:
    // these lie at another address in each lane
    return operand.symbol == SymbolKind::Local ||
           operand.symbol == SymbolKind::CallParam ||
           operand.symbol == SymbolKind::Return ||
           (operand.symbol == SymbolKind::Param && !function.isEntry);
  case Operand::SpecialReg:
    switch (Special(operand.index)) {
    case Special::TidY:
    case Special::TidZ:
      return !shape.isLinear;
    case Special::TidX:
    case Special::LaneId:
    case Special::LanemaskEq:
    case Special::LanemaskLe:
    case Special::LanemaskLt:
    case Special::LanemaskGe:
    case Special::LanemaskGt:
      return true;
    default:
      return false;
    }
  case Operand::Vector:
  case Operand::Address:
  case Operand::Pair:
    return llvm::any_of(operand.elements, [&](const Operand &element) {
      return isDivergentOperand(element);
    });
  default:
    return false;
  }
}

/// Instructions whose result differs between lanes whatever they are given.
bool Analysis::isDivergentSource(const Instruction &inst) const {
  switch (inst.op) {
  case Op::Atom:
  case Op::Shfl:
  case Op::Match:
  case Op::Elect:
  case Op::Ldmatrix:
  case Op::Movmatrix:
  case Op::Mma:
  case Op::Wmma:
    return true;
  default:
    return false;
  }
}

bool Analysis::propagate(const Block &block, const Instruction &inst) {
  if (!hasResult(inst) && !inst.has("cc"))
    return false;
  bool isDivergent =
      isDivergentSource(inst) || (inst.guard >= 0 && divergent[inst.guard]);
  unsigned carry = carryRegister();
  if (inst.op == Op::Addc || inst.op == Op::Subc || inst.op == Op::Madc)
    isDivergent |= divergent[carry];
  bool blockDiverges = inRegion[&block - blocks.data()];
  // what a warp agrees on does not depend on the values of single lanes
  bool isAgreed = inst.op == Op::Vote || inst.op == Op::Redux ||
                  inst.op == Op::Activemask ||
                  ((inst.op == Op::Bar || inst.op == Op::Barrier));
  if (isAgreed)
    isDivergent |=
        blockDiverges ||
        (inst.op != Op::Bar && inst.op != Op::Barrier &&
         inst.operands.size() > 2 && isDivergentOperand(inst.operands[2]));
  for (unsigned i = 1; i < inst.operands.size() && !isAgreed; ++i)
    isDivergent |= isDivergentOperand(inst.operands[i]);
  bool changed = false;
  forEachRegister(
      inst, carry,
      [&](unsigned r) {
        if (!divergent[r] &&
            (isDivergent || (blockDiverges && crossBlock[r]))) {
          divergent.set(r);
          changed = true;
        }
      },
      [](unsigned) {});
  return changed;
}

bool Analysis::isDivergentEnd(const Block &block) const {
  if (block.kind != End::Branch && block.kind != End::Switch)
    return false;
  const Instruction &inst = function.body[block.terminator];
  return (inst.guard >= 0 && divergent[inst.guard]) ||
         (block.kind == End::Switch && isDivergentOperand(inst.operands[0]));
}

/// Divergent branches to a return take lanes out of the live mask. True if
/// there are new ones; the graph has lost their edges then.
bool Analysis::findRetiring() {
  bool changed = false;
  for (unsigned b : order) {
    Block &block = blocks[b];
    if (block.kind != End::Branch || !isDivergentEnd(block) ||
        block.succs[0] == block.succs[1])
      continue;
    bool taken = isReturnOnly(block.succs[0]);
    if (!taken && !isReturnOnly(block.succs[1]))
      continue;
    block.kind = taken ? End::RetireTaken : End::RetireOther;
    block.succs.erase(block.succs.begin() + (taken ? 0 : 1));
    changed = true;
  }
  if (!changed)
    return false;
  for (Block &block : blocks)
    block.preds.clear();
  for (unsigned b : order)
    for (unsigned s : blocks[b].succs)
      blocks[s].preds.push_back(b);
  findPostDominators();
  return true;
}

/// Puts the blocks between each divergent branch and its post-dominator into
/// inRegion. True if there are new ones.
bool Analysis::markDivergentBlocks() {
  bool changed = false;
  unsigned exit = blocks.size();
  for (unsigned b : order) {
    const Block &block = blocks[b];
    if (!isDivergentEnd(block))
      continue;
    unsigned meet = postDominator[b];
    llvm::SmallVector<unsigned, 16> work(block.succs.begin(),
                                         block.succs.end());
    llvm::BitVector seen(exit);
    while (!work.empty()) {
      unsigned next = work.pop_back_val();
      if (next == meet || seen[next])
        continue;
      seen.set(next);
      work.append(blocks[next].succs.begin(), blocks[next].succs.end());
    }
    seen.reset(inRegion);
    if (seen.any()) {
      inRegion |= seen;
      changed = true;
    }
  }
  return changed;
}

void Analysis::findUniformity() {
  divergent.resize(registerCount());
  inRegion.resize(blocks.size());
  for (bool changed = true; changed;) {
    changed = false;
    for (unsigned b : order)
      for (unsigned i = blocks[b].begin; i < blocks[b].end; ++i)
        changed |= propagate(blocks[b], function.body[i]);
    changed |= findRetiring();
    changed |= markDivergentBlocks();
  }
}

/// Connected divergent blocks, and those that one branch leads to; see the
/// header.
void Analysis::buildRegions() {
  for (unsigned first : order) {
    if (!inRegion[first] || blocks[first].region >= 0)
      continue;
    int index = int(regions.size());
    regions.emplace_back();
    llvm::SmallVector<unsigned, 16> work{first};
    blocks[first].region = index;
    while (!work.empty()) {
      unsigned b = work.pop_back_val();
      regions[index].blocks.push_back(b);
      auto visit = [&](unsigned next) {
        if (inRegion[next] && blocks[next].region < 0) {
          blocks[next].region = index;
          work.push_back(next);
        }
      };
      llvm::for_each(blocks[b].succs, visit);
      llvm::for_each(blocks[b].preds, visit);
      // the sides of the branch that lanes come from belong together, also
      // where no edge joins them: one scan runs them all
      for (unsigned p : blocks[b].preds)
        if (!inRegion[p] && isDivergentEnd(blocks[p]))
          llvm::for_each(blocks[p].succs, visit);
    }
  }
  for (Region &region : regions) {
    llvm::sort(region.blocks, [&](unsigned a, unsigned b) {
      return blocks[a].position < blocks[b].position;
    });
    for (unsigned b : region.blocks)
      for (unsigned s : blocks[b].succs)
        if (!inRegion[s])
          region.exit = int(s);
  }
}

Analysis::Analysis(const FunctionIR &function, Shape shape)
    : function(function), shape(shape) {
  buildBlocks();
  connect();
  findOrder();
  findPostDominators();
  findLiveness();
  findUnread();
  findUniformity();
  buildRegions();
}
