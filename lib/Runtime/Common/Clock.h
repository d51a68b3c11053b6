/*===- Clock.h - What time it is ----------------------------------*- C -*-===*/

#ifndef DLC_RUNTIME_COMMON_CLOCK_H
#define DLC_RUNTIME_COMMON_CLOCK_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** The monotonic clock in nanoseconds. */
uint64_t dlc_now(void);

#ifdef __cplusplus
}
#endif

#endif /* DLC_RUNTIME_COMMON_CLOCK_H */
