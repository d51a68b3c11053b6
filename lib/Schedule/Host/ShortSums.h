//===- ShortSums.h - Sums of products that fit into 16 bits ----*- C++ -*-===//

#ifndef DLC_LIB_SCHEDULE_HOST_SHORTSUMS_H
#define DLC_LIB_SCHEDULE_HOST_SHORTSUMS_H

#include "dlc/Schedule/Common/Nest.h"

namespace dlc::schedule {

/// Bytes side by side that are multiplied at once, in two pairs.
constexpr int64_t shortSumGroup = 4;

/// Says of products of unsigned bytes and constant signed ones that this many
/// pairs of products in a row add up to what 16 bits hold, whatever the
/// unsigned bytes are (an attribute of the linalg operation).
inline constexpr llvm::StringLiteral kShortSumsAttrName = "dispatch.short_sums";

/// How many groups of `weights` along loop `loop` may be multiplied with
/// unsigned bytes and added up in 16 bits, the first pairs of each group and
/// the second ones on their own: at most `most`, a power of two; 0 if not even
/// one. `access` says where the nest's loops read the weights.
int64_t countShortSums(mlir::ElementsAttr weights, const Access &access,
                       const Nest &nest, unsigned loop, int64_t most);

} // namespace dlc::schedule

#endif // DLC_LIB_SCHEDULE_HOST_SHORTSUMS_H
