//===- Emitter.h - From nodes to nn -----------------------------*- C++ -*-===//
//
// One entry an ONNX op, one file a family of ops. An entry reads its node
// through NodeEmitter and builds nn operations for it.
//
//===----------------------------------------------------------------------===//

#ifndef DLC_LIB_IMPORTER_ONNX_EMITTER_H
#define DLC_LIB_IMPORTER_ONNX_EMITTER_H

#include "Bridge/Model.h"

#include "dlc/Dialect/NN/IR/LoopBuilder.h"
#include "dlc/Dialect/NN/IR/NN.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Builders.h"
#include "llvm/ADT/StringMap.h"

namespace dlc::importer {

class NodeEmitter;
using EmitFn = llvm::LogicalResult (*)(NodeEmitter &);
using EmitterTable = llvm::StringMap<EmitFn>;

/// All entries; built once.
const EmitterTable &emitterTable();

/// Whether an op is of the families whose results are computed element by
/// element.
bool isElementwise(llvm::StringRef op);

// One function a family.
void addElementwise(EmitterTable &table);
void addActivations(EmitterTable &table);
void addReductions(EmitterTable &table);
void addNormalizations(EmitterTable &table);
void addConvolutions(EmitterTable &table);
void addPools(EmitterTable &table);
void addProducts(EmitterTable &table);
void addShapeOps(EmitterTable &table);
void addIndexing(EmitterTable &table);
void addResize(EmitterTable &table);
void addQuantization(EmitterTable &table);
void addRecurrent(EmitterTable &table);
void addSorting(EmitterTable &table);
void addSampling(EmitterTable &table);
void addSignal(EmitterTable &table);
void addClassic(EmitterTable &table);
void addDataDependent(EmitterTable &table);
void addLoops(EmitterTable &table);
void addRandom(EmitterTable &table);
void addTraining(EmitterTable &table);

using Dims = llvm::SmallVector<int64_t>;

/// Tensors of so many bytes are dense attributes.
constexpr size_t maxDenseBytes = 256;

/// The attribute of a tensor: small ones dense, large ones a resource that owns
/// the payload.
mlir::ElementsAttr constantAttr(const Model &model,
                                const onnx::TensorProto &tensor,
                                mlir::RankedTensorType type,
                                size_t maxDense = maxDenseBytes);

/// A loop of which the body is being built.
struct OpenLoop {
  std::unique_ptr<nn::LoopBuilder> body;
  int64_t trips = 0;
  llvm::SmallVector<bool> reversed;
  /// The number of the iteration, if that is needed, and whether it is the last
  /// state.
  mlir::Value number;
  bool counts = false;
};

/// Builds the function of a model.
class GraphEmitter {
public:
  GraphEmitter(Model &model, mlir::ModuleOp module, llvm::StringRef file);
  llvm::LogicalResult emit();

  /// The model of the nodes.
  const Model &getModel() const { return model; }
  /// The loops whose bodies are being built, inner ones last.
  llvm::SmallVectorImpl<OpenLoop> &getLoops() { return loops; }
  /// The inputs with bounded elements that a value is computed from, for
  /// messages: "input 's'".
  std::string describeOrigin(const std::string &value) const;
  /// Scalars of i64 that the random numbers of a run are a function of.
  struct RandomState {
    mlir::Value seed, run;
  };
  /// Makes them one more input of the model.
  const RandomState &getRandomState();
  /// The number of the next stream of random numbers.
  int64_t nextStream() { return streams++; }

private:
  friend class NodeEmitter;

  mlir::Value lookup(const std::string &name, mlir::Location loc);
  static void alignPositions(NodeEmitter &emitter, mlir::Operation *first);
  llvm::LogicalResult emitNode(const onnx::NodeProto &node);

  Model &model;
  mlir::ModuleOp module;
  mlir::func::FuncOp function;
  llvm::StringRef file;
  mlir::OpBuilder builder;
  llvm::StringMap<mlir::Value> values;
  llvm::SmallVector<OpenLoop> loops;
  RandomState random;
  int64_t streams = 0;
  /// What a run has to find equal, and what the first number is.
  llvm::SmallVector<mlir::Value> checked;
  llvm::SmallVector<mlir::Attribute> checks;
};

/// What an entry sees: one node, its operands, and means to build.
class NodeEmitter {
public:
  NodeEmitter(GraphEmitter &graph, const onnx::NodeProto &node,
              mlir::Location loc)
      : graph(graph), node(node), loc(loc), builder(graph.builder) {}

  //===- Operands ---------------------------------------------------------===//

  int numInputs() const { return node.input_size(); }
  int numOutputs() const { return node.output_size(); }
  /// Whether the optional input is given.
  bool has(int index) const;
  /// The value of an input; null where it is absent.
  mlir::Value in(int index);
  /// Elements of an input known at compile time; nothing where it is absent or
  /// computed.
  std::optional<std::vector<int64_t>> constInts(int index);
  std::optional<std::vector<double>> constFloats(int index);
  bool isConstant(int index) const;
  /// Whether dimensions of the input may be bounds (see nn.bounded).
  bool isOpen(int index) const;
  bool hasOpenInput() const;
  /// Whether somebody may look at the output.
  bool wants(int index) const;
  /// The type that shape inference gave to an output.
  mlir::RankedTensorType outType(int index);

  //===- Attributes -------------------------------------------------------===//

