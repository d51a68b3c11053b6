//===- Assign.h - Places the buffers of a function --------------*- C++ -*-===//

#ifndef DLC_DIALECT_ARENA_TRANSFORMS_ASSIGN_H
#define DLC_DIALECT_ARENA_TRANSFORMS_ASSIGN_H

#include "dlc/Dialect/Arena/IR/Arena.h"
#include "dlc/Dialect/Arena/Transforms/Steps.h"

namespace dlc::arena {

/// The layout of the graph functions; bodies of loops have one each.
inline constexpr llvm::StringLiteral kLayoutName = "arena";

struct AssignOptions {
  /// What offsets are multiples of, in bytes.
  int64_t alignment = 64;
  /// Steps after which the search for a smaller layout stops.
  uint64_t workLimit = 50'000'000;
};

/// An empty layout at the front of `module`.
LayoutOp createLayout(mlir::ModuleOp module, mlir::Location loc,
                      llvm::StringRef name, int64_t alignment);

/// Makes the `memref.alloc`s of a function slots of `layout`, and returns how
/// many bytes they take. Reports what can not be placed.
llvm::FailureOr<int64_t> assignBuffers(const Timeline &timeline,
                                       LayoutOp layout,
                                       const AssignOptions &options);

} // namespace dlc::arena

#endif // DLC_DIALECT_ARENA_TRANSFORMS_ASSIGN_H
