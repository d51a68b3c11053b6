//===- Passes.td - Conversion passes ------------------------------*- tablegen -*-===//

#ifndef DLC_CONVERSION_PASSES_TD
#define DLC_CONVERSION_PASSES_TD

include "mlir/Pass/PassBase.td"

#endif // DLC_CONVERSION_PASSES_TD
