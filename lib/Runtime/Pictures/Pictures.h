/*===- Pictures.h - Decoding pictures for ImageDecoder ------------*- C -*-===*\
|*
|* BMP, JPEG, JPEG 2000, PNG, PNM (PBM, PGM, PPM), TIFF and WebP, by the
|* libraries of the formats' authors where there is one. Linked into programs
|* whose model decodes an input (the descriptor refers to dlc_picture_decoder),
|* and into the compiler. Nothing is allocated:
|* the libraries get their memory out of what the caller gives (Memory.h).
|*
|* Pictures are untrusted: the size is known, and can be refused, before
|* anything is decoded.
|*
\*===----------------------------------------------------------------------===*/

#ifndef DLC_RUNTIME_PICTURES_PICTURES_H
#define DLC_RUNTIME_PICTURES_PICTURES_H

#include "Text.h"

#ifdef __cplusplus
extern "C" {
#endif

/** An encoded picture, and the memory to decode it with. One at a time: calls
 * for different pictures must not overlap. */
typedef struct dlc_picture {
  const unsigned char *bytes;
  uint64_t num_bytes;
  void *memory; /* aligned to 64 bytes; what it holds means nothing */
  uint64_t memory_bytes;
  /* What dlc_picture_measure finds, in pixels; neither is 0. */
  uint32_t height, width;
} dlc_picture;

/** Memory in bytes that is enough to decode pictures of at most this size.
 * JPEG 2000 takes most of all formats, 25 bytes a pixel with transparency; a
 * picture that is made to take more (of tiny blocks, say) is refused. */
static inline uint64_t dlc_picture_memory_bytes(uint64_t height,
                                                uint64_t width) {
  return (4u << 20) + height * width * 32;
}

/** Finds out the format and the size. Returns -1 with the reason where the
 * bytes are no picture. */
int dlc_picture_measure(dlc_picture *picture, dlc_error *error);

/**
 * Decodes a measured picture to height x width x channels bytes, row-major;
 * `order` is an enum dlc_pixels (dlc_abi.h), which says what the channels are.
 * Transparency is dropped, more than 8 bits a sample are scaled to 8, grey is
 * Rec. 601's luma of red, green and blue. Returns -1 with the reason where the
 * picture is damaged or the memory does not suffice; `pixels` then holds
 * anything.
 */
int dlc_picture_decode(const dlc_picture *picture, uint32_t order,
                       unsigned char *pixels, dlc_error *error);

/** Both, for those who may do without: see dlc_model.decoder. */
typedef struct dlc_picture_decoder {
  int (*measure)(dlc_picture *picture, dlc_error *error);
  int (*decode)(const dlc_picture *picture, uint32_t order,
                unsigned char *pixels, dlc_error *error);
} dlc_picture_decoder;

extern const dlc_picture_decoder dlc_picture_decoder_v1;

#ifdef __cplusplus
}
#endif

#endif /* DLC_RUNTIME_PICTURES_PICTURES_H */
