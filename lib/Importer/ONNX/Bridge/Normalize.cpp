//===- Normalize.cpp - One opset, no functions, static shapes -------------===//

#include "Evaluate.h"
#include "Internal.h"

#include "onnx/checker.h"
#include "onnx/inliner/inliner.h"
#include "onnx/shape_inference/implementation.h"

#include <algorithm>
#include <set>

using namespace dlc::importer;
using onnx::GraphProto;
using onnx::ModelProto;
using onnx::NodeProto;

namespace {

int newestOpset() {
  return onnx::OpSchemaRegistry::DomainToVersionRange::Instance()
      .Map()
      .at("")
      .second;
}

int64_t defaultOpset(ModelProto &model) {
  for (auto &import : *model.mutable_opset_import())
    if (import.domain() == "ai.onnx")
      import.clear_domain();
  for (const auto &import : model.opset_import())
    if (import.domain().empty())
      return import.version();
  // A model of other domains only: its functions bring their own imports.
  auto &import = *model.add_opset_import();
  import.set_domain("");
  import.set_version(newestOpset());
  return import.version();
}

/// Inlining can grow a model exponentially; count before doing it.
class InlinedSize {
public:
  explicit InlinedSize(const ModelProto &model) {
    for (const auto &function : model.functions())
      functions[key(function.domain(), function.name(), function.overload())] =
          &function;
  }

