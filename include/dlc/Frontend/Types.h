//===- Types.h - Element types, shapes, errors ------------------*- C++ -*-===//
//
// What all headers of the graph API share. They need C++17 and no header of
// MLIR or LLVM.
//
//===----------------------------------------------------------------------===//

#ifndef DLC_FRONTEND_TYPES_H
#define DLC_FRONTEND_TYPES_H

#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

#if __has_include(<version>)
#include <version>
#endif
#ifdef __cpp_lib_source_location
#include <source_location>
#endif

#define DLC_API __attribute__((visibility("default")))

namespace dlc {

using Ints = std::vector<int64_t>;
using Floats = std::vector<double>;

/// Element types. The numbers are those of enum dlc_dtype (dlc_abi.h).
enum class DType : uint32_t {
  Bool = 1,
  I8 = 2,
  I16 = 3,
  I32 = 4,
  I64 = 5,
  U8 = 6,
  U16 = 7,
  U32 = 8,
  U64 = 9,
  F16 = 10,
  BF16 = 11,
  F32 = 12,
  F64 = 13,
};

/// Bytes of one element.
DLC_API size_t getSize(DType dtype);
/// "bool", "int8" … "float64", as numpy calls it ("bfloat16" too).
DLC_API const char *getName(DType dtype);
/// "float32[8, 784]".
DLC_API std::string describe(DType dtype, const Ints &shape);

/// The element type that a C++ type stands for.
template <typename T>
struct DTypeOf;
#define DLC_DTYPE_OF(type, code)                                               \
  template <>                                                                  \
  struct DTypeOf<type> {                                                       \
    static constexpr DType value = DType::code;                                \
  };
DLC_DTYPE_OF(bool, Bool)
DLC_DTYPE_OF(int8_t, I8)
DLC_DTYPE_OF(int16_t, I16)
DLC_DTYPE_OF(int32_t, I32)
DLC_DTYPE_OF(int64_t, I64)
DLC_DTYPE_OF(uint8_t, U8)
DLC_DTYPE_OF(uint16_t, U16)
DLC_DTYPE_OF(uint32_t, U32)
DLC_DTYPE_OF(uint64_t, U64)
DLC_DTYPE_OF(float, F32)
DLC_DTYPE_OF(double, F64)
#undef DLC_DTYPE_OF

/// A place in the user's program. Converts from std::source_location; as a
/// default argument it is the place of the call.
class SourceLocation {
public:
  constexpr SourceLocation() = default;
  constexpr SourceLocation(const char *file, unsigned line)
      : file(file), line(line) {}
#ifdef __cpp_lib_source_location
  constexpr SourceLocation(const std::source_location &where)
      : file(where.file_name()), line(where.line()) {}
#endif
  static constexpr SourceLocation current(const char *file = __builtin_FILE(),
                                          unsigned line = __builtin_LINE()) {
    return SourceLocation(file, line);
  }

  /// Kept by reference: a string that lives as long as the program.
  const char *file = "";
  unsigned line = 0;
};

/// What every function of the graph API throws: one line, which begins with the
/// place of the user's call where there is one.
class DLC_API Error : public std::runtime_error {
public:
  explicit Error(const std::string &message, SourceLocation where = {});
  ~Error() override;
  SourceLocation where() const { return place; }

private:
  SourceLocation place;
};

/// Thrown by compilations that CompileOptions::interrupted ended.
class DLC_API Interrupted : public Error {
public:
  Interrupted();
  ~Interrupted() override;
};

} // namespace dlc

#endif // DLC_FRONTEND_TYPES_H
