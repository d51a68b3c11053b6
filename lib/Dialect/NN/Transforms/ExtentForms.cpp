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
  } else if (isa<DivOp>(op) && b.isConstant() && b.offset > 0 && a.least >= 0) {
    result.least = a.least / b.offset;
    result.most = a.most / b.offset;
  } else if (isa<MulOp>(op) && b.isConstant() && b.offset >= 0 &&
             a.least >= 0 && a.most < (int64_t(1) << 31) &&
             b.offset < (int64_t(1) << 31)) {
    result.least = a.least * b.offset;
    result.most = a.most * b.offset;
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
