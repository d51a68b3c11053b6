//===- SharedShadow.cpp - What happened to shared memory ------------------===//

#include "SharedShadow.h"

#include "llvm/ADT/bit.h"
#include "llvm/Support/Compiler.h"

#include <algorithm>

using namespace dlc::ptxsim;

static constexpr uint64_t chunkBytes = 16;

void SharedShadow::resize(uint64_t bytes) {
  chunks.assign((bytes + chunkBytes - 1) / chunkBytes, {});
}

//===----------------------------------------------------------------------===//
// Time
//===----------------------------------------------------------------------===//

void SharedShadow::beginBlock() {
  ++block;
  // all that was done before has been seen by all
  for (auto &seen : clocks)
    std::fill_n(seen, warpSize, latest);
  ++latest;
}

void SharedShadow::join(uint32_t members) {
  uint32_t joined[warpSize] = {};
  for (uint32_t rest = members; rest; rest &= rest - 1) {
    auto w = uint32_t(llvm::countr_zero(rest));
    for (uint32_t v = 0; v < warpSize; ++v)
      joined[v] = std::max(joined[v], clocks[w][v]);
    joined[w] = std::max(joined[w], now(w));
  }
  for (uint32_t rest = members; rest; rest &= rest - 1) {
    auto w = uint32_t(llvm::countr_zero(rest));
    std::copy_n(joined, warpSize, clocks[w]);
    latest = std::max(latest, now(w));
  }
}

void SharedShadow::joinLanes(uint32_t warp) {
  ++clocks[warp][warp];
  latest = std::max(latest, now(warp));
}

void SharedShadow::beginAccess() { tag = tag == 255 ? 1 : tag + 1; }

//===----------------------------------------------------------------------===//
// One word
//===----------------------------------------------------------------------===//

void SharedShadow::recordRead(Chunk &chunk, unsigned word, Event mine) const {
  Event &reader = chunk.reader[word];
  if (warpOf(reader) != warpOf(mine)) {
    if (reader)
      chunk.otherReader[word] = reader;
    reader = mine;
    return;
  }
  if (clockOf(reader) != clockOf(mine)) {
    reader = mine;
    return;
  }
  uint32_t lane = laneOf(mine);
  if (laneOf(reader) != lane)
    lane = bytesOf(reader) == bytesOf(mine) && laneOf(reader) != unknownLane
               ? allLanes
               : unknownLane;
  reader = withLane(mine | bytesOf(reader), lane);
}

void SharedShadow::recordWrite(Chunk &chunk, unsigned word, Event mine) const {
  Event &write = chunk.write[word];
  bool isSame =
      warpOf(write) == warpOf(mine) && clockOf(write) == clockOf(mine);
  if (!isSame) {
    write = mine;
    return;
  }
  uint32_t lane = laneOf(write) == laneOf(mine) ? laneOf(mine) : unknownLane;
  write = withLane(mine | bytesOf(write), lane);
}

SharedShadow::Problem SharedShadow::accessWord(Chunk &chunk, unsigned word,
                                               Event mine, uint32_t flags,
                                               Event &other) const {
  uint64_t &state = chunk.state[word];
  if (state >> 32 != block)
    state = uint64_t(block) << 32; // earlier copies are forgotten
  uint32_t mask = bytesOf(mine);
  bool isWrite = flags & AccessWrite;
  auto conflicts = [&](Event event) {
    other = event;
    return (bytesOf(event) & mask) && !isSeen(mine, event) &&
           !(mine & event & atomicBit);
  };
  Problem problem = Problem::None;
  if (copiesOf(state)) {
    problem = Problem::PendingCopy;
    other = state & 0xff0000;
  } else if (conflicts(chunk.write[word])) {
    problem = isWrite ? Problem::WriteAfter : Problem::ReadAfter;
  } else if (isWrite && (conflicts(chunk.reader[word]) ||
                         conflicts(chunk.otherReader[word]))) {
    problem = Problem::WriteOfRead;
  } else if ((flags & AccessRead) && (state & mask) != mask) {
    problem = Problem::Unwritten;
  }
  if (isWrite) {
    state |= mask;
    recordWrite(chunk, word, mine);
  } else {
    recordRead(chunk, word, mine);
  }
  return problem;
}

