/*===- Webp.c - WebP, by libwebp ------------------------------------------===*/

#include "Formats.h"

#include <string.h>

#include <webp/decode.h>

static int matches(const unsigned char *bytes) {
  return memcmp(bytes, "RIFF", 4) == 0 && memcmp(bytes + 8, "WEBP", 4) == 0;
}

static int measure(dlc_picture *picture, dlc_error *error) {
  WebPBitstreamFeatures features;
  if (WebPGetFeatures(picture->bytes, picture->num_bytes, &features) !=
      VP8_STATUS_OK)
    return dlc_fail(error, "its header is damaged");
  if (features.has_animation)
    return dlc_fail(error, "it is an animation");
  picture->width = (uint32_t)features.width;
  picture->height = (uint32_t)features.height;
  return 0;
}

static int decode(const dlc_picture *picture, const dlc_sink *sink,
                  dlc_error *error) {
  size_t row = (size_t)picture->width * 3, all = row * picture->height;
  unsigned char *pixels = dlc_memory_malloc(all);
  if (!pixels || row > INT32_MAX ||
      !WebPDecodeRGBInto(picture->bytes, picture->num_bytes, pixels, all,
                         (int)row))
    return dlc_fail(error, "it is truncated or damaged");
  for (uint32_t y = 0; y < picture->height; ++y)
    dlc_put_row(sink, y, pixels + y * row);
  return 0;
}

const dlc_format dlc_webp = {"WebP", matches, measure, decode};
