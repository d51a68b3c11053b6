//===- Emitter.cpp - From nodes to nn -------------------------------------===//

#include "Emitter.h"

#include "dlc/Dialect/NN/IR/ExtentHints.h"
#include "dlc/Support/Location.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/Verifier.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"

using namespace mlir;
using namespace dlc;
using namespace dlc::importer;
using onnx::NodeProto;

const EmitterTable &dlc::importer::emitterTable() {
  static const EmitterTable table = [] {
    EmitterTable entries;
    addElementwise(entries);
    addActivations(entries);
    addReductions(entries);
    addNormalizations(entries);
    addConvolutions(entries);
    addPools(entries);
    addProducts(entries);
    addShapeOps(entries);
    addIndexing(entries);
    addResize(entries);
    addQuantization(entries);
    addRecurrent(entries);
    addSorting(entries);
    addSampling(entries);
    addSignal(entries);
    addClassic(entries);
    addDataDependent(entries);
    addLoops(entries);
    addRandom(entries);
    addTraining(entries);
    return entries;
  }();
  return table;
}

bool dlc::importer::isElementwise(StringRef op) {
  static const EmitterTable table = [] {
    EmitterTable entries;
    addElementwise(entries);
    addActivations(entries);
    return entries;
  }();
  return table.contains(op);
}

//===----------------------------------------------------------------------===//
// GraphEmitter
//===----------------------------------------------------------------------===//

GraphEmitter::GraphEmitter(Model &model, ModuleOp module, StringRef file)
    : model(model), module(module), file(file), builder(module.getContext()) {}

static std::string describe(const ValueType &type) {
  std::string text;
  for (int64_t dim : type.dims)
    text += std::to_string(dim) + "x";
  return text + elemTypeName(type.elemType);
}

Value GraphEmitter::lookup(const std::string &name, Location loc) {
  if (Value known = values.lookup(name))
    return known;
  auto constant = model.constants.find(name);
  if (constant == model.constants.end()) {
    emitError(loc) << "reads the value '" << name << "', which nothing defines";
    return nullptr;
  }
  Type element =
      convertElementType(builder.getContext(), constant->second->data_type());
  if (!element) {
    emitError(loc) << "the constant '" << name << "' has the element type "
                   << elemTypeName(constant->second->data_type())
                   << ", which is not supported";
    return nullptr;
  }
  const ValueType &type = model.types.at(name);
  auto tensorType = RankedTensorType::get(type.dims, element);
  // At the top, so that it is defined before every use.
  OpBuilder::InsertionGuard guard(builder);
  Block *block = builder.getInsertionBlock();
  while (isa<nn::LoopOp>(block->getParentOp()))
    block = block->getParentOp()->getBlock();
  builder.setInsertionPointToStart(block);
  Value value = nn::ConstantOp::create(
      builder, nodeLocation(builder.getContext(), file, name, "Constant"),
      constantAttr(model, *constant->second, tensorType));
  values[name] = value;
  return value;
}

const GraphEmitter::RandomState &GraphEmitter::getRandomState() {
  if (random.seed)
    return random;
  Location loc = function.getLoc();
  auto type = RankedTensorType::get({2}, builder.getI64Type());
  auto attrs = builder.getDictionaryAttr(
      {builder.getNamedAttr("dlc.name", builder.getStringAttr("dlc.random")),
       builder.getNamedAttr(nn::kIsRandomAttrName, builder.getUnitAttr())});
  // Behind the model's own, in front of extents.
  unsigned at = model.inputs.size();
  (void)function.insertArgument(at, type, attrs, loc);
  // At the top, so that loops have it, too.
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(&function.getBody().front());
  auto element = [&](int64_t index) -> Value {
    Value part = nn::SliceOp::create(
        builder, loc, function.getArgument(at), ArrayRef<int64_t>(index),
        ArrayRef<int64_t>(1), ArrayRef<int64_t>(1));
    return nn::ReshapeOp::create(builder, loc, part, ArrayRef<int64_t>());
  };
  random = {element(0), element(1)};
  return random;
}

