//===- StepOrder.cpp - Which steps wait for which -------------------------===//

#include "dlc/Target/CUDA/LaunchTable.h"

#include "llvm/ADT/BitVector.h"
#include "llvm/ADT/STLExtras.h"

using namespace llvm;
using namespace dlc;
using namespace dlc::target;

using Address = DeviceInfo::Address;

static bool conflicts(const Address &lhs, const Address &rhs) {
  return (lhs.isWritten || rhs.isWritten) && lhs.space == rhs.space &&
         lhs.index == rhs.index && lhs.offset < rhs.offset + rhs.size &&
         rhs.offset < lhs.offset + lhs.size;
}

static bool conflicts(const DeviceInfo::Step &lhs,
                      const DeviceInfo::Step &rhs) {
  return any_of(lhs.args, [&](const Address &left) {
    return any_of(rhs.args,
                  [&](const Address &right) { return conflicts(left, right); });
  });
}

void target::orderSteps(std::vector<DeviceInfo::Step> &steps) {
  // Of each step, those that are done before it begins.
  std::vector<BitVector> done;
  for (auto [number, step] : enumerate(steps)) {
    BitVector &mine = done.emplace_back(steps.size());
    for (size_t earlier = number; earlier-- > 0;) {
      if (mine.test(earlier) || !conflicts(steps[earlier], step))
        continue;
      step.after.push_back(earlier);
      mine |= done[earlier];
      mine.set(earlier);
    }
  }
}
