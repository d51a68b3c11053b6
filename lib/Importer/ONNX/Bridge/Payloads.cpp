//===- Payloads.cpp - Tensor bytes: checked, moved aside ------------------===//
//
// libonnx copies a model several times while it normalises it. So the bytes of
// large tensors move to a table first (moved or mapped, never copied), and
// stubs stay in the model: external tensors whose location is an index into the
// table.
//
//===----------------------------------------------------------------------===//

#include "Internal.h"

#include "onnx/checker.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace dlc::importer;
using onnx::TensorProto;

static Payload takePayload(TensorProto &tensor);

namespace {

/// Tensors up to this size stay in the model: schemas and adapters read their
/// values (axes, shapes, scales).
constexpr uint64_t maxInlineBytes = 1024;
/// Integer tensors may be longer: libonnx insists on reading shapes and
/// indices.
constexpr uint64_t maxInlineIntBytes = 65536;

struct ElemType {
  int type;
  const char *name;
  unsigned bits;
};

const ElemType elemTypes[] = {
    {TensorProto::FLOAT, "float32", 32},
    {TensorProto::UINT8, "uint8", 8},
    {TensorProto::INT8, "int8", 8},
    {TensorProto::UINT16, "uint16", 16},
    {TensorProto::INT16, "int16", 16},
    {TensorProto::INT32, "int32", 32},
    {TensorProto::INT64, "int64", 64},
    {TensorProto::STRING, "string", 0},
    {TensorProto::BOOL, "bool", 8},
    {TensorProto::FLOAT16, "float16", 16},
    {TensorProto::DOUBLE, "float64", 64},
    {TensorProto::UINT32, "uint32", 32},
    {TensorProto::UINT64, "uint64", 64},
    {TensorProto::COMPLEX64, "complex64", 64},
    {TensorProto::COMPLEX128, "complex128", 128},
    {TensorProto::BFLOAT16, "bfloat16", 16},
    {TensorProto::FLOAT8E4M3FN, "float8e4m3fn", 8},
    {TensorProto::FLOAT8E4M3FNUZ, "float8e4m3fnuz", 8},
    {TensorProto::FLOAT8E5M2, "float8e5m2", 8},
    {TensorProto::FLOAT8E5M2FNUZ, "float8e5m2fnuz", 8},
    {TensorProto::UINT4, "uint4", 4},
    {TensorProto::INT4, "int4", 4},
    {TensorProto::FLOAT4E2M1, "float4e2m1", 4},
    {TensorProto::FLOAT8E8M0, "float8e8m0", 8},
    {TensorProto::UINT2, "uint2", 2},
    {TensorProto::INT2, "int2", 2},
};

const ElemType *findElemType(int type) {
  for (const ElemType &entry : elemTypes)
    if (entry.type == type)
      return &entry;
  return nullptr;
}

bool isInteger(int type) {
  return type == TensorProto::INT64 || type == TensorProto::INT32;
}

/// A file mapped for reading, shared by the tensors that lie in it.
struct Mapping {
  void *address = nullptr;
  size_t size = 0;
  ~Mapping() {
    if (address)
      munmap(address, size);
  }
};

class Extractor {
public:
  Extractor(Model &model, const std::string &baseDir)
      : model(model), baseDir(baseDir) {}

  void run() {
    visit(*model.proto.mutable_graph());
    for (onnx::FunctionProto &function : *model.proto.mutable_functions())
      for (onnx::NodeProto &node : *function.mutable_node())
        visit(node);
  }

private:
  void visit(onnx::GraphProto &graph) {
    for (onnx::SparseTensorProto &sparse : *graph.mutable_sparse_initializer())
      *graph.add_initializer() = makeDense(
          sparse, "sparse initializer '" + sparse.values().name() + "'");
    graph.clear_sparse_initializer();
    for (TensorProto &tensor : *graph.mutable_initializer())
      visit(tensor, "initializer '" + tensor.name() + "'");
    for (onnx::NodeProto &node : *graph.mutable_node())
      visit(node);
  }

