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

/// Copies now the elements of the lanes, of N bytes.
template <unsigned N>
static void perform(const AsyncCopies::Copy &copy, uint32_t lanes) {
  static const char zeros[N] = {};
  auto move = [&](unsigned lane) {
    auto *to = reinterpret_cast<char *>(copy.to[lane]);
    const auto *from = reinterpret_cast<const char *>(copy.from[lane]);
    uint32_t bytes = copy.isPartial ? copy.sourceBytes[lane] : N;
    if (bytes == 0 || bytes == N) { // by far the most
      std::memcpy(to, bytes ? from : zeros, N);
      return;
    }
    std::memcpy(to, from, bytes);
    std::memset(to + bytes, 0, N - bytes);
  };
  if (lanes == ~0u)
    for (unsigned lane = 0; lane < warpSize; ++lane)
      move(lane);
  else
    forEachLane(lanes, move);
}

void AsyncCopies::add(uint32_t lanes, uint32_t bytes, unsigned line,
                      const uint64_t *to, const uint64_t *from,
                      const uint32_t *sourceBytes) {
  if (end == pending.size())
    pending.emplace_back();
  Copy &copy = pending[end++];
  copy.lanes = lanes;
  copy.bytes = bytes;
  copy.line = line;
  copy.isPartial = sourceBytes != nullptr;
  std::memcpy(copy.group, committed, sizeof(committed));
  std::memcpy(copy.to, to, sizeof(copy.to));
  std::memcpy(copy.from, from, sizeof(copy.from));
  if (sourceBytes)
    for (unsigned i = 0; i < warpSize; ++i)
      copy.sourceBytes[i] = std::min(sourceBytes[i], bytes);
}

void AsyncCopies::commit(uint32_t lanes) {
  isUniform &= lanes == ~0u;
  forEachLane(lanes, [&](unsigned lane) { ++committed[lane]; });
}

uint32_t AsyncCopies::readyLanes(const Copy &copy, uint32_t keep) const {
  // group g is the (g + 1)-th to be committed
  auto isReady = [&](unsigned lane) {
    return uint64_t(copy.group[lane]) + keep < committed[lane];
  };
  if (isUniform)
    return isReady(0) ? ~0u : 0;
  uint32_t ready = 0;
  for (unsigned lane = 0; lane < warpSize; ++lane)
    ready |= uint32_t(isReady(lane)) << lane;
  return ready;
}

void AsyncCopies::wait(uint32_t lanes, uint32_t keep,
                       llvm::function_ref<void(const Copy &, uint32_t)> visit) {
  for (size_t i = first; i < end; ++i) {
    Copy &copy = pending[i];
    uint32_t due = copy.lanes & lanes;
    if (keep != ~0u)
      due &= readyLanes(copy, keep);
    if (!due)
      continue;
    if (copy.bytes == 4)
      perform<4>(copy, due);
    else if (copy.bytes == 8)
      perform<8>(copy, due);
    else
      perform<16>(copy, due);
    visit(copy, due);
    copy.lanes &= ~due;
  }
  while (first < end && pending[first].lanes == 0)
    ++first;
  if (first == end)
    first = end = 0;
  else if (first > 64 && first > end / 2) {
    // copies that are never all waited for do not pile up
    std::move(pending.begin() + long(first), pending.begin() + long(end),
              pending.begin());
    end -= first;
    first = 0;
  }
}
