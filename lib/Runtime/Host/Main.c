/*===- Main.c - The main function of a compiled host program --------------===*/

#include "Clock.h"
#include "Cpu.h"
#include "Pool.h"
#include "Program.h"
#include "Recorder.h"

#include <string.h>
#include <sys/mman.h>

/* Emitted by the compiler, see dlc_abi.h. */
extern const dlc_model dlc_model_descriptor;
extern unsigned char dlc_arena[];
extern unsigned char dlc_tensors[];

static const dlc_variant *variant;

_Static_assert(DLC_LACKING_SIZE >= DLC_CPU_FEATURE_NAME, "a name must fit");

/* Picks the best variant for this CPU. If there is none: the last (least
 * demanding) one and what it lacks. */
static const char *choose(const dlc_model *model, char *lacking) {
  for (uint64_t i = 0; i < model->num_variants; ++i) {
    variant = &model->variants[i];
    if (dlc_cpu_supports_v1(variant->cpu_features, lacking)) {
      *lacking = '\0';
      break;
    }
  }
  return variant->cpu;
}

/* Pages of 2 MiB for the inside of the arena: fewer page faults in the first
 * run and fewer TLB misses in all. Only advice: a failure does not matter. */
static void advise_arena(uint64_t bytes) {
  uintptr_t page = 2u << 20;
  uintptr_t first = ((uintptr_t)dlc_arena + page - 1) / page * page;
  uintptr_t end = ((uintptr_t)dlc_arena + bytes) / page * page;
  if (first < end)
    (void)madvise((void *)first, end - first, MADV_HUGEPAGE);
}

static int reserve_profile(const dlc_program *program, int threads,
                           dlc_error *error) {
  const dlc_model *model = program->model;
  uint64_t number = (uint64_t)(variant - model->variants);
  uint64_t specialisation =
      (uint64_t)(program->specialisation - model->specialisations);
  const dlc_launch_list *list =
      &model
           ->launch_lists[number * model->num_specialisations + specialisation];
  return dlc_profile_reserve(program->profile, model, program->specialisation,
                             list, dlc_recorder_events(list, threads), error);
}

static int start(const dlc_program *program, dlc_times *times,
                 dlc_error *error) {
  advise_arena(program->model->arena_bytes);
  times->threads = program->cli->threads ? program->cli->threads
                                         : dlc_pool_default_threads();
  if (program->profile && reserve_profile(program, times->threads, error))
    return DLC_EXIT_INPUT;
  return dlc_pool_start(times->threads, error) ? DLC_EXIT_INPUT : DLC_EXIT_OK;
}

static int run(const dlc_program *program, dlc_sample *sample,
               dlc_error *error) {
  (void)error;
  uint64_t begin = dlc_now();
  const dlc_specialisation *chosen = program->specialisation;
  dlc_entry_fn entry = chosen->entries[variant - program->model->variants];
  /* Every run uses their memory for other things. */
  for (uint32_t i = 0; chosen->input_offsets && i < program->model->num_inputs;
       ++i) {
    unsigned char *place = dlc_arena + chosen->input_offsets[i];
    if (program->inputs[i] != place)
      memcpy(place, program->inputs[i], chosen->inputs[i].bytes);
  }
  const dlc_parallel *parallel = dlc_pool_parallel();
  dlc_recorder recorder;
  if (program->profile && program->profile->recording)
    parallel = dlc_recorder_begin(&recorder, program->profile, parallel);
  entry(program->inputs, program->outputs, dlc_arena, parallel);
  if (sample)
    *sample = (dlc_sample){.run = dlc_now() - begin};
  return DLC_EXIT_OK;
}

/* The threads end with the process. */
static void stop(void) {}

int main(int argc, char **argv) {
  static const dlc_backend backend = {.arena = dlc_arena,
                                      .alignment = DLC_TENSOR_ALIGNMENT,
                                      .environment = "DLC_THREADS",
                                      .choose = choose,
                                      .start = start,
                                      .run = run,
                                      .stop = stop};
  return dlc_main(argc, argv, &dlc_model_descriptor, dlc_tensors, &backend);
}
