//===- Graph.cpp - Networks built by hand ---------------------------------===//

#include "dlc/Frontend/Graph.h"

#include "State.h"

#include <algorithm>

using namespace dlc;
using dlc::detail::GraphState;
using dlc::detail::OpCall;

std::string GraphState::qualify(const std::string &local) const {
  std::string name;
  for (const std::string &scope : scopes)
    name += scope + "/";
  return name + local;
}

std::string GraphState::adopt(const Tensor &tensor,
                              std::shared_ptr<GraphState> &graph) {
  if (!tensor)
    return "an operand is no tensor";
  if (!graph)
    graph = tensor.graph;
  if (graph != tensor.graph)
    return "the operands are of different graphs, '" + graph->name + "' and '" +
           tensor.graph->name + "'";
  if (!graph->core.isVisible(tensor.id))
    return "an operand is of the body of a loop that has ended";
  return "";
}

//===----------------------------------------------------------------------===//
// Tensor
//===----------------------------------------------------------------------===//

static const detail::ValueType &typeOf(const std::shared_ptr<GraphState> &graph,
                                       uint32_t id) {
  if (!graph)
    throw Error("this tensor belongs to no graph");
  return graph->core.getType(id);
}

DType Tensor::dtype() const { return typeOf(graph, id).dtype; }
Ints Tensor::shape() const { return typeOf(graph, id).shape; }

int64_t Tensor::dim(int64_t index, SourceLocation where) const {
  const Ints &shape = typeOf(graph, id).shape;
  auto rank = static_cast<int64_t>(shape.size());
  if (index < -rank || index >= rank)
    throw Error("dim: " + describe(dtype(), shape) + " has no dimension " +
                    std::to_string(index),
                where);
  return shape[index < 0 ? index + rank : index];
}

//===----------------------------------------------------------------------===//
// Graph
//===----------------------------------------------------------------------===//

Graph::Graph(const std::string &name,
             const std::map<std::string, int64_t> &dims, SourceLocation where)
    : state(std::make_shared<GraphState>(name, dims, where)) {
  if (name.empty() || name.find('/') != std::string::npos)
    throw Error("Graph: '" + name + "' can not be the name of a program",
                where);
  for (const auto &[dim, size] : dims)
    if (size < 0)
      throw Error("Graph: the dimension '" + dim + "' is negative, " +
                      std::to_string(size),
                  where);
}

const std::string &Graph::name() const { return state->name; }

int64_t Graph::dim(const std::string &name, SourceLocation where) const {
  auto found = state->dims.find(name);
  if (found == state->dims.end())
    throw Error("the graph '" + state->name + "' has no dimension '" + name +
                    "': it is given a size where the graph is made",
                where);
  return found->second;
}

Tensor Graph::input(const std::string &name, DType dtype,
                    const std::vector<Dim> &shape, SourceLocation where) {
  detail::ValueType type{dtype, {}};
  for (const Dim &size : shape)
    type.shape.push_back(size.name.empty() ? size.size : dim(size.name, where));
  for (int64_t size : type.shape)
    if (size < 0)
      throw Error("input: '" + name +
                      "' has a negative size: " + describe(dtype, type.shape),
                  where);
  if (name.empty() || !state->inputs.insert(name).second)
    throw Error("input: there is an input '" + name +
                    "' already, or its name "
                    "is empty",
                where);
  return state->makeTensor(state->core.addInput(type, {where, name}));
}

Tensor Graph::parameter(const std::string &name, const Array &value,
                        SourceLocation where) {
  std::string full = state->qualify(name);
  if (!value)
    throw Error("parameter: '" + full + "' has no array", where);
  if (name.empty() || !state->parameters.insert(full).second)
    throw Error("parameter: there is a parameter '" + full +
                    "' already, or its name is empty",
                where);
  return state->makeTensor(state->core.addConstant(value, {where, full}));
}

Tensor Graph::constant(const Array &value, SourceLocation where) {
  if (!value)
    throw Error("constant: there is no array", where);
  return state->makeTensor(state->core.addConstant(value, {where, ""}));
}

Tensor Graph::constant(double value, DType dtype, SourceLocation where) {
  return constant(Array::scalar(value, dtype), where);
}

void Graph::output(const std::string &name, const Tensor &value,
                   SourceLocation where) {
  if (value.graph != state)
    throw Error("output: '" + name + "' is no tensor of the graph '" +
                    state->name + "'",
                where);
  if (state->core.isInLoop() || !state->core.isVisible(value.id))
    throw Error("output: '" + name + "' is of the body of a loop", where);
  if (name.empty() || !state->outputs.insert(name).second)
    throw Error("output: there is an output '" + name +
                    "' already, or its name is empty",
                where);
  state->core.addOutput(value.id, name);
}

Graph::Scope Graph::scope(const std::string &name) {
  state->scopes.push_back(name);
  return Scope(state);
}

