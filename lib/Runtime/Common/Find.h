/*===- Find.h - Which specialisation inputs belong to -------------*- C -*-===*\
|*
|* Also part of libraries: names carry the ABI's version (see Driver.h).
|*
\*===----------------------------------------------------------------------===*/

#ifndef DLC_RUNTIME_COMMON_FIND_H
#define DLC_RUNTIME_COMMON_FIND_H

#include "dlc/Runtime/dlc_abi.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Whether the tensor has this shape, or can have it, of as many extents as its
 * rank. */
int dlc_same_shape_v3(const dlc_tensor_info *tensor, const int64_t *shape);

/** The number of the specialisation whose inputs have these shapes (of each
 * input as many extents as its rank), -1 if there is none. */
int32_t dlc_find_specialisation_v3(const dlc_model *model,
                                   const int64_t *const *shapes);

#ifdef __cplusplus
}
#endif

#endif /* DLC_RUNTIME_COMMON_FIND_H */
