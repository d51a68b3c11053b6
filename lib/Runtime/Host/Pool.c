/*===- Pool.c - The thread pool of a compiled program ---------------------===*/

#include "Pool.h"

#include "Cli.h"

#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* How often to look before going to sleep: some tens of microseconds, about
 * what a sleep and a wake-up cost. */
enum { SPINS = 2000 };

/* The work items of one thread. Others take from it when they have done theirs.
 */
typedef struct {
  /* generation << 32 | the next chunk to hand out, of DLC_POOL_CHUNKS */
  _Alignas(64) _Atomic uint64_t next;
} range;

static struct {
  int threads;
  pthread_t workers[DLC_MAX_THREADS];

  /* The job. Its fields only mean something to who has taken a chunk of it. */
  _Alignas(64) _Atomic(dlc_kernel_fn) kernel;
  _Atomic(void *const *) args;
  _Atomic int64_t items;

  /* The generation again, for sleepers to wait on. */
  _Alignas(64) _Atomic uint32_t generation;
  _Atomic uint32_t sleepers;
  _Atomic int stopping;
  /* Chunks done; who waits for the last one sleeps here. */
  _Alignas(64) _Atomic uint32_t done;
  _Atomic uint32_t caller_sleeps;

  range ranges[DLC_MAX_THREADS];
} pool = {.threads = 1};

static void futex_wait(_Atomic uint32_t *word, uint32_t value) {
  syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, value, NULL, NULL, 0);
}

static void futex_wake(_Atomic uint32_t *word, int count) {
  syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, count, NULL, NULL, 0);
}

static void relax(void) { __builtin_ia32_pause(); }

/* Where a thread's items begin. */
static int64_t range_begin(int64_t items, int thread, int threads) {
  return items / threads * thread + items % threads * thread / threads;
}

/* Where a chunk of a thread's items begins. Chunks get smaller, so that threads
 * end at about the same time although the first ones are large (C.
 * Polychronopoulos and D. Kuck, "Guided self-scheduling", 1987): what is left
 * shrinks with the square of the chunks that are left. Exact up to 2^53 items.
 */
static int64_t chunk_begin(int64_t items, uint32_t chunk) {
  double left = (double)(DLC_POOL_CHUNKS - chunk) / DLC_POOL_CHUNKS;
  return items - (int64_t)((double)items * left * left);
}

/* Does chunks of one thread's items until none is left; returns how many. */
static uint32_t work_on(int thread) {
  range *mine = &pool.ranges[thread];
  uint32_t count = 0;
  uint64_t next = atomic_load_explicit(&mine->next, memory_order_acquire);
  for (;;) {
    uint32_t chunk = (uint32_t)next, after = chunk + 1;
    if (chunk >= DLC_POOL_CHUNKS)
      return count;
    dlc_kernel_fn kernel =
        atomic_load_explicit(&pool.kernel, memory_order_relaxed);
    void *const *args = atomic_load_explicit(&pool.args, memory_order_relaxed);
    int64_t items = atomic_load_explicit(&pool.items, memory_order_relaxed);
    int64_t first = range_begin(items, thread, pool.threads),
            size = range_begin(items, thread + 1, pool.threads) - first;
    int64_t from = chunk_begin(size, chunk), to = chunk_begin(size, after);
    while (from == to && after < DLC_POOL_CHUNKS)
      to = chunk_begin(size, ++after);
    if (to == size)
      after = DLC_POOL_CHUNKS;
    /* If these fields were those of a later job, `next` has changed by now: a
     * job ends when all chunks have been taken, and a later one writes its
     * fields before it hands out the first one. */
    atomic_thread_fence(memory_order_acquire);
    uint64_t taken = (next & ~(uint64_t)UINT32_MAX) | after;
    if (!atomic_compare_exchange_strong_explicit(&mine->next, &next, taken,
                                                 memory_order_acq_rel,
                                                 memory_order_acquire))
      continue;
    if (from < to)
      kernel(args, first + from, first + to);
    count += after - chunk;
    next = atomic_load_explicit(&mine->next, memory_order_acquire);
  }
}

