//===- Nest.h - Kernels as loop nests with linear accesses ------*- C++ -*-===//
//
// What the scheduler knows of a kernel: buffers, and a sequence of loop nests
// over them. Every operand of a structured operation is an address that is
// linear in the nest's loops (with at most one loop split into panels), so that
// contractions, convolutions, windows, reductions, element-wise operations and
// data movement differ in their coefficients only.
//
//===----------------------------------------------------------------------===//

#ifndef DLC_SCHEDULE_COMMON_NEST_H
#define DLC_SCHEDULE_COMMON_NEST_H

#include "dlc/Dialect/Dispatch/IR/Dispatch.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

namespace dlc::schedule {

/// Memory that a kernel touches: an argument, or scratch of one work item.
struct Buffer {
  mlir::Type element;
  int64_t elements = 0;
  /// Index of the kernel argument, or -1 for scratch.
  int argument = -1;
};

/// Where a tensor value lies: element (i0, i1, …) is at
/// `offset + sum(strides[k] * ik)` of `buffer`.
struct Placement {
  unsigned buffer = 0;
  int64_t offset = 0;
  llvm::SmallVector<int64_t> strides;
};

/// An operand as a function of the nest's loops: the address is
/// `base + sum(coef[d] * d)`. If `panelLoop` is set, that loop n contributes
/// `(n floordiv panel) * panelCoef + (n mod panel) * coef[n]` instead.
struct Access {
  unsigned buffer = 0;
  int64_t base = 0;
  llvm::SmallVector<int64_t> coef;
  int panelLoop = -1;
  int64_t panel = 0;
  int64_t panelCoef = 0;
  /// Neighbouring elements that are read as one: addresses count groups.
  int64_t group = 1;
  /// Loop n, if set, is two loops that were made one, the inner one of extent
  /// `fold`: it contributes `(n floordiv fold) * foldCoef + (n mod fold) *
  /// coef[n]`.
  int foldLoop = -1;
  int64_t fold = 0;
  int64_t foldCoef = 0;
};

/// An input of a stage: memory, the registers of an earlier stage of the same
/// nest, a scalar of the kernel, or nothing that the body reads (an operand
/// that only gives a window its shape).
struct Input {
  enum Kind { Memory, Register, Scalar, Unused } kind = Memory;
  Access access;
  unsigned stage = 0, result = 0;
  mlir::Value scalar;
};

/// A result of a stage.
struct Output {
  /// Where it is stored, if at all.
  std::optional<Access> store;
  /// The constant that a reduction starts from; without one it starts from what
  /// `load` addresses.
  mlir::TypedAttr init;
  std::optional<Access> load;
};

/// A sum of products of two narrow numbers each: of integers of 8 or 16 bits,
/// in 32 bits, or of bfloat16, in f32.
struct NarrowProducts {
  /// Numbers among the operation's inputs.
  unsigned left = 0, right = 1;
  bool isFloat = false;
  /// Whether integers are extended by zeros rather than by their signs.
  bool leftUnsigned = false, rightUnsigned = false;
};

/// The products that `op` adds up, if that is all it does.
std::optional<NarrowProducts> matchNarrowProducts(mlir::linalg::LinalgOp op);

/// One structured operation in a nest.
struct Stage {
  mlir::linalg::LinalgOp op;
  llvm::SmallVector<Input, 2> inputs;
  llvm::SmallVector<Output, 1> outputs;
  /// The nest's loop of each loop of `op`; -1 where the extent is one.
  llvm::SmallVector<int> loopOf;
  /// Where the tensors lie that the body reads with tensor.extract.
  llvm::DenseMap<mlir::Operation *, Placement> gathers;
  /// Each iteration adds the products of a whole group of elements of both
  /// inputs (`Access::group`).
  std::optional<NarrowProducts> dots;
  /// So many groups are added up in 16 bits before they are in 32; 0: none.
  int64_t shortSums = 0;
  /// From one of these groups to the next, by input.
  llvm::SmallVector<int64_t> shortSteps;
};

/// The iterations of a loop from `number * scale + offset` on need not run; the
/// number is an element (of i64) of a buffer. May be more than the loop's
/// extent.
struct Limit {
  unsigned buffer = 0;
  int64_t element = 0, scale = 1, offset = 0;
  /// If set, a parallel loop that numbers pieces of `pieceLength` iterations
  /// each: what comes before the piece counts, too.
  int piece = -1;
  int64_t pieceLength = 0;
  bool operator==(const Limit &other) const {
    return buffer == other.buffer && element == other.element &&
           scale == other.scale && offset == other.offset &&
           piece == other.piece && pieceLength == other.pieceLength;
  }
  bool operator!=(const Limit &other) const { return !(*this == other); }
};

/// Iterations of a reduction loop k change nothing where `step * k + otherStep
/// * (i floordiv fold)` is below `first`, or is `end` or more; i is the
/// parallel loop `other`.
struct Window {
  unsigned other = 0;
  int64_t step = 1, otherStep = 1, first = 0, end = 0;
  int64_t fold = 1;
};

struct Loop {
  int64_t extent = 1;
  bool reduction = false;
  /// Index among the kernel's shared loops, which run outside of the nest; -1
  /// for a loop of the nest itself.
  int shared = -1;
  /// Some body asks for this loop's index.
  bool indexed = false;
  std::optional<Limit> limit;
  /// Schedulers may leave iterations out, and do in whole tiles.
  std::optional<Window> window;
};

/// A loop nest: `stages[0]` over all loops, then stages over its parallel loops
/// that use its results in registers.
struct Nest {
  llvm::SmallVector<Loop> loops;
  /// The loop over the iterations of a shared loop that are done one after the
  /// other (see `kRowTileAttrName`), or -1.
  int rowLoop = -1;
  std::vector<Stage> stages;

