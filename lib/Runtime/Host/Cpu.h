/*===- Cpu.h - Which instructions this machine has ----------------*- C -*-===*/

#ifndef DLC_RUNTIME_HOST_CPU_H
#define DLC_RUNTIME_HOST_CPU_H

#include "dlc/Runtime/dlc_abi.h"

#ifdef __cplusplus
extern "C" {
#endif

/** The longest name of a feature, with its final zero. */
#define DLC_CPU_FEATURE_NAME 24

/**
 * Checks a list of features ("avx2,fma") against this CPU and its operating
 * system. Returns 1 if all are there; else 0, with the first that is not (or is
 * unknown to this runtime) in `lacking`, if that is not NULL.
 *
 * Also a part of compiled libraries, where several of them may be linked into
 * one program: the name carries the ABI's version.
 */
int dlc_cpu_supports_v1(const char *features, char *lacking);

#ifdef __cplusplus
}
#endif

#endif /* DLC_RUNTIME_HOST_CPU_H */
