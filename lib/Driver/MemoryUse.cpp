//===- MemoryUse.cpp - The memory of a program, for its user --------------===//

#include "MemoryUse.h"

#include "dlc/Driver/Output.h"

#include "mlir/IR/Diagnostics.h"

#include <sstream>

using namespace mlir;
using namespace dlc;

SmallVector<StringRef> dlc::getFittingSteps(ModuleOp module) {
  SmallVector<StringRef> steps;
  if (auto list = module->getAttrOfType<ArrayAttr>("dispatch.fitted"))
    for (Attribute element : list)
      if (auto step = dyn_cast<StringAttr>(element))
        steps.push_back(step.getValue());
  return steps;
}

LogicalResult dlc::checkMemoryBudget(const arena::MemoryReport &report,
                                     int64_t budget, ModuleOp module,
                                     Location loc) {
  if (report.arenaBytes <= budget)
    return success();
  std::string peak = memory::describePeak(report, 10);
  SmallVector<StringRef> steps = getFittingSteps(module);
  return emitError(loc) << "the program needs an arena of " << report.arenaBytes
                        << " bytes (" << memory::formatBytes(report.arenaBytes)
                        << "), which is more than --memory-budget=" << budget
                        << (steps.empty()
                                ? "; "
                                : ", and is the least that was found (" +
                                      steps.back().str() + "); ")
                        << StringRef(peak).rtrim();
}

LogicalResult dlc::writeMemoryReport(const arena::MemoryReport &report,
                                     StringRef path, MLIRContext *context,
                                     llvm::raw_ostream &summary) {
  std::ostringstream text;
  if (path.ends_with(".json"))
    memory::writeJson(text, report);
  else
    memory::writePage(text, report);
  if (failed(writeFile(context, path, [&](llvm::raw_pwrite_stream &os) {
        os << text.str();
        return success();
      })))
    return failure();
  summary << path << ": " << memory::summarize(report) << "\n"
          << memory::describePeak(report, 3);
  return success();
}
