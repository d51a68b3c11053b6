/*===- Cli.c - The command line of a compiled program ---------------------===*/

#include "Cli.h"

#include "Extents.h"
#include "PictureInput.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The option that only programs of one target have. */
typedef struct number_option {
  const char *flag, *environment, *what;
  int first, last;
} number_option;

static const number_option threads_option = {
    "--threads", "DLC_THREADS", "a number of threads", 1, DLC_MAX_THREADS};
static const number_option device_option = {
    "--device", "DLC_DEVICE", "the number of a GPU", 0, DLC_MAX_DEVICES - 1};
static const number_option seed_option = {"--seed", NULL, "a number", 0,
                                          INT_MAX};

static int parse_number(const char *text, const char *origin,
                        const number_option *option, int *number,
                        dlc_error *error) {
  char *end;
  errno = 0;
  long value = strtol(text, &end, 10);
  if (end == text || *end || errno || value < option->first ||
      value > option->last)
    return dlc_fail(error, "%s needs %s from %d to %d, not '%.100s'", origin,
                    option->what, option->first, option->last, text);
  *number = (int)value;
  return 0;
}

/* Whether the argument is the option: "--x", or "--x=…". */
static int is_number(const char *arg, const number_option *option) {
  size_t size = strlen(option->flag);
  return strncmp(arg, option->flag, size) == 0 &&
         (arg[size] == '=' || !arg[size]);
}

/* The value of the option argv[*index]; *index moves to a value that is an
 * argument of its own. */
static const char *number_text(const number_option *option, int argc,
                               char *const *argv, int *index) {
  const char *rest = argv[*index] + strlen(option->flag);
  if (*rest == '=')
    return rest + 1;
  return *index + 1 < argc ? argv[++*index] : "";
}

static int parse_seconds(const char *text, double *seconds, dlc_error *error) {
  char *end;
  double value = strtod(text, &end);
  if (end == text || *end || !(value >= 0 && value <= 86400))
    return dlc_fail(
        error,
        "--benchmark needs a number of seconds up to 86400, not '%.100s'",
        text);
  *seconds = value;
  return 0;
}

static int add_dim(const char *text, dlc_cli *cli, dlc_error *error) {
  const char *equal = strchr(text, '=');
  if (!equal || equal == text || !equal[1] || strchr(text, ','))
    return dlc_fail(error, "--dim needs NAME=VALUE, not '%.200s'", text);
  if (cli->num_dims == DLC_MAX_DIMS)
    return dlc_fail(error, "--dim is given more than %d times", DLC_MAX_DIMS);
  cli->dims[cli->num_dims++] = text;
  return 0;
}

static uint32_t visible_inputs(const dlc_model *model) {
  return dlc_visible_tensors(model->inputs, model->num_inputs);
}

static void print_names(dlc_out *out, const dlc_model *model,
                        const char *const *given) {
  const char *separator = "";
  for (uint32_t i = 0; i < visible_inputs(model); ++i)
    if (!given || !given[i]) {
      dlc_print(out, "%s'%.100s'", separator, model->inputs[i].name);
      separator = ", ";
    }
}

static int bad_name(const char *argument, const dlc_model *model,
                    dlc_error *error) {
  dlc_out names;
  dlc_out_init(&names, -1);
  print_names(&names, model, NULL);
  int length = (int)(strchr(argument, '=') - argument);
  return dlc_fail(error, "no input is named '%.*s'; the inputs are %.*s",
                  length < 200 ? length : 200, argument,
                  names.size < 600 ? (int)names.size : 600, names.buffer);
}

/* The input that `argument` names by "name=file", or -1. Names may contain '='
 * themselves, so the longest one that fits counts. */
static int64_t named_input(const char *argument, const dlc_model *model) {
  int64_t found = -1;
  size_t longest = 0;
  for (uint32_t i = 0; i < visible_inputs(model); ++i) {
    const char *name = model->inputs[i].name;
    size_t size = strlen(name);
    if (strncmp(argument, name, size) == 0 && argument[size] == '=' &&
        (found < 0 || size > longest)) {
      found = i;
      longest = size;
    }
  }
  return found;
}

