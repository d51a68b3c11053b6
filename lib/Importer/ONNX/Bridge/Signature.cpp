//===- Signature.cpp - Inputs and outputs, and what the user says of them -===//

#include "Evaluate.h"
#include "Internal.h"

#include <set>

using namespace dlc::importer;
using onnx::TensorProto;

namespace {

/// Exporters write "?" for a dimension they have no name for.
bool isNamed(const onnx::TensorShapeProto::Dimension &dim) {
  return dim.has_dim_param() && !dim.dim_param().empty() &&
         dim.dim_param() != "?";
}

bool isStatic(const onnx::TensorShapeProto::Dimension &dim) {
  return dim.has_dim_value() && dim.dim_value() >= 0;
}

std::string join(const std::vector<std::string> &parts, const char *separator) {
  std::string text;
  for (const std::string &part : parts)
    text += (text.empty() ? "" : separator) + part;
  return text;
}

/// "'N'x3x?x224"
std::string declaredShape(const onnx::TensorShapeProto &shape) {
  std::vector<std::string> parts;
  for (const auto &dim : shape.dim())
    parts.push_back(isStatic(dim)  ? std::to_string(dim.dim_value())
                    : isNamed(dim) ? "'" + dim.dim_param() + "'"
                                   : "?");
  return parts.empty() ? "scalar" : join(parts, "x");
}

/// "x[]": how many tensors an input is.
std::string countName(const std::string &input) { return input + "[]"; }

/// "shape[1]": an element of an input.
struct ElementName {
  std::string input;
  int64_t element = 0;
};

std::optional<ElementName> elementName(const std::string &name) {
  size_t open = name.rfind('[');
  if (open == std::string::npos || open == 0 || name.back() != ']')
    return std::nullopt;
  std::string digits = name.substr(open + 1, name.size() - open - 2);
  if (digits.empty() || digits.size() > 9 ||
      digits.find_first_not_of("0123456789") != std::string::npos)
    return std::nullopt;
  return ElementName{name.substr(0, open), std::stoll(digits)};
}

/// The type of a tensor, or of those in a sequence or an optional value.
const onnx::TypeProto_Tensor *tensorOf(const onnx::TypeProto &type) {
  if (type.has_optional_type())
    return tensorOf(type.optional_type().elem_type());
  if (type.has_sequence_type())
    return tensorOf(type.sequence_type().elem_type());
  return type.has_tensor_type() ? &type.tensor_type() : nullptr;
}

class Binder {
public:
  Binder(Model &model, const LoadOptions &options)
      : model(model), graph(*model.proto.mutable_graph()), options(options) {}

  void run() {
    spreadInputs();
    collectInputs();
    collectResults(graph);
    checkNames();
    for (const auto &[name, value] : options.dims)
      if (!counts.count(name) && !noteElement(name, value, value))
        bindDim(name, value, "--dim " + name + "=" + std::to_string(value));
    for (const auto &[name, value] : options.maxDims)
      if (!noteElement(name, 0, value) && dimNames.count(name))
        bindDim(name, value, maxDimFlag(name, value));
    for (const auto &[name, shape] : options.shapes)
      bindShape(name, shape, "--shape " + name + "=" + shapeString(shape));
    for (const auto &[name, file] : options.binds)
      bindArray(name, file, "--bind", /*keep=*/false);
    for (const auto &[name, file] : options.expects)
      bindArray(name, file, "--expect", /*keep=*/true);
    applyDims();
    complainAboutUnbound();
    for (const auto &[name, each] : elements)
      bindElements(name, each);
    record();
  }

private:
  static std::string maxDimFlag(const std::string &name, int64_t value) {
    return "--max-dim " + name + "=" + std::to_string(value);
  }

  /// Sequences and optional values that go into the model are tensors that go
  /// into the program: of a sequence 'x' the inputs 'x.0', 'x.1', …; an
  /// optional tensor, where it is there, keeps its name.
  void spreadInputs() {
    google::protobuf::RepeatedPtrField<onnx::ValueInfoProto> inputs;
    Nodes nodes;
    for (onnx::ValueInfoProto &input : *graph.mutable_input())
      if (input.type().has_sequence_type() || input.type().has_optional_type())
        spreadInput(input, inputs, nodes);
      else
        *inputs.Add() = std::move(input);
    graph.mutable_input()->Swap(&inputs);
    if (counts.empty())
      return;
    for (onnx::NodeProto &node : *graph.mutable_node())
      nodes.Add()->Swap(&node);
    graph.mutable_node()->Swap(&nodes);
    std::set<std::string> values;
    auto add = [&](const std::string &name) {
      if (!name.empty() && !values.insert(name).second)
        throw ImportError("a sequence among the inputs would get the name '" +
                          name + "', which there is already");
    };
    for (const auto &input : graph.input())
      add(input.name());
    for (const onnx::NodeProto &node : graph.node())
      for (const std::string &output : node.output())
        add(output);
  }

