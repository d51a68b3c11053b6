//===- Constants.h - What is known of constant tensors ----------*- C++ -*-===//

#ifndef DLC_SUPPORT_CONSTANTS_H
#define DLC_SUPPORT_CONSTANTS_H

#include "mlir/IR/Value.h"

#include <limits>

namespace dlc {

/// Whether all elements of `value` are known, and none is infinite, not a
/// number or, if it is one of floats, larger than `most` in size.
bool isFiniteConstant(mlir::Value value,
                      double most = std::numeric_limits<double>::max());

} // namespace dlc

#endif // DLC_SUPPORT_CONSTANTS_H
