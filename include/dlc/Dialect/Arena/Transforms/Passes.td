//===- Passes.td - Arena passes ------------------------------*- tablegen -*-===//

#ifndef DLC_DIALECT_ARENA_TRANSFORMS_PASSES_TD
#define DLC_DIALECT_ARENA_TRANSFORMS_PASSES_TD

include "mlir/Pass/PassBase.td"

#endif // DLC_DIALECT_ARENA_TRANSFORMS_PASSES_TD