  void
  spreadInput(const onnx::ValueInfoProto &input,
              google::protobuf::RepeatedPtrField<onnx::ValueInfoProto> &inputs,
              Nodes &nodes) {
    const std::string &name = input.name();
    const onnx::TypeProto *type = &input.type();
    bool isOptional = type->has_optional_type();
    if (isOptional)
      type = &type->optional_type().elem_type();
    onnx::TypeProto whole = *type;
    bool isSequence = type->has_sequence_type();
    if (isSequence)
      type = &type->sequence_type().elem_type();
    if (!type->has_tensor_type())
      throw ImportError("input '" + name +
                        "' is neither a tensor nor a sequence of some, which "
                        "is not supported");
    int64_t count = countOf(name, isSequence);
    onnx::NodeProto at;
    at.set_name(name);
    if (count == 0 && isOptional) {
      auto &attr = *addNode(nodes, at, "Optional", {}, {name}).add_attribute();
      attr.set_name("type");
      attr.set_type(onnx::AttributeProto::TYPE_PROTO);
      *attr.mutable_tp() = whole;
      return;
    }
    std::vector<std::string> elements;
    for (int64_t i = 0; i < count; ++i) {
      onnx::ValueInfoProto &element = *inputs.Add();
      element.set_name(isSequence ? name + "." + std::to_string(i) : name);
      *element.mutable_type() = *type;
      elements.push_back(element.name());
      giveShape(element, isSequence);
    }
    if (!isSequence)
      return;
    if (count)
      addNode(nodes, at, "SequenceConstruct", elements, {name});
    else
      setInt(addNode(nodes, at, "SequenceEmpty", {}, {name}), "dtype",
             type->tensor_type().elem_type());
  }

  int64_t countOf(const std::string &input, bool isSequence) {
    std::string name = countName(input);
    for (const auto &[given, value] : options.dims)
      if (given == name) {
        if (value < 0 || value > (isSequence ? maxFoldedElements : 1))
          throw ImportError::usage("--dim " + name + "=" +
                                   std::to_string(value) + ": input '" + input +
                                   "' can not have so many tensors");
        counts.insert(name);
        return value;
      }
    throw ImportError::usage(
        "input '" + input + "' is " +
        (isSequence ? "a sequence: say how many tensors it has, by --dim '"
                    : "optional: say whether it is there, by --dim '") +
        name + "=1' " + (isSequence ? "(or another number)" : "(or 0)"));
  }

  /// Tensors of a sequence need not have the same shape, whatever names it has.
  void giveShape(onnx::ValueInfoProto &element, bool isSequence) {
    auto &tensor = *element.mutable_type()->mutable_tensor_type();
    auto given = options.shapes.find(element.name());
    if (!tensor.has_shape() && given == options.shapes.end())
      throw ImportError::usage("input '" + element.name() +
                               "' has no shape: add --shape " + element.name() +
                               "=N (with its sizes, separated by 'x')");
    if (!tensor.has_shape())
      for (size_t i = 0; i < given->second.size(); ++i)
        tensor.mutable_shape()->add_dim();
    tensor.mutable_shape(); // (of none that has no dimensions, too)
    if (isSequence)
      for (auto &dim : *tensor.mutable_shape()->mutable_dim())
        if (isNamed(dim))
          dim.clear_dim_param();
  }

