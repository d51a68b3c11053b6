/*===- Find.c - Which specialisation inputs belong to ---------------------===*/

#include "Find.h"

#include <stddef.h>
#include <string.h>

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
    while (count && inputs[count - 1].role != DLC_ROLE_MODEL)
      --count;
    while (i < count && dlc_same_shape_v3(&inputs[i], shapes[i]))
      ++i;
    if (i == count)
      return (int32_t)s;
  }
  return -1;
}

/* Bytes of an element that may have a range; 0 for other types. */
static uint32_t integer_size(uint32_t dtype) {
  switch (dtype) {
  case DLC_DTYPE_BOOL:
  case DLC_DTYPE_I8:
  case DLC_DTYPE_U8:
    return 1;
  case DLC_DTYPE_I16:
  case DLC_DTYPE_U16:
    return 2;
  case DLC_DTYPE_I32:
  case DLC_DTYPE_U32:
    return 4;
  case DLC_DTYPE_I64:
  case DLC_DTYPE_U64:
    return 8;
  default:
    return 0;
  }
}

int dlc_is_integer_v3(uint32_t dtype) { return integer_size(dtype) != 0; }

int64_t dlc_integer_v3(uint32_t dtype, const void *data, uint64_t element) {
  uint32_t size = integer_size(dtype);
  uint64_t bits = 0;
  memcpy(&bits, (const unsigned char *)data + element * size, size);
  if (dtype == DLC_DTYPE_U64)
    return bits > INT64_MAX ? INT64_MAX : (int64_t)bits;
  if (size == 8 || dtype == DLC_DTYPE_U8 || dtype == DLC_DTYPE_U16 ||
      dtype == DLC_DTYPE_U32 || dtype == DLC_DTYPE_BOOL)
    return (int64_t)bits;
  uint64_t sign = (uint64_t)1 << (8 * size - 1); /* (size is not 0) */
  return (int64_t)((bits ^ sign) - sign);
}

const dlc_requirement *dlc_find_requirement_v3(const dlc_model *model,
                                               uint32_t input) {
  for (uint64_t r = 0; r < model->num_requirements; ++r)
    if (model->requirements[r].input == input)
      return &model->requirements[r];
  return NULL;
}

/* The first element that is wrong; that behind the last one if none is. */
static uint64_t first_wrong(const dlc_tensor_info *tensor,
                            const dlc_requirement *required,
                            const unsigned char *data) {
  uint64_t count = 1;
  for (uint32_t d = 0; d < tensor->rank; ++d)
    count *= (uint64_t)tensor->shape[d];
  uint64_t size = count ? tensor->bytes / count : 1;
  const unsigned char *least = required->least;
  for (uint64_t i = 0; i < count; ++i) {
    if (!required->is_range) {
      if (memcmp(data + i * size, least + i * size, size) != 0)
        return i;
      continue;
    }
    int64_t value = dlc_integer_v3(tensor->dtype, data, i);
    if (value < dlc_integer_v3(tensor->dtype, least, i) ||
        value > dlc_integer_v3(tensor->dtype, required->most, i))
      return i;
  }
  return count;
}

int dlc_check_values_v3(const dlc_model *model, uint32_t specialisation,
                        const void *const *inputs, const void *arena,
                        dlc_wrong_value *wrong) {
  const dlc_specialisation *chosen = &model->specialisations[specialisation];
  for (uint64_t r = 0; r < model->num_requirements; ++r) {
    const dlc_requirement *required = &model->requirements[r];
    const dlc_tensor_info *tensor = &chosen->inputs[required->input];
    const unsigned char *data =
        inputs ? inputs[required->input]
               : (const unsigned char *)arena +
                     chosen->input_offsets[required->input];
    if (!data) /* the caller finds out */
      continue;
    uint64_t element = first_wrong(tensor, required, data);
    uint64_t count = 1;
    for (uint32_t d = 0; d < tensor->rank; ++d)
      count *= (uint64_t)tensor->shape[d];
    if (element == count)
      continue;
    if (wrong)
      *wrong = (dlc_wrong_value){required, element};
    return 0;
  }
  return 1;
}

int dlc_check_results_v3(const dlc_model *model, uint32_t specialisation,
                         const void *const *outputs, const void *arena,
                         dlc_failed_check *failed) {
  if (!model->num_checks)
    return 1;
  uint32_t last = model->num_outputs - 1;
  const unsigned char *numbers =
      outputs ? outputs[last]
              : (const unsigned char *)arena +
                    model->specialisations[specialisation].output_offsets[last];
  for (uint64_t c = 0; c < model->num_checks; ++c) {
    const dlc_check *check = &model->checks[c];
    int64_t found = dlc_integer_v3(DLC_DTYPE_I64, numbers, check->found);
    int64_t expected = dlc_integer_v3(DLC_DTYPE_I64, numbers, check->expected);
    if (found == expected)
      continue;
    if (failed)
      *failed = (dlc_failed_check){check, found, expected};
    return 0;
  }
  return 1;
}
