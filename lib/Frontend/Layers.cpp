//===- Layers.cpp - Functions made of others ------------------------------===//

#include "dlc/Frontend/Ops.h"

#include "State.h"

#include <cmath>

using namespace dlc;
using dlc::detail::OpCall;

//===----------------------------------------------------------------------===//
// Operators
//===----------------------------------------------------------------------===//

/// The side that is a number becomes a constant of the other one's type.
static Tensor makeSide(const Operand &side, const Operand &other) {
  return side.tensor ? side.tensor
                     : scalar_like(side.number, other.tensor, other.where);
}

using BinaryFn = Tensor (*)(const Tensor &, const Tensor &, SourceLocation);

static Tensor apply(BinaryFn function, const Operand &lhs, const Operand &rhs) {
  return function(makeSide(lhs, rhs), makeSide(rhs, lhs), lhs.where);
}

static Tensor apply(ComparePredicate predicate, const Operand &lhs,
                    const Operand &rhs) {
  return compare(predicate, makeSide(lhs, rhs), makeSide(rhs, lhs), lhs.where);
}

Tensor dlc::operator+(const Operand &lhs, const Operand &rhs) {
  return apply(add, lhs, rhs);
}
Tensor dlc::operator-(const Operand &lhs, const Operand &rhs) {
  return apply(sub, lhs, rhs);
}
Tensor dlc::operator*(const Operand &lhs, const Operand &rhs) {
  return apply(mul, lhs, rhs);
}
Tensor dlc::operator/(const Operand &lhs, const Operand &rhs) {
  return apply(div, lhs, rhs);
}
Tensor dlc::operator<(const Operand &lhs, const Operand &rhs) {
  return apply(ComparePredicate::LT, lhs, rhs);
}
Tensor dlc::operator<=(const Operand &lhs, const Operand &rhs) {
  return apply(ComparePredicate::LE, lhs, rhs);
}
Tensor dlc::operator>(const Operand &lhs, const Operand &rhs) {
  return apply(ComparePredicate::GT, lhs, rhs);
}
Tensor dlc::operator>=(const Operand &lhs, const Operand &rhs) {
  return apply(ComparePredicate::GE, lhs, rhs);
}
Tensor dlc::operator-(const Operand &x) { return neg(x.tensor, x.where); }

//===----------------------------------------------------------------------===//
// Layers
//===----------------------------------------------------------------------===//

static void require(bool condition, const std::string &message,
                    SourceLocation where) {
  if (!condition)
    throw Error(message, where);
}

static std::string show(const Tensor &tensor) {
  return tensor ? describe(tensor.dtype(), tensor.shape()) : "no tensor";
}

/// `axis` from 0 on.
static int64_t normalize(const Tensor &x, int64_t axis, int64_t end,
                         const char *function, SourceLocation where) {
  int64_t result = axis < 0 ? axis + end : axis;
  require(result >= 0 && result < end,
          std::string(function) + ": " + show(x) + " has no dimension " +
              std::to_string(axis),
          where);
  return result;
}

Tensor dlc::linear(const Tensor &x, const Tensor &weight, const Tensor &bias,
                   SourceLocation where) {
  require(weight && weight.rank() == 2,
          "linear: the weight has to be out × in, and is " + show(weight),
          where);
  Tensor product =
      matmul(x, transpose(weight, {1, 0}, where), /*wide=*/false, where);
  return bias ? add(product, bias, where) : product;
}

Tensor dlc::conv2d(const Tensor &x, const Tensor &filter, const Tensor &bias,
                   const Window2d &window, SourceLocation where) {
  require(x && x.rank() == 4 && filter && filter.rank() == 4,
          "conv2d: x and filter have to have 4 dimensions, and are " + show(x) +
              " and " + show(filter),
          where);
  int64_t stride = window.stride, padding = window.padding;
  Tensor result =
      conv(x, filter, {stride, stride}, {padding, padding, padding, padding},
           {window.dilation, window.dilation}, window.groups,
           /*channelsLast=*/false, /*wide=*/false, where);
  if (!bias)
    return result;
  require(bias.shape() == Ints{filter.dim(0)},
          "conv2d: the bias has to be [" + std::to_string(filter.dim(0)) +
              "], and is " + show(bias),
          where);
  return add(result, reshape(bias, {filter.dim(0), 1, 1}, where), where);
}

Tensor dlc::max_pool2d(const Tensor &x, int64_t kernel, const Window2d &window,
                       SourceLocation where) {
  int64_t stride = window.stride ? window.stride : kernel;
  int64_t padding = window.padding;
  return max_pool(x, {kernel, kernel}, {stride, stride},
                  {padding, padding, padding, padding},
                  {window.dilation, window.dilation}, /*channelsLast=*/false,
                  where);
}

Tensor dlc::avg_pool2d(const Tensor &x, int64_t kernel, const Window2d &window,
                       SourceLocation where) {
  int64_t stride = window.stride ? window.stride : kernel;
  int64_t padding = window.padding;
  return avg_pool(x, {kernel, kernel}, {stride, stride},
                  {padding, padding, padding, padding},
                  {window.dilation, window.dilation},
                  /*countIncludePad=*/false, /*channelsLast=*/false, where);
}

