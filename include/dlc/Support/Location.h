//===- Location.h - Where in the user's model a value comes from *- C++ -*-===//
//
// Importers give every operation a location of the form
//   NameLoc("<node name> (<op type>)", FileLineColLoc("<file>", 0, 0))
// so that each later level can say which node of which file it speaks of.
//
//===----------------------------------------------------------------------===//

#ifndef DLC_SUPPORT_LOCATION_H
#define DLC_SUPPORT_LOCATION_H

#include "mlir/IR/Location.h"

namespace dlc {

/// Makes the location of node `node` with op type `opType` of `file`.
mlir::Location nodeLocation(mlir::MLIRContext *context, llvm::StringRef file,
                            llvm::StringRef node, llvm::StringRef opType);

/// Renders a location for a message to a user: "model.onnx: node 'conv1
/// (Conv)'". Fused locations name their first node. Returns an empty string
/// where nothing is known.
std::string describeLocation(mlir::Location loc);

/// The names of all nodes that `loc` is about, each once: "conv1 (Conv)".
llvm::SmallVector<std::string> namesOfNodes(mlir::Location loc);

/// The name of the node that `loc` is about: "conv1 (Conv)", or nothing where
/// there is none.
std::string nameOfNode(mlir::Location loc);

} // namespace dlc

#endif // DLC_SUPPORT_LOCATION_H
