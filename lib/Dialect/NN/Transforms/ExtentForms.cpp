//===- ExtentForms.cpp - Which extents are the same -----------------------===//

#include "ExtentForms.h"

#include "llvm/Support/raw_ostream.h"

using namespace mlir;
using namespace dlc::nn;

static bool isScalar(Value x) {
  auto type = cast<RankedTensorType>(x.getType());
  return type.getNumElements() == 1 && type.getElementType().isInteger(64);
}

Value ExtentForms::canonical(Value extent) {
  Form form = formOf(extent);
  if (form.isConstant())
    return extent;
  Value &first = firsts[{form.root, form.offset}];
  if (!first)
    first = extent;
  return first;
}

bool ExtentForms::areSame(Value a, Value b) { return formOf(a) == formOf(b); }

bool ExtentForms::is(Value x, int64_t number) {
  Form form = formOf(x);
  return form.isConstant() && form.offset == number;
}

ExtentForms::Form ExtentForms::formOf(Value x) {
  if (isScalar(x))
    x = originOf(x, limits);
  auto known = forms.find(x);
  if (known != forms.end())
    return known->second;
  Form form = compute(x);
  forms[x] = form;
  return form;
}

std::optional<ExtentForms::Form> ExtentForms::sum(const Form &a, const Form &b,
                                                  int64_t sign) {
  // Far from where sums overflow.
  constexpr int64_t far = int64_t(1) << 60;
  if (!b.isConstant() || std::abs(a.offset) > far || std::abs(b.offset) > far)
    return std::nullopt;
  Form result = a;
  result.offset += sign * b.offset;
  for (int64_t *end : {&result.least, &result.most})
    if (std::abs(*end / 2) <= far / 2)
      *end += sign * b.offset;
  return result;
}

/// Negative numbers apart, as a division that rounds down needs them.
ExtentForms::Form ExtentForms::formOfSelect(SelectOp op) {
  Form yes = formOf(op.getOnTrue()), no = formOf(op.getOnFalse());
  if (yes == no)
    return no;
  auto compare = op.getCondition().getDefiningOp<CompareOp>();
  if (compare && compare.getPredicate() == ComparePredicate::LT &&
      isScalar(compare.getLhs()) && isScalar(compare.getRhs())) {
    Form lhs = formOf(compare.getLhs()), rhs = formOf(compare.getRhs());
    if (rhs.isConstant() && lhs.least >= rhs.offset)
      return no;
  }
  return named(op.getResult());
}

ExtentForms::Form ExtentForms::compute(Value x) {
  if (!isScalar(x))
    return named(x);
  if (auto value = constantOf(x))
    return {nullptr, *value, *value, *value};
  if (auto limit = limits.find(x); limit != limits.end())
    return {x, 0, 0, limit->second};
  Operation *op = x.getDefiningOp();
  if (!op)
    return {x};
  if (auto select = dyn_cast<SelectOp>(op))
    return formOfSelect(select);
  if (op->getNumOperands() != 2 || !isScalar(op->getOperand(0)) ||
      !isScalar(op->getOperand(1)))
    return named(x);
  Form a = formOf(op->getOperand(0)), b = formOf(op->getOperand(1));
  if (isa<AddOp>(op)) {
    if (auto both = sum(a, b, 1))
      return *both;
    if (auto both = sum(b, a, 1))
      return *both;
  }
  if (isa<SubOp>(op))
    if (auto both = sum(a, b, -1))
      return *both;
  if (isa<MulOp>(op))
    if (auto product = formOfMul(a, b, x))
      return *product;
  if (isa<DivOp>(op))
    if (auto part = formOfDiv(a, b, x))
      return *part;
  if (isa<MaxOp>(op) && (a == b || a.least >= b.most))
    return a;
  if (isa<MaxOp>(op) && b.least >= a.most)
    return b;
  if (isa<MinOp>(op) && (a == b || a.most <= b.least))
    return a;
  if (isa<MinOp>(op) && b.most <= a.least)
    return b;
  Form result = named(x);
  if (isa<MaxOp>(op)) {
    result.least = std::max(a.least, b.least);
    result.most = std::max(a.most, b.most);
  } else if (isa<MinOp>(op)) {
    result.least = std::min(a.least, b.least);
    result.most = std::min(a.most, b.most);
  } else if (isa<DivOp>(op) && b.isConstant() && b.offset > 0) {
    // Towards zero: -1 / 4 is 0, the windows of less than one are none.
    result.least = a.least / b.offset;
    result.most = a.most / b.offset;
  }
  return result;
}

