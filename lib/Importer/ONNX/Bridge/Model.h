//===- Model.h - A checked, normalised ONNX model ---------------*- C++ -*-===//
//
// The border between libonnx (exceptions, RTTI) and MLIR (neither). This header
// is included by both sides: it declares data and functions that never throw.
//
//===----------------------------------------------------------------------===//

#ifndef DLC_LIB_IMPORTER_ONNX_BRIDGE_MODEL_H
#define DLC_LIB_IMPORTER_ONNX_BRIDGE_MODEL_H

#include "onnx/onnx_pb.h"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

namespace dlc::importer {

/// Bytes of one tensor: row-major, little-endian, 4-bit and 2-bit types packed.
/// The owner keeps them alive (a string of the parser, or a file mapping).
struct Payload {
  const char *data = nullptr;
  size_t size = 0;
  std::shared_ptr<const void> owner;
};

/// Why a model was refused.
struct Failure {
  std::string message;
  std::string node;   ///< name of the node to blame, may be empty
  std::string op;     ///< its op type
  bool usage = false; ///< the options are wrong, not the model
};

/// Element type (TensorProto::DataType) and static shape of a value.
struct ValueType {
  int elemType = 0;
  std::vector<int64_t> dims;
};

struct Port {
  std::string name;
  ValueType type;
  /// Of an input: one number a dimension, -1 where the size is fixed, else that
  /// of the extent of which the size is the bound. Empty: all are fixed.
  std::vector<int64_t> extents = {};
  /// Of an input whose values are not free: what its elements are at least and
  /// at most. If that is the same, a constant has taken its place in the graph.
  std::optional<onnx::TensorProto> least = {}, most = {};
  bool isConstant = false;
  /// Of an input that is an encoded picture ("RGB", "BGR", "Grayscale"): the
  /// type is that of its pixels.
  std::string pixels = {};
};

/// The name of a node's op: of other domains than the default one with it.
inline std::string opName(const onnx::NodeProto &node) {
  return node.domain().empty() ? node.op_type()
                               : node.domain() + "." + node.op_type();
}

/// Whether a node may have other results for the same operands, in another
/// iteration or another run.
inline bool isRandom(const onnx::NodeProto &node) {
  const std::string op = opName(node);
  return op.rfind("Random", 0) == 0 || op == "Bernoulli" ||
         op == "Multinomial" || (op == "Dropout" && node.input_size() > 2);
}

/// Mirror of dlc::ImportOptions without MLIR.
struct LoadOptions {
  std::vector<std::pair<std::string, int64_t>> dims;
  std::map<std::string, int64_t> maxDims;
  std::map<std::string, std::vector<int64_t>> shapes;
  std::map<std::string, std::string> binds, expects;
  /// Whether the emitter has an entry for an op (see opName).
  std::function<bool(const std::string &op)> isEmitted;
  /// Whether each element of an op's results is computed from the elements of
  /// its operands, which broadcast, at the same place.
  std::function<bool(const std::string &op)> isElementwise;
};

/// Of a TopK whose number was computed, and of a Reshape that only joins
/// dimensions or takes them apart: the numbers are bounds.
constexpr char boundsAttr[] = "dlc_bounds";

/// Attribute (int) of an Identity: a dimension that must not be empty, since
/// its operand is a part of something that may have fewer of them.
constexpr char presentAttr[] = "dlc_present";
/// What an element of a computed shape is (attribute `roles` of
/// dlc.OpenReshape): the size that it says, the operand's (0), the rest (-1),
/// or any of these, depending on its value; or a size that is its bound.
constexpr int64_t copyRole = 0, sizeRole = 1, restRole = -1, openRole = 2,
                  fixedRole = 3;
/// Of a Where: chooses one of two tensors by one flag, whatever their extents.
constexpr char choiceAttr[] = "dlc_choice";

/// Names of the dimensions of a result, and what the user said that they are at
/// most.
struct ResultBounds {
  std::vector<std::string> names;
  std::map<int64_t, int64_t> bounds;
};

/// One opset, static shapes, no functions, no constant nodes, no `If`; tensors
/// over a threshold are stubs that point into `payloads`.
struct Model {
  onnx::ModelProto proto;
  std::vector<Payload> payloads;
  std::vector<Port> inputs, outputs;
  /// Inputs that are encoded pictures, and what their pixels are.
  std::map<std::string, std::string> pictures;
  /// What is wrong with the model but does no harm.
  std::vector<std::string> warnings;
  /// How many extents the inputs have.
  int64_t numExtents = 0;
  /// What the user said of elements of computed values, and of inputs that are
  /// no integers: the least and the largest number.
  std::map<std::string, std::map<int64_t, std::pair<int64_t, int64_t>>> limited;
  /// By results of nodes.
  std::map<std::string, ResultBounds> resultBounds;
  /// Of results whose shapes are not known: the elements of values that decide
  /// them, and have no limit.
  std::map<std::string, std::vector<std::string>> unlimited;
  /// Values whose dimensions may be bounds, see valuesWithExtents.
  std::unordered_set<std::string> open;
  /// Every value of the graph: inputs, initializers, results.
  std::unordered_map<std::string, ValueType> types;
  /// The initializers by name.
  std::unordered_map<std::string, const onnx::TensorProto *> constants;
};

/// Reads `path` (or `bytes`, when not null). Returns false and fills `failure`.
bool loadModel(const std::string &path, const std::string *bytes,
               const LoadOptions &options, Model &model, Failure &failure);

/// The bytes of a tensor of the model. Every tensor was checked before: this
/// cannot fail.
Payload payloadOf(const Model &model, const onnx::TensorProto &tensor);

/// The elements of an integer or boolean tensor; nothing for other types.
std::optional<std::vector<int64_t>> intsOf(const Model &model,
                                           const onnx::TensorProto &tensor);

/// The elements of a float16, bfloat16, float32 or float64 tensor, or of one
/// that intsOf reads; nothing for other types.
std::optional<std::vector<double>> floatsOf(const Model &model,
                                            const onnx::TensorProto &tensor);

/// Name of an element type as users know it ("float32").
std::string elemTypeName(int elemType);

} // namespace dlc::importer

#endif // DLC_LIB_IMPORTER_ONNX_BRIDGE_MODEL_H
