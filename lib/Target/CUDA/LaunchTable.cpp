//===- LaunchTable.cpp - The graph function as a table --------------------===//

#include "dlc/Target/CUDA/LaunchTable.h"

#include "dlc/Dialect/Arena/IR/Arena.h"
#include "dlc/Dialect/Dispatch/IR/Launches.h"
#include "dlc/Support/Location.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "llvm/ADT/StringMap.h"

using namespace llvm;
using namespace dlc;
using namespace dlc::target;
using mlir::func::FuncOp;
using mlir::gpu::LaunchFuncOp;

/// As DLC_MAX_KERNEL_ARGS of lib/Runtime/CUDA/Instance.h.
static constexpr size_t kMaxKernelArgs = 512;

/// A graph with more launches than that takes too long to build.
static constexpr size_t kMaxSteps = 20'000;

mlir::gpu::GPUModuleOp target::findKernels(mlir::ModuleOp module) {
  auto modules = module.getOps<mlir::gpu::GPUModuleOp>();
  return modules.empty() ? mlir::gpu::GPUModuleOp() : *modules.begin();
}

Error target::readSignature(FuncOp graph, Signature &signature) {
  for (unsigned i = 0, e = graph.getNumArguments(); i < e; ++i) {
    auto type = dyn_cast<mlir::MemRefType>(graph.getArgumentTypes()[i]);
    if (!type || !type.hasStaticShape())
      return createStringError("argument " + Twine(i) +
                               " of the graph function is no buffer");
    // Unsigned and boolean elements are stored as other types.
    auto stored = graph.getArgAttrOfType<mlir::TypeAttr>(i, "dlc.type");
    bool isOutput = graph.getArgAttr(i, "dlc.output") != nullptr;
    if (Error error =
            addTensor(signature, isOutput,
                      graph.getArgAttrOfType<mlir::StringAttr>(i, "dlc.name"),
                      type.getShape(),
                      stored ? stored.getValue() : type.getElementType()))
      return error;
    setExtents(
        signature, isOutput,
        graph.getArgAttrOfType<mlir::DenseI64ArrayAttr>(i, "dlc.extents"),
        graph.getArgAttr(i, "dlc.is_extents") != nullptr,
        graph.getArgAttr(i, "dlc.is_random") != nullptr);
    setChecks(signature,
              graph.getArgAttrOfType<mlir::ArrayAttr>(i, "dlc.checks"));
    if (!isOutput)
      setRequirement(signature, graph.getArgAttr(i, "dlc.least"),
                     graph.getArgAttr(i, "dlc.most"));
    if (!isOutput)
      setPicture(signature,
                 graph.getArgAttrOfType<mlir::StringAttr>(i, "dlc.picture"));
    if (arena::SlotOp slot = arena::getArgumentSlot(graph, i))
      (isOutput ? signature.outputs : signature.inputs).back().arenaOffset =
          static_cast<uint64_t>(slot.getOffset());
  }
  return Error::success();
}

namespace {

class TableBuilder {
public:
  TableBuilder(DeviceInfo &device, ModelInfo::Specialisation &specialisation,
               mlir::gpu::GPUModuleOp kernels)
      : device(device), steps(specialisation.steps),
        launches(specialisation.launches.front()), kernels(kernels) {
    for (auto [number, kernel] : llvm::enumerate(device.kernels))
      numbers[kernel.name] = number;
  }

  Error build(FuncOp graph) {
    uint32_t numInputs = 0, numOutputs = 0;
    for (mlir::BlockArgument arg : graph.getArguments()) {
      bool isOutput =
          graph.getArgAttr(arg.getArgNumber(), "dlc.output") != nullptr;
      addresses[arg] = {isOutput ? DLC_SPACE_OUTPUT : DLC_SPACE_INPUT,
                        isOutput ? numOutputs++ : numInputs++, 0};
    }
    return addAll(graph);
  }

private:
  Error addAll(FuncOp graph) {
    for (mlir::Operation &op : graph.getBody().front())
      if (Error error = add(&op))
        return error;
    return Error::success();
  }

