/*===- Cpu.c - Which instructions this machine has ------------------------===*/

#include "Cpu.h"

#include <cpuid.h>
#include <stddef.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

typedef struct feature {
  const char *name;
  uint32_t leaf, subleaf;
  int reg, bit;
  uint64_t state;
} feature;

static const feature features_table[] = {
#define DLC_CPU_FEATURE(name, leaf, subleaf, reg, bit, state)                  \
  {name, leaf, subleaf, reg, bit, state},
#include "dlc/Runtime/dlc_cpu_features.def"
};

/* The register states that the operating system saves: without it, the wide
 * registers fault although the CPU has them. */
static uint64_t enabled_state(void) {
  uint32_t a, b, c, d;
  if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & (1u << 27)))
    return 0;
  uint32_t low, high;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return (uint64_t)high << 32 | low;
}

/* Linux hands out tiles to processes that ask for them: their contents are 8
 * KiB more for each thread to save (Documentation/arch/x86/xstate.rst). Threads
 * that are started later have the permission, too. */
static int may_use(uint64_t state) {
  enum { request_permission = 0x1023, tile_data = 18 };
  return !(state & 1u << tile_data) ||
         syscall(SYS_arch_prctl, request_permission, tile_data) == 0;
}

static int has(const feature *f) {
  uint32_t regs[4];
  uint32_t top, unused;
  if (!__get_cpuid_count(f->leaf, f->subleaf, &regs[0], &regs[1], &regs[2],
                         &regs[3]))
    return 0;
  /* Subleaves beyond the last one of leaf 7 are not defined to be zero. */
  if (f->leaf == 7 && f->subleaf) {
    if (!__get_cpuid_count(7, 0, &top, &unused, &unused, &unused) ||
        top < f->subleaf)
      return 0;
  }
  return (regs[f->reg] >> f->bit & 1) &&
         (enabled_state() & f->state) == f->state && may_use(f->state);
}

int dlc_cpu_supports_v1(const char *features, char *lacking) {
  while (*features) {
    size_t size = strcspn(features, ",");
    const feature *found = NULL;
    for (size_t i = 0; i < sizeof(features_table) / sizeof(*features_table);
         ++i)
      if (strlen(features_table[i].name) == size &&
          memcmp(features_table[i].name, features, size) == 0)
        found = &features_table[i];
    if (size && (!found || !has(found))) {
      if (lacking) {
        if (size >= DLC_CPU_FEATURE_NAME)
          size = DLC_CPU_FEATURE_NAME - 1;
        memcpy(lacking, features, size);
        lacking[size] = '\0';
      }
      return 0;
    }
    features += size + (features[size] == ',');
  }
  return 1;
}
