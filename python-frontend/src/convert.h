//===- convert.h - Between Python's and the graph API's values --*- C++ -*-===//

#ifndef DLC_PYTHON_CONVERT_H
#define DLC_PYTHON_CONVERT_H

#include <dlc/Frontend/Graph.h>

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/map.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <optional>

namespace nb = nanobind;
// nanobind's documentation writes arguments in this way.
using namespace nanobind::literals; // NOLINT

/// The element type that "float32", numpy.float32, numpy.dtype("float32") or
/// torch.float32 stands for.
std::optional<dlc::DType> parseDType(nb::handle object);

/// The line of Python that calls.
dlc::SourceLocation callerLocation();

/// Binds the functions that are made from the nn dialect.
void bindOps(nb::module_ &m);

/// Binds dlc.loop.
void bindLoops(nb::module_ &m);

template <>
struct nanobind::detail::type_caster<dlc::DType> {
  NB_TYPE_CASTER(dlc::DType, const_name("str"))

  bool from_python(handle source, uint32_t, cleanup_list *) noexcept {
    try {
      std::optional<dlc::DType> dtype = parseDType(source);
      if (dtype)
        value = *dtype;
      return dtype.has_value();
    } catch (...) {
      PyErr_Clear();
      return false;
    }
  }
  static handle from_cpp(dlc::DType dtype, rv_policy, cleanup_list *) noexcept {
    return PyUnicode_FromString(dlc::getName(dtype));
  }
};

#endif // DLC_PYTHON_CONVERT_H
