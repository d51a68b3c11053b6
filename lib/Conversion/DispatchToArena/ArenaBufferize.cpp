//===- ArenaBufferize.cpp - The graph function on buffers -----------------===//
//
// The graph at this level is simple: constants, empty tensors, reshapes and
// launches in one block. So this is a direct conversion rather than an instance
// of upstream's one-shot analysis: each tensor value gets a *storage* (an
// input, a constant, an output parameter or a buffer), reshapes share the
// storage of their source, and a launch's result takes over the storage of its
// outs operand if nobody needs the old contents any more.
//
//===----------------------------------------------------------------------===//

#include "Reshape.h"

#include "dlc/Conversion/Passes.h"
#include "dlc/Dialect/Arena/IR/Arena.h"
#include "dlc/Dialect/Dispatch/IR/Dispatch.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/IRMapping.h"
#include "llvm/Support/xxhash.h"

#include <functional>
#include <map>

namespace dlc::conversion {
#define GEN_PASS_DEF_ARENABUFFERIZE
#include "dlc/Conversion/Passes.h.inc"
} // namespace dlc::conversion

using namespace mlir;
using namespace dlc;

namespace {

/// Where a tensor lives.
struct Storage {
  enum class Kind { Input, Constant, Undefined, Buffer, Output };
  Kind kind;
  /// The value that defines it: an argument, a constant, an empty tensor, or
  /// the first result that was written into it.
  Value origin;
  /// Kind Output: which result of the function.
  unsigned result = 0;

  bool isWritable() const {
    return kind == Kind::Buffer || kind == Kind::Output;
  }
};

/// How a launch gets the storage of one outs operand.
enum class OutMode { Fresh, InPlace, Copy };

MemRefType toMemRef(Type type) {
  auto tensor = cast<RankedTensorType>(type);
  return MemRefType::get(tensor.getShape(), tensor.getElementType());
}

/// Builds arena.constant_pool with each distinct constant once.
class PoolBuilder {
public:
  explicit PoolBuilder(ModuleOp module) : module(module) {}

  /// The symbol of the constant of `op`, which is added if need be.
  FailureOr<SymbolRefAttr> add(arith::ConstantOp op) {
    auto value = dyn_cast<ElementsAttr>(op.getValue());
    auto known = symbols.find(op.getValue());
    if (known != symbols.end())
      return known->second;
    // A chain of hashes over the pieces; equal hashes are compared in full.
    uint64_t hash = 0;
    auto update = [&](ArrayRef<char> piece) {
      hash = hash * 31 + llvm::xxh3_64bits(ArrayRef(
                             reinterpret_cast<const uint8_t *>(piece.data()),
                             piece.size()));
    };
    if (!value || !arena::forEachConstantPiece(value, update))
      return op.emitError("this constant has no data of the size of its type ")
             << op.getType();
    int64_t bytes = arena::getByteSize(value.getShapedType());
    SmallVector<arena::ConstantOp> &alike = byHash[{bytes, hash}];
    for (arena::ConstantOp constant : alike)
      if (haveEqualBytes(constant.getValue(), value))
        return symbols[op.getValue()] = symbolOf(constant);

    if (!pool) {
      OpBuilder builder(module.getContext());
      pool = arena::ConstantPoolOp::create(builder, module.getLoc(), "weights",
                                           0, /*alignment=*/4096);
      SymbolTable(module).insert(pool, module.getBody()->begin());
    }
    OpBuilder builder = OpBuilder::atBlockEnd(&pool.getBody().front());
    int64_t offset = llvm::alignTo(pool.getSize(),
                                   arena::ConstantPoolOp::kConstantAlignment);
    auto constant = arena::ConstantOp::create(
        builder, op.getLoc(), ("w" + Twine(count++)).str(), offset, value);
    pool.setSize(offset + bytes);
    alike.push_back(constant);
    return symbols[op.getValue()] = symbolOf(constant);
  }

private:
  SymbolRefAttr symbolOf(arena::ConstantOp constant) {
    return SymbolRefAttr::get(pool.getSymNameAttr(),
                              {SymbolRefAttr::get(constant.getSymNameAttr())});
  }