  void collectInputs() {
    std::set<std::string> initializers;
    for (const TensorProto &tensor : graph.initializer())
      initializers.insert(tensor.name());
    // Inputs with a default are constants for us: drop them from the inputs.
    google::protobuf::RepeatedPtrField<onnx::ValueInfoProto> kept;
    for (onnx::ValueInfoProto &input : *graph.mutable_input())
      if (!initializers.count(input.name()))
        *kept.Add() = std::move(input);
    graph.mutable_input()->Swap(&kept);
    for (onnx::ValueInfoProto &input : *graph.mutable_input()) {
      order.push_back(input.name());
      checkPort(input, "input");
      inputs[input.name()] =
          input.mutable_type()->mutable_tensor_type()->mutable_shape();
      elemTypes[input.name()] = input.type().tensor_type().elem_type();
      for (const auto &dim : input.type().tensor_type().shape().dim())
        if (isNamed(dim))
          dimNames.insert(dim.dim_param());
    }
    if (graph.output_size() == 0)
      throw ImportError("the model has no outputs");
    std::set<std::string> outputs;
    for (const onnx::ValueInfoProto &output : graph.output()) {
      if (!tensorOf(output.type()))
        throw ImportError("output '" + output.name() +
                          "' is neither a tensor nor a sequence of some, "
                          "which is not supported");
      if (!outputs.insert(output.name()).second)
        throw ImportError("the output '" + output.name() +
                          "' is listed more than once");
    }
  }

  void checkPort(const onnx::ValueInfoProto &port, const char *kind) {
    std::string what = std::string(kind) + " '" + port.name() + "'";
    if (!port.type().has_tensor_type())
      throw ImportError(what + " is not a tensor, which is not supported");
    if (!port.type().tensor_type().has_shape())
      throw ImportError(what + " has no shape");
    if (!elemTypeBits(port.type().tensor_type().elem_type()))
      throw ImportError(what + " has the element type " +
                        elemTypeName(port.type().tensor_type().elem_type()) +
                        ", which is not supported");
  }

  std::vector<std::string> inputNames() {
    std::vector<std::string> names;
    for (const auto &input : graph.input())
      names.push_back("'" + input.name() + "'");
    return names;
  }

  void checkNames() {
    auto check = [&](const std::string &flag, const std::string &name) {
      if (!inputs.count(name))
        throw ImportError::usage(flag + " " + name +
                                 "=...: the model has no input of this name; "
                                 "its inputs are " +
                                 join(inputNames(), ", "));
    };
    for (const auto &[name, shape] : options.shapes)
      check("--shape", name);
    for (const auto &[name, file] : options.binds) {
      check("--bind", name);
      if (options.shapes.count(name))
        throw ImportError::usage("input '" + name +
                                 "' has both --shape and --bind");
    }
    for (const auto &[name, file] : options.expects) {
      check("--expect", name);
      if (options.shapes.count(name) || options.binds.count(name))
        throw ImportError::usage(
            "input '" + name + "' has --expect and " +
            (options.binds.count(name) ? "--bind" : "--shape"));
    }
    for (const auto &[name, value] : options.dims)
      checkDim(name, "--dim " + name + "=" + std::to_string(value), false);
    for (const auto &[name, value] : options.maxDims) {
      checkDim(name, maxDimFlag(name, value), true);
      for (const auto &[other, fixed] : options.dims)
        if (other == name)
          throw ImportError::usage("the dimension '" + name +
                                   "' has both --dim and --max-dim");
    }
  }

  bool isElement(const std::string &name) const {
    auto element = elementName(name);
    return element && !dimNames.count(name) &&
           (inputs.count(element->input) || results.count(element->input));
  }

  /// Collects what nodes make, those of nested graphs, too, and how dimensions
  /// of results are called.
  void collectResults(const onnx::GraphProto &nodes) {
    for (const onnx::NodeProto &node : nodes.node()) {
      results.insert(node.output().begin(), node.output().end());
      for (const auto &attr : node.attribute())
        if (attr.has_g())
          collectResults(attr.g());
    }
    for (const auto *infos : {&nodes.value_info(), &nodes.output()})
      for (const auto &info : *infos) {
        ResultBounds &result = model.resultBounds[info.name()];
        result.names.clear();
        for (const auto &dim : info.type().tensor_type().shape().dim())
          result.names.push_back(isNamed(dim) ? dim.dim_param() : "");
      }
  }