  uint64_t of(const google::protobuf::RepeatedPtrField<NodeProto> &nodes) {
    uint64_t total = 0;
    for (const NodeProto &node : nodes) {
      total += 1;
      auto found =
          functions.find(key(node.domain(), node.op_type(), node.overload()));
      if (found != functions.end()) {
        auto [entry, isNew] = sizes.insert({found->first, 0});
        if (isNew)
          sizes[found->first] = of(found->second->node());
        total += sizes[found->first];
      }
      for (const auto &attr : node.attribute()) {
        if (attr.has_g())
          total += of(attr.g().node());
        for (const GraphProto &nested : attr.graphs())
          total += of(nested.node());
      }
      total = std::min<uint64_t>(total, uint64_t(1) << 40); // no overflow
    }
    return total;
  }

private:
  static std::string key(const std::string &domain, const std::string &name,
                         const std::string &overload) {
    return domain + ":" + name + ":" + overload;
  }
  std::unordered_map<std::string, const onnx::FunctionProto *> functions;
  std::unordered_map<std::string, uint64_t> sizes;
};

void inlineModelFunctions(ModelProto &model) {
  if (model.functions_size() == 0)
    return;
  constexpr uint64_t maxNodes = 1000000;
  if (InlinedSize(model).of(model.graph().node()) > maxNodes)
    throw ImportError("the model's functions expand to more than " +
                      std::to_string(maxNodes) + " nodes");
  for (auto &function : *model.mutable_functions()) {
    for (auto &import : *function.mutable_opset_import())
      if (import.domain() == "ai.onnx")
        import.clear_domain();
    for (NodeProto &node : *function.mutable_node())
      if (node.domain() == "ai.onnx")
        node.clear_domain();
  }
  onnx::inliner::InlineLocalFunctions(model, true);
  model.clear_functions();
}

/// The shape inference of STFT takes the wrong default for `onesided`.
void stateDefaults(GraphProto &graph) {
  for (NodeProto &node : *graph.mutable_node())
    if (node.op_type() == "STFT" && node.domain().empty() &&
        !attribute(node, "onesided"))
      setInt(node, "onesided", 1);
}

/// libonnx's propagation of values holds an object for each element of a
/// vector: fine for shapes, deadly for a million of samples.
bool hasLongVectors(const GraphProto &graph) {
  constexpr int64_t longest = 65536;
  for (const auto *infos :
       {&graph.input(), &graph.value_info(), &graph.output()})
    for (const auto &info : *infos) {
      const auto &shape = info.type().tensor_type().shape();
      if (shape.dim_size() == 1 && shape.dim(0).dim_value() > longest)
        return true;
    }
  return false;
}

using Shape = std::vector<int64_t>;
using FindType =
    std::function<const onnx::TypeProto *(const std::string &name)>;

onnx::TypeProto tensorType(int element, const Shape &shape) {
  onnx::TypeProto type;
  type.mutable_tensor_type()->set_elem_type(element);
  auto &dims = *type.mutable_tensor_type()->mutable_shape();
  for (int64_t dim : shape)
    dims.add_dim()->set_dim_value(dim);
  return type;
}

/// The type of the result of an op that libonnx cannot infer; nothing for other
/// ops, and while what it follows from is not known. What is known stays as it
/// is, so half a shape (of what a loop stacks) has to wait for the other half.
std::optional<onnx::TypeProto> typeOfResult(const GraphProto &graph,
                                            const NodeProto &node,
                                            const FindType &typeOf) {
  const onnx::TypeProto *first = typeOf(node.input(0));
  if (!first)
    return std::nullopt;
  int element = first->tensor_type().elem_type();
  if (node.op_type() == "MaxUnpool" && node.input_size() > 2) {
    auto dims = knownInts(graph, node.input(2));
    return dims ? std::optional(tensorType(element, *dims)) : std::nullopt;
  }
  std::optional<Shape> shape = wholeShape(*first);
  if (!shape)
    return std::nullopt;
  if (node.op_type() == "GroupNormalization" ||
      (node.domain() == ownDomain && node.op_type() == limitedOp))
    return *first;
  if (node.domain() == ownDomain && node.op_type() == treeLeavesOp) {
    if (shape->size() != 2)
      throw ImportError("the input must be a matrix", node);
    return tensorType(
        onnx::TensorProto::INT64,
        {shape->front(), attribute(node, "tree_roots")->ints_size()});
  }
  if (node.domain() == learnedDomain && !shape->empty() &&
      node.op_type() == "ArrayFeatureExtractor" && node.input_size() > 1) {
    const onnx::TypeProto *columns = typeOf(node.input(1));
    std::optional<Shape> counts = columns ? wholeShape(*columns) : std::nullopt;
    if (!counts)
      return std::nullopt;
    int64_t count = 1;
    for (int64_t dim : *counts)
      count *= dim;
    shape->back() = count;
    if (shape->size() == 1)
      shape->insert(shape->begin(), 1);
    return tensorType(element, *shape);
  }
  return std::nullopt;
}

/// Adds the types of what libonnx cannot infer. Returns whether it found new
/// ones.
bool addKnownTypes(const GraphProto &graph, KnownTypes &known) {
  std::unordered_map<std::string, onnx::TypeProto> constants;
  std::unordered_map<std::string, const onnx::TypeProto *> types;
  for (const auto &tensor : graph.initializer())
    types[tensor.name()] = &(
        constants[tensor.name()] = tensorType(
            tensor.data_type(), {tensor.dims().begin(), tensor.dims().end()}));
  for (const auto *infos :
       {&graph.input(), &graph.value_info(), &graph.output()})
    for (const auto &info : *infos)
      if (info.type().tensor_type().has_shape())
        types[info.name()] = &info.type();
  auto typeOf = [&](const std::string &name) {
    auto type = types.find(name);
    return type == types.end() ? nullptr : type->second;
  };
  bool found = false;
  for (const NodeProto &node : graph.node()) {
    if (node.input_size() == 0 || node.output_size() == 0)
      continue;
    const onnx::TypeProto *inferred = typeOf(node.output(0));
    if (inferred && wholeShape(*inferred))
      continue;
    if (auto type = typeOfResult(graph, node, typeOf))
      found |= known.insert({node.output(0), *type}).second;
  }
  return found;
}

/// `propagate`: let libonnx follow values too. Our folder does it better, but
/// cannot look into the functions that stand for ops.
void inferShapes(ModelProto &model, const KnownTypes &known, bool strict,
                 bool propagate) {
  propagate = propagate && !hasLongVectors(model.graph());
  clearTypes(*model.mutable_graph(), true);
  // The bound of what was computed since is no type any more.
  std::set<std::string> constants;
  for (const auto &tensor : model.graph().initializer())
    constants.insert(tensor.name());
  for (auto &output : *model.mutable_graph()->mutable_output()) {
    if (constants.count(output.name()))
      continue;
    auto type = known.find(output.name());
    if (type != known.end())
      *output.mutable_type() = type->second;
  }
  for (const auto &[name, type] : known) {
    if (constants.count(name))
      continue;
    auto &info = *model.mutable_graph()->add_value_info();
    info.set_name(name);
    *info.mutable_type() = type;
  }
  onnx::ShapeInferenceOptions options(/*check_type=*/true, strict ? 1 : 0,
                                      propagate);
  onnx::shape_inference::InferShapes(model, onnx::OpSchemaRegistry::Instance(),
                                     options, nullptr);
}

/// Whether nodes compute something that is needed, and the names of all values
/// that are.
std::vector<bool> findLive(const GraphProto &graph,
                           std::set<std::string> &live) {
  for (const auto &output : graph.output())
    live.insert(output.name());
  std::vector<bool> used(graph.node_size(), false);
  for (int i = graph.node_size(); i-- > 0;) {
    for (const std::string &name : graph.node(i).output())
      used[i] = used[i] || live.count(name);
    if (used[i])
      forEachUse(graph.node(i),
                 [&](const std::string &name) { live.insert(name); });
  }
  return used;
}

void removeDeadNodes(GraphProto &graph) {
  std::set<std::string> live;
  std::vector<bool> used = findLive(graph, live);
  google::protobuf::RepeatedPtrField<NodeProto> kept;
  for (int i = 0; i < graph.node_size(); ++i)
    if (used[i])
      kept.Add()->Swap(graph.mutable_node(i));
  graph.mutable_node()->Swap(&kept);
  google::protobuf::RepeatedPtrField<onnx::TensorProto> tensors;
  for (auto &tensor : *graph.mutable_initializer())
    if (live.count(tensor.name()))
      tensors.Add()->Swap(&tensor);
  graph.mutable_initializer()->Swap(&tensors);
}

/// Ops of our own domain have no meaning in a model.
void refuseOwnDomain(const GraphProto &graph) {
  for (const NodeProto &node : graph.node()) {
    if (node.domain() == ownDomain)
      throw ImportError("this operator is the importer's own", node);
    for (const auto &attr : node.attribute())
      if (attr.has_g())
        refuseOwnDomain(attr.g());
  }
}

/// One message for all nodes that nothing handles. `late`: folding is over.
void refuseUnsupported(const Model &model, const LoadOptions &options,
                       int opset, bool late) {
  std::map<std::string, std::vector<std::string>> found;
  size_t total = 0;
  for (const NodeProto &node : model.proto.graph().node()) {
    const std::string &op = node.op_type();
    std::string label = opName(node);
    if (options.isEmitted(label))
      continue;
    if (node.domain().empty()) {
      if (!late) {
        const auto *schema = onnx::OpSchemaRegistry::Schema(op, opset, "");
        if (op == "If" || op == "Loop" || op == "Scan" || op == "Constant" ||
            op == "Shape" || op == "Size" || isEvaluated(op) ||
            isSequenceOp(op) ||
            (schema &&
             (schema->HasFunction() || schema->HasContextDependentFunction())))
          continue;
      } else if (op == "Loop" || op == "Scan") {
        label =
            op + " (whose number of iterations is not known at compile time)";
      } else if (isSequenceOp(op)) {
        label = op + " (of a sequence that is not made in the model)";
      } else if (isEvaluated(op) || op == "Shape" || op == "Size") {
        label = op + " (of values not known at compile time)";
      }
    } else {
      const auto *schema = onnx::OpSchemaRegistry::Schema(op, 1, node.domain());
      if (!late && schema &&
          (schema->HasFunction() || schema->HasContextDependentFunction()))
        continue;
    }
    found[label].push_back("'" + displayName(node) + "'");
    ++total;
  }
  if (found.empty())
    return;
  std::string text;
  for (const auto &[label, nodes] : found) {
    text += (text.empty() ? "" : ", ") + label + " (";
    for (size_t i = 0; i < nodes.size(); ++i) {
      if (i == 50) {
        text += " and " + std::to_string(nodes.size() - i) + " more";
        break;
      }
      text += (i ? ", " : "") + nodes[i];
    }
    text += ")";
  }
  throw ImportError(std::to_string(total) +
                    (total == 1 ? " node has an unsupported operator: "
                                : " nodes have unsupported operators: ") +
                    text);
}

/// The values whose static type is known.
std::set<std::string> valuesWithTypes(const GraphProto &graph) {
  std::set<std::string> known;
  for (const auto *infos : {&graph.value_info(), &graph.output()})
    for (const auto &info : *infos)
      if (wholeShape(info.type()))
        known.insert(info.name());
  return known;
}

/// Whether one of a node's results is not among `known`.
bool isOpen(const NodeProto &node, const std::set<std::string> &known) {
  return std::any_of(node.output().begin(), node.output().end(),
                     [&](const std::string &name) {
                       return !name.empty() && !known.count(name);
                     });
}

bool hasOpenShapes(const GraphProto &graph) {
  std::set<std::string> known = valuesWithTypes(graph);
  return std::any_of(
      graph.node().begin(), graph.node().end(),
      [&](const NodeProto &node) { return isOpen(node, known); });
}

/// Unrolls a loop around a node that would be refused, if there is one.
bool unrollStuck(Model &model, const LoadOptions &options, LoopRegions &loops,
                 KnownTypes &known) {
  const GraphProto &graph = model.proto.graph();
  std::set<std::string> live, typed = valuesWithTypes(graph);
  findLive(graph, live);
  return loops.unrollStuck(model, known, [&](const NodeProto &node) {
    bool isLive =
        std::any_of(node.output().begin(), node.output().end(),
                    [&](const std::string &name) { return live.count(name); });
    return isLive && (!options.isEmitted(opName(node)) || isOpen(node, typed));
  });
}

/// Static types of all values into model.types; one message for those without.
void recordTypes(Model &model) {
  const GraphProto &graph = model.proto.graph();
  for (const auto &tensor : graph.initializer()) {
    model.constants[tensor.name()] = &tensor;
    model.types[tensor.name()] = {tensor.data_type(),
                                  {tensor.dims().begin(), tensor.dims().end()}};
  }
  auto record = [&](const onnx::ValueInfoProto &info) {
    if (auto dims = wholeShape(info.type()))
      model.types.insert(
          {info.name(),
           {info.type().tensor_type().elem_type(), std::move(*dims)}});
  };
  for (const auto *infos :
       {&graph.input(), &graph.value_info(), &graph.output()})
    for (const auto &info : *infos)
      record(info);

  std::vector<std::string> open;
  const NodeProto *first = nullptr;
  for (const NodeProto &node : graph.node())
    for (const std::string &name : node.output()) {
      auto type = model.types.find(name);
      if (name.empty())
        continue;
      if (type != model.types.end()) {
        try {
          checkedElements(type->second.dims, type->second.elemType,
                          "the result '" + name + "'");
        } catch (ImportError &error) {
          throw ImportError(error.failure.message, node);
        }
        continue;
      }
      first = first ? first : &node;
      open.push_back("'" + name + "'");
    }
  if (open.empty())
    return;
  size_t more = open.size() - std::min<size_t>(open.size(), 5);
  std::string names;
  for (size_t i = 0; i < open.size() - more; ++i)
    names += (i ? ", " : "") + open[i];
  if (more)
    names += " and " + std::to_string(more) + " more";
  std::string flags;
  auto unlimited = first->output_size() ? model.unlimited.find(first->output(0))
                                        : model.unlimited.end();
  if (unlimited != model.unlimited.end())
    for (const std::string &element : unlimited->second)
      flags += (flags.empty() ? "" : " ") + ("--max-dim '" + element + "=N'");
  throw ImportError(
      "the shape of " + names +
          " is not known at compile time (it depends on values: " +
          (flags.empty() ? "--bind or --expect give an input one value, "
                           "--max-dim bounds its elements where they are "
                           "extents, positions or pads)"
                         : flags + " bounds them, with a number for each N; "
                                   "--bind or --expect give an input one "
                                   "value)"),
      *first);
}

/// Both branches of a conditional have to give as many dimensions.
void checkSameShapes(const Model &model, const SameShapes &pair) {
  auto one = model.types.find(pair.one), other = model.types.find(pair.other);
  if (one == model.types.end() || other == model.types.end() ||
      one->second.dims.size() == other->second.dims.size())
    return;
  ImportError error("the branches give different shapes, " +
                    shapeString(one->second.dims) + " and " +
                    shapeString(other->second.dims) +
                    ", and the condition is not known at compile time");
  error.failure.node = pair.node;
  error.failure.op = pair.op;
  throw error;
}

void checkOutputs(Model &model) {
  // Their shapes are bounds, about which a declaration says nothing.
  for (Port &output : model.outputs) {
    auto found = model.types.find(output.name);
    if (found == model.types.end())
      throw ImportError("the output '" + output.name +
                        "' is not computed by any node");
    ValueType &declared = output.type;
    const ValueType &computed = found->second;
    if (declared.elemType && declared.elemType != computed.elemType)
      throw ImportError("the output '" + output.name + "' is declared as " +
                        elemTypeName(declared.elemType) +
                        ", but is computed as " +
                        elemTypeName(computed.elemType));
    bool unknownRank = declared.dims.size() == 1 && declared.dims[0] == -2;
    bool same = unknownRank || declared.dims.size() == computed.dims.size();
    for (size_t i = 0; same && !unknownRank && i < declared.dims.size(); ++i)
      same = declared.dims[i] < 0 || declared.dims[i] == computed.dims[i] ||
             (model.open.count(output.name) &&
              declared.dims[i] < computed.dims[i]);
    if (!same) {
      std::string text;
      for (int64_t dim : declared.dims)
        text += (text.empty() ? "" : "x") +
                (dim < 0 ? std::string("?") : std::to_string(dim));
      // What a model says of itself; nothing follows from it.
      model.warnings.push_back(
          "the output '" + output.name + "' is declared with the shape " +
          (text.empty() ? "scalar" : text) + ", but has the shape " +
          shapeString(computed.dims));
    }
    declared = computed;
  }
}

} // namespace

