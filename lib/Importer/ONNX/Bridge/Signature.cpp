//===- Signature.cpp - Inputs and outputs, and what the user says of them -===//

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

class Binder {
public:
  Binder(Model &model, const LoadOptions &options)
      : model(model), graph(*model.proto.mutable_graph()), options(options) {}

  void run() {
    collectInputs();
    checkNames();
    for (const auto &[name, value] : options.dims)
      bindDim(name, value, "--dim " + name + "=" + std::to_string(value));
    for (const auto &[name, value] : options.maxDims)
      bindDim(name, value, maxDimFlag(name, value));
    for (const auto &[name, shape] : options.shapes)
      bindShape(name, shape, "--shape " + name + "=" + shapeString(shape));
    for (const auto &[name, file] : options.binds)
      bindArray(name, file);
    applyDims();
    complainAboutUnbound();
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

  void checkDim(const std::string &name, const std::string &flag) {
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

  void bindArray(const std::string &name, const std::string &file) {
    std::string source = "--bind " + name + "=" + file;
    NpyArray array;
    try {
      array = readNpy(file, elemTypes.at(name));
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
    for (int i = 0; i < graph.input_size(); ++i)
      if (graph.input(i).name() == name) {
        graph.mutable_input()->DeleteSubrange(i, 1);
        break;
      }
    inputs.erase(name);
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
      bounded.push_back(std::move(numbers));
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
    for (const auto &input : graph.input()) {
      Port port;
      const auto &numbers = bounded[model.inputs.size()];
      for (int64_t number : numbers)
        if (number >= 0)
          port.extents = numbers;
      port.name = input.name();
      port.type.elemType = input.type().tensor_type().elem_type();
      for (const auto &dim : input.type().tensor_type().shape().dim())
        port.type.dims.push_back(dim.dim_value());
      checkedElements(port.type.dims, port.type.elemType,
                      "input '" + port.name + "'");
      model.inputs.push_back(std::move(port));
    }
    bool asked = !options.dims.empty() || !options.maxDims.empty() ||
                 !options.shapes.empty() || !options.binds.empty();
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
  std::vector<std::vector<int64_t>> bounded;
};

} // namespace

void dlc::importer::bindInputs(Model &model, const LoadOptions &options) {
  Binder(model, options).run();
}
