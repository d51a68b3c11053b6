/* Runs cooperative.ptx: a grid-wide barrier, waits for blocks and warps. With
   an argument: a kernel that waits for ever. */
#include "gpu.h"

enum { N = 1000, ROUNDS = 5, BLOCK = 64 };

/* By cuLaunchCooperativeKernel, or as an attribute of cuLaunchKernelEx. */
static CUresult relax(CUmodule m, CUdeviceptr a, CUdeviceptr b, unsigned blocks,
                      int by_attribute) {
  int n = N, rounds = ROUNDS;
  void *arguments[] = {&a, &b, &n, &rounds};
  CUlaunchAttribute cooperative = {.id = CU_LAUNCH_ATTRIBUTE_COOPERATIVE,
                                   .value = {.cooperative = 1}};
  CUlaunchConfig config = {.gridDimX = blocks,
                           .gridDimY = 1,
                           .gridDimZ = 1,
                           .blockDimX = BLOCK,
                           .blockDimY = 1,
                           .blockDimZ = 1,
                           .attrs = &cooperative,
                           .numAttrs = 1};
  if (by_attribute)
    return cuLaunchKernelEx(&config, kernel(m, "relax"), arguments, NULL);
  return cuLaunchCooperativeKernel(kernel(m, "relax"), blocks, 1, 1, BLOCK, 1,
                                   1, 0, NULL, arguments);
}

static void grid_barriers(CUmodule m) {
  static unsigned want[N], next[N], got[N];
  for (int by_attribute = 0; by_attribute < 2; ++by_attribute) {
    for (unsigned i = 0; i < N; ++i)
      want[i] = i * i;
    CUdeviceptr a = upload(want, sizeof(want)), b = upload(NULL, sizeof(want));
    OK(relax(m, a, b, 7, by_attribute));
    for (int round = 0; round < ROUNDS; ++round) {
      for (int i = 0; i < N; ++i)
        next[i] = want[i] + want[(i + 1) % N];
      memcpy(want, next, sizeof(want));
    }
    download(got, ROUNDS % 2 ? b : a, sizeof(got));
    CHECK(memcmp(got, want, sizeof(got)) == 0);
    OK(cuMemFree(ROUNDS % 2 ? a : b));
  }
}

static void too_large(CUmodule m) {
  int each, multiprocessors, can;
  OK(cuDeviceGetAttribute(&can, CU_DEVICE_ATTRIBUTE_COOPERATIVE_LAUNCH, 0));
  CHECK(can == 1);
  OK(cuDeviceGetAttribute(&multiprocessors,
                          CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT, 0));
  OK(cuOccupancyMaxActiveBlocksPerMultiprocessor(&each, kernel(m, "relax"),
                                                 BLOCK, 0));
  unsigned most = (unsigned)(each * multiprocessors);
  EXPECT(CUDA_ERROR_COOPERATIVE_LAUNCH_TOO_LARGE, relax(m, 0, 0, most + 1, 0));
}

static void chained(CUmodule m) {
  static int in[N], out[N];
  int n = N, blocks = (N + 255) / 256, sum = 0;
  for (int i = 0; i < N; ++i)
    in[i] = i % 23 - 11;
  CUdeviceptr a = upload(in, sizeof(in)), b = upload(NULL, sizeof(out));
  CUdeviceptr sums = upload(NULL, 64), there = upload(NULL, 64);
  RUN(kernel(m, "scan_chained"), blocks, 1, 256, 1, 0, &a, &b, &sums, &there,
      &n);
  download(out, b, sizeof(out));
  for (int i = 0; i < N; ++i)
    CHECK(out[i] == (sum += in[i]));
  OK(cuMemFree(a));
  OK(cuMemFree(sums));
  OK(cuMemFree(there));
}

static void turns(CUmodule m) {
  int order[8];
  CUdeviceptr a = upload(NULL, sizeof(order)), turn = upload(NULL, 4);
  RUN(kernel(m, "hand_over"), 1, 1, 256, 1, 0, &a, &turn);
  download(order, a, sizeof(order));
  for (int i = 0; i < 8; ++i)
    CHECK(order[i] == 7 - i);
  OK(cuMemFree(turn));
}

int main(int argc, char **argv) {
  (void)argv;
  start();
  CUmodule m = load("cooperative.ptx");
  if (argc > 1) {
    CUdeviceptr flag = upload(NULL, 4);
    RUN(kernel(m, "forever"), 3, 1, 64, 1, 0, &flag);
    EXPECT(CUDA_ERROR_LAUNCH_TIMEOUT, cuCtxSynchronize());
    printf("ended\n");
    return 0;
  }
  grid_barriers(m);
  too_large(m);
  chained(m);
  turns(m);
  OK(cuModuleUnload(m));
  printf("all well\n");
  return 0;
}
