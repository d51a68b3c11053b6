//===- IndexMath.h - Index arithmetic that folds ----------------*- C++ -*-===//

#ifndef DLC_LIB_SCHEDULE_CUDA_INDEXMATH_H
#define DLC_LIB_SCHEDULE_CUDA_INDEXMATH_H

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Builders.h"

namespace dlc::schedule {

/// Builds arithmetic on non-negative indices. What is constant folds, so that
/// callers need not look for zeros and ones.
class IndexMath {
public:
  IndexMath(mlir::OpBuilder &builder, mlir::Location loc)
      : b(builder), loc(loc) {}

  mlir::Value constant(int64_t value) {
    return mlir::arith::ConstantIndexOp::create(b, loc, value);
  }
  mlir::Value add(mlir::Value lhs, mlir::Value rhs) {
    return b.createOrFold<mlir::arith::AddIOp>(loc, lhs, rhs);
  }
  mlir::Value add(mlir::Value lhs, int64_t rhs) {
    return rhs ? add(lhs, constant(rhs)) : lhs;
  }
  mlir::Value mul(mlir::Value lhs, int64_t rhs) {
    return rhs == 1
               ? lhs
               : b.createOrFold<mlir::arith::MulIOp>(loc, lhs, constant(rhs));
  }
  mlir::Value div(mlir::Value lhs, int64_t rhs) {
    return rhs == 1
               ? lhs
               : b.createOrFold<mlir::arith::DivUIOp>(loc, lhs, constant(rhs));
  }
  mlir::Value rem(mlir::Value lhs, int64_t rhs) {
    return rhs == 1
               ? constant(0)
               : b.createOrFold<mlir::arith::RemUIOp>(loc, lhs, constant(rhs));
  }
  /// Signed, so that what is below zero is below, too.
  mlir::Value less(mlir::Value lhs, int64_t rhs) {
    return b.createOrFold<mlir::arith::CmpIOp>(
        loc, mlir::arith::CmpIPredicate::slt, lhs, constant(rhs));
  }
  mlir::Value equal(mlir::Value lhs, int64_t rhs) {
    return b.createOrFold<mlir::arith::CmpIOp>(
        loc, mlir::arith::CmpIPredicate::eq, lhs, constant(rhs));
  }
  mlir::Value min(mlir::Value lhs, int64_t rhs) {
    return b.createOrFold<mlir::arith::MinUIOp>(loc, lhs, constant(rhs));
  }
  mlir::Value both(mlir::Value lhs, mlir::Value rhs) {
    return b.createOrFold<mlir::arith::AndIOp>(loc, lhs, rhs);
  }
  /// Splits `index` into digits of a number system with the given radices, the
  /// last one the fastest.
  mlir::SmallVector<mlir::Value> split(mlir::Value index,
                                       mlir::ArrayRef<int64_t> radices) {
    mlir::SmallVector<mlir::Value> digits(radices.size());
    for (size_t i = radices.size(); i-- > 0;) {
      if (i == 0) {
        digits[i] = index;
        break;
      }
      digits[i] = rem(index, radices[i]);
      index = div(index, radices[i]);
    }
    return digits;
  }

private:
  mlir::OpBuilder &b;
  mlir::Location loc;
};

} // namespace dlc::schedule

#endif // DLC_LIB_SCHEDULE_CUDA_INDEXMATH_H