/// No product of this many positive numbers overflows.
static bool isSmall(int64_t number) {
  return number >= 0 && number < (int64_t(1) << 31);
}

ExtentForms::Product ExtentForms::productOf(const Form &form) const {
  if (form.isConstant())
    return {form.offset, {}};
  auto known = products.find(form.root);
  if (form.offset == 0 && known != products.end())
    return known->second;
  return {1, {{form.root, form.offset}}};
}

ExtentForms::Form ExtentForms::formOfProduct(Product product, Value x) {
  if (product.number == 0)
    product.factors.clear();
  if (product.factors.empty())
    return {nullptr, product.number, product.number, product.number};
  if (product.number == 1 && product.factors.size() == 1) {
    auto [root, offset] = product.factors.front();
    return *sum(formOf(root), {nullptr, offset, offset, offset}, 1);
  }
  llvm::sort(product.factors, [](const auto &a, const auto &b) {
    return std::pair(a.first.getAsOpaquePointer(), a.second) <
           std::pair(b.first.getAsOpaquePointer(), b.second);
  });
  std::string name;
  llvm::raw_string_ostream stream(name);
  stream << x.getParentBlock() << " product " << product.number;
  for (auto [root, offset] : product.factors)
    stream << ' ' << root.getAsOpaquePointer() << '+' << offset;
  Value root = names.insert({name, x}).first->second;
  products[root] = std::move(product);
  return {root};
}

std::optional<ExtentForms::Form>
ExtentForms::formOfMul(const Form &a, const Form &b, Value x) {
  Product product = productOf(a), other = productOf(b);
  if (!isSmall(product.number) || !isSmall(other.number) ||
      !isSmall(product.number * other.number))
    return std::nullopt;
  product.number *= other.number;
  llvm::append_range(product.factors, other.factors);
  Form result = formOfProduct(std::move(product), x);
  if (result.isConstant() || a.least < 0 || b.least < 0 || !isSmall(a.most) ||
      !isSmall(b.most))
    return result;
  result.least = std::max(result.least, a.least * b.least);
  result.most = std::min(result.most, a.most * b.most);
  return result;
}

/// Without a rest.
std::optional<ExtentForms::Form>
ExtentForms::formOfDiv(const Form &a, const Form &b, Value x) {
  Product product = productOf(a);
  if (!b.isConstant() || b.offset <= 0 || product.number % b.offset != 0)
    return std::nullopt;
  product.number /= b.offset;
  Form result = formOfProduct(std::move(product), x);
  if (!result.isConstant()) {
    result.least = std::max(result.least, a.least / b.offset);
    result.most = std::min(result.most, a.most / b.offset);
  }
  return result;
}

ExtentForms::Form ExtentForms::named(Value x) {
  auto isOne = [](Value value) {
    return cast<RankedTensorType>(value.getType()).getNumElements() == 1;
  };
  Operation *op = x.getDefiningOp();
  if (!op || !isOne(x) || op->getNumRegions() || op->getNumResults() != 1 ||
      !llvm::all_of(op->getOperands(), isOne))
    return {x};
  std::string name;
  llvm::raw_string_ostream stream(name);
  stream << op->getBlock() << op->getName() << op->getAttrDictionary()
         << x.getType();
  for (Value operand : op->getOperands()) {
    Form form = formOf(operand);
    stream << ' ' << form.root.getAsOpaquePointer() << '+' << form.offset;
  }
  return {names.insert({name, x}).first->second};
}
