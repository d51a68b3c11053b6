/*===- Output.h - Output files that are whole or not there --------*- C -*-===*/

#ifndef DLC_RUNTIME_COMMON_OUTPUT_H
#define DLC_RUNTIME_COMMON_OUTPUT_H

#include "Tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * The file name of a tensor: each character outside [A-Za-z0-9._-] becomes '_',
 * then ".npy". Where two tensors would get the same name, the later one gets
 * its number as well ("a_b_1.npy"). Returns the length, or -1 if it does not
 * fit.
 */
int dlc_output_name(const dlc_tensor_info *tensors, uint32_t count,
                    uint32_t index, char *name, size_t capacity);

/**
 * Writes all tensors into `folder`, which is made if it is not there. Each file
 * is written beside its place and renamed when all of them are complete; where
 * that fails, nothing is left behind and files of earlier runs stay.
 */
int dlc_write_outputs(const char *folder, const dlc_tensor_info *tensors,
                      uint32_t count, void *const *data, dlc_error *error);

#ifdef __cplusplus
}
#endif

#endif /* DLC_RUNTIME_COMMON_OUTPUT_H */
