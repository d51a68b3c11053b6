//===- HostPackOperands.cpp - Layouts that kernels read consecutively -----===//

#include "RowTile.h"
#include "ShortSums.h"
#include "Tile.h"

#include "dlc/Dialect/Dispatch/IR/Limits.h"
#include "dlc/Dialect/Dispatch/IR/Windows.h"
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

/// Groups that are added up in 16 bits, at most: more need more registers.
constexpr int64_t maxShortSums = 4;

/// How one argument of a kernel is packed.
struct Packing {
  linalg::LinalgOp op;
  OpOperand *operand;
  /// The argument of the kernel, and the slice of it that the operand is, if it
  /// is not all of it.
  unsigned argument;
  tensor::ExtractSliceOp slice;
  /// The loop of `op` that is cut into panels, its extent and the panel's
  /// width.
  unsigned loop;
  int64_t extent, panel;
  /// The other loops that the operand depends on: in front of the panels, and
  /// inside of them.
  SmallVector<unsigned> outer, inner;
  SmallVector<int64_t> extents; // of all loops of `op`
  /// Factors of narrow products: so many neighbours along the reduction loop
  /// `groupLoop` lie side by side, for instructions that multiply them at once.
  int64_t group = 1;
  unsigned groupLoop = 0;
  /// So many groups are added up in 16 bits; 0 if none (see ShortSums.h).
  int64_t shortSums = 0;
  /// What the elements of both factors become, and the argument that is to be
  /// widened beside this one.
  Type element;
  std::optional<unsigned> widened;

