/*===- Text.c - Messages and output without allocation --------------------===*/

#include "Text.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int dlc_fail(dlc_error *error, const char *format, ...) {
  va_list args;
  va_start(args, format);
  int size = vsnprintf(error->text, sizeof(error->text), format, args);
  va_end(args);
  if (size < 0)
    error->text[0] = '\0';
  if ((size_t)size >= sizeof(error->text))
    memcpy(error->text + sizeof(error->text) - 4, "...", 4);
  for (char *c = error->text; *c; ++c)
    if ((unsigned char)*c < 0x20 || *c == 0x7f)
      *c = '?';
  return -1;
}

void dlc_out_init(dlc_out *out, int fd) {
  out->fd = fd;
  out->failed = 0;
  out->size = 0;
}

int dlc_write_all(int fd, const void *data, size_t size) {
  const char *bytes = data;
  while (size) {
    /* Linux writes at most 2 GiB - 4 KiB in one call anyway. */
    ssize_t done = write(fd, bytes, size < (1u << 30) ? size : (1u << 30));
    if (done < 0) {
      if (errno == EINTR)
        continue;
      return errno;
    }
    if (done == 0)
      return ENOSPC;
    bytes += done;
    size -= (size_t)done;
  }
  return 0;
}

int dlc_flush(dlc_out *out) {
  if (out->fd >= 0) {
    if (!out->failed)
      out->failed = dlc_write_all(out->fd, out->buffer, out->size);
    out->size = 0;
  }
  return out->failed;
}

static void put(dlc_out *out, const char *text, size_t size) {
  while (size) {
    if (out->size == sizeof(out->buffer)) {
      if (out->fd < 0)
        return;
      dlc_flush(out);
    }
    size_t room = sizeof(out->buffer) - out->size;
    size_t part = size < room ? size : room;
    memcpy(out->buffer + out->size, text, part);
    out->size += part;
    text += part;
    size -= part;
  }
}

void dlc_print(dlc_out *out, const char *format, ...) {
  char line[2048];
  va_list args;
  va_start(args, format);
  int size = vsnprintf(line, sizeof(line), format, args);
  va_end(args);
  if (size > 0)
    put(out, line,
        (size_t)size < sizeof(line) ? (size_t)size : sizeof(line) - 1);
}

/* The length of the well-formed UTF-8 sequence at `s`, or 0. */
static size_t utf8_length(const unsigned char *s) {
  static const struct {
    unsigned char mask, lead;
    uint32_t least;
  } kinds[] = {{0x80, 0x00, 0},
               {0xe0, 0xc0, 0x80},
               {0xf0, 0xe0, 0x800},
               {0xf8, 0xf0, 0x10000}};
  for (size_t n = 0; n < 4; ++n) {
    if ((s[0] & kinds[n].mask) != kinds[n].lead)
      continue;
    uint32_t code = s[0] & (unsigned char)~kinds[n].mask;
    for (size_t i = 1; i <= n; ++i) {
      if ((s[i] & 0xc0) != 0x80)
        return 0;
      code = code << 6 | (s[i] & 0x3f);
    }
    if (code < kinds[n].least || code > 0x10ffff ||
        (code >= 0xd800 && code < 0xe000))
      return 0;
    return n + 1;
  }
  return 0;
}

void dlc_print_json_string(dlc_out *out, const char *text) {
  put(out, "\"", 1);
  for (const unsigned char *c = (const unsigned char *)text; *c;) {
    size_t size = utf8_length(c);
    if (size == 0) {
      put(out, "\\ufffd", 6);
      size = 1;
    } else if (*c == '"' || *c == '\\') {
      dlc_print(out, "\\%c", *c);
    } else if (*c < 0x20 || *c == 0x7f) {
      dlc_print(out, "\\u%04x", *c);
    } else {
      put(out, (const char *)c, size);
    }
    c += size;
  }
  put(out, "\"", 1);
}

void dlc_print_bytes(dlc_out *out, uint64_t bytes) {
  static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
  double value = (double)bytes;
  size_t unit = 0;
  while (value >= 1024 && unit + 1 < sizeof(units) / sizeof(*units)) {
    value /= 1024;
    ++unit;
  }
  dlc_print(out, unit ? "%.1f %s" : "%.0f %s", value, units[unit]);
}
