/* Runs tensor.ptx and fp8.ptx: mma.sync of all types, ldmatrix, cp.async. */
#include "gpu.h"

#include <stdint.h>

/* How a type is written, from multiples of 1/2 (floats) or integers. */
typedef uint32_t encoder(double);

static uint32_t f32(double value) {
  float f = (float)value;
  uint32_t bits;
  memcpy(&bits, &f, 4);
  return bits;
}

static uint32_t f16(double value) {
  _Float16 h = (_Float16)value;
  uint16_t bits;
  memcpy(&bits, &h, 2);
  return bits;
}

static uint32_t bf16(double value) { return f32(value) >> 16; }
static uint32_t int8(double value) { return (uint8_t)(int)value; }

/* Small floats without rounding: `bias` and `mantissa` bits, 8 in all. */
static uint32_t small_float(double value, int bias, int mantissa) {
  int e;
  double m = frexp(fabs(value), &e);
  if (value == 0)
    return 0;
  return (signbit(value) ? 0x80u : 0) | (uint32_t)(e - 1 + bias) << mantissa |
         (uint32_t)((m * 2 - 1) * (1 << mantissa));
}

static uint32_t e4m3(double value) { return small_float(value, 7, 3); }
static uint32_t e5m2(double value) { return small_float(value, 15, 2); }

static double half_value(uint32_t bits) {
  uint16_t low = (uint16_t)bits;
  _Float16 h;
  memcpy(&h, &low, 2);
  return (double)h;
}

enum { M = 16, N = 8, MAX_K = 32 };

/* Registers of A (16 x k) and B (k x 8), `bits` an element: PTX ISA, "Matrix
   fragments for mma.m16n8k...". */
static void fragments(const double *a, const double *b, int k, int bits,
                      encoder *encode_a, encoder *encode_b, uint32_t fa[32][4],
                      uint32_t fb[32][2]) {
  int each = 32 / bits, width = 4 * each, halves = k / width;
  memset(fa, 0, sizeof(uint32_t[32][4]));
  memset(fb, 0, sizeof(uint32_t[32][2]));
  for (int lane = 0; lane < 32; ++lane) {
    int group = lane / 4, first = lane % 4 * each;
    for (int r = 0; r < 2 * halves; ++r)
      for (int e = 0; e < each; ++e)
        fa[lane][r] |=
            encode_a(a[(group + r % 2 * 8) * k + first + e + r / 2 * width])
            << bits * e;
    for (int r = 0; r < halves; ++r)
      for (int e = 0; e < each; ++e)
        fb[lane][r] |= encode_b(b[(first + e + r * width) * N + group])
                       << bits * e;
  }
}

/* Row and column of accumulator register r. */
static int place(int lane, int r) {
  return (lane / 4 + r / 2 * 8) * N + lane % 4 * 2 + r % 2;
}

static void fill(double *values, int count, unsigned seed, int least, int most,
                 double step) {
  for (int i = 0; i < count; ++i)
    values[i] =
        (least + (int)(next_random(&seed) % (unsigned)(most - least + 1))) *
        step;
}

static struct {
  double a[M * MAX_K], b[MAX_K * N], c[M * N], d[M * N];
  uint32_t fa[32][4], fb[32][2], fc[32][4], fd[32][4];
} t;

static void multiply(int k) {
  for (int i = 0; i < M; ++i)
    for (int j = 0; j < N; ++j) {
      t.d[i * N + j] = t.c[i * N + j];
      for (int p = 0; p < k; ++p)
        t.d[i * N + j] += t.a[i * k + p] * t.b[p * N + j];
    }
}

static void run(CUmodule m, const char *name) {
  CUdeviceptr a = upload(t.fa, sizeof(t.fa)), b = upload(t.fb, sizeof(t.fb)),
              c = upload(t.fc, sizeof(t.fc)), d = upload(NULL, sizeof(t.fd));
  RUN(kernel(m, name), 1, 1, 32, 1, 0, &a, &b, &c, &d);
  download(t.fd, d, sizeof(t.fd));
  OK(cuMemFree(a));
  OK(cuMemFree(b));
  OK(cuMemFree(c));
}

