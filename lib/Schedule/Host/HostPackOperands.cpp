//===- HostPackOperands.cpp - Layouts that kernels read consecutively -----===//

#include "Tile.h"

#include "dlc/Schedule/Host/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "llvm/ADT/EquivalenceClasses.h"

#include <map>

namespace dlc::schedule {
#define GEN_PASS_DEF_HOSTPACKOPERANDSPASS
#include "dlc/Schedule/Host/Passes.h.inc"
} // namespace dlc::schedule

using namespace mlir;
using namespace dlc;
using namespace dlc::schedule;

namespace {

/// How one argument of a kernel is packed.
struct Packing {
  linalg::LinalgOp op;
  OpOperand *operand;
  /// The argument of the kernel.
  unsigned argument;
  /// The loop of `op` that is cut into panels, its extent and the panel's
  /// width.
  unsigned loop;
  int64_t extent, panel;
  /// The other loops that the operand depends on: in front of the panels, and
  /// inside of them.
  SmallVector<unsigned> outer, inner;
  SmallVector<int64_t> extents; // of all loops of `op`

  int64_t panels() const { return llvm::divideCeil(extent, panel); }
  SmallVector<int64_t> packedShape() const {
    SmallVector<int64_t> shape;
    for (unsigned loop : outer)
      shape.push_back(extents[loop]);
    shape.push_back(panels());
    for (unsigned loop : inner)
      shape.push_back(extents[loop]);
    shape.push_back(panel);
    return shape;
  }
};

/// A packing that one kernel wants.
struct Choice {
  dispatch::KernelOp kernel;
  ArrayRef<dispatch::LaunchOp> users;
  Packing packing;
  /// The nest that reads the packed operand as its input number `input`.
  Nest nest;
  ArrayRef<Buffer> buffers;
  unsigned input;

  /// Iterations of the kernel.
  double work() const {
    double iterations = 1;
    for (int64_t extent : packing.extents)
      iterations *= static_cast<double>(extent);
    return iterations;
  }
};

class HostPackOperands
    : public dlc::schedule::impl::HostPackOperandsPassBase<HostPackOperands> {
public:
  using HostPackOperandsPassBase::HostPackOperandsPassBase;

  void runOnOperation() override {
    HostTarget target = HostTarget::get(cpu);
    packKernels.clear();
    DenseMap<StringAttr, SmallVector<dispatch::LaunchOp>> launches;
    getOperation().walk([&](dispatch::LaunchOp launch) {
      launches[launch.getKernelAttr().getAttr()].push_back(launch);
    });
    std::vector<KernelPlan> plans;
    SmallVector<dispatch::KernelOp> kernels;
    for (auto kernel : getOperation().getOps<dispatch::KernelOp>()) {
      if (kernel.isScheduled())
        continue;
      auto plan = planKernel(kernel);
      if (failed(plan))
        return signalPassFailure();
      plans.push_back(std::move(*plan));
      kernels.push_back(kernel);
    }
    std::vector<Choice> choices;
    for (auto [kernel, plan] : llvm::zip_equal(kernels, plans))
      for (Nest &nest : plan.nests)
        if (auto choice = choose(kernel, plan, nest,
                                 launches[kernel.getSymNameAttr()], target))
          choices.push_back(std::move(*choice));
    agree(choices, target);
    for (Choice &choice : choices)
      apply(choice.kernel, choice.packing, choice.users);
  }

private:
  std::optional<Choice> choose(dispatch::KernelOp kernel, KernelPlan &plan,
                               const Nest &nest,
                               ArrayRef<dispatch::LaunchOp> users,
                               const HostTarget &target);
  static void agree(std::vector<Choice> &choices, const HostTarget &target);
  void apply(dispatch::KernelOp kernel, Packing &packing,
             ArrayRef<dispatch::LaunchOp> users);
  dispatch::KernelOp makePackKernel(dispatch::KernelOp kernel,
                                    Packing &packing);
  dispatch::KernelOp unify(dispatch::KernelOp pack);

  DenseMap<Type, SmallVector<dispatch::KernelOp, 1>> packKernels;
};

} // namespace

/// The constant behind a value, through reshapes; null if it is none.
static Operation *findConstant(Value value) {
  while (Operation *op = value.getDefiningOp()) {
    if (op->hasTrait<OpTrait::ConstantLike>())
      return op;
    if (!isa<tensor::ExpandShapeOp, tensor::CollapseShapeOp>(op))
      return nullptr;
    value = op->getOperand(0);
  }
  return nullptr;
}

