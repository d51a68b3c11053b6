//===- Internal.h - Shared by the parts of the bridge -----------*- C++ -*-===//
//
// Only for the translation units of the bridge, which are compiled with
// exceptions.
//
//===----------------------------------------------------------------------===//

#ifndef DLC_LIB_IMPORTER_ONNX_BRIDGE_INTERNAL_H
#define DLC_LIB_IMPORTER_ONNX_BRIDGE_INTERNAL_H

#include "Model.h"

#include <exception>
#include <optional>

namespace dlc::importer {

/// Thrown inside the bridge, caught in loadModel.
struct ImportError : std::exception {
  Failure failure;
  explicit ImportError(std::string message) {
    failure.message = std::move(message);
  }
  ImportError(std::string message, const onnx::NodeProto &node);
  const char *what() const noexcept override { return failure.message.c_str(); }
  static ImportError usage(std::string message) {
    ImportError error(std::move(message));
    error.failure.usage = true;
    return error;
  }
};

/// Name to show for a node: its own, or else its first result's.
std::string displayName(const onnx::NodeProto &node);

/// "1x3x?x224", "scalar".
std::string shapeString(const std::vector<int64_t> &dims);

/// Text of a foreign exception as one line.
std::string oneLine(const std::string &text);

/// Product of dims; throws on negative dims and overflow of the byte size.
int64_t checkedElements(const std::vector<int64_t> &dims, int elemType,
                        const std::string &what);

/// Bits of one element, 0 for types without a fixed width (strings, undefined).
unsigned elemTypeBits(int elemType);

/// Bytes that `elements` elements take when packed.
uint64_t packedBytes(int64_t elements, int elemType);

//===- Payloads.cpp -------------------------------------------------------===//

/// Checks every tensor of the model (sizes, types, external files), moves the
/// large ones to the side table and leaves stubs; loads small external ones.
void extractPayloads(Model &model, const std::string &baseDir);

/// Adds a payload and turns `tensor` (with name, type and dims set) to its
/// stub.
void makeStub(Model &model, onnx::TensorProto &tensor, Payload payload);

bool isStub(const onnx::TensorProto &tensor);

/// Bytes of a small inline tensor in the raw layout.
std::string rawBytes(const onnx::TensorProto &tensor);

//===- SparseTensors.cpp --------------------------------------------------===//

/// The same tensor with all of its elements, called as its values. The parts
/// have been checked as payloads.
onnx::TensorProto denseTensor(Model &model,
                              const onnx::SparseTensorProto &sparse,
                              const std::string &what);

//===- Contrib.cpp --------------------------------------------------------===//

/// Replaces the quantised operators of com.microsoft that are known by ONNX's,
/// of operator set `opset`.
void expandContribOps(onnx::GraphProto &graph, int64_t opset);

//===- Learned.cpp --------------------------------------------------------===//

constexpr char learnedDomain[] = "ai.onnx.ml";

/// Replaces operators of ai.onnx.ml by ONNX's of the newest operator set.
void expandLearnedOps(Model &model);

/// The leaves that samples end in, one for each tree (i64): attributes of
/// TreeEnsemble that say what the nodes are, and `leaves`, how many there are.
constexpr char treeLeavesOp[] = "TreeLeaves";

//===- Npy.cpp ------------------------------------------------------------===//

struct NpyArray {
  ValueType type;
  Payload payload;
  std::string dtype; ///< as the file spells it
};

/// Reads a .npy file whose elements are to be used as `elemType`.
NpyArray readNpy(const std::string &path, int elemType);

/// The bytes of a regular file.
Payload mapFile(const std::string &path);

//===- Pictures.cpp -------------------------------------------------------===//

/// Makes inputs that ImageDecoder takes inputs of pixels (Model::pictures), and
/// decodes constants.
void takePictures(Model &model);

/// The pixels ("RGB", "BGR", "Grayscale") of an encoded picture: uint8 of
/// height, width, channels.
NpyArray decodePicture(const Payload &bytes, const std::string &pixels);
/// The same of a file: a picture, or a .npy file of its bytes or of its pixels.
NpyArray readPicture(const std::string &path, const std::string &pixels);

//===- Signature.cpp ------------------------------------------------------===//

/// Applies --dim, --shape, --bind and their like; afterwards all inputs are
/// static.
void bindInputs(Model &model, const LoadOptions &options);

//===- Limits.cpp ---------------------------------------------------------===//

/// Puts a `limitedOp` behind what makes the values of Model::limited.
void limitValues(Model &model);

//===- Convert.cpp --------------------------------------------------------===//

/// Makes EyeLike of a type EyeLike and a Cast: libonnx infers its type from
/// that of an operand, and does not survive where that is not known (yet).
void castEyes(onnx::GraphProto &graph);

/// Rewrites the nodes of operator set `from` to those of `to`, the newest.
void convertOpset(onnx::ModelProto &model, int64_t from, int to);

//===- Normalize.cpp ------------------------------------------------------===//

/// "ai.onnx" and "" are the same domain: leaves one spelling.
void normalizeDomains(onnx::GraphProto &graph);

/// Forgets the types of results, and (`top`) the shapes of the outputs.
void clearTypes(onnx::GraphProto &graph, bool top);

/// Calls `visit` with the values that a node reads, those captured by nested
/// graphs included.
void forEachUse(const onnx::NodeProto &node,
                const std::function<void(const std::string &)> &visit);

/// Functions inlined, newest opset, static shapes, integers folded.
void normalize(Model &model, const LoadOptions &options);

/// Types that libonnx fails to infer, found by our own rules.
using KnownTypes = std::map<std::string, onnx::TypeProto>;

//===- Bounds.cpp ---------------------------------------------------------===//

/// Our own domain, and the op of it that says how much of dimensions counts: of
/// the first operand's dimension `axes[i]` as much as element `elements[i]` of
/// the second says, and no more than there is of that of the third, if there is
/// one (with `equal`: as there is of that). `what` names these numbers where
/// others are errors.
constexpr char ownDomain[] = "dlc";
constexpr char boundedOp[] = "Bounded";
/// A Reshape whose shape is computed: attribute `bounds` has the largest
/// extents, `roles` what each element is (see copyRole), and `free` is 1 where
/// elements of inputs decide.
constexpr char openReshapeOp[] = "OpenReshape";
/// Gives its operand, of which the elements `elements` are not less than
/// `least` and not more than `most`, or the run is an error.
constexpr char limitedOp[] = "Limited";
/// A Slice, Pad or Resize of positions or sizes that are computed: attribute
/// `bounds` has the largest shape. For a Pad `computed` has the numbers of the
/// axes that may be padded. For a Resize `resized` has the dimensions whose
/// size is not always that, `elements` which elements of the sizes that are (or
/// of the scales, with `scaled` 1: `scales` are the largest ones).
constexpr char openSliceOp[] = "OpenSlice";
constexpr char openPadOp[] = "OpenPad";
constexpr char openResizeOp[] = "OpenResize";
/// A Where (with choiceAttr) of two branches whose shapes are not known yet:
/// nothing may be inferred from one of them.
constexpr char choiceOp[] = "Choice";
/// An Expand to a shape that is computed: `bounds` has the largest extents.
constexpr char openExpandOp[] = "OpenExpand";

/// Adds the results whose size depends on values, with the largest size that
/// they can have. Returns whether it found new ones.
bool addBounds(const onnx::GraphProto &graph, KnownTypes &known);

/// Values whose shape may be less than the one that is inferred: inputs with
/// bounds, results of such ops, and what is computed from them.
std::unordered_set<std::string> valuesWithExtents(const Model &model);

/// Whether a node says itself how much of a dimension of its results counts, so
/// that it may be less than that of its operands.
bool makesExtents(const onnx::GraphProto &graph, const onnx::NodeProto &node);

/// Whether dimensions of its results may be bounds, if those of `open` are.
bool hasExtents(const onnx::GraphProto &graph, const onnx::NodeProto &node,
                const std::unordered_set<std::string> &open);

//===- OpenShapes.cpp -----------------------------------------------------===//

/// An element of an operand: the largest number that it may be, whether it is
/// always that, and else whether it is known not to be negative.
struct Element {
  int64_t most;
  bool isExact;
  bool isNatural = false;
};
using Elements = std::vector<Element>;
/// What is known of an operand; nothing where nothing is.
using ElementsFn = std::function<std::optional<Elements>(int operand)>;

/// Opens a Slice of a tensor of shape `x`, of which dimensions may be bounds
/// (`isOpen`): of `count` dimensions if that is known. Returns whether that was
/// needed and possible.
bool openSlice(onnx::NodeProto &node, const std::vector<int64_t> &x,
               bool isOpen, const std::optional<size_t> &count,
               const ElementsFn &elements);
/// Opens a Pad whose pads are bounds. Returns whether that was possible.
bool openPad(onnx::NodeProto &node, const std::vector<int64_t> &x,
             const ElementsFn &elements);
/// What is known of a Resize besides its operands' integers.
struct ResizeLimits {
  /// The scales as far as they count: the largest ones, and whether they are
  /// always that.
  std::optional<std::vector<std::pair<double, bool>>> scales;
  /// Which dimensions of the operand have no extent.
  std::vector<bool> fixed;
  /// What the user said that dimensions of the result are at most, and how he
  /// can.
  std::map<int64_t, int64_t> bounds;
  std::function<std::string(size_t dim)> option;
};

/// Opens a Resize whose sizes or scales are bounds. Returns whether that was
/// possible.
bool openResize(onnx::NodeProto &node, const std::vector<int64_t> &x,
                const ElementsFn &elements, const ResizeLimits &limits);

/// Where operands of a node that have to have the same sizes have bounds that
/// are larger than those of others: operands, their dimensions, and what is
/// enough. `areOpen`: which operands have extents.
std::map<int, std::map<size_t, int64_t>>
unevenBounds(const onnx::NodeProto &node,
             const std::vector<const std::vector<int64_t> *> &shapes,
             const std::vector<bool> &areOpen);

/// Opens the nodes whose shapes nothing will be known of, but what their
/// operands' shapes say. Returns whether there were any.
bool openComputed(Model &model);

//===- Expand.cpp ---------------------------------------------------------===//

/// Replaces one layer of ops that are functions by their bodies. Returns
/// whether anything changed.
bool expandFunctions(Model &model, const LoadOptions &options);

//===- Subgraphs.cpp ------------------------------------------------------===//

using Nodes = google::protobuf::RepeatedPtrField<onnx::NodeProto>;

/// Appends the nodes of `body` to `nodes`. All that the body defines gets
/// `prefix`; its inputs become the values that `inputs` names. Initializers go
/// to `graph`. Gives the names of the body's outputs.
std::vector<std::string> inlineGraph(onnx::GraphProto body,
                                     const std::string &prefix,
                                     const std::vector<std::string> &inputs,
                                     Nodes &nodes, onnx::GraphProto &graph);

/// The attribute `name` of a node; null where it has none.
const onnx::AttributeProto *attribute(const onnx::NodeProto &node,
                                      const char *name);
int64_t intAttr(const onnx::NodeProto &node, const char *name,
                int64_t fallback);

/// The graph that is the attribute `name` of a node; null where it has none.
const onnx::GraphProto *subgraph(const onnx::NodeProto &node, const char *name);

/// A node of the default domain, named after `origin` in messages.
onnx::NodeProto &addNode(Nodes &nodes, const onnx::NodeProto &origin,
                         const char *op, const std::vector<std::string> &inputs,
                         const std::vector<std::string> &outputs);

/// A node `boundedOp`: of dimension `axes[i]` of `x` counts as much as element
/// `elements[i]` of `extents` says.
onnx::NodeProto &addBoundedNode(Nodes &nodes, const onnx::NodeProto &origin,
                                const std::string &x,
                                const std::string &extents,
                                const std::string &result,
                                const std::vector<int64_t> &axes,
                                const std::vector<int64_t> &elements);

/// Gives a node an integer attribute, or one of several integers.
void setInt(onnx::NodeProto &node, const char *name, int64_t value);
void setInts(onnx::NodeProto &node, const char *name,
             const std::vector<int64_t> &values);

/// A vector of integers (or one integer) as an initializer.
void addInts(onnx::GraphProto &graph, const std::string &name,
             const std::vector<int64_t> &values, bool scalar = false);

/// The shape of a tensor whose dimensions are all numbers.
std::optional<std::vector<int64_t>> wholeShape(const onnx::TypeProto &type);

/// The elements of a small integer or boolean initializer.
std::optional<std::vector<int64_t>> knownInts(const onnx::GraphProto &graph,
                                              const std::string &name);

//===- Branches.cpp -------------------------------------------------------===//

/// Replaces `If` nodes with a known condition by the branch taken.
bool inlineKnownBranches(
    onnx::GraphProto &graph,
    const std::function<std::optional<bool>(const std::string &)> &condition);

/// Values that must turn out to have the same shape, and the node for whose
/// sake.
struct SameShapes {
  std::string one, other, node, op;
};

/// Replaces the `If` nodes that are left: both branches are computed and one is
/// selected. (All ops are pure, and the memory of both is planned.)
bool selectBranches(Model &model, std::vector<SameShapes> &checks);

/// Makes a Where of a `choiceOp`.
void settleChoice(onnx::NodeProto &node);

//===- Loops.cpp ----------------------------------------------------------===//

/// A `Loop` or `Scan` whose number of iterations is known.
struct LoopParts {
  LoopParts(const onnx::NodeProto &node, const onnx::GraphProto &body)
      : node(node), body(body) {}