static int set_input(dlc_cli *cli, const dlc_model *model, uint32_t index,
                     const char *file, dlc_error *error) {
  if (cli->inputs[index])
    return dlc_fail(error, "input '%.200s' is given twice",
                    model->inputs[index].name);
  if (!*file)
    return dlc_fail(error, "input '%.200s' has an empty file name",
                    model->inputs[index].name);
  cli->inputs[index] = file;
  return 0;
}

static int parse_inputs(int count, const char *const *arguments,
                        const dlc_model *model, dlc_cli *cli,
                        dlc_error *error) {
  /* Named ones first, so that the others fill the places that remain. */
  for (int i = 0; i < count; ++i) {
    int64_t index = named_input(arguments[i], model);
    if (index < 0)
      continue;
    const char *file = arguments[i] + strlen(model->inputs[index].name) + 1;
    if (set_input(cli, model, (uint32_t)index, file, error))
      return -1;
  }
  uint32_t next = 0;
  for (int i = 0; i < count; ++i) {
    if (named_input(arguments[i], model) >= 0)
      continue;
    if (strchr(arguments[i], '=') && access(arguments[i], F_OK) != 0)
      return bad_name(arguments[i], model, error);
    while (next < visible_inputs(model) && cli->inputs[next])
      ++next;
    if (next == visible_inputs(model))
      return dlc_fail(error,
                      "'%.300s' is one input file too many: the model has %u",
                      arguments[i], visible_inputs(model));
    if (set_input(cli, model, next, arguments[i], error))
      return -1;
  }
  return 0;
}

int dlc_cli_parse(int argc, char *const *argv, const char *environment,
                  const dlc_model *model, dlc_cli *cli, dlc_error *error) {
  memset(cli, 0, sizeof(*cli));
  cli->device = -1;
  const number_option *option =
      model->device ? &device_option : &threads_option;
  int *number = model->device ? &cli->device : &cli->threads, unset = *number;
  cli->seconds = 2;
  const char *files[DLC_MAX_TENSORS];
  int count = 0, options = 1;
  if (model->num_inputs > DLC_MAX_TENSORS)
    return dlc_fail(error, "the model has %u inputs, more than %d",
                    model->num_inputs, DLC_MAX_TENSORS);
  for (int i = 0; i < argc; ++i) {
    const char *arg = argv[i];
    if (!options || arg[0] != '-' || !arg[1]) {
      if (count == DLC_MAX_TENSORS)
        return dlc_fail(error, "too many arguments");
      files[count++] = arg;
    } else if (strcmp(arg, "--") == 0) {
      options = 0;
    } else if (strcmp(arg, "--help") == 0 || strcmp(arg, "-h") == 0) {
      cli->help = 1;
    } else if (strcmp(arg, "--version") == 0) {
      cli->version = 1;
    } else if (strcmp(arg, "--info") == 0) {
      cli->info = 1;
    } else if (strcmp(arg, "--json") == 0) {
      cli->json = 1;
    } else if (strcmp(arg, "--benchmark") == 0) {
      cli->benchmark = 1;
    } else if (strncmp(arg, "--benchmark=", 12) == 0) {
      cli->benchmark = 1;
      if (parse_seconds(arg + 12, &cli->seconds, error))
        return -1;
    } else if (strcmp(arg, "--profile") == 0 ||
               strncmp(arg, "--profile=", 10) == 0) {
      if (cli->profile)
        return dlc_fail(error, "--profile is given twice");
      if (!arg[9] || !arg[10])
        return dlc_fail(error, "--profile needs a file: --profile=trace.json");
      cli->profile = arg + 10;
    } else if (is_number(arg, option)) {
      if (parse_number(number_text(option, argc, argv, &i), option->flag,
                       option, number, error))
        return -1;
    } else if (is_number(arg, &seed_option)) {
      if (!dlc_has_random(model->inputs, model->num_inputs))
        return dlc_fail(error, "--seed: the model has no random numbers");
      if (parse_number(number_text(&seed_option, argc, argv, &i), "--seed",
                       &seed_option, &cli->seed, error))
        return -1;
    } else if (strcmp(arg, "--dim") == 0 || strncmp(arg, "--dim=", 6) == 0) {
      if (add_dim(arg[5] ? arg + 6 : i + 1 < argc ? argv[++i] : "", cli, error))
        return -1;
    } else if (strcmp(arg, "-o") == 0) {
      if (cli->out)
        return dlc_fail(error, "-o is given twice");
      if (i + 1 == argc || !argv[i + 1][0])
        return dlc_fail(error, "-o needs a folder");
      cli->out = argv[++i];
    } else {
      return dlc_fail(error, "unknown option '%.200s'; --help lists them", arg);
    }
  }
  if (cli->help || cli->version)
    return 0;
  if (*number == unset && environment && *environment &&
      parse_number(environment, option->environment, option, number, error))
    return -1;
  if (cli->json && !cli->info && !cli->benchmark)
    return dlc_fail(error, "--json needs --info or --benchmark");
  if (cli->profile && cli->info && !cli->benchmark)
    return dlc_fail(error, "--profile is for runs, and --info makes none");
  if (parse_inputs(count, files, model, cli, error))
    return -1;
  if (cli->info || cli->benchmark)
    return 0;
  for (uint32_t i = 0; i < visible_inputs(model); ++i)
    if (!cli->inputs[i]) {
      dlc_out names;
      dlc_out_init(&names, -1);
      print_names(&names, model, cli->inputs);
      return dlc_fail(error,
                      "no file is given for input %.*s; --help shows how",
                      names.size < 800 ? (int)names.size : 800, names.buffer);
    }
  return 0;
}