Tensor dlc::scaled_dot_product_attention(const Tensor &query, const Tensor &key,
                                         const Tensor &value,
                                         const Tensor &mask, double scale,
                                         SourceLocation where) {
  require(query && key && query.rank() >= 2 && key.rank() >= 2,
          "scaled_dot_product_attention: query and key need at least 2 "
          "dimensions, and are " +
              show(query) + " and " + show(key),
          where);
  if (scale == 0)
    scale = 1 / std::sqrt(static_cast<double>(query.dim(-1)));
  Tensor scores =
      matmul(query, swap_axes(key, -1, -2, where), /*wide=*/false, where);
  scores = mul(scores, scalar_like(scale, scores, where), where);
  if (mask)
    scores = add(scores, mask, where);
  return matmul(softmax(scores, -1, where), value, /*wide=*/false, where);
}

Tensor dlc::multi_head_attention(const Tensor &query, const Tensor &key,
                                 const Tensor &value, int64_t heads,
                                 const Tensor &mask, SourceLocation where) {
  auto split = [&](const Tensor &x) {
    require(x && x.rank() == 3 && heads > 0 && x.dim(2) % heads == 0,
            "multi_head_attention: " + show(x) +
                " has to be batch × sequence × features, which " +
                std::to_string(heads) + " heads can share",
            where);
    return transpose(
        reshape(x, {x.dim(0), x.dim(1), heads, x.dim(2) / heads}, where),
        {0, 2, 1, 3}, where);
  };
  Tensor result =
      transpose(scaled_dot_product_attention(split(query), split(key),
                                             split(value), mask, 0, where),
                {0, 2, 1, 3}, where);
  return reshape(result, {result.dim(0), result.dim(1), heads * result.dim(3)},
                 where);
}

//===----------------------------------------------------------------------===//
// Activations
//===----------------------------------------------------------------------===//

Tensor dlc::silu(const Tensor &x, SourceLocation where) {
  return mul(x, sigmoid(x, where), where);
}

Tensor dlc::leaky_relu(const Tensor &x, double slope, SourceLocation where) {
  require(slope >= 0 && slope <= 1,
          "leaky_relu: the slope has to be in [0, 1], and is " +
              std::to_string(slope),
          where);
  return max(x, mul(x, scalar_like(slope, x, where), where), where);
}

Tensor dlc::clamp(const Tensor &x, double low, double high,
                  SourceLocation where) {
  return min(max(x, scalar_like(low, x, where), where),
             scalar_like(high, x, where), where);
}

Tensor dlc::rms_norm(const Tensor &x, const Tensor &scale, double epsilon,
                     SourceLocation where) {
  Tensor square = mean(mul(x, x, where), {-1}, /*keepdims=*/true, where);
  square = add(square, scalar_like(epsilon, square, where), where);
  return mul(mul(x, rsqrt(square, where), where), scale, where);
}

//===----------------------------------------------------------------------===//
// Reductions and shapes
//===----------------------------------------------------------------------===//

Tensor dlc::sum(const Tensor &x, const Ints &axes, bool keepdims,
                SourceLocation where) {
  return reduce(ReduceKind::Sum, x, axes, keepdims, where);
}

Tensor dlc::mean(const Tensor &x, const Ints &axes, bool keepdims,
                 SourceLocation where) {
  return reduce(ReduceKind::Mean, x, axes, keepdims, where);
}

Tensor dlc::flatten(const Tensor &x, int64_t axis, SourceLocation where) {
  Ints shape = x.shape();
  axis = normalize(x, axis, x.rank(), "flatten", where);
  int64_t rest = 1;
  for (size_t i = axis; i < shape.size(); ++i)
    rest *= shape[i];
  shape.resize(axis);
  shape.push_back(rest);
  return reshape(x, shape, where);
}

Tensor dlc::unsqueeze(const Tensor &x, int64_t axis, SourceLocation where) {
  Ints shape = x.shape();
  axis = normalize(x, axis, x.rank() + 1, "unsqueeze", where);
  shape.insert(shape.begin() + axis, 1);
  return reshape(x, shape, where);
}

Tensor dlc::squeeze(const Tensor &x, int64_t axis, SourceLocation where) {
  Ints shape = x.shape();
  axis = normalize(x, axis, x.rank(), "squeeze", where);
  require(shape[axis] == 1,
          "squeeze: dimension " + std::to_string(axis) + " of " + show(x) +
              " is not 1",
          where);
  shape.erase(shape.begin() + axis);
  return reshape(x, shape, where);
}

Tensor dlc::swap_axes(const Tensor &x, int64_t a, int64_t b,
                      SourceLocation where) {
  a = normalize(x, a, x.rank(), "swap_axes", where);
  b = normalize(x, b, x.rank(), "swap_axes", where);
  Ints order;
  for (int64_t i = 0; i < x.rank(); ++i)
    order.push_back(i == a ? b : i == b ? a : i);
  return transpose(x, order, where);
}

std::vector<Tensor> dlc::chunk(const Tensor &x, int64_t parts, int64_t axis,
                               SourceLocation where) {
  axis = normalize(x, axis, x.rank(), "chunk", where);
  Ints sizes = x.shape();
  require(parts > 0 && sizes[axis] % parts == 0,
          "chunk: " + std::to_string(parts) +
              " parts of equal size can not be made of dimension " +
              std::to_string(axis) + " of " + show(x),
          where);
  sizes[axis] /= parts;
  std::vector<Tensor> result;
  for (int64_t i = 0; i < parts; ++i) {
    Ints starts(sizes.size(), 0);
    starts[axis] = i * sizes[axis];
    result.push_back(slice(x, starts, Ints(sizes.size(), 1), sizes, where));
  }
  return result;
}
