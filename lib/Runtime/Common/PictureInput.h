/*===- PictureInput.h - Inputs that are encoded pictures ----------*- C -*-===*/

#ifndef DLC_RUNTIME_COMMON_PICTUREINPUT_H
#define DLC_RUNTIME_COMMON_PICTUREINPUT_H

#include "Npy.h"

#ifdef __cplusplus
extern "C" {
#endif

/** What an input is decoded to; NULL: it is no picture. */
const dlc_picture_input *dlc_find_picture(const dlc_model *model,
                                          uint32_t input);

/** "RGB": of an enum dlc_pixels. */
const char *dlc_pixels_name(uint32_t order);

/**
 * Decodes a file into `data`, which has room for all that `pick` gives. The
 * file is a picture as it is, or an .npy file of its bytes (one dimension) or
 * of its pixels (three). `memory` is that of dlc_model.picture_bytes.
 */
int dlc_read_picture(const char *path, const dlc_model *model,
                     const dlc_picture_input *picture, unsigned char *memory,
                     dlc_npy_pick pick, void *context, void *data,
                     dlc_error *error);

#ifdef __cplusplus
}
#endif

#endif /* DLC_RUNTIME_COMMON_PICTUREINPUT_H */
