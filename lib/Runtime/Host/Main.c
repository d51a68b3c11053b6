/*===- Main.c - The main function of a compiled host program --------------===*/

#include "Cli.h"
#include "Cpu.h"
#include "Npy.h"
#include "Output.h"
#include "Pool.h"
#include "Report.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

/* Emitted by the compiler, see dlc_abi.h. */
extern const dlc_model dlc_model_descriptor;
extern unsigned char dlc_arena[];
extern unsigned char dlc_tensors[];

static const char *program = "model";

static int report_error(const dlc_error *error) {
  dlc_out out;
  dlc_out_init(&out, STDERR_FILENO);
  dlc_print(&out, "%.200s: error: %s\n", program, error->text);
  dlc_flush(&out);
  return 2;
}

static int finish_stdout(dlc_out *out) {
  int reason = dlc_flush(out);
  if (!reason)
    return 0;
  dlc_error error;
  dlc_fail(&error, "cannot write to the standard output: %s", strerror(reason));
  return report_error(&error);
}

static int check_model(const dlc_model *model, dlc_error *error) {
  if (model->abi_version != DLC_ABI_VERSION ||
      model->struct_size < sizeof(dlc_model))
    return dlc_fail(error, "the model has ABI %u, this runtime has %u",
                    model->abi_version, DLC_ABI_VERSION);
  if (model->num_inputs > DLC_MAX_TENSORS ||
      model->num_outputs > DLC_MAX_TENSORS)
    return dlc_fail(error, "the model has more than %d inputs or outputs",
                    DLC_MAX_TENSORS);
  for (uint32_t i = 0; i < model->num_inputs; ++i)
    if (dlc_tensor_check(&model->inputs[i], error))
      return -1;
  for (uint32_t i = 0; i < model->num_outputs; ++i)
    if (dlc_tensor_check(&model->outputs[i], error))
      return -1;
  return 0;
}

/* Returns the best variant for this CPU. If there is none: NULL, and what the
 * last (least demanding) one lacks. */
static const dlc_variant *choose_variant(const dlc_model *model,
                                         char *lacking) {
  for (uint64_t i = 0; i < model->num_variants; ++i)
    if (dlc_cpu_supports_v1(model->variants[i].cpu_features, lacking))
      return &model->variants[i];
  return NULL;
}

static unsigned char *place(unsigned char *at, const dlc_tensor_info *tensors,
                            uint32_t count, void **places) {
  for (uint32_t i = 0; i < count; ++i) {
    places[i] = at;
    at += (tensors[i].bytes + DLC_TENSOR_ALIGNMENT - 1) / DLC_TENSOR_ALIGNMENT *
          DLC_TENSOR_ALIGNMENT;
  }
  return at;
}

/* Inputs for --benchmark: floating-point numbers from [0.5, 1), zeros else (an
 * integer may be an index). */
static void make_up(const dlc_tensor_info *tensor, void *data) {
  uint64_t seed = 88172645463325252u;
  unsigned char *bytes = data;
  uint32_t size = dlc_dtype_lookup(tensor->dtype)->size;
  for (uint64_t at = 0; at < tensor->bytes; at += size) {
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    uint64_t bits = 0;
    switch (tensor->dtype) {
    case DLC_DTYPE_F64:
      bits = 0x3fe0000000000000u | seed >> 12;
      break;
    case DLC_DTYPE_F32:
      bits = 0x3f000000u | seed >> 41;
      break;
    case DLC_DTYPE_F16:
      bits = 0x3800u | seed >> 54;
      break;
    case DLC_DTYPE_BF16:
      bits = 0x3f00u | seed >> 57;
      break;
    default:
      break;
    }
    memcpy(bytes + at, &bits, size); /* little-endian */
  }
}

static uint64_t now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

/* The largest resident size so far. (ru_maxrss would include that of the
 * process that started this one.) */
static uint64_t peak_bytes(void) {
  char text[4096];
  int fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
  if (fd < 0)
    return 0;
  ssize_t size = read(fd, text, sizeof(text) - 1);
  close(fd);
  text[size > 0 ? size : 0] = '\0';
  const char *line = strstr(text, "VmHWM:");
  return line ? strtoull(line + 6, NULL, 10) * 1024 : 0;
}

static uint64_t samples[DLC_MAX_RUNS];

