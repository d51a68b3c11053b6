//===- Pipelines.cpp - The phases of the compiler -------------------------===//

#include "dlc/Pipelines/Pipelines.h"

#include "dlc/Conversion/DispatchToGPU/DispatchToGPU.h"
#include "dlc/Conversion/DispatchToLLVM/DispatchToLLVM.h"
#include "dlc/Conversion/Passes.h"
#include "dlc/Dialect/Arena/IR/Arena.h"
#include "dlc/Dialect/Arena/Transforms/Passes.h"
#include "dlc/Dialect/Dispatch/IR/Dispatch.h"
#include "dlc/Dialect/Dispatch/Transforms/Passes.h"
#include "dlc/Dialect/NN/IR/NN.h"
#include "dlc/Dialect/NN/Transforms/Passes.h"
#include "dlc/Pipelines/Passes.h"
#include "dlc/Schedule/CUDA/Passes.h"
#include "dlc/Schedule/Host/Passes.h"
#include "dlc/Schedule/Host/TargetDescription.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/InitAllDialects.h"
#include "mlir/InitAllExtensions.h"
#include "mlir/Pass/PassRegistry.h"
#include "mlir/Target/LLVMIR/Dialect/All.h"
#include "mlir/Transforms/Passes.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;
using namespace dlc;

StringRef dlc::stringifyLevel(Level level) {
  switch (level) {
  case Level::NN:
    return "nn";
  case Level::Linalg:
    return "linalg";
  case Level::Dispatch:
    return "dispatch";
  case Level::Scheduled:
    return "scheduled";
  case Level::Arena:
    return "arena";
  case Level::LLVM:
    return "llvm";
  }
  llvm_unreachable("covered switch");
}

std::optional<Level> dlc::symbolizeLevel(StringRef name) {
  for (Level level : {Level::NN, Level::Linalg, Level::Dispatch,
                      Level::Scheduled, Level::Arena, Level::LLVM})
    if (stringifyLevel(level) == name)
      return level;
  return std::nullopt;
}

/// A graph that gives its inputs as its results has no op that says which level
/// it is at; where they have extents, `nn-resolve-extents` has something to do.
static bool isOnlyExtents(func::FuncOp func) {
  auto hasExtents = [](Attribute attrs) {
    return cast<DictionaryAttr>(attrs).contains(nn::kIsExtentsAttrName);
  };
  return !func.isDeclaration() &&
         llvm::hasSingleElement(func.getBody().front()) &&
         func.getArgAttrsAttr() &&
         llvm::any_of(func.getArgAttrsAttr(), hasExtents) &&
         !(func.getResAttrsAttr() &&
           llvm::any_of(func.getResAttrsAttr(), hasExtents));
}

Level dlc::detectLevel(ModuleOp module) {
  bool hasNN = false, hasArena = false, hasKernel = false, hasScheduled = false,
       hasLLVM = false, hasFunc = false, hasUnscheduled = false,
       hasDevice = false;
  module.walk<WalkOrder::PreOrder>([&](Operation *op) {
    if (auto kernel = dyn_cast<dispatch::KernelOp>(op)) {
      hasKernel = true;
      (kernel.isScheduled() ? hasScheduled : hasUnscheduled) = true;
      return WalkResult::skip();
    }
    if (isa<gpu::GPUModuleOp>(op)) {
      hasDevice = true;
      return WalkResult::skip();
    }
    if (isa_and_nonnull<nn::NNDialect>(op->getDialect())) {
      hasNN = true;
    } else if (isa_and_nonnull<arena::ArenaDialect>(op->getDialect())) {
      hasArena = true;
    } else if (isa<LLVM::LLVMFuncOp>(op)) {
      hasLLVM = true;
    } else if (auto func = dyn_cast<func::FuncOp>(op)) {
      hasFunc = true;
      hasNN |= isOnlyExtents(func);
    }
    return WalkResult::advance();
  });
  if (hasNN)
    return Level::NN;
  // A GPU's kernels are a module of their own beside the graph function.
  if ((hasLLVM && !hasFunc && !hasKernel) || (hasDevice && !hasKernel))
    return Level::LLVM;
  if (hasArena)
    return Level::Arena;
  if (hasScheduled && !hasUnscheduled)
    return Level::Scheduled;
  return hasKernel ? Level::Dispatch : Level::Linalg;
}

//===----------------------------------------------------------------------===//
// Phases
//===----------------------------------------------------------------------===//

