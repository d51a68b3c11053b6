//===- FatBinaryTest.cpp - PTX out of module images -----------------------===//

#include "FatBinary.h"

#include "llvm/Support/Compression.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>

using namespace dlc::ptxsim::driver;
using testing::HasSubstr;

namespace {

enum class Packing { None, Lz4, Zstd };

/// Builds containers as nvcc 13 writes them.
class Container {
public:
  Container() {
    put<uint32_t>(0xba55ed50);
    put<uint16_t>(1);
    put<uint16_t>(16);
    put<uint64_t>(0);
  }

  Container &add(uint16_t kind, uint32_t architecture, const std::string &text,
                 Packing packing = Packing::None) {
    std::string payload = text;
    uint64_t flags = 0x11;
    if (packing == Packing::Lz4) {
      payload = literals(text);
      flags |= 0x2000;
    } else if (packing == Packing::Zstd) {
      llvm::SmallVector<uint8_t> packed;
      llvm::compression::zstd::compress(
          llvm::ArrayRef(reinterpret_cast<const uint8_t *>(text.data()),
                         text.size()),
          packed);
      payload.assign(packed.begin(), packed.end());
      flags |= 0x8000;
    }
    uint32_t packedBytes =
        packing == Packing::None ? 0 : static_cast<uint32_t>(payload.size());
    payload.resize((payload.size() + 7) / 8 * 8);
    put(kind);
    put<uint16_t>(0x101);
    put<uint32_t>(64);
    put<uint64_t>(payload.size());
    put(packedBytes);
    put<uint32_t>(0);
    put<uint32_t>(9 << 16);
    put(architecture);
    put<uint64_t>(0);
    put(flags);
    put<uint64_t>(0);
    put<uint64_t>(packing == Packing::None ? 0 : text.size());
    bytes += payload;
    uint64_t size = bytes.size() - 16;
    std::memcpy(bytes.data() + 8, &size, sizeof(size));
    return *this;
  }

  llvm::Expected<std::string> ptx(unsigned architecture) const {
    return ptxOfImage(bytes.data(), architecture);
  }

  std::string bytes;

private:
  template <typename T>
  void put(T value) {
    bytes.append(reinterpret_cast<const char *>(&value), sizeof(value));
  }

