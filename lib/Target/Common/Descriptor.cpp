//===- Descriptor.cpp - dlc_model_descriptor as LLVM IR -------------------===//

#include "dlc/Target/Common/Descriptor.h"

#include "dlc/Dialect/Dispatch/IR/Launches.h"

#include "llvm/ADT/StringSwitch.h"
#include "llvm/ADT/TypeSwitch.h"
#include "llvm/IR/Constants.h"
#include "llvm/IR/DerivedTypes.h"
#include "llvm/Support/raw_ostream.h"

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

Error dlc::target::addTensor(Signature &signature, bool isOutput,
                             mlir::StringAttr name, ArrayRef<int64_t> shape,
                             mlir::Type elementType) {
  auto &list = isOutput ? signature.outputs : signature.inputs;
  TensorInfo tensor;
  tensor.name =
      name ? name.str()
           : (isOutput ? "output" : "input") + std::to_string(list.size());
  tensor.dtype = getDtypeCode(elementType);
  if (!tensor.dtype) {
    std::string text;
    raw_string_ostream(text) << elementType;
    return createStringError("tensor '" + tensor.name +
                             "' has the element type " + text +
                             ", which a program cannot take or give");
  }
  tensor.shape.assign(shape.begin(), shape.end());
  tensor.bytes =
      getElementBytes(tensor.dtype) * mlir::ShapedType::getNumElements(shape);
  list.push_back(std::move(tensor));
  return Error::success();
}

std::vector<LaunchInfo> dlc::target::readLaunches(mlir::Operation *graph) {
  std::vector<LaunchInfo> launches;
  auto list =
      graph->getAttrOfType<mlir::ArrayAttr>(dispatch::kLaunchesAttrName);
  if (!list)
    return launches;
  for (auto each : list.getAsRange<mlir::DictionaryAttr>()) {
    auto text = [&](StringRef key) {
      auto value = each.getAs<mlir::StringAttr>(key);
      return value ? value.str() : std::string();
    };
    LaunchInfo &launch = launches.emplace_back();
    launch.name = text("name");
    launch.kernel = text("kernel");
    launch.shapes = text("shapes");
    auto work = each.getAs<mlir::DenseI64ArrayAttr>("work");
    if (!work || work.size() != 3)
      continue;
    launch.flops = work[0];
    launch.bytesRead = work[1];
    launch.bytesWritten = work[2];
  }
  return launches;
}

void dlc::target::setExtents(Signature &signature, bool isOutput,
                             mlir::DenseI64ArrayAttr extents, bool isExtents,
                             bool isRandom) {
  TensorInfo &tensor = (isOutput ? signature.outputs : signature.inputs).back();
  if (extents)
    tensor.extents.assign(extents.asArrayRef().begin(),
                          extents.asArrayRef().end());
  tensor.role = isExtents  ? DLC_ROLE_EXTENTS
                : isRandom ? DLC_ROLE_RANDOM
                           : DLC_ROLE_MODEL;
}

/// The elements as they lie in a program's memory.
static std::string getBytes(mlir::Attribute attr) {
  std::string bytes;
  auto add = [&](const APInt &value) {
    uint64_t bits = value.getZExtValue();
    for (unsigned i = 0; i < divideCeil(value.getBitWidth(), 8); ++i)
      bytes += static_cast<char>(bits >> (8 * i));
  };
  auto dense = dyn_cast_or_null<mlir::DenseElementsAttr>(attr);
  if (!dense)
    return bytes;
  if (isa<mlir::IntegerType>(dense.getElementType()))
    for (const APInt &value : dense.getValues<APInt>())
      add(value);
  else
    for (const APFloat &value : dense.getValues<APFloat>())
      add(value.bitcastToAPInt());
  return bytes;
}

void dlc::target::setRequirement(Signature &signature, mlir::Attribute least,
                                 mlir::Attribute most) {
  signature.inputs.back().least = getBytes(least);
  signature.inputs.back().most = getBytes(most);
}

