//===- ProgramWriter.cpp - From objects to a program ----------------------===//

#include "dlc/Target/Common/ProgramWriter.h"

#include "Pictures.h"

#include "dlc/Runtime/dlc_abi.h"

#include "llvm/ADT/SmallString.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Object/Archive.h"
#include "llvm/Object/ArchiveWriter.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;
using namespace dlc;
using namespace dlc::target;

/// Most inputs or outputs of a program, as in lib/Runtime/Common/Cli.h.
static constexpr size_t kMaxTensors = 256;
/// As DLC_MAX_EXTENTS of lib/Runtime/Common/Tensor.h.
static constexpr int64_t kMaxExtents = 4096;
/// Most specialisations, as in lib/Runtime/Common/Program.h.
static constexpr size_t kMaxSpecialisations = 64;

/// "resnet50-v1.5" as a C identifier: "resnet50_v1_5".
static std::string makeIdentifier(StringRef text) {
  std::string result;
  for (char c : text)
    result += isAlnum(c) ? c : '_';
  if (result.empty() || isDigit(result.front()))
    result.insert(0, "m_");
  return result;
}

ProgramWriter::ProgramWriter(const ProgramOptions &options, StringRef runtime)
    : options(options),
      name(makeIdentifier(sys::path::filename(options.output))),
      prefix(options.kind == ProgramKind::Library ? name : "dlc"),
      runtime(runtime) {
  info.name = options.modelName;
  info.compiler = options.compiler;
  info.symbol = symbolOf("model_descriptor");
}

std::string ProgramWriter::symbolOf(StringRef what, size_t index) const {
  std::string result = prefix + "_" + what.str();
  return index ? result + "_" + std::to_string(index) : result;
}

ModelInfo::Specialisation ProgramWriter::describe(mlir::Operation *graph) {
  ModelInfo::Specialisation result;
  if (auto dims = graph->getAttrOfType<mlir::StringAttr>("dlc.dims"))
    result.dims = dims.str();
  if (auto bytes =
          graph->getAttrOfType<mlir::IntegerAttr>(arena::kArenaBytesAttrName))
    result.arenaBytes = bytes.getInt();
  return result;
}

void ProgramWriter::addMemory(mlir::ModuleOp module) {
  for (auto layout : module.getOps<arena::LayoutOp>()) {
    info.arenaBytes = std::max<uint64_t>(info.arenaBytes, layout.getSize());
    info.arenaAlignment =
        std::max<uint64_t>(info.arenaAlignment, layout.getAlignment());
    info.lowerBound =
        std::max<uint64_t>(info.lowerBound, layout.getLowerBound());
  }
  for (auto pool : module.getOps<arena::ConstantPoolOp>())
    info.weightsBytes += pool.getSize();
  // One alone needs all of it.
  if (info.specialisations.size() == 1)
    info.specialisations.front().arenaBytes = info.arenaBytes;
}

/// Whether the tensor is where DLC_ROLE_RANDOM has to be, and what it has to
/// be.
static bool isRandomState(ArrayRef<TensorInfo> list, size_t index,
                          bool isOutput) {
  const TensorInfo &tensor = list[index];
  auto isOther = [](const TensorInfo &other) {
    return other.role == DLC_ROLE_EXTENTS;
  };
  return !isOutput && llvm::all_of(list.drop_front(index + 1), isOther) &&
         tensor.dtype == DLC_DTYPE_I64 && tensor.shape.size() == 1 &&
         tensor.shape[0] == 2;
}

/// What the runtime relies on, and what specialisations have in common.
Error ProgramWriter::checkExtents(const Signature &signature) const {
  auto numbers = static_cast<int64_t>(2 * signature.checks.size());
  bool hasNumbers = numbers == 0;
  for (bool isOutput : {false, true}) {
    const auto &list = isOutput ? signature.outputs : signature.inputs;
    const auto &first = isOutput ? info.first().outputs : info.first().inputs;
    bool alike =
        list.size() == first.size() && signature.checks == info.first().checks;
    for (size_t i = 0; alike && i < list.size(); ++i)
      alike =
          list[i].extents == first[i].extents && list[i].role == first[i].role;
    if (!alike)
      return createStringError("the graph functions differ in what of their "
                               "inputs and outputs has extents");
    for (auto [i, tensor] : llvm::enumerate(list)) {
      if (tensor.role == DLC_ROLE_RANDOM && !isRandomState(list, i, isOutput))
        return createStringError("'" + tensor.name +
                                 "' can not be a seed and a number");
      if (tensor.role != DLC_ROLE_EXTENTS)
        continue;
      if (i + 1 != list.size() || tensor.dtype != DLC_DTYPE_I64 ||
          tensor.shape.size() != 1)
        return createStringError("'" + tensor.name +
                                 "' can not be a tensor of extents");
      hasNumbers |= isOutput && tensor.shape[0] >= numbers;
      if (tensor.shape[0] > kMaxExtents)
        return createStringError(
            "inputs or outputs have " + Twine(tensor.shape[0]) +
            " extents, a program can have " + Twine(kMaxExtents));
    }
  }
  if (!hasNumbers)
    return createStringError("the outputs' extents lack numbers to be checked");
  return Error::success();
}

