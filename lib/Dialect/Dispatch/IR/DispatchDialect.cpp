//===- DispatchDialect.cpp - The dispatch dialect -------------------------===//

#include "dlc/Dialect/Dispatch/IR/Launches.h"
#include "dlc/Dialect/Dispatch/IR/Limits.h"
#include "dlc/Dialect/Dispatch/IR/Windows.h"

#include "dlc/Support/Location.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Interfaces/FunctionImplementation.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;
using namespace dlc::dispatch;

#include "dlc/Dialect/Dispatch/IR/DispatchDialect.cpp.inc"

void DispatchDialect::initialize() {
  addOperations<
#define GET_OP_LIST
#include "dlc/Dialect/Dispatch/IR/DispatchOps.cpp.inc"
      >();
}

/// Limits of the ops in `block` refer to values of the types `extents`.
static LogicalResult verifyLimits(Block &block, TypeRange extents) {
  for (Operation &op : block) {
    Attribute attr = op.getAttr(kLimitsAttrName);
    if (!attr)
      continue;
    auto numbers = dyn_cast<DenseI64ArrayAttr>(attr);
    auto loops = dyn_cast<linalg::LinalgOp>(op);
    if (!numbers || numbers.size() % 5 != 0 || !loops)
      return op.emitOpError("(C2) ") << kLimitsAttrName
                                     << " must be five numbers for each limit "
                                        "of a structured operation";
    for (const LoopLimit &limit : getLoopLimits(&op)) {
      auto isIn = [](int64_t number, int64_t count) {
        return number >= 0 && number < count;
      };
      if (!isIn(limit.loop, loops.getNumLoops()) ||
          !isIn(limit.extent, extents.size()) || limit.scale < 1 ||
          limit.offset < 0)
        return op.emitOpError("(C2) has a limit of no loop, or of no extent");
      auto type = dyn_cast<ShapedType>(extents[limit.extent]);
      if (!type || !type.hasStaticShape() ||
          !type.getElementType().isInteger(64) ||
          !isIn(limit.element, type.getNumElements()))
        return op.emitOpError("(C2) has a limit that is no number of its "
                              "extent");
    }
  }
  return success();
}

/// Windows of the ops in `block` are of a reduction loop and a parallel one.
static LogicalResult verifyWindows(Block &block) {
  for (Operation &op : block) {
    Attribute attr = op.getAttr(kWindowsAttrName);
    if (!attr)
      continue;
    auto numbers = dyn_cast<DenseI64ArrayAttr>(attr);
    auto structured = dyn_cast<linalg::LinalgOp>(op);
    if (!numbers || numbers.size() % 6 != 0 || !structured)
      return op.emitOpError("(C3) ") << kWindowsAttrName
                                     << " must be six numbers for each window "
                                        "of a structured operation";
    SmallVector<utils::IteratorType> loops = structured.getIteratorTypesArray();
    auto isLoop = [&](int64_t loop, utils::IteratorType type) {
      return loop >= 0 && loop < int64_t(loops.size()) && loops[loop] == type;
    };
    for (const LoopWindow &window : getLoopWindows(&op))
      if (!isLoop(window.tap, utils::IteratorType::reduction) ||
          !isLoop(window.other, utils::IteratorType::parallel) ||
          window.step < 1 || window.otherStep < 1)
        return op.emitOpError("(C3) has a window that is not of a reduction "
                              "loop and a parallel one with positive steps");
  }
  return success();
}

//===----------------------------------------------------------------------===//
// RegionOp
//===----------------------------------------------------------------------===//

LogicalResult RegionOp::verify() {
  auto yield = dyn_cast<YieldOp>(getBody().front().getTerminator());
  if (!yield || yield.getOperandTypes() != getResultTypes())
    return emitOpError("(C1) must end in a dispatch.yield of the result types");
  if (failed(verifyWindows(getBody().front())))
    return failure();
  return verifyLimits(getBody().front(), getExtents().getTypes());
}

//===----------------------------------------------------------------------===//
// Limits
//===----------------------------------------------------------------------===//

SmallVector<LoopLimit> dlc::dispatch::getLoopLimits(Operation *op) {
  SmallVector<LoopLimit> limits;
  if (auto numbers = op->getAttrOfType<DenseI64ArrayAttr>(kLimitsAttrName)) {
    ArrayRef<int64_t> left = numbers;
    for (; left.size() >= 5; left = left.drop_front(5))
      limits.push_back({left[0], left[1], left[2], left[3], left[4]});
  }
  return limits;
}

