/* Runs memory.ptx: transposes, histograms, atomics, constants, parameters. */
#include "gpu.h"

static void transpose(CUmodule m) {
  enum { ROWS = 70, COLUMNS = 45 };
  static float in[ROWS * COLUMNS], out[ROWS * COLUMNS];
  int rows = ROWS, columns = COLUMNS;
  for (int i = 0; i < ROWS * COLUMNS; ++i)
    in[i] = (float)i;
  CUdeviceptr a = upload(in, sizeof(in)), b = upload(NULL, sizeof(out));
  RUN(kernel(m, "transpose_tile"), (COLUMNS + 31) / 32, (ROWS + 31) / 32, 32, 8,
      0, &a, &b, &rows, &columns);
  download(out, b, sizeof(out));
  for (int y = 0; y < ROWS; ++y)
    for (int x = 0; x < COLUMNS; ++x)
      CHECK(out[x * ROWS + y] == in[y * COLUMNS + x]);
  OK(cuMemFree(a));
}

static void histogram(CUmodule m) {
  enum { N = 5000 };
  static unsigned char in[N];
  unsigned want[256] = {0}, out[256], state = 3;
  int n = N;
  for (int i = 0; i < N; ++i)
    ++want[in[i] = (unsigned char)(next_random(&state) % 37 * 7)];
  CUdeviceptr a = upload(in, N), b = upload(NULL, sizeof(out));
  RUN(kernel(m, "histogram"), 4, 1, 256, 1, 0, &a, &b, &n);
  download(out, b, sizeof(out));
  CHECK(memcmp(out, want, sizeof(out)) == 0);
  OK(cuMemFree(a));
}

static void atomics(CUmodule m) {
  enum { N = 4 * 96 };
  int ints[8] = {0, 1000, -1000, -1, 0, 0, 7, 0};
  unsigned long long wide[2] = {0, ~0ull};
  float sum = 0;
  double wide_sum = 0;
  unsigned half_word = 65500;
  CUdeviceptr a = upload(ints, sizeof(ints)), b = upload(wide, sizeof(wide)),
              c = upload(&sum, 4), d = upload(&wide_sum, 8),
              e = upload(&half_word, 4);
  RUN(kernel(m, "atomics"), 4, 1, 96, 1, 0, &a, &b, &c, &d, &e);
  download(ints, a, sizeof(ints));
  download(wide, b, sizeof(wide));
  download(&sum, c, 4);
  download(&wide_sum, d, 8);
  download(&half_word, e, 4);
  int xors = 0;
  for (int i = 0; i < N; ++i)
    xors ^= i;
  CHECK(ints[0] == N * (N - 1) / 2);
  CHECK(ints[1] == 500 - (N - 1) && ints[2] == N - 1 - 500);
  CHECK(ints[3] == (int)0x80000000 && ints[4] == 0x7fffffff);
  CHECK(ints[5] == xors && ints[6] == 100 && ints[7] == N % 10);
  CHECK(wide[0] == (unsigned long long)(N * (N - 1) / 2) << 30);
  CHECK(wide[1] == 1ull << 40);
  CHECK(sum == N * 0.5f && wide_sum == N * 0.25);
  CHECK(half_word == (65500 + N) % 65536);
}

static void constants(CUmodule m) {
  enum { N = 100 };
  float in[N], out[N], changed[8] = {1, 1, 0, 0, 0, 0, 0, 0};
  CUdeviceptr coefficients, counter;
  size_t bytes;
  int n = N, count = 0;
  for (int i = 0; i < N; ++i)
    in[i] = (float)i / N;
  OK(cuModuleGetGlobal(&coefficients, &bytes, m, "coefficients"));
  CHECK(bytes == 32);
  OK(cuModuleGetGlobal(&counter, &bytes, m, "counter"));
  CHECK(bytes == 4);
  EXPECT(CUDA_ERROR_NOT_FOUND, cuModuleGetGlobal(&counter, &bytes, m, "none"));
  for (int round = 0; round < 2; ++round) {
    CUdeviceptr a = upload(in, sizeof(in)), b = upload(NULL, sizeof(out));
    RUN(kernel(m, "polynomial"), 1, 1, 128, 1, 0, &a, &b, &n);
    download(out, b, sizeof(out));
    for (int i = 0; i < N; ++i) {
      double want = 0;
      for (int k = 7; k >= 0; --k)
        want = want * in[i] +
               (round ? changed[k] : (k % 2 ? -(k + 1.0) : k + 1.0));
      NEAR("polynomial", i, out[i], want + (i % 2 ? 7 : 3), 1e-5);
    }
    OK(cuMemFree(a));
    OK(cuMemcpyHtoD(coefficients, changed, sizeof(changed)));
  }
  OK(cuMemcpyDtoH(&count, counter, 4));
  CHECK(count == 43);
}

