//===- UserSchedule.cpp - A user's own schedule for a kernel --------------===//
//
// The user's sequence works on tensors. What it leaves is bufferized: the
// kernel's outputs are written in place, what is handed on within one work item
// becomes stack memory. Operations that were not vectorised become scalar
// loops.
//
//===----------------------------------------------------------------------===//

#include "UserSchedule.h"

#include "dlc/Schedule/Host/Passes.h"
#include "dlc/Schedule/Host/TargetDescription.h"
#include "dlc/Support/Location.h"

#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Bufferization/Transforms/OneShotAnalysis.h"
#include "mlir/Dialect/Bufferization/Transforms/Passes.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/Passes.h"
#include "mlir/Dialect/MemRef/Transforms/Passes.h"
#include "mlir/Dialect/Tensor/Transforms/Passes.h"
#include "mlir/Dialect/Transform/Transforms/TransformInterpreterUtils.h"
#include "mlir/Dialect/Vector/Transforms/Passes.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Transforms/Passes.h"

using namespace mlir;
using namespace dlc;
using namespace dlc::schedule;

/// Elements of a vector: some times what all registers hold.
static constexpr int64_t maxVectorElements = 2048;

InFlightDiagnostic UserSchedule::fail() {
  return emitError(sequence.getLoc())
         << "schedule '" << sequence.getSymName() << "' of kernel '"
         << kernel.getSymName() << "': ";
}

LogicalResult UserSchedule::explain(function_ref<LogicalResult()> action) {
  std::string reason;
  std::optional<Location> where;
  LogicalResult result = failure();
  {
    ScopedDiagnosticHandler handler(
        kernel.getContext(), [&](Diagnostic &diagnostic) {
          if (diagnostic.getSeverity() == DiagnosticSeverity::Error && !where) {
            where = diagnostic.getLocation();
            reason = diagnostic.str();
          }
          return success(); // nobody else hears of it
        });
    result = action();
  }
  if (succeeded(result))
    return success();
  // Errors of the interpreter are at the step of the sequence that failed.
  auto step = where ? dyn_cast<FileLineColLoc>(*where) : FileLineColLoc();
  auto begin = dyn_cast<FileLineColLoc>(sequence.getLoc());
  InFlightDiagnostic diagnostic = fail();
  if (step && begin && step.getFilename() == begin.getFilename())
    diagnostic << "line " << step.getLine() << ": ";
  return diagnostic << (reason.empty() ? "it can not be applied" : reason);
}

/// LLVM makes registers of vectors, one instruction each.
LogicalResult UserSchedule::checkVectors() {
  VectorType large;
  kernel.walk([&](Operation *op) {
    for (Type type : op->getResultTypes())
      if (auto vector = dyn_cast<VectorType>(type);
          vector && vector.getNumElements() > maxVectorElements)
        large = vector;
  });
  if (!large)
    return success();
  return fail() << "makes vectors of " << large.getNumElements()
                << " elements (" << large << "), more than "
                << maxVectorElements
                << ", which would become as many instructions; tile before "
                   "you vectorise";
}

/// Applies the sequence, and takes away what it left over: slices of slices,
/// and values that loops read and write again although they could carry them.
LogicalResult UserSchedule::transform() {
  auto file = sequence->getParentOfType<ModuleOp>();
  if (failed(explain([&] {
        transform::TransformOptions options;
        auto module = kernel->getParentOfType<ModuleOp>();
        std::string name = kernel.getSymName().str();
        Type type = kernel.getFunctionType();
        if (failed(transform::applyTransformNamedSequence(kernel, sequence,
                                                          file, options)))
          return failure();
        // The sequence may have put another one in its place.
        auto result = module.lookupSymbol<dispatch::KernelOp>(name);
        if (!result || result.getFunctionType() != type)
          return LogicalResult(
              emitError(sequence.getLoc(), "it takes away the kernel"));
        kernel = result;
        if (failed(verify(kernel)))
          return failure();
        PassManager pm(kernel.getContext(),
                       dispatch::KernelOp::getOperationName());
        pm.addPass(createCanonicalizerPass());
        pm.addPass(createCSEPass());
        pm.addPass(tensor::createFoldTensorSubsetOpsPass());
        pm.addPass(createLoopInvariantCodeMotionPass());
        pm.addPass(createLoopInvariantSubsetHoistingPass());
        pm.addPass(createCanonicalizerPass());
        return pm.run(kernel);
      })))
    return failure();
  return checkVectors();
}

/// A function on memrefs with the kernel's body; the kernel keeps nothing.
static func::FuncOp makeFunction(OpBuilder &b, dispatch::KernelOp kernel) {
  Location loc = kernel.getLoc();
  SmallVector<Type> types;
  for (Type type : kernel.getArgumentTypes()) {
    auto tensor = cast<RankedTensorType>(type);
    types.push_back(
        MemRefType::get(tensor.getShape(), tensor.getElementType()));
  }
  auto function = func::FuncOp::create(b, loc, kernel.getSymName(),
                                       b.getFunctionType(types, {}));
  Block *entry = function.addEntryBlock(), &body = kernel.getBody().front();
  b.setInsertionPointToStart(entry);
  SmallVector<Value> tensors;
  for (auto [index, argument] : llvm::enumerate(entry->getArguments()))
    tensors.push_back(bufferization::ToTensorOp::create(
        b, loc, kernel.getArgumentTypes()[index], argument, /*restrict=*/true,
        /*writable=*/index >= kernel.getNumIns()));
  SmallVector<Value> results(body.getTerminator()->getOperands());
  body.getTerminator()->erase();
  for (auto [from, to] : llvm::zip_equal(body.getArguments(), tensors)) {
    from.replaceAllUsesWith(to);
    llvm::replace(results, Value(from), to);
  }
  entry->getOperations().splice(entry->end(), body.getOperations());
  b.setInsertionPointToEnd(entry);
  for (auto [index, result] : llvm::enumerate(results))
    bufferization::MaterializeInDestinationOp::create(
        b, loc, Type(), result, entry->getArgument(kernel.getNumIns() + index),
        /*restrict=*/true,
        /*writable=*/true);
  func::ReturnOp::create(b, loc);
  return function;
}

