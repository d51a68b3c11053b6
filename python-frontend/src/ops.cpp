//===- ops.cpp - The functions that make operations -----------------------===//

#include "convert.h"

using dlc::DType;
using dlc::Floats;
using dlc::Ints;
using dlc::Tensor;

/// The value that `text` names.
template <typename Enum>
static Enum findEnum(const char *what, const std::string &text,
                     std::initializer_list<std::pair<const char *, Enum>> all) {
  std::string known;
  for (const auto &[name, value] : all) {
    if (text == name)
      return value;
    known += (known.empty() ? "" : ", ") + std::string(name);
  }
  throw dlc::Error(std::string(what) + ": '" + text + "' is none of " + known,
                   callerLocation());
}

#include "dlc/Frontend/OpsPython.inc"

void bindOps(nb::module_ &m) { bindGenerated(m); }