  /// Whether iterations may turn out not to happen.
  bool isMasked() const { return !isSteady || !condition.empty(); }
  /// Whether the body gives a state back as it got it.
  bool passesOn(size_t state) const;
  /// The first result, a name that is unique in the graph.
  std::string base() const;

  const onnx::NodeProto &node;
  const onnx::GraphProto &body;
  /// A `Loop`: its body takes a number and a condition before the states, and
  /// gives a condition in front of them.
  bool isLoop = false;
  int64_t trips = 0;
  /// What decides whether there is a first iteration; empty where it is known
  /// that there is.
  std::string condition;
  /// Whether the body always says that it goes on.
  bool isSteady = true;
  std::vector<std::string> initial; ///< first values of the states
  std::vector<std::string> sliced;  ///< what a `Scan` runs over
  size_t numOutputs = 0;            ///< results that are stacked
  std::vector<int64_t> axes, directions, outAxes, outDirections;
};

/// Nothing where the number of iterations is not known.
std::optional<LoopParts> readLoop(const onnx::NodeProto &node,
                                  const onnx::GraphProto &graph);

/// Loops of so few iterations are laid out one after the other.
constexpr int64_t maxUnrolledTrips = 4;

/// Appends one copy of the body for each iteration. What an iteration that does
/// not happen would change is selected away. `reason` says why the loop cannot
/// stay one, for the message that there are too many iterations.
void unrollLoop(const LoopParts &loop, const std::string &reason,
                onnx::GraphProto &graph, Nodes &nodes);

/// Runs what decides about the next iteration of a loop, if that follows from
/// known numbers: how often the loop runs that may run at all. Nothing where
/// that is not known (yet).
std::optional<int64_t> countTrips(const LoopParts &loop,
                                  const onnx::GraphProto &graph);

/// A constant `true` of that name, which is returned.
std::string addTrue(onnx::GraphProto &graph, const std::string &name);

//===- GrowingStates.cpp --------------------------------------------------===//

/// Of a `Loop` that has `trips` iterations at most, and whose body appends
/// something to a state: stacks that, and joins it behind the loop. `first` and
/// `next` are the types of the state in front of the body and behind it.
/// Appends the nodes that stand for the loop; false where it does something
/// else.
bool stackGrowingState(const onnx::NodeProto &loop, size_t state,
                       const ValueType &first, const ValueType &next,
                       int64_t trips, onnx::GraphProto &graph, Nodes &nodes);

//===- OpenLoops.cpp ------------------------------------------------------===//

/// Makes loops of the scans over values with extents. Returns whether there
/// were any.
bool openScans(Model &model, const LoadOptions &options);

/// Makes of a loop whose number of iterations is computed one with the largest
/// number `bound` (an initializer), whose body says when that number is
/// reached. `before` gets what has to stand in front of it.
void boundLoop(onnx::NodeProto &loop, const std::string &bound,
               onnx::GraphProto &graph, Nodes &before);

//===- LoopConditions.cpp -------------------------------------------------===//

/// A constant of a loop's body: an initializer, or what a node makes.
std::optional<onnx::TensorProto> bodyConstant(const onnx::GraphProto &body,
                                              const std::string &name);
/// The elements of such a one that is small and of integers or booleans.
std::optional<std::vector<int64_t>> bodyInts(const onnx::GraphProto &body,
                                             const std::string &name);

/// What is known of a number outside of a loop.
using OuterFn = std::function<std::optional<Element>(const std::string &name)>;

/// The most iterations that the body's condition lets a `Loop` have, if there
/// is a first one; nothing where that is not known.
std::optional<int64_t> tripsOfCondition(const onnx::NodeProto &loop,
                                        const OuterFn &outer);

//===- LoopRegions.cpp ----------------------------------------------------===//

/// Nodes of our own domain that stand in front of and behind the nodes of a
/// loop's body, so that the body takes part in all that happens to the graph.
/// The first one takes the first values of the states and what is sliced, and
/// gives the number of the iteration, the states and the slices. The last one
/// takes that number, the next states and what is stacked, and gives the
/// results.
constexpr char loopBeginOp[] = "LoopBegin";
constexpr char loopEndOp[] = "LoopEnd";

/// The static types of a graph's values.
class ValueTypes;

/// The loops that stay loops.
class LoopRegions {
public:
  struct Region {
    /// What the region was made of.
    onnx::NodeProto node;
    /// What states become, and the states: these must have the same types.
    std::vector<std::pair<std::string, std::string>> states;
    /// Says in each iteration whether there is one more; empty where that is
    /// known.
    std::string goesOn;
    /// How often the body runs, where that turned out not to depend on it.
    std::optional<int64_t> trips;
  };

