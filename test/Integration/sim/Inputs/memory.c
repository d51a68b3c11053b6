/* Contexts, memory, copies, fills, streams and events, without a kernel. */
#include "check.h"

static void devices(void) {
  int count = 0, value = 0, version = 0, major = 0, minor = 0;
  char name[64], small[4], bus[16];
  size_t bytes = 0;
  CUdevice device;
  CUuuid uuid;
  OK(cuDriverGetVersion(&version));
  CHECK(version == CUDA_VERSION);
  OK(cuDeviceGetCount(&count));
  CHECK(count == 1);
  OK(cuDeviceGet(&device, 0));
  EXPECT(CUDA_ERROR_INVALID_DEVICE, cuDeviceGet(&device, 1));
  OK(cuDeviceGetName(name, sizeof(name), device));
  OK(cuDeviceGetName(small, sizeof(small), device));
  CHECK(strlen(small) == 3 && strncmp(small, name, 3) == 0);
  OK(cuDeviceGetUuid(&uuid, device));
  OK(cuDeviceTotalMem(&bytes, device));
  CHECK(bytes == 64 << 20); /* --memory=64M */
  OK(cuDeviceComputeCapability(&major, &minor, device));
  OK(cuDeviceGetAttribute(&value, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR,
                          device));
  CHECK(value == major);
  OK(cuDeviceGetAttribute(&value, CU_DEVICE_ATTRIBUTE_WARP_SIZE, device));
  CHECK(value == 32);
  OK(cuDeviceGetAttribute(
      &value, CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK, device));
  CHECK(value == 48 << 10);
  EXPECT(CUDA_ERROR_INVALID_VALUE,
         cuDeviceGetAttribute(&value, (CUdevice_attribute)9999, device));
  OK(cuDeviceGetPCIBusId(bus, sizeof(bus), device));
  OK(cuDeviceGetByPCIBusId(&device, bus));
}

static void contexts(CUcontext primary) {
  CUcontext made, current;
  CUdevice device = -1;
  unsigned flags = 0, version = 0;
  int active = 0;
  size_t limit = 0;
  OK(cuCtxCreate(&made, NULL, CU_CTX_SCHED_SPIN, 0));
  OK(cuCtxGetCurrent(&current));
  CHECK(current == made);
  OK(cuCtxGetFlags(&flags));
  CHECK(flags == CU_CTX_SCHED_SPIN);
  OK(cuCtxGetApiVersion(made, &version));
  OK(cuCtxSetLimit(CU_LIMIT_STACK_SIZE, 4096));
  OK(cuCtxGetLimit(&limit, CU_LIMIT_STACK_SIZE));
  CHECK(limit == 4096);
  OK(cuCtxDestroy(made));
  OK(cuCtxGetCurrent(&current));
  CHECK(current == primary);
  OK(cuCtxPopCurrent(&current));
  CHECK(current == primary);
  EXPECT(CUDA_ERROR_INVALID_CONTEXT, cuCtxGetDevice(&device));
  EXPECT(CUDA_ERROR_INVALID_CONTEXT, cuCtxPushCurrent(made));
  EXPECT(CUDA_ERROR_INVALID_CONTEXT, cuCtxDestroy(primary));
  OK(cuCtxPushCurrent(primary));
  OK(cuCtxGetDevice(&device));
  CHECK(device == 0);
  OK(cuDevicePrimaryCtxGetState(0, &flags, &active));
  CHECK(active);
}

