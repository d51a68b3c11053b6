//===- GraphView.h - A network before and after fusion ----------*- C++ -*-===//

#ifndef DLC_LIB_DRIVER_GRAPHVIEW_H
#define DLC_LIB_DRIVER_GRAPHVIEW_H

#include "mlir/IR/BuiltinOps.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"

namespace dlc {

/// The graph function of a module at level nn (a box for each operation) or
/// dispatch (a box for each launch) as JSON: {nodes, edges}. A node has
/// `label`, `kind`, `shape` of its results, `weights` it reads, `bytes` moved,
/// and of launches also `flops` and what was `fused`. Edges are {from, to,
/// shape}.
llvm::json::Object describeGraph(mlir::ModuleOp module);

/// Writes the page that shows both, complete in itself.
void writeGraphPage(llvm::StringRef title, llvm::json::Object before,
                    llvm::json::Object after, llvm::raw_ostream &os);

} // namespace dlc

#endif // DLC_LIB_DRIVER_GRAPHVIEW_H
