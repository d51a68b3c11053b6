//===- DispatchToLLVM.cpp - Kernels become functions over work items ------===//

#include "dlc/Conversion/DispatchToLLVM/DispatchToLLVM.h"
#include "dlc/Conversion/Passes.h"
#include "dlc/Dialect/Dispatch/IR/Launches.h"

#include "mlir/Conversion/LLVMCommon/MemRefBuilder.h"
#include "mlir/Conversion/LLVMCommon/TypeConverter.h"
#include "mlir/Interfaces/DataLayoutInterfaces.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "mlir/Interfaces/ViewLikeInterface.h"

namespace dlc::conversion {
#define GEN_PASS_DEF_CONVERTDISPATCHTOLLVM
#include "dlc/Conversion/Passes.h.inc"
} // namespace dlc::conversion

using namespace mlir;
using namespace dlc;

namespace {

/// Most scratch memory of a kernel: a part of the smallest stack that threads
/// usually have (2 MiB).
constexpr int64_t kMaxStackBytes = 1 << 20;

/// Whether all effects of `op` (and of what is inside) are on stack memory of
/// the kernel itself.
bool touchesOnlyScratch(Operation *op) {
  if (op->hasTrait<OpTrait::HasRecursiveMemoryEffects>()) {
    bool result = true;
    for (Region &region : op->getRegions())
      for (Operation &inner : region.getOps())
        result &= touchesOnlyScratch(&inner);
    return result;
  }
  auto interface = dyn_cast<MemoryEffectOpInterface>(op);
  if (!interface)
    return isMemoryEffectFree(op);
  SmallVector<MemoryEffects::EffectInstance> effects;
  interface.getEffects(effects);
  return llvm::all_of(effects, [](MemoryEffects::EffectInstance &effect) {
    // Reads are the same for every call, writes must not meet.
    if (isa<MemoryEffects::Read>(effect.getEffect()))
      return true;
    Value value = effect.getValue();
    while (value) {
      Operation *def = value.getDefiningOp();
      if (!def)
        return false;
      if (isa<memref::AllocaOp>(def))
        return true;
      auto view = dyn_cast<ViewLikeOpInterface>(def);
      value = view ? view.getViewSource() : Value();
    }
    return false;
  });
}

/// Replaces the forall by a loop over the items [begin, end). One division a
/// dimension happens before the loop, counters run inside it.
void lowerForall(RewriterBase &rewriter, scf::ForallOp forall, Value begin,
                 Value end) {
  Location loc = forall.getLoc();
  rewriter.setInsertionPoint(forall);
  auto constant = [&](int64_t value) -> Value {
    return arith::ConstantIndexOp::create(rewriter, loc, value);
  };

  SmallVector<int64_t> sizes, lowers, steps;
  for (auto [lower, upper, step] :
       llvm::zip_equal(forall.getMixedLowerBound(), forall.getMixedUpperBound(),
                       forall.getMixedStep())) {
    lowers.push_back(*getConstantIntValue(lower));
    steps.push_back(*getConstantIntValue(step));
    int64_t range = *getConstantIntValue(upper) - lowers.back();
    sizes.push_back(range > 0 ? llvm::divideCeilSigned(range, steps.back())
                              : 0);
  }
  // The dimensions that need a counter, the last one first.
  SmallVector<unsigned> counted;
  for (unsigned dim = sizes.size(); dim-- > 0;)
    if (sizes[dim] > 1)
      counted.push_back(dim);

  SmallVector<Value> indices(sizes.size());
  SmallVector<Value> first;
  if (counted.size() > 1) {
    Value rest = begin;
    for (unsigned dim : counted) {
      Value size = constant(sizes[dim]);
      bool last = dim == counted.back();
      first.push_back(last ? rest
                           : arith::RemUIOp::create(rewriter, loc, rest, size));
      if (!last)
        rest = arith::DivUIOp::create(rewriter, loc, rest, size);
    }
  }
  auto loop = scf::ForOp::create(rewriter, loc, begin, end, constant(1), first);
  Block *body = loop.getBody();
  if (first.empty())
    rewriter.eraseOp(body->getTerminator());
  rewriter.setInsertionPointToStart(body);
  for (auto [dim, lower] : llvm::enumerate(lowers))
    indices[dim] = constant(lower);
  for (auto [position, dim] : llvm::enumerate(counted)) {
    Value index = first.empty() ? loop.getInductionVar()
                                : loop.getRegionIterArg(position);
    if (steps[dim] != 1)
      index = arith::MulIOp::create(rewriter, loc, index, constant(steps[dim]));
    if (lowers[dim] != 0)
      index =
          arith::AddIOp::create(rewriter, loc, index, constant(lowers[dim]));
    indices[dim] = index;
  }

  rewriter.eraseOp(forall.getBody()->getTerminator());
  rewriter.inlineBlockBefore(forall.getBody(), body, body->end(), indices);
  rewriter.setInsertionPointToEnd(body);
  SmallVector<Value> next;
  Value carry;
  for (auto [position, dim] : llvm::enumerate(counted)) {
    if (first.empty())
      break;
    Value counter = loop.getRegionIterArg(position);
    Value more = arith::AddIOp::create(rewriter, loc, counter, constant(1));
    if (carry)
      more = arith::SelectOp::create(rewriter, loc, carry, more, counter);
    // The outermost counter never wraps within the range.
    if (dim != counted.back()) {
      carry = arith::CmpIOp::create(rewriter, loc, arith::CmpIPredicate::eq,
                                    more, constant(sizes[dim]));
      more = arith::SelectOp::create(rewriter, loc, carry, constant(0), more);
    }
    next.push_back(more);
  }
  scf::YieldOp::create(rewriter, loc, next);
  rewriter.eraseOp(forall);
}

/// A kernel without forall is one item: whatever follows `end` in its block
/// runs only if that item is asked for.
void guardItem(RewriterBase &rewriter, Location loc, Value begin, Value end) {
  Operation *last = end.getDefiningOp();
  Block *block = last->getBlock();
  rewriter.setInsertionPoint(block->getTerminator());
  Value wanted = arith::CmpIOp::create(rewriter, loc, arith::CmpIPredicate::slt,
                                       begin, end);
  auto guard =
      scf::IfOp::create(rewriter, loc, wanted, /*withElseRegion=*/false);
  Block *body = guard.thenBlock();
  Operation *compare = wanted.getDefiningOp();
  body->getOperations().splice(body->begin(), block->getOperations(),
                               std::next(last->getIterator()),
                               compare->getIterator());
}

/// Leaves on the function what annotate-kernel-aliases needs to know.
LogicalResult describeAliases(Builder &builder, dispatch::KernelOp kernel,
                              LLVM::LLVMFuncOp function) {
  int64_t ins = kernel.getNumIns(), outs = kernel.getNumOuts();
  SmallVector<int64_t> shared;
  if (auto pairs = kernel->getAttrOfType<ArrayAttr>("inplace"))
    for (Attribute attr : pairs) {
      SmallVector<int64_t> pair;
      if (auto dense = dyn_cast<DenseI64ArrayAttr>(attr))
        pair.assign(dense.asArrayRef().begin(), dense.asArrayRef().end());
      else if (auto array = dyn_cast<ArrayAttr>(attr))
        for (auto value : array.getAsRange<IntegerAttr>())
          pair.push_back(value.getInt());
      if (pair.size() != 2 || pair[0] < 0 || pair[0] >= ins || pair[1] < 0 ||
          pair[1] >= outs)
        return kernel.emitOpError("has an invalid pair in 'inplace': ") << attr;
      shared.append({pair[0], ins + pair[1]});
    }
  function->setAttr(conversion::kNumArgsAttrName,
                    builder.getI64IntegerAttr(ins + outs));
  if (!shared.empty())
    function->setAttr(conversion::kSharedArgsAttrName,
                      builder.getDenseI64ArrayAttr(shared));
  return success();
}

/// Moves the kernel's body into a new function in front of it.
LogicalResult convertKernel(RewriterBase &rewriter, dispatch::KernelOp kernel,
                            const LLVMTypeConverter &types) {
  if (!llvm::hasSingleElement(kernel.getBody()))
    return kernel.emitOpError("has a body of several blocks");
  if (!kernel.isScheduled())
    return kernel.emitOpError("was not scheduled: its arguments are tensors");
  FailureOr<int64_t> items = dispatch::countWorkItems(kernel);
  if (failed(items))
    return failure();
  scf::ForallOp forall;
  Block &block = kernel.getBody().front();
  for (Operation &op : block)
    if (auto found = dyn_cast<scf::ForallOp>(op)) {
      if (forall)
        return found.emitOpError("is the second one at the top of kernel '")
               << kernel.getSymName() << "'; there can be one";
      if (found.getNumResults())
        return found.emitOpError("has results");
      forall = found;
    }
  if (forall)
    for (Operation &op : block.without_terminator())
      if (&op != forall && !touchesOnlyScratch(&op))
        return op.emitOpError("is outside of the scf.forall of kernel '")
               << kernel.getSymName()
               << "' and writes: every call would do it again";
  SmallVector<memref::AllocaOp> allocas;
  WalkResult result = kernel.walk([&](memref::AllocaOp alloca) {
    allocas.push_back(alloca);
    return alloca.getType().hasStaticShape() ? WalkResult::advance()
                                             : WalkResult::interrupt();
  });
  if (result.wasInterrupted())
    return allocas.back().emitOpError("in a kernel must have a static size");
  int64_t scratch = 0;
  DataLayout layout = DataLayout::closest(kernel);
  for (memref::AllocaOp alloca : allocas) {
    MemRefType type = alloca.getType();
    scratch += type.getNumElements() *
               layout.getTypeSize(type.getElementType()).getFixedValue();
  }
  if (scratch > kMaxStackBytes)
    return kernel.emitOpError("needs ")
           << scratch << " bytes of stack, more than the " << kMaxStackBytes
           << " that a thread is sure to have";

  Location loc = kernel.getLoc();
  MLIRContext *context = kernel.getContext();
  auto pointer = LLVM::LLVMPointerType::get(context);
  auto i64 = rewriter.getI64Type();
  auto type = LLVM::LLVMFunctionType::get(LLVM::LLVMVoidType::get(context),
                                          {pointer, i64, i64});
  rewriter.setInsertionPoint(kernel);
  auto function = LLVM::LLVMFuncOp::create(rewriter, loc, kernel.getSymName(),
                                           type, LLVM::Linkage::Internal);
  function->setAttr(dispatch::kItemsAttrName,
                    rewriter.getI64IntegerAttr(*items));
  if (Attribute work = kernel->getAttr(dispatch::kWorkAttrName))
    function->setAttr(dispatch::kWorkAttrName, work);
  if (failed(describeAliases(rewriter, kernel, function)))
    return failure();
  Block *entry = function.addEntryBlock(rewriter);
  rewriter.setInsertionPointToStart(entry);
  Value args = entry->getArgument(0);

  SmallVector<Value> memrefs;
  for (auto [index, argument] : llvm::enumerate(kernel.getArgumentTypes())) {
    Value address = args;
    if (index)
      address = LLVM::GEPOp::create(
          rewriter, loc, pointer, pointer, args,
          ArrayRef<LLVM::GEPArg>{LLVM::GEPArg(int32_t(index))});
    Value data = LLVM::LoadOp::create(rewriter, loc, pointer, address,
                                      /*alignment=*/8);
    auto memref = cast<MemRefType>(argument);
    Value descriptor =
        MemRefDescriptor::fromStaticShape(rewriter, loc, types, memref, data);
    memrefs.push_back(
        UnrealizedConversionCastOp::create(rewriter, loc, memref, descriptor)
            .getResult(0));
  }
  auto toIndex = [&](Value value) -> Value {
    return arith::IndexCastOp::create(rewriter, loc, rewriter.getIndexType(),
                                      value);
  };
  Value begin = toIndex(entry->getArgument(1));
  Value end = toIndex(entry->getArgument(2));

  Operation *terminator = block.getTerminator();
  rewriter.setInsertionPoint(terminator);
  LLVM::ReturnOp::create(rewriter, loc, ValueRange());
  rewriter.eraseOp(terminator);
  rewriter.inlineBlockBefore(&block, entry, entry->end(), memrefs);
  if (forall)
    lowerForall(rewriter, forall, begin, end);
  else
    guardItem(rewriter, loc, begin, end);
  // Allocas inside loops would grow the stack with every iteration.
  for (memref::AllocaOp alloca : allocas) {
    rewriter.moveOpBefore(alloca, entry, entry->begin());
    if (!alloca.getAlignment())
      alloca.setAlignment(64);
  }
  rewriter.eraseOp(kernel);
  return success();
}

struct ConvertDispatchToLLVM
    : public conversion::impl::ConvertDispatchToLLVMBase<
          ConvertDispatchToLLVM> {
  void runOnOperation() override {
    LLVMTypeConverter types(&getContext());
    IRRewriter rewriter(&getContext());
    for (auto kernel : llvm::make_early_inc_range(
             getOperation().getOps<dispatch::KernelOp>()))
      if (failed(convertKernel(rewriter, kernel, types)))
        return signalPassFailure();
  }
};

} // namespace
