/*===- Npy.h - Reading and writing .npy files ---------------------*- C -*-===*\
|*
|* NumPy's array files, versions 1.0 to 3.0: a magic, a Python dictionary as
|* text and the raw elements. Nothing in a file is trusted: every length is
|* checked against the file and against the tensor that the model expects.
|*
\*===----------------------------------------------------------------------===*/

#ifndef DLC_RUNTIME_COMMON_NPY_H
#define DLC_RUNTIME_COMMON_NPY_H

#include "Tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

#define DLC_NPY_MAX_RANK 64
/** Longest header that is accepted. NumPy's are about 100 bytes. */
#define DLC_NPY_MAX_HEADER 16384

typedef struct dlc_npy_header {
  char descr[32]; /* "<f4" */
  int fortran_order;
  uint32_t rank;
  int64_t shape[DLC_NPY_MAX_RANK];
} dlc_npy_header;

/** Parses the dictionary. `text` needs no final zero. */
int dlc_npy_parse_header(const char *text, size_t size, dlc_npy_header *header,
                         dlc_error *error);

/** Reads up to the data, which begins at `offset`. */
int dlc_npy_read_header(int fd, dlc_npy_header *header, uint64_t *offset,
                        dlc_error *error);

/** Says what a file with this header is to be read as, all of the type that was
 * asked for; NULL, with the reason in `error`, if it is not wanted. */
typedef const dlc_tensor_info *(*dlc_npy_pick)(void *context,
                                               const dlc_npy_header *header,
                                               dlc_error *error);

/** Reads a file that may have several shapes into `data`, which has room for
 * all that `pick` gives. Names and the type are those of `any`. */
int dlc_npy_read_any(const char *path, const dlc_tensor_info *any,
                     dlc_npy_pick pick, void *context, void *data,
                     dlc_error *error);

/** Reads the file into `data` (tensor->bytes of it). Arrays in Fortran order
 * and big-endian ones are converted. Where it fails, `data` holds anything. */
int dlc_npy_read(const char *path, const dlc_tensor_info *tensor, void *data,
                 dlc_error *error);

/** Writes a whole file to the descriptor. Returns 0 or an errno. */
int dlc_npy_write(int fd, const dlc_tensor_info *tensor, const void *data);

#ifdef __cplusplus
}
#endif

#endif /* DLC_RUNTIME_COMMON_NPY_H */
