/* system MODE: printf, assert, a bad format. */
#include "gpu.h"

int main(int argc, char **argv) {
  const char *mode = argc > 1 ? argv[1] : "";
  int in[4] = {1, 2, 3, -4}, counts[4] = {0};
  start();
  CUmodule m = load("system.ptx");
  CUdeviceptr a = upload(in, sizeof(in)), b = upload(NULL, sizeof(counts));
  if (strcmp(mode, "assert") == 0) {
    RUN(kernel(m, "positive"), 1, 1, 4, 1, 0, &a);
    EXPECT(CUDA_ERROR_ASSERT, cuCtxSynchronize());
  } else if (strcmp(mode, "bad-text") == 0) {
    RUN(kernel(m, "bad_text"), 1, 1, 4, 1, 0, NULL);
    EXPECT(CUDA_ERROR_ILLEGAL_ADDRESS, cuCtxSynchronize());
  } else {
    RUN(kernel(m, "report"), 1, 1, 4, 1, 0, &a, &b);
    OK(cuCtxSynchronize());
    download(counts, b, sizeof(counts));
    CHECK(counts[0] == 0 && counts[1] == 8 && counts[2] == 0 && counts[3] == 8);
    OK(cuMemFree(a));
  }
  printf("done\n");
  return 0;
}
