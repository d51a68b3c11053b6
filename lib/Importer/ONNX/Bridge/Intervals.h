//===- Intervals.h - What is known of computed numbers ----------*- C++ -*-===//

#ifndef DLC_LIB_IMPORTER_ONNX_BRIDGE_INTERVALS_H
#define DLC_LIB_IMPORTER_ONNX_BRIDGE_INTERVALS_H

#include "Evaluate.h"

namespace dlc::importer {

/// The least and the most that each element of an operand may be. Null where
/// that is not known; both are the same value of a constant.
struct Interval {
  const Value *least = nullptr, *most = nullptr;
  bool isConstant() const { return least && least == most; }
};

/// The same of a result.
struct Limits {
  std::optional<Value> least;
  Value most;
  /// Whether all elements are integers of which only one is possible.
  bool isSettled() const;
};

/// Whether no element of a value is negative.
bool isNatural(const Value &value);

/// What is known of the results of a node whose operands are not all constants;
/// absent ones have neither bound. Empty where nothing is.
std::vector<Limits> limitsOf(const onnx::NodeProto &node,
                             const std::vector<Interval> &operands);

} // namespace dlc::importer

#endif // DLC_LIB_IMPORTER_ONNX_BRIDGE_INTERVALS_H
