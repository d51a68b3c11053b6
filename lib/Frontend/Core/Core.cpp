//===- Core.cpp - The module behind a graph -------------------------------===//

#include "Core.h"

#include "dlc/Dialect/NN/IR/LoopBuilder.h"
#include "dlc/Dialect/NN/IR/NN.h"
#include "dlc/Support/Location.h"

#include "mlir/AsmParser/AsmParser.h"
#include "mlir/Bytecode/BytecodeWriter.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/AsmState.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "mlir/Parser/Parser.h"
#include "llvm/ADT/ScopeExit.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;
using namespace dlc::detail;
using dlc::DType;

/// Constants up to this size are written into the IR.
static constexpr size_t maxInlineBytes = 64;

struct Core::Impl {
  explicit Impl(const std::string &name)
      : context(MLIRContext::Threading::DISABLED), builder(&context) {
    context.loadDialect<func::FuncDialect, dlc::nn::NNDialect>();
  }

  Location getLoc(const Place &place) {
    Location file =
        FileLineColLoc::get(&context, place.where.file, place.where.line, 0);
    return place.name.empty()
               ? file
               : NameLoc::get(builder.getStringAttr(place.name), file);
  }
  Type getElementType(DType dtype);
  RankedTensorType getType(const ValueType &type) {
    return RankedTensorType::get(type.shape, getElementType(type.dtype));
  }
  ValueId add(Value value);
  ElementsAttr makeElements(const Array &array, const std::string &name);
  Attribute convert(const OpRequest::Attribute &value);
  bool setResultTypes(OperationState &state, const OpRequest &request,
                      std::string &error);
  /// The module with its outputs.
  OwningOpRef<ModuleOp> finish();

  MLIRContext context;
  OpBuilder builder;
  OwningOpRef<ModuleOp> module;
  func::FuncOp function;
  std::vector<Value> values;
  std::vector<ValueType> types;
  std::vector<std::pair<ValueId, std::string>> outputs;
  struct OpenLoop {
    std::unique_ptr<dlc::nn::LoopBuilder> builder;
    /// The first value of the body.
    ValueId begin;
  };
  std::vector<OpenLoop> loops;
};

Type Core::Impl::getElementType(DType dtype) {
  switch (dtype) {
  case DType::Bool:
    return builder.getI1Type();
  case DType::I8:
    return builder.getIntegerType(8);
  case DType::I16:
    return builder.getIntegerType(16);
  case DType::I32:
    return builder.getIntegerType(32);
  case DType::I64:
    return builder.getIntegerType(64);
  case DType::U8:
    return builder.getIntegerType(8, /*isSigned=*/false);
  case DType::U16:
    return builder.getIntegerType(16, /*isSigned=*/false);
  case DType::U32:
    return builder.getIntegerType(32, /*isSigned=*/false);
  case DType::U64:
    return builder.getIntegerType(64, /*isSigned=*/false);
  case DType::F16:
    return builder.getF16Type();
  case DType::BF16:
    return builder.getBF16Type();
  case DType::F32:
    return builder.getF32Type();
  case DType::F64:
    return builder.getF64Type();
  }
  llvm_unreachable("covered switch");
}

/// The reverse. Element types that arrays can not have (of 4 bits, …) are taken
/// for the bytes that hold them.
static DType getDType(Type type) {
  if (type.isF16())
    return DType::F16;
  if (type.isBF16())
    return DType::BF16;
  if (type.isF32())
    return DType::F32;
  if (type.isF64())
    return DType::F64;
  unsigned width = type.getIntOrFloatBitWidth();
  if (width == 1)
    return DType::Bool;
  bool isUnsigned = type.isUnsignedInteger();
  switch (width) {
  case 16:
    return isUnsigned ? DType::U16 : DType::I16;
  case 32:
    return isUnsigned ? DType::U32 : DType::I32;
  case 64:
    return isUnsigned ? DType::U64 : DType::I64;
  default:
    return isUnsigned ? DType::U8 : DType::I8;
  }
}

ValueId Core::Impl::add(Value value) {
  auto type = cast<RankedTensorType>(value.getType());
  values.push_back(value);
  types.push_back(
      {getDType(type.getElementType()), Ints(type.getShape().vec())});
  return values.size() - 1;
}

