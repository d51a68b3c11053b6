//===- Program.cpp - Objects, libraries and executables -------------------===//

#include "dlc/Target/Host/Program.h"

#include "Descriptor.h"
#include "Embedded.h"
#include "Link.h"

#include "dlc/Dialect/Arena/IR/Arena.h"
#include "dlc/Runtime/dlc_abi.h"
#include "dlc/Target/Host/Codegen.h"
#include "dlc/Target/Host/Weights.h"

#include "llvm/ADT/SmallString.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/Object/Archive.h"
#include "llvm/Object/ArchiveWriter.h"
#include "llvm/Support/BLAKE3.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/Target/TargetMachine.h"

using namespace llvm;
using namespace dlc;
using namespace dlc::target;

namespace {

/// Most inputs or outputs of a program, as in lib/Runtime/Common/Cli.h.
constexpr size_t kMaxTensors = 256;

/// "resnet50-v1.5" as a C identifier: "resnet50_v1_5".
std::string makeIdentifier(StringRef text) {
  std::string result;
  for (char c : text)
    result += isAlnum(c) ? c : '_';
  if (result.empty() || isDigit(result.front()))
    result.insert(0, "m_");
  return result;
}

class ProgramEmitter {
public:
  ProgramEmitter(ArrayRef<ProgramVariant> given, const ProgramOptions &options)
      : variants(given.begin(), given.end()), options(options) {
    // A program takes the first one that fits: the most demanding comes first.
    llvm::stable_sort(variants,
                      [](const ProgramVariant &a, const ProgramVariant &b) {
                        return a.cpu.features.size() > b.cpu.features.size();
                      });
  }

  Expected<ProgramReport> run() {
    bool isLibrary = options.kind == ProgramKind::Library;
    name = makeIdentifier(sys::path::filename(options.output));
    prefix = isLibrary ? name : "dlc";
    descriptorSymbol = prefix + "_model_descriptor";
    if (Error error = collectInfo())
      return std::move(error);
    for (auto [index, variant] : llvm::enumerate(variants)) {
      progress("generate code");
      if (Error error = emitCode(variant, index))
        return std::move(error);
    }
    progress("write weights");
    if (Error error = emitData())
      return std::move(error);
    info.buildId = toHex(hash.final<16>(), /*LowerCase=*/true);
    if (Error error = emitDescriptor())
      return std::move(error);
    progress(isLibrary ? "write library" : "link");
    if (Error error = isLibrary ? emitLibrary() : emitLinked())
      return std::move(error);

    report.buildId = info.buildId;
    report.weightsBytes = info.weightsBytes;
    report.arenaBytes = info.arenaBytes;
    report.lowerBound = info.lowerBound;
    if (std::error_code code =
            sys::fs::file_size(report.files.front(), report.fileBytes))
      return createStringError(code, "cannot read " + report.files.front());
    return std::move(report);
  }

private:
  void progress(StringRef step) {
    if (options.progress)
      options.progress(step);
  }

  std::string symbolOf(StringRef what, size_t index) {
    std::string result = prefix + "_" + what.str();
    return index ? result + "_" + std::to_string(index) : result;
  }

  void addToHash(StringRef text) {
    hash.update(text);
    hash.update(StringRef("\0", 1));
  }

  Error collectInfo() {
    if (variants.empty())
      return createStringError("a program needs at least one CPU");
    if (variants.size() > 1 && options.kind != ProgramKind::Executable)
      return createStringError(
          "only executables can be compiled for several CPUs at once");
    info.name = options.modelName;
    info.compiler = options.compiler;
    for (auto [index, variant] : llvm::enumerate(variants)) {
      ModelInfo own;
      if (Error error = readSignature(variant.module, own))
        return error;
      if (index == 0) {
        info.inputs = own.inputs;
        info.outputs = own.outputs;
      } else if (info.inputs != own.inputs || info.outputs != own.outputs) {
        return createStringError(
            "the variants for different CPUs have different inputs or outputs");
      }
      for (auto layout :
           mlir::ModuleOp(variant.module).getOps<arena::LayoutOp>()) {
        info.arenaBytes = std::max<uint64_t>(info.arenaBytes, layout.getSize());
        info.arenaAlignment =
            std::max<uint64_t>(info.arenaAlignment, layout.getAlignment());
        info.lowerBound =
            std::max<uint64_t>(info.lowerBound, layout.getLowerBound());
      }
      for (auto pool :
           mlir::ModuleOp(variant.module).getOps<arena::ConstantPoolOp>())
        info.weightsBytes += pool.getSize();
      info.variants.push_back({variant.cpu.name, variant.cpu.getFeatureList(),
                               symbolOf("entry", index)});
    }
    for (const auto *list : {&info.inputs, &info.outputs})
      if (list->size() > kMaxTensors)
        return createStringError(
            "the model has " + Twine(list->size()) +
            (list == &info.inputs ? " inputs" : " outputs") +
            ", a program can have " + Twine(kMaxTensors));

    addToHash(info.name);
    addToHash(info.compiler);
    addToHash(getEmbeddedRuntime());
    for (const auto *list : {&info.inputs, &info.outputs})
      for (const TensorInfo &tensor : *list) {
        addToHash(tensor.name);
        addToHash(std::to_string(tensor.dtype));
        for (int64_t extent : tensor.shape)
          addToHash(std::to_string(extent));
      }
    return Error::success();
  }

