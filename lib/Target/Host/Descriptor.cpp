//===- Descriptor.cpp - dlc_model_descriptor as LLVM IR -------------------===//

#include "Descriptor.h"

#include "dlc/Runtime/dlc_abi.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "llvm/IR/Constants.h"
#include "llvm/IR/IRBuilder.h"

using namespace llvm;
using namespace dlc::target;

uint32_t dlc::target::getDtypeCode(mlir::Type type) {
  if (auto integer = dyn_cast<mlir::IntegerType>(type)) {
    bool isUnsigned = integer.isUnsigned();
    switch (integer.getWidth()) {
    case 1:
      return DLC_DTYPE_BOOL;
    case 2:
      return isUnsigned ? DLC_DTYPE_U2 : DLC_DTYPE_I2;
    case 4:
      return isUnsigned ? DLC_DTYPE_U4 : DLC_DTYPE_I4;
    case 8:
      return isUnsigned ? DLC_DTYPE_U8 : DLC_DTYPE_I8;
    case 16:
      return isUnsigned ? DLC_DTYPE_U16 : DLC_DTYPE_I16;
    case 32:
      return isUnsigned ? DLC_DTYPE_U32 : DLC_DTYPE_I32;
    case 64:
      return isUnsigned ? DLC_DTYPE_U64 : DLC_DTYPE_I64;
    default:
      return 0;
    }
  }
  return TypeSwitch<mlir::Type, uint32_t>(type)
      .Case([](mlir::Float16Type) { return uint32_t(DLC_DTYPE_F16); })
      .Case([](mlir::BFloat16Type) { return uint32_t(DLC_DTYPE_BF16); })
      .Case([](mlir::Float32Type) { return uint32_t(DLC_DTYPE_F32); })
      .Case([](mlir::Float64Type) { return uint32_t(DLC_DTYPE_F64); })
      .Case([](mlir::Float8E4M3FNType) { return uint32_t(DLC_DTYPE_F8E4M3FN); })
      .Case([](mlir::Float8E4M3FNUZType) {
        return uint32_t(DLC_DTYPE_F8E4M3FNUZ);
      })
      .Case([](mlir::Float8E5M2Type) { return uint32_t(DLC_DTYPE_F8E5M2); })
      .Case([](mlir::Float8E5M2FNUZType) {
        return uint32_t(DLC_DTYPE_F8E5M2FNUZ);
      })
      .Case(
          [](mlir::Float8E8M0FNUType) { return uint32_t(DLC_DTYPE_F8E8M0FNU); })
      .Case([](mlir::Float4E2M1FNType) { return uint32_t(DLC_DTYPE_F4E2M1FN); })
      .Default([](mlir::Type) { return 0u; });
}

static uint64_t getElementBytes(uint32_t dtype) {
  switch (dtype) {
  case DLC_DTYPE_I16:
  case DLC_DTYPE_U16:
  case DLC_DTYPE_F16:
  case DLC_DTYPE_BF16:
    return 2;
  case DLC_DTYPE_I32:
  case DLC_DTYPE_U32:
  case DLC_DTYPE_F32:
    return 4;
  case DLC_DTYPE_I64:
  case DLC_DTYPE_U64:
  case DLC_DTYPE_F64:
    return 8;
  default:
    return 1;
  }
}

Error dlc::target::readSignature(mlir::ModuleOp module, ModelInfo &info) {
  auto entry = module.lookupSymbol<mlir::LLVM::LLVMFuncOp>("dlc_entry");
  if (!entry)
    return createStringError("the module has no function 'dlc_entry'");
  for (bool isOutput : {false, true}) {
    StringRef key = isOutput ? "dlc.outputs" : "dlc.inputs";
    auto list = entry->getAttrOfType<mlir::ArrayAttr>(key);
    if (!list)
      return createStringError("'dlc_entry' lacks the attribute " + key);
    for (auto [index, attr] : llvm::enumerate(list)) {
      auto dictionary = dyn_cast<mlir::DictionaryAttr>(attr);
      auto name =
          dictionary ? dictionary.getAs<mlir::StringAttr>("name") : nullptr;
      auto typeAttr =
          dictionary ? dictionary.getAs<mlir::TypeAttr>("type") : nullptr;
      auto type = typeAttr ? dyn_cast<mlir::ShapedType>(typeAttr.getValue())
                           : mlir::ShapedType();
      if (!type || !type.hasStaticShape())
        return createStringError("'dlc_entry' has an invalid entry " +
                                 Twine(index) + " in " + key);
      TensorInfo tensor;
      tensor.name =
          name ? name.str()
               : (isOutput ? "output" : "input") + std::to_string(index);
      tensor.dtype = getDtypeCode(type.getElementType());
      if (!tensor.dtype) {
        std::string text;
        raw_string_ostream(text) << type.getElementType();
        return createStringError("tensor '" + tensor.name +
                                 "' has the element type " + text +
                                 ", which a program cannot take or give");
      }
      tensor.shape.assign(type.getShape().begin(), type.getShape().end());
      tensor.bytes = getElementBytes(tensor.dtype) * type.getNumElements();
      (isOutput ? info.outputs : info.inputs).push_back(std::move(tensor));
    }
  }
  return Error::success();
}

