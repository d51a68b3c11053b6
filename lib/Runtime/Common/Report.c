/*===- Report.c - What --info and --benchmark print -----------------------===*/

#include "Report.h"

#include "Device.h"
#include "Extents.h"
#include "Find.h"
#include "PictureInput.h"

/* Heap sort: the C library's qsort allocates. */
static void sift(uint64_t *values, uint64_t root, uint64_t count) {
  for (uint64_t child; (child = 2 * root + 1) < count; root = child) {
    if (child + 1 < count && values[child + 1] > values[child])
      ++child;
    if (values[root] >= values[child])
      return;
    uint64_t value = values[root];
    values[root] = values[child];
    values[child] = value;
  }
}

static void sort(uint64_t *values, uint64_t count) {
  for (uint64_t i = count / 2; i-- > 0;)
    sift(values, i, count);
  for (uint64_t i = count; i-- > 1;) {
    uint64_t value = values[0];
    values[0] = values[i];
    values[i] = value;
    sift(values, 0, i);
  }
}

void dlc_summarise(uint64_t *nanoseconds, uint64_t count,
                   dlc_latency *latency) {
  sort(nanoseconds, count);
  *latency = (dlc_latency){0, 0, 0};
  if (count == 0)
    return;
  latency->min_ms = (double)nanoseconds[0] / 1e6;
  uint64_t lower = (count - 1) / 2, upper = count / 2;
  latency->median_ms =
      ((double)nanoseconds[lower] + (double)nanoseconds[upper]) / 2e6;
  uint64_t rank = (count * 99 + 99) / 100; /* nearest rank */
  latency->p99_ms = (double)nanoseconds[rank - 1] / 1e6;
}

static uint64_t count_elements(const dlc_tensor_info *tensor) {
  uint64_t count = 1;
  for (uint32_t d = 0; d < tensor->rank; ++d)
    count *= (uint64_t)tensor->shape[d];
  return count;
}

/* What an input has to hold: " = 8, <=24". */
static void print_required(dlc_out *out, const dlc_tensor_info *tensor,
                           const dlc_requirement *required) {
  enum { MOST_SHOWN = 8 };
  if (!dlc_is_integer_v3(tensor->dtype)) {
    dlc_print(out, " (only what it was compiled for)");
    return;
  }
  uint64_t count = count_elements(tensor);
  for (uint64_t i = 0; i < count && i < MOST_SHOWN; ++i) {
    int64_t least = dlc_integer_v3(tensor->dtype, required->least, i);
    int64_t most = dlc_integer_v3(tensor->dtype, required->most, i);
    dlc_print(out, "%s%s%lld", i ? ", " : " = ",
              least == most ? "" : "<=", (long long)most);
  }
  if (count > MOST_SHOWN)
    dlc_print(out, ", ...");
}

/* `model` is given with its inputs only. */
static void print_tensors(dlc_out *out, const char *title,
                          const dlc_tensor_info *tensors, uint32_t count,
                          const dlc_model *model) {
  count = dlc_visible_tensors(tensors, count);
  for (uint32_t i = 0; i < count; ++i) {
    const dlc_dtype_info *dtype = dlc_dtype_lookup(tensors[i].dtype);
    dlc_print(out, "%-14s %s: %s ", i ? "" : title, tensors[i].name,
              dtype ? dtype->name : "?");
    dlc_print_tensor_shape(out, &tensors[i]);
    const dlc_requirement *required =
        model ? dlc_find_requirement_v3(model, i) : NULL;
    if (required)
      print_required(out, &tensors[i], required);
    const dlc_picture_input *picture =
        model ? dlc_find_picture(model, i) : NULL;
    if (picture)
      dlc_print(out, ", a picture (%s)", dlc_pixels_name(picture->order));
    dlc_print(out, "\n");
  }
}

static void print_memory(dlc_out *out, const char *title, uint64_t bytes,
                         const char *end) {
  dlc_print(out, "%-14s %llu (", title, (unsigned long long)bytes);
  dlc_print_bytes(out, bytes);
  dlc_print(out, ")%s", end);
}

static uint64_t tensor_bytes(const dlc_model *model,
                             const dlc_specialisation *specialisation) {
  uint64_t bytes = 0;
  if (specialisation->input_offsets)
    return 0; /* they are in the arena */
  for (uint32_t i = 0; i < model->num_inputs; ++i)
    bytes += specialisation->inputs[i].bytes;
  for (uint32_t i = 0; i < model->num_outputs; ++i)
    bytes += specialisation->outputs[i].bytes;
  return bytes;
}

