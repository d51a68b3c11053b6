//===- EvaluateConstants.cpp - Runs launches on constants -----------------===//

#include "KernelJit.h"
#include "dlc/Conversion/DispatchToLLVM/DispatchToLLVM.h"
#include "dlc/Conversion/Passes.h"
#include "dlc/Dialect/Dispatch/IR/Dispatch.h"
#include "dlc/Pipelines/Passes.h"
#include "dlc/Schedule/Host/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "mlir/Pass/PassManager.h"

#include <map>

namespace dlc {
#define GEN_PASS_DEF_EVALUATECONSTANTS
#include "dlc/Pipelines/Passes.h.inc"
} // namespace dlc

using namespace mlir;
using namespace dlc;

namespace {

/// Alignment of buffers that kernels work on.
constexpr size_t kAlignment = 64;

/// Results that are this much larger than what they are computed from are left
/// to the program: they would only make it bigger.
constexpr int64_t kMaxGrowth = 4;
constexpr int64_t kFreeGrowth = 1 << 20;

/// Bytes of a tensor in memory.
int64_t getBytes(Type type) {
  auto tensor = cast<RankedTensorType>(type);
  unsigned bits =
      tensor.getElementType().isIndex() ? 64 : tensor.getElementTypeBitWidth();
  return tensor.getNumElements() * llvm::divideCeil(bits, 8);
}

/// The constant that `value` is, through reshapes; null otherwise.
arith::ConstantOp getConstant(Value value) {
  while (Operation *op = value.getDefiningOp()) {
    if (auto constant = dyn_cast<arith::ConstantOp>(op))
      return isa<ElementsAttr>(constant.getValue()) ? constant : nullptr;
    if (!isa<tensor::ExpandShapeOp, tensor::CollapseShapeOp>(op))
      return nullptr;
    value = op->getOperand(0);
  }
  return nullptr;
}

/// Buffers of the launches' operands and results.
class Memory {
public:
  Memory(ModuleOp module, bool keepData) : keepData(keepData) {
    module.walk([&](Operation *op) {
      for (NamedAttribute attr : op->getAttrs())
        if (auto resource =
                dyn_cast<DenseResourceElementsAttr>(attr.getValue()))
          ++users[resource.getRawHandle().getResource()];
    });
  }

  /// The bytes of a constant. Splats and bit-packed data are written out into
  /// `scratch`.
  static const char *read(arith::ConstantOp constant,
                          std::vector<AsmResourceBlob> &scratch) {
    int64_t bytes = getBytes(constant.getType());
    if (auto resource =
            dyn_cast<DenseResourceElementsAttr>(constant.getValue())) {
      AsmResourceBlob *blob = resource.getRawHandle().getBlob();
      if (!blob || static_cast<int64_t>(blob->getData().size()) < bytes) {
        constant.emitError("the data of this constant is not at hand");
        return nullptr;
      }
      // Kernels use aligned accesses nowhere, but the pointer must suit the
      // element type.
      return blob->getData().data();
    }
    auto dense = dyn_cast<DenseElementsAttr>(constant.getValue());
    if (!dense) {
      constant.emitError("this kind of constant can not be evaluated");
      return nullptr;
    }
    ArrayRef<char> raw = dense.getRawData();
    if (!dense.isSplat() && static_cast<int64_t>(raw.size()) == bytes)
      return raw.data();
    scratch.push_back(HeapAsmResourceBlob::allocate(bytes, kAlignment));
    char *data = scratch.back().getMutableData().data();
    for (int64_t at = 0, step = raw.size(); at < bytes; at += step)
      std::memcpy(data + at, raw.data(), std::min<int64_t>(step, bytes - at));
    return data;
  }

  /// A constant that holds `blob`: a splat or a small one as dense attribute.
  static ElementsAttr makeAttr(RankedTensorType type, AsmResourceBlob blob) {
    ArrayRef<char> data = blob.getData();
    size_t element = data.size() / type.getNumElements();
    bool splat = data.size() == element ||
                 std::memcmp(data.data(), data.data() + element,
                             data.size() - element) == 0;
    if (splat)
      return DenseElementsAttr::getFromRawBuffer(type,
                                                 data.take_front(element));
    if (data.size() <= 256)
      return DenseElementsAttr::getFromRawBuffer(type, data);
    return DenseResourceElementsAttr::get(type, "evaluated", std::move(blob));
  }

