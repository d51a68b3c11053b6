/*===- Instance.c - A model loaded into a GPU's context -------------------===*/

#include "Instance.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One of the two pieces of pinned memory that weights go through: large enough
 * for the bus's full speed, small enough not to be noticed. */
#define STAGING_BYTES ((size_t)8 << 20)

int dlc_instance_check_arch_v1(const dlc_model *model, const dlc_cuda *cuda,
                               CUdevice device, int *capability,
                               dlc_error *error) {
  int major, minor;
  CUresult result = cuda->cuDeviceGetAttribute(
      &major, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR, device);
  if (result == CUDA_SUCCESS)
    result = cuda->cuDeviceGetAttribute(
        &minor, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR, device);
  char name[128] = "?";
  if (result == CUDA_SUCCESS)
    result = cuda->cuDeviceGetName(name, sizeof(name), device);
  if (result != CUDA_SUCCESS)
    return dlc_cuda_explain_v1(cuda, result, "the GPU does not answer", error);
  *capability = 10 * major + minor;
  const dlc_device_program *program = model->device;
  if (!program->num_kernels)
    return 0; /* nothing but copies */
  char list[256] = "";
  for (uint64_t i = 0; i < program->num_archs; ++i) {
    const dlc_device_arch *arch = &program->archs[i];
    if ((uint32_t)*capability >= arch->first &&
        (uint32_t)*capability <= arch->last)
      return 0;
    size_t size = strlen(list);
    snprintf(list + size, sizeof(list) - size, "%s%s", i ? ", " : "",
             arch->name);
  }
  return dlc_cuda_fail_v1(error,
                          "the program has code for %s, but the GPU (%s) is "
                          "sm_%d; compile it with --arch=sm_%d",
                          list, name, *capability, *capability);
}

static int explain(dlc_instance *instance, CUresult result, const char *what) {
  return dlc_cuda_explain_v1(instance->cuda, result, what, &instance->error);
}

static int load_function(dlc_instance *instance, uint64_t index) {
  const dlc_device_kernel *kernel = &instance->model->device->kernels[index];
  CUfunction *function = &instance->functions[index];
  CUresult result = instance->cuda->cuModuleGetFunction(
      function, instance->module, kernel->name);
  /* Blocks may use more than 48 KiB only where that was asked for. */
  if (result == CUDA_SUCCESS && kernel->shared_bytes > 48 << 10)
    result = instance->cuda->cuFuncSetAttribute(
        *function, CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES,
        (int)kernel->shared_bytes);
  if (result == CUDA_SUCCESS)
    return 0;
  char what[300];
  snprintf(what, sizeof(what), "the kernel '%.200s' can not be used",
           kernel->name);
  return explain(instance, result, what);
}

int dlc_instance_load_v1(dlc_instance *instance, const dlc_model *model,
                         const dlc_cuda *cuda) {
  const dlc_device_program *program = model->device;
  instance->model = model;
  instance->cuda = cuda;
  if (!program->num_kernels)
    return 0;
  CUresult result = cuda->cuModuleLoadData(&instance->module, program->image);
  if (result != CUDA_SUCCESS) {
    instance->module = NULL;
    return explain(instance, result, "the kernels can not be loaded");
  }
  instance->functions =
      (CUfunction *)calloc(program->num_kernels, sizeof(CUfunction));
  if (!instance->functions)
    return dlc_cuda_fail_v1(&instance->error, "out of memory");
  for (uint64_t i = 0; i < program->num_kernels; ++i)
    if (load_function(instance, i))
      return -1;
  return 0;
}

void dlc_instance_unload_v1(dlc_instance *instance) {
  if (instance->module)
    (void)instance->cuda->cuModuleUnload(instance->module);
  free((void *)instance->functions);
  instance->module = NULL;
  instance->functions = NULL;
  instance->weights = 0;
}

/*===----------------------------------------------------------------------===*
 * Weights
 *===----------------------------------------------------------------------===*/

typedef struct staging {
  void *memory[2];
  CUevent free[2]; /* when the copy out of it is done */
} staging;

static CUresult make_staging(const dlc_cuda *cuda, size_t bytes,
                             staging *buffers) {
  for (int i = 0; i < 2; ++i) {
    CUresult result = cuda->cuMemAllocHost(&buffers->memory[i], bytes);
    if (result == CUDA_SUCCESS)
      result = cuda->cuEventCreate(&buffers->free[i], 0);
    if (result != CUDA_SUCCESS)
      return result;
  }
  return CUDA_SUCCESS;
}