  Error fail(mlir::Operation *op, const Twine &reason) {
    std::string where = describeLocation(op->getLoc());
    return createStringError((where.empty() ? "" : where + ": ") + "'" +
                             op->getName().getStringRef() + "' " + reason);
  }

  Error add(mlir::Operation *op) {
    if (auto view = dyn_cast<arena::ViewOp>(op)) {
      addresses[view] = scratch;
      addresses[view].offset +=
          static_cast<uint64_t>(view.getSlotOp(tables).getOffset());
      return Error::success();
    }
    if (auto view = dyn_cast<arena::ConstantViewOp>(op)) {
      addresses[view] = {
          DLC_SPACE_WEIGHTS, 0,
          static_cast<uint64_t>(view.getConstantOp(tables).getOffset())};
      return Error::success();
    }
    if (isa<mlir::memref::ExpandShapeOp, mlir::memref::CollapseShapeOp>(op)) {
      addresses[op->getResult(0)] = addresses.lookup(op->getOperand(0));
      return Error::success();
    }
    if (auto copy = dyn_cast<mlir::memref::CopyOp>(op))
      return addCopy(copy);
    if (auto launch = dyn_cast<LaunchFuncOp>(op))
      return addLaunch(launch);
    if (auto loop = dyn_cast<dispatch::LoopOp>(op))
      return addLoop(loop);
    if (isa<mlir::arith::ConstantOp, mlir::func::ReturnOp>(op))
      return Error::success();
    return fail(op, "has no place in a launch table");
  }

  Expected<DeviceInfo::Address> getAddress(mlir::Operation *op,
                                           mlir::Value value, bool isWritten) {
    auto it = addresses.find(value);
    if (it == addresses.end())
      return fail(op, "has an operand whose address is not known");
    DeviceInfo::Address address = it->second;
    address.size = arena::getByteSize(cast<mlir::MemRefType>(value.getType()));
    address.isWritten = isWritten;
    return address;
  }

  Error addCopy(mlir::memref::CopyOp copy) {
    DeviceInfo::Step step;
    step.copyBytes =
        arena::getByteSize(cast<mlir::MemRefType>(copy.getSource().getType()));
    if (step.copyBytes == 0)
      return Error::success();
    for (mlir::Value value : {copy.getTarget(), copy.getSource()}) {
      Expected<DeviceInfo::Address> address =
          getAddress(copy, value, value == copy.getTarget());
      if (!address)
        return address.takeError();
      step.args.push_back(*address);
    }
    steps.push_back(std::move(step));
    return Error::success();
  }

  Error addLaunch(LaunchFuncOp launch) {
    DeviceInfo::Step step;
    if (launch.hasClusterSize() || !launch.getAsyncDependencies().empty())
      return fail(launch, "has clusters or dependencies");
    auto grid = launch.getGridSizeOperandValues();
    auto block = launch.getBlockSizeOperandValues();
    for (auto [sizes, values] :
         {std::pair(&step.grid, grid), {&step.block, block}}) {
      mlir::Value extents[] = {values.x, values.y, values.z};
      for (unsigned d = 0; d < 3; ++d)
        if (Error error = getSize(launch, extents[d], (*sizes)[d]))
          return error;
    }
    if (mlir::Value shared = launch.getDynamicSharedMemorySize())
      if (Error error = getSize(launch, shared, step.sharedBytes))
        return error;
    auto kernel =
        kernels.lookupSymbol<mlir::FunctionOpInterface>(launch.getKernelName());
    if (!kernel)
      return fail(launch, "launches a kernel that does not exist");
    for (auto [number, operand] : enumerate(launch.getKernelOperands())) {
      bool isWritten = !kernel.getArgAttr(
          number, mlir::LLVM::LLVMDialect::getReadonlyAttrName());
      Expected<DeviceInfo::Address> address =
          getAddress(launch, operand, isWritten);
      if (!address)
        return address.takeError();
      step.args.push_back(*address);
    }
    if (step.args.size() > kMaxKernelArgs)
      return fail(launch, "has " + Twine(step.args.size()) +
                              " operands, a kernel can have " +
                              Twine(kMaxKernelArgs));
    step.kernel = getKernel(launch.getKernelName().str(), step.sharedBytes);
    if (auto number =
            launch->getAttrOfType<mlir::IntegerAttr>(dispatch::kLaunchAttrName))
      noteStep(number.getInt());
    steps.push_back(std::move(step));
    return Error::success();
  }

