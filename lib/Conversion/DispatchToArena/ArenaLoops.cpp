//===- ArenaLoops.cpp - The memory of the bodies of loops -----------------===//

#include "Inplace.h"

#include "dlc/Conversion/Passes.h"
#include "dlc/Dialect/Arena/Transforms/Assign.h"
#include "dlc/Dialect/Dispatch/IR/Dispatch.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"

namespace dlc::conversion {
#define GEN_PASS_DEF_ARENALOOPS
#include "dlc/Conversion/Passes.h.inc"
} // namespace dlc::conversion

using namespace mlir;
using namespace dlc;

namespace {

struct ArenaLoops : public conversion::impl::ArenaLoopsBase<ArenaLoops> {
  using ArenaLoopsBase::ArenaLoopsBase;

  void runOnOperation() override {
    planned.clear();
    open.clear();
    for (auto func : getOperation().getOps<func::FuncOp>())
      if (!func.isExternal() && failed(addScratch(func)))
        return signalPassFailure();
  }

  /// Gives each loop of `func` the memory that its body needs.
  LogicalResult addScratch(func::FuncOp func) {
    for (auto loop : func.getOps<dispatch::LoopOp>()) {
      FailureOr<int64_t> bytes = plan(loop);
      if (failed(bytes))
        return failure();
      if (*bytes == 0 || loop.getScratch())
        continue;
      OpBuilder builder(loop);
      auto type = MemRefType::get({*bytes}, builder.getI8Type());
      loop.getScratchMutable().assign(
          memref::AllocOp::create(builder, loop.getLoc(), type));
    }
    return success();
  }

  /// The bytes that the body of `loop` needs, which is planned first.
  FailureOr<int64_t> plan(dispatch::LoopOp loop) {
    auto body = getOperation().lookupSymbol<func::FuncOp>(loop.getBody());
    if (!body || body.isExternal() || !llvm::hasSingleElement(body.getBody()))
      return loop.emitOpError("has no body of one block");
    if (auto it = planned.find(body); it != planned.end())
      return it->second;
    if (!open.insert(body).second)
      return loop.emitOpError("runs within its own body");
    if (failed(addScratch(body)))
      return failure();
    arena::AssignOptions options;
    if (failed(conversion::orderSteps(body, options.alignment, workLimit)) ||
        failed(conversion::reuseInplace(body)))
      return failure();
    arena::LayoutOp layout = arena::createLayout(
        getOperation(), body.getLoc(), (body.getSymName() + "_arena").str(),
        options.alignment);
    FailureOr<int64_t> bytes =
        arena::assignBuffers(arena::getBodyTimeline(body), layout, options);
    if (failed(bytes))
      return failure();
    open.erase(body);
    return planned[body] = *bytes;
  }

  DenseMap<Operation *, int64_t> planned;
  DenseSet<Operation *> open;
};

} // namespace
