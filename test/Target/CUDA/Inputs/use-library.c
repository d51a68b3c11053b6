/* Uses the library of model.mlir as a program of its user would: y = 2 * (x +
 * 0.5) and s = x + 0.5 on memory and streams of its own. */
#include "model.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef unsigned long long CUdeviceptr;

static void *driver;

/* Calls a function of the driver, whose arguments are pointers and whole
 * numbers. */
static int call(const char *name, void *a, void *b, void *c, void *d) {
  union {
    void *address;
    int (*function)(void *, void *, void *, void *);
  } pun = {dlsym(driver, name)};
  if (!pun.address) {
    printf("the driver lacks %s\n", name);
    exit(1);
  }
  return pun.function(a, b, c, d);
}

#define CU(name, a, b, c, d)                                                   \
  do {                                                                         \
    int result =                                                               \
        call(#name, (void *)(a), (void *)(b), (void *)(c), (void *)(d));       \
    if (result) {                                                              \
      printf("%d: " #name " returned %d\n", __LINE__, result);                 \
      exit(1);                                                                 \
    }                                                                          \
  } while (0)

#define EXPECT(condition)                                                      \
  do {                                                                         \
    if (!(condition)) {                                                        \
      printf("%d: not " #condition "\n", __LINE__);                            \
      exit(1);                                                                 \
    }                                                                          \
  } while (0)

static char *take(size_t bytes) {
  CUdeviceptr memory = 0;
  CU(cuMemAlloc_v2, &memory, bytes, 0, 0);
  return (char *)(size_t)memory;
}

static float x[1024], y[1024], s[1024];

static void check(const char *what, char *out_y, char *out_s, float offset) {
  CU(cuMemcpyDtoH_v2, y, out_y, sizeof(y), 0);
  CU(cuMemcpyDtoH_v2, s, out_s, sizeof(s), 0);
  for (int i = 0; i < 1024; ++i) {
    float sum = (float)i + offset + 0.5f;
    if (s[i] != sum || y[i] != 2 * sum) {
      printf("%s: at %d %g and %g\n", what, i, s[i], y[i]);
      exit(1);
    }
  }
}

int main(void) {
  driver = dlopen("libcuda.so.1", RTLD_NOW);
  EXPECT(driver);
  EXPECT(model_check(MODEL_ABI_VERSION, MODEL_BUILD_ID) == DLC_OK);
  EXPECT(model_check(MODEL_ABI_VERSION + 1, MODEL_BUILD_ID) == DLC_ERROR_ABI);
  EXPECT(model_check(MODEL_ABI_VERSION, "0") == DLC_ERROR_ABI);
  EXPECT(strcmp(model_descriptor()->target, "cuda") == 0);

  model_instance *model = NULL;
  EXPECT(model_init(&model, NULL, NULL) == DLC_ERROR_NULL && !model);
  EXPECT(model_init(&model, (void *)(size_t)64, NULL) == DLC_ERROR_ALIGNMENT);
  CU(cuInit, 0, 0, 0, 0);
  EXPECT(model_init(&model, (void *)(size_t)4096, NULL) == DLC_ERROR_DEVICE);
  printf("no context: %s\n", model_message(model));
  model_free(model);

  int device = 0;
  void *context = NULL, *streams[2] = {NULL, NULL};
  CU(cuDeviceGet, &device, 0, 0, 0);
  CU(cuDevicePrimaryCtxRetain, &context, (size_t)device, 0, 0);
  CU(cuCtxSetCurrent, context, 0, 0, 0);
  for (int i = 0; i < 2; ++i)
    CU(cuStreamCreate, &streams[i], 1, 0, 0);
  char *weights = take(MODEL_WEIGHTS_BYTES);
  EXPECT(model_init(&model, weights, streams[0]) == DLC_OK);

  /* Two runs in two streams, each on memory of its own. */
  char *in[2], *arena[2], *out_y[2], *out_s[2];
  for (int i = 0; i < 2; ++i) {
    in[i] = take(MODEL_INPUT0_BYTES);
    arena[i] = take(MODEL_ARENA_BYTES);
    out_y[i] = take(MODEL_OUTPUT0_BYTES);
    out_s[i] = take(MODEL_OUTPUT1_BYTES);
    for (int k = 0; k < 1024; ++k)
      x[k] = (float)(k + 100 * i);
    CU(cuMemcpyHtoD_v2, in[i], x, sizeof(x), 0);
  }
  for (int i = 0; i < 2; ++i) {
    const void *inputs[] = {in[i]};
    void *outputs[] = {out_y[i], out_s[i]};
    EXPECT(model_run(model, inputs, outputs, arena[i], streams[i]) == DLC_OK);
  }
  for (int i = 0; i < 2; ++i) {
    CU(cuStreamSynchronize, streams[i], 0, 0, 0);
    check("run", out_y[i], out_s[i], (float)(100 * i));
  }

  /* Wrong pointers are refused before anything is launched. */
  const void *inputs[] = {in[0]};
  void *outputs[] = {out_y[0], NULL};
  EXPECT(model_run(model, inputs, outputs, arena[0], streams[0]) ==
         DLC_ERROR_NULL);
  outputs[1] = out_s[0] + 4;
  EXPECT(model_run(model, inputs, outputs, arena[0], streams[0]) ==
         DLC_ERROR_ALIGNMENT);
  outputs[1] = out_s[0];
  EXPECT(model_run(model, inputs, outputs, NULL, streams[0]) == DLC_ERROR_NULL);
  EXPECT(model_run(NULL, inputs, outputs, arena[0], streams[0]) ==
         DLC_ERROR_NULL);

  /* As a graph of the caller's. */
  void *graph = NULL, *exec = NULL;
  inputs[0] = in[1];
  CU(cuStreamBeginCapture_v2, streams[0], 0, 0, 0);
  EXPECT(model_run(model, inputs, outputs, arena[0], streams[0]) == DLC_OK);
  CU(cuStreamEndCapture, streams[0], &graph, 0, 0);
  CU(cuGraphInstantiateWithFlags, &exec, graph, 0, 0);
  for (int i = 0; i < 2; ++i)
    CU(cuGraphLaunch, exec, streams[0], 0, 0);
  CU(cuStreamSynchronize, streams[0], 0, 0, 0);
  check("graph", out_y[0], out_s[0], 100);

  CU(cuGraphExecDestroy, exec, 0, 0, 0);
  CU(cuGraphDestroy, graph, 0, 0, 0);
  model_free(model);
  model_free(NULL);
  for (int i = 0; i < 2; ++i) {
    CU(cuMemFree_v2, in[i], 0, 0, 0);
    CU(cuMemFree_v2, arena[i], 0, 0, 0);
    CU(cuMemFree_v2, out_y[i], 0, 0, 0);
    CU(cuMemFree_v2, out_s[i], 0, 0, 0);
    CU(cuStreamDestroy_v2, streams[i], 0, 0, 0);
  }
  CU(cuMemFree_v2, weights, 0, 0, 0);
  CU(cuDevicePrimaryCtxRelease_v2, (size_t)device, 0, 0, 0);
  puts("ok");
  return 0;
}
