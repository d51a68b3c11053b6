// Blocks and warps that wait for one another in memory.
#include <cooperative_groups.h>
namespace cg = cooperative_groups;

// Rounds of b[i] = a[i] + a[i + 1] over the whole grid; b and a change places.
extern "C" __global__ void relax(unsigned *a, unsigned *b, int n, int rounds) {
  cg::grid_group grid = cg::this_grid();
  for (int round = 0; round < rounds; ++round) {
    for (int i = int(grid.thread_rank()); i < n; i += int(grid.size()))
      b[i] = a[i] + a[(i + 1) % n];
    grid.sync();
    unsigned *other = a;
    a = b;
    b = other;
  }
}

// A scan in one pass: a block waits for the sum of all before it.
extern "C" __global__ void scan_chained(const int *in, int *out, int *sums,
                                        int *isThere, int n) {
  __shared__ int values[256], before;
  int i = int(blockIdx.x * blockDim.x + threadIdx.x), t = int(threadIdx.x);
  values[t] = i < n ? in[i] : 0;
  __syncthreads();
  for (int step = 1; step < int(blockDim.x); step *= 2) {
    int left = t >= step ? values[t - step] : 0;
    __syncthreads();
    values[t] += left;
    __syncthreads();
  }
  if (t == 0) {
    int sum = 0;
    if (blockIdx.x > 0) {
      while (atomicAdd(&isThere[blockIdx.x - 1], 0) == 0) {
      }
      __threadfence();
      sum = *(volatile int *)&sums[blockIdx.x - 1];
    }
    sums[blockIdx.x] = sum + values[blockDim.x - 1];
    __threadfence();
    atomicExch(&isThere[blockIdx.x], 1);
    before = sum;
  }
  __syncthreads();
  if (i < n)
    out[i] = before + values[t];
}

// The warps of a block take turns from the last to the first, without barriers.
extern "C" __global__ void hand_over(int *order, int *turn) {
  int warps = int(blockDim.x) / 32, warp = int(threadIdx.x) / 32;
  if (threadIdx.x % 32 == 0) {
    while (*(volatile int *)turn != warps - 1 - warp) {
    }
    order[warps - 1 - warp] = warp;
    __threadfence();
    *(volatile int *)turn = warps - warp;
  }
}

// Waits for what nobody stores.
extern "C" __global__ void forever(const int *flag) {
  while (*(const volatile int *)flag == 0) {
  }
}
