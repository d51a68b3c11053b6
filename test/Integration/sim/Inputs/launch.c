/* Modules, libraries, functions and launches: what is refused, and how. */
#include "gpu.h"

static void module_images(void) {
  CUmodule m;
  char log[200] = "", info[16];
  CUjit_option options[] = {
      CU_JIT_ERROR_LOG_BUFFER, CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES,
      CU_JIT_INFO_LOG_BUFFER, CU_JIT_INFO_LOG_BUFFER_SIZE_BYTES};
  void *values[] = {log, (void *)sizeof(log), info, (void *)sizeof(info)};
  const char *wrong =
      ".version 8.0\n.target sm_80\n.address_size 64\n"
      ".visible .entry k() {\n  frobnicate.b32 %r1;\n  ret;\n}\n";
  EXPECT(CUDA_ERROR_INVALID_PTX,
         cuModuleLoadDataEx(&m, wrong, 4, options, values));
  CHECK(strstr(log, "5") && strstr(log, "frobnicate"));
  CHECK((size_t)values[1] == strlen(log));
  /* a log that has no room is cut */
  values[1] = (void *)10;
  EXPECT(CUDA_ERROR_INVALID_PTX,
         cuModuleLoadDataEx(&m, wrong, 4, options, values));
  CHECK(strlen(log) == 9);
  EXPECT(CUDA_ERROR_INVALID_IMAGE, cuModuleLoadData(&m, "no image"));
  EXPECT(CUDA_ERROR_NO_BINARY_FOR_GPU, cuModuleLoadData(&m, "\x7f"
                                                            "ELF..."));
  EXPECT(CUDA_ERROR_FILE_NOT_FOUND, cuModuleLoad(&m, "/no/such/file"));
}

static void functions(CUmodule m) {
  CUfunction f, all[8];
  CUmodule owner;
  unsigned count = 0;
  int value = 0, blocks = 0, grid = 0, threads = 0;
  size_t bytes = 0;
  const char *name = NULL;
  EXPECT(CUDA_ERROR_NOT_FOUND, cuModuleGetFunction(&f, m, "none"));
  OK(cuModuleGetFunctionCount(&count, m));
  CHECK(count == 3);
  OK(cuModuleEnumerateFunctions(all, 8, m));
  f = kernel(m, "limited");
  CHECK(all[1] == f);
  OK(cuFuncGetModule(&owner, f));
  OK(cuFuncGetName(&name, f));
  CHECK(owner == m && strcmp(name, "limited") == 0);
  OK(cuFuncGetAttribute(&value, CU_FUNC_ATTRIBUTE_MAX_THREADS_PER_BLOCK, f));
  CHECK(value == 64);
  OK(cuFuncGetAttribute(&value, CU_FUNC_ATTRIBUTE_SHARED_SIZE_BYTES, f));
  CHECK(value == 1024);
  OK(cuFuncGetAttribute(&value, CU_FUNC_ATTRIBUTE_PTX_VERSION, f));
  CHECK(value == 80);
  OK(cuOccupancyMaxActiveBlocksPerMultiprocessor(&blocks, f, 64, 0));
  CHECK(blocks == 32);
  OK(cuOccupancyMaxActiveBlocksPerMultiprocessor(&blocks, f, 64, 46 << 10));
  CHECK(blocks == 3); /* of 164 KB, 48 each, of which 1 for the system */
  OK(cuOccupancyMaxPotentialBlockSize(&grid, &threads, f, NULL, 0, 0));
  CHECK(threads == 64 && grid == 32 * 108);
  OK(cuOccupancyAvailableDynamicSMemPerBlock(&bytes, f, 2, 64));
  CHECK(bytes == 47 << 10);
}

static void launches(CUmodule m) {
  CUfunction limited = kernel(m, "limited"), required = kernel(m, "required"),
             step = kernel(m, "step");
  struct {
    CUresult want;
    CUfunction f;
    unsigned gx, gy, bx, by, shared;
  } cases[] = {
      {CUDA_SUCCESS, limited, 1, 1, 64, 1, 47 << 10},
      {CUDA_ERROR_INVALID_VALUE, limited, 1, 1, 65, 1, 0},
      {CUDA_ERROR_INVALID_VALUE, limited, 1, 1, 64, 1, (47 << 10) + 1},
      {CUDA_ERROR_INVALID_VALUE, limited, 0, 1, 64, 1, 0},
      {CUDA_ERROR_INVALID_VALUE, limited, 1, 65536, 64, 1, 0},
      {CUDA_SUCCESS, limited, 1, 2, 64, 1, 0},
      {CUDA_ERROR_INVALID_VALUE, step, 1, 1, 2048, 1, 0},
      {CUDA_SUCCESS, required, 1, 1, 32, 2, 0},
      {CUDA_ERROR_INVALID_VALUE, required, 1, 1, 64, 1, 0},
      {CUDA_ERROR_INVALID_VALUE, step, 1, 1, 64, 1, 0}, /* no parameters */
  };
  for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); ++i)
    EXPECT(cases[i].want,
           cuLaunchKernel(cases[i].f, cases[i].gx, cases[i].gy, 1, cases[i].bx,
                          cases[i].by, 1, cases[i].shared, NULL, NULL, NULL));
  OK(cuFuncSetAttribute(
      limited, CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES, 162 << 10));
  EXPECT(CUDA_ERROR_INVALID_VALUE,
         cuFuncSetAttribute(limited,
                            CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES,
                            (162 << 10) + 1));
  OK(cuLaunchKernel(limited, 1, 1, 1, 64, 1, 1, 162 << 10, NULL, NULL, NULL));
  EXPECT(CUDA_ERROR_INVALID_VALUE,
         cuFuncSetAttribute(limited, CU_FUNC_ATTRIBUTE_NUM_REGS, 10));
  EXPECT(CUDA_ERROR_INVALID_HANDLE,
         cuLaunchKernel((CUfunction)m, 1, 1, 1, 1, 1, 1, 0, NULL, NULL, NULL));

  CUlaunchAttribute cluster = {0};
  CUlaunchConfig config = {1, 1, 1, 64, 1, 1, 0, NULL, &cluster, 1};
  cluster.id = CU_LAUNCH_ATTRIBUTE_CLUSTER_DIMENSION;
  cluster.value.clusterDim.x = cluster.value.clusterDim.y =
      cluster.value.clusterDim.z = 1;
  OK(cuLaunchKernelEx(&config, limited, NULL, NULL));
  cluster.value.clusterDim.x = 2;
  EXPECT(CUDA_ERROR_NOT_SUPPORTED,
         cuLaunchKernelEx(&config, limited, NULL, NULL));
  OK(cuCtxSynchronize());
}