/// From how many uses of each element on operands of products of 16-bit floats
/// are kept as f32: never, if one of the program's CPUs multiplies them.
static int64_t getWidenFrom(const PhaseOptions &options, bool bfloat) {
  int64_t most = 0;
  for (StringRef cpu : llvm::split(StringRef(options.cpu), ',')) {
    int64_t uses = schedule::HostTarget::get(cpu).widenFloatsFrom(bfloat);
    if (uses == 0)
      return 0;
    most = std::max(most, uses);
  }
  return most;
}

/// Whether one of the program's CPUs multiplies unsigned bytes with signed
/// ones.
static bool hasByteDots(const PhaseOptions &options) {
  return !options.isCuda() &&
         llvm::any_of(llvm::split(StringRef(options.cpu), ','),
                      [](StringRef cpu) {
                        return schedule::HostTarget::get(cpu).byteDots;
                      });
}

/// Tensor cores round the operands of tiles that are f32 to everybody else.
static void addReducePrecision(OpPassManager &pm, const PhaseOptions &options) {
  if (options.isCuda())
    return;
  nn::NNReducePrecisionOptions reduce;
  reduce.precision = options.precision;
  if (options.optimize)
    reduce.widenFrom = getWidenFrom(options, options.precision == "bf16");
  pm.addPass(nn::createNNReducePrecision(reduce));
}

static void buildSimplify(OpPassManager &pm, const PhaseOptions &options) {
  pm.addPass(nn::createNNVariances());
  pm.addNestedPass<func::FuncOp>(nn::createNNResolveExtents());
  if (!options.optimize)
    return addReducePrecision(pm, options);
  // Before small constants are folded: they look at how those are made.
  pm.addPass(nn::createNNMoveBytes());
  if (hasByteDots(options))
    pm.addPass(nn::createNNUnsignedBytes());
  // (Tensor cores multiply bytes, and there is nothing for 16 bits.)
  pm.addPass(nn::createNNIntegerProducts({/*alwaysBytes=*/options.isCuda()}));
  pm.addPass(createCanonicalizerPass());
  pm.addPass(createCSEPass());
  pm.addPass(nn::createNNFoldBatchNorm());
  pm.addPass(nn::createNNSimplify());
  addReducePrecision(pm, options);
  pm.addNestedPass<func::FuncOp>(nn::createNNChannelsLast());
  pm.addPass(createCanonicalizerPass());
  pm.addPass(createCSEPass());
}

static void buildLower(OpPassManager &pm, const PhaseOptions &options) {
  pm.addPass(conversion::createOutlineLoops());
  pm.addPass(conversion::createConvertNNToLinalg());
  pm.addPass(createCanonicalizerPass());
  pm.addPass(createCSEPass());
}

static void buildDispatch(OpPassManager &pm, const PhaseOptions &options) {
  if (options.optimize) {
    dispatch::PreparePassOptions prepare;
    // Who has little memory gains more by the bytes.
    if (!options.isCuda() && options.memoryBudget < 0) {
      prepare.wideUses = getWidenFrom(options, /*bfloat=*/false);
      prepare.wideBfloatUses = getWidenFrom(options, /*bfloat=*/true);
    }
    pm.addNestedPass<func::FuncOp>(dispatch::createPreparePass(prepare));
  }
  // Blocks of a GPU go through the keys in tiles.
  int64_t attentionScratch = options.isCuda() ? 0 : schedule::maxScoreBytes;
  if (options.memoryBudget >= 0) {
    FitMemoryOptions fit;
    fit.budget = options.memoryBudget;
    fit.attention = true;
    fit.attentionScratch = attentionScratch;
    pm.addPass(createFitMemory(fit));
  }
  dispatch::FormRegionsPassOptions form;
  form.fuse = options.optimize;
  form.attention = true;
  form.attentionScratch = attentionScratch;
  pm.addNestedPass<func::FuncOp>(dispatch::createFormRegionsPass(form));
  if (options.optimize && !options.isCuda())
    pm.addNestedPass<func::FuncOp>(dispatch::createSkipPaddingPass());
  pm.addNestedPass<func::FuncOp>(dispatch::createPlaceSlicesPass());
  pm.addNestedPass<func::FuncOp>(dispatch::createLimitLoopsPass());
  pm.addPass(dispatch::createOutlineKernelsPass());
  // Scalars that moved into kernels are dead in the graph now.
  pm.addNestedPass<func::FuncOp>(createCSEPass());
}

