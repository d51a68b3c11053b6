//===- Array.cpp - Numbers in memory and in .npy files --------------------===//

#include "dlc/Frontend/Array.h"

#include "Npy.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <limits>
#include <unistd.h>

using namespace dlc;

/// Throws where a shape has no size in bytes.
static size_t countElements(DType dtype, const Ints &shape) {
  uint64_t elements = 1;
  for (int64_t size : shape) {
    if (size < 0)
      throw Error("an array of " + describe(dtype, shape) +
                  " has a negative size");
    if (__builtin_mul_overflow(elements, static_cast<uint64_t>(size),
                               &elements))
      throw Error("an array of " + describe(dtype, shape) + " is too large");
  }
  if (elements > std::numeric_limits<int64_t>::max() / getSize(dtype))
    throw Error("an array of " + describe(dtype, shape) + " is too large");
  return elements;
}

Array::Array(DType dtype, Ints shape) : type(dtype), extents(std::move(shape)) {
  size_t size = countElements(type, extents) * getSize(type);
  // Memory of at least one byte, a whole number of cache lines.
  size_t rounded = (size / 64 + 1) * 64;
  void *address = std::aligned_alloc(64, rounded);
  if (!address)
    throw Error("there is no memory for an array of " +
                describe(type, extents));
  std::memset(address, 0, rounded);
  memory = std::shared_ptr<void>(address, std::free);
}

Array Array::copy(const void *data, DType dtype, Ints shape) {
  Array array(dtype, std::move(shape));
  array.copyFrom(data, array.elements());
  return array;
}

Array Array::view(const void *data, DType dtype, Ints shape,
                  const std::shared_ptr<const void> &owner) {
  countElements(dtype, shape);
  if (!data)
    throw Error("an array of " + describe(dtype, shape) + " has no memory");
  Array array;
  array.type = dtype;
  array.extents = std::move(shape);
  array.memory = std::shared_ptr<const void>(owner, data);
  return array;
}

/// Rounds to a float of `bits` significant ones whose smallest normal number is
/// 0.5 * 2^minExponent.
static double roundToFloat(double value, int bits, int minExponent) {
  if (!std::isfinite(value))
    return value;
  int exponent = 0;
  std::frexp(value, &exponent);
  exponent = std::max(exponent, minExponent) - bits;
  return std::ldexp(std::nearbyint(std::ldexp(value, -exponent)), exponent);
}

template <typename T>
static void storeInteger(double value, DType dtype, void *to) {
  // The largest value itself may not be a double, one more is.
  double end = std::ldexp(1.0, std::numeric_limits<T>::digits);
  double begin = std::numeric_limits<T>::is_signed ? -end : 0;
  if (!(value >= begin && value < end) || value != std::floor(value))
    throw Error(std::to_string(value) + " is no number of " + getName(dtype));
  *static_cast<T *>(to) = static_cast<T>(value);
}

template <typename T>
static void store(T value, void *to) {
  std::memcpy(to, &value, sizeof(T));
}

Array Array::scalar(double value, DType dtype) {
  Array array(dtype, {});
  void *to = array.data();
  switch (dtype) {
  case DType::Bool:
    store<bool>(value != 0, to);
    break;
  case DType::I8:
    storeInteger<int8_t>(value, dtype, to);
    break;
  case DType::I16:
    storeInteger<int16_t>(value, dtype, to);
    break;
  case DType::I32:
    storeInteger<int32_t>(value, dtype, to);
    break;
  case DType::I64:
    storeInteger<int64_t>(value, dtype, to);
    break;
  case DType::U8:
    storeInteger<uint8_t>(value, dtype, to);
    break;
  case DType::U16:
    storeInteger<uint16_t>(value, dtype, to);
    break;
  case DType::U32:
    storeInteger<uint32_t>(value, dtype, to);
    break;
  case DType::U64:
    storeInteger<uint64_t>(value, dtype, to);
    break;
  case DType::F16:
    store(
        static_cast<_Float16>(static_cast<float>(roundToFloat(value, 11, -13))),
        to);
    break;
  case DType::BF16: {
    auto rounded = static_cast<float>(roundToFloat(value, 8, -125));
    uint32_t bits;
    std::memcpy(&bits, &rounded, sizeof(bits));
    store(static_cast<uint16_t>(bits >> 16), to);
    break;
  }
  case DType::F32:
    store(static_cast<float>(value), to);
    break;
  case DType::F64:
    store(value, to);
    break;
  }
  return array;
}

