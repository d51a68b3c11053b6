/*===- Driver.c - Opening the CUDA driver ---------------------------------===*/

#include "Driver.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static pthread_once_t once = PTHREAD_ONCE_INIT;
static dlc_cuda functions;
static dlc_error problem; /* why `functions` can not be used, or "" */

int dlc_cuda_fail_v1(dlc_error *error, const char *format, ...) {
  va_list args;
  va_start(args, format);
  vsnprintf(error->text, sizeof(error->text), format, args);
  va_end(args);
  return -1;
}

int dlc_cuda_explain_v1(const dlc_cuda *cuda, CUresult result, const char *what,
                        dlc_error *error) {
  const char *text = NULL, *name = NULL;
  if (cuda->cuGetErrorString(result, &text) != CUDA_SUCCESS || !text)
    text = "unknown error";
  if (cuda->cuGetErrorName(result, &name) != CUDA_SUCCESS || !name)
    return dlc_cuda_fail_v1(error, "%s: %s (%d)", what, text, result);
  return dlc_cuda_fail_v1(error, "%s: %s (%s)", what, text, name);
}

/* Fills in the pointer to a function, by the detour from an object's pointer
 * that POSIX wants. */
static void find(void *library, const char *symbol, void *function,
                 const char **missing) {
  void *address = dlsym(library, symbol);
  if (!address && !*missing)
    *missing = symbol;
  memcpy(function, (const void *)&address, sizeof(address));
}

static void open_driver(void) {
  void *library = dlopen("libcuda.so.1", RTLD_NOW | RTLD_LOCAL);
  if (!library) {
    dlc_cuda_fail_v1(&problem,
                     "there is no NVIDIA driver (%s); dlc-sim runs the program "
                     "without one",
                     dlerror());
    return;
  }
  const char *missing = NULL;
#define DLC_CUDA_FIND(name, symbol, parameters)                                \
  find(library, #symbol, (void *)&functions.name, &missing);
  DLC_CUDA_FUNCTIONS(DLC_CUDA_FIND)
#undef DLC_CUDA_FIND
  if (missing) {
    dlc_cuda_fail_v1(&problem,
                     "the NVIDIA driver is too old: it lacks %s, which came "
                     "with CUDA 11.4",
                     missing);
    return;
  }
  CUresult result = functions.cuInit(0);
  if (result == CUDA_ERROR_NO_DEVICE)
    dlc_cuda_fail_v1(&problem, "the NVIDIA driver found no GPU");
  else if (result != CUDA_SUCCESS)
    dlc_cuda_explain_v1(&functions, result, "the NVIDIA driver does not start",
                        &problem);
}

const dlc_cuda *dlc_cuda_open_v1(dlc_error *error) {
  pthread_once(&once, open_driver);
  if (!problem.text[0])
    return &functions;
  *error = problem;
  return NULL;
}
