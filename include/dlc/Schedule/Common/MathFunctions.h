//===- MathFunctions.h - Functions of f32 within 2 ulp ----------*- C++ -*-===//

#ifndef DLC_SCHEDULE_COMMON_MATHFUNCTIONS_H
#define DLC_SCHEDULE_COMMON_MATHFUNCTIONS_H

#include "mlir/IR/PatternMatch.h"

namespace dlc::schedule {

/// Patterns that compute math's functions of f32 (scalars and vectors) by
/// straight-line arithmetic, with an error below 2 ulp for all numbers,
/// subnormal ones and huge ones included, and with C's special cases: log,
/// log1p, expm1, sin, cos, tan, asin, acos, atan, sinh, cosh, tanh, asinh,
/// acosh, atanh, erf, powf, the sigmoid 1 / (1 + exp(-x)) and, unless the
/// target `hasExp`, exp. They win over MLIR's approximations. What networks
/// spend time on (exp, log, tanh, erf, the sigmoid) is computed in f32, the
/// rest in f64, where short formulas suffice.
void populateMathFunctionPatterns(mlir::RewritePatternSet &patterns,
                                  bool hasExp);

/// Replaces formulas of f32 under `root` (scalars and vectors) by arithmetic
/// with an error below 2 ulp, where that of the formula is more: products of x
/// with
/// - (1 + erf(x / sqrt(2))) / 2: GELU, its factors in any order,
/// - (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))) / 2: GELU by tanh,
/// - 1 / (1 + exp(-factor x)): swish,
/// - tanh(log(1 + exp(x))): mish,
/// - min(max(x + 3, 0), 6) / 6: hard swish;
/// and exp(x) - 1, log(1 + x), min(max(a x + b, 0), 1). To be called before the
/// patterns above, which take the parts.
void fuseActivations(mlir::RewriterBase &rewriter, mlir::Operation *root);

} // namespace dlc::schedule

#endif // DLC_SCHEDULE_COMMON_MATHFUNCTIONS_H
