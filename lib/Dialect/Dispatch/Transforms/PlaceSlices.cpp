//===- PlaceSlices.cpp - Padding, concatenation, slices without copies ----===//
//
// A buffer that is written in parts (the interior of a padded tensor, the
// pieces of a concatenation) is a chain of versions: each version is made by
// the region that writes one piece into the version before. Pieces are
// disjoint, so their order is free: it follows the order in which the pieces
// are computed.
//
//===----------------------------------------------------------------------===//

#include "Structure.h"

#include "dlc/Dialect/Dispatch/IR/Dispatch.h"
#include "dlc/Dialect/Dispatch/Transforms/Passes.h"
#include "dlc/Support/Location.h"

#include "mlir/Analysis/SliceAnalysis.h"
#include "mlir/Analysis/TopologicalSortUtils.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Transforms/RegionUtils.h"

namespace dlc::dispatch {
#define GEN_PASS_DEF_PLACESLICESPASS
#include "dlc/Dialect/Dispatch/Transforms/Passes.h.inc"
} // namespace dlc::dispatch

using namespace mlir;
using namespace dlc::dispatch;

namespace {

using Index = SmallVector<int64_t>;

/// One part of a buffer.
struct Piece {
  Value source;
  Index offsets, sizes, strides;
  /// Position among the pieces.
  unsigned number = 0;
  /// The source is a piece more than once.
  bool repeated = false;
};

/// A buffer written in pieces.
struct Chain {
  /// What the pieces are written into: tensor.empty, a border region, any
  /// value.
  Value root;
  SmallVector<Piece> pieces;
  RankedTensorType type;
  /// The inserts, in the order found; the last one is the complete buffer.
  SmallVector<tensor::InsertSliceOp> inserts;
  /// Position among the chains.
  unsigned number = 0;
  /// Where this buffer is a part of another one, and at which offsets.
  Chain *home = nullptr;
  Index homeOffsets;
  /// All versions made, in block order, and the piece each of them added.
  SmallVector<Value> versions;
  DenseMap<Value, unsigned> versionOfSource;

  Value getFinal() const { return inserts.back()->getResult(0); }
  RankedTensorType getType() const { return type; }
  int64_t getBytes() const { return getNumBytes(getType()); }
  bool startsEmpty() const { return root.getDefiningOp<tensor::EmptyOp>(); }
};

class Placer {
public:
  explicit Placer(func::FuncOp func)
      : func(func), block(func.getBody().front()), builder(func.getContext()) {}
  LogicalResult run();

private:
  LogicalResult replacePads();
  void collectChains();
  /// Finds buffers that are parts of larger ones.
  void nestChains();
  bool isPartOf(Chain &part, Chain &whole);
  /// The pieces of `chain` with those of nested chains in their place.
  void flatten(Chain &chain, const Index &offsets,
               SmallVectorImpl<Piece> &pieces);
  /// The number of the version of `top` in which `source` is complete.
  unsigned completedBy(Value source, Chain &top);
  void moveRoot(Chain &chain, Operation *before);
  void build(Chain &chain);
  bool isWrittenInPlace(const Piece &piece, Chain &chain, ArrayRef<Piece> all);
  bool readsChain(RegionOp region, Chain &chain);
  Value copyInto(Value source, Value dest, const Piece &piece);
  Value writeInto(OpResult source, Value dest, const Piece &piece);
  Value makeSlice(Value whole, const Index &offsets, const Index &sizes,
                  const Index &strides, RankedTensorType type);
  void sinkSlices();
  void readLatestVersions();

  func::FuncOp func;
  Block &block;
  OpBuilder builder;
  std::vector<std::unique_ptr<Chain>> chains;
  DenseMap<Value, Chain *> chainOfFinal;
};

} // namespace

static SmallVector<OpFoldResult> attrs(OpBuilder &builder,
                                       ArrayRef<int64_t> values) {
  return getAsIndexOpFoldResult(builder.getContext(), values);
}

/// Whether every reader of `value` can read a slice instead.
static bool isReadInSlices(Value value) {
  return llvm::all_of(value.getUses(), [](OpOperand &use) {
    Operation *user = use.getOwner();
    if (auto insert = dyn_cast<tensor::InsertSliceOp>(user))
      return use.get() == insert.getSource();
    return isa<tensor::ExtractSliceOp>(user) ||
           user->getParentOfType<RegionOp>();
  });
}

