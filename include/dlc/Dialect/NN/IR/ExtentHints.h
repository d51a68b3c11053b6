//===- ExtentHints.h - What sizes would be for other extents ----*- C++ -*-===//
//
// Attributes for nn-resolve-extents on operations that were built for the sizes
// of their operands (nn.fitted, or the last window of ceil_mode): they say how
// to build them for an extent. The pass takes them away.
//
//===----------------------------------------------------------------------===//

#ifndef DLC_DIALECT_NN_IR_EXTENTHINTS_H
#define DLC_DIALECT_NN_IR_EXTENTHINTS_H

#include "llvm/ADT/StringRef.h"

namespace dlc::nn {

/// Of a slice: [dimension, i, n] where it is part i of n parts of the same size
/// (the last one may be shorter).
inline constexpr llvm::StringLiteral kPartAttrName = "nn.part";

/// Of a window: "upper" or "lower" where its padding is as much as it takes for
/// a result of the input's size, divided by the stride; the odd cell is at that
/// end of a dimension.
inline constexpr llvm::StringLiteral kSameAttrName = "nn.same";

/// Of a window: by how much the last one reaches beyond the model's padding, a
/// number a spatial dimension. All windows count that begin in front of the
/// padding at the end.
inline constexpr llvm::StringLiteral kOverhangAttrName = "nn.overhang";

/// Of an operation: dimensions of its first operand whose size the model's node
/// was built for.
inline constexpr llvm::StringLiteral kWholeAttrName = "nn.whole";

/// Of a resize or reshape: dimensions whose size is a number of the model: what
/// nn.bounded says directly behind it, or the size of the result. The numbers
/// of a reshape need not fit: one dimension that is not listed has the rest.
inline constexpr llvm::StringLiteral kResizedAttrName = "nn.resized";
/// Of such a reshape: how a run calls the number of elements asked for.
inline constexpr llvm::StringLiteral kAskedAttrName = "nn.asked";

/// Of a reshape: how many dimensions of the operand each one of the result
/// holds, in their order. Of a dimension whose bound is 1 sizes do not tell.
inline constexpr llvm::StringLiteral kGroupsAttrName = "nn.groups";

/// Of a resize: where a dimension shrinks, its filter covers as much more.
inline constexpr llvm::StringLiteral kAntialiasAttrName = "nn.antialias";
/// Of a resize: all dimensions with a size (kResizedAttrName) have the same
/// scale: the largest one with which none becomes larger than that size
/// ("not_larger"), or the least one with which none becomes smaller
/// ("not_smaller": a run checks that it is not more than planned for).
inline constexpr llvm::StringLiteral kAspectAttrName = "nn.aspect";
inline constexpr llvm::StringLiteral kNotLarger = "not_larger";
inline constexpr llvm::StringLiteral kNotSmaller = "not_smaller";
/// Of a resize: dimensions of which the first computed numbers are the scales.
inline constexpr llvm::StringLiteral kScaledAttrName = "nn.scaled";
/// Of a resize: dimensions of which a part is resampled. For each, two more
/// computed numbers say where it begins and ends (0 is the first element, 1 the
/// last one). What lies outside of the operand is `nn.outside`.
inline constexpr llvm::StringLiteral kRegionAttrName = "nn.region";
inline constexpr llvm::StringLiteral kOutsideAttrName = "nn.outside";

/// Of an operation whose operands are those of the model's node, or computed
/// from them at the same places: what it means that two of them have different
/// extents in the same dimension. Without it there is a size only where the
/// importer made a tensor for it.
inline constexpr llvm::StringLiteral kAlignedAttrName = "nn.aligned";
/// One of 1 is broadcast, others have to be equal.
inline constexpr llvm::StringLiteral kAlignedBroadcast = "broadcast";
/// They have to be equal.
inline constexpr llvm::StringLiteral kAlignedEqual = "equal";
/// Of a selection by one flag: the result has those of what is selected.
inline constexpr llvm::StringLiteral kAlignedChoice = "choice";

/// Of a result of a graph function that holds two numbers (i64) for each text:
/// they have to be equal, the text says what the first one is. The pass moves
/// them to the end of the results' extents.
inline constexpr llvm::StringLiteral kChecksAttrName = "dlc.checks";

} // namespace dlc::nn

#endif // DLC_DIALECT_NN_IR_EXTENTHINTS_H
