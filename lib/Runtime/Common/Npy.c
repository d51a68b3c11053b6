/*===- Npy.c - Reading and writing .npy files -----------------------------===*/

#include "Npy.h"

#include "Find.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/*===----------------------------------------------------------------------===*\
|* The header
\*===----------------------------------------------------------------------===*/

typedef struct cursor {
  const char *at, *end;
} cursor;

static void skip_space(cursor *c) {
  while (c->at < c->end &&
         (*c->at == ' ' || *c->at == '\t' || *c->at == '\n' || *c->at == '\r'))
    ++c->at;
}

static int take(cursor *c, char expected) {
  skip_space(c);
  if (c->at == c->end || *c->at != expected)
    return 0;
  ++c->at;
  return 1;
}

static int take_word(cursor *c, const char *word) {
  skip_space(c);
  size_t size = strlen(word);
  if ((size_t)(c->end - c->at) < size || memcmp(c->at, word, size) != 0)
    return 0;
  c->at += size;
  return 1;
}

/* A Python string without escapes, which is all that NumPy writes here. */
static int take_string(cursor *c, char *text, size_t capacity) {
  skip_space(c);
  if (c->at == c->end || (*c->at != '\'' && *c->at != '"'))
    return 0;
  char quote = *c->at++;
  size_t size = 0;
  while (c->at < c->end && *c->at != quote) {
    if (*c->at == '\\' || *c->at == '\0' || size + 1 >= capacity)
      return 0;
    text[size++] = *c->at++;
  }
  if (c->at == c->end)
    return 0;
  ++c->at;
  text[size] = '\0';
  return 1;
}

static int take_int(cursor *c, int64_t *value) {
  skip_space(c);
  const char *first = c->at;
  int64_t result = 0;
  for (; c->at < c->end && *c->at >= '0' && *c->at <= '9'; ++c->at)
    if (__builtin_mul_overflow(result, (int64_t)10, &result) ||
        __builtin_add_overflow(result, (int64_t)(*c->at - '0'), &result))
      return 0;
  if (c->at == first)
    return 0;
  if (c->at < c->end && *c->at == 'L') /* written by Python 2 */
    ++c->at;
  *value = result;
  return 1;
}

static int take_shape(cursor *c, dlc_npy_header *header) {
  if (!take(c, '('))
    return 0;
  header->rank = 0;
  int comma = 0;
  while (!take(c, ')')) {
    if ((header->rank > 0 && !comma) || header->rank == DLC_NPY_MAX_RANK ||
        !take_int(c, &header->shape[header->rank]))
      return 0;
    ++header->rank;
    comma = take(c, ',');
  }
  /* "(3)" is a number in Python, a tuple needs the comma */
  return header->rank != 1 || comma;
}

int dlc_npy_parse_header(const char *text, size_t size, dlc_npy_header *header,
                         dlc_error *error) {
  cursor c = {text, text + size};
  enum { DESCR = 1, ORDER = 2, SHAPE = 4 };
  unsigned seen = 0;
  if (!take(&c, '{'))
    return dlc_fail(error, "its header is not a Python dictionary");
  while (!take(&c, '}')) {
    char key[32];
    unsigned field;
    if (!take_string(&c, key, sizeof(key)) || !take(&c, ':'))
      return dlc_fail(error, "its header is not a Python dictionary with the "
                             "keys descr, fortran_order and shape");
    if (strcmp(key, "descr") == 0) {
      field = DESCR;
      skip_space(&c);
      if (c.at < c.end && *c.at == '[')
        return dlc_fail(error, "it holds records (a structured dtype), not a "
                               "plain array");
      if (!take_string(&c, header->descr, sizeof(header->descr)))
        return dlc_fail(error, "its header has an invalid 'descr'");
    } else if (strcmp(key, "fortran_order") == 0) {
      field = ORDER;
      if (take_word(&c, "True"))
        header->fortran_order = 1;
      else if (take_word(&c, "False"))
        header->fortran_order = 0;
      else
        return dlc_fail(error, "its header has an invalid 'fortran_order'");
    } else if (strcmp(key, "shape") == 0) {
      field = SHAPE;
      if (!take_shape(&c, header))
        return dlc_fail(error, "its header has an invalid 'shape'");
    } else {
      return dlc_fail(error, "its header has the unknown key '%s'", key);
    }
    if (seen & field)
      return dlc_fail(error, "its header has the key '%s' twice", key);
    seen |= field;
    if (!take(&c, ',')) {
      if (!take(&c, '}'))
        return dlc_fail(error, "its header is not closed by '}'");
      break;
    }
  }
  skip_space(&c);
  if (c.at != c.end)
    return dlc_fail(error, "its header has text after the closing '}'");
  if (seen != (DESCR | ORDER | SHAPE))
    return dlc_fail(error, "its header lacks '%s'",
                    !(seen & DESCR)   ? "descr"
                    : !(seen & ORDER) ? "fortran_order"
                                      : "shape");
  return 0;
}