/// Copies `source` element by element into a new tensor at `builder`.
static Value createCopy(OpBuilder &builder, Location loc, Value source) {
  auto type = cast<RankedTensorType>(source.getType());
  Value empty = tensor::EmptyOp::create(builder, loc, type.getShape(),
                                        type.getElementType());
  AffineMap identity = builder.getMultiDimIdentityMap(type.getRank());
  return linalg::GenericOp::create(
             builder, loc, type, source, empty, ArrayRef{identity, identity},
             SmallVector<utils::IteratorType>(type.getRank(),
                                              utils::IteratorType::parallel),
             [](OpBuilder &b, Location loc, ValueRange args) {
               linalg::YieldOp::create(b, loc, args[0]);
             })
      .getResult(0);
}

/// A region at `builder` whose result has `type`; `fill` makes its value.
static RegionOp createRegion(OpBuilder &builder, Location loc, Type type,
                             function_ref<Value(OpBuilder &)> fill) {
  auto region = RegionOp::create(builder, loc, TypeRange(type));
  Block &body = region.getBody().emplaceBlock();
  OpBuilder inner = OpBuilder::atBlockEnd(&body);
  YieldOp::create(inner, loc, fill(inner));
  return region;
}

//===----------------------------------------------------------------------===//
// Padding
//===----------------------------------------------------------------------===//

LogicalResult Placer::replacePads() {
  for (auto pad : llvm::make_early_inc_range(block.getOps<tensor::PadOp>())) {
    Value padding = pad.getConstantPaddingValue();
    RankedTensorType type = pad.getResultType();
    Location loc = pad.getLoc();
    bool constant = padding && matchPattern(padding, m_Constant());
    bool fits =
        type.hasStaticShape() && pad.getSourceType().hasStaticShape() &&
        llvm::all_of(pad.getStaticLow(), [](int64_t n) { return n >= 0; }) &&
        llvm::all_of(pad.getStaticHigh(), [](int64_t n) { return n >= 0; });
    if (!constant || !fits)
      return pad.emitOpError(
          "dispatch-place-slices: only padding by constant, "
          "non-negative amounts of a constant is known here");
    builder.setInsertionPoint(pad);
    Value empty = tensor::EmptyOp::create(builder, loc, type.getShape(),
                                          type.getElementType());
    // Two slabs a dim, the later dims without the corners already written.
    auto region = createRegion(builder, loc, type, [&](OpBuilder &inner) {
      Index offsets(type.getRank(), 0), sizes(type.getShape());
      Index ones(type.getRank(), 1);
      Value value = empty;
      auto addSlab = [&](int64_t dim, int64_t begin, int64_t width) {
        Index at = offsets, extent = sizes;
        at[dim] = begin;
        extent[dim] = width;
        if (width == 0 || llvm::is_contained(extent, 0))
          return;
        Value slab =
            tensor::EmptyOp::create(inner, loc, extent, type.getElementType());
        slab = linalg::FillOp::create(inner, loc, padding, slab).getResult(0);
        value = tensor::InsertSliceOp::create(
            inner, loc, slab, value, attrs(inner, at), attrs(inner, extent),
            attrs(inner, ones));
      };
      for (int64_t dim = 0; dim < type.getRank(); ++dim) {
        int64_t low = pad.getStaticLow()[dim], high = pad.getStaticHigh()[dim];
        addSlab(dim, 0, low);
        addSlab(dim, type.getDimSize(dim) - high, high);
        offsets[dim] = low;
        sizes[dim] -= low + high;
      }
      return value;
    });
    Value start = region.getResult(0);
    // Nothing to fill: a plain copy.
    if (region.getBody().front().getTerminator()->getOperand(0) == empty) {
      region.erase();
      start = empty;
    }
    Value padded = tensor::InsertSliceOp::create(
        builder, loc, pad.getSource(), start,
        attrs(builder, pad.getStaticLow()),
        attrs(builder, pad.getSourceType().getShape()),
        attrs(builder, Index(type.getRank(), 1)));
    pad.replaceAllUsesWith(padded);
    pad.erase();
  }
  return success();
}

//===----------------------------------------------------------------------===//
// Chains
//===----------------------------------------------------------------------===//

