/* Runs math.ptx: integer, f32 and f64 arithmetic, conversions, f16, bf16. */
#include "gpu.h"

#include <fenv.h>
#include <limits.h>
#include <stdint.h>

static int32_t bits_of(float value) {
  int32_t bits;
  memcpy(&bits, &value, 4);
  return bits;
}

static float float_of(int32_t bits) {
  float value;
  memcpy(&value, &bits, 4);
  return value;
}

static int count_leading(unsigned long long value, int width) {
  int count = 0;
  while (count < width && !(value >> (width - 1 - count) & 1))
    ++count;
  return count;
}

static unsigned reverse(unsigned value) {
  unsigned result = 0;
  for (int i = 0; i < 32; ++i)
    result |= (value >> i & 1) << (31 - i);
  return result;
}

static void integers(CUmodule m) {
  enum { N = 64 };
  static long long out[N][32];
  int a[N], b[N], n = N;
  unsigned state = 2;
  for (int i = 0; i < N; ++i) {
    a[i] = (int)(next_random(&state) << 12 ^ next_random(&state));
    b[i] = (int)(next_random(&state) << 12 ^ next_random(&state));
    if (i % 4 == 1)
      b[i] %= 1000;
  }
  a[0] = 0;
  b[1] = 0;
  a[2] = INT_MIN;
  b[3] = -1;
  CUdeviceptr da = upload(a, sizeof(a)), db = upload(b, sizeof(b)),
              d = upload(NULL, sizeof(out));
  RUN(kernel(m, "integers"), 1, 1, N, 1, 0, &da, &db, &d, &n);
  download(out, d, sizeof(out));
  OK(cuMemFree(da));
  OK(cuMemFree(db));
  for (int i = 0; i < N; ++i) {
    int x = a[i], y = b[i];
    unsigned ux = (unsigned)x, uy = (unsigned)y;
    long long wide = (long long)x * y;
    unsigned long long uwide = (unsigned long long)ux << 20 | uy;
    long long dot = 3;
    unsigned added = 0;
    for (int k = 0; k < 4; ++k) {
      dot += (int8_t)(ux >> 8 * k) * (int8_t)(uy >> 8 * k);
      added |= ((ux >> 8 * k) + (uy >> 8 * k) & 0xff) << 8 * k;
    }
    unsigned char bytes[8];
    memcpy(bytes, &ux, 4);
    memcpy(bytes + 4, &uy, 4);
    long long want[32] = {
        (int)(ux + uy),
        wide,
        y ? (int)((long long)x / y) : 0,
        uy ? ux % uy : 0,
        y ? wide / y : 0,
        uy ? (long long)(uwide / uy) : 0,
        (int)(wide >> 32),
        (unsigned)((unsigned long long)ux * uy >> 32),
        x >> (uy % 32),
        ux << (uy % 32),
        __builtin_popcount(ux),
        count_leading(ux, 32),
        __builtin_ffs(x),
        reverse(ux),
        bytes[0] | bytes[4] << 8 | bytes[1] << 16 | (long long)bytes[5] << 24,
        (unsigned)(x > y ? ux - uy : uy - ux) + 5,
        x < y ? x : y,
        ux > uy ? ux : uy,
        (int)(x < 0 ? 0 - ux : ux),
        (unsigned)(((unsigned long long)uy << 32 | ux) << (ux % 32) >> 32),
        count_leading((unsigned long long)wide, 64),
        __builtin_popcountll((unsigned long long)wide),
        (int8_t)x,
        (uint16_t)y,
        (long long)((__int128)wide * (long long)uwide >> 64),
        (int)dot,
        added,
        (int)(((long long)x + y + 1) >> 1),
        (int)((ux & uy) | (~ux & 0x0f0f0f0f)),
        wide >> (uy % 64),
        (unsigned)(ux > uy ? ux - uy : uy - ux) + 1,
        (int)(unsigned)((long long)((int)(ux << 8) >> 8) *
                        ((int)(uy << 8) >> 8)),
    };
    want[15] = (unsigned)want[15];
    for (int k = 0; k < 32; ++k) {
      if (out[i][k] != want[k]) {
        printf("integers: %d of (%d, %d) is %lld, not %lld\n", k, x, y,
               out[i][k], want[k]);
        exit(1);
      }
    }
  }
}

