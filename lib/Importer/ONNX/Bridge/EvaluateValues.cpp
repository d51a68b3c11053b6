//===- EvaluateValues.cpp - Small known tensors read and written ----------===//

#include "Evaluate.h"
#include "Half.h"
#include "Internal.h"

#include <cstring>
#include <numeric>

using namespace dlc::importer;
using onnx::TensorProto;

int64_t dlc::importer::wrap(int64_t value, int type) {
  switch (type) {
  case TensorProto::BOOL:
    return value != 0;
  case TensorProto::INT32:
    return static_cast<int32_t>(value);
  case TensorProto::INT16:
    return static_cast<int16_t>(value);
  case TensorProto::INT8:
    return static_cast<int8_t>(value);
  case TensorProto::UINT8:
    return static_cast<uint8_t>(value);
  case TensorProto::UINT16:
    return static_cast<uint16_t>(value);
  case TensorProto::UINT32:
    return static_cast<uint32_t>(value);
  default:
    return value;
  }
}

bool Value::isFloat() const {
  return elemType == TensorProto::FLOAT || elemType == TensorProto::DOUBLE ||
         halfFormat(elemType).has_value();
}

bool dlc::importer::isFoldable(int type) {
  switch (type) {
  case TensorProto::FLOAT:
  case TensorProto::DOUBLE:
  case TensorProto::FLOAT16:
  case TensorProto::BFLOAT16:
  case TensorProto::BOOL:
  case TensorProto::INT8:
  case TensorProto::INT16:
  case TensorProto::INT32:
  case TensorProto::INT64:
  case TensorProto::UINT8:
  case TensorProto::UINT16:
  case TensorProto::UINT32:
    return true;
  default:
    return false;
  }
}

Value dlc::importer::makeValue(int type, std::vector<int64_t> dims) {
  Value value;
  value.elemType = type;
  size_t elements = std::accumulate(dims.begin(), dims.end(), int64_t(1),
                                    std::multiplies<int64_t>());
  value.dims = std::move(dims);
  if (value.isFloat())
    value.floats.resize(elements);
  else
    value.ints.resize(elements);
  return value;
}

Value dlc::importer::readValue(const TensorProto &tensor) {
  Value value = makeValue(tensor.data_type(),
                          {tensor.dims().begin(), tensor.dims().end()});
  std::string raw = rawBytes(tensor);
  unsigned bytes = elemTypeBits(tensor.data_type()) / 8;
  for (size_t i = 0; i < value.size(); ++i) {
    if (value.isFloat()) {
      if (auto half = halfFormat(value.elemType)) {
        uint16_t bits;
        std::memcpy(&bits, raw.data() + i * 2, 2);
        value.floats[i] = fromHalfBits(bits, *half);
      } else if (bytes == 4) {
        float single;
        std::memcpy(&single, raw.data() + i * 4, 4);
        value.floats[i] = single;
      } else {
        std::memcpy(&value.floats[i], raw.data() + i * 8, 8);
      }
    } else {
      uint64_t bits = 0; // little-endian host
      std::memcpy(&bits, raw.data() + i * bytes, bytes);
      value.ints[i] = wrap(int64_t(bits), value.elemType);
    }
  }
  return value;
}

TensorProto dlc::importer::writeValue(const Value &value,
                                      const std::string &name) {
  TensorProto tensor;
  tensor.set_name(name);
  tensor.set_data_type(value.elemType);
  for (int64_t dim : value.dims)
    tensor.add_dims(dim);
  unsigned bytes = elemTypeBits(value.elemType) / 8;
  std::string raw(value.size() * bytes, '\0');
  for (size_t i = 0; i < value.size(); ++i) {
    if (auto half = halfFormat(value.elemType)) {
      uint16_t bits = halfBits(value.floats[i], *half);
      std::memcpy(raw.data() + i * 2, &bits, 2);
    } else if (value.isFloat() && bytes == 4) {
      float single = static_cast<float>(value.floats[i]);
      std::memcpy(raw.data() + i * 4, &single, 4);
    } else if (value.isFloat()) {
      std::memcpy(raw.data() + i * 8, &value.floats[i], 8);
    } else {
      std::memcpy(raw.data() + i * bytes, &value.ints[i], bytes);
    }
  }
  tensor.set_raw_data(std::move(raw));
  return tensor;
}