/* "host x86-64-v3"; the architectures of a GPU program have their own line. */
static void print_target(dlc_out *out, const dlc_model *model,
                         const char *variant) {
  dlc_print(out, "%s%s%s", model->target, variant ? " " : "",
            variant ? variant : "");
}

static uint64_t count_launches(const dlc_specialisation *specialisation) {
  uint64_t launches = 0;
  for (uint64_t i = 0; i < specialisation->num_steps; ++i)
    launches += specialisation->steps[i].kernel >= 0;
  return launches;
}

/* Each of several specialisations: shapes, its part of the arena, and what runs
 * on a GPU. */
static void info_specialisations(dlc_out *out, const dlc_model *model) {
  for (uint64_t s = 0; s < model->num_specialisations; ++s) {
    const dlc_specialisation *each = &model->specialisations[s];
    dlc_print(out, "%-14s %s: arena ", s ? "" : "specialised", each->dims);
    dlc_print_bytes(out, each->arena_bytes);
    if (model->device)
      dlc_print(out, ", %llu launches",
                (unsigned long long)count_launches(each));
    dlc_print(out, "\n");
    print_tensors(out, "  inputs", each->inputs, model->num_inputs, model);
    print_tensors(out, "  outputs", each->outputs, model->num_outputs, NULL);
  }
}

static void info_code(dlc_out *out, const dlc_model *model) {
  const dlc_device_program *device = model->device;
  if (!device) {
    dlc_print(out, "%-14s ", "CPU features");
    for (uint64_t i = 0; i < model->num_variants; ++i)
      dlc_print(out, "%s%s", i ? "; " : "", model->variants[i].cpu_features);
    dlc_print(out, "\n");
    return;
  }
  dlc_print(out, "%-14s ", "architectures");
  for (uint64_t i = 0; i < device->num_archs; ++i)
    dlc_print(out, "%s%s", i ? ", " : "", device->archs[i].name);
  dlc_print(out, "\n");
  if (model->num_specialisations == 1) {
    const dlc_specialisation *only = &model->specialisations[0];
    uint64_t launches = count_launches(only);
    dlc_print(out, "%-14s %llu of %llu kernels, %llu copies\n", "launches",
              (unsigned long long)launches,
              (unsigned long long)device->num_kernels,
              (unsigned long long)(only->num_steps - launches));
  } else {
    dlc_print(out, "%-14s %llu\n", "kernels",
              (unsigned long long)device->num_kernels);
  }
  print_memory(out, "device bytes", dlc_lay_out_device(model).bytes, "\n");
}

static void report_info(dlc_out *out, const dlc_model *model,
                        const char *variant, const char *lacking) {
  dlc_print(out, "%-14s %s\n", "model", model->name);
  if (model->num_specialisations > 1) {
    info_specialisations(out, model);
  } else {
    print_tensors(out, "inputs", model->inputs, model->num_inputs, model);
    print_tensors(out, "outputs", model->outputs, model->num_outputs, NULL);
  }
  if (dlc_has_random(model->inputs, model->num_inputs))
    dlc_print(out, "%-14s --seed=N chooses them\n", "random numbers");
  print_memory(out, "weights bytes", model->weights_bytes, "\n");
  print_memory(out, "arena bytes", model->arena_bytes, "");
  if (model->lower_bound)
    dlc_print(out, ", %.3f x the lower bound of %llu",
              (double)model->arena_bytes / (double)model->lower_bound,
              (unsigned long long)model->lower_bound);
  if (model->specialisations[0].input_offsets)
    dlc_print(out, ", with inputs and outputs");
  if (model->picture_bytes) {
    dlc_print(out, "\n");
    print_memory(out, "picture bytes", model->picture_bytes,
                 ", to decode with before a run");
  }
  dlc_print(out, "\n%-14s ", "target");
  print_target(out, model, variant);
  if (lacking)
    dlc_print(out, " (this CPU lacks %s)", lacking);
  dlc_print(out, "\n");
  info_code(out, model);
  dlc_print(out, "%-14s %s\n", "build id", model->build_id);
  dlc_print(out, "%-14s %s, ABI %u\n", "compiler", model->compiler,
            model->abi_version);
}

static void print_latency(dlc_out *out, const char *title,
                          const dlc_latency *latency) {
  dlc_print(out, "%-14s min %.3f ms, median %.3f ms, p99 %.3f ms", title,
            latency->min_ms, latency->median_ms, latency->p99_ms);
}

