//===- Learned.cpp - Operators of ai.onnx.ml ------------------------------===//
//
// What libraries of machine learning export besides networks: linear models,
// support vectors, encoders, scalers. Each is written as the operators of ONNX
// that say what onnxruntime computes. Programs have no strings and no maps.
//
//===----------------------------------------------------------------------===//

#include "Learned.h"

#include <algorithm>
#include <cmath>

using namespace dlc::importer;
using onnx::NodeProto;
using onnx::TensorProto;

//===----------------------------------------------------------------------===//
// Learned
//===----------------------------------------------------------------------===//

Floats Learned::floats(const char *name) const {
  const auto *attr = attribute(node, name);
  return attr ? Floats(attr->floats().begin(), attr->floats().end()) : Floats();
}

Ints Learned::ints(const char *name) const {
  const auto *attr = attribute(node, name);
  return attr ? Ints(attr->ints().begin(), attr->ints().end()) : Ints();
}

std::string Learned::text(const char *name, const char *fallback) const {
  const auto *attr = attribute(node, name);
  return attr ? attr->s() : fallback;
}

Floats Learned::floatsOf(const std::string &name) const {
  const auto *attr = attribute(node, (name + "_as_tensor").c_str());
  if (!attr || !attr->has_t())
    return floats(name.c_str());
  auto values = dlc::importer::floatsOf(model, attr->t());
  if (!values)
    refuse("the attribute '" + attr->name() + "' does not consist of numbers");
  return {values->begin(), values->end()};
}

bool Learned::isEmpty(const char *name) const {
  const auto *attr = attribute(node, name);
  return !attr || (attr->floats_size() == 0 && attr->ints_size() == 0 &&
                   attr->strings_size() == 0 && !attr->has_t());
}

std::string Learned::constants(const Floats &values, const Ints &dims) {
  std::string result = add("Constant", {});
  auto &attr = *last().add_attribute();
  attr.set_name("value");
  attr.set_type(onnx::AttributeProto::TENSOR);
  attr.mutable_t()->set_data_type(TensorProto::FLOAT);
  for (int64_t dim : dims)
    attr.mutable_t()->add_dims(dim);
  attr.mutable_t()->mutable_float_data()->Assign(values.begin(), values.end());
  return result;
}

std::string Learned::constants(const Ints &values, const Ints &dims) {
  std::string result = constantInts(values);
  TensorProto &tensor = *last().mutable_attribute(0)->mutable_t();
  tensor.clear_dims();
  for (int64_t dim : dims)
    tensor.add_dims(dim);
  return result;
}

std::string Learned::along(const char *op,
                           const std::vector<std::string> &inputs,
                           const std::map<std::string, int64_t> &attributes) {
  std::string result = add(op, inputs);
  for (const auto &[name, value] : attributes)
    setInt(last(), name.c_str(), value);
  return result;
}

std::string Learned::reduce(const char *op, const std::string &value,
                            int64_t axis, bool keepdims) {
  return along(op, {value, constantInts({axis})}, {{"keepdims", keepdims}});
}

/// The quantile of the normal distribution, by the same approximation of the
/// inverse of erf as onnxruntime's.
std::string Learned::probit(const std::string &value) {
  std::string one = scalar(1), minusOne = scalar(-1);
  std::string u = add("Sub", {add("Mul", {value, scalar(2)}), one});
  std::string rest = add("Mul", {add("Sub", {one, u}), add("Add", {one, u})});
  std::string log = add("Log", {rest});
  std::string half = add("Add", {add("Mul", {log, scalar(0.5f)}),
                                 scalar(2 / (3.14159f * 0.147f))});
  std::string other = add("Mul", {log, scalar(1 / 0.147f)});
  std::string root =
      add("Sqrt", {add("Sub", {add("Mul", {half, half}), other})});
  std::string size = add("Sqrt", {add("Sub", {root, half})});
  std::string sign = add("Where", {add("Less", {u, scalar(0)}), minusOne, one});
  return add("Mul", {add("Mul", {sign, size}), scalar(1.41421356f)});
}

