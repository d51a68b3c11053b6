/*===- guard.c - Runs a compiled library between guard pages --------------===*\
|*
|* Compile with -DNAME=model -include model.h and the library. Inputs, outputs
|* and the arena each lie alone between pages that nobody may touch: once each
|* directly behind a guard page, once directly in front of one (as far as the
|* alignment of 64 bytes allows; what is left of the last 64 bytes is checked
|* by a pattern). The program's stack ends in a guard page anyway, its weights
|* are read-only.
|*
|* The runs differ in what the arena holds before, in how the work is split
|* (whole kernels, single items backwards, three threads) and in nothing else:
|* all outputs must be the same to the bit, and equal to those in the files
|* given: guard INPUT.npy... -- OUTPUT.npy... Without output files only the
|* runs are compared.
|*
\*===----------------------------------------------------------------------===*/

#define _GNU_SOURCE
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define JOIN_(a, b) a##b
#define JOIN(a, b) JOIN_(a, b)

enum { PAGE = 4096, ALIGN = DLC_TENSOR_ALIGNMENT };

/* Memory of `size` bytes with a guard page before and behind it. */
typedef struct block {
  unsigned char *data, *end; /* `end`: where the guard page begins */
  size_t size;
} block;

static block make_block(size_t size, int at_end) {
  size_t pages = (size + PAGE - 1) / PAGE * PAGE;
  unsigned char *memory = mmap(NULL, pages + 2 * PAGE, PROT_NONE,
                               MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED ||
      (pages && mprotect(memory + PAGE, pages, PROT_READ | PROT_WRITE))) {
    perror("mmap");
    exit(1);
  }
  block result = {memory + PAGE, memory + PAGE + pages, size};
  if (at_end)
    result.data = result.end - (size + ALIGN - 1) / ALIGN * ALIGN;
  memset(memory + PAGE, 0xa5, pages);
  return result;
}

static int slack_untouched(const block *b) {
  for (const unsigned char *c = b->data + b->size; c < b->end; ++c)
    if (*c != 0xa5)
      return 0;
  return 1;
}

static void items_backwards(void *context, dlc_kernel_fn kernel,
                            void *const *args, int64_t items) {
  (void)context;
  for (int64_t i = items; i-- > 0;)
    kernel(args, i, i + 1);
}

typedef struct part {
  dlc_kernel_fn kernel;
  void *const *args;
  int64_t begin, end;
} part;

static void *run_part(void *argument) {
  part *p = argument;
  p->kernel(p->args, p->begin, p->end);
  return NULL;
}

static void three_threads(void *context, dlc_kernel_fn kernel,
                          void *const *args, int64_t items) {
  (void)context;
  pthread_t threads[3];
  part parts[3];
  for (int t = 0; t < 3; ++t) {
    parts[t] = (part){kernel, args, items * t / 3, items * (t + 1) / 3};
    if (pthread_create(&threads[t], NULL, run_part, &parts[t]))
      exit(1);
  }
  for (int t = 0; t < 3; ++t)
    pthread_join(threads[t], NULL);
}

/* Data of a .npy file of version 1.0, which is what our tests write. */
static unsigned char *load(const char *path, size_t bytes) {
  FILE *file = fopen(path, "rb");
  unsigned char prefix[10];
  unsigned char *data = malloc(bytes + 1);
  if (!file || fread(prefix, 1, 10, file) != 10 ||
      fseek(file, 10 + prefix[8] + 256 * prefix[9], SEEK_SET) ||
      fread(data, 1, bytes + 1, file) != bytes) {
    fprintf(stderr, "cannot read %zu bytes from %s\n", bytes, path);
    exit(1);
  }
  fclose(file);
  return data;
}

int main(int argc, char **argv) {
  const dlc_model *model = JOIN(NAME, _descriptor)();
  enum { MOST = 64 };
  const unsigned char *given[MOST] = {0};
  unsigned char *expected[MOST] = {0};
  int argument = 1;
  if (model->num_inputs > MOST || model->num_outputs > MOST)
    return 1;
  for (uint32_t i = 0; i < model->num_inputs; ++i, ++argument)
    given[i] = argument < argc ? load(argv[argument], model->inputs[i].bytes)
                               : calloc(1, model->inputs[i].bytes + 1);
  if (++argument < argc)
    for (uint32_t i = 0; i < model->num_outputs; ++i)
      expected[i] = load(argv[argument++], model->outputs[i].bytes);

  dlc_parallel backwards = {items_backwards, NULL};
  dlc_parallel threads = {three_threads, NULL};
  const dlc_parallel *const splits[] = {NULL, &backwards, &threads};
  const unsigned char garbage[] = {0x00, 0xff, 0x7f};
  for (int run = 0; run < 6; ++run) {
    block inputs[MOST], outputs[MOST];
    const void *in[MOST];
    void *out[MOST];
    for (uint32_t i = 0; i < model->num_inputs; ++i) {
      inputs[i] = make_block(model->inputs[i].bytes, run % 2);
      memcpy(inputs[i].data, given[i], inputs[i].size);
      in[i] = inputs[i].data;
    }
    for (uint32_t i = 0; i < model->num_outputs; ++i) {
      outputs[i] = make_block(model->outputs[i].bytes, run % 2);
      out[i] = outputs[i].data;
    }
    block arena = make_block(model->arena_bytes, run % 2);
    memset(arena.data, garbage[run % 3], arena.size);
    int32_t status =
        JOIN(NAME, _run_parallel)(in, out, arena.data, splits[run / 2]);
    if (status) {
      fprintf(stderr, "run %d: status %d\n", run, status);
      return 1;
    }
    int good = slack_untouched(&arena);
    for (uint32_t i = 0; i < model->num_inputs; ++i)
      good &= slack_untouched(&inputs[i]) &&
              memcmp(inputs[i].data, given[i], inputs[i].size) == 0;
    if (!good) {
      fprintf(stderr, "run %d: wrote an input or behind its memory\n", run);
      return 1;
    }
    for (uint32_t i = 0; i < model->num_outputs; ++i) {
      if (!expected[i]) {
        expected[i] = malloc(outputs[i].size + 1);
        memcpy(expected[i], outputs[i].data, outputs[i].size);
      }
      if (!slack_untouched(&outputs[i]) ||
          memcmp(expected[i], outputs[i].data, outputs[i].size)) {
        fprintf(stderr, "run %d: output '%s' differs\n", run,
                model->outputs[i].name);
        return 1;
      }
    }
  }
  puts("ok");
  return 0;
}
