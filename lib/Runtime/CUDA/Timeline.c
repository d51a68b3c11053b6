/*===- Timeline.c - Profiling runs on a GPU -------------------------------===*/

#include "Timeline.h"

#include <stdlib.h>

uint64_t dlc_timeline_events(const dlc_specialisation *specialisation,
                             const dlc_launch_list *list) {
  return specialisation->num_steps + list->num_launches + 3;
}

int dlc_timeline_make(dlc_timeline *timeline, const dlc_cuda *cuda,
                      const dlc_specialisation *specialisation,
                      dlc_error *error) {
  timeline->cuda = cuda;
  timeline->count = 0;
  uint64_t count = specialisation->num_steps + 1;
  timeline->events = (CUevent *)calloc(count, sizeof(CUevent));
  if (!timeline->events)
    return dlc_cuda_fail_v1(error, "out of memory");
  for (; timeline->count < count; ++timeline->count) {
    CUresult result =
        cuda->cuEventCreate(&timeline->events[timeline->count], 0);
    if (result != CUDA_SUCCESS)
      return dlc_cuda_explain_v1(cuda, result, "no event can be made", error);
  }
  return 0;
}

static int mark(const dlc_timeline *timeline, uint64_t number, CUstream stream,
                dlc_error *error) {
  CUresult result =
      timeline->cuda->cuEventRecord(timeline->events[number], stream);
  if (result == CUDA_SUCCESS)
    return 0;
  return dlc_cuda_explain_v1(timeline->cuda, result,
                             "an event can not be recorded", error);
}

int dlc_timeline_enqueue(const dlc_timeline *timeline,
                         const dlc_instance *instance,
                         const dlc_specialisation *specialisation,
                         const dlc_places *places, CUstream stream,
                         dlc_error *error) {
  if (mark(timeline, 0, stream, error))
    return -1;
  for (uint64_t i = 0; i < specialisation->num_steps; ++i)
    if (dlc_instance_enqueue_step_v1(instance, &specialisation->steps[i],
                                     places, stream, error) ||
        mark(timeline, i + 1, stream, error))
      return -1;
  return 0;
}

int dlc_timeline_when(const dlc_cuda *cuda, CUevent start, uint64_t begin,
                      CUevent event, uint64_t *time, dlc_error *error) {
  float milliseconds = 0;
  CUresult result = cuda->cuEventElapsedTime(&milliseconds, start, event);
  if (result != CUDA_SUCCESS)
    return dlc_cuda_explain_v1(cuda, result,
                               "the GPU does not tell how long it took", error);
  *time = begin + (uint64_t)((double)milliseconds * 1e6);
  return 0;
}

/* Of events [first, last]: when the one happened, and when the other. */
static int span(const dlc_timeline *timeline, CUevent start, uint64_t begin,
                uint64_t first, uint64_t last, dlc_event *event,
                dlc_error *error) {
  return dlc_timeline_when(timeline->cuda, start, begin,
                           timeline->events[first], &event->begin, error) ||
                 dlc_timeline_when(timeline->cuda, start, begin,
                                   timeline->events[last], &event->end, error)
             ? -1
             : 0;
}

int dlc_timeline_read(const dlc_timeline *timeline, CUevent start,
                      uint64_t begin, dlc_profile *profile, dlc_error *error) {
  for (uint64_t i = 0; i + 1 < timeline->count; ++i) {
    dlc_event event = {.kind = DLC_EVENT_STEP, .number = i};
    if (span(timeline, start, begin, i, i + 1, &event, error))
      return -1;
    dlc_profile_add(profile, event);
  }
  for (uint64_t i = 0; i < profile->list->num_launches; ++i) {
    const dlc_launch *launch = &profile->list->launches[i];
    dlc_event event = {.kind = DLC_EVENT_LAUNCH, .number = i};
    if (!launch->num_steps)
      continue;
    if (span(timeline, start, begin, launch->first_step,
             launch->first_step + launch->num_steps, &event, error))
      return -1;
    dlc_profile_add(profile, event);
  }
  return 0;
}

void dlc_timeline_free(dlc_timeline *timeline) {
  for (uint64_t i = 0; i < timeline->count; ++i)
    (void)timeline->cuda->cuEventDestroy(timeline->events[i]);
  free((void *)timeline->events);
  timeline->events = NULL;
  timeline->count = 0;
}
