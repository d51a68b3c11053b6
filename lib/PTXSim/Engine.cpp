//===- Engine.cpp - Modules, functions and launches -----------------------===//

#include "dlc/PTXSim/Engine.h"

#include "Analysis.h"
#include "BlockRunner.h"
#include "IR.h"
#include "Jit.h"
#include "Parser.h"
#include "Translator.h"

#include "llvm/ADT/DenseSet.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Config/llvm-config.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/SHA1.h"

#include <cstdlib>
#include <cstring>
#include <dlfcn.h>

using namespace dlc::ptxsim;
using namespace dlc::ptxsim::detail;
using llvm::Twine;

namespace dlc::ptxsim::detail {

struct ModuleImpl {
  std::unique_ptr<ModuleIR> ir;
  DeviceConfig device;
  Options options;
  std::vector<Variable> variables; ///< .global and .const
  std::vector<uint64_t> addresses; ///< by index in ir->variables
  std::vector<std::unique_ptr<Function>> functions;
  uint32_t constantBytes = 0;

  ~ModuleImpl() {
    for (Variable &variable : variables)
      std::free(reinterpret_cast<void *>(variable.memory.begin));
  }
};

/// The code of a kernel for one kind of shape.
struct CompiledKernel {
  KernelEntry good = nullptr, quick = nullptr;
  /// What the quick code has run for.
  double quickSeconds = 0;
  bool isFinal = false; ///< there will be no better code
};

struct FunctionImpl {
  ModuleImpl *module = nullptr;
  const FunctionIR *ir = nullptr;
  std::vector<Parameter> parameters;
  SharedLayout layout;
  uint64_t localBytes = 0;
  bool mayWait = false;
  uint32_t registers = 0;
  /// The kernel and all that it may call, by index in the module.
  std::vector<unsigned> callees;
  /// By shape: isLinear + 2 * isFull.
  CompiledKernel compiled[4];
};

} // namespace dlc::ptxsim::detail

static llvm::Error makeError(ErrorCode code, const Twine &message) {
  return llvm::make_error<EngineError>(code, message.str());
}

//===----------------------------------------------------------------------===//
// Loading
//===----------------------------------------------------------------------===//

static llvm::Error placeVariables(ModuleImpl &module) {
  const ModuleIR &ir = *module.ir;
  module.addresses.resize(ir.variables.size());
  for (size_t i = 0; i < ir.variables.size(); ++i) {
    const VariableDecl &decl = ir.variables[i];
    if (decl.space == Space::Shared)
      continue;
    size_t align = std::max<size_t>(decl.align, 256);
    size_t bytes = std::max<size_t>(decl.bytes, 1);
    void *memory = std::aligned_alloc(align, llvm::alignTo(bytes, align));
    if (!memory)
      return makeError(ErrorCode::OutOfResources,
                       "no memory for variable '" + decl.name + "' of " +
                           Twine(decl.bytes) + " bytes");
    if (decl.init.empty())
      std::memset(memory, 0, bytes);
    else
      std::memcpy(memory, decl.init.data(), decl.init.size());
    Variable variable;
    variable.name = decl.name.str();
    variable.space = decl.space == Space::Const ? VariableSpace::Constant
                                                : VariableSpace::Global;
    variable.memory.begin = reinterpret_cast<uint64_t>(memory);
    variable.memory.bytes = decl.bytes;
    module.addresses[i] = variable.memory.begin;
    module.variables.push_back(std::move(variable));
    if (decl.space == Space::Const)
      module.constantBytes = uint32_t(
          llvm::alignTo(module.constantBytes, decl.align) + decl.bytes);
  }
  if (module.constantBytes > module.device.constantMemoryBytes)
    return makeError(ErrorCode::OutOfResources,
                     "the module has " + Twine(module.constantBytes) +
                         " bytes of constants, the device " +
                         Twine(module.device.constantMemoryBytes));
  for (size_t i = 0; i < ir.variables.size(); ++i)
    for (const Relocation &relocation : ir.variables[i].relocations) {
      uint64_t value =
          module.addresses[relocation.variable] + uint64_t(relocation.addend);
      value >>= 8 * relocation.shift;
      std::memcpy(reinterpret_cast<char *>(module.addresses[i]) +
                      relocation.offset,
                  &value, relocation.bytes);
    }
  return llvm::Error::success();
}

