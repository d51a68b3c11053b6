//===- SharedShadow.h - What happened to shared memory ---------*- C++ -*-===//
//
// For each word of 4 bytes of shared memory: which bytes were written in this
// block, and the last accesses of warps with the time they were made at. Time
// is a vector clock: warp w has seen what warp v did up to clocks[w][v]; warps
// that meet at a barrier join theirs. Two accesses race if neither has seen the
// other (C. Flanagan, S. Freund, "FastTrack: Efficient and Precise Dynamic Race
// Detection", PLDI 2009), they share bytes, and one of them writes.
//
// Two readers are kept a word, of different warps: whoever writes then finds
// one that is not itself. Threads of one warp have one clock, which
// `bar.warp.sync` advances; an access knows its thread, so that those of others
// in the same time are seen as races too. Where several threads have accessed
// different bytes of a word, it is not known any more which of them.
//
// Words are kept in chunks of 16 bytes: nearly all accesses find the words they
// touch in the same state, and one comparison does for all.
//
//===----------------------------------------------------------------------===//

#ifndef DLC_LIB_PTXSIM_SHAREDSHADOW_H
#define DLC_LIB_PTXSIM_SHAREDSHADOW_H

#include "Context.h"

#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/bit.h"

#include <vector>

namespace dlc::ptxsim {

class SharedShadow {
public:
  enum class Problem : uint8_t {
    None,
    Unwritten,   ///< bytes that nobody has written in this block
    ReadAfter,   ///< read of what another thread wrote, no barrier between
    WriteAfter,  ///< write of what another thread wrote
    WriteOfRead, ///< write of what another thread read
    PendingCopy, ///< a cp.async still writes there
  };
  struct Result {
    Problem problem = Problem::None;
    uint32_t otherWarp = 0;
    /// A lane, or one of the values below.
    uint32_t otherLane = 0;
  };
  /// Instead of a lane: all of them, and those that are not known.
  static constexpr uint32_t allLanes = 0x40, unknownLane = 0x41;

  void resize(uint64_t bytes);
  void beginBlock();
  /// Warps, as bits, have met at a barrier.
  void join(uint32_t members);
  /// Lanes of the warp have met.
  void joinLanes(uint32_t warp);

  /// A warp begins an access; those of its lanes follow. What lanes write in
  /// one access does not race.
  void beginAccess();
  /// Records an access of at most 32 bytes and says what is wrong with it; the
  /// bytes must be inside.
  Result access(uint32_t warp, uint32_t lane, uint64_t offset, uint32_t bytes,
                uint32_t flags);
  /// The same for lanes of a warp; `visit` is told of problems: where, and by
  /// which lane.
  void accessLanes(uint32_t warp, const uint64_t *offsets, uint32_t lanes,
                   uint32_t bytes, uint32_t flags,
                   llvm::function_ref<void(uint64_t, unsigned, Result)> visit);
  /// cp.async of 4, 8 or 16 bytes, aligned, is issued, and has arrived.
  Result beginCopy(uint32_t warp, uint32_t lane, uint64_t offset,
                   uint32_t bytes);
  void endCopy(uint32_t warp, uint32_t lane, uint64_t offset, uint32_t bytes);

private:
  /// An access as one number, in bits: bytes of the word 0-3, atomic 4, lane
  /// 8-15, warp 16-23, which access of the warp 24-31 (writes only, never 0),
  /// clock 32-63. 0: none.
  using Event = uint64_t;
  static constexpr Event atomicBit = 16, laneBits = 0xff00;
  static uint32_t bytesOf(Event event) { return event & 15; }
  static uint32_t laneOf(Event event) { return event >> 8 & 255; }
  static uint32_t warpOf(Event event) { return event >> 16 & 255; }
  static uint32_t tagOf(Event event) { return event >> 24 & 255; }
  static uint32_t clockOf(Event event) { return uint32_t(event >> 32); }
  static Event withLane(Event event, uint32_t lane) {
    return (event & ~laneBits) | uint64_t(lane) << 8;
  }
  static constexpr unsigned chunkWords = 4;
  struct alignas(64) Chunk {
    /// Written bytes 0-3, copies on the way 8-15 and the warp of the last
    /// 16-23; the block all this is of 32-63.
    uint64_t state[chunkWords] = {};
    Event write[chunkWords] = {}, reader[chunkWords] = {};
    Event otherReader[chunkWords] = {};
  };
  static uint32_t copiesOf(uint64_t state) { return state >> 8 & 255; }

  uint64_t fullState() const { return uint64_t(block) << 32 | 15; }
  /// The time of what the warp does now.
  uint32_t now(uint32_t warp) const { return clocks[warp][warp] + 1; }
  Event makeEvent(uint32_t warp, uint32_t flags) const;
  /// Whether all lanes of the warp of `mine` come behind `event`.
  bool isSeenByAll(Event mine, Event event) const {
    return clocks[warpOf(mine)][warpOf(event)] >= clockOf(event);
  }
  bool isSeen(Event mine, Event event) const {
    return isSeenByAll(mine, event) ||
           (warpOf(mine) == warpOf(event) && isSameThread(mine, event));
  }
  static bool isSameThread(Event mine, Event event) {
    return laneOf(mine) == laneOf(event) || laneOf(event) == unknownLane ||
           laneOf(mine) == unknownLane ||
           (tagOf(mine) != 0 && tagOf(mine) == tagOf(event));
  }
  void recordRead(Chunk &chunk, unsigned word, Event mine) const;
  void recordWrite(Chunk &chunk, unsigned word, Event mine) const;
  Problem accessWord(Chunk &chunk, unsigned word, Event mine, uint32_t flags,
                     Event &other) const;
  template <unsigned N>
  bool readWords(Chunk &chunk, unsigned word, Event mine) const;
  template <unsigned N>
  bool writeWords(Chunk &chunk, unsigned word, Event mine) const;
  bool accessQuickly(Event mine, uint64_t offset, uint32_t bytes,
                     uint32_t flags);
  Result accessSlowly(Event mine, uint64_t offset, uint32_t bytes,
                      uint32_t flags);

  std::vector<Chunk> chunks;
  uint32_t block = 0;
  uint32_t latest = 0; ///< no event is later
  uint32_t tag = 0;
  /// Of the warp itself: what all of its lanes have seen.
  uint32_t clocks[warpSize][warpSize] = {};
};

/// Who accesses one place together: whoever of them reads may be disturbed by
/// any other thread, which of them writes is not known.
inline uint32_t severalLanes(uint32_t flags) {
  return flags & AccessWrite ? SharedShadow::unknownLane
                             : SharedShadow::allLanes;
}

/// Calls `visit(address, lane, by)` for the lanes, once for neighbours that
/// access the same; `by` says who that is.
template <typename Visitor>
void forEachPlace(const uint64_t *addresses, uint32_t lanes, uint32_t flags,
                  Visitor visit) {
  while (lanes) {
    auto lane = unsigned(llvm::countr_zero(lanes));
    uint64_t address = addresses[lane];
    uint32_t by = flags & AccessCollective ? severalLanes(flags) : lane;
    for (lanes &= lanes - 1; lanes; lanes &= lanes - 1) {
      if (addresses[llvm::countr_zero(lanes)] != address)
        break;
      by = severalLanes(flags);
    }
    visit(address, lane, by);
  }
}

} // namespace dlc::ptxsim

#endif // DLC_LIB_PTXSIM_SHAREDSHADOW_H
