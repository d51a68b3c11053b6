//===- MachineLimits.cpp - What one core of this machine can do -----------===//

#include "dlc/Driver/MachineLimits.h"

#include "llvm/ADT/StringMap.h"
#include "llvm/TargetParser/Host.h"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <immintrin.h>
#include <memory>

using namespace dlc;

/// Independent chains of multiply-adds, so that the latency of one does not
/// hold up the others. Unrolled, or the sums would be in memory; of different
/// values, or they would be one.
static constexpr int chains = 10;

/// Defines `name(steps)`, which does `sum = next` in all chains so many times;
/// `init` is what the chain of number `chain` begins with, `first` a lane of a
/// vector. (The attribute is one of functions, so that templates can not have
/// it as a parameter.) What one CPU has not is not called.
#define DLC_CHAINS(name, features, Vector, init, next, first)                  \
  features static float name(int64_t steps) {                                  \
    Vector sums[chains];                                                       \
    for (int chain = 0; chain < chains; ++chain)                               \
      sums[chain] = init;                                                      \
    for (int64_t step = 0; step < steps; ++step)                               \
      _Pragma("GCC unroll 10") for (auto &sum : sums) sum = next;              \
    float result = 0;                                                          \
    for (auto sum : sums)                                                      \
      result += float(first(sum));                                             \
    return result;                                                             \
  }
#define DLC_FOR(features) __attribute__((target(features)))

DLC_CHAINS(multiplyAdd128, , __m128, _mm_set1_ps(float(chain)),
           _mm_add_ps(_mm_mul_ps(sum, _mm_set1_ps(0.5F)), _mm_set1_ps(1)),
           _mm_cvtss_f32)
DLC_CHAINS(multiplyAdd256, DLC_FOR("avx2,fma"), __m256,
           _mm256_set1_ps(float(chain)),
           _mm256_fmadd_ps(sum, _mm256_set1_ps(0.5F), _mm256_set1_ps(1)),
           _mm256_cvtss_f32)
DLC_CHAINS(multiplyAdd512, DLC_FOR("avx512f"), __m512,
           _mm512_set1_ps(float(chain)),
           _mm512_fmadd_ps(sum, _mm512_set1_ps(0.5F), _mm512_set1_ps(1)),
           _mm512_cvtss_f32)
// Pairs of 0.5 and of 1.
DLC_CHAINS(multiplyPairs512, DLC_FOR("avx512f,avx512bf16"), __m512,
           _mm512_set1_ps(float(chain)),
           _mm512_dpbf16_ps(sum, (__m512bh)_mm512_set1_epi16(0x3f00),
                            (__m512bh)_mm512_set1_epi16(0x3f80)),
           _mm512_cvtss_f32)
DLC_CHAINS(multiplyBytes256, DLC_FOR("avxvnni"), __m256i,
           _mm256_set1_epi32(chain),
           _mm256_dpbusd_avx_epi32(sum, _mm256_set1_epi8(3),
                                   _mm256_set1_epi8(3)),
           _mm256_cvtsi256_si32)
DLC_CHAINS(multiplyBytes512, DLC_FOR("avx512f,avx512vnni"), __m512i,
           _mm512_set1_epi32(chain),
           _mm512_dpbusd_epi32(sum, _mm512_set1_epi8(3), _mm512_set1_epi8(3)),
           _mm512_cvtsi512_si32)
#undef DLC_CHAINS
#undef DLC_FOR

/// Adds up vectors of 16 bytes, which every CPU has; more would not be faster.
static int64_t readAll(const __m128i *data, int64_t count) {
  constexpr int independent = 8;
  __m128i sums[independent] = {};
  for (int64_t i = 0; i < count; i += independent)
#pragma GCC unroll 8
    for (int j = 0; j < independent; ++j)
      sums[j] = _mm_add_epi64(sums[j], _mm_load_si128(data + i + j));
  __m128i sum = _mm_setzero_si128();
  for (__m128i each : sums)
    sum = _mm_add_epi64(sum, each);
  return _mm_cvtsi128_si64(sum);
}

/// Seconds that `work` takes; the shortest time of several.
template <typename Function>
static double shortestTime(Function work) {
  using Clock = std::chrono::steady_clock;
  constexpr int rounds = 8;
  double best = 0;
  for (int round = 0; round < rounds; ++round) {
    Clock::time_point start = Clock::now();
    // What nobody looks at would not be computed.
    volatile auto sink = work();
    (void)sink;
    double seconds =
        std::chrono::duration<double>(Clock::now() - start).count();
    if (round == 0 || seconds < best)
      best = seconds;
  }
  return best;
}

MachineLimits MachineLimits::measure() {
  constexpr int64_t steps = 2000000, bytes = int64_t(256) << 20,
                    pageBytes = 4096;
  /// Operations per second of instructions that do `each` multiply-adds.
  auto rate = [](float (*multiplyAdd)(int64_t), int64_t each) {
    return 2.0 * double(steps * chains * each) /
           shortestTime([&] { return multiplyAdd(steps); });
  };
  MachineLimits limits;
  if (__builtin_cpu_supports("avx512f"))
    limits.flops = rate(multiplyAdd512, 16);
  else if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
    limits.flops = rate(multiplyAdd256, 8);
  else
    limits.flops = rate(multiplyAdd128, 4);
  if (__builtin_cpu_supports("avx512bf16"))
    limits.flopsOfBfloat = rate(multiplyPairs512, 32);
  if (__builtin_cpu_supports("avx512vnni"))
    limits.flopsOfBytes = rate(multiplyBytes512, 64);
  else if (llvm::sys::getHostCPUFeatures().lookup("avxvnni"))
    limits.flopsOfBytes = rate(multiplyBytes256, 32);
  std::unique_ptr<void, decltype(&std::free)> data(
      std::aligned_alloc(pageBytes, bytes), &std::free);
  if (data) {
    std::memset(data.get(), 1, bytes);
    const auto *vectors = static_cast<const __m128i *>(data.get());
    limits.bandwidth =
        double(bytes) / shortestTime([&] {
          return readAll(vectors, bytes / int64_t(sizeof(__m128i)));
        });
  }
  return limits;
}

double MachineLimits::attainable(double flop, double bytes,
                                 ProductKind kind) const {
  double most = kind == ProductKind::f32    ? flops
                : kind == ProductKind::bf16 ? flopsOfBfloat
                : kind == ProductKind::i8   ? flopsOfBytes
                                            : 0;
  return bytes > 0 ? std::min(most, flop / bytes * bandwidth) : most;
}
