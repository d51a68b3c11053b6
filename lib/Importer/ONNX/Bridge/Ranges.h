//===- Ranges.h - Between which numbers elements are ------------*- C++ -*-===//

#ifndef DLC_LIB_IMPORTER_ONNX_BRIDGE_RANGES_H
#define DLC_LIB_IMPORTER_ONNX_BRIDGE_RANGES_H

#include "onnx/onnx_pb.h"

#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <vector>

namespace dlc::importer {

/// What all elements of a tensor are at least and at most. NaN is neither.
struct Range {
  double least = -std::numeric_limits<double>::infinity();
  double most = std::numeric_limits<double>::infinity();

  bool isKnown() const {
    return least > -std::numeric_limits<double>::infinity() ||
           most < std::numeric_limits<double>::infinity();
  }
};

/// What is known of the values of a graph.
struct RangeContext {
  /// The range of a value (an unlimited one where nothing is known).
  std::function<Range(const std::string &name)> rangeOf;
  /// The shape of a value, or bounds of it; null where it is not known.
  std::function<const std::vector<int64_t> *(const std::string &name)> shapeOf;
  /// Whether sizes of a value are bounds.
  std::function<bool(const std::string &name)> isOpen;
};

/// Between which numbers the elements of result `output` of a node are,
/// whatever the data is: boxes that were clipped to an image, flags that were
/// counted, positions.
Range rangeOfResult(const onnx::NodeProto &node, int output,
                    const RangeContext &context);

} // namespace dlc::importer

#endif // DLC_LIB_IMPORTER_ONNX_BRIDGE_RANGES_H
