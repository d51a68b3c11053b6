//===- Launch.cpp - What the strategies share -----------------------------===//

#include "Strategies.h"

#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace dlc::schedule;

//===----------------------------------------------------------------------===//
// Launches
//===----------------------------------------------------------------------===//

/// Where each of the buffers begins if they lie one behind the other, and where
/// the last one ends.
static SmallVector<int64_t> placeBuffers(ArrayRef<MemRefType> types) {
  SmallVector<int64_t> offsets = {0};
  for (MemRefType type : types)
    offsets.push_back(llvm::alignTo(
        offsets.back() +
            type.getNumElements() * getElementBytes(type.getElementType()),
        128));
  return offsets;
}

Launch::Launch(KernelContext &context, int64_t blocks, int64_t threads,
               ArrayRef<MemRefType> buffers)
    : b(context.b) {
  Location loc = context.loc;
  auto constant = [&](int64_t value) -> Value {
    return arith::ConstantIndexOp::create(b, loc, value);
  };
  SmallVector<int64_t> offsets = placeBuffers(buffers);
  bool isDynamic = offsets.back() > context.target.staticShared;
  Value dynamic;
  if (isDynamic)
    dynamic = arith::ConstantIntOp::create(b, loc, offsets.back(), 32);
  Value one = constant(1);
  SmallVector<Type> types;
  if (!isDynamic)
    types.assign(buffers.begin(), buffers.end());
  op = gpu::LaunchOp::create(b, loc, constant(blocks), one, one,
                             constant(threads), one, one, dynamic, Type(),
                             ValueRange(), types);
  b.setInsertionPointToStart(&op.getBody().front());
  if (!isDynamic) {
    llvm::append_range(workgroup, op.getWorkgroupAttributions());
    return;
  }
  Value memory = gpu::DynamicSharedMemoryOp::create(
      b, loc,
      MemRefType::get({ShapedType::kDynamic}, b.getI8Type(),
                      MemRefLayoutAttrInterface(),
                      gpu::AddressSpaceAttr::get(
                          b.getContext(), gpu::AddressSpace::Workgroup)));
  for (auto [type, offset] : llvm::zip(buffers, offsets))
    workgroup.push_back(memref::ViewOp::create(b, loc, type, memory,
                                               constant(offset), ValueRange()));
}

Launch::~Launch() {
  b.setInsertionPointToEnd(&op.getBody().front());
  gpu::TerminatorOp::create(b, op.getLoc());
  b.setInsertionPointAfter(op);
}

void dlc::schedule::skipUnneeded(KernelContext &context,
                                 ArrayRef<LimitedStart> starts) {
  Value isNeeded;
  for (const auto &[limit, start] : starts)
    isNeeded = isBelow(context.b, context.loc, start, limit, context.memrefs,
                       isNeeded);
  if (!isNeeded)
    return;
  auto guard = scf::IfOp::create(context.b, context.loc, isNeeded,
                                 /*withElseRegion=*/false);
  context.b.setInsertionPointToStart(guard.thenBlock());
}

SmallVector<LimitedStart>
dlc::schedule::getStarts(IndexMath &index, Value first,
                         ArrayRef<int64_t> extents,
                         ArrayRef<std::optional<Limit>> limits, int64_t count) {
  SmallVector<LimitedStart> starts;
  int64_t all = llvm::product_of(extents), inside = all;
  for (auto [digit, extent, limit] :
       llvm::zip_equal(index.split(first, extents), extents, limits)) {
    // A loop that begins anew among the items has some from its first
    // iteration on; the outermost one never does.
    if (inside == all || inside % count == 0)
      starts.push_back({limit, digit});
    inside /= extent;
  }
  return starts;
}

void Launch::useManyRegisters() {
  op->setAttr(NVVM::NVVMDialect::getMinctasmAttrName(), b.getI32IntegerAttr(1));
}

MemRefType dlc::schedule::getSharedType(int64_t elements, Type element) {
  auto space = gpu::AddressSpaceAttr::get(element.getContext(),
                                          gpu::AddressSpace::Workgroup);
  return MemRefType::get({elements}, element, MemRefLayoutAttrInterface(),
                         space);
}

//===----------------------------------------------------------------------===//
// Properties of nests
//===----------------------------------------------------------------------===//

int64_t dlc::schedule::getElementBytes(Type type) {
  return type.isIndex() ? 8 : llvm::divideCeil(type.getIntOrFloatBitWidth(), 8);
}

/// The last store of the nest, or null.
static const Access *getLastStore(const Nest &nest) {
  for (const Stage &stage : llvm::reverse(nest.stages))
    for (const Output &output : stage.outputs)
      if (output.store)
        return &*output.store;
  return nullptr;
}

