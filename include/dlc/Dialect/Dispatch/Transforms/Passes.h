//===- Passes.h - Dispatch passes --------------------------------*- C++
//-*-===//

#ifndef DLC_DIALECT_DISPATCH_TRANSFORMS_PASSES_H
#define DLC_DIALECT_DISPATCH_TRANSFORMS_PASSES_H

#include "dlc/Dialect/Dispatch/IR/Dispatch.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"

namespace dlc::dispatch {

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "dlc/Dialect/Dispatch/Transforms/Passes.h.inc"

} // namespace dlc::dispatch

#endif // DLC_DIALECT_DISPATCH_TRANSFORMS_PASSES_H
