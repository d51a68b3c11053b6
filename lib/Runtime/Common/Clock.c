/*===- Clock.c - What time it is ------------------------------------------===*/

#include "Clock.h"

#include <time.h>

uint64_t dlc_now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}
