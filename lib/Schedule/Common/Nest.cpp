//===- Nest.cpp - Kernels as loop nests with linear accesses --------------===//

#include "dlc/Schedule/Common/Nest.h"

#include "dlc/Dialect/Dispatch/IR/Limits.h"
#include "dlc/Dialect/Dispatch/Transforms/SharedLoops.h"

#include "mlir/Dialect/Linalg/Utils/Utils.h"

using namespace mlir;
using namespace dlc;
using namespace dlc::schedule;

int64_t KernelPlan::scratchBytes() const {
  int64_t bytes = 0;
  for (const Buffer &buffer : buffers)
    if (buffer.argument < 0)
      bytes += buffer.elements *
               llvm::divideCeil(buffer.element.getIntOrFloatBitWidth(), 8);
  return bytes;
}

void Nest::forEachAccess(llvm::function_ref<void(Access &)> fn) {
  for (Stage &stage : stages) {
    for (Input &input : stage.inputs)
      if (input.kind == Input::Memory)
        fn(input.access);
    for (Output &output : stage.outputs) {
      if (output.store)
        fn(*output.store);
      if (output.load)
        fn(*output.load);
    }
  }
}

/// Value of an affine expression at a point.
static int64_t evaluate(AffineExpr expr, ArrayRef<int64_t> point) {
  if (auto dim = dyn_cast<AffineDimExpr>(expr))
    return point[dim.getPosition()];
  if (auto constant = dyn_cast<AffineConstantExpr>(expr))
    return constant.getValue();
  auto binary = cast<AffineBinaryOpExpr>(expr);
  int64_t lhs = evaluate(binary.getLHS(), point);
  int64_t rhs = evaluate(binary.getRHS(), point);
  switch (expr.getKind()) {
  case AffineExprKind::Add:
    return lhs + rhs;
  case AffineExprKind::Mul:
    return lhs * rhs;
  case AffineExprKind::FloorDiv:
    return llvm::divideFloorSigned(lhs, rhs);
  case AffineExprKind::CeilDiv:
    return llvm::divideCeilSigned(lhs, rhs);
  default:
    return ((lhs % rhs) + rhs) % rhs;
  }
}

/// Finds the one loop that `map` splits into panels (`d floordiv T`, `d mod
/// T`). Fails on any other non-linear expression.
static LogicalResult findPanel(AffineMap map, int &loop, int64_t &panel) {
  LogicalResult ok = success();
  for (AffineExpr result : map.getResults())
    result.walk([&](AffineExpr expr) {
      if (isa<AffineSymbolExpr>(expr))
        ok = failure();
      AffineExprKind kind = expr.getKind();
      if (kind == AffineExprKind::Mul) {
        if (!isa<AffineConstantExpr>(cast<AffineBinaryOpExpr>(expr).getRHS()))
          ok = failure();
        return;
      }
      if (kind != AffineExprKind::FloorDiv && kind != AffineExprKind::Mod)
        return;
      auto binary = cast<AffineBinaryOpExpr>(expr);
      auto dim = dyn_cast<AffineDimExpr>(binary.getLHS());
      auto tile = dyn_cast<AffineConstantExpr>(binary.getRHS());
      if (!dim || !tile || (loop >= 0 && loop != int(dim.getPosition())) ||
          (panel && panel != tile.getValue())) {
        ok = failure();
        return;
      }
      loop = dim.getPosition();
      panel = tile.getValue();
    });
  return ok;
}

namespace {

/// Builds the plan of one kernel.
class Planner {
public:
  explicit Planner(dispatch::KernelOp kernel) : kernel(kernel) {}
  FailureOr<KernelPlan> run();

private:
  LogicalResult collectOps();
  void placeArguments();
  LogicalResult placeResults();
  LogicalResult placeScratch();
  std::optional<Placement> placementOf(Value value);
  FailureOr<Access> makeAccess(linalg::LinalgOp op, AffineMap map,
                               const Placement &place, ArrayRef<int> loopOf,
                               unsigned numLoops);
  LogicalResult addNest(linalg::LinalgOp op);
  bool joins(linalg::LinalgOp op, SmallVector<int> &loopOf);
  LogicalResult addStage(linalg::LinalgOp op, SmallVector<int> loopOf,
                         bool first);
  LogicalResult addOutput(Stage &stage, linalg::LinalgOp op, OpOperand &init,
                          OpResult result);
  std::optional<Placement> placeOfDeadOperand(linalg::LinalgOp op,
                                              OpResult result);
  void readRowTile();
  void addRowLoops();
  void findSharedLimits();
  void findInplace();
  bool mayShare(unsigned in, unsigned out);
  /// Whether `result` is needed in memory, and not only in registers.
  bool neededInMemory(OpResult result);

