//===- Custom.cpp - Operations of the user's ------------------------------===//
//
// Expressions become functions in MLIR's syntax, as users write them by hand.
//
//===----------------------------------------------------------------------===//

#include "dlc/Frontend/Custom.h"

#include "Expr.h"
#include "State.h"

#include <algorithm>

using namespace dlc;
using namespace dlc::detail;

namespace {

/// A function under construction.
class FunctionText {
public:
  FunctionText(std::vector<TensorSpec> operands, Ints loops, DType dtype)
      : operands(std::move(operands)), loops(std::move(loops)), dtype(dtype) {}

  /// A linalg.generic of `inputs` into `init`, both with their types and maps.
  struct Input {
    std::string name, type, map, element;
  };
  /// Writes it; `body` writes its operations and returns what it yields.
  template <typename Body>
  std::string addGeneric(const std::vector<Input> &inputs, const Input &init,
                         const std::vector<std::string> &iterators, Body body);
  std::string addLine(const std::string &operation) {
    std::string name = "%t" + std::to_string(text.size());
    text += "  " + name + " = " + operation + "\n";
    return name;
  }
  std::vector<Input> getInputs() const;
  /// The map from the loops to all dimensions but the `dropped` ones.
  std::string getMap(const Ints &dropped) const;

  std::string finish(const std::string &result, const TensorSpec &type) const {
    std::string signature;
    for (size_t i = 0; i < operands.size(); ++i)
      signature += (i ? ", %x" : "%x") + std::to_string(i) + ": " +
                   getTensorText(operands[i]);
    return "func.func @custom(" + signature + ") -> " + getTensorText(type) +
           " {\n" + text + "  return " + result + " : " + getTensorText(type) +
           "\n}\n";
  }

private:
  std::string makeMap(const std::string &results) const;

  std::vector<TensorSpec> operands;
  Ints loops;
  DType dtype;
  std::string text;
};

} // namespace

std::string FunctionText::makeMap(const std::string &results) const {
  std::string dims;
  for (size_t i = 0; i < loops.size(); ++i)
    dims += (i ? ", d" : "d") + std::to_string(i);
  return "affine_map<(" + dims + ") -> (" + results + ")>";
}

std::string FunctionText::getMap(const Ints &dropped) const {
  std::string results;
  for (size_t i = 0; i < loops.size(); ++i)
    if (std::find(dropped.begin(), dropped.end(), i) == dropped.end())
      results += (results.empty() ? "d" : ", d") + std::to_string(i);
  return makeMap(results);
}

/// The operands, broadcast.
std::vector<FunctionText::Input> FunctionText::getInputs() const {
  std::vector<Input> inputs;
  for (size_t i = 0; i < operands.size(); ++i) {
    const Ints &shape = operands[i].shape;
    size_t missing = loops.size() - shape.size();
    std::string results;
    for (size_t d = 0; d < shape.size(); ++d) {
      bool repeats = shape[d] == 1 && loops[missing + d] != 1;
      results += d ? ", " : "";
      results += repeats ? "0" : "d" + std::to_string(missing + d);
    }
    inputs.push_back({"%x" + std::to_string(i), getTensorText(operands[i]),
                      makeMap(results), getElementText(dtype)});
  }
  return inputs;
}

template <typename Body>
std::string
FunctionText::addGeneric(const std::vector<Input> &inputs, const Input &init,
                         const std::vector<std::string> &iterators, Body body) {
  std::string maps, kinds, names, types, arguments;
  std::vector<std::string> elements;
  for (const Input &input : inputs) {
    std::string separator = names.empty() ? "" : ", ";
    elements.push_back("%a" + std::to_string(elements.size()));
    maps += input.map + ", ";
    names += separator + input.name;
    types += separator + input.type;
    arguments += elements.back() + ": " + input.element + ", ";
  }
  for (const std::string &iterator : iterators)
    kinds += (kinds.empty() ? "\"" : ", \"") + iterator + "\"";
  std::string inner;
  std::string result = body(inner, elements);
  return addLine("linalg.generic {indexing_maps = [" + maps + init.map +
                 "], iterator_types = [" + kinds + "]} ins(" + names + " : " +
                 types + ") outs(" + init.name + " : " + init.type +
                 ") {\n  ^bb0(" + arguments + "%acc: " + init.element + "):\n" +
                 inner + "    linalg.yield " + result + " : " + init.element +
                 "\n  } -> " + init.type);
}

