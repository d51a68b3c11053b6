//===- Expr.cpp - Expressions and how MLIR writes them --------------------===//

#include "Expr.h"

#include <cmath>
#include <cstdio>
#include <cstring>

using namespace dlc;
using namespace dlc::detail;

/// `op` is "operand", "number", or what the function is called.
struct Expr::Node {
  std::string op;
  std::vector<Expr> operands;
  double number = 0;
  size_t index = 0;
};

static Expr make(const char *op, std::vector<Expr> operands) {
  return Expr(
      std::make_shared<Expr::Node>(Expr::Node{op, std::move(operands)}));
}

Expr::Expr(double number)
    : node(std::make_shared<Node>(Node{"number", {}, number})) {}

Expr Expr::operand(size_t index) {
  return Expr(std::make_shared<Node>(Node{"operand", {}, 0, index}));
}

Expr dlc::operator+(const Expr &a, const Expr &b) {
  return make("add", {a, b});
}
Expr dlc::operator-(const Expr &a, const Expr &b) {
  return make("sub", {a, b});
}
Expr dlc::operator*(const Expr &a, const Expr &b) {
  return make("mul", {a, b});
}
Expr dlc::operator/(const Expr &a, const Expr &b) {
  return make("div", {a, b});
}
Expr dlc::operator-(const Expr &x) { return make("neg", {x}); }
Expr dlc::operator<(const Expr &a, const Expr &b) { return make("lt", {a, b}); }
Expr dlc::operator<=(const Expr &a, const Expr &b) {
  return make("le", {a, b});
}
Expr dlc::operator>(const Expr &a, const Expr &b) { return make("gt", {a, b}); }
Expr dlc::operator>=(const Expr &a, const Expr &b) {
  return make("ge", {a, b});
}
Expr dlc::equal(const Expr &a, const Expr &b) { return make("eq", {a, b}); }
Expr dlc::operator&&(const Expr &a, const Expr &b) {
  return make("and", {a, b});
}
Expr dlc::operator||(const Expr &a, const Expr &b) {
  return make("or", {a, b});
}
Expr dlc::operator!(const Expr &x) { return make("not", {x}); }
Expr dlc::select(const Expr &condition, const Expr &a, const Expr &b) {
  return make("select", {condition, a, b});
}
Expr dlc::min(const Expr &a, const Expr &b) { return make("min", {a, b}); }
Expr dlc::max(const Expr &a, const Expr &b) { return make("max", {a, b}); }
Expr dlc::abs(const Expr &x) { return make("abs", {x}); }
Expr dlc::pow(const Expr &a, const Expr &b) { return make("pow", {a, b}); }
Expr dlc::exp(const Expr &x) { return make("exp", {x}); }
Expr dlc::log(const Expr &x) { return make("log", {x}); }
Expr dlc::sqrt(const Expr &x) { return make("sqrt", {x}); }
Expr dlc::rsqrt(const Expr &x) { return make("rsqrt", {x}); }
Expr dlc::tanh(const Expr &x) { return make("tanh", {x}); }
Expr dlc::erf(const Expr &x) { return make("erf", {x}); }
Expr dlc::sin(const Expr &x) { return make("sin", {x}); }
Expr dlc::cos(const Expr &x) { return make("cos", {x}); }
Expr dlc::floor(const Expr &x) { return make("floor", {x}); }
Expr dlc::ceil(const Expr &x) { return make("ceil", {x}); }
Expr dlc::round(const Expr &x) { return make("round", {x}); }
Expr dlc::sigmoid(const Expr &x) { return 1 / (1 + exp(-x)); }

//===----------------------------------------------------------------------===//
// Types
//===----------------------------------------------------------------------===//

std::string dlc::detail::getElementText(DType dtype) {
  switch (dtype) {
  case DType::F16:
    return "f16";
  case DType::BF16:
    return "bf16";
  case DType::F32:
    return "f32";
  case DType::F64:
    return "f64";
  case DType::I8:
    return "i8";
  case DType::I16:
    return "i16";
  case DType::I32:
    return "i32";
  case DType::I64:
    return "i64";
  default:
    throw Error(std::string("element types are floating-point numbers and int8 "
                            "to int64, and not ") +
                getName(dtype));
  }
}