/// Words with one blank between, whatever was there.
static std::string onOneLine(llvm::StringRef text) {
  llvm::SmallVector<llvm::StringRef, 8> words;
  llvm::SplitString(text, words);
  return llvm::join(words, " ");
}

static void visitSymbols(const Operand &operand,
                         llvm::function_ref<void(const Operand &)> visit) {
  if (operand.kind == Operand::Symbol)
    visit(operand);
  for (const Operand &element : operand.elements)
    visitSymbols(element, visit);
}

/// Whether a warp may wait here for others: at a barrier, or in a loop until
/// one of them has stored something.
static bool mayWait(const Instruction &inst) {
  switch (inst.op) {
  case Op::Bar:
  case Op::Barrier:
    return !inst.has("warp");
  case Op::Ld:
    return inst.has("volatile") || inst.has("relaxed") || inst.has("acquire");
  case Op::Atom:
    return true;
  default:
    return false;
  }
}

/// Walks over a kernel and what it calls: whether warps wait, shared variables.
static void collectCallees(FunctionImpl &function, unsigned index,
                           llvm::DenseSet<unsigned> &shared) {
  if (llvm::is_contained(function.callees, index))
    return;
  function.callees.push_back(index);
  const ModuleIR &module = *function.module->ir;
  for (const Instruction &inst : module.functions[index]->body) {
    function.mayWait |= mayWait(inst);
    for (const Operand &operand : inst.operands)
      visitSymbols(operand, [&](const Operand &symbol) {
        if (symbol.symbol == SymbolKind::Function)
          collectCallees(function, symbol.index, shared);
        else if (symbol.symbol == SymbolKind::Variable &&
                 module.variables[symbol.index].space == Space::Shared)
          shared.insert(symbol.index);
      });
  }
}

/// Bytes of local frames along the deepest chain of calls; recursion gets a
/// stack of `recursionBytes` more.
static uint64_t frameDepth(const ModuleIR &module, unsigned index,
                           llvm::SmallVectorImpl<unsigned> &chain) {
  constexpr uint64_t recursionBytes = 16 << 10;
  if (llvm::is_contained(chain, index))
    return recursionBytes;
  chain.push_back(index);
  uint64_t deepest = 0;
  llvm::DenseSet<unsigned> seen;
  for (const Instruction &inst : module.functions[index]->body)
    for (const Operand &operand : inst.operands)
      visitSymbols(operand, [&](const Operand &symbol) {
        if (symbol.symbol == SymbolKind::Function &&
            seen.insert(symbol.index).second)
          deepest = std::max(deepest, frameDepth(module, symbol.index, chain));
      });
  chain.pop_back();
  return deepest + llvm::alignTo(module.functions[index]->localBytes, 16);
}

static void layOutShared(FunctionImpl &function,
                         const llvm::DenseSet<unsigned> &used) {
  const ModuleIR &module = *function.module->ir;
  SharedLayout &layout = function.layout;
  layout.offsets.resize(module.variables.size());
  uint64_t end = 0, dynamicAlign = 16;
  for (size_t i = 0; i < module.variables.size(); ++i) {
    const VariableDecl &decl = module.variables[i];
    if (!used.contains(unsigned(i)))
      continue;
    if (decl.isExtern) {
      dynamicAlign = std::max(dynamicAlign, decl.align);
      continue;
    }
    layout.offsets[i] = llvm::alignTo(end, decl.align);
    end = layout.offsets[i] + decl.bytes;
  }
  layout.staticBytes = end;
  layout.dynamicOffset = llvm::alignTo(end, dynamicAlign);
  for (size_t i = 0; i < module.variables.size(); ++i)
    if (module.variables[i].isExtern)
      layout.offsets[i] = layout.dynamicOffset;
}

