//===- Safetensors.cpp - Reads .safetensors files -------------------------===//
//
// Eight bytes with the length of a JSON object, the object, then the numbers:
//   {"name": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}, …}
// The parser knows exactly this form (and "__metadata__", an object of
// strings), so nothing in a file can nest deeper.
//
//===----------------------------------------------------------------------===//

#include "dlc/Frontend/Array.h"

#include <algorithm>
#include <cstring>
#include <fcntl.h>
#include <string_view>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace dlc;

namespace {

/// Longest header that is accepted, as by the format's own library.
constexpr uint64_t maxHeader = 100'000'000;

struct Entry {
  std::string dtype;
  Ints shape;
  uint64_t begin = 0, end = 0;
};

class HeaderParser {
public:
  HeaderParser(std::string_view text, std::string file)
      : text(text), file(std::move(file)) {}

  std::map<std::string, Entry> parse() {
    std::map<std::string, Entry> entries;
    parseObject([&](const std::string &key) {
      if (key == "__metadata__") {
        parseObject([&](const std::string &) { parseString(); });
        return;
      }
      if (!entries.emplace(key, parseEntry()).second)
        fail("the tensor '" + key + "' is there twice");
    });
    skipSpace();
    if (at != text.size())
      fail("something follows its header's object");
    return entries;
  }

private:
  [[noreturn]] void fail(const std::string &why) const {
    throw Error("'" + file + "' is not a valid .safetensors file: " + why);
  }
  [[noreturn]] void failHere(const std::string &wanted) const {
    fail("its header is malformed: " + wanted + " is wanted at byte " +
         std::to_string(at));
  }
  void skipSpace() {
    while (at < text.size() && std::strchr(" \t\r\n", text[at]) && text[at])
      ++at;
  }
  bool take(char c) {
    skipSpace();
    if (at >= text.size() || text[at] != c)
      return false;
    ++at;
    return true;
  }
  void expect(char c) {
    if (!take(c))
      failHere(std::string("'") + c + "'");
  }

  /// `member` reads the value of a key.
  template <typename Member>
  void parseObject(Member member) {
    expect('{');
    if (take('}'))
      return;
    do {
      std::string key = parseString();
      expect(':');
      member(key);
    } while (take(','));
    expect('}');
  }

  Entry parseEntry() {
    Entry entry;
    unsigned seen = 0;
    parseObject([&](const std::string &key) {
      unsigned bit = key == "dtype"          ? 1
                     : key == "shape"        ? 2
                     : key == "data_offsets" ? 4
                                             : 0;
      if (!bit || (seen & bit))
        fail("a tensor has the field '" + key + "'" +
             (bit ? " twice" : ", which is unknown"));
      seen |= bit;
      if (bit == 1)
        entry.dtype = parseString();
      else if (bit == 2)
        entry.shape = parseNumbers();
      else
        parseOffsets(entry);
    });
    if (seen != 7)
      fail("a tensor lacks dtype, shape or data_offsets");
    return entry;
  }

  void parseOffsets(Entry &entry) {
    Ints offsets = parseNumbers();
    if (offsets.size() != 2 || offsets[0] > offsets[1])
      fail("data_offsets are not a begin and an end");
    entry.begin = offsets[0];
    entry.end = offsets[1];
  }

  /// Whole numbers from 0.
  Ints parseNumbers() {
    Ints numbers;
    expect('[');
    if (take(']'))
      return numbers;
    do {
      skipSpace();
      size_t start = at;
      int64_t number = 0;
      for (; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at)
        if (__builtin_mul_overflow(number, 10, &number) ||
            __builtin_add_overflow(number, text[at] - '0', &number))
          fail("a number in its header is too large");
      if (at == start)
        failHere("a whole number");
      numbers.push_back(number);
    } while (take(','));
    expect(']');
    return numbers;
  }

  std::string parseString() {
    std::string value;
    expect('"');
    while (at < text.size() && text[at] != '"') {
      unsigned char c = text[at++];
      if (c < 0x20)
        failHere("a string without control characters");
      if (c == '\\')
        parseEscape(value);
      else
        value += static_cast<char>(c);
    }
    if (at == text.size())
      failHere("the end of a string");
    ++at;
    return value;
  }

  unsigned parseHex() {
    unsigned code = 0;
    for (int i = 0; i < 4; ++i, ++at) {
      const char *digits = "0123456789abcdef";
      const char *digit =
          at < text.size() && text[at]
              ? std::strchr(digits,
                            std::tolower(static_cast<unsigned char>(text[at])))
              : nullptr;
      if (!digit)
        failHere("a hexadecimal digit");
      code = code * 16 + static_cast<unsigned>(digit - digits);
    }
    return code;
  }

