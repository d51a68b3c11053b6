//===- MachineLimits.h - What one core of this machine can do ---*- C++ -*-===//

#ifndef DLC_DRIVER_MACHINELIMITS_H
#define DLC_DRIVER_MACHINELIMITS_H

namespace dlc {

/// The two limits of the roofline model (S. Williams et al., "Roofline: an
/// insightful visual performance model", 2009), for one thread.
struct MachineLimits {
  /// Floating-point operations (a multiply-add of f32 is two), and bytes that
  /// are read from memory, per second.
  double flops = 0, bandwidth = 0;

  /// Measures them, which takes about half a second and 256 MiB. Without that
  /// memory the bandwidth is 0.
  static MachineLimits measure();

  /// FLOP per second that something can reach that does `flop` operations on
  /// `bytes` bytes from memory.
  double attainable(double flop, double bytes) const;
};

} // namespace dlc

#endif // DLC_DRIVER_MACHINELIMITS_H
