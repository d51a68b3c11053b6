//===- Passes.h - NN passes --------------------------------*- C++ -*-===//

#ifndef DLC_DIALECT_NN_TRANSFORMS_PASSES_H
#define DLC_DIALECT_NN_TRANSFORMS_PASSES_H

#include "dlc/Dialect/NN/IR/NN.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Pass/Pass.h"

namespace dlc::nn {

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "dlc/Dialect/NN/Transforms/Passes.h.inc"

} // namespace dlc::nn

#endif // DLC_DIALECT_NN_TRANSFORMS_PASSES_H
