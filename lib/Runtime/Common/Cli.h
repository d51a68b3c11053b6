/*===- Cli.h - The command line of a compiled program -------------*- C -*-===*/

#ifndef DLC_RUNTIME_COMMON_CLI_H
#define DLC_RUNTIME_COMMON_CLI_H

#include "Tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Most inputs and outputs a program can have. Compilers check it. */
#define DLC_MAX_TENSORS 256
#define DLC_MAX_THREADS 256
/** Most times that --dim can be given. */
#define DLC_MAX_DIMS 32

typedef struct dlc_cli {
  int help, version, info, json;
  int benchmark;
  double seconds;                 /* of --benchmark */
  int threads;                    /* 0: not said; host programs only */
  int device;                     /* -1: not said; GPU programs only */
  const char *dims[DLC_MAX_DIMS]; /* of --dim, "name=value" each */
  int num_dims;
  int seed;                            /* of --seed; 0: not said */
  const char *profile;                 /* of --profile; NULL: not said */
  const char *out;                     /* of -o; NULL: not said */
  const char *inputs[DLC_MAX_TENSORS]; /* file of each input, NULL: none */
} dlc_cli;

#define DLC_MAX_DEVICES 1024

/**
 * Parses the arguments (without the program's name) for a model. `environment`
 * is the value of DLC_THREADS (of DLC_DEVICE if the model is for a GPU) or
 * NULL. Files are not opened.
 */
int dlc_cli_parse(int argc, char *const *argv, const char *environment,
                  const dlc_model *model, dlc_cli *cli, dlc_error *error);

/** Prints what --help prints. */
void dlc_cli_help(dlc_out *out, const char *program, const dlc_model *model);

#ifdef __cplusplus
}
#endif

#endif /* DLC_RUNTIME_COMMON_CLI_H */