  dispatch::KernelOp kernel;
  KernelPlan plan;
  SmallVector<linalg::LinalgOp> ops;
  dispatch::SharedLoops sharedLoops;
  /// The shared loop that is cut, or -1.
  int tiledLoop = -1;
  int64_t tileRows = 1;
  DenseMap<Value, Placement> places;
  /// Which nest and stage makes a value.
  DenseMap<Value, std::pair<unsigned, unsigned>> madeBy;
};

} // namespace

static SmallVector<int64_t> rowMajor(ArrayRef<int64_t> shape) {
  SmallVector<int64_t> strides(shape.size(), 1);
  for (int64_t i = int64_t(shape.size()) - 2; i >= 0; --i)
    strides[i] = strides[i + 1] * shape[i + 1];
  return strides;
}

/// A fill whose result only starts reductions: no stage of its own.
static bool isOnlyInit(Operation *op) {
  auto fill = dyn_cast<linalg::FillOp>(op);
  if (!fill || fill->use_empty())
    return false;
  return llvm::all_of(fill->getUses(), [](OpOperand &use) {
    auto dps = dyn_cast<linalg::LinalgOp>(use.getOwner());
    return dps && dps.isDpsInit(&use);
  });
}

LogicalResult Planner::collectOps() {
  Block &block = kernel.getBody().front();
  SmallVector<Operation *> group;
  for (Operation &op : block) {
    if (auto structured = dyn_cast<linalg::LinalgOp>(op)) {
      if (structured.hasDynamicShape())
        return op.emitOpError("scheduling needs static shapes");
      group.push_back(&op);
      if (!isOnlyInit(&op))
        ops.push_back(structured);
      continue;
    }
    if (!isa<arith::ConstantOp, tensor::EmptyOp, tensor::ExtractSliceOp,
             tensor::InsertSliceOp, dispatch::ReturnOp>(op))
      return op.emitOpError("is not allowed in a kernel that is scheduled");
  }
  if (ops.empty())
    return kernel.emitOpError("has no structured operation to schedule");
  if (auto shared = dispatch::analyzeSharedLoops(group))
    sharedLoops = *shared;
  return success();
}

void Planner::placeArguments() {
  for (auto [index, arg] : llvm::enumerate(kernel.getBody().getArguments())) {
    auto type = cast<RankedTensorType>(arg.getType());
    plan.buffers.push_back(
        {type.getElementType(), type.getNumElements(), int(index)});
    places[arg] = {unsigned(index), 0, rowMajor(type.getShape())};
  }
}

/// The placement of a slice of a placed tensor.
static Placement sliceOf(const Placement &whole, ArrayRef<int64_t> offsets,
                         ArrayRef<int64_t> strides,
                         const llvm::SmallBitVector &dropped) {
  Placement place{whole.buffer, whole.offset, {}};
  for (unsigned d = 0; d < offsets.size(); ++d) {
    place.offset += offsets[d] * whole.strides[d];
    if (!dropped.test(d))
      place.strides.push_back(strides[d] * whole.strides[d]);
  }
  return place;
}

std::optional<Placement> Planner::placementOf(Value value) {
  if (auto it = places.find(value); it != places.end())
    return it->second;
  if (auto slice = value.getDefiningOp<tensor::ExtractSliceOp>())
    if (auto whole = placementOf(slice.getSource()))
      return sliceOf(*whole, slice.getStaticOffsets(), slice.getStaticStrides(),
                     slice.getDroppedDims());
  return std::nullopt;
}