static void free_staging(const dlc_cuda *cuda, staging *buffers) {
  for (int i = 0; i < 2; ++i) {
    if (buffers->free[i])
      (void)cuda->cuEventDestroy(buffers->free[i]);
    if (buffers->memory[i])
      (void)cuda->cuMemFreeHost(buffers->memory[i]);
  }
}

/* While one piece is on the bus, the next one is read from the program's file.
 */
static CUresult copy_weights(const dlc_cuda *cuda, const unsigned char *from,
                             CUdeviceptr to, uint64_t bytes, size_t piece,
                             CUstream stream, staging *buffers) {
  int next = 0;
  for (uint64_t at = 0; at < bytes; at += piece, next = !next) {
    size_t size = bytes - at < piece ? (size_t)(bytes - at) : piece;
    CUresult result = CUDA_SUCCESS;
    if (at >= 2 * (uint64_t)piece)
      result = cuda->cuEventSynchronize(buffers->free[next]);
    if (result == CUDA_SUCCESS) {
      memcpy(buffers->memory[next], from + at, size);
      result =
          cuda->cuMemcpyHtoDAsync(to + at, buffers->memory[next], size, stream);
    }
    if (result == CUDA_SUCCESS)
      result = cuda->cuEventRecord(buffers->free[next], stream);
    if (result != CUDA_SUCCESS)
      return result;
  }
  return cuda->cuStreamSynchronize(stream);
}

int dlc_instance_upload_v1(dlc_instance *instance, CUdeviceptr weights,
                           CUstream stream) {
  uint64_t bytes = instance->model->weights_bytes;
  instance->weights = weights;
  if (!bytes)
    return 0;
  staging buffers = {{NULL, NULL}, {NULL, NULL}};
  size_t piece = bytes < STAGING_BYTES ? (size_t)bytes : STAGING_BYTES;
  CUresult result = make_staging(instance->cuda, piece, &buffers);
  if (result == CUDA_SUCCESS)
    result = copy_weights(instance->cuda, instance->model->device->weights,
                          weights, bytes, piece, stream, &buffers);
  free_staging(instance->cuda, &buffers);
  return result == CUDA_SUCCESS
             ? 0
             : explain(instance, result, "the weights can not be uploaded");
}

/*===----------------------------------------------------------------------===*
 * The launch table
 *===----------------------------------------------------------------------===*/

/* The parameters of a kernel: pointers to the addresses. */
typedef struct arguments {
  CUdeviceptr addresses[DLC_MAX_KERNEL_ARGS];
  void *pointers[DLC_MAX_KERNEL_ARGS];
} arguments;

static CUdeviceptr resolve(const dlc_instance *instance,
                           const dlc_places *places,
                           const dlc_device_address *address) {
  CUdeviceptr base = 0;
  switch (address->space) {
  case DLC_SPACE_WEIGHTS:
    base = instance->weights;
    break;
  case DLC_SPACE_ARENA:
    base = places->arena;
    break;
  case DLC_SPACE_INPUT:
    base = places->inputs[address->index];
    break;
  case DLC_SPACE_OUTPUT:
    base = places->outputs[address->index];
    break;
  default:
    break;
  }
  return base + address->offset;
}

static void fill(const dlc_instance *instance, const dlc_places *places,
                 const dlc_device_step *step, arguments *args) {
  for (uint64_t i = 0; i < step->num_args; ++i) {
    args->addresses[i] = resolve(instance, places, &step->args[i]);
    args->pointers[i] = &args->addresses[i];
  }
}

static int explain_step(const dlc_instance *instance,
                        const dlc_device_step *step, CUresult result,
                        dlc_error *error) {
  char what[300] = "a copy on the GPU failed";
  if (step->kernel >= 0)
    snprintf(what, sizeof(what), "the kernel '%.200s' can not be launched",
             instance->model->device->kernels[step->kernel].name);
  return dlc_cuda_explain_v1(instance->cuda, result, what, error);
}

static CUresult enqueue(const dlc_instance *instance,
                        const dlc_device_step *step, arguments *args,
                        CUstream stream) {
  const dlc_cuda *cuda = instance->cuda;
  if (step->kernel < 0)
    return cuda->cuMemcpyDtoDAsync(args->addresses[0], args->addresses[1],
                                   step->copy_bytes, stream);
  return cuda->cuLaunchKernel(instance->functions[step->kernel], step->grid[0],
                              step->grid[1], step->grid[2], step->block[0],
                              step->block[1], step->block[2],
                              step->shared_bytes, stream, args->pointers, NULL);
}

