//===- HostApplySchedules.cpp - Schedules that come from a file -----------===//

#include "UserSchedule.h"

#include "dlc/Schedule/Host/Passes.h"

#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Transform/IR/TransformDialect.h"
#include "mlir/Parser/Parser.h"
#include "llvm/Support/GlobPattern.h"

namespace dlc::schedule {
#define GEN_PASS_DEF_HOSTAPPLYSCHEDULESPASS
#include "dlc/Schedule/Host/Passes.h.inc"
} // namespace dlc::schedule

using namespace mlir;
using namespace dlc;
using namespace dlc::schedule;
using mlir::transform::NamedSequenceOp;

namespace {

/// A sequence and the names of kernels that it is for.
struct Entry {
  NamedSequenceOp sequence;
  llvm::GlobPattern pattern;
  bool isUsed = false;
};

class HostApplySchedules
    : public dlc::schedule::impl::HostApplySchedulesPassBase<
          HostApplySchedules> {
public:
  using HostApplySchedulesPassBase::HostApplySchedulesPassBase;

  void runOnOperation() override {
    OwningOpRef<ModuleOp> module =
        parseSourceFile<ModuleOp>(file, ParserConfig(&getContext()));
    SmallVector<Entry> entries;
    if (!module || failed(collect(*module, entries)))
      return signalPassFailure();
    auto kernels = llvm::to_vector(getOperation().getOps<dispatch::KernelOp>());
    // All or nothing: what is named wrongly is said before work begins.
    SmallVector<std::pair<dispatch::KernelOp, NamedSequenceOp>> matches;
    for (dispatch::KernelOp kernel : kernels) {
      if (kernel.isScheduled() || kernel.getBody().empty())
        continue;
      Entry *entry = llvm::find_if(entries, [&](Entry &each) {
        return each.pattern.match(kernel.getSymName());
      });
      if (entry == entries.end())
        continue;
      entry->isUsed = true;
      matches.push_back({kernel, entry->sequence});
    }
    for (const Entry &entry : entries)
      if (!entry.isUsed)
        return reportUnknown(entry.sequence, kernels);
    for (auto [kernel, sequence] : matches)
      if (failed(UserSchedule(sequence, kernel).run()))
        return signalPassFailure();
  }

private:
  LogicalResult collect(ModuleOp module, SmallVectorImpl<Entry> &entries) {
    for (auto sequence : module.getOps<NamedSequenceOp>()) {
      // Parts of other sequences, which include them.
      if (sequence.isPrivate())
        continue;
      auto pattern = llvm::GlobPattern::create(sequence.getSymName());
      if (!pattern)
        return sequence.emitError("its name is no pattern: ")
               << llvm::toString(pattern.takeError());
      if (sequence.getArgumentTypes().size() != 1)
        return sequence.emitError(
            "a schedule has one argument, the kernel; parts of other sequences "
            "are private");
      entries.push_back({sequence, std::move(*pattern)});
    }
    if (entries.empty())
      return emitError(FileLineColLoc::get(&getContext(), file, 0, 0))
             << "has no transform.named_sequence named after a kernel";
    return success();
  }

  void reportUnknown(NamedSequenceOp sequence,
                     ArrayRef<dispatch::KernelOp> kernels) {
    constexpr size_t most = 20;
    InFlightDiagnostic diagnostic = emitError(sequence.getLoc())
                                    << "schedule '" << sequence.getSymName()
                                    << "' is for no kernel; there are ";
    llvm::interleaveComma(
        kernels.take_front(most), diagnostic,
        [&](dispatch::KernelOp kernel) { diagnostic << kernel.getSymName(); });
    if (kernels.size() > most)
      diagnostic << " and " << kernels.size() - most
                 << " more, which --emit=dispatch shows";
    signalPassFailure();
  }
};

} // namespace
