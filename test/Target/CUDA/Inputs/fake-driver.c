/* A driver that computes nothing, but can fail: the call number FAIL_AT (from
 * 1) returns an error. At exit it reports on stderr what was not given back,
 * and how many calls there were. */
#include "Driver.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static long calls, contexts, memory, pinned, registered, streams, events,
    modules, graphs, execs;

__attribute__((destructor)) static void report(void) {
  if (contexts || memory || pinned || registered || streams || events ||
      modules || graphs || execs)
    fprintf(stderr,
            "leaks: %ld contexts, %ld memory, %ld pinned, %ld registered, %ld "
            "streams, "
            "%ld events, %ld modules, %ld graphs, %ld execs\n",
            contexts, memory, pinned, registered, streams, events, modules,
            graphs, execs);
  const char *file = getenv("CALLS_FILE");
  FILE *out = file ? fopen(file, "w") : NULL;
  if (out) {
    fprintf(out, "%ld", calls);
    fclose(out);
  }
}

/* Counts the call; whether it is the one that fails. */
static int fails(void) {
  const char *at = getenv("FAIL_AT");
  return ++calls == (at ? atol(at) : 0);
}

#define FAKE(name, parameters, effect)                                         \
  CUresult name parameters;                                                    \
  CUresult name parameters {                                                   \
    if (fails())                                                               \
      return getenv("FAIL_WITH") ? atoi(getenv("FAIL_WITH")) : 999;            \
    effect;                                                                    \
    return 0;                                                                  \
  }
/* What gives something back works always, as far as it matters here. */
#define FREE(name, parameters, effect)                                         \
  CUresult name parameters;                                                    \
  CUresult name parameters {                                                   \
    effect;                                                                    \
    return 0;                                                                  \
  }
#define UNUSED(x) ((void)(x))

FREE(cuGetErrorString, (CUresult result, const char **text),
     (UNUSED(result), *text = "it broke"))
FREE(cuGetErrorName, (CUresult result, const char **text),
     (UNUSED(result), *text = "CUDA_ERROR_BROKEN"))
FAKE(cuInit, (unsigned int flags), UNUSED(flags))
FAKE(cuDeviceGetCount, (int *count), *count = 1)
FAKE(cuDeviceGet, (CUdevice * device, int index), *device = index)
FAKE(cuDeviceGetName, (char *name, int size, CUdevice device),
     (UNUSED(device), snprintf(name, (size_t)size, "Fake")))
FAKE(cuDeviceGetAttribute, (int *value, int what, CUdevice device),
     (UNUSED(device),
      *value = what == CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR ? 8 : 0))
FAKE(cuDevicePrimaryCtxRetain, (CUcontext * context, CUdevice device),
     (UNUSED(device), *context = (CUcontext)&contexts, ++contexts))
FREE(cuDevicePrimaryCtxRelease_v2, (CUdevice device),
     (UNUSED(device), --contexts))
FAKE(cuCtxSetCurrent, (CUcontext context), UNUSED(context))
FAKE(cuCtxGetDevice, (CUdevice * device), *device = 0)
FAKE(cuMemGetInfo_v2, (size_t *unused, size_t *total),
     *unused = *total = 1 << 20)
FAKE(cuMemAlloc_v2, (CUdeviceptr * result, size_t bytes),
     (*result = (CUdeviceptr)(size_t)malloc(bytes), ++memory))
FREE(cuMemFree_v2, (CUdeviceptr pointer),
     (free((void *)(size_t)pointer), --memory))
FAKE(cuMemAllocHost_v2, (void **result, size_t bytes),
     (*result = malloc(bytes), ++pinned))
FREE(cuMemFreeHost, (void *pointer), (free(pointer), --pinned))
FAKE(cuMemHostRegister_v2, (void *pointer, size_t bytes, unsigned int flags),
     (UNUSED(pointer), UNUSED(bytes), UNUSED(flags), ++registered))
FREE(cuMemHostUnregister, (void *pointer), (UNUSED(pointer), --registered))
FAKE(cuMemcpyHtoDAsync_v2,
     (CUdeviceptr to, const void *from, size_t bytes, CUstream stream),
     (UNUSED(stream), memcpy((void *)(size_t)to, from, bytes)))
