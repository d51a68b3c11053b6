//===- NestEmitter.h - Loops and vectors for a nest -------------*- C++ -*-===//

#ifndef DLC_LIB_SCHEDULE_HOST_NESTEMITTER_H
#define DLC_LIB_SCHEDULE_HOST_NESTEMITTER_H

#include "Tile.h"

#include "mlir/IR/Builders.h"

namespace dlc::schedule {

/// The columns of a square of `rows.size()` vectors, as vectors.
llvm::SmallVector<mlir::Value>
transposeVectors(mlir::OpBuilder &b, mlir::Location loc, mlir::ValueRange rows);

/// Emits one nest as loops of vector operations.
class NestEmitter {
public:
  /// `memrefs[i]` is the one-dimensional memref of buffer `i`; `sharedIvs` the
  /// induction variables of the kernel's shared loops; `scratchBlock` a block
  /// that runs before the nest, in which stack memory is taken.
  NestEmitter(mlir::OpBuilder &builder, mlir::Location loc, Nest nest,
              Tile tile, const HostTarget &target,
              mlir::ArrayRef<mlir::Value> memrefs,
              mlir::ArrayRef<mlir::Value> sharedIvs, mlir::Block *scratchBlock);

  /// Emits the nest at the builder's insertion point. With `parallel`, its
  /// outer loops become an scf.forall over work items.
  mlir::LogicalResult emit(bool parallel);

private:
  /// A parallel loop around the register tile.
  struct OuterLoop {
    int loop = -1;
    int64_t step = 1; // iterations of the loop in one step
    int64_t full = 0; // steps with the whole tile
    int64_t tail = 0; // iterations left for one more step
    bool isVector = false, isRow = false;
    int64_t bands = 1; // parts that run one after the other, outermost
    mlir::Value index; // number of the current step
    mlir::Value indexInBand;
    int64_t count() const { return full + (tail ? 1 : 0); }
    int64_t countInBand() const { return (count() + bands - 1) / bands; }
  };
  /// The shape of the tile that is being emitted.
  struct Variant {
    int64_t rows = 1, vectors = 1;
    /// Valid lanes of the last vector, 0 if all are.
    int64_t lastLanes = 0;
  };
  using Registers = mlir::SmallVector<mlir::Value>; // [row][vector]

  const Access *panelOperand() const;
  void orderLoops();
  double bytesOf(const Access &access) const;
  bool resultsInOrder(const Access &panels) const;
  OuterLoop *chooseBands();
  void emitForall();
  void emitForallBody(unsigned depth, unsigned prefix, Variant variant,
                      mlir::ValueRange ivs);
  mlir::Value endOfSteps(const OuterLoop &outer);
  mlir::Value endOfReduction(unsigned loop, int64_t end);
  std::pair<mlir::Value, mlir::Value> boundsOf(unsigned loop, int64_t end,
                                               Variant variant);
  void emitLoops(unsigned depth, Variant variant);
  void withVariant(const OuterLoop &outer, bool tail, Variant &variant);
  void emitTile(Variant variant);
  void emitQuotients(Variant variant);
  void emitReduction(Variant variant);
  mlir::SmallVector<mlir::Value>
  emitReductionLoops(unsigned depth, Variant variant, mlir::ValueRange accs);
  void emitPrefetch(int64_t elements);
  int64_t partialSumBlock(unsigned depth);
  mlir::SmallVector<mlir::Value> emitPartialSums(unsigned depth, int64_t block,
                                                 Variant variant,
                                                 mlir::ValueRange accs);
  mlir::SmallVector<mlir::Value> emitStep(Variant variant,
                                          mlir::ValueRange accs);
  mlir::Value combine(unsigned output, mlir::Value lhs, mlir::Value rhs);
  void combineLanes(Variant variant, mlir::SmallVector<mlir::Value> &accs);
  void emitFollowing(unsigned firstStage, Variant variant);
  void emitFollowingByRow(Variant variant);
  mlir::Value makeScratch(int64_t elements, mlir::Type element);
  void emitRows(mlir::ArrayRef<mlir::Value> parked,
                mlir::ArrayRef<mlir::Type> elements, int64_t skipped,
                bool isStored, Variant variant);
  void emitMatrices(Variant variant);
  mlir::SmallVector<mlir::Value>
  emitMatrixLoops(unsigned depth, Variant variant,
                  mlir::ArrayRef<int64_t> offsets, mlir::ValueRange accs);
  mlir::SmallVector<mlir::Value> emitMatrixStep(Variant variant,
                                                mlir::ArrayRef<int64_t> offsets,
                                                mlir::ValueRange accs);
  mlir::Value loadMatrix(const Access &access, int64_t row, int64_t vector,
                         int64_t rows, int64_t groups, int64_t stride);
  mlir::Value pointerTo(mlir::Value memref, mlir::Value word);
  bool followingIsHeavy(unsigned firstStage);
  void mergeVectors(Variant &variant);
  void storeOutputs(unsigned stage, Variant variant);