/// The node's name, or that of its first result.
static std::string nameOf(const NodeProto &node) {
  if (!node.name().empty())
    return node.name();
  for (const std::string &output : node.output())
    if (!output.empty())
      return output;
  return "unnamed";
}

std::string GraphEmitter::describeOrigin(const std::string &value) const {
  llvm::StringSet<> origins{value};
  // From the end to the beginning: nodes stand behind what they read.
  for (const NodeProto &node : llvm::reverse(model.proto.graph().node()))
    if (llvm::any_of(node.output(), [&](const std::string &output) {
          return origins.contains(output);
        }))
      for (const std::string &input : node.input())
        origins.insert(input);
  SmallVector<std::string> names;
  for (const Port &port : model.inputs)
    if (port.most && !port.isConstant && origins.contains(port.name))
      names.push_back("'" + port.name + "'");
  return (names.size() > 1 ? "inputs " : "input ") + llvm::join(names, ", ");
}

/// How many operands of a node are no scalars.
static int countTensors(const NodeEmitter &e) {
  int count = 0;
  for (int i = 0; i < e.numInputs(); ++i)
    if (e.has(i))
      count +=
          e.graph.getModel().types.at(e.node.input(i)).dims.empty() ? 0 : 1;
  return count;
}

/// Positions that a node counts are those in memory. So what counts of its
/// operands has to lie at the beginning of each dimension, where a reshape may
/// have left gaps. `first` is the first operation of the node.
void GraphEmitter::alignPositions(NodeEmitter &emitter, Operation *first) {
  OpBuilder before(first);
  llvm::SmallPtrSet<Value, 4> operands;
  for (int i = 0; i < emitter.numInputs(); ++i)
    if (emitter.isOpen(i))
      operands.insert(emitter.in(i));
  for (Value operand : operands) {
    Value dense = operand;
    for (int64_t d = 0, rank = shapeOf(operand).size(); d < rank; ++d) {
      Value extent =
          nn::ExtentOp::create(before, emitter.loc, dense, d).getResult();
      dense = nn::BoundedOp::create(before, emitter.loc, dense, extent, d)
                  .getResult();
    }
    operand.replaceUsesWithIf(dense, [&](OpOperand &use) {
      Operation *user =
          first->getBlock()->findAncestorOpInBlock(*use.getOwner());
      return user && !user->isBeforeInBlock(first);
    });
  }
}

LogicalResult GraphEmitter::emitNode(const NodeProto &node) {
  // The importer's own ops that stand for one of the model.
  StringRef op = node.op_type();
  if (!node.domain().empty())
    op.consume_front("Open");
  Location loc = nodeLocation(builder.getContext(), file, nameOf(node), op);
  auto entry = emitterTable().find(opName(node));
  if (entry == emitterTable().end())
    return emitError(loc) << "the operator is not supported";
  for (const std::string &name : node.output()) {
    auto type = model.types.find(name);
    if (!name.empty() && type != model.types.end() &&
        !convertElementType(builder.getContext(), type->second.elemType))
      return emitError(loc)
             << "the result '" << name << "' has the element type "
             << elemTypeName(type->second.elemType)
             << ", which is not supported";
  }
  Block *block = builder.getInsertionBlock();
  Operation *last = block->empty() ? nullptr : &block->back();
  NodeEmitter emitter(*this, node, loc);
  if (isElementwise(node.op_type()) && countTensors(emitter) > 1)
    emitter.aligned = nn::kAlignedBroadcast;
  if (failed(entry->second(emitter)) || emitter.failed)
    return failure();
  // Verify at once: the message then speaks of the first thing wrong.
  Operation *first = last             ? last->getNextNode()
                     : block->empty() ? nullptr
                                      : &block->front();
  if (builder.getInsertionBlock() != block) // a loop begins or ends here
    first = nullptr;
  bool fitted = emitter.fitted && emitter.hasOpenInput();
  bool aligned = !emitter.aligned.empty() && emitter.hasOpenInput();
  Value measured =
      !emitter.whole.empty() && emitter.isOpen(0) ? emitter.in(0) : Value();
  for (Operation *op = first; op; op = op->getNextNode()) {
    if (fitted)
      op->setAttr(nn::kFittedAttrName, builder.getUnitAttr());
    if (aligned && op->getNumOperands() > 1)
      op->setAttr(nn::kAlignedAttrName, builder.getStringAttr(emitter.aligned));
    if (measured && op->getNumOperands() && op->getOperand(0) == measured) {
      op->setAttr(nn::kWholeAttrName,
                  builder.getDenseI64ArrayAttr(emitter.whole));
    }
    if (failed(mlir::verify(op, /*verifyRecursively=*/false)))
      return failure();
  }
  if (first && emitter.countsPositions)
    alignPositions(emitter, first);
  for (const std::string &name : node.output()) {
    if (name.empty())
      continue;
    Value value = values.lookup(name);
    if (!value) // an optional result that nobody reads
      continue;
    const ValueType &expected = model.types.at(name);
    auto type = cast<RankedTensorType>(value.getType());
    if (type.getShape() != ArrayRef<int64_t>(expected.dims) ||
        type.getElementType() !=
            convertElementType(builder.getContext(), expected.elemType))
      return emitError(loc)
             << "the result '" << name << "' has the type " << type
             << ", but ONNX infers " << describe(expected);
  }
  return success();
}

