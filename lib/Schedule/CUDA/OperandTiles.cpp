//===- OperandTiles.cpp - Tiles of a contraction's operands ---------------===//

#include "OperandTiles.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/NVGPU/IR/NVGPUDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace dlc::schedule;

int64_t OperandTiles::getOffset(int64_t i) const {
  if (c.unit != Unit::Fma)
    return isRows ? i / 2 * 16 + i % 2 * 8 : i / 2 * 8 + i % 2;
  int64_t lanes = operand.tile / operand.perThread;
  if (operand.reductionFastest)
    return i * lanes;
  return i / chunk() * chunk() * lanes + i % chunk();
}

void OperandTiles::prepare(Value newBuffer, Value start, Value base) {
  buffer = newBuffer;
  int64_t vector = operand.vector, threads = c.threads();
  int64_t lines = operand.lines(c.tileDepth);
  int64_t perLine = (line - operand.pad) / vector, total = perLine * lines;
  bool regular = threads % perLine == 0;
  for (int64_t first = 0; first < total; first += threads) {
    Copy one;
    Value id = index.add(thread, first);
    if (first + threads > total)
      one.guard = index.less(id, total);
    Value lineNumber =
        regular ? index.add(index.div(thread, perLine), first / perLine)
                : index.div(id, perLine);
    Value inLine = index.mul(index.rem(regular ? thread : id, perLine), vector);
    one.depth = operand.reductionFastest ? inLine : lineNumber;
    one.target = index.add(index.mul(lineNumber, line), inLine);
    Value number =
        index.add(start, operand.reductionFastest ? lineNumber : inLine);
    // What lies behind the last row is computed for nothing, from the last one.
    if (operand.extent % operand.tile != 0)
      number = index.min(number, operand.extent -
                                     (operand.reductionFastest ? 1 : vector));
    one.address = index.add(base, own.get(number));
    copies.push_back(one);
  }
}

void OperandTiles::copy(Value depth, Value stage) {
  reduction.forget();
  Value offset = index.mul(stage, getStageElements());
  for (const Copy &one : copies) {
    OpBuilder::InsertionGuard insertion(b);
    if (one.guard) {
      auto guard =
          scf::IfOp::create(b, loc, one.guard, /*withElseRegion=*/false);
      b.setInsertionPointToStart(guard.thenBlock());
      reduction.forget();
    }
    copyOne(one, depth, offset);
    if (one.guard)
      reduction.forget();
  }
}

void OperandTiles::copyOne(const Copy &one, Value depth, Value stageOffset) {
  int64_t vector = operand.vector;
  Value at = index.add(depth, one.depth), valid;
  if (isRagged()) {
    valid = index.less(at, c.depth);
    at = index.min(at, c.depth - (operand.reductionFastest ? vector : 1));
  }
  Value from = index.add(one.address, reduction.get(at));
  Value to = index.add(stageOffset, one.target);
  Value memref = context.memrefs[access.buffer];
  int64_t bytes = vector * getElementBytes(operand.element);
  if (context.target.asyncCopies && bytes >= 4) {
    Value count;
    if (valid)
      count = arith::SelectOp::create(b, loc, valid, index.constant(vector),
                                      index.constant(0));
    nvgpu::DeviceAsyncCopyOp::create(
        b, loc, nvgpu::DeviceAsyncTokenType::get(b.getContext()), buffer, to,
        memref, from, b.getIndexAttr(vector), count,
        bytes == CudaTarget::vectorBytes ? b.getUnitAttr() : UnitAttr());
    return;
  }
  auto zero = b.getZeroAttr(operand.element);
  if (vector == 1) {
    Value value = memref::LoadOp::create(b, loc, memref, from);
    if (valid)
      value = arith::SelectOp::create(b, loc, valid, value,
                                      arith::ConstantOp::create(b, loc, zero));
    memref::StoreOp::create(b, loc, value, buffer, to);
    return;
  }
  auto type = VectorType::get({vector}, operand.element);
  Value value = vector::LoadOp::create(b, loc, type, memref, from);
  if (valid)
    value = arith::SelectOp::create(
        b, loc, valid, value,
        arith::ConstantOp::create(
            b, loc, DenseElementsAttr::get(type, Attribute(zero))));
  vector::StoreOp::create(b, loc, value, buffer, to);
}

SmallVector<SmallVector<Value>> OperandTiles::load(Value stage, Value depth,
                                                   Value lane) {
  SmallVector<SmallVector<Value>> fragments(operand.perThread,
                                            SmallVector<Value>(fragmentDepth));
  Value offset =
      index.add(index.mul(stage, getStageElements()),
                index.mul(lane, operand.reductionFastest ? line : chunk()));
  auto loadVector = [&](Value at, int64_t width) {
    SmallVector<Value> values;
    if (width == 1) {
      values.push_back(memref::LoadOp::create(b, loc, buffer, at));
      return values;
    }
    Value vector = vector::LoadOp::create(
        b, loc, VectorType::get({width}, operand.element), buffer, at);
    for (int64_t i = 0; i < width; ++i)
      values.push_back(vector::ExtractOp::create(b, loc, vector, i));
    return values;
  };
  if (operand.reductionFastest) {
    offset = index.add(offset, depth);
    for (int64_t i = 0; i < operand.perThread; ++i)
      fragments[i] =
          loadVector(index.add(offset, getOffset(i) * line), fragmentDepth);
    return fragments;
  }
  offset = index.add(offset, index.mul(depth, line));
  for (int64_t k = 0; k < fragmentDepth; ++k)
    for (int64_t i = 0; i < operand.perThread; i += chunk())
      for (auto [j, value] : llvm::enumerate(
               loadVector(index.add(offset, k * line + getOffset(i)), chunk())))
        fragments[i + j][k] = value;
  return fragments;
}

