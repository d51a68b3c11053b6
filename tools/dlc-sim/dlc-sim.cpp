//===- dlc-sim.cpp - Runs a CUDA program without a GPU --------------------===//

#include "dlc/PTXSim/Settings.h"

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <string>
#include <string_view>
#include <unistd.h>

using namespace dlc::ptxsim;

static const char kUsage[] =
    "usage: dlc-sim [options] program [arguments]\n"
    "Runs a program that uses the CUDA driver API on a simulated GPU.\n"
    "  --device=NAME         sm_80 (default) or sm_90\n"
    "  --memory=BYTES        device memory; K, M, G, T may follow the number\n"
    "  --no-check            run faster, do not look for wrong accesses\n"
    "  --code=KIND           how kernels are compiled: quick, good, or chosen "
    "by\n"
    "                        how long they run (the default)\n"
    "  --immediate-cp-async  cp.async copies at once, not as late as it may\n"
    "  --immediate-streams   stream work runs at once, not when waited for\n"
    "  --timeout=SECONDS     end a kernel that only loops for so long (60)\n"
    "  --trace               print each call of the driver API\n"
    "  --stats[=FILE.json]   count calls, launches and bytes\n"
    "  --cache=DIR           keep compiled kernels here\n"
    "Exit code: the program's; 99 if it is 0 and a check found something; 2\n"
    "for wrong options; 126 or 127 if the program can not be started.\n";

static int usageError(const std::string &message) {
  std::fprintf(stderr, "dlc-sim: %s\n%s", message.c_str(), kUsage);
  return 2;
}

/// The folder of the driver library: ../lib/dlc-sim from this executable.
static std::string libraryFolder() {
  char path[4096];
  ssize_t length = readlink("/proc/self/exe", path, sizeof(path) - 1);
  if (length <= 0)
    return "";
  std::string folder(path, static_cast<size_t>(length));
  for (int i = 0; i < 2; ++i)
    folder.resize(folder.rfind('/') == std::string::npos ? 0
                                                         : folder.rfind('/'));
  return folder + "/lib/dlc-sim";
}

/// The program may change its folder before the library looks at a path.
static std::string absolutePath(const std::string &path) {
  std::error_code error;
  std::filesystem::path absolute = std::filesystem::absolute(path, error);
  return path.empty() || error ? path : absolute.string();
}

static void setVariable(const std::string &line) {
  size_t equals = line.find('=');
  setenv(line.substr(0, equals).c_str(), line.c_str() + equals + 1, 1);
}

int main(int argc, char **argv) {
  // Variables that are set already are the defaults of the options.
  std::string fault;
  Settings settings = settingsFromEnvironment(fault);
  if (!fault.empty())
    return usageError(fault);
  int at = 1;
  for (; at < argc && argv[at][0] == '-'; ++at) {
    std::string_view option = argv[at];
    if (option == "--help" || option == "-h") {
      std::fputs(kUsage, stdout);
      return 0;
    }
    if (option == "--") {
      ++at;
      break;
    }
    if (fault = parseOption(option, settings); !fault.empty())
      return usageError(fault);
  }
  if (at == argc)
    return usageError("no program given");

  std::string folder = libraryFolder();
  std::string library = folder + "/libcuda.so.1";
  if (access(library.c_str(), R_OK) != 0) {
    std::fprintf(stderr, "dlc-sim: cannot find %s\n", library.c_str());
    return 126;
  }
  settings.statsFile = absolutePath(settings.statsFile);
  settings.cacheDirectory = absolutePath(settings.cacheDirectory);
  for (const std::string &line : toEnvironment(settings))
    setVariable(line);
  const char *previous = std::getenv("LD_LIBRARY_PATH");
  setVariable("LD_LIBRARY_PATH=" + folder +
              (previous && *previous ? ":" + std::string(previous) : ""));

  execvp(argv[at], argv + at);
  int code = errno == ENOENT ? 127 : 126;
  std::fprintf(stderr, "dlc-sim: cannot run %s: %s\n", argv[at],
               std::strerror(errno));
  return code;
}