/*===----------------------------------------------------------------------===*\
|* Reading
\*===----------------------------------------------------------------------===*/

/* Reads exactly `size` bytes. Returns 0, an errno, or -1 at the file's end. */
static int read_all(int fd, void *data, size_t size) {
  char *bytes = data;
  while (size) {
    ssize_t done = read(fd, bytes, size < (1u << 30) ? size : (1u << 30));
    if (done < 0) {
      if (errno == EINTR)
        continue;
      return errno;
    }
    if (done == 0)
      return -1;
    bytes += done;
    size -= (size_t)done;
  }
  return 0;
}

/* Compares the type of a file with the wanted one ("<f4"). Sets *swap where the
 * bytes are in the other order. */
static int same_type(const char *have, const char *want, int *swap) {
  if (strcmp(have + (*have != '\0'), want + 1) != 0)
    return 0;
  *swap = 0;
  if (want[0] == '|') /* single bytes have no order, whatever the mark says */
    return strchr("|<>=", have[0]) != NULL;
  *swap = have[0] == '>';
  return have[0] == '<' || have[0] == '>';
}

static void swap_bytes(unsigned char *data, uint64_t bytes, uint32_t size) {
  for (uint64_t at = 0; at < bytes; at += size)
    for (uint32_t i = 0; i < size / 2; ++i) {
      unsigned char byte = data[at + i];
      data[at + i] = data[at + size - 1 - i];
      data[at + size - 1 - i] = byte;
    }
}

/* Reads elements that are stored with the first index fastest. */
static int read_fortran(int fd, const dlc_tensor_info *tensor, uint32_t size,
                        unsigned char *data) {
  int64_t index[DLC_NPY_MAX_RANK] = {0};
  uint64_t stride[DLC_NPY_MAX_RANK];
  uint64_t step = size, count = tensor->bytes / size, target = 0;
  for (uint32_t i = tensor->rank; i-- > 0;) {
    stride[i] = step;
    step *= (uint64_t)tensor->shape[i];
  }
  unsigned char block[4096];
  while (count) {
    uint64_t part = count < sizeof(block) / size ? count : sizeof(block) / size;
    int result = read_all(fd, block, part * size);
    if (result)
      return result;
    for (uint64_t i = 0; i < part; ++i) {
      memcpy(data + target, block + i * size, size);
      for (uint32_t d = 0; d < tensor->rank; ++d) {
        target += stride[d];
        if (++index[d] < tensor->shape[d])
          break;
        target -= stride[d] * (uint64_t)index[d];
        index[d] = 0;
      }
    }
    count -= part;
  }
  return 0;
}

static int check_values(const dlc_dtype_info *dtype, const unsigned char *data,
                        uint64_t bytes, dlc_error *error) {
  if (dtype->max == 0)
    return 0;
  for (uint64_t i = 0; i < bytes; ++i) {
    int value = dtype->min < 0 ? (int)(signed char)data[i] : (int)data[i];
    if (value < dtype->min || value > dtype->max)
      return dlc_fail(error, "element %llu is %d, which is no %s",
                      (unsigned long long)i, value, dtype->name);
  }
  return 0;
}

int dlc_npy_read_header(int fd, dlc_npy_header *header, uint64_t *offset,
                        dlc_error *error) {
  unsigned char prefix[12];
  int result = read_all(fd, prefix, 10);
  if (result > 0)
    return dlc_fail(error, "%s", strerror(result));
  if (result || memcmp(prefix, "\x93NUMPY", 6) != 0)
    return dlc_fail(error, "it is no .npy file");
  if (prefix[6] < 1 || prefix[6] > 3)
    return dlc_fail(error, "its .npy version %d.%d is unknown", prefix[6],
                    prefix[7]);
  uint32_t size = prefix[8] | (uint32_t)prefix[9] << 8;
  *offset = 10;
  if (prefix[6] >= 2) {
    if (read_all(fd, prefix + 10, 2))
      return dlc_fail(error, "it ends within its header");
    size |= (uint32_t)prefix[10] << 16 | (uint32_t)prefix[11] << 24;
    *offset = 12;
  }
  if (size > DLC_NPY_MAX_HEADER)
    return dlc_fail(error, "its header has %u bytes, more than the %d allowed",
                    size, DLC_NPY_MAX_HEADER);
  char text[DLC_NPY_MAX_HEADER];
  if (read_all(fd, text, size))
    return dlc_fail(error, "it ends within its header");
  *offset += size;
  return dlc_npy_parse_header(text, size, header, error);
}

