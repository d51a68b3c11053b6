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

/* The bytes of the inputs, or outputs, of the largest specialisation. */
static uint64_t largest(const dlc_model *model, int outputs) {
  uint64_t most = 0;
  for (uint64_t s = 0; s < model->num_specialisations; ++s) {
    const dlc_specialisation *each = &model->specialisations[s];
    if (each->input_offsets)
      continue; /* they are in the arena */
    uint64_t bytes = outputs
                         ? dlc_place_tensors(each->outputs, model->num_outputs,
                                             DLC_DEVICE_ALIGNMENT, NULL)
                         : dlc_place_tensors(each->inputs, model->num_inputs,
                                             DLC_DEVICE_ALIGNMENT, NULL);
    most = bytes > most ? bytes : most;
  }
  return most;
}

dlc_device_layout dlc_lay_out_device(const dlc_model *model) {
  dlc_device_layout layout;
  layout.arena = align(model->weights_bytes, DLC_DEVICE_ALIGNMENT);
  layout.inputs =
      layout.arena + align(model->arena_bytes, DLC_DEVICE_ALIGNMENT);
  layout.outputs = layout.inputs + largest(model, 0);
  layout.bytes = layout.outputs + largest(model, 1);
  return layout;
}
