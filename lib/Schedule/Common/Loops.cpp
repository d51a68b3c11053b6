//===- Loops.cpp - Merging of loops, and what reductions combine with -----===//

#include "dlc/Schedule/Common/Nest.h"

#include "dlc/Dialect/Dispatch/IR/Windows.h"

#include "mlir/Analysis/SliceAnalysis.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

using namespace mlir;
using namespace dlc::schedule;

Operation *dlc::schedule::getCombiner(linalg::LinalgOp op, unsigned output) {
  SmallVector<Operation *> combiners;
  if (!matchReduction(op.getRegionOutputArgs(), output, combiners) ||
      combiners.size() != 1 || combiners[0]->getNumResults() != 1)
    return nullptr;
  return arith::getNeutralElement(combiners[0]) ? combiners[0] : nullptr;
}

std::optional<NarrowProducts>
dlc::schedule::matchNarrowProducts(linalg::LinalgOp op) {
  if (op.getNumDpsInits() != 1)
    return std::nullopt;
  Value acc = op.getRegionOutputArgs().front();
  Operation *sum =
      op.getBlock()->getTerminator()->getOperand(0).getDefiningOp();
  if (!isa_and_nonnull<arith::AddIOp, arith::AddFOp>(sum))
    return std::nullopt;
  NarrowProducts result;
  result.isFloat = isa<arith::AddFOp>(sum);
  Type type = sum->getResult(0).getType();
  if (result.isFloat ? !type.isF32() : !type.isInteger(32))
    return std::nullopt;
  Value other = sum->getOperand(0) == acc   ? sum->getOperand(1)
                : sum->getOperand(1) == acc ? sum->getOperand(0)
                                            : Value();
  Operation *product = other ? other.getDefiningOp() : nullptr;
  if (!isa_and_nonnull<arith::MulIOp, arith::MulFOp>(product))
    return std::nullopt;
  auto match = [&](Value factor, unsigned &input, bool &isUnsigned) {
    Operation *extension = factor.getDefiningOp();
    if (!isa_and_nonnull<arith::ExtUIOp, arith::ExtSIOp, arith::ExtFOp>(
            extension))
      return false;
    isUnsigned = isa<arith::ExtUIOp>(extension);
    auto source = dyn_cast<BlockArgument>(extension->getOperand(0));
    if (!source || source.getOwner() != op.getBlock() || source == acc)
      return false;
    Type narrow = source.getType();
    input = source.getArgNumber();
    return result.isFloat ? narrow.isBF16()
                          : narrow.isInteger(8) || narrow.isInteger(16);
  };
  if (!match(product->getOperand(0), result.left, result.leftUnsigned) ||
      !match(product->getOperand(1), result.right, result.rightUnsigned) ||
      result.left == result.right)
    return std::nullopt;
  return result;
}

Value dlc::schedule::flatten(OpBuilder &b, Location loc, Value memref) {
  auto type = cast<MemRefType>(memref.getType());
  if (type.getRank() == 1)
    return memref;
  if (type.getRank() == 0)
    return memref::ExpandShapeOp::create(
        b, loc, MemRefType::get({1}, type.getElementType()), memref,
        ArrayRef<ReassociationIndices>{});
  ReassociationIndices all;
  for (int64_t d = 0; d < type.getRank(); ++d)
    all.push_back(d);
  return memref::CollapseShapeOp::create(b, loc, memref,
                                         ArrayRef<ReassociationIndices>{all});
}

Value dlc::schedule::loadLimit(OpBuilder &b, Location loc, const Limit &limit,
                               ArrayRef<Value> memrefs) {
  Value element = arith::ConstantIndexOp::create(b, loc, limit.element);
  Value number = memref::LoadOp::create(b, loc, memrefs[limit.buffer], element);
  number = arith::IndexCastOp::create(b, loc, b.getIndexType(), number);
  if (limit.scale != 1)
    number = arith::MulIOp::create(
        b, loc, number, arith::ConstantIndexOp::create(b, loc, limit.scale));
  if (limit.offset != 0)
    number = arith::AddIOp::create(
        b, loc, number, arith::ConstantIndexOp::create(b, loc, limit.offset));
  return number;
}