//===----------------------------------------------------------------------===//
// Whole words
//===----------------------------------------------------------------------===//

/// Of events: what decides whether they are seen by other warps.
static constexpr uint64_t timeBits = 0xffffffff00ff0000;

/// Reads N words that are all in one state in which that is right. False:
/// nothing was done.
template <unsigned N>
LLVM_ATTRIBUTE_ALWAYS_INLINE bool
SharedShadow::readWords(Chunk &chunk, unsigned word, Event mine) const {
  uint64_t *state = chunk.state + word;
  Event *write = chunk.write + word, *reader = chunk.reader + word;
  uint64_t differences = state[0] ^ fullState();
  for (unsigned i = 1; i < N; ++i)
    differences |= (state[i] ^ state[0]) | ((write[i] ^ write[0]) & timeBits) |
                   ((reader[i] ^ reader[0]) & ~laneBits);
  if (differences)
    return false;
  if (!isSeenByAll(mine, write[0]))
    for (unsigned i = 0; i < N; ++i)
      if (!isSeen(mine, write[i]))
        return false;
  Event old = reader[0];
  if (((old ^ mine) & ~laneBits) == 0) { // a second time
    for (unsigned i = 0; i < N; ++i)
      if (laneOf(reader[i]) != laneOf(mine) && laneOf(reader[i]) < warpSize)
        reader[i] = withLane(mine, allLanes);
    return true;
  }
  if (old && warpOf(old) != warpOf(mine))
    std::copy_n(reader, N, chunk.otherReader + word);
  std::fill_n(reader, N, mine);
  return true;
}

template <unsigned N>
LLVM_ATTRIBUTE_ALWAYS_INLINE bool
SharedShadow::writeWords(Chunk &chunk, unsigned word, Event mine) const {
  uint64_t *state = chunk.state + word;
  Event *write = chunk.write + word, *reader = chunk.reader + word;
  Event *other = chunk.otherReader + word;
  uint64_t differences = 0;
  for (unsigned i = 1; i < N; ++i)
    differences |= (state[i] ^ state[0]) |
                   (((write[i] ^ write[0]) | (reader[i] ^ reader[0]) |
                     (other[i] ^ other[0])) &
                    timeBits);
  bool isPending = state[0] >> 32 == block && copiesOf(state[0]);
  if (differences || isPending || !isSeenByAll(mine, write[0]) ||
      !isSeenByAll(mine, reader[0]) || !isSeenByAll(mine, other[0]))
    return false;
  std::fill_n(write, N, mine);
  std::fill_n(state, N, fullState());
  return true;
}

/// Most accesses are of whole words without anything wrong.
LLVM_ATTRIBUTE_ALWAYS_INLINE
bool SharedShadow::accessQuickly(Event mine, uint64_t offset, uint32_t bytes,
                                 uint32_t flags) {
  if ((offset | bytes) % 4 || (flags & AccessAtomic) || bytes > chunkBytes)
    return false;
  Chunk &chunk = chunks[offset / chunkBytes];
  auto word = unsigned(offset / 4 % chunkWords);
  if (word + bytes / 4 > chunkWords)
    return false;
  bool isWrite = flags & AccessWrite;
  mine |= 15;
  switch (bytes / 4) {
  case 1:
    return isWrite ? writeWords<1>(chunk, word, mine)
                   : readWords<1>(chunk, word, mine);
  case 2:
    return isWrite ? writeWords<2>(chunk, word, mine)
                   : readWords<2>(chunk, word, mine);
  case 3: // the fourth one of a load is not used
    return !isWrite && readWords<3>(chunk, word, mine);
  case 4:
    return isWrite ? writeWords<4>(chunk, word, mine)
                   : readWords<4>(chunk, word, mine);
  default:
    return false;
  }
}

