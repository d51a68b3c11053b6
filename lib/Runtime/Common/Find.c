/*===- Find.c - Which specialisation inputs belong to ---------------------===*/

#include "Find.h"

int dlc_same_shape_v3(const dlc_tensor_info *tensor, const int64_t *shape) {
  for (uint32_t d = 0; d < tensor->rank; ++d) {
    int is_bound = tensor->extents && tensor->extents[d] >= 0;
    if (is_bound ? shape[d] < 0 || shape[d] > tensor->shape[d]
                 : shape[d] != tensor->shape[d])
      return 0;
  }
  return 1;
}

int32_t dlc_find_specialisation_v3(const dlc_model *model,
                                   const int64_t *const *shapes) {
  for (uint64_t s = 0; s < model->num_specialisations; ++s) {
    const dlc_tensor_info *inputs = model->specialisations[s].inputs;
    uint32_t i = 0, count = model->num_inputs;
    count -= count && inputs[count - 1].is_extents;
    while (i < count && dlc_same_shape_v3(&inputs[i], shapes[i]))
      ++i;
    if (i == count)
      return (int32_t)s;
  }
  return -1;
}