/// Results that the kernel returns lie in its outputs.
LogicalResult Planner::placeResults() {
  auto ret = cast<dispatch::ReturnOp>(kernel.getBody().front().getTerminator());
  for (auto [index, value] : llvm::enumerate(ret.getValues())) {
    Value arg = kernel.getBody().getArgument(kernel.getNumIns() + index);
    SmallVector<std::pair<Value, Placement>> pending = {{value, places[arg]}};
    while (!pending.empty()) {
      auto [current, place] = pending.pop_back_val();
      if (current == arg)
        continue;
      if (auto insert = current.getDefiningOp<tensor::InsertSliceOp>()) {
        places[current] = place;
        pending.push_back({insert.getDest(), place});
        pending.push_back(
            {insert.getSource(),
             sliceOf(place, insert.getStaticOffsets(),
                     insert.getStaticStrides(), insert.getDroppedDims())});
        continue;
      }
      auto op = current.getDefiningOp<linalg::LinalgOp>();
      if (!op)
        return ret.emitOpError("returns a value that no structured operation "
                               "of the kernel makes");
      if (places.count(current))
        return ret.emitOpError("returns one value twice");
      places[current] = place;
      // What the result starts from is the same memory.
      Value init = op.getTiedOpOperand(cast<OpResult>(current))->get();
      if (init.getDefiningOp<linalg::LinalgOp>() ||
          init.getDefiningOp<tensor::InsertSliceOp>())
        if (!isOnlyInit(init.getDefiningOp()))
          pending.push_back({init, place});
    }
  }
  return success();
}

bool Planner::neededInMemory(OpResult result) {
  auto [nest, stage] = madeBy.lookup(result);
  for (Operation *user : result.getUsers()) {
    auto op = dyn_cast<linalg::LinalgOp>(user);
    if (!op)
      return true;
    if (isOnlyInit(op))
      continue;
    auto it = madeBy.find(op->getResult(0));
    if (it == madeBy.end() || it->second.first != nest)
      return true;
  }
  return false;
}

/// The scratch memory of an operand that `result` may take: where each element
/// is computed from the one in the same place, and nobody else reads that then
/// or later.
std::optional<Placement> Planner::placeOfDeadOperand(linalg::LinalgOp op,
                                                     OpResult result) {
  if (op.getNumReductionLoops() != 0 || op->getNumResults() != 1)
    return std::nullopt;
  AffineMap map = op.getMatchingIndexingMap(op.getDpsInitOperand(0));
  for (OpOperand *operand : op.getDpsInputOperands()) {
    Value value = operand->get();
    auto place = places.find(value);
    if (value.getType() != result.getType() || place == places.end() ||
        plan.buffers[place->second.buffer].argument >= 0 ||
        !madeBy.count(value) || op.getMatchingIndexingMap(operand) != map)
      continue;
    unsigned nest = madeBy.at(result).first;
    if (llvm::all_of(value.getUses(), [&](OpOperand &use) {
          if (&use == operand)
            return true;
          Operation *reader = use.getOwner();
          return isa<linalg::LinalgOp>(reader) && reader->getNumResults() &&
                 madeBy.count(reader->getResult(0)) &&
                 madeBy.at(reader->getResult(0)).first < nest;
        }))
      return place->second;
  }
  return std::nullopt;
}

/// Gives every result that is read in another nest, and is not returned,
/// scratch memory of what one iteration of the shared loops needs.
LogicalResult Planner::placeScratch() {
  for (linalg::LinalgOp op : ops)
    for (OpResult result : op->getResults()) {
      if (places.count(result) || !neededInMemory(result))
        continue;
      if (auto place = placeOfDeadOperand(op, result)) {
        places[result] = *place;
        continue;
      }
      auto type = cast<RankedTensorType>(result.getType());
      SmallVector<int64_t> shape(type.getShape());
      SmallVector<int> sharedOf(shape.size(), -1);
      if (!plan.shared.empty())
        if (const auto *entry = sharedLoops.getIntermediate(result)) {
          shape = entry->shape;
          sharedOf = entry->sharedLoopOfDim;
        }
      for (unsigned d = 0; d < shape.size(); ++d)
        if (sharedOf[d] >= 0 && sharedOf[d] == tiledLoop)
          shape[d] = tileRows;
      Placement place{unsigned(plan.buffers.size()), 0, rowMajor(shape)};
      for (unsigned d = 0; d < shape.size(); ++d)
        if (sharedOf[d] >= 0 && sharedOf[d] != tiledLoop)
          place.strides[d] = 0;
      int64_t elements = 1;
      for (int64_t extent : shape)
        elements *= extent;
      plan.buffers.push_back({type.getElementType(), elements, -1});
      places[result] = place;
    }
  return success();
}

