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
// one that is not itself. Lanes of one warp run in lock step and do not race.
//
//===----------------------------------------------------------------------===//

#ifndef DLC_LIB_PTXSIM_SHAREDSHADOW_H
#define DLC_LIB_PTXSIM_SHAREDSHADOW_H

#include "Context.h"

#include "llvm/ADT/STLFunctionalExtras.h"

#include <vector>

namespace dlc::ptxsim {

class SharedShadow {
public:
  enum class Problem : uint8_t {
    None,
    Unwritten,   ///< bytes that nobody has written in this block
    ReadAfter,   ///< read of what another warp wrote, no barrier between
    WriteAfter,  ///< write of what another warp wrote
    WriteOfRead, ///< write of what another warp read
    PendingCopy, ///< a cp.async still writes there
  };
  struct Result {
    Problem problem = Problem::None;
    uint32_t otherWarp = 0;
  };

  void resize(uint64_t bytes);
  void beginBlock();
  /// Warps, as bits, have met at a barrier.
  void join(uint32_t members);

  /// Records an access of at most 32 bytes and says what is wrong with it; the
  /// bytes must be inside.
  Result access(uint32_t warp, uint64_t offset, uint32_t bytes, uint32_t flags);
  /// The same for many whole words at once; `visit` is told of problems and
  /// where they are.
  void accessSpan(uint32_t warp, uint64_t offset, uint32_t bytes,
                  uint32_t flags,
                  llvm::function_ref<void(uint64_t, Result)> visit);
  /// cp.async of whole words is issued, and has arrived.
  Result beginCopy(uint32_t warp, uint64_t offset, uint32_t bytes);
  void endCopy(uint32_t warp, uint64_t offset, uint32_t bytes);

private:
  struct Event {
    uint32_t clock = 0;
    uint8_t warp = 0;
    uint8_t bytes = 0; ///< as bits
    bool isAtomic = false;
  };
  struct Word {
    Event write, reader, otherReader;
    uint32_t block = 0;  ///< whose bytes are in `written`
    uint8_t written = 0; ///< as bits
    uint8_t copyWarp = 0;
    uint8_t copies = 0; ///< cp.async on the way
  };

  bool isSeen(uint32_t warp, const Event &event) const {
    return event.warp == warp || clocks[warp][event.warp] >= event.clock;
  }
  Problem accessWord(Word &word, uint32_t warp, uint8_t mask, uint32_t flags,
                     uint32_t &other);
  void recordRead(Word &word, uint32_t warp, uint8_t mask);

  std::vector<Word> words;
  uint32_t block = 0;
  uint32_t latest = 0; ///< no clock is above
  uint32_t clocks[warpSize][warpSize] = {};
};

} // namespace dlc::ptxsim

#endif // DLC_LIB_PTXSIM_SHAREDSHADOW_H