/// The iterations of one loop are all that a kernel does.
LogicalResult UserSchedule::checkItems(Block &body) {
  scf::ForallOp items;
  for (auto forall : body.getOps<scf::ForallOp>()) {
    if (items)
      return fail() << "leaves several scf.forall side by side; the iterations "
                       "of one are the work items of a kernel";
    items = forall;
  }
  if (!items)
    return success();
  for (OpFoldResult bound : llvm::concat<const OpFoldResult>(
           items.getMixedLowerBound(), items.getMixedUpperBound(),
           items.getMixedStep()))
    if (!getConstantIntValue(bound))
      return fail() << "leaves an scf.forall whose bounds are no constants";
  // What is uniform for all of them may be read before the loop.
  for (Operation &op : body.without_terminator())
    if (&op != items && !isMemoryEffectFree(&op) &&
        !hasSingleEffect<MemoryEffects::Read>(&op))
      return fail() << "computes something outside of the scf.forall; it has "
                       "to be fused into the loop, whose iterations are the "
                       "work items ('"
                    << op.getName() << "' of " << describeLocation(op.getLoc())
                    << ")";
  return success();
}

/// What one work item hands on to itself becomes stack memory.
LogicalResult UserSchedule::placeScratch(Block &body) {
  int64_t scratch = 0;
  SmallVector<memref::AllocOp> allocs;
  body.walk([&](memref::AllocOp alloc) { allocs.push_back(alloc); });
  for (memref::AllocOp alloc : allocs) {
    MemRefType type = alloc.getType();
    if (!type.hasStaticShape())
      return fail() << "needs scratch memory of a size that is not known ("
                    << type
                    << "); tiles have to divide their loop, or be padded";
    scratch += type.getNumElements() *
               llvm::divideCeil(type.getElementTypeBitWidth(), 8);
    OpBuilder b(alloc);
    auto alloca = memref::AllocaOp::create(b, alloc.getLoc(), type,
                                           b.getI64IntegerAttr(64));
    alloc.replaceAllUsesWith(alloca.getResult());
    alloc.erase();
  }
  if (scratch > maxScratchBytes)
    return fail() << "needs " << scratch
                  << " bytes of stack for one work item, more than the "
                  << maxScratchBytes << " that are allowed";
  return success();
}

/// From tensors to memory, and from what is left to loops.
LogicalResult UserSchedule::lower(ModuleOp scratch) {
  MLIRContext *context = scratch.getContext();
  if (failed(explain([&] {
        PassManager pm(context);
        pm.addPass(bufferization::createEmptyTensorEliminationPass());
        if (failed(pm.run(scratch)))
          return failure();
        bufferization::OneShotBufferizationOptions options;
        options.setFunctionBoundaryTypeConversion(
            bufferization::LayoutMapOption::IdentityLayoutMap);
        bufferization::BufferizationState state;
        return bufferization::runOneShotBufferize(scratch, options, state);
      })))
    return failure();
  auto function = *scratch.getOps<func::FuncOp>().begin();
  Block &body = function.getBody().front();
  {
    // Copies of a slice to itself go when both are the same value.
    PassManager pm(context);
    pm.addPass(createCanonicalizerPass());
    pm.addPass(createCSEPass());
    pm.addPass(createCanonicalizerPass());
    if (failed(pm.run(scratch)))
      return failure();
  }
  if (failed(checkItems(body)) || failed(placeScratch(body)))
    return failure();
  SmallVector<memref::CopyOp> copies;
  function.walk([&](memref::CopyOp copy) { copies.push_back(copy); });
  for (memref::CopyOp copy : copies) {
    OpBuilder b(copy);
    linalg::CopyOp::create(b, copy.getLoc(), copy.getSource(),
                           copy.getTarget());
    copy.erase();
  }
  return explain([&] {
    PassManager pm(context);
    OpPassManager &nested = pm.nest<func::FuncOp>();
    nested.addPass(createConvertLinalgToLoopsPass());
    nested.addPass(memref::createFoldMemRefAliasOpsPass());
    nested.addPass(vector::createLowerVectorMaskPass());
    nested.addPass(createLoopInvariantCodeMotionPass());
    nested.addPass(createCanonicalizerPass());
    nested.addPass(createCSEPass());
    return pm.run(scratch);
  });
}

LogicalResult UserSchedule::run() {
  if (failed(transform()))
    return failure();
  OwningOpRef<ModuleOp> scratch = ModuleOp::create(kernel.getLoc());
  OpBuilder b(scratch->getBodyRegion());
  func::FuncOp function = makeFunction(b, kernel);
  if (failed(lower(*scratch)))
    return failure();
  b.setInsertionPoint(kernel);
  auto scheduled = dispatch::KernelOp::create(
      b, kernel.getLoc(), kernel.getSymName(), function.getFunctionType(),
      kernel.getNumOuts());
  for (NamedAttribute attr : kernel->getDiscardableAttrs())
    scheduled->setAttr(attr.getName(), attr.getValue());
  scheduled.getBody().takeBody(function.getBody());
  Operation *end = scheduled.getBody().front().getTerminator();
  b.setInsertionPoint(end);
  dispatch::ReturnOp::create(b, end->getLoc(), ValueRange());
  end->erase();
  kernel.erase();
  return success();
}
