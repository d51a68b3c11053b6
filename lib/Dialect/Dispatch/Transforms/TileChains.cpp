//===- TileChains.cpp - Computes marked chains band by band ---------------===//

#include "dlc/Dialect/Dispatch/Transforms/Bands.h"
#include "dlc/Dialect/Dispatch/Transforms/Passes.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

#include "llvm/ADT/MapVector.h"

namespace dlc::dispatch {
#define GEN_PASS_DEF_TILECHAINSPASS
#include "dlc/Dialect/Dispatch/Transforms/Passes.h.inc"
} // namespace dlc::dispatch

using namespace mlir;
using namespace dlc::dispatch;

/// Reads the mark of a chain's last op.
static LogicalResult parseBands(Operation *op, BandedChain &chain) {
  auto list = op->getAttrOfType<ArrayAttr>(kBandsAttr);
  SmallVector<int64_t> numbers;
  if (list)
    for (Attribute element : list)
      if (auto number = dyn_cast<IntegerAttr>(element))
        numbers.push_back(number.getInt());
  bool isGood = numbers.size() == 3 && list.size() == 3 && numbers[0] >= 0 &&
                numbers[0] < static_cast<int64_t>(op->getNumResults()) &&
                numbers[1] >= 0 && numbers[2] >= 1;
  if (isGood) {
    auto type = dyn_cast<RankedTensorType>(op->getResult(numbers[0]).getType());
    isGood = type && type.hasStaticShape() && numbers[1] < type.getRank() &&
             type.getNumElements() > 0;
  }
  if (!isGood)
    return op->emitOpError(kBandsAttr)
           << " must be [result, dim, count] of a static tensor";
  chain.result = op->getResult(numbers[0]);
  chain.dim = numbers[1];
  chain.count = numbers[2];
  return success();
}

/// Whether anything but `chain.result` is used from outside.
static LogicalResult checkUses(const BandedChain &chain) {
  DenseSet<Operation *> members(chain.ops.begin(), chain.ops.end());
  for (Operation *op : chain.ops)
    for (OpResult result : op->getResults()) {
      if (result == chain.result)
        continue;
      for (Operation *user : result.getUsers()) {
        Operation *ancestor = op->getBlock()->findAncestorOpInBlock(*user);
        if (!members.contains(ancestor))
          return op->emitOpError("is a member of a chain, but used from "
                                 "outside of it");
      }
    }
  return success();
}

namespace {
struct TileChains : dlc::dispatch::impl::TileChainsPassBase<TileChains> {
  void runOnOperation() override {
    llvm::MapVector<int64_t, BandedChain> chains;
    for (Operation &op : getOperation().getBody().front()) {
      auto number = op.getAttrOfType<IntegerAttr>(kChainAttr);
      if (!number)
        continue;
      BandedChain &chain = chains[number.getInt()];
      chain.ops.push_back(&op);
      if (op.hasAttr(kBandsAttr) && failed(parseBands(&op, chain)))
        return signalPassFailure();
    }
    IRRewriter rewriter(&getContext());
    for (auto &[number, chain] : chains) {
      Operation *last = chain.ops.back();
      if (!chain.result || chain.result.getOwner() != last) {
        last->emitOpError("ends a chain and must carry ") << kBandsAttr;
        return signalPassFailure();
      }
      if (failed(checkUses(chain)))
        return signalPassFailure();
      if (failed(tileChain(rewriter, chain))) {
        last->emitOpError("ends a chain that can not be computed in bands");
        return signalPassFailure();
      }
    }
  }
};
} // namespace
