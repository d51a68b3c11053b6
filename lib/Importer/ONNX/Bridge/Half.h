//===- Half.h - Arithmetic of 16-bit floats on the host ---------*- C++ -*-===//
//
// Compilers for plain x86-64 call library functions for these, which not every
// system has.
//
//===----------------------------------------------------------------------===//

#ifndef DLC_LIB_IMPORTER_ONNX_BRIDGE_HALF_H
#define DLC_LIB_IMPORTER_ONNX_BRIDGE_HALF_H

#include "onnx/onnx_pb.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <optional>

namespace dlc::importer {

/// A binary interchange format of 16 bits.
struct HalfFormat {
  int mantissaBits, exponentBits;
  int bias() const { return (1 << (exponentBits - 1)) - 1; }
};

inline std::optional<HalfFormat> halfFormat(int type) {
  if (type == onnx::TensorProto::FLOAT16)
    return HalfFormat{10, 5};
  if (type == onnx::TensorProto::BFLOAT16)
    return HalfFormat{7, 8};
  return std::nullopt;
}

/// The nearest value of the format, halves to even.
inline double roundToHalf(double value, HalfFormat format) {
  if (!std::isfinite(value) || value == 0)
    return value;
  int exponent = std::max(std::ilogb(value), 1 - format.bias());
  double rounded = std::ldexp(
      std::nearbyint(std::ldexp(value, format.mantissaBits - exponent)),
      exponent - format.mantissaBits);
  bool overflows = std::ilogb(rounded) > format.bias();
  return overflows ? std::copysign(HUGE_VAL, value) : rounded;
}

inline uint16_t halfBits(double value, HalfFormat format) {
  int ones = (1 << format.exponentBits) - 1;
  uint32_t sign = std::signbit(value) ? 0x8000 : 0;
  if (std::isnan(value))
    return uint16_t(sign | uint32_t(ones) << format.mantissaBits |
                    1u << (format.mantissaBits - 1));
  if (std::isinf(value))
    return uint16_t(sign | uint32_t(ones) << format.mantissaBits);
  double magnitude = std::fabs(value);
  int exponent = value == 0
                     ? 1 - format.bias()
                     : std::max(std::ilogb(magnitude), 1 - format.bias());
  auto digits = uint32_t(std::ldexp(magnitude, format.mantissaBits - exponent));
  // The leading one of a normal number adds itself to the exponent.
  uint32_t field = uint32_t(exponent + format.bias() - 1)
                   << format.mantissaBits;
  return uint16_t(sign | (field + digits));
}

inline double fromHalfBits(uint32_t bits, HalfFormat format) {
  int ones = (1 << format.exponentBits) - 1;
  int exponent = int(bits >> format.mantissaBits) & ones;
  double digits = bits & ((1u << format.mantissaBits) - 1), value;
  if (exponent == ones)
    value = digits != 0 ? NAN : HUGE_VAL;
  else if (exponent == 0)
    value = std::ldexp(digits, 1 - format.bias() - format.mantissaBits);
  else
    value = std::ldexp(digits + (1 << format.mantissaBits),
                       exponent - format.bias() - format.mantissaBits);
  return bits & 0x8000 ? -value : value;
}

} // namespace dlc::importer

#endif // DLC_LIB_IMPORTER_ONNX_BRIDGE_HALF_H