std::string dlc::detail::getTensorText(const TensorSpec &spec) {
  std::string text = "tensor<";
  for (int64_t size : spec.shape)
    text += std::to_string(size) + "x";
  return text + getElementText(spec.dtype) + ">";
}

DType dlc::detail::getComputedType(DType dtype) {
  return dtype == DType::F16 || dtype == DType::BF16 ? DType::F32 : dtype;
}

//===----------------------------------------------------------------------===//
// ExprWriter
//===----------------------------------------------------------------------===//

ExprWriter::ExprWriter(std::string &text, DType stored,
                       const std::vector<std::string> &names)
    : text(text), stored(stored) {
  for (const std::string &name : names)
    operands.push_back(getComputedType(stored) == stored
                           ? name
                           : emit("arith.extf " + name + " : " +
                                  getElementText(stored) + " to f32"));
}

ExprWriter ExprWriter::forComputed(std::string &text, DType stored,
                                   const std::vector<std::string> &operands) {
  ExprWriter writer(text, stored);
  writer.operands = operands;
  return writer;
}

/// Names are the places in the text: unique, and equal for equal operations.
std::string ExprWriter::emit(const std::string &operation) {
  std::string name = "%v" + std::to_string(text.size());
  text += "    " + name + " = " + operation + "\n";
  return name;
}

bool ExprWriter::isFloat() const {
  return stored == DType::F16 || stored == DType::BF16 ||
         stored == DType::F32 || stored == DType::F64;
}

void ExprWriter::require(bool condition, const std::string &what) const {
  if (!condition)
    throw Error(what);
}

std::string ExprWriter::store(const std::string &value) {
  return getComputedType(stored) == stored
             ? value
             : emit("arith.truncf " + value + " : f32 to " +
                    getElementText(stored));
}

static std::string getNumberText(double number, DType type) {
  char buffer[64];
  if (std::isfinite(number)) {
    // A float of this type, so that the text can be read without rounding.
    if (type == DType::F32)
      number = static_cast<float>(number);
    if (std::isfinite(number)) {
      std::snprintf(buffer, sizeof(buffer), "%.17e", number);
      return buffer;
    }
  }
  // Infinities and NaN are written as their bits.
  if (type == DType::F64) {
    unsigned long long bits;
    std::memcpy(&bits, &number, sizeof(bits));
    std::snprintf(buffer, sizeof(buffer), "0x%016llX", bits);
  } else {
    auto single = static_cast<float>(number);
    uint32_t bits;
    std::memcpy(&bits, &single, sizeof(bits));
    std::snprintf(buffer, sizeof(buffer), "0x%08X", bits);
  }
  return buffer;
}

ExprWriter::Value ExprWriter::makeNumber(double number) {
  DType type = getComputedType(stored);
  std::string number_text;
  if (isFloat()) {
    number_text = getNumberText(number, type);
  } else {
    (void)Array::scalar(number, type); // throws where it does not fit
    number_text = std::to_string(static_cast<int64_t>(number));
  }
  return {emit("arith.constant " + number_text + " : " + getElementText(type))};
}

ExprWriter::Value ExprWriter::makeUnary(const std::string &op, const Value &x) {
  std::string type = getElementText(getComputedType(stored));
  if (op == "not") {
    require(x.isTruth, "'!' is for truths");
    std::string yes = emit("arith.constant true");
    return {emit("arith.xori " + x.name + ", " + yes + " : i1"), true};
  }
  require(!x.isTruth, "'" + op + "' is for numbers, not for truths");
  if (op == "neg" && !isFloat()) {
    std::string zero = emit("arith.constant 0 : " + type);
    return {emit("arith.subi " + zero + ", " + x.name + " : " + type)};
  }
  if (op == "abs")
    return {emit((isFloat() ? "math.absf " : "math.absi ") + x.name + " : " +
                 type)};
  require(isFloat(), "'" + op + "' is for floating-point numbers, not for " +
                         getName(stored));
  std::string name = op == "neg"     ? "arith.negf"
                     : op == "round" ? "math.roundeven"
                                     : "math." + op;
  return {emit(name + " " + x.name + " : " + type)};
}

