//===- ArenaIO.cpp - Inputs and outputs as buffers of the arena -----------===//

#include "dlc/Dialect/Arena/IR/Arena.h"
#include "dlc/Dialect/Arena/Transforms/Passes.h"
#include "dlc/Dialect/Arena/Transforms/Steps.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

namespace dlc::arena {
#define GEN_PASS_DEF_ARENAIO
#include "dlc/Dialect/Arena/Transforms/Passes.h.inc"
} // namespace dlc::arena

using namespace mlir;
using namespace dlc;
using namespace dlc::arena;

namespace {

struct ArenaIO : public arena::impl::ArenaIOBase<ArenaIO> {
  void runOnOperation() override {
    for (auto func : getOperation().getOps<func::FuncOp>())
      if (!func.isExternal() && !isLoopBody(func))
        place(func);
  }

  static void place(func::FuncOp func) {
    OpBuilder builder = OpBuilder::atBlockBegin(&func.front());
    for (BlockArgument arg : func.getArguments()) {
      auto type = dyn_cast<MemRefType>(arg.getType());
      if (!type)
        continue;
      auto alloc = memref::AllocOp::create(builder, arg.getLoc(), type);
      alloc->setAttr(kArgumentsAttrName,
                     builder.getI64ArrayAttr({arg.getArgNumber()}));
      arg.replaceAllUsesWith(alloc);
    }
  }
};

} // namespace
