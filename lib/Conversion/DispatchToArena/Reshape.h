//===- Reshape.h - Contiguous memrefs in other shapes -----------*- C++ -*-===//
//
// Private to DispatchToArena.
//
//===----------------------------------------------------------------------===//

#ifndef DLC_LIB_CONVERSION_DISPATCHTOARENA_RESHAPE_H
#define DLC_LIB_CONVERSION_DISPATCHTOARENA_RESHAPE_H

#include "mlir/Dialect/MemRef/IR/MemRef.h"

namespace dlc::conversion {

/// `source`, a memref with a static shape and the identity layout, in another
/// static shape with the same number of elements.
mlir::Value reshapeMemRef(mlir::OpBuilder &builder, mlir::Location loc,
                          mlir::Value source, llvm::ArrayRef<int64_t> shape);

} // namespace dlc::conversion

#endif // DLC_LIB_CONVERSION_DISPATCHTOARENA_RESHAPE_H
