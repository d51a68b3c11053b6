//===- Compiler.cpp - Running the program dlc -----------------------------===//
//
// Compilations run in a process of their own: the compiler may be ended at any
// time, its memory comes back, and nothing that goes wrong in it (or that it
// does about signals) touches the user's program.
//
//===----------------------------------------------------------------------===//

#include "Compiler.h"

#include "dlc/Frontend/Graph.h"

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <dlfcn.h>
#include <fcntl.h>
#include <filesystem>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace dlc;
using namespace dlc::detail;
namespace fs = std::filesystem;

extern char **environ;

//===----------------------------------------------------------------------===//
// TemporaryFolder
//===----------------------------------------------------------------------===//

TemporaryFolder::TemporaryFolder() {
  std::error_code code;
  path = (fs::temp_directory_path(code) / "dlc-XXXXXX").string();
  if (code || !mkdtemp(path.data()))
    throw Error("a temporary folder '" + path +
                "' can not be made: " + std::strerror(errno));
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  fs::remove_all(path, ignored);
}

//===----------------------------------------------------------------------===//
// The process
//===----------------------------------------------------------------------===//

/// DLC_COMPILER, or bin/dlc beside the folder of this library.
static std::string findCompiler() {
  if (const char *named = std::getenv("DLC_COMPILER"))
    return named;
  Dl_info info;
  if (dladdr(reinterpret_cast<void *>(&findCompiler), &info)) {
    std::error_code code;
    fs::path library = fs::canonical(info.dli_fname, code);
    fs::path program = library.parent_path().parent_path() / "bin" / "dlc";
    if (!code && fs::exists(program, code))
      return program.string();
  }
  return "dlc";
}

static std::vector<std::string> makeArguments(const std::string &input,
                                              const char *emit,
                                              const std::string &output,
                                              const CompileOptions &options) {
  std::vector<std::string> arguments = {input, "-o", output,
                                        std::string("--emit=") + emit,
                                        "--target=" + options.target};
  auto add = [&](const char *flag, const std::string &value) {
    if (!value.empty())
      arguments.push_back(std::string("--") + flag + "=" + value);
  };
  add("cpu", options.cpu);
  add("arch", options.arch);
  add("precision", options.precision);
  if (options.memoryBudget)
    add("memory-budget", std::to_string(*options.memoryBudget));
  for (const auto &[name, size] : options.dims)
    add("dim", name + "=" + std::to_string(size));
  for (const auto &[name, shape] : options.shapes) {
    std::string text;
    for (int64_t size : shape)
      text += (text.empty() ? "" : "x") + std::to_string(size);
    add("shape", name + "=" + text);
  }
  arguments.insert(arguments.end(), options.arguments.begin(),
                   options.arguments.end());
  return arguments;
}

namespace {

/// A running program whose standard error is read.
class Process {
public:
  Process(const std::string &program, std::vector<std::string> arguments);
  ~Process();
  Process(const Process &) = delete;
  Process &operator=(const Process &) = delete;

  /// Reads until the program has ended, or `interrupted` says so.
  std::string read(const std::function<bool()> &interrupted);
  /// The status of waitpid.
  int wait();

private:
  pid_t pid = -1;
  int pipe = -1;
};

} // namespace

Process::Process(const std::string &program,
                 std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), program);
  std::vector<char *> argv;
  for (std::string &argument : arguments)
    argv.push_back(argument.data());
  argv.push_back(nullptr);
  int ends[2];
  if (pipe2(ends, O_CLOEXEC))
    throw Error(std::string("a pipe can not be made: ") + std::strerror(errno));
  pipe = ends[0];
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, ends[1], 2);
  int failure = posix_spawnp(&pid, program.c_str(), &actions, nullptr,
                             argv.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  close(ends[1]);
  if (failure) {
    close(pipe);
    throw Error("the compiler '" + program + "' can not be run: " +
                std::strerror(failure) + " (DLC_COMPILER names another one)");
  }
}

Process::~Process() {
  if (pid > 0) {
    kill(pid, SIGTERM); // removes its files
    wait();
  }
  close(pipe);
}

std::string Process::read(const std::function<bool()> &interrupted) {
  std::string text;
  char buffer[4096];
  for (;;) {
    pollfd wanted = {pipe, POLLIN, 0};
    int ready = poll(&wanted, 1, interrupted ? 20 : -1);
    if (interrupted && interrupted())
      throw Interrupted();
    if (ready <= 0)
      continue;
    ssize_t count = ::read(pipe, buffer, sizeof(buffer));
    if (count > 0)
      text.append(buffer, count);
    else if (count == 0 || errno != EINTR)
      return text;
  }
}

int Process::wait() {
  int status = 0;
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  pid = -1;
  return status;
}

void dlc::detail::runCompiler(const std::string &input, const char *emit,
                              const std::string &output,
                              const CompileOptions &options) {
  Process process(findCompiler(), makeArguments(input, emit, output, options));
  std::string text = process.read(options.interrupted);
  int status = process.wait();
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
    return;
  if (WIFSIGNALED(status))
    throw Error("dlc was ended by a signal: " +
                std::string(strsignal(WTERMSIG(status))));
  while (!text.empty() && text.back() == '\n')
    text.pop_back();
  std::string prefix = "dlc: error: ";
  if (size_t at = text.find(prefix); at != std::string::npos)
    text.erase(0, at + prefix.size());
  throw Error(text.empty() ? "dlc failed and gave no reason" : text);
}

//===----------------------------------------------------------------------===//
// What the user calls
//===----------------------------------------------------------------------===//

void dlc::compileProgram(const std::string &input, const std::string &path,
                         const CompileOptions &options) {
  runCompiler(input, "exe", path, options);
}

void dlc::compileLibrary(const std::string &input, const std::string &path,
                         const CompileOptions &options) {
  runCompiler(input, "lib", path, options);
}

Model dlc::compileModel(const std::string &input,
                        const CompileOptions &options) {
  TemporaryFolder folder;
  runCompiler(input, "lib", folder.getPath("model"), options);
  // What is loaded needs no file any more.
  return Model::load(folder.getPath("libmodel.so"));
}

Model Graph::compile(const CompileOptions &options) const {
  TemporaryFolder folder;
  std::string input = folder.getPath(name() + ".mlirbc");
  save(input);
  return compileModel(input, options);
}

void Graph::compileProgram(const std::string &path,
                           const CompileOptions &options) const {
  TemporaryFolder folder;
  std::string input = folder.getPath(name() + ".mlirbc");
  save(input);
  dlc::compileProgram(input, path, options);
}

void Graph::compileLibrary(const std::string &path,
                           const CompileOptions &options) const {
  TemporaryFolder folder;
  std::string input = folder.getPath(name() + ".mlirbc");
  save(input);
  dlc::compileLibrary(input, path, options);
}
