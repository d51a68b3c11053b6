//===- AsyncCopies.cpp - cp.async of one warp -----------------------------===//

#include "AsyncCopies.h"

#include "llvm/ADT/bit.h"

#include <algorithm>
#include <cstring>

using namespace dlc::ptxsim;

template <typename Visitor>
static void forEachLane(uint32_t lanes, Visitor visit) {
  for (; lanes; lanes &= lanes - 1)
    visit(unsigned(llvm::countr_zero(lanes)));
}

void AsyncCopies::perform(const Copy &copy, uint32_t lanes) {
  forEachLane(lanes, [&](unsigned lane) {
    auto *to = reinterpret_cast<char *>(copy.to[lane]);
    const auto *from = reinterpret_cast<const char *>(copy.from[lane]);
    uint32_t bytes = copy.sourceBytes[lane];
    if (bytes == 16) { // by far the most
      std::memcpy(to, from, 16);
      return;
    }
    std::memcpy(to, from, bytes);
    std::memset(to + bytes, 0, copy.bytes - bytes);
  });
}

void AsyncCopies::add(uint32_t lanes, uint32_t bytes, unsigned line,
                      const uint64_t *to, const uint64_t *from,
                      const uint32_t *sourceBytes) {
  Copy &copy = pending.emplace_back();
  copy.lanes = lanes;
  copy.bytes = bytes;
  copy.line = line;
  std::memcpy(copy.group, committed, sizeof(committed));
  std::memcpy(copy.to, to, sizeof(copy.to));
  std::memcpy(copy.from, from, sizeof(copy.from));
  for (unsigned i = 0; i < warpSize; ++i)
    copy.sourceBytes[i] = sourceBytes ? std::min(sourceBytes[i], bytes) : bytes;
}

void AsyncCopies::commit(uint32_t lanes) {
  forEachLane(lanes, [&](unsigned lane) { ++committed[lane]; });
}

void AsyncCopies::wait(uint32_t lanes, uint32_t keep,
                       llvm::function_ref<void(const Copy &, uint32_t)> visit) {
  for (Copy &copy : pending) {
    uint32_t due = copy.lanes & lanes;
    if (keep != ~0u) {
      uint32_t ready = 0;
      forEachLane(due, [&](unsigned lane) {
        // group g is the (g + 1)-th to be committed
        if (uint64_t(copy.group[lane]) + keep < committed[lane])
          ready |= 1u << lane;
      });
      due = ready;
    }
    perform(copy, due);
    if (due)
      visit(copy, due);
    copy.lanes &= ~due;
  }
  while (!pending.empty() && pending.front().lanes == 0)
    pending.pop_front();
}