  static bool haveEqualBytes(ElementsAttr a, ElementsAttr b) {
    // Attributes are streamed piece by piece, so gather one side's pieces: they
    // refer to memory of the attribute unless it is a splat, of which all
    // pieces are alike.
    auto splatOf = [](ElementsAttr attr) {
      auto dense = dyn_cast<DenseElementsAttr>(attr);
      return dense && dense.isSplat();
    };
    if (splatOf(a) != splatOf(b))
      return false; // stored twice at worst
    SmallVector<char, 0> first;
    bool isFirstPiece = true;
    if (splatOf(a)) {
      arena::forEachConstantPiece(a, [&](ArrayRef<char> piece) {
        if (isFirstPiece)
          first.assign(piece.begin(), piece.end());
        isFirstPiece = false;
      });
      bool equal = true;
      arena::forEachConstantPiece(b, [&](ArrayRef<char> piece) {
        equal &= piece == ArrayRef<char>(first).take_front(piece.size());
      });
      return equal;
    }
    bool equal = false;
    arena::forEachConstantPiece(a, [&](ArrayRef<char> whole) {
      arena::forEachConstantPiece(
          b, [&](ArrayRef<char> other) { equal = whole == other; });
    });
    return equal;
  }

  ModuleOp module;
  arena::ConstantPoolOp pool;
  unsigned count = 0;
  DenseMap<Attribute, SymbolRefAttr> symbols;
  std::map<std::pair<int64_t, uint64_t>, SmallVector<arena::ConstantOp>> byHash;
};

class GraphBufferizer {
public:
  GraphBufferizer(func::FuncOp func, PoolBuilder &pool)
      : func(func), pool(pool) {}

  LogicalResult run() {
    if (failed(analyze()))
      return failure();
    if (sinkInitializers()) {
      // What reads what has changed.
      readers.clear();
      if (failed(analyze()))
        return failure();
    }
    planLaunches();
    planResults();
    return rewrite();
  }

private:
  /// The value that `value` is a reshape of.
  static Value rootOf(Value value) {
    while (Operation *op = value.getDefiningOp()) {
      if (!isa<tensor::ExpandShapeOp, tensor::CollapseShapeOp>(op))
        break;
      value = op->getOperand(0);
    }
    return value;
  }

  Storage &storageOf(Value value) {
    return storages[ids.lookup(rootOf(value))];
  }

  /// Checks the form of the graph and notes which operations read each value.
  LogicalResult analyze() {
    if (!llvm::hasSingleElement(func.getBody()))
      return func.emitError("the graph function must have one block");
    for (BlockArgument arg : func.getArguments())
      if (failed(checkType(arg.getType(), func)))
        return failure();
    for (Operation &op : func.front()) {
      if (isa<func::ReturnOp>(op)) {
        for (Value operand : op.getOperands())
          readers[rootOf(operand)].push_back(&op);
        continue;
      }
      for (Type type : op.getResultTypes())
        if (failed(checkType(type, &op)))
          return failure();
      if (isa<arith::ConstantOp, tensor::EmptyOp, tensor::ExpandShapeOp,
              tensor::CollapseShapeOp>(op))
        continue;
      auto launch = dyn_cast<dispatch::LaunchOp>(op);
      if (!launch && !isa<dispatch::LoopOp>(op))
        return op.emitOpError("became part of no kernel: it cannot be given "
                              "memory");
      if (op.getNumResults() == 0 ||
          (launch && launch.getNumResults() != launch.getOuts().size()))
        return op.emitOpError("must be on tensors");
      for (Value operand : op.getOperands())
        readers[rootOf(operand)].push_back(&op);
    }
    return success();
  }

  /// Launches without inputs that start a new buffer, such as the zeroed border
  /// of a padded tensor, run again right before each launch that writes on into
  /// their result: that is cheaper than to copy the buffer where several share
  /// one, and it lives shorter. Returns whether anything changed.
  bool sinkInitializers() {
    bool changed = false;
    for (auto launch :
         llvm::to_vector(func.front().getOps<dispatch::LaunchOp>()))
      if (launch.getIns().empty() && launch.getOuts().size() == 1 &&
          rootOf(launch.getOuts().front()).getDefiningOp<tensor::EmptyOp>())
        changed |= sinkInitializer(launch);
    return changed;
  }