LogicalResult GraphEmitter::emit() {
  MLIRContext *context = builder.getContext();
  Location fileLoc = FileLineColLoc::get(context, file, 0, 0);
  SmallVector<Type> inputTypes, outputTypes;
  auto convert = [&](const Port &port, StringRef kind) -> Type {
    Type element = convertElementType(context, port.type.elemType);
    if (element)
      return RankedTensorType::get(port.type.dims, element);
    emitError(fileLoc) << "the " << kind << " '" << port.name
                       << "' has the element type "
                       << elemTypeName(port.type.elemType)
                       << ", which is not supported";
    return nullptr;
  };
  for (const Port &port : model.inputs) {
    inputTypes.push_back(convert(port, "input"));
    if (!inputTypes.back())
      return failure();
  }
  if (model.numExtents)
    inputTypes.push_back(
        RankedTensorType::get({model.numExtents}, builder.getI64Type()));
  for (const Port &port : model.outputs) {
    outputTypes.push_back(convert(port, "output"));
    if (!outputTypes.back())
      return failure();
  }

  builder.setInsertionPointToEnd(module.getBody());
  function =
      func::FuncOp::create(builder, fileLoc, "main",
                           builder.getFunctionType(inputTypes, outputTypes));
  Block *entry = function.addEntryBlock();
  builder.setInsertionPointToStart(entry);
  for (auto [index, port] : llvm::enumerate(model.inputs)) {
    function.setArgAttr(index, "dlc.name", builder.getStringAttr(port.name));
    if (!port.extents.empty())
      function.setArgAttr(index, nn::kExtentsAttrName,
                          builder.getDenseI64ArrayAttr(port.extents));
    if (port.least) {
      constexpr size_t allDense = std::numeric_limits<size_t>::max();
      auto type = cast<RankedTensorType>(inputTypes[index]);
      function.setArgAttr(index, "dlc.least",
                          constantAttr(model, *port.least, type, allDense));
      function.setArgAttr(index, "dlc.most",
                          constantAttr(model, *port.most, type, allDense));
    }
    if (!port.pixels.empty())
      function.setArgAttr(index, "dlc.picture",
                          builder.getStringAttr(port.pixels));
    if (!port.isConstant)
      values[port.name] = entry->getArgument(index);
  }
  if (model.numExtents) {
    unsigned last = model.inputs.size();
    function.setArgAttr(last, "dlc.name", builder.getStringAttr("dlc.extents"));
    function.setArgAttr(last, nn::kIsExtentsAttrName, builder.getUnitAttr());
  }
  for (auto [index, port] : llvm::enumerate(model.outputs))
    function.setResultAttr(index, "dlc.name", builder.getStringAttr(port.name));

  for (const NodeProto &node : model.proto.graph().node())
    if (failed(emitNode(node)))
      return failure();

  SmallVector<Value> results;
  for (const Port &port : model.outputs) {
    Value value = lookup(port.name, fileLoc);
    if (!value)
      return failure();
    results.push_back(value);
  }
  if (!checks.empty()) {
    Value all = nn::ConcatOp::create(builder, fileLoc, checked, 0);
    auto attrs = builder.getDictionaryAttr(
        {builder.getNamedAttr("dlc.name", builder.getStringAttr("dlc.checks")),
         builder.getNamedAttr(nn::kChecksAttrName,
                              builder.getArrayAttr(checks))});
    (void)function.insertResult(results.size(), all.getType(), attrs);
    results.push_back(all);
  }
  func::ReturnOp::create(builder, fileLoc, results);
  return success();
}

