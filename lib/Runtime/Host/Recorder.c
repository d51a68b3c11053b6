/*===- Recorder.c - Profiling runs on the host ----------------------------===*/

#include "Recorder.h"

#include "Clock.h"
#include "Pool.h"

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
  /* Of loops that run very often, the list has the first iterations only. */
  if (recorder->launch >= recorder->profile->list->num_launches) {
    if (others)
      others->run(others->context, kernel, args, items);
    else
      kernel(args, 0, items);
    return;
  }
  job work = {kernel, args, recorder->profile, recorder->launch++};
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
  *recorder = (dlc_recorder){profile, threads, 0, {run, recorder}};
  (void)this_thread();
  return &recorder->parallel;
}