  static bool sinkInitializer(dispatch::LaunchOp launch) {
    // The operands that continue the result, with the reshapes on the way.
    struct Continuation {
      OpOperand *operand;
      SmallVector<Operation *> reshapes;
    };
    SmallVector<Continuation> continuations;
    SmallVector<Operation *> reshapes, path;
    std::function<void(Value)> visit = [&](Value value) {
      for (OpOperand &use : value.getUses()) {
        Operation *user = use.getOwner();
        if (isa<tensor::ExpandShapeOp, tensor::CollapseShapeOp>(user)) {
          reshapes.push_back(user);
          path.push_back(user);
          visit(user->getResult(0));
          path.pop_back();
        } else if (auto next = dyn_cast<dispatch::LaunchOp>(user);
                   next && next.isDpsInit(&use)) {
          continuations.push_back({&use, path});
        }
      }
    };
    visit(launch.getResult(0));
    for (Continuation &continuation : continuations) {
      OpBuilder builder(continuation.operand->getOwner());
      Operation *copy = builder.clone(*launch);
      for (Operation *reshape : continuation.reshapes) {
        IRMapping mapping;
        mapping.map(reshape->getOperand(0), copy->getResult(0));
        copy = builder.clone(*reshape, mapping);
      }
      continuation.operand->set(copy->getResult(0));
    }
    for (Operation *reshape : llvm::reverse(reshapes))
      if (reshape->use_empty())
        reshape->erase();
    if (!continuations.empty() && launch->use_empty())
      launch->erase();
    return !continuations.empty();
  }

  static LogicalResult checkType(Type type, Operation *op) {
    auto tensor = dyn_cast<RankedTensorType>(type);
    if (tensor && tensor.hasStaticShape() && !tensor.getEncoding() &&
        arena::getElementByteSize(tensor.getElementType()) > 0)
      return success();
    return op->emitError("values of the graph must be tensors of numbers with "
                         "static shapes, got ")
           << type;
  }

  unsigned addStorage(Storage::Kind kind, Value origin) {
    storages.push_back({kind, origin});
    return storages.size() - 1;
  }

  /// Decides which launches work in place and which copy first.
  void planLaunches() {
    for (BlockArgument arg : func.getArguments())
      ids[arg] = addStorage(Storage::Kind::Input, arg);
    for (Operation &op : func.front()) {
      if (isa<arith::ConstantOp>(op))
        ids[op.getResult(0)] =
            addStorage(Storage::Kind::Constant, op.getResult(0));
      if (isa<tensor::EmptyOp>(op))
        ids[op.getResult(0)] =
            addStorage(Storage::Kind::Undefined, op.getResult(0));
      if (isa<dispatch::LoopOp>(op))
        for (OpResult result : op.getResults())
          ids[result] = addStorage(Storage::Kind::Buffer, result);
      auto launch = dyn_cast<dispatch::LaunchOp>(op);
      if (!launch)
        continue;
      for (auto [out, result] :
           llvm::zip_equal(launch.getOuts(), launch.getResults())) {
        OutMode mode = getOutMode(launch, out);
        modes[result] = mode;
        ids[result] = mode == OutMode::InPlace
                          ? ids.lookup(rootOf(out))
                          : addStorage(Storage::Kind::Buffer, result);
      }
    }
  }

  OutMode getOutMode(dispatch::LaunchOp launch, Value out) {
    Value root = rootOf(out);
    Storage &storage = storageOf(out);
    if (storage.kind == Storage::Kind::Undefined)
      return OutMode::Fresh;
    if (!storage.isWritable())
      return OutMode::Copy;
    // The old contents may be read by earlier launches only, and by this one
    // through this operand only. (Whether the same contents may also come in
    // by another operand is the matter of in-place kernels.)
    unsigned here = 0;
    for (Operation *reader : readers[root]) {
      if (reader == launch)
        ++here;
      else if (!reader->isBeforeInBlock(launch))
        return OutMode::Copy;
    }
    return here == 1 ? OutMode::InPlace : OutMode::Copy;
  }

  /// Lets results of the function be computed where the caller wants them.
  void planResults() {
    auto ret = cast<func::ReturnOp>(func.front().getTerminator());
    for (auto [index, value] : llvm::enumerate(ret.getOperands())) {
      Storage &storage = storageOf(value);
      if (storage.kind != Storage::Kind::Buffer)
        continue; // copied, as is the second use of one value as a result
      storage.kind = Storage::Kind::Output;
      storage.result = index;
    }
  }