static void report_times(dlc_out *out, const dlc_model *model,
                         const dlc_times *times) {
  if (model->num_specialisations > 1)
    dlc_print(out, "%-14s %s\n", "measured", times->specialisation->dims);
  print_latency(out, "latency", &times->run);
  dlc_print(out, " (%llu runs, ", (unsigned long long)times->runs);
  if (times->device_name)
    dlc_print(out, "with the copies");
  else
    dlc_print(out, "%d thread%s", times->threads,
              times->threads == 1 ? "" : "s");
  dlc_print(out, "; first run %.3f ms)\n", times->first_ms);
  if (times->device_name) {
    print_latency(out, "on the GPU", &times->device);
    dlc_print(out, " (without the copies, on %s)\n", times->device_name);
  }
  uint64_t tensors = tensor_bytes(model, times->specialisation);
  dlc_print(out, "%-14s planned ", "memory");
  dlc_print_bytes(out, model->weights_bytes + model->arena_bytes + tensors +
                           model->picture_bytes);
  dlc_print(out, " (weights ");
  dlc_print_bytes(out, model->weights_bytes);
  dlc_print(out, ", arena ");
  dlc_print_bytes(out, model->arena_bytes);
  if (times->specialisation->input_offsets) {
    dlc_print(out, " with inputs and outputs");
  } else {
    dlc_print(out, ", inputs and outputs ");
    dlc_print_bytes(out, tensors);
  }
  if (model->picture_bytes) {
    dlc_print(out, ", decoding pictures ");
    dlc_print_bytes(out, model->picture_bytes);
  }
  if (times->device_name) {
    dlc_print(out, "), taken of the GPU's ");
    dlc_print_bytes(out, times->device_bytes);
    dlc_print(out, ", measured peak of the process ");
  } else {
    dlc_print(out, "), measured peak ");
  }
  dlc_print_bytes(out, times->peak_bytes);
  dlc_print(out, "\n");
}

void dlc_report_text(dlc_out *out, const dlc_model *model, const char *variant,
                     const char *lacking, int info, const dlc_times *times) {
  if (info)
    report_info(out, model, variant, lacking);
  if (times)
    report_times(out, model, times);
}

/* The dimensions whose extent is a bound. */
static void json_bounded(dlc_out *out, const dlc_tensor_info *tensor) {
  const char *separator = ", \"bounded\": [";
  for (uint32_t d = 0; tensor->extents && d < tensor->rank; ++d)
    if (tensor->extents[d] >= 0) {
      dlc_print(out, "%s%u", separator, d);
      separator = ", ";
    }
  if (tensor->extents)
    dlc_print(out, "]");
}

/* Least and largest values of an input's elements; of such that are no integers
 * just that they are given. */
static void json_required(dlc_out *out, const dlc_tensor_info *tensor,
                          const dlc_requirement *required) {
  if (!dlc_is_integer_v3(tensor->dtype)) {
    dlc_print(out, ", \"fixed\": true");
    return;
  }
  uint64_t count = count_elements(tensor);
  for (int most = 0; most < 2; ++most) {
    dlc_print(out, ", \"%s\": [", most ? "most" : "least");
    for (uint64_t i = 0; i < count; ++i)
      dlc_print(out, i ? ", %lld" : "%lld",
                (long long)dlc_integer_v3(
                    tensor->dtype, most ? required->most : required->least, i));
    dlc_print(out, "]");
  }
}

static void json_tensors(dlc_out *out, const char *key,
                         const dlc_tensor_info *tensors, uint32_t count,
                         const dlc_model *model) {
  dlc_print(out, ", \"%s\": [", key);
  count = dlc_visible_tensors(tensors, count);
  for (uint32_t i = 0; i < count; ++i) {
    const dlc_dtype_info *dtype = dlc_dtype_lookup(tensors[i].dtype);
    dlc_print(out, "%s{\"name\": ", i ? ", " : "");
    dlc_print_json_string(out, tensors[i].name);
    dlc_print(out, ", \"dtype\": \"%s\", \"numpy\": \"%s\", \"shape\": [",
              dtype ? dtype->name : "?", dtype ? dtype->numpy : "?");
    for (uint32_t d = 0; d < tensors[i].rank; ++d)
      dlc_print(out, d ? ", %lld" : "%lld", (long long)tensors[i].shape[d]);
    dlc_print(out, "]");
    json_bounded(out, &tensors[i]);
    const dlc_requirement *required =
        model ? dlc_find_requirement_v3(model, i) : NULL;
    if (required)
      json_required(out, &tensors[i], required);
    const dlc_picture_input *picture =
        model ? dlc_find_picture(model, i) : NULL;
    if (picture)
      dlc_print(out, ", \"picture\": \"%s\"", dlc_pixels_name(picture->order));
    dlc_print(out, ", \"bytes\": %llu}", (unsigned long long)tensors[i].bytes);
  }
  dlc_print(out, "]");
}

