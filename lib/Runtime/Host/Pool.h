/*===- Pool.h - The thread pool of a compiled program -------------*- C -*-===*\
|*
|* Threads are made once. A launch hands out chunks of work items through one
|* atomic counter; whoever is there takes part, the caller included, and nobody
|* waits for a thread that the operating system has not scheduled. Which thread
|* runs an item can not matter to its result.
|*
\*===----------------------------------------------------------------------===*/

#ifndef DLC_RUNTIME_HOST_POOL_H
#define DLC_RUNTIME_HOST_POOL_H

#include "Text.h"
#include "dlc/Runtime/dlc_abi.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Most pieces that a launch is cut into, for each thread. */
#define DLC_POOL_CHUNKS 8

/** Starts threads - 1 workers of the one pool of the process. */
int dlc_pool_start(int threads, dlc_error *error);
/** Ends and joins the workers. */
void dlc_pool_stop(void);
/** The number of threads that take part. */
int dlc_pool_threads(void);
/** What to pass to an entry. */
const dlc_parallel *dlc_pool_parallel(void);
/** The number of CPUs that this process may use. */
int dlc_pool_default_threads(void);

#ifdef __cplusplus
}
#endif

#endif /* DLC_RUNTIME_HOST_POOL_H */
