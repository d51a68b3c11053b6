//===- Expr.h - From expressions to MLIR's syntax ---------------*- C++ -*-===//

#ifndef DLC_LIB_FRONTEND_EXPR_H
#define DLC_LIB_FRONTEND_EXPR_H

#include "dlc/Frontend/Custom.h"

#include <map>

namespace dlc::detail {

/// The element type as MLIR writes it; throws for those that custom operations
/// do not have.
std::string getElementText(DType dtype);
/// "tensor<4x8xf32>".
std::string getTensorText(const TensorSpec &spec);
/// What elements of this type are computed in.
DType getComputedType(DType dtype);

/// Writes the operations that compute an expression, each on a line of its own.
class ExprWriter {
public:
  /// `operands` are the names of the operands' elements, stored as `stored`.
  ExprWriter(std::string &text, DType stored,
             const std::vector<std::string> &operands);
  /// The same for numbers of the type that is computed in.
  static ExprWriter forComputed(std::string &text, DType stored,
                                const std::vector<std::string> &operands);

  /// The name of the value, which has the computed type.
  std::string write(const Expr &expr);
  /// The name of `value`, of the computed type, as an element to store.
  std::string store(const std::string &value);
  /// `a` and `b` combined by a reduction.
  std::string combine(ReduceKind kind, const std::string &a,
                      const std::string &b);
  /// What a reduction begins with.
  std::string getInitial(ReduceKind kind) const;

private:
  struct Value {
    std::string name;
    bool isTruth = false;
  };
  ExprWriter(std::string &text, DType stored) : text(text), stored(stored) {}
  Value visit(const Expr::Node &node);
  Value makeNumber(double number);
  Value makeBinary(const std::string &op, const Value &a, const Value &b);
  Value makeUnary(const std::string &op, const Value &x);
  Value makeCompare(const std::string &op, const Value &a, const Value &b);
  std::string emit(const std::string &operation);
  void require(bool condition, const std::string &what) const;
  bool isFloat() const;

  std::string &text;
  DType stored;
  std::vector<std::string> operands;
  std::map<const Expr::Node *, Value> known;
};

} // namespace dlc::detail

#endif // DLC_LIB_FRONTEND_EXPR_H
