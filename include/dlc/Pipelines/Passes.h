//===- Passes.h - Passes that belong to no single level ---------*- C++ -*-===//

#ifndef DLC_PIPELINES_PASSES_H
#define DLC_PIPELINES_PASSES_H

#include "mlir/Pass/Pass.h"

namespace dlc {

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "dlc/Pipelines/Passes.h.inc"

} // namespace dlc

#endif // DLC_PIPELINES_PASSES_H