static void functions(CUmodule m) {
  enum { N = 200 };
  static float in[N], out[16][N];
  static double wide[6][N];
  int n = N;
  for (int i = 0; i < N; ++i)
    in[i] = (float)(i - 90) * 0.11f;
  CUdeviceptr a = upload(in, sizeof(in)), b = upload(NULL, sizeof(out)),
              c = upload(NULL, sizeof(wide));
  RUN(kernel(m, "functions"), 2, 1, 128, 1, 0, &a, &b, &n);
  RUN(kernel(m, "wide_functions"), 2, 1, 128, 1, 0, &a, &c, &n);
  download(out, b, sizeof(out));
  download(wide, c, sizeof(wide));
  OK(cuMemFree(a));
  for (int i = 0; i < N; ++i) {
    float x = in[i];
    NEAR("expf", i, out[0][i], exp(x), 1e-6);
    NEAR("logf", i, out[1][i], log(fabs(x) + 0.5f), 1e-6);
    NEAR("sinf", i, out[2][i], sin(x), 1e-6);
    NEAR("tanhf", i, out[3][i], tanh(x), 1e-6);
    NEAR("sqrtf", i, out[4][i], sqrtf(fabsf(x)), 0);
    NEAR("rsqrtf", i, out[5][i], 1 / sqrt(fabsf(x) + 1.0f), 1e-6);
    NEAR("reciprocal", i, out[6][i], 1.0f / (x + 20.0f), 0);
    NEAR("erff", i, out[7][i], erf(x), 1e-6);
    NEAR("powf", i, out[8][i], pow(fabs(x), 1.7f), 2e-6);
    NEAR("roundings", i, out[9][i],
         floorf(x) + ceilf(x * 2) + rintf(x * 3) + truncf(x * 5), 0);
    NEAR("fmodf", i, out[10][i], fmodf(x, 0.7f), 0);
    NEAR("atan2f", i, out[11][i], atan2(x, 2.0), 1e-6);
    NEAR("cbrtf", i, out[12][i], cbrt(x), 1e-6);
    NEAR("__expf", i, out[13][i], exp(x), 1e-5);
    NEAR("__fdividef", i, out[14][i], x / 3.0, 1e-6);
    NEAR("cosf", i, out[15][i], cos(x * 1000.0f), 1e-6);
    double d = x;
    NEAR("exp", i, wide[0][i], exp(d), 1e-14);
    NEAR("log", i, wide[1][i], log(fabs(d) + 0.5), 1e-14);
    NEAR("sqrt", i, wide[2][i], sqrt(fabs(d)) / (d * d + 1), 1e-14);
    NEAR("fma", i, wide[3][i], fma(d, d, 1e-20), 0);
    NEAR("sin", i, wide[4][i], sin(d), 1e-14);
    NEAR("casts", i, wide[5][i], (double)(long long)(d * 1e6) + (double)x, 0);
  }
}

static int to_int(double value) {
  return isnan(value)            ? 0
         : value > 2147483647.0  ? INT_MAX
         : value < -2147483648.0 ? INT_MIN
                                 : (int)value;
}

/* The bits of `value` in f16 (10 bits of mantissa, 5 of exponent) or bf16 (7,
   8), rounded to nearest even. */
static int to_small(float value, int mantissa, int exponent) {
  int sign = signbit(value) ? 1 << (mantissa + exponent) : 0;
  int bias = (1 << (exponent - 1)) - 1, largest = (1 << exponent) - 1;
  if (isnan(value))
    return 0x7fff;
  if (isinf(value) || value == 0)
    return sign | (value == 0 ? 0 : largest << mantissa);
  int e;
  frexp(fabs(value), &e);
  e = e - 1 < 1 - bias ? 1 - bias : e - 1;
  double steps = nearbyint(ldexp(fabs(value), mantissa - e));
  long long bits = (long long)steps + ((long long)(e + bias - 1) << mantissa);
  if (bits >= (long long)largest << mantissa)
    bits = (long long)largest << mantissa;
  return sign | (int)bits;
}

