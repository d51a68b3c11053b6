// Matrix products: tiles of f32, tensor cores by wmma and by mma.sync with
// ldmatrix and a pipeline of cp.async. C = A * B, row-major.
#include <cuda_fp16.h>
#include <mma.h>

// One element a thread, tiles of 16 x 16.
extern "C" __global__ void matmul_tile(const float *a, const float *b, float *c,
                                       int m, int n, int k) {
  __shared__ float as[16][16], bs[16][16];
  int row = blockIdx.y * 16 + threadIdx.y,
      column = blockIdx.x * 16 + threadIdx.x;
  float sum = 0;
  for (int k0 = 0; k0 < k; k0 += 16) {
    int ka = k0 + threadIdx.x, kb = k0 + threadIdx.y;
    as[threadIdx.y][threadIdx.x] = row < m && ka < k ? a[row * k + ka] : 0;
    bs[threadIdx.y][threadIdx.x] =
        kb < k && column < n ? b[kb * n + column] : 0;
    __syncthreads();
    for (int i = 0; i < 16; ++i)
      sum += as[threadIdx.y][i] * bs[i][threadIdx.x];
    __syncthreads();
  }
  if (row < m && column < n)
    c[row * n + column] = sum;
}

// 8 x 8 elements a thread, tiles of 128 x 128 x 8; sizes are multiples.
extern "C" __global__ void __launch_bounds__(256)
    matmul_blocked(const float *a, const float *b, float *c, int n, int k) {
  __shared__ float as[8][128], bs[8][128];
  int t = threadIdx.x, tx = t % 16, ty = t / 16;
  const float *a0 = a + blockIdx.y * 128 * k, *b0 = b + blockIdx.x * 128;
  float sum[8][8] = {};
  for (int k0 = 0; k0 < k; k0 += 8) {
    float4 va = *(const float4 *)&a0[t / 2 * k + k0 + t % 2 * 4];
    float4 vb = *(const float4 *)&b0[(k0 + t / 32) * n + t % 32 * 4];
    as[t % 2 * 4][t / 2] = va.x;
    as[t % 2 * 4 + 1][t / 2] = va.y;
    as[t % 2 * 4 + 2][t / 2] = va.z;
    as[t % 2 * 4 + 3][t / 2] = va.w;
    *(float4 *)&bs[t / 32][t % 32 * 4] = vb;
    __syncthreads();
#pragma unroll
    for (int i = 0; i < 8; ++i) {
      float x[8], y[8];
      *(float4 *)&x[0] = *(float4 *)&as[i][ty * 8];
      *(float4 *)&x[4] = *(float4 *)&as[i][ty * 8 + 4];
      *(float4 *)&y[0] = *(float4 *)&bs[i][tx * 8];
      *(float4 *)&y[4] = *(float4 *)&bs[i][tx * 8 + 4];
#pragma unroll
      for (int r = 0; r < 8; ++r)
#pragma unroll
        for (int s = 0; s < 8; ++s)
          sum[r][s] += x[r] * y[s];
    }
    __syncthreads();
  }
  for (int r = 0; r < 8; ++r)
    for (int s = 0; s < 8; s += 4)
      *(float4 *)&c[(blockIdx.y * 128 + ty * 8 + r) * n + blockIdx.x * 128 +
                    tx * 8 + s] =
          make_float4(sum[r][s], sum[r][s + 1], sum[r][s + 2], sum[r][s + 3]);
}

// One 16 x 16 tile a warp.
extern "C" __global__ void matmul_wmma(const half *a, const half *b, float *c,
                                       int n, int k) {
  using namespace nvcuda;
  wmma::fragment<wmma::matrix_a, 16, 16, 16, half, wmma::row_major> fa;
  wmma::fragment<wmma::matrix_b, 16, 16, 16, half, wmma::row_major> fb;
  wmma::fragment<wmma::accumulator, 16, 16, 16, float> fc;
  wmma::fill_fragment(fc, 0.0f);
  int row = (blockIdx.y * blockDim.y + threadIdx.y) * 16,
      column = blockIdx.x * 16;
  for (int i = 0; i < k; i += 16) {
    wmma::load_matrix_sync(fa, a + row * k + i, k);
    wmma::load_matrix_sync(fb, b + i * n + column, n);
    wmma::mma_sync(fc, fa, fb, fc);
  }
  wmma::store_matrix_sync(c + row * n + column, fc, n, wmma::mem_row_major);
}

__device__ unsigned shared_address(const void *p) {
  return (unsigned)__cvta_generic_to_shared(p);
}

__device__ void copy_async(void *to, const void *from) {
  asm volatile(
      "cp.async.cg.shared.global [%0], [%1], 16;" ::"r"(shared_address(to)),
      "l"(from)
      : "memory");
}

