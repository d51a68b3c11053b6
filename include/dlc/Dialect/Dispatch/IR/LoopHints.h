//===- LoopHints.h - What may be made use of in loops ---------*- C++ -*-===//

#ifndef DLC_DIALECT_DISPATCH_IR_LOOPHINTS_H
#define DLC_DIALECT_DISPATCH_IR_LOOPHINTS_H

#include "llvm/ADT/StringRef.h"

namespace dlc::dispatch {

/// Of a dispatch.loop: the number of a state that is a boolean scalar. Once it
/// is false, iterations change nothing that is read any more, and may be left
/// out.
inline constexpr llvm::StringLiteral kEndsAttrName = "dispatch.ends";

} // namespace dlc::dispatch

#endif // DLC_DIALECT_DISPATCH_IR_LOOPHINTS_H