FailureOr<Access> Planner::makeAccess(linalg::LinalgOp op, AffineMap map,
                                      const Placement &place,
                                      ArrayRef<int> loopOf, unsigned numLoops) {
  Access access;
  access.buffer = place.buffer;
  access.coef.assign(numLoops, 0);
  int panelDim = -1;
  if (failed(findPanel(map, panelDim, access.panel)))
    return op.emitOpError("has an indexing map the scheduler can't use: ")
           << AffineMapAttr::get(map);
  auto at = [&](ArrayRef<int64_t> point) {
    int64_t address = place.offset;
    for (auto [expr, stride] : llvm::zip_equal(map.getResults(), place.strides))
      address += stride * evaluate(expr, point);
    return address;
  };
  SmallVector<int64_t> point(map.getNumDims(), 0);
  access.base = at(point);
  for (unsigned d = 0; d < map.getNumDims(); ++d) {
    if (loopOf[d] < 0)
      continue;
    point[d] = 1;
    access.coef[loopOf[d]] += at(point) - access.base;
    if (int(d) == panelDim) {
      access.panelLoop = loopOf[d];
      point[d] = access.panel;
      access.panelCoef = at(point) - access.base;
      if (access.panel == 1)
        access.coef[loopOf[d]] = 0;
    }
    point[d] = 0;
  }
  return access;
}

/// Loops of the nest have a limit if all stages with that loop have the same.
static void joinLimits(linalg::LinalgOp op, ArrayRef<int> loopOf, Nest &nest,
                       bool first) {
  SmallVector<std::optional<Limit>> limits(nest.loops.size());
  for (const dispatch::LoopLimit &limit : dispatch::getLoopLimits(op))
    if (int loop = loopOf[limit.loop]; loop >= 0)
      limits[loop] = Limit{unsigned(limit.extent), limit.element, limit.scale,
                           limit.offset};
  if (auto pieces = op->getAttrOfType<DenseI64ArrayAttr>(kPiecesAttrName))
    if (int loop = loopOf[pieces[0]]; loop >= 0 && limits[loop]) {
      limits[loop]->piece = loopOf[pieces[1]];
      limits[loop]->pieceLength = pieces[2];
    }
  llvm::SmallBitVector hasLoop(nest.loops.size());
  for (int loop : loopOf)
    if (loop >= 0)
      hasLoop.set(loop);
  for (auto [l, loop] : llvm::enumerate(nest.loops)) {
    if (first)
      loop.limit = limits[l];
    else if (hasLoop.test(l) && loop.limit != limits[l])
      loop.limit.reset();
  }
}

/// Marks loops whose index the body of `op` uses.
static void markIndexed(linalg::LinalgOp op, ArrayRef<int> loopOf, Nest &nest) {
  op->walk([&](linalg::IndexOp index) {
    if (int loop = loopOf[index.getDim()]; loop >= 0)
      nest.loops[loop].indexed = true;
  });
}

LogicalResult Planner::addOutput(Stage &stage, linalg::LinalgOp op,
                                 OpOperand &init, OpResult result) {
  Nest &nest = plan.nests.back();
  Output output;
  AffineMap map = op.getMatchingIndexingMap(&init);
  if (auto place = places.find(result); place != places.end()) {
    auto access =
        makeAccess(op, map, place->second, stage.loopOf, nest.loops.size());
    if (failed(access))
      return failure();
    output.store = *access;
  }
  if (op.payloadUsesValueFromOperand(&init)) {
    Attribute constant;
    if (auto fill = init.get().getDefiningOp<linalg::FillOp>();
        fill && matchPattern(fill.getInputs()[0], m_Constant(&constant))) {
      output.init = cast<TypedAttr>(constant);
    } else if (auto place = placementOf(init.get())) {
      auto access =
          makeAccess(op, map, *place, stage.loopOf, nest.loops.size());
      if (failed(access))
        return failure();
      output.load = *access;
    } else {
      return op.emitOpError("reads an init that has no defined value");
    }
  }
  stage.outputs.push_back(std::move(output));
  return success();
}

