//===- PicturesTest.cpp - Pictures that no other program here writes ------===//
//
// Formats that Pillow writes are compared with it in
// test/Integration/host/pictures.py.
//
//===----------------------------------------------------------------------===//

#include "gtest/gtest.h"

#include "dlc/Runtime/dlc_abi.h"

#include <cstring>
#include <memory>
#include <random>
#include <string>
#include <vector>

extern "C" {
#include "Memory.h"
#include "Pictures.h"
}

namespace {

using Bytes = std::vector<unsigned char>;

class PicturesTest : public ::testing::Test {
protected:
  /// The pixels, or the reason.
  std::string decode(const std::string &file, Bytes &pixels,
                     uint32_t order = DLC_PIXELS_RGB) {
    // Exactly as many bytes as there are: a sanitizer sees who reads on.
    std::unique_ptr<unsigned char[]> bytes(new unsigned char[file.size()]);
    std::memcpy(bytes.get(), file.data(), file.size());
    dlc_picture picture = {};
    picture.bytes = bytes.get();
    picture.num_bytes = file.size();
    picture.memory = memory.get();
    picture.memory_bytes = memoryBytes;
    dlc_error error;
    if (dlc_picture_measure(&picture, &error))
      return error.text;
    if (picture.height > 64 || picture.width > 64)
      return "too large";
    pixels.assign(size_t(picture.height) * picture.width *
                      (order == DLC_PIXELS_GREY ? 1 : 3),
                  1);
    if (dlc_picture_decode(&picture, order, pixels.data(), &error))
      return error.text;
    return "";
  }

