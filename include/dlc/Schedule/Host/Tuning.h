//===- Tuning.h - Tiles that were chosen by measuring -----------*- C++ -*-===//
//
// The cost model chooses the register tile of each kernel. What was found to be
// faster on a CPU is kept in a table, by what the kernel computes, so that it
// serves every model that has the same kernel.
//
//===----------------------------------------------------------------------===//

#ifndef DLC_SCHEDULE_HOST_TUNING_H
#define DLC_SCHEDULE_HOST_TUNING_H

#include "dlc/Dialect/Dispatch/IR/Dispatch.h"

#include "llvm/Support/Error.h"

#include <map>
#include <string>

namespace dlc::schedule {

/// Discardable array of two i64 on a kernel on tensors: rows and vectors of the
/// register tile that its nests are to have, where they can have it.
inline constexpr llvm::StringLiteral kTileAttrName = "dispatch.tile";

/// Discardable array on a kernel: what may be `kTileAttrName`, the cost model's
/// choice first.
inline constexpr llvm::StringLiteral kTilesAttrName = "dispatch.tiles";

/// The size of a register tile: `rows` iterations of one loop times `vectors`
/// vectors along another.
struct TileSize {
  int64_t rows = 1, vectors = 1;
  bool operator==(const TileSize &other) const {
    return rows == other.rows && vectors == other.vectors;
  }
};

/// What `kTileAttrName` says of `kernel`.
std::optional<TileSize> getWantedTile(dispatch::KernelOp kernel);
void setWantedTile(dispatch::KernelOp kernel, TileSize size);

/// What `kTilesAttrName` says of `kernel`.
llvm::SmallVector<TileSize> getPossibleTiles(dispatch::KernelOp kernel);
void setPossibleTiles(dispatch::KernelOp kernel,
                      llvm::ArrayRef<TileSize> sizes);

/// A number, in hexadecimal digits, that kernels on tensors have in common if
/// they compute the same on the same shapes, whatever they are called.
std::string getFingerprint(dispatch::KernelOp kernel);

/// The tiles that were found to be fastest, also where that is the cost model's
/// choice.
class TuningTable {
public:
  struct Entry {
    /// What the kernel was called when it was measured, for people.
    std::string kernel;
    TileSize tile;
    /// Microseconds of one launch, with this tile and with the cost model's.
    double measured = 0, before = 0;
  };
  /// A CPU, as code is generated for it, and a kernel's fingerprint.
  using Key = std::pair<std::string, std::string>;

  /// Reads a table as `write` wrote it. An error says what is wrong with the
  /// text, and where.
  static llvm::Expected<TuningTable> parse(llvm::StringRef json);
  void write(llvm::raw_ostream &os) const;

  const Entry *lookup(llvm::StringRef cpu, llvm::StringRef fingerprint) const;
  void set(llvm::StringRef cpu, llvm::StringRef fingerprint, Entry entry) {
    entries[{cpu.str(), fingerprint.str()}] = std::move(entry);
  }
  /// Whether anything is known of that CPU.
  bool knows(llvm::StringRef cpu) const;

private:
  std::map<Key, Entry> entries;
};

/// Gives each kernel on tensors that has no `kTileAttrName` the tile that the
/// table knows for it. Returns how many got one.
unsigned applyTuning(mlir::ModuleOp module, const TuningTable &table,
                     llvm::StringRef cpu);

} // namespace dlc::schedule

#endif // DLC_SCHEDULE_HOST_TUNING_H