Error ProgramWriter::finishInfo() {
  const Signature &first = info.first();
  for (const auto *list : {&first.inputs, &first.outputs})
    if (list->size() > kMaxTensors)
      return createStringError(
          "the model has " + Twine(list->size()) +
          (list == &first.inputs ? " inputs" : " outputs") +
          ", a program can have " + Twine(kMaxTensors));
  if (info.specialisations.size() > kMaxSpecialisations)
    return createStringError(
        "the model has " + Twine(info.specialisations.size()) +
        " graph functions, a program can have " + Twine(kMaxSpecialisations));

  for (const ModelInfo::Specialisation &each : info.specialisations)
    if (Error error = checkExtents(each))
      return error;

  addToHash(info.name);
  addToHash(info.compiler);
  addToHash(runtime);
  for (const ModelInfo::Specialisation &each : info.specialisations) {
    addToHash(each.dims);
    for (const std::vector<LaunchInfo> &launches : each.launches)
      for (const LaunchInfo &launch : launches)
        addToHash(launch.name + "\n" + launch.kernel + "\n" + launch.shapes);
    for (const auto *list : {&each.inputs, &each.outputs})
      for (const TensorInfo &tensor : *list) {
        addToHash(tensor.name);
        addToHash(std::to_string(tensor.dtype));
        addToHash(std::to_string(tensor.pixels));
        addToHash(tensor.least);
        addToHash(tensor.most);
        if (tensor.arenaOffset)
          addToHash("at " + std::to_string(*tensor.arenaOffset));
        for (const auto *numbers : {&tensor.shape, &tensor.extents})
          for (int64_t number : *numbers)
            addToHash(std::to_string(number));
      }
  }
  return Error::success();
}

void ProgramWriter::addToHash(StringRef text) {
  hash.update(text);
  hash.update(StringRef("\0", 1));
}

void ProgramWriter::setBuildId() {
  info.buildId = toHex(hash.final<16>(), /*LowerCase=*/true);
}

TemporaryFile &ProgramWriter::makeTemporary(StringRef suffix) {
  temporaries.push_back(
      std::make_unique<TemporaryFile>(options.output, suffix));
  return *temporaries.back();
}

Error ProgramWriter::addObject(StringRef bytes, StringRef what) {
  addToHash(bytes);
  TemporaryFile &file = makeTemporary(".o");
  objects.push_back(file.getPath().str());
  names.push_back(name + "." + what.str() + ".o");
  return file.write(bytes);
}

DataSymbol ProgramWriter::makeWeights(arena::ConstantPoolOp pool,
                                      std::string name) {
  DataSymbol symbol;
  symbol.name = std::move(name);
  symbol.size = pool.getSize();
  symbol.alignment = std::max<uint64_t>(pool.getAlignment(), 4096);
  for (auto constant : pool.getBody().front().getOps<arena::ConstantOp>())
    symbol.pieces.push_back(
        {static_cast<uint64_t>(constant.getOffset()),
         static_cast<uint64_t>(constant.getByteSize()),
         [constant](function_ref<void(ArrayRef<char>)> consume) {
           arena::ConstantOp(constant).forEachPiece(consume);
         }});
  llvm::sort(symbol.pieces,
             [](const auto &a, const auto &b) { return a.offset < b.offset; });
  return symbol;
}

DataSymbol ProgramWriter::makeTensors(uint64_t alignment, bool withOutputs) {
  DataSymbol symbol;
  symbol.name = "dlc_tensors";
  symbol.isZero = true;
  auto place = [&](uint64_t bytes) { return alignTo(bytes, alignment); };
  // Inputs are read to where the largest of all specialisations would be,
  // before it is known which one runs.
  uint64_t read = 0;
  for (size_t i = 0; i < info.first().inputs.size(); ++i) {
    uint64_t largest = 0;
    for (const Signature &each : info.specialisations)
      largest = std::max(largest, place(each.inputs[i].bytes));
    read += largest;
  }
  symbol.size = std::max<uint64_t>(read, 1);
  for (const Signature &each : info.specialisations) {
    uint64_t all = 0;
    for (const TensorInfo &tensor : each.inputs)
      all += place(tensor.bytes);
    if (withOutputs)
      for (const TensorInfo &tensor : each.outputs)
        all += place(tensor.bytes);
    symbol.size = std::max(symbol.size, all);
  }
  // One picture is decoded at a time.
  for (const Signature &each : info.specialisations)
    for (const TensorInfo &tensor : each.inputs)
      if (tensor.pixels)
        info.pictureBytes = std::max(
            info.pictureBytes,
            dlc_picture_memory_bytes(tensor.shape[0], tensor.shape[1]));
  if (info.pictureBytes) {
    info.pictureOffset = place(symbol.size);
    symbol.size = info.pictureOffset + info.pictureBytes;
  }
  return symbol;
}