void dlc::importer::clearTypes(GraphProto &graph, bool top) {
  graph.clear_value_info();
  if (top)
    for (auto &output : *graph.mutable_output())
      if (output.type().has_tensor_type())
        output.mutable_type()->mutable_tensor_type()->clear_shape();
  for (NodeProto &node : *graph.mutable_node())
    for (auto &attr : *node.mutable_attribute())
      if (attr.has_g())
        clearTypes(*attr.mutable_g(), false);
}

void dlc::importer::forEachUse(
    const NodeProto &node,
    const std::function<void(const std::string &)> &visit) {
  for (const std::string &name : node.input())
    visit(name);
  for (const auto &attr : node.attribute())
    if (attr.has_g()) {
      for (const NodeProto &inner : attr.g().node())
        forEachUse(inner, visit);
      for (const auto &output : attr.g().output())
        visit(output.name());
    }
}

/// "ai.onnx" and "" are the same domain; keep one spelling.
void dlc::importer::normalizeDomains(GraphProto &graph) {
  for (NodeProto &node : *graph.mutable_node()) {
    if (node.domain() == "ai.onnx")
      node.clear_domain();
    for (auto &attr : *node.mutable_attribute()) {
      if (attr.has_g())
        normalizeDomains(*attr.mutable_g());
      for (GraphProto &nested : *attr.mutable_graphs())
        normalizeDomains(nested);
    }
  }
}