/// The parallel loop along which the nest's last store is consecutive.
static int consecutiveLoop(const Nest &nest) {
  for (const Stage &stage : llvm::reverse(nest.stages))
    for (const Output &output : stage.outputs)
      if (output.store)
        for (auto [index, loop] : llvm::enumerate(nest.loops))
          if (!loop.reduction && loop.shared < 0 &&
              output.store->coef[index] == 1)
            return index;
  return -1;
}

std::optional<Choice>
HostPackOperands::choose(dispatch::KernelOp kernel, KernelPlan &plan,
                         const Nest &nest, ArrayRef<dispatch::LaunchOp> users,
                         const HostTarget &target) {
  linalg::LinalgOp op = nest.stages[0].op;
  int vectorLoop = consecutiveLoop(nest);
  if (!nest.hasReduction() || vectorLoop < 0 || !isa<linalg::GenericOp>(op) ||
      users.empty())
    return std::nullopt;
  for (auto [index, input] : llvm::enumerate(nest.stages[0].inputs)) {
    OpOperand *operand = op.getDpsInputOperand(index);
    auto arg = dyn_cast<BlockArgument>(operand->get());
    if (!arg || !arg.hasOneUse() || arg.getArgNumber() >= kernel.getNumIns() ||
        input.access.coef[vectorLoop] == 0 || input.access.panelLoop >= 0)
      continue;
    bool constant = llvm::all_of(users, [&](dispatch::LaunchOp launch) {
      return findConstant(launch.getOperand(arg.getArgNumber())) != nullptr;
    });
    // Reused by some parallel loop: every element is read several times.
    bool reused = false;
    for (auto [l, loop] : llvm::enumerate(nest.loops))
      reused |=
          !loop.reduction && input.access.coef[l] == 0 && loop.extent >= 8;
    bool gathered = input.access.coef[vectorLoop] != 1;
    // Another operand that is the same for all vectors makes it a contraction;
    // without one, only the layout matters.
    bool contraction = llvm::any_of(nest.stages[0].inputs, [&](const Input &o) {
      return o.kind == Input::Memory && o.access.coef[vectorLoop] == 0;
    });
    if (!(constant ? contraction || gathered : gathered && reused))
      continue;

    // Choose the tile as if the operand were packed, in the loops that the
    // kernel will have.
    Nest packedNest = nest;
    Access &access = packedNest.stages[0].inputs[index].access;
    access.coef[vectorLoop] = 1;
    access.panelLoop = vectorLoop;
    coalesceLoops(packedNest);
    Tile tile = chooseTile(packedNest, plan.buffers, target);
    if (tile.vectorLoop != access.panelLoop)
      continue;
    Packing packing;
    packing.op = op;
    packing.operand = operand;
    packing.argument = arg.getArgNumber();
    packing.extents = op.getStaticLoopRanges();
    packing.panel = tile.width();
    SmallVector<std::pair<int64_t, unsigned>> inner;
    // The first operand's steps order the reduction loops (see NestEmitter).
    const Input &first = nest.stages[0].inputs.front();
    for (auto [d, loop] : llvm::enumerate(nest.stages[0].loopOf)) {
      if (loop < 0)
        continue;
      if (loop == vectorLoop) {
        packing.loop = d;
        packing.extent = packing.extents[d];
      } else if (input.access.coef[loop] == 0) {
        continue;
      } else if (nest.loops[loop].reduction) {
        inner.push_back({first.kind == Input::Memory
                             ? -std::abs(first.access.coef[loop])
                             : 0,
                         unsigned(d)});
      } else {
        packing.outer.push_back(d);
      }
    }
    llvm::stable_sort(inner, llvm::less_first());
    for (auto [step, d] : inner)
      packing.inner.push_back(d);
    return Choice{kernel,
                  users,
                  std::move(packing),
                  std::move(packedNest),
                  plan.buffers,
                  static_cast<unsigned>(index)};
  }
  return std::nullopt;
}

/// The element of the source that is at each position of the packed layout, if
/// panels were one element wide.
static AffineMap getSourceMap(const Packing &packing) {
  linalg::LinalgOp op = packing.op;
  MLIRContext *context = op.getContext();
  SmallVector<AffineExpr> loops(packing.extents.size(),
                                getAffineConstantExpr(0, context));
  unsigned dim = 0;
  for (unsigned loop : packing.outer)
    loops[loop] = getAffineDimExpr(dim++, context);
  loops[packing.loop] = getAffineDimExpr(dim++, context);
  for (unsigned loop : packing.inner)
    loops[loop] = getAffineDimExpr(dim++, context);
  return op.getMatchingIndexingMap(packing.operand)
      .replaceDimsAndSymbols(loops, {}, dim, 0);
}