LogicalResult Planner::addStage(linalg::LinalgOp op, SmallVector<int> loopOf,
                                bool first) {
  Nest &nest = plan.nests.back();
  Stage stage;
  stage.op = op;
  stage.loopOf = loopOf;
  for (OpOperand *operand : op.getDpsInputOperands()) {
    Input input;
    Value value = operand->get();
    auto maker = madeBy.find(value);
    if (!op.payloadUsesValueFromOperand(operand)) {
      input.kind = Input::Unused;
    } else if (!isa<RankedTensorType>(value.getType())) {
      input.kind = Input::Scalar;
      input.scalar = value;
    } else if (!first && maker != madeBy.end() &&
               maker->second.first == plan.nests.size() - 1) {
      input.kind = Input::Register;
      input.stage = maker->second.second;
      input.result = cast<OpResult>(value).getResultNumber();
    } else if (auto place = placementOf(value)) {
      auto access = makeAccess(op, op.getMatchingIndexingMap(operand), *place,
                               loopOf, nest.loops.size());
      if (failed(access))
        return failure();
      input.access = *access;
    } else {
      return op.emitOpError("reads a value that has no place in memory");
    }
    stage.inputs.push_back(std::move(input));
  }
  for (auto [init, result] :
       llvm::zip_equal(op.getDpsInitsMutable(), op->getResults()))
    if (failed(addOutput(stage, op, init, result)))
      return failure();
  markIndexed(op, loopOf, nest);
  joinLimits(op, loopOf, nest, first);
  LogicalResult ok = success();
  op->walk([&](tensor::ExtractOp extract) {
    if (auto place = placementOf(extract.getTensor()))
      stage.gathers[extract] = *place;
    else
      ok = extract.emitOpError("reads a value that has no place in memory");
  });
  if (failed(ok))
    return failure();
  nest.stages.push_back(std::move(stage));
  return success();
}

/// Whether `op` can follow the last nest's stages in registers: it runs over
/// exactly that nest's parallel loops, of which all are shared where it reads
/// no result of these stages. Returns how the loops correspond.
bool Planner::joins(linalg::LinalgOp op, SmallVector<int> &loopOf) {
  if (plan.nests.empty() || op.getNumReductionLoops() != 0)
    return false;
  Nest &nest = plan.nests.back();
  unsigned current = plan.nests.size() - 1;
  loopOf.assign(op.getNumLoops(), -2);
  SmallVector<int64_t> extents = op.getStaticLoopRanges();
  bool connected = false;
  for (OpOperand *operand : op.getDpsInputOperands()) {
    auto it = madeBy.find(operand->get());
    if (it == madeBy.end() || it->second.first != current)
      continue;
    connected = true;
    Stage &producer = nest.stages[it->second.second];
    auto result = cast<OpResult>(operand->get());
    AffineMap read = op.getMatchingIndexingMap(operand);
    AffineMap write = producer.op.getMatchingIndexingMap(
        producer.op.getDpsInitOperand(result.getResultNumber()));
    for (auto [r, w] : llvm::zip_equal(read.getResults(), write.getResults())) {
      auto readDim = dyn_cast<AffineDimExpr>(r);
      auto writeDim = dyn_cast<AffineDimExpr>(w);
      if (isa<AffineConstantExpr>(r) && isa<AffineConstantExpr>(w))
        continue;
      if (!readDim || !writeDim)
        return false;
      int loop = producer.loopOf[writeDim.getPosition()];
      int &mine = loopOf[readDim.getPosition()];
      if (mine != -2 && mine != loop)
        return false;
      mine = loop;
    }
  }
  // A value of this nest that is read as an init must be read in memory.
  for (Value init : op.getDpsInits())
    if (auto it = madeBy.find(init);
        it != madeBy.end() && it->second.first == current)
      return false;
  // What computes element by element need not read the other's results.
  if (!connected) {
    const Stage &first = nest.stages.front();
    if (nest.hasReduction() || sharedLoops.getNumShared() == 0 ||
        !isa<linalg::GenericOp>(op) || !isa<linalg::GenericOp>(first.op))
      return false;
    for (auto [mine, its] : llvm::zip_equal(sharedLoops.getLoopsOf(op),
                                            sharedLoops.getLoopsOf(first.op)))
      if (mine >= 0 && its >= 0)
        loopOf[mine] = first.loopOf[its];
  }
  llvm::SmallBitVector covered(nest.loops.size());
  for (unsigned d = 0; d < loopOf.size(); ++d) {
    if (extents[d] == 1 && loopOf[d] == -2)
      loopOf[d] = -1;
    if (loopOf[d] == -2)
      return false;
    if (loopOf[d] < 0)
      continue;
    // Two loops of `op` along one of the nest (an outer product of a value with
    // itself) would run over the diagonal only.
    if (covered.test(loopOf[d]))
      return false;
    covered.set(loopOf[d]);
  }
  for (unsigned l = 0; l < nest.loops.size(); ++l)
    if (!nest.loops[l].reduction && !covered.test(l))
      return false;
  return true;
}

