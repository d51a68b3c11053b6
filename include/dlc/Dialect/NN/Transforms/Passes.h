//===- Passes.h - NN passes --------------------------------*- C++ -*-===//

#ifndef DLC_DIALECT_NN_TRANSFORMS_PASSES_H
#define DLC_DIALECT_NN_TRANSFORMS_PASSES_H

#include "mlir/Pass/Pass.h"

namespace dlc::nn {

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "dlc/Dialect/NN/Transforms/Passes.h.inc"

} // namespace dlc::nn

#endif // DLC_DIALECT_NN_TRANSFORMS_PASSES_H