std::string Learned::transform(std::string scores) {
  std::string kind = text("post_transform", "NONE");
  if (kind == "NONE")
    return scores;
  if (kind == "LOGISTIC")
    return add("Sigmoid", {scores});
  if (kind == "PROBIT")
    return probit(scores);
  if (kind == "SOFTMAX")
    return along("Softmax", {scores}, {{"axis", 1}});
  if (kind != "SOFTMAX_ZERO")
    refuse("the post transform '" + kind + "' is not known");
  // What is nearly zero stays so, and does not count in the sum.
  std::string most = reduce("ReduceMax", scores, 1, true);
  std::string counts =
      add("Greater", {add("Abs", {scores}), scalar(0.0000001f)});
  std::string powers = add("Exp", {add("Sub", {scores, most})});
  std::string zeros = add("Mul", {scores, add("Exp", {add("Neg", {most})})});
  std::string sum =
      reduce("ReduceSum", add("Where", {counts, powers, scalar(0)}), 1, true);
  return add("Div", {add("Where", {counts, powers, zeros}), sum});
}

bool Learned::wants(int index) const {
  return index < node.output_size() && used.count(node.output(index));
}

size_t Learned::numLabels(const char *numbers) const {
  const auto *strings = attribute(node, "classlabels_strings");
  size_t count = strings ? strings->strings_size() : 0;
  return count ? count : ints(numbers).size();
}

void Learned::finishLabels(const char *numbers, const std::string &classes) {
  if (!wants(0))
    return;
  if (!isEmpty("classlabels_strings"))
    refuse("the labels are strings, which programs have not: convert the "
           "model with numbers for labels, or take '" +
           node.output(0) + "' away from the outputs and use the scores");
  Ints labels = ints(numbers);
  if (labels.empty())
    add("Identity", {classes}, {}, node.output(0));
  else
    add("Gather",
        {constants(labels, {static_cast<int64_t>(labels.size())}), classes}, {},
        node.output(0));
}

std::string Learned::bothScores(const std::string &score, bool complement) {
  std::string kind = text("post_transform", "NONE");
  if (kind == "PROBIT")
    return probit(score);
  bool logistic = kind == "LOGISTIC";
  std::string other = complement && !logistic ? add("Sub", {scalar(1), score})
                                              : add("Neg", {score});
  std::string both = along("Concat", {other, score}, {{"axis", 1}});
  return logistic ? add("Sigmoid", {both}) : both;
}

std::string Learned::isAbove(const std::string &score, float bound) {
  return cast(add("Greater", {reshape(score, {-1}), scalar(bound)}),
              TensorProto::INT64);
}

std::string Learned::best(const std::string &scores) {
  return along("ArgMax", {scores}, {{"axis", 1}, {"keepdims", 0}});
}