void dlc::dispatch::setLoopLimits(Operation *op, ArrayRef<LoopLimit> limits) {
  SmallVector<int64_t> numbers;
  for (const LoopLimit &limit : limits)
    numbers.append(
        {limit.loop, limit.extent, limit.element, limit.scale, limit.offset});
  if (numbers.empty())
    op->removeAttr(kLimitsAttrName);
  else
    op->setAttr(kLimitsAttrName,
                DenseI64ArrayAttr::get(op->getContext(), numbers));
}

//===----------------------------------------------------------------------===//
// KernelOp
//===----------------------------------------------------------------------===//

void KernelOp::build(OpBuilder &builder, OperationState &state, StringRef name,
                     FunctionType type, int64_t numOuts) {
  state.addAttribute(SymbolTable::getSymbolAttrName(),
                     builder.getStringAttr(name));
  state.addAttribute(getFunctionTypeAttrName(state.name), TypeAttr::get(type));
  state.addAttribute(getNumOutsAttrName(state.name),
                     builder.getI64IntegerAttr(numOuts));
  state.addRegion();
}

ParseResult KernelOp::parse(OpAsmParser &parser, OperationState &result) {
  auto buildFuncType =
      [](Builder &builder, ArrayRef<Type> inputs, ArrayRef<Type> results,
         function_interface_impl::VariadicFlag,
         std::string &) { return builder.getFunctionType(inputs, results); };
  return function_interface_impl::parseFunctionOp(
      parser, result, /*allowVariadic=*/false,
      getFunctionTypeAttrName(result.name), buildFuncType,
      getArgAttrsAttrName(result.name), getResAttrsAttrName(result.name));
}

void KernelOp::print(OpAsmPrinter &printer) {
  function_interface_impl::printFunctionOp(
      printer, *this, /*isVariadic=*/false, getFunctionTypeAttrName(),
      getArgAttrsAttrName(), getResAttrsAttrName());
}

LogicalResult KernelOp::verify() {
  ArrayRef<Type> args = getArgumentTypes();
  if (getNumOuts() < 1 || getNumOuts() > args.size())
    return emitOpError("(C1) num_outs must be between 1 and the number of "
                       "arguments, got ")
           << int64_t(getNumOuts());
  bool scheduled = isScheduled();
  for (Type type : args) {
    auto shaped = dyn_cast<ShapedType>(type);
    if (!shaped || !shaped.hasStaticShape() ||
        isa<MemRefType>(type) != scheduled ||
        (!scheduled && !isa<RankedTensorType>(type)))
      return emitOpError("(C2) arguments must be all tensors or all memrefs "
                         "with static shapes, got ")
             << type;
    if (auto memref = dyn_cast<MemRefType>(type))
      if (!memref.getLayout().isIdentity())
        return emitOpError("(C2) memref arguments must have the identity "
                           "layout, got ")
               << type;
  }
  if (scheduled ? !getResultTypes().empty()
                : getResultTypes() != args.take_back(getNumOuts()))
    return emitOpError("(C3) results must be the types of the last num_outs "
                       "arguments, and none after scheduling");
  if (getBody().empty())
    return success();
  if (failed(verifyWindows(getBody().front())))
    return failure();
  return verifyLimits(getBody().front(), args.drop_back(getNumOuts()));
}

FailureOr<int64_t> dlc::dispatch::countWorkItems(KernelOp kernel) {
  auto foralls = kernel.getBody().front().getOps<scf::ForallOp>();
  if (foralls.empty())
    return 1;
  scf::ForallOp forall = *foralls.begin();
  int64_t items = 1;
  for (auto [lower, upper, step] :
       llvm::zip_equal(forall.getMixedLowerBound(), forall.getMixedUpperBound(),
                       forall.getMixedStep())) {
    std::optional<int64_t> lb = getConstantIntValue(lower);
    std::optional<int64_t> ub = getConstantIntValue(upper);
    std::optional<int64_t> by = getConstantIntValue(step);
    if (!lb || !ub || !by || *by <= 0)
      return forall.emitOpError("of kernel '")
             << kernel.getSymName() << "' must have static bounds and steps";
    items *= *ub > *lb ? llvm::divideCeilSigned(*ub - *lb, *by) : 0;
  }
  return items;
}

LogicalResult ReturnOp::verify() {
  auto kernel = cast<KernelOp>((*this)->getParentOp());
  if (kernel.getResultTypes() !=
      ArrayRef<Type>(SmallVector<Type>(getOperandTypes())))
    return emitOpError("operand types must be the kernel's result types");
  return success();
}

//===----------------------------------------------------------------------===//
// LaunchOp
//===----------------------------------------------------------------------===//