void dlc::importer::normalize(Model &model, const LoadOptions &options) {
  ModelProto &proto = model.proto;
  normalizeDomains(*proto.mutable_graph());
  int64_t opset = defaultOpset(proto);
  int newest = newestOpset();
  if (opset > newest)
    throw ImportError("the model uses operator set " + std::to_string(opset) +
                      ", but the newest one known is " +
                      std::to_string(newest));
  // Initializers need not be inputs from version 4 on, which bindInputs uses.
  proto.set_ir_version(onnx::Version::IR_VERSION);
  proto.clear_metadata_props();
  proto.clear_training_info();
  proto.mutable_graph()->clear_quantization_annotation();
  inlineModelFunctions(proto);
  normalizeDomains(*proto.mutable_graph());
  castEyes(*proto.mutable_graph());
  expandContribOps(*proto.mutable_graph(), opset);
  takePictures(model);
  bindInputs(model, options);
  removeDeadNodes(*proto.mutable_graph());
  if (opset < newest) {
    clearTypes(*proto.mutable_graph(), true);
    std::vector<onnx::ValueInfoProto> outputs(proto.graph().output().begin(),
                                              proto.graph().output().end());
    convertOpset(proto, opset, newest);
    // (The converter knows types of tensors only.)
    for (size_t i = 0; i < outputs.size(); ++i)
      if (!outputs[i].type().has_tensor_type())
        *proto.mutable_graph()->mutable_output(static_cast<int>(i)) =
            std::move(outputs[i]);
  }
  stateDefaults(*proto.mutable_graph());
  refuseOwnDomain(proto.graph());
  auto &own = *proto.add_opset_import();
  own.set_domain(ownDomain);
  own.set_version(1);
  expandLearnedOps(model);
  limitValues(model);
  refuseUnsupported(model, options, newest, /*late=*/false);

  // Each round resolves one more layer of shape arithmetic, conditionals and
  // functions; real models need 2 to 6.
  constexpr int maxRounds = 1000;
  KnownTypes known;
  std::vector<SameShapes> sameShapes;
  LoopRegions loops;
  bool propagate = false;
  for (int round = 0;; ++round) {
    if (round == maxRounds)
      throw ImportError("the model's shapes could not be resolved in " +
                        std::to_string(maxRounds) + " rounds");
    inferShapes(proto, known, /*strict=*/false, propagate);
    if (addKnownTypes(proto.graph(), known) ||
        addBounds(proto.graph(), known) ||
        loops.addTypes(proto.graph(), known) ||
        loops.unrollUnfit(model, known) || openScans(model, options) ||
        foldShapeArithmetic(model) || loops.form(model, /*last=*/false) ||
        resolveSequences(model) || expandFunctions(model, options) ||
        selectBranches(model, sameShapes))
      continue;
    if (!propagate && hasOpenShapes(proto.graph()))
      propagate = true;
    else if (!loops.form(model, /*last=*/true) &&
             !unrollStuck(model, options, loops, known) && !openComputed(model))
      break;
  }
  for (NodeProto &node : *proto.mutable_graph()->mutable_node())
    if (node.op_type() == choiceOp && node.domain() == ownDomain)
      settleChoice(node); // a branch has no shape, which is an error
  foldPositions(*proto.mutable_graph());
  removeDeadNodes(*proto.mutable_graph());
  hoistInvariants(*proto.mutable_graph());
  for (const auto &output : proto.graph().output())
    if (!output.type().has_tensor_type())
      throw ImportError("how many tensors the output '" + output.name() +
                        "' has is not known at compile time");
  refuseUnsupported(model, options, newest, /*late=*/true);
  inferShapes(proto, known, /*strict=*/true, propagate);
  recordTypes(model);
  model.open = valuesWithExtents(model);
  for (const SameShapes &pair : sameShapes)
    checkSameShapes(model, pair);
  checkOutputs(model);
}
