/* Uses the CUDA library of test/Runtime/Inputs/shapes.mlir as a program of its
 * user would. */
#include "shapes.h"

#include <dlfcn.h>
#include <stdio.h>

typedef unsigned long long CUdeviceptr;

#define EXPECT(condition)                                                      \
  do {                                                                         \
    if (!(condition)) {                                                        \
      printf("%d: not " #condition "\n", __LINE__);                            \
      return 1;                                                                \
    }                                                                          \
  } while (0)

/* Calls a function of the driver, whose arguments are pointers and whole
 * numbers. */
static int call(const char *name, const void *a, const void *b, const void *c) {
  union {
    void *address;
    int (*function)(const void *, const void *, const void *);
  } pun = {dlsym(dlopen("libcuda.so.1", RTLD_NOW), name)};
  return pun.address ? pun.function(a, b, c) : -1;
}

static void *take(size_t bytes) {
  CUdeviceptr memory = 0;
  if (call("cuMemAlloc_v2", &memory, (void *)bytes, 0))
    return NULL;
  return (void *)(size_t)memory;
}

static float x[3 * 64], y[3 * 64];

int main(void) {
  int device = 0;
  void *context = NULL;
  EXPECT(!call("cuInit", 0, 0, 0) && !call("cuDeviceGet", &device, 0, 0));
  EXPECT(
      !call("cuDevicePrimaryCtxRetain", &context, (void *)(size_t)device, 0));
  EXPECT(!call("cuCtxSetCurrent", context, 0, 0));
  shapes_instance *model = NULL;
  void *weights = take(SHAPES_WEIGHTS_BYTES + 1);
  EXPECT(shapes_init(&model, weights, NULL) == DLC_OK);
  void *arena = take(SHAPES_ARENA_BYTES + 1);
  const void *inputs[] = {take(sizeof(x))};
  void *outputs[] = {take(sizeof(y))};
  for (int i = 0; i < 3 * 64; ++i)
    x[i] = (float)i;
  EXPECT(!call("cuMemcpyHtoD_v2", inputs[0], x, (void *)sizeof(x)));
  const int64_t two[] = SHAPES_S0_INPUT0_SHAPE,
                three[] = SHAPES_S1_INPUT0_SHAPE;
  for (uint32_t n = 0; n < 2; ++n) {
    const int64_t *shapes[] = {n ? three : two};
    EXPECT(shapes_find(shapes) == (int32_t)n);
    EXPECT(shapes_run(n, model, inputs, outputs, arena, NULL) == DLC_OK);
    EXPECT(!call("cuStreamSynchronize", 0, 0, 0));
    int count = (int)(n + 2) * 64;
    EXPECT(!call("cuMemcpyDtoH_v2", y, outputs[0],
                 (void *)(count * sizeof(float))));
    for (int i = 0; i < 3 * 64; ++i)
      EXPECT(y[i] == (i < count ? (float)i + 0.5f : 0));
  }
  EXPECT(shapes_run(2, model, inputs, outputs, arena, NULL) == DLC_ERROR_SHAPE);
  EXPECT(shapes_run(0, NULL, inputs, outputs, arena, NULL) == DLC_ERROR_NULL);
  shapes_free(model);
  const void *memory[] = {weights, arena, inputs[0], outputs[0]};
  for (int i = 0; i < 4; ++i)
    EXPECT(!call("cuMemFree_v2", memory[i], 0, 0));
  puts("ok");
  return 0;
}
