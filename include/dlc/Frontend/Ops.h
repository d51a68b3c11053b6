//===- Ops.h - Functions on tensors -----------------------------*- C++ -*-===//
//
// Ops.h.inc holds one function for each operation of the nn dialect, made from
// its definition (lib/Frontend/generate.py); docs/Dialects/NN.md describes
// them. Here are operators, and what is more convenient to call.
//
// Dimensions called `axis` and `axes` may be negative: they count from the end.
//
//===----------------------------------------------------------------------===//

#ifndef DLC_FRONTEND_OPS_H
#define DLC_FRONTEND_OPS_H

#include "dlc/Frontend/Graph.h"

namespace dlc {

#include "dlc/Frontend/Ops.h.inc"

//===----------------------------------------------------------------------===//
// Operators
//===----------------------------------------------------------------------===//

/// A side of a binary operator: a tensor, or a number, which takes the element
/// type of the other side.
class DLC_API Operand {
public:
  Operand(const Tensor &tensor,
          SourceLocation where = SourceLocation::current())
      : tensor(tensor), where(where) {}
  Operand(double number, SourceLocation where = SourceLocation::current())
      : number(number), where(where) {}

  Tensor tensor;
  double number = 0;
  /// Where the operator is written, which has no default arguments itself.
  SourceLocation where;
};

DLC_API Tensor operator+(const Operand &lhs, const Operand &rhs);
DLC_API Tensor operator-(const Operand &lhs, const Operand &rhs);
DLC_API Tensor operator*(const Operand &lhs, const Operand &rhs);
DLC_API Tensor operator/(const Operand &lhs, const Operand &rhs);
/// Comparisons give tensors of booleans. (There is no ==, see `compare`.)
DLC_API Tensor operator<(const Operand &lhs, const Operand &rhs);
DLC_API Tensor operator<=(const Operand &lhs, const Operand &rhs);
DLC_API Tensor operator>(const Operand &lhs, const Operand &rhs);
DLC_API Tensor operator>=(const Operand &lhs, const Operand &rhs);
DLC_API Tensor operator-(const Operand &x);
/// A number of the element type of `like`, in its graph.
DLC_API Tensor scalar_like(double value, const Tensor &like,
                           SourceLocation where = SourceLocation::current());

//===----------------------------------------------------------------------===//
// Layers
//===----------------------------------------------------------------------===//

/// `x @ transpose(weight) + bias`: weight is out × in, as torch stores it. The
/// bias may be missing.
DLC_API Tensor linear(const Tensor &x, const Tensor &weight,
                      const Tensor &bias = {},
                      SourceLocation where = SourceLocation::current());

/// How a window moves over an image. Both dimensions are treated alike.
struct Window2d {
  int64_t stride = 1;
  /// In front of and behind each dimension.
  int64_t padding = 0;
  int64_t dilation = 1;
  int64_t groups = 1; ///< of convolutions
};

/// Convolution of batch × channels × height × width, with a bias of one number
/// a channel, which may be missing.
DLC_API Tensor conv2d(const Tensor &x, const Tensor &filter,
                      const Tensor &bias = {}, const Window2d &window = {},
                      SourceLocation where = SourceLocation::current());
/// A window without a stride of its own (0) moves by its size.
DLC_API Tensor max_pool2d(const Tensor &x, int64_t kernel,
                          const Window2d &window = {0, 0, 1, 1},
                          SourceLocation where = SourceLocation::current());
DLC_API Tensor avg_pool2d(const Tensor &x, int64_t kernel,
                          const Window2d &window = {0, 0, 1, 1},
                          SourceLocation where = SourceLocation::current());

/// `softmax(query @ transpose(key) * scale + mask) @ value` over the last two
/// dimensions, sequence × features; scale is 1 / sqrt(features) unless given
/// (not 0). The mask is added, broadcast, and may be missing.
DLC_API Tensor scaled_dot_product_attention(
    const Tensor &query, const Tensor &key, const Tensor &value,
    const Tensor &mask = {}, double scale = 0,
    SourceLocation where = SourceLocation::current());
/// Attention of several heads: query, key and value are batch × sequence ×
/// features, of which each head takes an equal part.
DLC_API Tensor multi_head_attention(
    const Tensor &query, const Tensor &key, const Tensor &value, int64_t heads,
    const Tensor &mask = {}, SourceLocation where = SourceLocation::current());

//===----------------------------------------------------------------------===//
// Activations
//===----------------------------------------------------------------------===//

/// `x * sigmoid(x)`.
DLC_API Tensor silu(const Tensor &x,
                    SourceLocation where = SourceLocation::current());
/// `max(x, slope * x)` for a slope below 1.
DLC_API Tensor leaky_relu(const Tensor &x, double slope = 0.01,
                          SourceLocation where = SourceLocation::current());
/// `x` brought into [low, high].
DLC_API Tensor clamp(const Tensor &x, double low, double high,
                     SourceLocation where = SourceLocation::current());
/// `x / sqrt(mean(x * x) + epsilon) * scale` over the last dimension.
DLC_API Tensor rms_norm(const Tensor &x, const Tensor &scale, double epsilon,
                        SourceLocation where = SourceLocation::current());

//===----------------------------------------------------------------------===//
// Reductions and shapes
//===----------------------------------------------------------------------===//

DLC_API Tensor sum(const Tensor &x, const Ints &axes, bool keepdims = false,
                   SourceLocation where = SourceLocation::current());
DLC_API Tensor mean(const Tensor &x, const Ints &axes, bool keepdims = false,
                    SourceLocation where = SourceLocation::current());
/// Joins the dimensions from `axis` on into one.
DLC_API Tensor flatten(const Tensor &x, int64_t axis = 1,
                       SourceLocation where = SourceLocation::current());
/// Adds a dimension of 1.
DLC_API Tensor unsqueeze(const Tensor &x, int64_t axis,
                         SourceLocation where = SourceLocation::current());
/// Removes a dimension of 1.
DLC_API Tensor squeeze(const Tensor &x, int64_t axis,
                       SourceLocation where = SourceLocation::current());
/// Exchanges two dimensions.
DLC_API Tensor swap_axes(const Tensor &x, int64_t a, int64_t b,
                         SourceLocation where = SourceLocation::current());
/// Parts of equal size along a dimension.
DLC_API std::vector<Tensor>
chunk(const Tensor &x, int64_t parts, int64_t axis,
      SourceLocation where = SourceLocation::current());

} // namespace dlc

#endif // DLC_FRONTEND_OPS_H