ElementsAttr Core::Impl::makeElements(const Array &array,
                                      const std::string &name) {
  RankedTensorType type = getType({array.dtype(), array.shape()});
  const char *data = static_cast<const char *>(array.data());
  if (array.dtype() == DType::Bool) {
    SmallVector<bool> flags; // memory of others may hold more than 0 and 1
    for (char byte : ArrayRef(data, array.bytes()))
      flags.push_back(byte != 0);
    return DenseElementsAttr::get(type, flags);
  }
  if (array.bytes() <= maxInlineBytes)
    return DenseElementsAttr::getFromRawBuffer(type,
                                               ArrayRef(data, array.bytes()));
  // The blob shares the array's memory and keeps it alive.
  AsmResourceBlob blob = UnmanagedAsmResourceBlob::allocateWithAlign(
      ArrayRef(data, array.bytes()), getSize(array.dtype()),
      [array](void *, size_t, size_t) {});
  return DenseResourceElementsAttr::get(type, name.empty() ? "constant" : name,
                                        std::move(blob));
}

Attribute Core::Impl::convert(const OpRequest::Attribute &value) {
  if (auto *number = std::get_if<int64_t>(&value))
    return builder.getI64IntegerAttr(*number);
  if (auto *number = std::get_if<double>(&value))
    return builder.getF64FloatAttr(*number);
  if (auto *flag = std::get_if<bool>(&value))
    return *flag ? builder.getUnitAttr() : nullptr;
  if (auto *numbers = std::get_if<Ints>(&value))
    return builder.getDenseI64ArrayAttr(*numbers);
  if (auto *numbers = std::get_if<Floats>(&value))
    return builder.getDenseF64ArrayAttr(*numbers);
  if (auto *text = std::get_if<std::string>(&value))
    return builder.getStringAttr(*text);
  return parseAttribute(std::get<OpRequest::Text>(value).text, &context);
}

bool Core::Impl::setResultTypes(OperationState &state, const OpRequest &request,
                                std::string &error) {
  if (auto *inference = state.name.getInterface<InferTypeOpInterface>()) {
    // Inference reads attributes where operations keep them: an operation
    // without results has them there.
    Operation *op = Operation::create(state);
    auto destroy = llvm::make_scope_exit([&] { op->destroy(); });
    // Never fails in this dialect: the verifier says what is wrong.
    return succeeded(inference->inferReturnTypes(
        &context, state.location, op->getOperands(),
        op->getDiscardableAttrDictionary(), op->getPropertiesStorage(),
        op->getRegions(), state.types));
  }
  auto first = cast<RankedTensorType>(state.operands.front().getType());
  if (request.shape) {
    for (int64_t size : *request.shape)
      if (size < 0) {
        error = "the shape of the result has a negative size, " +
                std::to_string(size);
        return false;
      }
    first = first.clone(*request.shape);
  }
  if (request.dtype)
    first = cast<RankedTensorType>(first.clone(getElementType(*request.dtype)));
  state.addTypes(first);
  return true;
}

OwningOpRef<ModuleOp> Core::Impl::finish() {
  OwningOpRef<ModuleOp> result = module->clone();
  func::FuncOp main = *result->getOps<func::FuncOp>().begin();
  // Values by position: the clone has the same operations in the same order.
  llvm::DenseMap<Value, Value> clones;
  for (auto [from, to] :
       llvm::zip(function.getBody().front(), main.getBody().front()))
    for (auto [a, b] : llvm::zip(from.getResults(), to.getResults()))
      clones[a] = b;
  for (auto [from, to] :
       llvm::zip(function.getArguments(), main.getArguments()))
    clones[from] = to;
  SmallVector<Value> results;
  for (auto &[id, name] : outputs)
    results.push_back(clones.lookup(values[id]));
  OpBuilder end = OpBuilder::atBlockEnd(&main.getBody().front());
  func::ReturnOp::create(end, main.getLoc(), results);
  main.setFunctionType(end.getFunctionType(main.getArgumentTypes(),
                                           ValueRange(results).getTypes()));
  for (auto [i, output] : llvm::enumerate(outputs))
    main.setResultAttr(i, "dlc.name", end.getStringAttr(output.second));
  return result;
}

//===----------------------------------------------------------------------===//
// Core
//===----------------------------------------------------------------------===//

Core::Core(const std::string &name, SourceLocation where)
    : impl(std::make_unique<Impl>(name)) {
  OpBuilder &builder = impl->builder;
  Location loc = impl->getLoc({where, ""});
  impl->module = ModuleOp::create(loc);
  (*impl->module)->setAttr("dlc.source", builder.getStringAttr(name));
  builder.setInsertionPointToEnd(impl->module->getBody());
  impl->function = func::FuncOp::create(builder, loc, "main",
                                        builder.getFunctionType({}, {}));
  builder.setInsertionPointToStart(impl->function.addEntryBlock());
}

