//===- State.h - What tensors of one graph share ----------------*- C++ -*-===//

#ifndef DLC_LIB_FRONTEND_STATE_H
#define DLC_LIB_FRONTEND_STATE_H

#include "Core/Core.h"

#include "dlc/Frontend/Custom.h"
#include "dlc/Frontend/Graph.h"

#include <set>

namespace dlc::detail {

class GraphState : public std::enable_shared_from_this<GraphState> {
public:
  GraphState(const std::string &name,
             const std::map<std::string, int64_t> &dims, SourceLocation where)
      : name(name), dims(dims), core(name, where) {}

  Tensor makeTensor(ValueId id) { return Tensor(shared_from_this(), id); }
  /// `name` within the scopes.
  std::string qualify(const std::string &local) const;
  /// Why a tensor can not be an operand beside others of `graph`, which becomes
  /// its graph if it is null; empty if it can.
  static std::string adopt(const Tensor &tensor,
                           std::shared_ptr<GraphState> &graph);

  std::string name;
  std::map<std::string, int64_t> dims;
  std::vector<std::string> scopes;
  std::set<std::string> inputs, parameters, outputs;
  Core core;
};

/// A call of one of the functions that make an operation.
class OpCall {
public:
  OpCall(const char *op, SourceLocation where);

  /// From now on each operand is a segment of its own.
  void segmented() { request.segmented = true; }
  void operand(const Tensor &tensor);
  void operand(const std::vector<Tensor> &tensors);
  void optional(const Tensor &tensor);
  template <typename T>
  void attribute(const char *name, const T &value) {
    request.attributes.emplace_back(name, value);
  }
  void enumeration(const char *name, std::string text) {
    request.attributes.emplace_back(name, OpRequest::Text{std::move(text)});
  }
  void shape(const Ints &shape) { request.shape = shape; }
  void dtype(DType dtype) { request.dtype = dtype; }

  static Tensor makeScalar(double value, const Tensor &like,
                           SourceLocation where);

  /// An operation whose text `make` writes for operands of these types.
  static std::vector<Tensor> makeCustom(
      const std::string &name,
      const std::function<std::string(const std::vector<TensorSpec> &)> &make,
      const std::vector<Tensor> &operands, SourceLocation where);

  Tensor build();
  std::vector<Tensor> buildAll();

private:
  void add(const Tensor &tensor);
  void normalizeAxes();
  std::vector<Tensor> makeTensors(const std::vector<ValueId> &ids) const;
  [[noreturn]] void fail(const std::string &why) const;

  OpRequest request;
  SourceLocation where;
  std::shared_ptr<GraphState> graph;
  std::vector<Tensor> operands;
};

} // namespace dlc::detail

#endif // DLC_LIB_FRONTEND_STATE_H