  bool hasReduction() const {
    return llvm::any_of(loops, [](const Loop &l) { return l.reduction; });
  }
  /// Calls `fn` for every access to memory.
  void forEachAccess(llvm::function_ref<void(Access &)> fn);
};

/// A kernel, analysed.
struct KernelPlan {
  llvm::SmallVector<Buffer> buffers;
  /// Extents of the loops that all nests share; empty for a single nest.
  llvm::SmallVector<int64_t> shared;
  /// How many iterations of what was shared one of these is: a nest has a loop
  /// over them (see `kRowTileAttrName`).
  llvm::SmallVector<int64_t> sharedSteps;
  /// Those of the shared loops, where all nests agree.
  llvm::SmallVector<std::optional<Limit>> sharedLimits;
  std::vector<Nest> nests;
  /// Pairs (input, output) that may be the same memory.
  llvm::SmallVector<std::pair<int64_t, int64_t>> inplace;

  /// What one work item needs beside the arguments.
  int64_t scratchBytes() const;
};

/// Discardable array of three i64 on an op of a kernel that schedulers have
/// cut: the loop, the one that numbers its pieces, and the length of a piece. A
/// limit of the former is that of all pieces together.
inline constexpr llvm::StringLiteral kPiecesAttrName = "schedule.pieces";

/// Discardable array of two i64 on a kernel: a loop that its ops share, and how
/// many of its iterations are done one op after the other, by a loop in each
/// nest.
inline constexpr llvm::StringLiteral kRowTileAttrName = "schedule.row_tile";

/// Analyses a kernel on tensors. Emits an error that names what does not fit.
mlir::FailureOr<KernelPlan> planKernel(dispatch::KernelOp kernel);

/// Merges loops that are contiguous in every access, so that for example the
/// pixels of a 1x1 convolution become one loop. Loops of extent one are gone
/// already (see planKernel).
void coalesceLoops(Nest &nest);

/// Where a loop with a limit ends, as an index.
mlir::Value loadLimit(mlir::OpBuilder &builder, mlir::Location loc,
                      const Limit &limit, llvm::ArrayRef<mlir::Value> memrefs);

/// Whether `condition` (null: always) and `at` is below the limit, if there is
/// one.
mlir::Value isBelow(mlir::OpBuilder &b, mlir::Location loc, mlir::Value at,
                    const std::optional<Limit> &limit,
                    llvm::ArrayRef<mlir::Value> memrefs, mlir::Value condition);

/// Gives loops the windows that the first operation's attribute names
/// (dlc/Dialect/Dispatch/IR/Windows.h), where leaving iterations out is worth
/// the trouble: where each is long, and where a loop can not be merged with
/// another one instead.
void addWindows(Nest &nest);

/// The share of the iterations of `loop` that its window lets out, if so many
/// neighbouring `positions` of the parallel loop are computed at once.
double getShareOutside(const Nest &nest, unsigned loop, int64_t positions);

/// Makes one loop of two parallel ones that are not contiguous everywhere, so
/// that tiles do not end where the inner loop does. Nullopt where that can't
/// be.
std::optional<Nest> foldLoops(const Nest &nest, unsigned outer, unsigned inner);

/// Removes a loop that no body asks for, and that no access steps along.
void removeLoop(Nest &nest, unsigned loop);

/// The operation that combines partial results of output `output` of `op`, or
/// null if there is no single one.
mlir::Operation *getCombiner(mlir::linalg::LinalgOp op, unsigned output);

/// A one-dimensional view of a buffer of any rank.
mlir::Value flatten(mlir::OpBuilder &builder, mlir::Location loc,
                    mlir::Value memref);

} // namespace dlc::schedule

#endif // DLC_SCHEDULE_COMMON_NEST_H