static void json_launches(dlc_out *out,
                          const dlc_specialisation *specialisation) {
  uint64_t launches = count_launches(specialisation);
  dlc_print(out, ", \"launches\": %llu, \"copies\": %llu",
            (unsigned long long)launches,
            (unsigned long long)(specialisation->num_steps - launches));
}

static void json_device(dlc_out *out, const dlc_model *model) {
  const dlc_device_program *device = model->device;
  dlc_print(out, ", \"architectures\": [");
  for (uint64_t i = 0; i < device->num_archs; ++i)
    dlc_print(out, "%s\"%s\"", i ? ", " : "", device->archs[i].name);
  dlc_print(out, "], \"kernels\": %llu, \"device_bytes\": %llu",
            (unsigned long long)device->num_kernels,
            (unsigned long long)dlc_lay_out_device(model).bytes);
}

/* What the report is about in the way of shapes, and all there are if that is
 * more. */
static void json_specialisations(dlc_out *out, const dlc_model *model,
                                 const dlc_specialisation *about) {
  json_tensors(out, "inputs", about->inputs, model->num_inputs, model);
  json_tensors(out, "outputs", about->outputs, model->num_outputs, NULL);
  if (dlc_has_random(model->inputs, model->num_inputs))
    dlc_print(out, ", \"random\": true");
  if (model->device)
    json_launches(out, about);
  if (model->num_specialisations == 1)
    return;
  dlc_print(out, ", \"dims\": ");
  dlc_print_json_string(out, about->dims);
  dlc_print(out, ", \"specialisations\": [");
  for (uint64_t s = 0; s < model->num_specialisations; ++s) {
    const dlc_specialisation *each = &model->specialisations[s];
    dlc_print(out, "%s{\"dims\": ", s ? ", " : "");
    dlc_print_json_string(out, each->dims);
    dlc_print(out, ", \"arena_bytes\": %llu",
              (unsigned long long)each->arena_bytes);
    json_tensors(out, "inputs", each->inputs, model->num_inputs, model);
    json_tensors(out, "outputs", each->outputs, model->num_outputs, NULL);
    if (model->device)
      json_launches(out, each);
    dlc_print(out, "}");
  }
  dlc_print(out, "]");
}

static void json_latency(dlc_out *out, const char *prefix,
                         const dlc_latency *latency) {
  dlc_print(out,
            ", \"%smin_ms\": %.6f, \"%smedian_ms\": %.6f, \"%sp99_ms\": %.6f",
            prefix, latency->min_ms, prefix, latency->median_ms, prefix,
            latency->p99_ms);
}

static void json_times(dlc_out *out, const dlc_times *times) {
  json_latency(out, "", &times->run);
  dlc_print(out, ", \"first_ms\": %.6f, \"runs\": %llu", times->first_ms,
            (unsigned long long)times->runs);
  if (times->device_name) {
    json_latency(out, "device_", &times->device);
    dlc_print(out, ", \"device\": ");
    dlc_print_json_string(out, times->device_name);
    dlc_print(out, ", \"device_taken_bytes\": %llu",
              (unsigned long long)times->device_bytes);
  } else {
    dlc_print(out, ", \"threads\": %d", times->threads);
  }
  dlc_print(out, ", \"peak_bytes\": %llu",
            (unsigned long long)times->peak_bytes);
}

void dlc_report_json(dlc_out *out, const dlc_model *model, const char *variant,
                     const dlc_times *times) {
  dlc_print(out, "{\"model\": ");
  dlc_print_json_string(out, model->name);
  dlc_print(out, ", \"target\": \"");
  print_target(out, model, variant);
  dlc_print(out, "\", \"build_id\": \"%s\", \"compiler\": ", model->build_id);
  dlc_print_json_string(out, model->compiler);
  dlc_print(out,
            ", \"weights_bytes\": %llu, \"arena_bytes\": %llu, "
            "\"lower_bound\": %llu",
            (unsigned long long)model->weights_bytes,
            (unsigned long long)model->arena_bytes,
            (unsigned long long)model->lower_bound);
  if (model->specialisations[0].input_offsets)
    dlc_print(out, ", \"io\": \"arena\"");
  if (model->picture_bytes)
    dlc_print(out, ", \"picture_bytes\": %llu",
              (unsigned long long)model->picture_bytes);
  if (model->device)
    json_device(out, model);
  json_specialisations(
      out, model, times ? times->specialisation : &model->specialisations[0]);
  if (times)
    json_times(out, times);
  dlc_print(out, "}\n");
}