//===----------------------------------------------------------------------===//
// NodeEmitter
//===----------------------------------------------------------------------===//

bool NodeEmitter::has(int index) const {
  return index < node.input_size() && !node.input(index).empty();
}

Value NodeEmitter::in(int index) {
  if (!has(index))
    return nullptr;
  Value value = graph.lookup(node.input(index), loc);
  if (value)
    return value;
  // Go on with something of the right type; the error is out.
  failed = true;
  return splat(RankedTensorType::get({}, builder.getF32Type()), 0);
}

bool NodeEmitter::isConstant(int index) const {
  return has(index) && graph.model.constants.count(node.input(index));
}

bool NodeEmitter::hasOpenInput() const {
  for (int i = 0; i < numInputs(); ++i)
    if (isOpen(i))
      return true;
  return false;
}

bool NodeEmitter::isOpen(int index) const {
  return has(index) && graph.model.open.count(node.input(index));
}

std::optional<std::vector<int64_t>> NodeEmitter::constInts(int index) {
  if (!isConstant(index))
    return std::nullopt;
  return intsOf(graph.model, *graph.model.constants.at(node.input(index)));
}

std::optional<std::vector<double>> NodeEmitter::constFloats(int index) {
  if (!isConstant(index))
    return std::nullopt;
  return floatsOf(graph.model, *graph.model.constants.at(node.input(index)));
}

bool NodeEmitter::wants(int index) const {
  if (index >= node.output_size() || node.output(index).empty())
    return false;
  const std::string &name = node.output(index);
  for (const Port &port : graph.model.outputs)
    if (port.name == name)
      return true;
  for (const NodeProto &other : graph.model.proto.graph().node())
    for (const std::string &input : other.input())
      if (input == name)
        return true;
  return false;
}

RankedTensorType NodeEmitter::outType(int index) {
  const ValueType &type = graph.model.types.at(node.output(index));
  return RankedTensorType::get(
      type.dims, convertElementType(builder.getContext(), type.elemType));
}

const onnx::AttributeProto *NodeEmitter::attr(StringRef name) const {
  for (const onnx::AttributeProto &attribute : node.attribute())
    if (StringRef(attribute.name()) == name)
      return &attribute;
  return nullptr;
}

int64_t NodeEmitter::intAttr(StringRef name, int64_t fallback) const {
  const auto *attribute = attr(name);
  return attribute ? attribute->i() : fallback;
}

double NodeEmitter::floatAttr(StringRef name, double fallback) const {
  const auto *attribute = attr(name);
  // defaults are numbers of the same type
  return attribute ? attribute->f() : static_cast<float>(fallback);
}

std::string NodeEmitter::stringAttr(StringRef name, StringRef fallback) const {
  const auto *attribute = attr(name);
  return attribute ? attribute->s() : fallback.str();
}