static void allocations(void) {
  CUdeviceptr a, b, base;
  size_t free_bytes, total, size, pitch;
  OK(cuMemAlloc(&a, 1000));
  OK(cuMemAlloc(&b, 60 << 20));
  CHECK(a % 256 == 0 && b % 256 == 0);
  OK(cuMemGetInfo(&free_bytes, &total));
  CHECK(total == 64 << 20 && free_bytes == total - 1000 - (60 << 20));
  EXPECT(CUDA_ERROR_OUT_OF_MEMORY, cuMemAlloc(&base, 5 << 20));
  EXPECT(CUDA_ERROR_INVALID_VALUE, cuMemAlloc(&base, 0));
  OK(cuMemGetAddressRange(&base, &size, a + 10));
  CHECK(base == a && size == 1000);
  EXPECT(CUDA_ERROR_NOT_FOUND, cuMemGetAddressRange(&base, &size, a + 1000));
  EXPECT(CUDA_ERROR_INVALID_VALUE, cuMemFree(a + 256));
  OK(cuMemFree(b));
  EXPECT(CUDA_ERROR_INVALID_VALUE, cuMemFree(b));
  OK(cuMemFree(0));
  OK(cuMemFree(a));
  OK(cuMemAllocPitch(&a, &pitch, 100, 10, 4));
  CHECK(pitch == 512);
  OK(cuMemFree(a));
  OK(cuMemAllocManaged(&a, 100, CU_MEM_ATTACH_GLOBAL));
  memset((void *)a, 7, 100);
  OK(cuMemFree(a));
}

static void pointers(CUcontext context) {
  CUdeviceptr device, out;
  void *host;
  int data[4], registered[64];
  unsigned type = 0, managed = 1, flags = 0;
  CUcontext owner = NULL;
  OK(cuMemAlloc(&device, 64));
  OK(cuMemHostAlloc(&host, 64, CU_MEMHOSTALLOC_PORTABLE));
  OK(cuMemHostGetFlags(&flags, host));
  CHECK(flags == CU_MEMHOSTALLOC_PORTABLE);
  OK(cuMemHostGetDevicePointer(&out, host, 0));
  OK(cuPointerGetAttribute(&type, CU_POINTER_ATTRIBUTE_MEMORY_TYPE, device));
  CHECK(type == CU_MEMORYTYPE_DEVICE);
  OK(cuPointerGetAttribute(&type, CU_POINTER_ATTRIBUTE_MEMORY_TYPE, out));
  CHECK(type == CU_MEMORYTYPE_HOST);
  OK(cuPointerGetAttribute(&owner, CU_POINTER_ATTRIBUTE_CONTEXT, device));
  CHECK(owner == context);
  EXPECT(CUDA_ERROR_INVALID_VALUE,
         cuPointerGetAttribute(&type, CU_POINTER_ATTRIBUTE_MEMORY_TYPE,
                               (CUdeviceptr)data));
  CUpointer_attribute attributes[] = {CU_POINTER_ATTRIBUTE_MEMORY_TYPE,
                                      CU_POINTER_ATTRIBUTE_IS_MANAGED};
  void *values[] = {&type, &managed};
  OK(cuPointerGetAttributes(2, attributes, values, (CUdeviceptr)data));
  CHECK(type == 0 && managed == 0);
  OK(cuMemHostRegister(registered, sizeof(registered), 0));
  EXPECT(CUDA_ERROR_HOST_MEMORY_ALREADY_REGISTERED,
         cuMemHostRegister(registered + 1, 4, 0));
  OK(cuMemHostUnregister(registered));
  EXPECT(CUDA_ERROR_HOST_MEMORY_NOT_REGISTERED,
         cuMemHostUnregister(registered));
  OK(cuMemFreeHost(host));
  EXPECT(CUDA_ERROR_INVALID_VALUE, cuMemFreeHost(data));
  OK(cuMemFree(device));
}

