//===- WeightsTest.cpp - Our own ELF files --------------------------------===//

#include "dlc/Target/Common/Weights.h"

#include "llvm/Object/ELFObjectFile.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"
#include "gtest/gtest.h"

#include <cstdlib>

using namespace llvm;
using namespace dlc::target;

namespace {

DataSymbol::Piece piece(uint64_t offset, std::string text) {
  uint64_t size = text.size();
  return {offset, size,
          [text = std::move(text)](function_ref<void(ArrayRef<char>)> consume) {
            // In two calls, as constants may come.
            ArrayRef<char> bytes(text.data(), text.size());
            consume(bytes.take_front(1));
            consume(bytes.drop_front(1));
          }};
}

std::vector<DataSymbol> makeSymbols() {
  DataSymbol weights, empty, arena;
  weights.name = "dlc_weights";
  weights.size = 10000;
  weights.pieces = {piece(0, "first"), piece(64, "second"),
                    piece(9990, "last")};
  empty.name = "dlc_nothing";
  arena.name = "dlc_arena";
  arena.size = 1 << 20;
  arena.isZero = true;
  return {weights, empty, arena};
}

TEST(WeightsTest, IsAValidObject) {
  std::string bytes, seen;
  raw_string_ostream stream(bytes);
  ASSERT_FALSE(writeDataObject(makeSymbols(), stream, [&](ArrayRef<char> part) {
    seen.append(part.begin(), part.end());
  }));
  EXPECT_EQ(seen, "firstsecondlast");
  auto object = object::ObjectFile::createELFObjectFile(
      MemoryBufferRef(bytes, "weights.o"));
  ASSERT_TRUE(bool(object)) << toString(object.takeError());
  std::vector<std::string> names;
  for (const object::SectionRef &section : (*object)->sections()) {
    names.push_back(cantFail(section.getName()).str());
    if (names.back() == ".rodata.dlc_weights") {
      EXPECT_EQ(section.getAlignment().value(), 4096u);
      StringRef contents = cantFail(section.getContents());
      ASSERT_EQ(contents.size(), 10000u);
      EXPECT_EQ(contents.take_front(6), StringRef("first\0", 6));
      EXPECT_EQ(contents.substr(64, 6), "second");
      EXPECT_EQ(contents.substr(9990), StringRef("last\0\0\0\0\0\0", 10));
    }
  }
  EXPECT_EQ(names, (std::vector<std::string>{
                       "", ".rodata.dlc_weights", ".rodata.dlc_nothing",
                       ".bss.dlc_arena", ".note.GNU-stack", ".symtab",
                       ".strtab", ".shstrtab"}));
}

TEST(WeightsTest, RefusesWrongPieces) {
  std::string bytes;
  raw_string_ostream stream(bytes);
  DataSymbol symbol;
  symbol.name = "w";
  symbol.size = 100;
  symbol.pieces = {piece(0, "12345678"), piece(4, "x")};
  EXPECT_TRUE(errorToBool(writeDataObject({symbol}, stream)));
  symbol.pieces = {piece(98, "123")};
  EXPECT_TRUE(errorToBool(writeDataObject({symbol}, stream)));
  symbol.pieces = {piece(0, "123")};
  symbol.pieces[0].size = 4;
  Error error = writeDataObject({symbol}, stream);
  EXPECT_EQ(toString(std::move(error)),
            "a constant in w has 3 bytes instead of 4");
}

/// Links the data with a C program, as small sections and as large ones.
TEST(WeightsTest, Links) {
  SmallString<128> folder;
  ASSERT_FALSE(sys::fs::createUniqueDirectory("dlc-weights", folder));
  for (uint64_t largeFrom : {kLargeSection, uint64_t(1)}) {
    std::error_code code;
    {
      raw_fd_ostream stream((folder + "/weights.o").str(), code);
      ASSERT_FALSE(writeDataObject(makeSymbols(), stream, {}, largeFrom));
      raw_fd_ostream source((folder + "/use.c").str(), code);
      source << R"c(
#include <stdint.h>
#include <string.h>
extern const char dlc_weights[];
extern char dlc_arena[];
int main(void) {
  if ((uintptr_t)dlc_weights % 4096 || (uintptr_t)dlc_arena % 4096) return 1;
  if (memcmp(dlc_weights, "first", 6) || memcmp(dlc_weights + 9990, "last", 5)) return 2;
  for (int i = 0; i < 1 << 20; ++i)
    if (dlc_arena[i]++) return 3;
  return 0;
}
)c";
    }
    for (const char *linker : {"", "-fuse-ld=lld"}) {
      std::string command =
          ("cd " + folder + " && cc -fPIC -pie use.c weights.o " + linker +
           " -Wl,--gc-sections -o use 2> log && ./use")
              .str();
      if (*linker && std::system("ld.lld --version > /dev/null 2>&1") != 0)
        continue;
      EXPECT_EQ(std::system(command.c_str()), 0) << largeFrom << linker;
    }
  }
  sys::fs::remove_directories(folder);
}

} // namespace
