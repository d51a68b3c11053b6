//===- Strategies.h - Ways to run loop nests on a GPU -----------*- C++ -*-===//
//
// Each strategy emits one `gpu.launch` (or a few) for one nest, or for the
// nests that share loops. Whether a strategy applies, and with which sizes, it
// decides itself from the nest and the target.
//
//===----------------------------------------------------------------------===//

#ifndef DLC_LIB_SCHEDULE_CUDA_STRATEGIES_H
#define DLC_LIB_SCHEDULE_CUDA_STRATEGIES_H

#include "IndexMath.h"
#include "TileEmitter.h"

#include "dlc/Schedule/CUDA/TargetDescription.h"
#include "dlc/Schedule/Common/Nest.h"

#include "mlir/Dialect/GPU/IR/GPUDialect.h"

namespace dlc::schedule {

/// What the strategies for one kernel share.
struct KernelContext {
  mlir::OpBuilder &b;
  mlir::Location loc;
  KernelPlan &plan;
  const CudaTarget &target;
  /// The flat memref of each buffer; null for scratch that a launch places in
  /// its own memory.
  mlir::SmallVector<mlir::Value> memrefs;
};

/// A `gpu.launch` that is being filled; the builder stands in its body.
class Launch {
public:
  /// `workgroup`: types of the buffers in shared memory. What a block can't
  /// have without asking for it becomes dynamic shared memory.
  Launch(KernelContext &context, int64_t blocks, int64_t threads,
         mlir::ArrayRef<mlir::MemRefType> workgroup = {});
  ~Launch();
  mlir::Value getBlock() { return op.getBlockIds().x; }
  mlir::Value getThread() { return op.getThreadIds().x; }
  mlir::ArrayRef<mlir::Value> getWorkgroup() { return workgroup; }
  /// The registers of a thread were counted when tiles were chosen: ptxas is
  /// not to save some, at the cost of spills, for more blocks beside each
  /// other.
  void useManyRegisters();

private:
  mlir::OpBuilder &b;
  mlir::gpu::LaunchOp op;
  mlir::SmallVector<mlir::Value> workgroup;
};

/// The first iteration of a loop, and the limit it may have.
using LimitedStart = std::pair<std::optional<Limit>, mlir::Value>;

/// What the builder emits from here on runs only where all loops start below
/// their limits. Where there are barriers, the starts must be the same for all
/// threads of the block.
void skipUnneeded(KernelContext &context, llvm::ArrayRef<LimitedStart> starts);

/// Where loops with some extents and limits start, the last one the fastest,
/// for `count` consecutive items of which `first`, a multiple of `count`, is
/// the first one. No item starts before that; loops of which that says nothing
/// are left out.
llvm::SmallVector<LimitedStart>
getStarts(IndexMath &index, mlir::Value first, llvm::ArrayRef<int64_t> extents,
          llvm::ArrayRef<std::optional<Limit>> limits, int64_t count);

/// Memory of a block that its threads share.
mlir::MemRefType getSharedType(int64_t elements, mlir::Type element);

/// Bytes of one element in memory.
int64_t getElementBytes(mlir::Type type);

/// The parallel loops of a nest that are its own, outermost first: the order in
/// which neighbouring iterations of the last loop are stored side by side.
mlir::SmallVector<unsigned> getParallelOrder(const Nest &nest);

/// Whether a block for each of so many results, of so many elements each, would
/// leave most of the GPU idle for longer than a launch takes.
bool leavesIdle(int64_t results, int64_t elements, const CudaTarget &target);

/// Cuts reductions that leave the GPU idle: into pieces, and a reduction of
/// these.
void splitLongReductions(dispatch::KernelOp kernel, const CudaTarget &target);

/// Product of the extents of some loops.
int64_t countIterations(const Nest &nest, mlir::ArrayRef<unsigned> loops);

/// Whether partial results of all outputs of the nest's reduction can be
/// combined.
bool canSplitReduction(Nest &nest);

/// The elements of a vector along `loop` that suit the nest's accesses and
/// divide its extent.
int64_t chooseVector(Nest &nest, unsigned loop, const KernelPlan &plan);

/// A thread for a few outputs. Applies to every nest without shared loops.
void emitMap(KernelContext &context, Nest &nest);

/// Square tiles that change direction in shared memory: for nests that read an
/// input along another loop than they write along. Returns false, without
/// having emitted anything, for others.
bool emitTranspose(KernelContext &context, Nest &nest);

/// Several threads for one output: for reductions with too few outputs to give
/// each a thread, or whose inputs are consecutive along the reduction. Returns
/// false, without having emitted anything, where that makes no sense.
bool emitReduction(KernelContext &context, Nest &nest);

/// Nests that share the loops over rows and have one more along the row, if
/// rows fit into the registers of a warp or a block. Returns false, without
/// having emitted anything, where that is not so.
bool emitRows(KernelContext &context, llvm::MutableArrayRef<Nest> nests);

/// Nests that share loops, one work item for a thread, a warp or a block.
/// Scratch memory that has no memref yet is put into shared or private memory.
void emitShared(KernelContext &context, llvm::MutableArrayRef<Nest> nests);

/// Bytes of the scratch buffers of one work item, without some of them.
int64_t getScratchBytes(const KernelPlan &plan,
                        const llvm::SmallBitVector &except);

/// Threads that compute one result together: a part of a warp, a warp or a
/// block. `id` is the thread's number in it.
struct Group {
  int64_t size = 1;
  mlir::Value id;
  /// For groups of several warps: shared memory for one value of each warp.
  llvm::function_ref<mlir::Value(mlir::Type)> partials;
};

/// Combines the values of all threads of a group, always in the same order. All
/// of them get the result.
mlir::Value combineInGroup(
    mlir::OpBuilder &b, mlir::Location loc, const Group &group,
    mlir::Value value,
    llvm::function_ref<mlir::Value(mlir::Value, mlir::Value)> combine);

} // namespace dlc::schedule

#endif // DLC_LIB_SCHEDULE_CUDA_STRATEGIES_H
