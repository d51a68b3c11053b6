//===- DispatchToGPU.cpp - gpu.launches become functions ------------------===//

#include "dlc/Conversion/DispatchToGPU/DispatchToGPU.h"
#include "dlc/Conversion/Passes.h"
#include "dlc/Dialect/Dispatch/IR/Launches.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/Transforms/RegionUtils.h"

namespace dlc::conversion {
#define GEN_PASS_DEF_CONVERTDISPATCHTOGPU
#include "dlc/Conversion/Passes.h.inc"
} // namespace dlc::conversion

using namespace mlir;
using namespace dlc;

namespace {

/// A gpu.launch, outlined.
struct Outlined {
  gpu::GPUFuncOp function;
  /// The kernel's arguments that it takes.
  SmallVector<unsigned> arguments;
  int64_t blocks[3], threads[3];
  int64_t dynamicShared = 0;
};

FailureOr<int64_t> getConstant(gpu::LaunchOp launch, Value value) {
  APInt constant;
  if (!matchPattern(value, m_ConstantInt(&constant)))
    return launch.emitOpError("needs constant sizes");
  return constant.getSExtValue();
}

/// Outlines the launches of one kernel.
class KernelOutliner {
public:
  KernelOutliner(dispatch::KernelOp kernel, gpu::GPUModuleOp module,
                 SymbolTable &symbols)
      : kernel(kernel), module(module), symbols(symbols),
        b(kernel.getContext()) {}

  FailureOr<SmallVector<Outlined>> run() {
    SmallVector<Outlined> result;
    for (Operation &op : kernel.getBody().front()) {
      auto launch = dyn_cast<gpu::LaunchOp>(op);
      if (!launch) {
        if (!isMemoryEffectFree(&op))
          return op.emitOpError("is outside of the gpu.launches of kernel '")
                 << kernel.getSymName() << "'";
        continue;
      }
      Outlined outlined;
      if (failed(outline(launch, outlined)))
        return failure();
      result.push_back(outlined);
    }
    return result;
  }

private:
  LogicalResult getSizes(gpu::LaunchOp launch, Outlined &outlined) {
    gpu::KernelDim3 grid = launch.getGridSizeOperandValues();
    gpu::KernelDim3 block = launch.getBlockSizeOperandValues();
    Value sizes[] = {grid.x, grid.y, grid.z, block.x, block.y, block.z};
    for (auto [i, size] : llvm::enumerate(sizes)) {
      FailureOr<int64_t> constant = getConstant(launch, size);
      if (failed(constant))
        return failure();
      (i < 3 ? outlined.blocks[i] : outlined.threads[i - 3]) = *constant;
    }
    if (Value bytes = launch.getDynamicSharedMemorySize()) {
      FailureOr<int64_t> constant = getConstant(launch, bytes);
      if (failed(constant))
        return failure();
      outlined.dynamicShared = *constant;
    }
    return success();
  }

  /// What `value` is inside of the function: an argument of the kernel, or what
  /// was computed from some without touching memory.
  LogicalResult collect(Value value, llvm::SetVector<Operation *> &cloned,
                        llvm::SmallBitVector &used) {
    if (auto arg = dyn_cast<BlockArgument>(value)) {
      used.set(arg.getArgNumber());
      return success();
    }
    Operation *op = value.getDefiningOp();
    if (cloned.contains(op))
      return success();
    if (!isMemoryEffectFree(op))
      return op->emitOpError("can't be moved into the launches of kernel '")
             << kernel.getSymName() << "'";
    for (Value operand : op->getOperands())
      if (failed(collect(operand, cloned, used)))
        return failure();
    cloned.insert(op);
    return success();
  }