// 64 x 64 a block of 4 warps, 16 deep, 3 stages; sizes are multiples.
extern "C" __global__ void __launch_bounds__(128)
    matmul_mma(const half *a, const half *b, float *c, int n, int k) {
  __shared__ __align__(16) half as[3][64][24], bs[3][16][72];
  int t = threadIdx.x, lane = t % 32, warp = t / 32;
  const half *a0 = a + blockIdx.y * 64 * k, *b0 = b + blockIdx.x * 64;
  float acc[8][4] = {};
  auto load = [&](int stage, int k0) {
    copy_async(&as[stage][t / 2][t % 2 * 8], a0 + t / 2 * k + k0 + t % 2 * 8);
    copy_async(&bs[stage][t / 8][t % 8 * 8], b0 + (k0 + t / 8) * n + t % 8 * 8);
  };
  int steps = k / 16;
  for (int s = 0; s < 2; ++s) {
    if (s < steps)
      load(s, s * 16);
    asm volatile("cp.async.commit_group;" ::: "memory");
  }
  for (int s = 0; s < steps; ++s) {
    asm volatile("cp.async.wait_group 1;" ::: "memory");
    __syncthreads();
    if (s + 2 < steps)
      load((s + 2) % 3, (s + 2) * 16);
    asm volatile("cp.async.commit_group;" ::: "memory");
    unsigned fa[4];
    asm volatile(
        "ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0,%1,%2,%3}, [%4];"
        : "=r"(fa[0]), "=r"(fa[1]), "=r"(fa[2]), "=r"(fa[3])
        : "r"(shared_address(&as[s % 3][warp * 16 + lane % 16][lane / 16 * 8]))
        : "memory");
#pragma unroll
    for (int j = 0; j < 8; ++j) {
      unsigned fb[2];
      asm volatile(
          "ldmatrix.sync.aligned.m8n8.x2.trans.shared.b16 {%0,%1}, [%2];"
          : "=r"(fb[0]), "=r"(fb[1])
          : "r"(shared_address(&bs[s % 3][lane % 16][j * 8]))
          : "memory");
      asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 "
                   "{%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
                   : "+f"(acc[j][0]), "+f"(acc[j][1]), "+f"(acc[j][2]),
                     "+f"(acc[j][3])
                   : "r"(fa[0]), "r"(fa[1]), "r"(fa[2]), "r"(fa[3]), "r"(fb[0]),
                     "r"(fb[1]));
    }
  }
  int row = blockIdx.y * 64 + warp * 16 + lane / 4;
  int column = blockIdx.x * 64 + lane % 4 * 2;
  for (int j = 0; j < 8; ++j) {
    *(float2 *)&c[row * n + column + j * 8] = make_float2(acc[j][0], acc[j][1]);
    *(float2 *)&c[(row + 8) * n + column + j * 8] =
        make_float2(acc[j][2], acc[j][3]);
  }
}

// One tile of each other type: A 16 x k and B k x 8 as fragments in memory.
extern "C" __global__ void mma_types(const unsigned *a, const unsigned *b,
                                     float *out) {
  int lane = threadIdx.x;
  const unsigned *fa = a + lane * 4, *fb = b + lane * 2;
  float f[4] = {1, 2, 3, 4}, g[4] = {0, 0, 0, 0};
  int i[4] = {5, 6, 7, 8};
  asm volatile("mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 "
               "{%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
               : "+f"(f[0]), "+f"(f[1]), "+f"(f[2]), "+f"(f[3])
               : "r"(fa[0]), "r"(fa[1]), "r"(fa[2]), "r"(fa[3]), "r"(fb[0]),
                 "r"(fb[1]));
  asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 "
               "{%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
               : "+f"(g[0]), "+f"(g[1]), "+f"(g[2]), "+f"(g[3])
               : "r"(fa[0]), "r"(fa[1]), "r"(fa[2]), "r"(fa[3]), "r"(fb[0]),
                 "r"(fb[1]));
  asm volatile("mma.sync.aligned.m16n8k32.row.col.s32.s8.u8.s32 "
               "{%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
               : "+r"(i[0]), "+r"(i[1]), "+r"(i[2]), "+r"(i[3])
               : "r"(fa[0]), "r"(fa[1]), "r"(fa[2]), "r"(fa[3]), "r"(fb[0]),
                 "r"(fb[1]));
  for (int r = 0; r < 4; ++r) {
    out[lane * 12 + r] = f[r];
    out[lane * 12 + 4 + r] = g[r];
    out[lane * 12 + 8 + r] = (float)i[r];
  }
}
