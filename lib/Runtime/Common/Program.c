/*===- Program.c - What compiled programs of all targets do ---------------===*/

#include "Program.h"

#include "Clock.h"
#include "Extents.h"
#include "Find.h"
#include "Inputs.h"
#include "Npy.h"
#include "Output.h"
#include "Report.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *program_name = "model";

static int report_error(const dlc_error *error, int code) {
  dlc_out out;
  dlc_out_init(&out, STDERR_FILENO);
  dlc_print(&out, "%.200s: error: %s\n", program_name, error->text);
  dlc_flush(&out);
  return code;
}

static int finish_stdout(dlc_out *out) {
  int reason = dlc_flush(out);
  if (!reason)
    return DLC_EXIT_OK;
  dlc_error error;
  dlc_fail(&error, "cannot write to the standard output: %s", strerror(reason));
  return report_error(&error, DLC_EXIT_INPUT);
}

static int check_tensors(const dlc_tensor_info *tensors, uint32_t count,
                         dlc_error *error) {
  const dlc_tensor_info *extents = dlc_extents_tensor(tensors, count);
  for (uint32_t i = 0; i < count; ++i)
    if (dlc_tensor_check(&tensors[i], extents, error))
      return -1;
  return 0;
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
  if (model->num_specialisations < 1 ||
      model->num_specialisations > DLC_MAX_SPECIALISATIONS)
    return dlc_fail(error, "the model has %llu specialisations, not 1 to %d",
                    (unsigned long long)model->num_specialisations,
                    DLC_MAX_SPECIALISATIONS);
  if (model->num_pictures && !model->decoder)
    return dlc_fail(error, "the model has pictures and nothing to decode them");
  for (uint64_t s = 0; s < model->num_specialisations; ++s) {
    const dlc_specialisation *each = &model->specialisations[s];
    if (check_tensors(each->inputs, model->num_inputs, error) ||
        check_tensors(each->outputs, model->num_outputs, error))
      return -1;
  }
  return 0;
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

static uint64_t run_samples[DLC_MAX_RUNS], device_samples[DLC_MAX_RUNS];

static int benchmark(const dlc_program *program, const dlc_backend *backend,
                     dlc_times *times, dlc_error *error) {
  uint64_t length = (uint64_t)(program->cli->seconds * 1e9);
  dlc_sample sample;
  int code = backend->run(program, &sample, error);
  if (code)
    return code;
  times->first_ms = (double)sample.run / 1e6;
  /* Warm up for a tenth of the time. */
  for (uint64_t stop = dlc_now() + length / 10; dlc_now() < stop;) {
    code = backend->run(program, NULL, error);
    if (code)
      return code;
  }
  uint64_t count = 0, stop = dlc_now() + length;
  do {
    code = backend->run(program, &sample, error);
    if (code)
      return code;
    run_samples[count] = sample.run;
    device_samples[count++] = sample.device;
  } while (count < DLC_MAX_RUNS && dlc_now() < stop);
  dlc_summarise(run_samples, count, &times->run);
  dlc_summarise(device_samples, count, &times->device);
  times->runs = count;
  times->peak_bytes = peak_bytes();
  return DLC_EXIT_OK;
}

/* One of the runs that are recorded. */
typedef struct profiled_run {
  const dlc_program *program;
  const dlc_backend *backend;
  dlc_error *error;
} profiled_run;

static int run_profiled(void *context) {
  const profiled_run *run = context;
  return run->backend->run(run->program, NULL, run->error);
}

/* After a first run, which has touched all memory. */
static int record_profile(const dlc_program *program,
                          const dlc_backend *backend, dlc_error *error) {
  profiled_run run = {program, backend, error};
  return dlc_profile_record(program->profile, run_profiled, &run);
}

/* What counts of outputs, as tensors of their own. */
static dlc_tensor_info true_outputs[DLC_MAX_TENSORS];
static int64_t true_shapes[DLC_MAX_TENSORS][DLC_NPY_MAX_RANK];

/* Whether inputs made sense together, as far as only a run could tell. */
static int check_results(const dlc_program *program, dlc_error *error) {
  const dlc_model *model = program->model;
  uint32_t chosen =
      (uint32_t)(program->specialisation - model->specialisations);
  dlc_failed_check failed;
  if (dlc_check_results_v3(model, chosen, (const void *const *)program->outputs,
                           NULL, &failed))
    return 0;
  return dlc_fail(error, "%.400s is %lld, but has to be %lld",
                  failed.check->what, (long long)failed.found,
                  (long long)failed.expected);
}

/* Moves together what counts of the outputs. Their extents come from memory
 * that kernels wrote, so they are checked. */
static int pack_outputs(const dlc_program *program, dlc_error *error) {
  const dlc_tensor_info *all = program->specialisation->outputs;
  uint32_t total = program->model->num_outputs;
  const int64_t *extents = program->outputs[total ? total - 1 : 0];
  for (uint32_t i = 0; i < total; ++i) {
    true_outputs[i] = all[i];
    if (!dlc_is_bounded(&all[i]))
      continue;
    if (all[i].rank > DLC_NPY_MAX_RANK)
      return dlc_fail(error, "output '%.200s' has too many dimensions",
                      all[i].name);
    int32_t wrong = dlc_true_shape(&all[i], extents, true_shapes[i]);
    if (wrong >= 0)
      return dlc_fail(error,
                      "dimension %d of output '%.200s' came out as %lld, but "
                      "at most %lld fit",
                      (int)wrong, all[i].name, (long long)true_shapes[i][wrong],
                      (long long)all[i].shape[wrong]);
    uint32_t size = dlc_dtype_lookup(all[i].dtype)->size;
    dlc_pack_tensor(&all[i], true_shapes[i], size, program->outputs[i]);
    true_outputs[i].shape = true_shapes[i];
    true_outputs[i].bytes = size;
    for (uint32_t d = 0; d < all[i].rank; ++d)
      true_outputs[i].bytes *= (uint64_t)true_shapes[i][d];
  }
  return 0;
}

static int write_outputs(const dlc_program *program, dlc_error *error) {
  const char *folder = program->cli->out ? program->cli->out : ".";
  uint32_t count = program->model->num_outputs;
  if (check_results(program, error) || pack_outputs(program, error))
    return -1;
  return dlc_write_outputs(folder, true_outputs,
                           dlc_visible_tensors(true_outputs, count),
                           program->outputs, error);
}

/* From inputs that are there to outputs that are written. */
static int compute(const dlc_program *program, const dlc_backend *backend,
                   dlc_times *times, dlc_error *error) {
  const dlc_cli *cli = program->cli;
  int code = backend->start(program, times, error);
  if (!code)
    code = cli->benchmark ? benchmark(program, backend, times, error)
                          : backend->run(program, NULL, error);
  if (!code && program->profile)
    code = record_profile(program, backend, error);
  if (!code && (cli->out || !cli->benchmark) && write_outputs(program, error))
    code = DLC_EXIT_INPUT;
  backend->stop();
  if (!code && program->profile && dlc_profile_write(program->profile, error))
    code = DLC_EXIT_INPUT;
  return code;
}

static int run_model(const dlc_model *model, const dlc_cli *cli,
                     const char *variant, unsigned char *tensors,
                     const dlc_backend *backend, dlc_out *out) {
  static dlc_program program;
  static dlc_profile profile;
  dlc_error error;
  program.model = model;
  program.cli = cli;
  program.tensors = tensors;
  dlc_times times = {0};
  if (cli->profile) {
    program.profile = &profile;
    if (dlc_profile_open(&profile, cli->profile, &error))
      return report_error(&error, DLC_EXIT_INPUT);
  }
  int code =
      dlc_read_inputs(&program, backend, &error) ? DLC_EXIT_INPUT : DLC_EXIT_OK;
  times.specialisation = program.specialisation;
  if (!code)
    code = compute(&program, backend, &times, &error);
  if (code && cli->profile)
    dlc_profile_discard(&profile);
  if (code)
    return report_error(&error, code);
  if (cli->benchmark) {
    if (cli->json)
      dlc_report_json(out, model, variant, &times);
    else
      dlc_report_text(out, model, variant, NULL, cli->info, &times);
  }
  return finish_stdout(out);
}

int dlc_main(int argc, char **argv, const dlc_model *model,
             unsigned char *tensors, const dlc_backend *backend) {
  static dlc_cli cli;
  static dlc_out out;
  dlc_error error;
  if (argc > 0 && argv[0] && *argv[0]) {
    const char *slash = strrchr(argv[0], '/');
    program_name = slash ? slash + 1 : argv[0];
  }
  dlc_out_init(&out, STDOUT_FILENO);
  if (check_model(model, &error) ||
      dlc_cli_parse(argc > 0 ? argc - 1 : 0, argv + 1,
                    getenv(backend->environment), model, &cli, &error))
    return report_error(&error, DLC_EXIT_INPUT);
  if (cli.help) {
    dlc_cli_help(&out, program_name, model);
    return finish_stdout(&out);
  }
  if (cli.version) {
    dlc_print(&out, "%s %s, %s, ABI %u\n", model->name, model->build_id,
              model->compiler, model->abi_version);
    return finish_stdout(&out);
  }

  char lacking[DLC_LACKING_SIZE] = "";
  const char *variant = backend->choose(model, lacking);
  if (cli.info && !cli.benchmark) {
    if (cli.json)
      dlc_report_json(&out, model, variant, NULL);
    else
      dlc_report_text(&out, model, variant, *lacking ? lacking : NULL, 1, NULL);
    return finish_stdout(&out);
  }
  if (*lacking) {
    dlc_fail(&error, "this CPU lacks %s; the program was compiled for %s",
             lacking, variant);
    return report_error(&error, DLC_EXIT_INPUT);
  }
  return run_model(model, &cli, variant, tensors, backend, &out);
}