static llvm::Error makeFunctions(ModuleImpl &module) {
  const ModuleIR &ir = *module.ir;
  for (unsigned i = 0; i < ir.functions.size(); ++i) {
    const FunctionIR &decl = *ir.functions[i];
    if (!decl.isEntry || !decl.hasBody)
      continue;
    auto impl = std::make_unique<FunctionImpl>();
    impl->module = &module;
    impl->ir = &decl;
    for (const StorageDecl &param : decl.params)
      impl->parameters.push_back(
          {uint32_t(param.offset), uint32_t(param.bytes)});
    llvm::DenseSet<unsigned> shared;
    collectCallees(*impl, i, shared);
    layOutShared(*impl, shared);
    llvm::SmallVector<unsigned, 8> chain;
    impl->localBytes = frameDepth(ir, i, chain);
    if (impl->layout.staticBytes > module.device.sharedBytesPerBlock)
      return makeError(ErrorCode::OutOfResources,
                       "kernel " + decl.name + ": " +
                           Twine(impl->layout.staticBytes) +
                           " bytes of static shared memory, the device has " +
                           Twine(module.device.sharedBytesPerBlock));
    impl->registers = estimateRegisters(decl);
    module.functions.push_back(std::make_unique<Function>(std::move(impl)));
  }
  return llvm::Error::success();
}

llvm::Expected<std::unique_ptr<Module>>
Module::create(llvm::StringRef ptx, const DeviceConfig &device,
               const Options &options) {
  auto parsed = parsePTX(ptx);
  if (!parsed)
    return makeError(ErrorCode::InvalidPTX, llvm::toString(parsed.takeError()));
  auto impl = std::make_unique<ModuleImpl>();
  impl->ir = std::move(*parsed);
  impl->device = device;
  impl->options = options;
  if (impl->ir->target > device.architecture())
    return makeError(ErrorCode::InvalidPTX,
                     "the PTX is for sm_" + Twine(impl->ir->target) +
                         ", the device is sm_" + Twine(device.architecture()));
  if (llvm::Error error = placeVariables(*impl))
    return std::move(error);
  if (llvm::Error error = makeFunctions(*impl))
    return std::move(error);
  return std::unique_ptr<Module>(new Module(std::move(impl)));
}

Module::Module(std::unique_ptr<ModuleImpl> impl) : impl(std::move(impl)) {}
Module::~Module() = default;

llvm::ArrayRef<std::unique_ptr<Function>> Module::functions() const {
  return impl->functions;
}

Function *Module::findFunction(llvm::StringRef name) const {
  for (const auto &function : impl->functions)
    if (function->name() == name)
      return function.get();
  return nullptr;
}

llvm::ArrayRef<Variable> Module::variables() const { return impl->variables; }

const Variable *Module::findVariable(llvm::StringRef name) const {
  for (const Variable &variable : impl->variables)
    if (variable.name == name)
      return &variable;
  return nullptr;
}

//===----------------------------------------------------------------------===//
// Functions
//===----------------------------------------------------------------------===//

Function::Function(std::unique_ptr<FunctionImpl> impl)
    : impl(std::move(impl)) {}
Function::~Function() = default;

llvm::StringRef Function::name() const { return impl->ir->name; }
llvm::ArrayRef<Parameter> Function::parameters() const {
  return impl->parameters;
}
uint32_t Function::parameterBytes() const {
  return uint32_t(impl->ir->paramBytes);
}
uint32_t Function::staticSharedBytes() const {
  return uint32_t(impl->layout.staticBytes);
}
uint32_t Function::localBytes() const { return uint32_t(impl->localBytes); }
uint32_t Function::constantBytes() const { return impl->module->constantBytes; }
uint32_t Function::registers() const { return impl->registers; }
unsigned Function::ptxVersion() const { return impl->module->ir->version; }
unsigned Function::targetArchitecture() const {
  return impl->module->ir->target;
}