static void copies(void) {
  unsigned char in[64], out[64];
  CUdeviceptr a, b;
  for (int i = 0; i < 64; ++i)
    in[i] = (unsigned char)i;
  OK(cuMemAlloc(&a, 64));
  OK(cuMemAlloc(&b, 64));
  OK(cuMemcpyHtoD(a, in, 64));
  OK(cuMemcpyDtoD(b, a, 64));
  OK(cuMemcpyDtoH(out, b, 64));
  CHECK(memcmp(in, out, 64) == 0);
  OK(cuMemcpy(a + 1, b, 63)); /* overlaps nothing, not aligned */
  OK(cuMemcpy((CUdeviceptr)out, a, 64));
  CHECK(out[0] == 0 && out[1] == 0 && out[63] == 62);
  EXPECT(CUDA_ERROR_INVALID_VALUE, cuMemcpyHtoD(a + 1, in, 64));
  EXPECT(CUDA_ERROR_INVALID_VALUE, cuMemcpyDtoH(out, (CUdeviceptr)in, 4));
  OK(cuMemcpyHtoD(a, in, 0));

  /* 3 rows of 5 bytes out of rows of 8, from row 1, byte 2 */
  CUDA_MEMCPY2D rows = {0};
  rows.srcMemoryType = CU_MEMORYTYPE_HOST;
  rows.srcHost = in;
  rows.srcPitch = 8;
  rows.srcXInBytes = 2;
  rows.srcY = 1;
  rows.dstMemoryType = CU_MEMORYTYPE_DEVICE;
  rows.dstDevice = a;
  rows.dstPitch = 16;
  rows.WidthInBytes = 5;
  rows.Height = 3;
  OK(cuMemcpy2D(&rows));
  OK(cuMemcpyDtoH(out, a, 64));
  CHECK(out[0] == 10 && out[4] == 14 && out[16] == 18 && out[36] == 30);
  CHECK(out[5] == 4); /* as before */
  rows.Height = 4;
  rows.dstPitch = 32;
  EXPECT(CUDA_ERROR_INVALID_VALUE, cuMemcpy2D(&rows));

  OK(cuMemsetD8(a, 0xab, 64));
  OK(cuMemsetD16(a + 2, 0x1234, 3));
  OK(cuMemsetD32(a + 8, 0xdeadbeef, 2));
  OK(cuMemsetD2D8(a + 16, 16, 0xcd, 3, 2));
  OK(cuMemcpyDtoH(out, a, 64));
  CHECK(out[1] == 0xab && out[2] == 0x34 && out[3] == 0x12 && out[8] == 0xef);
  CHECK(out[16] == 0xcd && out[18] == 0xcd && out[19] == 0xab);
  CHECK(out[32] == 0xcd && out[34] == 0xcd && out[35] == 0xab);
  EXPECT(CUDA_ERROR_INVALID_VALUE, cuMemsetD32(a + 1, 0, 1));
  EXPECT(CUDA_ERROR_INVALID_VALUE, cuMemsetD8(a, 0, 65));
  OK(cuMemFree(a));
  OK(cuMemFree(b));
}

static void streams(void) {
  CUstream s, t;
  CUevent begin, end;
  int *host, low = 0, high = 0, priority = 1;
  CUdeviceptr a;
  float milliseconds = -1;
  OK(cuCtxGetStreamPriorityRange(&low, &high));
  CHECK(high < low);
  OK(cuStreamCreate(&s, CU_STREAM_NON_BLOCKING));
  OK(cuStreamCreateWithPriority(&t, CU_STREAM_NON_BLOCKING, high - 100));
  OK(cuStreamGetPriority(t, &priority));
  CHECK(priority == high);
  OK(cuEventCreate(&begin, CU_EVENT_DEFAULT));
  OK(cuEventCreate(&end, CU_EVENT_DEFAULT));
  OK(cuMemAlloc(&a, 4));
  OK(cuMemAllocHost((void **)&host, 8));
  host[0] = 1;
  host[1] = 0;
  OK(cuEventRecord(begin, s));
  OK(cuMemcpyHtoDAsync(a, &host[0], 4, s));
  OK(cuEventRecord(end, s));
  /* the copy has not run: what it takes can still change, which no program
     may rely on, but one that forgets to wait will see */
  host[0] = 2;
  EXPECT(CUDA_ERROR_NOT_READY, cuEventElapsedTime(&milliseconds, begin, end));
  OK(cuStreamWaitEvent(t, end, 0));
  OK(cuMemcpyDtoHAsync(&host[1], a, 4, t));
  CHECK(host[1] == 0);
  OK(cuStreamSynchronize(t));
  CHECK(host[1] == 2);
  OK(cuEventElapsedTime(&milliseconds, begin, end));
  CHECK(milliseconds >= 0 && milliseconds < 1000);
  /* polling comes to an end */
  OK(cuMemcpyDtoHAsync(&host[1], a, 4, t));
  OK(cuMemcpyDtoHAsync(&host[1], a, 4, t));
  while (cuStreamQuery(t) == CUDA_ERROR_NOT_READY)
    ;
  OK(cuStreamQuery(t));
  OK(cuMemFreeHost(host));
  OK(cuMemFree(a));
  OK(cuEventDestroy(begin));
  OK(cuEventDestroy(end));
  OK(cuStreamDestroy(s));
  OK(cuStreamDestroy(t));
  EXPECT(CUDA_ERROR_INVALID_HANDLE, cuStreamSynchronize(s));
  EXPECT(CUDA_ERROR_INVALID_HANDLE, cuEventQuery(begin));
}