ExprWriter::Value ExprWriter::makeCompare(const std::string &op, const Value &a,
                                          const Value &b) {
  require(!a.isTruth && !b.isTruth, "truths can not be compared");
  std::string predicate = isFloat()    ? "cmpf o" + op
                          : op == "eq" ? "cmpi " + op
                                       : "cmpi s" + op;
  return {emit("arith." + predicate + ", " + a.name + ", " + b.name + " : " +
               getElementText(getComputedType(stored))),
          true};
}

ExprWriter::Value ExprWriter::makeBinary(const std::string &op, const Value &a,
                                         const Value &b) {
  if (op == "and" || op == "or") {
    require(a.isTruth && b.isTruth, "'&&' and '||' are for truths");
    return {emit("arith." + op + "i " + a.name + ", " + b.name + " : i1"),
            true};
  }
  require(!a.isTruth && !b.isTruth,
          "'" + op + "' is for numbers, not for truths");
  require(isFloat() || (op != "div" && op != "pow"),
          "'" + op + "' is for floating-point numbers, not for " +
              getName(stored));
  std::string name;
  if (op == "pow")
    name = "math.powf";
  else if (op == "min" || op == "max")
    name = "arith." + op + (isFloat() ? "imumf" : "si");
  else
    name = "arith." + op + (isFloat() ? "f" : "i");
  return {emit(name + " " + a.name + ", " + b.name + " : " +
               getElementText(getComputedType(stored)))};
}

ExprWriter::Value ExprWriter::visit(const Expr::Node &node) {
  if (auto found = known.find(&node); found != known.end())
    return found->second;
  std::vector<Value> values;
  for (const Expr &operand : node.operands)
    values.push_back(visit(*operand.get()));
  Value value;
  if (node.op == "number") {
    value = makeNumber(node.number);
  } else if (node.op == "operand") {
    require(node.index < operands.size(), "an expression uses an operand that "
                                          "its operation does not have");
    value = {operands[node.index]};
  } else if (node.op == "select") {
    require(values[0].isTruth, "the condition of a select is a number");
    require(!values[1].isTruth && !values[2].isTruth,
            "'select' is for numbers, not for truths");
    value = {emit("arith.select " + values[0].name + ", " + values[1].name +
                  ", " + values[2].name + " : " +
                  getElementText(getComputedType(stored)))};
  } else if (node.op == "lt" || node.op == "le" || node.op == "gt" ||
             node.op == "ge" || node.op == "eq") {
    value = makeCompare(node.op, values[0], values[1]);
  } else if (values.size() == 1) {
    value = makeUnary(node.op, values[0]);
  } else {
    value = makeBinary(node.op, values[0], values[1]);
  }
  return known[&node] = value;
}

std::string ExprWriter::write(const Expr &expr) {
  Value value = visit(*expr.get());
  require(!value.isTruth, "the result is a truth: select(…, 1, 0) makes it a "
                          "number");
  return value.name;
}

std::string ExprWriter::combine(ReduceKind kind, const std::string &a,
                                const std::string &b) {
  std::string type = getElementText(getComputedType(stored));
  if (kind == ReduceKind::Max || kind == ReduceKind::Min)
    return makeBinary(toString(kind), {a}, {b}).name;
  std::string op = kind == ReduceKind::Prod ? "arith.mul" : "arith.add";
  // Sums may be made in any order, as everywhere: they vectorise.
  return emit(op + (isFloat() ? "f " : "i ") + a + ", " + b +
              (isFloat() ? " fastmath<reassoc>" : "") + " : " + type);
}

std::string ExprWriter::getInitial(ReduceKind kind) const {
  DType type = getComputedType(stored);
  bool isMax = kind == ReduceKind::Max;
  if (kind != ReduceKind::Max && kind != ReduceKind::Min) {
    double number = kind == ReduceKind::Prod ? 1 : 0;
    return isFloat() ? getNumberText(number, type)
                     : std::to_string(static_cast<int64_t>(number));
  }
  if (isFloat())
    return getNumberText(isMax ? -INFINITY : INFINITY, type);
  auto bits = static_cast<unsigned>(8 * getSize(type));
  int64_t least = INT64_MIN >> (64 - bits);
  return std::to_string(isMax ? least : ~least);
}