uint32_t Function::maxThreadsPerBlock() const {
  uint64_t limit = impl->module->device.maxThreadsPerBlock;
  for (const uint32_t *given :
       {impl->ir->maxThreads, impl->ir->requiredThreads})
    if (given[0])
      limit =
          std::min<uint64_t>(limit, uint64_t(given[0]) * given[1] * given[2]);
  return uint32_t(limit);
}

const Dim3 *Function::requiredBlock() const {
  static_assert(sizeof(Dim3) == sizeof(impl->ir->requiredThreads));
  return impl->ir->requiredThreads[0]
             ? reinterpret_cast<const Dim3 *>(impl->ir->requiredThreads)
             : nullptr;
}

//===----------------------------------------------------------------------===//
// Compiling
//===----------------------------------------------------------------------===//

static Shape shapeOf(Dim3 block) {
  Shape shape;
  shape.isLinear = block.x % warpSize == 0 || (block.y == 1 && block.z == 1);
  shape.isFull = block.count() % warpSize == 0;
  return shape;
}

/// What the engine itself is: another build may make other code.
static std::string engineStamp() {
  Dl_info info;
  llvm::sys::fs::file_status status;
  if (!dladdr(reinterpret_cast<void *>(&engineStamp), &info) ||
      llvm::sys::fs::status(info.dli_fname, status))
    return "";
  return llvm::formatv(
      "{0} {1}", status.getSize(),
      status.getLastModificationTime().time_since_epoch().count());
}

static std::string cacheKey(const FunctionImpl &function,
                            const TranslateOptions &options) {
  const ModuleIR &ir = *function.module->ir;
  llvm::SHA1 hash;
  static const std::string stamp = engineStamp();
  auto add = [&](llvm::StringRef text) {
    hash.update(text);
    hash.update(llvm::StringRef("\0", 1));
  };
  add(llvm::formatv("{0} {1} {2} {3}{4}{5}{6}{7}", abiVersion,
                    LLVM_VERSION_STRING, stamp, options.checks,
                    options.deferAsyncCopies, options.shape.isLinear,
                    options.shape.isFull, options.quick)
          .str());
  add(Jit::get().hostDescription());
  for (size_t i = 0; i < ir.variables.size(); ++i)
    add(llvm::formatv("{0} {1} {2}", ir.variables[i].name,
                      unsigned(ir.variables[i].space),
                      function.layout.offsets[i])
            .str());
  // lines are part of the code: faults name them
  for (unsigned callee : function.callees) {
    add(std::to_string(ir.functions[callee]->line));
    add(ir.functions[callee]->text);
  }
  return llvm::toHex(hash.final(), /*LowerCase=*/true);
}

static TranslateOptions translateOptions(const ModuleImpl &module, Shape shape,
                                         bool quick) {
  TranslateOptions options;
  options.checks = module.options.checks;
  options.deferAsyncCopies = module.options.deferAsyncCopies;
  options.shape = shape;
  options.quick = quick;
  return options;
}

static llvm::Expected<KernelEntry> compileKernel(FunctionImpl &function,
                                                 Shape shape, bool quick) {
  const ModuleImpl &module = *function.module;
  TranslateOptions options = translateOptions(module, shape, quick);
  Jit &jit = Jit::get();
  auto internal = [&](llvm::Error error) {
    return makeError(ErrorCode::Internal, "kernel " + function.ir->name + ": " +
                                              llvm::toString(std::move(error)));
  };
  llvm::LLVMContext context;
  llvm::Module llvmModule("ptx", context);
  if (llvm::Error error = jit.configure(llvmModule))
    return internal(std::move(error));
  // what is kept in a file must not need other files
  bool isShared = quick && module.options.cacheDirectory.empty();
  static FormLibrary library;
  static unsigned count = 0;
  std::string name = isShared ? "kernel" + std::to_string(count++) : "kernel";
  if (llvm::Error error =
          translateKernel(*module.ir, *function.ir, function.layout, options,
                          name, llvmModule, isShared ? &library : nullptr))
    return makeError(ErrorCode::Unsupported,
                     "kernel " + function.ir->name + ": " +
                         llvm::toString(std::move(error)));
  auto object = jit.compile(llvmModule, quick);
  if (!object)
    return internal(object.takeError());
  ObjectCache(module.options.cacheDirectory)
      .store(cacheKey(function, options), (*object)->getBuffer());
  auto loaded = jit.load(std::move(*object), name, isShared);
  if (!loaded)
    return internal(loaded.takeError());
  return *loaded;
}

