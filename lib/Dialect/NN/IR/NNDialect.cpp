//===- NNDialect.cpp - The nn dialect -------------------------------------===//

#include "dlc/Dialect/NN/IR/NN.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace dlc::nn;

#include "dlc/Dialect/NN/IR/NNDialect.cpp.inc"
#include "dlc/Dialect/NN/IR/NNEnums.cpp.inc"
#include "dlc/Dialect/NN/IR/NNInterfaces.cpp.inc"

#define GET_ATTRDEF_CLASSES
#include "dlc/Dialect/NN/IR/NNAttrs.cpp.inc"

#define GET_OP_CLASSES
#include "dlc/Dialect/NN/IR/NNOps.cpp.inc"

void NNDialect::initialize() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "dlc/Dialect/NN/IR/NNAttrs.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "dlc/Dialect/NN/IR/NNOps.cpp.inc"
      >();
}

Operation *NNDialect::materializeConstant(OpBuilder &builder, Attribute value,
                                          Type type, Location loc) {
  auto elements = dyn_cast<ElementsAttr>(value);
  if (!elements || elements.getType() != type)
    return nullptr;
  return ConstantOp::create(builder, loc, elements);
}

//===----------------------------------------------------------------------===//
// What all operations share
//===----------------------------------------------------------------------===//

bool dlc::nn::isOneOf(Type elementType, ElementKinds kinds) {
  auto has = [&](ElementKinds kind) {
    return (unsigned(kinds) & unsigned(kind)) != 0;
  };
  if (isa<Float64Type, Float32Type, Float16Type, BFloat16Type>(elementType))
    return has(ElementKinds::Float);
  if (isa<Float8E4M3FNType, Float8E4M3FNUZType, Float8E5M2Type,
          Float8E5M2FNUZType, Float8E8M0FNUType, Float4E2M1FNType>(elementType))
    return has(ElementKinds::Narrow);
  auto integer = dyn_cast<IntegerType>(elementType);
  if (!integer || integer.isSigned())
    return false;
  if (integer.isSignlessInteger(1))
    return has(ElementKinds::Bool);
  if (!llvm::is_contained({2u, 4u, 8u, 16u, 32u, 64u}, integer.getWidth()))
    return false;
  return has(integer.isUnsigned() ? ElementKinds::Unsigned
                                  : ElementKinds::Signed);
}

std::string dlc::nn::describeKinds(ElementKinds kinds) {
  switch (kinds) {
  case ElementKinds::Float:
    return "floating-point";
  case ElementKinds::Signed:
    return "signed integer";
  case ElementKinds::Unsigned:
    return "unsigned integer";
  case ElementKinds::Bool:
    return "boolean (i1)";
  case ElementKinds::Narrow:
    return "narrow floating-point (f8…, f4…)";
  case ElementKinds::Integer:
    return "integer";
  case ElementKinds::Negatable:
    return "floating-point or signed integer";
  case ElementKinds::Numeric:
    return "floating-point or integer";
  case ElementKinds::Any:
    return "floating-point, integer or boolean";
  }
  llvm_unreachable("unknown element kinds");
}

bool dlc::nn::isSupportedTensor(RankedTensorType type) {
  return type.hasStaticShape() && !type.getEncoding() &&
         isOneOf(type.getElementType(), ElementKinds::Any);
}

std::optional<SmallVector<int64_t>>
dlc::nn::broadcastShapes(ArrayRef<int64_t> a, ArrayRef<int64_t> b) {
  if (a.size() < b.size())
    std::swap(a, b);
  SmallVector<int64_t> result(a);
  size_t lead = a.size() - b.size();
  for (auto [i, size] : llvm::enumerate(b)) {
    int64_t &other = result[lead + i];
    if (other == 1)
      other = size;
    else if (size != 1 && size != other)
      return std::nullopt;
  }
  return result;
}

Type dlc::nn::detail::typeOrGuess(FailureOr<RankedTensorType> type,
                                  ValueRange operands, MLIRContext *context) {
  if (succeeded(type))
    return *type;
  if (operands.empty())
    return RankedTensorType::get({}, Float32Type::get(context));
  return operands.front().getType();
}

LogicalResult
dlc::nn::detail::verifyResult(Operation *op,
                              FailureOr<RankedTensorType> inferred) {
  if (failed(inferred))
    return failure();
  if (*inferred != op->getResult(0).getType())
    return op->emitOpError() << "(C0) the result type must be " << *inferred
                             << ", got " << op->getResult(0).getType();
  return success();
}