  int64_t steps() const { return std::max<int64_t>(shortSums, 1); }
  int64_t panels() const { return llvm::divideCeil(extent, panel); }
  SmallVector<int64_t> packedShape() const {
    SmallVector<int64_t> shape;
    for (unsigned loop : outer)
      shape.push_back(extents[loop]);
    shape.push_back(panels());
    for (unsigned loop : inner)
      shape.push_back(group > 1 && loop == groupLoop
                          ? extents[loop] / (group * steps())
                          : extents[loop]);
    if (steps() > 1)
      shape.push_back(steps());
    shape.push_back(panel);
    if (group > 1)
      shape.push_back(group);
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
    prepared.clear();
    DenseMap<StringAttr, SmallVector<dispatch::LaunchOp>> launches;
    getOperation().walk([&](dispatch::LaunchOp launch) {
      launches[launch.getKernelAttr().getAttr()].push_back(launch);
    });
    std::vector<KernelPlan> plans;
    SmallVector<dispatch::KernelOp> kernels;
    for (auto kernel : getOperation().getOps<dispatch::KernelOp>()) {
      if (kernel.isScheduled())
        continue;
      setRowTile(kernel);
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
  void separateSlice(dispatch::KernelOp kernel, Packing &packing,
                     ArrayRef<dispatch::LaunchOp> users);
  static void groupLoops(Packing &packing);
  dispatch::KernelOp makeWidenKernel(dispatch::KernelOp kernel,
                                     RankedTensorType type, Type element,
                                     bool isUnsigned);
  void relaunch(dispatch::KernelOp kernel, unsigned argument,
                dispatch::KernelOp prepare, ArrayRef<dispatch::LaunchOp> users);
  dispatch::KernelOp makePackKernel(dispatch::KernelOp kernel,
                                    Packing &packing);
  dispatch::KernelOp unify(dispatch::KernelOp pack);

  DenseMap<Type, SmallVector<dispatch::KernelOp, 1>> packKernels;
  /// What has been prepared for a launch already.
  DenseMap<std::pair<Value, Operation *>, Value> prepared;
};

} // namespace

/// Whether launches are on constants only, as far as has been asked.
using KnownLaunches = DenseMap<Operation *, bool>;

static Operation *findConstant(Value value, KnownLaunches &known) {
  while (Operation *op = value.getDefiningOp()) {
    if (op->hasTrait<OpTrait::ConstantLike>())
      return op;
    if (auto launch = dyn_cast<dispatch::LaunchOp>(op)) {
      // Each once: paths from a value to constants can be 2^n for n launches.
      auto it = known.find(op);
      if (it == known.end()) {
        bool isKnown = llvm::all_of(launch.getIns(), [&](Value in) {
          return findConstant(in, known) != nullptr;
        });
        it = known.try_emplace(op, isKnown).first;
      }
      return it->second ? op : nullptr;
    }
    if (!isa<tensor::ExpandShapeOp, tensor::CollapseShapeOp>(op))
      return nullptr;
    value = op->getOperand(0);
  }
  return nullptr;
}

/// The operation that makes a value known when the program is compiled, through
/// reshapes: a constant, or a launch on constants, which is evaluated later.
/// Null if the value is not known.
static Operation *findConstant(Value value) {
  KnownLaunches known;
  return findConstant(value, known);
}

/// The slice of an argument that `value` is, for the only operation that asks
/// for it; null otherwise.
static tensor::ExtractSliceOp findSlice(Value value) {
  auto slice = value.getDefiningOp<tensor::ExtractSliceOp>();
  return slice && slice->hasOneUse() && isa<BlockArgument>(slice.getSource()) &&
                 slice.getType().hasStaticShape() &&
                 slice->getNumOperands() == 1
             ? slice
             : nullptr;
}

/// The input of the kernel that `value` is, or is a slice of, if nothing else
/// reads `value`; null otherwise.
static BlockArgument findInput(dispatch::KernelOp kernel, Value value) {
  if (!value.hasOneUse())
    return nullptr;
  if (auto slice = findSlice(value))
    value = slice.getSource();
  auto argument = dyn_cast<BlockArgument>(value);
  return argument && argument.getArgNumber() < kernel.getNumIns() ? argument
                                                                  : nullptr;
}

/// Iterations of a loop from which on it is worth vectorising.
static constexpr int64_t minVectorised = 16;

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

/// The loop to vectorise: that of the last store, unless another operand than a
/// constant would have to be packed for it and there is a loop for which only
/// constants are. Storing apart what lies apart takes less time then
/// (the tile is transposed, see `storeTransposed`).
static int chooseVectorLoop(const Nest &nest, ArrayRef<bool> areConstant) {
  int consecutive = consecutiveLoop(nest);
  if (consecutive < 0)
    return -1;
  ArrayRef<Input> inputs = nest.stages[0].inputs;
  auto packsAtRunTime = [&](unsigned loop) {
    return llvm::any_of(llvm::zip_equal(inputs, areConstant), [&](auto each) {
      auto [input, isConstant] = each;
      return input.kind == Input::Memory && !isConstant &&
             isStrided(input.access, loop);
    });
  };
  auto readsConstants = [&](unsigned loop) {
    return llvm::any_of(llvm::zip_equal(inputs, areConstant), [&](auto each) {
      auto [input, isConstant] = each;
      return input.kind == Input::Memory && isConstant &&
             input.access.coef[loop] != 0;
    });
  };
  if (!packsAtRunTime(consecutive))
    return consecutive;
  for (auto [loop, info] : llvm::enumerate(nest.loops))
    if (!info.reduction && info.shared < 0 && !info.limit &&
        info.extent >= minVectorised && readsConstants(loop) &&
        !packsAtRunTime(loop))
      return loop;
  return consecutive;
}

/// The body's extension of an input of integer products.
static Operation *getExtension(linalg::LinalgOp op, unsigned input) {
  return *op.getBlock()->getArgument(input).user_begin();
}

/// Whether groups of neighbours along `loop` begin at their multiples.
static bool hasGroups(const Nest &nest, const Access &rows, int loop,
                      int64_t group) {
  if (loop < 0 || rows.coef[loop] != 1 ||
      nest.loops[loop].extent % group != 0 || rows.base % group != 0)
    return false;
  for (auto [index, coef] : llvm::enumerate(rows.coef))
    if (int(index) != loop && coef % group != 0)
      return false;
  return true;
}

/// Groups of constant weights that are small enough to be multiplied with
/// unsigned bytes and added up in 16 bits; returns false if they are not.
static bool chooseShortSums(Packing &packing,
                            ArrayRef<dispatch::LaunchOp> users,
                            const Nest &nest, unsigned index,
                            const Access &rows) {
  const Access &access = nest.stages[0].inputs[index].access;
  for (unsigned d : packing.inner) {
    int loop = nest.stages[0].loopOf[d];
    if (!hasGroups(nest, rows, loop, shortSumGroup))
      continue;
    int64_t steps = maxShortSums;
    for (dispatch::LaunchOp user : users) {
      auto constant = dyn_cast_or_null<arith::ConstantOp>(
          findConstant(user.getOperand(packing.argument)));
      steps = constant && steps
                  ? countShortSums(cast<ElementsAttr>(constant.getValue()),
                                   access, nest, loop, steps)
                  : 0;
    }
    if (!steps)
      return false;
    packing.group = shortSumGroup;
    packing.groupLoop = d;
    packing.shortSums = steps;
    return true;
  }
  return false;
}

/// Chooses how many neighbours along the reduction lie side by side where
/// operand `index` is the packed one of narrow products, and the type both
/// factors need then.
static void chooseGroups(Packing &packing, dispatch::KernelOp kernel,
                         ArrayRef<dispatch::LaunchOp> users, const Nest &nest,
                         unsigned index, const HostTarget &target) {
  auto products = matchNarrowProducts(packing.op);
  if (!products || (index != products->left && index != products->right))
    return;
  bool isLeft = index == products->left;
  unsigned other = isLeft ? products->right : products->left;
  OpOperand *row = packing.op.getDpsInputOperand(other);
  const Input &rows = nest.stages[0].inputs[other];
  if (rows.kind != Input::Memory)
    return;
  Type own = getElementTypeOrSelf(packing.operand->get().getType()),
       others = getElementTypeOrSelf(row->get().getType());
  int64_t group = target.dotGroup(
      own.getIntOrFloatBitWidth(),
      isLeft ? products->leftUnsigned : products->rightUnsigned,
      others.getIntOrFloatBitWidth(),
      isLeft ? products->rightUnsigned : products->leftUnsigned);
  if (group != shortSumGroup && target.bytePairs && own.isInteger(8) &&
      others.isInteger(8) &&
      isa<arith::ExtSIOp>(getExtension(packing.op, index)) &&
      isa<arith::ExtUIOp>(getExtension(packing.op, other)) &&
      chooseShortSums(packing, users, nest, index, rows.access))
    return;
  Type element =
      products->isFloat ? own : IntegerType::get(own.getContext(), 32 / group);
  // A matrix of zero-extended 16 bits is not one of signed ones.
  if ((own.isInteger(16) &&
       isa<arith::ExtUIOp>(getExtension(packing.op, index))) ||
      (others.isInteger(16) &&
       isa<arith::ExtUIOp>(getExtension(packing.op, other))))
    return;
  std::optional<unsigned> widened;
  if (others != element) {
    auto argument = dyn_cast<BlockArgument>(row->get());
    if (!argument || !argument.hasOneUse() ||
        argument.getArgNumber() >= kernel.getNumIns())
      return;
    widened = argument.getArgNumber();
  }
  for (unsigned d : packing.inner) {
    if (!hasGroups(nest, rows.access, nest.stages[0].loopOf[d], group))
      continue;
    packing.group = group;
    packing.groupLoop = d;
    packing.element = element;
    packing.widened = widened;
    return;
  }
}

/// How operand `index`, an argument of the kernel, is packed for vectors along
/// `vectorLoop`, but for the width of the panels.
static Packing makePacking(const Nest &nest, unsigned index, int vectorLoop) {
  linalg::LinalgOp op = nest.stages[0].op;
  const Access &access = nest.stages[0].inputs[index].access;
  Packing packing;
  packing.op = op;
  packing.operand = op.getDpsInputOperand(index);
  Value value = packing.operand->get();
  packing.slice = findSlice(value);
  packing.argument =
      cast<BlockArgument>(packing.slice ? packing.slice.getSource() : value)
          .getArgNumber();
  packing.element = getElementTypeOrSelf(packing.operand->get().getType());
  packing.extents = op.getStaticLoopRanges();
  SmallVector<std::pair<int64_t, unsigned>> inner;
  // The first operand's steps order the reduction loops (see NestEmitter).
  const Input &first = nest.stages[0].inputs.front();
  for (auto [d, loop] : llvm::enumerate(nest.stages[0].loopOf)) {
    if (loop < 0)
      continue;
    if (loop == vectorLoop) {
      packing.loop = d;
      packing.extent = packing.extents[d];
    } else if (access.coef[loop] == 0) {
      continue;
    } else if (nest.loops[loop].reduction) {
      inner.push_back(
          {first.kind == Input::Memory ? -std::abs(first.access.coef[loop]) : 0,
           unsigned(d)});
    } else {
      packing.outer.push_back(d);
    }
  }
  llvm::stable_sort(inner, llvm::less_first());
  for (auto [step, d] : inner)
    packing.inner.push_back(d);
  return packing;
}

/// The nest whose operand `index` lies in panels along `vectorLoop`, in the
/// order in which they will be packed: which loops can be merged or folded
/// depends on it. Their width is not known yet and stands for itself.
static Nest asIfPacked(const Nest &nest, unsigned index, int vectorLoop,
                       const Packing &packing) {
  Nest packed = nest;
  Stage &main = packed.stages[0];
  if (packing.group > 1) {
    int64_t size = packing.group * packing.steps();
    int loop = main.loopOf[packing.groupLoop];
    packed.loops[loop].extent /= size;
    for (Input &input : main.inputs)
      if (input.kind == Input::Memory)
        input.access.coef[loop] *= size;
  }
  static constexpr int64_t width = 64;
  Access &access = main.inputs[index].access;
  int64_t step = width;
  auto layOut = [&](ArrayRef<unsigned> dims) {
    for (unsigned d : llvm::reverse(dims)) {
      int loop = main.loopOf[d];
      access.coef[loop] = step;
      step *= packed.loops[loop].extent;
    }
  };
  layOut(packing.inner);
  access.coef[vectorLoop] = 1;
  access.panelLoop = vectorLoop;
  access.panelCoef = step;
  step *= llvm::divideCeil(packing.extent, width);
  layOut(packing.outer);
  return packed;
}

std::optional<Choice>
HostPackOperands::choose(dispatch::KernelOp kernel, KernelPlan &plan,
                         const Nest &nest, ArrayRef<dispatch::LaunchOp> users,
                         const HostTarget &target) {
  linalg::LinalgOp op = nest.stages[0].op;
  if (!nest.hasReduction() || !isa<linalg::GenericOp>(op) || users.empty())
    return std::nullopt;
  SmallVector<bool> areConstant;
  for (OpOperand *operand : op.getDpsInputOperands()) {
    BlockArgument arg = findInput(kernel, operand->get());
    areConstant.push_back(
        arg && llvm::all_of(users, [&](dispatch::LaunchOp launch) {
          return findConstant(launch.getOperand(arg.getArgNumber())) != nullptr;
        }));
  }
  int vectorLoop = chooseVectorLoop(nest, areConstant);
  if (vectorLoop < 0)
    return std::nullopt;
  for (auto [index, input] : llvm::enumerate(nest.stages[0].inputs)) {
    OpOperand *operand = op.getDpsInputOperand(index);
    BlockArgument arg = findInput(kernel, operand->get());
    if (!arg || input.access.coef[vectorLoop] == 0 ||
        input.access.panelLoop >= 0)
      continue;
    bool constant = areConstant[index];
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
    Packing packing = makePacking(nest, index, vectorLoop);
    chooseGroups(packing, kernel, users, nest, index, target);
    bool grouped = packing.group > 1 && reused;
    if (!(constant ? contraction || gathered : (gathered || grouped) && reused))
      continue;

    // Choose the tile as if the operand were packed, in the loops that the
    // kernel will have.
    Nest packedNest = asIfPacked(nest, index, vectorLoop, packing);
    if (packing.group > 1)
      packedNest.stages[0].dots = matchNarrowProducts(op);
    packedNest.stages[0].shortSums = packing.shortSums;
    addWindows(packedNest);
    Tile tile =
        chooseLoops(packedNest, plan.buffers, target, getWantedTile(kernel));
    if (listTiles)
      setPossibleTiles(kernel, rankTiles(packedNest, plan.buffers, target));
    // The loops have other numbers now.
    if (tile.vectorLoop != packedNest.stages[0].inputs[index].access.panelLoop)
      continue;
    packing.panel = tile.width();
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
    if (chooseTile(choice.nest, choice.buffers, target,
                   getWantedTile(choice.kernel))
            .width() == panel)
      choice.packing.panel = panel;
  }
}

static Value extendTo(OpBuilder &b, Location loc, Type type, Value value,
                      bool isUnsigned) {
  if (isUnsigned)
    return arith::ExtUIOp::create(b, loc, type, value);
  return arith::ExtSIOp::create(b, loc, type, value);
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
  auto packedType = RankedTensorType::get(shape, packing.element);
  SymbolTable symbols(getOperation());
  auto pack = dispatch::KernelOp::create(
      b, loc, ("pack_" + kernel.getSymName()).str(),
      b.getFunctionType({sourceType, packedType}, {packedType}), 1);
  symbols.insert(pack);
  Block *body =
      b.createBlock(&pack.getBody(), {}, {sourceType, packedType}, {loc, loc});
  b.setInsertionPointToStart(body);
  Value source = body->getArgument(0), result = body->getArgument(1);
  if (packing.slice) {
    Operation *slice = b.clone(*packing.slice);
    slice->setOperand(0, source);
    source = slice->getResult(0);
  }

  unsigned rank = shape.size(), panelDim = packing.outer.size();
  unsigned columnDim =
      panelDim + 1 + packing.inner.size() + (packing.steps() > 1 ? 1 : 0);
  auto extend = [&](OpBuilder &nested, Value value) {
    if (value.getType() == packing.element)
      return value;
    unsigned input = packing.operand->getOperandNumber();
    return extendTo(nested, loc, packing.element, value,
                    isa<arith::ExtUIOp>(getExtension(packing.op, input)));
  };
  // Copies `count` whole panels, or the `width` columns of the last one.
  auto copy = [&](int64_t firstPanel, int64_t count, int64_t width,
                  Value into) -> Value {
    SmallVector<int64_t> sizes = shape;
    sizes[panelDim] = count;
    sizes[columnDim] = width;
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
        (dims[panelDim] + firstPanel) * packing.panel + dims[columnDim];
    if (packing.steps() > 1)
      loopExprs[packing.groupLoop] =
          loopExprs[packing.groupLoop] * packing.steps() + dims[columnDim - 1];
    if (packing.group > 1)
      loopExprs[packing.groupLoop] =
          loopExprs[packing.groupLoop] * packing.group + dims[rank - 1];
    AffineMap read = packing.op.getMatchingIndexingMap(packing.operand)
                         .replaceDimsAndSymbols(loopExprs, {}, rank, 0);
    bool whole = sizes == shape;
    auto type = RankedTensorType::get(sizes, packing.element);
    Value init = whole ? into
                       : tensor::EmptyOp::create(b, loc, sizes, packing.element)
                             .getResult();
    auto generic = linalg::GenericOp::create(
        b, loc, TypeRange{type}, ValueRange{source}, ValueRange{init},
        ArrayRef<AffineMap>{read, b.getMultiDimIdentityMap(rank)},
        SmallVector<utils::IteratorType>(rank, utils::IteratorType::parallel),
        [&](OpBuilder &nested, Location nestedLoc, ValueRange args) {
          linalg::YieldOp::create(nested, nestedLoc, extend(nested, args[0]));
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
    Value zero =
        arith::ConstantOp::create(b, loc, b.getZeroAttr(packing.element));
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

/// A kernel that extends all elements of a tensor.
dispatch::KernelOp HostPackOperands::makeWidenKernel(dispatch::KernelOp kernel,
                                                     RankedTensorType type,
                                                     Type element,
                                                     bool isUnsigned) {
  OpBuilder b(kernel);
  Location loc = kernel.getLoc();
  RankedTensorType wide = type.clone(element);
  SymbolTable symbols(getOperation());
  auto widen =
      dispatch::KernelOp::create(b, loc, ("widen_" + kernel.getSymName()).str(),
                                 b.getFunctionType({type, wide}, {wide}), 1);
  symbols.insert(widen);
  Block *body = b.createBlock(&widen.getBody(), {}, {type, wide}, {loc, loc});
  b.setInsertionPointToStart(body);
  AffineMap map = b.getMultiDimIdentityMap(type.getRank());
  auto generic = linalg::GenericOp::create(
      b, loc, TypeRange{wide}, ValueRange{body->getArgument(0)},
      ValueRange{body->getArgument(1)}, ArrayRef<AffineMap>{map, map},
      SmallVector<utils::IteratorType>(type.getRank(),
                                       utils::IteratorType::parallel),
      [&](OpBuilder &nested, Location nestedLoc, ValueRange args) {
        linalg::YieldOp::create(
            nested, nestedLoc,
            extendTo(nested, nestedLoc, element, args[0], isUnsigned));
      });
  dispatch::ReturnOp::create(b, loc, generic.getResult(0));
  return widen;
}

/// Lets a kernel's launches read argument `argument` as the kernel `prepare`
/// leaves it.
void HostPackOperands::relaunch(dispatch::KernelOp kernel, unsigned argument,
                                dispatch::KernelOp prepare,
                                ArrayRef<dispatch::LaunchOp> users) {
  auto type = cast<RankedTensorType>(prepare.getArgumentTypes().back());
  kernel.getBody().getArgument(argument).setType(type);
  SmallVector<Type> inputs(kernel.getArgumentTypes());
  inputs[argument] = type;
  kernel.setFunctionType(
      FunctionType::get(&getContext(), inputs, kernel.getResultTypes()));
  for (dispatch::LaunchOp launch : users) {
    OpBuilder b(launch);
    Value source = launch.getOperand(argument);
    // Launches are visited in the order of the kernels, not in the graph's.
    Value &known = prepared[{source, prepare}];
    if (!known) {
      b.setInsertionPointAfterValue(source);
      Value empty = tensor::EmptyOp::create(b, launch.getLoc(), type.getShape(),
                                            type.getElementType());
      known = dispatch::LaunchOp::create(b, launch.getLoc(), TypeRange{type},
                                         prepare.getSymName(),
                                         ValueRange{source}, ValueRange{empty})
                  .getResult(0);
    }
    launch->setOperand(argument, known);
  }
}

/// Cuts the loop of the groups in two, the inner one over a group (in three,
/// the middle one over the groups of a short sum), and lets the body extend
/// elements of the type that both factors have now. The packed operand's map is
/// left to the caller.
void HostPackOperands::groupLoops(Packing &packing) {
  auto old = cast<linalg::GenericOp>(packing.op.getOperation());
  MLIRContext *context = old.getContext();
  unsigned rank = packing.extents.size();
  SmallVector<AffineExpr> loops;
  for (unsigned d = 0; d < rank; ++d)
    loops.push_back(getAffineDimExpr(d, context));
  AffineExpr &loop = loops[packing.groupLoop];
  SmallVector<utils::IteratorType> iterators = old.getIteratorTypesArray();
  auto cut = [&](int64_t extent) {
    loop = loop * extent + getAffineDimExpr(iterators.size(), context);
    iterators.push_back(utils::IteratorType::reduction);
  };
  if (packing.steps() > 1)
    cut(packing.steps());
  cut(packing.group);
  SmallVector<AffineMap> maps;
  for (AffineMap map : old.getIndexingMapsArray())
    maps.push_back(map.replaceDimsAndSymbols(loops, {}, iterators.size(), 0));
  OpBuilder b(old);
  auto grouped = linalg::GenericOp::create(
      b, old.getLoc(), old.getResultTypes(), old.getInputs(), old.getOutputs(),
      maps, iterators);
  // Limits and windows of loops: the new loops are the last ones, and the one
  // that was cut has none any more.
  grouped->setDiscardableAttrs(llvm::to_vector(old->getDiscardableAttrs()));
  SmallVector<dispatch::LoopLimit> limits = dispatch::getLoopLimits(old);
  llvm::erase_if(limits, [&](const dispatch::LoopLimit &limit) {
    return limit.loop == int64_t(packing.groupLoop);
  });
  dispatch::setLoopLimits(grouped, limits);
  SmallVector<dispatch::LoopWindow> windows = dispatch::getLoopWindows(old);
  llvm::erase_if(windows, [&](const dispatch::LoopWindow &window) {
    return window.tap == int64_t(packing.groupLoop);
  });
  dispatch::setLoopWindows(grouped, windows);
  if (packing.shortSums)
    grouped->setDiscardableAttr(kShortSumsAttrName,
                                b.getI64IntegerAttr(packing.shortSums));
  auto products = *matchNarrowProducts(old);
  grouped.getRegion().takeBody(old.getRegion());
  for (unsigned input : {products.left, products.right}) {
    BlockArgument factor = grouped.getBody()->getArgument(input);
    if (factor.getType() == packing.element)
      continue;
    // Wider elements have their sign already.
    Operation *extension = *factor.user_begin();
    factor.setType(packing.element);
    b.setInsertionPoint(extension);
    extension->getResult(0).replaceAllUsesWith(arith::ExtSIOp::create(
        b, extension->getLoc(), extension->getResult(0).getType(), factor));
    extension->erase();
  }
  old->replaceAllUsesWith(grouped);
  unsigned number = packing.operand->getOperandNumber();
  old->erase();
  packing.op = cast<linalg::LinalgOp>(grouped.getOperation());
  packing.operand = &grouped->getOpOperand(number);
}

/// Gives the slice that is packed an argument of its own, where the kernel
/// reads more of its argument than that.
void HostPackOperands::separateSlice(dispatch::KernelOp kernel,
                                     Packing &packing,
                                     ArrayRef<dispatch::LaunchOp> users) {
  auto source = cast<BlockArgument>(packing.slice.getSource());
  if (source.hasOneUse())
    return;
  unsigned last = kernel.getNumIns();
  packing.argument = last;
  packing.slice->setOperand(0, kernel.getBody().front().insertArgument(
                                   last, source.getType(), source.getLoc()));
  SmallVector<Type> inputs(kernel.getArgumentTypes());
  inputs.insert(inputs.begin() + last, source.getType());
  kernel.setFunctionType(
      FunctionType::get(&getContext(), inputs, kernel.getResultTypes()));
  for (dispatch::LaunchOp launch : users)
    launch.getInsMutable().append(launch.getOperand(source.getArgNumber()));
}

void HostPackOperands::apply(dispatch::KernelOp kernel, Packing &packing,
                             ArrayRef<dispatch::LaunchOp> users) {
  if (packing.slice)
    separateSlice(kernel, packing, users);
  dispatch::KernelOp pack = unify(makePackKernel(kernel, packing));
  if (packing.slice) {
    packing.operand->set(kernel.getBody().getArgument(packing.argument));
    packing.slice.erase();
  }
  if (packing.widened) {
    auto type =
        cast<RankedTensorType>(kernel.getArgumentTypes()[*packing.widened]);
    OpOperand &use =
        *kernel.getBody().getArgument(*packing.widened).use_begin();
    bool isUnsigned =
        isa<arith::ExtUIOp>(getExtension(packing.op, use.getOperandNumber()));
    dispatch::KernelOp widen =
        unify(makeWidenKernel(kernel, type, packing.element, isUnsigned));
    relaunch(kernel, *packing.widened, widen, users);
  }
  if (packing.group > 1)
    groupLoops(packing);

  // The kernel reads the packed argument.
  MLIRContext *context = &getContext();
  SmallVector<AffineExpr> results;
  for (unsigned loop : packing.outer)
    results.push_back(getAffineDimExpr(loop, context));
  AffineExpr n = getAffineDimExpr(packing.loop, context);
  results.push_back(n.floorDiv(packing.panel));
  for (unsigned loop : packing.inner)
    results.push_back(getAffineDimExpr(loop, context));
  unsigned numLoops = packing.extents.size();
  if (packing.steps() > 1)
    results.push_back(getAffineDimExpr(numLoops++, context));
  results.push_back(n % packing.panel);
  if (packing.group > 1)
    results.push_back(getAffineDimExpr(numLoops++, context));
  auto generic = cast<linalg::GenericOp>(packing.op.getOperation());
  SmallVector<AffineMap> maps = generic.getIndexingMapsArray();
  maps[packing.operand->getOperandNumber()] =
      AffineMap::get(numLoops, 0, results, context);
  generic.setIndexingMapsAttr(Builder(context).getAffineMapArrayAttr(maps));
  relaunch(kernel, packing.argument, pack, users);
}
