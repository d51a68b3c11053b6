//===- FatBinary.cpp - PTX out of module images ---------------------------===//
//
// The container is not documented by its maker. What is read here was found by
// looking at what nvcc and fatbinary 13.0 write (test/unit/PTXSim makes such
// containers, test/Integration/sim/fatbin.test asks the tools for them):
//
// container: u32 magic, u16 version, u16 bytes of this header, u64 bytes of all
//            entries
// entry:     u16 kind (1: PTX, 2: ELF), u16 version, u32 bytes of this header,
//            u64 bytes of what follows it, u32 compressed bytes, u32, u16
//            minor, u16 major, u32 architecture, u32 + u32 name, u64 flags,
//            u64, u64 bytes when unpacked
// wrapper:   u32 magic, u32 version, pointer to a container
//
//===----------------------------------------------------------------------===//

#include "FatBinary.h"

#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Compression.h"
#include "llvm/Support/Endian.h"

#include <cstring>

namespace dlc::ptxsim::driver {

char ImageError::ID = 0;

std::error_code ImageError::convertToErrorCode() const {
  return llvm::inconvertibleErrorCode();
}

namespace {
constexpr uint32_t kWrapperMagic = 0x466243b1, kContainerMagic = 0xba55ed50;
constexpr uint16_t kKindPTX = 1, kKindELF = 2;
constexpr uint64_t kFlagLz4 = 0x2000, kFlagZstd = 0x8000;
constexpr size_t kContainerHeader = 16, kEntryHeader = 64;
/// More than any PTX: a damaged size must not become an allocation.
constexpr uint64_t kMaxUnpacked = uint64_t(1) << 30;

struct Entry {
  uint16_t kind = 0;
  uint32_t architecture = 0;
  uint64_t flags = 0, unpackedBytes = 0;
  llvm::ArrayRef<uint8_t> payload;
};
} // namespace

static llvm::Error error(CUresult code, const llvm::Twine &why) {
  return llvm::make_error<ImageError>(code, why.str());
}

template <typename T>
static T read(const uint8_t *at) {
  return llvm::support::endian::read<T, llvm::endianness::little,
                                     llvm::support::unaligned>(at);
}

bool unpackLz4(llvm::ArrayRef<uint8_t> packed, size_t bytes, std::string &out) {
  out.clear();
  if (bytes / 255 > packed.size()) // no block grows more
    return false;
  out.reserve(bytes);
  size_t at = 0;
  // a length of 15 goes on in bytes, the last of which is not 255
  auto readLength = [&](size_t &length) {
    if (length != 15)
      return true;
    uint8_t more = 255;
    while (more == 255) {
      if (at == packed.size() || length > bytes)
        return false;
      more = packed[at++];
      length += more;
    }
    return true;
  };
  while (at < packed.size()) {
    uint8_t token = packed[at++];
    size_t literals = token >> 4;
    if (!readLength(literals) || literals > packed.size() - at ||
        literals > bytes - out.size())
      return false;
    out.append(reinterpret_cast<const char *>(packed.data()) + at, literals);
    at += literals;
    if (at == packed.size())
      break; // the last sequence has no match
    if (packed.size() - at < 2)
      return false;
    size_t distance = read<uint16_t>(packed.data() + at);
    at += 2;
    size_t match = token & 15;
    if (!readLength(match))
      return false;
    match += 4;
    if (!distance || distance > out.size() || match > bytes - out.size())
      return false;
    // byte by byte: a match may overlap what it makes
    for (size_t i = 0; i < match; ++i)
      out.push_back(out[out.size() - distance]);
  }
  return out.size() == bytes;
}

static llvm::Expected<std::string> unpack(const Entry &entry) {
  auto damaged = [] {
    return error(CUDA_ERROR_INVALID_IMAGE,
                 "a compressed entry of the fat binary is damaged");
  };
  std::string text;
  if (entry.flags & kFlagZstd) {
    if (!llvm::compression::zstd::isAvailable())
      return error(CUDA_ERROR_NOT_SUPPORTED,
                   "the fat binary is compressed with zstd, which this LLVM "
                   "does not have");
    llvm::SmallVector<uint8_t> unpacked;
    if (llvm::Error failed = llvm::compression::zstd::decompress(
            entry.payload, unpacked, entry.unpackedBytes)) {
      llvm::consumeError(std::move(failed));
      return damaged();
    }
    text.assign(unpacked.begin(), unpacked.end());
  } else if (entry.flags & kFlagLz4) {
    if (!unpackLz4(entry.payload, entry.unpackedBytes, text))
      return damaged();
  } else {
    text.assign(entry.payload.begin(), entry.payload.end());
  }
  // texts end in zero bytes, for alignment
  text.resize(text.find_last_not_of('\0') + 1);
  return text;
}

static llvm::Error readEntries(const uint8_t *container,
                               llvm::SmallVectorImpl<Entry> &entries) {
  auto damaged = [] {
    return error(CUDA_ERROR_INVALID_IMAGE, "the fat binary is damaged");
  };
  size_t at = read<uint16_t>(container + 6);
  if (at < kContainerHeader)
    return damaged();
  size_t end = at + read<uint64_t>(container + 8);
  while (at < end) {
    if (end - at < kEntryHeader)
      return damaged();
    const uint8_t *header = container + at;
    size_t headerBytes = read<uint32_t>(header + 4);
    size_t payloadBytes = read<uint64_t>(header + 8);
    if (headerBytes < kEntryHeader || headerBytes > end - at ||
        payloadBytes > end - at - headerBytes)
      return damaged();
    Entry entry;
    entry.kind = read<uint16_t>(header);
    entry.architecture = read<uint32_t>(header + 28);
    entry.flags = read<uint64_t>(header + 40);
    entry.unpackedBytes = read<uint64_t>(header + 56);
    bool packed = entry.flags & (kFlagLz4 | kFlagZstd);
    size_t bytes = packed ? read<uint32_t>(header + 16) : payloadBytes;
    if (bytes > payloadBytes || entry.unpackedBytes > kMaxUnpacked)
      return damaged();
    entry.payload = {header + headerBytes, bytes};
    entries.push_back(entry);
    at += headerBytes + payloadBytes;
  }
  return llvm::Error::success();
}

/// Whether PTX says that it is for one architecture (sm_90a) or family only.
static bool isSpecific(llvm::StringRef ptx) {
  llvm::StringRef target = ptx.substr(ptx.find(".target")).split('\n').first;
  target = target.substr(target.find("sm_")).drop_front(3);
  target = target.drop_while([](char c) { return c >= '0' && c <= '9'; });
  return target.starts_with("a") || target.starts_with("f");
}

static llvm::Expected<std::string> ptxOfContainer(const uint8_t *container,
                                                  unsigned architecture) {
  llvm::SmallVector<Entry> entries;
  if (llvm::Error failed = readEntries(container, entries))
    return std::move(failed);
  std::string best, seen;
  uint32_t bestArchitecture = 0;
  for (const Entry &entry : entries) {
    bool isPTX = entry.kind == kKindPTX;
    if (isPTX || entry.kind == kKindELF)
      seen += (seen.empty() ? "" : ", ") +
              std::string(isPTX ? "PTX for sm_" : "machine code for sm_") +
              std::to_string(entry.architecture);
    if (!isPTX || entry.architecture > architecture ||
        entry.architecture < bestArchitecture)
      continue;
    llvm::Expected<std::string> ptx = unpack(entry);
    if (!ptx)
      return ptx.takeError();
    if (isSpecific(*ptx) && entry.architecture != architecture)
      continue;
    best = std::move(*ptx);
    bestArchitecture = entry.architecture;
  }
  if (best.empty())
    return error(CUDA_ERROR_NO_BINARY_FOR_GPU,
                 "the fat binary has no PTX that the simulated sm_" +
                     llvm::Twine(architecture) + " can run; it has " +
                     (seen.empty() ? "nothing" : seen));
  return best;
}

llvm::Expected<std::string> ptxOfImage(const void *image,
                                       unsigned architecture) {
  auto *bytes = static_cast<const uint8_t *>(image);
  // compare byte by byte: a text may be shorter than a magic number
  auto startsWith = [&](const void *magic) {
    return std::strncmp(reinterpret_cast<const char *>(bytes),
                        static_cast<const char *>(magic), 4) == 0;
  };
  if (startsWith(&kWrapperMagic)) {
    bytes = reinterpret_cast<const uint8_t *>(read<uint64_t>(bytes + 8));
    if (!bytes || !startsWith(&kContainerMagic))
      return error(CUDA_ERROR_INVALID_IMAGE,
                   "the wrapper does not point to a fat binary");
  }
  if (startsWith(&kContainerMagic))
    return ptxOfContainer(bytes, architecture);
  if (startsWith("\x7f"
                 "ELF"))
    return error(CUDA_ERROR_NO_BINARY_FOR_GPU,
                 "the image is machine code (a cubin); the simulator runs PTX "
                 "only");
  llvm::StringRef text(reinterpret_cast<const char *>(bytes));
  if (!text.contains(".version"))
    return error(CUDA_ERROR_INVALID_IMAGE,
                 "the image is neither PTX nor a fat binary");
  return text.str();
}

} // namespace dlc::ptxsim::driver
