/*===- Pictures.c - Which format a picture has, and what pixels become ----===*/

#include "Pictures.h"

#include "Formats.h"

#include "dlc/Runtime/dlc_abi.h"

#include <string.h>

static const dlc_format *const formats[] = {&dlc_jpeg, &dlc_png,  &dlc_webp,
                                            &dlc_bmp,  &dlc_tiff, &dlc_jpeg2000,
                                            &dlc_pnm};

/* Fails with what a format's library says of a picture, or for the memory. */
static int blame(const dlc_format *format, const dlc_picture *picture,
                 const dlc_error *reason, dlc_error *error) {
  if (dlc_memory_is_exhausted())
    return dlc_fail(error,
                    "decoding this %s picture takes more memory than the "
                    "%llu bytes that are planned for the largest one",
                    format->name, (unsigned long long)picture->memory_bytes);
  return dlc_fail(error, "this %s picture cannot be decoded: %s", format->name,
                  reason->text);
}

static const dlc_format *format_of(const dlc_picture *picture) {
  unsigned char first[16] = {0};
  memcpy(first, picture->bytes,
         picture->num_bytes < sizeof(first) ? picture->num_bytes
                                            : sizeof(first));
  for (size_t i = 0; i < sizeof(formats) / sizeof(*formats); ++i)
    if (formats[i]->matches(first))
      return formats[i];
  return NULL;
}

int dlc_picture_measure(dlc_picture *picture, dlc_error *error) {
  dlc_error reason;
  const dlc_format *format = format_of(picture);
  picture->height = picture->width = 0;
  if (!format)
    return dlc_fail(error, "it is no picture: not BMP, JPEG, JPEG 2000, PNG, "
                           "PNM, TIFF or WebP");
  dlc_memory_begin(picture->memory, picture->memory_bytes);
  if (format->measure(picture, &reason))
    return blame(format, picture, &reason, error);
  if (!picture->height || !picture->width)
    return dlc_fail(error, "this %s picture is empty", format->name);
  return 0;
}

int dlc_picture_decode(const dlc_picture *picture, uint32_t order,
                       unsigned char *pixels, dlc_error *error) {
  dlc_error reason;
  const dlc_format *format = format_of(picture);
  dlc_sink sink = {.order = order, .width = picture->width, .pixels = pixels};
  dlc_memory_begin(picture->memory, picture->memory_bytes);
  if (format->decode(picture, &sink, &reason))
    return blame(format, picture, &reason, error);
  return 0;
}

const dlc_picture_decoder dlc_picture_decoder_v1 = {dlc_picture_measure,
                                                    dlc_picture_decode};

void dlc_put_row(const dlc_sink *sink, uint32_t y, const unsigned char *rgb) {
  size_t width = sink->width;
  switch (sink->order) {
  case DLC_PIXELS_RGB:
    memcpy(sink->pixels + y * width * 3, rgb, width * 3);
    break;
  case DLC_PIXELS_BGR:
    for (unsigned char *at = sink->pixels + y * width * 3; width--;
         at += 3, rgb += 3) {
      at[0] = rgb[2];
      at[1] = rgb[1];
      at[2] = rgb[0];
    }
    break;
  default:
    /* Rec. 601: 0.299, 0.587 and 0.114 as 16-bit fractions. */
    for (unsigned char *at = sink->pixels + y * width; width--; rgb += 3)
      *at++ = (unsigned char)((rgb[0] * 19595u + rgb[1] * 38470u +
                               rgb[2] * 7471u + 0x8000u) >>
                              16);
  }
}

uint32_t dlc_scale_byte(uint32_t a, uint32_t b) {
  uint32_t product = a * b + 128;
  return ((product >> 8) + product) >> 8;
}

uint32_t dlc_read_byte(dlc_reader *reader) {
  if (reader->at < reader->num_bytes)
    return reader->bytes[reader->at++];
  reader->ended = 1;
  return 0;
}

uint32_t dlc_read_u16(dlc_reader *reader) {
  uint32_t low = dlc_read_byte(reader);
  return low | dlc_read_byte(reader) << 8;
}

uint32_t dlc_read_u32(dlc_reader *reader) {
  uint32_t low = dlc_read_u16(reader);
  return low | dlc_read_u16(reader) << 16;
}
