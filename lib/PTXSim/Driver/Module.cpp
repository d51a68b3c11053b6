//===- Module.cpp - Modules and libraries ---------------------------------===//

#include "Module.h"
#include "ApiCall.h"
#include "FatBinary.h"
#include "Launch.h"

#include "llvm/Support/MemoryBuffer.h"

#include <algorithm>
#include <cstring>

namespace dlc::ptxsim::driver {

/// Writes a log into the buffer that options give for it, cut to its size, and
/// says how much was written.
static void writeLog(const JitOptions &options, CUjit_option bufferOption,
                     CUjit_option sizeOption, llvm::StringRef text) {
  char *buffer = nullptr;
  void **size = nullptr;
  for (unsigned i = 0; i < options.count; ++i) {
    if (options.options[i] == bufferOption)
      buffer = static_cast<char *>(options.values[i]);
    else if (options.options[i] == sizeOption)
      size = &options.values[i];
  }
  if (!size)
    return;
  // the value is a number in the place of a pointer
  size_t room = reinterpret_cast<uintptr_t>(*size) & 0xffffffff;
  size_t written = 0;
  if (buffer && room) {
    written = std::min(text.size(), room - 1);
    std::memcpy(buffer, text.data(), written);
    buffer[written] = 0;
  }
  *size = reinterpret_cast<void *>(written);
}

static CUresult failToLoad(const JitOptions &options, CUresult code,
                           const std::string &why) {
  writeLog(options, CU_JIT_ERROR_LOG_BUFFER, CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES,
           why);
  return fail(code, why);
}

static CUresult failToLoad(const JitOptions &options, llvm::Error error) {
  CUresult code = CUDA_ERROR_UNKNOWN;
  std::string why;
  llvm::handleAllErrors(
      std::move(error),
      [&](const ImageError &e) {
        code = e.getCode();
        why = e.message();
      },
      [&](const EngineError &e) {
        code = toResult(e.getCode());
        why = e.message();
      },
      [&](const llvm::ErrorInfoBase &e) { why = e.message(); });
  return failToLoad(options, code, why);
}

static void registerVariables(const CUmod_st &module, CUctx_st *context) {
  for (const Variable &variable : module.module->variables())
    if (variable.memory.bytes)
      Driver::get().memory.add(MemoryKind::Module, variable.memory,
                               "the module's variable", context);
}

CUresult loadModule(const void *image, const JitOptions &options,
                    CUctx_st *context, CUmod_st *&result) {
  Driver &driver = Driver::get();
  writeLog(options, CU_JIT_INFO_LOG_BUFFER, CU_JIT_INFO_LOG_BUFFER_SIZE_BYTES,
           "");
  llvm::Expected<std::string> ptx =
      ptxOfImage(image, driver.device.architecture());
  if (!ptx)
    return failToLoad(options, ptx.takeError());
  llvm::Expected<std::unique_ptr<Module>> loaded =
      Module::create(*ptx, driver.device, driver.engineOptions);
  if (!loaded)
    return failToLoad(options, loaded.takeError());
  writeLog(options, CU_JIT_ERROR_LOG_BUFFER, CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES,
           "");
  auto module = std::make_shared<CUmod_st>();
  module->context = context;
  module->module = std::move(*loaded);
  for (const std::unique_ptr<Function> &f : module->module->functions()) {
    auto function = std::make_unique<CUfunc_st>();
    function->module = module.get();
    function->function = f.get();
    function->name = f->name().str();
    uint32_t staticBytes = f->staticSharedBytes();
    function->maxDynamicSharedBytes =
        driver.device.sharedBytesPerBlock -
        std::min(staticBytes, driver.device.sharedBytesPerBlock);
    driver.functions[function.get()] = function.get();
    module->functions.push_back(std::move(function));
  }
  registerVariables(*module, context);
  result = driver.modules.add(std::move(module));
  return CUDA_SUCCESS;
}

void unloadModule(CUmod_st &module) {
  Driver &driver = Driver::get();
  driver.finishAll();
  for (const Variable &variable : module.module->variables())
    if (driver.memory.findBlock(variable.memory.begin))
      driver.memory.release(variable.memory.begin);
  driver.modules.erase(&module);
}

CUresult readImage(const char *path, std::string &image) {
  auto file = llvm::MemoryBuffer::getFile(path);
  if (!file)
    return fail(CUDA_ERROR_FILE_NOT_FOUND, std::string("cannot read ") + path +
                                               ": " +
                                               file.getError().message());
  image = (*file)->getBuffer().str();
  return CUDA_SUCCESS;
}

CUfunc_st *findFunction(const CUmod_st &module, llvm::StringRef name) {
  for (const std::unique_ptr<CUfunc_st> &function : module.functions)
    if (function->name == name)
      return function.get();
  return nullptr;
}

CUresult findGlobal(const CUmod_st &module, llvm::StringRef name,
                    CUdeviceptr *address, size_t *bytes) {
  const Variable *variable = module.module->findVariable(name);
  if (!variable)
    return fail(CUDA_ERROR_NOT_FOUND,
                "the module has no variable '" + name.str() + "'");
  if (address)
    *address = variable->memory.begin;
  if (bytes)
    *bytes = variable->memory.bytes;
  return CUDA_SUCCESS;
}

CUresult getAttribute(const CUfunc_st &function, CUfunction_attribute attribute,
                      int &value) {
  const Function &f = *function.function;
  switch (attribute) {
  case CU_FUNC_ATTRIBUTE_MAX_THREADS_PER_BLOCK:
    value = static_cast<int>(f.maxThreadsPerBlock());
    return CUDA_SUCCESS;
  case CU_FUNC_ATTRIBUTE_SHARED_SIZE_BYTES:
    value = static_cast<int>(f.staticSharedBytes());
    return CUDA_SUCCESS;
  case CU_FUNC_ATTRIBUTE_CONST_SIZE_BYTES:
    value = static_cast<int>(f.constantBytes());
    return CUDA_SUCCESS;
  case CU_FUNC_ATTRIBUTE_LOCAL_SIZE_BYTES:
    value = static_cast<int>(f.localBytes());
    return CUDA_SUCCESS;
  case CU_FUNC_ATTRIBUTE_NUM_REGS:
    value = static_cast<int>(f.registers());
    return CUDA_SUCCESS;
  case CU_FUNC_ATTRIBUTE_PTX_VERSION:
    value = static_cast<int>(f.targetArchitecture());
    return CUDA_SUCCESS;
  case CU_FUNC_ATTRIBUTE_BINARY_VERSION:
    value = static_cast<int>(Driver::get().device.architecture());
    return CUDA_SUCCESS;
  case CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES:
    value = static_cast<int>(function.maxDynamicSharedBytes);
    return CUDA_SUCCESS;
  case CU_FUNC_ATTRIBUTE_PREFERRED_SHARED_MEMORY_CARVEOUT:
    value = function.sharedCarveout;
    return CUDA_SUCCESS;
  case CU_FUNC_ATTRIBUTE_CACHE_MODE_CA:
  case CU_FUNC_ATTRIBUTE_CLUSTER_SIZE_MUST_BE_SET:
  case CU_FUNC_ATTRIBUTE_REQUIRED_CLUSTER_WIDTH:
  case CU_FUNC_ATTRIBUTE_REQUIRED_CLUSTER_HEIGHT:
  case CU_FUNC_ATTRIBUTE_REQUIRED_CLUSTER_DEPTH:
  case CU_FUNC_ATTRIBUTE_NON_PORTABLE_CLUSTER_SIZE_ALLOWED:
  case CU_FUNC_ATTRIBUTE_CLUSTER_SCHEDULING_POLICY_PREFERENCE:
    value = 0;
    return CUDA_SUCCESS;
  }
  return fail(CUDA_ERROR_INVALID_VALUE,
              "unknown attribute " + std::to_string(attribute));
}

CUresult setAttribute(CUfunc_st &function, CUfunction_attribute attribute,
                      int value) {
  const DeviceConfig &device = Driver::get().device;
  uint32_t staticBytes = function.function->staticSharedBytes();
  switch (attribute) {
  case CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES:
    if (value < 0 ||
        uint64_t(value) + staticBytes > device.sharedBytesPerBlockOptin)
      return fail(CUDA_ERROR_INVALID_VALUE,
                  "kernel " + function.name + ": " + std::to_string(value) +
                      " bytes of dynamic and " + std::to_string(staticBytes) +
                      " of static shared memory are more than the device's " +
                      std::to_string(device.sharedBytesPerBlockOptin));
    function.maxDynamicSharedBytes = static_cast<uint32_t>(value);
    return CUDA_SUCCESS;
  case CU_FUNC_ATTRIBUTE_PREFERRED_SHARED_MEMORY_CARVEOUT:
    if (value < -1 || value > 100)
      return fail(CUDA_ERROR_INVALID_VALUE,
                  "a carve-out is -1 or 0 to 100 percent");
    function.sharedCarveout = value;
    return CUDA_SUCCESS;
  default:
    return fail(CUDA_ERROR_INVALID_VALUE,
                "attribute " + std::to_string(attribute) + " can not be set");
  }
}

CUresult getParameter(const CUfunc_st &function, size_t index, size_t *offset,
                      size_t *bytes) {
  DLC_SIM_TRY(checkPointers(offset));
  // past the end is how programs find the number of parameters: no message
  if (index >= function.function->parameters().size())
    return CUDA_ERROR_INVALID_VALUE;
  const Parameter &parameter = function.function->parameters()[index];
  *offset = parameter.offset;
  if (bytes)
    *bytes = parameter.bytes;
  return CUDA_SUCCESS;
}

} // namespace dlc::ptxsim::driver
