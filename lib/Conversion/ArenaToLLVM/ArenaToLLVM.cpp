//===- ArenaToLLVM.cpp - The graph function as the program's entry --------===//

#include "dlc/Conversion/Passes.h"
#include "dlc/Dialect/Arena/IR/Arena.h"
#include "dlc/Dialect/Arena/Transforms/Steps.h"
#include "dlc/Dialect/Dispatch/IR/Launches.h"
#include "dlc/Dialect/Dispatch/IR/LoopHints.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

namespace dlc::conversion {
#define GEN_PASS_DEF_CONVERTARENATOLLVM
#include "dlc/Conversion/Passes.h.inc"
} // namespace dlc::conversion

using namespace mlir;
using namespace dlc;

namespace {

// Symbols of include/dlc/Runtime/dlc_abi.h, and the one helper that we emit.
constexpr StringLiteral kEntryName = "dlc_entry";
constexpr StringLiteral kWeightsName = "dlc_weights";
constexpr StringLiteral kLaunchName = "dlc_launch";

/// Profiles tell apart so many launches: the list is part of the program.
constexpr size_t kMaxListed = 20'000;

class EntryBuilder {
public:
  explicit EntryBuilder(ModuleOp module)
      : module(module), context(module.getContext()),
        ptr(LLVM::LLVMPointerType::get(context)),
        i64(IntegerType::get(context, 64)), i32(IntegerType::get(context, 32)) {
  }

  LogicalResult convert(func::FuncOp func) {
    if (!func.getResultTypes().empty() ||
        !llvm::hasSingleElement(func.getBody()))
      return func.emitError("the graph function must have one block and no "
                            "results: bufferize it first");
    OpBuilder builder(func);
    Location loc = func.getLoc();
    if (!launchHelper)
      launchHelper = makeLaunchHelper(builder, loc);
    // What belongs to one entry only.
    args = weights = Value();
    addresses.clear();
    // A loop's body is called as its caller is: its scratch is its arena.
    auto type = LLVM::LLVMFunctionType::get(i32, {ptr, ptr, ptr, ptr});
    LLVM::LLVMFuncOp entry;
    if (arena::isLoopBody(func)) {
      entry = LLVM::LLVMFuncOp::create(builder, loc, func.getSymName(), type,
                                       LLVM::Linkage::Internal);
    } else {
      std::string name = kEntryName.str();
      if (numEntries++)
        name += "_" + std::to_string(numEntries - 1);
      entry = LLVM::LLVMFuncOp::create(builder, loc, name, type);
      keepSignature(func, entry);
      SmallVector<Attribute> launches;
      collectLaunches(func, launches);
      entry->setAttr(dispatch::kLaunchesAttrName,
                     builder.getArrayAttr(launches));
    }
    Block *block = entry.addEntryBlock(builder);
    builder.setInsertionPointToStart(block);
    parallel = block->getArgument(3);
    first = block;

    // One array of arguments for all launches: each has returned before the
    // next one fills it.
    size_t longest = 0;
    for (auto launch : func.getOps<dispatch::LaunchOp>())
      longest = std::max<size_t>(longest, launch->getNumOperands());
    if (longest > 0)
      args = makeArray(builder, loc, longest);

    unsigned numInputs = 0, numOutputs = 0;
    for (BlockArgument arg : func.getArguments()) {
      bool isOutput =
          func.getArgAttr(arg.getArgNumber(), "dlc.output") != nullptr;
      unsigned number = isOutput ? numOutputs++ : numInputs++;
      if (arg.use_empty())
        continue;
      Value slot = getAddress(builder, loc,
                              {block->getArgument(isOutput ? 1 : 0),
                               static_cast<int64_t>(8 * number)});
      addresses[arg] = {LLVM::LoadOp::create(builder, loc, ptr, slot), 0};
    }
    for (Operation &op : func.front())
      if (failed(convert(builder, &op, block->getArgument(2))))
        return failure();
    Value zero = LLVM::ConstantOp::create(builder, loc, i32,
                                          builder.getI32IntegerAttr(0));
    LLVM::ReturnOp::create(builder, loc, zero);
    func.erase();
    return success();
  }

private:
  /// An array of pointers on the stack.
  Value makeArray(OpBuilder &builder, Location loc, size_t size) {
    return LLVM::AllocaOp::create(builder, loc, ptr,
                                  LLVM::LLVMArrayType::get(ptr, size),
                                  constant(builder, loc, 1), /*alignment=*/8);
  }

