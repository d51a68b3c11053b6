//===- Specialisations.h - One module for several shapes --------*- C++ -*-===//
//
// A program that is compiled for several shapes is one module with one graph
// function a combination of sizes (a *specialisation*). They share kernels,
// constants and the arena, because whatever makes those works on modules.
//
//===----------------------------------------------------------------------===//

#ifndef DLC_PIPELINES_SPECIALISATIONS_H
#define DLC_PIPELINES_SPECIALISATIONS_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/OwningOpRef.h"

namespace dlc {

/// The attribute of graph functions that names the sizes: "seq=16". A module
/// with a single graph function needs none.
inline constexpr llvm::StringLiteral kDimsAttrName = "dlc.dims";

/// Moves the graph function of `next` to the end of `module`, labelled with
/// `dims`. The first call labels that of `module` with `firstDims`. Constants
/// that both have are then one. Fails, after a message at `next`, where
/// checkSpecialisations does.
mlir::LogicalResult addSpecialisation(mlir::ModuleOp module,
                                      llvm::StringRef firstDims,
                                      mlir::OwningOpRef<mlir::ModuleOp> next,
                                      llvm::StringRef dims);

/// Fails, after a message, unless the graph functions of `module` (none at
/// level llvm of the host) can be one program: the first is @main, all are
/// labelled if there are several, they agree in everything but the shapes of
/// inputs and outputs, and no two take the same shapes.
mlir::LogicalResult checkSpecialisations(mlir::ModuleOp module,
                                         mlir::Location loc);

/// Makes one attribute of constants that are equal byte by byte, and frees the
/// data of the others unless `keepData`. Returns how many went.
unsigned shareConstants(mlir::ModuleOp module, bool keepData);

} // namespace dlc

#endif // DLC_PIPELINES_SPECIALISATIONS_H
