//===- ApiCopy.cpp - Copies and fills -------------------------------------===//

#include "ApiCall.h"
#include "Copy.h"

#include <optional>

using namespace dlc::ptxsim::driver;

/// Whether a side of a copy is host memory that the driver does not know. The
/// program may use it again as soon as the call returns.
static bool isPageable(const CopySide &side) {
  return !side.block && side.type != CU_MEMORYTYPE_DEVICE;
}

/// A call without a stream is done when it returns, in the order of the legacy
/// stream.
using MaybeStream = std::optional<CUstream>;

static CUresult streamOf(CUctx_st &context, MaybeStream handle,
                         CUstream_st *&stream) {
  Driver &driver = Driver::get();
  if (!handle) {
    stream = &context.legacy;
    return driver.checkNoCapture();
  }
  stream = driver.findStream(*handle);
  return stream ? CUDA_SUCCESS
                : fail(CUDA_ERROR_INVALID_HANDLE, "not a stream");
}

/// Null work: the program gave none.
static CUresult copy(const char *name, const CopyWork *work,
                     MaybeStream handle) {
  return inContext(name, [&](CUctx_st &context) -> CUresult {
    Driver &driver = Driver::get();
    CUstream_st *stream = nullptr;
    CopySide dst, src;
    DLC_SIM_TRY(checkPointers(work));
    DLC_SIM_TRY(streamOf(context, handle, stream));
    DLC_SIM_TRY(resolve(work->params, dst, src));
    DLC_SIM_TRY(driver.submit(*stream, *work));
    if (!handle || (!stream->capture && (isPageable(dst) || isPageable(src))))
      driver.finish(*stream);
    return context.sticky;
  });
}

static CUresult copyLinear(const char *name, CUmemorytype dstType,
                           CUdeviceptr dst, CUmemorytype srcType,
                           CUdeviceptr src, size_t bytes,
                           MaybeStream handle = std::nullopt) {
  CopyWork work = linearCopy(dstType, dst, srcType, src, bytes);
  return copy(name, &work, handle);
}

static CUresult copy2D(const char *name, const CUDA_MEMCPY2D *params,
                       MaybeStream handle = std::nullopt) {
  CopyWork work = params ? from2D(*params) : CopyWork();
  return copy(name, params ? &work : nullptr, handle);
}

static CUresult copy3D(const char *name, const CUDA_MEMCPY3D *params,
                       MaybeStream handle = std::nullopt) {
  CopyWork work = params ? CopyWork{*params} : CopyWork();
  return copy(name, params ? &work : nullptr, handle);
}

/// `height` rows of `width` elements, `pitch` bytes from one to the next. A
/// fill of device memory need not be done when the call returns.
static CUresult fill(const char *name, CUdeviceptr dst, size_t pitch,
                     unsigned value, unsigned elementSize, size_t width,
                     size_t height, MaybeStream handle = std::nullopt) {
  return inContext(name, [&](CUctx_st &context) -> CUresult {
    FillWork work{{dst, pitch, value, elementSize, width, height}};
    CUstream_st *stream = nullptr;
    DLC_SIM_TRY(streamOf(context, handle, stream));
    DLC_SIM_TRY(validateFill(work.params));
    DLC_SIM_TRY(Driver::get().submit(*stream, work));
    return context.sticky;
  });
}

static CUdeviceptr hostAddress(const void *pointer) {
  return reinterpret_cast<CUdeviceptr>(pointer);
}

//===----------------------------------------------------------------------===//
// Copies
//===----------------------------------------------------------------------===//

CUresult cuMemcpy(CUdeviceptr dst, CUdeviceptr src, size_t bytes) {
  return copyLinear("cuMemcpy", CU_MEMORYTYPE_UNIFIED, dst,
                    CU_MEMORYTYPE_UNIFIED, src, bytes);
}

CUresult cuMemcpyAsync(CUdeviceptr dst, CUdeviceptr src, size_t bytes,
                       CUstream stream) {
  return copyLinear("cuMemcpyAsync", CU_MEMORYTYPE_UNIFIED, dst,
                    CU_MEMORYTYPE_UNIFIED, src, bytes, stream);
}

CUresult cuMemcpyHtoD_v2(CUdeviceptr dst, const void *src, size_t bytes) {
  return copyLinear("cuMemcpyHtoD", CU_MEMORYTYPE_DEVICE, dst,
                    CU_MEMORYTYPE_HOST, hostAddress(src), bytes);
}

CUresult cuMemcpyHtoDAsync_v2(CUdeviceptr dst, const void *src, size_t bytes,
                              CUstream stream) {
  return copyLinear("cuMemcpyHtoDAsync", CU_MEMORYTYPE_DEVICE, dst,
                    CU_MEMORYTYPE_HOST, hostAddress(src), bytes, stream);
}

