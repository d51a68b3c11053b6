//===- Learned.h - Operators of ai.onnx.ml in those of ONNX -----*- C++ -*-===//
//
// Shared by Learned.cpp and Trees.cpp.
//
//===----------------------------------------------------------------------===//

#ifndef DLC_LIB_IMPORTER_ONNX_BRIDGE_LEARNED_H
#define DLC_LIB_IMPORTER_ONNX_BRIDGE_LEARNED_H

#include "Expansion.h"

#include <map>
#include <set>

namespace dlc::importer {

using Floats = std::vector<float>;
using Ints = std::vector<int64_t>;

/// Writes one operator of ai.onnx.ml as several of the newest operator set.
class Learned : public Expansion {
public:
  Learned(const Model &model, const std::set<std::string> &used,
          const onnx::NodeProto &node, Nodes &nodes)
      : Expansion(node, nodes), model(model), used(used) {}

  //===- Attributes -------------------------------------------------------===//

  Floats floats(const char *name) const;
  Ints ints(const char *name) const;
  std::string text(const char *name, const char *fallback) const;
  /// The attribute `name`, which may be a tensor (`name`_as_tensor).
  Floats floatsOf(const std::string &name) const;
  bool isEmpty(const char *name) const;

  //===- Nodes ------------------------------------------------------------===//

  /// Operand 0 as float32.
  std::string x() { return cast(in(0), onnx::TensorProto::FLOAT); }
  std::string scalar(float value) { return constants(Floats{value}, Ints{}); }
  std::string constants(const Floats &values, const Ints &dims);
  std::string constants(const Ints &values, const Ints &dims);
  /// A node with an attribute `axis` or other integers.
  std::string along(const char *op, const std::vector<std::string> &inputs,
                    const std::map<std::string, int64_t> &attributes);
  std::string reduce(const char *op, const std::string &value, int64_t axis,
                     bool keepdims);
  std::string reshape(const std::string &value, const Ints &dims) {
    return add("Reshape", {value, constantInts(dims)});
  }
  /// The scores of samples (rows) after the attribute `post_transform`.
  std::string transform(std::string scores);

  //===- Classes ----------------------------------------------------------===//

  /// Whether somebody reads an output.
  bool wants(int index) const;
  /// How many labels there are.
  size_t numLabels(const char *numbers) const;
  /// Makes the labels of classes (positions, i64) output 0; the attribute
  /// `numbers` has them, if they are numbers. Without it they are positions.
  void finishLabels(const char *numbers, const std::string &classes);
  /// The position of the first of the largest scores of each sample.
  std::string best(const std::string &scores);
  /// Position 1 where a score (one column) is above a bound, else 0.
  std::string isAbove(const std::string &score, float bound);
  /// Both scores of two classes of which there is one, s, as onnxruntime
  /// transforms it: sigmoids of -s and s, or as they are 1 - s (or -s) and s,
  /// or only s for PROBIT.
  std::string bothScores(const std::string &score, bool complement);
  void finishScores(const std::string &scores) {
    if (wants(1))
      add("Identity", {scores}, {}, node.output(1));
  }
  [[noreturn]] void refuse(const std::string &message) const {
    throw ImportError(message, node);
  }

  const Model &model;

private:
  std::string probit(const std::string &value);

  const std::set<std::string> &used;
};

//===- Trees.cpp ----------------------------------------------------------===//

void expandTreeRegressor(Learned &e);
void expandTreeClassifier(Learned &e);

} // namespace dlc::importer

#endif // DLC_LIB_IMPORTER_ONNX_BRIDGE_LEARNED_H
