/*===- Memory.c - malloc within a fixed piece of memory -------------------===*/

#include "Memory.h"

#include <errno.h>
#include <string.h>

enum { UNIT = 64 };

/* In front of each block, used or free; they lie one behind the other, and no
 * two free ones are neighbours. */
typedef struct block {
  uint64_t bytes; /* behind this header, a multiple of UNIT */
  struct block *before;
  uint32_t is_used;
} block;

_Static_assert(sizeof(block) <= UNIT, "headers keep blocks aligned");

static unsigned char *begin, *end;
static int exhausted;

static unsigned char *data_of(block *each) {
  return (unsigned char *)each + UNIT;
}

static block *block_of(void *at) {
  return (block *)((unsigned char *)at - UNIT);
}

/* The block behind this one, NULL for the last. */
static block *next_of(block *each) {
  unsigned char *next = data_of(each) + each->bytes;
  return next < end ? (block *)next : NULL;
}

void dlc_memory_begin(void *memory, uint64_t bytes) {
  exhausted = 0;
  begin = memory;
  end = begin + bytes / UNIT * UNIT;
  if (bytes < 2 * UNIT)
    end = begin;
  else
    *(block *)begin = (block){.bytes = (uint64_t)(end - begin) - UNIT};
}

int dlc_memory_is_exhausted(void) { return exhausted; }

/* Joins a block with the free one behind it. */
static void join_next(block *each) {
  block *next = next_of(each);
  if (!next || next->is_used)
    return;
  each->bytes += UNIT + next->bytes;
  next = next_of(each);
  if (next)
    next->before = each;
}

/* Makes a free block of what `each` has more than `bytes`. */
static void split(block *each, uint64_t bytes) {
  if (each->bytes < bytes + 2 * UNIT)
    return;
  block *rest = (block *)(data_of(each) + bytes);
  *rest = (block){.bytes = each->bytes - bytes - UNIT, .before = each};
  each->bytes = bytes;
  block *next = next_of(rest);
  if (next)
    next->before = rest;
  join_next(rest);
}

static uint64_t round_up(size_t bytes) {
  return bytes > SIZE_MAX - UNIT ? SIZE_MAX / UNIT * UNIT
         : bytes                 ? (bytes + UNIT - 1) / UNIT * UNIT
                                 : UNIT;
}

void *dlc_memory_malloc(size_t bytes) {
  uint64_t wanted = round_up(bytes);
  for (block *each = begin < end ? (block *)begin : NULL; each;
       each = next_of(each))
    if (!each->is_used && each->bytes >= wanted) {
      split(each, wanted);
      each->is_used = 1;
      return data_of(each);
    }
  exhausted = 1;
  errno = ENOMEM;
  return NULL;
}

void *dlc_memory_calloc(size_t count, size_t bytes) {
  size_t all;
  if (__builtin_mul_overflow(count, bytes, &all))
    all = SIZE_MAX; /* which does not fit */
  void *at = dlc_memory_malloc(all);
  return at ? memset(at, 0, all) : NULL;
}

void *dlc_memory_realloc(void *at, size_t bytes) {
  if (!at)
    return dlc_memory_malloc(bytes);
  block *each = block_of(at);
  uint64_t wanted = round_up(bytes), had = each->bytes;
  block *next = next_of(each);
  if (next && !next->is_used && had < wanted &&
      had + UNIT + next->bytes >= wanted)
    join_next(each);
  if (each->bytes >= wanted) {
    split(each, wanted);
    return at;
  }
  void *moved = dlc_memory_malloc(bytes);
  if (!moved)
    return NULL;
  memcpy(moved, at, had);
  dlc_memory_free(at);
  return moved;
}

int dlc_memory_posix_memalign(void **at, size_t alignment, size_t bytes) {
  void *found = alignment <= UNIT ? dlc_memory_malloc(bytes) : NULL;
  if (!found)
    return ENOMEM;
  *at = found;
  return 0;
}

void dlc_memory_free(void *at) {
  if (!at)
    return;
  block *each = block_of(at);
  each->is_used = 0;
  join_next(each);
  if (each->before && !each->before->is_used)
    join_next(each->before);
}

char *dlc_memory_getenv(const char *name) {
  (void)name;
  return NULL;
}
