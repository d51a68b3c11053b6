//===- Passes.td - Dispatch passes ------------------------------*- tablegen -*-===//

#ifndef DLC_DIALECT_DISPATCH_TRANSFORMS_PASSES_TD
#define DLC_DIALECT_DISPATCH_TRANSFORMS_PASSES_TD

include "mlir/Pass/PassBase.td"

#endif // DLC_DIALECT_DISPATCH_TRANSFORMS_PASSES_TD
