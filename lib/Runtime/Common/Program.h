/*===- Program.h - What compiled programs of all targets do -------*- C -*-===*\
|*
|* The main function of a program without what its target does: command line,
|* files, measurements, reports. A target gives a backend.
|*
\*===----------------------------------------------------------------------===*/

#ifndef DLC_RUNTIME_COMMON_PROGRAM_H
#define DLC_RUNTIME_COMMON_PROGRAM_H

#include "Cli.h"
#include "Profile.h"
#include "Report.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Exit codes. 1 is left to the C library and to signals' wrappers. */
enum dlc_exit {
  DLC_EXIT_OK = 0,
  DLC_EXIT_INPUT = 2, /* wrong arguments or files, no CPU for this code */
  DLC_EXIT_DEVICE = 3 /* no GPU that can do it, or the GPU failed */
};

/** Most specialisations of a program. Compilers check it. */
#define DLC_MAX_SPECIALISATIONS 64

/** What backends know about the program. */
typedef struct dlc_program {
  const dlc_model *model;
  const dlc_specialisation *specialisation; /* the one that the inputs have */
  const dlc_cli *cli;
  /* Memory of the host: the inputs, one after the other, then the outputs. (Of
   * a program made with --io=arena those that are in the arena are there.) */
  unsigned char *tensors;
  uint64_t input_bytes, output_bytes; /* with what lies between tensors */
  void *inputs[DLC_MAX_TENSORS], *outputs[DLC_MAX_TENSORS];
  dlc_profile *profile; /* NULL without --profile */
} dlc_program;

/** How long a run took, in nanoseconds. */
typedef struct dlc_sample {
  uint64_t run;    /* from inputs to outputs in the host's memory */
  uint64_t device; /* without the copies; 0 on the host */
} dlc_sample;

#define DLC_LACKING_SIZE 24

/** What a target does. Functions that return int give an enum dlc_exit, and the
 * reason in `error` where it is not DLC_EXIT_OK. */
typedef struct dlc_backend {
  /** The arena if it is the host's memory, else NULL. */
  unsigned char *arena;
  /** Alignment of each tensor in the program's memory. */
  uint32_t alignment;
  /** The variable that stands in for an option of the command line. */
  const char *environment;
  /** Picks the code that runs here and returns its name (NULL if there is only
   * one). Where there is none, `lacking` gets what this CPU lacks. */
  const char *(*choose)(const dlc_model *model, char *lacking);
  /** Takes all resources: nothing is allocated later. Inputs are there. For a
   * profile that includes its memory. */
  int (*start)(const dlc_program *program, dlc_times *times, dlc_error *error);
  /** One run from the inputs to the outputs, noted in the program's profile
   * while that is recording. `sample` may be NULL. */
  int (*run)(const dlc_program *program, dlc_sample *sample, dlc_error *error);
  /** Gives everything back. Also called where `start` failed half-way. */
  void (*stop)(void);
} dlc_backend;

/** The main function. `tensors` is the program's memory for inputs and outputs,
 * laid out as the backend's alignment says. */
int dlc_main(int argc, char **argv, const dlc_model *model,
             unsigned char *tensors, const dlc_backend *backend);

#ifdef __cplusplus
}
#endif

#endif /* DLC_RUNTIME_COMMON_PROGRAM_H */
