//===- ExcessPrecision.h - f32 between ops of half precision ----*- C++ -*-===//
//
// Ops on f16 and bf16 compute in f32. Conversions that no op of the model asks
// for carry `fastmath<contract>` (NNToLinalg/Lowering.h): where a widening
// meets a rounding and both have it, the number may stay as it is. What is here
// makes them meet.
//
//===----------------------------------------------------------------------===//

#ifndef DLC_LIB_DIALECT_DISPATCH_TRANSFORMS_EXCESSPRECISION_H
#define DLC_LIB_DIALECT_DISPATCH_TRANSFORMS_EXCESSPRECISION_H

#include "mlir/IR/PatternMatch.h"

namespace dlc::dispatch {

/// Moves free roundings below, and free widenings above, a choice between two
/// numbers.
void populateExcessPrecisionPatterns(mlir::RewritePatternSet &patterns);

/// Which results may be f32.
struct WideResults {
  /// Those of up to so many elements.
  int64_t maxElements = INT64_MAX;
  /// Also larger ones that contractions multiply, and only those that they
  /// multiply this often each; of f16, and of bf16. 0: never.
  int64_t uses = 0, bfloatUses = 0;
};

/// Lets results of structured ops in `block` be f32 that are rounded freely and
/// only read, freely widened, by structured ops of the block, reshaped or
/// padded or not.
void keepResultsWide(mlir::RewriterBase &rewriter, mlir::Block &block,
                     const WideResults &wide = {});

} // namespace dlc::dispatch

#endif // DLC_LIB_DIALECT_DISPATCH_TRANSFORMS_EXCESSPRECISION_H
