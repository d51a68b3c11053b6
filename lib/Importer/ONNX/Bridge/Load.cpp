//===- Load.cpp - Reads and checks a model; the bridge's entry ------------===//

#include "Internal.h"

#include "onnx/checker.h"

#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/io/zero_copy_stream_impl.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace dlc::importer;

namespace {

/// protobuf cannot hold more.
constexpr int64_t maxModelBytes = INT32_MAX;

void parse(google::protobuf::io::ZeroCopyInputStream &stream,
           onnx::ModelProto &model) {
  google::protobuf::io::CodedInputStream coded(&stream);
  coded.SetTotalBytesLimit(INT32_MAX);
  coded.SetRecursionLimit(100);
  if (!model.ParseFromCodedStream(&coded) || !coded.ConsumedEntireMessage())
    throw ImportError("not an ONNX model: the file is truncated or corrupt");
  if (!model.has_graph())
    throw ImportError("not an ONNX model: it has no graph");
}

void readFile(const std::string &path, onnx::ModelProto &model) {
  int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0)
    throw ImportError(std::string("cannot open the file: ") +
                      std::strerror(errno));
  google::protobuf::io::FileInputStream stream(fd);
  stream.SetCloseOnDelete(true);
  struct stat status;
  if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode))
    throw ImportError(S_ISDIR(status.st_mode)
                          ? "cannot read the file: it is a directory"
                          : "cannot read the file: it is not a regular file");
  if (status.st_size == 0)
    throw ImportError("not an ONNX model: the file is empty");
  if (status.st_size > maxModelBytes)
    throw ImportError("the file has " + std::to_string(status.st_size) +
                      " bytes, but a protobuf message can hold at most " +
                      std::to_string(maxModelBytes) +
                      "; store the weights as external data");
  parse(stream, model);
  if (stream.GetErrno())
    throw ImportError(std::string("cannot read the file: ") +
                      std::strerror(stream.GetErrno()));
}

