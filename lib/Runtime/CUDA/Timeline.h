/*===- Timeline.h - Profiling runs on a GPU -----------------------*- C -*-===*/

#ifndef DLC_RUNTIME_CUDA_TIMELINE_H
#define DLC_RUNTIME_CUDA_TIMELINE_H

#include "Instance.h"
#include "Profile.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Events between the steps of an inference, which then run one by one in a
 * stream and not as a graph. */
typedef struct dlc_timeline {
  const dlc_cuda *cuda;
  CUevent *events;
  uint64_t count;
} dlc_timeline;

/** Most events of a run, with those of `dlc_profile_record` and two copies. */
uint64_t dlc_timeline_events(const dlc_specialisation *specialisation,
                             const dlc_launch_list *list);

/** Makes the events. What is made is given back by dlc_timeline_free, even if
 * this fails. */
int dlc_timeline_make(dlc_timeline *timeline, const dlc_cuda *cuda,
                      const dlc_specialisation *specialisation,
                      dlc_error *error);

/** Puts one inference into the stream. */
int dlc_timeline_enqueue(const dlc_timeline *timeline,
                         const dlc_instance *instance,
                         const dlc_specialisation *specialisation,
                         const dlc_places *places, CUstream stream,
                         dlc_error *error);

/** Adds what was measured to the profile when the stream is done. `start` is an
 * event before all of it, which happened at the time `begin`. */
int dlc_timeline_read(const dlc_timeline *timeline, CUevent start,
                      uint64_t begin, dlc_profile *profile, dlc_error *error);

/** When `event` happened, in nanoseconds of dlc_now. */
int dlc_timeline_when(const dlc_cuda *cuda, CUevent start, uint64_t begin,
                      CUevent event, uint64_t *time, dlc_error *error);

void dlc_timeline_free(dlc_timeline *timeline);

#ifdef __cplusplus
}
#endif

#endif /* DLC_RUNTIME_CUDA_TIMELINE_H */
