//===- Window.h - Geometry of convolutions and pools ------------*- C++ -*-===//

#ifndef DLC_LIB_IMPORTER_ONNX_WINDOW_H
#define DLC_LIB_IMPORTER_ONNX_WINDOW_H

#include "Emitter.h"

namespace dlc::importer {

/// A sliding window with its padding resolved, one number a spatial dimension.
struct Window {
  Dims kernel, strides, dilations, lo, hi;
  /// Where the odd cell of padding is that depends on the input's size: "upper"
  /// or "lower"; empty: the padding does not.
  std::string same;

  size_t rank() const { return kernel.size(); }
  /// Extent of the dilated kernel.
  int64_t extent(size_t d) const { return dilations[d] * (kernel[d] - 1) + 1; }
  /// All lo, then all hi.
  Dims pads() const;
};

/// Reads strides, dilations, pads and auto_pad for a window over the spatial
/// dimensions of `input` (batch × channels × spatial…). Reports bad numbers.
llvm::FailureOr<Window> readWindow(NodeEmitter &e,
                                   llvm::ArrayRef<int64_t> input,
                                   llvm::ArrayRef<int64_t> kernel);

/// Says of an operation that was just made how its window is to be for other
/// sizes.
void describeWindow(mlir::Value result, const Window &window);

} // namespace dlc::importer

#endif // DLC_LIB_IMPORTER_ONNX_WINDOW_H
