/* Uses the library of shapes.mlir as a program of its user would. */
#include "shapes.h"

#include <stdio.h>

#define EXPECT(condition)                                                      \
  do {                                                                         \
    if (!(condition)) {                                                        \
      printf("%d: not " #condition "\n", __LINE__);                            \
      return 1;                                                                \
    }                                                                          \
  } while (0)

static _Alignas(64) float x[3 * 64], y[3 * 64];
static _Alignas(64) unsigned char arena[SHAPES_ARENA_BYTES + 1];

int main(void) {
  const int64_t two[] = SHAPES_S0_INPUT0_SHAPE, three[] = {3, 64},
                other[] = {4, 64};
  const int64_t *shapes[] = {two};
  const void *inputs[] = {x};
  void *outputs[] = {y};
  EXPECT(shapes_check(SHAPES_ABI_VERSION, SHAPES_BUILD_ID) == DLC_OK);
  EXPECT(SHAPES_NUM_SPECIALISATIONS == 2 && SHAPES_INPUT0_RANK == 2);
  EXPECT(SHAPES_S1_OUTPUT0_BYTES == sizeof(y));
  EXPECT(shapes_find(shapes) == 0);
  shapes[0] = other;
  EXPECT(shapes_find(shapes) == -1);
  shapes[0] = three;
  EXPECT(shapes_find(shapes) == 1);
  for (int i = 0; i < 3 * 64; ++i)
    x[i] = (float)i;
  for (uint32_t n = 0; n < 2; ++n) {
    EXPECT(shapes_run(n, inputs, outputs, arena) == DLC_OK);
    for (int i = 0; i < 3 * 64; ++i)
      EXPECT(y[i] == (i < (int)(n + 2) * 64 ? (float)i + 0.5f : 0));
  }
  EXPECT(shapes_run(2, inputs, outputs, arena) == DLC_ERROR_SHAPE);
  EXPECT(shapes_run_parallel(~0u, inputs, outputs, arena, 0) ==
         DLC_ERROR_SHAPE);
  inputs[0] = 0;
  EXPECT(shapes_run(1, inputs, outputs, arena) == DLC_ERROR_NULL);
  const dlc_model *model = shapes_descriptor();
  EXPECT(model->num_specialisations == 2);
  EXPECT(model->specialisations[1].inputs[0].shape[0] == 3);
  puts("ok");
  return 0;
}
