//===- Driver.cpp - From a model to what the user asked for ---------------===//

#include "dlc/Driver/Driver.h"

#include "GraphView.h"
#include "MemoryUse.h"
#include "Tuner.h"
#include "dlc/Driver/KernelTable.h"
#include "dlc/Driver/KernelUse.h"
#include "dlc/Driver/Output.h"
#include "dlc/Driver/Version.h"
#include "dlc/Pipelines/Passes.h"
#include "dlc/Pipelines/Specialisations.h"
#include "dlc/Support/Diagnostics.h"
#include "dlc/Support/Progress.h"
#include "dlc/Target/CUDA/Program.h"
#include "dlc/Target/Host/Program.h"

#include "mlir/IR/AsmState.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Support/Timing.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/SourceMgr.h"

using namespace mlir;
using namespace dlc;

namespace {

/// One run of the compiler.
class Driver {
public:
  explicit Driver(const DriverOptions &options);
  ExitCode run();

private:
  ExitCode load();
  OwningOpRef<ModuleOp> parse();
  OwningOpRef<ModuleOp> importModel(ImportFailure &failure);
  LogicalResult checkInput();
  LogicalResult runPhases();
  LogicalResult runPhases(Level first, Level last);
  LogicalResult fitMemory(OwningOpRef<ModuleOp> start, Level last);
  int64_t getArenaBytes();
  LogicalResult runPasses(const Phase &phase, ModuleOp module, unsigned cpu,
                          TimingScope &scope);
  LogicalResult runPhase(const Phase &phase, ModuleOp module, unsigned cpu);
  LogicalResult tune();
  LogicalResult buildToMeasure(ModuleOp module, StringRef program,
                               function_ref<void(ModuleOp)> inspect);
  void inspectKernels();
  void inspectMemory();
  LogicalResult checkBudget();
  LogicalResult
  saveSnapshot(const llvm::Twine &name,
               llvm::function_ref<void(llvm::raw_ostream &)> print);
  LogicalResult saveSnapshot(ModuleOp module, const llvm::Twine &name);
  LogicalResult emit();
  LogicalResult emitPtx();
  LogicalResult emitView();
  target::ProgramOptions getProgramOptions(target::ProgramKind kind,
                                           StringRef output) const;
  LogicalResult emitProgram();
  LogicalResult benchmark();
  llvm::Expected<target::ProgramReport>
  emitHost(const target::ProgramOptions &programOptions);
  llvm::Expected<target::ProgramReport>
  emitCuda(const target::ProgramOptions &programOptions);
  Location getFileLoc() {
    return FileLineColLoc::get(context.get(), options.input, 0, 0);
  }

  const DriverOptions &options;
  DialectRegistry registry;
  std::unique_ptr<MLIRContext> context;
  std::unique_ptr<DiagnosticRenderer> diagnostics;
  std::unique_ptr<Progress> progress;
  DefaultTimingManager timing;
  TimingScope rootTiming;
  /// One module for all CPUs, until kernels are scheduled for each.
  SmallVector<OwningOpRef<ModuleOp>> modules;
  /// Of the first module, from level `arena` on.
  std::optional<arena::MemoryReport> memory;
  /// What `dlc view` shows on the left.
  llvm::json::Object graphBefore;
  /// What was done to fit the budget.
  SmallVector<std::string> fittingSteps;
  /// What buffers may take, where the graph has to be changed to fit.
  std::optional<int64_t> bufferBudget;
  /// What kernels may keep for themselves, where that is too much.
  std::optional<int64_t> maxPartialBytes;
  /// The same graph may be compiled again.
  bool mayCompileAgain = false;
  /// A program is compiled to be measured, not for the user.
  bool isTuning = false;
  unsigned snapshots = 0;
  /// The kernels for each CPU, where the user wants to know about them.
  SmallVector<std::vector<KernelUse>> kernels;
  /// What the user gets to know when everything is done.
  std::string remarks;
  /// What the program's kernels were assembled from, if it has any.
  std::string ptx;
};

} // namespace

/// Whether the file holds MLIR, text or bytecode, rather than ONNX.
static bool isMLIR(StringRef path) {
  StringRef extension = llvm::sys::path::extension(path);
  if (extension == ".mlir" || extension == ".mlirbc")
    return true;
  auto file = llvm::MemoryBuffer::getFileSlice(path, 4, 0);
  return file && (*file)->getBuffer() == "ML\xefR";
}

