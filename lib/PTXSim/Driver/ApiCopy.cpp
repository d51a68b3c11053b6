//===- ApiCopy.cpp - Copies and fills -------------------------------------===//

#include "ApiCall.h"
#include "Copy.h"

using namespace dlc::ptxsim::driver;

/// Whether a side of a copy is host memory that the driver does not know. The
/// program may use it again as soon as the call returns.
static bool isPageable(const CopySide &side) {
  return !side.block && side.type != CU_MEMORYTYPE_DEVICE;
}

/// A copy that is done when the call returns: in the order of the legacy
/// stream.
static CUresult copyNow(CUctx_st &context, const CopyWork &work) {
  Driver &driver = Driver::get();
  DLC_SIM_TRY(driver.checkNoCapture());
  CopySide dst, src;
  DLC_SIM_TRY(resolve(work.params, dst, src));
  DLC_SIM_TRY(driver.submit(context.legacy, work));
  driver.finish(context.legacy);
  return context.sticky;
}

static CUresult copyInStream(CUctx_st &context, const CopyWork &work,
                             CUstream handle) {
  Driver &driver = Driver::get();
  CUstream_st *stream = driver.findStream(handle);
  if (!stream)
    return fail(CUDA_ERROR_INVALID_HANDLE, "not a stream");
  CopySide dst, src;
  DLC_SIM_TRY(resolve(work.params, dst, src));
  DLC_SIM_TRY(driver.submit(*stream, work));
  if (!stream->capture && (isPageable(dst) || isPageable(src)))
    driver.finish(*stream);
  return context.sticky;
}

static CUresult fillNow(CUctx_st &context, const FillWork &work) {
  Driver &driver = Driver::get();
  DLC_SIM_TRY(driver.checkNoCapture());
  DLC_SIM_TRY(validateFill(work.params));
  // a fill of device memory need not be done when the call returns
  DLC_SIM_TRY(driver.submit(context.legacy, work));
  return context.sticky;
}

static CUresult fillInStream(CUctx_st &context, const FillWork &work,
                             CUstream handle) {
  Driver &driver = Driver::get();
  CUstream_st *stream = driver.findStream(handle);
  if (!stream)
    return fail(CUDA_ERROR_INVALID_HANDLE, "not a stream");
  DLC_SIM_TRY(validateFill(work.params));
  DLC_SIM_TRY(driver.submit(*stream, work));
  return context.sticky;
}

static uint64_t hostAddress(const void *pointer) {
  return reinterpret_cast<uint64_t>(pointer);
}

//===----------------------------------------------------------------------===//
// Copies
//===----------------------------------------------------------------------===//

CUresult cuMemcpy(CUdeviceptr dst, CUdeviceptr src, size_t bytes) {
  return inContext("cuMemcpy", [&](CUctx_st &context) {
    return copyNow(context, linearCopy(CU_MEMORYTYPE_UNIFIED, dst,
                                       CU_MEMORYTYPE_UNIFIED, src, bytes));
  });
}

CUresult cuMemcpyAsync(CUdeviceptr dst, CUdeviceptr src, size_t bytes,
                       CUstream stream) {
  return inContext("cuMemcpyAsync", [&](CUctx_st &context) {
    return copyInStream(context,
                        linearCopy(CU_MEMORYTYPE_UNIFIED, dst,
                                   CU_MEMORYTYPE_UNIFIED, src, bytes),
                        stream);
  });
}

CUresult cuMemcpyHtoD_v2(CUdeviceptr dst, const void *src, size_t bytes) {
  return inContext("cuMemcpyHtoD", [&](CUctx_st &context) {
    return copyNow(context,
                   linearCopy(CU_MEMORYTYPE_DEVICE, dst, CU_MEMORYTYPE_HOST,
                              hostAddress(src), bytes));
  });
}

