/*===- Find.c - Which specialisation inputs belong to ---------------------===*/

#include "Find.h"

#include <string.h>

int dlc_same_shape_v1(const dlc_tensor_info *tensor, const int64_t *shape) {
  return !tensor->rank ||
         !memcmp(tensor->shape, shape, tensor->rank * sizeof(int64_t));
}

int32_t dlc_find_specialisation_v1(const dlc_model *model,
                                   const int64_t *const *shapes) {
  for (uint64_t s = 0; s < model->num_specialisations; ++s) {
    const dlc_tensor_info *inputs = model->specialisations[s].inputs;
    uint32_t i = 0;
    while (i < model->num_inputs && dlc_same_shape_v1(&inputs[i], shapes[i]))
      ++i;
    if (i == model->num_inputs)
      return (int32_t)s;
  }
  return -1;
}