void dlc::target::setPicture(Signature &signature, mlir::StringAttr pixels) {
  if (pixels)
    signature.inputs.back().pixels = StringSwitch<uint32_t>(pixels.getValue())
                                         .Case("RGB", DLC_PIXELS_RGB)
                                         .Case("BGR", DLC_PIXELS_BGR)
                                         .Default(DLC_PIXELS_GREY);
}

void dlc::target::setChecks(Signature &signature, mlir::ArrayAttr texts) {
  if (!texts)
    return;
  for (auto text : texts.getAsRange<mlir::StringAttr>())
    signature.checks.push_back(text.str());
}

namespace {

/// Makes the constants of one module.
class DescriptorBuilder {
public:
  explicit DescriptorBuilder(Module &module)
      : module(module), context(module.getContext()),
        pointer(PointerType::get(context, 0)), i32(Type::getInt32Ty(context)),
        i64(Type::getInt64Ty(context)) {}

  /// Equal texts are one.
  Constant *makeString(StringRef text) {
    Constant *&known = strings[text];
    if (!known)
      known = makePrivate(ConstantDataArray::getString(context, text));
    return known;
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
      std::vector<Constant *> extents;
      for (int64_t number : tensor.extents)
        extents.push_back(ConstantInt::getSigned(i32, number));
      // struct dlc_tensor_info
      entries.push_back(ConstantStruct::getAnon(
          {makeString(tensor.name), makeInt32(tensor.dtype),
           makeInt32(tensor.shape.size()), makeArray(shape),
           makeInt64(tensor.bytes), makeArray(extents),
           makeInt32(tensor.role)}));
    }
    return makeArray(entries);
  }

  Constant *makeBytes(StringRef bytes) {
    return makePrivate(ConstantDataArray::getString(context, bytes,
                                                    /*AddNull=*/false));
  }

  std::vector<Constant *> makeRequirements(ArrayRef<TensorInfo> inputs) {
    std::vector<Constant *> entries;
    for (auto [number, tensor] : llvm::enumerate(inputs)) {
      if (tensor.least.empty())
        continue;
      bool isRange = tensor.least != tensor.most;
      Constant *least = makeBytes(tensor.least);
      // struct dlc_requirement
      entries.push_back(
          ConstantStruct::getAnon({makeInt32(number), makeInt32(isRange), least,
                                   isRange ? makeBytes(tensor.most) : least}));
    }
    return entries;
  }

  std::vector<Constant *> makePictures(ArrayRef<TensorInfo> inputs) {
    std::vector<Constant *> entries;
    for (auto [number, tensor] : llvm::enumerate(inputs))
      if (tensor.pixels)
        // struct dlc_picture_input
        entries.push_back(ConstantStruct::getAnon(
            {makeInt32(number), makeInt32(tensor.pixels)}));
    return entries;
  }

  /// What decodes them, in the runtime; libraries have nothing of it.
  Constant *makeDecoder(const ModelInfo &info) {
    return info.pictureBytes ? makeExternal("dlc_picture_decoder_v1")
                             : ConstantPointerNull::get(pointer);
  }

  std::vector<Constant *> makeChecks(const Signature &signature) {
    std::vector<Constant *> entries;
    if (signature.checks.empty())
      return entries;
    size_t at = signature.outputs.back().shape[0] - 2 * signature.checks.size();
    for (StringRef text : signature.checks) {
      // struct dlc_check
      entries.push_back(ConstantStruct::getAnon(
          {makeString(text), makeInt32(at), makeInt32(at + 1)}));
      at += 2;
    }
    return entries;
  }

  /// A hidden dlc_entry_fn.
  Constant *makeEntry(StringRef symbol) {
    auto *type = FunctionType::get(i32, {pointer, pointer, pointer, pointer},
                                   /*isVarArg=*/false);
    auto *entry =
        cast<Function>(module.getOrInsertFunction(symbol, type).getCallee());
    entry->setVisibility(GlobalValue::HiddenVisibility);
    return entry;
  }