Value dlc::schedule::isBelow(OpBuilder &b, Location loc, Value at,
                             const std::optional<Limit> &limit,
                             ArrayRef<Value> memrefs, Value condition) {
  if (!limit)
    return condition;
  Value below = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::slt, at,
                                      loadLimit(b, loc, *limit, memrefs));
  return condition ? arith::AndIOp::create(b, loc, condition, below) : below;
}

//===----------------------------------------------------------------------===//
// Coalescing
//===----------------------------------------------------------------------===//

/// Whether `loop` numbers the pieces of one with a limit.
static bool numbersPieces(const Nest &nest, unsigned loop) {
  return llvm::any_of(nest.loops, [&](const Loop &other) {
    return other.limit && other.limit->piece == int(loop);
  });
}

/// Whether loop `inner` runs through consecutive steps of loop `outer` in every
/// access.
static bool canMerge(Nest &nest, unsigned outer, unsigned inner) {
  const Loop &a = nest.loops[outer], &b = nest.loops[inner];
  if (a.reduction != b.reduction || a.shared >= 0 || b.shared >= 0 ||
      a.indexed || b.indexed || b.limit || a.window || b.window ||
      numbersPieces(nest, outer) || numbersPieces(nest, inner))
    return false;
  bool legal = true;
  nest.forEachAccess([&](Access &access) {
    if (access.panelLoop == int(outer) || access.panelLoop == int(inner) ||
        access.foldLoop == int(outer) || access.foldLoop == int(inner) ||
        access.coef[outer] != access.coef[inner] * b.extent)
      legal = false;
  });
  return legal;
}

void dlc::schedule::removeLoop(Nest &nest, unsigned loop) {
  nest.loops.erase(nest.loops.begin() + loop);
  for (Loop &other : nest.loops)
    if (other.limit && other.limit->piece == int(loop))
      other.limit.reset();
    else if (other.limit && other.limit->piece > int(loop))
      --other.limit->piece;
  for (Loop &other : nest.loops)
    if (other.window && other.window->other == loop)
      other.window.reset();
    else if (other.window && other.window->other > loop)
      --other.window->other;
  nest.forEachAccess([&](Access &access) {
    access.coef.erase(access.coef.begin() + loop);
    if (access.panelLoop > int(loop))
      --access.panelLoop;
    if (access.foldLoop > int(loop))
      --access.foldLoop;
  });
  for (Stage &stage : nest.stages)
    for (int &other : stage.loopOf) {
      if (other == int(loop))
        other = -1;
      else if (other > int(loop))
        --other;
    }
}

/// Removes loop `outer`, which `inner` takes over.
static void merge(Nest &nest, unsigned outer, unsigned inner) {
  std::optional<Limit> limit = nest.loops[outer].limit;
  if (limit) {
    limit->scale *= nest.loops[inner].extent;
    limit->offset *= nest.loops[inner].extent;
    limit->pieceLength *= nest.loops[inner].extent;
  }
  nest.loops[inner].limit = limit;
  nest.loops[inner].extent *= nest.loops[outer].extent;
  for (Loop &other : nest.loops)
    if (other.window && other.window->other == inner)
      other.window.reset();
  removeLoop(nest, outer);
}

void dlc::schedule::coalesceLoops(Nest &nest) {
  for (bool changed = true; changed;) {
    changed = false;
    for (unsigned outer = 0; outer < nest.loops.size() && !changed; ++outer)
      for (unsigned inner = 0; inner < nest.loops.size() && !changed; ++inner)
        if (outer != inner && canMerge(nest, outer, inner)) {
          merge(nest, outer, inner);
          changed = true;
        }
  }
}

//===----------------------------------------------------------------------===//
// Windows
//===----------------------------------------------------------------------===//

/// An iteration that adds up fewer terms than this costs less than to find out
/// that it need not be done, and LLVM had better unroll the loop.
static constexpr int64_t minTerms = 64;

