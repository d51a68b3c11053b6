//===- FatBinary.h - PTX out of module images ------------------*- C++ -*-===//

#ifndef DLC_LIB_PTXSIM_DRIVER_FATBINARY_H
#define DLC_LIB_PTXSIM_DRIVER_FATBINARY_H

#include "dlc/PTXSim/DriverAbi.h"

#include "llvm/ADT/ArrayRef.h"
#include "llvm/Support/Error.h"

#include <string>

namespace dlc::ptxsim::driver {

/// Why an image can not be loaded.
class ImageError : public llvm::ErrorInfo<ImageError> {
public:
  static char ID;
  ImageError(CUresult code, std::string message)
      : code(code), text(std::move(message)) {}
  CUresult getCode() const { return code; }
  void log(llvm::raw_ostream &os) const override { os << text; }
  std::error_code convertToErrorCode() const override;

private:
  CUresult code;
  std::string text;
};

/// The PTX text of an image as cuModuleLoadData takes it: PTX, a fat binary, or
/// the wrapper that nvcc puts around one. Of several PTX texts in a fat binary,
/// the one for the newest architecture that the device (80 for sm_80) runs.
llvm::Expected<std::string> ptxOfImage(const void *image,
                                       unsigned architecture);

/// Unpacks a block in the LZ4 block format to exactly `bytes` bytes; false if
/// it is damaged.
bool unpackLz4(llvm::ArrayRef<uint8_t> packed, size_t bytes, std::string &out);

} // namespace dlc::ptxsim::driver

#endif // DLC_LIB_PTXSIM_DRIVER_FATBINARY_H