LogicalResult Planner::addNest(linalg::LinalgOp op) {
  Nest nest;
  SmallVector<int> loopOf;
  SmallVector<int64_t> extents = op.getStaticLoopRanges();
  ArrayRef<int> sharedOf;
  if (!plan.shared.empty())
    sharedOf = sharedLoops.getLoopsOf(op);
  for (auto [index, kind] : llvm::enumerate(op.getIteratorTypesArray())) {
    Loop loop;
    loop.extent = extents[index];
    loop.reduction = kind == utils::IteratorType::reduction;
    for (auto [shared, mine] : llvm::enumerate(sharedOf))
      if (mine == int(index))
        loop.shared = shared;
    if (loop.extent == 1 && loop.shared < 0) {
      loopOf.push_back(-1);
      continue;
    }
    loopOf.push_back(nest.loops.size());
    nest.loops.push_back(loop);
  }
  plan.nests.push_back(std::move(nest));
  return addStage(op, loopOf, /*first=*/true);
}

/// Whether a read and a write of one nest are always of the same address.
static bool sameAddress(const Access &read, const Access &write) {
  return read.base == write.base && read.coef == write.coef &&
         read.panelLoop < 0 && write.panelLoop < 0;
}

/// What one work item touches through `access`: the first address at work item
/// zero, the steps of the shared loops, and the distance to the last address.
static std::tuple<int64_t, std::vector<int64_t>, int64_t>
itemFootprint(const Access &access, const Nest &nest, unsigned numShared) {
  std::vector<int64_t> steps(numShared, 0);
  int64_t span = 0;
  for (auto [coef, loop] : llvm::zip_equal(access.coef, nest.loops)) {
    if (loop.shared >= 0)
      steps[loop.shared] = coef;
    else
      span += std::abs(coef) * (loop.extent - 1);
  }
  return {access.base, steps, span};
}

/// Whether input `in` may be the same memory as output `out`: no work item
/// reads an address of the input after one has been written there.
bool Planner::mayShare(unsigned in, unsigned out) {
  const Access *write = nullptr;
  unsigned writer = 0, writerStage = 0;
  for (auto [n, nest] : llvm::enumerate(plan.nests))
    for (auto [s, stage] : llvm::enumerate(nest.stages))
      for (Output &output : stage.outputs) {
        if (output.load && output.load->buffer == in)
          return false;
        if (!output.store || output.store->buffer != out)
          continue;
        if (write)
          return false;
        write = &*output.store;
        writer = n;
        writerStage = s;
      }
  if (!write)
    return false;
  bool reads = false;
  Value argument = kernel.getBody().getArgument(in);
  for (auto [n, nest] : llvm::enumerate(plan.nests))
    for (auto [s, stage] : llvm::enumerate(nest.stages)) {
      for (auto &[op, place] : stage.gathers)
        if (cast<tensor::ExtractOp>(op).getTensor() == argument)
          return false;
      for (Input &input : stage.inputs) {
        if (input.kind != Input::Memory || input.access.buffer != in)
          continue;
        reads = true;
        if (n > writer || (n == writer && s > writerStage))
          return false;
        // Reductions read an element after others have been written.
        if (n == writer && (!sameAddress(input.access, *write) ||
                            (s == 0 && nest.hasReduction())))
          return false;
        if (n < writer && !plan.shared.empty() &&
            itemFootprint(input.access, nest, plan.shared.size()) !=
                itemFootprint(*write, plan.nests[writer], plan.shared.size()))
          return false;
      }
    }
  return reads;
}

/// What `kRowTileAttrName` says, where it can be done.
void Planner::readRowTile() {
  auto attr = kernel->getAttrOfType<ArrayAttr>(kRowTileAttrName);
  if (!attr || attr.size() != 2)
    return;
  auto loop = dyn_cast<IntegerAttr>(attr[0]),
       rows = dyn_cast<IntegerAttr>(attr[1]);
  if (!loop || !rows || loop.getInt() < 0 ||
      loop.getInt() >= int64_t(plan.shared.size()) || rows.getInt() < 2 ||
      plan.shared[loop.getInt()] % rows.getInt() != 0)
    return;
  tiledLoop = int(loop.getInt());
  tileRows = rows.getInt();
}