/// The folder that external data must lie in.
std::string folderOf(const std::string &path) {
  size_t slash = path.rfind('/');
  if (slash == std::string::npos)
    return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

/// libonnx takes other characters for indices, and reads behind its tables.
void checkEquation(const onnx::NodeProto &node) {
  const onnx::AttributeProto *equation = attribute(node, "equation");
  if (node.op_type() != "Einsum" || !equation)
    return;
  constexpr const char *known =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ,.-> ";
  if (equation->s().find_first_not_of(known) != std::string::npos)
    throw ImportError("the equation has a character that is no letter, comma, "
                      "ellipsis or arrow",
                      node);
}

/// An optimizer's results have no types where operands are missing.
void checkVariables(const onnx::NodeProto &node) {
  static const std::map<std::string, int> operands = {
      {"ai.onnx.preview.training.Adagrad", 3},
      {"ai.onnx.preview.training.Adam", 4},
      {"ai.onnx.preview.training.Momentum", 3}};
  auto found = operands.find(opName(node));
  if (found == operands.end())
    return;
  for (const std::string &input : node.input())
    if (input.empty())
      throw ImportError("an input is missing", node);
  int each = found->second, count = (node.input_size() - 2) / each;
  if (count < 1 || 2 + count * each != node.input_size() ||
      count * (each - 1) != node.output_size())
    throw ImportError("has " + std::to_string(node.input_size()) +
                          " inputs and " + std::to_string(node.output_size()) +
                          " outputs, but needs 2 and " + std::to_string(each) +
                          " for each variable, and " +
                          std::to_string(each - 1) + " for each",
                      node);
}

/// What libonnx prints a warning for, or does not survive.
void refuseUnsafe(
    const google::protobuf::RepeatedPtrField<onnx::NodeProto> &nodes) {
  for (const onnx::NodeProto &node : nodes) {
    if (onnx::checker::check_is_experimental_op(node))
      throw ImportError("the experimental operator " + node.op_type() +
                            " is not supported",
                        node);
    // Its result's type follows from one that may not be known.
    if (node.op_type() == "RegexFullMatch")
      throw ImportError("programs have no strings", node);
    checkEquation(node);
    checkVariables(node);
    for (const auto &attribute : node.attribute()) {
      refuseUnsafe(attribute.g().node());
      for (const auto &graph : attribute.graphs())
        refuseUnsafe(graph.node());
    }
  }
}

/// check_model(ModelProto) would look for external data in the working
/// directory, and check_model(path) would parse the file a second time.
void check(onnx::ModelProto &model, const std::string &baseDir) {
  if (model.ir_version() <= 0)
    throw ImportError("not an ONNX model: it has no ir_version");
  if (model.ir_version() > onnx::Version::IR_VERSION)
    throw ImportError("the model's ir_version " +
                      std::to_string(model.ir_version()) +
                      " is newer than the newest one known, " +
                      std::to_string(int(onnx::Version::IR_VERSION)));
  if (model.ir_version() < 8 && model.functions_size())
    throw ImportError("the model has functions, but they exist only since "
                      "ir_version 8");
  refuseUnsafe(model.graph().node());
  for (const auto &function : model.functions())
    refuseUnsafe(function.node());
  std::unordered_map<std::string, int> imports;
  for (const auto &import : model.opset_import()) {
    if (import.version() < 1 || import.version() > INT32_MAX)
      throw ImportError("the model imports version " +
                        std::to_string(import.version()) +
                        " of the operator set '" + import.domain() + "'");
    imports[import.domain()] = static_cast<int>(import.version());
  }
  if (imports.empty()) {
    if (model.ir_version() >= 3)
      throw ImportError("the model imports no operator set");
    imports[""] = 1;
  }
  // Exporters leave out shapes of outputs, which the checker insists on; they
  // are inferred anyway.
  std::vector<onnx::TypeProto::Tensor *> unshaped;
  for (auto &output : *model.mutable_graph()->mutable_output())
    if (output.type().has_tensor_type() &&
        !output.type().tensor_type().has_shape()) {
      unshaped.push_back(output.mutable_type()->mutable_tensor_type());
      unshaped.back()->mutable_shape();
    }
  onnx::checker::CheckerContext context;
  context.set_model_dir(baseDir);
  context.set_ir_version(static_cast<int>(model.ir_version()));
  context.set_opset_imports(imports);
  onnx::checker::LexicalScopeContext scope;
  onnx::checker::check_graph(model.graph(), context, scope);
  if (model.ir_version() >= 8)
    onnx::checker::check_model_local_functions(model, context, scope);
  for (auto *type : unshaped)
    type->clear_shape();
}

/// Takes `text` between two markers out of a message.
std::string between(const std::string &text, const std::string &from,
                    const std::string &to) {
  size_t start = text.find(from);
  if (start == std::string::npos)
    return "";
  start += from.size();
  size_t end = to.empty() ? std::string::npos : text.find(to, start);
  return text.substr(start, end == std::string::npos ? end : end - start);
}

std::string trim(std::string text) {
  while (!text.empty() && (text.back() == ' ' || text.back() == '.'))
    text.pop_back();
  size_t start = text.find_first_not_of(' ');
  return start == std::string::npos ? "" : text.substr(start);
}

/// What libonnx's exceptions say, with the node taken out of the text.
Failure fromLibrary(const std::exception &error) {
  std::string text = oneLine(error.what());
  Failure failure;
  // "... ==> Context: Bad node spec for node. Name: conv1 OpType: Conv"
  size_t context = text.find("==> Context:");
  if (context != std::string::npos) {
    std::string tail = text.substr(context);
    failure.node = trim(between(tail, "Name: ", " OpType:"));
    failure.op = trim(between(tail, "OpType: ", " "));
    text = text.substr(0, context);
  }
  // "... input 'x' of node: name: conv1 OpType: Conv is not output of ..."
  size_t ofNode = text.find(" of node: ");
  if (failure.node.empty() && ofNode != std::string::npos) {
    std::string tail = text.substr(ofNode);
    failure.node = trim(between(tail, "ame: ", " OpType:"));
    failure.op = trim(between(tail, "OpType: ", " "));
    size_t rest = tail.find("OpType: " + failure.op);
    if (rest != std::string::npos)
      text = text.substr(0, ofNode) + " " +
             trim(tail.substr(rest + 8 + failure.op.size()));
  }
  // "... Inference error(s): (op_type:Conv, node name: conv1): [...] ..."
  size_t opType = text.find("(op_type:");
  if (failure.node.empty() && opType != std::string::npos) {
    std::string tail = text.substr(opType);
    failure.op =
        trim(between(tail, "(op_type:",
                     tail.find(", node name:") < tail.find("): ") ? "," : ")"));
    failure.node = trim(between(tail, "node name: ", "): "));
    size_t end = tail.find("): ");
    if (end != std::string::npos)
      text = tail.substr(end + 3);
    // one reason is enough
    size_t next = text.find("(op_type:");
    if (next != std::string::npos)
      text = text.substr(0, next);
  }
  for (const char *tag :
       {"[ShapeInferenceError] ", "[TypeInferenceError] ", "[ParseError] "}) {
    size_t at;
    while ((at = text.find(tag)) != std::string::npos)
      text.erase(at, std::strlen(tag));
  }
  failure.message = trim(text);
  return failure;
}

} // namespace

ImportError::ImportError(std::string message, const onnx::NodeProto &node) {
  failure.message = std::move(message);
  failure.node = displayName(node);
  failure.op = node.op_type();
}

std::string dlc::importer::displayName(const onnx::NodeProto &node) {
  if (!node.name().empty())
    return node.name();
  for (const std::string &output : node.output())
    if (!output.empty())
      return output;
  return "unnamed";
}

std::string dlc::importer::oneLine(const std::string &text) {
  std::string result;
  for (char c : text) {
    bool space = c == ' ' || c == '\n' || c == '\t' || c == '\r';
    if (space && (result.empty() || result.back() == ' '))
      continue;
    result += space ? ' ' : static_cast<unsigned char>(c) < 32 ? '?' : c;
  }
  constexpr size_t maxLength = 1000;
  if (result.size() > maxLength)
    result = result.substr(0, maxLength) + "...";
  return result;
}

bool dlc::importer::loadModel(const std::string &path, const std::string *bytes,
                              const LoadOptions &options, Model &model,
                              Failure &failure) {
  // libonnx and the standard library throw many things; none may pass.
  try {
    std::string baseDir;
    if (bytes) {
      google::protobuf::io::ArrayInputStream stream(
          bytes->data(), static_cast<int>(bytes->size()));
      parse(stream, model.proto);
    } else {
      readFile(path, model.proto);
      baseDir = folderOf(path);
    }
    check(model.proto, baseDir);
    extractPayloads(model, baseDir);
    normalize(model, options);
    return true;
  } catch (const ImportError &error) {
    failure = error.failure;
  } catch (const std::bad_alloc &) {
    failure.message = "out of memory";
  } catch (const std::exception &error) {
    failure = fromLibrary(error);
  } catch (...) {
    failure.message = "libonnx failed for an unknown reason";
  }
  return false;
}
