//===- ExtentForms.h - Which extents are the same ---------------*- C++ -*-===//
//
// Extents are computed anew wherever they are needed. Whether two of them are
// the same number decides what broadcasts and what has to be compared.
//
//===----------------------------------------------------------------------===//

#ifndef DLC_LIB_DIALECT_NN_TRANSFORMS_EXTENTFORMS_H
#define DLC_LIB_DIALECT_NN_TRANSFORMS_EXTENTFORMS_H

#include "Extents.h"

#include "llvm/ADT/StringMap.h"

#include <limits>

namespace dlc::nn {

/// Knows scalars of i64 as sums of another one and a constant, or as products,
/// through what moves them, limits that change nothing, and computations that
/// were done before.
class ExtentForms {
public:
  explicit ExtentForms(const ExtentLimits &limits) : limits(limits) {}

  /// The first value seen that is the same number. It dominates `extent`, if
  /// values are seen in their order.
  mlir::Value canonical(mlir::Value extent);
  /// Whether two numbers are known to be the same.
  bool areSame(mlir::Value a, mlir::Value b);
  /// Whether a number is known to be this one.
  bool is(mlir::Value x, int64_t number);

private:
  /// `root` + `offset`, or `offset` where there is no root; from `least` to
  /// `most`.
  struct Form {
    mlir::Value root;
    int64_t offset = 0;
    int64_t least = std::numeric_limits<int64_t>::min();
    int64_t most = std::numeric_limits<int64_t>::max();

    bool operator==(const Form &other) const {
      return root == other.root && offset == other.offset;
    }
    bool isConstant() const { return !root; }
  };

  Form formOf(mlir::Value x);
  Form compute(mlir::Value x);
  Form formOfSelect(SelectOp op);
  /// A number times others that are not known, in a fixed order.
  struct Product {
    int64_t number = 1;
    llvm::SmallVector<std::pair<mlir::Value, int64_t>> factors;
  };
  Product productOf(const Form &form) const;
  Form formOfProduct(Product product, mlir::Value x);
  std::optional<Form> formOfMul(const Form &a, const Form &b, mlir::Value x);
  std::optional<Form> formOfDiv(const Form &a, const Form &b, mlir::Value x);
  static std::optional<Form> sum(const Form &a, const Form &b, int64_t sign);
  /// The value of an operation that was computed before from the same operands.
  Form named(mlir::Value x);

  const ExtentLimits &limits;
  llvm::DenseMap<mlir::Value, Form> forms;
  llvm::StringMap<mlir::Value> names;
  /// Roots that are products of others.
  llvm::DenseMap<mlir::Value, Product> products;
  llvm::DenseMap<std::pair<mlir::Value, int64_t>, mlir::Value> firsts;
};

} // namespace dlc::nn

#endif // DLC_LIB_DIALECT_NN_TRANSFORMS_EXTENTFORMS_H