CUresult cuMemcpyHtoDAsync_v2(CUdeviceptr dst, const void *src, size_t bytes,
                              CUstream stream) {
  return inContext("cuMemcpyHtoDAsync", [&](CUctx_st &context) {
    return copyInStream(context,
                        linearCopy(CU_MEMORYTYPE_DEVICE, dst,
                                   CU_MEMORYTYPE_HOST, hostAddress(src), bytes),
                        stream);
  });
}

CUresult cuMemcpyDtoH_v2(void *dst, CUdeviceptr src, size_t bytes) {
  return inContext("cuMemcpyDtoH", [&](CUctx_st &context) {
    return copyNow(context, linearCopy(CU_MEMORYTYPE_HOST, hostAddress(dst),
                                       CU_MEMORYTYPE_DEVICE, src, bytes));
  });
}

CUresult cuMemcpyDtoHAsync_v2(void *dst, CUdeviceptr src, size_t bytes,
                              CUstream stream) {
  return inContext("cuMemcpyDtoHAsync", [&](CUctx_st &context) {
    return copyInStream(context,
                        linearCopy(CU_MEMORYTYPE_HOST, hostAddress(dst),
                                   CU_MEMORYTYPE_DEVICE, src, bytes),
                        stream);
  });
}

CUresult cuMemcpyDtoD_v2(CUdeviceptr dst, CUdeviceptr src, size_t bytes) {
  return inContext("cuMemcpyDtoD", [&](CUctx_st &context) {
    return copyNow(context, linearCopy(CU_MEMORYTYPE_DEVICE, dst,
                                       CU_MEMORYTYPE_DEVICE, src, bytes));
  });
}

CUresult cuMemcpyDtoDAsync_v2(CUdeviceptr dst, CUdeviceptr src, size_t bytes,
                              CUstream stream) {
  return inContext("cuMemcpyDtoDAsync", [&](CUctx_st &context) {
    return copyInStream(
        context,
        linearCopy(CU_MEMORYTYPE_DEVICE, dst, CU_MEMORYTYPE_DEVICE, src, bytes),
        stream);
  });
}

CUresult cuMemcpy2D_v2(const CUDA_MEMCPY2D *copy) {
  return inContext("cuMemcpy2D", [&](CUctx_st &context) -> CUresult {
    DLC_SIM_TRY(checkPointers(copy));
    return copyNow(context, from2D(*copy));
  });
}

CUresult cuMemcpy2DAsync_v2(const CUDA_MEMCPY2D *copy, CUstream stream) {
  return inContext("cuMemcpy2DAsync", [&](CUctx_st &context) -> CUresult {
    DLC_SIM_TRY(checkPointers(copy));
    return copyInStream(context, from2D(*copy), stream);
  });
}

CUresult cuMemcpy2DUnaligned_v2(const CUDA_MEMCPY2D *copy) {
  return inContext("cuMemcpy2DUnaligned", [&](CUctx_st &context) -> CUresult {
    DLC_SIM_TRY(checkPointers(copy));
    return copyNow(context, from2D(*copy));
  });
}

CUresult cuMemcpy3D_v2(const CUDA_MEMCPY3D *copy) {
  return inContext("cuMemcpy3D", [&](CUctx_st &context) -> CUresult {
    DLC_SIM_TRY(checkPointers(copy));
    return copyNow(context, CopyWork{*copy});
  });
}

CUresult cuMemcpy3DAsync_v2(const CUDA_MEMCPY3D *copy, CUstream stream) {
  return inContext("cuMemcpy3DAsync", [&](CUctx_st &context) -> CUresult {
    DLC_SIM_TRY(checkPointers(copy));
    return copyInStream(context, CopyWork{*copy}, stream);
  });
}

//===----------------------------------------------------------------------===//
// Fills
//===----------------------------------------------------------------------===//

/// `height` rows of `width` elements, `pitch` bytes from one to the next.
static FillWork fill(CUdeviceptr dst, size_t pitch, unsigned value,
                     unsigned elementSize, size_t width, size_t height) {
  return FillWork{{dst, pitch, value, elementSize, width, height}};
}

