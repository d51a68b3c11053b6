//===- PartialSums.h - How long sums are added up ---------------*- C++ -*-===//

#ifndef DLC_LIB_SCHEDULE_HOST_PARTIALSUMS_H
#define DLC_LIB_SCHEDULE_HOST_PARTIALSUMS_H

#include "dlc/Schedule/Common/Nest.h"

namespace dlc::schedule {

/// Sums of more than `longSum` terms are made of partial sums: the rounding
/// error of one accumulator grows with the number of terms (N. Higham, "The
/// accuracy of floating point summation", 1993). Measured on resnet50: half of
/// the error. Loops this short have to be unrolled, or their exits cost 10 % of
/// the time; it costs nothing then, if there are registers for the accumulators
/// of a partial sum beside the sums (see `tileCost`).
/// More than `manySums` of them are added up in groups, for the same reason.
/// With 48 sums and 16 that was slower by some percent, near the noise.
inline constexpr int64_t longSum = 128, partialSumUnroll = 4;
inline constexpr int64_t manySums = 96, sumsOfGroup = 8;

/// Terms of a partial sum of `all` terms. The bound of the error grows with the
/// terms of a partial sum plus their number: the square root of `all` is best.
/// Where the sums so far wait in memory for want of registers, each partial sum
/// takes time (see `tileCost`), so there they are as long as the error is below
/// onnxruntime's: 64 or 128 terms instead of 32 have 1.5 times the error and
/// save 5 to 10 %. Where all terms have one sign, fewer partial sums are
/// better, if they are not added up in groups. Measured by
/// test/Integration/host/sums.py.
constexpr int64_t partialSum(int64_t all, bool waitsInMemory) {
  if (all >= 2048)
    return all < 4096 ? 128 : 64;
  return !waitsInMemory ? 32 : all < 512 ? 64 : 128;
}

/// Whether the sums of a nest are made of partial sums: they are long, and all
/// that is done is to add. (Where the lanes of vectors are summed up in the
/// end, each lane has a chain of its own.)
bool hasPartialSums(const Nest &nest, bool reduceLanes);

} // namespace dlc::schedule

#endif // DLC_LIB_SCHEDULE_HOST_PARTIALSUMS_H