Driver::Driver(const DriverOptions &options) : options(options) {
  registerDialects(registry);
  context = std::make_unique<MLIRContext>(registry);
  diagnostics = std::make_unique<DiagnosticRenderer>(
      context.get(), "dlc", llvm::errs(), options.verbose);
  // Rough shares of the time of a large network.
  std::vector<Progress::Step> steps = {{"import", 4}};
  for (const Phase &phase : getPhases()) {
    if (phase.to == Level::Scheduled && options.tune)
      steps.push_back({"tune", 10 * *options.tune});
    steps.push_back({phase.name.str(), phase.name == "schedule" ? 40.0 : 4.0});
  }
  steps.push_back({"generate code", 40});
  if (options.isCuda())
    steps.push_back({"assemble kernels", 20});
  steps.push_back({"write weights", 3});
  steps.push_back({"link", 3});
  progress = std::make_unique<Progress>(llvm::errs(), std::move(steps),
                                        options.verbose);
  diagnostics->beforePrint = [this] { progress->clear(); };
  applyDefaultTimingManagerCLOptions(timing);
  rootTiming = timing.getRootScope();
}

ExitCode Driver::load() {
  progress->begin("import");
  TimingScope scope = rootTiming.nest("import");
  ImportFailure failure = ImportFailure::Model;
  if (isMLIR(options.input)) {
    const ImportOptions &import = options.specialisations.front().import;
    if (!import.dims.empty() || !import.maxDims.empty() ||
        !import.shapes.empty() || !import.binds.empty() ||
        !import.expects.empty()) {
      reportUsageError(
          "--dim, --max-dim, --shape, --bind and --expect are for ONNX models, "
          "not for '" +
          options.input + "'");
      return UsageError;
    }
    modules.push_back(parse());
  } else {
    modules.push_back(importModel(failure));
  }
  if (!modules.front())
    return failure == ImportFailure::Usage ? UsageError : ModelError;
  return succeeded(checkInput()) ? Success : ModelError;
}

/// Imports the model once for each combination of sizes into one module.
OwningOpRef<ModuleOp> Driver::importModel(ImportFailure &failure) {
  OwningOpRef<ModuleOp> all;
  for (const DriverOptions::Specialisation &each : options.specialisations) {
    // Messages say which one of several they are about.
    ScopedDiagnosticHandler handler(context.get(), [&](Diagnostic &diagnostic) {
      if (diagnostic.getSeverity() == DiagnosticSeverity::Error &&
          !each.dims.empty())
        diagnostic << " (with --dim " << each.dims << ")";
      return mlir::failure(); // goes on to the renderer
    });
    OwningOpRef<ModuleOp> module =
        importONNX(*context, options.input, each.import, &failure);
    if (!module)
      return nullptr;
    if (!all) {
      all = std::move(module);
      continue;
    }
    failure = ImportFailure::Usage; // the values do not fit together
    if (failed(addSpecialisation(*all, options.specialisations.front().dims,
                                 std::move(module), each.dims)))
      return nullptr;
  }
  return all;
}

OwningOpRef<ModuleOp> Driver::parse() {
  // Blobs in bytecode are used where they lie, so they must be aligned.
  auto file = llvm::MemoryBuffer::getFile(
      options.input, /*IsText=*/false, /*RequiresNullTerminator=*/true,
      /*IsVolatile=*/false, llvm::Align(64));
  if (!file) {
    emitError(getFileLoc()) << file.getError().message();
    return nullptr;
  }
  auto sources = std::make_shared<llvm::SourceMgr>();
  sources->AddNewSourceBuffer(std::move(*file), llvm::SMLoc());
  return parseSourceFile<ModuleOp>(sources, ParserConfig(context.get()));
}

/// Every input, from whatever level, keeps to the rules of its level.
LogicalResult Driver::checkInput() {
  ModuleOp module = *modules.front();
  Level level = detectLevel(module);
  if (level != Level::LLVM &&
      failed(checkSpecialisations(module, getFileLoc())))
    return failure();
  PassManager pm(context.get(), ModuleOp::getOperationName());
  VerifyLevelOptions verify;
  verify.level = stringifyLevel(level).str();
  verify.target = options.target;
  pm.addPass(createVerifyLevel(verify));
  return pm.run(module);
}

