/*===- Report.h - What --info and --benchmark print ---------------*- C -*-===*/

#ifndef DLC_RUNTIME_COMMON_REPORT_H
#define DLC_RUNTIME_COMMON_REPORT_H

#include "Tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Most runs of which --benchmark keeps the times. */
#define DLC_MAX_RUNS (1 << 17)

typedef struct dlc_latency {
  double min_ms, median_ms, p99_ms;
} dlc_latency;

typedef struct dlc_times {
  const dlc_specialisation *specialisation; /* what ran */
  uint64_t runs;
  dlc_latency run;     /* from inputs to outputs in the host's memory */
  double first_ms;     /* the first run, with cold caches and untouched pages */
  uint64_t peak_bytes; /* largest resident size of the process */
  int threads;
  /* On a GPU only: */
  dlc_latency device;      /* without the copies */
  uint64_t device_bytes;   /* what the program took of the device's memory */
  const char *device_name; /* NULL on the host */
} dlc_times;

/** Computes min, median and 99th percentile of nanoseconds; sorts them. */
void dlc_summarise(uint64_t *nanoseconds, uint64_t count, dlc_latency *latency);

/** `times` is NULL unless measured; `lacking` is the first feature that this
 * CPU lacks, or NULL; `variant` the name of the code that runs, or NULL. */
void dlc_report_text(dlc_out *out, const dlc_model *model, const char *variant,
                     const char *lacking, int info, const dlc_times *times);
void dlc_report_json(dlc_out *out, const dlc_model *model, const char *variant,
                     const dlc_times *times);

#ifdef __cplusplus
}
#endif

#endif /* DLC_RUNTIME_COMMON_REPORT_H */
