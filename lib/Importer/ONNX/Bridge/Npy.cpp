//===- Npy.cpp - Reads .npy files for --bind ------------------------------===//

#include "Internal.h"

#include <cstring>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace dlc::importer;
using onnx::TensorProto;

namespace {

struct Mapping {
  void *address = nullptr;
  size_t size = 0;
  ~Mapping() {
    if (address)
      munmap(address, size);
  }
};

/// How numpy spells the type that carries `elemType`; types that numpy lacks
/// travel as unsigned integers of their width, narrow ones one a byte.
const char *carrierType(int elemType) {
  switch (elemType) {
  case TensorProto::FLOAT:
    return "<f4";
  case TensorProto::DOUBLE:
    return "<f8";
  case TensorProto::FLOAT16:
    return "<f2";
  case TensorProto::BFLOAT16:
  case TensorProto::UINT16:
    return "<u2";
  case TensorProto::INT16:
    return "<i2";
  case TensorProto::INT32:
    return "<i4";
  case TensorProto::UINT32:
    return "<u4";
  case TensorProto::INT64:
    return "<i8";
  case TensorProto::UINT64:
    return "<u8";
  case TensorProto::BOOL:
    return "|b1";
  case TensorProto::INT8:
  case TensorProto::INT4:
  case TensorProto::INT2:
    return "|i1";
  case TensorProto::UINT8:
  case TensorProto::UINT4:
  case TensorProto::UINT2:
  case TensorProto::FLOAT8E4M3FN:
  case TensorProto::FLOAT8E4M3FNUZ:
  case TensorProto::FLOAT8E5M2:
  case TensorProto::FLOAT8E5M2FNUZ:
  case TensorProto::FLOAT8E8M0:
  case TensorProto::FLOAT4E2M1:
    return "|u1";
  case TensorProto::COMPLEX64:
    return "<c8";
  case TensorProto::COMPLEX128:
    return "<c16";
  default:
    return nullptr;
  }
}

/// Reads the Python dict literal of a header: three known keys.
class HeaderParser {
public:
  explicit HeaderParser(const std::string &text) : text(text) {}

  bool parse(std::string &descr, bool &fortran, std::vector<int64_t> &shape) {
    bool seen[3] = {false, false, false};
    if (!take('{'))
      return false;
    while (!take('}')) {
      std::string key;
      if (!quoted(key) || !take(':'))
        return false;
      if (key == "descr" && !seen[0]) {
        seen[0] = quoted(descr);
        if (!seen[0])
          return false;
      } else if (key == "fortran_order" && !seen[1]) {
        seen[1] = true;
        if (word("True"))
          fortran = true;
        else if (word("False"))
          fortran = false;
        else
          return false;
      } else if (key == "shape" && !seen[2]) {
        seen[2] = tuple(shape);
        if (!seen[2])
          return false;
      } else {
        return false;
      }
      take(',');
    }
    skip();
    return seen[0] && seen[1] && seen[2] && at == text.size();
  }

private:
  void skip() {
    while (at < text.size() && (text[at] == ' ' || text[at] == '\n'))
      ++at;
  }
  bool take(char c) {
    skip();
    if (at >= text.size() || text[at] != c)
      return false;
    ++at;
    return true;
  }
  bool word(const char *w) {
    skip();
    if (text.compare(at, std::strlen(w), w) != 0)
      return false;
    at += std::strlen(w);
    return true;
  }
  bool quoted(std::string &value) {
    skip();
    if (at >= text.size() || (text[at] != '\'' && text[at] != '"'))
      return false;
    size_t end = text.find(text[at], at + 1);
    if (end == std::string::npos)
      return false;
    value = text.substr(at + 1, end - at - 1);
    at = end + 1;
    return true;
  }
  bool tuple(std::vector<int64_t> &shape) {
    if (!take('('))
      return false;
    while (!take(')')) {
      skip();
      size_t start = at;
      int64_t value = 0;
      while (at < text.size() && text[at] >= '0' && text[at] <= '9') {
        if (at - start >= 18)
          return false;
        value = value * 10 + (text[at++] - '0');
      }
      if (at == start)
        return false;
      shape.push_back(value);
      if (!take(',')) {
        if (!take(')'))
          return false;
        break;
      }
    }
    return true;
  }

