/* Buffers and launches for the programs that run kernels. */
#ifndef GPU_H
#define GPU_H

#include "check.h"

#include <math.h>

/* Device memory with a copy of `bytes` bytes; of zeros where data is NULL. */
static inline CUdeviceptr upload(const void *data, size_t bytes) {
  CUdeviceptr buffer;
  OK(cuMemAlloc(&buffer, bytes));
  if (data)
    OK(cuMemcpyHtoD(buffer, data, bytes));
  else
    OK(cuMemsetD8(buffer, 0, bytes));
  return buffer;
}

/* Copies back and frees. */
static inline void download(void *data, CUdeviceptr buffer, size_t bytes) {
  OK(cuMemcpyDtoH(data, buffer, bytes));
  OK(cuMemFree(buffer));
}

static inline CUfunction kernel(CUmodule module, const char *name) {
  CUfunction function;
  OK(cuModuleGetFunction(&function, module, name));
  return function;
}

static inline CUmodule load(const char *file) {
  CUmodule module;
  char *image = read_file(file);
  OK(cuModuleLoadData(&module, image));
  free(image);
  return module;
}

/* RUN(function, gx, gy, bx, by, shared bytes, &argument, ...) */
#define RUN(function, gx, gy, bx, by, shared, ...)                             \
  do {                                                                         \
    void *arguments_[] = {__VA_ARGS__};                                        \
    OK(cuLaunchKernel(function, gx, gy, 1, bx, by, 1, shared, NULL,            \
                      arguments_, NULL));                                      \
  } while (0)

static inline void check_near(const char *what, int at, double got, double want,
                              double tolerance) {
  double bound = tolerance * (1 + fabs(want));
  if (got == want || (isnan(got) && isnan(want)) || fabs(got - want) <= bound)
    return;
  printf("%s[%d] is %.9g, not %.9g\n", what, at, got, want);
  exit(1);
}

#define NEAR(what, i, got, want, tolerance)                                    \
  check_near(what, (int)(i), got, want, tolerance)

#endif
