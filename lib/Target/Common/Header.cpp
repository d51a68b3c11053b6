//===- Header.cpp - The C header of a compiled library --------------------===//

#include "dlc/Target/Common/Descriptor.h"
#include "dlc/Target/Common/Embedded.h"

#include "llvm/ADT/StringExtras.h"
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

static void printTensors(raw_ostream &os, StringRef macro, StringRef kind,
                         ArrayRef<TensorInfo> tensors) {
  os << "#define " << macro << "_NUM_" << kind << "S " << tensors.size()
     << "\n";
  for (auto [i, tensor] : llvm::enumerate(tensors)) {
    std::string prefix = (macro + "_" + kind + Twine(i)).str();
    os << "#define " << prefix << "_NAME \"" << escape(tensor.name) << "\"\n"
       << "#define " << prefix << "_DTYPE " << tensor.dtype
       << "u /* enum dlc_dtype */\n"
       << "#define " << prefix << "_RANK " << tensor.shape.size() << "\n";
    if (!tensor.shape.empty()) {
      os << "#define " << prefix << "_SHAPE {";
      llvm::interleaveComma(tensor.shape, os);
      os << "}\n";
    }
    os << "#define " << prefix << "_BYTES UINT64_C(" << tensor.bytes << ")\n";
  }
}

/// Puts the names of the library into a text.
static std::string instantiate(StringRef text, StringRef name) {
  std::string result;
  while (!text.empty()) {
    if (text.consume_front("@name@"))
      result += name;
    else if (text.consume_front("@NAME@"))
      result += name.upper();
    else {
      result += text.front();
      text = text.drop_front();
    }
  }
  return result;
}

std::string dlc::target::makeHeader(const ModelInfo &info, StringRef name,
                                    StringRef usage, StringRef functions) {
  std::string macro = name.upper();
  std::string text;
  raw_string_ostream os(text);
  os << "/* " << name << ".h - Made by " << info.compiler
     << ". Do not edit.\n *\n"
     << " * The model '" << escape(info.name) << "' as a library:\n"
     << instantiate(usage, name) << " */\n\n"
     << "#ifndef DLC_MODEL_" << macro << "_H\n#define DLC_MODEL_" << macro
     << "_H\n\n"
     << getEmbeddedAbiHeader() << "\n"
     << "#define " << macro << "_ABI_VERSION DLC_ABI_VERSION\n"
     << "#define " << macro << "_BUILD_ID \"" << info.buildId << "\"\n"
     << "#define " << macro << "_ARENA_BYTES UINT64_C(" << info.arenaBytes
     << ")\n#define " << macro << "_ARENA_ALIGNMENT UINT64_C("
     << info.arenaAlignment << ")\n#define " << macro
     << "_WEIGHTS_BYTES UINT64_C(" << info.weightsBytes << ")\n";
  printTensors(os, macro, "INPUT", info.inputs);
  printTensors(os, macro, "OUTPUT", info.outputs);
  os << "\n#ifdef __cplusplus\nextern \"C\" {\n#endif\n\n"
     << instantiate(functions, name)
     << "/** Names, types, shapes and sizes at run time. */\n"
     << "const dlc_model *" << name << "_descriptor(void);\n\n"
     << "#ifdef __cplusplus\n}\n#endif\n\n#endif\n";
  return text;
}
