/*===- Recorder.c - Profiling runs on the host ----------------------------===*/

#include "Recorder.h"

#include "Clock.h"
#include "Pool.h"

#include <string.h>

/* What stands in for the arguments of a kernel. */
typedef struct job {
  dlc_kernel_fn kernel;
  void *const *args;
  dlc_profile *profile;
  uint64_t launch;
} job;

/* Threads get numbers when they first do something; the first one is that of
 * the runs. */
static uint32_t this_thread(void) {
  static uint32_t last;
  static _Thread_local uint32_t number;
  if (!number)
    number =
        __atomic_add_fetch(&last, 1, __ATOMIC_RELAXED) % DLC_PROFILE_THREADS;
  return number;
}

static const char *name_of(const dlc_recorder *recorder, dlc_kernel_fn kernel) {
  for (uint32_t i = 0; i < recorder->num_known; ++i)
    if (recorder->known[i].kernel == kernel)
      return recorder->known[i].name;
  return NULL;
}

static int is_known(const dlc_recorder *recorder, const char *name) {
  for (uint32_t i = 0; i < recorder->num_known; ++i)
    if (strcmp(recorder->known[i].name, name) == 0)
      return 1;
  return 0;
}

/* The launch that calls `kernel`, from the recorder's next one on: the list
 * has all iterations of a loop, of which the last ones may not happen. A kernel
 * that is called for the first time is one that nobody has been so far. (Where
 * a loop ends early and what follows it begins with its first kernel, that
 * counts as one more iteration's.) */
static uint64_t find_launch(dlc_recorder *recorder, dlc_kernel_fn kernel) {
  const dlc_launch_list *list = recorder->profile->list;
  uint64_t next = recorder->launch;
  const char *name = name_of(recorder, kernel);
  if (!name && recorder->num_known == DLC_RECORDER_KERNELS)
    return next;
  for (; next < list->num_launches; ++next) {
    const char *each = list->launches[next].kernel;
    if (name ? strcmp(each, name) == 0 : !is_known(recorder, each))
      break;
  }
  if (!name && next < list->num_launches) {
    recorder->known[recorder->num_known].kernel = kernel;
    recorder->known[recorder->num_known++].name = list->launches[next].kernel;
  }
  return next;
}

static void run_items(void *const *args, int64_t begin, int64_t end) {
  const job *work = (const void *)args;
  dlc_event event = {.begin = dlc_now(),
                     .kind = DLC_EVENT_ITEMS,
                     .thread = this_thread(),
                     .number = work->launch,
                     .first = begin,
                     .last = end};
  work->kernel(work->args, begin, end);
  event.end = dlc_now();
  dlc_profile_add(work->profile, event);
}

static void run(void *context, dlc_kernel_fn kernel, void *const *args,
                int64_t items) {
  dlc_recorder *recorder = context;
  const dlc_parallel *others = recorder->threads;
  const dlc_launch_list *list = recorder->profile->list;
  uint64_t number = find_launch(recorder, kernel);
  /* Of loops that run very often, the list has the first iterations only. */
  if (number >= list->num_launches) {
    if (others)
      others->run(others->context, kernel, args, items);
    else
      kernel(args, 0, items);
    return;
  }
  recorder->launch = number + 1;
  job work = {kernel, args, recorder->profile, number};
  dlc_event event = {.begin = dlc_now(),
                     .kind = DLC_EVENT_LAUNCH,
                     .number = work.launch,
                     .first = items};
  if (others)
    others->run(others->context, run_items, (void *const *)&work, items);
  else
    run_items((void *const *)&work, 0, items);
  event.end = dlc_now();
  dlc_profile_add(recorder->profile, event);
}

uint64_t dlc_recorder_events(const dlc_launch_list *list, int threads) {
  return 1 + list->num_launches * (1 + (uint64_t)threads * DLC_POOL_CHUNKS);
}

const dlc_parallel *dlc_recorder_begin(dlc_recorder *recorder,
                                       dlc_profile *profile,
                                       const dlc_parallel *threads) {
  *recorder = (dlc_recorder){
      .profile = profile, .threads = threads, .parallel = {run, recorder}};
  (void)this_thread();
  return &recorder->parallel;
}
