/* What the driver-API programs of these tests share. */
#ifndef CHECK_H
#define CHECK_H

#include "dlc/PTXSim/DriverAbi.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Ends the program unless a condition holds. */
#define CHECK(condition)                                                       \
  do {                                                                         \
    if (!(condition)) {                                                        \
      printf("%s:%d: failed: %s\n", __FILE__, __LINE__, #condition);           \
      exit(1);                                                                 \
    }                                                                          \
  } while (0)

static inline void expect(CUresult got, CUresult want, const char *file,
                          int line, const char *call) {
  const char *got_name = "?", *want_name = "?";
  if (got == want)
    return;
  cuGetErrorName(got, &got_name);
  cuGetErrorName(want, &want_name);
  printf("%s:%d: %s is %s, not %s\n", file, line, call, got_name, want_name);
  exit(1);
}

#define EXPECT(result, call) expect(call, result, __FILE__, __LINE__, #call)
#define OK(call) EXPECT(CUDA_SUCCESS, call)

/* Initialises the driver and makes the primary context current. */
static inline CUcontext start(void) {
  CUcontext context;
  OK(cuInit(0));
  OK(cuDevicePrimaryCtxRetain(&context, 0));
  OK(cuCtxSetCurrent(context));
  return context;
}

/* The text of a file, with a zero behind; in the folder of the PTX tests, which
   the environment names. */
static inline char *read_file(const char *name) {
  char path[4096];
  const char *folder = getenv("SIM_INPUTS");
  snprintf(path, sizeof(path), "%s/%s", folder ? folder : ".", name);
  FILE *file = fopen(path, "rb");
  if (!file) {
    printf("cannot open %s\n", path);
    exit(1);
  }
  fseek(file, 0, SEEK_END);
  long bytes = ftell(file);
  rewind(file);
  char *text = calloc((size_t)bytes + 1, 1);
  CHECK(fread(text, 1, (size_t)bytes, file) == (size_t)bytes);
  fclose(file);
  return text;
}

/* A reproducible sequence of pseudo-random bits. */
static inline unsigned next_random(unsigned *state) {
  *state = *state * 1664525u + 1013904223u;
  return *state >> 8;
}

#endif
