//===- TileProduct.cpp - Products of tiles in shared memory ---------------===//

#include "OperandTiles.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace dlc::schedule;

SmallVector<Value> dlc::schedule::multiplyTiles(
    KernelContext &context, Nest &nest, const Contraction &c,
    OperandTiles &rows, OperandTiles &columns, Value rowStage,
    Value columnStage, Value rowLane, Value columnLane, ValueRange accs) {
  OpBuilder &b = context.b;
  Location loc = context.loc;
  IndexMath index(b, loc);
  auto loop =
      scf::ForOp::create(b, loc, index.constant(0), index.constant(c.tileDepth),
                         index.constant(fragmentDepth), accs);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  Value depth = loop.getInductionVar();
  auto left = rows.load(rowStage, depth, rowLane);
  auto right = columns.load(columnStage, depth, columnLane);
  SmallVector<Value> results(loop.getRegionIterArgs());
  TileEmitter body(b, loc, nest, context.memrefs);
  static_assert(fragmentDepth == dotGroup);
  std::optional<NarrowProducts> dots = matchDots(nest);
  auto add = [&](ArrayRef<Value> row, ArrayRef<Value> column, Value acc) {
    auto operand = [&](unsigned input) {
      return input == c.rows.input ? row : column;
    };
    if (dots)
      return emitDot(b, loc, *dots, operand(dots->left), operand(dots->right),
                     acc);
    return body.evaluateMain(
        [&](unsigned input) { return operand(input).front(); }, acc);
  };
  int64_t group = dots ? dotGroup : 1;
  for (int64_t k = 0; k < fragmentDepth; k += group)
    for (int64_t i = 0; i < c.rows.perThread; ++i)
      for (int64_t j = 0; j < c.columns.perThread; ++j) {
        Value &acc = results[i * c.columns.perThread + j];
        acc = add(ArrayRef(left[i]).slice(k, group),
                  ArrayRef(right[j]).slice(k, group), acc);
      }
  scf::YieldOp::create(b, loc, results);
  return SmallVector<Value>(loop.getResults());
}

SmallVector<Value> dlc::schedule::multiplyMatrices(
    OpBuilder &b, Location loc, const Contraction &c,
    llvm::function_ref<SmallVector<Value>(int64_t depth, int64_t row)> left,
    llvm::function_ref<SmallVector<Value>(int64_t depth, int64_t column)> right,
    ValueRange accs) {
  SmallVector<Value> results(accs);
  bool integers = c.unit == Unit::I8;
  Type sum = integers ? Type(b.getI32Type()) : Type(b.getF32Type());
  auto resultType = LLVM::LLVMStructType::getLiteral(b.getContext(),
                                                     SmallVector<Type>(4, sum));
  auto typeOf = [&](const ContractionOperand &operand) {
    switch (c.unit) {
    case Unit::F16:
      return NVVM::MMATypes::f16;
    case Unit::BF16:
      return NVVM::MMATypes::bf16;
    case Unit::I8:
      return operand.isUnsigned ? NVVM::MMATypes::u8 : NVVM::MMATypes::s8;
    default:
      return NVVM::MMATypes::tf32;
    }
  };
  std::optional<NVVM::MMAIntOverflow> overflow;
  if (integers)
    overflow = NVVM::MMAIntOverflow::wrapped;
  int64_t columns = c.columns.perThread;
  for (int64_t depth = 0; depth < c.tileDepth; depth += c.unitDepth()) {
    SmallVector<SmallVector<Value>> ofRows, ofColumns;
    for (int64_t row = 0; row < c.rows.warpTile; row += 16)
      ofRows.push_back(left(depth, row));
    for (int64_t column = 0; column < c.columns.warpTile; column += 16)
      ofColumns.push_back(right(depth, column));
    for (size_t i = 0; i < ofRows.size(); ++i)
      for (size_t j = 0; j < 2 * ofColumns.size(); ++j) {
        // Two rows, eight apart, and two neighbouring columns a lane.
        Value *acc[] = {&results[2 * i * columns + 2 * j],
                        &results[2 * i * columns + 2 * j + 1],
                        &results[(2 * i + 1) * columns + 2 * j],
                        &results[(2 * i + 1) * columns + 2 * j + 1]};
        SmallVector<Value> sums;
        for (Value *value : acc)
          sums.push_back(*value);
        Value product = NVVM::MmaOp::create(
            b, loc, resultType, ofRows[i],
            ArrayRef(ofColumns[j / 2]).slice(j % 2 * 2, 2), sums,
            {16, 8, c.unitDepth()}, std::nullopt, overflow,
            std::array<NVVM::MMATypes, 2>{typeOf(c.rows), typeOf(c.columns)},
            std::array<NVVM::MMALayout, 2>{NVVM::MMALayout::row,
                                           NVVM::MMALayout::col});
        for (auto [n, value] : llvm::enumerate(acc))
          *value = LLVM::ExtractValueOp::create(b, loc, product, n);
      }
  }
  return results;
}
