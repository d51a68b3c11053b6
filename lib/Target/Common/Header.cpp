//===- Header.cpp - The C header of a compiled library --------------------===//

#include "dlc/Target/Common/Descriptor.h"
#include "dlc/Target/Common/Embedded.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;
using namespace dlc::target;

/// A comment or a string must not end where a tensor's name says so.
static std::string escape(StringRef text) {
  std::string result;
  for (unsigned char c : text) {
    if (c < 0x20 || c >= 0x7f || c == '"' || c == '\\' || c == '*' || c == '?')
      result += '\\' + std::string(1, '0' + (c >> 6)) +
                std::string(1, '0' + (c >> 3 & 7)) +
                std::string(1, '0' + (c & 7));
    else
      result += c;
  }
  return result;
}

static void printShape(raw_ostream &os, const Twine &prefix,
                       const TensorInfo &tensor) {
  if (!tensor.shape.empty()) {
    os << "#define " << prefix << "_SHAPE {";
    llvm::interleaveComma(tensor.shape, os);
    os << "}\n";
  }
  os << "#define " << prefix << "_BYTES UINT64_C(" << tensor.bytes << ")\n";
  if (tensor.arenaOffset)
    os << "#define " << prefix << "_OFFSET UINT64_C(" << *tensor.arenaOffset
       << ")\n";
}

/// What all specialisations have in common; the shapes, too, if there is one.
static void printTensors(raw_ostream &os, StringRef macro, StringRef kind,
                         ArrayRef<TensorInfo> tensors, bool withShapes) {
  os << "#define " << macro << "_NUM_" << kind << "S " << tensors.size()
     << "\n";
  for (auto [i, tensor] : llvm::enumerate(tensors)) {
    std::string prefix = (macro + "_" + kind + Twine(i)).str();
    os << "#define " << prefix << "_NAME \"" << escape(tensor.name) << "\"\n"
       << "#define " << prefix << "_DTYPE " << tensor.dtype
       << "u /* enum dlc_dtype */\n"
       << "#define " << prefix << "_RANK " << tensor.shape.size() << "\n";
    if (tensor.pixels)
      os << "#define " << prefix << "_PICTURE " << tensor.pixels
         << "u /* enum dlc_pixels: in the model an encoded picture; pass its "
            "pixels */\n";
    if (!tensor.extents.empty()) {
      os << "#define " << prefix << "_EXTENTS {";
      llvm::interleaveComma(tensor.extents, os);
      os << "} /* see dlc_tensor_info */\n";
    }
    if (withShapes)
      printShape(os, prefix, tensor);
  }
}

/// The shapes of each of several specialisations.
static void printSpecialisations(raw_ostream &os, StringRef macro,
                                 const ModelInfo &info) {
  os << "#define " << macro << "_NUM_SPECIALISATIONS "
     << info.specialisations.size() << "\n";
  for (auto [number, each] : llvm::enumerate(info.specialisations)) {
    std::string prefix = (macro + "_S" + Twine(number)).str();
    os << "#define " << prefix << "_DIMS \"" << escape(each.dims) << "\"\n"
       << "#define " << prefix << "_ARENA_BYTES UINT64_C(" << each.arenaBytes
       << ")\n";
    for (auto [i, tensor] : llvm::enumerate(each.inputs))
      printShape(os, prefix + "_INPUT" + Twine(i), tensor);
    for (auto [i, tensor] : llvm::enumerate(each.outputs))
      printShape(os, prefix + "_OUTPUT" + Twine(i), tensor);
  }
}

/// What stands for a word between '@'s.
static std::string getText(StringRef word, const ModelInfo &info,
                           StringRef name) {
  bool several = info.specialisations.size() > 1;
  bool isInArena = info.first().isInArena();
  auto text =
      StringSwitch<StringRef>(word)
          .Case("find", several ? "number = @name@_find(shapes);\n *   " : "")
          .Case("which", several ? "number, " : "")
          .Case("param", several ? "uint32_t specialisation, " : "")
          .Case("tensors", isInArena ? "" : "inputs, outputs, ")
          .Case("tensorparams", isInArena ? ""
                                          : "const void *const *inputs, "
                                            "void *const *outputs,\n    ")
          .Case("about",
                isInArena ? " * Inputs and outputs are in the arena, at their "
                            "_OFFSET. A run uses the memory of inputs\n * for "
                            "other things: put all of them there before each "
                            "one.\n"
                          : " * inputs and outputs hold one pointer for each "
                            "tensor, aligned to\n * @ALIGNMENT@ and not "
                            "overlapping; what the arena holds does not "
                            "matter.\n")
          .Case("ALIGNMENT",
                info.device ? "DLC_DEVICE_ALIGNMENT" : "DLC_TENSOR_ALIGNMENT")
          .Default("");
  if (word == "name")
    return name.str();
  if (word == "NAME")
    return name.upper();
  return text.str();
}

