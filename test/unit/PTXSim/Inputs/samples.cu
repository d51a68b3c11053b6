#include <cuda_fp16.h>
extern "C" __global__ void saxpy(int n, float a, const float *x, float *y) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n)
    y[i] = a * x[i] + y[i];
}
extern "C" __global__ void reduce(const float *x, float *out, int n) {
  __shared__ float s[256];
  float v = 0;
  for (int i = blockIdx.x * 256 + threadIdx.x; i < n; i += gridDim.x * 256)
    v += x[i];
  s[threadIdx.x] = v;
  __syncthreads();
  for (int k = 128; k > 0; k >>= 1) {
    if (threadIdx.x < k)
      s[threadIdx.x] += s[threadIdx.x + k];
    __syncthreads();
  }
  if (threadIdx.x == 0)
    out[blockIdx.x] = s[0];
}
extern "C" __global__ void wsum(const float *x, float *out) {
  float v = x[blockIdx.x * 32 + threadIdx.x];
  for (int o = 16; o; o >>= 1)
    v += __shfl_xor_sync(0xffffffff, v, o);
  if (threadIdx.x == 0)
    out[blockIdx.x] = v;
}
extern "C" __global__ void hist(const unsigned char *x, int n, unsigned *h) {
  __shared__ unsigned s[256];
  s[threadIdx.x] = 0;
  __syncthreads();
  for (int i = threadIdx.x + blockIdx.x * blockDim.x; i < n;
       i += blockDim.x * gridDim.x)
    atomicAdd(&s[x[i]], 1);
  __syncthreads();
  atomicAdd(&h[threadIdx.x], s[threadIdx.x]);
}
extern "C" __global__ void collatz(const unsigned *x, unsigned *y, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n)
    return;
  unsigned v = x[i], c = 0;
  while (v != 1) {
    if (v & 1)
      v = 3 * v + 1;
    else
      v >>= 1;
    c++;
  }
  y[i] = c;
}
extern "C" __global__ void sgemm(const float *A, const float *B, float *C,
                                 int n) {
  __shared__ float a[64][17], b[16][65];
  int tx = threadIdx.x % 16, ty = threadIdx.x / 16;
  float acc[4][4] = {};
  for (int k = 0; k < n; k += 16) {
    for (int i = 0; i < 4; i++) {
      a[ty + 16 * i][tx] = A[(blockIdx.y * 64 + ty + 16 * i) * n + k + tx];
      b[ty][tx + 16 * i] = B[(k + ty) * n + blockIdx.x * 64 + tx + 16 * i];
    }
    __syncthreads();
    for (int kk = 0; kk < 16; kk++)
      for (int i = 0; i < 4; i++)
        for (int j = 0; j < 4; j++)
          acc[i][j] += a[ty + 16 * i][kk] * b[kk][tx + 16 * j];
    __syncthreads();
  }
  for (int i = 0; i < 4; i++)
    for (int j = 0; j < 4; j++)
      C[(blockIdx.y * 64 + ty + 16 * i) * n + blockIdx.x * 64 + tx + 16 * j] =
          acc[i][j];
}
__device__ __noinline__ float f(float x, int n) {
  float r = 1;
  for (int i = 0; i < n; i++)
    r *= x;
  return r;
}
extern "C" __global__ void calls(float *x, int n) {
  x[threadIdx.x] = f(x[threadIdx.x], threadIdx.x % 5);
}
extern "C" __global__ void localarr(const int *x, int *y, int k) {
  int a[16];
  for (int i = 0; i < 16; i++)
    a[i] = x[i * 32 + threadIdx.x];
  int s = 0;
  for (int i = 0; i < k; i++) {
    a[x[i] & 15] += s;
    s += a[(x[i] + threadIdx.x) & 15];
  }
  y[threadIdx.x] = s;
}
__constant__ float cw[4] = {1, 2, 3, 4};
__device__ int counter = 5;
extern "C" __global__ void globals(float *x) {
  x[threadIdx.x] = cw[threadIdx.x & 3];
  if (threadIdx.x == 0)
    counter += 1;
}
extern "C" __global__ void sw(const int *x, int *y) {
  int v = x[threadIdx.x];
  switch (v) {
  case 0:
    v = 7;
    break;
  case 1:
    v = y[3];
    break;
  case 2:
    v *= 3;
    break;
  case 3:
    v = v * v + 1;
    break;
  case 4:
    v = -v;
    break;
  case 5:
    v = 100;
    break;
  case 6:
    v = sqrtf(v);
    break;
  case 7:
    v = expf(v);
    break;
  default:
    v = v / 3;
  }
  y[threadIdx.x] = v;
}
