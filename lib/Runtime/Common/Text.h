/*===- Text.h - Messages and output without allocation ------------*- C -*-===*/

#ifndef DLC_RUNTIME_COMMON_TEXT_H
#define DLC_RUNTIME_COMMON_TEXT_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define DLC_PRINTF(fmt, first) __attribute__((format(printf, fmt, first)))
#else
#define DLC_PRINTF(fmt, first)
#endif

/** Why something failed: one line for the user, without a final newline. */
typedef struct dlc_error {
  char text[1024];
} dlc_error;

/** Formats the reason, with control characters made visible, so that names and
 * file contents can not break the line. Always returns -1. */
int dlc_fail(dlc_error *error, const char *format, ...) DLC_PRINTF(2, 3);

/** A growing text in a caller's buffer, flushed to a file descriptor when full.
 */
typedef struct dlc_out {
  int fd;     /* -1: do not flush, drop what does not fit */
  int failed; /* errno of a failed write, then nothing more is written */
  size_t size;
  char buffer[4096];
} dlc_out;

void dlc_out_init(dlc_out *out, int fd);
void dlc_print(dlc_out *out, const char *format, ...) DLC_PRINTF(2, 3);
/** Writes a string as a JSON string with its quotes. Invalid UTF-8 becomes
 * U+FFFD. */
void dlc_print_json_string(dlc_out *out, const char *text);
/** Writes 802816 as "784.0 KiB". */
void dlc_print_bytes(dlc_out *out, uint64_t bytes);
/** Returns 0, or the errno of the first write that failed. */
int dlc_flush(dlc_out *out);

/** Writes all of the bytes. Returns 0 or an errno. */
int dlc_write_all(int fd, const void *data, size_t size);

#ifdef __cplusplus
}
#endif

#endif /* DLC_RUNTIME_COMMON_TEXT_H */