/// Kernels that pack the same constant take panels of the same width, so that
/// it is stored once: that of the kernel with the most work. (Products of few
/// rows would like wider panels, but wait for memory whatever they have.)
void HostPackOperands::agree(std::vector<Choice> &choices,
                             const HostTarget &target) {
  // The constant, how it is read, and the panels' number if they had one
  // column.
  using Layout = std::tuple<const void *, const void *, SmallVector<int64_t>>;
  std::map<Layout, unsigned> first;
  llvm::EquivalenceClasses<unsigned> groups;
  for (auto [number, choice] : llvm::enumerate(choices)) {
    groups.insert(number);
    Packing single = choice.packing;
    single.panel = 1;
    for (dispatch::LaunchOp user : choice.users)
      if (auto constant = dyn_cast_or_null<arith::ConstantOp>(
              findConstant(user.getOperand(single.argument)))) {
        Layout layout(constant.getValue().getAsOpaquePointer(),
                      getSourceMap(single).getAsOpaquePointer(),
                      single.packedShape());
        auto [it, isNew] = first.try_emplace(std::move(layout), number);
        groups.unionSets(it->second, number);
      }
  }
  // By group: the choice with the most work.
  DenseMap<unsigned, unsigned> leaders;
  for (unsigned i = 0; i < choices.size(); ++i) {
    auto [it, isNew] = leaders.try_emplace(groups.getLeaderValue(i), i);
    if (choices[i].work() > choices[it->second].work())
      it->second = i;
  }
  for (unsigned i = 0; i < choices.size(); ++i) {
    Choice &choice = choices[i];
    int64_t panel =
        choices[leaders.lookup(groups.getLeaderValue(i))].packing.panel;
    choice.nest.stages[0].inputs[choice.input].access.panel = panel;
    if (chooseTile(choice.nest, choice.buffers, target).width() == panel)
      choice.packing.panel = panel;
  }
}

/// A kernel that copies the operand into its packed layout. What the last panel
/// has too many is zero.
dispatch::KernelOp HostPackOperands::makePackKernel(dispatch::KernelOp kernel,
                                                    Packing &packing) {
  OpBuilder b(kernel);
  Location loc = packing.op.getLoc();
  auto sourceType =
      cast<RankedTensorType>(kernel.getArgumentTypes()[packing.argument]);
  SmallVector<int64_t> shape = packing.packedShape();
  auto packedType = RankedTensorType::get(shape, sourceType.getElementType());
  SymbolTable symbols(getOperation());
  auto pack = dispatch::KernelOp::create(
      b, loc, ("pack_" + kernel.getSymName()).str(),
      b.getFunctionType({sourceType, packedType}, {packedType}), 1);
  symbols.insert(pack);
  Block *body =
      b.createBlock(&pack.getBody(), {}, {sourceType, packedType}, {loc, loc});
  b.setInsertionPointToStart(body);
  Value source = body->getArgument(0), result = body->getArgument(1);

  unsigned rank = shape.size(), panelDim = packing.outer.size();
  // Copies `count` whole panels, or the `width` columns of the last one.
  auto copy = [&](int64_t firstPanel, int64_t count, int64_t width,
                  Value into) -> Value {
    SmallVector<int64_t> sizes = shape;
    sizes[panelDim] = count;
    sizes[rank - 1] = width;
    SmallVector<AffineExpr> dims(rank);
    for (unsigned d = 0; d < rank; ++d)
      dims[d] = b.getAffineDimExpr(d);
    SmallVector<AffineExpr> loopExprs(packing.extents.size(),
                                      b.getAffineConstantExpr(0));
    for (auto [i, loop] : llvm::enumerate(packing.outer))
      loopExprs[loop] = dims[i];
    for (auto [i, loop] : llvm::enumerate(packing.inner))
      loopExprs[loop] = dims[panelDim + 1 + i];
    loopExprs[packing.loop] =
        (dims[panelDim] + firstPanel) * packing.panel + dims[rank - 1];
    AffineMap read = packing.op.getMatchingIndexingMap(packing.operand)
                         .replaceDimsAndSymbols(loopExprs, {}, rank, 0);
    bool whole = sizes == shape;
    auto type = RankedTensorType::get(sizes, sourceType.getElementType());
    Value init = whole ? into
                       : tensor::EmptyOp::create(b, loc, sizes,
                                                 sourceType.getElementType())
                             .getResult();
    auto generic = linalg::GenericOp::create(
        b, loc, TypeRange{type}, ValueRange{source}, ValueRange{init},
        ArrayRef<AffineMap>{read, b.getMultiDimIdentityMap(rank)},
        SmallVector<utils::IteratorType>(rank, utils::IteratorType::parallel),
        [](OpBuilder &nested, Location nestedLoc, ValueRange args) {
          linalg::YieldOp::create(nested, nestedLoc, args[0]);
        });
    if (whole)
      return generic.getResult(0);
    SmallVector<OpFoldResult> offsets(rank, b.getIndexAttr(0)), extents,
        strides(rank, b.getIndexAttr(1));
    offsets[panelDim] = b.getIndexAttr(firstPanel);
    for (int64_t size : sizes)
      extents.push_back(b.getIndexAttr(size));
    return tensor::InsertSliceOp::create(b, loc, generic.getResult(0), into,
                                         offsets, extents, strides)
        .getResult();
  };

  int64_t full = packing.extent / packing.panel;
  int64_t tail = packing.extent % packing.panel;
  if (tail) {
    Value zero = arith::ConstantOp::create(
        b, loc, b.getZeroAttr(sourceType.getElementType()));
    result = linalg::FillOp::create(b, loc, zero, result).getResult(0);
  }
  if (full)
    result = copy(0, full, packing.panel, result);
  if (tail)
    result = copy(full, 1, tail, result);
  dispatch::ReturnOp::create(b, loc, result);
  return pack;
}

