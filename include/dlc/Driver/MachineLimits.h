//===- MachineLimits.h - What one core of this machine can do ---*- C++ -*-===//

#ifndef DLC_DRIVER_MACHINELIMITS_H
#define DLC_DRIVER_MACHINELIMITS_H

#include <cstdint>

namespace dlc {

/// What multiplies and adds.
enum class ProductKind : uint8_t {
  f32,
  bf16,  ///< pairs of bfloat16, by AVX-512 BF16
  i8,    ///< four bytes each, by VNNI
  matrix ///< in registers that are not measured
};

/// The two limits of the roofline model (S. Williams et al., "Roofline: an
/// insightful visual performance model", 2009), for one thread.
struct MachineLimits {
  /// Operations (a multiply-add is two) by the kind of product, 0 where the CPU
  /// has no such instruction; bytes that are read from memory; per second.
  double flops = 0, flopsOfBfloat = 0, flopsOfBytes = 0, bandwidth = 0;

  /// Measures them, which takes about half a second and 256 MiB. Without that
  /// memory the bandwidth is 0.
  static MachineLimits measure();

  /// FLOP per second that something can reach that does `flop` operations on
  /// `bytes` bytes from memory; 0 if that is not known.
  double attainable(double flop, double bytes, ProductKind kind) const;
};

} // namespace dlc

#endif // DLC_DRIVER_MACHINELIMITS_H
