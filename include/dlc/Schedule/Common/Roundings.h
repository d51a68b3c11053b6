//===- Roundings.h - Roundings that nothing asks for ------------*- C++ -*-===//

#ifndef DLC_SCHEDULE_COMMON_ROUNDINGS_H
#define DLC_SCHEDULE_COMMON_ROUNDINGS_H

#include "mlir/IR/PatternMatch.h"

namespace dlc::schedule {

/// Removes conversions of floats under `root` that undo each other but for a
/// rounding, where both are marked `fastmath<contract>`: the schedule has
/// brought together what different ops compute. Takes the marks off the others,
/// which no later level has a use for.
void removeFreeRoundings(mlir::RewriterBase &rewriter, mlir::Operation *root);

} // namespace dlc::schedule

#endif // DLC_SCHEDULE_COMMON_ROUNDINGS_H
