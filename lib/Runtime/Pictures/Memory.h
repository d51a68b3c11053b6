/*===- Memory.h - malloc within a fixed piece of memory -----------*- C -*-===*\
|*
|* What `malloc` and its like are for the libraries that decode pictures: their
|* calls are renamed when they are linked (lib/Runtime/CMakeLists.txt).
|*
\*===----------------------------------------------------------------------===*/

#ifndef DLC_RUNTIME_PICTURES_MEMORY_H
#define DLC_RUNTIME_PICTURES_MEMORY_H

#include <stddef.h>
#include <stdint.h>

/** Begins anew with this memory, aligned to 64 bytes; all that was allocated is
 * gone. */
void dlc_memory_begin(void *memory, uint64_t bytes);

/** Whether something has not fitted since then. */
int dlc_memory_is_exhausted(void);

/** As the C library's, aligned to 64 bytes. */
void *dlc_memory_malloc(size_t bytes);
void *dlc_memory_calloc(size_t count, size_t bytes);
void *dlc_memory_realloc(void *at, size_t bytes);
int dlc_memory_posix_memalign(void **at, size_t alignment, size_t bytes);
void dlc_memory_free(void *at);

/** As the C library's where no variable is set: what a program computes does
 * not depend on its environment. */
char *dlc_memory_getenv(const char *name);

#endif /* DLC_RUNTIME_PICTURES_MEMORY_H */