  const onnx::AttributeProto *attr(llvm::StringRef name) const;
  int64_t intAttr(llvm::StringRef name, int64_t fallback) const;
  double floatAttr(llvm::StringRef name, double fallback) const;
  std::string stringAttr(llvm::StringRef name, llvm::StringRef fallback) const;
  /// The integers, or `fallback` repeated `count` times. An attribute of
  /// another length is an error: `failed` is set.
  Dims intsAttr(llvm::StringRef name, size_t count, int64_t fallback);

  /// The elements of an attribute that is a tensor.
  std::optional<std::vector<double>> tensorAttr(llvm::StringRef name) const;

  //===- Building ---------------------------------------------------------===//

  template <typename OpT, typename... Args>
  mlir::Value make(Args &&...args) {
    return OpT::create(builder, loc, std::forward<Args>(args)...).getResult();
  }
  /// A scalar constant of the element type of `like`.
  mlir::Value scalar(double value, mlir::Value like);
  mlir::Value scalarOf(double value, mlir::Type elementType);
  /// A constant of i64.
  mlir::Value ints(llvm::ArrayRef<int64_t> values,
                   llvm::ArrayRef<int64_t> shape);
  /// A constant of a floating-point or integer type.
  mlir::Value floats(llvm::ArrayRef<double> values,
                     llvm::ArrayRef<int64_t> shape, mlir::Type element);
  /// i * stride for i = 0, 1, … along `axis` of a tensor of rank `rank` whose
  /// other dimensions are 1.
  mlir::Value iota(int64_t size, int64_t stride, int64_t axis, int64_t rank);
  /// A splat constant.
  mlir::Value splat(mlir::RankedTensorType type, double value);
  mlir::Value reshape(mlir::Value x, llvm::ArrayRef<int64_t> shape);
  mlir::Value cast(mlir::Value x, mlir::Type elementType);
  mlir::Value broadcast(mlir::Value x, llvm::ArrayRef<int64_t> shape);
  mlir::Value transpose(mlir::Value x, llvm::ArrayRef<int64_t> perm);
  /// At least one part.
  mlir::Value concat(mlir::ValueRange parts, int64_t axis);
  mlir::Value slice(mlir::Value x, llvm::ArrayRef<int64_t> starts,
                    llvm::ArrayRef<int64_t> sizes);
  mlir::Type elementType(int onnxType);
  using LoopBody = llvm::function_ref<llvm::SmallVector<mlir::Value>(
      mlir::ValueRange states, mlir::ValueRange slices)>;
  /// An nn.loop. `build` makes the next states, followed by the slices that are
  /// stacked, of which `stackedReversed` has one element each; it may use every
  /// value that is there.
  mlir::ResultRange loop(int64_t trips, mlir::ValueRange carried,
                         mlir::ValueRange sliced, llvm::ArrayRef<bool> reversed,
                         llvm::ArrayRef<bool> stackedReversed, LoopBody build);
  /// The attribute of a tensor that is an attribute of the node.
  mlir::ElementsAttr constant(const onnx::TensorProto &tensor,
                              mlir::RankedTensorType type) {
    return constantAttr(graph.model, tensor, type);
  }

  /// Defines an output.
  llvm::LogicalResult set(int index, mlir::Value value);
  llvm::LogicalResult error(const llvm::Twine &message);
  /// Has the program compare two numbers (scalars of i64) when it has run, and
  /// say "`what` is 2, but has to be 3". Nothing inside of a loop.
  void check(const llvm::Twine &what, mlir::Value found, mlir::Value expected);
  /// `what` with the node in front of it.
  std::string describe(const llvm::Twine &what) const;
  /// Defines output 0 by what `build` makes for an axis, which input `input`
  /// holds (-1: nothing does). Where that is computed, all axes are and one
  /// result is selected. `build` may give null: then it cannot be that axis.
  llvm::LogicalResult
  alongAxis(int input, int64_t fallback, int64_t rank,
            llvm::function_ref<mlir::Value(int64_t axis)> build);
  /// Positions along dimension `axis` of input `index`, in a tensor of `rank`
  /// dimensions: as many as count of the input.
  mlir::Value positionsAlong(int index, int64_t axis, int64_t rank);
  /// Turns a possibly negative axis into one of `rank` dimensions.
  llvm::LogicalResult axis(int64_t &axis, int64_t rank, llvm::StringRef what);

  GraphEmitter &graph;
  const onnx::NodeProto &node;
  mlir::Location loc;
  mlir::OpBuilder &builder;
  /// Set once an error was reported.
  bool failed = false;
  /// Set where slices and windows were built for the sizes of their inputs:
  /// such of which a part counts only would need others.
  bool fitted = false;
  /// Set where positions along dimensions are counted.
  bool countsPositions = false;
  /// Dimensions of the first input whose size counts for what the node
  /// computes.
  llvm::SmallVector<int64_t> whole;
  /// What different extents of its operands mean (nn::kAlignedAttrName); empty
  /// where some of them are made here.
  llvm::StringRef aligned;
};

llvm::LogicalResult emitDropout(NodeEmitter &e);

inline mlir::RankedTensorType typeOf(mlir::Value value) {
  return mlir::cast<mlir::RankedTensorType>(value.getType());
}
inline llvm::ArrayRef<int64_t> shapeOf(mlir::Value value) {
  return typeOf(value).getShape();
}
inline mlir::Type elementOf(mlir::Value value) {
  return typeOf(value).getElementType();
}

/// The MLIR type of an ONNX element type; null where nn has none.
mlir::Type convertElementType(mlir::MLIRContext *context, int onnxType);

} // namespace dlc::importer

#endif // DLC_LIB_IMPORTER_ONNX_EMITTER_H
