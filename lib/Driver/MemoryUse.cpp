//===- MemoryUse.cpp - The memory of a program, for its user --------------===//

#include "MemoryUse.h"

#include "dlc/Driver/Output.h"

#include "mlir/IR/Diagnostics.h"

#include <sstream>

using namespace mlir;
using namespace dlc;

LogicalResult dlc::checkMemoryBudget(const arena::MemoryReport &report,
                                     int64_t budget, Location loc) {
  if (report.arenaBytes <= budget)
    return success();
  std::string peak = memory::describePeak(report, 10);
  return emitError(loc) << "the program needs an arena of " << report.arenaBytes
                        << " bytes (" << memory::formatBytes(report.arenaBytes)
                        << "), which is more than --memory-budget=" << budget
                        << "; " << StringRef(peak).rtrim();
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