Core::~Core() = default;

ValueId Core::addInput(const ValueType &type, const Place &place) {
  func::FuncOp function = impl->function;
  unsigned index = function.getNumArguments();
  auto attributes = impl->builder.getDictionaryAttr(impl->builder.getNamedAttr(
      "dlc.name", impl->builder.getStringAttr(place.name)));
  // Fails only where argument types and block disagree.
  (void)function.insertArgument(index, impl->getType(type), attributes,
                                impl->getLoc({place.where, ""}));
  return impl->add(function.getArgument(index));
}

ValueId Core::addConstant(const Array &value, const Place &place) {
  return impl->add(
      nn::ConstantOp::create(impl->builder, impl->getLoc(place),
                             impl->makeElements(value, place.name)));
}

bool Core::addOp(const OpRequest &request, const Place &place,
                 std::vector<ValueId> &results, std::string &error) {
  // The first error is the one to tell; what follows from it is not.
  ScopedDiagnosticHandler handler(&impl->context, [&](Diagnostic &diagnostic) {
    if (error.empty() && diagnostic.getSeverity() == DiagnosticSeverity::Error)
      error = diagnostic.str();
    return success();
  });
  std::optional<RegisteredOperationName> name =
      RegisteredOperationName::lookup(request.op, &impl->context);
  if (!name) {
    error = "there is no such operation";
    return false;
  }
  OperationState state(impl->getLoc(place), *name);
  for (ValueId id : request.operands)
    state.operands.push_back(impl->values[id]);
  if (request.segmented)
    state.addAttribute("operandSegmentSizes",
                       impl->builder.getDenseI32ArrayAttr(request.segments));
  for (const auto &[key, value] : request.attributes)
    if (Attribute attribute = impl->convert(value))
      state.addAttribute(key, attribute);
  if (!error.empty())
    return false;
  if (!impl->setResultTypes(state, request, error))
    return false;
  Operation *op = impl->builder.create(state);
  if (!error.empty() || failed(verify(op, /*verifyRecursively=*/false))) {
    op->erase();
    if (error.empty())
      error = "the operands do not fit";
    return false;
  }
  for (Value result : op->getResults())
    results.push_back(impl->add(result));
  return true;
}

/// "line 3: …": what is wrong in a text that the user wrote.
static std::string showError(Diagnostic &diagnostic) {
  auto loc = dyn_cast<FileLineColLoc>(diagnostic.getLocation());
  return (loc ? "line " + std::to_string(loc.getLine()) + ": " : "") +
         diagnostic.str();
}

static std::string showTypes(TypeRange types) {
  std::string text;
  llvm::raw_string_ostream os(text);
  llvm::interleaveComma(types, os);
  return text;
}

bool Core::addCustom(const std::string &name, const std::string &text,
                     const std::vector<ValueId> &operands, const Place &place,
                     std::vector<ValueId> &results, std::string &error) {
  ScopedDiagnosticHandler handler(&impl->context, [&](Diagnostic &diagnostic) {
    if (error.empty() && diagnostic.getSeverity() == DiagnosticSeverity::Error)
      error = showError(diagnostic);
    return success();
  });
  impl->context.loadDialect<arith::ArithDialect, linalg::LinalgDialect,
                            math::MathDialect, tensor::TensorDialect>();
  OwningOpRef<ModuleOp> module =
      parseSourceString<ModuleOp>(text, ParserConfig(&impl->context), name);
  if (!module)
    return false;
  auto functions = module->getOps<func::FuncOp>();
  if (!llvm::hasSingleElement(*module->getBody()) || functions.empty() ||
      (*functions.begin()).isDeclaration() ||
      !llvm::hasSingleElement((*functions.begin()).getBody())) {
    error = "its text is not one func.func with one block";
    return false;
  }
  func::FuncOp function = *functions.begin();
  SmallVector<Value> values;
  for (ValueId id : operands)
    values.push_back(impl->values[id]);
  if (!llvm::equal(function.getArgumentTypes(),
                   ValueRange(values).getTypes())) {
    error =
        "its function takes (" + showTypes(function.getArgumentTypes()) + ")";
    return false;
  }
  auto op = nn::CustomOp::create(impl->builder, impl->getLoc(place),
                                 function.getResultTypes(), name, values);
  op.getBody().takeBody(function.getBody());
  Operation *end = op.getBody().front().getTerminator();
  OpBuilder atEnd(end);
  nn::YieldOp::create(atEnd, end->getLoc(), end->getOperands());
  end->erase();
  bool good = succeeded(verify(op));
  if (!good) {
    op->erase();
    return false;
  }
  // From here on the user's program is where it comes from.
  op.getBody().walk([&](Operation *inner) { inner->setLoc(op.getLoc()); });
  for (Value result : op.getResults())
    results.push_back(impl->add(result));
  return true;
}