FAKE(cuMemcpyDtoHAsync_v2,
     (void *to, CUdeviceptr from, size_t bytes, CUstream stream),
     (UNUSED(stream), memcpy(to, (void *)(size_t)from, bytes)))
FAKE(cuMemcpyDtoDAsync_v2,
     (CUdeviceptr to, CUdeviceptr from, size_t bytes, CUstream stream),
     (UNUSED(to), UNUSED(from), UNUSED(bytes), UNUSED(stream)))
FAKE(cuMemsetD8Async,
     (CUdeviceptr to, unsigned char value, size_t bytes, CUstream stream),
     (UNUSED(stream), memset((void *)(size_t)to, value, bytes)))
FAKE(cuStreamCreate, (CUstream * stream, unsigned int flags),
     (UNUSED(flags), *stream = (CUstream)&streams, ++streams))
FREE(cuStreamDestroy_v2, (CUstream stream), (UNUSED(stream), --streams))
FAKE(cuStreamSynchronize, (CUstream stream), UNUSED(stream))
FAKE(cuEventCreate, (CUevent * event, unsigned int flags),
     (UNUSED(flags), *event = (CUevent)&events, ++events))
FREE(cuEventDestroy_v2, (CUevent event), (UNUSED(event), --events))
FAKE(cuEventRecord, (CUevent event, CUstream stream),
     (UNUSED(event), UNUSED(stream)))
FAKE(cuEventSynchronize, (CUevent event), UNUSED(event))
FAKE(cuEventElapsedTime, (float *time, CUevent first, CUevent last),
     (UNUSED(first), UNUSED(last), *time = 1))
FAKE(cuModuleLoadData, (CUmodule * module, const void *image),
     (UNUSED(image), *module = (CUmodule)&modules, ++modules))
FREE(cuModuleUnload, (CUmodule module), (UNUSED(module), --modules))
FAKE(cuModuleGetFunction,
     (CUfunction * function, CUmodule module, const char *name),
     (UNUSED(module), UNUSED(name), *function = (CUfunction)&modules))
FAKE(cuFuncSetAttribute, (CUfunction function, int attribute, int value),
     (UNUSED(function), UNUSED(attribute), UNUSED(value)))
FAKE(cuLaunchKernel,
     (CUfunction function, unsigned int a, unsigned int b, unsigned int c,
      unsigned int d, unsigned int e, unsigned int f, unsigned int shared,
      CUstream stream, void **parameters, void **extra),
     (UNUSED(function), UNUSED(a), UNUSED(b), UNUSED(c), UNUSED(d), UNUSED(e),
      UNUSED(f), UNUSED(shared), UNUSED(stream), UNUSED(parameters),
      UNUSED(extra)))
FAKE(cuGraphCreate, (CUgraph * graph, unsigned int flags),
     (UNUSED(flags), *graph = (CUgraph)&graphs, ++graphs))
FREE(cuGraphDestroy, (CUgraph graph), (UNUSED(graph), --graphs))
FAKE(cuGraphAddKernelNode,
     (CUgraphNode * node, CUgraph graph, const CUgraphNode *after, size_t count,
      const CUDA_KERNEL_NODE_PARAMS_v1 *parameters),
     (UNUSED(graph), UNUSED(after), UNUSED(count), UNUSED(parameters),
      *node = (CUgraphNode)&graphs))
FAKE(cuGraphAddMemcpyNode,
     (CUgraphNode * node, CUgraph graph, const CUgraphNode *after, size_t count,
      const CUDA_MEMCPY3D *parameters, CUcontext context),
     (UNUSED(graph), UNUSED(after), UNUSED(count), UNUSED(parameters),
      UNUSED(context), *node = (CUgraphNode)&graphs))
FAKE(cuGraphInstantiateWithFlags,
     (CUgraphExec * exec, CUgraph graph, unsigned long long flags),
     (UNUSED(graph), UNUSED(flags), *exec = (CUgraphExec)&execs, ++execs))
FAKE(cuGraphUpload, (CUgraphExec exec, CUstream stream),
     (UNUSED(exec), UNUSED(stream)))
FAKE(cuGraphLaunch, (CUgraphExec exec, CUstream stream),
     (UNUSED(exec), UNUSED(stream)))
FREE(cuGraphExecDestroy, (CUgraphExec exec), (UNUSED(exec), --execs))
