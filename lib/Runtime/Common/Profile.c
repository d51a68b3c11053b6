/*===- Profile.c - What ran when, as a Chrome trace -----------------------===*/

#include "Profile.h"

#include "Clock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* Enough to see how runs differ, and a trace that viewers still like. */
enum { MAX_RUNS = 10, MAX_EVENTS = 100000 };
static const uint64_t recording_time = 1000000000;

/* Rows of the trace, from top to bottom. Threads follow on the last one. */
enum { ROW_LAUNCHES, ROW_STEPS, ROW_COPIES, ROW_THREADS };

static int fail(const dlc_profile *profile, int reason, dlc_error *error) {
  return dlc_fail(error, "--profile=%.600s: cannot write: %s", profile->path,
                  strerror(reason));
}

int dlc_profile_open(dlc_profile *profile, const char *path, dlc_error *error) {
  memset(profile, 0, sizeof(*profile));
  profile->fd = -1;
  size_t size = strlen(path);
  if (size >= sizeof(profile->path) - 32) {
    snprintf(profile->path, sizeof(profile->path), "%.100s...", path);
    return fail(profile, ENAMETOOLONG, error);
  }
  memcpy(profile->path, path, size + 1);
  snprintf(profile->temporary, sizeof(profile->temporary), "%s.dlc-%ld.tmp",
           profile->path, (long)getpid());
  struct stat status;
  if (stat(path, &status) == 0 && S_ISDIR(status.st_mode))
    return fail(profile, EISDIR, error);
  unlink(profile->temporary); /* of a killed process with our id */
  profile->fd =
      open(profile->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  return profile->fd < 0 ? fail(profile, errno, error) : 0;
}

int dlc_profile_reserve(dlc_profile *profile, const dlc_model *model,
                        const dlc_specialisation *specialisation,
                        const dlc_launch_list *list, uint64_t events_per_run,
                        dlc_error *error) {
  profile->model = model;
  profile->specialisation = specialisation;
  profile->list = list;
  profile->runs = MAX_EVENTS / events_per_run;
  if (profile->runs < 1)
    profile->runs = 1;
  if (profile->runs > MAX_RUNS)
    profile->runs = MAX_RUNS;
  profile->capacity = profile->runs * events_per_run;
  void *memory =
      mmap(NULL, profile->capacity * sizeof(dlc_event), PROT_READ | PROT_WRITE,
           MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED)
    return dlc_fail(error, "there is no memory for a profile of %llu events",
                    (unsigned long long)profile->capacity);
  profile->events = memory;
  return 0;
}

void dlc_profile_add(dlc_profile *profile, dlc_event event) {
  uint64_t place = __atomic_fetch_add(&profile->count, 1, __ATOMIC_RELAXED);
  if (place < profile->capacity)
    profile->events[place] = event;
}

int dlc_profile_record(dlc_profile *profile, int (*run)(void *context),
                       void *context) {
  uint64_t stop = dlc_now() + recording_time;
  int code = 0;
  profile->recording = 1;
  for (uint64_t i = 0; i < profile->runs && !code; ++i) {
    if (i > 0 && dlc_now() >= stop)
      break;
    dlc_event event = {.begin = dlc_now(), .kind = DLC_EVENT_RUN, .number = i};
    code = run(context);
    event.end = dlc_now();
    dlc_profile_add(profile, event);
  }
  profile->recording = 0;
  return code;
}

/*===----------------------------------------------------------------------===*
 * The trace
 *===----------------------------------------------------------------------===*/

static void print_microseconds(dlc_out *out, const char *key,
                               uint64_t nanoseconds) {
  dlc_print(out, ",\"%s\":%llu.%03llu", key,
            (unsigned long long)(nanoseconds / 1000),
            (unsigned long long)(nanoseconds % 1000));
}

static void print_row(dlc_out *out, int row, const char *name) {
  dlc_print(out,
            "{\"ph\":\"M\",\"pid\":1,\"tid\":%d,\"name\":\"thread_sort_index\","
            "\"args\":{\"sort_index\":%d}},\n"
            "{\"ph\":\"M\",\"pid\":1,\"tid\":%d,\"name\":\"thread_name\","
            "\"args\":{\"name\":",
            row, row, row);
  dlc_print_json_string(out, name);
  dlc_print(out, "}},\n");
}

static int row_of(const dlc_event *event) {
  switch (event->kind) {
  case DLC_EVENT_ITEMS:
    return ROW_THREADS + (int)event->thread;
  case DLC_EVENT_STEP:
    return ROW_STEPS;
  case DLC_EVENT_INPUT:
  case DLC_EVENT_OUTPUT:
    return ROW_COPIES;
  default:
    return ROW_LAUNCHES;
  }
}

static void print_rows(dlc_out *out, const dlc_profile *profile) {
  dlc_print(out, "{\"ph\":\"M\",\"pid\":1,\"name\":\"process_name\",\"args\":"
                 "{\"name\":");
  dlc_print_json_string(out, profile->model->name);
  dlc_print(out, "}},\n");
  print_row(out, ROW_LAUNCHES, "launches");
  if (profile->device) {
    char name[200];
    snprintf(name, sizeof(name), "kernels on %.150s", profile->device);
    print_row(out, ROW_STEPS, name);
    print_row(out, ROW_COPIES, "copies");
  }
  static unsigned char used[DLC_PROFILE_THREADS];
  memset(used, 0, sizeof(used));
  for (uint64_t i = 0; i < profile->count; ++i)
    if (profile->events[i].kind == DLC_EVENT_ITEMS)
      used[profile->events[i].thread % DLC_PROFILE_THREADS] = 1;
  for (int thread = 0; thread < DLC_PROFILE_THREADS; ++thread) {
    char name[40];
    snprintf(name, sizeof(name), "thread %d", thread);
    if (used[thread])
      print_row(out, ROW_THREADS + thread, name);
  }
}

/* Numbers with which a kernel can be judged. */
static void print_work(dlc_out *out, const dlc_launch *launch,
                       uint64_t nanoseconds) {
  uint64_t bytes = launch->bytes_read + launch->bytes_written;
  double time = nanoseconds ? (double)nanoseconds : 1;
  dlc_print(out, ",\"shapes\":");
  dlc_print_json_string(out, launch->shapes);
  dlc_print(out,
            ",\"FLOP\":%llu,\"bytes read\":%llu,\"bytes written\":%llu,"
            "\"GFLOP/s\":%.3f,\"GB/s\":%.3f",
            (unsigned long long)launch->flops,
            (unsigned long long)launch->bytes_read,
            (unsigned long long)launch->bytes_written,
            (double)launch->flops / time, (double)bytes / time);
}

static void print_launch(dlc_out *out, const dlc_profile *profile,
                         const dlc_event *event) {
  const dlc_launch *launch = &profile->list->launches[event->number];
  dlc_print_json_string(out, *launch->name ? launch->name : launch->kernel);
  dlc_print(out, ",\"args\":{\"kernel\":");
  dlc_print_json_string(out, launch->kernel);
  if (event->kind == DLC_EVENT_LAUNCH)
    print_work(out, launch, event->end - event->begin);
  if (!profile->device)
    dlc_print(out, ",\"%s\":%lld",
              event->kind == DLC_EVENT_LAUNCH ? "work items" : "from",
              (long long)event->first);
  if (event->kind == DLC_EVENT_ITEMS)
    dlc_print(out, ",\"to\":%lld", (long long)event->last);
  dlc_print(out, "}");
}

static void print_step(dlc_out *out, const dlc_profile *profile,
                       const dlc_event *event) {
  const dlc_device_step *step = &profile->specialisation->steps[event->number];
  double time =
      event->end > event->begin ? (double)(event->end - event->begin) : 1;
  if (step->kernel < 0) {
    dlc_print(out, "\"copy\",\"args\":{\"bytes\":%llu,\"GB/s\":%.3f}",
              (unsigned long long)step->copy_bytes,
              2 * (double)step->copy_bytes / time);
    return;
  }
  dlc_print_json_string(out,
                        profile->model->device->kernels[step->kernel].name);
  dlc_print(out,
            ",\"args\":{\"grid\":\"%ux%ux%u\",\"block\":\"%ux%ux%u\","
            "\"dynamic shared bytes\":%u}",
            step->grid[0], step->grid[1], step->grid[2], step->block[0],
            step->block[1], step->block[2], step->shared_bytes);
}

static void print_copy(dlc_out *out, const dlc_profile *profile,
                       const dlc_event *event) {
  int in = event->kind == DLC_EVENT_INPUT;
  const dlc_tensor_info *tensors =
      in ? profile->specialisation->inputs : profile->specialisation->outputs;
  uint32_t count =
      in ? profile->model->num_inputs : profile->model->num_outputs;
  uint64_t bytes = 0;
  for (uint32_t i = 0; i < count; ++i)
    bytes += tensors[i].bytes;
  double time =
      event->end > event->begin ? (double)(event->end - event->begin) : 1;
  dlc_print(out, "\"%s\",\"args\":{\"bytes\":%llu,\"GB/s\":%.3f}",
            in ? "inputs to the GPU" : "outputs from the GPU",
            (unsigned long long)bytes, (double)bytes / time);
}

static void print_event(dlc_out *out, const dlc_profile *profile,
                        const dlc_event *event, uint64_t origin) {
  dlc_print(out, "{\"ph\":\"X\",\"pid\":1,\"tid\":%d", row_of(event));
  print_microseconds(out, "ts", event->begin - origin);
  print_microseconds(out, "dur", event->end - event->begin);
  dlc_print(out, ",\"name\":");
  switch (event->kind) {
  case DLC_EVENT_RUN:
    dlc_print(out, "\"run %llu\"", (unsigned long long)event->number);
    break;
  case DLC_EVENT_STEP:
    print_step(out, profile, event);
    break;
  case DLC_EVENT_INPUT:
  case DLC_EVENT_OUTPUT:
    print_copy(out, profile, event);
    break;
  default:
    print_launch(out, profile, event);
  }
  dlc_print(out, "}");
}

static void print_trace(dlc_out *out, const dlc_profile *profile) {
  const dlc_model *model = profile->model;
  uint64_t origin = UINT64_MAX;
  for (uint64_t i = 0; i < profile->count; ++i)
    if (profile->events[i].begin < origin)
      origin = profile->events[i].begin;
  dlc_print(out, "{\"displayTimeUnit\":\"ns\",\"otherData\":{\"model\":");
  dlc_print_json_string(out, model->name);
  dlc_print(out,
            ",\"target\":\"%s\",\"build_id\":\"%s\",\"dims\":", model->target,
            model->build_id);
  dlc_print_json_string(out, profile->specialisation->dims);
  dlc_print(out, "},\n\"traceEvents\":[\n");
  print_rows(out, profile);
  for (uint64_t i = 0; i < profile->count; ++i) {
    print_event(out, profile, &profile->events[i], origin);
    dlc_print(out, i + 1 < profile->count ? ",\n" : "\n");
  }
  dlc_print(out, "]}\n");
}

static void free_events(dlc_profile *profile) {
  if (profile->events)
    (void)munmap(profile->events, profile->capacity * sizeof(dlc_event));
  profile->events = NULL;
}

int dlc_profile_write(dlc_profile *profile, dlc_error *error) {
  static dlc_out out;
  if (profile->count > profile->capacity)
    profile->count = profile->capacity;
  dlc_out_init(&out, profile->fd);
  print_trace(&out, profile);
  int reason = dlc_flush(&out);
  /* File systems may report a full disk only here. */
  if (close(profile->fd) != 0 && !reason)
    reason = errno;
  profile->fd = -1;
  if (!reason && rename(profile->temporary, profile->path) != 0)
    reason = errno;
  if (reason)
    unlink(profile->temporary);
  free_events(profile);
  return reason ? fail(profile, reason, error) : 0;
}

void dlc_profile_discard(dlc_profile *profile) {
  if (profile->fd >= 0) {
    close(profile->fd);
    unlink(profile->temporary);
  }
  profile->fd = -1;
  free_events(profile);
}