void Core::beginLoop(int64_t trips, const std::vector<ValueId> &states,
                     const std::vector<ValueId> &sliced, const Place &place,
                     std::vector<ValueId> &arguments) {
  SmallVector<Value> carried, stacks;
  for (ValueId id : states)
    carried.push_back(impl->values[id]);
  for (ValueId id : sliced)
    stacks.push_back(impl->values[id]);
  auto builder = std::make_unique<dlc::nn::LoopBuilder>(
      impl->builder, impl->getLoc(place), trips, carried, stacks);
  auto begin = static_cast<ValueId>(impl->values.size());
  for (Value state : builder->getStates())
    arguments.push_back(impl->add(state));
  for (Value slice : builder->getSlices())
    arguments.push_back(impl->add(slice));
  impl->loops.push_back({std::move(builder), begin});
}

bool Core::endLoop(const std::vector<ValueId> &states,
                   const std::vector<ValueId> &slices,
                   const std::vector<bool> &reversed,
                   const std::vector<bool> &stackedReversed,
                   std::vector<ValueId> &results, std::string &error) {
  ScopedDiagnosticHandler handler(&impl->context, [&](Diagnostic &diagnostic) {
    if (error.empty() && diagnostic.getSeverity() == DiagnosticSeverity::Error)
      error = diagnostic.str();
    return success();
  });
  SmallVector<Value> next, stacked;
  for (ValueId id : states)
    next.push_back(impl->values[id]);
  for (ValueId id : slices)
    stacked.push_back(impl->values[id]);
  auto loop = impl->loops.back().builder->finish(
      next, stacked, SmallVector<bool>(reversed.begin(), reversed.end()),
      SmallVector<bool>(stackedReversed.begin(), stackedReversed.end()));
  bool good = succeeded(verify(loop));
  if (!good)
    loop.erase();
  dropLoop();
  if (good)
    for (Value result : loop.getResults())
      results.push_back(impl->add(result));
  return good;
}

void Core::dropLoop() {
  // What the body held can not be used any more.
  for (size_t id = impl->loops.back().begin; id < impl->values.size(); ++id)
    impl->values[id] = Value();
  impl->loops.pop_back();
}

bool Core::isVisible(ValueId value) const { return bool(impl->values[value]); }
bool Core::isInLoop() const { return !impl->loops.empty(); }

void Core::addOutput(ValueId value, const std::string &name) {
  impl->outputs.emplace_back(value, name);
}

const ValueType &Core::getType(ValueId value) const {
  return impl->types[value];
}

std::string Core::print(bool withWeights) const {
  std::string text;
  llvm::raw_string_ostream os(text);
  OpPrintingFlags flags;
  if (!withWeights)
    flags.elideLargeElementsAttrs().elideLargeResourceString();
  impl->finish()->print(os, flags);
  // What is left of the resources that were left out.
  if (!withWeights)
    text.resize(std::min(text.size(), text.find("\n{-#")));
  return StringRef(text).rtrim().str() + "\n";
}

bool Core::write(const std::string &path, std::string &error) const {
  if (isInLoop()) {
    error = "the graph can not be compiled in the body of a loop";
    return false;
  }
  std::error_code code;
  llvm::raw_fd_ostream os(path, code);
  if (code) {
    error = "'" + path + "' can not be written: " + code.message();
    return false;
  }
  OwningOpRef<ModuleOp> module = impl->finish();
  bool good = true;
  if (StringRef(path).ends_with(".mlirbc"))
    good = succeeded(writeBytecodeToFile(*module, os));
  else
    module->print(os, OpPrintingFlags().enableDebugInfo());
  os.close();
  if (os.has_error()) {
    error = "'" + path + "' can not be written: " + os.error().message();
    os.clear_error();
    return false;
  }
  if (!good)
    error = "'" + path + "' can not be written as bytecode";
  return good;
}
