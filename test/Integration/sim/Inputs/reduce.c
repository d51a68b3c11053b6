/* Runs reduce.ptx: sums, a maximum, scans. */
#include "gpu.h"

enum { N = 3000 };

static int in[N], out[N];
static float floats[N];

static void sums(CUmodule m) {
  int n = N, blocks = (N + 255) / 256;
  float partial[16], total = -1;
  double want = 0;
  for (int i = 0; i < N; ++i)
    want += floats[i];
  CUdeviceptr a = upload(floats, sizeof(floats)), b = upload(NULL, 64);
  RUN(kernel(m, "sum_tree"), blocks, 1, 256, 1, 256 * 4, &a, &b, &n);
  download(partial, b, 64);
  double sum = 0;
  for (int i = 0; i < blocks; ++i)
    sum += partial[i];
  NEAR("sum_tree", 0, sum, want, 1e-5);
  b = upload(NULL, 4);
  RUN(kernel(m, "sum_shuffle"), 3, 1, 256, 1, 0, &a, &b, &n);
  download(&total, b, 4);
  NEAR("sum_shuffle", 0, total, want, 1e-5);
  OK(cuMemFree(a));
}

static void arg_max(CUmodule m) {
  int n = N, best = 0;
  unsigned long long packed = 0;
  for (int i = 0; i < N; ++i)
    if (in[i] >= in[best])
      best = i;
  CUdeviceptr a = upload(in, sizeof(in)), b = upload(NULL, 8);
  RUN(kernel(m, "arg_max"), (N + 127) / 128, 1, 128, 1, 0, &a, &b, &n);
  download(&packed, b, 8);
  CHECK((int)(packed >> 32 ^ 0x80000000) == in[best]);
  CHECK((int)(unsigned)packed == best);
  OK(cuMemFree(a));
}

/* Sums within blocks of `block` elements. */
static void scan(CUmodule m, const char *name, int threads, int block,
                 int inclusive) {
  int n = N, sum = 0;
  CUdeviceptr a = upload(in, sizeof(in)), b = upload(NULL, sizeof(out));
  RUN(kernel(m, name), (N + block - 1) / block, 1, threads, 1, 0, &a, &b, &n);
  download(out, b, sizeof(out));
  for (int i = 0; i < N; ++i) {
    if (i % block == 0)
      sum = 0;
    int before = sum;
    sum += in[i];
    NEAR(name, i, out[i], inclusive ? sum : before, 0);
  }
  OK(cuMemFree(a));
}

int main(void) {
  unsigned state = 1;
  start();
  for (int i = 0; i < N; ++i) {
    in[i] = (int)(next_random(&state) % 2001) - 1000;
    floats[i] = (float)in[i] / 64;
  }
  CUmodule m = load("reduce.ptx");
  sums(m);
  arg_max(m);
  scan(m, "scan_steps", 256, 256, 1);
  scan(m, "scan_tree", 256, 512, 0);
  scan(m, "scan_shuffle", 256, 256, 1);
  OK(cuModuleUnload(m));
  printf("all well\n");
  return 0;
}
