/* Runs matmul.ptx: tiled and tensor-core matrix products. */
#include "gpu.h"

#include <stdint.h>
#include <time.h>

typedef _Float16 half;

static double *product(const double *a, const double *b, int m, int n, int k) {
  double *c = calloc((size_t)m * n, sizeof(double));
  for (int i = 0; i < m; ++i)
    for (int p = 0; p < k; ++p)
      for (int j = 0; j < n; ++j)
        c[i * n + j] += a[i * k + p] * b[p * n + j];
  return c;
}

/* Small multiples of 1/8: exact in f16, and so are their sums in f32. */
static double *matrix(int rows, int columns, unsigned seed) {
  double *values = malloc(sizeof(double) * (size_t)rows * columns);
  for (int i = 0; i < rows * columns; ++i)
    values[i] = ((int)(next_random(&seed) % 33) - 16) / 8.0;
  return values;
}

static CUdeviceptr as_float(const double *values, int count) {
  float *converted = malloc(sizeof(float) * (size_t)count);
  for (int i = 0; i < count; ++i)
    converted[i] = (float)values[i];
  CUdeviceptr buffer = upload(converted, sizeof(float) * (size_t)count);
  free(converted);
  return buffer;
}

static CUdeviceptr as_half(const double *values, int count) {
  half *converted = malloc(sizeof(half) * (size_t)count);
  for (int i = 0; i < count; ++i)
    converted[i] = (half)values[i];
  CUdeviceptr buffer = upload(converted, sizeof(half) * (size_t)count);
  free(converted);
  return buffer;
}

static void multiply(CUmodule module, const char *name, int m, int n, int k,
                     int gx, int gy, int bx, int by, int halves) {
  double *a = matrix(m, k, 1), *b = matrix(k, n, 2);
  CUdeviceptr da = halves ? as_half(a, m * k) : as_float(a, m * k);
  CUdeviceptr db = halves ? as_half(b, k * n) : as_float(b, k * n);
  size_t bytes = sizeof(float) * (size_t)m * n;
  CUdeviceptr dc = upload(NULL, bytes);
  CUfunction f = kernel(module, name);
  double seconds = 0;
  /* a second time to measure it, without the time of compilation */
  for (int run = 0; run < (getenv("MATMUL_SIZE") ? 2 : 1); ++run) {
    OK(cuCtxSynchronize());
    clock_t begin = clock();
    if (strcmp(name, "matmul_tile") == 0)
      RUN(f, gx, gy, bx, by, 0, &da, &db, &dc, &m, &n, &k);
    else
      RUN(f, gx, gy, bx, by, 0, &da, &db, &dc, &n, &k);
    OK(cuCtxSynchronize());
    seconds = (double)(clock() - begin) / CLOCKS_PER_SEC;
  }
  float *c = malloc(bytes);
  download(c, dc, bytes);
  OK(cuMemFree(da));
  OK(cuMemFree(db));
  if (getenv("MATMUL_SIZE")) {
    printf("%s %d: %.2f GFLOP/s of processor time\n", name, m,
           2e-9 * m * n * k / seconds);
  } else {
    double *want = product(a, b, m, n, k);
    for (int i = 0; i < m * n; ++i)
      NEAR(name, i, c[i], want[i], 0);
    free(want);
  }
  free(a);
  free(b);
  free(c);
}

/* The fragments of a 16 x k and a k x 8 matrix of 32-bit registers that hold
   32/bits elements each, as the PTX ISA lays them out for mma.m16n8. */
