//===- Link.cpp - Running the system's linker -----------------------------===//

#include "dlc/Target/Common/Link.h"

#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Program.h"
#include "llvm/Support/Signals.h"
#include "llvm/Support/raw_ostream.h"

#include <cstdlib>

using namespace llvm;
using namespace dlc::target;

TemporaryFile::TemporaryFile(StringRef place, StringRef suffix) {
  SmallString<256> folder(sys::path::parent_path(place));
  if (folder.empty())
    folder = ".";
  SmallString<256> model(folder), unique;
  sys::path::append(model, ".dlc-%%%%%%%%%%" + suffix);
  sys::fs::createUniquePath(model, unique, /*MakeAbsolute=*/false);
  path = unique.str().str();
  sys::RemoveFileOnSignal(path);
}

TemporaryFile::~TemporaryFile() {
  (void)sys::fs::remove(path);
  sys::DontRemoveFileOnSignal(path);
}

Error TemporaryFile::write(StringRef contents) {
  std::error_code code;
  raw_fd_ostream stream(path, code);
  if (!code) {
    stream << contents;
    stream.close();
    code = stream.error();
    stream.clear_error();
  }
  if (code)
    return createStringError(code,
                             "cannot write " + path + ": " + code.message());
  return Error::success();
}

Error TemporaryFile::moveTo(StringRef target) {
  if (std::error_code code = sys::fs::rename(path, target))
    return createStringError(code,
                             "cannot write " + target + ": " + code.message());
  return Error::success();
}

namespace {

/// A program that links, and whether it wants a compiler driver's arguments.
struct Linker {
  std::string path;
  bool isDriver = true;
};

Expected<Linker> findLinker() {
  if (const char *wanted = std::getenv("DLC_LINKER"); wanted && *wanted) {
    ErrorOr<std::string> path = sys::findProgramByName(wanted);
    if (!path)
      return createStringError("DLC_LINKER names '" + Twine(wanted) +
                               "', which is no program");
    StringRef stem = sys::path::filename(*path);
    return Linker{*path, !(stem == "ld" || stem.starts_with("ld.") ||
                           stem.starts_with("ld-"))};
  }
  for (const char *name : {"cc", "gcc", "clang", "clang-22"})
    if (ErrorOr<std::string> path = sys::findProgramByName(name))
      return Linker{*path, true};
  for (const char *name : {"ld.lld", "ld.lld-22", "ld"})
    if (ErrorOr<std::string> path = sys::findProgramByName(name))
      return Linker{*path, false};
  return createStringError(
      "no linker found: install gcc, clang or lld, or name "
      "one in DLC_LINKER");
}

/// Where libc's start files and libraries are.
std::string findLibraryFolder() {
  for (const char *folder : {"/usr/lib/x86_64-linux-gnu", "/usr/lib64",
                             "/lib64", "/usr/lib", "/lib/x86_64-linux-gnu"})
    if (sys::fs::exists(Twine(folder) + "/Scrt1.o"))
      return folder;
  return "";
}

} // namespace

Error dlc::target::runLinker(LinkKind kind, ArrayRef<std::string> files,
                             StringRef output, StringRef keep,
                             StringRef soname) {
  Expected<Linker> linker = findLinker();
  if (!linker)
    return linker.takeError();

  std::vector<std::string> args = {linker->path, "-o", output.str()};
  auto option = [&](const Twine &text) {
    args.push_back(((linker->isDriver ? "-Wl," : "") + text).str());
  };
  auto keyword = [&](const char *value) {
    if (linker->isDriver) {
      args.push_back((Twine("-Wl,-z,") + value).str());
    } else {
      args.push_back("-z");
      args.push_back(value);
    }
  };
  std::string folder;
  if (!linker->isDriver && kind != LinkKind::Relocatable) {
    folder = findLibraryFolder();
    if (folder.empty())
      return createStringError("cannot link with " + linker->path +
                               ": found no C library (Scrt1.o)");
  }
  if (kind == LinkKind::Relocatable) {
    args.push_back("-r");
    if (linker->isDriver)
      args.push_back("-nostdlib");
    args.insert(args.end(), files.begin(), files.end());
  } else {
    args.push_back(kind == LinkKind::Shared ? "-shared" : "-pie");
    if (!soname.empty())
      option("-soname=" + soname);
    if (!keep.empty()) {
      args.push_back("-u");
      args.push_back(keep.str());
    }
    option("--gc-sections");
    option("--strip-all");
    option("--build-id=none");
    option("--as-needed");
    keyword("noexecstack");
    keyword("relro");
    keyword("now");
    if (!linker->isDriver && kind == LinkKind::Executable) {
      args.push_back("-dynamic-linker=/lib64/ld-linux-x86-64.so.2");
      args.push_back(folder + "/Scrt1.o");
    }
    if (!linker->isDriver)
      args.push_back(folder + "/crti.o");
    args.insert(args.end(), files.begin(), files.end());
    if (!linker->isDriver)
      args.push_back("-L" + folder);
    args.push_back("-lm");
    args.push_back("-lpthread");
    args.push_back("-ldl");
    if (!linker->isDriver) {
      args.push_back("-lc");
      args.push_back(folder + "/crtn.o");
    }
  }

  TemporaryFile log(output, ".log");
  SmallVector<StringRef> argRefs(args.begin(), args.end());
  std::optional<StringRef> redirects[] = {StringRef(""), log.getPath(),
                                          log.getPath()};
  std::string message;
  int result = sys::ExecuteAndWait(linker->path, argRefs, std::nullopt,
                                   redirects, 0, 0, &message);
  if (result == 0)
    return Error::success();
  if (message.empty())
    if (auto buffer = MemoryBuffer::getFile(log.getPath()))
      message = (*buffer)->getBuffer().trim().take_front(2000).str();
  return createStringError("linking with " + linker->path + " failed" +
                           (message.empty() ? "" : ": " + message));
}
