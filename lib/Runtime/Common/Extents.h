/*===- Extents.h - Tensors of which a part counts -----------------*- C -*-===*\
|*
|* See dlc_tensor_info.extents. Also part of libdlc.so.
|*
\*===----------------------------------------------------------------------===*/

#ifndef DLC_RUNTIME_COMMON_EXTENTS_H
#define DLC_RUNTIME_COMMON_EXTENTS_H

#include "dlc/Runtime/dlc_abi.h"

#ifdef __cplusplus
extern "C" {
#endif

/** The tensor that holds the extents of the others in a list, or NULL. */
const dlc_tensor_info *dlc_extents_tensor(const dlc_tensor_info *tensors,
                                          uint32_t count);

/** How many tensors of a list are the model's own. */
uint32_t dlc_visible_tensors(const dlc_tensor_info *tensors, uint32_t count);

/** Whether the first input behind those has a seed and the number of a run. */
int dlc_has_random(const dlc_tensor_info *inputs, uint32_t count);

/** Whether something of the tensor may not count. */
int dlc_is_bounded(const dlc_tensor_info *tensor);

/** What counts of a tensor: `shape` gets the rank's number of extents, as
 * `extents` (what the extents' tensor holds) says. Returns the dimension whose
 * extent is not between 0 and its bound, or -1. */
int32_t dlc_true_shape(const dlc_tensor_info *tensor, const int64_t *extents,
                       int64_t *shape);

/** Moves what counts together (from the tensor's shape to `shape`), and back.
 * `size` is that of an element in bytes. */
void dlc_pack_tensor(const dlc_tensor_info *tensor, const int64_t *shape,
                     uint32_t size, void *data);
void dlc_spread_tensor(const dlc_tensor_info *tensor, const int64_t *shape,
                       uint32_t size, void *data);

#ifdef __cplusplus
}
#endif

#endif /* DLC_RUNTIME_COMMON_EXTENTS_H */