static void floats(CUmodule m, const char *name, int k, int bits,
                   encoder *encode_a, encoder *encode_b) {
  fill(t.a, M * k, 1, -3, 3, 0.5);
  fill(t.b, k * N, 2, -3, 3, 0.5);
  fill(t.c, M * N, 3, -1000, 1000, 0.25);
  multiply(k);
  fragments(t.a, t.b, k, bits, encode_a, encode_b, t.fa, t.fb);
  for (int lane = 0; lane < 32; ++lane)
    for (int r = 0; r < 4; ++r)
      t.fc[lane][r] = f32(t.c[place(lane, r)]);
  run(m, name);
  for (int lane = 0; lane < 32; ++lane)
    for (int r = 0; r < 4; ++r) {
      float got;
      memcpy(&got, &t.fd[lane][r], 4);
      NEAR(name, lane * 4 + r, got, t.d[place(lane, r)], 0);
    }
}

static void integers(CUmodule m, const char *name, int k, int least_a,
                     int most_a, int least_b, int most_b, int saturates) {
  fill(t.a, M * k, 4, least_a, most_a, 1);
  fill(t.b, k * N, 5, least_b, most_b, 1);
  fill(t.c, M * N, 6, -3, 3, saturates ? 715827882 : 30000);
  multiply(k);
  fragments(t.a, t.b, k, 8, int8, int8, t.fa, t.fb);
  int saturated = 0;
  for (int lane = 0; lane < 32; ++lane)
    for (int r = 0; r < 4; ++r)
      t.fc[lane][r] = (uint32_t)(int)t.c[place(lane, r)];
  run(m, name);
  for (int lane = 0; lane < 32; ++lane)
    for (int r = 0; r < 4; ++r) {
      double want = t.d[place(lane, r)];
      saturated += fabs(want) > INT32_MAX;
      want = fmin(fmax(want, INT32_MIN), INT32_MAX);
      NEAR(name, lane * 4 + r, (int32_t)t.fd[lane][r], want, 0);
    }
  CHECK(saturated > 0 == saturates);
}

static void f16_sums(CUmodule m) {
  fill(t.a, M * 16, 7, -3, 3, 0.5);
  fill(t.b, 16 * N, 8, -3, 3, 0.5);
  fill(t.c, M * N, 9, -20, 20, 0.5);
  multiply(16);
  fragments(t.a, t.b, 16, 16, f16, f16, t.fa, t.fb);
  uint32_t *c = &t.fc[0][0], *d = &t.fd[0][0];
  for (int lane = 0; lane < 32; ++lane)
    for (int r = 0; r < 2; ++r)
      c[lane * 2 + r] =
          f16(t.c[place(lane, 2 * r)]) | f16(t.c[place(lane, 2 * r + 1)]) << 16;
  run(m, "f16_sums");
  for (int lane = 0; lane < 32; ++lane)
    for (int r = 0; r < 4; ++r)
      NEAR("f16_sums", lane * 4 + r,
           half_value(d[lane * 2 + r / 2] >> r % 2 * 16), t.d[place(lane, r)],
           0);
}

static void f64(CUmodule m) {
  double a[8][4], b[4][8], c[8][8], fa[32], fb[32], fc[32][2], fd[32][2];
  fill(&a[0][0], 32, 10, -1000, 1000, 1e-3);
  fill(&b[0][0], 32, 11, -1000, 1000, 1e-3);
  fill(&c[0][0], 64, 12, -1000, 1000, 1e-3);
  for (int lane = 0; lane < 32; ++lane) {
    fa[lane] = a[lane / 4][lane % 4];
    fb[lane] = b[lane % 4][lane / 4];
    for (int r = 0; r < 2; ++r)
      fc[lane][r] = c[lane / 4][lane % 4 * 2 + r];
  }
  CUdeviceptr da = upload(fa, sizeof(fa)), db = upload(fb, sizeof(fb)),
              dc = upload(fc, sizeof(fc)), dd = upload(NULL, sizeof(fd));
  RUN(kernel(m, "f64"), 1, 1, 32, 1, 0, &da, &db, &dc, &dd);
  download(fd, dd, sizeof(fd));
  OK(cuMemFree(da));
  OK(cuMemFree(db));
  OK(cuMemFree(dc));
  for (int lane = 0; lane < 32; ++lane)
    for (int r = 0; r < 2; ++r) {
      double want = fc[lane][r];
      for (int k = 0; k < 4; ++k)
        want += a[lane / 4][k] * b[k][lane % 4 * 2 + r];
      NEAR("f64", lane * 2 + r, fd[lane][r], want, 1e-15);
    }
}

