/*===- Device.h - How a program's device memory is laid out -------*- C -*-===*/

#ifndef DLC_RUNTIME_COMMON_DEVICE_H
#define DLC_RUNTIME_COMMON_DEVICE_H

#include "dlc/Runtime/dlc_abi.h"

#ifdef __cplusplus
extern "C" {
#endif

/** The one allocation of a CUDA program: weights, arena, inputs, outputs, each
 * at a multiple of DLC_DEVICE_ALIGNMENT and with room for the largest
 * specialisation. Offsets and sizes in bytes. */
typedef struct dlc_device_layout {
  uint64_t arena, inputs, outputs; /* where they begin; weights are at 0 */
  uint64_t bytes;                  /* of everything */
} dlc_device_layout;

dlc_device_layout dlc_lay_out_device(const dlc_model *model);

/** The bytes of tensors that lie one after the other, each at a multiple of
 * `alignment`; the offset of each goes to `offsets` unless that is NULL. */
uint64_t dlc_place_tensors(const dlc_tensor_info *tensors, uint32_t count,
                           uint64_t alignment, uint64_t *offsets);

#ifdef __cplusplus
}
#endif

#endif /* DLC_RUNTIME_COMMON_DEVICE_H */
