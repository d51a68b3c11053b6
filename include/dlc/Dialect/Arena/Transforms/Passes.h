//===- Passes.h - Arena passes --------------------------------*- C++ -*-===//

#ifndef DLC_DIALECT_ARENA_TRANSFORMS_PASSES_H
#define DLC_DIALECT_ARENA_TRANSFORMS_PASSES_H

#include "mlir/Pass/Pass.h"

namespace dlc::arena {

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "dlc/Dialect/Arena/Transforms/Passes.h.inc"

} // namespace dlc::arena

#endif // DLC_DIALECT_ARENA_TRANSFORMS_PASSES_H