static void load_matrices(CUmodule m) {
  uint16_t in[32][8];
  uint32_t out[32][7];
  for (int i = 0; i < 256; ++i)
    in[i / 8][i % 8] = (uint16_t)(i * 257);
  CUdeviceptr a = upload(in, sizeof(in)), b = upload(NULL, sizeof(out));
  RUN(kernel(m, "load_matrices"), 1, 1, 32, 1, 0, &a, &b);
  download(out, b, sizeof(out));
  OK(cuMemFree(a));
  for (int lane = 0; lane < 32; ++lane) {
    int row = lane / 4, column = lane % 4 * 2;
    CHECK(out[lane][0] ==
          (in[row][column] | (uint32_t)in[row][column + 1] << 16));
    for (int r = 1; r < 7; ++r) {
      int tile = r < 3 ? r - 1 : r - 3;
      CHECK(out[lane][r] == (in[tile * 8 + column][row] |
                             (uint32_t)in[tile * 8 + column + 1][row] << 16));
    }
  }
}

static void async_sizes(CUmodule m) {
  uint32_t in[32][4], out[32][12];
  for (int i = 0; i < 128; ++i)
    in[i / 4][i % 4] = (uint32_t)i * 0x01010101u + 1;
  CUdeviceptr a = upload(in, sizeof(in)), b = upload(NULL, sizeof(out));
  RUN(kernel(m, "async_sizes"), 1, 1, 32, 1, 0, &a, &b);
  download(out, b, sizeof(out));
  OK(cuMemFree(a));
  for (int lane = 0; lane < 32; ++lane) {
    CHECK(out[lane][0] == in[lane][0] && out[lane][1] == 0xdeadbeef);
    CHECK(out[lane][2] == in[lane][0] && out[lane][3] == in[lane][1]);
    for (int i = 0; i < 4; ++i) {
      CHECK(out[lane][4 + i] == (i < lane % 5 ? in[lane][i] : 0));
      CHECK(out[lane][8 + i] == in[lane][i]);
    }
  }
}

int main(int argc, char **argv) {
  start();
  if (argc > 1 && strcmp(argv[1], "fp8") == 0) {
    CUmodule m = load("fp8.ptx");
    floats(m, "e4m3_k32", 32, 8, e4m3, e4m3);
    floats(m, "e5m2e4m3_k32", 32, 8, e5m2, e4m3);
    OK(cuModuleUnload(m));
  } else {
    CUmodule m = load("tensor.ptx");
    floats(m, "f16_k16", 16, 16, f16, f16);
    floats(m, "f16_k8", 8, 16, f16, f16);
    floats(m, "bf16_k16", 16, 16, bf16, bf16);
    floats(m, "bf16_k8", 8, 16, bf16, bf16);
    floats(m, "tf32_k8", 8, 32, f32, f32);
    floats(m, "tf32_k4", 4, 32, f32, f32);
    integers(m, "s8u8_k32", 32, -128, 127, 0, 255, 0);
    integers(m, "u8s8_k16", 16, 0, 255, -128, 127, 0);
    integers(m, "s8_satfinite_k32", 32, -128, 127, -128, 127, 1);
    f16_sums(m);
    f64(m);
    load_matrices(m);
    async_sizes(m);
    OK(cuModuleUnload(m));
  }
  printf("all well\n");
  return 0;
}
