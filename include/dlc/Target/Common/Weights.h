//===- Weights.h - Constants as an object file ------------------*- C++ -*-===//
//
// Weights are hundreds of megabytes: they do not go through LLVM. We write the
// ELF file ourselves, straight from where the constants lie.
//
//===----------------------------------------------------------------------===//

#ifndef DLC_TARGET_COMMON_WEIGHTS_H
#define DLC_TARGET_COMMON_WEIGHTS_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/Support/Error.h"

#include <functional>
#include <string>
#include <vector>

namespace llvm {
class raw_ostream;
} // namespace llvm

namespace dlc::target {

/// Sections from this size on are marked large, and lie where 32-bit distances
/// need not reach.
inline constexpr uint64_t kLargeSection = uint64_t(1) << 30;

/// One symbol with its memory.
struct DataSymbol {
  /// A part of the contents.
  struct Piece {
    uint64_t offset = 0, size = 0;
    /// Streams the bytes, `size` in all, in as many calls as it likes.
    std::function<void(llvm::function_ref<void(llvm::ArrayRef<char>)>)> stream;
  };

  std::string name;
  uint64_t size = 0;
  uint64_t alignment = 4096;
  /// Read-only with these contents and zeros between them, in increasing order;
  /// writable zeros (.bss) if `isZero`.
  std::vector<Piece> pieces;
  bool isZero = false;
  /// Large whatever the size.
  bool isLarge = false;
};

/// Writes a relocatable ELF64 file for x86-64 with one section for each symbol.
/// The symbols are hidden: visible within one program or shared library only.
/// `observe` sees every byte of the contents as it is written.
/// `largeFrom` is there for tests.
llvm::Error
writeDataObject(llvm::ArrayRef<DataSymbol> symbols, llvm::raw_ostream &stream,
                llvm::function_ref<void(llvm::ArrayRef<char>)> observe = {},
                uint64_t largeFrom = kLargeSection);

} // namespace dlc::target

#endif // DLC_TARGET_COMMON_WEIGHTS_H
