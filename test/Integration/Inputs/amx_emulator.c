/*===- amx_emulator.c - AMX on CPUs that do not have it -------------------===*\
|*
|* A library for LD_PRELOAD. Instructions on tiles are illegal on most CPUs: a
|* handler of SIGILL does what they would do, as the Intel 64 and IA-32
|* Architectures Software Developer's Manual (volume 2) describes them. It
|* checks what the manual lets fault: shapes that do not fit each other, tiles
|* that are not configured, and it prints how many instructions of each kind
|* were executed when the program ends (AMX_EMULATOR_COUNTS names the file).
|*
|*   cc -O2 -shared -fPIC amx_emulator.c -o amx.so && LD_PRELOAD=./amx.so
./model
|*
\*===----------------------------------------------------------------------===*/

#define _GNU_SOURCE
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>
#include <unistd.h>

enum { tiles = 8, max_rows = 16, row_bytes = 64 };

typedef struct tile {
  uint8_t rows;
  uint16_t bytes;
  unsigned char data[max_rows][row_bytes];
} tile;

/* The state of a thread. */
static __thread struct {
  int configured;
  tile tile[tiles];
} state;

enum { k_config, k_release, k_zero, k_load, k_store, k_float, k_bytes, kinds };
static const char *const names[kinds] = {
    "ldtilecfg",  "tilerelease", "tilezero", "tileloadd",
    "tilestored", "tdpbf16ps",   "tdpb*d"};
static uint64_t counts[kinds];

static void fail(const char *what) {
  static const char prefix[] = "amx_emulator: error: ";
  (void)!write(2, prefix, sizeof prefix - 1);
  (void)!write(2, what, strlen(what));
  (void)!write(2, "\n", 1);
  _exit(99);
}

/* --- Decoding ------------------------------------------------------------ */

/* VEX.128, three bytes, map 0F38; memory operands as bytes of the code give
 * them. */
typedef struct instruction {
  int prefix; /* 0: none, 1: 66, 2: F3, 3: F2 */
  int opcode, reg, rm, vvvv;
  int is_memory;
  uint64_t base, index; /* values, the index times its scale */
  int length;
} instruction;

static const int greg[16] = {
    REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP, REG_RSI, REG_RDI,
    REG_R8,  REG_R9,  REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15};

static uint64_t value_of(const ucontext_t *context, int reg) {
  return (uint64_t)context->uc_mcontext.gregs[greg[reg]];
}

static int decode(const ucontext_t *context, instruction *out) {
  const unsigned char *code =
      (const unsigned char *)context->uc_mcontext.gregs[REG_RIP];
  if (code[0] != 0xc4 || (code[1] & 0x1f) != 2 || code[2] & 0x84)
    return 0;
  int r = !(code[1] & 0x80) << 3, x = !(code[1] & 0x40) << 3,
      b = !(code[1] & 0x20) << 3;
  out->prefix = code[2] & 3;
  out->vvvv = ~(code[2] >> 3) & 15;
  out->opcode = code[3];
  int modrm = code[4], mod = modrm >> 6;
  out->reg = (modrm >> 3 & 7) | r;
  out->rm = (modrm & 7) | b;
  out->is_memory = mod != 3;
  out->length = 5;
  out->base = out->index = 0;
  if (!out->is_memory)
    return 1;
  int base = out->rm, has_base = 1;
  if ((modrm & 7) == 4) {
    int sib = code[out->length++];
    int index = (sib >> 3 & 7) | x;
    if (index != 4)
      out->index = value_of(context, index) << (sib >> 6);
    base = (sib & 7) | b;
    has_base = mod != 0 || (sib & 7) != 5;
  } else if (mod == 0 && (modrm & 7) == 5) {
    fail("an address relative to the program counter");
  }
  if (has_base)
    out->base = value_of(context, base);
  if (mod == 1) {
    out->base += (uint64_t)(int64_t)(int8_t)code[out->length];
    out->length += 1;
  } else if (mod == 2 || !has_base) {
    int32_t offset;
    memcpy(&offset, code + out->length, 4);
    out->base += (uint64_t)(int64_t)offset;
    out->length += 4;
  }
  return 1;
}

/* --- Instructions -------------------------------------------------------- */

static tile *get(int number) {
  if (!state.configured)
    fail("a tile is used that is not configured");
  if (number >= tiles || !state.tile[number].rows)
    fail("there is no such tile");
  return &state.tile[number];
}

static void configure(const unsigned char *from) {
  if (from[0] != 1)
    fail("the palette is not 1");
  memset(&state, 0, sizeof state);
  state.configured = 1;
  for (int i = 0; i < tiles; ++i) {
    uint16_t bytes;
    memcpy(&bytes, from + 16 + 2 * i, 2);
    state.tile[i].rows = from[48 + i];
    state.tile[i].bytes = bytes;
    if (bytes > row_bytes || from[48 + i] > max_rows || !bytes != !from[48 + i])
      fail("the configuration has a shape that tiles can not have");
  }
}

static void load(tile *to, const instruction *in) {
  memset(to->data, 0, sizeof to->data);
  for (int row = 0; row < to->rows; ++row)
    memcpy(to->data[row], (const void *)(in->base + (uint64_t)row * in->index),
           to->bytes);
}

