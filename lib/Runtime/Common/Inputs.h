/*===- Inputs.h - Input files and the specialisation they choose --*- C -*-===*/

#ifndef DLC_RUNTIME_COMMON_INPUTS_H
#define DLC_RUNTIME_COMMON_INPUTS_H

#include "Program.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Reads the files of the inputs and makes up those that have none; then the
 * program's specialisation, inputs, outputs and sizes are known. Where no
 * specialisation fits, the reason lists those that there are.
 */
int dlc_read_inputs(dlc_program *program, const dlc_backend *backend,
                    dlc_error *error);

#ifdef __cplusplus
}
#endif

#endif /* DLC_RUNTIME_COMMON_INPUTS_H */
