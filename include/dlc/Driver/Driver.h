//===- Driver.h - From a model to what the user asked for -------*- C++ -*-===//

#ifndef DLC_DRIVER_DRIVER_H
#define DLC_DRIVER_DRIVER_H

#include "dlc/Driver/Options.h"

namespace dlc {

/// Compiles as `options` say. Errors are printed to stderr; on failure nothing
/// is left behind.
ExitCode runDriver(const DriverOptions &options);

} // namespace dlc

#endif // DLC_DRIVER_DRIVER_H