SharedShadow::Event SharedShadow::makeEvent(uint32_t warp,
                                            uint32_t flags) const {
  Event event = uint64_t(now(warp)) << 32 | uint64_t(warp) << 16;
  if (flags & AccessWrite)
    event |= uint64_t(tag) << 24;
  if (flags & AccessAtomic)
    event |= atomicBit;
  return event;
}

SharedShadow::Result SharedShadow::access(uint32_t warp, uint32_t lane,
                                          uint64_t offset, uint32_t bytes,
                                          uint32_t flags) {
  Event mine = withLane(makeEvent(warp, flags), lane);
  if (accessQuickly(mine, offset, bytes, flags))
    return {};
  return accessSlowly(mine, offset, bytes, flags);
}

void SharedShadow::accessLanes(
    uint32_t warp, const uint64_t *offsets, uint32_t lanes, uint32_t bytes,
    uint32_t flags,
    llvm::function_ref<void(uint64_t, unsigned, Result)> visit) {
  beginAccess();
  Event mine = makeEvent(warp, flags);
  forEachPlace(offsets, lanes, flags,
               [&](uint64_t offset, unsigned lane, uint32_t by) {
                 Event own = withLane(mine, by);
                 if (accessQuickly(own, offset, bytes, flags))
                   return;
                 Result result = accessSlowly(own, offset, bytes, flags);
                 if (result.problem != Problem::None)
                   visit(offset, lane, result);
               });
}

SharedShadow::Result SharedShadow::accessSlowly(Event mine, uint64_t offset,
                                                uint32_t bytes,
                                                uint32_t flags) {
  Result result;
  for (uint32_t done = 0; done < bytes;) {
    uint64_t at = offset + done;
    uint32_t inWord = uint32_t(at % 4);
    uint32_t count = std::min(4 - inWord, bytes - done);
    uint32_t mask = ((1u << count) - 1) << inWord;
    Event other = 0;
    Problem problem =
        accessWord(chunks[at / chunkBytes], unsigned(at / 4 % chunkWords),
                   mine | mask, flags, other);
    if (problem != Problem::None && result.problem == Problem::None)
      result = {problem, warpOf(other), laneOf(other)};
    done += count;
  }
  return result;
}

//===----------------------------------------------------------------------===//
// Asynchronous copies
//===----------------------------------------------------------------------===//

SharedShadow::Result SharedShadow::beginCopy(uint32_t warp, uint32_t lane,
                                             uint64_t offset, uint32_t bytes) {
  // it may write at once, so it must not race now
  Result result = access(warp, lane, offset, bytes, AccessWrite);
  for (uint64_t at = offset; at < offset + bytes; at += 4) {
    uint64_t &state = chunks[at / chunkBytes].state[at / 4 % chunkWords];
    uint64_t copies = std::min(copiesOf(state) + 1, 255u);
    state = (state & ~uint64_t(0xffff00)) | copies << 8 | uint64_t(warp) << 16;
  }
  return result;
}

void SharedShadow::endCopy(uint32_t warp, uint32_t lane, uint64_t offset,
                           uint32_t bytes) {
  Event mine = withLane(makeEvent(warp, 0), lane) | 15;
  for (uint64_t at = offset; at < offset + bytes; at += 4) {
    Chunk &chunk = chunks[at / chunkBytes];
    uint64_t &state = chunk.state[at / 4 % chunkWords];
    uint64_t copies = copiesOf(state);
    copies = copies ? copies - 1 : 0;
    state &= ~uint64_t(0xffff00);
    if (copies)
      state |= copies << 8 | uint64_t(warp) << 16;
    // the bytes are those of the thread that has waited for them
    chunk.write[at / 4 % chunkWords] = mine;
  }
}