  void visit(onnx::NodeProto &node) try {
    for (onnx::AttributeProto &attribute : *node.mutable_attribute()) {
      std::string what = "attribute '" + attribute.name() + "'";
      if (attribute.sparse_tensors_size())
        throw ImportError(what + " has sparse tensors, which is not supported",
                          node);
      if (attribute.has_sparse_tensor()) {
        TensorProto dense = makeDense(*attribute.mutable_sparse_tensor(), what);
        attribute.clear_sparse_tensor();
        *attribute.mutable_t() = std::move(dense);
        attribute.set_type(onnx::AttributeProto::TENSOR);
        if (node.op_type() == "Constant")
          attribute.set_name("value");
      }
      if (attribute.has_t())
        visit(*attribute.mutable_t(), what);
      for (TensorProto &tensor : *attribute.mutable_tensors())
        visit(tensor, what);
      if (attribute.has_g())
        visit(*attribute.mutable_g());
      for (onnx::GraphProto &graph : *attribute.mutable_graphs())
        visit(graph);
    }
  } catch (ImportError &error) {
    if (error.failure.node.empty()) {
      error.failure.node = displayName(node);
      error.failure.op = node.op_type();
    }
    throw;
  }

  TensorProto makeDense(onnx::SparseTensorProto &sparse,
                        const std::string &what) {
    visit(*sparse.mutable_values(), what);
    visit(*sparse.mutable_indices(), what);
    return denseTensor(model, sparse, what);
  }

  void visit(TensorProto &tensor, const std::string &what) {
    int type = tensor.data_type();
    const ElemType *info = findElemType(type);
    if (!info)
      throw ImportError(what + " has the unknown element type " +
                        std::to_string(type));
    if (tensor.has_segment())
      throw ImportError(what + " is split into segments, which is not "
                               "supported");
    std::vector<int64_t> dims(tensor.dims().begin(), tensor.dims().end());
    int64_t elements = checkedElements(dims, type, what);
    if (!info->bits)
      return; // strings are refused where they are used
    uint64_t bytes = packedBytes(elements, type);
    bool small = bytes <= maxInlineBytes ||
                 (isInteger(type) && bytes <= maxInlineIntBytes);
    if (tensor.data_location() == TensorProto::EXTERNAL) {
      Payload payload = openExternal(tensor, bytes, what);
      if (small) {
        tensor.clear_external_data();
        tensor.clear_data_location();
        tensor.set_raw_data(std::string(payload.data, payload.size));
        return;
      }
      makeStub(model, tensor, std::move(payload));
      return;
    }
    checkInlineSize(tensor, elements, bytes, what);
    if (!small)
      makeStub(model, tensor, takePayload(tensor));
  }

  void checkInlineSize(const TensorProto &tensor, int64_t elements,
                       uint64_t bytes, const std::string &what) {
    auto complain = [&](uint64_t found, const char *unit, uint64_t wanted) {
      throw ImportError(
          what + " has " + std::to_string(found) + " " + unit +
          " of data, but its type " + elemTypeName(tensor.data_type()) +
          " and shape " +
          shapeString({tensor.dims().begin(), tensor.dims().end()}) + " need " +
          std::to_string(wanted));
    };
    if (tensor.has_raw_data()) {
      if (tensor.raw_data().size() != bytes)
        complain(tensor.raw_data().size(), "bytes", bytes);
      return;
    }
    uint64_t found = 0, wanted = elements;
    switch (tensor.data_type()) {
    case TensorProto::FLOAT:
      found = tensor.float_data_size();
      break;
    case TensorProto::COMPLEX64:
      found = tensor.float_data_size();
      wanted = 2 * uint64_t(elements);
      break;
    case TensorProto::DOUBLE:
      found = tensor.double_data_size();
      break;
    case TensorProto::COMPLEX128:
      found = tensor.double_data_size();
      wanted = 2 * uint64_t(elements);
      break;
    case TensorProto::INT64:
      found = tensor.int64_data_size();
      break;
    case TensorProto::UINT32:
    case TensorProto::UINT64:
      found = tensor.uint64_data_size();
      break;
    default: // everything else travels in int32_data, narrow types packed
      found = tensor.int32_data_size();
      if (elemTypeBits(tensor.data_type()) < 8)
        wanted = bytes;
    }
    if (found != wanted)
      complain(found, "elements", wanted);
  }