/// The shape that all operands broadcast to.
static Ints getLoops(const std::vector<TensorSpec> &operands) {
  Ints result;
  for (const TensorSpec &operand : operands) {
    const Ints &shape = operand.shape;
    if (shape.size() > result.size())
      result.insert(result.begin(), shape.size() - result.size(), 1);
    for (size_t i = 0; i < shape.size(); ++i) {
      int64_t &size = result[result.size() - shape.size() + i];
      if (size != shape[i] && size != 1 && shape[i] != 1)
        throw Error("the shapes do not broadcast");
      if (size == 1)
        size = shape[i];
    }
  }
  return result;
}

static void checkOperands(const std::vector<TensorSpec> &operands, int wanted) {
  if (wanted >= 0 && operands.size() != static_cast<size_t>(wanted))
    throw Error("it has " + std::to_string(wanted) + " operands, and " +
                std::to_string(operands.size()) + " are given");
  for (const TensorSpec &operand : operands)
    if (operand.dtype != operands.front().dtype)
      throw Error("the operands are not of one element type");
}

static std::vector<Expr> makeArguments(size_t count) {
  std::vector<Expr> arguments;
  for (size_t i = 0; i < count; ++i)
    arguments.push_back(Expr::operand(i));
  return arguments;
}

CustomOp CustomOp::makeElementwise(const std::string &name, Function function) {
  return CustomOp(name, [function = std::move(function)](
                            const std::vector<TensorSpec> &operands) {
    checkOperands(operands, function.operands);
    TensorSpec result{operands.front().dtype, getLoops(operands)};
    FunctionText text(operands, result.shape, result.dtype);
    std::string type = getTensorText(result);
    FunctionText::Input init = {text.addLine("tensor.empty() : " + type), type,
                                text.getMap({}), getElementText(result.dtype)};
    std::string value = text.addGeneric(
        text.getInputs(), init,
        std::vector<std::string>(result.shape.size(), "parallel"),
        [&](std::string &inner, const std::vector<std::string> &elements) {
          ExprWriter writer(inner, result.dtype, elements);
          return writer.store(
              writer.write(function.body(makeArguments(operands.size()))));
        });
    return text.finish(value, result);
  });
}

namespace {
/// What a reduction is made of.
struct Reduction {
  CustomOp::Body body;
  ReduceKind kind;
  Ints axes;
  std::function<Expr(Expr)> finish;
  bool keepdims;
};
} // namespace

/// Numbers from 0 on, ascending, each once.
static Ints normalizeAxes(Ints axes, size_t rank) {
  auto end = static_cast<int64_t>(rank);
  for (int64_t &axis : axes) {
    if (axis < -end || axis >= end)
      throw Error("there is no dimension " + std::to_string(axis));
    axis += axis < 0 ? end : 0;
  }
  std::sort(axes.begin(), axes.end());
  axes.erase(std::unique(axes.begin(), axes.end()), axes.end());
  return axes;
}

