//===- Quantisation.h - Divisions and conversions of clamped numbers ------===//

#ifndef DLC_LIB_SCHEDULE_HOST_QUANTISATION_H
#define DLC_LIB_SCHEDULE_HOST_QUANTISATION_H

#include "mlir/IR/PatternMatch.h"

namespace dlc::schedule {

/// Quotients by a constant that are rounded and clamped become a product and a
/// fused multiply-add, where every float gives the same result; scaled integers
/// that are added up and rounded are not rounded before. (To be applied before
/// the other patterns, which change clamps.)
void populateQuotientPatterns(mlir::RewritePatternSet &patterns);

/// Conversions of f32 to narrow integers test for numbers out of range. Where
/// the number has been clamped (quantisation), only NaN, which becomes 0, is
/// left to think of. Rounded numbers that become an integer and a float again
/// are the same then.
void populateQuantisationPatterns(mlir::RewritePatternSet &patterns);

} // namespace dlc::schedule

#endif // DLC_LIB_SCHEDULE_HOST_QUANTISATION_H
