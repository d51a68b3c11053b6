//===- CountWork.cpp - How much kernels compute and move ------------------===//

#include "Structure.h"

#include "dlc/Dialect/Dispatch/IR/Launches.h"
#include "dlc/Dialect/Dispatch/Transforms/Passes.h"
#include "dlc/Dialect/Dispatch/Transforms/Work.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

namespace dlc::dispatch {
#define GEN_PASS_DEF_COUNTWORKPASS
#include "dlc/Dialect/Dispatch/Transforms/Passes.h.inc"
} // namespace dlc::dispatch

using namespace mlir;
using namespace dlc;
using namespace dlc::dispatch;

/// Floating-point operations, and those of integers that are added up.
static int64_t countFlops(linalg::LinalgOp op) {
  int64_t flops = 0;
  bool isSum = op.getNumReductionLoops() > 0;
  op->walk([&](Operation *inner) {
    if (inner == op.getOperation())
      return;
    bool isMath = isa<math::MathDialect>(inner->getDialect()) &&
                  isa<FloatType>(inner->getResult(0).getType());
    bool isArith =
        isa<arith::AddFOp, arith::SubFOp, arith::MulFOp, arith::DivFOp,
            arith::NegFOp, arith::MaximumFOp, arith::MinimumFOp,
            arith::MaxNumFOp, arith::MinNumFOp>(inner);
    bool isInteger = isSum &&
                     isa<arith::AddIOp, arith::SubIOp, arith::MulIOp>(inner) &&
                     !inner->getResult(0).getType().isIndex();
    flops += isMath || isArith || isInteger;
  });
  return flops * getNumIterations(op);
}

/// Bytes of `value`, an input or a view of one, that the kernel looks at.
static int64_t countRead(Value value) {
  int64_t read = 0;
  for (OpOperand &use : value.getUses()) {
    Operation *user = use.getOwner();
    if (isa<tensor::ExpandShapeOp, tensor::CollapseShapeOp>(user)) {
      read += countRead(user->getResult(0));
    } else if (isa<tensor::ExtractSliceOp>(user)) {
      read += getNumBytes(user->getResult(0).getType());
    } else if (isa<tensor::ExtractOp>(user)) {
      // An element for each step of the loops around it.
      auto loops = user->getParentOfType<linalg::LinalgOp>();
      int64_t width = user->getResult(0).getType().getIntOrFloatBitWidth();
      read +=
          (loops ? getNumIterations(loops) : 1) * llvm::divideCeil(width, 8);
    } else {
      read += getNumBytes(value.getType());
    }
  }
  return std::min(read, getNumBytes(value.getType()));
}

/// Bytes that the kernel writes to get the new value of an output.
static int64_t countWritten(Value value) {
  int64_t written = 0, all = getNumBytes(value.getType());
  while (auto insert = value.getDefiningOp<tensor::InsertSliceOp>()) {
    written += getNumBytes(insert.getSourceType());
    value = insert.getDest();
  }
  // What is left as it was is not written.
  return isa<BlockArgument>(value) ? std::min(written, all) : all;
}

Work dispatch::countWork(KernelOp kernel) {
  Work work;
  kernel.walk([&](linalg::LinalgOp op) { work.flops += countFlops(op); });
  Block &body = kernel.getBody().front();
  for (BlockArgument arg : body.getArguments().take_front(kernel.getNumIns()))
    work.bytesRead += countRead(arg);
  for (Value value : body.getTerminator()->getOperands())
    work.bytesWritten += countWritten(value);
  return work;
}

namespace {
struct CountWork : dlc::dispatch::impl::CountWorkPassBase<CountWork> {
  void runOnOperation() override {
    for (auto kernel : getOperation().getOps<KernelOp>()) {
      if (kernel.isScheduled())
        continue;
      Work work = countWork(kernel);
      kernel->setAttr(
          kWorkAttrName,
          DenseI64ArrayAttr::get(
              &getContext(), {work.flops, work.bytesRead, work.bytesWritten}));
    }
  }
};
} // namespace
