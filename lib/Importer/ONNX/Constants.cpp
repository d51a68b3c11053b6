//===- Constants.cpp - Tensors of a model as attributes -------------------===//
//
// Weights stay where the parser or the mapping put them: a resource blob owns
// them. Only what has another layout in MLIR (sub-byte types) or a bad
// alignment is copied.
//
//===----------------------------------------------------------------------===//

#include "Emitter.h"

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/DialectResourceBlobManager.h"

using namespace mlir;
using namespace dlc::importer;
using onnx::TensorProto;

Type dlc::importer::convertElementType(MLIRContext *context, int onnxType) {
  auto integer = [&](unsigned bits, bool isUnsigned) -> Type {
    return IntegerType::get(context, bits,
                            isUnsigned ? IntegerType::Unsigned
                                       : IntegerType::Signless);
  };
  switch (onnxType) {
  case TensorProto::FLOAT:
    return Float32Type::get(context);
  case TensorProto::DOUBLE:
    return Float64Type::get(context);
  case TensorProto::FLOAT16:
    return Float16Type::get(context);
  case TensorProto::BFLOAT16:
    return BFloat16Type::get(context);
  case TensorProto::FLOAT8E4M3FN:
    return Float8E4M3FNType::get(context);
  case TensorProto::FLOAT8E4M3FNUZ:
    return Float8E4M3FNUZType::get(context);
  case TensorProto::FLOAT8E5M2:
    return Float8E5M2Type::get(context);
  case TensorProto::FLOAT8E5M2FNUZ:
    return Float8E5M2FNUZType::get(context);
  case TensorProto::FLOAT8E8M0:
    return Float8E8M0FNUType::get(context);
  case TensorProto::FLOAT4E2M1:
    return Float4E2M1FNType::get(context);
  case TensorProto::BOOL:
    return integer(1, false);
  case TensorProto::INT2:
    return integer(2, false);
  case TensorProto::INT4:
    return integer(4, false);
  case TensorProto::INT8:
    return integer(8, false);
  case TensorProto::INT16:
    return integer(16, false);
  case TensorProto::INT32:
    return integer(32, false);
  case TensorProto::INT64:
    return integer(64, false);
  case TensorProto::UINT2:
    return integer(2, true);
  case TensorProto::UINT4:
    return integer(4, true);
  case TensorProto::UINT8:
    return integer(8, true);
  case TensorProto::UINT16:
    return integer(16, true);
  case TensorProto::UINT32:
    return integer(32, true);
  case TensorProto::UINT64:
    return integer(64, true);
  default:
    return nullptr;
  }
}

/// One byte an element, as MLIR stores narrow integers.
static std::shared_ptr<std::string> unpackBits(const Payload &payload,
                                               int64_t elements, Type element) {
  unsigned bits = element.getIntOrFloatBitWidth(), perByte = 8 / bits;
  auto bytes = std::make_shared<std::string>(elements, '\0');
  for (int64_t i = 0; i < elements; ++i) {
    APInt value(8, static_cast<unsigned char>(payload.data[i / perByte]));
    value = value.extractBits(bits, i % perByte * bits);
    value = element.isSignlessInteger() ? value.sext(8) : value.zext(8);
    (*bytes)[i] = static_cast<char>(value.getZExtValue());
  }
  return bytes;
}

static void adopt(Payload &payload, std::shared_ptr<std::string> bytes) {
  payload.data = bytes->data();
  payload.size = bytes->size();
  payload.owner = std::move(bytes);
}

ElementsAttr dlc::importer::constantAttr(const Model &model,
                                         const TensorProto &tensor,
                                         RankedTensorType type,
                                         size_t maxDense) {
  Payload payload = payloadOf(model, tensor);
  Type element = type.getElementType();
  int64_t elements = type.getNumElements();
  unsigned bits = element.getIntOrFloatBitWidth();
  if (bits == 2 || bits == 4)
    adopt(payload, unpackBits(payload, elements, element));
  if (bits == 1) {
    // readers rely on 0 and 1, files may hold any byte
    bool clean = true;
    for (size_t i = 0; i < payload.size; ++i)
      clean = clean && static_cast<unsigned char>(payload.data[i]) <= 1;
    if (!clean) {
      auto bytes = std::make_shared<std::string>(payload.size, '\0');
      for (size_t i = 0; i < payload.size; ++i)
        (*bytes)[i] = payload.data[i] != 0;
      adopt(payload, std::move(bytes));
    }
  }
  size_t elementBytes = std::max(1u, bits / 8);

  if (payload.size <= maxDense) {
    if (bits == 1) {
      SmallVector<bool> values;
      for (int64_t i = 0; i < elements; ++i)
        values.push_back(payload.data[i] != 0);
      return DenseElementsAttr::get(type, values);
    }
    if (bits < 8 && isa<IntegerType>(element)) {
      SmallVector<APInt> values;
      for (int64_t i = 0; i < elements; ++i)
        values.push_back(APInt(bits,
                               static_cast<unsigned char>(payload.data[i]),
                               /*isSigned=*/false, /*implicitTrunc=*/true));
      return DenseElementsAttr::get(type, values);
    }
    ArrayRef<char> bytes(payload.data, payload.size);
    bool isSplat = elements > 1;
    for (size_t i = elementBytes; isSplat && i < bytes.size(); ++i)
      isSplat = bytes[i] == bytes[i - elementBytes];
    return DenseElementsAttr::getFromRawBuffer(
        type, isSplat ? bytes.take_front(elementBytes) : bytes);
  }

  // The alignment that the bytes happen to have; 64 suffices for everybody.
  uintptr_t address = reinterpret_cast<uintptr_t>(payload.data);
  size_t alignment = std::min<size_t>(64, address & (~address + 1));
  if (alignment < elementBytes)
    return DenseResourceElementsAttr::get(
        type, tensor.name(),
        HeapAsmResourceBlob::allocateAndCopyWithAlign(
            ArrayRef<char>(payload.data, payload.size), 64,
            /*dataIsMutable=*/false));
  ArrayRef<char> bytes(payload.data, payload.size);
  AsmResourceBlob blob(
      bytes, alignment,
      [owner = std::move(payload.owner)](void *, size_t, size_t) {},
      /*dataIsMutable=*/false);
  return DenseResourceElementsAttr::get(type, tensor.name(), std::move(blob));
}