  TemporaryFile &makeTemporary(StringRef suffix) {
    temporaries.push_back(
        std::make_unique<TemporaryFile>(options.output, suffix));
    return *temporaries.back();
  }

  /// Compiles the module of a variant to an object file.
  Error emitCode(const ProgramVariant &variant, size_t index) {
    LLVMContext context;
    auto module = translateToLLVM(variant.module, context, variant.cpu);
    if (!module)
      return module.takeError();
    auto machine = createHostTargetMachine(variant.cpu);
    if (!machine)
      return machine.takeError();
    for (Function &function : **module) {
      if (function.isDeclaration())
        continue;
      if (function.getName() == "dlc_entry") {
        function.setName(symbolOf("entry", index));
        function.setVisibility(GlobalValue::HiddenVisibility);
      } else {
        function.setLinkage(GlobalValue::InternalLinkage);
      }
    }
    // Not hidden here: the address comes from the GOT, however far it is.
    if (GlobalVariable *weights = (*module)->getNamedGlobal("dlc_weights"))
      weights->setName(symbolOf("weights", index));
    optimizeModule(**module, **machine);
    return emitObject(**module, **machine);
  }

  Error emitObject(Module &module, TargetMachine &machine) {
    SmallVector<char, 0> code;
    raw_svector_ostream stream(code);
    if (Error error = writeObject(module, machine, stream))
      return error;
    StringRef bytes(code.data(), code.size());
    addToHash(bytes);
    TemporaryFile &file = makeTemporary(".o");
    objects.push_back(file.getPath().str());
    return file.write(bytes);
  }

  /// Weights, and for executables the arena and the tensors.
  Error emitData() {
    std::vector<DataSymbol> symbols;
    for (auto [index, variant] : llvm::enumerate(variants))
      for (auto pool :
           mlir::ModuleOp(variant.module).getOps<arena::ConstantPoolOp>()) {
        DataSymbol symbol;
        symbol.name = symbolOf("weights", index);
        symbol.size = pool.getSize();
        symbol.alignment = std::max<uint64_t>(pool.getAlignment(), 4096);
        for (auto constant : pool.getBody().front().getOps<arena::ConstantOp>())
          symbol.pieces.push_back(
              {static_cast<uint64_t>(constant.getOffset()),
               static_cast<uint64_t>(constant.getByteSize()),
               [constant](function_ref<void(ArrayRef<char>)> consume) {
                 arena::ConstantOp(constant).forEachPiece(consume);
               }});
        llvm::sort(symbol.pieces, [](const auto &a, const auto &b) {
          return a.offset < b.offset;
        });
        symbols.push_back(std::move(symbol));
      }
    if (options.kind == ProgramKind::Executable) {
      uint64_t tensors = 0;
      for (const auto *list : {&info.inputs, &info.outputs})
        for (const TensorInfo &tensor : *list)
          tensors += alignTo(tensor.bytes, DLC_TENSOR_ALIGNMENT);
      for (auto [what, size] : {std::pair("dlc_arena", info.arenaBytes),
                                {"dlc_tensors", tensors}}) {
        DataSymbol symbol;
        symbol.name = what;
        symbol.size = std::max<uint64_t>(size, 1);
        symbol.isZero = true;
        symbols.push_back(std::move(symbol));
      }
    }

    // GNU ld puts large read-only data at the page offset where writable data
    // ends and forgets its alignment. One page of large .bss in front of it
    // moves that end to a page's beginning.
    if (llvm::any_of(symbols, [&](const DataSymbol &symbol) {
          return !symbol.isZero && symbol.size >= options.largeFrom;
        })) {
      DataSymbol page;
      page.name = pageSymbol = prefix + "_page";
      page.size = 4096;
      page.isZero = page.isLarge = true;
      symbols.push_back(std::move(page));
    }

    TemporaryFile &file = makeTemporary(".weights.o");
    objects.push_back(file.getPath().str());
    std::error_code code;
    raw_fd_ostream stream(file.getPath(), code);
    if (code)
      return createStringError(code, "cannot write " + file.getPath() + ": " +
                                         code.message());
    Error error = writeDataObject(
        symbols, stream,
        [&](ArrayRef<char> bytes) {
          hash.update(StringRef(bytes.data(), bytes.size()));
        },
        options.largeFrom);
    stream.close();
    code = stream.error();
    stream.clear_error();
    if (code && !error)
      return createStringError(code, "cannot write the weights to " +
                                         file.getPath() + ": " +
                                         code.message());
    return error;
  }

