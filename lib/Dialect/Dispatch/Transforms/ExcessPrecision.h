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

/// Lets results of structured ops in `block` be f32 that are rounded freely and
/// only read, freely widened, by structured ops of the block, reshaped or not.
/// Contractions that hardware may multiply numbers of 16 bits for keep them.
/// Only results with up to `maxElements` elements are changed.
void keepResultsWide(mlir::RewriterBase &rewriter, mlir::Block &block,
                     int64_t maxElements = INT64_MAX);

} // namespace dlc::dispatch

#endif // DLC_LIB_DIALECT_DISPATCH_TRANSFORMS_EXCESSPRECISION_H
