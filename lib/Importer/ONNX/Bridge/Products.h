//===- Products.h - Sizes as products of others -----------------*- C++ -*-===//

#ifndef DLC_LIB_IMPORTER_ONNX_BRIDGE_PRODUCTS_H
#define DLC_LIB_IMPORTER_ONNX_BRIDGE_PRODUCTS_H

#include "Evaluate.h"

#include <string>
#include <unordered_map>

namespace dlc::importer {

/// An integer as a factor and numbers that are not taken apart, sorted.
struct Product {
  int64_t factor = 1;
  std::vector<std::string> atoms;
  bool operator==(const Product &other) const {
    return factor == other.factor && atoms == other.atoms;
  }
};

/// Follows integers through what multiplies and moves them, so that a quotient
/// of two of them has a bound: exporters write a size of -1 as the number of
/// elements divided by the other sizes.
class Products {
public:
  /// Where an atom is found: an element of a value.
  struct Place {
    std::string value;
    int64_t element;
  };

  /// The elements of `name` are the dimensions of a tensor: numbers, or what
  /// `keys` name, which may be the same ones as elsewhere.
  void addShape(const std::string &name, const std::vector<std::string> &keys,
                const std::vector<std::optional<int64_t>> &sizes);

  /// Dimension `dim` of a tensor that a Reshape makes is an element of `shape`:
  /// gives element `element` of `name` that number.
  void addReshaped(const std::string &name, size_t element,
                   const std::string &shape, size_t dim);

  /// `node` is computed from `operands` (null where not known), of which
  /// `constants` are the values where they are known.
  void add(const onnx::NodeProto &node,
           const std::vector<const Value *> &operands,
           const std::vector<const Value *> &constants);

  /// What remains of the first operand of a Div, if the second one divides it.
  std::optional<Product> quotient(const onnx::NodeProto &node,
                                  const std::vector<const Value *> &constants);

  /// The operand of the sum `limit` beside one that is `start`; empty where it
  /// is no such sum.
  std::string beside(const std::string &limit, const std::string &start) const;

  const Place &placeOf(const std::string &atom) const {
    return places.at(atom);
  }

private:
  using Elements = std::vector<Product>;
  Elements elementsOf(const std::string &name, const Value *value,
                      const Value *constant);

  std::unordered_map<std::string, Elements> known;
  std::unordered_map<std::string, Place> places;
  std::unordered_map<std::string, std::pair<std::string, std::string>> sums;
};

} // namespace dlc::importer

#endif // DLC_LIB_IMPORTER_ONNX_BRIDGE_PRODUCTS_H