static void buildSchedule(OpPassManager &pm, const PhaseOptions &options) {
  EvaluateConstantsOptions evaluate;
  evaluate.keepData = options.keepData;
  ShareConstantsOptions share;
  share.keepData = options.keepData;
  // Before they are packed: what packs the same ones can agree on a layout.
  pm.addPass(createShareConstants(share));
  if (options.isCuda()) {
    pm.addPass(createEvaluateConstants(evaluate));
    pm.addPass(dispatch::createCountWorkPass());
    schedule::CudaScheduleKernelsPassOptions schedule;
    schedule.arch = options.arch;
    schedule.precision = options.precision;
    schedule.maxPartialBytes = options.maxPartialBytes;
    pm.addPass(schedule::createCudaScheduleKernelsPass(schedule));
    return;
  }
  if (!options.schedule.empty()) {
    pm.addPass(dispatch::createCountWorkPass());
    schedule::HostApplySchedulesPassOptions apply;
    apply.file = options.schedule;
    pm.addPass(schedule::createHostApplySchedulesPass(apply));
  }
  if (!options.tuning.empty()) {
    schedule::HostApplyTuningPassOptions apply;
    apply.file = options.tuning;
    apply.cpu = options.cpu;
    pm.addPass(schedule::createHostApplyTuningPass(apply));
  }
  if (options.optimize) {
    schedule::HostPackOperandsPassOptions pack;
    pack.cpu = options.cpu;
    pack.listTiles = options.listTiles;
    pm.addPass(schedule::createHostPackOperandsPass(pack));
  }
  pm.addPass(createEvaluateConstants(evaluate));
  pm.addPass(dispatch::createCountWorkPass());
  schedule::HostScheduleKernelsPassOptions schedule;
  schedule.cpu = options.cpu;
  schedule.vectorize = options.optimize;
  schedule.listTiles = options.listTiles;
  pm.addPass(schedule::createHostScheduleKernelsPass(schedule));
}

static void buildPlan(OpPassManager &pm, const PhaseOptions &options) {
  pm.addPass(conversion::createArenaBufferize());
  if (options.io == "arena")
    pm.addPass(arena::createArenaIO());
  pm.addPass(conversion::createArenaLoops());
  pm.addPass(conversion::createArenaOrder());
  pm.addPass(conversion::createArenaInplace());
  pm.addPass(arena::createArenaAssign());
  pm.addPass(arena::createArenaVerify());
}

static void buildLLVM(OpPassManager &pm, const PhaseOptions &options) {
  if (options.isCuda()) {
    pm.addPass(conversion::createConvertDispatchToGPU());
    conversion::buildCudaKernelLoweringPipeline(pm);
    return;
  }
  pm.addPass(conversion::createConvertDispatchToLLVM());
  pm.addPass(conversion::createConvertArenaToLLVM());
  conversion::buildKernelLoweringPipeline(pm);
}

ArrayRef<Phase> dlc::getPhases() {
  static const Phase phases[] = {
      {"simplify", "fold and choose layouts", Level::NN, Level::NN,
       buildSimplify},
      {"lower", "lower to structured ops", Level::NN, Level::Linalg,
       buildLower},
      {"dispatch", "form kernels", Level::Linalg, Level::Dispatch,
       buildDispatch},
      {"schedule", "pack constants and schedule kernels", Level::Dispatch,
       Level::Scheduled, buildSchedule},
      {"plan", "plan memory", Level::Scheduled, Level::Arena, buildPlan},
      {"llvm", "lower to LLVM", Level::Arena, Level::LLVM, buildLLVM},
  };
  return phases;
}

void dlc::buildPhase(OpPassManager &pm, const Phase &phase,
                     const PhaseOptions &options) {
  phase.build(pm, options);
  VerifyLevelOptions verify;
  verify.level = stringifyLevel(phase.to).str();
  verify.target = options.target;
  pm.addPass(createVerifyLevel(verify));
}

//===----------------------------------------------------------------------===//
// Registration
//===----------------------------------------------------------------------===//

void dlc::registerDialects(DialectRegistry &registry) {
  registerAllDialects(registry);
  registerAllExtensions(registry);
  registerAllToLLVMIRTranslations(registry);
  registry
      .insert<nn::NNDialect, dispatch::DispatchDialect, arena::ArenaDialect>();
}

void dlc::registerPassesAndPipelines() {
  nn::registerNNPasses();
  dispatch::registerDispatchPasses();
  arena::registerArenaPasses();
  conversion::registerConversionPasses();
  schedule::registerScheduleHostPasses();
  schedule::registerScheduleCUDAPasses();
  registerPipelinesPasses();
  for (const Phase &phase : getPhases()) {
    std::string name = ("dlc-" + phase.name).str();
    // The registry keeps the function alive, `phase` is static.
    PassPipelineRegistration<PhaseOptions>(
        name, phase.description,
        [&phase](OpPassManager &pm, const PhaseOptions &options) {
          buildPhase(pm, phase, options);
        });
  }
}
