//===- Windows.cpp - Where windows see nothing but padding ----------------===//

#include "dlc/Dialect/Dispatch/IR/Windows.h"

#include "mlir/IR/BuiltinAttributes.h"

using namespace mlir;
using namespace dlc::dispatch;

SmallVector<LoopWindow> dlc::dispatch::getLoopWindows(Operation *op) {
  SmallVector<LoopWindow> windows;
  if (auto numbers = op->getAttrOfType<DenseI64ArrayAttr>(kWindowsAttrName)) {
    ArrayRef<int64_t> left = numbers;
    for (; left.size() >= 6; left = left.drop_front(6))
      windows.push_back({left[0], left[1], left[2], left[3], left[4], left[5]});
  }
  return windows;
}

void dlc::dispatch::setLoopWindows(Operation *op,
                                   ArrayRef<LoopWindow> windows) {
  SmallVector<int64_t> numbers;
  for (const LoopWindow &window : windows)
    numbers.append({window.tap, window.other, window.step, window.otherStep,
                    window.first, window.end});
  if (numbers.empty())
    op->removeAttr(kWindowsAttrName);
  else
    op->setAttr(kWindowsAttrName,
                DenseI64ArrayAttr::get(op->getContext(), numbers));
}
