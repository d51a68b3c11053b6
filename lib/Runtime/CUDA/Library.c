/*===- Library.c - What the functions of compiled libraries do ------------===*\
|*
|* <model>_init and its like are made by the compiler (lib/Target/CUDA): they
|* check pointers and call these. Names carry the ABI's version (see Driver.h).
|*
\*===----------------------------------------------------------------------===*/

#include "Instance.h"

#include <stdlib.h>

int32_t dlc_library_init_v1(const dlc_model *model, dlc_instance **instance,
                            void *weights, void *stream);
int32_t dlc_library_run_v1(dlc_instance *instance, uint32_t specialisation,
                           void *const *inputs, void *const *outputs,
                           void *arena, void *stream);
const char *dlc_library_message_v1(const dlc_instance *instance);
void dlc_library_free_v1(dlc_instance *instance);

static int init(dlc_instance *instance, const dlc_model *model,
                CUdeviceptr weights, CUstream stream) {
  CUdevice device;
  int capability;
  const dlc_cuda *cuda = dlc_cuda_open_v1(&instance->error);
  if (!cuda)
    return -1;
  CUresult result = cuda->cuCtxGetDevice(&device);
  if (result != CUDA_SUCCESS)
    return dlc_cuda_explain_v1(cuda, result, "no CUDA context is current",
                               &instance->error);
  if (dlc_instance_check_arch_v1(model, cuda, device, &capability,
                                 &instance->error) ||
      dlc_instance_load_v1(instance, model, cuda))
    return -1;
  return dlc_instance_upload_v1(instance, weights, stream);
}

int32_t dlc_library_init_v1(const dlc_model *model, dlc_instance **instance,
                            void *weights, void *stream) {
  if (!instance)
    return DLC_ERROR_NULL;
  *instance = NULL;
  if (model->weights_bytes && !weights)
    return DLC_ERROR_NULL;
  if ((uintptr_t)weights % DLC_DEVICE_ALIGNMENT)
    return DLC_ERROR_ALIGNMENT;
  *instance = calloc(1, sizeof(dlc_instance));
  if (!*instance)
    return DLC_ERROR_DEVICE;
  return init(*instance, model, (CUdeviceptr)(uintptr_t)weights,
              (CUstream)stream)
             ? DLC_ERROR_DEVICE
             : DLC_OK;
}

int32_t dlc_library_run_v1(dlc_instance *instance, uint32_t specialisation,
                           void *const *inputs, void *const *outputs,
                           void *arena, void *stream) {
  _Static_assert(sizeof(void *) == sizeof(CUdeviceptr),
                 "device pointers travel as pointers");
  dlc_places places = {(CUdeviceptr)(uintptr_t)arena,
                       (const CUdeviceptr *)inputs,
                       (const CUdeviceptr *)outputs};
  return dlc_instance_enqueue_v1(
             instance, &instance->model->specialisations[specialisation],
             &places, (CUstream)stream, &instance->error)
             ? DLC_ERROR_DEVICE
             : DLC_OK;
}

const char *dlc_library_message_v1(const dlc_instance *instance) {
  return instance ? instance->error.text : "out of memory";
}

void dlc_library_free_v1(dlc_instance *instance) {
  if (!instance)
    return;
  if (instance->cuda)
    dlc_instance_unload_v1(instance);
  free(instance);
}
