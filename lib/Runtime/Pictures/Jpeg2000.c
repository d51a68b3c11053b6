/*===- Jpeg2000.c - JPEG 2000, by OpenJPEG --------------------------------===*/

#include "Formats.h"

#include <string.h>

#include <openjpeg.h>

/* A picture while it is decoded. */
typedef struct decoder {
  dlc_reader reader;
  opj_codec_t *codec;
  opj_stream_t *stream;
  opj_image_t *image;
  dlc_error *error;
} decoder;

static OPJ_SIZE_T read_bytes(void *to, OPJ_SIZE_T bytes, void *context) {
  dlc_reader *reader = context;
  uint64_t left = reader->num_bytes - reader->at;
  if (left == 0)
    return (OPJ_SIZE_T)-1;
  bytes = bytes < left ? bytes : left;
  memcpy(to, reader->bytes + reader->at, bytes);
  reader->at += bytes;
  return bytes;
}

static OPJ_BOOL seek(OPJ_OFF_T to, void *context) {
  dlc_reader *reader = context;
  if (to < 0 || (uint64_t)to > reader->num_bytes)
    return OPJ_FALSE;
  reader->at = (uint64_t)to;
  return OPJ_TRUE;
}

static OPJ_OFF_T skip(OPJ_OFF_T bytes, void *context) {
  dlc_reader *reader = context;
  if (bytes < 0 || (uint64_t)bytes > reader->num_bytes - reader->at)
    return -1;
  reader->at += (uint64_t)bytes;
  return bytes;
}

/* Keeps the first reason, which is the cause of the others. */
static void note(const char *text, void *context) {
  dlc_error *error = context;
  size_t size = strcspn(text, "\n");
  if (!error->text[0])
    dlc_fail(error, "%.*s", (int)(size < 400 ? size : 400), text);
}

static int is_container(const unsigned char *bytes) {
  return memcmp(bytes, "\0\0\0\x0cjP  \r\n\x87\n", 12) == 0;
}

static int matches(const unsigned char *bytes) {
  return is_container(bytes) || memcmp(bytes, "\xff\x4f\xff\x51", 4) == 0;
}

static int fail(decoder *self) {
  if (!self->error->text[0])
    dlc_fail(self->error, "it is truncated or damaged");
  return -1;
}

/* Reads the header. */
static int begin(decoder *self, const dlc_picture *picture, dlc_error *error) {
  *self = (decoder){
      .reader = {.bytes = picture->bytes, .num_bytes = picture->num_bytes},
      .error = error};
  error->text[0] = '\0';
  self->codec = opj_create_decompress(
      is_container(picture->bytes) ? OPJ_CODEC_JP2 : OPJ_CODEC_J2K);
  self->stream = opj_stream_create(64 << 10, OPJ_TRUE);
  if (!self->codec || !self->stream)
    return fail(self);
  opj_set_error_handler(self->codec, note, error);
  opj_stream_set_user_data(self->stream, &self->reader, NULL);
  opj_stream_set_user_data_length(self->stream, picture->num_bytes);
  opj_stream_set_read_function(self->stream, read_bytes);
  opj_stream_set_seek_function(self->stream, seek);
  opj_stream_set_skip_function(self->stream, skip);
  opj_dparameters_t parameters;
  opj_set_default_decoder_parameters(&parameters);
  if (!opj_setup_decoder(self->codec, &parameters) ||
      !opj_decoder_set_strict_mode(self->codec, OPJ_TRUE) ||
      !opj_read_header(self->stream, self->codec, &self->image))
    return fail(self);
  return 0;
}

static int measure(dlc_picture *picture, dlc_error *error) {
  decoder self;
  if (begin(&self, picture, error))
    return -1;
  picture->width = self.image->x1 - self.image->x0;
  picture->height = self.image->y1 - self.image->y0;
  return 0;
}

/* A sample as 8 bits. */
static int sample(const opj_image_comp_t *channel, uint32_t x, uint32_t y) {
  uint32_t column = x / channel->dx, row = y / channel->dy;
  column = column < channel->w ? column : channel->w - 1;
  row = row < channel->h ? row : channel->h - 1;
  int64_t value = channel->data[(size_t)row * channel->w + column];
  value += channel->sgnd ? (int64_t)1 << (channel->prec - 1) : 0;
  value = channel->prec > 8 ? value >> (channel->prec - 8)
                            : value * 255 / ((1 << channel->prec) - 1);
  return value < 0 ? 0 : value > 255 ? 255 : (int)value;
}

static unsigned char clamp(double value) {
  return (unsigned char)(value < 0 ? 0 : value > 255 ? 255 : value + 0.5);
}

/* What colors the samples of a pixel are. */
static void convert(const opj_image_t *image, uint32_t x, uint32_t y,
                    unsigned char *rgb) {
  /* Grey ones may have transparency behind them. */
  int is_grey = image->numcomps < 3;
  int values[3];
  for (int i = 0; i < 3; ++i)
    values[i] = sample(&image->comps[is_grey ? 0 : i], x, y);
  OPJ_COLOR_SPACE space = is_grey ? OPJ_CLRSPC_GRAY : image->color_space;
  if (space == OPJ_CLRSPC_SYCC || space == OPJ_CLRSPC_EYCC) {
    double blue = values[1] - 128, red = values[2] - 128;
    rgb[0] = clamp(values[0] + 1.402 * red);
    rgb[1] = clamp(values[0] - 0.344136 * blue - 0.714136 * red);
    rgb[2] = clamp(values[0] + 1.772 * blue);
    return;
  }
  int has_inks = space == OPJ_CLRSPC_CMYK && image->numcomps > 3;
  unsigned left =
      has_inks ? 255u - (unsigned)sample(&image->comps[3], x, y) : 0;
  for (int i = 0; i < 3; ++i)
    rgb[i] =
        has_inks
            ? (unsigned char)dlc_scale_byte(255u - (unsigned)values[i], left)
            : (unsigned char)values[i];
}

static int check(decoder *self) {
  const opj_image_t *image = self->image;
  for (uint32_t i = 0; i < image->numcomps && i < 4; ++i) {
    const opj_image_comp_t *channel = &image->comps[i];
    if (!channel->data || !channel->w || !channel->h || !channel->dx ||
        !channel->dy || !channel->prec || channel->prec > 31)
      return dlc_fail(self->error, "it lacks samples");
  }
  return image->numcomps ? 0 : dlc_fail(self->error, "it has no channels");
}

static int decode(const dlc_picture *picture, const dlc_sink *sink,
                  dlc_error *error) {
  decoder self;
  if (begin(&self, picture, error))
    return -1;
  if (!opj_decode(self.codec, self.stream, self.image) ||
      !opj_end_decompress(self.codec, self.stream))
    return fail(&self);
  unsigned char *row = dlc_memory_malloc((size_t)picture->width * 3);
  if (!row)
    return dlc_fail(error, "out of memory");
  if (check(&self))
    return -1;
  for (uint32_t y = 0; y < picture->height; ++y) {
    for (uint32_t x = 0; x < picture->width; ++x)
      convert(self.image, x, y, row + (size_t)x * 3);
    dlc_put_row(sink, y, row);
  }
  return 0;
}

const dlc_format dlc_jpeg2000 = {"JPEG 2000", matches, measure, decode};