Dims NodeEmitter::intsAttr(StringRef name, size_t count, int64_t fallback) {
  const auto *attribute = attr(name);
  if (!attribute)
    return Dims(count, fallback);
  if (static_cast<size_t>(attribute->ints_size()) != count) {
    (void)error("the attribute '" + name + "' has " +
                Twine(attribute->ints_size()) + " numbers instead of " +
                Twine(count));
    return Dims(count, fallback);
  }
  return Dims(attribute->ints().begin(), attribute->ints().end());
}

std::optional<std::vector<double>>
NodeEmitter::tensorAttr(StringRef name) const {
  const auto *attribute = attr(name);
  if (!attribute || !attribute->has_t())
    return std::nullopt;
  return floatsOf(graph.model, attribute->t());
}

Value NodeEmitter::splat(RankedTensorType type, double value) {
  Type element = type.getElementType();
  Attribute one;
  if (isa<FloatType>(element))
    one = builder.getFloatAttr(element, value);
  else
    one = IntegerAttr::get(
        element, APInt(element.getIntOrFloatBitWidth(),
                       static_cast<uint64_t>(static_cast<int64_t>(value)),
                       /*isSigned=*/true, /*implicitTrunc=*/true));
  return make<nn::ConstantOp>(
      llvm::cast<ElementsAttr>(DenseElementsAttr::get(type, one)));
}

Value NodeEmitter::scalarOf(double value, Type element) {
  return splat(RankedTensorType::get({}, element), value);
}

Value NodeEmitter::scalar(double value, Value like) {
  return scalarOf(value, elementOf(like));
}

Value NodeEmitter::ints(ArrayRef<int64_t> values, ArrayRef<int64_t> shape) {
  auto type = RankedTensorType::get(shape, builder.getI64Type());
  return make<nn::ConstantOp>(
      llvm::cast<ElementsAttr>(DenseElementsAttr::get(type, values)));
}

Value NodeEmitter::floats(ArrayRef<double> values, ArrayRef<int64_t> shape,
                          Type element) {
  auto type = RankedTensorType::get(shape, element);
  SmallVector<Attribute> elements;
  if (element.isF32()) { // the common and large ones
    SmallVector<float> singles(values.begin(), values.end());
    return make<nn::ConstantOp>(llvm::cast<ElementsAttr>(
        DenseElementsAttr::get(type, ArrayRef<float>(singles))));
  }
  for (double value : values)
    elements.push_back(
        isa<FloatType>(element)
            ? Attribute(builder.getFloatAttr(element, value))
            : Attribute(IntegerAttr::get(
                  element,
                  APInt(element.getIntOrFloatBitWidth(),
                        static_cast<uint64_t>(static_cast<int64_t>(value)),
                        /*isSigned=*/true, /*implicitTrunc=*/true))));
  return make<nn::ConstantOp>(
      llvm::cast<ElementsAttr>(DenseElementsAttr::get(type, elements)));
}

Value NodeEmitter::positionsAlong(int index, int64_t axis, int64_t rank) {
  Value x = in(index);
  Value positions = iota(shapeOf(x)[axis], 1, axis, rank);
  if (!isOpen(index))
    return positions;
  // Nothing else would say how much of the dimension counts.
  return make<nn::BoundedOp>(positions, make<nn::ExtentOp>(x, axis), axis);
}

Value NodeEmitter::iota(int64_t size, int64_t stride, int64_t axis,
                        int64_t rank) {
  countsPositions = true;
  // The constant is built in memory: a model must not ask for a huge one.
  constexpr int64_t maxSize = 1 << 24;
  if (size > maxSize) {
    (void)error("a dimension of " + Twine(size) + " is too large (at most " +
                Twine(maxSize) + ")");
    size = 1;
  }
  Dims values, shape(rank, 1);
  shape[axis] = size;
  for (int64_t i = 0; i < size; ++i)
    values.push_back(i * stride);
  return ints(values, shape);
}

Value NodeEmitter::reshape(Value x, ArrayRef<int64_t> shape) {
  return shapeOf(x) == shape ? x : make<nn::ReshapeOp>(x, shape);
}

Value NodeEmitter::cast(Value x, Type element) {
  return elementOf(x) == element ? x : make<nn::CastOp>(x, element);
}