Value OperandTiles::place(Value own, Value depth) {
  return operand.reductionFastest ? index.add(index.mul(own, line), depth)
                                  : index.add(index.mul(depth, line), own);
}

SmallVector<Value> OperandTiles::loadMatrix(Value stage, Value depth,
                                            Value first, Value lane,
                                            bool paired) {
  Value stageOffset = index.mul(stage, getStageElements());
  SmallVector<Value> registers;
  if (operand.element.isF32() || c.unit == Unit::I8) {
    Value group = index.div(lane, 4), quad = index.rem(lane, 4);
    int64_t half = c.unitDepth() / 2;
    int64_t width = half / 4; // of the quad's lanes
    for (int64_t piece = 0; piece < 4; ++piece) {
      int64_t ownHalf = isRows ? piece % 2 : piece / 2;
      int64_t depthHalf = isRows ? piece / 2 : piece % 2;
      Value own = index.add(index.add(first, group), ownHalf * 8);
      // A quad's registers are `half` apart, unless they are to be neighbours.
      bool neighbours = paired && width == 1;
      Value at =
          index.add(index.add(depth, index.mul(quad, neighbours ? 2 : width)),
                    neighbours ? depthHalf : depthHalf * half);
      registers.push_back(c.unit == Unit::I8
                              ? loadBytes(own, at, stageOffset)
                              : loadConverted(own, at, stageOffset));
    }
    return registers;
  }
  // ldmatrix: a lane gives the address of one line of eight elements.
  Value piece = index.div(lane, 8), in = index.rem(lane, 8);
  Value low = index.mul(index.rem(piece, 2), 8),
        high = index.mul(index.div(piece, 2), 8);
  Value own = index.add(first, isRows ? low : high);
  Value at = index.add(depth, isRows ? high : low);
  (operand.reductionFastest ? own : at) =
      index.add(operand.reductionFastest ? own : at, in);
  Value loaded = nvgpu::LdMatrixOp::create(
      b, loc, VectorType::get({4, 2}, operand.element), buffer,
      index.add(stageOffset, place(own, at)),
      /*transpose=*/!operand.reductionFastest, /*numTiles=*/4);
  for (int64_t i = 0; i < 4; ++i) {
    Value pair = vector::ExtractOp::create(b, loc, loaded, i);
    registers.push_back(
        c.unit == Unit::BF16
            ? LLVM::BitcastOp::create(b, loc, b.getI32Type(), pair).getResult()
            : pair);
  }
  return registers;
}

/// Four bytes along the reduction, as a register of operands.
Value OperandTiles::loadBytes(Value own, Value depth, Value stageOffset) {
  auto type = VectorType::get({4}, operand.element);
  Value bytes;
  if (operand.reductionFastest) {
    bytes = vector::LoadOp::create(b, loc, type, buffer,
                                   index.add(stageOffset, place(own, depth)));
  } else {
    SmallVector<Value> values;
    for (int64_t i = 0; i < 4; ++i)
      values.push_back(memref::LoadOp::create(
          b, loc, buffer,
          index.add(stageOffset, place(own, index.add(depth, i)))));
    bytes = vector::FromElementsOp::create(b, loc, type, values);
  }
  return LLVM::BitcastOp::create(b, loc, b.getI32Type(), bytes);
}

/// One or two f32 elements along the reduction, as a register of operands.
Value OperandTiles::loadConverted(Value own, Value depth, Value stageOffset) {
  auto loadOne = [&](int64_t further) -> Value {
    Value at = place(own, index.add(depth, further));
    return memref::LoadOp::create(b, loc, buffer, index.add(stageOffset, at));
  };
  if (c.unit == Unit::TF32)
    return NVVM::ConvertFloatToTF32Op::create(
        b, loc, b.getI32Type(), loadOne(0), NVVM::FPRoundingMode::RNA);
  auto pairType = VectorType::get({2}, b.getF32Type());
  Value pair;
  if (operand.reductionFastest) {
    pair = vector::LoadOp::create(b, loc, pairType, buffer,
                                  index.add(stageOffset, place(own, depth)));
  } else {
    Value values[] = {loadOne(0), loadOne(1)};
    pair = vector::FromElementsOp::create(b, loc, pairType, values);
  }
  if (c.unit == Unit::F16)
    return arith::TruncFOp::create(b, loc, VectorType::get({2}, b.getF16Type()),
                                   pair);
  Value narrow = arith::TruncFOp::create(
      b, loc, VectorType::get({2}, b.getBF16Type()), pair);
  return LLVM::BitcastOp::create(b, loc, b.getI32Type(), narrow);
}
