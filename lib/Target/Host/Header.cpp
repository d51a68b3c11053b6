//===- Header.cpp - The C header of a compiled library --------------------===//

#include "Descriptor.h"
#include "Embedded.h"

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

std::string dlc::target::makeHeader(const ModelInfo &info, StringRef name) {
  std::string macro = name.upper();
  std::string text;
  raw_string_ostream os(text);
  os << "/* " << name << ".h - Made by " << info.compiler
     << ". Do not edit.\n *\n"
     << " * The model '" << escape(info.name) << "' as a library:\n"
     << " *   if (" << name << "_check(" << macro << "_ABI_VERSION, " << macro
     << "_BUILD_ID) != DLC_OK) ...\n"
     << " *   status = " << name << "_run(inputs, outputs, arena);\n"
     << " * inputs and outputs hold one pointer for each tensor, aligned to\n"
     << " * DLC_TENSOR_ALIGNMENT and not overlapping; arena points to " << macro
     << "_ARENA_BYTES\n * bytes aligned to " << macro
     << "_ARENA_ALIGNMENT, whose contents do not matter.\n"
     << " * Calls on different arenas may run at the same time.\n */\n\n"
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
     << "/** Whether header and library belong together and this CPU can run "
        "it:\n * call it once with "
     << macro << "_ABI_VERSION and " << macro
     << "_BUILD_ID. Returns an\n * enum dlc_status. */\n"
     << "int32_t " << name
     << "_check(uint32_t abi_version, const char *build_id);\n\n"
     << "/** One inference in this thread. Returns an enum dlc_status. */\n"
     << "int32_t " << name
     << "_run(const void *const *inputs, void *const *outputs, void "
        "*arena);\n\n"
     << "/** One inference with the caller's threads. */\n"
     << "int32_t " << name
     << "_run_parallel(const void *const *inputs, void *const *outputs,\n"
     << "    void *arena, const dlc_parallel *parallel);\n\n"
     << "/** Names, types, shapes and sizes at run time. */\n"
     << "const dlc_model *" << name << "_descriptor(void);\n\n"
     << "#ifdef __cplusplus\n}\n#endif\n\n#endif\n";
  return text;
}