  mlir::SmallVector<mlir::Value>
  emitBody(const Stage &stage, Variant variant, int64_t row, int64_t vector,
           llvm::function_ref<mlir::Value(unsigned)> input,
           llvm::function_ref<mlir::Value(unsigned)> output);
  mlir::Value emitBodyOp(const Stage &stage, mlir::Operation *op,
                         mlir::IRMapping &map, Variant variant, int64_t vector);
  mlir::Value emitGather(const Stage &stage, mlir::Operation *op,
                         mlir::IRMapping &map, Variant variant, int64_t vector);
  mlir::Value emitIndex(const Stage &stage, unsigned dim, int64_t row,
                        int64_t vector);

  mlir::Value loadGroup(const Access &access, mlir::Value at, bool isVector);
  mlir::Value callIntrinsic(llvm::StringRef name, mlir::Type type,
                            mlir::ValueRange operands);
  mlir::Value asGroups(mlir::Value value, mlir::Type element);
  mlir::Value emitFloatDot(mlir::Value acc, mlir::Value left,
                           mlir::Value right);
  mlir::Value emitDot(const Stage &stage, mlir::Value acc, mlir::Value left,
                      mlir::Value right);
  mlir::Value emitShortSum(const Stage &stage, mlir::Value acc, Variant variant,
                           int64_t row, int64_t vector);
  mlir::Value lookup(mlir::IRMapping &map, mlir::Value value);
  mlir::Value constant(int64_t value);
  mlir::Value splat(mlir::Value scalar);
  mlir::Value splatAttr(mlir::TypedAttr attr);
  mlir::Type vectorOf(mlir::Type element);
  mlir::Value mask(int64_t lanes);
  mlir::Value address(const Access &access);
  mlir::Value addressAt(mlir::Value base, const Access &access, int64_t row,
                        int64_t vector);
  mlir::Value load(const Access &access, mlir::Value base, Variant variant,
                   int64_t row, int64_t vector);
  bool storeTransposed(const Access &access, const Registers &values,
                       Variant variant);
  void storeFirst(mlir::Value memref, mlir::Value value, int64_t offset,
                  mlir::Value base, int64_t count);
  void loadTransposed(const Stage &stage, unsigned index, Variant variant);
  void store(const Access &access, mlir::Value base, mlir::Value value,
             Variant variant, int64_t row, int64_t vector);
  bool isMasked(Variant variant, int64_t vector) const {
    return variant.lastLanes && vector == variant.vectors - 1;
  }
  bool usesLanes() const { return lanes > 1; }
  mlir::Value loadInput(const Stage &stage, unsigned index, Variant variant,
                        int64_t row, int64_t vector, int64_t step = 0);

  mlir::OpBuilder &b;
  mlir::Location loc;
  Nest nest;
  Tile tile;
  const HostTarget &target;
  mlir::ArrayRef<mlir::Value> memrefs, sharedIvs;
  mlir::Block *scratchBlock;

  /// Tiles along the vectors run one after the other.
  bool vectorsInside = false;
  mlir::SmallVector<OuterLoop> outers;
  mlir::SmallVector<unsigned> reductions; // outermost first
  mlir::SmallVector<mlir::Value> iv;      // per loop, null where not inside
  mlir::Value panelIndex;                 // number of the panel
  /// Of each row of the tile, the outer one of two loops that were folded.
  mlir::SmallVector<mlir::Value> quotients;
  mlir::SmallVector<unsigned> ivOrder; // outermost first
  /// Lanes of the values that are being computed: one after lanes are combined.
  int64_t lanes = 1;
  /// [stage][output] → registers.
  mlir::SmallVector<mlir::SmallVector<Registers>> registers;
  /// Values loaded in the current step: (stage, input, row, vector, step of a
  /// short sum).
  std::map<std::tuple<const void *, unsigned, int64_t, int64_t, int64_t>,
           mlir::Value>
      loaded;
  llvm::DenseMap<const Access *, mlir::Value> addresses;
  llvm::DenseMap<mlir::Value, mlir::Value> splats;
  void newScope() {
    loaded.clear();
    addresses.clear();
    splats.clear();
  }
};

} // namespace dlc::schedule

#endif // DLC_LIB_SCHEDULE_HOST_NESTEMITTER_H