static void conversions(CUmodule m) {
  const float special[] = {
      0.0f,  -0.0f,   0.5f,    1.5f,     2.5f,        -0.5f,
      -1.5f, 3e9f,    -3e9f,   5e9f,     INFINITY,    -INFINITY,
      NAN,   1e-40f,  -1e-41f, 65504.0f, 65520.0f,    65519.0f,
      6e-8f, 2.9e-8f, 1e-3f,   3.38e38f, 16777217.0f, 0.99999997f};
  enum { N = 128, SPECIAL = sizeof(special) / sizeof(*special) };
  static float in[N];
  static int out[12][N];
  int n = N;
  unsigned state = 9;
  for (int i = 0; i < N; ++i)
    in[i] = i < SPECIAL
                ? special[i]
                : ((float)next_random(&state) - (1 << 23)) / (1 << (i % 24));
  CUdeviceptr a = upload(in, sizeof(in)), b = upload(NULL, sizeof(out));
  RUN(kernel(m, "conversions"), 1, 1, N, 1, 0, &a, &b, &n);
  download(out, b, sizeof(out));
  OK(cuMemFree(a));
  for (int i = 0; i < N; ++i) {
    volatile float x = in[i], tenth = 1.1f, milli = 1e-3f;
    double d = x;
    NEAR("rn", i, out[0][i], to_int(rint(d)), 0);
    NEAR("rz", i, out[1][i], to_int(trunc(d)), 0);
    NEAR("ru", i, out[2][i], to_int(ceil(d)), 0);
    NEAR("rd", i, out[3][i], to_int(floor(d)), 0);
    unsigned u = isnan(d) || d < 1  ? 0
                 : d > 4294967295.0 ? UINT_MAX
                                    : (unsigned)d;
    NEAR("unsigned", i, (unsigned)out[4][i], u, 0);
    fesetround(FE_TOWARDZERO);
    NEAR("int to float", i, out[5][i], bits_of((float)bits_of(x)), 0);
    fesetround(FE_UPWARD);
    volatile float up = x + milli;
    fesetround(FE_DOWNWARD);
    volatile float down = x * tenth;
    fesetround(FE_TONEAREST);
    NEAR("add up", i, float_of(out[6][i]), up, 0);
    NEAR("mul down", i, float_of(out[7][i]), down, 0);
    NEAR("div", i, float_of(out[8][i]), x / 3.3f, 0);
    NEAR("f16", i, out[9][i], to_small(x, 10, 5), 0);
    NEAR("bf16", i, out[10][i], to_small(x, 7, 8), 0);
    NEAR("saturate", i, float_of(out[11][i]),
         isnan(x) ? 0
         : x < 0  ? 0
         : x > 1  ? 1
                  : x,
         0);
  }
}

static void halves(CUmodule m) {
  enum { N = 96 };
  float in[N], out[4][N];
  int n = N;
  for (int i = 0; i < N; ++i)
    in[i] = (float)((i * 37) % 64 - 32) / 16; /* exact in f16 and bf16 */
  CUdeviceptr a = upload(in, sizeof(in)), b = upload(NULL, sizeof(out));
  RUN(kernel(m, "halves"), 1, 1, N, 1, 0, &a, &b, &n);
  download(out, b, sizeof(out));
  OK(cuMemFree(a));
  for (int i = 0; i < N; ++i) {
    double x = in[i], y = in[(i + 1) % N];
    double p = x * 0.75 + x * x + 0.75, q = y * 0.75 + y * y + 0.75;
    NEAR("f16", i, out[0][i], fmax(p, 0) + fmax(q, 0), 1e-2);
    NEAR("bf16", i, out[1][i], x * 0.75 + x * x - y * 0.75 - y * y, 5e-2);
    NEAR("functions", i, out[2][i], exp(x) + sqrt(fabs(y)), 2e-3);
    NEAR("comparison", i, out[3][i], x < y, 0);
  }
}

int main(void) {
  start();
  CUmodule m = load("math.ptx");
  integers(m);
  functions(m);
  conversions(m);
  halves(m);
  OK(cuModuleUnload(m));
  printf("all well\n");
  return 0;
}
