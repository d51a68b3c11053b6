//===- TileEmitter.h - What one thread does of a nest -----------*- C++ -*-===//

#ifndef DLC_LIB_SCHEDULE_CUDA_TILEEMITTER_H
#define DLC_LIB_SCHEDULE_CUDA_TILEEMITTER_H

#include "IndexMath.h"

#include "dlc/Schedule/Common/Nest.h"

#include <map>

namespace dlc::schedule {

/// Bytes of each factor that one instruction multiplies and adds up.
inline constexpr int64_t dotGroup = 4;

/// The products of bytes that stage 0 of `nest` adds up, if that is what it
/// does: `dotGroup` of them are one instruction.
std::optional<NarrowProducts> matchDots(const Nest &nest);

/// `acc` and the products of `dotGroup` bytes of each operand.
mlir::Value emitDot(mlir::OpBuilder &b, mlir::Location loc,
                    const NarrowProducts &products,
                    mlir::ArrayRef<mlir::Value> left,
                    mlir::ArrayRef<mlir::Value> right, mlir::Value acc);

/// A loop of which one thread runs `count` iterations unrolled.
struct TileDim {
  int loop;
  int64_t count;
};

/// A reduction loop whose iterations several threads share: each takes runs of
/// a few consecutive iterations, `id` (below `threads`) tells which.
struct Split {
  unsigned loop;
  int64_t threads;
  mlir::Value id;
};

/// Emits code of one thread for a tile of points of a nest: loads (as vectors
/// where addresses are consecutive and aligned), bodies one scalar at a time
/// (the hardware has no other arithmetic), reductions and stores. Whoever uses
/// it says where the tile lies (`setIv`) and how it spreads (`setTile`).
class TileEmitter {
public:
  /// A point: an offset from the tile's origin for each loop of the nest.
  using Point = mlir::SmallVector<int64_t>;
  /// A value for each point.
  using Values = mlir::SmallVector<mlir::Value>;
  /// Values of all outputs of a stage.
  using Results = mlir::SmallVector<Values>;

  TileEmitter(mlir::OpBuilder &builder, mlir::Location loc, Nest &nest,
              mlir::ArrayRef<mlir::Value> memrefs);

  /// The iteration of `loop` at the tile's origin, a multiple of `divisor`.
  void setIv(unsigned loop, mlir::Value iv, int64_t divisor = 1);
  /// The points of the tile; the last dimension runs fastest.
  void setTile(mlir::ArrayRef<TileDim> dims);
  void setPoints(mlir::ArrayRef<Point> newPoints) {
    points.assign(newPoints.begin(), newPoints.end());
  }
  mlir::ArrayRef<Point> getPoints() const { return points; }
  /// Stores happen only where `condition` holds (null: everywhere).
  void setStoreGuard(mlir::Value condition) { storeGuard = condition; }

  /// All of the nest for the tile; reductions run in the thread.
  void emit();

  /// What the reduction of stage 0 starts from; with `neutral`, the neutral
  /// elements of its combiners.
  Results start(bool neutral);
  /// Runs the reduction loops `loops` (the last is the innermost) over all of
  /// their iterations. Loops that have an iv from outside are left out.
  Results reduce(mlir::ArrayRef<unsigned> loops, const Results &accs);
  /// The same, with `split.loop` innermost and only this thread's share of it.
  Results reduce(mlir::ArrayRef<unsigned> loops, const Split &split,
                 const Results &accs);
  /// One step of the reduction, at the tile's points shifted by each of
  /// `shifts`. Products of bytes are added four at a time.
  Results step(mlir::ArrayRef<Point> shifts, const Results &accs);
  /// `init` combined with `partial` (needs the combiners), for split reductions
  /// that started from the neutral elements.
  Results applyInit(const Results &partial);
  /// Stores the results of stage 0, runs the following stages and stores
  /// theirs.
  void finish(Results accs);

  /// The reduction loops in the order in which a thread should run them.
  static mlir::SmallVector<unsigned> getReductionOrder(const Nest &nest);
  /// How many iterations of reduction loop `loop` a thread should run at once:
  /// a vector's worth where an input is consecutive, else a few, so that loads
  /// are in flight together.
  int64_t getUnroll(unsigned loop) const;
  /// The body of stage 0, which has one output and asks for no index, on `acc`.
  mlir::Value evaluateMain(llvm::function_ref<mlir::Value(unsigned)> input,
                           mlir::Value acc);
  /// Combines two values as output `output` of stage 0 does.
  mlir::Value combine(unsigned output, mlir::Value lhs, mlir::Value rhs);

  /// Loads `access` at `where`.
  Values load(const Access &access, mlir::ArrayRef<Point> where);
  /// Where a value for `access` at the tile's points is kept in registers:
  /// consulted before memory is read, and told of what is written. Used by
  /// kernels that keep a whole row in registers.
  struct Cache {
    virtual ~Cache() = default;
    virtual mlir::Value find(const Access &access, const Point &point) = 0;
    /// Returns whether the store to memory is to be left out.
    virtual bool store(const Access &access, const Point &point,
                       mlir::Value value) = 0;
    virtual void loaded(const Access &access, const Point &point,
                        mlir::Value value) = 0;
  };
  void setCache(Cache *newCache) { cache = newCache; }

private:
  void store(const Access &access, const Values &values);
  Results reduceShare(const Split &split, const Results &accs);
  bool isSmallWindow(mlir::ArrayRef<unsigned> loops) const;
  mlir::SmallVector<Point> getShifts(mlir::ArrayRef<unsigned> loops) const;
  Results reduceRest(const Split &split, int64_t begin, int64_t end,
                     int64_t run, const Results &accs);
  Results loopOver(unsigned loop, int64_t end, int64_t by, mlir::Value offset,
                   const Results &accs,
                   llvm::function_ref<Results(const Results &)> body);
  size_t stepDots(size_t shifts, mlir::ArrayRef<Values> inputs,
                  Results &results);
  Results unrolled(unsigned loop, int64_t count, const Results &accs);
  void runStage(unsigned stage);
  void storeOutputs(unsigned stage);
  mlir::Value address(const Access &access);
  int64_t getDivisor(const Access &access) const;
  int64_t offsetOf(const Access &access, const Point &point) const;
  mlir::SmallVector<mlir::Value>
  emitBody(const Stage &stage, const Point &point,
           llvm::function_ref<mlir::Value(unsigned)> input,
           llvm::function_ref<mlir::Value(unsigned)> output);
  mlir::Value emitGather(const Stage &stage, mlir::Operation *op,
                         mlir::IRMapping &map);
  mlir::Value emitIndex(const Stage &stage, unsigned dim, const Point &point);
  mlir::Value lookup(mlir::IRMapping &map, mlir::Value value);
  /// Forgets addresses: the insertion point has left their scope, or ivs have
  /// changed.
  void newScope() { addresses.clear(); }

  mlir::OpBuilder &b;
  mlir::Location loc;
  IndexMath index;
  Nest &nest;
  mlir::ArrayRef<mlir::Value> memrefs;
  std::optional<NarrowProducts> dots;
  mlir::SmallVector<mlir::Value> iv;
  mlir::SmallVector<int64_t> divisors;
  mlir::SmallVector<Point> points;
  llvm::DenseMap<const Access *, mlir::Value> addresses;
  /// [stage][output][point]
  mlir::SmallVector<Results> registers;
  Cache *cache = nullptr;
  mlir::Value storeGuard;
};

} // namespace dlc::schedule

#endif // DLC_LIB_SCHEDULE_CUDA_TILEEMITTER_H