static void parameters(CUmodule m) {
  struct {
    struct {
      int first;
      double second;
    } pairs[2];
    char flag;
    short number;
    float vector[3];
  } options = {{{7, 8.5}, {9, 10.25}}, 3, -400, {1, 2, 3}};
  double out[6];
  char c = -5;
  short s = 1234;
  long long wide = -1234567890123;
  unsigned char negate = 1;
  CUfunction f = kernel(m, "parameters");
  CUdeviceptr a = upload(NULL, sizeof(out));
  size_t offset, size;
  OK(cuFuncGetParamInfo(f, 3, &offset, &size));
  CHECK(offset == 16 && size == sizeof(options));
  EXPECT(CUDA_ERROR_INVALID_VALUE, cuFuncGetParamInfo(f, 6, &offset, &size));
  RUN(f, 1, 1, 1, 1, 0, &a, &c, &s, &options, &wide, &negate);
  OK(cuMemcpyDtoH(out, a, sizeof(out)));
  CHECK(out[0] == 5 && out[1] == -1234 && out[2] == 17.25 && out[3] == -397);
  CHECK(out[4] == 123 && out[5] == -1234567890123.0);

  /* the same packed by hand */
  struct {
    CUdeviceptr out;
    char c;
    short s;
    double options[6];
    long long wide;
    unsigned char negate;
  } packed = {a, 4, 5, {0}, 6, 0};
  _Static_assert(sizeof(packed.options) == sizeof(options), "");
  memcpy(packed.options, &options, sizeof(options));
  size = offsetof(__typeof__(packed), negate) + 1;
  void *extra[] = {CU_LAUNCH_PARAM_BUFFER_POINTER, &packed,
                   CU_LAUNCH_PARAM_BUFFER_SIZE, &size, CU_LAUNCH_PARAM_END};
  OK(cuLaunchKernel(f, 1, 1, 1, 1, 1, 1, 0, NULL, NULL, extra));
  download(out, a, sizeof(out));
  CHECK(out[0] == 4 && out[1] == 5 && out[2] == 17.25 && out[5] == 6);
  size = 8;
  EXPECT(CUDA_ERROR_INVALID_VALUE,
         cuLaunchKernel(f, 1, 1, 1, 1, 1, 1, 0, NULL, NULL, extra));
}

static int compare_ints(const void *a, const void *b) {
  return (*(const int *)a > *(const int *)b) -
         (*(const int *)a < *(const int *)b);
}

static int compare_keys(const void *a, const void *b) {
  return (*(const unsigned long long *)a > *(const unsigned long long *)b) -
         (*(const unsigned long long *)a < *(const unsigned long long *)b);
}

static void sorts(CUmodule m) {
  enum { N = 40 };
  static int local[N * 16], got[N * 16];
  static unsigned long long keys[1024], got_keys[1024];
  unsigned state = 5;
  int n = N;
  for (int i = 0; i < N * 16; ++i)
    local[i] = (int)next_random(&state) - (1 << 23);
  for (int i = 0; i < 1024; ++i)
    keys[i] = (unsigned long long)next_random(&state) << 32 | (unsigned)i;
  CUdeviceptr a = upload(local, sizeof(local)), b = upload(keys, sizeof(keys));
  RUN(kernel(m, "sort_local"), 2, 1, 32, 1, 0, &a, &n);
  RUN(kernel(m, "sort_shared"), 2, 1, 256, 1, 0, &b);
  download(got, a, sizeof(got));
  download(got_keys, b, sizeof(got_keys));
  for (int i = 0; i < N; ++i)
    qsort(local + i * 16, 16, sizeof(int), compare_ints);
  qsort(keys, 512, 8, compare_keys);
  qsort(keys + 512, 512, 8, compare_keys);
  CHECK(memcmp(local, got, sizeof(got)) == 0);
  CHECK(memcmp(keys, got_keys, sizeof(keys)) == 0);
}

static void vectors(CUmodule m) {
  enum { N = 50 };
  float in[N][4], out[N][4];
  unsigned char bytes[N][4];
  unsigned short words[N][2];
  int n = N;
  for (int i = 0; i < N * 4; ++i) {
    in[i / 4][i % 4] = (float)i;
    bytes[i / 4][i % 4] = (unsigned char)(i * 3);
  }
  CUdeviceptr a = upload(in, sizeof(in)), b = upload(NULL, sizeof(out)),
              c = upload(bytes, sizeof(bytes)), d = upload(NULL, sizeof(words));
  RUN(kernel(m, "vectors"), 1, 1, 64, 1, 0, &a, &b, &c, &d, &n);
  download(out, b, sizeof(out));
  download(words, d, sizeof(words));
  OK(cuMemFree(a));
  OK(cuMemFree(c));
  for (int i = 0; i < N; ++i) {
    for (int k = 0; k < 4; ++k)
      CHECK(out[i][k] == in[i][3 - k]);
    CHECK(words[i][0] == (bytes[i][0] | bytes[i][1] << 8));
    CHECK(words[i][1] == bytes[i][2] + bytes[i][3]);
  }
}

int main(void) {
  start();
  CUmodule m = load("memory.ptx");
  transpose(m);
  histogram(m);
  atomics(m);
  constants(m);
  parameters(m);
  sorts(m);
  vectors(m);
  OK(cuModuleUnload(m));
  printf("all well\n");
  return 0;
}