  /// Turns loops into regions, or few iterations into copies of the body.
  /// `last`: nothing more will become known of conditions. Returns whether
  /// anything changed, as all functions here do.
  bool form(Model &model, bool last);
  /// The types of what the nodes at the borders of regions give.
  bool addTypes(const onnx::GraphProto &graph, KnownTypes &known) const;
  /// Unrolls a loop that cannot be a region, as far as that is known by now, or
  /// has it stack what it appends to its states.
  bool unrollUnfit(Model &model, KnownTypes &known);
  /// Unrolls the innermost loop around a node that would be refused: with the
  /// number of the iteration known it may be possible.
  bool unrollStuck(Model &model, KnownTypes &known,
                   const std::function<bool(const onnx::NodeProto &)> &isStuck);

private:
  bool formOne(const onnx::NodeProto &node, const ValueTypes &types,
               onnx::GraphProto &graph, Nodes &nodes, bool last,
               bool unrollUnknown);
  void addRegion(const LoopParts &loop, std::optional<int64_t> trips,
                 onnx::GraphProto &graph, Nodes &nodes);
  static std::optional<LoopParts> read(const Region &region,
                                       const onnx::GraphProto &graph);
  /// Takes the nodes from `begin` to the end of the region out of the graph,
  /// and puts there what `replace` makes.
  void rebuild(onnx::GraphProto &graph, KnownTypes &known, int begin,
               const std::function<void(const Region &, Nodes &)> &replace);
  void unroll(onnx::GraphProto &graph, KnownTypes &known, int begin,
              const std::string &reason);
  /// Stacks what the loop that begins at `begin` appends to a state.
  bool stackStates(onnx::GraphProto &graph, KnownTypes &known, int begin,
                   const ValueTypes &types);

