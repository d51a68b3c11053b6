//===- LoopHints.h - What may be made use of in loops ---------*- C++ -*-===//

#ifndef DLC_DIALECT_NN_IR_LOOPHINTS_H
#define DLC_DIALECT_NN_IR_LOOPHINTS_H

#include "llvm/ADT/StringRef.h"

namespace dlc::nn {

/// Of an nn.loop: the number of a state that is a boolean scalar. Once it is
/// false, iterations change nothing that is read any more, and may be left out.
inline constexpr llvm::StringLiteral kEndsAttrName = "nn.ends";

} // namespace dlc::nn

#endif // DLC_DIALECT_NN_IR_LOOPHINTS_H
