//===- Routines.h - Routines that compiled kernels call --------*- C++ -*-===//

#ifndef DLC_LIB_PTXSIM_ROUTINES_H
#define DLC_LIB_PTXSIM_ROUTINES_H

#include "Context.h"

namespace dlc::ptxsim {

/// Their addresses, by Routine.
void *const *routineTable();

// RuntimeMath.cpp
void runMath(uint32_t kind, uint32_t rounding, uint32_t isDouble,
             uint32_t count, void *out, const void *a, const void *b,
             const void *c);
void runConvert(uint32_t format, uint32_t rounding, uint32_t saturate,
                uint32_t isDouble, uint32_t count, uint32_t *out,
                const void *in);
void runDecode(uint32_t format, uint32_t count, float *out, const uint32_t *in);

// RuntimeMemory.cpp: accesses by lanes in quick code. `out` and `values` hold
// 32 lanes of the first element, then of the second, ... `spaceAndUnused` has
// the space of the address, and what AccessUnusedShift says.
void runLoad(WarpContext *warp, const uint64_t *addresses, uint32_t lanes,
             uint8_t *out, uint32_t elementBytes, uint32_t count,
             uint32_t spaceAndUnused, uint32_t line);
void runStore(WarpContext *warp, const uint64_t *addresses, uint32_t lanes,
              const uint8_t *values, uint32_t elementBytes, uint32_t count,
              uint32_t space, uint32_t line);

// RuntimeAtomic.cpp
void runAtomic(uint32_t kind, uint32_t type, uint32_t lanes,
               const uint64_t *addresses, const uint64_t *values,
               const uint64_t *others, uint64_t *old);

// RuntimeSystem.cpp; `in` and `out` hold the arguments and results of 32 lanes
void runPrint(WarpContext *warp, const uint8_t *in, uint8_t *out,
              uint32_t lanes, uint32_t line);
void runAssertFail(WarpContext *warp, const uint8_t *in, uint32_t lanes,
                   uint32_t line);

} // namespace dlc::ptxsim

#endif // DLC_LIB_PTXSIM_ROUTINES_H
