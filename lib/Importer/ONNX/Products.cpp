//===- Products.cpp - Matrix products, Einsum -----------------------------===//

#include "Arithmetic.h"

#include "dlc/Dialect/NN/IR/ExtentHints.h"

#include "llvm/ADT/SmallString.h"

using namespace mlir;
using namespace dlc;
using namespace dlc::importer;

LogicalResult dlc::importer::emitProduct(NodeEmitter &e, Value a, Value b) {
  Dims left(shapeOf(a)), right(shapeOf(b));
  if (left.empty() || right.empty())
    return e.error("an operand is a scalar");
  if (left.size() == 1)
    left.insert(left.begin(), 1);
  if (right.size() == 1)
    right.push_back(1);
  Value product = e.make<nn::MatmulOp>(e.reshape(a, left), e.reshape(b, right));
  if (left.size() == shapeOf(a).size() && right.size() == shapeOf(b).size())
    return e.set(0, product);
  return e.set(0, e.reshape(product, e.outType(0).getShape()));
}

namespace {

LogicalResult emitMatMul(NodeEmitter &e) {
  e.aligned = nn::kAlignedBroadcast;
  return emitProduct(e, e.in(0), e.in(1));
}

Value transposed(NodeEmitter &e, Value x) { return e.transpose(x, {1, 0}); }

LogicalResult gemm(NodeEmitter &e) {
  e.aligned = nn::kAlignedBroadcast;
  Value a = e.in(0), b = e.in(1);
  if (shapeOf(a).size() != 2 || shapeOf(b).size() != 2)
    return e.error("the operands must be matrices");
  if (e.intAttr("transA", 0))
    a = transposed(e, a);
  if (e.intAttr("transB", 0))
    b = transposed(e, b);
  Value result = e.make<nn::MatmulOp>(a, b);
  double alpha = e.floatAttr("alpha", 1), beta = e.floatAttr("beta", 1);
  auto scaled = [&](Value x, double factor) -> Value {
    if (factor == 1)
      return x;
    if (isa<FloatType>(elementOf(x)))
      return e.make<nn::MulOp>(x, e.scalar(factor, x));
    // integer matrices with a fractional factor
    Value wide = e.cast(x, e.builder.getF64Type());
    wide = e.make<nn::MulOp>(wide, e.scalar(factor, wide));
    return e.cast(wide, elementOf(x));
  };
  result = scaled(result, alpha);
  if (e.has(2) && beta != 0)
    result = e.make<nn::AddOp>(result, scaled(e.in(2), beta));
  return e.set(0, result);
}

//===----------------------------------------------------------------------===//
// Einsum
//===----------------------------------------------------------------------===//

/// One operand with a letter for each dimension.
struct Term {
  Value value;
  SmallVector<int> labels;

