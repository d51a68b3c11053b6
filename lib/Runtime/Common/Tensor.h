/*===- Tensor.h - What the runtime knows about element types ------*- C -*-===*/

#ifndef DLC_RUNTIME_COMMON_TENSOR_H
#define DLC_RUNTIME_COMMON_TENSOR_H

#include "Text.h"
#include "dlc/Runtime/dlc_abi.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Most extents that inputs, or outputs, can have. Compilers check it. */
#define DLC_MAX_EXTENTS 4096

typedef struct dlc_dtype_info {
  uint32_t code;     /* enum dlc_dtype */
  const char *name;  /* "float32", "bfloat16", ... */
  const char *numpy; /* how it travels in .npy files: "<f4", "<u2", ... */
  uint32_t size;     /* bytes an element */
  /* Smallest and largest byte that is valid; 0, 0: all are. Programs look at
   * the low bits only, so a narrow number may be extended by zeros or its sign.
   */
  int min, max;
} dlc_dtype_info;

/** Returns NULL for a code this runtime does not know. */
const dlc_dtype_info *dlc_dtype_lookup(uint32_t code);

/** Writes the shape as "1x3x224x224", or "scalar". */
void dlc_print_shape(dlc_out *out, const int64_t *shape, uint32_t rank);

/** Writes the shape of a tensor; a bound as "<=16". */
void dlc_print_tensor_shape(dlc_out *out, const dlc_tensor_info *tensor);

/** Checks what a descriptor says about a tensor: known type, extents that are
 * not negative, a byte count that fits them, and references to extents that
 * `extents` (NULL: there are none) has. */
int dlc_tensor_check(const dlc_tensor_info *tensor,
                     const dlc_tensor_info *extents, dlc_error *error);

#ifdef __cplusplus
}
#endif

#endif /* DLC_RUNTIME_COMMON_TENSOR_H */