  /// By the name of the iteration's number.
  std::map<std::string, Region> regions;
};

/// Moves nodes that compute the same in each iteration in front of the loop.
void hoistInvariants(onnx::GraphProto &graph);

/// Until operator set 9, Scan had a dimension for the batch: splits it. libonnx
/// can not convert Scan, so the nodes hide in another domain until restoreScans
/// is called behind the conversion.
void modernizeScans(onnx::ModelProto &model);
void restoreScans(onnx::ModelProto &model);

//===- Sequences.cpp ------------------------------------------------------===//

/// Whether an op makes or takes sequences or optional values.
bool isSequenceOp(const std::string &op);

/// Replaces nodes that take a sequence or optional value by such that take its
/// elements, which are followed from where it is made. Returns whether anything
/// changed.
bool resolveSequences(Model &model);

//===- FixedDims.cpp ------------------------------------------------------===//

/// Of values: which of their dimensions have the same size whatever the extents
/// of inputs, and those that values decide, are.
using FixedDims = std::unordered_map<std::string, std::vector<bool>>;
FixedDims fixedDims(const Model &model);

//===- Fold.cpp -----------------------------------------------------------===//

/// Evaluates nodes on small known tensors; results become initializers.
/// Returns whether anything changed.
bool foldShapeArithmetic(Model &model);

/// Takes the tensor of any form of a Constant node out of it; false where the
/// form is not one of small tensors.
bool constantTensor(onnx::NodeProto &node, onnx::TensorProto &tensor);

//===- Positions.cpp ------------------------------------------------------===//

/// Makes the positions of scatters initializers where nothing but constants
/// decides them.
void foldPositions(onnx::GraphProto &graph);

} // namespace dlc::importer

#endif // DLC_LIB_IMPORTER_ONNX_BRIDGE_INTERNAL_H
