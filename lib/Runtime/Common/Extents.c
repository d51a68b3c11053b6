/*===- Extents.c - Tensors of which a part counts -------------------------===*/

#include "Extents.h"

#include <stddef.h>
#include <string.h>

const dlc_tensor_info *dlc_extents_tensor(const dlc_tensor_info *tensors,
                                          uint32_t count) {
  return count && tensors[count - 1].role == DLC_ROLE_EXTENTS
             ? &tensors[count - 1]
             : NULL;
}

uint32_t dlc_visible_tensors(const dlc_tensor_info *tensors, uint32_t count) {
  while (count && tensors[count - 1].role != DLC_ROLE_MODEL)
    --count;
  return count;
}

int dlc_has_random(const dlc_tensor_info *inputs, uint32_t count) {
  uint32_t visible = dlc_visible_tensors(inputs, count);
  return visible < count && inputs[visible].role == DLC_ROLE_RANDOM;
}

int dlc_is_bounded(const dlc_tensor_info *tensor) {
  return tensor->extents != NULL;
}

int32_t dlc_true_shape(const dlc_tensor_info *tensor, const int64_t *extents,
                       int64_t *shape) {
  for (uint32_t d = 0; d < tensor->rank; ++d) {
    shape[d] = tensor->shape[d];
    if (!tensor->extents || tensor->extents[d] < 0)
      continue;
    shape[d] = extents[tensor->extents[d]];
    if (shape[d] < 0 || shape[d] > tensor->shape[d])
      return (int32_t)d;
  }
  return -1;
}

/* Rows that are contiguous in both layouts: their bytes, and the number of
 * dimensions in front of them. */
static uint32_t outer_dims(const dlc_tensor_info *tensor, const int64_t *shape,
                           uint32_t size, uint64_t *row) {
  uint32_t outer = tensor->rank;
  *row = size;
  while (outer > 0) {
    --outer;
    *row *= (uint64_t)shape[outer];
    if (shape[outer] != tensor->shape[outer])
      break;
  }
  return outer;
}

static uint64_t count_rows(const int64_t *shape, uint32_t outer) {
  uint64_t rows = 1;
  for (uint32_t d = 0; d < outer; ++d)
    rows *= (uint64_t)shape[d];
  return rows;
}

/* Where row number `row` begins in the tensor, in bytes. */
static uint64_t row_offset(const dlc_tensor_info *tensor, const int64_t *shape,
                           uint32_t size, uint32_t outer, uint64_t row) {
  uint64_t stride = size, offset = 0;
  for (uint32_t d = tensor->rank; d-- > outer;)
    stride *= (uint64_t)tensor->shape[d];
  for (uint32_t d = outer; d-- > 0;) {
    offset += row % (uint64_t)shape[d] * stride;
    row /= (uint64_t)shape[d];
    stride *= (uint64_t)tensor->shape[d];
  }
  return offset;
}

void dlc_pack_tensor(const dlc_tensor_info *tensor, const int64_t *shape,
                     uint32_t size, void *data) {
  uint64_t bytes;
  uint32_t outer = outer_dims(tensor, shape, size, &bytes);
  uint64_t rows = count_rows(shape, outer);
  unsigned char *at = data;
  /* No row moves up, so none is written over before it has moved. */
  for (uint64_t i = 0; bytes && i < rows; ++i)
    memmove(at + i * bytes, at + row_offset(tensor, shape, size, outer, i),
            bytes);
}

void dlc_spread_tensor(const dlc_tensor_info *tensor, const int64_t *shape,
                       uint32_t size, void *data) {
  uint64_t bytes;
  uint32_t outer = outer_dims(tensor, shape, size, &bytes);
  unsigned char *at = data;
  /* Kernels read behind what counts under a mask, which is slow in pages that
   * are not there yet: a microsecond for each vector. */
  enum { PAGE = 4096 };
  for (uint64_t end = count_rows(shape, outer) * bytes; end < tensor->bytes;
       end += PAGE)
    at[end] = 0;
  for (uint64_t i = count_rows(shape, outer); bytes && i-- > 0;)
    memmove(at + row_offset(tensor, shape, size, outer, i), at + i * bytes,
            bytes);
}
