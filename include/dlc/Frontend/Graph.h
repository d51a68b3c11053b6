//===- Graph.h - Networks built by hand -------------------------*- C++ -*-===//
//
//   dlc::Graph graph("mlp");
//   dlc::Tensor x = graph.input("x", dlc::DType::F32, {8, 784});
//   dlc::Tensor w = graph.parameter("w", dlc::loadNpy("w.npy"));
//   graph.output("y", dlc::relu(dlc::matmul(x, w)));
//   dlc::Model model = graph.compile();
//
// docs/GraphAPI.md has more. Every function throws dlc::Error, which says what
// is wrong with which shapes and at which line of the user's program.
//
//===----------------------------------------------------------------------===//

#ifndef DLC_FRONTEND_GRAPH_H
#define DLC_FRONTEND_GRAPH_H

#include "dlc/Frontend/Array.h"
#include "dlc/Frontend/Compile.h"

namespace dlc {

namespace detail {
class GraphState;
class LoopCall;
class OpCall;
} // namespace detail

/// A value in a graph: a handle, cheap to copy, that keeps its graph alive.
class DLC_API Tensor {
public:
  /// No tensor: stands for an operand that is not given.
  Tensor() = default;

  explicit operator bool() const { return graph != nullptr; }
  DType dtype() const;
  Ints shape() const;
  int64_t rank() const { return static_cast<int64_t>(shape().size()); }
  /// The size of a dimension; negative ones count from the end.
  int64_t dim(int64_t index,
              SourceLocation where = SourceLocation::current()) const;

private:
  friend class Graph;
  friend class detail::OpCall;
  friend class detail::GraphState;
  friend class detail::LoopCall;
  Tensor(std::shared_ptr<detail::GraphState> graph, uint32_t id)
      : graph(std::move(graph)), id(id) {}

  std::shared_ptr<detail::GraphState> graph;
  uint32_t id = 0;
};

/// A size in a shape: a number, or the name of a dimension of the graph.
class Dim {
public:
  Dim(int64_t size) : size(size) {}
  Dim(int size) : size(size) {}
  Dim(const char *name) : name(name) {}
  Dim(std::string name) : name(std::move(name)) {}

  int64_t size = 0;
  std::string name;
};

/// A network under construction. Copies are the same graph.
class DLC_API Graph {
public:
  /// `name` is what programs call the model; `dims` gives names to sizes, which
  /// shapes may then use: Graph("mlp", {{"batch", 8}}).
  explicit Graph(const std::string &name,
                 const std::map<std::string, int64_t> &dims = {},
                 SourceLocation where = SourceLocation::current());

  const std::string &name() const;
  /// The size of a named dimension.
  int64_t dim(const std::string &name,
              SourceLocation where = SourceLocation::current()) const;

  /// An input of the compiled program.
  Tensor input(const std::string &name, DType dtype,
               const std::vector<Dim> &shape,
               SourceLocation where = SourceLocation::current());
  /// A weight. The array's memory is used where it lies until the graph is
  /// gone. Names are unique, within scopes as "scope/name".
  Tensor parameter(const std::string &name, const Array &value,
                   SourceLocation where = SourceLocation::current());
  /// A constant without a name.
  Tensor constant(const Array &value,
                  SourceLocation where = SourceLocation::current());
  /// A number without dimensions.
  Tensor constant(double value, DType dtype,
                  SourceLocation where = SourceLocation::current());
  /// Makes a tensor an output of the compiled program.
  void output(const std::string &name, const Tensor &value,
              SourceLocation where = SourceLocation::current());

  /// Parameters and operators made while it lives are called "<name>/…": a
  /// function from tensors to tensors that begins with a scope is a block that
  /// can be used many times.
  class DLC_API Scope {
  public:
    ~Scope();
    Scope(const Scope &) = delete;
    Scope &operator=(const Scope &) = delete;

  private:
    friend class Graph;
    explicit Scope(std::shared_ptr<detail::GraphState> state);
    std::shared_ptr<detail::GraphState> state;
  };
  [[nodiscard]] Scope scope(const std::string &name);
  /// `name` with the scopes that live: "stage1/conv1/weight".
  std::string qualify(const std::string &name) const;

  /// The graph as nn IR. Large constants are left out, unless `withWeights`.
  std::string print(bool withWeights = false) const;
  /// Writes the graph as MLIR: text, or bytecode where the name ends in
  /// ".mlirbc". `dlc` compiles both.
  void save(const std::string &path) const;

  /// Compiles and loads the network into this process.
  Model compile(const CompileOptions &options = {}) const;
  /// Compiles to an executable.
  void compileProgram(const std::string &path,
                      const CompileOptions &options = {}) const;
  /// Compiles to <folder>/lib<name>.a, lib<name>.so and <name>.h for a `path`
  /// of <folder>/<name>.
  void compileLibrary(const std::string &path,
                      const CompileOptions &options = {}) const;

private:
  friend class detail::OpCall;
  std::shared_ptr<detail::GraphState> state;
};

} // namespace dlc

#include "dlc/Frontend/Loop.h"
#include "dlc/Frontend/Ops.h"

#endif // DLC_FRONTEND_GRAPH_H