int dlc_instance_enqueue_step_v1(const dlc_instance *instance,
                                 const dlc_device_step *step,
                                 const dlc_places *places, CUstream stream,
                                 dlc_error *error) {
  arguments args;
  fill(instance, places, step, &args);
  CUresult result = enqueue(instance, step, &args, stream);
  return result == CUDA_SUCCESS ? 0
                                : explain_step(instance, step, result, error);
}

int dlc_instance_enqueue_v1(const dlc_instance *instance,
                            const dlc_specialisation *specialisation,
                            const dlc_places *places, CUstream stream,
                            dlc_error *error) {
  for (uint64_t i = 0; i < specialisation->num_steps; ++i)
    if (dlc_instance_enqueue_step_v1(instance, &specialisation->steps[i],
                                     places, stream, error))
      return -1;
  return 0;
}

static CUresult add_copy(const dlc_cuda *cuda, const dlc_device_step *step,
                         const arguments *args, CUcontext context,
                         CUgraph graph, const CUgraphNode *after,
                         CUgraphNode *node) {
  CUDA_MEMCPY3D copy;
  memset(&copy, 0, sizeof(copy));
  copy.srcMemoryType = copy.dstMemoryType = CU_MEMORYTYPE_DEVICE;
  copy.dstDevice = args->addresses[0];
  copy.srcDevice = args->addresses[1];
  copy.WidthInBytes = step->copy_bytes;
  copy.Height = copy.Depth = 1;
  return cuda->cuGraphAddMemcpyNode(node, graph, after, step->num_after, &copy,
                                    context);
}

static CUresult add_launch(const dlc_instance *instance,
                           const dlc_device_step *step, arguments *args,
                           CUgraph graph, const CUgraphNode *after,
                           CUgraphNode *node) {
  CUDA_KERNEL_NODE_PARAMS_v1 launch = {.func =
                                           instance->functions[step->kernel],
                                       .gridDimX = step->grid[0],
                                       .gridDimY = step->grid[1],
                                       .gridDimZ = step->grid[2],
                                       .blockDimX = step->block[0],
                                       .blockDimY = step->block[1],
                                       .blockDimZ = step->block[2],
                                       .sharedMemBytes = step->shared_bytes,
                                       .kernelParams = args->pointers};
  return instance->cuda->cuGraphAddKernelNode(node, graph, after,
                                              step->num_after, &launch);
}

/* Adds all steps to the graph. `nodes` has room for them, `after` for as many
 * again. */
static int record_steps(dlc_instance *instance,
                        const dlc_specialisation *specialisation,
                        const dlc_places *places, CUcontext context,
                        CUgraph graph, CUgraphNode *nodes, CUgraphNode *after) {
  arguments args;
  for (uint64_t i = 0; i < specialisation->num_steps; ++i) {
    const dlc_device_step *step = &specialisation->steps[i];
    for (uint64_t j = 0; j < step->num_after; ++j)
      after[j] = nodes[step->after[j]];
    fill(instance, places, step, &args);
    CUresult result =
        step->kernel < 0
            ? add_copy(instance->cuda, step, &args, context, graph, after,
                       &nodes[i])
            : add_launch(instance, step, &args, graph, after, &nodes[i]);
    if (result != CUDA_SUCCESS)
      return explain_step(instance, step, result, &instance->error);
  }
  return 0;
}

int dlc_instance_record_v1(dlc_instance *instance,
                           const dlc_specialisation *specialisation,
                           const dlc_places *places, CUcontext context,
                           CUgraph *graph) {
  CUresult result = instance->cuda->cuGraphCreate(graph, 0);
  if (result != CUDA_SUCCESS)
    return explain(instance, result, "the graph can not be made");
  uint64_t steps = specialisation->num_steps;
  CUgraphNode *nodes =
      (CUgraphNode *)calloc(2 * steps + 1, sizeof(CUgraphNode));
  if (!nodes)
    return dlc_cuda_fail_v1(&instance->error, "out of memory");
  int status = record_steps(instance, specialisation, places, context, *graph,
                            nodes, nodes + steps);
  free((void *)nodes);
  return status;
}