/// Buffers that begin with the same pieces share those after CSE; each is to be
/// a buffer of its own.
static void separateChains(Block &block, OpBuilder &builder) {
  for (Operation &op : llvm::make_early_inc_range(llvm::reverse(block))) {
    auto insert = dyn_cast<tensor::InsertSliceOp>(op);
    if (!insert)
      continue;
    for (OpOperand &use : llvm::make_early_inc_range(insert->getUses())) {
      auto next = dyn_cast<tensor::InsertSliceOp>(use.getOwner());
      if (!next || use.get() != next.getDest() ||
          insert.getResult().hasOneUse())
        continue;
      builder.setInsertionPointAfter(insert);
      next.getDestMutable().assign(builder.clone(*insert)->getResult(0));
    }
  }
}

/// Pieces that get dims of size 1 are inserted without them: between a piece
/// and the region that computes it there is nothing then.
static void dropUnitDims(Block &block) {
  for (auto insert : block.getOps<tensor::InsertSliceOp>()) {
    auto expand = insert.getSource().getDefiningOp<tensor::ExpandShapeOp>();
    if (!expand ||
        isRankReducedType(expand.getResultType(), expand.getSrcType()) !=
            SliceVerificationResult::Success)
      continue;
    insert.getSourceMutable().assign(expand.getSrc());
    if (expand->use_empty())
      expand.erase();
  }
}

void Placer::collectChains() {
  dropUnitDims(block);
  separateChains(block, builder);
  DenseMap<Value, Chain *> open;
  for (auto insert : block.getOps<tensor::InsertSliceOp>()) {
    Chain *chain = open.lookup(insert.getDest());
    if (!chain) {
      chains.push_back(std::make_unique<Chain>());
      chain = chains.back().get();
      chain->number = chains.size();
      chain->root = insert.getDest();
      chain->type = insert.getDestType();
      // Each buffer is its own.
      if (auto empty = chain->root.getDefiningOp<tensor::EmptyOp>()) {
        builder.setInsertionPoint(insert);
        chain->root = builder.clone(*empty)->getResult(0);
        insert.getDestMutable().assign(chain->root);
      }
    }
    open.erase(insert.getDest());
    chain->inserts.push_back(insert);
    chain->pieces.push_back(
        {insert.getSource(), Index(insert.getStaticOffsets()),
         Index(insert.getStaticSizes()), Index(insert.getStaticStrides())});
    // A version that somebody else reads as well ends the chain.
    auto next = insert.getResult().hasOneUse()
                    ? dyn_cast<tensor::InsertSliceOp>(*insert->user_begin())
                    : tensor::InsertSliceOp();
    if (next && next.getDest() == insert.getResult())
      open[insert.getResult()] = chain;
    else
      chainOfFinal[insert.getResult()] = chain;
  }
}

bool Placer::isPartOf(Chain &part, Chain &whole) {
  if (&part == &whole || part.getBytes() >= whole.getBytes() ||
      !part.startsEmpty() || !whole.startsEmpty() ||
      part.getType().getRank() != whole.getType().getRank() ||
      !isReadInSlices(part.getFinal()))
    return false;
  std::optional<Index> shift;
  for (const Piece &piece : part.pieces) {
    const Piece *same = llvm::find_if(whole.pieces, [&](const Piece &other) {
      return other.source == piece.source && other.sizes == piece.sizes &&
             other.strides == piece.strides;
    });
    if (same == whole.pieces.end())
      return false;
    Index here;
    for (auto [from, to] : llvm::zip_equal(piece.offsets, same->offsets))
      here.push_back(to - from);
    if (shift && *shift != here)
      return false;
    shift = here;
  }
  part.homeOffsets = *shift;
  return true;
}

void Placer::nestChains() {
  for (std::unique_ptr<Chain> &part : chains) {
    Chain *best = nullptr;
    // The same pieces in a larger buffer (a dense block's growing stack)…
    for (std::unique_ptr<Chain> &whole : chains)
      if (isPartOf(*part, *whole) &&
          (!best || whole->getBytes() > best->getBytes()))
        best = whole.get();
    if (best) {
      isPartOf(*part, *best);
      part->home = best;
      continue;
    }
    // … or the whole buffer as a piece of a larger one (padding of a
    // concatenation).
    if (!part->startsEmpty() || !isReadInSlices(part->getFinal()))
      continue;
    for (std::unique_ptr<Chain> &whole : chains)
      for (const Piece &piece : whole->pieces)
        if (piece.source == part->getFinal() && !part->home &&
            piece.sizes.size() ==
                size_t(cast<ShapedType>(piece.source.getType()).getRank()) &&
            llvm::all_of(piece.strides, [](int64_t s) { return s == 1; })) {
          part->home = whole.get();
          part->homeOffsets = piece.offsets;
        }
  }
}

