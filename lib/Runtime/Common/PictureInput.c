/*===- PictureInput.c - Inputs that are encoded pictures ------------------===*/

#include "PictureInput.h"

#include "../Pictures/Pictures.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

const dlc_picture_input *dlc_find_picture(const dlc_model *model,
                                          uint32_t input) {
  for (uint64_t i = 0; i < model->num_pictures; ++i)
    if (model->pictures[i].input == input)
      return &model->pictures[i];
  return NULL;
}

const char *dlc_pixels_name(uint32_t order) {
  return order == DLC_PIXELS_RGB   ? "RGB"
         : order == DLC_PIXELS_BGR ? "BGR"
                                   : "Grayscale";
}

/* Gives back the pages in [begin, begin + bytes): nobody reads them any more.
 */
static void release(unsigned char *begin, uint64_t bytes) {
  uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
  uintptr_t first = ((uintptr_t)begin + page - 1) / page * page;
  uintptr_t end = ((uintptr_t)begin + bytes) / page * page;
  if (first < end)
    (void)madvise((void *)first, end - first, MADV_DONTNEED);
}

static int decode(const dlc_model *model, const dlc_picture_input *input,
                  dlc_picture *picture, dlc_npy_pick pick, void *context,
                  void *data, dlc_error *error) {
  const dlc_picture_decoder *decoder = model->decoder;
  if (decoder->measure(picture, error))
    return -1;
  dlc_npy_header header = {.rank = 3};
  header.shape[0] = picture->height;
  header.shape[1] = picture->width;
  header.shape[2] = input->order == DLC_PIXELS_GREY ? 1 : 3;
  return pick(context, &header, error)
             ? decoder->decode(picture, input->order, data, error)
             : -1;
}

/* Where the picture's bytes begin in a file of `size` bytes; -1 if it is an
 * .npy file of pixels. */
static int find_bytes(int fd, uint64_t size, int64_t *begin, dlc_error *error) {
  char magic[6];
  *begin = 0;
  if (pread(fd, magic, sizeof(magic), 0) != sizeof(magic) ||
      memcmp(magic, "\x93NUMPY", sizeof(magic)) != 0)
    return 0;
  dlc_npy_header header;
  uint64_t offset;
  if (dlc_npy_read_header(fd, &header, &offset, error))
    return -1;
  if (header.rank != 1) {
    *begin = -1;
    return 0;
  }
  if (strcmp(header.descr + (header.descr[0] != '\0'), "u1") != 0)
    return dlc_fail(error,
                    "it holds '%s', but the bytes of a picture are '|u1'",
                    header.descr);
  if (offset > size || (uint64_t)header.shape[0] != size - offset)
    return dlc_fail(error, "it has %llu bytes of data, but %lld are needed",
                    (unsigned long long)(size < offset ? 0 : size - offset),
                    (long long)header.shape[0]);
  *begin = (int64_t)offset;
  return 0;
}

/* Returns 1 for an .npy file of pixels. */
static int read_open(int fd, const dlc_model *model,
                     const dlc_picture_input *input, unsigned char *memory,
                     dlc_npy_pick pick, void *context, void *data,
                     dlc_error *error) {
  struct stat status;
  if (fstat(fd, &status) != 0)
    return dlc_fail(error, "%s", strerror(errno));
  if (!S_ISREG(status.st_mode))
    return dlc_fail(error, "it is no regular file");
  uint64_t size = (uint64_t)status.st_size;
  if (!size)
    return dlc_fail(error, "it is empty");
  int64_t begin;
  if (find_bytes(fd, size, &begin, error))
    return -1;
  if (begin < 0)
    return 1;
  /* No buffer of our own: how large a file is nobody knows before. */
  unsigned char *bytes = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
  if (bytes == MAP_FAILED)
    return dlc_fail(error, "it cannot be mapped: %s", strerror(errno));
  dlc_picture picture = {.bytes = bytes + begin,
                         .num_bytes = size - (uint64_t)begin,
                         .memory = memory,
                         .memory_bytes = model->picture_bytes};
  int result = decode(model, input, &picture, pick, context, data, error);
  munmap(bytes, size);
  release(memory, model->picture_bytes);
  return result;
}

int dlc_read_picture(const char *path, const dlc_model *model,
                     const dlc_picture_input *input, unsigned char *memory,
                     dlc_npy_pick pick, void *context, void *data,
                     dlc_error *error) {
  const dlc_tensor_info *any = &model->inputs[input->input];
  dlc_error reason;
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0)
    return dlc_fail(error, "%.400s: cannot open: %s", path, strerror(errno));
  int result =
      read_open(fd, model, input, memory, pick, context, data, &reason);
  close(fd);
  if (result > 0)
    return dlc_npy_read_any(path, any, pick, context, data, error);
  if (result)
    return dlc_fail(error, "%.400s: cannot be input '%.200s': %s", path,
                    any->name, reason.text);
  return 0;
}