  LogicalResult outline(gpu::LaunchOp launch, Outlined &outlined) {
    if (failed(getSizes(launch, outlined)))
      return failure();
    llvm::SetVector<Value> captured;
    getUsedValuesDefinedAbove(launch.getBody(), captured);
    llvm::SetVector<Operation *> cloned;
    llvm::SmallBitVector used(kernel.getArgumentTypes().size());
    for (Value value : captured)
      if (failed(collect(value, cloned, used)))
        return failure();
    SmallVector<Type> types, shared;
    for (unsigned arg : used.set_bits()) {
      outlined.arguments.push_back(arg);
      types.push_back(kernel.getArgumentTypes()[arg]);
    }
    for (BlockArgument buffer : launch.getWorkgroupAttributions())
      shared.push_back(buffer.getType());

    Location loc = launch.getLoc();
    b.setInsertionPointToEnd(module.getBody());
    auto function =
        gpu::GPUFuncOp::create(b, loc, kernel.getSymName(),
                               b.getFunctionType(types, TypeRange()), shared);
    outlined.function = function;
    function->setAttr(gpu::GPUDialect::getKernelFuncAttrName(),
                      b.getUnitAttr());
    function.setKnownBlockSize(SmallVector<int32_t>(
        std::begin(outlined.threads), std::end(outlined.threads)));
    function.setKnownGridSize(SmallVector<int32_t>(std::begin(outlined.blocks),
                                                   std::end(outlined.blocks)));
    StringRef minBlocks = NVVM::NVVMDialect::getMinctasmAttrName();
    if (Attribute count = launch->getAttr(minBlocks))
      function->setAttr(minBlocks, count);
    symbols.insert(function);
    annotate(outlined);
    fill(launch, outlined, cloned);
    return success();
  }

  /// Moves the launch's body into the function.
  void fill(gpu::LaunchOp launch, const Outlined &outlined,
            const llvm::SetVector<Operation *> &cloned) {
    gpu::GPUFuncOp function = outlined.function;
    Location loc = launch.getLoc();
    IRMapping map;
    for (auto [i, arg] : llvm::enumerate(outlined.arguments))
      map.map(kernel.getBody().getArgument(arg), function.getArgument(i));
    for (auto [mine, theirs] :
         llvm::zip_equal(function.getWorkgroupAttributions(),
                         launch.getWorkgroupAttributions()))
      map.map(theirs, mine);
    Block *entry = &function.getBody().front();
    b.setInsertionPointToStart(entry);
    gpu::KernelDim3 blockIds = launch.getBlockIds(),
                    threadIds = launch.getThreadIds(),
                    grid = launch.getGridSize(), block = launch.getBlockSize();
    Value ids[] = {blockIds.x,  blockIds.y,  blockIds.z,
                   threadIds.x, threadIds.y, threadIds.z};
    Value sizes[] = {grid.x, grid.y, grid.z, block.x, block.y, block.z};
    for (int i = 0; i < 6; ++i) {
      auto dimension = static_cast<gpu::Dimension>(i % 3);
      Value id = i < 3 ? Value(gpu::BlockIdOp::create(b, loc, dimension))
                       : Value(gpu::ThreadIdOp::create(b, loc, dimension));
      map.map(ids[i], id);
      map.map(sizes[i],
              arith::ConstantIndexOp::create(b, loc,
                                             i < 3 ? outlined.blocks[i]
                                                   : outlined.threads[i - 3]));
    }
    for (Operation *op : cloned)
      b.clone(*op, map);
    for (Operation &op : launch.getBody().front().without_terminator())
      b.clone(op, map);
    gpu::ReturnOp::create(b, loc);
  }