/// The buffer that holds `chain` in the end, and where in it.
static Chain *getOutermost(Chain *chain, Index &offsets) {
  offsets.assign(chain->getType().getRank(), 0);
  for (; chain->home; chain = chain->home)
    for (auto [at, shift] : llvm::zip_equal(offsets, chain->homeOffsets))
      at += shift;
  return chain;
}

void Placer::flatten(Chain &chain, const Index &offsets,
                     SmallVectorImpl<Piece> &pieces) {
  for (auto [piece, insert] : llvm::zip_equal(chain.pieces, chain.inserts)) {
    Piece here = piece;
    here.source = insert.getSource();
    Chain *inner = chainOfFinal.lookup(here.source);
    bool nested =
        inner && inner->home == &chain && inner->homeOffsets == piece.offsets;
    for (auto [at, shift] : llvm::zip_equal(here.offsets, offsets))
      at += shift;
    if (nested)
      flatten(*inner, here.offsets, pieces);
    else
      pieces.push_back(here);
  }
}

unsigned Placer::completedBy(Value source, Chain &top) {
  Chain *inner = chainOfFinal.lookup(source);
  Index offsets;
  if (!inner || getOutermost(inner, offsets) != &top)
    return top.versionOfSource.lookup(source);
  unsigned version = 0;
  for (tensor::InsertSliceOp insert : inner->inserts)
    version = std::max(version, completedBy(insert.getSource(), top));
  return version;
}

/// Whether `region` reads a version of `chain`.
bool Placer::readsChain(RegionOp region, Chain &chain) {
  SetVector<Value> captured;
  getUsedValuesDefinedAbove(region->getRegions(), captured);
  return llvm::any_of(captured, [&](Value value) {
    while (auto slice = value.getDefiningOp<tensor::ExtractSliceOp>())
      value = slice.getSource();
    return value == chain.root || llvm::is_contained(chain.versions, value);
  });
}

/// Whether `value` is computed by structured ops from an undefined buffer of
/// its region, and not by updating some other tensor.
static bool startsFromNothing(Value value) {
  bool computed = false;
  while (auto op = value.getDefiningOp<linalg::LinalgOp>()) {
    value = op.getTiedOpOperand(cast<OpResult>(value))->get();
    computed = true;
  }
  return computed && value.getDefiningOp<tensor::EmptyOp>();
}

/// The structured ops that compute `value` in one buffer, the last one first.
static SmallVector<Operation *> getWriters(Value value) {
  SmallVector<Operation *> writers;
  while (auto insert = value.getDefiningOp<tensor::InsertSliceOp>())
    value = insert.getDest();
  while (auto op = value.getDefiningOp<linalg::LinalgOp>()) {
    writers.push_back(op);
    value = op.getTiedOpOperand(cast<OpResult>(value))->get();
  }
  return writers;
}

/// The ops of a region that have to move in front of those that compute
/// `part`, so that it can be a part of the buffer `whole` that others of them
/// write: what is written first is wiped out. None where these read the part.
static std::optional<SmallVector<Operation *>> getOpsToMove(Value whole,
                                                            Value part) {
  SmallVector<Operation *> ofWhole = getWriters(whole),
                           ofPart = getWriters(part), moved;
  if (ofWhole.empty() || ofPart.empty() ||
      ofWhole.front()->isBeforeInBlock(ofPart.back()))
    return moved;
  BackwardSliceOptions options;
  options.inclusive = true;
  options.omitUsesFromAbove = false;
  Block *block = ofPart.back()->getBlock();
  options.filter = [&](Operation *op) { return op->getBlock() == block; };
  SetVector<Operation *> needed;
  if (failed(getBackwardSlice(ofWhole.front(), &needed, options)) ||
      llvm::any_of(ofPart,
                   [&](Operation *writer) { return needed.contains(writer); }))
    return std::nullopt;
  llvm::copy_if(needed, std::back_inserter(moved), [&](Operation *op) {
    return ofPart.back()->isBeforeInBlock(op);
  });
  return moved;
}