  /// The next step belongs to the launch of this number in its function.
  void noteStep(uint64_t number) {
    number += firstLaunch;
    if (number >= launches.size())
      return;
    LaunchInfo &launch = launches[number];
    if (launch.numSteps++ == 0)
      launch.firstStep = steps.size();
  }

  /// A graph has no loops: the steps of all iterations, one after the other.
  Error addLoop(dispatch::LoopOp loop) {
    auto body = loop->getParentOfType<mlir::ModuleOp>().lookupSymbol<FuncOp>(
        loop.getBody());
    if (!body || body.isExternal())
      return fail(loop, "has no body");
    const std::vector<LaunchInfo> own = readLaunches(body);
    DeviceInfo::Address outer = scratch;
    size_t outerLaunch = firstLaunch;
    for (int64_t trip = 0; trip < static_cast<int64_t>(loop.getTrips());
         ++trip) {
      if (steps.size() > kMaxSteps)
        return fail(loop, "has " + Twine(loop.getTrips()) +
                              " iterations, and the program would have more "
                              "than " +
                              Twine(kMaxSteps) +
                              " launches, one list for all of them: a lower "
                              "bound (--max-dim), or fewer iterations in the "
                              "model, make it possible");
      auto accesses = llvm::to_vector(llvm::concat<dispatch::LoopOp::Access>(
          loop.getReads(trip), loop.getWrites(trip)));
      if (loop.getScratch())
        scratch = addresses.lookup(loop.getScratch());
      for (auto [argument, access] :
           llvm::zip_equal(body.getArguments(), accesses)) {
        auto it = addresses.find(access.memory);
        if (it == addresses.end())
          return fail(loop, "has an operand whose address is not known");
        DeviceInfo::Address address = it->second;
        if (access.slice >= 0)
          address.offset +=
              static_cast<uint64_t>(access.slice) *
              arena::getByteSize(cast<mlir::MemRefType>(argument.getType()));
        addresses[argument] = address;
      }
      firstLaunch = launches.size();
      llvm::append_range(launches, own);
      if (Error error = addAll(body))
        return error;
      scratch = outer;
      firstLaunch = outerLaunch;
    }
    return Error::success();
  }

  Error getSize(LaunchFuncOp launch, mlir::Value value, uint32_t &size) {
    APInt constant;
    if (!mlir::matchPattern(value, mlir::m_ConstantInt(&constant)))
      return fail(launch, "has a size that is no constant");
    if (!constant.isIntN(31))
      return fail(launch, "has a size above 2^31");
    size = constant.getZExtValue();
    return Error::success();
  }

  int32_t getKernel(const std::string &name, uint64_t sharedBytes) {
    auto [it, isNew] = numbers.try_emplace(name, device.kernels.size());
    if (isNew)
      device.kernels.push_back({name, 0});
    uint64_t &most = device.kernels[it->second].sharedBytes;
    most = std::max(most, sharedBytes);
    return it->second;
  }

  DeviceInfo &device;
  /// Where the slots of the function lie that is being read.
  DeviceInfo::Address scratch = {DLC_SPACE_ARENA, 0, 0};
  std::vector<DeviceInfo::Step> &steps;
  std::vector<LaunchInfo> &launches;
  /// Which of them is the first one of the function that is being read.
  size_t firstLaunch = 0;
  mlir::gpu::GPUModuleOp kernels;
  mlir::SymbolTableCollection tables;
  DenseMap<mlir::Value, DeviceInfo::Address> addresses;
  StringMap<int32_t> numbers;
};

} // namespace

Error target::makeLaunchTable(FuncOp graph, DeviceInfo &device,
                              ModelInfo::Specialisation &specialisation) {
  specialisation.launches = {readLaunches(graph)};
  auto module = graph->getParentOfType<mlir::ModuleOp>();
  if (Error error = TableBuilder(device, specialisation, findKernels(module))
                        .build(graph))
    return error;
  orderSteps(specialisation.steps);
  return Error::success();
}
