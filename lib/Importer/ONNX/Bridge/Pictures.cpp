//===- Pictures.cpp - ImageDecoder, and files for --bind ------------------===//
//
// A picture is decoded where a program reads it, not by a kernel: an input that
// ImageDecoder takes becomes one of pixels, whose height and width can have
// bounds as the dimensions of any input.
//
//===----------------------------------------------------------------------===//

#include "Internal.h"

#include "Pictures.h"

#include "dlc/Runtime/dlc_abi.h"

#include <cstdlib>
#include <cstring>
#include <mutex>
#include <set>

using namespace dlc::importer;
using onnx::GraphProto;
using onnx::NodeProto;
using onnx::TensorProto;

namespace {

int64_t channelsOf(const std::string &pixels) {
  return pixels == "Grayscale" ? 1 : 3;
}

uint32_t orderOf(const std::string &pixels) {
  return pixels == "RGB"   ? DLC_PIXELS_RGB
         : pixels == "BGR" ? DLC_PIXELS_BGR
                           : DLC_PIXELS_GREY;
}

/// Memory aligned as dlc_picture asks for.
class PictureMemory {
public:
  explicit PictureMemory(dlc_picture &picture, uint64_t height, uint64_t width)
      : memory(nullptr, std::free) {
    picture.memory_bytes = dlc_picture_memory_bytes(height, width);
    memory.reset(std::aligned_alloc(64, picture.memory_bytes));
    if (!memory)
      throw std::bad_alloc();
    picture.memory = memory.get();
  }

private:
  std::unique_ptr<void, void (*)(void *)> memory;
};

class PictureInputs {
public:
  explicit PictureInputs(Model &model)
      : model(model), graph(*model.proto.mutable_graph()) {}

  void run() {
    for (const auto &info : graph.value_info())
      declared[info.name()] = &info.type();
    for (const auto &output : graph.output())
      declared[output.name()] = &output.type();
    for (NodeProto &node : *graph.mutable_node()) {
      for (const auto &attr : node.attribute()) {
        refuseWithin(attr.g());
        for (const GraphProto &nested : attr.graphs())
          refuseWithin(nested);
      }
      if (isDecoder(node))
        replace(node);
    }
    for (const auto &[input, pixels] : model.pictures)
      checkUses(input);
  }

private:
  static bool isDecoder(const NodeProto &node) {
    return node.op_type() == "ImageDecoder" && node.domain().empty();
  }

  /// Those in loops and branches.
  static void refuseWithin(const GraphProto &nested) {
    for (const NodeProto &node : nested.node()) {
      if (isDecoder(node))
        throw ImportError("pictures are decoded before a run, but this node "
                          "is in the body of a loop or a branch; move it to "
                          "the graph around it",
                          node);
      for (const auto &attr : node.attribute()) {
        refuseWithin(attr.g());
        for (const GraphProto &deeper : attr.graphs())
          refuseWithin(deeper);
      }
    }
  }

  /// Makes an Identity of a node.
  void replace(NodeProto &node) {
    std::string pixels = "RGB";
    if (const onnx::AttributeProto *format = attribute(node, "pixel_format"))
      pixels = format->s();
    if (pixels != "RGB" && pixels != "BGR" && pixels != "Grayscale")
      throw ImportError("the pixel_format '" + oneLine(pixels) +
                            "' is not RGB, BGR or Grayscale",
                        node);
    if (const TensorProto *bytes = constant(node.input(0)))
      decodeConstant(node, *bytes, pixels);
    else
      changeInput(node, pixels);
    decoded.insert(&node);
    node.set_op_type("Identity");
    node.clear_attribute();
  }

  const TensorProto *constant(const std::string &name) {
    for (const TensorProto &tensor : graph.initializer())
      if (tensor.name() == name)
        return &tensor;
    for (NodeProto &node : *graph.mutable_node())
      if (node.op_type() == "Constant" && node.output_size() == 1 &&
          node.output(0) == name)
        for (const auto &attr : node.attribute())
          if (attr.has_t())
            return &attr.t();
    return nullptr;
  }

  void decodeConstant(NodeProto &node, const TensorProto &bytes,
                      const std::string &pixels) {
    if (bytes.data_type() != TensorProto::UINT8)
      throw ImportError("it decodes " + elemTypeName(bytes.data_type()) +
                            " instead of bytes (uint8)",
                        node);
    NpyArray array;
    try {
      array = decodePicture(payloadOf(model, bytes), pixels);
    } catch (ImportError &error) {
      throw ImportError(error.failure.message, node);
    }
    std::string name = node.output(0) + ".pixels";
    while (constant(name))
      name += "_";
    TensorProto &tensor = *graph.add_initializer();
    tensor.set_name(name);
    tensor.set_data_type(TensorProto::UINT8);
    for (int64_t dim : array.type.dims)
      tensor.add_dims(dim);
    makeStub(model, tensor, std::move(array.payload));
    node.set_input(0, name);
  }

