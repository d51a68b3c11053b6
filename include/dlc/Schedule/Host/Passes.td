//===- Passes.td - ScheduleHost passes ------------------------------*- tablegen -*-===//

#ifndef DLC_SCHEDULE_HOST_PASSES_TD
#define DLC_SCHEDULE_HOST_PASSES_TD

include "mlir/Pass/PassBase.td"

#endif // DLC_SCHEDULE_HOST_PASSES_TD
