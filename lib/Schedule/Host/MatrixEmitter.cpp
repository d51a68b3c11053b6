//===- MatrixEmitter.cpp - Contractions in matrix registers ---------------===//
//
// AMX as LLVM's intrinsics: MLIR's amx dialect has a type for the registers
// that only a conversion of everything at once could carry through loops. LLVM
// configures the registers where a function begins; each has one shape there,
// so all tiles of a nest are made of the same ones.
//
//===----------------------------------------------------------------------===//

#include "MatrixTile.h"
#include "NestEmitter.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace dlc::schedule;

/// A number of rows, or of bytes of one.
static Value shape(OpBuilder &b, Location loc, int64_t number) {
  return arith::ConstantOp::create(b, loc,
                                   b.getI16IntegerAttr(int16_t(number)));
}

static Value wide(OpBuilder &b, Location loc, int64_t number) {
  return arith::ConstantOp::create(b, loc, b.getI64IntegerAttr(number));
}

/// The address of the `word`th 32 bits of a buffer.
Value NestEmitter::pointerTo(Value memref, Value word) {
  Value base = memref::ExtractAlignedPointerAsIndexOp::create(b, loc, memref);
  Value address = arith::AddIOp::create(
      b, loc, base, arith::MulIOp::create(b, loc, word, constant(4)));
  Value number = arith::IndexCastOp::create(b, loc, b.getI64Type(), address);
  return LLVM::IntToPtrOp::create(b, loc,
                                  LLVM::LLVMPointerType::get(b.getContext()),
                                  number, LLVM::DereferenceableAttr());
}

/// A register of `rows` rows of `groups` groups each, which are `stride` groups
/// apart.
Value NestEmitter::loadMatrix(const Access &access, int64_t row, int64_t vector,
                              int64_t rows, int64_t groups, int64_t stride) {
  Value at = addressAt(address(access), access, row, vector);
  return callIntrinsic("llvm.x86.tileloadd64.internal",
                       LLVM::LLVMX86AMXType::get(b.getContext()),
                       {shape(b, loc, rows), shape(b, loc, 4 * groups),
                        pointerTo(memrefs[access.buffer], at),
                        wide(b, loc, 4 * stride)});
}

/// One step along the reduction: of each factor the registers of a tile, and
/// all of their products. `accs` are [register along rows][vector].
SmallVector<Value> NestEmitter::emitMatrixStep(Variant variant,
                                               ArrayRef<int64_t> offsets,
                                               ValueRange accs) {
  const Tile::Matrix &matrix = *tile.matrix;
  const Stage &main = nest.stages[0];
  MatrixFactors factors = getMatrixFactors(nest);
  const Access &rows = main.inputs[factors.rows].access,
               &panels = main.inputs[factors.panels].access;
  const NarrowProducts &dots = *main.dots;
  bool rowsUnsigned =
      factors.rows == dots.left ? dots.leftUnsigned : dots.rightUnsigned;
  StringRef multiply = dots.isFloat   ? "llvm.x86.tdpbf16ps.internal"
                       : rowsUnsigned ? "llvm.x86.tdpbusd.internal"
                                      : "llvm.x86.tdpbsud.internal";
  newScope();
  SmallVector<Value> results(accs), left(offsets.size());
  for (int64_t v = 0; v < variant.vectors; ++v) {
    Value right =
        loadMatrix(panels, 0, v, matrix.depth, lanes, panels.coef[matrix.loop]);
    for (auto [i, offset] : llvm::enumerate(offsets)) {
      if (!left[i])
        left[i] = loadMatrix(rows, offset, 0, matrix.rows, matrix.depth,
                             rows.coef[tile.rowLoop]);
      Value &acc = results[i * variant.vectors + v];
      acc =
          callIntrinsic(multiply, acc.getType(),
                        {shape(b, loc, matrix.rows), shape(b, loc, 4 * lanes),
                         shape(b, loc, 4 * matrix.depth), acc, left[i], right});
    }
  }
  return results;
}

SmallVector<Value> NestEmitter::emitMatrixLoops(unsigned depth, Variant variant,
                                                ArrayRef<int64_t> offsets,
                                                ValueRange accs) {
  if (depth == reductions.size())
    return emitMatrixStep(variant, offsets, accs);
  unsigned loop = reductions[depth];
  int64_t step = loop == tile.matrix->loop ? tile.matrix->depth : 1;
  auto [first, last] = boundsOf(loop, nest.loops[loop].extent, variant);
  auto forOp = scf::ForOp::create(b, loc, first, last, constant(step), accs);
  {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(forOp.getBody());
    iv[loop] = forOp.getInductionVar();
    scf::YieldOp::create(b, loc,
                         emitMatrixLoops(depth + 1, variant, offsets,
                                         forOp.getRegionIterArgs()));
  }
  iv[loop] = Value();
  newScope();
  return forOp.getResults();
}

/// A tile of a contraction. The sums go to the stack; what follows is done row
/// by row on vectors.
void NestEmitter::emitMatrices(Variant variant) {
  const Tile::Matrix &matrix = *tile.matrix;
  SmallVector<int64_t> offsets = getMatrixOffsets(matrix, variant.rows);
  if (const Access *panels = panelOperand())
    emitPrefetch(panels->panelCoef);
  auto type = LLVM::LLVMX86AMXType::get(b.getContext());
  SmallVector<Value> accs;
  for (size_t i = 0; i < offsets.size() * variant.vectors; ++i)
    accs.push_back(
        callIntrinsic("llvm.x86.tilezero.internal", type,
                      {shape(b, loc, matrix.rows), shape(b, loc, 4 * lanes)}));
  accs = emitMatrixLoops(0, variant, offsets, accs);
  // A register that begins in front of the tile has rows of the one before.
  int64_t skipped = -std::min<int64_t>(offsets.front(), 0);
  int64_t width = variant.vectors * lanes;
  Type element = nest.stages[0].outputs[0].init.getType();
  Value parked = makeScratch((skipped + variant.rows) * width, element);
  for (auto [i, offset] : llvm::enumerate(offsets))
    for (int64_t v = 0; v < variant.vectors; ++v) {
      Value at = constant((skipped + offset) * width + v * lanes);
      LLVM::CallIntrinsicOp::create(
          b, loc, b.getStringAttr("llvm.x86.tilestored64.internal"),
          ValueRange{shape(b, loc, matrix.rows), shape(b, loc, 4 * lanes),
                     pointerTo(parked, at), wide(b, loc, 4 * width),
                     accs[i * variant.vectors + v]});
    }
  registers[0].assign(1, Registers());
  emitRows(parked, element, skipped, /*isStored=*/false, variant);
}
