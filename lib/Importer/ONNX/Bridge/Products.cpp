//===- Products.cpp - Sizes as products of others -------------------------===//

#include "Products.h"
#include "Internal.h"

#include <algorithm>
#include <unordered_set>

using namespace dlc::importer;
using onnx::NodeProto;

namespace {

/// Values with more elements are no sizes.
constexpr size_t maxElements = 64, maxAtoms = 16;

bool movesOnly(const NodeProto &node) {
  static const std::unordered_set<std::string> ops = {
      "Concat", "Expand",  "Gather",    "Identity", "Reshape",
      "Slice",  "Squeeze", "Transpose", "Split",    "Unsqueeze"};
  using onnx::TensorProto;
  int64_t type = intAttr(node, "to", 0);
  return ops.count(node.op_type()) ||
         (node.op_type() == "Cast" &&
          (type == TensorProto::INT64 || type == TensorProto::INT32));
}

std::optional<Product> multiply(const Product &a, const Product &b) {
  Product result;
  if (a.atoms.size() + b.atoms.size() > maxAtoms ||
      __builtin_mul_overflow(a.factor, b.factor, &result.factor))
    return std::nullopt;
  std::merge(a.atoms.begin(), a.atoms.end(), b.atoms.begin(), b.atoms.end(),
             std::back_inserter(result.atoms));
  return result;
}

} // namespace

void Products::addShape(const std::string &name,
                        const std::vector<std::string> &keys,
                        const std::vector<std::optional<int64_t>> &sizes) {
  Elements &elements = known[name];
  elements.clear();
  for (size_t i = 0; i < keys.size(); ++i) {
    if (sizes[i]) {
      elements.push_back({*sizes[i], {}});
      continue;
    }
    places.insert({keys[i], {name, int64_t(i)}});
    elements.push_back({1, {keys[i]}});
  }
}

void Products::addReshaped(const std::string &name, size_t element,
                           const std::string &shape, size_t dim) {
  auto sizes = known.find(shape);
  if (sizes != known.end() && dim < sizes->second.size() &&
      sizes->second[dim].factor > 0)
    known[name][element] = sizes->second[dim];
}

Products::Elements Products::elementsOf(const std::string &name,
                                        const Value *value,
                                        const Value *constant) {
  Elements elements;
  if (!value || value->isFloat() || value->size() > maxElements)
    return elements;
  if (constant) {
    for (int64_t number : constant->ints)
      elements.push_back({number, {}});
    return elements;
  }
  auto found = known.find(name);
  if (found != known.end())
    return found->second;
  for (size_t i = 0; i < value->size(); ++i) {
    std::string atom = name + "#" + std::to_string(i);
    places.insert({atom, {name, int64_t(i)}});
    elements.push_back({1, {atom}});
  }
  return known[name] = elements;
}

void Products::add(const NodeProto &node,
                   const std::vector<const Value *> &operands,
                   const std::vector<const Value *> &constants) {
  const std::string &op = node.op_type();
  std::vector<Elements> elements;
  for (size_t i = 0; i < operands.size(); ++i) {
    if (!operands[i] || operands[i]->isFloat())
      return;
    elements.push_back(
        elementsOf(node.input(int(i)), operands[i], constants[i]));
    if (elements.back().size() != operands[i]->size())
      return;
  }
  if (op == "Add" && operands.size() == 2 && operands[0]->size() == 1 &&
      operands[1]->size() == 1)
    sums[node.output(0)] = {node.input(0), node.input(1)};
  if (op == "Mul" && operands.size() == 2) {
    bool isOne = elements[0].size() == 1;
    if (elements[0].size() != elements[1].size() && !isOne &&
        elements[1].size() != 1)
      return;
    Elements result;
    size_t count = std::max(elements[0].size(), elements[1].size());
    for (size_t i = 0; i < count; ++i) {
      auto product = multiply(elements[0][isOne ? 0 : i],
                              elements[1][elements[1].size() == 1 ? 0 : i]);
      if (!product)
        return;
      result.push_back(std::move(*product));
    }
    known[node.output(0)] = std::move(result);
    return;
  }
  if (op == "ReduceProd" && operands.size() == 1) {
    Product all;
    for (const Product &element : elements[0]) {
      auto product = multiply(all, element);
      if (!product)
        return;
      all = std::move(*product);
    }
    // Of a vector: the result is one number.
    if (operands[0]->dims.size() == 1)
      known[node.output(0)] = {all};
    return;
  }
  if (!movesOnly(node))
    return;
  // The node moves numbers of the elements as it moves the elements.
  Elements table;
  std::vector<Value> numbers;
  size_t moved = op == "Concat" ? operands.size() : 1;
  for (size_t i = 0; i < operands.size(); ++i) {
    numbers.push_back(constants[i] ? *constants[i] : *operands[i]);
    for (size_t k = 0; i < moved && k < elements[i].size(); ++k) {
      numbers.back().ints[k] = int64_t(table.size());
      table.push_back(elements[i][k]);
    }
    if (i >= moved && !constants[i])
      return;
  }
  std::vector<const Value *> inputs;
  for (const Value &value : numbers)
    inputs.push_back(&value);
  auto results = evaluate(node, inputs);
  for (int i = 0; results && i < node.output_size() && i < int(results->size());
       ++i) {
    Elements &result = known[node.output(i)];
    result.clear();
    for (int64_t number : (*results)[size_t(i)].ints)
      result.push_back(table[size_t(number)]);
  }
}

std::optional<Product>
Products::quotient(const NodeProto &node,
                   const std::vector<const Value *> &constants) {
  auto single = [&](int operand) -> std::optional<Product> {
    if (const Value *constant = constants[size_t(operand)])
      return constant->size() == 1 && !constant->isFloat()
                 ? std::optional(Product{constant->ints[0], {}})
                 : std::nullopt;
    auto found = known.find(node.input(operand));
    return found != known.end() && found->second.size() == 1
               ? std::optional(found->second.front())
               : std::nullopt;
  };
  auto whole = single(0), part = single(1);
  if (!whole || !part || part->atoms.empty() || part->factor == 0 ||
      whole->factor % part->factor ||
      !std::includes(whole->atoms.begin(), whole->atoms.end(),
                     part->atoms.begin(), part->atoms.end()))
    return std::nullopt;
  Product rest{whole->factor / part->factor, {}};
  std::set_difference(whole->atoms.begin(), whole->atoms.end(),
                      part->atoms.begin(), part->atoms.end(),
                      std::back_inserter(rest.atoms));
  return rest;
}

std::string Products::beside(const std::string &limit,
                             const std::string &start) const {
  auto sum = sums.find(limit);
  if (sum == sums.end())
    return {};
  auto isStart = [&](const std::string &name) {
    auto a = known.find(name), b = known.find(start);
    return name == start || (a != known.end() && b != known.end() &&
                             a->second.size() == 1 && a->second == b->second);
  };
  const auto &[a, b] = sum->second;
  return isStart(a) ? b : isStart(b) ? a : std::string();
}
