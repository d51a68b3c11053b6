/*===- Device.c - How a program's device memory is laid out ---------------===*/

#include "Device.h"

#include <stddef.h>

static uint64_t align(uint64_t bytes, uint64_t alignment) {
  return (bytes + alignment - 1) / alignment * alignment;
}

uint64_t dlc_place_tensors(const dlc_tensor_info *tensors, uint32_t count,
                           uint64_t alignment, uint64_t *offsets) {
  uint64_t at = 0;
  for (uint32_t i = 0; i < count; ++i) {
    if (offsets)
      offsets[i] = at;
    at += align(tensors[i].bytes, alignment);
  }
  return at;
}

dlc_device_layout dlc_lay_out_device(const dlc_model *model) {
  dlc_device_layout layout;
  layout.arena = align(model->weights_bytes, DLC_DEVICE_ALIGNMENT);
  layout.inputs =
      layout.arena + align(model->arena_bytes, DLC_DEVICE_ALIGNMENT);
  layout.outputs =
      layout.inputs + dlc_place_tensors(model->inputs, model->num_inputs,
                                        DLC_DEVICE_ALIGNMENT, NULL);
  layout.bytes =
      layout.outputs + dlc_place_tensors(model->outputs, model->num_outputs,
                                         DLC_DEVICE_ALIGNMENT, NULL);
  return layout;
}
