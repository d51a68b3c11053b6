/*===- Recorder.h - Profiling runs on the host --------------------*- C -*-===*/

#ifndef DLC_RUNTIME_HOST_RECORDER_H
#define DLC_RUNTIME_HOST_RECORDER_H

#include "Profile.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Most kernels that are told apart; others count in their order. */
#define DLC_RECORDER_KERNELS 1024

/** Stands between an entry and its threads, and notes what runs when. Runs
 * without it are as if it did not exist. */
typedef struct dlc_recorder {
  dlc_profile *profile;
  const dlc_parallel *threads; /* NULL: the caller's alone */
  uint64_t launch;             /* the next one */
  /* The kernels that this run has called, and what the list calls them. */
  struct {
    dlc_kernel_fn kernel;
    const char *name;
  } known[DLC_RECORDER_KERNELS];
  uint32_t num_known;
  dlc_parallel parallel; /* what to pass to the entry */
} dlc_recorder;

/** Most events of a run on so many threads. */
uint64_t dlc_recorder_events(const dlc_launch_list *list, int threads);

/** To be called before each run. */
const dlc_parallel *dlc_recorder_begin(dlc_recorder *recorder,
                                       dlc_profile *profile,
                                       const dlc_parallel *threads);

#ifdef __cplusplus
}
#endif

#endif /* DLC_RUNTIME_HOST_RECORDER_H */