LogicalResult LaunchOp::verify() {
  if (getOuts().empty())
    return emitOpError("(C2) needs an output");
  bool memrefs = isa<MemRefType>(getOuts().front().getType());
  for (Type type : getOperandTypes())
    if (!(memrefs ? isa<MemRefType>(type) : isa<RankedTensorType>(type)))
      return emitOpError(
                 "(C3) operands must be all tensors or all memrefs, got ")
             << type;
  if (memrefs ? getNumResults() != 0
              : getResultTypes() != TypeRange(getOuts().getTypes()))
    return emitOpError("(C3) results must have the types of outs, and there "
                       "are none on memrefs");
  return success();
}

LogicalResult LaunchOp::verifySymbolUses(SymbolTableCollection &tables) {
  Operation *callee = tables.lookupNearestSymbolFrom(*this, getKernelAttr());
  if (callee && callee->hasAttr(kItemsAttrName))
    return success();
  auto kernel = dyn_cast_or_null<KernelOp>(callee);
  if (!kernel)
    return emitOpError("(C1) no kernel named '") << getKernel() << "'";
  if (kernel.getArgumentTypes().size() != getNumOperands() ||
      kernel.getNumOuts() != getOuts().size())
    return emitOpError("(C2) has ")
           << getIns().size() << " ins and " << getOuts().size()
           << " outs, but kernel '" << getKernel() << "' takes "
           << kernel.getNumIns() << " and " << kernel.getNumOuts();
  for (auto [index, operand, arg] :
       llvm::enumerate(getOperandTypes(), kernel.getArgumentTypes())) {
    auto have = cast<ShapedType>(operand), want = cast<ShapedType>(arg);
    if (have.getShape() != want.getShape() ||
        have.getElementType() != want.getElementType())
      return emitOpError("(C2) operand ")
             << index << " is " << operand << ", but kernel '" << getKernel()
             << "' takes " << arg;
  }
  return success();
}

void LaunchOp::getEffects(
    SmallVectorImpl<SideEffects::EffectInstance<MemoryEffects::Effect>>
        &effects) {
  for (OpOperand &operand : (*this)->getOpOperands()) {
    if (!isa<MemRefType>(operand.get().getType()))
      continue;
    effects.emplace_back(MemoryEffects::Read::get(), &operand);
    if (isDpsInit(&operand))
      effects.emplace_back(MemoryEffects::Write::get(), &operand);
  }
}

DictionaryAttr dlc::dispatch::describeLaunch(LaunchOp launch,
                                             Operation *kernel) {
  std::string shapes;
  llvm::raw_string_ostream os(shapes);
  auto print = [&](OperandRange operands) {
    llvm::interleaveComma(operands, os, [&](Value value) {
      auto type = cast<ShapedType>(value.getType());
      os << type.getElementType() << "[";
      llvm::interleave(type.getShape(), os, ",");
      os << "]";
    });
  };
  print(launch.getIns());
  os << (launch.getIns().empty() ? "-> " : " -> ");
  print(launch.getOuts());
  Builder b(launch.getContext());
  NamedAttrList list;
  list.set("name",
           b.getStringAttr(llvm::join(namesOfNodes(launch.getLoc()), ", ")));
  list.set("kernel", b.getStringAttr(launch.getKernel()));
  list.set("shapes", b.getStringAttr(shapes));
  if (Attribute work = kernel ? kernel->getAttr(kWorkAttrName) : Attribute())
    list.set("work", work);
  return list.getDictionary(launch.getContext());
}

//===----------------------------------------------------------------------===//
// LoopOp
//===----------------------------------------------------------------------===//

LogicalResult LoopOp::verify() {
  bool memrefs = getNumResults() == 0;
  auto isRight = [&](Type type) {
    auto shaped = dyn_cast<ShapedType>(type);
    return shaped && shaped.hasStaticShape() &&
           isa<MemRefType>(type) == memrefs;
  };
  ValueRange made = memrefs ? ValueRange(getOuts()) : getResults();
  if (!llvm::all_of(getOperandTypes(), isRight))
    return emitOpError("(C4) operands must be all tensors or all memrefs with "
                       "static shapes, and memrefs only where there are no "
                       "results");
  if (!memrefs && (!getOuts().empty() || !getSpares().empty() || getScratch()))
    return emitOpError("(C4) has outs, spares or scratch on tensors");
  size_t states = getCarried().size();
  if (made.empty() || made.size() < states)
    return emitOpError("(C3) has fewer results than states");
  if (memrefs && getSpares().size() != (getTrips() > 1 ? states : 0))
    return emitOpError("(C4) has ")
           << getSpares().size() << " spare buffers for " << states
           << " states and " << getTrips() << " iterations";
  auto isStack = [&](Type type) {
    auto shaped = cast<ShapedType>(type);
    return shaped.getRank() > 0 &&
           shaped.getDimSize(0) == static_cast<int64_t>(getTrips());
  };
  if (!llvm::all_of(getSliced().getTypes(), isStack) ||
      !llvm::all_of(made.drop_front(states).getTypes(), isStack) ||
      getReversed().size() != getSliced().size() ||
      getStackedReversed().size() != made.size() - states)
    return emitOpError("(C2) must run as often as there are slices, and say of "
                       "each operand and result in slices whether it is "
                       "reversed");
  return success();
}

