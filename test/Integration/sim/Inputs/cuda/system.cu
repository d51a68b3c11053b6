// What CUDA's run-time library has: printf and assert.
#include <cassert>
#include <cstdio>

extern "C" __global__ void report(const int *in, int *counts) {
  int t = int(threadIdx.x);
  if (t % 2)
    counts[t] = printf("%d: %5.2f|%-4d|%s|%c|%llx|%u%%|%e\n", t, in[t] * 0.5,
                       in[t], in[t] > 2 ? "large" : "small", 'a' + t,
                       1ull << (32 + t), 4000000000u, 1e300);
  else
    counts[t] = printf("plain\n");
}

extern "C" __global__ void positive(const int *in) {
  assert(in[threadIdx.x] > 0);
}

extern "C" __global__ void bad_text() { printf((const char *)16); }
