//===- RuntimeSystem.cpp - Functions that CUDA's run-time library has -----===//
//
// What kernels call without bringing it along: `vprintf`, behind printf, and
// `__assertfail`, behind assert (CUDA C++ Programming Guide, "Formatted output"
// and "Assertion"). Arguments of 32 lanes lie one behind another.
//
//===----------------------------------------------------------------------===//

#include "Routines.h"

#include "BlockRunner.h"

#include "llvm/ADT/bit.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/MathExtras.h"

#include <cstdio>
#include <cstring>

using namespace dlc::ptxsim;

/// Longer texts are cut.
static constexpr size_t maxTextBytes = 1 << 16;

template <typename T>
static T argument(const uint8_t *area, uint64_t offset, unsigned lane) {
  T value;
  std::memcpy(&value, area + offset * warpSize + lane * sizeof(T), sizeof(T));
  return value;
}

namespace {
/// Reads memory that a kernel names by generic addresses.
class DeviceReader {
public:
  DeviceReader(WarpContext &warp, unsigned lane, unsigned line)
      : warp(warp), lane(lane), line(line) {}

  template <typename T>
  T read(uint64_t address) const {
    BlockRunner &runner = *warp.runner;
    if (runner.getKernel().checks) {
      Access access{warp, AccessSpace::Generic, sizeof(T), AccessRead, line};
      runner.getChecker().checkUniform(access, address, 1u << lane);
    }
    T value;
    std::memcpy(&value, reinterpret_cast<const void *>(address), sizeof(T));
    return value;
  }
  std::string text(uint64_t address) const {
    std::string result;
    while (char c = read<char>(address++)) {
      result += c;
      if (result.size() == maxTextBytes)
        break;
    }
    return result;
  }

private:
  WarpContext &warp;
  unsigned lane, line;
};

/// Formats one call of printf.
class Formatter {
public:
  Formatter(const DeviceReader &reader, uint64_t arguments)
      : reader(reader), next(arguments) {}

  std::string format(const std::string &pattern) {
    for (size_t at = 0; at < pattern.size();) {
      if (pattern[at] != '%') {
        out += pattern[at++];
        continue;
      }
      size_t end = pattern.find_first_not_of("-+ #0123456789.hlLjzt", at + 1);
      if (end == std::string::npos)
        return out + pattern.substr(at);
      convert(pattern.substr(at, end - at), pattern[end]);
      at = end + 1;
    }
    return out;
  }
  unsigned count() const { return arguments; }

private:
  template <typename T>
  T take() {
    ++arguments;
    next = llvm::alignTo(next, sizeof(T));
    T value = reader.read<T>(next);
    next += sizeof(T);
    return value;
  }
  template <typename T>
  void print(const std::string &specifier, T value) {
    // widths and precisions are the kernel's: only so much of them
    std::string buffer(maxTextBytes, '\0');
    int length =
        std::snprintf(buffer.data(), buffer.size(), specifier.c_str(), value);
    if (length > 0)
      out.append(buffer, 0, std::min(size_t(length), buffer.size() - 1));
  }
  /// `prefix` is `%`, flags, width, precision and size.
  void convert(const std::string &prefix, char conversion) {
    std::string plain = prefix.substr(0, prefix.find_first_of("lLjzt"));
    bool isLong = prefix.find_first_of("lLjzt") != std::string::npos;
    switch (conversion) {
    case '%':
      out += '%';
      break;
    case 'd':
    case 'i':
    case 'u':
    case 'o':
    case 'x':
    case 'X':
      if (isLong)
        print(plain + "ll" + conversion, take<long long>());
      else
        print(plain + conversion, take<int>());
      break;
    case 'c':
      print(plain + conversion, take<int>());
      break;
    case 'a':
    case 'A':
    case 'e':
    case 'E':
    case 'f':
    case 'F':
    case 'g':
    case 'G':
      print(plain + conversion, take<double>());
      break;
    case 'p':
      print(plain + conversion, reinterpret_cast<void *>(take<uint64_t>()));
      break;
    case 's':
      print(plain + conversion, reader.text(take<uint64_t>()).c_str());
      break;
    default: // as the device does: printed as it is
      out += prefix + conversion;
      break;
    }
  }

  const DeviceReader &reader;
  uint64_t next;
  unsigned arguments = 0;
  std::string out;
};
} // namespace

void dlc::ptxsim::runPrint(WarpContext *warp, const uint8_t *in, uint8_t *out,
                           uint32_t lanes, uint32_t line) {
  for (; lanes; lanes &= lanes - 1) {
    auto lane = unsigned(llvm::countr_zero(lanes));
    DeviceReader reader(*warp, lane, line);
    uint32_t count = 0;
    {
      Formatter formatter(reader, argument<uint64_t>(in, 8, lane));
      std::string text =
          formatter.format(reader.text(argument<uint64_t>(in, 0, lane)));
      std::fwrite(text.data(), 1, text.size(), stdout);
      count = formatter.count();
    }
    std::memcpy(out + lane * sizeof(count), &count, sizeof(count));
  }
}

void dlc::ptxsim::runAssertFail(WarpContext *warp, const uint8_t *in,
                                uint32_t lanes, uint32_t line) {
  auto lane = unsigned(llvm::countr_zero(lanes));
  DeviceReader reader(*warp, lane, line);
  // (message, file, line, function, size of a character)
  // this function is never left: nothing may be left to destroy
  static std::string text;
  text = llvm::formatv("`{0}`, {1}:{2}, in {3}",
                       reader.text(argument<uint64_t>(in, 0, lane)),
                       reader.text(argument<uint64_t>(in, 8, lane)),
                       argument<uint32_t>(in, 16, lane),
                       reader.text(argument<uint64_t>(in, 24, lane)));
  warp->runner->stop(FaultKind::Assertion, *warp, 1u << lane, line, text);
}
