// Measures what one core can do: multiply-adds per second with vectors of the
// widest kind that the compiler was told of, and bytes per second read from
// memory. Prints one line: GFLOP/s GB/s.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#if defined(__AVX512F__)
typedef float Vector __attribute__((vector_size(64)));
#else
typedef float Vector __attribute__((vector_size(32)));
#endif
enum { chains = 10, lanes = sizeof(Vector) / sizeof(float) };

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

// Independent chains, so that the latency of one does not hold up the others.
static float multiplyAdd(long steps) {
  Vector sums[chains], factor, term;
  for (int lane = 0; lane < lanes; ++lane)
    factor[lane] = 0.5F, term[lane] = 1.0F;
  for (int i = 0; i < chains; ++i)
    sums[i] = term;
  for (long step = 0; step < steps; ++step)
    for (int i = 0; i < chains; ++i)
      sums[i] = sums[i] * factor + term;
  float result = 0;
  for (int i = 0; i < chains; ++i)
    result += sums[i][0];
  return result;
}

static long readAll(const long *data, long count) {
  long sums[8] = {0};
  for (long i = 0; i < count; i += 8)
    for (int j = 0; j < 8; ++j)
      sums[j] += data[i + j];
  long sum = 0;
  for (int j = 0; j < 8; ++j)
    sum += sums[j];
  return sum;
}

int main(void) {
  const long steps = 2000000, bytes = 256L << 20;
  double flops = 0, bandwidth = 0;
  volatile float sink = 0;
  long *data = malloc((size_t)bytes);
  if (!data)
    return 1;
  memset(data, 1, (size_t)bytes);
  for (int round = 0; round < 8; ++round) {
    double start = now();
    sink = sink + multiplyAdd(steps);
    double rate = 2.0 * steps * chains * lanes / (now() - start);
    flops = rate > flops ? rate : flops;
    start = now();
    sink = sink + (float)readAll(data, bytes / (long)sizeof(long));
    rate = (double)bytes / (now() - start);
    bandwidth = rate > bandwidth ? rate : bandwidth;
  }
  free(data);
  printf("%.1f %.1f\n", flops / 1e9, bandwidth / 1e9);
  return 0;
}