static int read_open(int fd, const dlc_tensor_info *tensor, dlc_npy_pick pick,
                     void *context, void *data, dlc_error *error) {
  struct stat status;
  if (fstat(fd, &status) != 0)
    return dlc_fail(error, "%s", strerror(errno));
  if (S_ISDIR(status.st_mode))
    return dlc_fail(error, "it is a folder");

  dlc_npy_header header;
  uint64_t offset;
  if (dlc_npy_read_header(fd, &header, &offset, error))
    return -1;

  const dlc_dtype_info *dtype = dlc_dtype_lookup(tensor->dtype);
  int swap = 0;
  if (!same_type(header.descr, dtype->numpy, &swap))
    return dlc_fail(error, "it holds '%s', but '%s' (%s) is needed",
                    header.descr, dtype->numpy, dtype->name);
  tensor = pick(context, &header, error);
  if (!tensor)
    return -1;
  /* The size is known before anything is read, except for pipes. */
  if (S_ISREG(status.st_mode) &&
      (uint64_t)status.st_size != offset + tensor->bytes)
    return dlc_fail(
        error, "it has %llu bytes of data, but %llu are needed",
        (unsigned long long)((uint64_t)status.st_size < offset
                                 ? 0
                                 : (uint64_t)status.st_size - offset),
        (unsigned long long)tensor->bytes);

  int result = header.fortran_order && header.rank > 1
                   ? read_fortran(fd, tensor, dtype->size, data)
                   : read_all(fd, data, tensor->bytes);
  if (result > 0)
    return dlc_fail(error, "%s", strerror(result));
  if (result < 0)
    return dlc_fail(error, "it ends within its data");
  char more;
  if (read_all(fd, &more, 1) == 0)
    return dlc_fail(error, "it has more than the %llu bytes of data needed",
                    (unsigned long long)tensor->bytes);
  if (swap)
    swap_bytes(data, tensor->bytes, dtype->size);
  return check_values(dtype, data, tensor->bytes, error);
}

int dlc_npy_read_any(const char *path, const dlc_tensor_info *any,
                     dlc_npy_pick pick, void *context, void *data,
                     dlc_error *error) {
  dlc_error reason;
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0)
    return dlc_fail(error, "%.400s: cannot open: %s", path, strerror(errno));
  int result = read_open(fd, any, pick, context, data, &reason);
  close(fd);
  if (result)
    return dlc_fail(error, "%.400s: cannot be input '%.200s': %s", path,
                    any->name, reason.text);
  return 0;
}

static const dlc_tensor_info *
pick_only(void *context, const dlc_npy_header *header, dlc_error *error) {
  const dlc_tensor_info *tensor = context;
  if (header->rank == tensor->rank && dlc_same_shape_v3(tensor, header->shape))
    return tensor;
  dlc_out have, want;
  dlc_out_init(&have, -1);
  dlc_out_init(&want, -1);
  dlc_print_shape(&have, header->shape, header->rank);
  dlc_print_tensor_shape(&want, tensor);
  dlc_fail(error, "its shape is %.*s, but %.*s is needed",
           (int)(have.size < 300 ? have.size : 300), have.buffer,
           (int)(want.size < 300 ? want.size : 300), want.buffer);
  return NULL;
}

int dlc_npy_read(const char *path, const dlc_tensor_info *tensor, void *data,
                 dlc_error *error) {
  return dlc_npy_read_any(path, tensor, pick_only, (void *)tensor, data, error);
}

/*===----------------------------------------------------------------------===*\
|* Writing
\*===----------------------------------------------------------------------===*/

int dlc_npy_write(int fd, const dlc_tensor_info *tensor, const void *data) {
  dlc_out out;
  dlc_out_init(&out, -1);
  /* Room for the prefix, which is filled in when the length is known. */
  dlc_print(&out, "%10s", "");
  dlc_print(&out, "{'descr': '%s', 'fortran_order': False, 'shape': (",
            dlc_dtype_lookup(tensor->dtype)->numpy);
  for (uint32_t i = 0; i < tensor->rank; ++i)
    dlc_print(&out, i ? ", %lld" : "%lld", (long long)tensor->shape[i]);
  dlc_print(&out, tensor->rank == 1 ? ",), }" : "), }");
  /* The data starts at a multiple of 64 bytes, as NumPy itself does. */
  while ((out.size + 1) % 64)
    dlc_print(&out, " ");
  dlc_print(&out, "\n");
  if (out.size >= sizeof(out.buffer))
    return EOVERFLOW;
  size_t size = out.size - 10;
  memcpy(out.buffer, "\x93NUMPY\x01\x00", 8);
  out.buffer[8] = (char)(size & 0xff);
  out.buffer[9] = (char)(size >> 8);
  int result = dlc_write_all(fd, out.buffer, out.size);
  return result ? result : dlc_write_all(fd, data, tensor->bytes);
}