  /// An address known while the entry is built: a pointer and a byte offset.
  struct Address {
    Value base;
    int64_t offset = 0;
  };

  /// What the launches of a graph are, in the order of their calls: those of a
  /// loop's body once an iteration, up to kMaxListed.
  void collectLaunches(func::FuncOp func,
                       SmallVectorImpl<Attribute> &launches) {
    for (Operation &op : func.front()) {
      if (auto launch = dyn_cast<dispatch::LaunchOp>(op))
        launches.push_back(dispatch::describeLaunch(
            launch,
            tables.lookupNearestSymbolFrom(launch, launch.getKernelAttr())));
      auto loop = dyn_cast<dispatch::LoopOp>(op);
      auto body = loop ? module.lookupSymbol<func::FuncOp>(loop.getBody())
                       : func::FuncOp();
      if (!body || body.isExternal())
        continue;
      SmallVector<Attribute> each;
      collectLaunches(body, each);
      for (uint64_t trip = 0;
           trip < loop.getTrips() && launches.size() < kMaxListed; ++trip)
        llvm::append_range(launches, each);
    }
  }

  /// Names and types of inputs and outputs, for the program's descriptor:
  /// `dlc.inputs` and `dlc.outputs` are arrays of {name, type}, for those
  /// that are in the arena {offset}, and {extents, is_extents, is_random,
  /// checks, least, most, picture} as the attributes of the arguments.
  void keepSignature(func::FuncOp func, LLVM::LLVMFuncOp entry) {
    Builder builder(context);
    SmallVector<Attribute> inputs, outputs;
    for (unsigned i = 0, e = func.getNumArguments(); i < e; ++i) {
      auto memref = cast<MemRefType>(func.getArgumentTypes()[i]);
      // Unsigned and boolean elements are stored as other types.
      auto stored = func.getArgAttrOfType<TypeAttr>(i, "dlc.type");
      Type element = stored ? stored.getValue() : memref.getElementType();
      NamedAttrList entry;
      for (StringRef key : {"name", "extents", "is_extents", "is_random",
                            "checks", "least", "most", "picture"})
        if (Attribute value = func.getArgAttr(i, ("dlc." + key).str()))
          entry.set(key, value);
      entry.set("type", TypeAttr::get(
                            RankedTensorType::get(memref.getShape(), element)));
      if (arena::SlotOp slot = arena::getArgumentSlot(func, i))
        entry.set("offset", builder.getI64IntegerAttr(
                                static_cast<int64_t>(slot.getOffset())));
      (func.getArgAttr(i, "dlc.output") ? outputs : inputs)
          .push_back(entry.getDictionary(context));
    }
    entry->setAttr("dlc.inputs", builder.getArrayAttr(inputs));
    entry->setAttr("dlc.outputs", builder.getArrayAttr(outputs));
    for (StringRef attr :
         {StringRef("dlc.dims"), StringRef(arena::kArenaBytesAttrName)})
      if (Attribute value = func->getAttr(attr))
        entry->setAttr(attr, value);
  }

  LogicalResult convert(OpBuilder &builder, Operation *op, Value arena) {
    Location loc = op->getLoc();
    if (auto view = dyn_cast<arena::ViewOp>(op)) {
      addresses[view] = {
          arena, static_cast<int64_t>(view.getSlotOp(tables).getOffset())};
      return success();
    }
    if (auto view = dyn_cast<arena::ConstantViewOp>(op)) {
      addresses[view] = {
          getWeights(builder),
          static_cast<int64_t>(view.getConstantOp(tables).getOffset())};
      return success();
    }
    if (isa<memref::ExpandShapeOp, memref::CollapseShapeOp>(op)) {
      addresses[op->getResult(0)] = addresses.lookup(op->getOperand(0));
      return success();
    }
    if (auto copy = dyn_cast<memref::CopyOp>(op)) {
      int64_t bytes =
          arena::getByteSize(cast<MemRefType>(copy.getSource().getType()));
      LLVM::MemcpyOp::create(
          builder, loc, getAddress(builder, loc, copy.getTarget()),
          getAddress(builder, loc, copy.getSource()),
          constant(builder, loc, bytes), /*isVolatile=*/false);
      return success();
    }
    if (auto launch = dyn_cast<dispatch::LaunchOp>(op))
      return convert(builder, launch);
    if (auto loop = dyn_cast<dispatch::LoopOp>(op))
      return convert(builder, loop);
    if (isa<func::ReturnOp>(op))
      return success();
    return op->emitOpError("cannot be lowered to LLVM in the graph function");
  }