/// The value that `result`'s region yields as it.
static Value getYielded(Value result) {
  auto region = result.getDefiningOp<RegionOp>();
  return region.getBody().front().getTerminator()->getOperand(
      cast<OpResult>(result).getResultNumber());
}

/// Whether most of the buffer is no piece, but padding.
static bool isMostlyPadding(Chain &chain, ArrayRef<Piece> pieces) {
  int64_t elements = 0;
  for (const Piece &piece : pieces)
    elements += llvm::product_of(piece.sizes);
  return 2 * elements < chain.getType().getNumElements();
}

/// Whether the region that computes the piece can write it into the buffer.
bool Placer::isWrittenInPlace(const Piece &piece, Chain &chain,
                              ArrayRef<Piece> all) {
  auto region = piece.source.getDefiningOp<RegionOp>();
  if (!region || !isReadInSlices(piece.source) ||
      llvm::any_of(piece.strides, [](int64_t s) { return s != 1; }) ||
      piece.repeated)
    return false;
  // All readers would keep the whole buffer alive.
  if (!piece.source.hasOneUse() && isMostlyPadding(chain, all))
    return false;
  // What the region writes into has to be there before it.
  if (Operation *before = chain.versions.back().getDefiningOp();
      before && before != region && !before->isBeforeInBlock(region))
    return false;
  // It has been written into another buffer already.
  Value inner = getYielded(piece.source);
  if (!startsFromNothing(inner))
    return false;
  // Copies of its slices into the same buffer would read what they write.
  for (Operation *user : piece.source.getUsers())
    if (isa<tensor::ExtractSliceOp>(user))
      for (const Piece &other : all)
        if (other.source == user->getResult(0))
          return false;
  // A region that wrote the version before has been checked for it.
  if (chain.versions.back().getDefiningOp() != region)
    return !readsChain(region, chain);
  return getOpsToMove(getYielded(chain.versions.back()), inner).has_value();
}

Value Placer::makeSlice(Value whole, const Index &offsets, const Index &sizes,
                        const Index &strides, RankedTensorType type) {
  return tensor::ExtractSliceOp::create(
      builder, whole.getLoc(), type, whole, attrs(builder, offsets),
      attrs(builder, sizes), attrs(builder, strides));
}

Value Placer::copyInto(Value source, Value dest, const Piece &piece) {
  Location loc = source.getLoc();
  auto region = createRegion(
      builder, loc, dest.getType(), [&](OpBuilder &inner) -> Value {
        Value copy = createCopy(inner, loc, source);
        return tensor::InsertSliceOp::create(
            inner, loc, copy, dest, attrs(inner, piece.offsets),
            attrs(inner, piece.sizes), attrs(inner, piece.strides));
      });
  return region.getResult(0);
}

Value Placer::writeInto(OpResult source, Value dest, const Piece &piece) {
  auto region = cast<RegionOp>(source.getOwner());
  Operation *yield = region.getBody().front().getTerminator();
  OpOperand &yielded = yield->getOpOperand(source.getResultNumber());
  auto type = cast<RankedTensorType>(source.getType());
  // Another result of this region may be a piece of the same buffer: one result
  // carries both, the other one has no readers any more.
  OpOperand *carrier = &yielded;
  Value before = dest, version = source;
  if (dest.getDefiningOp() == region) {
    version = dest;
    carrier = &yield->getOpOperand(cast<OpResult>(dest).getResultNumber());
    before = carrier->get();
    auto moved = getOpsToMove(before, yielded.get());
    for (Operation *op : moved.value_or(SmallVector<Operation *>()))
      op->moveBefore(getWriters(yielded.get()).back());
  }
  OpBuilder inner(yield);
  carrier->set(tensor::InsertSliceOp::create(
      inner, region.getLoc(), yielded.get(), before,
      attrs(inner, piece.offsets), attrs(inner, piece.sizes),
      attrs(inner, piece.strides)));
  // Everybody else reads the part of the buffer.
  SmallVector<OpOperand *> uses;
  for (OpOperand &use : source.getUses())
    uses.push_back(&use);
  if (version == source)
    source.setType(dest.getType());
  if (!uses.empty()) {
    builder.setInsertionPointAfter(region);
    Value slice =
        makeSlice(version, piece.offsets, piece.sizes, piece.strides, type);
    for (OpOperand *use : uses)
      use->set(slice);
  }
  return version;
}

