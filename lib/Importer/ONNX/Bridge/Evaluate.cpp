//===- Evaluate.cpp - ONNX nodes on small known tensors -------------------===//
//
// Shapes are computed by graphs of tiny tensors. libonnx propagates only some
// of them, so this evaluates them exactly: integers wrap, division truncates,
// and whatever is undefined (division by zero, indices out of range) is left to
// the caller.
//
//===----------------------------------------------------------------------===//

#include "Evaluate.h"
#include "Half.h"
#include "Internal.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numeric>

using namespace dlc::importer;
using onnx::NodeProto;
using onnx::TensorProto;

namespace {

using Dims = std::vector<int64_t>;
/// What an evaluation is given; absent inputs are null.
struct Inputs : std::vector<const Value *> {
  Inputs(std::vector<const Value *> values, int64_t most)
      : std::vector<const Value *>(std::move(values)), most(most) {}

  /// The most elements of a result.
  int64_t most;
};

using Result = std::optional<std::vector<Value>>;

/// Negative where there are too many.
int64_t count(const Dims &dims, int64_t most) {
  int64_t elements = 1;
  for (int64_t dim : dims) {
    if (dim < 0 || dim > most)
      return -1;
    elements *= dim;
    if (elements > most)
      return -1;
  }
  return elements;
}

Dims stridesOf(const Dims &dims) {
  Dims strides(dims.size());
  int64_t stride = 1;
  for (size_t i = dims.size(); i-- > 0; stride *= dims[i])
    strides[i] = stride;
  return strides;
}

double roundTo(double value, int type) {
  if (auto half = halfFormat(type))
    return roundToHalf(value, *half);
  return type == TensorProto::FLOAT ? static_cast<float>(value) : value;
}

void copyElement(Value &to, size_t at, const Value &from, size_t index) {
  if (to.isFloat())
    to.floats[at] = from.floats[index];
  else
    to.ints[at] = from.ints[index];
}

Result one(Value value) {
  std::vector<Value> values;
  values.push_back(std::move(value));
  return values;
}

const Value *input(const Inputs &inputs, size_t index) {
  return index < inputs.size() ? inputs[index] : nullptr;
}

bool normalizeAxis(int64_t &axis, int64_t rank) {
  if (axis < -rank || axis >= rank)
    return false;
  axis += axis < 0 ? rank : 0;
  return true;
}

/// Shape of a numpy broadcast.
std::optional<Dims> broadcastDims(const Dims &a, const Dims &b, int64_t most) {
  Dims result(std::max(a.size(), b.size()));
  for (size_t i = 0; i < result.size(); ++i) {
    int64_t x = i < a.size() ? a[a.size() - 1 - i] : 1;
    int64_t y = i < b.size() ? b[b.size() - 1 - i] : 1;
    if (x != y && x != 1 && y != 1)
      return std::nullopt;
    result[result.size() - 1 - i] = x == 1 ? y : x;
  }
  if (count(result, most) < 0)
    return std::nullopt;
  return result;
}

/// Position in `dims`, broadcast to `to`, of element `index` of `to`.
size_t broadcastIndex(size_t index, const Dims &to, const Dims &dims) {
  size_t result = 0, stride = 1;
  for (size_t i = 0; i < to.size(); ++i) {
    size_t position = index % to[to.size() - 1 - i];
    index /= to[to.size() - 1 - i];
    if (i < dims.size()) {
      int64_t dim = dims[dims.size() - 1 - i];
      if (dim != 1)
        result += position * stride;
      stride *= dim;
    }
  }
  return result;
}

template <typename IntFn, typename FloatFn>
Result binary(const Inputs &in, IntFn onInts, FloatFn onFloats,
              int resultType = 0) {
  if (in.size() != 2 || !in[0] || !in[1] ||
      in[0]->isFloat() != in[1]->isFloat())
    return std::nullopt;
  auto dims = broadcastDims(in[0]->dims, in[1]->dims, in.most);
  if (!dims)
    return std::nullopt;
  Value out = makeValue(resultType ? resultType : in[0]->elemType, *dims);
  for (size_t i = 0, e = count(*dims, in.most); i < e; ++i) {
    size_t a = broadcastIndex(i, *dims, in[0]->dims);
    size_t b = broadcastIndex(i, *dims, in[1]->dims);
    if (in[0]->isFloat()) {
      double value = onFloats(in[0]->floats[a], in[1]->floats[b]);
      if (out.isFloat())
        out.floats[i] = roundTo(value, out.elemType);
      else
        out.ints[i] = value != 0;
    } else {
      std::optional<int64_t> value = onInts(in[0]->ints[a], in[1]->ints[b]);
      if (!value || out.isFloat())
        return std::nullopt;
      out.ints[i] = wrap(*value, out.elemType);
    }
  }
  return one(std::move(out));
}

template <typename IntFn, typename FloatFn>
Result unary(const Inputs &in, IntFn onInts, FloatFn onFloats) {
  if (in.size() != 1 || !in[0])
    return std::nullopt;
  Value out = *in[0];
  for (int64_t &value : out.ints) {
    std::optional<int64_t> result = onInts(value);
    if (!result)
      return std::nullopt;
    value = wrap(*result, out.elemType);
  }
  for (double &value : out.floats)
    value = roundTo(onFloats(value), out.elemType);
  return one(std::move(out));
}

// Signed arithmetic that wraps as ONNX's does in practice.
int64_t add(int64_t a, int64_t b) { return int64_t(uint64_t(a) + uint64_t(b)); }
int64_t sub(int64_t a, int64_t b) { return int64_t(uint64_t(a) - uint64_t(b)); }
int64_t mul(int64_t a, int64_t b) { return int64_t(uint64_t(a) * uint64_t(b)); }

std::optional<int64_t> divide(int64_t a, int64_t b) {
  if (b == 0)
    return std::nullopt;
  return b == -1 ? sub(0, a) : a / b;
}

/// Floored modulus (fmod=0) or C's (fmod=1).
std::optional<int64_t> modulus(int64_t a, int64_t b, bool fmod) {
  if (b == 0)
    return std::nullopt;
  if (b == -1)
    return 0;
  int64_t r = a % b;
  return !fmod && r != 0 && (r < 0) != (b < 0) ? r + b : r;
}

std::optional<int64_t> power(int64_t base, int64_t exponent) {
  if (exponent < 0)
    return std::nullopt;
  int64_t result = 1;
  for (; exponent; exponent >>= 1, base = mul(base, base))
    if (exponent & 1)
      result = mul(result, base);
  return result;
}

std::optional<int64_t> none(int64_t) { return std::nullopt; }

Result cast(const NodeProto &node, const Inputs &in) {
  int type = static_cast<int>(intAttr(node, "to", 0));
  if (in.size() != 1 || !in[0] || !isFoldable(type))
    return std::nullopt;
  Value out = makeValue(type, in[0]->dims);
  for (size_t i = 0; i < in[0]->size(); ++i) {
    if (in[0]->isFloat()) {
      double value = in[0]->floats[i];
      if (out.isFloat()) {
        out.floats[i] = roundTo(value, type);
      } else if (type == TensorProto::BOOL) {
        out.ints[i] = value != 0;
      } else {
        if (!(std::fabs(value) < 9.2e18)) // also NaN: undefined
          return std::nullopt;
        out.ints[i] = wrap(static_cast<int64_t>(value), type);
      }
    } else if (out.isFloat()) {
      double value = in[0]->elemType == TensorProto::UINT64
                         ? double(uint64_t(in[0]->ints[i]))
                         : double(in[0]->ints[i]);
      out.floats[i] = roundTo(value, type);
    } else {
      out.ints[i] = wrap(in[0]->ints[i], type);
    }
  }
  return one(std::move(out));
}

Result gather(const NodeProto &node, const Inputs &in) {
  if (in.size() != 2 || !in[0] || !in[1])
    return std::nullopt;
  const Value &data = *in[0], &indices = *in[1];
  int64_t axis = intAttr(node, "axis", 0);
  if (!normalizeAxis(axis, data.dims.size()))
    return std::nullopt;
  Dims dims(data.dims.begin(), data.dims.begin() + axis);
  dims.insert(dims.end(), indices.dims.begin(), indices.dims.end());
  dims.insert(dims.end(), data.dims.begin() + axis + 1, data.dims.end());
  if (count(dims, in.most) < 0)
    return std::nullopt;
  Value out = makeValue(data.elemType, dims);
  int64_t outer =
      count(Dims(data.dims.begin(), data.dims.begin() + axis), in.most);
  int64_t inner =
      count(Dims(data.dims.begin() + axis + 1, data.dims.end()), in.most);
  int64_t extent = data.dims[axis];
  size_t at = 0;
  for (int64_t o = 0; o < outer; ++o)
    for (int64_t index : indices.ints) {
      if (index < -extent || index >= extent)
        return std::nullopt;
      index += index < 0 ? extent : 0;
      for (int64_t i = 0; i < inner; ++i)
        copyElement(out, at++, data, (o * extent + index) * inner + i);
    }
  return one(std::move(out));
}

Result concat(const NodeProto &node, const Inputs &in) {
  if (in.empty() || std::count(in.begin(), in.end(), nullptr))
    return std::nullopt;
  int64_t axis = intAttr(node, "axis", 0);
  if (!normalizeAxis(axis, in[0]->dims.size()))
    return std::nullopt;
  Dims dims = in[0]->dims;
  dims[axis] = 0;
  for (const Value *value : in) {
    if (value->dims.size() != dims.size() || value->elemType != in[0]->elemType)
      return std::nullopt;
    for (size_t i = 0; i < dims.size(); ++i)
      if (i != size_t(axis) && value->dims[i] != dims[i])
        return std::nullopt;
    dims[axis] += value->dims[axis];
  }
  if (count(dims, in.most) < 0)
    return std::nullopt;
  Value out = makeValue(in[0]->elemType, dims);
  int64_t outer = count(Dims(dims.begin(), dims.begin() + axis), in.most);
  size_t at = 0;
  for (int64_t o = 0; o < outer; ++o)
    for (const Value *value : in) {
      size_t chunk = outer ? value->size() / outer : 0;
      for (size_t i = 0; i < chunk; ++i)
        copyElement(out, at++, *value, o * chunk + i);
    }
  return one(std::move(out));
}

Result slice(const Inputs &in) {
  if (in.size() < 3 || !in[0] || !in[1] || !in[2])
    return std::nullopt;
  const Value &data = *in[0];
  int64_t rank = data.dims.size();
  const Value *axes = input(in, 3), *steps = input(in, 4);
  size_t n = in[1]->ints.size();
  if (in[2]->ints.size() != n || (axes && axes->ints.size() != n) ||
      (steps && steps->ints.size() != n))
    return std::nullopt;
  Dims begin(rank, 0), step(rank, 1), dims = data.dims;
  for (size_t i = 0; i < n; ++i) {
    int64_t axis = axes ? axes->ints[i] : int64_t(i);
    if (!normalizeAxis(axis, rank))
      return std::nullopt;
    int64_t dim = data.dims[axis], s = steps ? steps->ints[i] : 1;
    int64_t lo = in[1]->ints[i], hi = in[2]->ints[i];
    if (s == 0 || s == INT64_MIN)
      return std::nullopt;
    lo = lo < 0 ? add(lo, dim) : lo;
    hi = hi < 0 ? add(hi, dim) : hi;
    if (s > 0) {
      lo = std::clamp<int64_t>(lo, 0, dim);
      hi = std::clamp<int64_t>(hi, 0, dim);
      dims[axis] = hi > lo ? (hi - lo - 1) / s + 1 : 0;
    } else {
      lo = std::clamp<int64_t>(lo, dim ? 0 : -1, dim - 1);
      hi = std::clamp<int64_t>(hi, -1, dim - 1);
      dims[axis] = lo > hi ? (lo - hi - 1) / -s + 1 : 0;
    }
    begin[axis] = lo;
    step[axis] = s;
  }
  Value out = makeValue(data.elemType, dims);
  Dims strides = stridesOf(data.dims);
  for (size_t i = 0, e = count(dims, in.most); i < e; ++i) {
    size_t rest = i;
    int64_t from = 0;
    for (int64_t d = rank; d-- > 0; rest /= dims[d])
      from += (begin[d] + int64_t(rest % dims[d]) * step[d]) * strides[d];
    copyElement(out, i, data, from);
  }
  return one(std::move(out));
}

Result reshape(const NodeProto &node, const Inputs &in) {
  if (in.size() != 2 || !in[0] || !in[1])
    return std::nullopt;
  Dims dims = in[1]->ints;
  int64_t known = 1, open = -1;
  for (size_t i = 0; i < dims.size(); ++i) {
    if (dims[i] == 0 && !intAttr(node, "allowzero", 0)) {
      if (i >= in[0]->dims.size())
        return std::nullopt;
      dims[i] = in[0]->dims[i];
    }
    if (dims[i] == -1 && open < 0)
      open = i;
    else if (dims[i] < 0 || dims[i] > in.most)
      return std::nullopt;
    else
      known = std::min(known * dims[i], in.most + 1);
  }
  int64_t elements = in[0]->size();
  if (open >= 0) {
    if (known == 0 || elements % known)
      return std::nullopt;
    dims[open] = elements / known;
  }
  if (count(dims, in.most) != elements)
    return std::nullopt;
  Value out = *in[0];
  out.dims = dims;
  return one(std::move(out));
}

Result squeeze(const Inputs &in) {
  if (in.empty() || !in[0])
    return std::nullopt;
  std::vector<bool> drop(in[0]->dims.size(), false);
  if (const Value *axes = input(in, 1)) {
    for (int64_t axis : axes->ints) {
      if (!normalizeAxis(axis, drop.size()) || in[0]->dims[axis] != 1)
        return std::nullopt;
      drop[axis] = true;
    }
  } else {
    for (size_t i = 0; i < drop.size(); ++i)
      drop[i] = in[0]->dims[i] == 1;
  }
  Value out = *in[0];
  out.dims.clear();
  for (size_t i = 0; i < drop.size(); ++i)
    if (!drop[i])
      out.dims.push_back(in[0]->dims[i]);
  return one(std::move(out));
}

Result unsqueeze(const Inputs &in) {
  if (in.size() != 2 || !in[0] || !in[1])
    return std::nullopt;
  std::vector<bool> added(in[0]->dims.size() + in[1]->ints.size(), false);
  for (int64_t axis : in[1]->ints) {
    if (!normalizeAxis(axis, added.size()) || added[axis])
      return std::nullopt;
    added[axis] = true;
  }
  Value out = *in[0];
  out.dims.clear();
  size_t next = 0;
  for (bool isNew : added)
    out.dims.push_back(isNew ? 1 : in[0]->dims[next++]);
  return one(std::move(out));
}

Result transpose(const NodeProto &node, const Inputs &in) {
  if (in.size() != 1 || !in[0])
    return std::nullopt;
  size_t rank = in[0]->dims.size();
  Dims perm(rank);
  std::iota(perm.rbegin(), perm.rend(), 0);
  if (const auto *attr = attribute(node, "perm"))
    perm.assign(attr->ints().begin(), attr->ints().end());
  Dims sorted = perm, dims;
  std::sort(sorted.begin(), sorted.end());
  for (size_t i = 0; i < sorted.size(); ++i)
    if (sorted[i] != int64_t(i))
      return std::nullopt;
  if (perm.size() != rank)
    return std::nullopt;
  for (int64_t p : perm)
    dims.push_back(in[0]->dims[p]);
  Value out = makeValue(in[0]->elemType, dims);
  Dims strides = stridesOf(in[0]->dims);
  for (size_t i = 0; i < out.size(); ++i) {
    size_t rest = i, from = 0;
    for (size_t d = rank; d-- > 0; rest /= dims[d])
      from += rest % dims[d] * strides[perm[d]];
    copyElement(out, i, *in[0], from);
  }
  return one(std::move(out));
}

Result broadcastTo(const Value &data, const Dims &dims) {
  Value out = makeValue(data.elemType, dims);
  for (size_t i = 0; i < out.size(); ++i)
    copyElement(out, i, data, broadcastIndex(i, dims, data.dims));
  return one(std::move(out));
}

Result expand(const Inputs &in) {
  if (in.size() != 2 || !in[0] || !in[1])
    return std::nullopt;
  for (int64_t dim : in[1]->ints)
    if (dim < 0)
      return std::nullopt;
  auto dims = broadcastDims(in[0]->dims, in[1]->ints, in.most);
  return dims ? broadcastTo(*in[0], *dims) : std::nullopt;
}

Result tile(const Inputs &in) {
  if (in.size() != 2 || !in[0] || !in[1] ||
      in[1]->ints.size() != in[0]->dims.size())
    return std::nullopt;
  Dims dims = in[0]->dims;
  for (size_t i = 0; i < dims.size(); ++i) {
    if (in[1]->ints[i] < 0 || in[1]->ints[i] > in.most)
      return std::nullopt;
    dims[i] *= in[1]->ints[i];
  }
  if (count(dims, in.most) < 0)
    return std::nullopt;
  Value out = makeValue(in[0]->elemType, dims);
  Dims strides = stridesOf(in[0]->dims);
  for (size_t i = 0; i < out.size(); ++i) {
    size_t rest = i, from = 0;
    for (size_t d = dims.size(); d-- > 0; rest /= dims[d])
      from += rest % dims[d] % in[0]->dims[d] * strides[d];
    copyElement(out, i, *in[0], from);
  }
  return one(std::move(out));
}

Result constantOfShape(const NodeProto &node, const Inputs &in) {
  if (in.size() != 1 || !in[0] || count(in[0]->ints, in.most) < 0)
    return std::nullopt;
  Value fill = makeValue(TensorProto::FLOAT, {1});
  if (const auto *attr = attribute(node, "value")) {
    if (!isFoldable(attr->t().data_type()) || isStub(attr->t()))
      return std::nullopt;
    fill = readValue(attr->t());
    if (fill.size() != 1)
      return std::nullopt;
  }
  Value out = makeValue(fill.elemType, in[0]->ints);
  for (size_t i = 0; i < out.size(); ++i)
    copyElement(out, i, fill, 0);
  return one(std::move(out));
}

Result range(const Inputs &in) {
  if (in.size() != 3)
    return std::nullopt;
  for (const Value *value : in)
    if (!value || value->size() != 1 || value->elemType != in[0]->elemType)
      return std::nullopt;
  double extent;
  if (in[0]->isFloat()) {
    extent =
        std::ceil((in[1]->floats[0] - in[0]->floats[0]) / in[2]->floats[0]);
  } else {
    if (in[2]->ints[0] == 0)
      return std::nullopt;
    extent = std::ceil((double(in[1]->ints[0]) - double(in[0]->ints[0])) /
                       double(in[2]->ints[0]));
  }
  if (!(extent <= double(in.most)))
    return std::nullopt;
  int64_t n = std::max<int64_t>(0, int64_t(std::max(extent, 0.0)));
  Value out = makeValue(in[0]->elemType, {n});
  for (int64_t i = 0; i < n; ++i)
    if (out.isFloat())
      out.floats[i] =
          roundTo(in[0]->floats[0] + i * in[2]->floats[0], out.elemType);
    else
      out.ints[i] =
          wrap(add(in[0]->ints[0], mul(i, in[2]->ints[0])), out.elemType);
  return one(std::move(out));
}

Result where(const Inputs &in) {
  if (in.size() != 3 || !in[0] || !in[1] || !in[2] ||
      in[1]->elemType != in[2]->elemType || in[0]->isFloat())
    return std::nullopt;
  auto dims = broadcastDims(in[1]->dims, in[2]->dims, in.most);
  if (dims)
    dims = broadcastDims(*dims, in[0]->dims, in.most);
  if (!dims)
    return std::nullopt;
  Value out = makeValue(in[1]->elemType, *dims);
  for (size_t i = 0; i < out.size(); ++i) {
    bool taken = in[0]->ints[broadcastIndex(i, *dims, in[0]->dims)];
    const Value &from = taken ? *in[1] : *in[2];
    copyElement(out, i, from, broadcastIndex(i, *dims, from.dims));
  }
  return one(std::move(out));
}

Result reduce(const NodeProto &node, const Inputs &in) {
  if (in.empty() || !in[0])
    return std::nullopt;
  size_t rank = in[0]->dims.size();
  std::vector<bool> reduced(rank, false);
  const Value *axes = input(in, 1);
  if (axes && !axes->ints.empty()) {
    for (int64_t axis : axes->ints) {
      if (!normalizeAxis(axis, rank))
        return std::nullopt;
      reduced[axis] = true;
    }
  } else if (intAttr(node, "noop_with_empty_axes", 0)) {
    return one(*in[0]);
  } else {
    reduced.assign(rank, true);
  }
  Dims kept = in[0]->dims, dims;
  for (size_t i = 0; i < rank; ++i) {
    if (reduced[i])
      kept[i] = 1;
    if (!reduced[i] || intAttr(node, "keepdims", 1))
      dims.push_back(kept[i]);
  }
  const std::string &op = node.op_type();
  if (in[0]->size() == 0 && op != "ReduceSum" && op != "ReduceProd")
    return std::nullopt;
  Value out = makeValue(in[0]->elemType, kept);
  std::vector<size_t> seen(out.size(), 0);
  for (size_t i = 0; i < in[0]->size(); ++i) {
    size_t at = 0, rest = i, stride = 1;
    for (size_t d = rank; d-- > 0; rest /= in[0]->dims[d]) {
      if (!reduced[d]) {
        at += rest % in[0]->dims[d] * stride;
        stride *= in[0]->dims[d];
      }
    }
    bool first = seen[at]++ == 0;
    auto step = [&](auto &accumulator, auto value, auto plus, auto times) {
      if (op == "ReduceProd")
        accumulator = first ? value : times(accumulator, value);
      else if (op == "ReduceMax")
        accumulator = first ? value : std::max(accumulator, value);
      else if (op == "ReduceMin")
        accumulator = first ? value : std::min(accumulator, value);
      else
        accumulator = first ? value : plus(accumulator, value);
    };
    if (out.isFloat())
      step(out.floats[at], in[0]->floats[i], std::plus<double>(),
           std::multiplies<double>());
    else
      step(out.ints[at], in[0]->ints[i], add, mul);
  }
  for (size_t i = 0; i < out.size(); ++i) {
    if (!seen[i]) // an empty sum is 0, an empty product 1
      out.isFloat() ? out.floats[i] = op == "ReduceProd"
                    : out.ints[i] = op == "ReduceProd";
    if (op == "ReduceMean") {
      if (out.isFloat())
        out.floats[i] /= double(seen[i]);
      else
        out.ints[i] /= int64_t(seen[i]);
    }
    if (out.isFloat())
      out.floats[i] = roundTo(out.floats[i], out.elemType);
    else
      out.ints[i] = wrap(out.ints[i], out.elemType);
  }
  out.dims = dims;
  return one(std::move(out));
}

Result split(const NodeProto &node, const Inputs &in) {
  if (in.empty() || !in[0])
    return std::nullopt;
  int64_t axis = intAttr(node, "axis", 0);
  if (!normalizeAxis(axis, in[0]->dims.size()))
    return std::nullopt;
  int64_t dim = in[0]->dims[axis], parts = node.output_size();
  Dims sizes;
  if (const Value *given = input(in, 1)) {
    sizes = given->ints;
  } else {
    int64_t chunk = parts ? (dim + parts - 1) / parts : 0;
    for (int64_t i = 0, left = dim; i < parts; ++i) {
      sizes.push_back(std::min(chunk, left));
      left -= sizes.back();
    }
  }
  int64_t sum = 0;
  for (int64_t size : sizes) {
    if (size < 0 || size > dim)
      return std::nullopt;
    sum += size;
  }
  if (sum != dim || int64_t(sizes.size()) != parts)
    return std::nullopt;
  std::vector<Value> results;
  int64_t start = 0;
  for (int64_t size : sizes) {
    Value lo = makeValue(TensorProto::INT64, {1}), hi = lo, along = lo;
    lo.ints = {start};
    hi.ints = {start += size};
    along.ints = {axis};
    Result part = slice({{in[0], &lo, &hi, &along}, in.most});
    if (!part)
      return std::nullopt;
    results.push_back(std::move(part->front()));
  }
  return results;
}

Result nonZero(const Inputs &in) {
  if (in.size() != 1 || !in[0])
    return std::nullopt;
  std::vector<size_t> found;
  for (size_t i = 0; i < in[0]->size(); ++i)
    if (in[0]->isFloat() ? in[0]->floats[i] != 0 : in[0]->ints[i] != 0)
      found.push_back(i);
  int64_t rank = in[0]->dims.size(), n = found.size();
  if (count({rank, n}, in.most) < 0)
    return std::nullopt;
  Value out = makeValue(TensorProto::INT64, {rank, n});
  for (int64_t i = 0; i < n; ++i) {
    size_t rest = found[i];
    for (int64_t d = rank; d-- > 0; rest /= in[0]->dims[d])
      out.ints[d * n + i] = rest % in[0]->dims[d];
  }
  return one(std::move(out));
}

/// ScatterND without a reduction.
Result scatterND(const NodeProto &node, const Inputs &in) {
  if (in.size() != 3 || !in[0] || !in[1] || !in[2] || in[1]->dims.empty())
    return std::nullopt;
  const auto *reduction = attribute(node, "reduction");
  if (reduction && reduction->s() != "none")
    return std::nullopt;
  Value out = *in[0];
  size_t width = in[1]->dims.back();
  if (width > out.dims.size() || width == 0)
    return std::nullopt;
  Dims strides = stridesOf(out.dims);
  size_t inner = count(Dims(out.dims.begin() + width, out.dims.end()), in.most);
  size_t rows = in[1]->ints.size() / width;
  if (in[2]->size() != rows * inner || in[2]->elemType != out.elemType)
    return std::nullopt;
  for (size_t row = 0; row < rows; ++row) {
    int64_t at = 0;
    for (size_t d = 0; d < width; ++d) {
      int64_t index = in[1]->ints[row * width + d];
      if (!normalizeAxis(index, out.dims[d]))
        return std::nullopt;
      at += index * strides[d];
    }
    for (size_t i = 0; i < inner; ++i)
      copyElement(out, at + i, *in[2], row * inner + i);
  }
  return one(std::move(out));
}

Result cumSum(const NodeProto &node, const Inputs &in) {
  if (in.size() != 2 || !in[0] || !in[1] || in[1]->ints.size() != 1)
    return std::nullopt;
  int64_t axis = in[1]->ints[0];
  if (!normalizeAxis(axis, in[0]->dims.size()))
    return std::nullopt;
  bool exclusive = intAttr(node, "exclusive", 0);
  bool reverse = intAttr(node, "reverse", 0);
  Value out = *in[0];
  int64_t stride = stridesOf(out.dims)[axis], extent = out.dims[axis];
  for (int64_t i = 0, e = out.size(); i < e; ++i) {
    if (i / stride % extent != 0)
      continue; // lines start at position 0
    double floats = 0;
    int64_t ints = 0;
    for (int64_t k = 0; k < extent; ++k) {
      int64_t at = i + (reverse ? extent - 1 - k : k) * stride;
      double oldFloat = floats;
      int64_t oldInt = ints;
      if (out.isFloat()) {
        floats += in[0]->floats[at];
        out.floats[at] = roundTo(exclusive ? oldFloat : floats, out.elemType);
      } else {
        ints = add(ints, in[0]->ints[at]);
        out.ints[at] = wrap(exclusive ? oldInt : ints, out.elemType);
      }
    }
  }
  return one(std::move(out));
}

/// Variadic Min, Max, Sum.
Result variadic(const Inputs &in,
                const std::function<Result(const Inputs &)> &step) {
  if (in.empty() || !in[0])
    return std::nullopt;
  Value accumulator = *in[0];
  for (size_t i = 1; i < in.size(); ++i) {
    Result next = step({{&accumulator, in[i]}, in.most});
    if (!next)
      return std::nullopt;
    accumulator = std::move(next->front());
  }
  return one(std::move(accumulator));
}

using Evaluator = std::function<Result(const NodeProto &, const Inputs &)>;

template <typename IntFn, typename FloatFn>
Evaluator compare(IntFn onInts, FloatFn onFloats) {
  return [=](const NodeProto &, const Inputs &in) {
    return binary(
        in,
        [=](int64_t a, int64_t b) {
          return std::optional<int64_t>(onInts(a, b));
        },
        [=](double a, double b) { return onFloats(a, b) ? 1.0 : 0.0; },
        TensorProto::BOOL);
  };
}

template <typename IntFn, typename FloatFn>
Evaluator arithmetic(IntFn onInts, FloatFn onFloats) {
  return [=](const NodeProto &, const Inputs &in) {
    return binary(in, onInts, onFloats);
  };
}

template <typename IntFn, typename FloatFn>
Evaluator variadicOp(IntFn onInts, FloatFn onFloats) {
  return [=](const NodeProto &, const Inputs &in) {
    return variadic(
        in, [=](const Inputs &two) { return binary(two, onInts, onFloats); });
  };
}

template <typename IntFn, typename FloatFn>
Evaluator elementwise(IntFn onInts, FloatFn onFloats) {
  return [=](const NodeProto &, const Inputs &in) {
    return unary(in, onInts, onFloats);
  };
}

std::optional<int64_t> same(int64_t a) { return a; }

double nanMin(double a, double b) { return a < b || std::isnan(a) ? a : b; }
double nanMax(double a, double b) { return a > b || std::isnan(a) ? a : b; }

Result clip(const Inputs &in) {
  Result x = input(in, 0) ? one(*in[0]) : std::nullopt;
  if (const Value *least = input(in, 1); x && least)
    x = binary(
        Inputs({&x->front(), least}, in.most),
        [](int64_t a, int64_t b) { return std::optional(std::max(a, b)); },
        nanMax);
  if (const Value *most = input(in, 2); x && most)
    x = binary(
        Inputs({&x->front(), most}, in.most),
        [](int64_t a, int64_t b) { return std::optional(std::min(a, b)); },
        nanMin);
  return x;
}

const std::unordered_map<std::string, Evaluator> &table() {
  using Node = const NodeProto &;
  using In = const Inputs &;
  static const std::unordered_map<std::string, Evaluator> entries = {
      {"Add", arithmetic(add, std::plus<double>())},
      {"Sub", arithmetic(sub, std::minus<double>())},
      {"Mul", arithmetic(mul, std::multiplies<double>())},
      {"Div", arithmetic(divide, std::divides<double>())},
      {"Pow",
       arithmetic(power, [](double a, double b) { return std::pow(a, b); })},
      {"Mod",
       [](Node node, In in) {
         bool fmod = intAttr(node, "fmod", 0);
         return binary(
             in, [=](int64_t a, int64_t b) { return modulus(a, b, fmod); },
             [=](double a, double b) {
               double r = std::fmod(a, b);
               return !fmod && r != 0 && (r < 0) != (b < 0) ? r + b : r;
             });
       }},
      {"And", arithmetic([](int64_t a, int64_t b) { return a & b; },
                         std::plus<double>())},
      {"Or", arithmetic([](int64_t a, int64_t b) { return a | b; },
                        std::plus<double>())},
      {"Xor", arithmetic([](int64_t a, int64_t b) { return a ^ b; },
                         std::plus<double>())},
      {"Min",
       variadicOp([](int64_t a, int64_t b) { return std::min(a, b); }, nanMin)},
      {"Max",
       variadicOp([](int64_t a, int64_t b) { return std::max(a, b); }, nanMax)},
      {"Clip", [](Node, In in) { return clip(in); }},
      {"Sum", variadicOp(add, std::plus<double>())},
      {"Equal", compare(std::equal_to<int64_t>(), std::equal_to<double>())},
      {"Less", compare(std::less<int64_t>(), std::less<double>())},
      {"LessOrEqual",
       compare(std::less_equal<int64_t>(), std::less_equal<double>())},
      {"Greater", compare(std::greater<int64_t>(), std::greater<double>())},
      {"GreaterOrEqual",
       compare(std::greater_equal<int64_t>(), std::greater_equal<double>())},
      {"Not", elementwise([](int64_t a) { return std::optional<int64_t>(!a); },
                          [](double a) { return a; })},
      {"Neg", elementwise([](int64_t a) { return std::optional(sub(0, a)); },
                          std::negate<double>())},
      {"Abs",
       elementwise(
           [](int64_t a) { return std::optional(a < 0 ? sub(0, a) : a); },
           [](double a) { return std::fabs(a); })},
      {"Sign",
       elementwise(
           [](int64_t a) { return std::optional<int64_t>((a > 0) - (a < 0)); },
           [](double a) { return double((a > 0) - (a < 0)); })},
      {"Relu", elementwise(
                   [](int64_t a) {
                     return std::optional<int64_t>(std::max<int64_t>(a, 0));
                   },
                   [](double a) { return a < 0 ? 0 : a; })},
      {"Floor", elementwise(same, [](double a) { return std::floor(a); })},
      {"Ceil", elementwise(same, [](double a) { return std::ceil(a); })},
      {"Round", elementwise(same, [](double a) { return std::nearbyint(a); })},
      {"Sqrt", elementwise(none, [](double a) { return std::sqrt(a); })},
      {"Reciprocal", elementwise(none, [](double a) { return 1 / a; })},
      {"Identity", elementwise(same, [](double a) { return a; })},
      {"Cast", cast},
      {"Gather", gather},
      {"Concat", concat},
      {"Slice", [](Node, In in) { return slice(in); }},
      {"Reshape", reshape},
      {"Squeeze", [](Node, In in) { return squeeze(in); }},
      {"Unsqueeze", [](Node, In in) { return unsqueeze(in); }},
      {"Transpose", transpose},
      {"Expand", [](Node, In in) { return expand(in); }},
      {"Tile", [](Node, In in) { return tile(in); }},
      {"ConstantOfShape", constantOfShape},
      {"Range", [](Node, In in) { return range(in); }},
      {"Where", [](Node, In in) { return where(in); }},
      {"ReduceProd", reduce},
      {"ReduceSum", reduce},
      {"ReduceMax", reduce},
      {"ReduceMin", reduce},
      {"ReduceMean", reduce},
      {"Split", split},
      {"NonZero", [](Node, In in) { return nonZero(in); }},
      {"ScatterND", scatterND},
      {"CumSum", cumSum},
  };
  return entries;
}

} // namespace

std::optional<std::vector<Value>>
dlc::importer::evaluate(const NodeProto &node,
                        const std::vector<const Value *> &inputs,
                        int64_t most) {
  auto entry = table().find(node.op_type());
  if (entry == table().end() ||
      !(node.domain().empty() || node.domain() == "ai.onnx"))
    return std::nullopt;
  return entry->second(node, Inputs(inputs, most));
}

bool dlc::importer::isEvaluated(const std::string &op) {
  return table().count(op) != 0;
}
