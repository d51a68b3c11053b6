//===- Toolkit.cpp - The assembler of a CUDA toolkit ----------------------===//

#include "dlc/Target/CUDA/Toolkit.h"

#include "dlc/Target/Common/Link.h"

#include "llvm/ADT/SmallString.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Process.h"
#include "llvm/Support/Program.h"

using namespace llvm;
using namespace dlc::target;

/// The `bin` folders of PyPI's nvidia-cuda-nvcc in a virtual environment:
/// lib/python3.*/site-packages/nvidia/<release>/bin.
static void addWheelFolders(StringRef environment,
                            SmallVectorImpl<std::string> &folders) {
  auto list = [](const Twine &folder) {
    std::vector<std::string> entries;
    std::error_code code;
    for (sys::fs::directory_iterator it(folder, code), end; !code && it != end;
         it.increment(code))
      entries.push_back(it->path());
    llvm::sort(entries);
    return entries;
  };
  for (const std::string &python : list(environment + "/lib"))
    if (sys::path::filename(python).starts_with("python3"))
      for (const std::string &release : list(python + "/site-packages/nvidia"))
        folders.push_back(release + "/bin");
}

/// Where to look, best first.
static SmallVector<std::string> listFolders() {
  SmallVector<std::string> folders;
  // Who names a toolkit wants that one.
  if (auto home = sys::Process::GetEnv("CUDA_HOME"); home && !home->empty()) {
    folders.push_back(*home + "/bin");
    return folders;
  }
  if (auto path = sys::Process::GetEnv("PATH")) {
    SmallVector<StringRef> parts;
    StringRef(*path).split(parts, sys::EnvPathSeparator, -1, false);
    for (StringRef part : parts)
      folders.push_back(part.str());
  }
  if (auto environment = sys::Process::GetEnv("VIRTUAL_ENV"))
    addWheelFolders(*environment, folders);
  else if (ErrorOr<std::string> python = sys::findProgramByName("python3"))
    addWheelFolders(sys::path::parent_path(sys::path::parent_path(*python)),
                    folders);
  folders.push_back("/usr/local/cuda/bin");
  return folders;
}

std::optional<CudaToolkit> CudaToolkit::find() {
  for (const std::string &folder : listFolders()) {
    CudaToolkit toolkit{folder + "/ptxas", folder + "/fatbinary"};
    if (sys::fs::can_execute(toolkit.ptxas) &&
        sys::fs::can_execute(toolkit.fatbinary))
      return toolkit;
  }
  return std::nullopt;
}

std::map<std::string, KernelUsage>
dlc::target::parseKernelUsage(StringRef text) {
  // ptxas info    : Compiling entry function 'k' for 'sm_80'
  //     0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads
  // ptxas info    : Used 8 registers, used 1 barriers, 256 bytes smem, ...
  std::map<std::string, KernelUsage> result;
  KernelUsage *current = nullptr;
  SmallVector<StringRef> lines;
  text.split(lines, '\n');
  for (StringRef line : lines) {
    if (StringRef rest = line.split("Compiling entry function '").second;
        !rest.empty()) {
      current = &result[rest.split('\'').first.str()];
      continue;
    }
    if (!current)
      continue;
    if (StringRef rest = line.split(": Used ").second; !rest.empty())
      line = rest;
    SmallVector<StringRef> items;
    line.split(items, ',');
    for (StringRef item : items) {
      item = item.trim();
      unsigned value;
      if (item.consumeInteger(10, value))
        continue;
      item = item.ltrim();
      if (item.starts_with("registers"))
        current->registers = value;
      else if (item.starts_with("bytes smem"))
        current->sharedBytes = value;
      else if (item.starts_with("bytes stack frame"))
        current->stackBytes = value;
      else if (item.starts_with("bytes spill stores"))
        current->spillStores = value;
      else if (item.starts_with("bytes spill loads"))
        current->spillLoads = value;
    }
  }
  return result;
}

/// Runs a program of the toolkit; returns what it wrote.
static Expected<std::string>
run(StringRef program, ArrayRef<std::string> arguments, StringRef place) {
  TemporaryFile log(place, ".log");
  SmallVector<StringRef> args = {program};
  args.append(arguments.begin(), arguments.end());
  std::optional<StringRef> redirects[] = {StringRef(""), log.getPath(),
                                          log.getPath()};
  std::string message;
  int status = sys::ExecuteAndWait(program, args, std::nullopt, redirects, 0, 0,
                                   &message);
  std::string text;
  if (auto buffer = MemoryBuffer::getFile(log.getPath()))
    text = (*buffer)->getBuffer().str();
  if (status == 0)
    return text;
  if (message.empty())
    message = StringRef(text).trim().take_front(2000).str();
  return createStringError(program + " failed: " + message);
}

Error dlc::target::runPtxas(const CudaToolkit &toolkit, StringRef ptx,
                            Cubin &cubin) {
  Expected<std::string> text = run(
      toolkit.ptxas,
      {"-v", "-arch=" + cubin.arch.getRealName(), ptx.str(), "-o", cubin.path},
      cubin.path);
  if (!text)
    return text.takeError();
  cubin.usage = parseKernelUsage(*text);
  return Error::success();
}

Error dlc::target::runFatbinary(const CudaToolkit &toolkit, StringRef ptx,
                                const CudaArch &ptxArch, ArrayRef<Cubin> cubins,
                                StringRef output) {
  std::vector<std::string> args = {"-64", "--create", output.str()};
  auto add = [&](StringRef kind, const CudaArch &arch, StringRef file) {
    args.push_back(("--image3=kind=" + kind +
                    ",sm=" + arch.getRealName().substr(3) + ",file=" + file)
                       .str());
  };
  for (const Cubin &cubin : cubins)
    add("elf", cubin.arch, cubin.path);
  add("ptx", ptxArch, ptx);
  Expected<std::string> text = run(toolkit.fatbinary, args, output);
  return text ? Error::success() : text.takeError();
}