namespace {

/// Makes the constants of one module.
class DescriptorBuilder {
public:
  explicit DescriptorBuilder(Module &module)
      : module(module), context(module.getContext()),
        pointer(PointerType::get(context, 0)), i32(Type::getInt32Ty(context)),
        i64(Type::getInt64Ty(context)) {}

  Constant *makeString(StringRef text) {
    return makePrivate(ConstantDataArray::getString(context, text));
  }
  Constant *makeInt32(uint64_t value) { return ConstantInt::get(i32, value); }
  Constant *makeInt64(uint64_t value) { return ConstantInt::get(i64, value); }

  Constant *makePrivate(Constant *value) {
    auto *global =
        new GlobalVariable(module, value->getType(), /*isConstant=*/true,
                           GlobalValue::PrivateLinkage, value, "dlc.data");
    return global;
  }

  Constant *makeArray(ArrayRef<Constant *> values) {
    if (values.empty())
      return ConstantPointerNull::get(pointer);
    auto *type = ArrayType::get(values.front()->getType(), values.size());
    return makePrivate(ConstantArray::get(type, values));
  }

  Constant *makeTensors(ArrayRef<TensorInfo> tensors) {
    std::vector<Constant *> entries;
    for (const TensorInfo &tensor : tensors) {
      std::vector<Constant *> shape;
      for (int64_t extent : tensor.shape)
        shape.push_back(makeInt64(extent));
      // struct dlc_tensor_info
      entries.push_back(ConstantStruct::getAnon(
          {makeString(tensor.name), makeInt32(tensor.dtype),
           makeInt32(tensor.shape.size()), makeArray(shape),
           makeInt64(tensor.bytes)}));
    }
    return makeArray(entries);
  }

  Constant *makeVariants(ArrayRef<ModelInfo::Variant> variants) {
    std::vector<Constant *> entries;
    for (const ModelInfo::Variant &variant : variants) {
      auto *type = FunctionType::get(i32, {pointer, pointer, pointer, pointer},
                                     /*isVarArg=*/false);
      auto *entry = cast<Function>(
          module.getOrInsertFunction(variant.entrySymbol, type).getCallee());
      entry->setVisibility(GlobalValue::HiddenVisibility);
      // struct dlc_variant
      entries.push_back(ConstantStruct::getAnon(
          {makeString(variant.cpu), makeString(variant.features), entry}));
    }
    return makeArray(entries);
  }

private:
  Module &module;
  LLVMContext &context;
  PointerType *pointer;
  IntegerType *i32, *i64;
};

} // namespace

std::unique_ptr<Module> dlc::target::makeDescriptor(LLVMContext &context,
                                                    const ModelInfo &info,
                                                    StringRef symbol) {
  auto module = std::make_unique<Module>("dlc.descriptor", context);
  DescriptorBuilder b(*module);
  auto make = [&](uint64_t size) {
    // struct dlc_model
    return ConstantStruct::getAnon(
        {b.makeInt32(DLC_ABI_VERSION), b.makeInt32(size),
         b.makeString(info.name), b.makeString("host"),
         b.makeString(info.buildId), b.makeString(info.compiler),
         b.makeTensors(info.inputs), b.makeTensors(info.outputs),
         b.makeInt32(info.inputs.size()), b.makeInt32(info.outputs.size()),
         b.makeInt64(info.arenaBytes), b.makeInt64(info.arenaAlignment),
         b.makeInt64(info.lowerBound), b.makeInt64(info.weightsBytes),
         b.makeVariants(info.variants), b.makeInt64(info.variants.size())});
  };
  Constant *value = make(sizeof(dlc_model));
  auto *global = new GlobalVariable(
      *module, value->getType(),
      /*isConstant=*/true, GlobalValue::ExternalLinkage, value, symbol);
  global->setVisibility(GlobalValue::HiddenVisibility);
  global->setAlignment(Align(8));
  return module;
}