LogicalResult
Driver::saveSnapshot(const llvm::Twine &name,
                     llvm::function_ref<void(llvm::raw_ostream &)> print) {
  if (options.saveTemps.empty())
    return success();
  SmallString<128> path(options.saveTemps);
  std::string number = std::to_string(snapshots++);
  llvm::sys::path::append(path,
                          (number.size() < 2 ? "0" : "") + number + "-" + name);
  return writeFile(context.get(), path, [&](llvm::raw_pwrite_stream &os) {
    print(os);
    return success();
  });
}

LogicalResult Driver::saveSnapshot(ModuleOp module, const llvm::Twine &name) {
  return saveSnapshot(name + ".mlir", [&](llvm::raw_ostream &os) {
    OpPrintingFlags flags;
    flags.elideLargeElementsAttrs().elideLargeResourceString().enableDebugInfo(
        false);
    module.print(os, flags);
  });
}

LogicalResult Driver::runPasses(const Phase &phase, ModuleOp module,
                                unsigned cpu, TimingScope &scope) {
  PassManager pm(context.get(), ModuleOp::getOperationName());
  if (failed(applyPassManagerCLOptions(pm)))
    return failure();
  pm.enableTiming(scope);
  PhaseOptions phaseOptions;
  phaseOptions.target = options.target;
  phaseOptions.precision = options.precision;
  phaseOptions.optimize = options.optimize;
  phaseOptions.io = options.io;
  phaseOptions.schedule = options.schedule;
  phaseOptions.listTiles = isTuning;
  if (!isTuning)
    phaseOptions.tuning = options.tuning;
  if (options.isCuda())
    phaseOptions.arch = options.cudaArchs.front().getRealName();
  phaseOptions.cpu =
      modules.size() == 1 ? llvm::join(options.cpus, ",") : options.cpus[cpu];
  phaseOptions.keepData = modules.size() > 1 || mayCompileAgain || isTuning;
  if (bufferBudget)
    phaseOptions.memoryBudget = *bufferBudget;
  if (maxPartialBytes)
    phaseOptions.maxPartialBytes = *maxPartialBytes;
  buildPhase(pm, phase, phaseOptions);
  return pm.run(module);
}

LogicalResult Driver::runPhase(const Phase &phase, ModuleOp module,
                               unsigned cpu) {
  progress->begin(phase.name);
  TimingScope scope = rootTiming.nest(phase.name);
  if (failed(runPasses(phase, module, cpu, scope)))
    return failure();
  std::string name = phase.name.str();
  if (modules.size() > 1)
    name += "-" + options.cpus[cpu];
  return saveSnapshot(module, name);
}

target::ProgramOptions Driver::getProgramOptions(target::ProgramKind kind,
                                                 StringRef output) const {
  target::ProgramOptions programOptions;
  programOptions.kind = kind;
  programOptions.output = output.str();
  programOptions.modelName = llvm::sys::path::stem(options.input).str();
  programOptions.compiler = getVersionText();
  programOptions.optimize = options.optimize;
  return programOptions;
}

/// Makes a program of a module of level `dispatch` for the tuner.
LogicalResult Driver::buildToMeasure(ModuleOp module, StringRef program,
                                     function_ref<void(ModuleOp)> inspect) {
  TimingScope scope = rootTiming.nest("tune");
  for (const Phase &phase : getPhases()) {
    if (phase.from < Level::Dispatch || phase.to > Level::LLVM)
      continue;
    if (failed(runPasses(phase, module, /*cpu=*/0, scope)))
      return failure();
    if (phase.to == Level::Scheduled)
      inspect(module);
  }
  auto report = target::emitProgram(
      {{module, options.hostCpus.front()}},
      getProgramOptions(target::ProgramKind::Executable, program));
  if (!report)
    return emitError(getFileLoc()) << llvm::toString(report.takeError());
  return success();
}

