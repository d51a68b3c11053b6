//===- ArenaDialect.cpp - The arena dialect -------------------------------===//

#include "dlc/Dialect/Arena/IR/Arena.h"

#include "dlc/MemoryPlanning/Validate.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "mlir/IR/OpImplementation.h"

using namespace mlir;
using namespace dlc::arena;

#include "dlc/Dialect/Arena/IR/ArenaDialect.cpp.inc"

void ArenaDialect::initialize() {
  addOperations<
#define GET_OP_LIST
#include "dlc/Dialect/Arena/IR/ArenaOps.cpp.inc"
      >();
}

//===----------------------------------------------------------------------===//
// Bytes
//===----------------------------------------------------------------------===//

int64_t dlc::arena::getElementByteSize(Type type) {
  if (type.isIntOrFloat())
    return llvm::PowerOf2Ceil(
        llvm::divideCeil(type.getIntOrFloatBitWidth(), 8));
  if (type.isIndex())
    return 8;
  if (auto complex = dyn_cast<ComplexType>(type))
    return 2 * getElementByteSize(complex.getElementType());
  return 0;
}

int64_t dlc::arena::getByteSize(ShapedType type) {
  return type.getNumElements() * getElementByteSize(type.getElementType());
}

/// Writes `element` `count` times.
static void repeat(ArrayRef<char> element, int64_t count,
                   llvm::function_ref<void(ArrayRef<char>)> consume) {
  constexpr int64_t kPiece = 64 * 1024;
  if (element.empty() || count == 0)
    return;
  int64_t inPiece = std::clamp<int64_t>(
      kPiece / static_cast<int64_t>(element.size()), 1, count);
  SmallVector<char, 0> piece;
  for (int64_t i = 0; i < inPiece; ++i)
    piece.append(element.begin(), element.end());
  for (; count > 0; count -= inPiece)
    consume(
        ArrayRef(piece).take_front(std::min(count, inPiece) * element.size()));
}

bool dlc::arena::forEachConstantPiece(
    ElementsAttr value, llvm::function_ref<void(ArrayRef<char>)> consume) {
  ShapedType type = value.getShapedType();
  if (!type.hasStaticShape())
    return false;
  int64_t count = type.getNumElements();
  int64_t elementSize = getElementByteSize(type.getElementType());
  int64_t bytes = count * elementSize;
  if (auto resource = dyn_cast<DenseResourceElementsAttr>(value)) {
    AsmResourceBlob *blob = resource.getRawHandle().getBlob();
    if (!blob || static_cast<int64_t>(blob->getData().size()) != bytes)
      return false;
    consume(blob->getData());
    return true;
  }
  auto dense = dyn_cast<DenseIntOrFPElementsAttr>(value);
  if (!dense || elementSize == 0)
    return false;
  if (type.getElementType().isInteger(1)) {
    // Dense attributes may pack booleans; memory has a byte for each.
    if (dense.isSplat()) {
      char element = dense.getSplatValue<bool>();
      repeat(element, count, consume);
      return true;
    }
    SmallVector<char, 0> data;
    for (bool element : dense.getValues<bool>())
      data.push_back(element);
    consume(data);
    return true;
  }
  ArrayRef<char> data = dense.getRawData();
  if (dense.isSplat()) {
    if (static_cast<int64_t>(data.size()) != elementSize)
      return false;
    repeat(data, count, consume);
    return true;
  }
  if (static_cast<int64_t>(data.size()) != bytes)
    return false;
  consume(data);
  return true;
}

//===----------------------------------------------------------------------===//
// Layouts and slots
//===----------------------------------------------------------------------===//

/// `@name {attributes} {body}`: always with attributes, so never ambiguous.
static ParseResult parseContainer(OpAsmParser &parser, OperationState &result) {
  StringAttr name;
  if (parser.parseSymbolName(name, SymbolTable::getSymbolAttrName(),
                             result.attributes) ||
      parser.parseOptionalAttrDict(result.attributes))
    return failure();
  Region *body = result.addRegion();
  if (parser.parseRegion(*body, /*arguments=*/{}))
    return failure();
  if (body->empty())
    body->emplaceBlock();
  return success();
}

static void printContainer(OpAsmPrinter &printer, Operation *op) {
  printer << ' ';
  printer.printSymbolName(SymbolTable::getSymbolName(op).getValue());
  printer.printOptionalAttrDict(op->getAttrs(),
                                {SymbolTable::getSymbolAttrName()});
  printer << ' ';
  printer.printRegion(op->getRegion(0), /*printEntryBlockArgs=*/false,
                      /*printBlockTerminators=*/false);
}

