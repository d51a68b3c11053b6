//===- RuntimeAtomic.cpp - atom and red -----------------------------------===//
//
// The lanes take turns in their order. Nothing else runs, so plain loads and
// stores do.
//
//===----------------------------------------------------------------------===//

#include "FloatFormats.h"
#include "IR.h"
#include "Routines.h"

#include "llvm/ADT/bit.h"

#include <cmath>
#include <cstring>
#include <type_traits>

using namespace dlc::ptxsim;

namespace {
/// In the order of translateAtomic.
enum AtomicKind : uint32_t { And, Or, Xor, Cas, Exch, Add, Inc, Dec, Min, Max };
} // namespace

template <typename T>
static T combine(uint32_t kind, T old, T value, T other) {
  switch (kind) {
  case Cas:
    return old == value ? other : old;
  case Exch:
    return value;
  case Add:
    return T(old + value);
  case Min:
    return std::min(old, value);
  case Max:
    return std::max(old, value);
  default:
    break;
  }
  if constexpr (std::is_integral_v<T>) {
    switch (kind) {
    case And:
      return old & value;
    case Or:
      return old | value;
    case Xor:
      return old ^ value;
    case Inc: // counts up to value, then begins again
      return old >= value ? 0 : old + 1;
    case Dec:
      return old == 0 || old > value ? value : old - 1;
    default:
      break;
    }
  }
  return old;
}

template <typename T>
static uint64_t step(uint32_t kind, uint64_t address, uint64_t value,
                     uint64_t other) {
  T old, operand, second;
  std::memcpy(&old, reinterpret_cast<const void *>(address), sizeof(T));
  std::memcpy(&operand, &value, sizeof(T));
  std::memcpy(&second, &other, sizeof(T));
  T result = combine(kind, old, operand, second);
  std::memcpy(reinterpret_cast<void *>(address), &result, sizeof(T));
  uint64_t bits = 0;
  std::memcpy(&bits, &old, sizeof(T));
  return bits;
}

/// Floats of 16 bits, one or two: computed in f64, which is exact, and rounded.
static uint64_t stepHalf(uint32_t kind, FloatFormat format, unsigned count,
                         uint64_t address, uint64_t value) {
  uint16_t old[2] = {};
  std::memcpy(old, reinterpret_cast<const void *>(address), 2 * count);
  uint16_t result[2] = {};
  for (unsigned i = 0; i < count; ++i) {
    double x = decodeFloat(old[i], format);
    double y = decodeFloat(uint16_t(value >> (16 * i)), format);
    double z = kind == Add   ? x + y
               : kind == Min ? std::fmin(x, y)
               : kind == Max ? std::fmax(x, y)
                             : y;
    result[i] = uint16_t(encodeFloat(z, format, RoundNearest, false));
  }
  std::memcpy(reinterpret_cast<void *>(address), result, 2 * count);
  uint64_t bits = 0;
  std::memcpy(&bits, old, 2 * count);
  return bits;
}

static uint64_t stepTyped(uint32_t kind, Ty type, uint64_t address,
                          uint64_t value, uint64_t other) {
  switch (type) {
  case Ty::F32:
    return step<float>(kind, address, value, other);
  case Ty::F64:
    return step<double>(kind, address, value, other);
  case Ty::F16:
    return stepHalf(kind, FloatFormat::F16, 1, address, value);
  case Ty::F16x2:
    return stepHalf(kind, FloatFormat::F16, 2, address, value);
  case Ty::BF16:
    return stepHalf(kind, FloatFormat::BF16, 1, address, value);
  case Ty::BF16x2:
    return stepHalf(kind, FloatFormat::BF16, 2, address, value);
  case Ty::S32:
    return step<int32_t>(kind, address, value, other);
  case Ty::S64:
    return step<int64_t>(kind, address, value, other);
  default:
    break;
  }
  switch (bitsOf(type)) {
  case 16:
    return step<uint16_t>(kind, address, value, other);
  case 32:
    return step<uint32_t>(kind, address, value, other);
  default:
    return step<uint64_t>(kind, address, value, other);
  }
}

void dlc::ptxsim::runAtomic(uint32_t kind, uint32_t type, uint32_t lanes,
                            const uint64_t *addresses, const uint64_t *values,
                            const uint64_t *others, uint64_t *old) {
  std::memset(old, 0, warpSize * sizeof(uint64_t));
  for (; lanes; lanes &= lanes - 1) {
    unsigned lane = unsigned(llvm::countr_zero(lanes));
    old[lane] =
        stepTyped(kind, Ty(type), addresses[lane], values[lane], others[lane]);
  }
}