  /// The memref that holds `value`.
  Value get(OpBuilder &builder, Value value) {
    Value &memref = memrefs[value];
    if (memref)
      return memref;
    // An empty tensor that is read: any contents will do.
    Value root = rootOf(value);
    if (!memrefs.lookup(root))
      memrefs[root] = memref::AllocOp::create(builder, root.getLoc(),
                                              toMemRef(root.getType()));
    Value result =
        conversion::reshapeMemRef(builder, value.getLoc(), memrefs[root],
                                  toMemRef(value.getType()).getShape());
    return memrefs[value] = result;
  }

  /// Memory for a result: the buffer that a launch or a copy writes first.
  Value makeBuffer(OpBuilder &builder, OpResult result) {
    const Storage &storage = storageOf(result);
    MemRefType type = toMemRef(result.getType());
    if (storage.kind == Storage::Kind::Output)
      return conversion::reshapeMemRef(
          builder, result.getLoc(), outputs[storage.result], type.getShape());
    return memref::AllocOp::create(builder, result.getLoc(), type);
  }

  LogicalResult rewrite() {
    Block &block = func.front();
    auto ret = cast<func::ReturnOp>(block.getTerminator());
    addOutputs(ret);

    OpBuilder builder(func.getContext());
    for (Operation &op : llvm::make_early_inc_range(block)) {
      builder.setInsertionPoint(&op);
      LogicalResult rewritten = success();
      if (auto launch = dyn_cast<dispatch::LaunchOp>(op))
        rewritten = rewriteLaunch(builder, launch);
      else if (auto loop = dyn_cast<dispatch::LoopOp>(op))
        rewritten = rewriteLoop(builder, loop);
      if (failed(rewritten))
        return failure();
    }
    builder.setInsertionPoint(ret);
    for (auto [index, value] : llvm::enumerate(ret.getOperands())) {
      const Storage &storage = storageOf(value);
      if (storage.kind == Storage::Kind::Undefined ||
          (storage.kind == Storage::Kind::Output && storage.result == index))
        continue;
      if (failed(materializeConstant(builder, value)))
        return failure();
      memref::CopyOp::create(builder, value.getLoc(), get(builder, value),
                             outputs[index]);
    }
    func::ReturnOp::create(builder, ret.getLoc());
    ret.erase();
    for (Operation &op : llvm::make_early_inc_range(llvm::reverse(block)))
      if (isa<arith::ConstantOp, tensor::EmptyOp, tensor::ExpandShapeOp,
              tensor::CollapseShapeOp>(op) ||
          (isa<dispatch::LaunchOp, dispatch::LoopOp>(op) &&
           op.getNumResults() > 0))
        op.erase();

    block.eraseArguments(0, numInputs);
    return success();
  }

  /// Gives the function its new type: results become parameters. The old
  /// arguments stay in front until the body is rewritten.
  void addOutputs(func::ReturnOp ret) {
    Block &block = func.front();
    FunctionType type = func.getFunctionType();
    SmallVector<Type> params;
    SmallVector<DictionaryAttr> attrs;
    for (BlockArgument arg : func.getArguments()) {
      params.push_back(toMemRef(arg.getType()));
      attrs.push_back(func.getArgAttrDict(arg.getArgNumber()));
    }
    StringAttr outputAttr = StringAttr::get(func.getContext(), "dlc.output");
    for (auto [index, result] : llvm::enumerate(type.getResults())) {
      params.push_back(toMemRef(result));
      NamedAttrList list(func.getResultAttrDict(index));
      list.set(outputAttr, UnitAttr::get(func.getContext()));
      attrs.push_back(list.getDictionary(func.getContext()));
    }
    SmallVector<BlockArgument> old(func.getArguments());
    for (BlockArgument arg : old) {
      Value memref = block.addArgument(toMemRef(arg.getType()), arg.getLoc());
      memrefs[arg] = memref;
    }
    numInputs = old.size();
    for (auto [result, value] :
         llvm::zip_equal(type.getResults(), ret.getOperands()))
      outputs.push_back(block.addArgument(toMemRef(result), value.getLoc()));
    func.removeResAttrsAttr();
    func.setFunctionType(FunctionType::get(func.getContext(), params, {}));
    func.setAllArgAttrs(attrs);
  }