/// Puts the names of the library, and how it is called, into a text.
static std::string instantiate(StringRef text, const ModelInfo &info,
                               StringRef name) {
  std::string result;
  while (true) {
    auto [before, rest] = text.split('@');
    result += before;
    if (rest.empty())
      return result;
    auto [word, after] = rest.split('@');
    result += instantiate(getText(word, info, name), info, name);
    text = after;
  }
}

static constexpr StringLiteral kFindFunction =
    "/** The number of the specialisation whose inputs have these shapes, of\n"
    " * each input the rank's number of extents; -1 if there is none. */\n"
    "int32_t @name@_find(const int64_t *const *shapes);\n\n";

/// Lines of the comment on how the library is called.
static StringRef aboutExtents(const Signature &signature) {
  auto has = [](ArrayRef<TensorInfo> tensors) {
    return !tensors.empty() && tensors.back().role == DLC_ROLE_EXTENTS;
  };
  if (!has(signature.inputs) && !has(signature.outputs))
    return "";
  return " *\n * Dimensions that have a number in _EXTENTS (others have -1) "
         "may "
         "be shorter\n * than _SHAPE says: that element of the last input, or "
         "output, which holds\n * extents, says how long they are. Memory has "
         "_BYTES and the layout of _SHAPE\n * all the same; what is behind an "
         "extent means nothing.\n";
}

static StringRef aboutRandom(const Signature &signature) {
  if (llvm::none_of(signature.inputs, [](const TensorInfo &tensor) {
        return tensor.role == DLC_ROLE_RANDOM;
      }))
    return "";
  return " *\n * The model has random numbers. They are a function of one more "
         "input,\n * behind those of the model: a seed, and the number of the "
         "run, which gives\n * others each time. See DLC_ROLE_RANDOM.\n";
}

static StringRef aboutRequirements(const ModelInfo &info) {
  if (llvm::all_of(info.first().inputs, [](const TensorInfo &tensor) {
        return tensor.least.empty();
      }))
    return "";
  return info.device
             ? " *\n * Some inputs have to hold what the library was compiled "
               "for: see\n * dlc_model.requirements. Nobody looks into the "
               "GPU's memory whether they do.\n"
             : " *\n * Some inputs have to hold what the library was compiled "
               "for: see\n * dlc_model.requirements. A run gives "
               "DLC_ERROR_VALUE where they do not.\n";
}

std::string dlc::target::makeHeader(const ModelInfo &info, StringRef name,
                                    StringRef usage, StringRef functions) {
  std::string macro = name.upper();
  bool several = info.specialisations.size() > 1;
  std::string text;
  raw_string_ostream os(text);
  os << "/* " << name << ".h - Made by " << info.compiler
     << ". Do not edit.\n *\n"
     << " * The model '" << escape(info.name) << "' as a library:\n"
     << instantiate(usage, info, name) << aboutExtents(info.first())
     << aboutRandom(info.first()) << aboutRequirements(info) << " */\n\n"
     << "#ifndef DLC_MODEL_" << macro << "_H\n#define DLC_MODEL_" << macro
     << "_H\n\n"
     << getEmbeddedAbiHeader() << "\n"
     << "#define " << macro << "_ABI_VERSION DLC_ABI_VERSION\n"
     << "#define " << macro << "_BUILD_ID \"" << info.buildId << "\"\n"
     << "#define " << macro << "_ARENA_BYTES UINT64_C(" << info.arenaBytes
     << ")\n#define " << macro << "_ARENA_ALIGNMENT UINT64_C("
     << info.arenaAlignment << ")\n#define " << macro
     << "_WEIGHTS_BYTES UINT64_C(" << info.weightsBytes << ")\n";
  printTensors(os, macro, "INPUT", info.first().inputs, !several);
  printTensors(os, macro, "OUTPUT", info.first().outputs, !several);
  if (several)
    printSpecialisations(os, macro, info);
  os << "\n#ifdef __cplusplus\nextern \"C\" {\n#endif\n\n"
     << instantiate(functions, info, name)
     << (several ? instantiate(kFindFunction, info, name) : "")
     << "/** Names, types, shapes and sizes at run time. */\n"
     << "const dlc_model *" << name << "_descriptor(void);\n\n"
     << "#ifdef __cplusplus\n}\n#endif\n\n#endif\n";
  return text;
}
