/* faults MODE: one mistake of a program or kernel, and what the driver says. */
#include "gpu.h"

static CUmodule module;

/* Runs a kernel that must end with an error, which all calls return then. */
#define FAULT(code, name, by, shared, ...)                                     \
  do {                                                                         \
    void *arguments_[] = {__VA_ARGS__};                                        \
    OK(cuLaunchKernel(kernel(module, name), 1, 1, 1, by, 1, 1, shared, NULL,   \
                      arguments_, NULL));                                      \
    EXPECT(code, cuCtxSynchronize());                                          \
    CUdeviceptr none_;                                                         \
    EXPECT(code, cuMemAlloc(&none_, 4));                                       \
    EXPECT(code, cuMemcpyHtoD(0, NULL, 0));                                    \
  } while (0)

static void read_at(CUdeviceptr in, CUdeviceptr out, int offset) {
  FAULT(CUDA_ERROR_ILLEGAL_ADDRESS, "read", 32, 0, &in, &out, &offset);
}

int main(int argc, char **argv) {
  const char *mode = argc > 1 ? argv[1] : "";
  start();
  module = load("faults.ptx");
  int data[512] = {0};
  CUdeviceptr a = upload(data, 128), b = upload(data, 512), c;
  int zero = 0, offset = 4;
  if (strcmp(mode, "past-end") == 0) {
    read_at(a, b, 1); /* only thread 31 is wrong */
  } else if (strcmp(mode, "before") == 0) {
    read_at(a, b, -2);
  } else if (strcmp(mode, "freed") == 0) {
    OK(cuMemFree(a));
    read_at(a, b, 0);
  } else if (strcmp(mode, "null") == 0) {
    read_at(0, b, 0);
  } else if (strcmp(mode, "host") == 0) {
    read_at((CUdeviceptr)data, b, 0);
  } else if (strcmp(mode, "misaligned") == 0) {
    FAULT(CUDA_ERROR_MISALIGNED_ADDRESS, "write_wide", 1, 0, &a, &offset);
  } else if (strcmp(mode, "shared") == 0) {
    FAULT(CUDA_ERROR_ILLEGAL_ADDRESS, "write_shared", 64, 160, NULL);
  } else if (strcmp(mode, "local") == 0) {
    int at = 8;
    FAULT(CUDA_ERROR_ILLEGAL_ADDRESS, "local", 1, 0, &at);
  } else if (strcmp(mode, "barrier") == 0) {
    FAULT(CUDA_ERROR_LAUNCH_FAILED, "barrier", 32, 0, NULL);
  } else if (strcmp(mode, "trap") == 0) {
    FAULT(CUDA_ERROR_LAUNCH_FAILED, "trapped", 32, 0, NULL);
  } else if (strcmp(mode, "race") == 0) {
    RUN(kernel(module, "race"), 1, 1, 64, 1, 0, &b);
    OK(cuCtxSynchronize());
  } else if (strcmp(mode, "unwritten") == 0) {
    OK(cuMemAlloc(&c, 128));
    OK(cuMemsetD8(c, 0, 64));
    RUN(kernel(module, "read"), 1, 1, 32, 1, 0, &c, &b, &zero);
    OK(cuCtxSynchronize());
    OK(cuMemFree(c));
  } else if (strcmp(mode, "unwritten-copy") == 0) {
    OK(cuMemAlloc(&c, 128));
    OK(cuMemsetD8(c, 0, 64));
    OK(cuMemcpyDtoD(b, c, 128));
    OK(cuMemcpyDtoH(data, b, 65)); /* some is padding */
    OK(cuMemcpyDtoH(data, b + 64, 60));
    OK(cuMemFree(c));
  } else if (strcmp(mode, "async") == 0) {
    int wait = argc > 2, out[32];
    c = upload(NULL, 128);
    for (int i = 0; i < 128; ++i)
      data[i] = i;
    OK(cuMemcpyHtoD(b, data, 512));
    RUN(kernel(module, "async"), 1, 1, 32, 1, 0, &b, &c, &wait);
    download(out, c, 128);
    for (int i = 0; i < 32; ++i)
      CHECK((out[i] == 4 * i) == wait);
  } else if (strcmp(mode, "host-access") == 0) {
    printf("%d\n", *(volatile int *)(a + 4));
  } else if (strcmp(mode, "none") == 0) {
    RUN(kernel(module, "read"), 1, 1, 32, 1, 0, &a, &b, &zero);
    RUN(kernel(module, "write_shared"), 1, 1, 40, 1, 160, NULL);
    OK(cuCtxSynchronize());
  } else {
    printf("unknown mode\n");
    return 1;
  }
  (void)cuMemFree(a);
  (void)cuMemFree(b);
  printf("%s: done\n", mode);
  return 0;
}
