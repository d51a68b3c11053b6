/*===- Bmp.c - Windows bitmaps --------------------------------------------===*\
|*
|* BITMAPCOREHEADER and BITMAPINFOHEADER to BITMAPV5HEADER; 1, 4, 8, 16, 24 and
|* 32 bits a pixel; palettes, masks, run lengths (RLE4, RLE8). See "Bitmap
|* Storage" in Microsoft's reference of the Windows GDI.
|*
\*===----------------------------------------------------------------------===*/

#include "Formats.h"

#include <string.h>

enum { RGB = 0, RLE8 = 1, RLE4 = 2, MASKS = 3, ALPHA_MASKS = 6 };

typedef struct header {
  uint32_t width, height, bits, compression, num_colors, color_bytes;
  int is_top_down;
  uint64_t palette, pixels; /* offsets in the file */
  uint32_t masks[3];        /* red, green, blue */
} header;

static int matches(const unsigned char *bytes) {
  return memcmp(bytes, "BM", 2) == 0;
}

/* The header of OS/2: 16-bit sizes, colors of three bytes. */
static void read_core(dlc_reader *file, header *head) {
  head->width = dlc_read_u16(file);
  head->height = dlc_read_u16(file);
  dlc_read_u16(file); /* planes */
  head->bits = dlc_read_u16(file);
  head->color_bytes = 3;
}

static void read_info(dlc_reader *file, header *head, uint32_t size) {
  head->width = dlc_read_u32(file);
  uint32_t height = dlc_read_u32(file);
  head->is_top_down = height >> 31;
  head->height = head->is_top_down ? 0u - height : height;
  dlc_read_u16(file); /* planes */
  head->bits = dlc_read_u16(file);
  head->compression = dlc_read_u32(file);
  file->at += 12; /* bytes of the pixels, pixels a metre */
  head->num_colors = dlc_read_u32(file);
  dlc_read_u32(file); /* colors that matter */
  head->color_bytes = 4;
  if (head->compression == MASKS || head->compression == ALPHA_MASKS) {
    for (int i = 0; i < 3; ++i)
      head->masks[i] = dlc_read_u32(file);
    /* They lie behind a header that is too short for them. */
    if (size == 40)
      head->palette += head->compression == MASKS ? 12 : 16;
  } else if (head->bits == 16) {
    head->masks[0] = 0x7c00;
    head->masks[1] = 0x3e0;
    head->masks[2] = 0x1f;
  } else {
    head->masks[0] = 0xff0000;
    head->masks[1] = 0xff00;
    head->masks[2] = 0xff;
  }
}

static int check(header *head, dlc_error *error) {
  int is_right;
  switch (head->compression) {
  case RGB:
    is_right = head->bits == 1 || head->bits == 4 || head->bits == 8 ||
               head->bits == 16 || head->bits == 24 || head->bits == 32;
    break;
  case RLE8:
    is_right = head->bits == 8 && !head->is_top_down;
    break;
  case RLE4:
    is_right = head->bits == 4 && !head->is_top_down;
    break;
  case MASKS:
  case ALPHA_MASKS:
    is_right = head->bits == 16 || head->bits == 32;
    break;
  default:
    return dlc_fail(error, "its compression %u is not known",
                    head->compression);
  }
  if (!is_right)
    return dlc_fail(error, "%u bits a pixel do not go with its compression %u",
                    head->bits, head->compression);
  if (head->width > INT32_MAX || head->height > INT32_MAX)
    return dlc_fail(error, "its size is wrong");
  uint32_t most = head->bits <= 8 ? 1u << head->bits : 0;
  if (!head->num_colors || head->num_colors > most)
    head->num_colors = most;
  return 0;
}

static int read_header(const dlc_picture *picture, header *head,
                       dlc_error *error) {
  dlc_reader file = {.bytes = picture->bytes, .num_bytes = picture->num_bytes};
  *head = (header){0};
  file.at = 10;
  head->pixels = dlc_read_u32(&file);
  uint32_t size = dlc_read_u32(&file);
  head->palette = 14 + (uint64_t)size;
  if (size == 12)
    read_core(&file, head);
  else if (size >= 40 && size <= 124)
    read_info(&file, head, size);
  else
    return dlc_fail(error, "its header of %u bytes is not known", size);
  if (file.ended)
    return dlc_fail(error, "it is truncated");
  return check(head, error);
}

static int measure(dlc_picture *picture, dlc_error *error) {
  header head;
  if (read_header(picture, &head, error))
    return -1;
  picture->width = head.width;
  picture->height = head.height;
  return 0;
}

/* The bits of a pixel under a mask as 8 bits. */
static unsigned char scale(uint32_t pixel, uint32_t mask) {
  if (!mask)
    return 0;
  int shift = __builtin_ctz(mask);
  uint64_t most = mask >> shift;
  return (
      unsigned char)(((uint64_t)((pixel & mask) >> shift) * 255 + most / 2) /
                     most);
}

typedef struct palette {
  unsigned char rgb[256][3];
} palette;

static void read_palette(const dlc_picture *picture, const header *head,
                         palette *colors) {
  dlc_reader file = {.bytes = picture->bytes,
                     .num_bytes = picture->num_bytes,
                     .at = head->palette};
  memset(colors, 0, sizeof(*colors));
  for (uint32_t i = 0; i < head->num_colors; ++i) {
    for (int channel = 2; channel >= 0; --channel)
      colors->rgb[i][channel] = (unsigned char)dlc_read_byte(&file);
    file.at += head->color_bytes - 3;
  }
}

