//===- RuntimeMath.cpp - Math that is not made into code ------------------===//
//
// Directed rounding by the host's rounding mode, functions by the C library in
// double precision, conversions by FloatFormats. Compiled with -frounding-math.
//
//===----------------------------------------------------------------------===//

#include "FloatFormats.h"
#include "Routines.h"

#include "llvm/ADT/bit.h"

#include <cfenv>
#include <cmath>

using namespace dlc::ptxsim;

namespace {
/// Sets the rounding mode for a scope.
class RoundingScope {
public:
  explicit RoundingScope(uint32_t rounding) : saved(std::fegetround()) {
    static const int modes[] = {FE_TONEAREST, FE_TOWARDZERO, FE_DOWNWARD,
                                FE_UPWARD};
    std::fesetround(modes[rounding & 3]);
  }
  ~RoundingScope() { std::fesetround(saved); }

private:
  int saved;
};
} // namespace

/// fns: PTX ISA, "fns": the position of the offset-th set bit from base.
static uint32_t findNthSet(uint32_t mask, uint32_t base, int32_t offset) {
  if (offset == 0)
    return base < 32 && (mask >> base & 1) ? base : ~0u;
  int step = offset > 0 ? 1 : -1;
  int left = offset > 0 ? offset : -offset;
  for (int position = int(base & 31); position >= 0 && position < 32;
       position += step)
    if ((mask >> position & 1) && --left == 0)
      return uint32_t(position);
  return ~0u;
}

template <typename T>
static T compute(MathKind kind, T a, T b, T c) {
  switch (kind) {
  case MathKind::Add:
    return a + b;
  case MathKind::Sub:
    return a - b;
  case MathKind::Mul:
    return a * b;
  case MathKind::Fma:
    return std::fma(a, b, c);
  case MathKind::Div:
    return a / b;
  case MathKind::Rcp:
    return T(1) / a;
  case MathKind::Sqrt:
    return std::sqrt(a);
  case MathKind::Sin:
    return T(std::sin(double(a)));
  case MathKind::Cos:
    return T(std::cos(double(a)));
  case MathKind::Tanh:
    return T(std::tanh(double(a)));
  case MathKind::FindNthSet:
    break;
  }
  return a;
}

template <typename T>
static void computeAll(MathKind kind, uint32_t count, void *out, const void *a,
                       const void *b, const void *c) {
  auto at = [](const void *array, uint32_t i) {
    return array ? static_cast<const T *>(array)[i] : T(0);
  };
  for (uint32_t i = 0; i < count; ++i)
    static_cast<T *>(out)[i] = compute(kind, at(a, i), at(b, i), at(c, i));
}

void dlc::ptxsim::runMath(uint32_t kind, uint32_t rounding, uint32_t isDouble,
                          uint32_t count, void *out, const void *a,
                          const void *b, const void *c) {
  if (MathKind(kind) == MathKind::FindNthSet) {
    for (uint32_t i = 0; i < count; ++i)
      static_cast<uint32_t *>(out)[i] =
          findNthSet(static_cast<const uint32_t *>(a)[i],
                     static_cast<const uint32_t *>(b)[i],
                     static_cast<const int32_t *>(c)[i]);
    return;
  }
  RoundingScope scope(rounding);
  if (isDouble)
    computeAll<double>(MathKind(kind), count, out, a, b, c);
  else
    computeAll<float>(MathKind(kind), count, out, a, b, c);
}

void dlc::ptxsim::runConvert(uint32_t format, uint32_t rounding,
                             uint32_t saturate, uint32_t isDouble,
                             uint32_t count, uint32_t *out, const void *in) {
  for (uint32_t i = 0; i < count; ++i) {
    double value = isDouble ? static_cast<const double *>(in)[i]
                            : double(static_cast<const float *>(in)[i]);
    out[i] = encodeFloat(value, FloatFormat(format), rounding, saturate);
  }
}

void dlc::ptxsim::runDecode(uint32_t format, uint32_t count, float *out,
                            const uint32_t *in) {
  for (uint32_t i = 0; i < count; ++i)
    out[i] = float(decodeFloat(in[i], FloatFormat(format)));
}