  Constant *makeVariants(const ModelInfo &info) {
    std::vector<Constant *> entries;
    for (auto [variant, symbol] :
         llvm::zip_equal(info.variants, info.first().entrySymbols))
      // struct dlc_variant
      entries.push_back(ConstantStruct::getAnon({makeString(variant.cpu),
                                                 makeString(variant.features),
                                                 makeEntry(symbol)}));
    return makeArray(entries);
  }

  /// The arrays of one specialisation, to which several structures point.
  struct Arrays {
    Constant *inputs, *outputs, *steps;
  };

  Arrays makeArrays(const ModelInfo::Specialisation &specialisation) {
    std::vector<Constant *> steps;
    for (const DeviceInfo::Step &step : specialisation.steps)
      steps.push_back(makeStep(step));
    return {makeTensors(specialisation.inputs),
            makeTensors(specialisation.outputs), makeArray(steps)};
  }

  Constant *makeSpecialisation(const ModelInfo::Specialisation &specialisation,
                               const Arrays &arrays) {
    std::vector<Constant *> entries;
    for (const std::string &symbol : specialisation.entrySymbols)
      entries.push_back(makeEntry(symbol));
    // struct dlc_specialisation
    return ConstantStruct::getAnon(
        {makeString(specialisation.dims), arrays.inputs, arrays.outputs,
         makeInt64(specialisation.arenaBytes), makeArray(entries), arrays.steps,
         makeInt64(specialisation.steps.size()),
         makeOffsets(specialisation.inputs, specialisation.isInArena()),
         makeOffsets(specialisation.outputs, specialisation.isInArena())});
  }

  /// Not NULL if tensors are in the arena, even if there are none of the kind.
  Constant *makeOffsets(ArrayRef<TensorInfo> tensors, bool isInArena) {
    if (!isInArena)
      return ConstantPointerNull::get(pointer);
    std::vector<Constant *> offsets;
    for (const TensorInfo &tensor : tensors)
      offsets.push_back(makeInt64(tensor.arenaOffset.value_or(0)));
    if (offsets.empty())
      offsets.push_back(makeInt64(0));
    return makeArray(offsets);
  }

  Constant *makeLaunchLists(const ModelInfo &info) {
    std::vector<Constant *> lists;
    for (size_t variant = 0; variant < info.first().launches.size(); ++variant)
      for (const ModelInfo::Specialisation &each : info.specialisations) {
        std::vector<Constant *> launches;
        for (const LaunchInfo &launch : each.launches[variant])
          // struct dlc_launch
          launches.push_back(ConstantStruct::getAnon(
              {makeString(launch.name), makeString(launch.kernel),
               makeString(launch.shapes), makeInt64(launch.flops),
               makeInt64(launch.bytesRead), makeInt64(launch.bytesWritten),
               makeInt64(launch.firstStep), makeInt64(launch.numSteps)}));
        // struct dlc_launch_list
        lists.push_back(ConstantStruct::getAnon(
            {makeArray(launches), makeInt64(launches.size())}));
      }
    return makeArray(lists);
  }

  Constant *makeDevice(const ModelInfo &info, Constant *steps) {
    const std::optional<DeviceInfo> &device = info.device;
    if (!device)
      return ConstantPointerNull::get(pointer);
    std::vector<Constant *> archs, kernels;
    for (const DeviceInfo::Arch &arch : device->archs)
      // struct dlc_device_arch
      archs.push_back(
          ConstantStruct::getAnon({makeString(arch.name), makeInt32(arch.first),
                                   makeInt32(arch.last)}));
    for (const DeviceInfo::Kernel &kernel : device->kernels)
      // struct dlc_device_kernel
      kernels.push_back(ConstantStruct::getAnon(
          {makeString(kernel.name), makeInt64(kernel.sharedBytes)}));
    // struct dlc_device_program
    return makePrivate(ConstantStruct::getAnon(
        {device->imageBytes ? makeExternal(device->imageSymbol)
                            : makeArray({}), // nothing but copies
         makeInt64(device->imageBytes),
         device->weightsSymbol.empty() ? ConstantPointerNull::get(pointer)
                                       : makeExternal(device->weightsSymbol),
         makeArray(archs), makeInt64(archs.size()), makeArray(kernels),
         makeInt64(kernels.size()), steps,
         makeInt64(info.first().steps.size())}));
  }

private:
  /// A hidden symbol of another object.
  Constant *makeExternal(StringRef name) {
    auto *global = new GlobalVariable(
        module, Type::getInt8Ty(context), /*isConstant=*/true,
        GlobalValue::ExternalLinkage, nullptr, name);
    global->setVisibility(GlobalValue::HiddenVisibility);
    return global;
  }

