//===- Types.cpp - Element types, shapes, errors --------------------------===//

#include "dlc/Frontend/Types.h"

#include "Tensor.h"

using namespace dlc;

size_t dlc::getSize(DType dtype) {
  const dlc_dtype_info *info = dlc_dtype_lookup(static_cast<uint32_t>(dtype));
  return info ? info->size : 0;
}

const char *dlc::getName(DType dtype) {
  const dlc_dtype_info *info = dlc_dtype_lookup(static_cast<uint32_t>(dtype));
  return info ? info->name : "unknown type";
}

std::string dlc::describe(DType dtype, const Ints &shape) {
  std::string text = getName(dtype);
  text += "[";
  for (size_t i = 0; i < shape.size(); ++i)
    text += (i ? ", " : "") + std::to_string(shape[i]);
  return text + "]";
}

static std::string withPlace(const std::string &message, SourceLocation where) {
  if (!where.line)
    return message;
  return std::string(where.file) + ":" + std::to_string(where.line) + ": " +
         message;
}

Error::Error(const std::string &message, SourceLocation where)
    : std::runtime_error(withPlace(message, where)), place(where) {}
Error::~Error() = default;

Interrupted::Interrupted() : Error("the compilation was interrupted") {}
Interrupted::~Interrupted() = default;
