/*===- Formats.h - What each format of pictures can do ------------*- C -*-===*/

#ifndef DLC_RUNTIME_PICTURES_FORMATS_H
#define DLC_RUNTIME_PICTURES_FORMATS_H

#include "Memory.h"
#include "Pictures.h"

/** Where pixels go, in the order that the model wants. */
typedef struct dlc_sink {
  uint32_t order; /* enum dlc_pixels */
  uint32_t width;
  unsigned char *pixels;
} dlc_sink;

/** Takes row `y` of the picture as width times red, green and blue. */
void dlc_put_row(const dlc_sink *sink, uint32_t y, const unsigned char *rgb);

/** a * b / 255, rounded, of two bytes. */
uint32_t dlc_scale_byte(uint32_t a, uint32_t b);

/** Calls of one format. Both begin with all memory free, and need not free
 * anything. */
typedef struct dlc_format {
  const char *name;
  /** Whether bytes (at least 16 can be read) begin like such a picture. */
  int (*matches)(const unsigned char *bytes);
  /** Fills in height and width. */
  int (*measure)(dlc_picture *picture, dlc_error *error);
  int (*decode)(const dlc_picture *picture, const dlc_sink *sink,
                dlc_error *error);
} dlc_format;

extern const dlc_format dlc_bmp, dlc_jpeg, dlc_jpeg2000, dlc_png, dlc_pnm,
    dlc_tiff, dlc_webp;

/** Bytes of a file that are read one after the other; reading past the end
 * gives zeros and sets `ended`. */
typedef struct dlc_reader {
  const unsigned char *bytes;
  uint64_t num_bytes, at;
  int ended;
} dlc_reader;

uint32_t dlc_read_byte(dlc_reader *reader);
/** Little-endian. */
uint32_t dlc_read_u16(dlc_reader *reader);
uint32_t dlc_read_u32(dlc_reader *reader);

#endif /* DLC_RUNTIME_PICTURES_FORMATS_H */
