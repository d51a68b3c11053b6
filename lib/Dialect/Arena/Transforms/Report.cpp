//===- Report.cpp - What a program's memory is used for -------------------===//

#include "dlc/Dialect/Arena/Transforms/Report.h"

#include "dlc/Dialect/Arena/IR/Arena.h"
#include "dlc/Dialect/Arena/Transforms/Steps.h"
#include "dlc/Support/Location.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include <tuple>

using namespace mlir;
using namespace dlc;
using namespace dlc::arena;

/// What a step runs: the kernel that it names, or the operation itself.
static std::string getKernelName(Operation *step) {
  for (NamedAttribute attr : step->getAttrs())
    if (auto symbol = dyn_cast<FlatSymbolRefAttr>(attr.getValue()))
      return symbol.getValue().str();
  return step->getName().stripDialect().str();
}

/// The first word of a kernel's name says what it does: "conv", "contract".
static std::string getKind(StringRef kernel) {
  return kernel.take_until([](char c) { return c == '_'; }).str();
}

/// "conv1 (Conv)" of "model.onnx: node 'conv1 (Conv)'": the report is about one
/// model, whose name is its title. Empty where no node is named.
static std::string getNodeName(Location loc) {
  std::string text = describeLocation(loc);
  StringRef node = StringRef(text).split(": node '").second;
  node.consume_back("'");
  return node.str();
}

namespace {
/// Fills in the launches and who touches what.
class UseCollector {
public:
  explicit UseCollector(MemoryReport &report) : report(report) {
    for (auto [index, slot] : llvm::enumerate(report.slots))
      slots[slot.name] = index;
    for (auto [index, constant] : llvm::enumerate(report.constants))
      constants[constant.name] = index;
  }

  /// `dims` is which one of several graph functions it is.
  void collect(const Timeline &timeline, StringRef dims) {
    std::string which = dims.empty() ? "" : (" (" + dims + ")").str();
    if (timeline.steps.empty() && !dims.empty())
      report.launches.push_back({"nothing", dims.str()}); // keeps the count
    for (Operation *step : timeline.steps) {
      auto number = static_cast<int64_t>(report.launches.size());
      report.launches.push_back(
          {getKernelName(step), getNodeName(step->getLoc()) + which});
      SmallPtrSet<OpOperand *, 4> writes = getWrites(step);
      for (OpOperand &operand : step->getOpOperands())
        add(operand, number, writes.contains(&operand));
    }
    func::FuncOp func = timeline.graph;
    for (unsigned i = 0, e = func.getNumArguments(); i < e; ++i)
      if (SlotOp op = getArgumentSlot(func, i)) {
        SlotReport &slot = report.slots[slots.lookup(op.getSymName())];
        auto name = func.getArgAttrOfType<StringAttr>(i, "dlc.name");
        bool isOutput = func.getArgAttr(i, "dlc.output") != nullptr;
        if (!isOutput)
          slot.kind = "input";
        if (name && slot.location.empty())
          slot.location =
              (Twine(isOutput ? "output " : "input ") + name.getValue()).str();
      }
    for (SlotReport &slot : report.slots)
      for (int64_t writer : slot.writers) {
        // What only fills a border is not what a buffer is for.
        std::string kind = getKind(report.launches[writer].kernel);
        if (slot.kind.empty() || slot.kind == "border")
          slot.kind = kind;
      }
  }

private:
  static SmallPtrSet<OpOperand *, 4> getWrites(Operation *step) {
    SmallPtrSet<OpOperand *, 4> writes;
    SmallVector<MemoryEffects::EffectInstance> effects;
    if (auto effectful = dyn_cast<MemoryEffectOpInterface>(step))
      effectful.getEffects(effects);
    for (const MemoryEffects::EffectInstance &effect : effects)
      if (isa<MemoryEffects::Write>(effect.getEffect()))
        if (auto *operand = effect.getEffectValue<OpOperand *>())
          writes.insert(operand);
    return writes;
  }

  void add(OpOperand &operand, int64_t number, bool isWrite) {
    auto append = [&](std::vector<int64_t> &numbers) {
      if (numbers.empty() || numbers.back() != number)
        numbers.push_back(number);
    };
    Value memory = getMemory(operand.get());
    if (auto view = memory.getDefiningOp<ViewOp>()) {
      auto it = slots.find(view.getSlot().getLeafReference());
      if (it != slots.end())
        append(isWrite ? report.slots[it->second].writers
                       : report.slots[it->second].readers);
    } else if (auto view = memory.getDefiningOp<ConstantViewOp>()) {
      auto it = constants.find(view.getConstant().getLeafReference());
      if (it != constants.end())
        append(report.constants[it->second].readers);
    }
  }

  MemoryReport &report;
  llvm::StringMap<size_t> slots, constants;
};
} // namespace

std::optional<MemoryReport> dlc::arena::collectMemoryReport(ModuleOp module) {
  auto layouts = module.getOps<LayoutOp>();
  if (layouts.empty())
    return std::nullopt;
  LayoutOp layout = *layouts.begin();
  MemoryReport report;
  report.arenaBytes = layout.getSize();
  report.alignment = layout.getAlignment();
  report.lowerBound = layout.getLowerBound();
  for (auto op : layout.getBody().getOps<SlotOp>()) {
    SlotReport slot;
    slot.name = op.getSymName();
    slot.location = getNodeName(op.getLoc());
    slot.offset = static_cast<int64_t>(op.getOffset());
    slot.size = static_cast<int64_t>(op.getSize());
    slot.first = static_cast<int64_t>(op.getFirst());
    slot.last = static_cast<int64_t>(op.getLast());
    report.slots.push_back(std::move(slot));
  }
  llvm::sort(report.slots, [](const SlotReport &a, const SlotReport &b) {
    return std::tie(a.first, a.offset, a.name) <
           std::tie(b.first, b.offset, b.name);
  });
  for (auto pool : module.getOps<ConstantPoolOp>()) {
    report.weightsBytes += pool.getSize();
    for (auto op : pool.getBody().getOps<ConstantOp>()) {
      ConstantReport constant;
      constant.name = op.getSymName();
      constant.location = getNodeName(op.getLoc());
      constant.offset = static_cast<int64_t>(op.getOffset());
      constant.size = op.getByteSize();
      report.constants.push_back(std::move(constant));
    }
  }
  llvm::sort(report.constants,
             [](const ConstantReport &a, const ConstantReport &b) {
               return std::tie(a.offset, a.name) < std::tie(b.offset, b.name);
             });
  UseCollector collector(report);
  for (const Timeline &timeline : collectTimelines(module)) {
    auto dims = timeline.graph->getAttrOfType<StringAttr>("dlc.dims");
    collector.collect(timeline, dims ? dims.getValue() : "");
  }
  return report;
}