CUresult cuMemcpyDtoH_v2(void *dst, CUdeviceptr src, size_t bytes) {
  return copyLinear("cuMemcpyDtoH", CU_MEMORYTYPE_HOST, hostAddress(dst),
                    CU_MEMORYTYPE_DEVICE, src, bytes);
}

CUresult cuMemcpyDtoHAsync_v2(void *dst, CUdeviceptr src, size_t bytes,
                              CUstream stream) {
  return copyLinear("cuMemcpyDtoHAsync", CU_MEMORYTYPE_HOST, hostAddress(dst),
                    CU_MEMORYTYPE_DEVICE, src, bytes, stream);
}

CUresult cuMemcpyDtoD_v2(CUdeviceptr dst, CUdeviceptr src, size_t bytes) {
  return copyLinear("cuMemcpyDtoD", CU_MEMORYTYPE_DEVICE, dst,
                    CU_MEMORYTYPE_DEVICE, src, bytes);
}

CUresult cuMemcpyDtoDAsync_v2(CUdeviceptr dst, CUdeviceptr src, size_t bytes,
                              CUstream stream) {
  return copyLinear("cuMemcpyDtoDAsync", CU_MEMORYTYPE_DEVICE, dst,
                    CU_MEMORYTYPE_DEVICE, src, bytes, stream);
}

CUresult cuMemcpy2D_v2(const CUDA_MEMCPY2D *params) {
  return copy2D("cuMemcpy2D", params);
}

CUresult cuMemcpy2DAsync_v2(const CUDA_MEMCPY2D *params, CUstream stream) {
  return copy2D("cuMemcpy2DAsync", params, stream);
}

CUresult cuMemcpy2DUnaligned_v2(const CUDA_MEMCPY2D *params) {
  return copy2D("cuMemcpy2DUnaligned", params);
}

CUresult cuMemcpy3D_v2(const CUDA_MEMCPY3D *params) {
  return copy3D("cuMemcpy3D", params);
}

CUresult cuMemcpy3DAsync_v2(const CUDA_MEMCPY3D *params, CUstream stream) {
  return copy3D("cuMemcpy3DAsync", params, stream);
}

//===----------------------------------------------------------------------===//
// Fills
//===----------------------------------------------------------------------===//

CUresult cuMemsetD8_v2(CUdeviceptr dst, unsigned char value, size_t count) {
  return fill("cuMemsetD8", dst, 0, value, 1, count, 1);
}

CUresult cuMemsetD8Async(CUdeviceptr dst, unsigned char value, size_t count,
                         CUstream stream) {
  return fill("cuMemsetD8Async", dst, 0, value, 1, count, 1, stream);
}

CUresult cuMemsetD2D8_v2(CUdeviceptr dst, size_t pitch, unsigned char value,
                         size_t width, size_t height) {
  return fill("cuMemsetD2D8", dst, pitch, value, 1, width, height);
}

CUresult cuMemsetD2D8Async(CUdeviceptr dst, size_t pitch, unsigned char value,
                           size_t width, size_t height, CUstream stream) {
  return fill("cuMemsetD2D8Async", dst, pitch, value, 1, width, height, stream);
}

CUresult cuMemsetD16_v2(CUdeviceptr dst, unsigned short value, size_t count) {
  return fill("cuMemsetD16", dst, 0, value, 2, count, 1);
}

CUresult cuMemsetD16Async(CUdeviceptr dst, unsigned short value, size_t count,
                          CUstream stream) {
  return fill("cuMemsetD16Async", dst, 0, value, 2, count, 1, stream);
}

CUresult cuMemsetD2D16_v2(CUdeviceptr dst, size_t pitch, unsigned short value,
                          size_t width, size_t height) {
  return fill("cuMemsetD2D16", dst, pitch, value, 2, width, height);
}

CUresult cuMemsetD2D16Async(CUdeviceptr dst, size_t pitch, unsigned short value,
                            size_t width, size_t height, CUstream stream) {
  return fill("cuMemsetD2D16Async", dst, pitch, value, 2, width, height,
              stream);
}

CUresult cuMemsetD32_v2(CUdeviceptr dst, unsigned int value, size_t count) {
  return fill("cuMemsetD32", dst, 0, value, 4, count, 1);
}

CUresult cuMemsetD32Async(CUdeviceptr dst, unsigned int value, size_t count,
                          CUstream stream) {
  return fill("cuMemsetD32Async", dst, 0, value, 4, count, 1, stream);
}

CUresult cuMemsetD2D32_v2(CUdeviceptr dst, size_t pitch, unsigned int value,
                          size_t width, size_t height) {
  return fill("cuMemsetD2D32", dst, pitch, value, 4, width, height);
}

CUresult cuMemsetD2D32Async(CUdeviceptr dst, size_t pitch, unsigned int value,
                            size_t width, size_t height, CUstream stream) {
  return fill("cuMemsetD2D32Async", dst, pitch, value, 4, width, height,
              stream);
}
