/*===- Report.c - What --info and --benchmark print -----------------------===*/

#include "Report.h"

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

void dlc_summarise(uint64_t *nanoseconds, uint64_t count, dlc_times *times) {
  sort(nanoseconds, count);
  times->runs = count;
  times->min_ms = times->median_ms = times->p99_ms = 0;
  if (count == 0)
    return;
  times->min_ms = (double)nanoseconds[0] / 1e6;
  uint64_t lower = (count - 1) / 2, upper = count / 2;
  times->median_ms =
      ((double)nanoseconds[lower] + (double)nanoseconds[upper]) / 2e6;
  uint64_t rank = (count * 99 + 99) / 100; /* nearest rank */
  times->p99_ms = (double)nanoseconds[rank - 1] / 1e6;
}

static void print_tensors(dlc_out *out, const char *title,
                          const dlc_tensor_info *tensors, uint32_t count) {
  for (uint32_t i = 0; i < count; ++i) {
    const dlc_dtype_info *dtype = dlc_dtype_lookup(tensors[i].dtype);
    dlc_print(out, "%-14s %s: %s ", i ? "" : title, tensors[i].name,
              dtype ? dtype->name : "?");
    dlc_print_shape(out, tensors[i].shape, tensors[i].rank);
    dlc_print(out, "\n");
  }
}

static void print_memory(dlc_out *out, const char *title, uint64_t bytes,
                         const char *end) {
  dlc_print(out, "%-14s %llu (", title, (unsigned long long)bytes);
  dlc_print_bytes(out, bytes);
  dlc_print(out, ")%s", end);
}

static uint64_t tensor_bytes(const dlc_model *model) {
  uint64_t bytes = 0;
  for (uint32_t i = 0; i < model->num_inputs; ++i)
    bytes += model->inputs[i].bytes;
  for (uint32_t i = 0; i < model->num_outputs; ++i)
    bytes += model->outputs[i].bytes;
  return bytes;
}

static void print_target(dlc_out *out, const dlc_model *model,
                         const char *cpu) {
  dlc_print(out, "%s %s", model->target, cpu);
}

void dlc_report_text(dlc_out *out, const dlc_model *model, const char *cpu,
                     const char *lacking, int info, const dlc_times *times) {
  if (info) {
    dlc_print(out, "%-14s %s\n", "model", model->name);
    print_tensors(out, "inputs", model->inputs, model->num_inputs);
    print_tensors(out, "outputs", model->outputs, model->num_outputs);
    print_memory(out, "weights bytes", model->weights_bytes, "\n");
    print_memory(out, "arena bytes", model->arena_bytes, "");
    if (model->lower_bound)
      dlc_print(out, ", %.3f x the lower bound of %llu",
                (double)model->arena_bytes / (double)model->lower_bound,
                (unsigned long long)model->lower_bound);
    dlc_print(out, "\n%-14s ", "target");
    print_target(out, model, cpu);
    if (lacking)
      dlc_print(out, " (this CPU lacks %s)", lacking);
    dlc_print(out, "\n%-14s ", "CPU features");
    for (uint64_t i = 0; i < model->num_variants; ++i)
      dlc_print(out, "%s%s", i ? "; " : "", model->variants[i].cpu_features);
    dlc_print(out, "\n%-14s %s\n", "build id", model->build_id);
    dlc_print(out, "%-14s %s, ABI %u\n", "compiler", model->compiler,
              model->abi_version);
  }
  if (times) {
    dlc_print(out,
              "%-14s min %.3f ms, median %.3f ms, p99 %.3f ms (%llu runs, "
              "%d thread%s; first run %.3f ms)\n",
              "latency", times->min_ms, times->median_ms, times->p99_ms,
              (unsigned long long)times->runs, times->threads,
              times->threads == 1 ? "" : "s", times->first_ms);
    uint64_t tensors = tensor_bytes(model);
    dlc_print(out, "%-14s ", "memory");
    dlc_print(out, "planned ");
    dlc_print_bytes(out, model->weights_bytes + model->arena_bytes + tensors);
    dlc_print(out, " (weights ");
    dlc_print_bytes(out, model->weights_bytes);
    dlc_print(out, ", arena ");
    dlc_print_bytes(out, model->arena_bytes);
    dlc_print(out, ", inputs and outputs ");
    dlc_print_bytes(out, tensors);
    dlc_print(out, "), measured peak ");
    dlc_print_bytes(out, times->peak_bytes);
    dlc_print(out, "\n");
  }
}

static void json_tensors(dlc_out *out, const char *key,
                         const dlc_tensor_info *tensors, uint32_t count) {
  dlc_print(out, ", \"%s\": [", key);
  for (uint32_t i = 0; i < count; ++i) {
    const dlc_dtype_info *dtype = dlc_dtype_lookup(tensors[i].dtype);
    dlc_print(out, "%s{\"name\": ", i ? ", " : "");
    dlc_print_json_string(out, tensors[i].name);
    dlc_print(out, ", \"dtype\": \"%s\", \"numpy\": \"%s\", \"shape\": [",
              dtype ? dtype->name : "?", dtype ? dtype->numpy : "?");
    for (uint32_t d = 0; d < tensors[i].rank; ++d)
      dlc_print(out, d ? ", %lld" : "%lld", (long long)tensors[i].shape[d]);
    dlc_print(out, "], \"bytes\": %llu}", (unsigned long long)tensors[i].bytes);
  }
  dlc_print(out, "]");
}

void dlc_report_json(dlc_out *out, const dlc_model *model, const char *cpu,
                     const dlc_times *times) {
  dlc_print(out, "{\"model\": ");
  dlc_print_json_string(out, model->name);
  dlc_print(out, ", \"target\": \"");
  print_target(out, model, cpu);
  dlc_print(out, "\", \"build_id\": \"%s\", \"compiler\": ", model->build_id);
  dlc_print_json_string(out, model->compiler);
  dlc_print(out,
            ", \"weights_bytes\": %llu, \"arena_bytes\": %llu, "
            "\"lower_bound\": %llu",
            (unsigned long long)model->weights_bytes,
            (unsigned long long)model->arena_bytes,
            (unsigned long long)model->lower_bound);
  json_tensors(out, "inputs", model->inputs, model->num_inputs);
  json_tensors(out, "outputs", model->outputs, model->num_outputs);
  if (times)
    dlc_print(out,
              ", \"min_ms\": %.6f, \"median_ms\": %.6f, \"p99_ms\": %.6f, "
              "\"first_ms\": %.6f, \"runs\": %llu, \"threads\": %d, "
              "\"peak_bytes\": %llu",
              times->min_ms, times->median_ms, times->p99_ms, times->first_ms,
              (unsigned long long)times->runs, times->threads,
              (unsigned long long)times->peak_bytes);
  dlc_print(out, "}\n");
}