static void libraries(void) {
  char *image = read_file("steps.ptx");
  CUlibrary library;
  CUkernel k, all[3];
  CUfunction f;
  CUmodule m;
  unsigned count = 0;
  int data = 5, n = 1, factor = 3, term = 4, value = 0;
  OK(cuLibraryLoadData(&library, image, NULL, NULL, 0, NULL, NULL, 0));
  free(image);
  OK(cuLibraryGetKernelCount(&count, library));
  CHECK(count == 3);
  OK(cuLibraryEnumerateKernels(all, 3, library));
  OK(cuLibraryGetKernel(&k, library, "step"));
  CHECK(k == all[0]);
  EXPECT(CUDA_ERROR_NOT_FOUND, cuLibraryGetKernel(&k, library, "none"));
  OK(cuKernelGetFunction(&f, k));
  OK(cuKernelGetAttribute(&value, CU_FUNC_ATTRIBUTE_MAX_THREADS_PER_BLOCK, k,
                          0));
  CHECK(value == 1024);
  OK(cuLibraryGetModule(&m, library));
  EXPECT(CUDA_ERROR_NOT_PERMITTED, cuModuleUnload(m));
  CUdeviceptr a = upload(&data, 4);
  RUN(f, 1, 1, 1, 1, 0, &a, &n, &factor, &term);
  /* a kernel is taken where a function is asked for */
  RUN((CUfunction)k, 1, 1, 1, 1, 0, &a, &n, &factor, &term);
  download(&data, a, 4);
  CHECK(data == (5 * 3 + 4) * 3 + 4);
  OK(cuLibraryUnload(library));
  EXPECT(CUDA_ERROR_INVALID_HANDLE, cuKernelGetFunction(&f, k));
  EXPECT(CUDA_ERROR_INVALID_HANDLE,
         cuLaunchKernel(f, 1, 1, 1, 1, 1, 1, 0, NULL, NULL, NULL));
}

/* A kernel in one stream, a wait in another: order is what events say. */
static void ordering(CUmodule m) {
  CUfunction step = kernel(m, "step");
  CUstream s, blocking;
  int data = 1, n = 1, two = 2, one = 1, zero = 0;
  CUdeviceptr a = upload(&data, 4);
  OK(cuCtxSynchronize());
  OK(cuStreamCreate(&s, CU_STREAM_NON_BLOCKING));
  OK(cuStreamCreate(&blocking, CU_STREAM_DEFAULT));
  void *twice[] = {&a, &n, &two, &zero}, *plus[] = {&a, &n, &one, &one};
  /* the legacy stream waits for the blocking stream, and that for it */
  OK(cuLaunchKernel(step, 1, 1, 1, 1, 1, 1, 0, blocking, plus, NULL));
  OK(cuLaunchKernel(step, 1, 1, 1, 1, 1, 1, 0, NULL, twice, NULL));
  OK(cuLaunchKernel(step, 1, 1, 1, 1, 1, 1, 0, blocking, plus, NULL));
  OK(cuStreamSynchronize(blocking));
  /* no one waits for the other stream, so the copy has the old value */
  OK(cuLaunchKernel(step, 1, 1, 1, 1, 1, 1, 0, s, twice, NULL));
  OK(cuMemcpyDtoH(&data, a, 4));
  CHECK(data == 5);
  OK(cuStreamSynchronize(s));
  OK(cuMemcpyDtoH(&data, a, 4));
  CHECK(data == 10);
  OK(cuStreamDestroy(s));
  OK(cuStreamDestroy(blocking));
  OK(cuMemFree(a));
}

int main(void) {
  start();
  module_images();
  CUmodule m = load("steps.ptx");
  functions(m);
  launches(m);
  ordering(m);
  OK(cuModuleUnload(m));
  EXPECT(CUDA_ERROR_INVALID_HANDLE, cuModuleUnload(m));
  libraries();
  printf("all well\n");
  return 0;
}