LogicalResult LoopOp::verifySymbolUses(SymbolTableCollection &tables) {
  Operation *callee = tables.lookupNearestSymbolFrom(*this, getBodyAttr());
  auto function = dyn_cast_or_null<FunctionOpInterface>(callee);
  if (!function || !cast<SymbolOpInterface>(callee).isPrivate())
    return emitOpError("(C1) no private function named '") << getBody() << "'";
  bool memrefs = getNumResults() == 0;
  // Shape and element type, of a slice or of all.
  auto fits = [](Type have, Type want, bool slice) {
    auto from = cast<ShapedType>(have);
    auto to = dyn_cast<ShapedType>(want);
    return to && to.hasRank() && from.getElementType() == to.getElementType() &&
           from.getShape().drop_front(slice ? 1 : 0) == to.getShape();
  };
  SmallVector<std::pair<Type, bool>> want;
  for (Type type : getCarried().getTypes())
    want.push_back({type, false});
  for (Type type : getSliced().getTypes())
    want.push_back({type, true});
  for (Type type : getInvariant().getTypes())
    want.push_back({type, false});
  size_t inputs = want.size();
  TypeRange made =
      memrefs ? TypeRange(getOuts().getTypes()) : TypeRange(getResultTypes());
  for (auto [index, type] : llvm::enumerate(made))
    want.push_back({type, index >= getCarried().size()});
  SmallVector<Type> have(function.getArgumentTypes());
  llvm::append_range(have, function.getResultTypes());
  if (have.size() != want.size() ||
      function.getNumResults() != (memrefs ? 0 : want.size() - inputs))
    return emitOpError("(C3) '")
           << getBody() << "' takes and makes " << have.size()
           << " values, not " << want.size();
  for (auto [index, is, needed] : llvm::enumerate(have, want))
    if (!fits(needed.first, is, needed.second))
      return emitOpError("(C3) value ")
             << index << " of '" << getBody() << "' is " << is
             << ", which does not fit to "
             << (needed.second ? "slices of " : "") << needed.first;
  return success();
}

void LoopOp::getEffects(
    SmallVectorImpl<SideEffects::EffectInstance<MemoryEffects::Effect>>
        &effects) {
  auto add = [&](const MutableOperandRange &range,
                 MemoryEffects::Effect *effect) {
    for (OpOperand &operand : range)
      if (isa<MemRefType>(operand.get().getType()))
        effects.emplace_back(effect, &operand);
  };
  for (const MutableOperandRange &range :
       {getCarriedMutable(), getSlicedMutable(), getInvariantMutable()})
    add(range, MemoryEffects::Read::get());
  for (const MutableOperandRange &range :
       {getOutsMutable(), getSparesMutable(), getScratchMutable()})
    add(range, MemoryEffects::Write::get());
}

/// The number of the slice in iteration `trip`.
static int64_t sliceAt(int64_t trip, int64_t trips, bool reversed) {
  return reversed ? trips - 1 - trip : trip;
}

SmallVector<LoopOp::Access> LoopOp::getReads(int64_t trip) {
  auto trips = static_cast<int64_t>(getTrips());
  SmallVector<Access> accesses;
  if (trip == 0)
    for (Value state : getCarried())
      accesses.push_back({state});
  else
    llvm::append_range(
        accesses,
        ArrayRef(getWrites(trip - 1)).take_front(getCarried().size()));
  for (auto [stack, reversed] : llvm::zip_equal(getSliced(), getReversed()))
    accesses.push_back({stack, sliceAt(trip, trips, reversed)});
  for (Value value : getInvariant())
    accesses.push_back({value});
  return accesses;
}

SmallVector<LoopOp::Access> LoopOp::getWrites(int64_t trip) {
  auto trips = static_cast<int64_t>(getTrips());
  size_t states = getCarried().size();
  bool toSpare = (trips - 1 - trip) % 2 != 0;
  SmallVector<Access> accesses;
  for (Value state :
       toSpare ? ValueRange(getSpares()) : getOuts().take_front(states))
    accesses.push_back({state});
  for (auto [stack, reversed] :
       llvm::zip_equal(getOuts().drop_front(states), getStackedReversed()))
    accesses.push_back({stack, sliceAt(trip, trips, reversed)});
  return accesses;
}

#define GET_OP_CLASSES
#include "dlc/Dialect/Dispatch/IR/DispatchOps.cpp.inc"