Value NodeEmitter::broadcast(Value x, ArrayRef<int64_t> shape) {
  return shapeOf(x) == shape ? x : make<nn::BroadcastOp>(x, shape);
}

Value NodeEmitter::transpose(Value x, ArrayRef<int64_t> perm) {
  bool identity = true;
  for (auto [index, p] : llvm::enumerate(perm))
    identity &= p == static_cast<int64_t>(index);
  return identity ? x : make<nn::TransposeOp>(x, perm);
}

Value NodeEmitter::concat(ValueRange parts, int64_t axis) {
  return parts.size() == 1 ? parts[0] : make<nn::ConcatOp>(parts, axis);
}

Value NodeEmitter::slice(Value x, ArrayRef<int64_t> starts,
                         ArrayRef<int64_t> sizes) {
  Dims steps(starts.size(), 1);
  return make<nn::SliceOp>(x, starts, sizes, ArrayRef<int64_t>(steps));
}

ResultRange NodeEmitter::loop(int64_t trips, ValueRange carried,
                              ValueRange sliced, ArrayRef<bool> reversed,
                              ArrayRef<bool> stackedReversed, LoopBody build) {
  nn::LoopBuilder body(builder, loc, trips, carried, sliced);
  SmallVector<Value> made = build(body.getStates(), body.getSlices());
  ValueRange all(made);
  return body
      .finish(all.take_front(carried.size()), all.drop_front(carried.size()),
              reversed, stackedReversed)
      .getResults();
}

Type NodeEmitter::elementType(int onnxType) {
  return convertElementType(builder.getContext(), onnxType);
}

LogicalResult NodeEmitter::set(int index, Value value) {
  if (index < node.output_size() && !node.output(index).empty())
    graph.values[node.output(index)] = value;
  return success();
}

LogicalResult NodeEmitter::error(const Twine &message) {
  if (!failed) // one message is enough
    emitError(loc) << message;
  failed = true;
  return failure();
}

std::string NodeEmitter::describe(const Twine &what) const {
  return ("node '" + nameOfNode(loc) + "': " + what).str();
}

void NodeEmitter::check(const Twine &what, Value found, Value expected) {
  if (!graph.loops.empty() || found == expected)
    return;
  for (Value number : {found, expected})
    graph.checked.push_back(reshape(number, {1}));
  graph.checks.push_back(builder.getStringAttr(what));
}

LogicalResult NodeEmitter::alongAxis(int input, int64_t fallback, int64_t rank,
                                     llvm::function_ref<Value(int64_t)> build) {
  auto known = input < 0 ? std::vector<int64_t>{fallback}
                         : constInts(input).value_or(std::vector<int64_t>());
  if (known.size() == 1) {
    int64_t only = known[0];
    if (llvm::failed(axis(only, rank, "axis")))
      return failure();
    Value result = build(only);
    if (result)
      return set(0, result);
    return failed ? failure()
                  : error("the axis " + Twine(known[0]) + " is not possible");
  }
  Value given = cast(in(input), builder.getI64Type());
  given = reshape(given, {});
  Value result;
  for (int64_t d = 0; d < rank; ++d) {
    Value candidate = build(d);
    if (failed)
      return failure();
    if (!candidate)
      continue;
    auto is = [&](int64_t number) {
      return make<nn::CompareOp>(nn::ComparePredicate::EQ, given,
                                 scalar(double(number), given));
    };
    Value here = make<nn::OrOp>(is(d), is(d - rank));
    result = result ? make<nn::SelectOp>(here, candidate, result) : candidate;
  }
  return result ? set(0, result) : error("no axis is possible");
}

LogicalResult NodeEmitter::axis(int64_t &axis, int64_t rank, StringRef what) {
  if (axis < -rank || axis >= rank)
    return error("the " + what + " " + Twine(axis) +
                 " is not a dimension of a tensor of rank " + Twine(rank));
  axis += axis < 0 ? rank : 0;
  return success();
}