  static uint64_t parseNumber(const std::string &text, const std::string &what,
                              const char *key) {
    uint64_t value = 0;
    bool good = !text.empty() && text.size() <= 18;
    for (char c : text) {
      good = good && c >= '0' && c <= '9';
      if (good)
        value = value * 10 + (c - '0');
    }
    if (!good)
      throw ImportError(what + " has the external data " + key + " '" + text +
                        "', which is not a byte count");
    return value;
  }

  Payload openExternal(const TensorProto &tensor, uint64_t bytes,
                       const std::string &what) {
    std::string location, offsetText, lengthText;
    for (const auto &entry : tensor.external_data()) {
      if (entry.key() == "location")
        location = entry.value();
      else if (entry.key() == "offset")
        offsetText = entry.value();
      else if (entry.key() == "length")
        lengthText = entry.value();
    }
    if (baseDir.empty())
      throw ImportError(what + " is stored in the external file '" + location +
                        "', but the model does not come from a file");
    if (location.find('\0') != std::string::npos)
      throw ImportError(what + " has an external location with a NUL byte");
    uint64_t offset =
        offsetText.empty() ? 0 : parseNumber(offsetText, what, "offset");
    uint64_t length =
        lengthText.empty() ? bytes : parseNumber(lengthText, what, "length");
    if (length != bytes)
      throw ImportError(
          what + " has " + std::to_string(length) +
          " bytes of external data, but its type " +
          elemTypeName(tensor.data_type()) + " and shape " +
          shapeString({tensor.dims().begin(), tensor.dims().end()}) + " need " +
          std::to_string(bytes));
    std::shared_ptr<Mapping> mapping = map(location, what);
    if (offset > mapping->size || bytes > mapping->size - offset)
      throw ImportError(what + " lies at bytes " + std::to_string(offset) +
                        " to " + std::to_string(offset + bytes) +
                        " of the external file '" + location +
                        "', which has only " + std::to_string(mapping->size));
    Payload payload;
    payload.data = static_cast<const char *>(mapping->address) + offset;
    payload.size = bytes;
    payload.owner = std::move(mapping);
    return payload;
  }

