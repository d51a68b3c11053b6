// Reductions and scans: through shared memory and by shuffles.

// The sum of a block's part by a tree in shared memory.
extern "C" __global__ void sum_tree(const float *in, float *out, int n) {
  extern __shared__ float partial[];
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  partial[threadIdx.x] = i < n ? in[i] : 0.0f;
  __syncthreads();
  for (int half = blockDim.x / 2; half > 0; half /= 2) {
    if (threadIdx.x < half)
      partial[threadIdx.x] += partial[threadIdx.x + half];
    __syncthreads();
  }
  if (threadIdx.x == 0)
    out[blockIdx.x] = partial[0];
}

__device__ float warp_sum(float value) {
  for (int offset = 16; offset > 0; offset /= 2)
    value += __shfl_down_sync(0xffffffff, value, offset);
  return value;
}

// The sum of a block's part by shuffles, one value a warp in shared memory, and
// one atomic add a block. A loop over the grid.
extern "C" __global__ void sum_shuffle(const float *in, float *out, int n) {
  __shared__ float partial[32];
  float value = 0.0f;
  for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < n;
       i += gridDim.x * blockDim.x)
    value += in[i];
  value = warp_sum(value);
  int lane = threadIdx.x % 32, warp = threadIdx.x / 32;
  if (lane == 0)
    partial[warp] = value;
  __syncthreads();
  if (warp == 0) {
    value = lane < blockDim.x / 32 ? partial[lane] : 0.0f;
    value = warp_sum(value);
    if (lane == 0)
      atomicAdd(out, value);
  }
}

// The largest value and its place, packed for one 64-bit atomic.
extern "C" __global__ void arg_max(const int *in, unsigned long long *out,
                                   int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  unsigned long long best = 0;
  if (i < n)
    best =
        (unsigned long long)(unsigned)(in[i] ^ 0x80000000) << 32 | (unsigned)i;
  for (int mask = 16; mask > 0; mask /= 2) {
    unsigned long long other = __shfl_xor_sync(0xffffffff, best, mask);
    best = other > best ? other : best;
  }
  if (threadIdx.x % 32 == 0)
    atomicMax(out, best);
}

// Inclusive sums of each block, by doubling steps in shared memory.
extern "C" __global__ void scan_steps(const int *in, int *out, int n) {
  __shared__ int values[2][256];
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  int from = 0;
  values[0][threadIdx.x] = i < n ? in[i] : 0;
  __syncthreads();
  for (int step = 1; step < blockDim.x; step *= 2) {
    int value = values[from][threadIdx.x];
    if (threadIdx.x >= step)
      value += values[from][threadIdx.x - step];
    values[1 - from][threadIdx.x] = value;
    from = 1 - from;
    __syncthreads();
  }
  if (i < n)
    out[i] = values[from][threadIdx.x];
}

// Exclusive sums of each block, by a tree up and down.
extern "C" __global__ void scan_tree(const int *in, int *out, int n) {
  __shared__ int tree[512];
  int t = threadIdx.x, base = blockIdx.x * 512;
  for (int k = t; k < 512; k += 256)
    tree[k] = base + k < n ? in[base + k] : 0;
  int offset = 1;
  for (int d = 256; d > 0; d /= 2) {
    __syncthreads();
    if (t < d) {
      int a = offset * (2 * t + 1) - 1, b = offset * (2 * t + 2) - 1;
      tree[b] += tree[a];
    }
    offset *= 2;
  }
  if (t == 0)
    tree[511] = 0;
  for (int d = 1; d < 512; d *= 2) {
    offset /= 2;
    __syncthreads();
    if (t < d) {
      int a = offset * (2 * t + 1) - 1, b = offset * (2 * t + 2) - 1;
      int left = tree[a];
      tree[a] = tree[b];
      tree[b] += left;
    }
  }
  __syncthreads();
  for (int k = t; k < 512; k += 256)
    if (base + k < n)
      out[base + k] = tree[k];
}

// Inclusive sums of each warp by shuffles, then of the block.
extern "C" __global__ void scan_shuffle(const int *in, int *out, int n) {
  __shared__ int totals[32];
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  int lane = threadIdx.x % 32, warp = threadIdx.x / 32;
  int value = i < n ? in[i] : 0;
  for (int step = 1; step < 32; step *= 2) {
    int other = __shfl_up_sync(0xffffffff, value, step);
    if (lane >= step)
      value += other;
  }
  if (lane == 31)
    totals[warp] = value;
  __syncthreads();
  if (warp == 0) {
    int total = lane < blockDim.x / 32 ? totals[lane] : 0;
    for (int step = 1; step < 32; step *= 2) {
      int other = __shfl_up_sync(0xffffffff, total, step);
      if (lane >= step)
        total += other;
    }
    totals[lane] = total;
  }
  __syncthreads();
  if (warp > 0)
    value += totals[warp - 1];
  if (i < n)
    out[i] = value;
}