/// Rebuilds regions without the results that nobody reads.
static void dropUnusedResults(Block &block) {
  for (auto region : llvm::make_early_inc_range(block.getOps<RegionOp>())) {
    Operation *yield = region.getBody().front().getTerminator();
    BitVector unused(region.getNumResults());
    for (OpResult result : region->getResults())
      unused[result.getResultNumber()] = result.use_empty();
    if (unused.none() || unused.all())
      continue;
    yield->eraseOperands(unused);
    OpBuilder builder(region);
    auto narrow =
        RegionOp::create(builder, region.getLoc(), yield->getOperandTypes());
    narrow->setDiscardableAttrs(llvm::to_vector(region->getDiscardableAttrs()));
    narrow.getBody().takeBody(region.getBody());
    unsigned next = 0;
    for (OpResult result : region->getResults())
      if (!result.use_empty())
        result.replaceAllUsesWith(narrow.getResult(next++));
    region.erase();
  }
}

void Placer::moveRoot(Chain &chain, Operation *before) {
  Operation *root = chain.root.getDefiningOp();
  if (!root || !before->isBeforeInBlock(root))
    return;
  SmallVector<Operation *> moved;
  if (isa<RegionOp>(root)) {
    // A border region reads its buffer and constants only.
    SetVector<Value> captured;
    getUsedValuesDefinedAbove(root->getRegions(), captured);
    for (Value value : captured) {
      Operation *op = value.getDefiningOp();
      if (!op || !before->isBeforeInBlock(op))
        continue;
      if (!isa<tensor::EmptyOp>(op) && !op->hasTrait<OpTrait::ConstantLike>())
        return;
      moved.push_back(op);
    }
  } else if (!isa<tensor::EmptyOp>(root)) {
    return;
  }
  moved.push_back(root);
  for (Operation *op : moved)
    op->moveBefore(before);
}

void Placer::build(Chain &chain) {
  chain.root = chain.inserts.front().getDest();
  SmallVector<Piece> pieces;
  flatten(chain, Index(chain.pieces.front().offsets.size(), 0), pieces);
  // In the order in which the sources come to be; arguments first.
  for (auto [index, piece] : llvm::enumerate(pieces)) {
    piece.number = index;
    Value source = piece.source;
    piece.repeated = llvm::count_if(pieces, [source](const Piece &other) {
                       return other.source == source;
                     }) > 1;
  }
  llvm::sort(pieces, [](const Piece &left, const Piece &right) {
    Operation *a = left.source.getDefiningOp();
    Operation *b = right.source.getDefiningOp();
    // Copies come after their source, so after what it writes itself.
    if (a == b)
      return std::make_tuple(left.repeated, left.number) <
             std::make_tuple(right.repeated, right.number);
    return b && (!a || a->isBeforeInBlock(b));
  });
  for (const Piece &piece : pieces)
    if (Operation *first = piece.source.getDefiningOp()) {
      moveRoot(chain, first);
      break;
    }
  for (auto [index, piece] : llvm::enumerate(pieces))
    chain.versionOfSource[piece.source] = index + 1;
  SmallVector<std::pair<Chain *, unsigned>> parts;
  for (std::unique_ptr<Chain> &part : chains) {
    Index offsets;
    if (part->home && getOutermost(part.get(), offsets) == &chain)
      parts.push_back({part.get(), completedBy(part->getFinal(), chain)});
  }

  Value current = chain.root;
  chain.versions.push_back(current);
  for (const Piece &piece : pieces) {
    if (isWrittenInPlace(piece, chain, pieces)) {
      current = writeInto(cast<OpResult>(piece.source), current, piece);
    } else {
      Operation *after = current.getDefiningOp();
      Operation *source = piece.source.getDefiningOp();
      if (!after || (source && after->isBeforeInBlock(source)))
        after = source;
      if (after)
        builder.setInsertionPointAfter(after);
      else
        builder.setInsertionPoint(chain.inserts.front());
      current = copyInto(piece.source, current, piece);
    }
    chain.versions.push_back(current);
  }

  // Nested buffers are slices of the version that completes them.
  for (auto [part, complete] : parts) {
    Index offsets;
    getOutermost(part, offsets);
    Value version = chain.versions[complete];
    builder.setInsertionPointAfterValue(version);
    Value slice = makeSlice(version, offsets, Index(part->getType().getShape()),
                            Index(offsets.size(), 1), part->getType());
    part->getFinal().replaceAllUsesWith(slice);
  }
  chain.getFinal().replaceAllUsesWith(current);
  parts.push_back({&chain, 0});
  for (auto [part, complete] : llvm::reverse(parts)) {
    chainOfFinal.erase(part->getFinal());
    for (tensor::InsertSliceOp insert : llvm::reverse(part->inserts))
      insert.erase();
    part->inserts.clear();
  }
  for (auto slice :
       llvm::make_early_inc_range(block.getOps<tensor::ExtractSliceOp>()))
    if (slice->use_empty())
      slice.erase();
  sortTopologically(&block);
}

