// Transposes, histograms, constant memory, local arrays, vector accesses.

// Through a padded tile, 32 x 8 threads.
extern "C" __global__ void transpose_tile(const float *in, float *out, int rows,
                                          int columns) {
  __shared__ float tile[32][33];
  int x = blockIdx.x * 32 + threadIdx.x, y = blockIdx.y * 32 + threadIdx.y;
  for (int j = 0; j < 32; j += 8)
    if (x < columns && y + j < rows)
      tile[threadIdx.y + j][threadIdx.x] = in[(y + j) * columns + x];
  __syncthreads();
  x = blockIdx.y * 32 + threadIdx.x;
  y = blockIdx.x * 32 + threadIdx.y;
  for (int j = 0; j < 32; j += 8)
    if (x < rows && y + j < columns)
      out[(y + j) * rows + x] = tile[threadIdx.x][threadIdx.y + j];
}

// A histogram of bytes: shared atomics, then global ones.
extern "C" __global__ void histogram(const unsigned char *in, unsigned *out,
                                     int n) {
  __shared__ unsigned bins[256];
  for (int i = threadIdx.x; i < 256; i += blockDim.x)
    bins[i] = 0;
  __syncthreads();
  for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < n;
       i += gridDim.x * blockDim.x)
    atomicAdd(&bins[in[i]], 1);
  __syncthreads();
  for (int i = threadIdx.x; i < 256; i += blockDim.x)
    atomicAdd(&out[i], bins[i]);
}

// All atomics of 32 and 64 bits, on one place each: `out` begins as
// {0, 1000, -1000, ~0, 0, 0, 7, 0} and {0, ~0}.
extern "C" __global__ void atomics(int *out, unsigned long long *wide,
                                   float *sum, double *wide_sum,
                                   unsigned short *half_words) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  atomicAdd(&out[0], i);
  atomicMin(&out[1], 500 - i);
  atomicMax(&out[2], i - 500);
  atomicAnd(&out[3], ~(1 << (i % 31)));
  atomicOr(&out[4], 1 << (i % 31));
  atomicXor(&out[5], i);
  // the thread that finds 7 puts its own number there, once
  atomicCAS(&out[6], 7, 100);
  atomicInc((unsigned *)&out[7], 9);
  atomicAdd(&wide[0], (unsigned long long)i << 30);
  atomicMin(&wide[1], 1ull << 40 | i);
  atomicAdd(sum, 0.5f);
  atomicAdd(wide_sum, 0.25);
  // a loop of compare-and-swap on 16 bits
  unsigned short old = *half_words, assumed;
  do {
    assumed = old;
    old = atomicCAS(half_words, assumed, (unsigned short)(assumed + 1));
  } while (old != assumed);
}

__constant__ float coefficients[8] = {1, -2, 3, -4, 5, -6, 7, -8};
__device__ int counter = 41;
__device__ float4 table[2] = {{1, 2, 3, 4}, {5, 6, 7, 8}};

// A polynomial from constant memory; the module's own variables.
extern "C" __global__ void polynomial(const float *in, float *out, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n)
    return;
  float value = 0;
  for (int k = 7; k >= 0; --k)
    value = value * in[i] + coefficients[k];
  out[i] = value + table[i % 2].z;
  if (i == 0)
    atomicAdd(&counter, 1);
}

struct Pair {
  int first;
  double second;
};

struct Options {
  Pair pairs[2];
  char flag;
  short number;
  float3 vector;
};

// Parameters of all sizes; a structure by value.
extern "C" __global__ void parameters(double *out, char c, short s, Options o,
                                      long long wide, bool negate) {
  double sign = negate ? -1 : 1;
  out[0] = sign * c;
  out[1] = sign * s;
  out[2] = o.pairs[0].first + o.pairs[1].second;
  out[3] = o.flag + o.number;
  out[4] = o.vector.x * 100 + o.vector.y * 10 + o.vector.z;
  out[5] = (double)wide;
}

// An array in local memory, indexed by data: an insertion sort of 16 values.
extern "C" __global__ void sort_local(int *data, int n) {
  int values[16];
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n)
    return;
  for (int k = 0; k < 16; ++k)
    values[k] = data[i * 16 + k];
#pragma unroll 1
  for (int k = 1; k < 16; ++k) {
    int value = values[k], j = k;
#pragma unroll 1
    for (; j > 0 && values[j - 1] > value; --j)
      values[j] = values[j - 1];
    values[j] = value;
  }
  for (int k = 0; k < 16; ++k)
    data[i * 16 + k] = values[k];
}

// A pair of 64-bit keys sorted in a block: bitonic, 512 keys.
extern "C" __global__ void sort_shared(unsigned long long *keys) {
  __shared__ unsigned long long s[512];
  unsigned t = threadIdx.x;
  s[t] = keys[blockIdx.x * 512 + t];
  s[t + 256] = keys[blockIdx.x * 512 + t + 256];
  for (unsigned size = 2; size <= 512; size *= 2) {
    for (unsigned stride = size / 2; stride > 0; stride /= 2) {
      __syncthreads();
      unsigned a = 2 * t - (t & (stride - 1)), b = a + stride;
      bool up = (t & (size / 2)) == 0;
      if ((s[a] > s[b]) == up) {
        unsigned long long x = s[a];
        s[a] = s[b];
        s[b] = x;
      }
    }
  }
  __syncthreads();
  keys[blockIdx.x * 512 + t] = s[t];
  keys[blockIdx.x * 512 + t + 256] = s[t + 256];
}

// Accesses of 128 bits, caching hints, bytes and words.
extern "C" __global__ void vectors(const float4 *in, float4 *out,
                                   const uchar4 *bytes, ushort2 *words, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n)
    return;
  float4 v = __ldg(&in[i]);
  __stcs(&out[i], make_float4(v.w, v.z, v.y, v.x));
  uchar4 b = bytes[i];
  words[i] = make_ushort2(b.x | b.y << 8, b.z + b.w);
}
