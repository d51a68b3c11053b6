//===- OperandTiles.h - Tiles of a contraction's operands -------*- C++ -*-===//

#ifndef DLC_LIB_SCHEDULE_CUDA_OPERANDTILES_H
#define DLC_LIB_SCHEDULE_CUDA_OPERANDTILES_H

#include "Contraction.h"

namespace dlc::schedule {

/// Iterations of the reduction that a thread loads fragments for at once.
inline constexpr int64_t fragmentDepth = 4;

/// Sum of `coef * digit` for the digits of `value` in the loops' extents.
class LoopAddress {
public:
  LoopAddress(IndexMath &index, const Nest &nest,
              mlir::ArrayRef<unsigned> loops, const Access &access)
      : index(index), nest(nest), loops(loops), access(access) {}

  mlir::Value get(mlir::Value value) {
    mlir::Value &cached = known[value];
    if (cached)
      return cached;
    mlir::SmallVector<int64_t> extents;
    for (unsigned loop : loops)
      extents.push_back(nest.loops[loop].extent);
    mlir::Value sum = index.constant(0);
    for (auto [loop, digit] :
         llvm::zip_equal(loops, index.split(value, extents)))
      if (access.coef[loop] != 0)
        sum = index.add(sum, index.mul(digit, access.coef[loop]));
    return cached = sum;
  }
  void forget() { known.clear(); }

private:
  IndexMath &index;
  const Nest &nest;
  mlir::ArrayRef<unsigned> loops;
  const Access &access;
  llvm::DenseMap<mlir::Value, mlir::Value> known;
};

/// Copies tiles of one operand into shared memory: what each thread copies of a
/// tile, and where a thread finds its fragments.
class OperandTiles {
public:
  OperandTiles(KernelContext &context, Nest &nest, const Contraction &c,
               const ContractionOperand &operand, mlir::Value thread)
      : context(context), b(context.b), loc(context.loc),
        index(context.b, context.loc), c(c), operand(operand),
        access(nest.stages[0].inputs[operand.input].access),
        own(index, nest, operand.loops, access),
        reduction(index, nest, c.reduction, access), thread(thread),
        line(operand.line(c.tileDepth)), isRows(&operand == &c.rows) {}

  /// Elements of one stage.
  int64_t getStageElements() const { return line * operand.lines(c.tileDepth); }
  mlir::MemRefType getBufferType() const {
    return getSharedType(getStageElements() * c.stages, operand.element);
  }

  /// `start`: the first row (or column) of the block; `base`: the part of the
  /// address that the batch makes.
  void prepare(mlir::Value buffer, mlir::Value start, mlir::Value base);
  /// Tiles in `newBuffer` that this does not copy.
  void use(mlir::Value newBuffer) { buffer = newBuffer; }
  /// Starts copying the tile at `depth` into stage number `stage`.
  void copy(mlir::Value depth, mlir::Value stage);
  /// A thread's fragments at `depth` of the tile in `stage`: for each of its
  /// rows (columns), `fragmentDepth` values.
  mlir::SmallVector<mlir::SmallVector<mlir::Value>>
  load(mlir::Value stage, mlir::Value depth, mlir::Value lane);
  /// Operands of the tensor cores for the 16 rows (columns) from `first` on of
  /// the tile in `stage`: the four registers of a lane. They hold, in the order
  /// that the instruction wants, eight rows (columns) and half of its depth
  /// each (PTX ISA, "Matrix Fragments for mma.m16n8k16", ".m16n8k8" and
  /// ".m16n8k32"). With
  /// `paired`, a lane's registers hold neighbours along the reduction, as those
  /// of an instruction's results do along its columns.
  mlir::SmallVector<mlir::Value> loadMatrix(mlir::Value stage,
                                            mlir::Value depth,
                                            mlir::Value first, mlir::Value lane,
                                            bool paired = false);
  /// The offset in the tile of row (column) number `i` of a thread, without the
  /// part that depends on `lane`, and what the lane is multiplied with.
  int64_t getOffset(int64_t i) const;
  int64_t getLaneStep() const { return operand.reductionFastest ? 1 : chunk(); }
  /// Neighbouring rows (columns) that a thread has.
  int64_t chunk() const {
    if (c.unit != Unit::Fma)
      return isRows ? 1 : 2;
    return operand.reductionFastest ? 1
                                    : std::min<int64_t>(4, operand.perThread);
  }

  /// Where row (column) `own` at `depth` lies in a stage.
  mlir::Value place(mlir::Value own, mlir::Value depth);

private:
  /// One copy of a thread.
  struct Copy {
    mlir::Value depth, target, address;
    mlir::Value guard;
  };
  mlir::Value loadBytes(mlir::Value own, mlir::Value depth,
                        mlir::Value stageOffset);
  mlir::Value loadConverted(mlir::Value own, mlir::Value depth,
                            mlir::Value stageOffset);
  void copyOne(const Copy &one, mlir::Value depth, mlir::Value stageOffset);
  bool isRagged() const {
    return c.depthTiles() * c.tileDepth * c.splits != c.depth;
  }

  KernelContext &context;
  mlir::OpBuilder &b;
  mlir::Location loc;
  IndexMath index;
  const Contraction &c;
  const ContractionOperand &operand;
  const Access &access;
  LoopAddress own, reduction;
  mlir::Value thread, buffer;
  int64_t line;
  bool isRows;
  mlir::SmallVector<Copy> copies;
};

/// Adds the product of the tiles of `rows` in stage `rowStage` and of `columns`
/// in `columnStage` to a thread's results (row by row), one multiply-add at a
/// time. The lanes are the thread's place among the rows and columns.
mlir::SmallVector<mlir::Value>
multiplyTiles(KernelContext &context, Nest &nest, const Contraction &c,
              OperandTiles &rows, OperandTiles &columns, mlir::Value rowStage,
              mlir::Value columnStage, mlir::Value rowLane,
              mlir::Value columnLane, mlir::ValueRange accs);

/// The same with tensor cores: each warp multiplies 16 rows with 8 columns at a
/// time. `left` and `right` give a lane's registers for 16 rows (columns), by
/// their numbers in the warp's tile, at a depth.
mlir::SmallVector<mlir::Value> multiplyMatrices(
    mlir::OpBuilder &b, mlir::Location loc, const Contraction &c,
    llvm::function_ref<mlir::SmallVector<mlir::Value>(int64_t depth,
                                                      int64_t row)>
        left,
    llvm::function_ref<mlir::SmallVector<mlir::Value>(int64_t depth,
                                                      int64_t column)>
        right,
    mlir::ValueRange accs);

} // namespace dlc::schedule

#endif // DLC_LIB_SCHEDULE_CUDA_OPERANDTILES_H
