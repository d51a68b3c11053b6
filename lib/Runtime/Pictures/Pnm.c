/*===- Pnm.c - Portable bit, grey and color maps --------------------------===*\
|*
|* P1 to P6, the first picture of a file; see the manuals pbm(5), pgm(5) and
|* ppm(5) of Netpbm.
|*
\*===----------------------------------------------------------------------===*/

#include "Formats.h"

typedef struct header {
  uint32_t kind; /* the digit: 1 to 3 are texts of 4 to 6 */
  uint32_t width, height, most;
  uint64_t pixels; /* offset in the file */
} header;

static int is_space(uint32_t byte) {
  return byte == ' ' || (byte >= '\t' && byte <= '\r');
}

static int matches(const unsigned char *bytes) {
  return bytes[0] == 'P' && bytes[1] >= '1' && bytes[1] <= '6' &&
         (is_space(bytes[2]) || bytes[2] == '#');
}

/* The byte behind white space and comments. */
static uint32_t skip_space(dlc_reader *file) {
  for (;;) {
    uint32_t byte = dlc_read_byte(file);
    if (file->ended)
      return 0;
    if (byte == '#')
      while (!file->ended && byte != '\n' && byte != '\r')
        byte = dlc_read_byte(file);
    else if (!is_space(byte))
      return byte;
  }
}

/* A decimal number and the one byte behind it. */
static int read_number(dlc_reader *file, uint32_t most, uint32_t *number,
                       dlc_error *error) {
  uint32_t byte = skip_space(file);
  if (file->ended)
    return dlc_fail(error, "it is truncated");
  if (byte < '0' || byte > '9')
    return dlc_fail(error, "it has no number where one has to be");
  uint64_t value = 0;
  for (; byte >= '0' && byte <= '9'; byte = dlc_read_byte(file)) {
    value = value * 10 + byte - '0';
    if (value > most)
      return dlc_fail(error, "a number in it is larger than %u", most);
  }
  file->ended = 0; /* the last number may end with the file */
  *number = (uint32_t)value;
  return 0;
}

static int read_header(const dlc_picture *picture, header *head,
                       dlc_error *error) {
  dlc_reader file = {
      .bytes = picture->bytes, .num_bytes = picture->num_bytes, .at = 2};
  *head = (header){.kind = picture->bytes[1] - (uint32_t)'0', .most = 1};
  if (read_number(&file, INT32_MAX, &head->width, error) ||
      read_number(&file, INT32_MAX, &head->height, error))
    return -1;
  if (head->kind != 1 && head->kind != 4 &&
      read_number(&file, 65535, &head->most, error))
    return -1;
  if (!head->most)
    return dlc_fail(error, "its largest value is 0");
  head->pixels = file.at;
  return 0;
}

static int measure(dlc_picture *picture, dlc_error *error) {
  header head;
  if (read_header(picture, &head, error))
    return -1;
  picture->width = head.width;
  picture->height = head.height;
  return 0;
}

/* The next sample of a text. */
static int read_text(dlc_reader *file, const header *head, uint32_t *value,
                     dlc_error *error) {
  if (head->kind != 1)
    return read_number(file, head->most, value, error);
  /* Bits need no space between them. */
  uint32_t byte = skip_space(file);
  if (byte != '0' && byte != '1')
    return dlc_fail(error, file->ended ? "it is truncated"
                                       : "it has a bit that is not 0 or 1");
  *value = byte - '0';
  return 0;
}

/* Sample `i` of a row. */
static int read_sample(dlc_reader *file, const header *head, size_t i,
                       uint32_t *value, dlc_error *error) {
  if (head->kind <= 3)
    return read_text(file, head, value, error);
  if (head->kind == 4) {
    if (i % 8 == 0)
      dlc_read_byte(file);
    if (!file->ended)
      *value = (uint32_t)file->bytes[file->at - 1] >> (7 - i % 8) & 1;
  } else {
    *value = dlc_read_byte(file);
    if (head->most > 255)
      *value = *value << 8 | dlc_read_byte(file);
  }
  return file->ended ? dlc_fail(error, "it is truncated") : 0;
}

static int decode(const dlc_picture *picture, const dlc_sink *sink,
                  dlc_error *error) {
  header head;
  if (read_header(picture, &head, error))
    return -1;
  dlc_reader file = {.bytes = picture->bytes,
                     .num_bytes = picture->num_bytes,
                     .at = head.pixels};
  int is_bits = head.kind == 1 || head.kind == 4;
  int is_color = head.kind == 3 || head.kind == 6;
  size_t samples = (size_t)head.width * (is_color ? 3 : 1);
  unsigned char *row = dlc_memory_malloc((size_t)head.width * 3);
  if (!row)
    return dlc_fail(error, "out of memory");
  for (uint32_t y = 0; y < head.height; ++y) {
    for (size_t i = 0; i < samples; ++i) {
      uint32_t value = 0;
      if (read_sample(&file, &head, i, &value, error))
        return -1;
      value = value < head.most ? value : head.most;
      unsigned char byte =
          (unsigned char)((value * 255u + head.most / 2) / head.most);
      if (is_bits)
        byte = value ? 0 : 255; /* 1 is black */
      if (is_color)
        row[i] = byte;
      else
        row[3 * i] = row[3 * i + 1] = row[3 * i + 2] = byte;
    }
    dlc_put_row(sink, y, row);
  }
  return 0;
}

const dlc_format dlc_pnm = {"PNM", matches, measure, decode};
