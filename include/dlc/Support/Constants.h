//===- Constants.h - What is known of constant tensors ----------*- C++ -*-===//

#ifndef DLC_SUPPORT_CONSTANTS_H
#define DLC_SUPPORT_CONSTANTS_H

#include "mlir/IR/Value.h"

namespace dlc {

/// Whether all elements of `value` are known, and none is infinite or not a
/// number.
bool isFiniteConstant(mlir::Value value);

} // namespace dlc

#endif // DLC_SUPPORT_CONSTANTS_H
