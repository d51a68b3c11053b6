//===- PreparePatterns.h - Rewrites of dispatch-prepare ---------*- C++ -*-===//

#ifndef DLC_LIB_DIALECT_DISPATCH_TRANSFORMS_PREPAREPATTERNS_H
#define DLC_LIB_DIALECT_DISPATCH_TRANSFORMS_PREPAREPATTERNS_H

#include "mlir/IR/PatternMatch.h"

namespace dlc::dispatch {

/// Reshapes of constants, unit dims of slices, reshapes of slices, fills.
void populateReshapeAndSlicePatterns(mlir::RewritePatternSet &patterns);

/// Moves reshapes and data movement below elementwise ops with one input, so
/// that these meet what computes the input.
void populateSinkMovesPatterns(mlir::RewritePatternSet &patterns);

/// Lets an op write its result in the order that the only reader, a
/// permutation, asks for.
void populateFoldPermutationIntoProducerPatterns(
    mlir::RewritePatternSet &patterns);

/// Whether `operand`, a use of an elementwise op's result, should be replaced
/// by the computation itself.
bool shouldFuseElementwise(mlir::OpOperand *operand);

/// Whether the reshape that `operand` reads should move below the reader.
bool shouldSinkReshape(mlir::OpOperand *operand);

} // namespace dlc::dispatch

#endif // DLC_LIB_DIALECT_DISPATCH_TRANSFORMS_PREPAREPATTERNS_H
