//===- Passes.td - Dispatch passes ------------------------------*- tablegen -*-===//

#ifndef DLC_DIALECT_DISPATCH_TRANSFORMS_PASSES_TD
#define DLC_DIALECT_DISPATCH_TRANSFORMS_PASSES_TD

include "mlir/Pass/PassBase.td"

def ReportSharedLoopsPass
    : Pass<"dispatch-report-shared-loops", "::mlir::ModuleOp"> {
  let summary = "Remarks what SharedLoops finds for every kernel and region";
  let description = [{
    For looking at the analysis: every `dispatch.kernel` at tensor level and every
    `dispatch.region` gets a remark with the trip counts of the loops that all of
    its ops share, each op gets one with its loops, and the producer of each
    intermediate one with the slice that is alive in one iteration.
  }];
}

#endif // DLC_DIALECT_DISPATCH_TRANSFORMS_PASSES_TD
