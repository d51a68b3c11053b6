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

/** What an input holds that it may not hold. */
typedef struct dlc_wrong_value {
  const dlc_requirement *requirement;
  uint64_t element;
} dlc_wrong_value;

/** What an input has to hold; NULL: anything. */
const dlc_requirement *dlc_find_requirement_v3(const dlc_model *model,
                                               uint32_t input);

/** Whether inputs in the host's memory hold what they have to. `inputs` may be
 * NULL where they are in `arena`, which else may be. `wrong` may be NULL. */
int dlc_check_values_v3(const dlc_model *model, uint32_t specialisation,
                        const void *const *inputs, const void *arena,
                        dlc_wrong_value *wrong);

/** The numbers of a check. */
typedef struct dlc_failed_check {
  const dlc_check *check;
  int64_t found, expected;
} dlc_failed_check;

/** Whether a run whose outputs are in the host's memory may have been made.
 * `outputs` may be NULL where they are in `arena`, which else may be. `failed`
 * may be NULL. */
int dlc_check_results_v3(const dlc_model *model, uint32_t specialisation,
                         const void *const *outputs, const void *arena,
                         dlc_failed_check *failed);

/** Whether elements are integers that may have a range. */
int dlc_is_integer_v3(uint32_t dtype);

/** An element of an array of such integers; what does not fit an int64_t is the
 * largest one. */
int64_t dlc_integer_v3(uint32_t dtype, const void *data, uint64_t element);

#ifdef __cplusplus
}
#endif

#endif /* DLC_RUNTIME_COMMON_FIND_H */
