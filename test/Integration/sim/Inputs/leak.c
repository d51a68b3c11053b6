/* leak [CODE] | atexit: allocates, and frees in an exit handler or not. */
#include "check.h"

static CUdeviceptr memory;

static void release(void) { OK(cuMemFree(memory)); }

int main(int argc, char **argv) {
  start();
  OK(cuMemAlloc(&memory, 1234));
  if (strcmp(argv[1], "atexit") == 0)
    atexit(release);
  return argc > 2 ? atoi(argv[2]) : 0;
}
