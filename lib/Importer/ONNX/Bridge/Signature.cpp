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

class Binder {
public:
  Binder(Model &model, const LoadOptions &options)
      : model(model), graph(*model.proto.mutable_graph()), options(options) {}

  void run() {
    collectInputs();
    checkNames();
    for (const auto &[name, value] : options.dims)
      if (!noteElement(name, value, value))
        bindDim(name, value, "--dim " + name + "=" + std::to_string(value));
    for (const auto &[name, value] : options.maxDims)
      if (!noteElement(name, 0, value))
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
      if (!output.type().has_tensor_type())
        throw ImportError("output '" + output.name() +
                          "' is not a tensor, which is not supported");
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
      checkDim(name, "--dim " + name + "=" + std::to_string(value));
    for (const auto &[name, value] : options.maxDims) {
      checkDim(name, maxDimFlag(name, value));
      for (const auto &[other, fixed] : options.dims)
        if (other == name)
          throw ImportError::usage("the dimension '" + name +
                                   "' has both --dim and --max-dim");
    }
  }

  bool isElement(const std::string &name) const {
    auto element = elementName(name);
    return element && !dimNames.count(name) && inputs.count(element->input);
  }

  void checkDim(const std::string &name, const std::string &flag) {
    if (isElement(name))
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
    if (!isFoldable(least.elemType) || least.isFloat())
      throw ImportError::usage("the elements of input '" + name +
                               "' are no integers: --dim and --max-dim can "
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
