//===- Fourier.h - Fourier transforms as products ---------------*- C++ -*-===//

#ifndef DLC_LIB_IMPORTER_ONNX_FOURIER_H
#define DLC_LIB_IMPORTER_ONNX_FOURIER_H

#include "Arithmetic.h"

namespace dlc::importer {

/// A table of constants may have so many elements.
constexpr int64_t maxTable = 1 << 24;

/// `result[k] = sum over n of factor(n) * x[n] * exp(∓2πi nk / length)`, of
/// which some numbers are zero and some are not wanted.
struct Fourier {
  int64_t length;
  /// The exponent is positive.
  bool inverse;
  /// How many of x there are; the others are zero. What is behind is unused.
  int64_t given;
  /// How many results there are to be.
  int64_t wanted;
  /// 1: only real parts, 2: imaginary ones, too.
  int64_t partsIn, partsOut;
  /// Multiplies each result.
  double scale = 1;
  /// All but the first number and that in the middle of an even length count
  /// twice: the real part of the sum is then that over a whole spectrum, whose
  /// other half is conjugate.
  bool half = false;

  /// How often number `n` counts.
  double factor(int64_t n) const {
    return half && n != 0 && 2 * n != length ? 2 : 1;
  }
};

/// One pass over the numbers: transforms of length `radix`.
struct FourierPass {
  int64_t radix;
  /// Each of the transforms has a table of its own, which turns its results.
  bool merged;
};

/// How a transform is computed.
struct FourierPlan {
  /// The time in multiply-adds; infinite where no table is small enough.
  double cost = 0;
  llvm::SmallVector<FourierPass> passes;
  /// Bluestein's: a convolution by transforms of this length, for which
  /// `passes` and `back` are; else 0.
  int64_t convolved = 0;
  llvm::SmallVector<FourierPass> back;
  /// The passes are butterflies (Butterflies.cpp) instead of products.
  bool butterflies = false;
  /// Those of float32 are computed in float64.
  bool wide = false;
};

/// The cheapest way for `rows` transforms at once.
FourierPlan planFourier(const Fourier &transform, int64_t rows);

/// The time of moving so many numbers, in the plans' unit.
double costOfMoves(double numbers);

/// The transform as a convolution's filter: wanted · parts out × parts in ×
/// given.
mlir::Value fourierFilter(NodeEmitter &e, const Fourier &transform,
                          mlir::Type element);

/// rows × given × parts in -> rows × wanted × parts out.
mlir::Value emitFourier(NodeEmitter &e, mlir::Value x, const Fourier &transform,
                        const FourierPlan &plan);

/// The passes of a transform as numpy has it; none where the length has other
/// prime factors than 2, 3, 5, 7 and 11.
llvm::SmallVector<FourierPass> butterflyPasses(int64_t length);

/// rows × length × parts in -> rows × wanted × parts out; not for half a
/// spectrum.
mlir::Value emitButterflies(NodeEmitter &e, mlir::Value x,
                            const Fourier &transform,
                            llvm::ArrayRef<FourierPass> passes);

} // namespace dlc::importer

#endif // DLC_LIB_IMPORTER_ONNX_FOURIER_H
