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

#define DLC_ABI_VERSION 3u

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

/** What a tensor of a program is. */
enum dlc_role {
  DLC_ROLE_MODEL = 0, /* an input or output of the model */
  /* The last one of its list, no input or output of the model, holds the
   * extents of others (DLC_DTYPE_I64, one dimension). As an input it must be
   * right, as an output the program writes it. */
  DLC_ROLE_EXTENTS = 1,
  /* The first input that is none of the model's, two elements of DLC_DTYPE_I64:
   * the model has random numbers, which are a function of them. The first one
   * is a seed, of which the low 32 bits count, the second one the number of
   * the run: each number gives other ones. */
  DLC_ROLE_RANDOM = 2
};

/** One input or output. Memory is row-major and contiguous. */
typedef struct dlc_tensor_info {
  const char *name; /* as in the model, UTF-8, not sanitised */
  uint32_t dtype;   /* enum dlc_dtype */
  uint32_t rank;
  const int64_t *shape; /* rank extents, 0 is allowed; NULL if rank is 0 */
  uint64_t bytes;       /* of the whole tensor */
  /* NULL, or one number a dimension: -1 where the extent is that of `shape`,
   * else which element of the list's extents holds it: `shape` is then the
   * largest that it can be. What counts of the tensor is the beginning of each
   * dimension; the rest of its memory means nothing. */
  const int32_t *extents;
  uint32_t role; /* enum dlc_role */
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

/** Where a byte of device memory lies. */
enum dlc_space {
  DLC_SPACE_WEIGHTS = 0,
  DLC_SPACE_ARENA = 1,
  DLC_SPACE_INPUT = 2,
  DLC_SPACE_OUTPUT = 3
};

typedef struct dlc_device_address {
  uint32_t space;  /* enum dlc_space */
  uint32_t index;  /* which input or output */
  uint64_t offset; /* bytes from the beginning of the space or tensor */
} dlc_device_address;

/** One thing that a device does: a launch of a kernel, or a copy. */
typedef struct dlc_device_step {
  int32_t kernel;        /* index into the kernels, -1 for a copy */
  uint32_t shared_bytes; /* dynamic shared memory of a block */
  uint32_t grid[3];      /* blocks */
  uint32_t block[3];     /* threads of a block */
  /* A launch passes the addresses to the kernel, one pointer each; a copy moves
   * copy_bytes from the second to the first. */
  const dlc_device_address *args;
  uint64_t num_args;
  uint64_t copy_bytes;
  /* The steps, all of them earlier, that must be done before this one begins:
   * those that touch the same memory. Others may run at the same time. */
  const uint32_t *after;
  uint64_t num_after;
} dlc_device_step;

/** A kernel of the image. */
typedef struct dlc_device_kernel {
  const char *name;
  uint64_t shared_bytes; /* largest dynamic shared memory of its launches */
} dlc_device_kernel;

/** Machine code or PTX of the image, and which devices can run it. */
typedef struct dlc_device_arch {
  const char *name; /* "sm_90", "compute_80" */
  /* Compute capabilities, 10 * major + minor, both ends inclusive. */
  uint32_t first, last;
} dlc_device_arch;

/** The part of a model that runs on a GPU. The steps may run in order. */
typedef struct dlc_device_program {
  const void *image; /* what cuModuleLoadData takes */
  uint64_t image_bytes;
  const void *weights; /* weights_bytes of the model; NULL if that is 0 */
  const dlc_device_arch *archs;
  uint64_t num_archs;
  const dlc_device_kernel *kernels;
  uint64_t num_kernels;
  const dlc_device_step *steps;
  uint64_t num_steps;
} dlc_device_program;

/** Alignment of everything in device memory. */
#define DLC_DEVICE_ALIGNMENT 256u

/** One of the combinations of shapes that a model was compiled for. */
typedef struct dlc_specialisation {
  const char *dims; /* "batch=1,seq=16"; "" if there is only one */
  /* As many as the model has, with names and types as there. */
  const dlc_tensor_info *inputs;
  const dlc_tensor_info *outputs;
  uint64_t arena_bytes; /* enough for every variant */
  /** One for each variant of the model; NULL for target cuda. */
  const dlc_entry_fn *entries;
  /** For target cuda; they run in order. */
  const dlc_device_step *steps;
  uint64_t num_steps;
  /** Of a program made with --io=arena: where each input is to be put into the
   * arena before a run, every time, since its memory is used again, and where
   * each output is then (bytes). Entries then use neither inputs nor outputs of
   * the caller's, which may be NULL. Else NULL both. */
  const uint64_t *input_offsets, *output_offsets;
} dlc_specialisation;

/** What one launch of a kernel does, for those who measure it. */
typedef struct dlc_launch {
  const char *name;   /* the nodes of the model that it computes; may be "" */
  const char *kernel; /* several launches may be of the same kernel */
  const char *shapes; /* "f32[8,64], f32[64] -> f32[8,64]" */
  /** Floating-point operations; a fused multiply-add is two. */
  uint64_t flops;
  /** Bytes that it has to read and write, each byte counted once. */
  uint64_t bytes_read, bytes_written;
  /** For target cuda: its steps, one after the other; else 0 both. */
  uint64_t first_step, num_steps;
} dlc_launch;

/** The launches of one graph function in their order: on the host the calls of
 * dlc_parallel.run that the entry makes. */
typedef struct dlc_launch_list {
  const dlc_launch *launches;
  uint64_t num_launches;
} dlc_launch_list;

/** What an input has to hold: the model was compiled for these values. */
typedef struct dlc_requirement {
  uint32_t input; /* its number */
  /* 0: it has to be `least`, byte for byte. 1: its elements are integers from
   * those of `least` to those of `most`. */
  uint32_t is_range;
  const void *least, *most; /* as many bytes as the input has; equal for 0 */
} dlc_requirement;

/** What the channels of a pixel are, one byte each. */
enum dlc_pixels {
  DLC_PIXELS_RGB = 1,
  DLC_PIXELS_BGR = 2,
  DLC_PIXELS_GREY = 3 /* one channel */
};

/** An input (u8[height, width, channels]) that is an encoded picture in the
 * model. Executables decode it; who calls a library passes pixels. */
typedef struct dlc_picture_input {
  uint32_t input; /* its number */
  uint32_t order; /* enum dlc_pixels */
} dlc_picture_input;

/** What a run finds out of its inputs: two elements of the outputs' extents
 * that have to be the same number. Where they are not, the outputs mean
 * nothing. */
typedef struct dlc_check {
  const char *what; /* what the first one is, for messages */
  uint32_t found, expected;
} dlc_check;

/** What `dlc_model_descriptor` is. Where there are several specialisations,
 * shapes, entries and steps that stand outside of them are those of the first.
 */
typedef struct dlc_model {
  uint32_t abi_version; /* DLC_ABI_VERSION of the compiler */
  uint32_t struct_size; /* sizeof(dlc_model) of the compiler */
  const char *name;     /* of the model, for messages */
  const char *target;   /* "host" or "cuda" */
  const char *build_id; /* hexadecimal hash of everything that was compiled */
  const char *compiler; /* "dlc 0.1.0" */
  const dlc_tensor_info *inputs;
  const dlc_tensor_info *outputs;
  uint32_t num_inputs;
  uint32_t num_outputs;
  uint64_t arena_bytes;     /* enough for all specialisations and variants */
  uint64_t arena_alignment; /* a power of two */
  uint64_t lower_bound;     /* largest sum of bytes alive at once */
  uint64_t weights_bytes;
  /** Best first: the first one whose features the CPU has is used. */
  const dlc_variant *variants;
  uint64_t num_variants;
  /** For target cuda, which has no variants; else NULL. */
  const dlc_device_program *device;
  /** At least one; no two have the same shapes of all inputs. They share the
   * weights, and the arena, since one runs at a time. */
  const dlc_specialisation *specialisations;
  uint64_t num_specialisations;
  /** Of each specialisation for the first variant (or for cuda), then of each
   * for the second one, … */
  const dlc_launch_list *launch_lists;
  /** Inputs whose values are not free. All specialisations have the same. */
  const dlc_requirement *requirements;
  uint64_t num_requirements;
  /** All specialisations have the same. */
  const dlc_check *checks;
  uint64_t num_checks;
  /** All specialisations have the same. */
  const dlc_picture_input *pictures;
  uint64_t num_pictures;
  /** Of executables that have pictures: how they are decoded, and in which part
   * of dlc_tensors (bytes). */
  const struct dlc_picture_decoder *decoder;
  uint64_t picture_offset, picture_bytes;
} dlc_model;

/** Results of the functions of a compiled library. */
enum dlc_status {
  DLC_OK = 0,
  DLC_ERROR_ABI = 1,       /* header and library do not belong together */
  DLC_ERROR_CPU = 2,       /* this CPU lacks a feature the code needs */
  DLC_ERROR_NULL = 3,      /* a pointer is NULL */
  DLC_ERROR_ALIGNMENT = 4, /* a pointer is not aligned as required */
  DLC_ERROR_DEVICE = 5,    /* what the GPU's driver said, see <model>_message */
  DLC_ERROR_SHAPE = 6,     /* there is no such specialisation */
  DLC_ERROR_VALUE =
      7, /* inputs are not what a dlc_requirement or dlc_check says */
};

/*
 * What an executable for the host consists of besides the runtime; one for
 * cuda has the first and the last:
 *   extern const dlc_model dlc_model_descriptor;
 *   extern const unsigned char dlc_weights[]; read-only, page-aligned
 *   extern unsigned char dlc_arena[];         .bss, page-aligned
 *   extern unsigned char dlc_tensors[];       .bss: inputs, then outputs,
 *                                             each aligned to 64 bytes (cuda:
 *                                             to DLC_DEVICE_ALIGNMENT), and
 *                                             room for those of the largest
 *                                             specialisation; behind them
 *                                             what decoding pictures takes
 */

#ifdef __cplusplus
}
#endif

#endif /* DLC_RUNTIME_DLC_ABI_H */
