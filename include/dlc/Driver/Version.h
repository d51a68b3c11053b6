//===- Version.h - Which dlc this is ----------------------------*- C++ -*-===//

#ifndef DLC_DRIVER_VERSION_H
#define DLC_DRIVER_VERSION_H

#include <string>

namespace dlc {

/// "dlc 0.1.0 (MLIR 22.1.8)".
std::string getVersionText();

} // namespace dlc

#endif // DLC_DRIVER_VERSION_H
