//===- FloatFormats.h - Rounding to and from small floats ------*- C++ -*-===//

#ifndef DLC_LIB_PTXSIM_FLOATFORMATS_H
#define DLC_LIB_PTXSIM_FLOATFORMATS_H

#include "MathKinds.h"

#include <cstdint>

namespace dlc::ptxsim {

enum class FloatFormat : unsigned { F16, BF16, TF32, F32, E4M3, E5M2 };

/// More roundings than the arithmetic ones: ties away from zero.
inline constexpr unsigned RoundAway = 4;

/// The bits of `value` in a format (TF32: as f32), rounded once. `saturate`:
/// finite numbers and infinities beyond the range become the largest number.
uint32_t encodeFloat(double value, FloatFormat format, unsigned rounding,
                     bool saturate);

/// The number that the bits stand for; exact.
double decodeFloat(uint32_t bits, FloatFormat format);

} // namespace dlc::ptxsim

#endif // DLC_LIB_PTXSIM_FLOATFORMATS_H
