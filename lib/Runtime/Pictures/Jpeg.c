/*===- Jpeg.c - JPEG, by libjpeg-turbo ------------------------------------===*/

#include "Formats.h"

#include <setjmp.h>
#include <stdio.h>
#include <string.h>

#include <jerror.h>
#include <jpeglib.h>

/* What libjpeg calls instead of exit() and fprintf(). */
typedef struct messages {
  struct jpeg_error_mgr base; /* first: libjpeg knows no more of it */
  jmp_buf escape;
  dlc_error *error;
  int is_truncated;
} messages;

static void fail(j_common_ptr jpeg) {
  messages *self = (messages *)jpeg->err;
  char text[JMSG_LENGTH_MAX];
  self->base.format_message(jpeg, text);
  dlc_fail(self->error, "%s", text);
  longjmp(self->escape, 1);
}

static void note(j_common_ptr jpeg, int level) {
  messages *self = (messages *)jpeg->err;
  if (level < 0 && self->base.msg_code == JWRN_JPEG_EOF)
    self->is_truncated = 1;
}

static void print_nothing(j_common_ptr jpeg) { (void)jpeg; }

static void begin(struct jpeg_decompress_struct *jpeg, messages *self,
                  dlc_error *error) {
  memset(self, 0, sizeof(*self));
  memset(jpeg, 0, sizeof(*jpeg));
  jpeg->err = jpeg_std_error(&self->base);
  self->base.error_exit = fail;
  self->base.emit_message = note;
  self->base.output_message = print_nothing;
  self->error = error;
}

static int matches(const unsigned char *bytes) {
  return bytes[0] == 0xff && bytes[1] == 0xd8 && bytes[2] == 0xff;
}

static int measure(dlc_picture *picture, dlc_error *error) {
  struct jpeg_decompress_struct jpeg;
  messages self;
  begin(&jpeg, &self, error);
  if (setjmp(self.escape))
    return -1;
  jpeg_create_decompress(&jpeg);
  jpeg_mem_src(&jpeg, picture->bytes, (unsigned long)picture->num_bytes);
  jpeg_read_header(&jpeg, TRUE);
  picture->height = jpeg.image_height;
  picture->width = jpeg.image_width;
  return 0;
}

/* Cyan, magenta, yellow and black, which Adobe's programs store inverted, to
 * red, green and blue in place. */
static void convert_inks(unsigned char *row, uint32_t width, int is_inverted) {
  unsigned char *to = row;
  for (const unsigned char *at = row; width--; at += 4, to += 3) {
    unsigned flip = is_inverted ? 0 : 255;
    unsigned black = at[3] ^ flip; /* 255: none */
    for (int i = 0; i < 3; ++i)
      to[i] = (unsigned char)dlc_scale_byte(at[i] ^ flip, black);
  }
}

static int decode(const dlc_picture *picture, const dlc_sink *sink,
                  dlc_error *error) {
  struct jpeg_decompress_struct jpeg;
  messages self;
  begin(&jpeg, &self, error);
  if (setjmp(self.escape))
    return -1;
  jpeg_create_decompress(&jpeg);
  jpeg_mem_src(&jpeg, picture->bytes, (unsigned long)picture->num_bytes);
  jpeg_read_header(&jpeg, TRUE);
  int has_inks =
      jpeg.jpeg_color_space == JCS_CMYK || jpeg.jpeg_color_space == JCS_YCCK;
  jpeg.out_color_space = has_inks ? JCS_CMYK : JCS_RGB;
  jpeg_start_decompress(&jpeg);
  unsigned char *row =
      dlc_memory_malloc((size_t)jpeg.output_width * (has_inks ? 4 : 3));
  if (!row)
    return dlc_fail(error, "out of memory");
  while (jpeg.output_scanline < jpeg.output_height) {
    uint32_t y = jpeg.output_scanline;
    jpeg_read_scanlines(&jpeg, &row, 1);
    if (has_inks)
      convert_inks(row, jpeg.output_width, jpeg.saw_Adobe_marker);
    dlc_put_row(sink, y, row);
  }
  jpeg_finish_decompress(&jpeg);
  return self.is_truncated ? dlc_fail(error, "it is truncated") : 0;
}

const dlc_format dlc_jpeg = {"JPEG", matches, measure, decode};