void dlc::target::addLibraryFunctions(Module &module, const ModelInfo &info,
                                      StringRef name, StringRef descriptor) {
  LLVMContext &context = module.getContext();
  auto *pointer = PointerType::get(context, 0);
  auto *i32 = Type::getInt32Ty(context);
  auto *i64 = Type::getInt64Ty(context);
  IRBuilder<> b(context);
  auto define = [&](const Twine &symbol, Type *result, ArrayRef<Type *> args) {
    auto *function =
        Function::Create(FunctionType::get(result, args, false),
                         GlobalValue::ExternalLinkage, symbol, module);
    function->addFnAttr(Attribute::NoUnwind);
    function->addFnAttr("target-cpu", "x86-64");
    b.SetInsertPoint(BasicBlock::Create(context, "", function));
    return function;
  };
  auto returnIf = [&](Value *condition, int status) {
    Function *function = b.GetInsertBlock()->getParent();
    auto *fail = BasicBlock::Create(context, "", function);
    auto *next = BasicBlock::Create(context, "", function);
    b.CreateCondBr(condition, fail, next);
    b.SetInsertPoint(fail);
    b.CreateRet(b.getInt32(status));
    b.SetInsertPoint(next);
  };
  auto misaligned = [&](Value *address, uint64_t alignment) {
    Value *bits = b.CreateAnd(b.CreatePtrToInt(address, i64), alignment - 1);
    return b.CreateICmpNE(bits, b.getInt64(0));
  };

  Function *parallelRun =
      define(name + "_run_parallel", i32, {pointer, pointer, pointer, pointer});
  {
    Value *arena = parallelRun->getArg(2);
    for (unsigned side : {0u, 1u}) {
      Value *list = parallelRun->getArg(side);
      const auto &tensors = side ? info.outputs : info.inputs;
      if (!tensors.empty())
        returnIf(b.CreateIsNull(list), DLC_ERROR_NULL);
      for (size_t i = 0; i < tensors.size(); ++i) {
        Value *data =
            b.CreateLoad(pointer, b.CreateConstGEP1_64(pointer, list, i));
        if (tensors[i].bytes)
          returnIf(b.CreateIsNull(data), DLC_ERROR_NULL);
        returnIf(misaligned(data, DLC_TENSOR_ALIGNMENT), DLC_ERROR_ALIGNMENT);
      }
    }
    if (info.arenaBytes)
      returnIf(b.CreateIsNull(arena), DLC_ERROR_NULL);
    returnIf(misaligned(arena, info.arenaAlignment), DLC_ERROR_ALIGNMENT);
    Function *entry = module.getFunction(info.variants.front().entrySymbol);
    b.CreateRet(
        b.CreateCall(entry, {parallelRun->getArg(0), parallelRun->getArg(1),
                             arena, parallelRun->getArg(3)}));
  }

  Function *run = define(name + "_run", i32, {pointer, pointer, pointer});
  b.CreateRet(
      b.CreateCall(parallelRun, {run->getArg(0), run->getArg(1), run->getArg(2),
                                 ConstantPointerNull::get(pointer)}));

  GlobalVariable *model = module.getNamedGlobal(descriptor);
  define(name + "_descriptor", pointer, {});
  b.CreateRet(model);

  Function *check = define(name + "_check", i32, {i32, pointer});
  {
    returnIf(b.CreateICmpNE(check->getArg(0), b.getInt32(DLC_ABI_VERSION)),
             DLC_ERROR_ABI);
    // The header's build id against ours, byte by byte: both end in a zero.
    returnIf(b.CreateIsNull(check->getArg(1)), DLC_ERROR_NULL);
    Value *same = b.getTrue();
    Value *text = check->getArg(1);
    for (size_t i = 0; i <= info.buildId.size(); ++i) {
      // Every byte before this one was equal, so the text reaches this far.
      Value *byte = b.CreateLoad(b.getInt8Ty(),
                                 b.CreateConstGEP1_64(b.getInt8Ty(), text, i));
      same = b.CreateICmpEQ(
          byte, b.getInt8(i < info.buildId.size() ? info.buildId[i] : 0));
      returnIf(b.CreateNot(same), DLC_ERROR_ABI);
    }
    FunctionCallee supports = module.getOrInsertFunction(
        "dlc_cpu_supports_v1",
        FunctionType::get(i32, {pointer, pointer}, false));
    cast<Function>(supports.getCallee())
        ->setVisibility(GlobalValue::HiddenVisibility);
    Value *features = b.CreateGlobalString(info.variants.front().features);
    Value *ok =
        b.CreateCall(supports, {features, ConstantPointerNull::get(pointer)});
    returnIf(b.CreateIsNull(ok), DLC_ERROR_CPU);
    b.CreateRet(b.getInt32(DLC_OK));
  }
}