  /// Makes the operand of a node an input of pixels.
  void changeInput(const NodeProto &node, const std::string &pixels) {
    const std::string &name = node.input(0);
    onnx::ValueInfoProto *input = nullptr;
    for (onnx::ValueInfoProto &each : *graph.mutable_input())
      if (each.name() == name)
        input = &each;
    if (!input)
      throw ImportError("it decodes '" + name +
                            "', which the model computes; pictures are decoded "
                            "before a run, so they have to be inputs",
                        node);
    auto &type = *input->mutable_type()->mutable_tensor_type();
    auto [known, isNew] = model.pictures.insert({name, pixels});
    if (!isNew) {
      if (known->second != pixels)
        throw ImportError("it decodes the input '" + name + "' to " + pixels +
                              ", which another node decodes to " +
                              known->second +
                              "; make it an input of its own, or flip the "
                              "channels",
                          node);
      return;
    }
    if (type.elem_type() != TensorProto::UINT8)
      throw ImportError("its operand, the input '" + name +
                            "', is not of bytes (uint8)",
                        node);
    *type.mutable_shape() = shapeOf(node, name, channelsOf(pixels));
  }

  /// Height, width and channels: what the model says of the node's result, else
  /// dimensions with names of their own.
  onnx::TensorShapeProto shapeOf(const NodeProto &node,
                                 const std::string &input, int64_t channels) {
    onnx::TensorShapeProto shape;
    auto found = declared.find(node.output(0));
    if (found != declared.end() &&
        found->second->tensor_type().shape().dim_size() == 3)
      shape = found->second->tensor_type().shape();
    while (shape.dim_size() < 3)
      shape.add_dim();
    for (int i = 0; i < 2; ++i) {
      auto &dim = *shape.mutable_dim(i);
      if (!dim.has_dim_value() && dim.dim_param().empty())
        dim.set_dim_param(input + (i ? "_width" : "_height"));
    }
    shape.mutable_dim(2)->set_dim_value(channels);
    return shape;
  }

  /// The encoded bytes are not there for anybody else.
  void checkUses(const std::string &input) {
    for (const auto &output : graph.output())
      if (output.name() == input)
        throw ImportError("the input '" + input +
                          "' is decoded by ImageDecoder and also an output, "
                          "which is not supported");
    checkUses(graph, input, decoded);
  }

  /// `allowed`: the nodes that were decoders.
  static void checkUses(const GraphProto &graph, const std::string &input,
                        const std::set<const NodeProto *> &allowed) {
    for (const NodeProto &node : graph.node()) {
      for (const std::string &operand : node.input())
        if (operand == input && !allowed.count(&node))
          throw ImportError("it takes the input '" + input +
                                "' as bytes, which ImageDecoder decodes: "
                                "programs have only the decoded picture",
                            node);
      for (const auto &attr : node.attribute()) {
        checkUses(attr.g(), input, allowed);
        for (const GraphProto &nested : attr.graphs())
          checkUses(nested, input, allowed);
      }
    }
  }

  Model &model;
  GraphProto &graph;
  std::map<std::string, const onnx::TypeProto *> declared;
  std::set<const NodeProto *> decoded;
};

} // namespace

NpyArray dlc::importer::decodePicture(const Payload &bytes,
                                      const std::string &pixels) {
  static std::mutex decoder; // has one memory
  std::lock_guard<std::mutex> lock(decoder);
  dlc_picture picture = {};
  picture.bytes = reinterpret_cast<const unsigned char *>(bytes.data);
  picture.num_bytes = bytes.size;
  dlc_error error;
  {
    PictureMemory memory(picture, 0, 0);
    if (dlc_picture_measure(&picture, &error))
      throw ImportError(error.text);
  }
  NpyArray array;
  array.type.elemType = TensorProto::UINT8;
  array.type.dims = {picture.height, picture.width, channelsOf(pixels)};
  array.dtype = "|u1";
  int64_t elements =
      checkedElements(array.type.dims, TensorProto::UINT8, "the picture");
  auto decoded = std::make_shared<std::string>(elements, '\0');
  PictureMemory memory(picture, picture.height, picture.width);
  if (dlc_picture_decode(&picture, orderOf(pixels),
                         reinterpret_cast<unsigned char *>(decoded->data()),
                         &error))
    throw ImportError(error.text);
  array.payload.data = decoded->data();
  array.payload.size = decoded->size();
  array.payload.owner = std::move(decoded);
  return array;
}

NpyArray dlc::importer::readPicture(const std::string &path,
                                    const std::string &pixels) {
  Payload file = mapFile(path);
  if (file.size > 6 && std::memcmp(file.data, "\x93NUMPY", 6) == 0) {
    NpyArray array = readNpy(path, TensorProto::UINT8);
    if (array.type.dims.size() != 1)
      return array; // of pixels
    file = array.payload;
  }
  try {
    return decodePicture(file, pixels);
  } catch (ImportError &error) {
    throw ImportError::usage("'" + path + "': " + error.failure.message);
  }
}

void dlc::importer::takePictures(Model &model) { PictureInputs(model).run(); }
