//===- Weights.cpp - Constants as an object file --------------------------===//

#include "dlc/Target/Common/Weights.h"

#include "llvm/BinaryFormat/ELF.h"
#include "llvm/Support/Alignment.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/raw_ostream.h"

#include <cstring>

using namespace llvm;
using namespace llvm::ELF;
using namespace dlc::target;

namespace {

/// Appends strings and returns their offsets.
struct StringTable {
  std::string data = std::string(1, '\0');
  uint32_t add(StringRef text) {
    uint32_t offset = data.size();
    data += text;
    data += '\0';
    return offset;
  }
};

class DataObjectWriter {
public:
  DataObjectWriter(raw_ostream &stream,
                   function_ref<void(ArrayRef<char>)> observe)
      : stream(stream), observe(observe) {}

  Error write(ArrayRef<DataSymbol> symbols, uint64_t largeFrom) {
    layOut(symbols, largeFrom);
    Elf64_Ehdr header = {};
    std::memcpy(header.e_ident, ElfMagic, 4);
    header.e_ident[EI_CLASS] = ELFCLASS64;
    header.e_ident[EI_DATA] = ELFDATA2LSB;
    header.e_ident[EI_VERSION] = EV_CURRENT;
    header.e_type = ET_REL;
    header.e_machine = EM_X86_64;
    header.e_version = EV_CURRENT;
    header.e_ehsize = sizeof(Elf64_Ehdr);
    header.e_shentsize = sizeof(Elf64_Shdr);
    header.e_shnum = sections.size();
    header.e_shstrndx = sections.size() - 1;
    header.e_shoff = headersAt;
    put(&header, sizeof(header));
    for (auto [index, symbol] : llvm::enumerate(symbols))
      if (!symbol.isZero)
        if (Error error = writeContents(symbol, sections[index + 1].sh_offset))
          return error;
    padTo(sections[symbols.size() + 2].sh_offset);
    put(table.data(), table.size() * sizeof(Elf64_Sym));
    put(strings.data.data(), strings.data.size());
    put(names.data.data(), names.data.size());
    padTo(headersAt);
    put(sections.data(), sections.size() * sizeof(Elf64_Shdr));
    return Error::success();
  }

private:
  /// Decides where everything goes; section `i + 1` is that of symbol `i`.
  void layOut(ArrayRef<DataSymbol> symbols, uint64_t largeFrom) {
    uint64_t at = sizeof(Elf64_Ehdr);
    sections.push_back({});
    table.push_back({});
    for (const DataSymbol &symbol : symbols) {
      bool large = symbol.isLarge || symbol.size >= largeFrom;
      Elf64_Shdr section = {};
      section.sh_name = names.add(
          std::string(symbol.isZero ? (large ? ".lbss." : ".bss.")
                                    : (large ? ".lrodata." : ".rodata.")) +
          symbol.name);
      section.sh_type = symbol.isZero ? SHT_NOBITS : SHT_PROGBITS;
      section.sh_flags = SHF_ALLOC | (symbol.isZero ? SHF_WRITE : 0) |
                         (large ? SHF_X86_64_LARGE : 0);
      section.sh_addralign = symbol.alignment;
      section.sh_size = symbol.size;
      at = alignTo(at, symbol.isZero ? 1 : symbol.alignment);
      section.sh_offset = at;
      if (!symbol.isZero)
        at += symbol.size;
      sections.push_back(section);

      Elf64_Sym entry = {};
      entry.st_name = strings.add(symbol.name);
      entry.st_info = STB_GLOBAL << 4 | STT_OBJECT;
      entry.st_other = STV_HIDDEN;
      entry.st_shndx = sections.size() - 1;
      entry.st_size = symbol.size;
      table.push_back(entry);
    }
    auto add = [&](StringRef name, uint32_t type, uint64_t size,
                   uint64_t alignment) -> Elf64_Shdr & {
      Elf64_Shdr section = {};
      section.sh_name = names.add(name);
      section.sh_type = type;
      at = alignTo(at, alignment);
      section.sh_offset = at;
      section.sh_size = size;
      section.sh_addralign = alignment;
      at += size;
      sections.push_back(section);
      return sections.back();
    };
    // Without this mark linkers believe that the stack must be executable.
    add(".note.GNU-stack", SHT_PROGBITS, 0, 1);
    Elf64_Shdr &symtab =
        add(".symtab", SHT_SYMTAB, table.size() * sizeof(Elf64_Sym), 8);
    symtab.sh_entsize = sizeof(Elf64_Sym);
    symtab.sh_info = 1; // the first symbol that is not local
    symtab.sh_link = sections.size();
    add(".strtab", SHT_STRTAB, strings.data.size(), 1);
    uint32_t own = names.add(".shstrtab");
    add("", SHT_STRTAB, 0, 1);
    sections.back().sh_name = own;
    sections.back().sh_size = names.data.size();
    at = sections.back().sh_offset + names.data.size();
    headersAt = alignTo(at, 8);
  }

  Error writeContents(const DataSymbol &symbol, uint64_t base) {
    padTo(base);
    for (const DataSymbol::Piece &piece : symbol.pieces) {
      if (base + piece.offset < written || piece.size > symbol.size ||
          piece.offset > symbol.size - piece.size)
        return createStringError("the contents of " + symbol.name +
                                 " overlap or leave it");
      padTo(base + piece.offset);
      piece.stream([&](ArrayRef<char> bytes) {
        if (observe)
          observe(bytes);
        put(bytes.data(), bytes.size());
      });
      if (written != base + piece.offset + piece.size)
        return createStringError("a constant in " + symbol.name + " has " +
                                 Twine(written - base - piece.offset) +
                                 " bytes instead of " + Twine(piece.size));
    }
    padTo(base + symbol.size);
    return Error::success();
  }

  void put(const void *data, size_t size) {
    stream.write(static_cast<const char *>(data), size);
    written += size;
  }

  void padTo(uint64_t position) {
    for (; written < position;) {
      uint64_t part = std::min<uint64_t>(position - written, 1u << 20);
      stream.write_zeros(part);
      written += part;
    }
  }

  raw_ostream &stream;
  function_ref<void(ArrayRef<char>)> observe;
  uint64_t written = 0, headersAt = 0;
  StringTable strings, names;
  std::vector<Elf64_Shdr> sections;
  std::vector<Elf64_Sym> table;
};

} // namespace

Error dlc::target::writeDataObject(ArrayRef<DataSymbol> symbols,
                                   raw_ostream &stream,
                                   function_ref<void(ArrayRef<char>)> observe,
                                   uint64_t largeFrom) {
  return DataObjectWriter(stream, observe).write(symbols, largeFrom);
}
