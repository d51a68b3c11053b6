//===- Report.cpp - What a program's memory is used for -------------------===//

#include "dlc/Dialect/Arena/Transforms/Report.h"

#include "dlc/Dialect/Arena/IR/Arena.h"
#include "dlc/Support/Location.h"

#include "llvm/Support/Format.h"
#include "llvm/Support/raw_ostream.h"

#include <tuple>

using namespace mlir;
using namespace dlc::arena;

std::optional<MemoryReport> dlc::arena::collectMemoryReport(ModuleOp module) {
  auto layouts = module.getOps<LayoutOp>();
  if (layouts.empty())
    return std::nullopt;
  LayoutOp layout = *layouts.begin();
  MemoryReport report;
  report.arenaBytes = layout.getSize();
  report.alignment = layout.getAlignment();
  report.lowerBound = layout.getLowerBound();
  for (auto slot : layout.getBody().getOps<SlotOp>())
    report.slots.push_back({slot.getSymName().str(),
                            describeLocation(slot.getLoc()),
                            static_cast<int64_t>(slot.getOffset()),
                            static_cast<int64_t>(slot.getSize()),
                            static_cast<int64_t>(slot.getFirst()),
                            static_cast<int64_t>(slot.getLast())});
  llvm::sort(report.slots, [](const SlotReport &a, const SlotReport &b) {
    return std::tie(a.first, a.offset, a.name) <
           std::tie(b.first, b.offset, b.name);
  });
  for (auto pool : module.getOps<ConstantPoolOp>()) {
    report.weightsBytes += pool.getSize();
    for (auto constant : pool.getBody().getOps<ConstantOp>())
      report.constants.push_back(
          {constant.getSymName().str(), describeLocation(constant.getLoc()),
           static_cast<int64_t>(constant.getOffset()), constant.getByteSize()});
  }
  llvm::sort(report.constants,
             [](const ConstantReport &a, const ConstantReport &b) {
               return std::tie(a.offset, a.name) < std::tie(b.offset, b.name);
             });
  return report;
}

/// "7.0 MiB"; bytes below a KiB.
static void printBytes(llvm::raw_ostream &os, int64_t bytes) {
  if (bytes < 1024)
    os << bytes << " B";
  else if (bytes < 1024 * 1024)
    os << llvm::format("%.1f KiB", bytes / 1024.0);
  else
    os << llvm::format("%.1f MiB", bytes / (1024.0 * 1024.0));
}

std::string dlc::arena::summarize(const MemoryReport &report) {
  std::string text;
  llvm::raw_string_ostream os(text);
  os << "weights ";
  printBytes(os, report.weightsBytes);
  os << ", arena ";
  printBytes(os, report.arenaBytes);
  os << ", lower bound ";
  printBytes(os, report.lowerBound);
  os << llvm::format(", ratio %.3f", report.ratio());
  return text;
}