  LogicalResult convert(OpBuilder &builder, dispatch::LaunchOp launch) {
    Location loc = launch.getLoc();
    Operation *kernel =
        tables.lookupNearestSymbolFrom(launch, launch.getKernelAttr());
    auto items =
        kernel ? kernel->getAttrOfType<IntegerAttr>(dispatch::kItemsAttrName)
               : IntegerAttr();
    if (!isa_and_nonnull<LLVM::LLVMFuncOp>(kernel) || !items)
      return launch.emitOpError("runs kernel '")
             << launch.getKernel()
             << "', which was not lowered to a function with the attribute "
             << dispatch::kItemsAttrName;
    for (auto [index, operand] : llvm::enumerate(launch->getOperands()))
      store(builder, loc, getAddress(builder, loc, operand), args, index);
    Value function =
        LLVM::AddressOfOp::create(builder, loc, ptr, launch.getKernelAttr());
    LLVM::CallOp::create(builder, loc, launchHelper,
                         ValueRange{parallel, function, args,
                                    constant(builder, loc, items.getInt())});
    return success();
  }

  /// The address of a buffer.
  Value getAddress(OpBuilder &builder, Location loc, Value memref) {
    return getAddress(builder, loc, addresses.lookup(memref));
  }

  /// Calls the body in a loop. Where it reads and writes follows from the
  /// number of the iteration.
  LogicalResult convert(OpBuilder &builder, dispatch::LoopOp loop) {
    Location loc = loop.getLoc();
    size_t states = loop.getCarried().size(), sliced = loop.getSliced().size();
    Value reads, writes;
    {
      OpBuilder::InsertionGuard guard(builder);
      builder.setInsertionPointToStart(first);
      reads =
          makeArray(builder, loc, std::max<size_t>(loop.getReads(0).size(), 1));
      writes = makeArray(builder, loc, loop.getWrites(0).size());
    }
    for (auto [index, value] : llvm::enumerate(loop.getInvariant()))
      store(builder, loc, getAddress(builder, loc, value), reads,
            states + sliced + index);
    Value scratch = loop.getScratch()
                        ? getAddress(builder, loc, loop.getScratch())
                        : LLVM::ZeroOp::create(builder, loc, ptr).getResult();

    Block *before = builder.getInsertionBlock();
    Region *region = before->getParent();
    Block *body = builder.createBlock(region, region->end(), {i64}, {loc});
    Block *behind = builder.createBlock(region, region->end());
    builder.setInsertionPointToEnd(before);
    LLVM::BrOp::create(builder, loc, ValueRange(constant(builder, loc, 0)),
                       body);
    builder.setInsertionPointToStart(body);
    Value trip = body->getArgument(0);
    storeStates(builder, loop, trip, reads, writes);
    storeSlices(builder, loop, loop.getSliced(), loop.getReversed(), trip,
                reads);
    storeSlices(builder, loop, loop.getOuts().drop_front(states),
                loop.getStackedReversed(), trip, writes);
    LLVM::CallOp::create(builder, loc, TypeRange(i32), loop.getBody(),
                         ValueRange{reads, writes, scratch, parallel});
    Value next =
        LLVM::AddOp::create(builder, loc, trip, constant(builder, loc, 1));
    Value isLast =
        equals(builder, loc, next, static_cast<int64_t>(loop.getTrips()));
    if (auto ends = loop->getAttrOfType<IntegerAttr>(dispatch::kEndsAttrName))
      isLast = LLVM::OrOp::create(
          builder, loc, isLast,
          hasEnded(builder, loop, trip, loop.getOuts()[ends.getInt()]));
    LLVM::CondBrOp::create(builder, loc, isLast, behind, ValueRange(), body,
                           ValueRange(next));
    builder.setInsertionPointToStart(behind);
    return success();
  }

