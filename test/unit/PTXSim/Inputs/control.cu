// nvcc -ptx -arch=sm_80 control.cu
#include "control.h"
extern "C" __global__ void k(const unsigned *x, unsigned *y) {
  unsigned t = threadIdx.x;
  y[t] = work(x[4 * t], x[4 * t + 1], x[4 * t + 2], x[4 * t + 3], t);
}
