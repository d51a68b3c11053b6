//===- Passes.h - ScheduleHost passes --------------------------------*- C++ -*-===//

#ifndef DLC_SCHEDULE_HOST_PASSES_H
#define DLC_SCHEDULE_HOST_PASSES_H

#include "mlir/Pass/Pass.h"

namespace dlc::schedule {

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "dlc/Schedule/Host/Passes.h.inc"

} // namespace dlc::schedule

#endif // DLC_SCHEDULE_HOST_PASSES_H
