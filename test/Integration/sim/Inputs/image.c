/* image FILE: loads a module, says what it is for, and runs its kernel. */
#include "gpu.h"

int main(int argc, char **argv) {
  CUmodule module;
  const char *name = "?";
  int value = 21, version = 0;
  CHECK(argc == 2);
  start();
  CUresult result = cuModuleLoad(&module, argv[1]);
  if (result != CUDA_SUCCESS) {
    OK(cuGetErrorName(result, &name));
    printf("%s\n", name);
    return 0;
  }
  CUfunction f = kernel(module, "twice");
  OK(cuFuncGetAttribute(&version, CU_FUNC_ATTRIBUTE_PTX_VERSION, f));
  CUdeviceptr a = upload(&value, 4);
  RUN(f, 1, 1, 1, 1, 0, &a);
  download(&value, a, 4);
  printf("compiled for sm_%d: %d\n", version, value);
  return 0;
}
