/*===- dlc_abi.h - Between compiled models and the runtime --------*- C -*-===*\
|*
|* The C interface between the code that dlc generates (`dlc_model_descriptor`
|* and what it points to) and those who run it: the runtime that dlc links into
|* executables, and the callers of libraries made with --emit=lib.
|*
|* Rules for changing it: fields are only ever appended and then `struct_size`
|* tells; anything else increments DLC_ABI_VERSION. Plain C11, fixed-width
|* types, no bit fields, so that the compiler can emit it as constants.
|*
\*===----------------------------------------------------------------------===*/

#ifndef DLC_RUNTIME_DLC_ABI_H
#define DLC_RUNTIME_DLC_ABI_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define DLC_ABI_VERSION 1u

/** Element types. The codes are part of the ABI. */
enum dlc_dtype {
  DLC_DTYPE_BOOL = 1, /* one byte, 0 or 1 */
  DLC_DTYPE_I8 = 2,
  DLC_DTYPE_I16 = 3,
  DLC_DTYPE_I32 = 4,
  DLC_DTYPE_I64 = 5,
  DLC_DTYPE_U8 = 6,
  DLC_DTYPE_U16 = 7,
  DLC_DTYPE_U32 = 8,
  DLC_DTYPE_U64 = 9,
  DLC_DTYPE_F16 = 10,
  DLC_DTYPE_BF16 = 11,
  DLC_DTYPE_F32 = 12,
  DLC_DTYPE_F64 = 13,
  /* One element a byte in files and in memory, see dlc_dtype_numpy. */
  DLC_DTYPE_F8E4M3FN = 14,
  DLC_DTYPE_F8E4M3FNUZ = 15,
  DLC_DTYPE_F8E5M2 = 16,
  DLC_DTYPE_F8E5M2FNUZ = 17,
  DLC_DTYPE_F8E8M0FNU = 18,
  DLC_DTYPE_I4 = 19,
  DLC_DTYPE_U4 = 20,
  DLC_DTYPE_I2 = 21,
  DLC_DTYPE_U2 = 22,
  DLC_DTYPE_F4E2M1FN = 23
};

/** One input or output. Memory is row-major and contiguous. */
typedef struct dlc_tensor_info {
  const char *name; /* as in the model, UTF-8, not sanitised */
  uint32_t dtype;   /* enum dlc_dtype */
  uint32_t rank;
  const int64_t *shape; /* rank extents, 0 is allowed; NULL if rank is 0 */
  uint64_t bytes;       /* of the whole tensor */
} dlc_tensor_info;

/** Runs work items [begin, end) of one kernel. */
typedef void (*dlc_kernel_fn)(void *const *args, int64_t begin, int64_t end);

/**
 * How an entry spreads the work items of one kernel. `run` returns when all of
 * [0, items) are done; how they are split must not matter to the results.
 */
typedef struct dlc_parallel {
  void (*run)(void *context, dlc_kernel_fn kernel, void *const *args,
              int64_t items);
  void *context;
} dlc_parallel;

/**
 * One inference. `inputs` and `outputs` have one pointer a tensor, in the order
 * of the descriptor, aligned to DLC_TENSOR_ALIGNMENT; `arena` has arena_bytes
 * aligned to arena_alignment, its contents before and after mean nothing.
 * `parallel` may be NULL: then all work is done by the caller's thread.
 * Returns 0. Keeps no state: may run at the same time on different arenas.
 */
typedef int32_t (*dlc_entry_fn)(void *const *inputs, void *const *outputs,
                                void *arena, const dlc_parallel *parallel);

/** Alignment of the caller's tensors that generated code may rely on. */
#define DLC_TENSOR_ALIGNMENT 64u

/** Machine code for one kind of CPU. */
typedef struct dlc_variant {
  const char *cpu; /* LLVM's name, for example "x86-64-v3" */
  /** Names from dlc_cpu_features.def that the code needs, separated by ','. */
  const char *cpu_features;
  dlc_entry_fn entry;
} dlc_variant;

/** What `dlc_model_descriptor` is. */
typedef struct dlc_model {
  uint32_t abi_version; /* DLC_ABI_VERSION of the compiler */
  uint32_t struct_size; /* sizeof(dlc_model) of the compiler */
  const char *name;     /* of the model, for messages */
  const char *target;   /* "host" */
  const char *build_id; /* hexadecimal hash of everything that was compiled */
  const char *compiler; /* "dlc 0.1.0" */
  const dlc_tensor_info *inputs;
  const dlc_tensor_info *outputs;
  uint32_t num_inputs;
  uint32_t num_outputs;
  uint64_t arena_bytes;     /* enough for every variant */
  uint64_t arena_alignment; /* a power of two */
  uint64_t lower_bound;     /* largest sum of bytes alive at once */
  uint64_t weights_bytes;
  /** Best first: the first one whose features the CPU has is used. */
  const dlc_variant *variants;
  uint64_t num_variants;
} dlc_model;

/** Results of the functions of a compiled library. */
enum dlc_status {
  DLC_OK = 0,
  DLC_ERROR_ABI = 1,       /* header and library do not belong together */
  DLC_ERROR_CPU = 2,       /* this CPU lacks a feature the code needs */
  DLC_ERROR_NULL = 3,      /* a pointer is NULL */
  DLC_ERROR_ALIGNMENT = 4, /* a pointer is not aligned as required */
};

/*
 * What an executable consists of besides the runtime:
 *   extern const dlc_model dlc_model_descriptor;
 *   extern const unsigned char dlc_weights[]; read-only, page-aligned
 *   extern unsigned char dlc_arena[];         .bss, page-aligned
 *   extern unsigned char dlc_tensors[];       .bss: inputs, then outputs,
 *                                             each aligned to 64 bytes
 */

#ifdef __cplusplus
}
#endif

#endif /* DLC_RUNTIME_DLC_ABI_H */
