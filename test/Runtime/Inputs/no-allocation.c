/*===- no-allocation.c - Kills a program that allocates after start-up ----===*\
|*
|* To be loaded with LD_PRELOAD into a program that runs with --benchmark. The
|* first time the program asks for the time, which is right in front of its
|* first run, every thread gets a seccomp filter: from then on the system calls
|* that give a process memory kill it, and so do the allocation functions of
|* the C library.
|*
|* ALLOCATE=malloc|mmap|brk|thread in the environment makes the program do it,
|* at the tenth time: to see that this library notices.
|*
\*===----------------------------------------------------------------------===*/

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static int armed;

static void fail(const char *what) {
  static const char text[] = "no-allocation: the program called ";
  if (write(2, text, sizeof(text) - 1) < 0 ||
      write(2, what, strlen(what)) < 0 || write(2, "\n", 1) < 0)
    _exit(98);
  _exit(97);
}

#define KILL(call)                                                             \
  BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call, 0, 1),                             \
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS)

static void arm(void) {
  static struct sock_filter filter[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
      KILL(SYS_mmap),
      KILL(SYS_brk),
      KILL(SYS_mremap),
      KILL(SYS_clone),
      KILL(SYS_clone3),
      KILL(SYS_shmat),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  struct sock_fprog program = {sizeof(filter) / sizeof(*filter), filter};
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
      syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC,
              &program))
    fail("nothing yet, but seccomp is not available");
  armed = 1;
}

static void misbehave(void) {
  const char *how = getenv("ALLOCATE");
  pthread_t thread;
  if (!how)
    return;
  if (strcmp(how, "malloc") == 0 && malloc(1))
    return;
  if (strcmp(how, "mmap") == 0)
    mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (strcmp(how, "brk") == 0 && sbrk(4096))
    return;
  if (strcmp(how, "thread") == 0)
    pthread_create(&thread, NULL, NULL, NULL);
}

int clock_gettime(clockid_t clock, struct timespec *time) {
  static int calls;
  if (++calls == 1)
    arm();
  if (calls == 10)
    misbehave();
  return (int)syscall(SYS_clock_gettime, clock, time);
}

/* Start-up may use them. The C library's own are under these names. */
void *__libc_malloc(size_t);
void *__libc_calloc(size_t, size_t);
void *__libc_realloc(void *, size_t);
void *__libc_memalign(size_t, size_t);

void *malloc(size_t size) {
  if (armed)
    fail("malloc");
  return __libc_malloc(size);
}
void *calloc(size_t count, size_t size) {
  if (armed)
    fail("calloc");
  return __libc_calloc(count, size);
}
void *realloc(void *old, size_t size) {
  if (armed)
    fail("realloc");
  return __libc_realloc(old, size);
}
void *memalign(size_t alignment, size_t size) {
  if (armed)
    fail("memalign");
  return __libc_memalign(alignment, size);
}
void *aligned_alloc(size_t alignment, size_t size) {
  return memalign(alignment, size);
}
int posix_memalign(void **result, size_t alignment, size_t size) {
  *result = memalign(alignment, size);
  return *result ? 0 : ENOMEM;
}