/// Measures which tiles are best for the kernels of the module, which is at
/// level `dispatch`, and writes the table that the phase `schedule` reads.
LogicalResult Driver::tune() {
  progress->begin("tune");
  schedule::TuningTable table;
  Location loc = FileLineColLoc::get(context.get(), options.tuning, 0, 0);
  if (auto text = llvm::MemoryBuffer::getFile(options.tuning)) {
    auto known = schedule::TuningTable::parse((*text)->getBuffer());
    if (!known)
      return emitError(loc) << llvm::toString(known.takeError());
    table = std::move(*known);
  }
  isTuning = true;
  // The tuner says in the module what the table knows already.
  OwningOpRef<ModuleOp> clone = modules.front()->clone();
  auto summary = Tuner(
                     *clone, options.hostCpus.front().name, *options.tune,
                     [&](ModuleOp module, StringRef program,
                         function_ref<void(ModuleOp)> inspect) {
                       return buildToMeasure(module, program, inspect);
                     },
                     [&](double fraction) { progress->update(fraction); })
                     .run(table);
  isTuning = false;
  if (failed(summary))
    return failure();
  remarks += "dlc: " + *summary + "; see " + options.tuning + "\n";
  return writeFile(context.get(), options.tuning,
                   [&](llvm::raw_pwrite_stream &os) {
                     table.write(os);
                     return success();
                   });
}

/// Remembers how kernels were scheduled, which lower levels forget.
void Driver::inspectKernels() {
  if (options.isCuda() || !(options.verbose || options.benchmark))
    return;
  kernels.clear();
  for (auto &module : modules)
    kernels.push_back(collectKernels(*module));
}

/// Remembers what memory is used for, which lower levels forget.
void Driver::inspectMemory() {
  memory = arena::collectMemoryReport(*modules.front());
  if (memory)
    memory->title = llvm::sys::path::stem(options.input).str();
  for (StringRef step : getFittingSteps(*modules.front()))
    fittingSteps.push_back(step.str());
}

/// The largest arena of all modules.
int64_t Driver::getArenaBytes() {
  int64_t bytes = 0;
  for (auto &module : modules)
    if (auto report = arena::collectMemoryReport(*module))
      bytes = std::max(bytes, report->arenaBytes);
  return bytes;
}

LogicalResult Driver::checkBudget() {
  if (options.memoryBudget)
    for (auto &module : modules) {
      auto report = arena::collectMemoryReport(*module);
      if (report && failed(checkMemoryBudget(*report, *options.memoryBudget,
                                             *module, getFileLoc())))
        return failure();
    }
  return success();
}

LogicalResult Driver::runPhases(Level first, Level last) {
  for (const Phase &phase : getPhases()) {
    // What is simplified is what gets fused.
    if (options.emit == DriverOptions::Emit::View && first == Level::NN &&
        phase.to == Level::Linalg)
      graphBefore = describeGraph(*modules.front());
    // `simplify` leads from nn to nn: --emit=nn shows what the importer made.
    if (phase.from < first || phase.to > last ||
        (phase.from == phase.to && last == phase.to))
      continue;
    if (phase.to == Level::Scheduled && options.tune && failed(tune()))
      return failure();
    // From here on the modules differ.
    if (phase.to == Level::Scheduled)
      while (modules.size() < options.cpus.size())
        modules.push_back(modules.front()->clone());
    for (unsigned i = 0; i < modules.size(); ++i)
      if (failed(runPhase(phase, *modules[i], i)))
        return failure();
    if (phase.to == Level::Scheduled)
      inspectKernels();
  }
  return success();
}

/// Leads a graph that needs more than the budget, `start` at level `linalg`,
/// to level `last` again, changed to need less. What kernels need for
/// themselves is known only when they are scheduled, and a plan may have gaps:
/// where that is too much, kernels get less, and then the budget of the buffers
/// is lowered, a few times. The module that needs least is kept.
LogicalResult Driver::fitMemory(OwningOpRef<ModuleOp> start, Level last) {
  constexpr int maxAttempts = 4;
  constexpr int64_t shareOfPartials = 16;
  int64_t budget = *options.memoryBudget, least = getArenaBytes();
  SmallVector<OwningOpRef<ModuleOp>> best = std::move(modules);
  bufferBudget = budget;
  for (int attempt = 0; attempt < maxAttempts && least > budget; ++attempt) {
    modules.clear();
    modules.push_back(start->clone());
    mayCompileAgain = attempt + 1 < maxAttempts;
    if (failed(runPhases(Level::Linalg, last)))
      return failure();
    int64_t bytes = getArenaBytes();
    if (bytes < least) {
      least = bytes;
      best = std::move(modules);
    }
    if (options.isCuda() && !maxPartialBytes) {
      maxPartialBytes = budget / shareOfPartials;
      continue;
    }
    // What is far away would not be reached with a lower budget either.
    int64_t lower = *bufferBudget - (bytes - budget);
    if (lower < budget / 2)
      break;
    bufferBudget = lower;
  }
  modules = std::move(best);
  return success();
}