static void fragments(const double *a, const double *b, int k, int bits,
                      uint32_t (*encode)(double, int), uint32_t fa[32][4],
                      uint32_t fb[32][2]) {
  int each = 32 / bits, width = 4 * each;
  for (int lane = 0; lane < 32; ++lane) {
    int group = lane / 4, member = lane % 4;
    for (int r = 0; r < 4; ++r) {
      fa[lane][r] = 0;
      for (int e = 0; e < each; ++e) {
        int row = group + r % 2 * 8;
        int column = member * each + e + r / 2 * width;
        fa[lane][r] |= encode(a[row * k + column], 1) << bits * e;
      }
    }
    for (int r = 0; r < 2; ++r) {
      fb[lane][r] = 0;
      for (int e = 0; e < each; ++e) {
        int row = member * each + e + r * width;
        fb[lane][r] |= encode(b[row * 8 + group], 0) << bits * e;
      }
    }
  }
}

static uint32_t encode_tf32(double value, int is_a) {
  float f = (float)value;
  uint32_t bits;
  (void)is_a;
  memcpy(&bits, &f, 4);
  return bits;
}

static uint32_t encode_bf16(double value, int is_a) {
  return encode_tf32(value, is_a) >> 16;
}

/* A is signed, B unsigned. */
static uint32_t encode_int8(double value, int is_a) {
  return is_a ? (uint8_t)(int8_t)(value * 8) : (uint8_t)(value * 8 + 200);
}

static void types(CUmodule module) {
  static const struct {
    const char *name;
    int k, bits;
    uint32_t (*encode)(double, int);
    double first, next; /* the accumulator's elements */
  } cases[] = {{"tf32", 8, 32, encode_tf32, 1, 1},
               {"bf16", 16, 16, encode_bf16, 0, 0},
               {"int8", 32, 8, encode_int8, 5, 1}};
  for (int t = 0; t < 3; ++t) {
    int k = cases[t].k;
    double *a = matrix(16, k, 5), *b = matrix(k, 8, 6);
    uint32_t fa[32][4], fb[32][2];
    float out[32][12];
    fragments(a, b, k, cases[t].bits, cases[t].encode, fa, fb);
    CUdeviceptr da = upload(fa, sizeof(fa)), db = upload(fb, sizeof(fb)),
                d = upload(NULL, sizeof(out));
    RUN(kernel(module, "mma_types"), 1, 1, 32, 1, 0, &da, &db, &d);
    download(out, d, sizeof(out));
    OK(cuMemFree(da));
    OK(cuMemFree(db));
    if (t == 2) {
      for (int i = 0; i < 16 * k; ++i)
        a[i] = (int8_t)(a[i] * 8);
      for (int i = 0; i < k * 8; ++i)
        b[i] = (uint8_t)(b[i] * 8 + 200);
    }
    double *want = product(a, b, 16, 8, k);
    for (int lane = 0; lane < 32; ++lane)
      for (int r = 0; r < 4; ++r)
        NEAR(cases[t].name, lane * 4 + r, out[lane][4 * t + r],
             want[(lane / 4 + r / 2 * 8) * 8 + lane % 4 * 2 + r % 2] +
                 cases[t].first + r * cases[t].next,
             0);
    free(a);
    free(b);
    free(want);
  }
}

int main(void) {
  start();
  CUmodule m = load("matmul.ptx");
  const char *large = getenv("MATMUL_SIZE");
  if (large) {
    int s = atoi(large);
    multiply(m, "matmul_tile", s, s, s, s / 16, s / 16, 16, 16, 0);
    multiply(m, "matmul_blocked", s, s, s, s / 128, s / 128, 256, 1, 0);
    multiply(m, "matmul_wmma", s, s, s, s / 16, s / 64, 32, 4, 1);
    multiply(m, "matmul_mma", s, s, s, s / 64, s / 64, 128, 1, 1);
  } else {
    multiply(m, "matmul_tile", 45, 39, 50, 3, 3, 16, 16, 0);
    multiply(m, "matmul_blocked", 128, 256, 40, 2, 1, 256, 1, 0);
    multiply(m, "matmul_wmma", 64, 48, 64, 3, 2, 32, 2, 1);
    multiply(m, "matmul_mma", 128, 64, 96, 1, 2, 128, 1, 1);
    types(m);
  }
  OK(cuModuleUnload(m));
  printf("all well\n");
  return 0;
}