  static constexpr size_t memoryBytes = 1 << 20;
  std::unique_ptr<void, void (*)(void *)> memory{
      std::aligned_alloc(64, memoryBytes), std::free};
};

std::string number(uint64_t value, int bytes) {
  std::string text;
  for (int i = 0; i < bytes; ++i)
    text += char(value >> (8 * i));
  return text;
}

/// A bitmap with a header of 40 bytes.
std::string bitmap(int32_t width, int32_t height, int bits, int compression,
                   const std::string &between, const std::string &pixels) {
  std::string info = number(40, 4) + number(width, 4) + number(height, 4) +
                     number(1, 2) + number(bits, 2) + number(compression, 4) +
                     std::string(20, '\0') + between;
  return "BM" + number(0, 8) + number(14 + info.size(), 4) + info + pixels;
}

/// Black, red, green, white, and so on.
std::string palette(int colors) {
  std::string text;
  for (int i = 0; i < colors; ++i) {
    unsigned char rgb[] = {(unsigned char)(i & 1 ? 255 : i),
                           (unsigned char)(i & 2 ? 255 : i),
                           (unsigned char)(i == 3 ? 255 : i)};
    text += {char(rgb[2]), char(rgb[1]), char(rgb[0]), '\0'};
  }
  return text;
}

const Bytes black = {0, 0, 0}, red = {255, 1, 1}, green = {2, 255, 2},
            white = {255, 255, 255};

Bytes join(const std::vector<Bytes> &parts) {
  Bytes all;
  for (const Bytes &part : parts)
    all.insert(all.end(), part.begin(), part.end());
  return all;
}

std::string text(std::initializer_list<int> bytes) {
  return {bytes.begin(), bytes.end()};
}

TEST_F(PicturesTest, RunLengthsOf8Bits) {
  // From the last row to the first: two red; green, white (a literal with a
  // byte to fill up) and then nothing; a jump over one pixel, green.
  std::string file = bitmap(
      3, 3, 8, 1, palette(256),
      text({2, 1, 0, 0, 0, 3, 2, 3, 0, 0, 0, 0, 0, 2, 1, 0, 1, 2, 0, 1}));
  Bytes pixels;
  ASSERT_EQ(decode(file, pixels), "");
  EXPECT_EQ(pixels,
            join({black, green, black, green, white, black, red, red, black}));
}

TEST_F(PicturesTest, RunLengthsOf4Bits) {
  std::string file =
      bitmap(5, 2, 4, 2, palette(16),
             text({4, 0x12, 0, 0, 0, 5, 0x32, 0x10, 0x20, 0, 0, 1}));
  Bytes pixels;
  ASSERT_EQ(decode(file, pixels), "");
  EXPECT_EQ(pixels, join({white, green, red, black, green, red, green, red,
                          green, black}));
}

TEST_F(PicturesTest, RunsOutsideOfThePictureAreDropped) {
  std::string file = bitmap(2, 1, 8, 1, palette(256),
                            text({9, 1, 0, 0, 9, 2, 0, 2, 9, 9, 1, 1, 0, 1}));
  Bytes pixels;
  ASSERT_EQ(decode(file, pixels), "");
  EXPECT_EQ(pixels, join({red, red}));
}

TEST_F(PicturesTest, MasksAndRowsFromTheFirstToTheLast) {
  // 5, 6 and 5 bits: red, then green; one row each.
  std::string masks = number(0xf800, 4) + number(0x7e0, 4) + number(0x1f, 4);
  std::string file =
      bitmap(1, -2, 16, 3, masks, number(0xf800, 4) + number(0x7e0, 4));
  Bytes pixels;
  ASSERT_EQ(decode(file, pixels), "");
  EXPECT_EQ(pixels, (Bytes{255, 0, 0, 0, 255, 0}));
  // Without masks: 5 bits each.
  ASSERT_EQ(decode(bitmap(2, 1, 16, 0, "", number(0x7c00 | 31 << 16, 4)),
                   pixels, DLC_PIXELS_BGR),
            "");
  EXPECT_EQ(pixels, (Bytes{0, 0, 255, 255, 0, 0}));
}

TEST_F(PicturesTest, HeaderOfOs2) {
  // 12 bytes, three bytes a color: one bit a pixel.
  std::string file = "BM" + number(0, 8) + number(32, 4) + number(12, 4) +
                     number(3, 2) + number(1, 2) + number(1, 2) + number(1, 2) +
                     text({0, 0, 0, 255, 255, 255}) + text({0xa0, 0, 0, 0});
  Bytes pixels;
  ASSERT_EQ(decode(file, pixels, DLC_PIXELS_GREY), "");
  EXPECT_EQ(pixels, (Bytes{255, 0, 255}));
}

TEST_F(PicturesTest, PortableMapsAsText) {
  Bytes pixels;
  ASSERT_EQ(decode("P1\n# a comment\n3 1\n101\n", pixels, DLC_PIXELS_GREY), "");
  EXPECT_EQ(pixels, (Bytes{0, 255, 0}));
  ASSERT_EQ(decode("P2 2 1 100 50 # half\n100", pixels, DLC_PIXELS_GREY), "");
  EXPECT_EQ(pixels, (Bytes{128, 255}));
  ASSERT_EQ(decode("P3 1 1 255 1 2 3", pixels), "");
  EXPECT_EQ(pixels, (Bytes{1, 2, 3}));
  ASSERT_EQ(decode("P6 1 1 65535 " + text({255, 255, 0, 0, 128, 0}), pixels),
            "");
  EXPECT_EQ(pixels, (Bytes{255, 0, 128}));
}

TEST_F(PicturesTest, Refused) {
  Bytes pixels;
  for (const auto &[file, reason] :
       std::vector<std::pair<std::string, const char *>>{
           {"", "it is no picture"},
           {"GIF89a", "it is no picture"},
           {"P5 2 2 255 abc", "it is truncated"},
           {"P5 2 -2 255 abcd", "no number where one has to be"},
           {"P2 1 1 0 0", "its largest value is 0"},
           {"P2 1 1 9 10", "larger than 9"},
           {"P5 99999999999 1 1 ", "larger than 2147483647"},
           {"P5 0 1 1 a", "is empty"},
           {"P1 1 1 2", "not 0 or 1"},
           {"BM", "header of 0 bytes is not known"},
           {bitmap(1, 1, 24, 0, "", "ab"), "it is truncated"},
           {bitmap(1, 1, 24, 1, "", "abcd"), "do not go with its compression"},
           {bitmap(1, 1, 8, 9, "", "abcd"), "compression 9 is not known"},
           {bitmap(1, INT32_MIN, 24, 0, "", "abcd"), "its size is wrong"},
           {bitmap(2, 2, 8, 1, palette(4), text({2, 1})), "it is truncated"},
           {"BM" + std::string(8, 'x') + number(14, 4) + number(41000, 4),
            "header of 41000 bytes"}})
    EXPECT_NE(decode(file, pixels).find(reason), std::string::npos)
        << file << ": " << decode(file, pixels);
}

TEST_F(PicturesTest, MemoryThatDoesNotSuffice) {
  // Rows are kept, since they come in the order that the file says.
  std::string file = bitmap(2000, 1000, 8, 1, palette(256), text({0, 1}));
  std::unique_ptr<unsigned char[]> pixels(new unsigned char[6000000]);
  dlc_picture picture = {};
  picture.bytes = reinterpret_cast<const unsigned char *>(file.data());
  picture.num_bytes = file.size();
  picture.memory = memory.get();
  picture.memory_bytes = memoryBytes;
  dlc_error error;
  ASSERT_EQ(dlc_picture_measure(&picture, &error), 0);
  EXPECT_EQ(picture.width, 2000u);
  EXPECT_EQ(picture.height, 1000u);
  EXPECT_EQ(dlc_picture_decode(&picture, DLC_PIXELS_RGB, pixels.get(), &error),
            -1);
  EXPECT_NE(std::string(error.text).find("more memory than the 1048576 bytes"),
            std::string::npos)
      << error.text;
}

/// Bytes in the middle of files are replaced: whatever comes out, nobody reads
/// or writes outside.
TEST_F(PicturesTest, DamagedFiles) {
  std::vector<std::string> files = {
      "P1\n# a comment\n3 1\n101\n",
      "P3 2 1 255 1 2 3 4 5 6",
      "P6 1 1 65535 " + text({255, 255, 0, 0, 128, 0}),
      bitmap(3, 3, 8, 1, palette(256),
             text({2, 1, 0, 0, 0, 3, 2, 3, 0, 0, 0, 1})),
      bitmap(5, 2, 4, 2, palette(16),
             text({4, 0x12, 0, 0, 0, 5, 0x32, 0x10, 0x20, 0, 0, 1})),
      bitmap(1, -2, 16, 3, std::string(12, '\7'), number(0xf800, 4) + "abcd"),
      bitmap(3, 2, 1, 0, palette(2), "abcdefgh"),
      bitmap(3, 2, 24, 0, "", std::string(24, 'x'))};
  std::mt19937 random(7);
  Bytes pixels;
  for (int round = 0; round < 4000; ++round) {
    std::string file = files[round % files.size()];
    for (unsigned i = random() % 4; i-- > 0;)
      file[random() % file.size()] = char(random() % 3 ? random() : 255);
    file.resize(random() % 3 ? file.size() : random() % file.size());
    decode(file, pixels, 1 + random() % 3);
  }
}

/// What was allocated keeps its contents, is aligned, and overlaps nothing; all
/// that was given back can be taken again.
TEST(PictureMemoryTest, KeepsContents) {
  constexpr size_t size = 64 << 10;
  std::unique_ptr<void, void (*)(void *)> memory(std::aligned_alloc(64, size),
                                                 std::free);
  dlc_memory_begin(memory.get(), size);
  struct Block {
    unsigned char *at;
    size_t size;
    unsigned char mark;
  };
  std::vector<Block> blocks;
  std::mt19937 random(3);
  unsigned char mark = 0;
  auto isIntact = [](const Block &block) {
    for (size_t i = 0; i < block.size; ++i)
      if (block.at[i] != block.mark)
        return false;
    return true;
  };
  for (int round = 0; round < 20000; ++round) {
    size_t bytes = random() % 6000;
    if (blocks.size() < 20 && random() % 2) {
      void *at =
          random() % 2 ? dlc_memory_malloc(bytes) : dlc_memory_calloc(bytes, 1);
      if (!at)
        continue;
      ASSERT_EQ(uintptr_t(at) % 64, 0u);
      ASSERT_GE(at, memory.get());
      ASSERT_LE((char *)at + bytes, (char *)memory.get() + size);
      std::memset(at, ++mark, bytes);
      blocks.push_back({(unsigned char *)at, bytes, mark});
    } else if (!blocks.empty()) {
      size_t which = random() % blocks.size();
      Block &block = blocks[which];
      ASSERT_TRUE(isIntact(block));
      if (random() % 3 == 0) {
        if (void *at = dlc_memory_realloc(block.at, bytes)) {
          block.at = (unsigned char *)at;
          block.size = std::min(block.size, bytes);
          ASSERT_TRUE(isIntact(block));
          std::memset(at, block.mark, bytes);
          block.size = bytes;
        }
        continue;
      }
      dlc_memory_free(block.at);
      blocks.erase(blocks.begin() + which);
    }
  }
  for (const Block &block : blocks) {
    EXPECT_TRUE(isIntact(block));
    dlc_memory_free(block.at);
  }
  EXPECT_TRUE(dlc_memory_is_exhausted());
  dlc_memory_begin(memory.get(), size);
  void *all = dlc_memory_malloc(size - 64);
  EXPECT_NE(all, nullptr);
  dlc_memory_free(all);
  EXPECT_EQ(dlc_memory_malloc(size), nullptr);
  EXPECT_EQ(dlc_memory_calloc(SIZE_MAX / 2, 4), nullptr);
}

} // namespace
