/*===- Png.c - PNG, by libpng ---------------------------------------------===*/

#include "Formats.h"

#include <png.h>
#include <string.h>

static void fail(png_structp png, png_const_charp text) {
  dlc_fail(png_get_error_ptr(png), "%s", text);
  png_longjmp(png, 1);
}

static void ignore(png_structp png, png_const_charp text) {
  (void)png;
  (void)text;
}

static void read_bytes(png_structp png, png_bytep to, size_t bytes) {
  dlc_reader *reader = png_get_io_ptr(png);
  if (bytes > reader->num_bytes - reader->at)
    png_error(png, "it is truncated");
  memcpy(to, reader->bytes + reader->at, bytes);
  reader->at += bytes;
}

static int matches(const unsigned char *bytes) {
  return memcmp(bytes, "\x89PNG\r\n\x1a\n", 8) == 0;
}

/* The signature, and the header chunk behind its length: the size is where it
 * always is. */
static int measure(dlc_picture *picture, dlc_error *error) {
  if (picture->num_bytes < 33 || memcmp(picture->bytes + 12, "IHDR", 4) != 0)
    return dlc_fail(error, "it has no header");
  picture->width = png_get_uint_32(picture->bytes + 16);
  picture->height = png_get_uint_32(picture->bytes + 20);
  return 0;
}

static int decode(const dlc_picture *picture, const dlc_sink *sink,
                  dlc_error *error) {
  dlc_reader reader = {.bytes = picture->bytes,
                       .num_bytes = picture->num_bytes};
  png_structp png =
      png_create_read_struct(PNG_LIBPNG_VER_STRING, error, fail, ignore);
  png_infop info = png ? png_create_info_struct(png) : NULL;
  if (!info)
    return dlc_fail(error, "out of memory");
  if (setjmp(png_jmpbuf(png)))
    return -1;
  png_set_read_fn(png, &reader, read_bytes);
  /* Texts and profiles are of no use, and can be large. */
  png_set_keep_unknown_chunks(png, PNG_HANDLE_CHUNK_NEVER, NULL, 0);
  png_set_user_limits(png, picture->width, picture->height);
  png_read_info(png, info);
  png_set_expand(png);
  png_set_strip_16(png);
  png_set_strip_alpha(png);
  png_set_gray_to_rgb(png);
  int passes = png_set_interlace_handling(png);
  png_read_update_info(png, info);
  size_t row_bytes = png_get_rowbytes(png, info);
  if (row_bytes != (size_t)picture->width * 3)
    png_error(png, "its rows are not of the size of its pixels");
  /* Each pass of an interlaced picture adds pixels to all rows. */
  size_t rows = passes > 1 ? picture->height : 1;
  unsigned char *pixels = dlc_memory_malloc(rows * row_bytes);
  if (!pixels)
    png_error(png, "out of memory");
  for (int pass = 0; pass < passes; ++pass)
    for (uint32_t y = 0; y < picture->height; ++y) {
      unsigned char *row = pixels + (rows > 1 ? y * row_bytes : 0);
      png_read_row(png, row, NULL);
      if (pass == passes - 1)
        dlc_put_row(sink, y, row);
    }
  png_read_end(png, NULL);
  return 0;
}

const dlc_format dlc_png = {"PNG", matches, measure, decode};
