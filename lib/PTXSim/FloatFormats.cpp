//===- FloatFormats.cpp - Rounding to and from small floats ---------------===//
//
// PTX ISA, "Alternate Floating-Point Data Formats"; e4m3 and e5m2 as in
// P. Micikevicius et al., "FP8 Formats for Deep Learning", 2022: e4m3 has no
// infinities and one NaN pattern (but for the sign).
//
//===----------------------------------------------------------------------===//

#include "FloatFormats.h"

#include <cmath>
#include <limits>

using namespace dlc::ptxsim;

namespace {
struct FormatInfo {
  unsigned mantissaBits;
  int minExponent; ///< of the smallest normal number
  double largest;
  uint32_t infinity, nan, sign;
  unsigned bits;
};
} // namespace

static const FormatInfo &formatInfo(FloatFormat format) {
  static const FormatInfo infos[] = {
      {10, -14, 65504.0, 0x7c00, 0x7fff, 0x8000, 16},
      {7, -126, 0x1.fep127, 0x7f80, 0x7fff, 0x8000, 16},
      {10, -126, 0x1.ffcp127, 0x7f800000, 0x7fffffff, 0x80000000, 32},
      {23, -126, 0x1.fffffep127, 0x7f800000, 0x7fffffff, 0x80000000, 32},
      {3, -6, 448.0, 0x7f, 0x7f, 0x80, 8},
      {2, -14, 57344.0, 0x7c, 0x7f, 0x80, 8},
  };
  return infos[unsigned(format)];
}

/// Rounds to an integer.
static double roundInteger(double value, unsigned rounding) {
  double low = std::floor(value), rest = value - low;
  switch (rounding) {
  case RoundZero:
    return std::trunc(value);
  case RoundDown:
    return low;
  case RoundUp:
    return std::ceil(value);
  case RoundAway:
    if (rest == 0.5)
      return value < 0 ? low : low + 1;
    break;
  default:
    if (rest == 0.5)
      return std::fmod(low, 2.0) == 0 ? low : low + 1;
    break;
  }
  return rest < 0.5 ? low : low + 1;
}

uint32_t dlc::ptxsim::encodeFloat(double value, FloatFormat format,
                                  unsigned rounding, bool saturate) {
  const FormatInfo &info = formatInfo(format);
  if (std::isnan(value))
    return info.nan;
  uint32_t sign = std::signbit(value) ? info.sign : 0;
  unsigned stored = format == FloatFormat::TF32 ? 23 : info.mantissaBits;
  double magnitude = std::fabs(value);
  if (magnitude == 0)
    return sign;
  double rounded = value;
  if (!std::isinf(value)) {
    int exponent = 0;
    std::frexp(magnitude, &exponent);
    int unit =
        std::max(exponent - 1, info.minExponent) - int(info.mantissaBits);
    rounded =
        std::ldexp(roundInteger(std::ldexp(value, -unit), rounding), unit);
  }
  magnitude = std::fabs(rounded);
  if (magnitude > info.largest) {
    bool towardsZero =
        !std::isinf(value) &&
        (rounding == RoundZero || (rounding == RoundDown && !sign) ||
         (rounding == RoundUp && sign));
    if (!saturate && !towardsZero)
      return sign | info.infinity;
    magnitude = info.largest;
  }
  if (magnitude == 0)
    return sign;
  int exponent = 0;
  double fraction = std::frexp(magnitude, &exponent); // in [1/2, 1)
  if (exponent - 1 < info.minExponent)                // subnormal
    return sign |
           uint32_t(std::ldexp(magnitude, int(stored) - info.minExponent));
  uint32_t mantissa = uint32_t(std::ldexp(fraction * 2 - 1, int(stored)));
  return sign | uint32_t(exponent - info.minExponent) << stored | mantissa;
}

double dlc::ptxsim::decodeFloat(uint32_t bits, FloatFormat format) {
  const FormatInfo &info = formatInfo(format);
  unsigned stored = format == FloatFormat::TF32 ? 23 : info.mantissaBits;
  double sign = bits & info.sign ? -1.0 : 1.0;
  uint32_t magnitude = bits & (info.sign - 1);
  bool hasInfinity = format != FloatFormat::E4M3;
  if (hasInfinity && magnitude == info.infinity)
    return sign * std::numeric_limits<double>::infinity();
  if (hasInfinity ? magnitude > info.infinity : magnitude == info.nan)
    return std::numeric_limits<double>::quiet_NaN();
  uint32_t mantissa = magnitude & ((1u << stored) - 1);
  int exponent = int(magnitude >> stored);
  if (exponent == 0)
    return sign * std::ldexp(double(mantissa), info.minExponent - int(stored));
  return sign * std::ldexp(double(mantissa | (1u << stored)),
                           exponent - 1 + info.minExponent - int(stored));
}
