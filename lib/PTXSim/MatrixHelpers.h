//===- MatrixHelpers.h - Functions for matrix instructions -----*- C++ -*-===//
//
// Matrix instructions call functions that are made once a module. Fragments are
// laid out as the PTX ISA says ("Matrix Fragments for mma"): with group
// g = lane / 4 and t = lane % 4, one register of A holds row g and E
// neighbouring columns from E * t on, E being the elements in a register. The
// 32 lanes of a register are therefore an 8 x 4E tile in row-major order, and
// one of B, which holds column g and E rows, is such a tile of the transposed
// matrix.
//
//===----------------------------------------------------------------------===//

#ifndef DLC_LIB_PTXSIM_MATRIXHELPERS_H
#define DLC_LIB_PTXSIM_MATRIXHELPERS_H

#include "IR.h"

#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/Module.h"

namespace dlc::ptxsim {

enum class BitOp : uint8_t { None, And, Xor };

/// D = A * B + C with A m x k, B k x 8.
struct MmaSpec {
  unsigned m = 16, k = 16;
  Ty a = Ty::F16, b = Ty::F16, c = Ty::F32, d = Ty::F32;
  bool saturate = false;
  BitOp bitOp = BitOp::None; ///< elements of one bit

  /// Elements of A and B in a register; bits count as words of 32.
  unsigned perRegister() const;
  unsigned registersOfA() const;
  unsigned registersOfB() const;
  unsigned registersOf(Ty accumulator) const;
  /// Whether the simulator (and the ISA) has it.
  bool isValid() const;
};

/// Bytes of a register of 32 lanes.
unsigned registerBytes(Ty type);

/// void mma(a registers..., b registers..., c registers..., d registers...): a
/// pointer to 32 lanes for each. A register of D may be the one of C in its
/// place, but no other.
llvm::Function *mmaHelper(llvm::Module &module, const MmaSpec &spec);

/// void ldmatrix(const i64 rows[8 * count], i32 *registers...)
llvm::Function *ldmatrixHelper(llvm::Module &module, unsigned count,
                               bool isTransposed);
/// void stmatrix(const i64 rows[8 * count], const i32 *registers...)
llvm::Function *stmatrixHelper(llvm::Module &module, unsigned count,
                               bool isTransposed);

/// An 8 x 8 tile of 16-bit elements (<32 x i32>), transposed.
llvm::Value *transposeTile(llvm::IRBuilder<> &b, llvm::Value *tile);

} // namespace dlc::ptxsim

#endif // DLC_LIB_PTXSIM_MATRIXHELPERS_H