  void parseEscape(std::string &value) {
    char c = at < text.size() ? text[at++] : 0;
    const char *from = "\"\\/bfnrt", *to = "\"\\/\b\f\n\r\t";
    if (const char *found = c ? std::strchr(from, c) : nullptr) {
      value += to[found - from];
      return;
    }
    if (c != 'u')
      failHere("an escape");
    unsigned code = parseHex();
    if (code >= 0xd800 && code < 0xdc00 && text.substr(at, 2) == "\\u") {
      at += 2;
      unsigned low = parseHex();
      if (low < 0xdc00 || low > 0xdfff)
        failHere("the second half of a pair of escapes");
      code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
    }
    appendUTF8(value, code);
  }

  static void appendUTF8(std::string &value, unsigned code) {
    if (code < 0x80) {
      value += static_cast<char>(code);
      return;
    }
    unsigned bytes = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    value +=
        static_cast<char>((0xf00u >> bytes & 0xff) | code >> (6 * (bytes - 1)));
    for (unsigned i = bytes - 1; i-- > 0;)
      value += static_cast<char>(0x80 | (code >> (6 * i) & 0x3f));
  }

  std::string_view text;
  std::string file;
  size_t at = 0;
};

/// A file in memory.
struct Mapping {
  explicit Mapping(const std::string &path) {
    int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
      throw Error("cannot open '" + path + "': " + std::strerror(errno));
    struct stat status;
    bool good = fstat(fd, &status) == 0 && S_ISREG(status.st_mode) &&
                status.st_size > 0;
    if (good) {
      size = status.st_size;
      address = mmap(nullptr, size, PROT_READ, MAP_PRIVATE, fd, 0);
      good = address != MAP_FAILED;
    }
    close(fd);
    if (!good)
      throw Error("cannot read '" + path + "': it is empty or no regular file");
  }
  ~Mapping() { munmap(address, size); }
  Mapping(const Mapping &) = delete;
  Mapping &operator=(const Mapping &) = delete;

  void *address = nullptr;
  size_t size = 0;
};

DType getDType(const std::string &name, const std::string &where) {
  static const std::map<std::string, DType> types = {
      {"BOOL", DType::Bool}, {"I8", DType::I8},     {"U8", DType::U8},
      {"I16", DType::I16},   {"U16", DType::U16},   {"I32", DType::I32},
      {"U32", DType::U32},   {"I64", DType::I64},   {"U64", DType::U64},
      {"F16", DType::F16},   {"BF16", DType::BF16}, {"F32", DType::F32},
      {"F64", DType::F64}};
  auto found = types.find(name);
  if (found == types.end())
    throw Error(where + " has the element type '" + name +
                "', which is not supported");
  return found->second;
}

/// The parts of the data have to follow each other without gaps and overlaps.
void checkLayout(const std::map<std::string, Entry> &entries, uint64_t size,
                 const std::string &file) {
  std::vector<const std::pair<const std::string, Entry> *> order;
  for (const auto &entry : entries)
    order.push_back(&entry);
  std::sort(order.begin(), order.end(), [](auto *a, auto *b) {
    return std::make_pair(a->second.begin, a->second.end) <
           std::make_pair(b->second.begin, b->second.end);
  });
  uint64_t end = 0;
  for (const auto *entry : order) {
    if (entry->second.begin != end)
      throw Error("'" + file + "' is not a valid .safetensors file: '" +
                  entry->first + "' begins at " +
                  std::to_string(entry->second.begin) +
                  " and what is before it ends at " + std::to_string(end));
    end = entry->second.end;
  }
  if (end != size)
    throw Error("'" + file + "' is not a valid .safetensors file: it holds " +
                std::to_string(size) + " bytes of data, and its tensors " +
                std::to_string(end));
}

} // namespace

std::map<std::string, Array> dlc::loadSafetensors(const std::string &path) {
  auto file = std::make_shared<Mapping>(path);
  const auto *bytes = static_cast<const unsigned char *>(file->address);
  uint64_t length = 0;
  for (size_t i = 0; i < 8 && i < file->size; ++i)
    length |= uint64_t(bytes[i]) << (8 * i);
  if (file->size < 8 || length > maxHeader || length > file->size - 8)
    throw Error("'" + path +
                "' is not a valid .safetensors file: its header "
                "is cut off or too long");
  std::string_view header(reinterpret_cast<const char *>(bytes) + 8, length);
  std::map<std::string, Entry> entries = HeaderParser(header, path).parse();
  uint64_t start = 8 + length;
  checkLayout(entries, file->size - start, path);

  std::map<std::string, Array> arrays;
  for (const auto &[name, entry] : entries) {
    std::string where = "the tensor '" + name + "' of '" + path + "'";
    DType dtype = getDType(entry.dtype, where);
    const unsigned char *data = bytes + start + entry.begin;
    Array array = Array::view(data, dtype, entry.shape, file);
    if (array.bytes() != entry.end - entry.begin)
      throw Error(where + ", " + describe(dtype, entry.shape) + ", takes " +
                  std::to_string(array.bytes()) +
                  " bytes, but its "
                  "data_offsets hold " +
                  std::to_string(entry.end - entry.begin));
    if (reinterpret_cast<uintptr_t>(data) % getSize(dtype))
      array = Array::copy(data, dtype, entry.shape);
    arrays.emplace(name, std::move(array));
  }
  return arrays;
}
