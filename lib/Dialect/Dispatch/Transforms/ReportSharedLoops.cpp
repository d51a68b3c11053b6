//===- ReportSharedLoops.cpp - Remarks what SharedLoops finds -------------===//

#include "dlc/Dialect/Dispatch/IR/Dispatch.h"
#include "dlc/Dialect/Dispatch/Transforms/Passes.h"
#include "dlc/Dialect/Dispatch/Transforms/SharedLoops.h"

#include "mlir/IR/BuiltinOps.h"

namespace dlc::dispatch {
#define GEN_PASS_DEF_REPORTSHAREDLOOPSPASS
#include "dlc/Dialect/Dispatch/Transforms/Passes.h.inc"
} // namespace dlc::dispatch

using namespace mlir;
using namespace dlc::dispatch;

static void report(Operation *op, Block &body) {
  std::optional<SharedLoops> shared = analyzeSharedLoops(body);
  if (!shared) {
    op->emitRemark("no structured ops");
    return;
  }
  op->emitRemark() << "shared loops [" << ArrayRef<int64_t>(shared->sizes)
                   << "]";
  for (auto [member, loops] : llvm::zip_equal(shared->ops, shared->loops))
    member->emitRemark() << "loops [" << ArrayRef<int>(loops) << "]";
  for (const SharedLoops::Intermediate &intermediate : shared->intermediates)
    intermediate.value.getOwner()->emitRemark()
        << "intermediate of [" << ArrayRef<int64_t>(intermediate.shape) << "]"
        << (intermediate.onlyInit ? ", init" : "");
}

namespace {
struct ReportSharedLoops
    : dlc::dispatch::impl::ReportSharedLoopsPassBase<ReportSharedLoops> {
  void runOnOperation() override {
    getOperation().walk([](Operation *op) {
      if (auto region = dyn_cast<RegionOp>(op))
        report(op, region.getBody().front());
      else if (auto kernel = dyn_cast<KernelOp>(op))
        if (!kernel.isScheduled())
          report(op, kernel.getBody().front());
    });
  }
};
} // namespace