  Error emitDescriptor() {
    LLVMContext context;
    auto machine = createHostTargetMachine(HostCpu{"x86-64", "x86-64", {}});
    if (!machine)
      return machine.takeError();
    auto module = makeDescriptor(context, info, descriptorSymbol);
    module->setTargetTriple((*machine)->getTargetTriple());
    module->setDataLayout((*machine)->createDataLayout());
    module->setPICLevel(PICLevel::BigPIC);
    if (options.kind == ProgramKind::Library)
      addLibraryFunctions(*module, info, name, descriptorSymbol);
    return emitObject(*module, **machine);
  }

  /// The executable, or everything but the runtime as one object.
  Error emitLinked() {
    LinkKind kind = LinkKind::Relocatable;
    if (options.kind == ProgramKind::Executable) {
      kind = LinkKind::Executable;
      TemporaryFile &runtime = makeTemporary(".a");
      if (Error error = runtime.write(getEmbeddedRuntime()))
        return error;
      objects.push_back(runtime.getPath().str());
    }
    TemporaryFile &linked = makeTemporary(".out");
    if (Error error = runLinker(kind, objects, linked.getPath(), pageSymbol))
      return error;
    report.files.push_back(options.output);
    return linked.moveTo(options.output);
  }

  Error emitLibrary() {
    SmallString<256> folder(sys::path::parent_path(options.output));
    auto place = [&](const Twine &file) {
      SmallString<256> path(folder);
      sys::path::append(path, file);
      return path.str().str();
    };
    TemporaryFile &header = makeTemporary(".h");
    if (Error error = header.write(makeHeader(info, name)))
      return error;
    TemporaryFile &archive = makeTemporary(".a");
    if (Error error = writeStaticLibrary(archive.getPath()))
      return error;
    TemporaryFile &shared = makeTemporary(".so");
    std::string file = "lib" + name + ".so";
    if (Error error = runLinker(LinkKind::Shared, objects, shared.getPath(),
                                pageSymbol, file))
      return error;
    std::pair<TemporaryFile *, std::string> moves[] = {
        {&archive, place("lib" + name + ".a")},
        {&shared, place(file)},
        {&header, place(name + ".h")}};
    for (auto &[temporary, target] : moves) {
      if (Error error = temporary->moveTo(target))
        return error;
      report.files.push_back(target);
    }
    return Error::success();
  }

  /// Collects the objects and the part of the runtime that libraries use.
  Error writeStaticLibrary(StringRef path) {
    // The runtime's main and what it needs must not come along.
    auto runtime = object::Archive::create(
        MemoryBufferRef(getEmbeddedRuntime(), "libdlc_rt.a"));
    if (!runtime)
      return runtime.takeError();
    Error error = Error::success();
    bool found = false;
    for (const object::Archive::Child &child : (*runtime)->children(error)) {
      Expected<StringRef> childName = child.getName();
      if (!childName)
        return joinErrors(childName.takeError(), std::move(error));
      if (*childName != "Cpu.c.o")
        continue;
      Expected<StringRef> contents = child.getBuffer();
      if (!contents)
        return joinErrors(contents.takeError(), std::move(error));
      TemporaryFile &file = makeTemporary(".o");
      if (Error failed = file.write(*contents))
        return joinErrors(std::move(failed), std::move(error));
      objects.push_back(file.getPath().str());
      found = true;
    }
    if (error)
      return error;
    if (!found)
      return createStringError("the runtime inside dlc lacks Cpu.c.o");

    // Names that do not depend on where the temporary files were.
    static constexpr StringLiteral suffixes[] = {"code", "weights",
                                                 "descriptor", "cpu"};
    std::vector<std::string> names;
    for (size_t i = 0; i < objects.size(); ++i)
      names.push_back(name + "." + suffixes[i].str() + ".o");
    std::vector<NewArchiveMember> members;
    for (size_t i = 0; i < objects.size(); ++i) {
      auto member = NewArchiveMember::getFile(objects[i],
                                              /*Deterministic=*/true);
      if (!member)
        return member.takeError();
      member->MemberName = names[i];
      members.push_back(std::move(*member));
    }
    return writeArchive(path, members, SymtabWritingMode::NormalSymtab,
                        object::Archive::K_GNU, /*Deterministic=*/true,
                        /*Thin=*/false);
  }

  std::vector<ProgramVariant> variants;
  const ProgramOptions &options;
  std::string name, prefix, descriptorSymbol, pageSymbol;
  ModelInfo info;
  ProgramReport report;
  BLAKE3 hash;
  std::vector<std::unique_ptr<TemporaryFile>> temporaries;
  std::vector<std::string> objects;
};

} // namespace

Expected<ProgramReport> target::emitProgram(ArrayRef<ProgramVariant> variants,
                                            const ProgramOptions &options) {
  return ProgramEmitter(variants, options).run();
}