Error ProgramWriter::addData(std::vector<DataSymbol> symbols) {
  // GNU ld puts large read-only data at the page offset where writable data
  // ends and forgets its alignment. One page of large .bss in front of it
  // moves that end to a page's beginning.
  if (llvm::any_of(symbols, [&](const DataSymbol &symbol) {
        return !symbol.isZero && symbol.size >= options.largeFrom;
      })) {
    DataSymbol page;
    page.name = pageSymbol = symbolOf("page");
    page.size = 4096;
    page.isZero = page.isLarge = true;
    symbols.push_back(std::move(page));
  }

  TemporaryFile &file = makeTemporary(".weights.o");
  objects.push_back(file.getPath().str());
  names.push_back(name + ".weights.o");
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
                                       file.getPath() + ": " + code.message());
  return error;
}

Expected<ProgramReport> ProgramWriter::finish(ArrayRef<StringRef> members,
                                              StringRef header) {
  progress(isLibrary() ? "write library" : "link");
  if (Error error = isLibrary() ? writeLibrary(members, header) : link())
    return std::move(error);
  report.buildId = info.buildId;
  report.weightsBytes = info.weightsBytes;
  report.arenaBytes = info.arenaBytes;
  report.lowerBound = info.lowerBound;
  report.pictureBytes = info.pictureBytes;
  if (std::error_code code =
          sys::fs::file_size(report.files.front(), report.fileBytes))
    return createStringError(code, "cannot read " + report.files.front());
  return std::move(report);
}

/// The executable, or everything but the runtime as one object.
Error ProgramWriter::link() {
  LinkKind kind = LinkKind::Relocatable;
  if (options.kind == ProgramKind::Executable) {
    kind = LinkKind::Executable;
    TemporaryFile &archive = makeTemporary(".a");
    if (Error error = archive.write(runtime))
      return error;
    objects.push_back(archive.getPath().str());
  }
  TemporaryFile &linked = makeTemporary(".out");
  if (Error error = runLinker(kind, objects, linked.getPath(), pageSymbol))
    return error;
  report.files.push_back(options.output);
  return linked.moveTo(options.output);
}

Error ProgramWriter::writeLibrary(ArrayRef<StringRef> members,
                                  StringRef headerText) {
  SmallString<256> folder(sys::path::parent_path(options.output));
  auto place = [&](const Twine &file) {
    SmallString<256> path(folder);
    sys::path::append(path, file);
    return path.str().str();
  };
  TemporaryFile &header = makeTemporary(".h");
  if (Error error = header.write(headerText))
    return error;
  TemporaryFile &archive = makeTemporary(".a");
  if (Error error = writeArchive(archive.getPath(), members))
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

/// The part of the runtime that libraries use: its main and what only that
/// needs must not come along.
Error ProgramWriter::addRuntimeMembers(ArrayRef<StringRef> members) {
  auto archive =
      object::Archive::create(MemoryBufferRef(runtime, "the runtime"));
  if (!archive)
    return archive.takeError();
  Error error = Error::success();
  size_t found = 0;
  for (const object::Archive::Child &child : (*archive)->children(error)) {
    Expected<StringRef> childName = child.getName();
    if (!childName)
      return joinErrors(childName.takeError(), std::move(error));
    StringRef stem = childName->take_until([](char c) { return c == '.'; });
    if (!is_contained(members, stem))
      continue;
    Expected<StringRef> contents = child.getBuffer();
    if (!contents)
      return joinErrors(contents.takeError(), std::move(error));
    TemporaryFile &file = makeTemporary(".o");
    if (Error failed = file.write(*contents))
      return joinErrors(std::move(failed), std::move(error));
    objects.push_back(file.getPath().str());
    names.push_back(name + "." + stem.lower() + ".o");
    ++found;
  }
  if (error)
    return error;
  if (found != members.size())
    return createStringError("the runtime inside dlc lacks one of " +
                             join(members, ", "));
  return Error::success();
}

Error ProgramWriter::writeArchive(StringRef path, ArrayRef<StringRef> members) {
  if (Error error = addRuntimeMembers(members))
    return error;
  std::vector<NewArchiveMember> list;
  for (auto [object, memberName] : llvm::zip_equal(objects, names)) {
    auto member = NewArchiveMember::getFile(object, /*Deterministic=*/true);
    if (!member)
      return member.takeError();
    // Names that do not depend on where the temporary files were.
    member->MemberName = memberName;
    list.push_back(std::move(*member));
  }
  return llvm::writeArchive(path, list, SymtabWritingMode::NormalSymtab,
                            object::Archive::K_GNU, /*Deterministic=*/true,
                            /*Thin=*/false);
}