static uint32_t chunks(void) {
  return (uint32_t)pool.threads * DLC_POOL_CHUNKS;
}

/* Takes part in the current job until no chunk is left: `thread`'s own ones,
 * then those of the others. */
static void work(int thread) {
  uint32_t count = 0;
  for (int i = 0; i < pool.threads; ++i)
    count += work_on((thread + i) % pool.threads);
  if (count && atomic_fetch_add(&pool.done, count) + count == chunks() &&
      atomic_load(&pool.caller_sleeps))
    futex_wake(&pool.done, 1);
}

static void *worker(void *thread) {
  uint32_t seen = 0;
  for (;;) {
    uint32_t now = 0;
    for (int spin = 0; spin < SPINS; ++spin) {
      now = atomic_load_explicit(&pool.generation, memory_order_acquire);
      if (now != seen)
        break;
      relax();
    }
    if (now == seen) {
      atomic_fetch_add(&pool.sleepers, 1);
      while ((now = atomic_load(&pool.generation)) == seen)
        futex_wait(&pool.generation, seen);
      atomic_fetch_sub(&pool.sleepers, 1);
    }
    seen = now;
    if (atomic_load(&pool.stopping))
      return NULL;
    work((int)(intptr_t)thread);
  }
}

static void run(void *context, dlc_kernel_fn kernel, void *const *args,
                int64_t items) {
  (void)context;
  if (items <= 1 || pool.threads == 1) {
    kernel(args, 0, items);
    return;
  }
  uint32_t generation =
      atomic_load_explicit(&pool.generation, memory_order_relaxed) + 1;
  atomic_store_explicit(&pool.kernel, kernel, memory_order_relaxed);
  atomic_store_explicit(&pool.args, args, memory_order_relaxed);
  atomic_store_explicit(&pool.items, items, memory_order_relaxed);
  atomic_store_explicit(&pool.done, 0, memory_order_relaxed);
  for (int thread = 0; thread < pool.threads; ++thread)
    atomic_store_explicit(&pool.ranges[thread].next, (uint64_t)generation << 32,
                          memory_order_release);
  atomic_store(&pool.generation, generation);
  if (atomic_load(&pool.sleepers))
    futex_wake(&pool.generation, pool.threads);

  work(0);

  for (int spin = 0; spin < SPINS; ++spin) {
    if (atomic_load_explicit(&pool.done, memory_order_acquire) == chunks())
      return;
    relax();
  }
  atomic_store(&pool.caller_sleeps, 1);
  for (uint32_t done; (done = atomic_load(&pool.done)) != chunks();)
    futex_wait(&pool.done, done);
  atomic_store(&pool.caller_sleeps, 0);
}

int dlc_pool_start(int threads, dlc_error *error) {
  for (pool.threads = 1; pool.threads < threads; ++pool.threads) {
    int reason = pthread_create(&pool.workers[pool.threads], NULL, worker,
                                (void *)(intptr_t)pool.threads);
    if (reason) {
      dlc_fail(error, "cannot start thread %d: %s", pool.threads + 1,
               strerror(reason));
      dlc_pool_stop();
      return -1;
    }
  }
  return 0;
}

void dlc_pool_stop(void) {
  atomic_store(&pool.stopping, 1);
  atomic_fetch_add(&pool.generation, 1);
  futex_wake(&pool.generation, DLC_MAX_THREADS);
  for (; pool.threads > 1; --pool.threads)
    pthread_join(pool.workers[pool.threads - 1], NULL);
  atomic_store(&pool.stopping, 0);
  atomic_store(&pool.generation, 0);
}

int dlc_pool_threads(void) { return pool.threads; }

const dlc_parallel *dlc_pool_parallel(void) {
  static const dlc_parallel parallel = {run, NULL};
  return &parallel;
}

int dlc_pool_default_threads(void) {
  cpu_set_t set;
  int count = 1;
  if (sched_getaffinity(0, sizeof(set), &set) == 0)
    count = CPU_COUNT(&set);
  else
    count = (int)sysconf(_SC_NPROCESSORS_ONLN);
  return count < 1 ? 1 : count > DLC_MAX_THREADS ? DLC_MAX_THREADS : count;
}