  std::shared_ptr<Mapping> map(const std::string &location,
                               const std::string &what) {
    std::shared_ptr<Mapping> &mapping = mappings[location];
    if (mapping)
      return mapping;
    // Refuses absolute paths, '..', symbolic and hard links.
    int fd = -1;
    try {
      fd = static_cast<int>(
          onnx::checker::open_external_data(baseDir, location, what, true));
    } catch (const std::exception &error) {
      throw ImportError(what + " has the external file '" + location +
                        "', which is refused: " + oneLine(error.what()));
    }
    struct stat status;
    bool regular = fstat(fd, &status) == 0 && S_ISREG(status.st_mode);
    auto result = std::make_shared<Mapping>();
    if (regular && status.st_size > 0) {
      void *address =
          mmap(nullptr, status.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
      if (address == MAP_FAILED) {
        regular = false;
      } else {
        result->address = address;
        result->size = status.st_size;
      }
    }
    close(fd);
    if (!regular)
      throw ImportError(what + " has the external file '" + location +
                        "', which cannot be read");
    mapping = std::move(result);
    return mapping;
  }

  Model &model;
  const std::string &baseDir;
  std::map<std::string, std::shared_ptr<Mapping>> mappings;
};

/// Takes over a repeated field whose memory is already the raw layout.
template <typename Field>
Payload adoptField(Field &field) {
  auto owner = std::make_shared<Field>();
  owner->Swap(&field);
  Payload payload;
  payload.data = reinterpret_cast<const char *>(owner->data());
  payload.size = owner->size() * sizeof(*owner->data());
  payload.owner = std::move(owner);
  return payload;
}

/// Narrows the elements of a repeated field to `bytes` bytes each.
template <typename Field>
std::string narrowField(const Field &field, unsigned bytes) {
  std::string result;
  result.reserve(size_t(field.size()) * bytes);
  for (auto value : field)
    result.append(reinterpret_cast<const char *>(&value), bytes);
  return result;
}

std::string narrowInts(const TensorProto &tensor) {
  unsigned bits = elemTypeBits(tensor.data_type());
  return narrowField(tensor.int32_data(), bits < 8 ? 1 : bits / 8);
}

Payload adoptString(std::string text) {
  auto owner = std::make_shared<std::string>(std::move(text));
  Payload payload;
  payload.data = owner->data();
  payload.size = owner->size();
  payload.owner = std::move(owner);
  return payload;
}

} // namespace

std::string dlc::importer::elemTypeName(int type) {
  if (const ElemType *info = findElemType(type))
    return info->name;
  return "element type " + std::to_string(type);
}

unsigned dlc::importer::elemTypeBits(int type) {
  const ElemType *info = findElemType(type);
  return info ? info->bits : 0;
}

uint64_t dlc::importer::packedBytes(int64_t elements, int type) {
  uint64_t bits = elemTypeBits(type);
  if (bits >= 8)
    return uint64_t(elements) * (bits / 8);
  uint64_t perByte = bits ? 8 / bits : 1;
  return (uint64_t(elements) + perByte - 1) / perByte;
}

std::string dlc::importer::shapeString(const std::vector<int64_t> &dims) {
  if (dims.empty())
    return "scalar";
  std::string text;
  for (int64_t dim : dims)
    text += (text.empty() ? "" : "x") + std::to_string(dim);
  return text;
}

int64_t dlc::importer::checkedElements(const std::vector<int64_t> &dims,
                                       int elemType, const std::string &what) {
  // No later phase has to fear an overflow when it computes sizes.
  constexpr uint64_t maxBytes = uint64_t(1) << 40;
  int64_t limit = int64_t(maxBytes * 8 / std::max(8u, elemTypeBits(elemType)));
  int64_t elements = 1;
  bool overflow = false;
  for (int64_t dim : dims) {
    if (dim < 0)
      throw ImportError(what + " has the negative dimension " +
                        std::to_string(dim) + " in its shape " +
                        shapeString(dims));
    if (dim != 0 && elements > limit / dim)
      overflow = true;
    elements = overflow ? elements : elements * dim;
  }
  if (overflow) {
    // a zero dimension makes the tensor empty whatever the others are
    for (int64_t dim : dims)
      if (dim == 0)
        return 0;
    throw ImportError(what + " has the shape " + shapeString(dims) +
                      ", which is larger than the limit of 1 TiB");
  }
  return elements;
}

void dlc::importer::extractPayloads(Model &model, const std::string &baseDir) {
  Extractor(model, baseDir).run();
}

void dlc::importer::makeStub(Model &model, TensorProto &tensor,
                             Payload payload) {
  tensor.clear_raw_data();
  tensor.clear_float_data();
  tensor.clear_int32_data();
  tensor.clear_int64_data();
  tensor.clear_double_data();
  tensor.clear_uint64_data();
  tensor.clear_external_data();
  tensor.set_data_location(TensorProto::EXTERNAL);
  auto *entry = tensor.add_external_data();
  entry->set_key("location");
  entry->set_value(std::to_string(model.payloads.size()));
  model.payloads.push_back(std::move(payload));
}

bool dlc::importer::isStub(const TensorProto &tensor) {
  return tensor.data_location() == TensorProto::EXTERNAL;
}

std::string dlc::importer::rawBytes(const TensorProto &tensor) {
  if (tensor.has_raw_data())
    return tensor.raw_data();
  switch (tensor.data_type()) {
  case TensorProto::FLOAT:
  case TensorProto::COMPLEX64:
    return narrowField(tensor.float_data(), 4);
  case TensorProto::DOUBLE:
  case TensorProto::COMPLEX128:
    return narrowField(tensor.double_data(), 8);
  case TensorProto::INT64:
    return narrowField(tensor.int64_data(), 8);
  case TensorProto::UINT64:
    return narrowField(tensor.uint64_data(), 8);
  case TensorProto::UINT32:
    return narrowField(tensor.uint64_data(), 4);
  default:
    return narrowInts(tensor);
  }
}

/// Moves the bytes of an inline tensor out of it.
static Payload takePayload(TensorProto &tensor) {
  if (tensor.has_raw_data()) {
    std::shared_ptr<std::string> owner(tensor.release_raw_data());
    Payload payload;
    payload.data = owner->data();
    payload.size = owner->size();
    payload.owner = std::move(owner);
    return payload;
  }
  switch (tensor.data_type()) {
  case TensorProto::FLOAT:
  case TensorProto::COMPLEX64:
    return adoptField(*tensor.mutable_float_data());
  case TensorProto::DOUBLE:
  case TensorProto::COMPLEX128:
    return adoptField(*tensor.mutable_double_data());
  case TensorProto::INT64:
    return adoptField(*tensor.mutable_int64_data());
  case TensorProto::UINT64:
    return adoptField(*tensor.mutable_uint64_data());
  case TensorProto::INT32:
    return adoptField(*tensor.mutable_int32_data());
  default:
    return adoptString(rawBytes(tensor));
  }
}

Payload dlc::importer::payloadOf(const Model &model,
                                 const TensorProto &tensor) {
  if (!isStub(tensor))
    return adoptString(rawBytes(tensor));
  size_t index = 0;
  for (const auto &entry : tensor.external_data())
    if (entry.key() == "location")
      index = std::strtoull(entry.value().c_str(), nullptr, 10);
  return index < model.payloads.size() ? model.payloads[index] : Payload();
}

std::optional<std::vector<int64_t>>
dlc::importer::intsOf(const Model &model, const TensorProto &tensor) {
  Payload payload = payloadOf(model, tensor);
  auto read = [&](auto sample) {
    using T = decltype(sample);
    std::vector<int64_t> values(payload.size / sizeof(T));
    for (size_t i = 0; i < values.size(); ++i) {
      T value;
      std::memcpy(&value, payload.data + i * sizeof(T), sizeof(T));
      values[i] = static_cast<int64_t>(value);
    }
    return values;
  };
  switch (tensor.data_type()) {
  case TensorProto::INT64:
  case TensorProto::UINT64:
    return read(int64_t());
  case TensorProto::INT32:
    return read(int32_t());
  case TensorProto::UINT32:
    return read(uint32_t());
  case TensorProto::INT16:
    return read(int16_t());
  case TensorProto::UINT16:
    return read(uint16_t());
  case TensorProto::INT8:
    return read(int8_t());
  case TensorProto::UINT8:
  case TensorProto::BOOL:
    return read(uint8_t());
  default:
    return std::nullopt;
  }
}

std::optional<std::vector<double>>
dlc::importer::floatsOf(const Model &model, const TensorProto &tensor) {
  if (auto ints = intsOf(model, tensor))
    return std::vector<double>(ints->begin(), ints->end());
  Payload payload = payloadOf(model, tensor);
  auto read = [&](auto sample, auto decode) {
    using T = decltype(sample);
    std::vector<double> values(payload.size / sizeof(T));
    for (size_t i = 0; i < values.size(); ++i) {
      T value;
      std::memcpy(&value, payload.data + i * sizeof(T), sizeof(T));
      values[i] = decode(value);
    }
    return values;
  };
  auto same = [](auto value) { return static_cast<double>(value); };
  switch (tensor.data_type()) {
  case TensorProto::FLOAT:
    return read(float(), same);
  case TensorProto::DOUBLE:
    return read(double(), same);
  case TensorProto::BFLOAT16:
    return read(uint16_t(), [](uint16_t bits) {
      uint32_t wide = uint32_t(bits) << 16;
      float value;
      std::memcpy(&value, &wide, 4);
      return double(value);
    });
  case TensorProto::FLOAT16:
    return read(uint16_t(), [](uint16_t bits) {
      int exponent = bits >> 10 & 31;
      double fraction = bits & 1023, value;
      if (exponent == 31)
        value = fraction ? NAN : INFINITY;
      else if (exponent == 0)
        value = std::ldexp(fraction, -24);
      else
        value = std::ldexp(1024 + fraction, exponent - 25);
      return bits >> 15 ? -value : value;
    });
  default:
    return std::nullopt;
  }
}