  /// Adds the constant that `value` is, if it is one, to the pool.
  LogicalResult materializeConstant(OpBuilder &builder, Value value) {
    Value root = rootOf(value);
    auto constant = root.getDefiningOp<arith::ConstantOp>();
    if (!constant || memrefs.lookup(root))
      return success();
    FailureOr<SymbolRefAttr> symbol = pool.add(constant);
    if (failed(symbol))
      return failure();
    // At the constant, since later launches may read it as well.
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPoint(constant);
    memrefs[root] = arena::ConstantViewOp::create(
        builder, constant.getLoc(), toMemRef(root.getType()), *symbol);
    return success();
  }

  LogicalResult rewriteLaunch(OpBuilder &builder, dispatch::LaunchOp launch) {
    for (Value operand : launch.getOperands())
      if (failed(materializeConstant(builder, operand)))
        return failure();
    SmallVector<Value> ins, outs;
    for (Value in : launch.getIns())
      ins.push_back(get(builder, in));
    for (auto [out, result] :
         llvm::zip_equal(launch.getOuts(), launch.getResults())) {
      OutMode mode = modes.lookup(result);
      Value buffer;
      if (mode == OutMode::InPlace) {
        buffer = get(builder, out);
      } else {
        buffer = makeBuffer(builder, cast<OpResult>(result));
        if (mode == OutMode::Copy)
          memref::CopyOp::create(builder, launch.getLoc(), get(builder, out),
                                 buffer);
      }
      outs.push_back(buffer);
      memrefs[result] = buffer;
    }
    auto converted =
        dispatch::LaunchOp::create(builder, launch.getLoc(), TypeRange(),
                                   launch.getKernelAttr(), ins, outs);
    converted->setDiscardableAttrs(launch->getDiscardableAttrDictionary());
    return success();
  }

  LogicalResult rewriteLoop(OpBuilder &builder, dispatch::LoopOp loop) {
    for (Value operand : loop.getOperands())
      if (failed(materializeConstant(builder, operand)))
        return failure();
    auto getAll = [&](ValueRange values) {
      SmallVector<Value> all;
      for (Value value : values)
        all.push_back(get(builder, value));
      return all;
    };
    SmallVector<Value> carried = getAll(loop.getCarried()),
                       sliced = getAll(loop.getSliced()),
                       invariant = getAll(loop.getInvariant()), outs, spares;
    for (OpResult result : loop->getResults()) {
      outs.push_back(makeBuffer(builder, result));
      memrefs[result] = outs.back();
    }
    if (loop.getTrips() > 1)
      for (Value state : carried)
        spares.push_back(memref::AllocOp::create(
            builder, loop.getLoc(), cast<MemRefType>(state.getType())));
    auto converted = dispatch::LoopOp::create(
        builder, loop.getLoc(), TypeRange(), loop.getBody(), loop.getTrips(),
        carried, sliced, invariant, outs, spares, Value(), loop.getReversed(),
        loop.getStackedReversed());
    converted->setDiscardableAttrs(loop->getDiscardableAttrDictionary());
    converted->setDiscardableAttrs(loop->getDiscardableAttrDictionary());
    return success();
  }

  func::FuncOp func;
  PoolBuilder &pool;
  DenseMap<Value, SmallVector<Operation *>> readers; // by root
  DenseMap<Value, unsigned> ids;                     // by root, into storages
  SmallVector<Storage> storages;
  DenseMap<Value, OutMode> modes; // by result of a launch
  DenseMap<Value, Value> memrefs; // by tensor
  SmallVector<Value> outputs;
  unsigned numInputs = 0;
};

struct ArenaBufferize
    : public conversion::impl::ArenaBufferizeBase<ArenaBufferize> {
  void runOnOperation() override {
    PoolBuilder pool(getOperation());
    for (auto func : getOperation().getOps<func::FuncOp>())
      if (!func.isExternal() && failed(GraphBufferizer(func, pool).run()))
        return signalPassFailure();
  }
};

} // namespace
