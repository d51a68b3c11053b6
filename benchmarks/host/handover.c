/* Prints how many nanoseconds a cache line takes from one CPU to another and
 * back: some 50 within one third-level cache, some 300 between two of them.
 * usage: handover CPU CPU */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { TURNS = 100000 };
static _Alignas(64) atomic_int turn;

static void pin(const char *cpu) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(atoi(cpu), &set);
  sched_setaffinity(0, sizeof set, &set);
}

static void *answer(void *cpu) {
  pin(cpu);
  for (int i = 1; i < 2 * TURNS; i += 2) {
    while (atomic_load_explicit(&turn, memory_order_acquire) != i)
      ;
    atomic_store_explicit(&turn, i + 1, memory_order_release);
  }
  return NULL;
}

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

int main(int argc, char **argv) {
  pthread_t other;
  if (argc != 3 || pthread_create(&other, NULL, answer, argv[2]))
    return 1;
  pin(argv[1]);
  double begin = now();
  for (int i = 0; i < 2 * TURNS; i += 2) {
    atomic_store_explicit(&turn, i + 1, memory_order_release);
    while (atomic_load_explicit(&turn, memory_order_acquire) != i + 2)
      ;
  }
  printf("%.0f\n", (now() - begin) / TURNS);
  return pthread_join(other, NULL);
}
