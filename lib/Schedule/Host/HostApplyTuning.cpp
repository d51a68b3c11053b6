//===- HostApplyTuning.cpp - Tiles that were chosen by measuring ----------===//

#include "dlc/Schedule/Host/Passes.h"
#include "dlc/Schedule/Host/Tuning.h"

#include "mlir/IR/Location.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/TargetParser/Host.h"

namespace dlc::schedule {
#define GEN_PASS_DEF_HOSTAPPLYTUNINGPASS
#include "dlc/Schedule/Host/Passes.h.inc"
} // namespace dlc::schedule

using namespace mlir;
using namespace dlc;
using namespace dlc::schedule;

namespace {

class HostApplyTuning
    : public dlc::schedule::impl::HostApplyTuningPassBase<HostApplyTuning> {
public:
  using HostApplyTuningPassBase::HostApplyTuningPassBase;

  void runOnOperation() override {
    Location loc = FileLineColLoc::get(&getContext(), file, 0, 0);
    auto text = llvm::MemoryBuffer::getFile(file);
    if (!text) {
      emitError(loc) << text.getError().message();
      return signalPassFailure();
    }
    auto table = TuningTable::parse((*text)->getBuffer());
    if (!table) {
      emitError(loc) << llvm::toString(table.takeError());
      return signalPassFailure();
    }
    std::string name =
        cpu == "native" ? llvm::sys::getHostCPUName().str() : cpu.getValue();
    if (!table->knows(name))
      emitWarning(loc) << "nothing was tuned for the CPU " << name;
    else if (applyTuning(getOperation(), *table, name) == 0)
      emitWarning(loc) << "no kernel of this model was tuned for the CPU "
                       << name;
  }
};

} // namespace