  /// Takes a bound of a dimension of a result, by its name or as "result:2";
  /// false where there is none.
  bool boundResult(const std::string &name, int64_t value) {
    bool isFound = false;
    for (auto &[result, known] : model.resultBounds)
      for (size_t d = 0; d < known.names.size(); ++d)
        if (!known.names[d].empty() && known.names[d] == name) {
          known.bounds[int64_t(d)] = value;
          isFound = true;
        }
    size_t colon = name.rfind(':');
    if (isFound || colon == std::string::npos || colon + 1 == name.size() ||
        name.size() - colon > 4 || !results.count(name.substr(0, colon)) ||
        name.find_first_not_of("0123456789", colon + 1) != std::string::npos)
      return isFound;
    int64_t dim = std::stoll(name.substr(colon + 1));
    model.resultBounds[name.substr(0, colon)].bounds[dim] = value;
    return true;
  }

  void checkDim(const std::string &name, const std::string &flag, bool isMost) {
    if (isElement(name) || counts.count(name))
      return;
    if (!dimNames.count(name) && isMost &&
        boundResult(name, options.maxDims.at(name)))
      return;
    if (!dimNames.count(name)) {
      std::vector<std::string> names;
      for (const std::string &known : dimNames)
        names.push_back("'" + known + "'");
      throw ImportError::usage(
          flag + ": the model's inputs have no dimension of this name; " +
          (names.empty() ? "they have no named dimensions at all"
                         : "the named ones are " + join(names, ", ")));
    }
  }

  void bindDim(const std::string &name, int64_t value,
               const std::string &source) {
    if (value < 0)
      throw ImportError::usage(source + ": a dimension cannot be negative");
    auto [entry, inserted] = dims.insert({name, {value, source}});
    if (!inserted && entry->second.first != value)
      throw ImportError::usage(source + " makes the dimension '" + name + "' " +
                               std::to_string(value) + ", but " +
                               entry->second.second + " makes it " +
                               std::to_string(entry->second.first));
  }

  void bindShape(const std::string &name, const std::vector<int64_t> &shape,
                 const std::string &source) {
    onnx::TensorShapeProto &declared = *inputs.at(name);
    if (declared.dim_size() != static_cast<int>(shape.size()))
      throw ImportError::usage(source + ": the shape has rank " +
                               std::to_string(shape.size()) +
                               ", but the input '" + name + "' has rank " +
                               std::to_string(declared.dim_size()) + " (" +
                               declaredShape(declared) + ")");
    for (int i = 0; i < declared.dim_size(); ++i) {
      auto &dim = *declared.mutable_dim(i);
      if (shape[i] < 0)
        throw ImportError::usage(source + ": a dimension cannot be negative");
      if (isStatic(dim) && dim.dim_value() != shape[i])
        throw ImportError::usage(source + ": dimension " + std::to_string(i) +
                                 " is " + std::to_string(shape[i]) +
                                 ", but the model fixes it to " +
                                 std::to_string(dim.dim_value()));
      if (isNamed(dim))
        bindDim(dim.dim_param(), shape[i], source);
      dim.set_dim_value(shape[i]);
    }
  }

  /// Makes an input a constant; `keep`: it stays an input of the program.
  void bindArray(const std::string &name, const std::string &file,
                 const std::string &flag, bool keep) {
    std::string source = flag + " " + name + "=" + file;
    NpyArray array;
    try {
      auto picture = model.pictures.find(name);
      array = picture == model.pictures.end()
                  ? readNpy(file, elemTypes.at(name))
                  : readPicture(file, picture->second);
    } catch (ImportError &error) {
      error.failure.message = source + ": " + error.failure.message;
      throw;
    }
    bindShape(name, array.type.dims, source);
    TensorProto &tensor = *graph.add_initializer();
    tensor.set_name(name);
    tensor.set_data_type(array.type.elemType);
    for (int64_t dim : array.type.dims)
      tensor.add_dims(dim);
    // short ones inline: a bound shape or index tensor must be readable
    if (array.payload.size <= 65536)
      tensor.set_raw_data(std::string(array.payload.data, array.payload.size));
    else
      makeStub(model, tensor, std::move(array.payload));
    if (keep) {
      if (isStub(tensor))
        throw ImportError::usage(source + ": the program would have to hold " +
                                 "more than 64 KiB to compare with");
      setRange(name, tensor, tensor);
    }
    removeInput(name);
    if (elements.count(name))
      throw ImportError::usage("input '" + name + "' has " + flag +
                               ", and one of its elements --dim or --max-dim");
  }

  void removeInput(const std::string &name) {
    for (int i = 0; i < graph.input_size(); ++i)
      if (graph.input(i).name() == name) {
        graph.mutable_input()->DeleteSubrange(i, 1);
        break;
      }
    inputs.erase(name);
  }

