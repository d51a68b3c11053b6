//===- Permutation.h - Orders of dimensions ---------------------*- C++ -*-===//

#ifndef DLC_DIALECT_NN_IR_PERMUTATION_H
#define DLC_DIALECT_NN_IR_PERMUTATION_H

#include "mlir/IR/Builders.h"
#include "mlir/IR/Value.h"

namespace dlc::nn {

/// An order of the dimensions of a value, as nn.transpose has it: dimension i
/// of the permuted value is dimension p[i] of the value.
///
/// Where an operation says how it wants an operand, a permutation longer than
/// the operand's rank asks for leading dimensions of 1 first, and an empty one
/// for the operand as it is.
using Permutation = llvm::SmallVector<int64_t, 4>;

/// How an operation computes its result permuted: what it wants its operands to
/// be.
struct PermutationPlan {
  llvm::SmallVector<Permutation> operands;
  Permutation result;
};

bool isIdentity(llvm::ArrayRef<int64_t> permutation);
Permutation identityPermutation(int64_t rank);
Permutation invert(llvm::ArrayRef<int64_t> permutation);

/// First `first`, then `second`.
Permutation compose(llvm::ArrayRef<int64_t> first,
                    llvm::ArrayRef<int64_t> second);

/// batch × channels × spatial… to batch × spatial… × channels.
Permutation channelsLastPermutation(int64_t rank);

/// The elements of `list` in the permutation's order.
template <typename T>
llvm::SmallVector<T> permuted(llvm::ArrayRef<T> list,
                              llvm::ArrayRef<int64_t> permutation) {
  llvm::SmallVector<T> result;
  for (int64_t d : permutation)
    result.push_back(list[d]);
  return result;
}

/// Where dimension `d` goes.
int64_t positionOf(llvm::ArrayRef<int64_t> permutation, int64_t d);

/// Permutes a value, giving it leading dimensions of 1 where the permutation is
/// longer than its rank; a reshape where no element moves.
mlir::Value permuteValue(mlir::OpBuilder &builder, mlir::Location loc,
                         mlir::Value value,
                         llvm::ArrayRef<int64_t> permutation);

} // namespace dlc::nn

#endif // DLC_DIALECT_NN_IR_PERMUTATION_H
