//===- Contraction.h - Block tiles in shared memory -------------*- C++ -*-===//

#ifndef DLC_LIB_SCHEDULE_CUDA_CONTRACTION_H
#define DLC_LIB_SCHEDULE_CUDA_CONTRACTION_H

#include "Strategies.h"
#include "TileEmitter.h"

namespace dlc::schedule {

/// What multiplies: the cores' own units (`Fma`; four bytes at a time), or
/// tensor cores with operands of some type. All of them accumulate in f32 (or
/// whatever the FMA's type is), bytes in 32 bits.
enum class Unit { Fma, TF32, F16, BF16, I8 };

/// The unit that f32 products may use ("f32", "tf32", "f16", "bf16"); nothing
/// for another name.
std::optional<Unit> parsePrecision(llvm::StringRef name);

/// One of the two operands of a contraction. Its address is a sum of a part
/// that depends on the operand's own loops (the rows or columns of the result),
/// one of the reduction loops and one of the batch loops. A convolution's input
/// differs from a matrix only in the coefficients.
struct ContractionOperand {
  /// Number among the inputs of stage 0.
  unsigned input = 0;
  mlir::Type element;
  /// Bytes are extended by zeros.
  bool isUnsigned = false;
  /// The loops that only this operand depends on, the last one the fastest, and
  /// the product of their extents.
  mlir::SmallVector<unsigned> loops;
  int64_t extent = 1;
  /// Rows (or columns) of a block's tile, of a warp's (tensor cores only), and
  /// how many of them a thread has.
  int64_t tile = 1, warpTile = 1, perThread = 1;
  /// In shared memory, the reduction runs fastest; else the own loops.
  bool reductionFastest = false;
  /// Elements that are copied at once.
  int64_t vector = 1;
  /// Elements left free behind each line in shared memory, so that lines begin
  /// in different banks.
  int64_t pad = 0;

  /// What one line in shared memory is, for tiles of `depth`: its length with
  /// padding, and the number of lines.
  int64_t line(int64_t depth) const {
    return (reductionFastest ? depth : tile) + pad;
  }
  int64_t lines(int64_t depth) const { return reductionFastest ? tile : depth; }
};

/// A nest whose reduction multiplies two operands of which each is the same for
/// all columns or all rows of the result, and the tiles it is computed by.
struct Contraction {
  ContractionOperand rows, columns;
  Unit unit = Unit::Fma;
  mlir::SmallVector<unsigned> batch, reduction;
  int64_t batches = 1, depth = 1;
  /// Depth of a tile, and tiles in flight.
  int64_t tileDepth = 16, stages = 2;
  /// The reduction adds up: long sums may be made of partial ones.
  bool adds = false;
  /// It adds products of bytes.
  bool dots = false;
  /// Tiles along the reduction that make a partial sum, which is added to the
  /// total; 0: there is one sum. The rounding error of a sum grows with the
  /// number of its terms.
  int64_t partialTiles = 0;
  /// Blocks that share the reduction of a tile. With more than one, each
  /// writes its part to `partials` (a buffer of the plan), and a second kernel
  /// adds them.
  int64_t splits = 1;
  int partials = -1;
  /// Threads of the block, where more than these tiles decide it; else 0.
  int64_t blockThreads = 0;

  int64_t threads() const {
    if (blockThreads)
      return blockThreads;
    if (unit != Unit::Fma)
      return rows.tile / rows.warpTile * (columns.tile / columns.warpTile) *
             CudaTarget::warp;
    return rows.tile / rows.perThread * (columns.tile / columns.perThread);
  }
  int64_t rowTiles() const { return llvm::divideCeil(rows.extent, rows.tile); }
  int64_t columnTiles() const {
    return llvm::divideCeil(columns.extent, columns.tile);
  }
  /// Tiles along the reduction of one block.
  int64_t depthTiles() const {
    return llvm::divideCeil(llvm::divideCeil(depth, tileDepth), splits);
  }
  /// Depth of one instruction of the tensor cores.
  int64_t unitDepth() const {
    return unit == Unit::TF32 ? 8 : unit == Unit::I8 ? 32 : 16;
  }
  int64_t partialElements() const {
    return splits * batches * rows.extent * columns.extent;
  }
};

/// Finds out whether block tiles suit a nest (coalesced, without shared loops),
/// and chooses them.
std::optional<Contraction> chooseContraction(Nest nest, const KernelPlan &plan,
                                             const CudaTarget &target,
                                             Unit precision);

/// Chooses how an operand, whose loops and element are set, is copied and laid
/// out in shared memory.
void chooseLayout(ContractionOperand &operand, const Access &access,
                  const Nest &nest, const Contraction &contraction);

/// Sets how far lines of an operand's tiles lie apart in shared memory.
void choosePadding(ContractionOperand &operand, Unit unit);

/// The unit for a contraction in stage 0 of `nest`: what the operands' type
/// allows, or what the user allows for f32.
Unit chooseUnit(const Contraction &contraction, Nest &nest, Unit precision);

/// Multiply-adds per cycle of an SM that is busy: as many as the shared memory
/// feeds.
double getMultiplyRate(const Contraction &contraction,
                       const CudaTarget &target);

/// Registers of a thread besides accumulators and fragments.
inline constexpr int64_t otherRegisters = 40;

/// Where the loops of a tile of `rows` by `columns` results start, given the
/// numbers of its batch, its first row and its first column (null: all
/// columns).
llvm::SmallVector<LimitedStart>
getTileStarts(IndexMath &index, const Nest &nest,
              const Contraction &contraction, mlir::Value batch,
              mlir::Value row, mlir::Value column, int64_t rows,
              int64_t columns);

/// Emits the launch or the two launches of a contraction.
void emitContraction(KernelContext &context, Nest &nest,
                     const Contraction &contraction);

} // namespace dlc::schedule

#endif // DLC_LIB_SCHEDULE_CUDA_CONTRACTION_H
