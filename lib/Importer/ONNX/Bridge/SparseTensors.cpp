//===- SparseTensors.cpp - Constants that are stored by their elements ----===//
//
// A sparse constant becomes a dense one: what reads it does so in any order.
//
//===----------------------------------------------------------------------===//

#include "Internal.h"

#include <cstring>

using namespace dlc::importer;
using onnx::SparseTensorProto;
using onnx::TensorProto;

/// A few bytes of a model can state any size.
static constexpr uint64_t maxDenseTensorBytes = uint64_t(1) << 30;

/// Where the elements are: one position in memory each, or (of a matrix) one
/// index a dimension.
static std::vector<int64_t> readPositions(const Model &model,
                                          const SparseTensorProto &sparse,
                                          const std::vector<int64_t> &dims,
                                          const std::string &what) {
  const TensorProto &indices = sparse.indices();
  size_t count = sparse.values().dims(0), rank = dims.size();
  std::optional<std::vector<int64_t>> read = intsOf(model, indices);
  bool isMatrix = indices.dims_size() == 2;
  if (indices.data_type() != TensorProto::INT64 || !read ||
      read->size() != (isMatrix ? count * rank : count))
    throw ImportError(what + ": the indices do not fit the values");
  std::vector<int64_t> positions;
  for (size_t i = 0; i < count; ++i) {
    int64_t position = 0;
    for (size_t d = 0; d < (isMatrix ? rank : 0); ++d) {
      int64_t index = (*read)[i * rank + d];
      if (index < 0 || index >= dims[d])
        throw ImportError(what + ": the index " + std::to_string(index) +
                          " is out of range for a dimension of " +
                          std::to_string(dims[d]));
      position = position * dims[d] + index;
    }
    positions.push_back(isMatrix ? position : (*read)[i]);
  }
  return positions;
}

TensorProto dlc::importer::denseTensor(Model &model,
                                       const SparseTensorProto &sparse,
                                       const std::string &what) {
  const TensorProto &values = sparse.values();
  int type = values.data_type();
  unsigned bits = elemTypeBits(type);
  std::vector<int64_t> dims(sparse.dims().begin(), sparse.dims().end());
  if (!bits || values.dims_size() != 1)
    throw ImportError(what + ": the values are no vector of numbers");
  int64_t elements = checkedElements(dims, type, what);
  uint64_t bytes = packedBytes(elements, type);
  if (bytes > maxDenseTensorBytes)
    throw ImportError(what + " is a sparse tensor of " + std::to_string(bytes) +
                      " bytes when it is dense, more than the " +
                      std::to_string(maxDenseTensorBytes) + " supported");
  Payload payload = payloadOf(model, values);
  std::string dense(bytes, '\0');
  uint64_t number = 0;
  for (int64_t position : readPositions(model, sparse, dims, what)) {
    if (position < 0 || position >= elements)
      throw ImportError(what + ": the position " + std::to_string(position) +
                        " is out of range for " + std::to_string(elements) +
                        " elements");
    if (bits >= 8) {
      std::memcpy(&dense[position * (bits / 8)],
                  payload.data + number * (bits / 8), bits / 8);
    } else { // lowest bits first
      unsigned perByte = 8 / bits, mask = (1u << bits) - 1;
      unsigned value =
          static_cast<unsigned char>(payload.data[number / perByte]) >>
              (number % perByte * bits) &
          mask;
      unsigned shift = position % perByte * bits;
      char &byte = dense[position / perByte];
      byte = static_cast<char>((byte & ~(mask << shift)) | value << shift);
    }
    ++number;
  }
  TensorProto tensor;
  tensor.set_name(values.name());
  tensor.set_data_type(type);
  for (int64_t dim : dims)
    tensor.add_dims(dim);
  tensor.set_raw_data(std::move(dense));
  return tensor;
}
