//===- GraphView.cpp - The graph of a module as data ----------------------===//

#include "GraphView.h"

#include "dlc/Dialect/Dispatch/IR/Dispatch.h"
#include "dlc/Dialect/Dispatch/Transforms/Work.h"
#include "dlc/Dialect/NN/IR/NN.h"
#include "dlc/Support/Location.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace dlc;

/// "4x8xf32".
static std::string describeType(Type type) {
  std::string text;
  llvm::raw_string_ostream os(text);
  auto tensor = cast<RankedTensorType>(type);
  for (int64_t size : tensor.getShape())
    os << size << "x";
  os << tensor.getElementType();
  return text;
}

static int64_t bytesOf(Type type) {
  auto tensor = cast<RankedTensorType>(type);
  return tensor.getNumElements() *
         llvm::divideCeil(tensor.getElementTypeBitWidth(), 8);
}

namespace {

class GraphBuilder {
public:
  explicit GraphBuilder(ModuleOp module) : symbols(module) {
    function = *module.getOps<func::FuncOp>().begin();
  }

  llvm::json::Object build() {
    for (BlockArgument arg : function.getArguments()) {
      auto name =
          function.getArgAttrOfType<StringAttr>(arg.getArgNumber(), "dlc.name");
      makers[arg] = addNode(name ? name.str() : "input", "input",
                            describeType(arg.getType()));
    }
    for (Operation &op : function.getBody().front())
      visit(&op);
    return llvm::json::Object{{"nodes", std::move(nodes)},
                              {"edges", std::move(edges)}};
  }

private:
  static constexpr int64_t kConstant = -1, kNothing = -2;

  int64_t addNode(std::string label, StringRef kind, std::string shape) {
    // Names come from files: JSON wants valid UTF-8.
    nodes.push_back(llvm::json::Object{{"label", llvm::json::fixUTF8(label)},
                                       {"kind", kind.str()},
                                       {"shape", shape}});
    return static_cast<int64_t>(nodes.size()) - 1;
  }

  void visit(Operation *op);
  void visitReturn(Operation *op);
  void describeKernel(dispatch::LaunchOp launch, llvm::json::Object &node);
  void connect(int64_t to, Value value);

  SymbolTable symbols;
  func::FuncOp function;
  llvm::json::Array nodes, edges;
  /// The node that makes a value.
  llvm::DenseMap<Value, int64_t> makers;
};

} // namespace

void GraphBuilder::connect(int64_t to, Value value) {
  int64_t from = makers.lookup_or(value, kNothing);
  if (from >= 0)
    edges.push_back(llvm::json::Object{
        {"from", from}, {"to", to}, {"shape", describeType(value.getType())}});
}

void GraphBuilder::visitReturn(Operation *op) {
  for (OpOperand &operand : op->getOpOperands()) {
    auto name = function.getResultAttrOfType<StringAttr>(
        operand.getOperandNumber(), "dlc.name");
    int64_t node = addNode(name ? name.str() : "output", "output",
                           describeType(operand.get().getType()));
    connect(node, operand.get());
  }
}

void GraphBuilder::visit(Operation *op) {
  if (isa<func::ReturnOp>(op))
    return visitReturn(op);
  if (isa<nn::ConstantOp, arith::ConstantOp>(op)) {
    makers[op->getResult(0)] = kConstant;
    return;
  }
  if (isa<tensor::EmptyOp>(op))
    return;
  // Views of what is there are no work.
  if (isa<tensor::ExpandShapeOp, tensor::CollapseShapeOp>(op)) {
    makers[op->getResult(0)] = makers.lookup_or(op->getOperand(0), kNothing);
    return;
  }
  auto launch = dyn_cast<dispatch::LaunchOp>(op);
  std::string name = nameOfNode(op->getLoc()), kind;
  if (launch)
    kind = launch.getKernel().str();
  else
    kind = op->getName().stripDialect().str();
  std::string shapes;
  for (Type type : op->getResultTypes())
    shapes += (shapes.empty() ? "" : ", ") + describeType(type);
  int64_t node = addNode(name.empty() ? kind : name, kind, shapes);

  int64_t bytes = 0, weights = 0;
  ValueRange inputs = launch ? ValueRange(launch.getIns()) : op->getOperands();
  for (Value input : inputs) {
    bytes += bytesOf(input.getType());
    if (makers.lookup_or(input, kNothing) == kConstant)
      weights += bytesOf(input.getType());
    connect(node, input);
  }
  for (Value result : op->getResults()) {
    bytes += bytesOf(result.getType());
    makers[result] = node;
  }
  llvm::json::Object &object = *nodes[node].getAsObject();
  object["bytes"] = bytes;
  object["weights"] = weights;
  if (launch)
    describeKernel(launch, object);
}

void GraphBuilder::describeKernel(dispatch::LaunchOp launch,
                                  llvm::json::Object &node) {
  auto kernel = symbols.lookup<dispatch::KernelOp>(launch.getKernel());
  llvm::json::Array fused;
  for (StringRef name : namesOfNodes(launch.getLoc()))
    fused.push_back(llvm::json::fixUTF8(name));
  dispatch::Work work = dispatch::countWork(kernel);
  node["flops"] = work.flops;
  node["bytes"] = work.bytesRead + work.bytesWritten;
  // Of a table that is looked up some rows are read.
  node["weights"] = std::min(work.bytesRead, *node.getInteger("weights"));
  node["fused"] = std::move(fused);
}

llvm::json::Object dlc::describeGraph(ModuleOp module) {
  return GraphBuilder(module).build();
}