static void benchmark(const dlc_variant *variant, void *const *inputs,
                      void *const *outputs, double seconds, dlc_times *times) {
  const dlc_parallel *parallel = dlc_pool_parallel();
  uint64_t length = (uint64_t)(seconds * 1e9);
  uint64_t start = now(), stop, count = 0;
  variant->entry(inputs, outputs, dlc_arena, parallel);
  times->first_ms = (double)(now() - start) / 1e6;
  /* Warm up for a tenth of the time. */
  for (stop = now() + length / 10; now() < stop;)
    variant->entry(inputs, outputs, dlc_arena, parallel);
  uint64_t last = now();
  stop = last + length;
  do {
    variant->entry(inputs, outputs, dlc_arena, parallel);
    uint64_t time = now();
    samples[count++] = time - last;
    last = time;
  } while (last < stop && count < DLC_MAX_RUNS);
  dlc_summarise(samples, count, times);
  times->peak_bytes = peak_bytes();
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

static int run_model(const dlc_model *model, const dlc_cli *cli,
                     const dlc_variant *variant, dlc_out *out) {
  static void *inputs[DLC_MAX_TENSORS], *outputs[DLC_MAX_TENSORS];
  dlc_error error;
  place(place(dlc_tensors, model->inputs, model->num_inputs, inputs),
        model->outputs, model->num_outputs, outputs);
  for (uint32_t i = 0; i < model->num_inputs; ++i) {
    if (!cli->inputs[i])
      make_up(&model->inputs[i], inputs[i]);
    else if (dlc_npy_read(cli->inputs[i], &model->inputs[i], inputs[i], &error))
      return report_error(&error);
  }
  advise_arena(model->arena_bytes);
  int threads = cli->threads ? cli->threads : dlc_pool_default_threads();
  if (dlc_pool_start(threads, &error))
    return report_error(&error);

  dlc_times times = {.threads = threads};
  if (cli->benchmark)
    benchmark(variant, inputs, outputs, cli->seconds, &times);
  else
    variant->entry(inputs, outputs, dlc_arena, dlc_pool_parallel());

  if ((cli->out || !cli->benchmark) &&
      dlc_write_outputs(cli->out ? cli->out : ".", model->outputs,
                        model->num_outputs, outputs, &error))
    return report_error(&error);
  if (cli->benchmark) {
    if (cli->json)
      dlc_report_json(out, model, variant->cpu, &times);
    else
      dlc_report_text(out, model, variant->cpu, NULL, cli->info, &times);
  }
  return finish_stdout(out);
}

int main(int argc, char **argv) {
  const dlc_model *model = &dlc_model_descriptor;
  static dlc_cli cli;
  static dlc_out out;
  dlc_error error;
  if (argc > 0 && argv[0] && *argv[0]) {
    const char *slash = strrchr(argv[0], '/');
    program = slash ? slash + 1 : argv[0];
  }
  dlc_out_init(&out, STDOUT_FILENO);
  if (check_model(model, &error) ||
      dlc_cli_parse(argc > 0 ? argc - 1 : 0, argv + 1, getenv("DLC_THREADS"),
                    model, &cli, &error))
    return report_error(&error);
  if (cli.help) {
    dlc_cli_help(&out, program, model);
    return finish_stdout(&out);
  }
  if (cli.version) {
    dlc_print(&out, "%s %s, %s, ABI %u\n", model->name, model->build_id,
              model->compiler, model->abi_version);
    return finish_stdout(&out);
  }

  char lacking[DLC_CPU_FEATURE_NAME] = "";
  const dlc_variant *variant = choose_variant(model, lacking);
  if (cli.info && !cli.benchmark) {
    const dlc_variant *shown =
        variant ? variant : &model->variants[model->num_variants - 1];
    if (cli.json)
      dlc_report_json(&out, model, shown->cpu, NULL);
    else
      dlc_report_text(&out, model, shown->cpu, variant ? NULL : lacking, 1,
                      NULL);
    return finish_stdout(&out);
  }
  if (!variant) {
    dlc_fail(&error, "this CPU lacks %s; the program was compiled for %s",
             lacking, model->variants[model->num_variants - 1].cpu);
    return report_error(&error);
  }
  return run_model(model, &cli, variant, &out);
}
