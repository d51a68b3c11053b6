// Arithmetic: integers of all widths, f32 and f64 functions, f16 and bf16.
#include <cuda_bf16.h>
#include <cuda_fp16.h>

extern "C" __global__ void integers(const int *a, const int *b, long long *out,
                                    int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n)
    return;
  int x = a[i], y = b[i];
  unsigned ux = x, uy = y;
  long long wide = (long long)x * y;
  unsigned long long uwide = (unsigned long long)ux << 20 | uy;
  long long *o = out + i * 32;
  o[0] = x + y;
  o[1] = wide;
  o[2] = y ? x / y : 0;
  o[3] = uy ? ux % uy : 0;
  o[4] = y ? wide / y : 0;
  o[5] = uy ? uwide / uy : 0;
  o[6] = __mulhi(x, y);
  o[7] = __umulhi(ux, uy);
  o[8] = x >> (uy % 32);
  o[9] = ux << (uy % 32);
  o[10] = __popc(ux);
  o[11] = __clz(x);
  o[12] = __ffs(x);
  o[13] = __brev(ux);
  o[14] = __byte_perm(ux, uy, 0x5140);
  o[15] = __sad(x, y, 5);
  o[16] = min(x, y);
  o[17] = max(ux, uy);
  o[18] = abs(x);
  o[19] = __funnelshift_l(ux, uy, x % 32);
  o[20] = __clzll(wide);
  o[21] = __popcll(wide);
  o[22] = (signed char)x;
  o[23] = (unsigned short)y;
  o[24] = __mul64hi(wide, uwide);
  o[25] = __dp4a(x, y, 3);
  o[26] = __vadd4(ux, uy);
  o[27] = __rhadd(x, y);
  o[28] = (x & y) | (~x & 0x0f0f0f0f);
  o[29] = wide >> (uy % 64);
  o[30] = __usad(ux, uy, 1);
  o[31] = __mul24(x, y);
}

extern "C" __global__ void functions(const float *in, float *out, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n)
    return;
  float x = in[i];
  out[i] = expf(x);
  out[n + i] = logf(fabsf(x) + 0.5f);
  out[2 * n + i] = sinf(x);
  out[3 * n + i] = tanhf(x);
  out[4 * n + i] = sqrtf(fabsf(x));
  out[5 * n + i] = rsqrtf(fabsf(x) + 1.0f);
  out[6 * n + i] = 1.0f / (x + 20.0f);
  out[7 * n + i] = erff(x);
  out[8 * n + i] = powf(fabsf(x), 1.7f);
  out[9 * n + i] = floorf(x) + ceilf(x * 2) + rintf(x * 3) + truncf(x * 5);
  out[10 * n + i] = fmodf(x, 0.7f);
  out[11 * n + i] = atan2f(x, 2.0f);
  out[12 * n + i] = cbrtf(x);
  out[13 * n + i] = __expf(x);
  out[14 * n + i] = __fdividef(x, 3.0f);
  out[15 * n + i] = cosf(x * 1000.0f);
}

extern "C" __global__ void wide_functions(const float *in, double *out, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n)
    return;
  double x = in[i];
  out[i] = exp(x);
  out[n + i] = log(fabs(x) + 0.5);
  out[2 * n + i] = sqrt(fabs(x)) / (x * x + 1);
  out[3 * n + i] = fma(x, x, 1e-20);
  out[4 * n + i] = sin(x);
  out[5 * n + i] = (double)(long long)(x * 1e6) + (double)(float)x;
}

// Conversions between types, with their roundings and limits.
extern "C" __global__ void conversions(const float *in, int *out, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n)
    return;
  float x = in[i];
  out[i] = __float2int_rn(x);
  out[n + i] = __float2int_rz(x);
  out[2 * n + i] = __float2int_ru(x);
  out[3 * n + i] = __float2int_rd(x);
  out[4 * n + i] = (int)__float2uint_rz(x);
  out[5 * n + i] = __float_as_int(__int2float_rz(__float_as_int(x)));
  out[6 * n + i] = __float_as_int(__fadd_ru(x, 1e-3f));
  out[7 * n + i] = __float_as_int(__fmul_rd(x, 1.1f));
  out[8 * n + i] = __float_as_int(__fdiv_rn(x, 3.3f));
  out[9 * n + i] = __half_as_ushort(__float2half_rn(x));
  out[10 * n + i] = __bfloat16_as_ushort(__float2bfloat16_rn(x));
  out[11 * n + i] = __float_as_int(__saturatef(x));
}

extern "C" __global__ void halves(const float *in, float *out, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n)
    return;
  __half2 h = __floats2half2_rn(in[i], in[(i + 1) % n]);
  __half2 k = __float2half2_rn(0.75f);
  __half2 r = __hfma2(h, k, __hmul2(h, h));
  r = __hmax2(__hadd2(r, k), __float2half2_rn(0.0f));
  out[i] = __low2float(r) + __high2float(r);
  __nv_bfloat162 b = __floats2bfloat162_rn(in[i], in[(i + 1) % n]);
  __nv_bfloat162 c = __float2bfloat162_rn(0.75f);
  __nv_bfloat162 s = __hfma2(b, c, __hmul2(b, b));
  out[n + i] = __low2float(s) - __high2float(s);
  out[2 * n + i] = __half2float(hexp(__low2half(h))) +
                   __half2float(hsqrt(__habs(__high2half(h))));
  out[3 * n + i] = __hlt(__low2half(h), __high2half(h)) ? 1.0f : 0.0f;
}