std::string Graph::qualify(const std::string &name) const {
  return state->qualify(name);
}

Graph::Scope::Scope(std::shared_ptr<GraphState> state)
    : state(std::move(state)) {}
Graph::Scope::~Scope() { state->scopes.pop_back(); }

std::string Graph::print(bool withWeights) const {
  return state->core.print(withWeights);
}

void Graph::save(const std::string &path) const {
  if (state->outputs.empty())
    throw Error("the graph '" + state->name + "' has no output");
  std::string error;
  if (!state->core.write(path, error))
    throw Error(error);
}

//===----------------------------------------------------------------------===//
// Operations
//===----------------------------------------------------------------------===//

OpCall::OpCall(const char *op, SourceLocation where) : where(where) {
  request.op = op;
}

void OpCall::fail(const std::string &why) const {
  std::string message =
      request.op.substr(request.op.find('.') + 1) + ": " + why;
  for (size_t i = 0; i < operands.size(); ++i) {
    const Tensor &operand = operands[i];
    message += (i ? ", " : " (operands: ") +
               (operand ? describe(operand.dtype(), operand.shape())
                        : std::string("none"));
  }
  throw Error(message + (operands.empty() ? "" : ")"), where);
}

Tensor OpCall::makeScalar(double value, const Tensor &like,
                          SourceLocation where) {
  if (!like)
    throw Error("an operand is no tensor", where);
  try {
    return like.graph->makeTensor(like.graph->core.addConstant(
        Array::scalar(value, like.dtype()), {where, ""}));
  } catch (const Error &error) {
    throw Error(error.what(), where);
  }
}

Tensor dlc::scalar_like(double value, const Tensor &like,
                        SourceLocation where) {
  return OpCall::makeScalar(value, like, where);
}

void OpCall::add(const Tensor &tensor) {
  operands.push_back(tensor);
  if (std::string why = GraphState::adopt(tensor, graph); !why.empty())
    fail(why);
  request.operands.push_back(tensor.id);
}

void OpCall::operand(const Tensor &tensor) {
  add(tensor);
  request.segments.push_back(1);
}

void OpCall::operand(const std::vector<Tensor> &tensors) {
  for (const Tensor &tensor : tensors)
    add(tensor);
  request.segments.push_back(static_cast<int32_t>(tensors.size()));
}

void OpCall::optional(const Tensor &tensor) {
  if (tensor)
    add(tensor);
  request.segments.push_back(tensor ? 1 : 0);
}

/// Dimensions may count from the end of the first operand.
void OpCall::normalizeAxes() {
  int64_t rank = operands.front().rank();
  for (auto &[name, value] : request.attributes) {
    if (name == "axis") {
      auto &axis = std::get<int64_t>(value);
      axis += axis < 0 && axis >= -rank ? rank : 0;
    } else if (name == "axes") {
      auto &axes = std::get<Ints>(value);
      for (int64_t &axis : axes)
        axis += axis < 0 && axis >= -rank ? rank : 0;
      std::sort(axes.begin(), axes.end());
    }
  }
}

std::vector<Tensor> OpCall::buildAll() {
  if (operands.empty())
    fail("there is no operand");
  normalizeAxes();
  std::string local =
      graph->scopes.empty() ? "" : graph->qualify(request.op.substr(3));
  std::vector<detail::ValueId> ids;
  std::string error;
  if (!graph->core.addOp(request, {where, local}, ids, error)) {
    // "'nn.matmul' op (C3) …"
    std::string prefix = "'" + request.op + "' op ";
    fail(error.compare(0, prefix.size(), prefix) == 0
             ? error.substr(prefix.size())
             : error);
  }
  return makeTensors(ids);
}

std::vector<Tensor>
OpCall::makeTensors(const std::vector<detail::ValueId> &ids) const {
  std::vector<Tensor> results;
  for (detail::ValueId id : ids)
    results.push_back(graph->makeTensor(id));
  return results;
}

std::vector<Tensor> OpCall::makeCustom(
    const std::string &name,
    const std::function<std::string(const std::vector<TensorSpec> &)> &make,
    const std::vector<Tensor> &operands, SourceLocation where) {
  OpCall call(("custom." + name).c_str(), where);
  call.operand(operands);
  if (operands.empty())
    call.fail("there is no operand");
  std::vector<TensorSpec> specs;
  for (const Tensor &operand : operands)
    specs.push_back({operand.dtype(), operand.shape()});
  std::string text;
  try {
    text = make(specs);
  } catch (const Error &error) {
    call.fail(error.what());
  }
  std::vector<detail::ValueId> ids;
  std::string error;
  if (!call.graph->core.addCustom(name, text, call.request.operands,
                                  {where, call.graph->qualify(name)}, ids,
                                  error))
    call.fail(error);
  return call.makeTensors(ids);
}

Tensor OpCall::build() { return buildAll().front(); }

#include "dlc/Frontend/OpsImpl.inc"
