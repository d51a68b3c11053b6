//===- SharedShadow.cpp - What happened to shared memory ------------------===//

#include "SharedShadow.h"

#include "llvm/ADT/bit.h"

#include <algorithm>

using namespace dlc::ptxsim;

void SharedShadow::resize(uint64_t bytes) { words.assign((bytes + 3) / 4, {}); }

void SharedShadow::beginBlock() {
  ++block;
  // all that was done before has been seen by all
  for (uint32_t w = 0; w < warpSize; ++w) {
    std::fill_n(clocks[w], warpSize, latest);
    clocks[w][w] = latest + 1;
  }
  ++latest;
}

void SharedShadow::join(uint32_t members) {
  uint32_t joined[warpSize] = {};
  for (uint32_t rest = members; rest; rest &= rest - 1) {
    const uint32_t *own = clocks[llvm::countr_zero(rest)];
    for (uint32_t v = 0; v < warpSize; ++v)
      joined[v] = std::max(joined[v], own[v]);
  }
  for (uint32_t rest = members; rest; rest &= rest - 1) {
    auto w = uint32_t(llvm::countr_zero(rest));
    std::copy_n(joined, warpSize, clocks[w]);
    latest = std::max(latest, ++clocks[w][w]);
  }
}

void SharedShadow::recordRead(Word &word, uint32_t warp, uint8_t mask) {
  uint32_t now = clocks[warp][warp];
  if (word.reader.warp != warp) {
    if (word.reader.bytes)
      word.otherReader = word.reader;
    word.reader = {now, uint8_t(warp), mask, false};
    return;
  }
  word.reader.bytes =
      word.reader.clock == now ? uint8_t(word.reader.bytes | mask) : mask;
  word.reader.clock = now;
}

SharedShadow::Problem SharedShadow::accessWord(Word &word, uint32_t warp,
                                               uint8_t mask, uint32_t flags,
                                               uint32_t &other) {
  if (word.block != block) {
    word.block = block;
    word.written = 0;
    word.copies = 0; // those of earlier blocks are forgotten
  }
  if (!(flags & AccessWrite) && !word.copies && isSeen(warp, word.write) &&
      (word.written & mask) == mask) { // by far the most
    recordRead(word, warp, mask);
    return Problem::None;
  }
  Problem problem = Problem::None;
  bool isAtomic = flags & AccessAtomic, isWrite = flags & AccessWrite;
  auto conflicts = [&](const Event &event) {
    other = event.warp;
    return (event.bytes & mask) && !isSeen(warp, event) &&
           !(isAtomic && event.isAtomic);
  };
  if (word.copies) {
    problem = Problem::PendingCopy;
    other = word.copyWarp;
  } else if (conflicts(word.write)) {
    problem = isWrite ? Problem::WriteAfter : Problem::ReadAfter;
  } else if (isWrite &&
             (conflicts(word.reader) || conflicts(word.otherReader))) {
    problem = Problem::WriteOfRead;
  }
  if ((flags & AccessRead) && (word.written & mask) != mask &&
      problem == Problem::None)
    problem = Problem::Unwritten;
  if (!isWrite) {
    recordRead(word, warp, mask);
    return problem;
  }
  word.written |= mask;
  uint32_t now = clocks[warp][warp];
  bool isSame = word.write.warp == warp && word.write.clock == now;
  word.write = {now, uint8_t(warp),
                isSame ? uint8_t(word.write.bytes | mask) : mask, isAtomic};
  return problem;
}

SharedShadow::Result SharedShadow::access(uint32_t warp, uint64_t offset,
                                          uint32_t bytes, uint32_t flags) {
  Result result;
  for (uint32_t done = 0; done < bytes;) {
    uint64_t at = offset + done;
    uint32_t inWord = uint32_t(at % 4);
    uint32_t count = std::min(4 - inWord, bytes - done);
    auto mask = uint8_t(((1u << count) - 1) << inWord);
    uint32_t other = 0;
    Problem problem = accessWord(words[at / 4], warp, mask, flags, other);
    if (problem != Problem::None && result.problem == Problem::None)
      result = {problem, other};
    done += count;
  }
  return result;
}

void SharedShadow::accessSpan(
    uint32_t warp, uint64_t offset, uint32_t bytes, uint32_t flags,
    llvm::function_ref<void(uint64_t, Result)> visit) {
  for (uint64_t at = offset; at < offset + bytes; at += 4) {
    uint32_t other = 0;
    Problem problem = accessWord(words[at / 4], warp, 0xf, flags, other);
    if (problem != Problem::None)
      visit(at, {problem, other});
  }
}

SharedShadow::Result SharedShadow::beginCopy(uint32_t warp, uint64_t offset,
                                             uint32_t bytes) {
  // it may write at once, so it must not race now
  Result result = access(warp, offset, bytes, AccessWrite);
  for (uint64_t at = offset / 4; at < (offset + bytes) / 4; ++at) {
    words[at].copyWarp = uint8_t(warp);
    words[at].copies = uint8_t(std::min(words[at].copies + 1, 255));
  }
  return result;
}

void SharedShadow::endCopy(uint32_t warp, uint64_t offset, uint32_t bytes) {
  // the bytes are those of the warp that has waited for them
  for (uint64_t at = offset / 4; at < (offset + bytes) / 4; ++at) {
    Word &word = words[at];
    if (word.copies)
      --word.copies;
    word.write = {clocks[warp][warp], uint8_t(warp), 0xf, false};
  }
}