  /// Whether iteration `trip` of the body was the last one that does something:
  /// the states lie where the results belong, and the one in `state` is false.
  /// (Where they do not, the next iteration copies them there.)
  Value hasEnded(OpBuilder &builder, dispatch::LoopOp loop, Value trip,
                 Value state) {
    Location loc = loop.getLoc();
    Type i8 = IntegerType::get(context, 8);
    Value goesOn =
        LLVM::LoadOp::create(builder, loc, i8, getAddress(builder, loc, state));
    Value zero = LLVM::ConstantOp::create(builder, loc, i8, 0);
    Value ended = LLVM::ICmpOp::create(builder, loc, LLVM::ICmpPredicate::eq,
                                       goesOn, zero);
    return LLVM::AndOp::create(builder, loc, writesResults(builder, loop, trip),
                               ended);
  }

  /// Whether iteration `trip` writes the states of a loop to its results.
  Value writesResults(OpBuilder &builder, dispatch::LoopOp loop, Value trip) {
    Location loc = loop.getLoc();
    auto trips = static_cast<int64_t>(loop.getTrips());
    Value parity =
        LLVM::AndOp::create(builder, loc, trip, constant(builder, loc, 1));
    return equals(builder, loc, parity, (trips - 1) % 2);
  }

  /// A state alternates between two buffers, so that the last one lands in the
  /// result.
  void storeStates(OpBuilder &builder, dispatch::LoopOp loop, Value trip,
                   Value reads, Value writes) {
    Location loc = loop.getLoc();
    auto trips = static_cast<int64_t>(loop.getTrips());
    Value toFinal = writesResults(builder, loop, trip);
    Value isFirst = equals(builder, loc, trip, 0);
    for (auto [i, state] : llvm::enumerate(loop.getCarried())) {
      Value from = getAddress(builder, loc, state);
      Value to = getAddress(builder, loc, loop.getOuts()[i]);
      if (trips > 1) {
        Value spare = getAddress(builder, loc, loop.getSpares()[i]);
        Value last = LLVM::SelectOp::create(builder, loc, toFinal, spare, to);
        to = LLVM::SelectOp::create(builder, loc, toFinal, to, spare);
        from = LLVM::SelectOp::create(builder, loc, isFirst, from, last);
      }
      store(builder, loc, from, reads, i);
      store(builder, loc, to, writes, i);
    }
  }

  /// Slices of stacks move along; they come behind the states.
  void storeSlices(OpBuilder &builder, dispatch::LoopOp loop, ValueRange stacks,
                   ArrayRef<bool> reversed, Value trip, Value array) {
    Location loc = loop.getLoc();
    auto trips = static_cast<int64_t>(loop.getTrips());
    for (auto [i, stack] : llvm::enumerate(stacks)) {
      int64_t bytes =
          arena::getByteSize(cast<MemRefType>(stack.getType())) / trips;
      Value slice = trip;
      if (reversed[i])
        slice = LLVM::SubOp::create(builder, loc,
                                    constant(builder, loc, trips - 1), trip);
      Value offset = LLVM::MulOp::create(builder, loc, slice,
                                         constant(builder, loc, bytes));
      Value address = LLVM::GEPOp::create(
          builder, loc, ptr, IntegerType::get(context, 8),
          getAddress(builder, loc, stack), LLVM::GEPArg(offset));
      store(builder, loc, address, array, loop.getCarried().size() + i);
    }
  }

  /// Element `index` of an array of pointers.
  void store(OpBuilder &builder, Location loc, Value value, Value array,
             size_t index) {
    LLVM::StoreOp::create(
        builder, loc, value,
        getAddress(builder, loc,
                   Address{array, static_cast<int64_t>(8 * index)}));
  }

  Value equals(OpBuilder &builder, Location loc, Value value, int64_t number) {
    return LLVM::ICmpOp::create(builder, loc, LLVM::ICmpPredicate::eq, value,
                                constant(builder, loc, number));
  }

