//===- Custom.h - Operations of the user's ----------------------*- C++ -*-===//
//
//   auto mish = dlc::CustomOp::elementwise("mish", [](dlc::Expr x) {
//     return x * tanh(log(1 + exp(x)));
//   });
//   dlc::Tensor y = mish({x});
//
// They are fused, scheduled and planned like all others, on both targets.
//
//===----------------------------------------------------------------------===//

#ifndef DLC_FRONTEND_CUSTOM_H
#define DLC_FRONTEND_CUSTOM_H

#include "dlc/Frontend/Graph.h"

#include <functional>
#include <utility>

namespace dlc {

/// A number (or, from comparisons, a truth) in the description of a kernel. It
/// is computed in the element type of the operands, f16 and bf16 in f32.
class DLC_API Expr {
public:
  struct Node;

  Expr(double number);
  explicit Expr(std::shared_ptr<const Node> node) : node(std::move(node)) {}
  /// The element of an operand.
  static Expr operand(size_t index);
  const std::shared_ptr<const Node> &get() const { return node; }

private:
  std::shared_ptr<const Node> node;
};

DLC_API Expr operator+(const Expr &a, const Expr &b);
DLC_API Expr operator-(const Expr &a, const Expr &b);
DLC_API Expr operator*(const Expr &a, const Expr &b);
/// Of floating-point numbers only, as are the functions from pow on.
DLC_API Expr operator/(const Expr &a, const Expr &b);
DLC_API Expr operator-(const Expr &x);
DLC_API Expr operator<(const Expr &a, const Expr &b);
DLC_API Expr operator<=(const Expr &a, const Expr &b);
DLC_API Expr operator>(const Expr &a, const Expr &b);
DLC_API Expr operator>=(const Expr &a, const Expr &b);
DLC_API Expr equal(const Expr &a, const Expr &b);
DLC_API Expr operator&&(const Expr &a, const Expr &b);
DLC_API Expr operator||(const Expr &a, const Expr &b);
DLC_API Expr operator!(const Expr &x);
DLC_API Expr select(const Expr &condition, const Expr &a, const Expr &b);
/// NaN wins.
DLC_API Expr min(const Expr &a, const Expr &b);
DLC_API Expr max(const Expr &a, const Expr &b);
DLC_API Expr abs(const Expr &x);
DLC_API Expr pow(const Expr &a, const Expr &b);
DLC_API Expr exp(const Expr &x);
DLC_API Expr log(const Expr &x);
DLC_API Expr sqrt(const Expr &x);
DLC_API Expr rsqrt(const Expr &x);
DLC_API Expr tanh(const Expr &x);
DLC_API Expr erf(const Expr &x);
DLC_API Expr sin(const Expr &x);
DLC_API Expr cos(const Expr &x);
DLC_API Expr floor(const Expr &x);
DLC_API Expr ceil(const Expr &x);
/// Halves to the even number.
DLC_API Expr round(const Expr &x);
/// `1 / (1 + exp(-x))`.
DLC_API Expr sigmoid(const Expr &x);

/// Element type and shape of a tensor.
struct TensorSpec {
  DType dtype;
  Ints shape;
};

/// An operation that can be used in any graph. Calls throw Error where operands
/// do not fit. Element types are those of floating-point numbers and int8 to
/// int64.
class DLC_API CustomOp {
public:
  using Body = std::function<Expr(const std::vector<Expr> &)>;
  using ShapeRule =
      std::function<std::vector<TensorSpec>(const std::vector<TensorSpec> &)>;

  /// One element of the result from one of each operand, which broadcast and
  /// have one element type. `body` is a function of as many Expr.
  template <typename Fn>
  static CustomOp elementwise(const std::string &name, Fn body) {
    return makeElementwise(name, adapt(std::function(std::move(body))));
  }
  /// `finish` of the sum (mean, max, min, product) over `axes` of `body`, which
  /// is a function of one element of each operand. The result has a dimension
  /// of 1 for each axis where `keepdims` says so. Negative axes count from the
  /// end.
  template <typename Fn>
  static CustomOp
  reduction(const std::string &name, ReduceKind kind, const Ints &axes, Fn body,
            std::function<Expr(Expr)> finish = {}, bool keepdims = false) {
    return makeReduction(name, kind, axes,
                         adapt(std::function(std::move(body))),
                         std::move(finish), keepdims);
  }
  /// A function in MLIR's syntax: `text` is one func.func over the dialects
  /// linalg, tensor, arith and math, in which !x0, !x1, … are the types of the
  /// operands and !r0, … those of the results, as `shapes` computes them.
  static CustomOp mlir(const std::string &name, const std::string &text,
                       ShapeRule shapes);

  /// A function of so many Expr, or of any number where `operands` is -1.
  static CustomOp elementwise(const std::string &name, Body body,
                              int operands) {
    return makeElementwise(name, {std::move(body), operands});
  }
  static CustomOp reduction(const std::string &name, ReduceKind kind,
                            const Ints &axes, Body body, int operands,
                            std::function<Expr(Expr)> finish, bool keepdims) {
    return makeReduction(name, kind, axes, {std::move(body), operands},
                         std::move(finish), keepdims);
  }

  /// The one result.
  Tensor operator()(const std::vector<Tensor> &operands,
                    SourceLocation where = SourceLocation::current()) const;
  /// All results.
  std::vector<Tensor>
  callAll(const std::vector<Tensor> &operands,
          SourceLocation where = SourceLocation::current()) const;

private:
  struct Function {
    Body body;
    int operands;
  };
  /// The text of the operation for operands of these types.
  using Maker = std::function<std::string(const std::vector<TensorSpec> &)>;

  CustomOp(std::string name, Maker make)
      : name(std::move(name)), make(std::move(make)) {}
  static CustomOp makeElementwise(const std::string &name, Function function);
  static CustomOp makeReduction(const std::string &name, ReduceKind kind,
                                const Ints &axes, Function function,
                                std::function<Expr(Expr)> finish,
                                bool keepdims);

  template <typename... Args>
  static Function adapt(std::function<Expr(Args...)> function) {
    return {[function](const std::vector<Expr> &args) {
              return spread(function, args,
                            std::make_index_sequence<sizeof...(Args)>());
            },
            static_cast<int>(sizeof...(Args))};
  }
  template <typename Fn, size_t... Is>
  static Expr spread(const Fn &function, const std::vector<Expr> &args,
                     std::index_sequence<Is...>) {
    return function(args[Is]...);
  }

  std::string name;
  Maker make;
};

} // namespace dlc

#endif // DLC_FRONTEND_CUSTOM_H