static void store(const tile *from, const instruction *in) {
  for (int row = 0; row < from->rows; ++row)
    memcpy((void *)(in->base + (uint64_t)row * in->index), from->data[row],
           from->bytes);
}

/* The shapes of a product: rows x bytes of the sums, rows x 4k of the left and
 * k x bytes of the right factor. */
static void check(const tile *sums, const tile *left, const tile *right) {
  if (sums == left || sums == right || left == right)
    fail("a product with the same tile twice");
  if (left->rows != sums->rows || right->bytes != sums->bytes ||
      left->bytes != 4 * right->rows)
    fail("the shapes of a product do not fit");
}

static float from_bfloat(uint16_t number) {
  uint32_t bits = (uint32_t)number << 16;
  float value;
  if (!(bits & 0x7f800000u)) /* denormal numbers are zeros */
    bits &= 0x80000000u;
  memcpy(&value, &bits, 4);
  return value;
}

static void multiply_floats(tile *sums, const tile *left, const tile *right) {
  check(sums, left, right);
  int columns = sums->bytes / 4;
  for (int m = 0; m < sums->rows; ++m) {
    float *sum = (float *)sums->data[m];
    for (int k = 0; k < right->rows; ++k) {
      const uint16_t *a = (const uint16_t *)left->data[m] + 2 * k,
                     *b = (const uint16_t *)right->data[k];
      for (int half = 0; half < 2; ++half)
        for (int n = 0; n < columns; ++n)
          sum[n] += from_bfloat(a[half]) * from_bfloat(b[2 * n + half]);
    }
  }
}

static void multiply_bytes(tile *sums, const tile *left, const tile *right,
                           int left_signed, int right_signed) {
  check(sums, left, right);
  int columns = sums->bytes / 4;
  for (int m = 0; m < sums->rows; ++m) {
    uint32_t *sum = (uint32_t *)sums->data[m];
    for (int k = 0; k < right->rows; ++k)
      for (int i = 0; i < 4; ++i) {
        unsigned char a = left->data[m][4 * k + i];
        int32_t factor = left_signed ? (int8_t)a : a;
        for (int n = 0; n < columns; ++n) {
          unsigned char b = right->data[k][4 * n + i];
          sum[n] += (uint32_t)(factor * (right_signed ? (int8_t)b : b));
        }
      }
  }
}

static int execute(const instruction *in) {
  int kind;
  if (in->opcode == 0x49 && in->is_memory && in->prefix == 0) {
    configure((const unsigned char *)(in->base + in->index));
    kind = k_config;
  } else if (in->opcode == 0x49 && !in->is_memory && in->prefix == 0) {
    state.configured = 0;
    kind = k_release;
  } else if (in->opcode == 0x49 && !in->is_memory && in->prefix == 3) {
    tile *zero = get(in->reg);
    memset(zero->data, 0, sizeof zero->data);
    kind = k_zero;
  } else if (in->opcode == 0x4b && in->is_memory && in->prefix == 3) {
    load(get(in->reg), in);
    kind = k_load;
  } else if (in->opcode == 0x4b && in->is_memory && in->prefix == 2) {
    store(get(in->reg), in);
    kind = k_store;
  } else if (in->opcode == 0x5c && !in->is_memory && in->prefix == 2) {
    multiply_floats(get(in->reg), get(in->rm), get(in->vvvv));
    kind = k_float;
  } else if (in->opcode == 0x5e && !in->is_memory) {
    /* none: unsigned both, 66: unsigned signed, F3: signed unsigned, F2 */
    multiply_bytes(get(in->reg), get(in->rm), get(in->vvvv), in->prefix >= 2,
                   in->prefix == 1 || in->prefix == 3);
    kind = k_bytes;
  } else {
    return 0;
  }
  __atomic_fetch_add(&counts[kind], 1, __ATOMIC_RELAXED);
  return 1;
}

static void on_illegal(int signal_number, siginfo_t *info, void *data) {
  (void)signal_number;
  (void)info;
  ucontext_t *context = data;
  instruction in;
  if (!decode(context, &in) || !execute(&in)) {
    const unsigned char *code =
        (const unsigned char *)context->uc_mcontext.gregs[REG_RIP];
    char text[80];
    snprintf(text, sizeof text, "illegal instruction %02x %02x %02x %02x %02x",
             code[0], code[1], code[2], code[3], code[4]);
    fail(text);
  }
  context->uc_mcontext.gregs[REG_RIP] += in.length;
}

__attribute__((constructor)) static void start(void) {
  struct sigaction action = {0};
  action.sa_sigaction = on_illegal;
  action.sa_flags = SA_SIGINFO | SA_NODEFER;
  sigaction(SIGILL, &action, NULL);
}

__attribute__((destructor)) static void finish(void) {
  const char *path = getenv("AMX_EMULATOR_COUNTS");
  FILE *file = path ? fopen(path, "w") : NULL;
  if (!file)
    return;
  for (int i = 0; i < kinds; ++i)
    fprintf(file, "%s %llu\n", names[i], (unsigned long long)counts[i]);
  fclose(file);
}