static std::string makeReductionText(const Reduction &reduction,
                                     const std::vector<TensorSpec> &operands) {
  DType stored = operands.front().dtype, computed = getComputedType(stored);
  Ints loops = getLoops(operands);
  Ints axes = normalizeAxes(reduction.axes, loops.size());
  TensorSpec reduced{computed, {}}, result{stored, {}};
  std::vector<std::string> iterators;
  double count = 1;
  for (size_t i = 0; i < loops.size(); ++i) {
    bool isReduced = std::find(axes.begin(), axes.end(), i) != axes.end();
    iterators.emplace_back(isReduced ? "reduction" : "parallel");
    if (isReduced)
      count *= static_cast<double>(loops[i]);
    else
      reduced.shape.push_back(loops[i]);
    if (!isReduced || reduction.keepdims)
      result.shape.push_back(isReduced ? 1 : loops[i]);
  }
  bool isMean = reduction.kind == ReduceKind::Mean;
  std::string unused;
  ExprWriter constants(unused, stored, {});
  std::string element = getElementText(computed), type = getTensorText(reduced);

  FunctionText text(operands, loops, stored);
  std::string start =
      text.addLine("arith.constant " + constants.getInitial(reduction.kind) +
                   " : " + element);
  std::string empty = text.addLine("tensor.empty() : " + type);
  FunctionText::Input init = {text.addLine("linalg.fill ins(" + start + " : " +
                                           element + ") outs(" + empty + " : " +
                                           type + ") -> " + type),
                              type, text.getMap(axes), element};
  std::string value = text.addGeneric(
      text.getInputs(), init, iterators,
      [&](std::string &inner, const std::vector<std::string> &elements) {
        ExprWriter writer(inner, stored, elements);
        std::string mapped =
            writer.write(reduction.body(makeArguments(operands.size())));
        return writer.combine(reduction.kind, "%acc", mapped);
      });

  if (!isMean && !reduction.finish && stored == computed && !reduction.keepdims)
    return text.finish(value, result);

  // What is left to do with each number: its mean, `finish`, its stored type.
  FunctionText after({}, result.shape, stored);
  std::string resultType = getTensorText(result);
  FunctionText::Input target = {text.addLine("tensor.empty() : " + resultType),
                                resultType, after.getMap({}),
                                getElementText(stored)};
  value = text.addGeneric(
      {{value, type, after.getMap(reduction.keepdims ? axes : Ints()),
        element}},
      target, std::vector<std::string>(result.shape.size(), "parallel"),
      [&](std::string &inner, const std::vector<std::string> &elements) {
        ExprWriter writer = ExprWriter::forComputed(inner, stored, elements);
        Expr number = Expr::operand(0);
        if (isMean)
          number = number / count;
        if (reduction.finish)
          number = reduction.finish(number);
        return writer.store(writer.write(number));
      });
  return text.finish(value, result);
}

CustomOp CustomOp::makeReduction(const std::string &name, ReduceKind kind,
                                 const Ints &axes, Function function,
                                 std::function<Expr(Expr)> finish,
                                 bool keepdims) {
  int wanted = function.operands;
  Reduction reduction{std::move(function.body), kind, axes, std::move(finish),
                      keepdims};
  return CustomOp(name, [reduction = std::move(reduction),
                         wanted](const std::vector<TensorSpec> &operands) {
    checkOperands(operands, wanted);
    return makeReductionText(reduction, operands);
  });
}

CustomOp CustomOp::mlir(const std::string &name, const std::string &text,
                        ShapeRule shapes) {
  return CustomOp(name, [text, shapes = std::move(shapes)](
                            const std::vector<TensorSpec> &operands) {
    // On one line, so that messages name the lines of the user's text.
    std::string aliases;
    auto add = [&](const char *kind, const std::vector<TensorSpec> &specs) {
      for (size_t i = 0; i < specs.size(); ++i)
        aliases += std::string("!") + kind + std::to_string(i) + " = " +
                   getTensorText(specs[i]) + " ";
    };
    add("x", operands);
    add("r", shapes(operands));
    return aliases + text;
  });
}

std::vector<Tensor> CustomOp::callAll(const std::vector<Tensor> &operands,
                                      SourceLocation where) const {
  return OpCall::makeCustom(name, make, operands, where);
}

Tensor CustomOp::operator()(const std::vector<Tensor> &operands,
                            SourceLocation where) const {
  std::vector<Tensor> results = callAll(operands, where);
  if (results.size() != 1)
    throw Error(name + ": it has " + std::to_string(results.size()) +
                    " results, which callAll returns",
                where);
  return results.front();
}
