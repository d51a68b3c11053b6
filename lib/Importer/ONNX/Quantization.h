//===- Quantization.h - Quantised tensors in plain arithmetic ---*- C++ -*-===//

#ifndef DLC_LIB_IMPORTER_ONNX_QUANTIZATION_H
#define DLC_LIB_IMPORTER_ONNX_QUANTIZATION_H

#include "Emitter.h"

namespace dlc::importer {

/// Numbers (bytes - zero) * scale of a float type. `zero` may be null, or of
/// that type.
struct Dequantized {
  mlir::Value bytes, zero, scale;

  /// The numbers of a DequantizeLinear, whose operations have been emitted.
  static std::optional<Dequantized> match(mlir::Value numbers);

  /// The numbers, as the compiler recognises them in products.
  mlir::Value emit(NodeEmitter &e) const;
};

/// `x` in bytes of `type`, whose scale and zero point follow from its values.
mlir::FailureOr<Dequantized> quantizeDynamically(NodeEmitter &e, mlir::Value x,
                                                 mlir::Type type);

} // namespace dlc::importer

#endif // DLC_LIB_IMPORTER_ONNX_QUANTIZATION_H