  int64_t size(int label) const {
    for (auto [index, l] : llvm::enumerate(labels))
      if (l == label)
        return shapeOf(value)[index];
    return 1;
  }
  bool has(int label) const { return llvm::is_contained(labels, label); }
};

/// Letters of a subscript; "..." becomes labels from 256 on, aligned at the
/// last of the broadcast dimensions.
LogicalResult parseSubscript(NodeEmitter &e, StringRef text, int64_t rank,
                             int64_t &ellipsisRank, SmallVector<int> &labels) {
  size_t letters = 0;
  for (char c : text)
    letters += llvm::isAlpha(c);
  bool ellipsis = text.contains("...");
  if (rank < 0) { // the result: the ellipsis has the rank of the operands'
    rank = int64_t(letters) + (ellipsis ? ellipsisRank : 0);
  }
  int64_t dots = rank - int64_t(letters);
  if (dots < 0 || (dots > 0 && !ellipsis))
    return e.error("the subscript '" + text +
                   "' does not fit a tensor of "
                   "rank " +
                   Twine(rank));
  ellipsisRank = std::max(ellipsisRank, dots);
  while (!text.empty()) {
    if (text.consume_front("...")) {
      for (int64_t i = dots; i-- > 0;)
        labels.push_back(256 + int(i));
    } else if (llvm::isAlpha(text.front())) {
      labels.push_back(text.front());
      text = text.drop_front();
    } else {
      return e.error("the equation has the unexpected character '" +
                     text.take_front() + "'");
    }
  }
  return success();
}

/// Brings a term to the given labels in order: absent ones become 1.
Value arrange(NodeEmitter &e, const Term &term, ArrayRef<int> order) {
  Dims perm, shape;
  for (int label : order) {
    shape.push_back(term.size(label));
    for (auto [index, l] : llvm::enumerate(term.labels))
      if (l == label)
        perm.push_back(index);
  }
  return e.reshape(e.transpose(term.value, perm), shape);
}

/// Sums a term over labels.
void sumOver(NodeEmitter &e, Term &term, llvm::function_ref<bool(int)> gone) {
  Dims axes;
  SmallVector<int> kept;
  for (auto [index, label] : llvm::enumerate(term.labels)) {
    if (gone(label))
      axes.push_back(index);
    else
      kept.push_back(label);
  }
  if (axes.empty())
    return;
  term.value = e.make<nn::ReduceOp>(nn::ReduceKind::Sum, term.value,
                                    ArrayRef<int64_t>(axes), false);
  term.labels = kept;
}

/// Takes the diagonal where a letter repeats within one operand.
void takeDiagonals(NodeEmitter &e, Term &term) {
  for (size_t i = 0; i < term.labels.size(); ++i)
    for (size_t j = i + 1; j < term.labels.size(); ++j) {
      if (term.labels[i] != term.labels[j])
        continue;
      // mask with i == j, then sum over j
      int64_t n = shapeOf(term.value)[i], rank = term.labels.size();
      if (shapeOf(term.value)[j] != n) {
        (void)e.error("a repeated letter has two sizes");
        return;
      }
      Value same =
          e.make<nn::CompareOp>(nn::ComparePredicate::EQ, e.iota(n, 1, i, rank),
                                e.iota(n, 1, j, rank));
      Value masked =
          e.make<nn::SelectOp>(same, term.value, e.scalar(0, term.value));
      term.value = e.make<nn::ReduceOp>(nn::ReduceKind::Sum, masked,
                                        ArrayRef<int64_t>(int64_t(j)), false);
      term.labels.erase(term.labels.begin() + j);
      --j;
    }
}

/// Contracts two terms to a batched matrix product; labels for which `later`
/// holds survive.
Term contract(NodeEmitter &e, Term a, Term b,
              llvm::function_ref<bool(int)> later) {
  sumOver(e, a, [&](int l) { return !b.has(l) && !later(l); });
  sumOver(e, b, [&](int l) { return !a.has(l) && !later(l); });
  SmallVector<int> batch, left, right, inner;
  for (int label : a.labels) {
    if (!b.has(label))
      left.push_back(label);
    else if (later(label))
      batch.push_back(label);
    else
      inner.push_back(label);
  }
  for (int label : b.labels)
    if (!a.has(label))
      right.push_back(label);
  // a summed letter of size 1 on one side repeats: sum the other side first
  bool uneven = false;
  for (int label : inner)
    uneven |= a.size(label) != b.size(label);
  Term result;
  if (inner.empty() || uneven) {
    SmallVector<int> all(batch);
    all.append(left);
    all.append(right);
    all.append(inner);
    result.value = e.make<nn::MulOp>(arrange(e, a, all), arrange(e, b, all));
    result.labels = all;
    sumOver(e, result, [&](int l) { return llvm::is_contained(inner, l); });
    return result;
  }
  auto sizes = [](const Term &term, ArrayRef<int> labels) {
    Dims dims;
    for (int label : labels)
      dims.push_back(term.size(label));
    return dims;
  };
  auto form = [&](const Term &term, ArrayRef<int> rows, ArrayRef<int> columns) {
    SmallVector<int> order(batch);
    order.append(rows.begin(), rows.end());
    order.append(columns.begin(), columns.end());
    Dims shape = sizes(term, batch);
    shape.push_back(product(sizes(term, rows)));
    shape.push_back(product(sizes(term, columns)));
    return e.reshape(arrange(e, term, order), shape);
  };
  Value lhs = form(a, left, inner), rhs = form(b, inner, right);
  // small integers are summed in 32 bits, of which these keep the low ones
  Value value = e.cast(e.make<nn::MatmulOp>(lhs, rhs), elementOf(lhs));
  Dims shape(shapeOf(value).drop_back(2));
  shape.append(sizes(a, left));
  shape.append(sizes(b, right));
  result.value = e.reshape(value, shape);
  result.labels = batch;
  result.labels.append(left);
  result.labels.append(right);
  return result;
}

LogicalResult einsum(NodeEmitter &e) {
  std::string text = e.stringAttr("equation", "");
  llvm::erase(text, ' ');
  auto [inputs, output] = StringRef(text).split("->");
  bool explicitOutput = StringRef(text).contains("->");
  SmallVector<StringRef> subscripts;
  inputs.split(subscripts, ',');
  if (int(subscripts.size()) != e.numInputs())
    return e.error("the equation '" + text + "' does not fit " +
                   Twine(e.numInputs()) + " operands");
  // Diagonals are taken by positions that are made here.
  if (llvm::all_of(subscripts, [](StringRef subscript) {
        return llvm::all_of(subscript, [&](char c) {
          return c == '.' || subscript.count(c) == 1;
        });
      }))
    e.aligned = nn::kAlignedBroadcast;
  SmallVector<Term> terms;
  int64_t dots = 0;
  for (auto [index, subscript] : llvm::enumerate(subscripts)) {
    Term term{e.in(index), {}};
    if (failed(parseSubscript(e, subscript, shapeOf(term.value).size(), dots,
                              term.labels)))
      return failure();
    takeDiagonals(e, term);
    if (e.failed)
      return failure();
    terms.push_back(term);
  }
  SmallVector<int> wanted;
  if (explicitOutput) {
    if (failed(parseSubscript(e, output, -1, dots, wanted)))
      return failure();
  } else {
    // by default: the broadcast dimensions, then letters that occur once,
    // sorted
    for (int64_t i = dots; i-- > 0;)
      wanted.push_back(256 + int(i));
    for (int c = 'A'; c <= 'z'; ++c)
      if (std::count(inputs.begin(), inputs.end(), char(c)) == 1)
        wanted.push_back(c);
  }
  for (int label : wanted)
    if (llvm::none_of(terms, [&](const Term &t) { return t.has(label); }))
      return e.error("the equation '" + text +
                     "' has a letter in its result that no operand has");
  Term result = terms[0];
  for (size_t i = 1; i < terms.size(); ++i)
    result = contract(e, result, terms[i], [&](int label) {
      if (llvm::is_contained(wanted, label))
        return true;
      for (size_t j = i + 1; j < terms.size(); ++j)
        if (terms[j].has(label))
          return true;
      return false;
    });
  sumOver(e, result,
          [&](int label) { return !llvm::is_contained(wanted, label); });
  return e.set(0, arrange(e, result, wanted));
}

} // namespace

void dlc::importer::addProducts(EmitterTable &table) {
  table["MatMul"] = emitMatMul;
  table["Gemm"] = gemm;
  table["Einsum"] = einsum;
}