LogicalResult Driver::runPhases() {
  Level level = detectLevel(*modules.front());
  Level last = options.getLastLevel();
  if (level > last)
    return emitError(getFileLoc())
           << "is at level " << stringifyLevel(level)
           << " already, which is below " << stringifyLevel(last);
  if (options.cpus.size() > 1 && level > Level::Dispatch)
    return emitError(getFileLoc())
           << "is at level " << stringifyLevel(level)
           << ", where kernels are made for one CPU already";
  if (options.emit == DriverOptions::Emit::View && level != Level::NN)
    return emitError(getFileLoc()) << "is at level " << stringifyLevel(level)
                                   << ", and a view begins at level nn";
  if (level >= Level::Arena) {
    inspectMemory();
    if (failed(checkBudget()))
      return failure();
  }
  OwningOpRef<ModuleOp> start;
  mayCompileAgain = options.memoryBudget && level <= Level::Linalg;
  if (level < Level::Linalg &&
      failed(runPhases(level, std::min(last, Level::Linalg))))
    return failure();
  if (mayCompileAgain)
    start = modules.front()->clone();
  if (level < Level::Arena && last > Level::Linalg) {
    if (failed(runPhases(std::max(level, Level::Linalg),
                         std::min(last, Level::Arena))))
      return failure();
    if (start && getArenaBytes() > *options.memoryBudget &&
        failed(fitMemory(std::move(start), Level::Arena)))
      return failure();
    if (last >= Level::Arena) {
      inspectMemory();
      if (failed(checkBudget()))
        return failure();
    }
  }
  mayCompileAgain = false;
  return runPhases(std::max(level, Level::Arena), last);
}

LogicalResult Driver::emitView() {
  return writeFile(context.get(), options.output,
                   [&](llvm::raw_pwrite_stream &os) {
                     writeGraphPage(llvm::sys::path::filename(options.input),
                                    std::move(graphBefore),
                                    describeGraph(*modules.front()), os);
                     return success();
                   });
}

LogicalResult Driver::emit() {
  if (options.emit == DriverOptions::Emit::View)
    return emitView();
  if (options.emit == DriverOptions::Emit::PTX)
    return emitPtx();
  if (!options.emitsIR())
    return emitProgram();
  return writeFile(context.get(), options.output,
                   [&](llvm::raw_pwrite_stream &os) {
                     return writeIR(*modules.front(), options.output, os);
                   });
}

LogicalResult Driver::emitPtx() {
  progress->begin("generate code");
  llvm::Expected<std::string> ptx =
      target::emitCudaPtx(*modules.front(), options.cudaArchs);
  if (!ptx)
    return emitError(getFileLoc()) << llvm::toString(ptx.takeError());
  return writeFile(context.get(), options.output,
                   [&](llvm::raw_pwrite_stream &os) {
                     os << *ptx;
                     return success();
                   });
}

llvm::Expected<target::ProgramReport>
Driver::emitHost(const target::ProgramOptions &programOptions) {
  SmallVector<target::ProgramVariant> variants;
  for (unsigned i = 0; i < modules.size(); ++i)
    variants.push_back({*modules[i], options.hostCpus[i]});
  return target::emitProgram(variants, programOptions);
}

llvm::Expected<target::ProgramReport>
Driver::emitCuda(const target::ProgramOptions &programOptions) {
  llvm::Expected<target::CudaProgramReport> report = target::emitCudaProgram(
      *modules.front(), options.cudaArchs, programOptions);
  if (!report)
    return report.takeError();
  ptx = std::move(report->ptx);
  for (const std::string &note : report->notes)
    remarks += "dlc: note: " + note + "\n";
  if (options.verbose)
    remarks += formatKernelTable(*report);
  return std::move(*report);
}