namespace {

int64_t sizeOf(const Floats &values) {
  return static_cast<int64_t>(values.size());
}

//===----------------------------------------------------------------------===//
// Preparation of features
//===----------------------------------------------------------------------===//

void expandScaler(Learned &e) {
  Floats offset = e.floats("offset"), scale = e.floats("scale");
  if (offset.empty() || scale.empty())
    e.refuse("offset or scale are missing");
  std::string moved =
      e.add("Sub", {e.x(), e.constants(offset, {sizeOf(offset)})});
  e.finish(e.add("Mul", {moved, e.constants(scale, {sizeOf(scale)})}));
}

void expandNormalizer(Learned &e) {
  std::string kind = e.text("norm", "MAX"), x = e.x();
  const char *op = kind == "MAX"  ? "ReduceMax"
                   : kind == "L1" ? "ReduceL1"
                   : kind == "L2" ? "ReduceL2"
                                  : nullptr;
  if (!op)
    e.refuse("the norm '" + kind + "' is not known");
  std::string norm = e.reduce(op, x, -1, true);
  std::string zero = e.add("Equal", {norm, e.scalar(0)});
  e.finish(e.add("Div", {x, e.add("Where", {zero, e.scalar(1), norm})}));
}

void expandImputer(Learned &e) {
  Floats floats = e.floats("imputed_value_floats");
  Ints ints = e.ints("imputed_value_int64s");
  if (floats.empty() == ints.empty())
    e.refuse("either floats or integers have to be imputed");
  std::string x = e.in(0), value, replaced, wrong;
  if (ints.empty()) {
    value = e.constants(floats, {sizeOf(floats)});
    float gone = e.hasAttribute("replaced_value_float")
                     ? e.floatAttr("replaced_value_float")
                     : 0;
    if (std::isnan(gone))
      wrong = e.add("IsNaN", {x});
    else
      replaced = e.scalar(gone);
  } else {
    value = e.constants(ints, {static_cast<int64_t>(ints.size())});
    replaced = e.constants(Ints{e.intAttr("replaced_value_int64", 0)}, {});
  }
  if (wrong.empty())
    wrong = e.add("Equal", {x, e.add("CastLike", {replaced, x})});
  e.finish(e.add("Where", {wrong, e.add("CastLike", {value, x}), x}));
}

/// Rows of all inputs behind each other; a vector is a row.
void expandFeatureVectorizer(Learned &e) {
  std::vector<std::string> parts;
  for (int i = 0; i < e.numInputs(); ++i)
    parts.push_back(e.along("Flatten", {e.cast(e.in(i), TensorProto::FLOAT)},
                            {{"axis", -1}}));
  e.finish(e.along("Concat", parts, {{"axis", 1}}));
}

/// A category that is not listed has no one.
void expandOneHotEncoder(Learned &e) {
  Ints categories = e.ints("cats_int64s");
  if (categories.empty())
    e.refuse("the categories are strings, which programs have not: encode "
             "them as numbers before");
  std::string x = e.cast(e.in(0), TensorProto::INT64);
  std::string all =
      e.constants(categories, {static_cast<int64_t>(categories.size())});
  std::string same =
      e.add("Equal", {e.add("Unsqueeze", {x, e.constantInts({-1})}), all});
  e.finish(e.cast(same, TensorProto::FLOAT));
}

/// Keys or values of LabelEncoder: a vector, or one number for `default`.
std::string labelTable(Learned &e, const std::string &name, bool isDefault,
                       bool *hasNaN = nullptr) {
  const auto *tensor = attribute(e.node, (name + "_tensor").c_str());
  if (tensor && tensor->has_t()) {
    if (tensor->t().data_type() == TensorProto::STRING)
      e.refuse("labels that are strings are not possible in programs");
    std::string result = e.add("Constant", {});
    auto &value = *e.last().add_attribute();
    value = *tensor;
    value.set_name("value");
    if (hasNaN) {
      auto numbers = dlc::importer::floatsOf(e.model, tensor->t());
      *hasNaN = numbers && std::any_of(numbers->begin(), numbers->end(),
                                       [](double v) { return std::isnan(v); });
    }
    return e.reshape(result, isDefault ? Ints{} : Ints{-1});
  }
  Floats floats = e.floats((name + "_floats").c_str());
  Ints ints = e.ints((name + "_int64s").c_str());
  if (!floats.empty()) {
    if (hasNaN)
      *hasNaN = std::any_of(floats.begin(), floats.end(),
                            [](float v) { return std::isnan(v); });
    return e.constants(floats, {sizeOf(floats)});
  }
  if (ints.empty())
    e.refuse("labels that are strings are not possible in programs");
  return e.constants(ints, {static_cast<int64_t>(ints.size())});
}

void expandLabelEncoder(Learned &e) {
  bool hasNaN = false;
  std::string keys = labelTable(e, "keys", false, &hasNaN);
  std::string values = labelTable(e, "values", false);
  std::string fallback;
  if (!e.isEmpty("default_tensor"))
    fallback = labelTable(e, "default", true);
  else if (e.hasAttribute("values_int64s"))
    fallback = e.constants(Ints{e.intAttr("default_int64", -1)}, {});
  else
    fallback = e.scalar(
        e.hasAttribute("default_float") ? e.floatAttr("default_float") : -0.0f);
  std::string x = e.add("Unsqueeze", {e.in(0), e.constantInts({-1})});
  std::string same = e.add("Equal", {x, keys});
  if (hasNaN)
    same = e.add("Or", {same, e.add("And", {e.add("IsNaN", {x}),
                                            e.add("IsNaN", {keys})})});
  same = e.cast(same, TensorProto::INT32);
  std::string at = e.along("ArgMax", {same}, {{"axis", -1}, {"keepdims", 0}});
  std::string known =
      e.cast(e.reduce("ReduceMax", same, -1, false), TensorProto::BOOL);
  std::string found = e.add("Gather", {values, at});
  e.finish(
      e.add("Where", {known, found, e.add("CastLike", {fallback, values})}));
}

//===----------------------------------------------------------------------===//
// Linear models
//===----------------------------------------------------------------------===//

/// x times the transpose of rows × features numbers.
std::string product(Learned &e, const std::string &x, const Floats &matrix,
                    int64_t rows) {
  if (rows <= 0 || matrix.empty() || sizeOf(matrix) % rows)
    e.refuse("the number of coefficients does not fit");
  int64_t columns = sizeOf(matrix) / rows;
  Floats turned(matrix.size());
  for (int64_t r = 0; r < rows; ++r)
    for (int64_t c = 0; c < columns; ++c)
      turned[c * rows + r] = matrix[r * columns + c];
  // One sample need not be a matrix.
  return e.add("MatMul", {e.reshape(x, {-1, columns}),
                          e.constants(turned, {columns, rows})});
}

std::string biased(Learned &e, const std::string &value, const Floats &bias) {
  if (bias.empty())
    return value;
  return e.add("Add", {value, e.constants(bias, {sizeOf(bias)})});
}

void expandLinearRegressor(Learned &e) {
  int64_t targets = e.intAttr("targets", 1);
  std::string y = product(e, e.x(), e.floats("coefficients"), targets);
  e.finish(e.transform(biased(e, y, e.floats("intercepts"))));
}

void expandLinearClassifier(Learned &e) {
  const char *labels = "classlabels_ints";
  Floats intercepts = e.floats("intercepts");
  int64_t classes = intercepts.empty()
                        ? static_cast<int64_t>(e.numLabels(labels))
                        : sizeOf(intercepts);
  std::string scores = biased(
      e, product(e, e.x(), e.floats("coefficients"), classes), intercepts);
  if (static_cast<int64_t>(e.numLabels(labels)) !=
      std::max<int64_t>(classes, 2))
    e.refuse("the number of labels does not fit to that of intercepts");
  if (classes > 1) {
    e.finishLabels(labels, e.best(scores));
    e.finishScores(e.transform(scores));
    return;
  }
  e.finishLabels(labels, e.isAbove(scores, 0));
  e.finishScores(e.bothScores(scores, true));
}

//===----------------------------------------------------------------------===//
// Support vectors
//===----------------------------------------------------------------------===//

/// How near samples are to `count` vectors: samples × vectors.
std::string kernel(Learned &e, const std::string &x, const Floats &vectors,
                   int64_t count) {
  std::string kind = e.text("kernel_type", "LINEAR");
  if (kind == "LINEAR")
    return product(e, x, vectors, count);
  Floats parameters = e.floats("kernel_params"); // gamma, coef0, degree
  if (parameters.size() < 3)
    e.refuse("the parameters of the kernel are missing");
  std::string gamma = e.scalar(parameters[0]);
  if (kind == "RBF") {
    int64_t features = sizeOf(vectors) / std::max<int64_t>(count, 1);
    std::string each = e.reshape(x, {-1, 1, features});
    std::string gap =
        e.add("Sub", {each, e.constants(vectors, {count, features})});
    std::string square = e.reduce("ReduceSumSquare", gap, 2, false);
    return e.add("Exp", {e.add("Mul", {square, e.scalar(-parameters[0])})});
  }
  std::string value = e.add("Mul", {product(e, x, vectors, count), gamma});
  value = e.add("Add", {value, e.scalar(parameters[1])});
  if (kind == "SIGMOID")
    return e.add("Tanh", {value});
  if (kind != "POLY")
    e.refuse("the kernel '" + kind + "' is not known");
  return e.add("Pow", {value, e.scalar(parameters[2])});
}

void expandSVMRegressor(Learned &e) {
  Floats coefficients = e.floats("coefficients"), rho = e.floats("rho");
  int64_t vectors = e.intAttr("n_supports", 0);
  if (rho.empty())
    e.refuse("rho is missing");
  std::string near = e.x();
  if (vectors > 0)
    near = kernel(e, near, e.floats("support_vectors"), vectors);
  std::string y = product(e, near, coefficients, 1);
  y = e.add("Add", {y, e.scalar(rho[0])});
  if (e.intAttr("one_class", 0))
    y = e.add("Where",
              {e.add("Greater", {y, e.scalar(0)}), e.scalar(1), e.scalar(-1)});
  e.finish(e.transform(y));
}

/// One score for each pair of classes, of which each gives a vote.
void expandSVMClassifier(Learned &e) {
  const char *labels = "classlabels_ints";
  Floats coefficients = e.floats("coefficients"), rho = e.floats("rho");
  Ints counts = e.ints("vectors_per_class");
  int64_t classes = static_cast<int64_t>(e.numLabels(labels)), vectors = 0;
  for (int64_t count : counts)
    vectors += count;
  if (classes < 2 || rho.empty())
    e.refuse("rho is missing, or there are less than two classes");
  if (!e.isEmpty("prob_a"))
    e.refuse("probabilities of support vector machines (prob_a, prob_b) are "
             "not supported: convert the model without them");
  bool isPositive = std::all_of(coefficients.begin(), coefficients.end(),
                                [](float value) { return value >= 0; });
  if (vectors == 0) {
    std::string scores = product(e, e.x(), coefficients, classes);
    scores = e.add("Add", {scores, e.scalar(rho[0])});
    std::string chosen = e.best(scores);
    if (classes == 2) {
      std::string most = e.reduce("ReduceMax", scores, 1, false);
      std::string second = isPositive
                               ? e.add("GreaterOrEqual", {most, e.scalar(0.5f)})
                               : e.add("Greater", {most, e.scalar(0)});
      chosen = e.add("Where", {second, e.constants(Ints{1}, {}), chosen});
    }
    e.finishLabels(labels, chosen);
    e.finishScores(e.transform(scores));
    return;
  }
  int64_t pairs = classes * (classes - 1) / 2;
  if (sizeOf(coefficients) < (classes - 1) * vectors || sizeOf(rho) < pairs ||
      static_cast<int64_t>(counts.size()) != classes)
    e.refuse("the number of coefficients, vectors or rho does not fit");
  Ints first(1, 0);
  for (int64_t count : counts)
    first.push_back(first.back() + count);
  // What each vector counts for each pair, and whom the pair votes for.
  Floats weights(pairs * vectors), forFirst(pairs * classes),
      forSecond(pairs * classes);
  int64_t pair = 0;
  for (int64_t i = 0; i < classes; ++i)
    for (int64_t j = i + 1; j < classes; ++j, ++pair) {
      for (int64_t v = first[i]; v < first[i + 1]; ++v)
        weights[pair * vectors + v] = coefficients[(j - 1) * vectors + v];
      for (int64_t v = first[j]; v < first[j + 1]; ++v)
        weights[pair * vectors + v] = coefficients[i * vectors + v];
      forFirst[pair * classes + i] = 1;
      forSecond[pair * classes + j] = 1;
    }
  rho.resize(pairs);
  std::string near = kernel(e, e.x(), e.floats("support_vectors"), vectors);
  std::string scores = biased(e, product(e, near, weights, pairs), rho);
  std::string wins =
      e.cast(e.add("Greater", {scores, e.scalar(0)}), TensorProto::FLOAT);
  std::string losses = e.add("Sub", {e.scalar(1), wins});
  std::string votes = e.add(
      "Add",
      {e.add("MatMul", {wins, e.constants(forFirst, {pairs, classes})}),
       e.add("MatMul", {losses, e.constants(forSecond, {pairs, classes})})});
  e.finishLabels(labels, e.best(votes));
  bool plain = e.text("post_transform", "NONE") == "NONE";
  e.finishScores(pairs > 1 ? e.transform(scores)
                           : e.bothScores(scores, !plain));
}

//===----------------------------------------------------------------------===//
// The table
//===----------------------------------------------------------------------===//

using Expand = void (*)(Learned &);

const std::map<std::string, Expand> &expansions() {
  static const std::map<std::string, Expand> table = {
      {"Scaler", expandScaler},
      {"Normalizer", expandNormalizer},
      {"Imputer", expandImputer},
      {"FeatureVectorizer", expandFeatureVectorizer},
      {"OneHotEncoder", expandOneHotEncoder},
      {"LabelEncoder", expandLabelEncoder},
      {"LinearRegressor", expandLinearRegressor},
      {"LinearClassifier", expandLinearClassifier},
      {"SVMRegressor", expandSVMRegressor},
      {"SVMClassifier", expandSVMClassifier},
      {"TreeEnsembleRegressor", expandTreeRegressor},
      {"TreeEnsembleClassifier", expandTreeClassifier},
  };
  return table;
}

void expandIn(const Model &model, onnx::GraphProto &graph,
              const std::set<std::string> &used) {
  Nodes nodes;
  for (NodeProto &node : *graph.mutable_node()) {
    for (auto &attr : *node.mutable_attribute())
      if (attr.has_g())
        expandIn(model, *attr.mutable_g(), used);
    auto expand = node.domain() == learnedDomain
                      ? expansions().find(node.op_type())
                      : expansions().end();
    if (expand == expansions().end()) {
      nodes.Add()->Swap(&node);
      continue;
    }
    Learned expansion(model, used, node, nodes);
    expand->second(expansion);
  }
  graph.mutable_node()->Swap(&nodes);
}

} // namespace

void dlc::importer::expandLearnedOps(Model &model) {
  onnx::GraphProto &graph = *model.proto.mutable_graph();
  std::set<std::string> used;
  for (const NodeProto &node : graph.node())
    forEachUse(node, [&](const std::string &name) { used.insert(name); });
  for (const auto &output : graph.output())
    used.insert(output.name());
  expandIn(model, graph, used);
}
