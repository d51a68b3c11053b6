//===- Evaluate.h - ONNX nodes on small known tensors -----------*- C++ -*-===//

#ifndef DLC_LIB_IMPORTER_ONNX_BRIDGE_EVALUATE_H
#define DLC_LIB_IMPORTER_ONNX_BRIDGE_EVALUATE_H

#include "Model.h"

#include <optional>

namespace dlc::importer {

/// A small known tensor. Integers and bools are held in 64 bits, wrapped to
/// their type; floats as doubles, rounded to theirs.
struct Value {
  int elemType = 0;
  std::vector<int64_t> dims;
  std::vector<int64_t> ints;
  std::vector<double> floats;

  bool isFloat() const;
  size_t size() const { return isFloat() ? floats.size() : ints.size(); }
};

/// Whether values of this element type can be computed with.
bool isFoldable(int elemType);

/// What an integer of this element type holds of `value`.
int64_t wrap(int64_t value, int elemType);

/// A value of zeros.
Value makeValue(int elemType, std::vector<int64_t> dims);

/// Reads an inline tensor of a foldable type.
Value readValue(const onnx::TensorProto &tensor);

/// Writes a value as an inline tensor.
onnx::TensorProto writeValue(const Value &value, const std::string &name);

/// Whether evaluate knows the op at all.
bool isEvaluated(const std::string &op);

/// Largest tensor that the folder computes with.
constexpr int64_t maxFoldedElements = 4096;

/// Computes the results of a node of the newest opset. Absent optional inputs
/// are null. Returns nothing where the node is not one that is computed here,
/// or where its result is undefined or has more than `most` elements: the
/// caller keeps the node.
std::optional<std::vector<Value>>
evaluate(const onnx::NodeProto &node, const std::vector<const Value *> &inputs,
         int64_t most = maxFoldedElements);

} // namespace dlc::importer

#endif // DLC_LIB_IMPORTER_ONNX_BRIDGE_EVALUATE_H