LogicalResult Driver::emitProgram() {
  TimingScope scope = rootTiming.nest("emit");
  target::ProgramOptions programOptions = getProgramOptions(
      options.emit == DriverOptions::Emit::Obj ? target::ProgramKind::Object
      : options.emit == DriverOptions::Emit::Lib
          ? target::ProgramKind::Library
          : target::ProgramKind::Executable,
      options.output);
  programOptions.progress = [&](StringRef step) { progress->begin(step); };
  llvm::Expected<target::ProgramReport> report =
      options.isCuda() ? emitCuda(programOptions) : emitHost(programOptions);
  if (!report)
    return emitError(getFileLoc()) << llvm::toString(report.takeError());
  if (!ptx.empty() &&
      failed(saveSnapshot("emit.ptx", [&](raw_ostream &os) { os << ptx; })))
    return failure();
  progress->finish();
  progress->clear();
  llvm::errs() << remarks;
  if (options.verbose)
    for (StringRef step : fittingSteps)
      llvm::errs() << "dlc: note: to fit the budget: " << step << "\n";
  llvm::outs() << report->files.front() << ": "
               << llvm::formatv("{0:F1} MB", report->fileBytes / 1e6) << "\n";
  if (memory)
    llvm::outs() << arena::summarize(*memory) << "\n";
  if (report->pictureBytes)
    llvm::outs() << "decoding pictures takes "
                 << memory::formatBytes(report->pictureBytes)
                 << " before a run\n";
  if (options.benchmark)
    return benchmark();
  for (auto [index, each] : llvm::enumerate(kernels)) {
    if (kernels.size() > 1)
      llvm::errs() << "for " << options.cpus[index] << ":\n";
    llvm::errs() << formatKernelTable(each, MachineLimits());
  }
  return success();
}

/// Runs the program, and says what it and its kernels take.
LogicalResult Driver::benchmark() {
  // A module of level `arena` has no schedules to tell of.
  kernels.resize(1);
  auto whole =
      measureKernels(options.output, *options.benchmark, kernels.front());
  if (!whole)
    return emitError(getFileLoc()) << llvm::toString(whole.takeError());
  MachineLimits limits = MachineLimits::measure();
  llvm::outs() << *whole
               << llvm::formatv("one core: {0:F1} GFLOP/s of multiply-adds, "
                                "{1:F1} GB/s from memory",
                                limits.flops / 1e9, limits.bandwidth / 1e9);
  // The others are named where some kernel has them.
  auto name = [&](ProductKind kind, double flops, StringRef what) {
    if (llvm::any_of(kernels.front(), [&](const KernelUse &kernel) {
          return kernel.products == kind;
        }))
      llvm::outs() << llvm::formatv(", {0:F1} G{1}", flops / 1e9, what);
  };
  name(ProductKind::bf16, limits.flopsOfBfloat, "FLOP/s of pairs of bf16");
  name(ProductKind::i8, limits.flopsOfBytes, "OP/s of bytes");
  llvm::outs() << "\n" << formatKernelTable(kernels.front(), limits);
  return success();
}

ExitCode Driver::run() {
  if (ExitCode code = load(); code != Success)
    return code;
  if (failed(saveSnapshot(*modules.front(), "import")) || failed(runPhases()) ||
      failed(emit())) {
    progress->clear();
    if (!diagnostics->hadError())
      reportUsageError("'" + options.input +
                       "' could not be compiled, and no reason was given");
    return ModelError;
  }
  progress->finish();
  progress->clear();
  if (options.memoryReport.empty())
    return Success;
  if (!memory) {
    reportUsageError("'" + options.input + "' has no memory plan to report");
    return ModelError;
  }
  llvm::raw_ostream &summary =
      options.emitsText() ? llvm::errs() : llvm::outs();
  return succeeded(writeMemoryReport(*memory, options.memoryReport,
                                     context.get(), summary))
             ? Success
             : ModelError;
}

ExitCode dlc::runDriver(const DriverOptions &options) {
  return Driver(options).run();
}
