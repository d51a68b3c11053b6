//===- MathFunctions.h - Functions of f32 within 2 ulp ----------*- C++ -*-===//

#ifndef DLC_SCHEDULE_COMMON_MATHFUNCTIONS_H
#define DLC_SCHEDULE_COMMON_MATHFUNCTIONS_H

#include "mlir/IR/PatternMatch.h"

namespace dlc::schedule {

/// Patterns that compute math's functions of f32 (scalars and vectors) by
/// straight-line arithmetic, with an error below 2 ulp for all numbers,
/// subnormal ones and huge ones included, and with C's special cases: log, sin,
/// cos, tan, asin, acos, atan, sinh, cosh, tanh, asinh, acosh, atanh, erf, powf
/// and, unless the target `hasExp`, exp. They win over MLIR's approximations.
/// What networks spend time on (exp, log, tanh, erf) is computed in f32, the
/// rest in f64, where short formulas suffice.
void populateMathFunctionPatterns(mlir::RewritePatternSet &patterns,
                                  bool hasExp);

} // namespace dlc::schedule

#endif // DLC_SCHEDULE_COMMON_MATHFUNCTIONS_H
