// What the lanes of a warp do together, and divergence.
#include <cooperative_groups.h>
#include <cooperative_groups/reduce.h>

namespace cg = cooperative_groups;

// One word of results a thread and primitive.
extern "C" __global__ void votes(const int *in, unsigned *out, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  int value = in[i];
  unsigned all = 0xffffffff;
  out[i] = __ballot_sync(all, value & 1);
  out[n + i] = __any_sync(all, value == 3) << 1 | __all_sync(all, value < 100);
  out[2 * n + i] = __match_any_sync(all, value % 5);
  int same;
  out[3 * n + i] = __match_all_sync(all, value / 64, &same);
  out[4 * n + i] = same;
  out[5 * n + i] = __shfl_sync(all, value, i * 7);
  out[6 * n + i] = __shfl_sync(all, value, i % 8, 8);
  out[7 * n + i] = __shfl_up_sync(all, value, 3, 16);
  out[8 * n + i] = __shfl_down_sync(all, value, 5);
  out[9 * n + i] = __shfl_xor_sync(all, value, 21);
  out[10 * n + i] = __reduce_add_sync(all, (unsigned)value);
  out[11 * n + i] = __reduce_max_sync(all, value);
  out[12 * n + i] = __reduce_xor_sync(all, (unsigned)value);
  out[13 * n + i] = __syncthreads_count(value & 1);
  out[14 * n + i] = __syncthreads_and(value < 100) << 1 |
                    (__syncthreads_or(value == 1234) != 0);
}

// Part of the lanes only: the mask is theirs.
extern "C" __global__ void part_of_warp(const int *in, unsigned *out, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  int lane = threadIdx.x % 32;
  if (lane < 20) {
    unsigned mask = 0x000fffff;
    int value = in[i];
    for (int offset = 16; offset > 0; offset /= 2) {
      int other = __shfl_down_sync(mask, value, offset);
      if (lane + offset < 20)
        value += other;
    }
    out[i] = value;
    out[n + i] = __ballot_sync(mask, lane % 3 == 0);
  } else {
    out[i] = __popc(__activemask());
    out[n + i] = 0;
  }
}

__device__ __noinline__ int collatz(int value) {
  int steps = 0;
  while (value != 1) {
    value = value % 2 ? 3 * value + 1 : value / 2;
    ++steps;
  }
  return steps;
}

__device__ __noinline__ int fibonacci(int n) {
  return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2);
}

// Loops of different lengths, calls, a recursive one.
extern "C" __global__ void divergent(int *out, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n)
    return;
  out[i] = collatz(i + 1);
  out[n + i] = fibonacci(i % 12);
}

// A switch, with breaks and early returns out of nested loops.
extern "C" __global__ void branches(const int *in, int *out, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n)
    return;
  int value = in[i];
  switch (value % 9) {
  case 0:
    value += 10;
  case 1:
    value *= 3;
    break;
  case 2:
    value -= 7;
    break;
  case 3:
    out[i] = -1;
    return;
  case 4:
    value = value * value;
    break;
  case 5:
    value ^= 0x55;
    break;
  case 6:
    value = -value;
    break;
  case 7:
    value <<= 2;
    break;
  default:
    value = 0;
  }
  for (int k = 0; k < 10; ++k) {
    for (int j = 0; j < k; ++j) {
      if ((value + j) % 7 == 3)
        break;
      if (value > 100000) {
        out[i] = value;
        return;
      }
      value += k * j;
    }
    if (value % 11 == 5)
      continue;
    value += 1;
  }
  out[i] = value;
}

// Warps that make and warps that use, with named barriers of 64 threads each.
extern "C" __global__ void named_barriers(const int *in, int *out, int rounds) {
  __shared__ int slot[2][32];
  int lane = threadIdx.x % 32, pair = threadIdx.x / 64;
  bool makes = threadIdx.x % 64 < 32;
  int full = 1 + 2 * pair, empty = 2 + 2 * pair;
  for (int r = 0; r < rounds; ++r) {
    if (makes) {
      slot[pair][lane] = in[(r * 2 + pair) * 32 + lane] * 2;
      asm volatile("bar.arrive %0, 64;" ::"r"(full) : "memory");
      asm volatile("bar.sync %0, 64;" ::"r"(empty) : "memory");
    } else {
      asm volatile("bar.sync %0, 64;" ::"r"(full) : "memory");
      out[(r * 2 + pair) * 32 + lane] = slot[pair][31 - lane] + 1;
      asm volatile("bar.arrive %0, 64;" ::"r"(empty) : "memory");
    }
  }
}

// Cooperative groups: tiles of 8 threads, and the block.
extern "C" __global__ void groups(const int *in, int *out) {
  cg::thread_block block = cg::this_thread_block();
  cg::thread_block_tile<8> tile = cg::tiled_partition<8>(block);
  __shared__ int sums[32];
  int rank = block.thread_rank(), n = block.size(), value = in[rank];
  int sum = cg::reduce(tile, value, cg::plus<int>());
  if (tile.thread_rank() == 0)
    sums[tile.meta_group_rank()] = sum;
  block.sync();
  out[rank] = sums[(tile.meta_group_rank() + 1) % tile.meta_group_size()];
  out[n + rank] = tile.any(value == 5) << 1 | tile.all(value < 140);
  out[2 * n + rank] = tile.ballot(value & 1);
  out[3 * n + rank] = tile.match_any(value % 3);
  out[4 * n + rank] = cg::reduce(tile, value, cg::greater<int>());
  out[5 * n + rank] = tile.shfl_xor(value, 3);
  unsigned mine = 0xffu << (rank & 24); // each tile reduces for itself
  out[6 * n + rank] = __reduce_min_sync(mine, value);
  int same;
  out[7 * n + rank] = __match_all_sync(mine, value & 64, &same);
}
