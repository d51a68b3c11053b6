//===- Constants.cpp - What is known of constant tensors ------------------===//

#include "dlc/Support/Constants.h"

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/Matchers.h"
#include <cmath>

using namespace mlir;

bool dlc::isFiniteConstant(Value value, double most) {
  Attribute attribute;
  if (!matchPattern(value, m_Constant(&attribute)))
    return false;
  if (isa<IntegerType>(getElementTypeOrSelf(value)))
    return true;
  if (auto dense = dyn_cast<DenseFPElementsAttr>(attribute))
    return llvm::all_of(dense, [&](const APFloat &x) {
      return x.isFinite() && std::abs(x.convertToDouble()) <= most;
    });
  if (auto resource = dyn_cast<DenseF32ResourceElementsAttr>(attribute))
    if (auto data = resource.tryGetAsArrayRef())
      return llvm::all_of(*data, [&](float x) { return std::abs(x) <= most; });
  return false;
}
