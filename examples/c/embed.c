/* A program with a compiled model in it: reads numbers, writes numbers.
 *   embed < input.txt
 * The library makes no thread, allocates nothing and keeps no state; all of its
 * memory is here. */

#include "mlp.h"

#include <stdalign.h>
#include <stdio.h>

static alignas(64) float x[MLP_INPUT0_BYTES / sizeof(float)];
static alignas(64) float y[MLP_OUTPUT0_BYTES / sizeof(float)];
static alignas(MLP_ARENA_ALIGNMENT) unsigned char arena[MLP_ARENA_BYTES + 1];

int main(void) {
  if (mlp_check(MLP_ABI_VERSION, MLP_BUILD_ID) != DLC_OK) {
    fprintf(stderr, "embed: the model can not run here\n");
    return 1;
  }
  for (size_t i = 0; i < sizeof(x) / sizeof(*x); ++i)
    if (scanf("%f", &x[i]) != 1) {
      fprintf(stderr, "embed: %zu numbers are wanted\n",
              sizeof(x) / sizeof(*x));
      return 1;
    }
  const void *inputs[] = {x};
  void *outputs[] = {y};
  if (mlp_run(inputs, outputs, arena) != DLC_OK)
    return 1;
  for (size_t i = 0; i < sizeof(y) / sizeof(*y); ++i)
    printf("%.9g\n", y[i]);
  return 0;
}