/// Code from an earlier run; null if there is none.
static KernelEntry findCompiled(const FunctionImpl &function, Shape shape,
                                bool quick) {
  const ModuleImpl &module = *function.module;
  if (module.options.cacheDirectory.empty())
    return nullptr;
  ObjectCache cache(module.options.cacheDirectory);
  auto object =
      cache.find(cacheKey(function, translateOptions(module, shape, quick)));
  if (!object)
    return nullptr;
  auto loaded =
      Jit::get().load(std::move(object), "kernel", /*isShared=*/false);
  if (loaded)
    return *loaded;
  llvm::consumeError(loaded.takeError()); // of another kind; made anew
  return nullptr;
}

static CompiledKernel &compiledFor(FunctionImpl &function, Shape shape) {
  return function.compiled[shape.isLinear + 2 * shape.isFull];
}

/// Good code takes so many seconds to make, and quick code so many to run, for
/// an instruction of a kernel and of a warp; measured on one core with AVX2.
static constexpr double secondsToCompile = 3e-3, secondsToRunQuickly = 5e-8;

static double instructionsOf(const FunctionImpl &function) {
  double count = 0;
  for (unsigned callee : function.callees)
    count += double(function.module->ir->functions[callee]->body.size());
  return count;
}

/// Whether quick code has run for as long as good code takes to make.
static bool isWorthwhile(const FunctionImpl &function,
                         const CompiledKernel &code) {
  return function.module->options.code == CodeKind::Chosen && !code.isFinal &&
         code.quickSeconds >= instructionsOf(function) * secondsToCompile;
}

/// What quick code is replaced by within a launch; null: it goes on.
static KernelEntry makeBetterCode(FunctionImpl &function, Shape shape) {
  CompiledKernel &code = compiledFor(function, shape);
  if (code.good || !isWorthwhile(function, code))
    return code.good;
  auto entry = compileKernel(function, shape, /*quick=*/false);
  if (entry)
    return code.good = *entry;
  // the quick code is right, too
  llvm::consumeError(entry.takeError());
  code.isFinal = true;
  return nullptr;
}

/// Makes code for a launch: good code where the launch takes longer without
/// it, as far as that is known (nothing is known of loops).
static llvm::Error makeCode(FunctionImpl &function, Dim3 grid, Dim3 block) {
  Shape shape = shapeOf(block);
  CompiledKernel &code = compiledFor(function, shape);
  if (code.good)
    return llvm::Error::success();
  CodeKind kind = function.module->options.code;
  if (!code.quick) {
    if (kind != CodeKind::Quick)
      code.good = findCompiled(function, shape, /*quick=*/false);
    if (!code.good && kind != CodeKind::Good)
      code.quick = findCompiled(function, shape, /*quick=*/true);
    if (code.good)
      return llvm::Error::success();
  }
  double warps = double(grid.count()) *
                 double(llvm::divideCeil(block.count(), uint64_t(warpSize)));
  bool quick = kind == CodeKind::Chosen
                   ? warps * secondsToRunQuickly < secondsToCompile &&
                         !isWorthwhile(function, code)
                   : kind == CodeKind::Quick;
  if (quick && code.quick)
    return llvm::Error::success();
  auto entry = compileKernel(function, shape, quick);
  if (!entry)
    return entry.takeError();
  (quick ? code.quick : code.good) = *entry;
  return llvm::Error::success();
}

llvm::Error dlc::ptxsim::prepare(Function &function, Dim3 grid, Dim3 block) {
  return makeCode(function.getImpl(), grid, block);
}

