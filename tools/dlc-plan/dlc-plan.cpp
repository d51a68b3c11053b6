//===- dlc-plan.cpp - The memory planner on CSV files ---------------------===//

#include "dlc/MemoryPlanning/Csv.h"
#include "dlc/MemoryPlanning/Report.h"
#include "dlc/MemoryPlanning/Solver.h"
#include "dlc/MemoryPlanning/Validate.h"

#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <string_view>

using namespace dlc::memory;

static const char kUsage[] =
    "usage: dlc-plan problem.csv [options]\n"
    "Gives each buffer of a problem an offset, in as few bytes as possible.\n"
    "problem.csv: columns id,lower,upper,size[,alignment][,offset]"
    "[,alias],\n"
    "                      upper exclusive; - is stdin\n"
    "  --capacity=BYTES    stop at the first plan that fits; exit 1 if none "
    "does\n"
    "  --time-limit=SEC    stop searching after this time (default: a work "
    "limit)\n"
    "  --work-limit=STEPS  stop searching after this many steps\n"
    "  -o plan.csv         write the plan (- is stdout)\n"
    "  --memory-report=F   write a picture of the plan (.html) or JSON "
    "(.json)\n";

/// Some seconds of work: for a better plan, and for one that fits. Steps on
/// large problems, which no cache holds, take longer.
static uint64_t getDefaultSteps(const Problem &problem, bool minimize) {
  if (!minimize)
    return 1'200'000'000;
  return problem.buffers.size() <= 20'000 ? 300'000'000 : 100'000'000;
}

static int usageError(const std::string &message) {
  std::fprintf(stderr, "dlc-plan: %s\n%s", message.c_str(), kUsage);
  return 2;
}

template <typename T>
static bool parse(std::string_view text, T &value) {
  auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() && value >= 0;
}

static bool endsWith(std::string_view text, std::string_view end) {
  return text.size() >= end.size() &&
         text.substr(text.size() - end.size()) == end;
}

/// Writes a file by `write`; leaves none if that fails.
template <typename Write>
static bool writeFile(const std::string &path, Write write) {
  std::ofstream file(path);
  write(file);
  file.close();
  if (file)
    return true;
  std::fprintf(stderr, "dlc-plan: cannot write %s\n", path.c_str());
  std::remove(path.c_str());
  return false;
}

int main(int argc, char **argv) {
  std::string input, output, report;
  SolverOptions options;
  bool hasWorkLimit = false, hasTimeLimit = false;
  for (int i = 1; i < argc; ++i) {
    std::string_view arg = argv[i];
    auto value = [&](std::string_view prefix) {
      return arg.substr(prefix.size());
    };
    auto starts = [&](std::string_view prefix) {
      return arg.substr(0, prefix.size()) == prefix;
    };
    if (arg == "--help" || arg == "-h") {
      std::fputs(kUsage, stdout);
      return 0;
    }
    if (starts("--capacity=")) {
      if (!parse(value("--capacity="), options.capacity))
        return usageError("invalid " + std::string(arg));
      options.minimize = false;
    } else if (starts("--time-limit=")) {
      hasTimeLimit = true;
      if (!parse(value("--time-limit="), options.timeLimit) ||
          options.timeLimit <= 0)
        return usageError("invalid " + std::string(arg));
    } else if (starts("--work-limit=")) {
      hasWorkLimit = true;
      if (!parse(value("--work-limit="), options.workLimit))
        return usageError("invalid " + std::string(arg));
    } else if (starts("--memory-report=")) {
      report = value("--memory-report=");
      if (!endsWith(report, ".html") && !endsWith(report, ".json"))
        return usageError("invalid " + std::string(arg));
    } else if (arg == "-o") {
      if (++i == argc)
        return usageError("-o wants a file name");
      output = argv[i];
    } else if (arg.size() > 1 && arg[0] == '-') {
      return usageError("unknown option " + std::string(arg));
    } else if (!input.empty()) {
      return usageError("more than one problem");
    } else {
      input = arg;
    }
  }
  if (input.empty())
    return usageError("no problem given");

  Problem problem;
  std::string fault;
  if (input == "-") {
    fault = readProblem(std::cin, problem);
  } else {
    std::ifstream file(input);
    if (!file) {
      std::fprintf(stderr, "dlc-plan: cannot read %s\n", input.c_str());
      return 1;
    }
    fault = readProblem(file, problem);
  }
  if (!fault.empty()) {
    std::fprintf(stderr, "dlc-plan: %s: %s\n", input.c_str(), fault.c_str());
    return 1;
  }

  if (!hasWorkLimit)
    options.workLimit = hasTimeLimit
                            ? std::numeric_limits<uint64_t>::max()
                            : getDefaultSteps(problem, options.minimize);
  auto start = std::chrono::steady_clock::now();
  Solution solution = solve(problem, options);
  std::chrono::duration<double> seconds =
      std::chrono::steady_clock::now() - start;
  std::vector<Violation> violations = validate(problem, solution.plan);
  if (!violations.empty()) {
    std::fprintf(stderr, "dlc-plan: internal error: %s\n",
                 describe(problem, solution.plan, violations.front()).c_str());
    return 1;
  }
  if (output == "-") {
    writePlan(std::cout, problem, solution.plan);
  } else if (!output.empty() && !writeFile(output, [&](std::ostream &out) {
               writePlan(out, problem, solution.plan);
             })) {
    return 1;
  }
  if (!report.empty() && !writeFile(report, [&](std::ostream &out) {
        Report content = makeReport(problem, solution.plan);
        content.title = std::filesystem::path(input).stem().string();
        (endsWith(report, ".json") ? writeJson : writePage)(out, content);
      }))
    return 1;
  std::cout.flush();
  std::printf("method %s%s\n", solution.method.c_str(),
              solution.optimal ? ", optimal" : "");
  double ratio = solution.lowerBound > 0
                     ? static_cast<double>(solution.peak) / solution.lowerBound
                     : 1.0;
  std::printf("peak %lld lower-bound %lld ratio %.4f time %.3f\n",
              static_cast<long long>(solution.peak),
              static_cast<long long>(solution.lowerBound), ratio,
              seconds.count());
  if (solution.peak > options.capacity) {
    std::fflush(stdout);
    std::fprintf(stderr, "dlc-plan: the capacity of %lld bytes is not met\n",
                 static_cast<long long>(options.capacity));
    return 1;
  }
  return 0;
}