size_t Array::elements() const {
  size_t elements = memory ? 1 : 0;
  for (int64_t size : extents)
    elements *= size;
  return elements;
}

void Array::copyFrom(const void *data, size_t count) {
  if (count != elements())
    throw Error("an array of " + describe(type, extents) + " holds " +
                std::to_string(elements()) + " numbers, and " +
                std::to_string(count) + " are given");
  if (count)
    std::memcpy(this->data(), data, bytes());
}

const void *Array::checked(DType wanted) const {
  if (type != wanted)
    throw Error("an array of " + describe(type, extents) + " is read as " +
                getName(wanted));
  return memory.get();
}

//===----------------------------------------------------------------------===//
// .npy
//===----------------------------------------------------------------------===//

/// The header of a .npy file: its type and shape. Throws where it is none.
static dlc_npy_header readNpyHeader(const std::string &path) {
  std::ifstream file(path, std::ios::binary);
  if (!file)
    throw Error("cannot open '" + path + "': " + std::strerror(errno));
  unsigned char start[12] = {};
  file.read(reinterpret_cast<char *>(start), 10);
  if (file.gcount() != 10 || std::memcmp(start, "\x93NUMPY", 6) != 0 ||
      start[6] < 1 || start[6] > 3)
    throw Error("'" + path + "' is not a valid .npy file: no NumPy header");
  size_t length = start[8] | size_t(start[9]) << 8;
  if (start[6] > 1) {
    file.read(reinterpret_cast<char *>(start + 10), 2);
    length |= size_t(start[10]) << 16 | size_t(start[11]) << 24;
  }
  if (!file || length > DLC_NPY_MAX_HEADER)
    throw Error("'" + path +
                "' is not a valid .npy file: its header is too "
                "long or cut off");
  std::string text(length, '\0');
  file.read(text.data(), static_cast<std::streamsize>(length));
  dlc_npy_header header;
  dlc_error error;
  if (static_cast<size_t>(file.gcount()) != length)
    throw Error("'" + path +
                "' is not a valid .npy file: its header is cut "
                "off");
  if (dlc_npy_parse_header(text.data(), text.size(), &header, &error))
    throw Error("'" + path + "' is not a valid .npy file: " + error.text);
  return header;
}

Array dlc::loadNpy(const std::string &path) {
  std::string descr = readNpyHeader(path).descr;
  for (uint32_t code = DLC_DTYPE_BOOL; code <= DLC_DTYPE_F64; ++code) {
    const dlc_dtype_info *info = dlc_dtype_lookup(code);
    // The first character is the order of bytes, which the reader looks at.
    if (info && code != DLC_DTYPE_BF16 && descr.size() > 1 &&
        descr.substr(1) == info->numpy + 1)
      return loadNpy(path, static_cast<DType>(code));
  }
  throw Error("'" + path + "' holds elements of the type '" + descr +
              "', which is not supported");
}

Array dlc::loadNpy(const std::string &path, DType dtype) {
  dlc_npy_header header = readNpyHeader(path);
  Ints shape(header.shape, header.shape + header.rank);
  // Before there is memory for what the header promises.
  std::error_code code;
  uint64_t size = std::filesystem::file_size(path, code);
  if (code || countElements(dtype, shape) * getSize(dtype) > size)
    throw Error("'" + path +
                "' is not a valid .npy file: it is too short for " +
                describe(dtype, shape));
  Array array(dtype, std::move(shape));
  dlc_tensor_info info = {"an array",
                          static_cast<uint32_t>(dtype),
                          header.rank,
                          array.shape().data(),
                          array.bytes(),
                          nullptr,
                          0};
  dlc_error error;
  if (dlc_npy_read(path.c_str(), &info, array.data(), &error))
    throw Error(error.text);
  return array;
}

void dlc::saveNpy(const std::string &path, const Array &array) {
  if (!array)
    throw Error("'" + path + "': there is no array to write");
  int file = open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (file < 0)
    throw Error("cannot write '" + path + "': " + std::strerror(errno));
  dlc_tensor_info info = {"array",
                          static_cast<uint32_t>(array.dtype()),
                          static_cast<uint32_t>(array.shape().size()),
                          array.shape().data(),
                          array.bytes(),
                          nullptr,
                          0};
  int failure = dlc_npy_write(file, &info, array.data());
  if (close(file) && !failure)
    failure = errno;
  if (failure)
    throw Error("cannot write '" + path + "': " + std::strerror(failure));
}