  const std::string &text;
  size_t at = 0;
};

} // namespace

Payload dlc::importer::mapFile(const std::string &path) {
  int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0)
    throw ImportError::usage("cannot open '" + path +
                             "': " + std::strerror(errno));
  struct stat status;
  auto mapping = std::make_shared<Mapping>();
  bool good = fstat(fd, &status) == 0 && S_ISREG(status.st_mode);
  if (good && status.st_size > 0) {
    void *address =
        mmap(nullptr, status.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    good = address != MAP_FAILED;
    if (good) {
      mapping->address = address;
      mapping->size = status.st_size;
    }
  }
  close(fd);
  if (!good)
    throw ImportError::usage("cannot read '" + path + "': not a regular file");
  Payload file;
  file.data = static_cast<const char *>(mapping->address);
  file.size = mapping->size;
  file.owner = std::move(mapping);
  return file;
}

NpyArray dlc::importer::readNpy(const std::string &path, int elemType) {
  Payload file = mapFile(path);
  auto bytes = reinterpret_cast<const unsigned char *>(file.data);
  auto corrupt = [&](const char *why) {
    return ImportError::usage("'" + path +
                              "' is not a valid .npy file: " + why);
  };
  if (file.size < 10 || std::memcmp(bytes, "\x93NUMPY", 6) != 0)
    throw corrupt("no NumPy header");
  size_t start = bytes[6] == 1 ? 10 : 12;
  if (bytes[6] < 1 || bytes[6] > 3 || file.size < start)
    throw corrupt("unknown version");
  size_t length = bytes[8] | size_t(bytes[9]) << 8;
  if (start == 12)
    length |= size_t(bytes[10]) << 16 | size_t(bytes[11]) << 24;
  if (length > file.size - start)
    throw corrupt("the header is truncated");
  std::string header(reinterpret_cast<const char *>(bytes) + start, length);
  NpyArray array;
  bool fortran = false;
  if (!HeaderParser(header).parse(array.dtype, fortran, array.type.dims))
    throw corrupt("the header is malformed");

  const char *expected = carrierType(elemType);
  std::string found = array.dtype;
  // single bytes have no order; numpy writes '|', other writers '<'
  if (found.size() == 3 && found[2] == '1' &&
      (found[0] == '<' || found[0] == '='))
    found[0] = '|';
  if (!expected || found != expected)
    throw ImportError::usage("'" + path + "' has the element type '" +
                             array.dtype + "', but " + elemTypeName(elemType) +
                             (expected
                                  ? std::string(" needs '") + expected + "'"
                                  : " cannot be read from .npy"));
  size_t large = 0;
  for (int64_t dim : array.type.dims)
    large += dim > 1;
  if (fortran && large > 1)
    throw ImportError::usage("'" + path +
                             "' is in Fortran order; save it "
                             "through numpy.ascontiguousarray");
  array.type.elemType = elemType;
  int64_t elements = 0;
  try {
    elements = checkedElements(array.type.dims, elemType, "'" + path + "'");
  } catch (ImportError &error) {
    error.failure.usage = true;
    throw;
  }
  bool narrow = elemTypeBits(elemType) < 8;
  uint64_t wanted = narrow ? elements : packedBytes(elements, elemType);
  uint64_t have = file.size - start - length;
  if (have != wanted)
    throw ImportError::usage("'" + path + "' holds " + std::to_string(have) +
                             " bytes of data, but its shape " +
                             shapeString(array.type.dims) + " needs " +
                             std::to_string(wanted));
  const char *data = reinterpret_cast<const char *>(bytes) + start + length;
  if (!narrow) {
    array.payload.data = data;
    array.payload.size = wanted;
    array.payload.owner = std::move(file.owner);
    return array;
  }
  // ONNX packs narrow types, lowest bits first
  unsigned bits = elemTypeBits(elemType), perByte = 8 / bits;
  auto packed =
      std::make_shared<std::string>(packedBytes(elements, elemType), '\0');
  for (int64_t i = 0; i < elements; ++i)
    (*packed)[i / perByte] |= (data[i] & ((1 << bits) - 1))
                              << (i % perByte * bits);
  array.payload.data = packed->data();
  array.payload.size = packed->size();
  array.payload.owner = std::move(packed);
  return array;
}
