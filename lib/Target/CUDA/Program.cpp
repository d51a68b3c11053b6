//===- Program.cpp - Programs that run on a GPU ---------------------------===//

#include "dlc/Target/CUDA/Program.h"

#include "Library.h"

#include "dlc/Dialect/Arena/Transforms/Steps.h"
#include "dlc/Target/CUDA/LaunchTable.h"
#include "dlc/Target/CUDA/Ptx.h"
#include "dlc/Target/Common/Embedded.h"
#include "dlc/Target/Common/ProgramWriter.h"
#include "dlc/Target/Host/Codegen.h"

#include "llvm/IR/LLVMContext.h"
#include "llvm/Support/MemoryBuffer.h"

using namespace llvm;
using namespace dlc;
using namespace dlc::target;

namespace {

class CudaEmitter : public ProgramWriter {
public:
  CudaEmitter(mlir::ModuleOp module, ArrayRef<CudaArch> archs,
              const ProgramOptions &options)
      : ProgramWriter(options, getEmbeddedCudaRuntime()), module(module),
        archs(archs) {}

  Expected<CudaProgramReport> run() {
    info.device.emplace();
    if (Error error = collectInfo())
      return std::move(error);
    progress("generate code");
    std::string image;
    if (!info.device->kernels.empty()) {
      Expected<std::string> made = makeImage();
      if (!made)
        return made.takeError();
      image = std::move(*made);
    }
    progress("write weights");
    if (Error error = emitData(image))
      return std::move(error);
    hashTable();
    setBuildId();
    if (Error error = emitDescriptor())
      return std::move(error);
    Expected<ProgramReport> made =
        finish({"Driver", "Instance", "Library", "Find"},
               isLibrary() ? makeCudaHeader(info, name) : "");
    if (!made)
      return made.takeError();
    static_cast<ProgramReport &>(report) = std::move(*made);
    reportKernels();
    return std::move(report);
  }

private:
  DeviceInfo &device() { return *info.device; }

  Error collectInfo() {
    for (auto graph : module.getOps<mlir::func::FuncOp>()) {
      if (arena::isLoopBody(graph))
        continue;
      ModelInfo::Specialisation own = describe(graph);
      if (Error error = readSignature(graph, own))
        return error;
      if (Error error = makeLaunchTable(graph, device(), own))
        return error;
      info.specialisations.push_back(std::move(own));
    }
    if (info.specialisations.empty())
      return createStringError("the module has no graph function");
    addMemory(module);
    return finishInfo();
  }

  /// What cuModuleLoadData takes: a fatbinary, or PTX with its final zero where
  /// there is no toolkit or no machine code is wanted.
  Expected<std::string> makeImage() {
    Expected<std::string> ptx = emitCudaPtx(module, archs);
    if (!ptx)
      return ptx.takeError();
    std::vector<Cubin> cubins;
    for (const CudaArch &arch : archs)
      if (!arch.isVirtual)
        cubins.push_back({arch, "", {}});
    std::optional<CudaToolkit> toolkit;
    if (!cubins.empty()) {
      toolkit = CudaToolkit::find();
      if (!toolkit)
        report.notes.push_back(
            "no CUDA toolkit (ptxas and fatbinary) was found (in CUDA_HOME, or "
            "else PATH, PyPI's nvidia-cuda-nvcc and /usr/local/cuda), so the "
            "program holds PTX only, which the driver compiles when it starts");
    }
    CudaArch ptxArch = archs.front();
    ptxArch.isVirtual = true;
    if (toolkit)
      for (const Cubin &cubin : cubins)
        addArch(cubin.arch, cubin.arch.getCubinRange());
    addArch(ptxArch, ptxArch.getPtxRange());
    report.ptx = std::move(*ptx);
    if (!toolkit)
      return report.ptx + '\0';
    return assemble(*toolkit, ptxArch, cubins);
  }

  void addArch(const CudaArch &arch, std::pair<uint32_t, uint32_t> range) {
    device().archs.push_back({arch.getName(), range.first, range.second});
  }

  Expected<std::string> assemble(const CudaToolkit &toolkit,
                                 const CudaArch &ptxArch,
                                 std::vector<Cubin> &cubins) {
    progress("assemble kernels");
    TemporaryFile &source = makeTemporary(".ptx");
    if (Error error = source.write(report.ptx))
      return std::move(error);
    for (Cubin &cubin : cubins) {
      cubin.path = makeTemporary(".cubin").getPath().str();
      if (Error error = runPtxas(toolkit, source.getPath(), cubin))
        return std::move(error);
      noteSpills(cubin);
    }
    report.arch = cubins.front().arch;
    usage = cubins.front().usage;
    TemporaryFile &image = makeTemporary(".fatbin");
    if (Error error = runFatbinary(toolkit, source.getPath(), ptxArch, cubins,
                                   image.getPath()))
      return std::move(error);
    auto buffer = MemoryBuffer::getFile(image.getPath());
    if (!buffer)
      return createStringError(buffer.getError(),
                               "cannot read " + image.getPath());
    return (*buffer)->getBuffer().str();
  }

