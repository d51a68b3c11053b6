/*===- Tiff.c - TIFF, by libtiff ------------------------------------------===*/

#include "Formats.h"

#include <stdio.h>
#include <string.h>

#include <tiffio.h>

/* The compressions that libtiff offers are this table, which would else be its
 * own and draw in a library for each. */
extern int TIFFInitDumpMode(TIFF *, int), TIFFInitLZW(TIFF *, int),
    TIFFInitPackBits(TIFF *, int), TIFFInitZIP(TIFF *, int),
    TIFFInitJPEG(TIFF *, int), TIFFInitCCITTRLE(TIFF *, int),
    TIFFInitCCITTFax3(TIFF *, int), TIFFInitCCITTFax4(TIFF *, int);
const TIFFCodec _TIFFBuiltinCODECS[] = {
    {"None", COMPRESSION_NONE, TIFFInitDumpMode},
    {"LZW", COMPRESSION_LZW, TIFFInitLZW},
    {"PackBits", COMPRESSION_PACKBITS, TIFFInitPackBits},
    {"Deflate", COMPRESSION_DEFLATE, TIFFInitZIP},
    {"AdobeDeflate", COMPRESSION_ADOBE_DEFLATE, TIFFInitZIP},
    {"JPEG", COMPRESSION_JPEG, TIFFInitJPEG},
    {"CCITT RLE", COMPRESSION_CCITTRLE, TIFFInitCCITTRLE},
    {"CCITT Group 3", COMPRESSION_CCITTFAX3, TIFFInitCCITTFax3},
    {"CCITT Group 4", COMPRESSION_CCITTFAX4, TIFFInitCCITTFax4},
    {NULL, 0, NULL}};

/* Lies beside that table in libtiff, so it has to be here, too. */
int TIFFIsCODECConfigured(uint16_t scheme) {
  for (const TIFFCodec *each = _TIFFBuiltinCODECS; each->name; ++each)
    if (each->scheme == scheme)
      return 1;
  return 0;
}

static dlc_error *reasons;

/* Keeps the first reason, which is the cause of the others. */
static void note(const char *where, const char *format, va_list arguments) {
  (void)where;
  char text[400];
  vsnprintf(text, sizeof(text), format, arguments);
  if (reasons && !reasons->text[0])
    dlc_fail(reasons, "%s", text);
}

static tmsize_t read_bytes(thandle_t context, void *to, tmsize_t bytes) {
  dlc_reader *reader = context;
  uint64_t left = reader->num_bytes - reader->at;
  size_t part = (uint64_t)bytes < left ? (size_t)bytes : left;
  memcpy(to, reader->bytes + reader->at, part);
  reader->at += part;
  return (tmsize_t)part;
}

static tmsize_t write_nothing(thandle_t context, void *from, tmsize_t bytes) {
  (void)context, (void)from, (void)bytes;
  return -1;
}

static toff_t seek(thandle_t context, toff_t offset, int from) {
  dlc_reader *reader = context;
  uint64_t base = from == SEEK_SET   ? 0
                  : from == SEEK_CUR ? reader->at
                                     : reader->num_bytes;
  uint64_t to = base + offset; /* wraps for what is negative */
  if (to > reader->num_bytes)
    return (toff_t)-1;
  return reader->at = to;
}

static int close_nothing(thandle_t context) {
  (void)context;
  return 0;
}

static toff_t size_of(thandle_t context) {
  return ((dlc_reader *)context)->num_bytes;
}

static TIFF *begin(dlc_reader *reader, const dlc_picture *picture,
                   dlc_error *error) {
  *reader =
      (dlc_reader){.bytes = picture->bytes, .num_bytes = picture->num_bytes};
  error->text[0] = '\0';
  reasons = error;
  TIFFSetErrorHandler(note);
  TIFFSetWarningHandler(NULL);
  /* Not mapped, no strips joined. */
  TIFF *tiff =
      TIFFClientOpen("picture", "rm", reader, read_bytes, write_nothing, seek,
                     close_nothing, size_of, NULL, NULL);
  if (!tiff && !error->text[0])
    dlc_fail(error, "its header is damaged");
  return tiff;
}

static int matches(const unsigned char *bytes) {
  return memcmp(bytes, "II*\0", 4) == 0 || memcmp(bytes, "MM\0*", 4) == 0 ||
         memcmp(bytes, "II+\0", 4) == 0 || memcmp(bytes, "MM\0+", 4) == 0;
}

static int measure(dlc_picture *picture, dlc_error *error) {
  dlc_reader reader;
  TIFF *tiff = begin(&reader, picture, error);
  if (!tiff)
    return -1;
  if (!TIFFGetField(tiff, TIFFTAG_IMAGEWIDTH, &picture->width) ||
      !TIFFGetField(tiff, TIFFTAG_IMAGELENGTH, &picture->height))
    return dlc_fail(error, "it does not say how large it is");
  return 0;
}

static int decode(const dlc_picture *picture, const dlc_sink *sink,
                  dlc_error *error) {
  dlc_reader reader;
  TIFF *tiff = begin(&reader, picture, error);
  if (!tiff)
    return -1;
  /* Not multiplied by its transparency, which is dropped. */
  uint16_t extras = 0, *kinds;
  if (TIFFGetField(tiff, TIFFTAG_EXTRASAMPLES, &extras, &kinds) && extras) {
    uint16_t kind[4] = {EXTRASAMPLE_ASSOCALPHA};
    TIFFSetField(tiff, TIFFTAG_EXTRASAMPLES, extras < 4 ? extras : 4, kind);
  }
  char text[1024] = "";
  TIFFRGBAImage image;
  if (!TIFFRGBAImageBegin(&image, tiff, /*stop=*/1, text))
    return dlc_fail(error, "%s", text);
  size_t width = picture->width;
  uint32_t *raster = dlc_memory_malloc(width * picture->height * 4);
  if (!raster)
    return dlc_fail(error, "out of memory");
  image.req_orientation = ORIENTATION_TOPLEFT;
  if (!TIFFRGBAImageGet(&image, raster, picture->width, picture->height)) {
    if (!error->text[0])
      dlc_fail(error, "it is truncated or damaged");
    return -1;
  }
  for (uint32_t y = 0; y < picture->height; ++y) {
    /* In place: three bytes are read before they are written over. */
    const uint32_t *from = raster + y * width;
    unsigned char *row = (unsigned char *)raster;
    for (size_t x = 0; x < width; ++x) {
      uint32_t pixel = from[x];
      row[3 * x] = (unsigned char)TIFFGetR(pixel);
      row[3 * x + 1] = (unsigned char)TIFFGetG(pixel);
      row[3 * x + 2] = (unsigned char)TIFFGetB(pixel);
    }
    dlc_put_row(sink, y, row);
  }
  return 0;
}

const dlc_format dlc_tiff = {"TIFF", matches, measure, decode};