  /// Tells LLVM what is known of the arguments: those that nothing writes are
  /// read past the first-level cache's coherence (ld.global.nc).
  void annotate(const Outlined &outlined) {
    llvm::SmallBitVector shares(kernel.getArgumentTypes().size());
    if (auto pairs = kernel->getAttrOfType<ArrayAttr>("inplace"))
      for (auto pair : pairs.getAsRange<ArrayAttr>()) {
        shares.set(cast<IntegerAttr>(pair[0]).getInt());
        shares.set(kernel.getNumIns() + cast<IntegerAttr>(pair[1]).getInt());
      }
    gpu::GPUFuncOp function = outlined.function;
    for (auto [i, arg] : llvm::enumerate(outlined.arguments)) {
      function.setArgAttr(i, LLVM::LLVMDialect::getAlignAttrName(),
                          b.getI64IntegerAttr(conversion::kOperandAlignment));
      if (!shares.test(arg))
        function.setArgAttr(i, LLVM::LLVMDialect::getNoAliasAttrName(),
                            b.getUnitAttr());
      if (arg < kernel.getNumIns())
        function.setArgAttr(i, LLVM::LLVMDialect::getReadonlyAttrName(),
                            b.getUnitAttr());
    }
  }

  dispatch::KernelOp kernel;
  gpu::GPUModuleOp module;
  SymbolTable &symbols;
  OpBuilder b;
};

void replaceLaunch(dispatch::LaunchOp launch, ArrayRef<Outlined> functions,
                   int64_t number) {
  OpBuilder b(launch);
  Location loc = launch.getLoc();
  for (const Outlined &outlined : functions) {
    auto sizes = [&](const int64_t (&values)[3]) {
      return gpu::KernelDim3{arith::ConstantIndexOp::create(b, loc, values[0]),
                             arith::ConstantIndexOp::create(b, loc, values[1]),
                             arith::ConstantIndexOp::create(b, loc, values[2])};
    };
    SmallVector<Value> operands;
    for (unsigned arg : outlined.arguments)
      operands.push_back(launch.getOperand(arg));
    Value shared;
    if (outlined.dynamicShared)
      shared = arith::ConstantIntOp::create(b, loc, outlined.dynamicShared, 32);
    auto part = gpu::LaunchFuncOp::create(
        b, loc, outlined.function, sizes(outlined.blocks),
        sizes(outlined.threads), shared, operands);
    part->setAttr(dispatch::kLaunchAttrName, b.getI64IntegerAttr(number));
  }
  launch.erase();
}

struct ConvertDispatchToGPU
    : public conversion::impl::ConvertDispatchToGPUBase<ConvertDispatchToGPU> {
  void runOnOperation() override {
    ModuleOp module = getOperation();
    auto kernels = llvm::to_vector(module.getOps<dispatch::KernelOp>());
    OpBuilder b(&getContext());
    b.setInsertionPointToEnd(module.getBody());
    auto kernelModule = gpu::GPUModuleOp::create(b, module.getLoc(),
                                                 conversion::kKernelModuleName);
    SymbolTable moduleSymbols(module), symbols(kernelModule);
    if (kernelModule.getSymName() != conversion::kKernelModuleName) {
      kernelModule.emitError("the name '")
          << conversion::kKernelModuleName << "' is taken";
      return signalPassFailure();
    }
    module->setAttr(gpu::GPUDialect::getContainerModuleAttrName(),
                    b.getUnitAttr());
    llvm::StringMap<SmallVector<Outlined>> outlined;
    for (dispatch::KernelOp kernel : kernels) {
      if (!kernel.isScheduled()) {
        kernel.emitOpError("was not scheduled: its arguments are tensors");
        return signalPassFailure();
      }
      auto functions = KernelOutliner(kernel, kernelModule, symbols).run();
      if (failed(functions))
        return signalPassFailure();
      outlined[kernel.getSymName()] = std::move(*functions);
    }
    for (auto graph : module.getOps<func::FuncOp>()) {
      SmallVector<Attribute> launches;
      for (auto launch :
           llvm::make_early_inc_range(graph.getOps<dispatch::LaunchOp>())) {
        launches.push_back(dispatch::describeLaunch(
            launch, moduleSymbols.lookup(launch.getKernel())));
        replaceLaunch(launch, outlined[launch.getKernel()],
                      launches.size() - 1);
      }
      graph->setAttr(dispatch::kLaunchesAttrName, b.getArrayAttr(launches));
    }
    for (dispatch::KernelOp kernel : kernels)
      kernel.erase();
  }
};

} // namespace