  /// void dlc_launch(const dlc_parallel *parallel, dlc_kernel_fn kernel,
  ///                 void *const *args, int64_t items):
  /// runs the items in parallel, or in this thread if `parallel` is null.
  LLVM::LLVMFuncOp makeLaunchHelper(OpBuilder &builder, Location loc) {
    OpBuilder::InsertionGuard guard(builder);
    auto type = LLVM::LLVMFunctionType::get(LLVM::LLVMVoidType::get(context),
                                            {ptr, ptr, ptr, i64});
    auto func = LLVM::LLVMFuncOp::create(builder, loc, kLaunchName, type,
                                         LLVM::Linkage::Internal);
    Block *entry = func.addEntryBlock(builder);
    Value parallel = entry->getArgument(0), kernel = entry->getArgument(1),
          args = entry->getArgument(2), items = entry->getArgument(3);
    Block *alone = func.addBlock(), *together = func.addBlock();

    builder.setInsertionPointToStart(entry);
    Value null = LLVM::ZeroOp::create(builder, loc, ptr);
    Value isAlone = LLVM::ICmpOp::create(builder, loc, LLVM::ICmpPredicate::eq,
                                         parallel, null);
    LLVM::CondBrOp::create(builder, loc, isAlone, alone, together);

    auto kernelType = LLVM::LLVMFunctionType::get(
        LLVM::LLVMVoidType::get(context), {ptr, i64, i64});
    builder.setInsertionPointToStart(alone);
    LLVM::CallOp::create(
        builder, loc, kernelType,
        ValueRange{kernel, args, constant(builder, loc, 0), items});
    LLVM::ReturnOp::create(builder, loc, ValueRange());

    // struct dlc_parallel { run; context; }
    auto runType = LLVM::LLVMFunctionType::get(LLVM::LLVMVoidType::get(context),
                                               {ptr, ptr, ptr, i64});
    builder.setInsertionPointToStart(together);
    Value run = LLVM::LoadOp::create(builder, loc, ptr, parallel);
    Value data = LLVM::LoadOp::create(
        builder, loc, ptr, getAddress(builder, loc, Address{parallel, 8}));
    LLVM::CallOp::create(builder, loc, runType,
                         ValueRange{run, data, kernel, args, items});
    LLVM::ReturnOp::create(builder, loc, ValueRange());
    return func;
  }

  /// The address of the weights, which another object file defines.
  Value getWeights(OpBuilder &builder) {
    auto global = module.lookupSymbol<LLVM::GlobalOp>(kWeightsName);
    if (!global) {
      OpBuilder atStart = OpBuilder::atBlockBegin(module.getBody());
      global = LLVM::GlobalOp::create(
          atStart, module.getLoc(), IntegerType::get(context, 8),
          /*isConstant=*/true, LLVM::Linkage::External, kWeightsName,
          Attribute(), /*alignment=*/64);
    }
    if (!weights) {
      // Where all that follows can use it.
      OpBuilder::InsertionGuard guard(builder);
      if (builder.getInsertionBlock() != first)
        builder.setInsertionPointToStart(first);
      weights = LLVM::AddressOfOp::create(builder, module.getLoc(), global);
    }
    return weights;
  }

  Value getAddress(OpBuilder &builder, Location loc, Address address) {
    if (address.offset == 0)
      return address.base;
    return LLVM::GEPOp::create(
        builder, loc, ptr, IntegerType::get(context, 8), address.base,
        LLVM::GEPArg(constant(builder, loc, address.offset)));
  }

  Value constant(OpBuilder &builder, Location loc, int64_t value) {
    return LLVM::ConstantOp::create(builder, loc, i64,
                                    builder.getI64IntegerAttr(value));
  }

  ModuleOp module;
  MLIRContext *context;
  Type ptr, i64, i32;
  SymbolTableCollection tables;
  LLVM::LLVMFuncOp launchHelper;
  unsigned numEntries = 0;
  Value args, parallel, weights;
  /// The entry's first block: what is made there can be used everywhere.
  Block *first = nullptr;
  DenseMap<Value, Address> addresses;
};

struct ConvertArenaToLLVM
    : public conversion::impl::ConvertArenaToLLVMBase<ConvertArenaToLLVM> {
  void runOnOperation() override {
    // Modules of kernels alone have no entry.
    EntryBuilder builder(getOperation());
    for (auto func :
         llvm::make_early_inc_range(getOperation().getOps<func::FuncOp>()))
      if (!func.isExternal() && failed(builder.convert(func)))
        return signalPassFailure();
  }
};

} // namespace