  void noteSpills(const Cubin &cubin) {
    for (const auto &[kernel, used] : cubin.usage)
      if (used.spillStores || used.spillLoads)
        report.notes.push_back(("kernel '" + kernel + "' spills registers on " +
                                cubin.arch.getName() + ": " +
                                Twine(used.spillStores) + " bytes stored, " +
                                Twine(used.spillLoads) +
                                " bytes loaded by a thread")
                                   .str());
  }

  /// The image, the weights and, for executables, the host's memory.
  Error emitData(StringRef image) {
    std::vector<DataSymbol> symbols;
    if (!image.empty()) {
      DataSymbol symbol;
      symbol.name = device().imageSymbol = symbolOf("image");
      symbol.size = device().imageBytes = image.size();
      symbol.pieces.push_back(
          {0, image.size(),
           [image](function_ref<void(ArrayRef<char>)> consume) {
             consume(ArrayRef<char>(image.data(), image.size()));
           }});
      symbols.push_back(std::move(symbol));
    }
    for (auto pool : module.getOps<arena::ConstantPoolOp>()) {
      if (pool.getSize() == 0)
        continue;
      device().weightsSymbol = symbolOf("weights");
      symbols.push_back(makeWeights(pool, device().weightsSymbol));
    }
    if (options.kind == ProgramKind::Executable)
      symbols.push_back(
          makeTensors(DLC_DEVICE_ALIGNMENT, /*withOutputs=*/true));
    return addData(std::move(symbols));
  }

  /// All steps of all specialisations.
  template <typename Function>
  void forEachStep(Function function) {
    for (const ModelInfo::Specialisation &each : info.specialisations)
      for (const DeviceInfo::Step &step : each.steps)
        function(step);
  }

  /// The launch table is part of what a build id stands for.
  void hashTable() {
    auto add = [&](uint64_t value) { addToHash(std::to_string(value)); };
    forEachStep([&](const DeviceInfo::Step &step) {
      add(step.kernel);
      add(step.sharedBytes);
      add(step.copyBytes);
      for (unsigned d = 0; d < 3; ++d) {
        add(step.grid[d]);
        add(step.block[d]);
      }
      for (uint32_t earlier : step.after)
        add(earlier);
      for (const DeviceInfo::Address &address : step.args) {
        add(address.space);
        add(address.index);
        add(address.offset);
      }
    });
  }

  Error emitDescriptor() {
    LLVMContext context;
    auto descriptor = makeDescriptor(context, info);
    if (isLibrary())
      addCudaLibrary(*descriptor, info, name);
    auto object = makePlainObject(*descriptor);
    return object ? addObject(*object, "descriptor") : object.takeError();
  }

  void reportKernels() {
    for (const DeviceInfo::Kernel &kernel : device().kernels)
      report.kernels.push_back({kernel.name, usage[kernel.name], {}, {}, 0, 0});
    auto blocks = [](const std::array<uint32_t, 3> &grid) {
      return uint64_t(grid[0]) * grid[1] * grid[2];
    };
    forEachStep([&](const DeviceInfo::Step &step) {
      if (step.kernel < 0)
        return;
      KernelReport &kernel = report.kernels[step.kernel];
      ++kernel.launches;
      if (blocks(step.grid) < blocks(kernel.grid))
        return;
      kernel.grid = step.grid;
      kernel.block = step.block;
      kernel.dynamicShared = step.sharedBytes;
    });
  }

  mlir::ModuleOp module;
  ArrayRef<CudaArch> archs;
  std::map<std::string, KernelUsage> usage;
  CudaProgramReport report;
};

} // namespace

Expected<CudaProgramReport>
target::emitCudaProgram(mlir::ModuleOp module, ArrayRef<CudaArch> archs,
                        const ProgramOptions &options) {
  return CudaEmitter(module, archs, options).run();
}

Expected<std::string> target::emitCudaPtx(mlir::ModuleOp module,
                                          ArrayRef<CudaArch> archs) {
  mlir::gpu::GPUModuleOp kernels = findKernels(module);
  if (!kernels)
    return createStringError("the module has no kernels");
  return emitPtx(kernels, archs.front().getRealName());
}
