//===- Passes.h - Conversion passes --------------------------------*- C++ -*-===//

#ifndef DLC_CONVERSION_PASSES_H
#define DLC_CONVERSION_PASSES_H

#include "mlir/Pass/Pass.h"

namespace dlc::conversion {

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "dlc/Conversion/Passes.h.inc"

} // namespace dlc::conversion

#endif // DLC_CONVERSION_PASSES_H