ParseResult LayoutOp::parse(OpAsmParser &parser, OperationState &result) {
  return parseContainer(parser, result);
}

void LayoutOp::print(OpAsmPrinter &printer) { printContainer(printer, *this); }

void LayoutOp::build(OpBuilder &builder, OperationState &state, StringRef name,
                     int64_t size, int64_t alignment, int64_t lowerBound) {
  state.addAttribute(getSymNameAttrName(state.name),
                     builder.getStringAttr(name));
  state.addAttribute(getSizeAttrName(state.name),
                     builder.getI64IntegerAttr(size));
  state.addAttribute(getAlignmentAttrName(state.name),
                     builder.getI64IntegerAttr(alignment));
  state.addAttribute(getLowerBoundAttrName(state.name),
                     builder.getI64IntegerAttr(lowerBound));
  state.addRegion()->emplaceBlock();
}

LogicalResult LayoutOp::verifyRegions() {
  auto size = static_cast<int64_t>(getSize());
  auto alignment = static_cast<int64_t>(getAlignment());
  if (size < 0 || static_cast<int64_t>(getLowerBound()) < 0 || alignment <= 0 ||
      !llvm::isPowerOf2_64(alignment))
    return emitOpError("(C1) size and lower_bound must not be negative and "
                       "alignment must be a power of two");
  memory::Problem problem;
  memory::Plan plan;
  SmallVector<SlotOp> slots;
  for (Operation &op : getBody().front()) {
    auto slot = dyn_cast<SlotOp>(op);
    if (!slot)
      return op.emitOpError("(C2) is not allowed in an arena.layout");
    slots.push_back(slot);
    problem.buffers.push_back(
        {slot.getSymName().str(), static_cast<int64_t>(slot.getFirst()),
         static_cast<int64_t>(slot.getLast()) + 1,
         static_cast<int64_t>(slot.getSize()), alignment});
    plan.offsets.push_back(slot.getOffset());
  }
  std::vector<memory::Violation> violations =
      memory::validate(problem, plan, size);
  if (violations.empty())
    return success();
  const memory::Violation &violation = violations.front();
  using Kind = memory::Violation::Kind;
  const char *label = violation.kind == Kind::OutOfRange   ? "(C3) "
                      : violation.kind == Kind::Misaligned ? "(C4) "
                                                           : "(C5) ";
  InFlightDiagnostic diag = emitOpError(label)
                            << "slot "
                            << memory::describe(problem, plan, violation);
  diag.attachNote(slots[violation.first].getLoc()) << "see this slot";
  if (violation.kind == Kind::Overlap)
    diag.attachNote(slots[violation.second].getLoc()) << "and this one";
  return diag;
}

LogicalResult SlotOp::verify() {
  auto first = static_cast<int64_t>(getFirst());
  auto last = static_cast<int64_t>(getLast());
  if (static_cast<int64_t>(getOffset()) < 0 ||
      static_cast<int64_t>(getSize()) < 0 || first < 0 || first > last ||
      last == std::numeric_limits<int64_t>::max())
    return emitOpError("(C1) offset, size and first must not be negative, and "
                       "first not after last");
  return success();
}

/// The result type of a view of something of `bytes` bytes.
static LogicalResult verifyViewType(Operation *op) {
  auto type = dyn_cast<MemRefType>(op->getResult(0).getType());
  if (!type || !type.hasStaticShape() || !type.getLayout().isIdentity() ||
      getElementByteSize(type.getElementType()) == 0)
    return op->emitOpError("(C2) must be a memref with a static shape and the "
                           "identity layout, got ")
           << op->getResult(0).getType();
  return success();
}

LogicalResult ViewOp::verify() { return verifyViewType(*this); }

SlotOp dlc::arena::getArgumentSlot(FunctionOpInterface graph, unsigned index) {
  auto symbol = graph.getArgAttrOfType<SymbolRefAttr>(index, kSlotAttrName);
  if (!symbol)
    return nullptr;
  return SymbolTable::lookupNearestSymbolFrom<SlotOp>(graph, symbol);
}

SlotOp ViewOp::getSlotOp(SymbolTableCollection &tables) {
  return tables.lookupNearestSymbolFrom<SlotOp>(*this, getSlotAttr());
}

