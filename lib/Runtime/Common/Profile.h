/*===- Profile.h - What ran when, as a Chrome trace ---------------*- C -*-===*\
|*
|* What --profile=trace.json writes: the format of chrome://tracing and Perfetto
|* (the "Trace Event Format"). The file is opened and the memory for events is
|* taken before the first run, so that recording allocates nothing and a long
|* run is not lost to a folder that can not be written to.
|*
\*===----------------------------------------------------------------------===*/

#ifndef DLC_RUNTIME_COMMON_PROFILE_H
#define DLC_RUNTIME_COMMON_PROFILE_H

#include "Text.h"
#include "dlc/Runtime/dlc_abi.h"

#include <limits.h>

#ifdef __cplusplus
extern "C" {
#endif

enum dlc_event_kind {
  DLC_EVENT_RUN,    /* a whole inference */
  DLC_EVENT_LAUNCH, /* a launch, from its first to its last work item */
  DLC_EVENT_ITEMS,  /* the work items [first, last) of a launch in a thread */
  DLC_EVENT_STEP,   /* a step of a GPU: a kernel, or a copy within its memory */
  DLC_EVENT_INPUT,  /* the copy of all inputs to a GPU */
  DLC_EVENT_OUTPUT  /* the copy of all outputs back */
};

/** Something that took time, in nanoseconds of dlc_now. */
typedef struct dlc_event {
  uint64_t begin, end;
  uint32_t kind;   /* enum dlc_event_kind */
  uint32_t thread; /* from 1 on, of DLC_EVENT_ITEMS */
  uint64_t number; /* of the launch or step */
  int64_t first, last;
} dlc_event;

/** Threads that are told apart. */
#define DLC_PROFILE_THREADS 1024

typedef struct dlc_profile {
  int fd;
  char path[PATH_MAX], temporary[PATH_MAX];
  const dlc_model *model;
  const dlc_specialisation *specialisation;
  const dlc_launch_list *list;
  const char *device; /* name of the GPU, or NULL */
  dlc_event *events;
  uint64_t capacity, count;
  uint64_t runs; /* for which there is memory */
  int recording;
} dlc_profile;

/** Opens a file beside `path`, which becomes `path` when it is complete. */
int dlc_profile_open(dlc_profile *profile, const char *path, dlc_error *error);

/** Says what will run, and takes memory for a few runs of so many events each.
 */
int dlc_profile_reserve(dlc_profile *profile, const dlc_model *model,
                        const dlc_specialisation *specialisation,
                        const dlc_launch_list *list, uint64_t events_per_run,
                        dlc_error *error);

/** Adds an event. Several threads may do so at the same time. */
void dlc_profile_add(dlc_profile *profile, dlc_event event);

/** Calls `run` for as many runs as there is memory for and, after the first
 * one, for a second at most. Stops at its first result that is not 0 and
 * returns that. */
int dlc_profile_record(dlc_profile *profile, int (*run)(void *context),
                       void *context);

/** Writes the trace, or says why not and leaves nothing behind. Gives the
 * memory back. */
int dlc_profile_write(dlc_profile *profile, dlc_error *error);

/** Gives everything back and leaves nothing behind. */
void dlc_profile_discard(dlc_profile *profile);

#ifdef __cplusplus
}
#endif

#endif /* DLC_RUNTIME_COMMON_PROFILE_H */
