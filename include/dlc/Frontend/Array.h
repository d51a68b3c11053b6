//===- Array.h - Numbers in memory and in files -----------------*- C++ -*-===//

#ifndef DLC_FRONTEND_ARRAY_H
#define DLC_FRONTEND_ARRAY_H

#include "dlc/Frontend/Types.h"

#include <map>
#include <memory>

namespace dlc {

/// A tensor of numbers in this process's memory: row-major, contiguous. Copies
/// share the memory. What the library makes is aligned to 64 bytes.
class DLC_API Array {
public:
  /// No array at all.
  Array() = default;
  /// Zeros.
  Array(DType dtype, Ints shape);
  /// A copy of `data`, one number for each element of the shape.
  template <typename T>
  Array(const std::vector<T> &data, Ints shape)
      : Array(DTypeOf<T>::value, std::move(shape)) {
    static_assert(!std::is_same<T, bool>::value,
                  "std::vector<bool> has no memory of bytes");
    copyFrom(data.data(), data.size());
  }
  /// A copy of memory.
  static Array copy(const void *data, DType dtype, Ints shape);
  /// Memory that is used where it lies; `owner` keeps it alive, nothing may
  /// change it as long as an array or a graph uses it.
  static Array view(const void *data, DType dtype, Ints shape,
                    const std::shared_ptr<const void> &owner = nullptr);

  /// One number without dimensions, rounded to the element type.
  static Array scalar(double value, DType dtype);

  explicit operator bool() const { return memory != nullptr; }
  DType dtype() const { return type; }
  const Ints &shape() const { return extents; }
  size_t elements() const;
  size_t bytes() const { return elements() * getSize(type); }

  const void *data() const { return memory.get(); }
  /// For views as well: the caller knows what is under it.
  void *data() { return const_cast<void *>(memory.get()); }
  /// The elements. Throws where they are of another type.
  template <typename T>
  const T *as() const {
    return static_cast<const T *>(checked(DTypeOf<T>::value));
  }
  template <typename T>
  T *as() {
    return const_cast<T *>(static_cast<const Array &>(*this).as<T>());
  }

private:
  void copyFrom(const void *data, size_t elements);
  const void *checked(DType wanted) const;

  DType type = DType::F32;
  Ints extents;
  std::shared_ptr<const void> memory;
};

/// Reads a .npy file of versions 1 to 3. Fortran order and big-endian numbers
/// are converted. `dtype` says what is in it where numpy can not (bfloat16 is
/// stored as uint16). The file is not trusted; throws where it is wrong.
DLC_API Array loadNpy(const std::string &path);
DLC_API Array loadNpy(const std::string &path, DType dtype);
/// Writes a .npy file.
DLC_API void saveNpy(const std::string &path, const Array &array);

/// The tensors of a .safetensors file by name, mapped, not copied (one that is
/// not aligned to its elements is). The file is not trusted: sizes, offsets,
/// overlaps and the depth of its JSON are checked; throws where it is wrong.
DLC_API std::map<std::string, Array> loadSafetensors(const std::string &path);

} // namespace dlc

#endif // DLC_FRONTEND_ARRAY_H