LogicalResult ViewOp::verifySymbolUses(SymbolTableCollection &tables) {
  SlotOp slot = getSlotOp(tables);
  if (!slot)
    return emitOpError("(C1) no arena.slot ") << getSlotAttr();
  int64_t bytes = getByteSize(cast<MemRefType>(getType()));
  if (bytes > static_cast<int64_t>(slot.getSize()))
    return emitOpError("(C3) needs ")
           << bytes << " bytes, but slot " << getSlotAttr() << " has "
           << slot.getSize();
  return success();
}

//===----------------------------------------------------------------------===//
// Constants
//===----------------------------------------------------------------------===//

ParseResult ConstantPoolOp::parse(OpAsmParser &parser, OperationState &result) {
  return parseContainer(parser, result);
}

void ConstantPoolOp::print(OpAsmPrinter &printer) {
  printContainer(printer, *this);
}

void ConstantPoolOp::build(OpBuilder &builder, OperationState &state,
                           StringRef name, int64_t size, int64_t alignment) {
  state.addAttribute(getSymNameAttrName(state.name),
                     builder.getStringAttr(name));
  state.addAttribute(getSizeAttrName(state.name),
                     builder.getI64IntegerAttr(size));
  state.addAttribute(getAlignmentAttrName(state.name),
                     builder.getI64IntegerAttr(alignment));
  state.addRegion()->emplaceBlock();
}

LogicalResult ConstantPoolOp::verifyRegions() {
  auto size = static_cast<int64_t>(getSize());
  auto alignment = static_cast<int64_t>(getAlignment());
  if (size < 0 || alignment <= 0 || !llvm::isPowerOf2_64(alignment))
    return emitOpError("(C1) size must not be negative and alignment must be a "
                       "power of two");
  memory::Problem problem;
  memory::Plan plan;
  SmallVector<ConstantOp> constants;
  for (Operation &op : getBody().front()) {
    auto constant = dyn_cast<ConstantOp>(op);
    if (!constant)
      return op.emitOpError("(C2) is not allowed in an arena.constant_pool");
    constants.push_back(constant);
    problem.buffers.push_back({constant.getSymName().str(), 0, 1,
                               constant.getByteSize(), kConstantAlignment});
    plan.offsets.push_back(constant.getOffset());
  }
  std::vector<memory::Violation> violations =
      memory::validate(problem, plan, size);
  if (violations.empty())
    return success();
  const memory::Violation &violation = violations.front();
  ConstantOp first = constants[violation.first];
  switch (violation.kind) {
  case memory::Violation::Kind::OutOfRange:
    return first.emitOpError("(C3) ends outside of its pool");
  case memory::Violation::Kind::Misaligned:
    return first.emitOpError("(C4) offset must be a multiple of ")
           << kConstantAlignment;
  default:
    return first.emitOpError("(C5) shares bytes with @")
           << constants[violation.second].getSymName();
  }
}

int64_t ConstantOp::getByteSize() {
  return arena::getByteSize(getValue().getShapedType());
}

void ConstantOp::forEachPiece(
    llvm::function_ref<void(ArrayRef<char>)> consume) {
  forEachConstantPiece(getValue(), consume);
}

LogicalResult ConstantOp::verify() {
  if (static_cast<int64_t>(getOffset()) < 0)
    return emitOpError("(C1) offset must not be negative");
  // Streaming is free but for splats, which are expanded piece by piece.
  auto dense = dyn_cast<DenseElementsAttr>(getValue());
  bool splat = dense && dense.isSplat() &&
               getElementByteSize(dense.getElementType()) > 0;
  if (!splat && !forEachConstantPiece(getValue(), [](ArrayRef<char>) {}))
    return emitOpError("(C2) value must be dense data of the size of its type ")
           << getValue().getShapedType();
  return success();
}

LogicalResult ConstantViewOp::verify() { return verifyViewType(*this); }

ConstantOp ConstantViewOp::getConstantOp(SymbolTableCollection &tables) {
  return tables.lookupNearestSymbolFrom<ConstantOp>(*this, getConstantAttr());
}

LogicalResult ConstantViewOp::verifySymbolUses(SymbolTableCollection &tables) {
  ConstantOp constant = getConstantOp(tables);
  if (!constant)
    return emitOpError("(C1) no arena.constant ") << getConstantAttr();
  int64_t bytes = getByteSize(cast<MemRefType>(getType()));
  if (bytes != constant.getByteSize())
    return emitOpError("(C3) needs ")
           << bytes << " bytes, but constant " << getConstantAttr() << " has "
           << constant.getByteSize();
  return success();
}

#define GET_OP_CLASSES
#include "dlc/Dialect/Arena/IR/ArenaOps.cpp.inc"
