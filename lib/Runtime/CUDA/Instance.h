/*===- Instance.h - A model loaded into a GPU's context -----------*- C -*-===*\
|*
|* What executables and libraries share: the module, its functions, the weights
|* in device memory, and the launch table put into a stream or a graph. Names
|* carry the ABI's version (see Driver.h).
|*
\*===----------------------------------------------------------------------===*/

#ifndef DLC_RUNTIME_CUDA_INSTANCE_H
#define DLC_RUNTIME_CUDA_INSTANCE_H

#include "Driver.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Most pointers that a kernel takes (4 KiB of parameters). Compilers check
 * it. */
#define DLC_MAX_KERNEL_ARGS 512

typedef struct dlc_instance {
  const dlc_model *model;
  const dlc_cuda *cuda;
  CUmodule module;
  CUfunction *functions; /* one for each kernel of the model */
  CUdeviceptr weights;
  dlc_error error; /* of the last call that failed */
} dlc_instance;

/** Where tensors are during a run. */
typedef struct dlc_places {
  CUdeviceptr arena;
  const CUdeviceptr *inputs, *outputs;
} dlc_places;

/** The compute capability that the model's image needs, against that of the
 * device: returns 0 if the image has code for it. `capability` is 10 * major +
 * minor. */
int dlc_instance_check_arch_v1(const dlc_model *model, const dlc_cuda *cuda,
                               CUdevice device, int *capability,
                               dlc_error *error);

/** Loads the module into the current context. All of these return 0, or -1 with
 * the reason in `instance->error`. */
int dlc_instance_load_v1(dlc_instance *instance, const dlc_model *model,
                         const dlc_cuda *cuda);
/** Copies the weights to `weights` (device memory, weights_bytes) through
 * pinned memory; they are there when it returns. */
int dlc_instance_upload_v1(dlc_instance *instance, CUdeviceptr weights,
                           CUstream stream);
/** Puts one inference into the stream. Needs no lock and keeps no state. */
int dlc_instance_enqueue_v1(const dlc_instance *instance,
                            const dlc_specialisation *specialisation,
                            const dlc_places *places, CUstream stream,
                            dlc_error *error);
/** Puts one of its steps into the stream. */
int dlc_instance_enqueue_step_v1(const dlc_instance *instance,
                                 const dlc_device_step *step,
                                 const dlc_places *places, CUstream stream,
                                 dlc_error *error);
/** Makes a graph of one inference. */
int dlc_instance_record_v1(dlc_instance *instance,
                           const dlc_specialisation *specialisation,
                           const dlc_places *places, CUcontext context,
                           CUgraph *graph);
/** Unloads the module; forgets the weights, which are the caller's. */
void dlc_instance_unload_v1(dlc_instance *instance);

#ifdef __cplusplus
}
#endif

#endif /* DLC_RUNTIME_CUDA_INSTANCE_H */