static void look_up(const palette *colors, uint32_t index, unsigned char *rgb) {
  memcpy(rgb, colors->rgb[index], 3);
}

/* Rows as they are: each is a multiple of four bytes. */
static int decode_plain(const dlc_picture *picture, const header *head,
                        const palette *colors, const dlc_sink *sink,
                        unsigned char *row, dlc_error *error) {
  uint64_t row_bytes = ((uint64_t)head->width * head->bits + 31) / 32 * 4;
  dlc_reader file = {.bytes = picture->bytes, .num_bytes = picture->num_bytes};
  for (uint32_t i = 0; i < head->height; ++i) {
    file.at = head->pixels + i * row_bytes;
    uint32_t byte = 0, step = head->bits < 8 ? 8 / head->bits : 1;
    for (uint32_t x = 0; x < head->width; ++x) {
      unsigned char *rgb = row + (size_t)x * 3;
      if (head->bits <= 8) {
        if (x % step == 0)
          byte = dlc_read_byte(&file);
        uint32_t shift = (step - 1 - x % step) * head->bits;
        look_up(colors, byte >> shift & ((1u << head->bits) - 1), rgb);
      } else if (head->bits == 24) {
        for (int channel = 2; channel >= 0; --channel)
          rgb[channel] = (unsigned char)dlc_read_byte(&file);
      } else {
        uint32_t pixel =
            head->bits == 16 ? dlc_read_u16(&file) : dlc_read_u32(&file);
        for (int channel = 0; channel < 3; ++channel)
          rgb[channel] = scale(pixel, head->masks[channel]);
      }
    }
    if (file.ended)
      return dlc_fail(error, "it is truncated");
    dlc_put_row(sink, head->is_top_down ? i : head->height - 1 - i, row);
  }
  return 0;
}

/* Where run lengths have got to, from the last row to the first. */
typedef struct runs {
  dlc_reader file;
  const header *head;
  unsigned char *indices; /* one a pixel, rows from the last to the first */
  uint64_t x, y;
} runs;

static void put(runs *self, uint32_t index) {
  if (self->x < self->head->width && self->y < self->head->height)
    self->indices[self->y * self->head->width + self->x] = (unsigned char)index;
  ++self->x;
}

/* `count` pixels of a color, or with RLE4 of two in turns. */
static void put_run(runs *self, uint32_t count, uint32_t byte) {
  for (uint32_t i = 0; i < count; ++i)
    put(self, self->head->bits == 8 ? byte : i % 2 ? byte & 15 : byte >> 4);
}

/* `count` pixels of their own, filled up to an even number of bytes. */
static void put_literal(runs *self, uint32_t count) {
  uint32_t bytes = self->head->bits == 8 ? count : (count + 1) / 2, byte = 0;
  for (uint32_t i = 0; i < count; ++i) {
    if (self->head->bits == 8 || i % 2 == 0)
      byte = dlc_read_byte(&self->file);
    put(self, self->head->bits == 8 ? byte : i % 2 ? byte & 15 : byte >> 4);
  }
  self->file.at += bytes % 2;
}

static void decode_runs(runs *self) {
  while (!self->file.ended) {
    uint32_t count = dlc_read_byte(&self->file);
    uint32_t byte = dlc_read_byte(&self->file);
    if (count) {
      put_run(self, count, byte);
    } else if (byte > 2) {
      put_literal(self, byte);
    } else if (byte == 2) {
      self->x += dlc_read_byte(&self->file);
      self->y += dlc_read_byte(&self->file);
    } else if (byte == 1) {
      return; /* the end */
    } else {
      self->x = 0;
      ++self->y;
    }
  }
}

static int decode_packed(const dlc_picture *picture, const header *head,
                         const palette *colors, const dlc_sink *sink,
                         unsigned char *row, dlc_error *error) {
  runs self = {.file = {.bytes = picture->bytes,
                        .num_bytes = picture->num_bytes,
                        .at = head->pixels},
               .head = head};
  self.indices = dlc_memory_calloc(head->height, head->width);
  if (!self.indices)
    return dlc_fail(error, "out of memory");
  decode_runs(&self);
  if (self.file.ended)
    return dlc_fail(error, "it is truncated");
  for (uint32_t y = 0; y < head->height; ++y) {
    const unsigned char *from =
        self.indices + (uint64_t)(head->height - 1 - y) * head->width;
    for (uint32_t x = 0; x < head->width; ++x)
      look_up(colors, from[x], row + (size_t)x * 3);
    dlc_put_row(sink, y, row);
  }
  return 0;
}

static int decode(const dlc_picture *picture, const dlc_sink *sink,
                  dlc_error *error) {
  header head;
  palette colors;
  if (read_header(picture, &head, error))
    return -1;
  read_palette(picture, &head, &colors);
  unsigned char *row = dlc_memory_malloc((size_t)head.width * 3);
  if (!row)
    return dlc_fail(error, "out of memory");
  int is_packed = head.compression == RLE8 || head.compression == RLE4;
  return (is_packed ? decode_packed : decode_plain)(picture, &head, &colors,
                                                    sink, row, error);
}

const dlc_format dlc_bmp = {"BMP", matches, measure, decode};