  void setRange(const std::string &name, const TensorProto &least,
                const TensorProto &most) {
    Port &port = ranges[name];
    port.name = name;
    port.type.elemType = least.data_type();
    port.type.dims.assign(least.dims().begin(), least.dims().end());
    port.least = least;
    port.most = most;
    port.isConstant = least.SerializeAsString() == most.SerializeAsString();
  }

  /// Notes what an option says of an element of an input; false where it says
  /// something of a dimension.
  bool noteElement(const std::string &name, int64_t least, int64_t most) {
    if (!isElement(name))
      return false;
    ElementName element = *elementName(name);
    if (!inputs.count(element.input)) {
      model.limited[element.input][element.element] = {least, most};
      return true;
    }
    elements[element.input][element.element] = {least, most};
    return true;
  }

  /// Gives an input the range of values that its elements have.
  void
  bindElements(const std::string &name,
               const std::map<int64_t, std::pair<int64_t, int64_t>> &ranges) {
    Value least;
    least.elemType = elemTypes.at(name);
    for (const auto &dim : inputs.at(name)->dim())
      least.dims.push_back(dim.dim_value());
    if (least.isFloat()) { // what its elements are in the end is computed with
      model.limited[name] = ranges;
      return;
    }
    if (!isFoldable(least.elemType))
      throw ImportError::usage("the elements of input '" + name +
                               "' are no numbers: --dim and --max-dim can "
                               "not be about one (--expect can be about all)");
    int64_t count =
        checkedElements(least.dims, least.elemType, "input '" + name + "'");
    if (count > maxFoldedElements)
      throw ImportError::usage("input '" + name + "' has more than " +
                               std::to_string(maxFoldedElements) +
                               " elements: --dim and --max-dim can not be "
                               "about them");
    if (ranges.rbegin()->first >= count)
      throw ImportError::usage(
          "input '" + name + "' has " + std::to_string(count) +
          " elements (the first one is [0]), none of which is [" +
          std::to_string(ranges.rbegin()->first) + "]");
    Value most = least;
    for (int64_t i = 0; i < count; ++i) {
      auto range = ranges.find(i);
      std::string element = name + "[" + std::to_string(i) + "]";
      if (range == ranges.end())
        throw ImportError::usage("nothing is known of element " +
                                 std::to_string(i) + " of input '" + name +
                                 "'; add --dim " + element +
                                 "=1 (or another value), or --max-dim " +
                                 element + "=1 (or another bound)");
      least.ints.push_back(range->second.first);
      most.ints.push_back(range->second.second);
    }
    setRange(name, writeValue(least, name), writeValue(most, name));
    if (readValue(*this->ranges[name].most).ints != most.ints)
      throw ImportError::usage("a value that --dim or --max-dim gives an "
                               "element of input '" +
                               name + "' does not fit its type");
    if (!this->ranges[name].isConstant)
      return;
    *graph.add_initializer() = *this->ranges[name].least;
    removeInput(name);
  }

  /// The number of a dimension's extent.
  int64_t extentOf(const std::string &name) {
    auto [entry, isNew] = extents.insert({name, model.numExtents});
    model.numExtents += isNew;
    return entry->second;
  }

  void applyDims() {
    for (auto &input : *graph.mutable_input()) {
      const auto &declared = input.type().tensor_type().shape();
      std::vector<int64_t> numbers;
      for (const auto &dim : declared.dim())
        numbers.push_back(isNamed(dim) && options.maxDims.count(dim.dim_param())
                              ? extentOf(dim.dim_param())
                              : -1);
      bounded[input.name()] = std::move(numbers);
    }
    for (auto &[name, shape] : inputs)
      for (auto &dim : *shape->mutable_dim())
        if (isNamed(dim)) {
          auto found = dims.find(dim.dim_param());
          if (found != dims.end())
            dim.set_dim_value(found->second.first);
        }
  }