static void pools(void) {
  CUmemoryPool pool;
  CUdeviceptr a;
  cuuint64_t used = 0;
  OK(cuDeviceGetDefaultMemPool(&pool, 0));
  OK(cuMemAllocAsync(&a, 256, NULL));
  OK(cuMemsetD8Async(a, 1, 256, NULL));
  OK(cuMemPoolGetAttribute(pool, CU_MEMPOOL_ATTR_USED_MEM_CURRENT, &used));
  CHECK(used == 256);
  OK(cuMemFreeAsync(a, NULL));
  OK(cuCtxSynchronize());
  OK(cuMemPoolGetAttribute(pool, CU_MEMPOOL_ATTR_USED_MEM_CURRENT, &used));
  CHECK(used == 0);
  EXPECT(CUDA_ERROR_INVALID_VALUE, cuMemFree(a));
}

static void lookup(void) {
  CUresult (*v4)(CUcontext *, CUctxCreateParams *, unsigned, CUdevice);
  void *address = NULL;
  CUdriverProcAddressQueryResult status;
  OK(cuGetProcAddress("cuCtxCreate", (void **)&v4, 13000, 0, &status));
  CHECK(v4 == cuCtxCreate && status == CU_GET_PROC_ADDRESS_SUCCESS);
  OK(cuGetProcAddress("cuCtxCreate", &address, 11000, 0, &status));
  CHECK(address && address != (void *)v4);
  OK(cuGetProcAddress("cuCtxCreate", &address, 1000, 0, &status));
  CHECK(!address && status == CU_GET_PROC_ADDRESS_VERSION_NOT_SUFFICIENT);
  OK(cuGetProcAddress("cuNoSuchFunction", &address, 13000, 0, &status));
  CHECK(!address && status == CU_GET_PROC_ADDRESS_SYMBOL_NOT_FOUND);
}

int main(void) {
  const char *text = NULL;
  int count = 0;
  EXPECT(CUDA_ERROR_NOT_INITIALIZED, cuDeviceGetCount(&count));
  EXPECT(CUDA_ERROR_INVALID_VALUE, cuInit(1));
  CUcontext context = start();
  OK(cuGetErrorString(CUDA_ERROR_OUT_OF_MEMORY, &text));
  CHECK(strcmp(text, "out of memory") == 0);
  EXPECT(CUDA_ERROR_INVALID_VALUE, cuGetErrorName((CUresult)12345, &text));
  devices();
  contexts(context);
  allocations();
  pointers(context);
  copies();
  streams();
  pools();
  lookup();
  OK(cuDevicePrimaryCtxRelease(0));
  EXPECT(CUDA_ERROR_INVALID_CONTEXT, cuDevicePrimaryCtxRelease(0));
  printf("all well\n");
  return 0;
}