static void print_ports(dlc_out *out, const char *kind,
                        const dlc_tensor_info *tensors, uint32_t count) {
  for (uint32_t i = 0; i < count; ++i) {
    const dlc_dtype_info *dtype = dlc_dtype_lookup(tensors[i].dtype);
    dlc_print(out, "%s %s: %s ", kind, tensors[i].name,
              dtype ? dtype->name : "?");
    dlc_print_tensor_shape(out, &tensors[i]);
    dlc_print(out, "\n");
  }
}

void dlc_cli_help(dlc_out *out, const char *program, const dlc_model *model) {
  dlc_print(out, "usage: %s", program);
  for (uint32_t i = 0; i < visible_inputs(model); ++i)
    dlc_print(out, " [%s=]FILE%s", model->inputs[i].name,
              dlc_find_picture(model, i) ? "" : ".npy");
  dlc_print(
      out,
      " [options]\n"
      "Runs the model '%s' that dlc compiled.\n\n"
      "  NAME=FILE.npy         the input NAME; without NAME, inputs in order\n"
      "  -o DIR                write outputs to DIR/<output>.npy (default: "
      "here)\n"
      "  --info                print inputs, outputs, memory and target\n"
      "  --benchmark[=SECONDS] measure the latency (default: 2 seconds); "
      "inputs\n"
      "                        that are not given are made up\n"
      "  --json                print --info and --benchmark as JSON\n"
      "  --profile=TRACE.json  write what ran when, for ui.perfetto.dev or\n"
      "                        chrome://tracing\n",
      model->name);
  if (dlc_has_random(model->inputs, model->num_inputs))
    dlc_print(out,
              "  --seed=N              other random numbers (default: those of "
              "seed 0)\n");
  if (model->num_specialisations > 1)
    dlc_print(out,
              "  --dim NAME=VALUE      with --benchmark: the size that made-up "
              "inputs have\n"
              "                        (%s, ...; default: the first one)\n",
              model->specialisations[0].dims);
  dlc_print(
      out, "%s  --help, --version\n\n",
      model->device
          ? "  --device=N            run on GPU N (default: DLC_DEVICE, or 0)\n"
          : "  --threads=N           use N threads (default: DLC_THREADS, or "
            "one for\n"
            "                        each CPU); the results do not depend on "
            "it\n");
  for (uint64_t s = 0; s < model->num_specialisations; ++s) {
    const dlc_specialisation *each = &model->specialisations[s];
    if (model->num_specialisations > 1)
      dlc_print(out, "%s%s:\n", s ? "" : "The inputs choose one of\n",
                each->dims);
    print_ports(out, "input", each->inputs, visible_inputs(model));
    print_ports(out, "output", each->outputs,
                dlc_visible_tensors(each->outputs, model->num_outputs));
  }
  for (uint32_t i = 0; i < visible_inputs(model); ++i)
    if (dlc_find_picture(model, i))
      dlc_print(out,
                "The file of input %s is a picture (BMP, JPEG, JPEG 2000, PNG, "
                "PNM, TIFF, WebP),\nor an .npy file of its bytes or pixels.\n",
                model->inputs[i].name);
}