SmallVector<unsigned> dlc::schedule::getParallelOrder(const Nest &nest) {
  SmallVector<unsigned> order;
  for (auto [index, loop] : llvm::enumerate(nest.loops))
    if (!loop.reduction && loop.shared < 0)
      order.push_back(index);
  if (const Access *last = getLastStore(nest))
    llvm::stable_sort(order, [&](unsigned lhs, unsigned rhs) {
      return std::abs(last->coef[lhs]) > std::abs(last->coef[rhs]);
    });
  return order;
}

int64_t dlc::schedule::countIterations(const Nest &nest,
                                       ArrayRef<unsigned> loops) {
  int64_t count = 1;
  for (unsigned loop : loops)
    count *= nest.loops[loop].extent;
  return count;
}

bool dlc::schedule::canSplitReduction(Nest &nest) {
  for (unsigned i = 0; i < nest.stages[0].outputs.size(); ++i)
    if (!getCombiner(nest.stages[0].op, i))
      return false;
  return nest.hasReduction();
}

int64_t dlc::schedule::chooseVector(Nest &nest, unsigned loop,
                                    const KernelPlan &plan) {
  int64_t bytes = 0;
  nest.forEachAccess([&](Access &access) {
    if (access.coef[loop] == 1)
      bytes =
          std::max(bytes, getElementBytes(plan.buffers[access.buffer].element));
  });
  if (!bytes)
    return 1;
  int64_t width = std::min<int64_t>(8, CudaTarget::vectorBytes / bytes);
  while (nest.loops[loop].extent % width != 0)
    width /= 2;
  return width;
}

//===----------------------------------------------------------------------===//
// Groups of threads
//===----------------------------------------------------------------------===//

/// The value of the lane whose number differs in the bits `mask`. Shuffles
/// move 32 bits at a time.
static Value shuffle(OpBuilder &b, Location loc, Value value, int64_t mask) {
  Type type = value.getType();
  unsigned bits = type.getIntOrFloatBitWidth();
  Type i32 = b.getI32Type();
  auto move = [&](Value word) -> Value {
    return gpu::ShuffleOp::create(b, loc, word, int32_t(mask), 32,
                                  gpu::ShuffleMode::XOR)
        .getShuffleResult();
  };
  if (bits == 32)
    return move(value);
  Type asInt = b.getIntegerType(bits);
  if (type != asInt)
    value = arith::BitcastOp::create(b, loc, asInt, value);
  if (bits < 32) {
    value = arith::ExtUIOp::create(b, loc, i32, value);
    value = arith::TruncIOp::create(b, loc, asInt, move(value));
  } else {
    Value half = arith::ConstantIntOp::create(b, loc, 32, 64);
    Value low = arith::TruncIOp::create(b, loc, i32, value);
    Value high = arith::TruncIOp::create(
        b, loc, i32, arith::ShRUIOp::create(b, loc, value, half));
    low = arith::ExtUIOp::create(b, loc, asInt, move(low));
    high = arith::ExtUIOp::create(b, loc, asInt, move(high));
    value = arith::OrIOp::create(b, loc, low,
                                 arith::ShLIOp::create(b, loc, high, half));
  }
  if (type != asInt)
    value = arith::BitcastOp::create(b, loc, type, value);
  return value;
}

Value dlc::schedule::combineInGroup(
    OpBuilder &b, Location loc, const Group &group, Value value,
    llvm::function_ref<Value(Value, Value)> combine) {
  // x op y and y op x are the same bits for everything that has a neutral
  // element, so all lanes get the same.
  for (int64_t mask = 1; mask < std::min(group.size, CudaTarget::warp);
       mask *= 2)
    value = combine(value, shuffle(b, loc, value, mask));
  if (group.size <= CudaTarget::warp)
    return value;
  IndexMath index(b, loc);
  Value memory = group.partials(value.getType());
  Value warp = index.div(group.id, CudaTarget::warp);
  Value first = index.equal(index.rem(group.id, CudaTarget::warp), 0);
  auto leader = scf::IfOp::create(b, loc, first, /*withElseRegion=*/false);
  {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(leader.thenBlock());
    memref::StoreOp::create(b, loc, value, memory, warp);
  }
  gpu::BarrierOp::create(b, loc);
  Value result;
  for (int64_t w = 0; w < group.size / CudaTarget::warp; ++w) {
    Value part = memref::LoadOp::create(b, loc, memory, index.constant(w));
    result = w ? combine(result, part) : part;
  }
  // The memory may be used again.
  gpu::BarrierOp::create(b, loc);
  return result;
}