  void complainAboutUnbound() {
    std::vector<std::string> open, flags;
    std::set<std::string> shown;
    bool placeholder = false;
    for (const auto &input : graph.input()) {
      const auto &shape = input.type().tensor_type().shape();
      bool unnamed = false;
      for (int i = 0; i < shape.dim_size(); ++i) {
        const auto &dim = shape.dim(i);
        if (isStatic(dim))
          continue;
        unnamed |= !isNamed(dim);
        open.push_back((isNamed(dim) ? "'" + dim.dim_param() + "'"
                                     : std::string("an unnamed one")) +
                       " (dimension " + std::to_string(i) + " of input '" +
                       input.name() + "')");
      }
      if (unnamed) {
        std::vector<std::string> parts;
        for (const auto &dim : shape.dim())
          parts.push_back(isStatic(dim) ? std::to_string(dim.dim_value())
                                        : "N");
        flags.push_back("--shape " + input.name() + "=" + join(parts, "x"));
        placeholder = true;
        for (const auto &dim : shape.dim())
          if (isNamed(dim))
            shown.insert(dim.dim_param()); // the shape binds it as well
      }
    }
    for (const auto &input : graph.input())
      for (const auto &dim : input.type().tensor_type().shape().dim())
        if (!isStatic(dim) && isNamed(dim) &&
            shown.insert(dim.dim_param()).second)
          flags.push_back("--dim " + dim.dim_param() + "=1");
    if (open.empty())
      return;
    throw ImportError::usage(
        "dimensions without a size: " + join(open, ", ") + "; add " +
        join(flags, " ") +
        (placeholder ? " (with a number for each N)" : " (or other sizes)"));
  }

  void record() {
    std::map<std::string, const onnx::ValueInfoProto *> infos;
    for (const auto &input : graph.input())
      infos[input.name()] = &input;
    for (const std::string &name : order) {
      auto range = ranges.find(name);
      auto info = infos.find(name);
      Port port;
      if (range != ranges.end())
        port = range->second;
      else if (info == infos.end())
        continue; // bound
      for (int64_t number : bounded[name])
        if (number >= 0)
          port.extents = bounded[name];
      if (range == ranges.end()) {
        port.name = name;
        if (auto picture = model.pictures.find(name);
            picture != model.pictures.end())
          port.pixels = picture->second;
        const auto &type = info->second->type().tensor_type();
        port.type.elemType = type.elem_type();
        for (const auto &dim : type.shape().dim())
          port.type.dims.push_back(dim.dim_value());
      }
      checkedElements(port.type.dims, port.type.elemType,
                      "input '" + port.name + "'");
      model.inputs.push_back(std::move(port));
    }
    bool asked = !options.dims.empty() || !options.maxDims.empty() ||
                 !options.shapes.empty() || !options.binds.empty() ||
                 !options.expects.empty();
    for (auto &output : *graph.mutable_output()) {
      Port port;
      port.name = output.name();
      if (!output.type().has_tensor_type()) {
        port.type.elemType = tensorOf(output.type())->elem_type();
        port.type.dims.assign(1, -2);
        model.outputs.push_back(std::move(port)); // until it is known
        continue;
      }
      auto &type = *output.mutable_type()->mutable_tensor_type();
      port.type.elemType = type.elem_type();
      // What we infer counts. Declared sizes are often stale where the user
      // chose the inputs' shapes, and symbols mean nothing any more.
      for (const auto &dim : type.shape().dim())
        port.type.dims.push_back(
            isStatic(dim) && !asked && dim.dim_value() ? dim.dim_value() : -1);
      if (!type.has_shape())
        port.type.dims.assign(1, -2); // unknown rank
      type.clear_shape();
      model.outputs.push_back(std::move(port));
    }
  }

  Model &model;
  onnx::GraphProto &graph;
  const LoadOptions &options;
  std::map<std::string, onnx::TensorShapeProto *> inputs;
  std::map<std::string, int> elemTypes;
  std::set<std::string> dimNames;
  /// The names of how many tensors inputs have, as far as that is said.
  std::set<std::string> counts;
  /// What nodes make.
  std::set<std::string> results;
  std::map<std::string, std::pair<int64_t, std::string>> dims;
  /// The numbers of extents by dimension, and those of each input.
  std::map<std::string, int64_t> extents;
  std::map<std::string, std::vector<int64_t>> bounded;
  /// The inputs as the model has them.
  std::vector<std::string> order;
  /// Of elements of inputs: the least and the largest value.
  std::map<std::string, std::map<int64_t, std::pair<int64_t, int64_t>>>
      elements;
  /// Inputs whose values are not free.
  std::map<std::string, Port> ranges;
};

} // namespace

void dlc::importer::bindInputs(Model &model, const LoadOptions &options) {
  Binder(model, options).run();
}
