//===- Core.h - The border between the graph API and MLIR -------*- C++ -*-===//
//
// On this side of it there are no exceptions and on the other no MLIR. Errors
// are texts; values and what they are made of have numbers.
//
//===----------------------------------------------------------------------===//

#ifndef DLC_LIB_FRONTEND_CORE_CORE_H
#define DLC_LIB_FRONTEND_CORE_CORE_H

#include "dlc/Frontend/Array.h"

#include <optional>
#include <variant>

namespace dlc::detail {

using ValueId = uint32_t;

struct ValueType {
  DType dtype = DType::F32;
  Ints shape;
};

/// Where in the user's program, and what the user calls it.
struct Place {
  SourceLocation where;
  std::string name;
};

/// An operation by its name in the dialect.
struct OpRequest {
  /// An attribute that is written in MLIR's syntax.
  struct Text {
    std::string text;
  };
  using Attribute =
      std::variant<int64_t, double, bool, Ints, Floats, std::string, Text>;

  std::string op;
  std::vector<ValueId> operands;
  /// For operations with several operands of varying number: how many each is.
  std::vector<int32_t> segments;
  bool segmented = false;
  std::vector<std::pair<std::string, Attribute>> attributes;
  /// Of the one result, where the type is not inferred. What is missing is as
  /// in the first operand.
  std::optional<Ints> shape;
  std::optional<DType> dtype;
};

/// A module at level nn.
class Core {
public:
  Core(const std::string &name, SourceLocation where);
  ~Core();

  ValueId addInput(const ValueType &type, const Place &place);
  ValueId addConstant(const Array &value, const Place &place);
  /// Appends the ids of the results, or returns false and says why. On failure
  /// nothing is added.
  bool addOp(const OpRequest &request, const Place &place,
             std::vector<ValueId> &results, std::string &error);
  /// The same for an nn.custom, whose body is the one function in `text`.
  bool addCustom(const std::string &name, const std::string &text,
                 const std::vector<ValueId> &operands, const Place &place,
                 std::vector<ValueId> &results, std::string &error);
  /// Begins an nn.loop: until `endLoop` or `dropLoop` everything is added to
  /// its body. Appends the ids of the states and slices in it. `sliced` are
  /// known to have `trips` as their first dimension.
  void beginLoop(int64_t trips, const std::vector<ValueId> &states,
                 const std::vector<ValueId> &sliced, const Place &place,
                 std::vector<ValueId> &arguments);
  /// Ends the last loop begun, or returns false and says why, and drops it.
  bool endLoop(const std::vector<ValueId> &states,
               const std::vector<ValueId> &slices,
               const std::vector<bool> &reversed,
               const std::vector<bool> &stackedReversed,
               std::vector<ValueId> &results, std::string &error);
  void dropLoop();
  /// Whether a value can be used where operations are added now: it is not one
  /// of the body of a loop that has ended.
  bool isVisible(ValueId value) const;
  /// Whether a loop was begun that has not ended.
  bool isInLoop() const;
  void addOutput(ValueId value, const std::string &name);

  const ValueType &getType(ValueId value) const;
  std::string print(bool withWeights) const;
  /// Writes text, or bytecode where the name ends in ".mlirbc".
  bool write(const std::string &path, std::string &error) const;

private:
  struct Impl;
  std::unique_ptr<Impl> impl;
};

} // namespace dlc::detail

#endif // DLC_LIB_FRONTEND_CORE_CORE_H