/// Cuts the shared loop in two, the inner one of which belongs to the nests.
/// Scratch memory has room for its iterations only.
void Planner::addRowLoops() {
  plan.sharedSteps.assign(plan.shared.size(), 1);
  if (tiledLoop < 0)
    return;
  plan.shared[tiledLoop] /= tileRows;
  plan.sharedSteps[tiledLoop] = tileRows;
  for (Nest &nest : plan.nests) {
    auto *found = llvm::find_if(
        nest.loops, [&](const Loop &loop) { return loop.shared == tiledLoop; });
    if (found == nest.loops.end())
      continue;
    unsigned outer = found - nest.loops.begin();
    found->extent /= tileRows;
    Loop rows;
    rows.extent = tileRows;
    nest.rowLoop = int(nest.loops.size());
    nest.loops.push_back(rows);
    nest.forEachAccess([&](Access &access) {
      bool isScratch = plan.buffers[access.buffer].argument < 0;
      int64_t step = access.coef[outer];
      access.coef.push_back(step);
      access.coef[outer] = isScratch ? 0 : step * tileRows;
    });
  }
}

void Planner::findSharedLimits() {
  plan.sharedLimits.clear();
  for (unsigned shared = 0; shared < plan.shared.size(); ++shared) {
    SmallVector<std::optional<Limit>> limits;
    for (const Nest &nest : plan.nests) {
      const auto *loop = llvm::find_if(
          nest.loops, [&](const Loop &l) { return l.shared == int(shared); });
      limits.push_back(loop == nest.loops.end() ? std::nullopt : loop->limit);
    }
    plan.sharedLimits.push_back(llvm::all_equal(limits) ? limits.front()
                                                        : std::nullopt);
  }
}

void Planner::findInplace() {
  unsigned numIns = kernel.getNumIns();
  for (unsigned out = 0; out < kernel.getNumOuts(); ++out)
    for (unsigned in = 0; in < numIns; ++in)
      if (kernel.getArgumentTypes()[in] ==
              kernel.getArgumentTypes()[numIns + out] &&
          mayShare(in, numIns + out))
        plan.inplace.push_back({in, out});
}

FailureOr<KernelPlan> Planner::run() {
  if (failed(collectOps()))
    return failure();
  placeArguments();
  if (failed(placeResults()))
    return failure();
  // First without shared loops: if one nest takes all, there is no need.
  auto build = [&]() -> LogicalResult {
    plan.nests.clear();
    madeBy.clear();
    // Which op goes to which nest does not depend on placements.
    for (linalg::LinalgOp op : ops) {
      SmallVector<int> loopOf;
      bool join = joins(op, loopOf);
      if (failed(join ? addStage(op, loopOf, false) : addNest(op)))
        return failure();
      for (Value result : op->getResults())
        madeBy[result] = {unsigned(plan.nests.size()) - 1,
                          unsigned(plan.nests.back().stages.size()) - 1};
    }
    return success();
  };
  auto countNests = [&]() {
    // Joining only needs the loops; dry-run with every result in memory.
    DenseMap<Value, Placement> saved = places;
    SmallVector<Buffer> buffers = plan.buffers;
    for (linalg::LinalgOp op : ops)
      for (Value result : op->getResults())
        if (!places.count(result))
          places[result] = {
              0, 0,
              SmallVector<int64_t>(
                  cast<RankedTensorType>(result.getType()).getRank(), 0)};
    LogicalResult ok = build();
    places = saved;
    plan.buffers = buffers;
    return ok;
  };
  if (failed(countNests()))
    return failure();
  // A fill of a whole output may lack loops that the others share. Inside of
  // them it would wipe out what other work items have written.
  bool fillsWhole = llvm::any_of(ops, [&](linalg::LinalgOp op) {
    return sharedLoops.getNumShared() &&
           llvm::is_contained(sharedLoops.getLoopsOf(op), -1) &&
           llvm::any_of(op->getResults(),
                        [&](Value result) { return places.count(result); });
  });
  if (plan.nests.size() > 1 && sharedLoops.getNumShared() && !fillsWhole) {
    plan.shared = sharedLoops.sizes;
    readRowTile();
    if (failed(countNests()))
      return failure();
  }
  if (failed(placeScratch()))
    return failure();
  if (failed(build()))
    return failure();
  addRowLoops();
  findSharedLimits();
  findInplace();
  return std::move(plan);
}

FailureOr<KernelPlan> schedule::planKernel(dispatch::KernelOp kernel) {
  return Planner(kernel).run();
}