  /// Counts a user of the data of `attr`.
  void retain(Attribute attr) {
    if (auto resource = dyn_cast_or_null<DenseResourceElementsAttr>(attr))
      ++users[resource.getRawHandle().getResource()];
  }

  /// The opposite; frees the data with their last user.
  void release(Attribute attr) {
    auto resource = dyn_cast_or_null<DenseResourceElementsAttr>(attr);
    if (!resource)
      return;
    auto *entry = resource.getRawHandle().getResource();
    if (--users[entry] == 0 && !keepData)
      entry->setBlob(AsmResourceBlob());
  }

private:
  bool keepData;
  llvm::DenseMap<DialectResourceBlobManager::BlobEntry *, unsigned> users;
};

/// Results of launches by kernel and operands. Within one function equal
/// launches are one already, so they are worth their memory only where another
/// function runs the same kernel, and until the last launch of it.
class Results {
public:
  using Key = std::pair<StringRef, std::vector<const void *>>;

  Results(ArrayRef<dispatch::LaunchOp> launches, Memory &memory)
      : memory(memory) {
    for (dispatch::LaunchOp launch : launches) {
      Kernel &kernel = kernels[launch.getKernel()];
      ++kernel.launches;
      kernel.functions.insert(launch->getParentOp());
    }
  }

  /// Whether another function may have an equal launch.
  bool areShared(dispatch::LaunchOp launch) const {
    return kernels.lookup(launch.getKernel()).functions.size() > 1;
  }

  /// What a launch like that gave, if there was one.
  SmallVector<Attribute> lookup(const Key &key) const {
    auto it = attrs.find(key);
    return it == attrs.end() ? SmallVector<Attribute>() : it->second;
  }

  void remember(const Key &key, ArrayRef<Attribute> values) {
    llvm::for_each(values, [&](Attribute value) { memory.retain(value); });
    attrs[key].assign(values.begin(), values.end());
  }

  /// One launch of the kernel less is to come.
  void finish(StringRef kernel) {
    if (--kernels[kernel].launches != 0)
      return;
    auto first = attrs.lower_bound({kernel, {}}), last = first;
    for (; last != attrs.end() && last->first.first == kernel; ++last)
      for (Attribute value : last->second)
        memory.release(value);
    attrs.erase(first, last);
  }