//===----------------------------------------------------------------------===//
// Slices
//===----------------------------------------------------------------------===//

/// Slices of slices become one.
static void composeSlices(Block &block, OpBuilder &builder) {
  for (auto slice : block.getOps<tensor::ExtractSliceOp>()) {
    auto outer = slice.getSource().getDefiningOp<tensor::ExtractSliceOp>();
    if (!outer || outer.getDroppedDims().any())
      continue;
    Index offsets, strides;
    for (auto [a, s, b, t] :
         llvm::zip_equal(outer.getStaticOffsets(), outer.getStaticStrides(),
                         slice.getStaticOffsets(), slice.getStaticStrides())) {
      offsets.push_back(a + b * s);
      strides.push_back(s * t);
    }
    slice.getSourceMutable().assign(outer.getSource());
    slice.setStaticOffsets(offsets);
    slice.setStaticStrides(strides);
  }
}

void Placer::sinkSlices() {
  composeSlices(block, builder);
  for (auto slice :
       llvm::make_early_inc_range(block.getOps<tensor::ExtractSliceOp>())) {
    DenseMap<Operation *, Value> copies;
    SmallVector<OpOperand *> others;
    for (OpOperand &use : llvm::make_early_inc_range(slice->getUses())) {
      auto region = use.getOwner()->getParentOfType<RegionOp>();
      if (!region) {
        others.push_back(&use);
        continue;
      }
      Value &copy = copies[region];
      if (!copy) {
        OpBuilder inner = OpBuilder::atBlockBegin(&region.getBody().front());
        copy = inner.clone(*slice)->getResult(0);
      }
      use.set(copy);
    }
    if (!others.empty()) {
      builder.setInsertionPoint(slice);
      auto region = createRegion(
          builder, slice.getLoc(), slice.getType(), [&](OpBuilder &inner) {
            return createCopy(inner, slice.getLoc(),
                              inner.clone(*slice)->getResult(0));
          });
      for (OpOperand *use : others)
        use->set(region.getResult(0));
    }
    slice.erase();
  }
}

void Placer::readLatestVersions() {
  for (std::unique_ptr<Chain> &chain : chains) {
    for (auto [number, version] : llvm::enumerate(chain->versions)) {
      if (number == 0)
        continue;
      for (OpOperand &use : llvm::make_early_inc_range(version.getUses())) {
        Operation *reader = block.findAncestorOpInBlock(*use.getOwner());
        if (!isa<RegionOp>(reader))
          continue;
        Value latest = version;
        for (Value later : ArrayRef(chain->versions).drop_front(number + 1))
          if (later.getDefiningOp()->isBeforeInBlock(reader))
            latest = later;
        use.set(latest);
      }
    }
  }
}

LogicalResult Placer::run() {
  if (failed(replacePads()))
    return failure();
  sortTopologically(&block);
  collectChains();
  nestChains();
  // Large buffers first: a value can live in one place only.
  SmallVector<Chain *> outermost;
  for (std::unique_ptr<Chain> &chain : chains)
    if (!chain->home)
      outermost.push_back(chain.get());
  llvm::sort(outermost, [](Chain *left, Chain *right) {
    return std::make_tuple(right->getBytes(), left->number) <
           std::make_tuple(left->getBytes(), right->number);
  });
  for (Chain *chain : outermost)
    build(*chain);
  sinkSlices();
  sortTopologically(&block);
  readLatestVersions();
  dropUnusedResults(block);
  for (Operation &op : llvm::make_early_inc_range(llvm::reverse(block)))
    if (isOpTriviallyDead(&op))
      op.erase();
  return success();
}

namespace {
struct PlaceSlices : dlc::dispatch::impl::PlaceSlicesPassBase<PlaceSlices> {
  void runOnOperation() override {
    if (failed(Placer(getOperation()).run()))
      signalPassFailure();
  }
};
} // namespace
