//===- TargetDescription.h - What kernels are generated for ----*- C++ -*-===//

#ifndef DLC_SCHEDULE_HOST_TARGETDESCRIPTION_H
#define DLC_SCHEDULE_HOST_TARGETDESCRIPTION_H

#include "llvm/ADT/StringRef.h"
#include <algorithm>
#include <cstdint>

namespace dlc::schedule {

/// The properties of a CPU that tile choice depends on. The only place where
/// they are known.
/// Stack memory that one work item may take: half of a second-level cache.
/// Region forming keeps most groups far below it.
inline constexpr int64_t maxScratchBytes = 512 << 10;

/// What of it the scores of an attention may take at a time.
inline constexpr int64_t maxScoreBytes = maxScratchBytes / 2;

struct HostTarget {
  /// Bytes of one vector register (64 with AVX-512, 32 with AVX2, 16 before).
  int64_t vectorBytes = 64;
  /// Number of architectural vector registers.
  int64_t vectorRegisters = 32;
  /// Fused multiply-adds that can be issued per cycle, times their latency:
  /// fewer independent accumulators than this leave the units idle. They start
  /// unevenly, so that some more are needed to fill them: what is missing of
  /// `fmaSlack` accumulators costs `idleCost` each. (Measured with AVX2 on Zen
  /// 4: of the peak, 8 reach 92 %, 10 reach 95 %, 12 reach 97 %.)
  int64_t fmaInFlight = 8, fmaSlack = 14;
  double idleCost = 0.1;
  /// Multiply-adds that the CPU looks ahead: shorter tiles run side by side.
  int64_t fmaAhead = 200;
  /// Vector loads per cycle relative to fused multiply-adds per cycle. (Both
  /// are two, but measured: 14 loads with 13 multiply-adds reach 87 % of the
  /// peak, 8 with 12 reach it.)
  double loadsPerFma = 0.9;
  /// What else a tile costs, in multiply-adds: a vector that comes from the
  /// second-level cache at each step (32 bytes a cycle at best, 20 measured);
  /// the address of a row that is not the one before plus a constant.
  double l2LoadCost = 3, rowAddressCost = 12;
  /// Bytes of first- and second-level data cache of one core.
  int64_t l1Bytes = 32 << 10;
  int64_t l2Bytes = 1 << 20;
  /// Lines of one set of the first one.
  int64_t l1Ways = 8;

  /// Parts of vectors are stored as fast as whole ones (AVX-512; vmaskmov takes
  /// many times as long on some CPUs).
  bool storesParts = false;

  /// There is an instruction that multiplies and adds with one rounding.
  bool fusedMultiplyAdd = false;

  /// There is an instruction that multiplies four unsigned bytes with four
  /// signed ones and adds the products to 32 bits (AVX-512 VNNI or AVX-VNNI).
  /// Pairs of 16 bits can be multiplied like that by every CPU.
  bool byteDots = false;
  /// There is an instruction that multiplies pairs of an unsigned and a signed
  /// byte and adds both products up in 16 bits, with saturation (AVX2).
  bool bytePairs = false;

  /// There is an instruction that multiplies two pairs of bfloat16 and adds the
  /// products to f32 (AVX-512 BF16).
  bool bfloatDots = false;

  /// There are instructions that multiply matrices of bfloat16, and of bytes,
  /// in registers of 16 rows of 64 bytes (AMX): the products of pairs of
  /// bfloat16, or of four unsigned and four signed bytes, are added up to a
  /// matrix of 32 bits.
  bool bfloatMatrices = false, byteMatrices = false;
  /// Registers of that kind, their rows, and bytes of a row.
  static constexpr int64_t matrixRegisters = 8, matrixRows = 16,
                           matrixRowBytes = 64;
  /// What an instruction on matrices takes, in multiply-adds of vectors, of
  /// which two start in a cycle: a product one cycle for each row, its result
  /// 52 cycles; two rows are loaded, and one is stored, in a cycle (Intel 64
  /// and IA-32 Architectures Optimization Reference Manual, "Intel AMX").
  static constexpr double matrixRowCost = 2, matrixLatency = 104,
                          matrixLoadCost = 1, matrixStoreCost = 2;

  /// Neighbours along the reduction that one instruction multiplies, for
  /// factors of `leftBits` and `rightBits`.
  int64_t dotGroup(unsigned leftBits, bool leftUnsigned, unsigned rightBits,
                   bool rightUnsigned) const {
    bool bytes = leftBits == 8 && rightBits == 8;
    return byteDots && bytes && leftUnsigned != rightUnsigned ? 4 : 2;
  }

  /// From how many uses of each element on it pays to keep the operands of
  /// products of 16-bit floats as f32: widening them for each product then
  /// takes longer than reading twice as much does. 0: the CPU multiplies them
  /// as they are. (Weights come from memory once a run; measured.)
  int64_t widenFloatsFrom(bool bfloat) const {
    return bfloat && bfloatDots ? 0 : 32;
  }

  /// Time that a step of a tile with `accumulators` takes at least, of `steps`
  /// steps, in multiply-adds.
  double stepTime(int64_t accumulators, double steps) const {
    double tiles =
        std::max(1.0, double(fmaAhead) / (double(accumulators) * steps));
    double inFlight =
        std::max(double(accumulators) * tiles, double(fmaInFlight));
    return (inFlight + idleCost * std::max(double(fmaSlack) - inFlight, 0.0)) /
           tiles;
  }

  /// Elements of `bits` width in one vector.
  int64_t lanes(unsigned bits) const { return vectorBytes * 8 / bits; }

  /// The description of `cpu`: an LLVM CPU name, "x86-64-v3", "x86-64-v4", or
  /// "native" for the machine this runs on.
  static HostTarget get(llvm::StringRef cpu);
};

} // namespace dlc::schedule

#endif // DLC_SCHEDULE_HOST_TARGETDESCRIPTION_H