  static Key makeKey(dispatch::LaunchOp launch) {
    Key key(launch.getKernel(), {});
    for (Value operand : launch.getOperands()) {
      arith::ConstantOp constant = getConstant(operand);
      key.second.push_back(constant ? constant.getValue().getAsOpaquePointer()
                                    : nullptr);
    }
    return key;
  }

private:
  struct Kernel {
    unsigned launches = 0; ///< still to come
    llvm::SmallPtrSet<Operation *, 2> functions;
  };
  Memory &memory;
  llvm::StringMap<Kernel> kernels;
  std::map<Key, SmallVector<Attribute>> attrs;
};

struct EvaluateConstants
    : public dlc::impl::EvaluateConstantsBase<EvaluateConstants> {
  using EvaluateConstantsBase::EvaluateConstantsBase;

  static void buildPipeline(OpPassManager &pm) {
    schedule::HostScheduleKernelsPassOptions options;
    options.cpu = KernelJit::getCPU().str();
    pm.addPass(schedule::createHostScheduleKernelsPass(options));
    pm.addPass(conversion::createConvertDispatchToLLVM());
    conversion::buildKernelLoweringPipeline(pm);
  }

  void getDependentDialects(DialectRegistry &registry) const override {
    EvaluateConstantsBase::getDependentDialects(registry);
    // The pipeline runs inside this pass.
    OpPassManager pm(ModuleOp::getOperationName());
    buildPipeline(pm);
    pm.getDependentDialects(registry);
  }

  void runOnOperation() override {
    ModuleOp module = getOperation();
    SmallVector<dispatch::LaunchOp> launches = collect(module);
    if (launches.empty())
      return;
    std::unique_ptr<KernelJit> jit = compile(module, launches);
    if (!jit)
      return signalPassFailure();
    Memory memory(module, keepData);
    Results known(launches, memory);
    for (dispatch::LaunchOp launch : launches)
      if (failed(evaluate(launch, *jit, memory, known)))
        return signalPassFailure();
    numEvaluated += launches.size();
    eraseUnusedKernels(module);
  }

  /// The launches to evaluate, in the order of execution.
  SmallVector<dispatch::LaunchOp> collect(ModuleOp module) {
    SmallVector<dispatch::LaunchOp> launches;
    llvm::DenseSet<Operation *> chosen;
    module.walk([&](dispatch::LaunchOp launch) {
      if (isKnown(launch, chosen) && isWorthwhile(launch)) {
        launches.push_back(launch);
        chosen.insert(launch);
      }
    });
    // A constant that a launch writes into costs a copy; where it is computed,
    // it is computed in place. So the beginning of a chain of outs that goes on
    // in the program stays in the program.
    for (bool changed = true; changed;) {
      changed = false;
      llvm::erase_if(launches, [&](dispatch::LaunchOp launch) {
        if (isKnown(launch, chosen) && !feedsOutsOfProgram(launch, chosen))
          return false;
        chosen.erase(launch);
        return changed = true;
      });
    }
    return launches;
  }

  /// Whether a launch of the program writes into a result of `launch`.
  static bool feedsOutsOfProgram(dispatch::LaunchOp launch,
                                 const llvm::DenseSet<Operation *> &chosen) {
    SmallVector<Value> values(launch.getResults());
    while (!values.empty()) {
      Value value = values.pop_back_val();
      for (OpOperand &use : value.getUses()) {
        Operation *user = use.getOwner();
        if (auto other = dyn_cast<dispatch::LaunchOp>(user)) {
          if (!chosen.contains(other) && other.isDpsInit(&use))
            return true;
        } else if (isa<tensor::ExpandShapeOp, tensor::CollapseShapeOp>(user)) {
          values.push_back(user->getResult(0));
        }
      }
    }
    return false;
  }

  /// Whether all operands of `launch` are constants or come from `chosen` ones;
  /// outs may be empty, too.
  static bool isKnown(dispatch::LaunchOp launch,
                      const llvm::DenseSet<Operation *> &chosen) {
    return llvm::all_of(launch->getOpOperands(), [&](OpOperand &operand) {
      Value value = operand.get();
      while (Operation *op = value.getDefiningOp()) {
        if (isa<dispatch::LaunchOp>(op))
          return chosen.contains(op);
        if (isa<arith::ConstantOp>(op))
          return getConstant(value) != nullptr;
        if (isa<tensor::EmptyOp>(op))
          return launch.isDpsInit(&operand);
        if (!isa<tensor::ExpandShapeOp, tensor::CollapseShapeOp>(op))
          return false;
        value = op->getOperand(0);
      }
      return false;
    });
  }

  /// Whether the results may be stored in the program.
  static bool isWorthwhile(dispatch::LaunchOp launch) {
    int64_t in = 0, out = 0;
    for (Value value : launch.getIns())
      in += getBytes(value.getType());
    for (Value value : launch.getOuts()) {
      int64_t bytes = getBytes(value.getType());
      if (bytes == 0)
        return false;
      out += bytes;
    }
    return out <= kMaxGrowth * in + kFreeGrowth;
  }

  /// Compiles the kernels of `launches` for this machine.
  std::unique_ptr<KernelJit> compile(ModuleOp module,
                                     ArrayRef<dispatch::LaunchOp> launches) {
    OwningOpRef<ModuleOp> kernels = ModuleOp::create(module.getLoc());
    OpBuilder builder = OpBuilder::atBlockEnd(kernels->getBody());
    SymbolTable symbols(module);
    llvm::DenseSet<Operation *> seen;
    for (dispatch::LaunchOp launch : launches) {
      Operation *kernel = symbols.lookup(launch.getKernel());
      if (seen.insert(kernel).second)
        builder.clone(*kernel);
    }
    PassManager pm(&getContext(), ModuleOp::getOperationName());
    buildPipeline(pm);
    if (failed(pm.run(*kernels)))
      return nullptr;
    return KernelJit::create(*kernels);
  }

  static LogicalResult evaluate(dispatch::LaunchOp launch, KernelJit &jit,
                                Memory &memory, Results &known) {
    StringRef kernel = launch.getKernel();
    bool keep = known.areShared(launch);
    SmallVector<Attribute> values;
    Results::Key key;
    if (keep) {
      key = Results::makeKey(launch);
      values = known.lookup(key);
    }
    if (values.empty()) {
      if (failed(compute(launch, jit, /*all=*/keep, values)))
        return failure();
      if (keep)
        known.remember(key, values);
    }
    OpBuilder builder(launch);
    for (auto [result, value] : llvm::zip_equal(launch.getResults(), values)) {
      if (result.use_empty())
        continue;
      memory.retain(value);
      auto constant = arith::ConstantOp::create(
          builder, launch.getLoc(), result.getType(), cast<TypedAttr>(value));
      result.replaceAllUsesWith(constant);
    }
    llvm::SetVector<Value> operands(launch->operand_begin(),
                                    launch->operand_end());
    launch.erase();
    eraseDead(std::move(operands), memory);
    known.finish(kernel);
    return success();
  }

  /// Runs a launch; `values` are what its results are: all of them, or those
  /// that have uses.
  static LogicalResult compute(dispatch::LaunchOp launch, KernelJit &jit,
                               bool all, SmallVector<Attribute> &values) {
    std::vector<AsmResourceBlob> scratch, results;
    SmallVector<void *> args;
    for (Value value : launch.getIns()) {
      arith::ConstantOp constant = getConstant(value);
      const char *data = Memory::read(constant, scratch);
      if (!data)
        return failure();
      args.push_back(const_cast<char *>(data));
    }
    for (Value value : launch.getOuts()) {
      int64_t bytes = getBytes(value.getType());
      results.push_back(HeapAsmResourceBlob::allocate(bytes, kAlignment));
      char *data = results.back().getMutableData().data();
      if (arith::ConstantOp constant = getConstant(value)) {
        const char *init = Memory::read(constant, scratch);
        if (!init)
          return failure();
        std::memcpy(data, init, bytes);
      } else {
        // What a kernel leaves unwritten must not depend on this process.
        std::memset(data, 0, bytes);
      }
      args.push_back(data);
    }
    jit.run(launch.getKernel(), args);
    for (auto [result, blob] : llvm::zip_equal(launch.getResults(), results))
      values.push_back(
          all || !result.use_empty()
              ? Memory::makeAttr(cast<RankedTensorType>(result.getType()),
                                 std::move(blob))
              : Attribute());
    return success();
  }

  /// Erases the constants and reshapes of constants among `values` that nothing
  /// uses, and those that only they used.
  static void eraseDead(llvm::SetVector<Value> values, Memory &memory) {
    while (!values.empty()) {
      Operation *op = values.pop_back_val().getDefiningOp();
      if (!op || !op->use_empty())
        continue;
      if (auto constant = dyn_cast<arith::ConstantOp>(op)) {
        Attribute value = constant.getValue();
        constant.erase();
        memory.release(value);
      } else if (isa<tensor::ExpandShapeOp, tensor::CollapseShapeOp,
                     tensor::EmptyOp>(op)) {
        values.insert(op->operand_begin(), op->operand_end());
        op->erase();
      }
    }
  }

  static void eraseUnusedKernels(ModuleOp module) {
    llvm::DenseSet<StringRef> used;
    module.walk(
        [&](dispatch::LaunchOp launch) { used.insert(launch.getKernel()); });
    for (auto kernel :
         llvm::make_early_inc_range(module.getOps<dispatch::KernelOp>()))
      if (!used.contains(kernel.getSymName()))
        kernel.erase();
  }
};

} // namespace