//===----------------------------------------------------------------------===//
// Launching
//===----------------------------------------------------------------------===//

static llvm::Error checkLaunch(const Function &function,
                               const LaunchParams &params) {
  const DeviceConfig &device = function.getImpl().module->device;
  std::string prefix = ("kernel " + function.name() + ": ").str();
  auto invalid = [&](ErrorCode code, const Twine &what) {
    return makeError(code, prefix + what);
  };
  auto exceeds = [](const Dim3 &dim, const Dim3 &limit) {
    return dim.x == 0 || dim.y == 0 || dim.z == 0 || dim.x > limit.x ||
           dim.y > limit.y || dim.z > limit.z;
  };
  auto text = [](const Dim3 &dim) {
    return llvm::formatv("({0},{1},{2})", dim.x, dim.y, dim.z).str();
  };
  if (exceeds(params.grid, device.maxGrid))
    return invalid(ErrorCode::InvalidLaunch,
                   "a grid of " + text(params.grid) + " blocks");
  if (exceeds(params.block, device.maxBlock))
    return invalid(ErrorCode::InvalidLaunch,
                   "a block of " + text(params.block) + " threads");
  if (params.block.count() > function.maxThreadsPerBlock())
    return invalid(ErrorCode::OutOfResources,
                   "a block of " + text(params.block) + " threads, at most " +
                       Twine(function.maxThreadsPerBlock()) + " can run");
  if (const Dim3 *required = function.requiredBlock())
    if (std::memcmp(required, &params.block, sizeof(Dim3)) != 0)
      return invalid(ErrorCode::InvalidLaunch,
                     "a block of " + text(params.block) +
                         " threads, the kernel asks for " + text(*required));
  if (params.parameters.size() < function.parameterBytes())
    return invalid(ErrorCode::InvalidLaunch,
                   Twine(params.parameters.size()) +
                       " bytes of parameters, the kernel has " +
                       Twine(function.parameterBytes()));
  uint64_t shared = function.getImpl().layout.dynamicOffset +
                    uint64_t(params.dynamicSharedBytes);
  if (shared > device.sharedBytesPerBlockOptin)
    return invalid(ErrorCode::OutOfResources,
                   Twine(shared) + " bytes of shared memory, the device has " +
                       Twine(device.sharedBytesPerBlockOptin));
  return llvm::Error::success();
}

llvm::Error dlc::ptxsim::launch(Function &function, const LaunchParams &params,
                                const MemoryOracle &memory,
                                Reporter &reporter) {
  if (llvm::Error error = checkLaunch(function, params))
    return error;
  FunctionImpl &impl = function.getImpl();
  if (llvm::Error error = makeCode(impl, params.grid, params.block))
    return error;
  Shape shape = shapeOf(params.block);
  CompiledKernel &code = compiledFor(impl, shape);
  const ModuleImpl &module = *impl.module;
  RunnableKernel kernel;
  kernel.entry = code.good ? code.good : code.quick;
  if (!code.good)
    kernel.betterEntry = [&](double seconds) {
      code.quickSeconds += seconds;
      return makeBetterCode(impl, shape);
    };
  kernel.name = function.name().str();
  kernel.mayWait = impl.mayWait;
  kernel.staticSharedBytes = uint32_t(impl.layout.dynamicOffset);
  kernel.localBytes = impl.localBytes;
  kernel.variables = module.addresses.data();
  kernel.moduleVariables = module.variables;
  kernel.checks = module.options.checks;
  kernel.deferAsyncCopies = module.options.deferAsyncCopies;
  kernel.instructionAt = [&](unsigned line) -> std::string {
    for (unsigned callee : impl.callees)
      for (const Instruction &inst : module.ir->functions[callee]->body)
        if (inst.line == line)
          return onOneLine(inst.text);
    return "";
  };
  BlockRunner runner(kernel, params, module.device, memory, reporter);
  llvm::Error result = runner.run();
  if (!code.good)
    code.quickSeconds += runner.secondsSinceChange();
  return result;
}
