//===- Math.h - Math functions for GPUs -------------------------*- C++ -*-===//

#ifndef DLC_LIB_SCHEDULE_CUDA_MATH_H
#define DLC_LIB_SCHEDULE_CUDA_MATH_H

#include "mlir/IR/PatternMatch.h"

namespace dlc::schedule {

/// Patterns that leave of math's f32 functions only those for which a GPU has
/// an instruction, or a few: the rest is computed as on the host (the same
/// results within their errors), exponentials use the one for powers of two.
/// f64 functions stay; there is libdevice for them.
void populateCudaMathPatterns(mlir::RewritePatternSet &patterns);

} // namespace dlc::schedule

#endif // DLC_LIB_SCHEDULE_CUDA_MATH_H