/// Positions that a tile is assumed to compute at once, and the share of the
/// iterations that may be left out then for which a loop is not merged.
static constexpr int64_t positionsAtOnce = 6;
static constexpr double worthALoop = 0.1;

double dlc::schedule::getShareOutside(const Nest &nest, unsigned loop,
                                      int64_t positions) {
  const Window &window = *nest.loops[loop].window;
  int64_t extent = nest.loops[window.other].extent, outside = 0, all = 0;
  for (int64_t from = 0; from < extent; from += positions) {
    int64_t count = std::min(positions, extent - from);
    int64_t lowest = window.otherStep * (from / window.fold);
    int64_t highest = window.otherStep * ((from + count - 1) / window.fold);
    for (int64_t k = 0; k < nest.loops[loop].extent; ++k, all += count)
      if (window.step * k + highest < window.first ||
          window.step * k + lowest >= window.end)
        outside += count;
  }
  return double(outside) / double(all);
}

/// Terms that one iteration of reduction loop `loop` adds up, with the loops in
/// which the first operand takes smaller steps inside of it.
static int64_t getTerms(const Nest &nest, unsigned loop) {
  const Input &input = nest.stages[0].inputs.front();
  if (input.kind != Input::Memory)
    return 0;
  ArrayRef<int64_t> coef = input.access.coef;
  int64_t terms = 1;
  for (auto [index, other] : llvm::enumerate(nest.loops))
    if (other.reduction && std::abs(coef[index]) < std::abs(coef[loop]))
      terms *= other.extent;
  return terms;
}

void dlc::schedule::addWindows(Nest &nest) {
  const Stage &main = nest.stages.front();
  for (const dispatch::LoopWindow &from : dispatch::getLoopWindows(main.op)) {
    int tap = main.loopOf[from.tap], other = main.loopOf[from.other];
    if (tap < 0 || other < 0 || getTerms(nest, tap) < minTerms)
      continue;
    bool merges = false;
    for (unsigned loop = 0; loop < nest.loops.size(); ++loop)
      merges |= int(loop) != tap &&
                (canMerge(nest, loop, tap) || canMerge(nest, tap, loop));
    std::optional<Window> &window = nest.loops[tap].window;
    window = Window{unsigned(other), from.step, from.otherStep, from.first,
                    from.end};
    if (getShareOutside(nest, tap, merges ? positionsAtOnce : 1) <=
        (merges ? worthALoop : 0))
      window.reset();
  }
}

//===----------------------------------------------------------------------===//
// Folding
//===----------------------------------------------------------------------===//

static bool canFold(const Loop &loop) {
  return !loop.reduction && loop.shared < 0 && !loop.indexed && !loop.limit;
}

std::optional<Nest> dlc::schedule::foldLoops(const Nest &nest, unsigned outer,
                                             unsigned inner) {
  if (!canFold(nest.loops[outer]) || !canFold(nest.loops[inner]) ||
      numbersPieces(nest, outer) || numbersPieces(nest, inner))
    return std::nullopt;
  Nest folded = nest;
  int64_t extent = nest.loops[inner].extent;
  bool legal = true;
  folded.forEachAccess([&](Access &access) {
    for (int loop : {int(outer), int(inner)})
      if (access.panelLoop == loop || access.foldLoop == loop)
        legal = false;
    if (access.coef[outer] == access.coef[inner] * extent)
      return;
    if (access.foldLoop >= 0 || access.coef[inner] == 0)
      legal = false;
    access.foldLoop = inner;
    access.fold = extent;
    access.foldCoef = access.coef[outer];
  });
  for (Loop &loop : folded.loops) {
    if (!loop.window)
      continue;
    if (loop.window->other == inner)
      legal = false;
    if (loop.window->other == outer) {
      loop.window->other = inner;
      loop.window->fold = extent;
    }
  }
  if (!legal)
    return std::nullopt;
  folded.loops[inner].extent *= nest.loops[outer].extent;
  removeLoop(folded, outer);
  return folded;
}
