/*===- Tensor.c - What the runtime knows about element types --------------===*/

#include "Tensor.h"

static const dlc_dtype_info kinds[] = {
    {DLC_DTYPE_BOOL, "bool", "|b1", 1, 0, 1},
    {DLC_DTYPE_I8, "int8", "|i1", 1, 0, 0},
    {DLC_DTYPE_I16, "int16", "<i2", 2, 0, 0},
    {DLC_DTYPE_I32, "int32", "<i4", 4, 0, 0},
    {DLC_DTYPE_I64, "int64", "<i8", 8, 0, 0},
    {DLC_DTYPE_U8, "uint8", "|u1", 1, 0, 0},
    {DLC_DTYPE_U16, "uint16", "<u2", 2, 0, 0},
    {DLC_DTYPE_U32, "uint32", "<u4", 4, 0, 0},
    {DLC_DTYPE_U64, "uint64", "<u8", 8, 0, 0},
    {DLC_DTYPE_F16, "float16", "<f2", 2, 0, 0},
    {DLC_DTYPE_BF16, "bfloat16", "<u2", 2, 0, 0},
    {DLC_DTYPE_F32, "float32", "<f4", 4, 0, 0},
    {DLC_DTYPE_F64, "float64", "<f8", 8, 0, 0},
    {DLC_DTYPE_F8E4M3FN, "float8e4m3fn", "|u1", 1, 0, 0},
    {DLC_DTYPE_F8E4M3FNUZ, "float8e4m3fnuz", "|u1", 1, 0, 0},
    {DLC_DTYPE_F8E5M2, "float8e5m2", "|u1", 1, 0, 0},
    {DLC_DTYPE_F8E5M2FNUZ, "float8e5m2fnuz", "|u1", 1, 0, 0},
    {DLC_DTYPE_F8E8M0FNU, "float8e8m0fnu", "|u1", 1, 0, 0},
    {DLC_DTYPE_I4, "int4", "|i1", 1, -8, 15},
    {DLC_DTYPE_U4, "uint4", "|u1", 1, 0, 15},
    {DLC_DTYPE_I2, "int2", "|i1", 1, -2, 3},
    {DLC_DTYPE_U2, "uint2", "|u1", 1, 0, 3},
    {DLC_DTYPE_F4E2M1FN, "float4e2m1fn", "|u1", 1, 0, 15},
};

const dlc_dtype_info *dlc_dtype_lookup(uint32_t code) {
  for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); ++i)
    if (kinds[i].code == code)
      return &kinds[i];
  return NULL;
}

void dlc_print_shape(dlc_out *out, const int64_t *shape, uint32_t rank) {
  if (rank == 0)
    dlc_print(out, "scalar");
  for (uint32_t i = 0; i < rank; ++i)
    dlc_print(out, i ? "x%lld" : "%lld", (long long)shape[i]);
}

void dlc_print_tensor_shape(dlc_out *out, const dlc_tensor_info *tensor) {
  if (tensor->rank == 0)
    dlc_print(out, "scalar");
  for (uint32_t i = 0; i < tensor->rank; ++i)
    dlc_print(out, "%s%s%lld", i ? "x" : "",
              tensor->extents && tensor->extents[i] >= 0 ? "<=" : "",
              (long long)tensor->shape[i]);
}

static int check_extents(const dlc_tensor_info *tensor,
                         const dlc_tensor_info *extents, dlc_error *error) {
  if (tensor->role > DLC_ROLE_RANDOM ||
      (tensor->role == DLC_ROLE_RANDOM &&
       (tensor->dtype != DLC_DTYPE_I64 || tensor->rank != 1 ||
        tensor->shape[0] != 2)))
    return dlc_fail(error, "the description of '%s' is wrong", tensor->name);
  if (tensor->role == DLC_ROLE_EXTENTS &&
      (tensor != extents || tensor->dtype != DLC_DTYPE_I64 ||
       tensor->rank != 1 || tensor->shape[0] > DLC_MAX_EXTENTS))
    return dlc_fail(error, "the extents' description is wrong");
  for (uint32_t i = 0; tensor->extents && i < tensor->rank; ++i)
    if (tensor->extents[i] >= 0 &&
        (!extents || tensor->extents[i] >= extents->shape[0]))
      return dlc_fail(error, "tensor '%s' has an extent that is not there",
                      tensor->name);
  return 0;
}

int dlc_tensor_check(const dlc_tensor_info *tensor,
                     const dlc_tensor_info *extents, dlc_error *error) {
  const dlc_dtype_info *dtype = dlc_dtype_lookup(tensor->dtype);
  if (!tensor->name || (tensor->rank && !tensor->shape))
    return dlc_fail(error, "a tensor's description is incomplete");
  if (!dtype)
    return dlc_fail(error, "tensor '%s' has the unknown element type %u",
                    tensor->name, tensor->dtype);
  uint64_t bytes = dtype->size;
  for (uint32_t i = 0; i < tensor->rank; ++i)
    if (tensor->shape[i] < 0 ||
        __builtin_mul_overflow(bytes, (uint64_t)tensor->shape[i], &bytes))
      return dlc_fail(error, "tensor '%s' has an invalid shape", tensor->name);
  if (bytes != tensor->bytes)
    return dlc_fail(error, "tensor '%s' has %llu bytes, its shape needs %llu",
                    tensor->name, (unsigned long long)tensor->bytes,
                    (unsigned long long)bytes);
  return check_extents(tensor, extents, error);
}
