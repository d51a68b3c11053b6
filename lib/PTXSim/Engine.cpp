//===- Engine.cpp - Modules, functions and launches -----------------------===//

#include "dlc/PTXSim/Engine.h"

using namespace dlc::ptxsim;

namespace dlc::ptxsim::detail {
struct FunctionImpl {};
struct ModuleImpl {};
} // namespace dlc::ptxsim::detail

Function::Function(std::unique_ptr<detail::FunctionImpl> impl)
    : impl(std::move(impl)) {}
Function::~Function() = default;
llvm::StringRef Function::name() const { return ""; }
llvm::ArrayRef<Parameter> Function::parameters() const { return {}; }
uint32_t Function::parameterBytes() const { return 0; }
uint32_t Function::staticSharedBytes() const { return 0; }
uint32_t Function::localBytes() const { return 0; }
uint32_t Function::constantBytes() const { return 0; }
uint32_t Function::registers() const { return 0; }
uint32_t Function::maxThreadsPerBlock() const { return 1024; }
const Dim3 *Function::requiredBlock() const { return nullptr; }
unsigned Function::ptxVersion() const { return 0; }
unsigned Function::targetArchitecture() const { return 0; }

Module::Module(std::unique_ptr<detail::ModuleImpl> impl)
    : impl(std::move(impl)) {}
Module::~Module() = default;
llvm::Expected<std::unique_ptr<Module>>
Module::create(llvm::StringRef ptx, const DeviceConfig &device,
               const Options &options) {
  return llvm::make_error<EngineError>(ErrorCode::Unsupported,
                                       "the engine is not written yet");
}
llvm::ArrayRef<std::unique_ptr<Function>> Module::functions() const {
  return {};
}
Function *Module::findFunction(llvm::StringRef name) const { return nullptr; }
llvm::ArrayRef<Variable> Module::variables() const { return {}; }
const Variable *Module::findVariable(llvm::StringRef name) const {
  return nullptr;
}

llvm::Error dlc::ptxsim::launch(Function &function, const LaunchParams &params,
                                const MemoryOracle &memory,
                                Reporter &reporter) {
  return llvm::make_error<EngineError>(ErrorCode::Unsupported,
                                       "the engine is not written yet");
}

llvm::Error dlc::ptxsim::prepare(Function &function, Dim3 block) {
  return llvm::make_error<EngineError>(ErrorCode::Unsupported,
                                       "the engine is not written yet");
}
