//===- Roundings.cpp - Roundings that nothing asks for --------------------===//

#include "dlc/Schedule/Common/Roundings.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;

void dlc::schedule::removeFreeRoundings(RewriterBase &rewriter,
                                        Operation *root) {
  root->walk([&](arith::ExtFOp op) {
    SmallVector<OpFoldResult, 1> folded;
    if (succeeded(op->fold(folded)) && folded.size() == 1)
      if (auto value = dyn_cast<Value>(folded.front()))
        rewriter.replaceOp(op, value);
  });
  root->walk([](Operation *op) {
    if (auto widening = dyn_cast<arith::ExtFOp>(op))
      widening.removeFastmathAttr();
    else if (auto rounding = dyn_cast<arith::TruncFOp>(op))
      rounding.removeFastmathAttr();
  });
}