  Constant *makeStep(const DeviceInfo::Step &step) {
    std::vector<Constant *> args;
    for (const DeviceInfo::Address &address : step.args)
      // struct dlc_device_address
      args.push_back(ConstantStruct::getAnon({makeInt32(address.space),
                                              makeInt32(address.index),
                                              makeInt64(address.offset)}));
    std::vector<Constant *> after;
    for (uint32_t earlier : step.after)
      after.push_back(makeInt32(earlier));
    auto triple = [&](const std::array<uint32_t, 3> &values) {
      return ConstantDataArray::get(context, ArrayRef<uint32_t>(values));
    };
    // struct dlc_device_step
    return ConstantStruct::getAnon(
        {ConstantInt::getSigned(i32, step.kernel), makeInt32(step.sharedBytes),
         triple(step.grid), triple(step.block), makeArray(args),
         makeInt64(args.size()), makeInt64(step.copyBytes), makeArray(after),
         makeInt64(after.size())});
  }

  Module &module;
  LLVMContext &context;
  PointerType *pointer;
  IntegerType *i32, *i64;
  StringMap<Constant *> strings;
};

} // namespace

std::unique_ptr<Module> dlc::target::makeDescriptor(LLVMContext &context,
                                                    const ModelInfo &info) {
  auto module = std::make_unique<Module>("dlc.descriptor", context);
  DescriptorBuilder b(*module);
  std::vector<DescriptorBuilder::Arrays> arrays;
  std::vector<Constant *> specialisations;
  for (const ModelInfo::Specialisation &specialisation : info.specialisations) {
    arrays.push_back(b.makeArrays(specialisation));
    specialisations.push_back(
        b.makeSpecialisation(specialisation, arrays.back()));
  }
  const ModelInfo::Specialisation &first = info.first();
  std::vector<Constant *> requirements = b.makeRequirements(first.inputs);
  std::vector<Constant *> checks = b.makeChecks(first);
  std::vector<Constant *> pictures = b.makePictures(first.inputs);
  // struct dlc_model
  Constant *value =
      ConstantStruct::getAnon({b.makeInt32(DLC_ABI_VERSION),
                               b.makeInt32(sizeof(dlc_model)),
                               b.makeString(info.name),
                               b.makeString(info.device ? "cuda" : "host"),
                               b.makeString(info.buildId),
                               b.makeString(info.compiler),
                               arrays.front().inputs,
                               arrays.front().outputs,
                               b.makeInt32(first.inputs.size()),
                               b.makeInt32(first.outputs.size()),
                               b.makeInt64(info.arenaBytes),
                               b.makeInt64(info.arenaAlignment),
                               b.makeInt64(info.lowerBound),
                               b.makeInt64(info.weightsBytes),
                               b.makeVariants(info),
                               b.makeInt64(info.variants.size()),
                               b.makeDevice(info, arrays.front().steps),
                               b.makeArray(specialisations),
                               b.makeInt64(specialisations.size()),
                               b.makeLaunchLists(info),
                               b.makeArray(requirements),
                               b.makeInt64(requirements.size()),
                               b.makeArray(checks),
                               b.makeInt64(checks.size()),
                               b.makeArray(pictures),
                               b.makeInt64(pictures.size()),
                               b.makeDecoder(info),
                               b.makeInt64(info.pictureOffset),
                               b.makeInt64(info.pictureBytes)});
  auto *global = new GlobalVariable(
      *module, value->getType(),
      /*isConstant=*/true, GlobalValue::ExternalLinkage, value, info.symbol);
  global->setVisibility(GlobalValue::HiddenVisibility);
  global->setAlignment(Align(8));
  return module;
}