  /// An LZ4 block of literals only.
  static std::string literals(const std::string &text) {
    std::string block(1, static_cast<char>(0xf0));
    size_t rest = text.size() - 15;
    for (; rest >= 255; rest -= 255)
      block.push_back(static_cast<char>(255));
    block.push_back(static_cast<char>(rest));
    return block + text;
  }
};

std::string ptxFor(const std::string &target) {
  return ".version 8.0\n.target " + target + "\n.address_size 64\n";
}

CUresult codeOf(llvm::Error error, std::string &text) {
  CUresult code = CUDA_SUCCESS;
  llvm::handleAllErrors(std::move(error), [&](const ImageError &e) {
    code = e.getCode();
    text = e.message();
  });
  return code;
}

void expectPTX(llvm::Expected<std::string> got, const std::string &want) {
  if (!got)
    FAIL() << llvm::toString(got.takeError());
  EXPECT_EQ(*got, want);
}

TEST(FatBinary, PlainText) {
  std::string text = ptxFor("sm_80");
  expectPTX(ptxOfImage(text.c_str(), 80), text);
}

TEST(FatBinary, NotAnImage) {
  std::string text;
  EXPECT_EQ(codeOf(ptxOfImage("x", 80).takeError(), text),
            CUDA_ERROR_INVALID_IMAGE);
  EXPECT_EQ(codeOf(ptxOfImage("", 80).takeError(), text),
            CUDA_ERROR_INVALID_IMAGE);
  EXPECT_EQ(codeOf(ptxOfImage("\x7f"
                              "ELF",
                              80)
                       .takeError(),
                   text),
            CUDA_ERROR_NO_BINARY_FOR_GPU);
  EXPECT_THAT(text, HasSubstr("cubin"));
}

TEST(FatBinary, Packings) {
  std::string text = ptxFor("sm_80") + std::string(1000, ' ') + "// end\n";
  for (Packing packing : {Packing::None, Packing::Lz4, Packing::Zstd}) {
    Container container;
    container.add(1, 80, text, packing);
    expectPTX(container.ptx(80), text);
  }
}

TEST(FatBinary, Wrapper) {
  Container container;
  container.add(1, 80, ptxFor("sm_80"));
  struct {
    uint32_t magic = 0x466243b1, version = 1;
    const void *data = nullptr;
    void *unused = nullptr;
  } wrapper;
  wrapper.data = container.bytes.data();
  expectPTX(ptxOfImage(&wrapper, 80), ptxFor("sm_80"));
  wrapper.data = nullptr;
  std::string text;
  EXPECT_EQ(codeOf(ptxOfImage(&wrapper, 80).takeError(), text),
            CUDA_ERROR_INVALID_IMAGE);
}

TEST(FatBinary, TakesTheBestArchitecture) {
  Container container;
  container.add(1, 75, ptxFor("sm_75"))
      .add(2, 90, "machine code")
      .add(1, 86, ptxFor("sm_86"))
      .add(1, 80, ptxFor("sm_80"))
      .add(1, 90, ptxFor("sm_90a"));
  expectPTX(container.ptx(75), ptxFor("sm_75"));
  expectPTX(container.ptx(80), ptxFor("sm_80"));
  expectPTX(container.ptx(89), ptxFor("sm_86"));
  expectPTX(container.ptx(90), ptxFor("sm_90a"));
  // sm_90a is for sm_90 alone
  expectPTX(container.ptx(100), ptxFor("sm_86"));
}

TEST(FatBinary, SaysWhatThereIs) {
  Container container;
  container.add(2, 80, "machine code").add(1, 90, ptxFor("sm_90"));
  std::string text;
  EXPECT_EQ(codeOf(container.ptx(80).takeError(), text),
            CUDA_ERROR_NO_BINARY_FOR_GPU);
  EXPECT_THAT(text, HasSubstr("machine code for sm_80, PTX for sm_90"));
  EXPECT_EQ(codeOf(Container().ptx(80).takeError(), text),
            CUDA_ERROR_NO_BINARY_FOR_GPU);
}

TEST(FatBinary, DamagedContainersAreErrors) {
  Container container;
  container.add(1, 80, ptxFor("sm_80") + std::string(300, 'x'), Packing::Lz4)
      .add(1, 80, ptxFor("sm_80"), Packing::Zstd);
  uint32_t state = 1;
  auto random = [&state] { // the same numbers in every run
    state = state * 1664525 + 1013904223;
    return state >> 8;
  };
  for (int round = 0; round < 5000; ++round) {
    Container damaged = container;
    for (int i = 0; i < 3; ++i) {
      // not the size of the whole, which nothing can check
      size_t at = 16 + random() % (damaged.bytes.size() - 16);
      damaged.bytes[at] = static_cast<char>(random());
    }
    llvm::Expected<std::string> got = damaged.ptx(80);
    llvm::consumeError(got ? llvm::Error::success() : got.takeError());
  }
}

TEST(Lz4, MatchesThatOverlap) {
  // "ab", then 10 bytes from 2 back, then "c" to end
  const uint8_t block[] = {0x26, 'a', 'b', 2, 0, 0x10, 'c'};
  std::string out;
  EXPECT_TRUE(unpackLz4(block, 13, out));
  EXPECT_EQ(out, "ababababababc");
}

TEST(Lz4, LongLengths) {
  // one literal, a match of 15 + 255 + 5 + 4 bytes, then nothing
  const uint8_t block[] = {0x1f, 'z', 1, 0, 255, 5, 0x00};
  std::string out;
  EXPECT_TRUE(unpackLz4(block, 280, out));
  EXPECT_EQ(out, std::string(280, 'z'));
}

TEST(Lz4, DamagedBlocks) {
  std::string out;
  const uint8_t tooFar[] = {0x10, 'a', 2, 0, 0x10, 'b'};
  EXPECT_FALSE(unpackLz4(tooFar, 6, out));
  const uint8_t zeroDistance[] = {0x10, 'a', 0, 0, 0x10, 'b'};
  EXPECT_FALSE(unpackLz4(zeroDistance, 6, out));
  const uint8_t tooShort[] = {0x20, 'a'};
  EXPECT_FALSE(unpackLz4(tooShort, 2, out));
  const uint8_t tooLong[] = {0x20, 'a', 'b'};
  EXPECT_FALSE(unpackLz4(tooLong, 1, out));
  EXPECT_FALSE(unpackLz4(tooLong, 3, out));
  const uint8_t endlessLength[] = {0xf0, 255, 255};
  EXPECT_FALSE(unpackLz4(endlessLength, 1000, out));
}

} // namespace