/// Kernels that differ in what they compute, or in the shapes of other
/// operands, may still pack alike: then weights that they have in common stay
/// one.
dispatch::KernelOp HostPackOperands::unify(dispatch::KernelOp pack) {
  auto &alike = packKernels[pack.getFunctionType()];
  for (dispatch::KernelOp other : alike)
    if (OperationEquivalence::isRegionEquivalentTo(
            &other.getBody(), &pack.getBody(),
            OperationEquivalence::IgnoreLocations)) {
      pack.erase();
      return other;
    }
  alike.push_back(pack);
  return pack;
}

void HostPackOperands::apply(dispatch::KernelOp kernel, Packing &packing,
                             ArrayRef<dispatch::LaunchOp> users) {
  dispatch::KernelOp pack = unify(makePackKernel(kernel, packing));
  auto packedType = cast<RankedTensorType>(pack.getArgumentTypes().back());

  // The kernel reads the packed argument.
  MLIRContext *context = &getContext();
  SmallVector<AffineExpr> results;
  for (unsigned loop : packing.outer)
    results.push_back(getAffineDimExpr(loop, context));
  AffineExpr n = getAffineDimExpr(packing.loop, context);
  results.push_back(n.floorDiv(packing.panel));
  for (unsigned loop : packing.inner)
    results.push_back(getAffineDimExpr(loop, context));
  results.push_back(n % packing.panel);
  auto generic = cast<linalg::GenericOp>(packing.op.getOperation());
  SmallVector<AffineMap> maps = generic.getIndexingMapsArray();
  maps[packing.operand->getOperandNumber()] =
      AffineMap::get(packing.extents.size(), 0, results, context);
  generic.setIndexingMapsAttr(Builder(context).getAffineMapArrayAttr(maps));
  kernel.getBody().getArgument(packing.argument).setType(packedType);
  SmallVector<Type> inputs(kernel.getArgumentTypes());
  inputs[packing.argument] = packedType;
  kernel.setFunctionType(
      FunctionType::get(context, inputs, kernel.getResultTypes()));

  // Each launch gets the packed operand.
  for (dispatch::LaunchOp launch : users) {
    OpBuilder b(launch);
    Value source = launch.getOperand(packing.argument);
    Value empty = tensor::EmptyOp::create(
        b, launch.getLoc(), packedType.getShape(), packedType.getElementType());
    auto packed = dispatch::LaunchOp::create(
        b, launch.getLoc(), TypeRange{packedType}, pack.getSymName(),
        ValueRange{source}, ValueRange{empty});
    launch->setOperand(packing.argument, packed.getResult(0));
  }
}