CUresult cuMemsetD8_v2(CUdeviceptr dst, unsigned char uc, size_t N) {
  return inContext("cuMemsetD8", [&](CUctx_st &context) {
    return fillNow(context, fill(dst, 0, uc, 1, N, 1));
  });
}

CUresult cuMemsetD8Async(CUdeviceptr dst, unsigned char uc, size_t N,
                         CUstream stream) {
  return inContext("cuMemsetD8Async", [&](CUctx_st &context) {
    return fillInStream(context, fill(dst, 0, uc, 1, N, 1), stream);
  });
}

CUresult cuMemsetD2D8_v2(CUdeviceptr dst, size_t dstPitch, unsigned char uc,
                         size_t Width, size_t Height) {
  return inContext("cuMemsetD2D8", [&](CUctx_st &context) {
    return fillNow(context, fill(dst, dstPitch, uc, 1, Width, Height));
  });
}

CUresult cuMemsetD2D8Async(CUdeviceptr dst, size_t dstPitch, unsigned char uc,
                           size_t Width, size_t Height, CUstream stream) {
  return inContext("cuMemsetD2D8Async", [&](CUctx_st &context) {
    return fillInStream(context, fill(dst, dstPitch, uc, 1, Width, Height),
                        stream);
  });
}

CUresult cuMemsetD16_v2(CUdeviceptr dst, unsigned short us, size_t N) {
  return inContext("cuMemsetD16", [&](CUctx_st &context) {
    return fillNow(context, fill(dst, 0, us, 2, N, 1));
  });
}

CUresult cuMemsetD16Async(CUdeviceptr dst, unsigned short us, size_t N,
                          CUstream stream) {
  return inContext("cuMemsetD16Async", [&](CUctx_st &context) {
    return fillInStream(context, fill(dst, 0, us, 2, N, 1), stream);
  });
}

CUresult cuMemsetD2D16_v2(CUdeviceptr dst, size_t dstPitch, unsigned short us,
                          size_t Width, size_t Height) {
  return inContext("cuMemsetD2D16", [&](CUctx_st &context) {
    return fillNow(context, fill(dst, dstPitch, us, 2, Width, Height));
  });
}

CUresult cuMemsetD2D16Async(CUdeviceptr dst, size_t dstPitch, unsigned short us,
                            size_t Width, size_t Height, CUstream stream) {
  return inContext("cuMemsetD2D16Async", [&](CUctx_st &context) {
    return fillInStream(context, fill(dst, dstPitch, us, 2, Width, Height),
                        stream);
  });
}

CUresult cuMemsetD32_v2(CUdeviceptr dst, unsigned int ui, size_t N) {
  return inContext("cuMemsetD32", [&](CUctx_st &context) {
    return fillNow(context, fill(dst, 0, ui, 4, N, 1));
  });
}

CUresult cuMemsetD32Async(CUdeviceptr dst, unsigned int ui, size_t N,
                          CUstream stream) {
  return inContext("cuMemsetD32Async", [&](CUctx_st &context) {
    return fillInStream(context, fill(dst, 0, ui, 4, N, 1), stream);
  });
}

CUresult cuMemsetD2D32_v2(CUdeviceptr dst, size_t dstPitch, unsigned int ui,
                          size_t Width, size_t Height) {
  return inContext("cuMemsetD2D32", [&](CUctx_st &context) {
    return fillNow(context, fill(dst, dstPitch, ui, 4, Width, Height));
  });
}

CUresult cuMemsetD2D32Async(CUdeviceptr dst, size_t dstPitch, unsigned int ui,
                            size_t Width, size_t Height, CUstream stream) {
  return inContext("cuMemsetD2D32Async", [&](CUctx_st &context) {
    return fillInStream(context, fill(dst, dstPitch, ui, 4, Width, Height),
                        stream);
  });
}
