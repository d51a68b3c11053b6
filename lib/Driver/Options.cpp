//===- Options.cpp - The command line of dlc ------------------------------===//

#include "dlc/Driver/Options.h"

#include "dlc/Driver/Version.h"

#include "mlir/IR/AsmState.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/InitAllPasses.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Support/Timing.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/WithColor.h"

using namespace mlir;
using namespace dlc;
namespace cl = llvm::cl;
using Emit = DriverOptions::Emit;

namespace {

/// The options, made when the command line is parsed (no static constructors).
struct CommandLine {
  cl::OptionCategory category{"dlc options"};
  cl::opt<std::string> input{cl::Positional, cl::desc("<model.onnx|file.mlir>"),
                             cl::cat(category)};
  cl::opt<std::string> output{
      "o", cl::desc("File to write (default: named after the input)"),
      cl::value_desc("file"), cl::cat(category)};
  cl::opt<std::string> emit{
      "emit",
      cl::desc("What to write: nn, linalg, dispatch, scheduled, arena, llvm "
               "(IR), ptx, obj, lib or exe (default)"),
      cl::value_desc("kind"), cl::init("exe"), cl::cat(category)};
  cl::opt<std::string> target{
      "target", cl::desc("What the program runs on: host (default) or cuda"),
      cl::value_desc("name"), cl::init("host"), cl::cat(category)};
  cl::list<std::string> cpu{
      "cpu",
      cl::desc("CPUs to compile for: native (default), x86-64-v3, "
               "x86-64-v4+avx512vnni, sapphirerapids, …; the program takes "
               "the best one of several"),
      cl::value_desc("name,…"), cl::CommaSeparated, cl::cat(category)};
  cl::list<std::string> arch{
      "arch",
      cl::desc("GPUs to compile for: sm_80, sm_90a, … (machine code), "
               "compute_80 (PTX only) or native (default: sm_80,sm_90); PTX "
               "of the first one is for GPUs that are not in the list"),
      cl::value_desc("name,…"), cl::CommaSeparated, cl::cat(category)};
  cl::opt<std::string> optimize{
      "O",
      cl::desc("-O0: compile without folding, fusion, packing and vectors (to "
               "compare with; default: -O)"),
      cl::value_desc("level"),
      cl::Prefix,
      cl::ValueOptional,
      cl::cat(category)};
  cl::opt<std::string> precision{
      "precision",
      cl::desc("What operands of float32 products are rounded to: f32 "
               "(default: not at all), f16, bf16 (half the memory; sums are "
               "float32) or, for tensor cores, tf32 (cuda only)"),
      cl::value_desc("type"), cl::init("f32"), cl::cat(category)};
  cl::list<std::string> dims{
      "dim",
      cl::desc("Value of a symbolic dimension, e.g. --dim batch=1; of several "
               "(--dim seq=16,64) the program takes the one that its inputs "
               "have. Or of an element of an input, e.g. --dim shape[0]=8, "
               "which the program checks; or how many tensors an input is that "
               "is a sequence, e.g. --dim x[]=3"),
      cl::value_desc("name=value,…"), cl::cat(category)};
  cl::list<std::string> maxDims{
      "max-dim",
      cl::desc("Largest value of a symbolic dimension, e.g. --max-dim "
               "seq=512: the program takes inputs with any up to that. Or of "
               "an element of an input, e.g. --max-dim k[0]=10"),
      cl::value_desc("name=value"), cl::cat(category)};
  cl::list<std::string> shapes{
      "shape", cl::desc("Shape of an input, e.g. --shape image=1x3x224x224"),
      cl::value_desc("input=dims"), cl::cat(category)};
  cl::list<std::string> binds{
      "bind", cl::desc("Make an input a compile-time constant"),
      cl::value_desc("input=file.npy"), cl::cat(category)};
  cl::list<std::string> expects{
      "expect",
      cl::desc("Compile for this value of an input; the program checks that it "
               "gets it"),
      cl::value_desc("input=file.npy"), cl::cat(category)};
  cl::opt<std::string> io{
      "io",
      cl::desc("Where inputs and outputs are: in memory of the caller's "
               "(caller, the default), or in the arena, whose memory is then "
               "used again when an input was read (arena)"),
      cl::value_desc("caller|arena"), cl::init("caller"), cl::cat(category)};
  cl::opt<std::string> memoryReport{
      "memory-report",
      cl::desc("Write a picture of the memory plan, or the same as JSON"),
      cl::value_desc("plan.html|plan.json"), cl::cat(category)};
  cl::opt<std::string> memoryBudget{
      "memory-budget",
      cl::desc("Make the arena (all memory but weights, inputs and outputs) "
               "take no more, at the price of some speed, or fail; K, M and G "
               "are powers of 1024"),
      cl::value_desc("bytes"), cl::cat(category)};
  cl::opt<std::string> schedule{
      "schedule",
      cl::desc("Schedule kernels as the transform sequences of this file say, "
               "each of which is named after kernels (host only)"),
      cl::value_desc("file.mlir"), cl::cat(category)};
  cl::opt<std::string> tune{
      "tune",
      cl::desc("Measure other register tiles of the kernels on this machine "
               "for about so many seconds, use the fastest ones, and keep them "
               "in the file that --tuning names (default: the program's name "
               "and .tuning.json; host only)"),
      cl::value_desc("seconds"), cl::cat(category)};
  cl::opt<std::string> tuning{
      "tuning",
      cl::desc("Use the register tiles that --tune found, without measuring "
               "again (host only)"),
      cl::value_desc("file.json"), cl::cat(category)};
  cl::opt<bool> verbose{
      "v",
      cl::desc("Say what each phase takes, and how each kernel is scheduled"),
      cl::cat(category)};
  cl::opt<std::string> benchmark{
      "benchmark",
      cl::desc("Run the program with made-up inputs and one thread, and say "
               "what each kernel takes, beside what the machine could do "
               "(host only; default: 2 seconds)"),
      cl::value_desc("seconds"), cl::ValueOptional, cl::cat(category)};
  cl::opt<std::string> saveTemps{
      "save-temps",
      cl::desc("Write the IR behind each phase into this folder (large "
               "constants left out)"),
      cl::value_desc("folder"), cl::cat(category)};
};

} // namespace

void dlc::reportUsageError(const llvm::Twine &message) {
  llvm::errs() << "dlc: error: " << message << "\n";
}

/// Splits "name=value" at the first '=' after the name. Names may hold '=' in
/// theory, values (numbers, shapes) can not: `last` splits at the last one.
static bool splitPair(StringRef file, StringRef flag, StringRef text,
                      StringRef example, bool last,
                      std::pair<StringRef, StringRef> &pair) {
  pair = last ? text.rsplit('=') : text.split('=');
  if (!pair.first.empty() && !pair.second.empty())
    return true;
  reportUsageError(file + ": --" + flag + " wants " + example + ", got '" +
                   text + "'");
  return false;
}

/// A dimension and the values that it is to have.
using DimList = std::pair<std::string, SmallVector<int64_t>>;

static bool parseDim(CommandLine &line, StringRef text,
                     std::vector<DimList> &dims) {
  std::pair<StringRef, StringRef> pair;
  if (!splitPair(line.input, "dim", text, "name=value", /*last=*/true, pair))
    return false;
  auto fail = [&](const llvm::Twine &reason) {
    reportUsageError(line.input + ": --dim " + text + ": " + reason);
    return false;
  };
  SmallVector<StringRef> parts;
  pair.second.split(parts, ',');
  DimList list;
  list.first = pair.first.str();
  for (StringRef part : parts) {
    int64_t value;
    // Elements of a shape may be -1.
    if (part.getAsInteger(10, value) ||
        (value < 0 && !pair.first.ends_with("]")))
      return fail("'" + part + "' is no dimension (a whole number from 0)");
    if (parts.size() > 1 && value == 0)
      return fail("a dimension of several values can't be 0");
    if (llvm::is_contained(list.second, value))
      return fail(part + " is there twice");
    list.second.push_back(value);
  }
  for (DimList &other : dims)
    if (other.first == list.first) {
      if (other == list)
        return true;
      reportUsageError(line.input + ": --dim " + pair.first +
                       " is given twice (several values are written --dim " +
                       pair.first + "=1,2)");
      return false;
    }
  dims.push_back(std::move(list));
  return true;
}

static bool parseMaxDim(CommandLine &line, StringRef text,
                        ImportOptions &options) {
  std::pair<StringRef, StringRef> pair;
  if (!splitPair(line.input, "max-dim", text, "name=value", /*last=*/true,
                 pair))
    return false;
  int64_t value;
  if (pair.second.getAsInteger(10, value) || value < 1) {
    reportUsageError(line.input + ": --max-dim " + text + ": '" + pair.second +
                     "' is no largest value (a whole number from 1)");
    return false;
  }
  if (!options.maxDims.emplace(pair.first.str(), value).second) {
    reportUsageError(line.input + ": --max-dim " + pair.first +
                     " is given twice");
    return false;
  }
  return true;
}

/// Each combination of the values of `dims` with the other `options`; the last
/// dimension changes fastest.
static bool combineDims(CommandLine &line, ArrayRef<DimList> dims,
                        const ImportOptions &options,
                        std::vector<DriverOptions::Specialisation> &result) {
  size_t count = 1;
  for (const DimList &list : dims) {
    count *= list.second.size();
    if (count > DriverOptions::kMaxSpecialisations) {
      reportUsageError(
          line.input + ": the values of --dim make more than " +
          llvm::Twine(DriverOptions::kMaxSpecialisations) +
          " combinations, which is the most that one program can have");
      return false;
    }
  }
  for (size_t i = 0; i < count; ++i) {
    DriverOptions::Specialisation combination{options, ""};
    size_t rest = i, below = count;
    for (const auto &[name, values] : dims) {
      below /= values.size();
      int64_t value = values[rest / below];
      rest %= below;
      combination.import.dims.emplace_back(name, value);
      if (values.size() > 1)
        combination.dims += (combination.dims.empty() ? "" : ",") + name + "=" +
                            std::to_string(value);
    }
    result.push_back(std::move(combination));
  }
  return true;
}

/// Options that name a file for an input.
static bool parseFiles(CommandLine &line, StringRef flag,
                       ArrayRef<std::string> texts,
                       std::map<std::string, std::string> &files) {
  std::pair<StringRef, StringRef> pair;
  for (const std::string &text : texts) {
    if (!splitPair(line.input, flag, text, "input=file.npy", /*last=*/false,
                   pair))
      return false;
    if (!files.emplace(pair.first.str(), pair.second.str()).second) {
      reportUsageError(line.input + ": --" + flag + " " + pair.first +
                       " is given twice");
      return false;
    }
  }
  return true;
}

static bool parseImportOptions(
    CommandLine &line,
    std::vector<DriverOptions::Specialisation> &specialisations) {
  ImportOptions options;
  std::vector<DimList> dims;
  std::pair<StringRef, StringRef> pair;
  for (const std::string &text : line.dims)
    if (!parseDim(line, text, dims))
      return false;
  for (const std::string &text : line.maxDims)
    if (!parseMaxDim(line, text, options))
      return false;
  for (const std::string &text : line.shapes) {
    if (!splitPair(line.input, "shape", text, "input=1x3x224x224",
                   /*last=*/true, pair))
      return false;
    std::vector<int64_t> shape;
    SmallVector<StringRef> parts;
    pair.second.split(parts, 'x');
    for (StringRef part : parts) {
      int64_t value;
      if (part.getAsInteger(10, value) || value < 0) {
        reportUsageError(line.input + ": --shape " + text + ": '" + part +
                         "' is no dimension (a whole number from 0)");
        return false;
      }
      shape.push_back(value);
    }
    if (!options.shapes.emplace(pair.first.str(), shape).second) {
      reportUsageError(line.input + ": --shape " + pair.first +
                       " is given twice");
      return false;
    }
  }
  if (!parseFiles(line, "bind", line.binds, options.binds) ||
      !parseFiles(line, "expect", line.expects, options.expects))
    return false;
  return combineDims(line, dims, options, specialisations);
}

static bool parseMemoryOptions(CommandLine &line, DriverOptions &options) {
  options.io = line.io;
  if (options.io != "caller" && options.io != "arena") {
    reportUsageError("--io=" + options.io + ": caller and arena are known");
    return false;
  }
  if (options.io == "arena" && options.cpus.size() > 1) {
    reportUsageError(
        "--io=arena is for one CPU: the code for each has a plan of "
        "its own");
    return false;
  }
  options.memoryReport = line.memoryReport;
  StringRef report = options.memoryReport;
  if (line.memoryReport.getNumOccurrences() > 0) {
    if (!report.ends_with(".html") && !report.ends_with(".json")) {
      reportUsageError("--memory-report=" + report +
                       ": the name of a file that ends in .html or .json is "
                       "wanted");
      return false;
    }
  }
  if (line.memoryBudget.getNumOccurrences() > 0) {
    StringRef number = line.memoryBudget;
    unsigned shift = number.consume_back("K")   ? 10
                     : number.consume_back("M") ? 20
                     : number.consume_back("G") ? 30
                                                : 0;
    int64_t value;
    if (number.getAsInteger(10, value) || value < 0 ||
        value > std::numeric_limits<int64_t>::max() >> shift) {
      reportUsageError("--memory-budget=" + line.memoryBudget +
                       ": a number of bytes is wanted, e.g. 1000000, 976K, 4M "
                       "or 2G");
      return false;
    }
    options.memoryBudget = value << shift;
  }
  if ((!report.empty() || options.memoryBudget) &&
      options.getLastLevel() < Level::Arena) {
    reportUsageError("--memory-report and --memory-budget want a memory plan, "
                     "which --emit=" +
                     line.emit + " comes before");
    return false;
  }
  return true;
}

static bool parseSchedule(CommandLine &line, DriverOptions &options) {
  options.schedule = line.schedule;
  if (!line.schedule.getNumOccurrences())
    return true;
  StringRef why;
  if (options.isCuda())
    why = "is for --target=host; kernels of GPUs are scheduled by dlc";
  else if (options.getLastLevel() < Level::Scheduled)
    why = "wants kernels to be scheduled, which this comes before";
  else if (!llvm::sys::fs::exists(options.schedule) ||
           llvm::sys::fs::is_directory(options.schedule))
    why = "there is no such file";
  if (why.empty())
    return true;
  reportUsageError("--schedule=" + options.schedule + ": " + why);
  return false;
}

/// A time to measure for; nothing if the text is none.
static std::optional<double> parseSeconds(StringRef text) {
  constexpr double most = 86400; // a day, as for programs
  double seconds;
  if (text.getAsDouble(seconds) || !(seconds >= 0 && seconds <= most))
    return std::nullopt;
  return seconds;
}
static constexpr llvm::StringLiteral noSeconds =
    "a number of seconds up to 86400 is wanted";

static bool parseBenchmark(CommandLine &line, DriverOptions &options) {
  if (!line.benchmark.getNumOccurrences())
    return true;
  StringRef text = line.benchmark.empty() ? "2" : StringRef(line.benchmark);
  std::optional<double> seconds = parseSeconds(text);
  StringRef why;
  if (!seconds)
    why = noSeconds;
  else if (options.isCuda())
    why = "is for --target=host; CUDA programs have --benchmark and --profile "
          "themselves";
  else if (options.emit != Emit::Exe)
    why = "wants a program, so --emit=exe";
  if (why.empty()) {
    options.benchmark = seconds;
    return true;
  }
  reportUsageError("--benchmark=" + text + ": " + why);
  return false;
}

static std::optional<Emit> parseEmit(StringRef name) {
  return llvm::StringSwitch<std::optional<Emit>>(name)
      .Case("nn", Emit::NN)
      .Case("linalg", Emit::Linalg)
      .Case("dispatch", Emit::Dispatch)
      .Case("scheduled", Emit::Scheduled)
      .Case("arena", Emit::Arena)
      .Case("llvm", Emit::LLVM)
      .Case("ptx", Emit::PTX)
      .Case("obj", Emit::Obj)
      .Case("lib", Emit::Lib)
      .Case("exe", Emit::Exe)
      .Default(std::nullopt);
}

/// Why no file `file` can be made, or nothing.
static std::string whyNotWritable(StringRef file) {
  StringRef folder = llvm::sys::path::parent_path(file);
  if (folder.empty())
    folder = ".";
  if (!llvm::sys::fs::is_directory(folder))
    return ("there is no folder '" + folder + "'").str();
  if (llvm::sys::fs::access(folder, llvm::sys::fs::AccessMode::Write))
    return ("the folder '" + folder + "' can not be written to").str();
  return "";
}

/// Fills in where the output goes and checks that it can go there.
static bool resolveOutput(CommandLine &line, DriverOptions &options) {
  namespace path = llvm::sys::path;
  namespace fs = llvm::sys::fs;
  options.output = line.output;
  if (options.output.empty()) {
    StringRef stem = path::stem(options.input);
    switch (options.emit) {
    case Emit::Obj:
      options.output = (stem + ".o").str();
      break;
    case Emit::View:
      options.output = (stem + ".html").str();
      break;
    case Emit::Lib:
    case Emit::Exe:
      options.output = stem.str();
      break;
    default:
      options.output = "-";
    }
  }
  if (options.output == "-") {
    if (options.emitsText())
      return true;
    reportUsageError(
        (options.emit == Emit::View ? "dlc view" : "--emit=" + line.emit) +
        " can not be written to standard output: use -o FILE");
    return false;
  }
  bool same = false;
  if (!fs::equivalent(options.input, options.output, same) && same) {
    reportUsageError("-o '" + options.output + "' would overwrite the input");
    return false;
  }
  if (fs::is_directory(options.output)) {
    reportUsageError("-o '" + options.output + "' is a folder");
    return false;
  }
  if (std::string why = whyNotWritable(options.output); !why.empty()) {
    reportUsageError("-o '" + options.output + "': " + why);
    return false;
  }
  return true;
}

/// What is said about measuring; where the output goes is known.
static bool parseTuning(CommandLine &line, DriverOptions &options) {
  bool isTuned = line.tune.getNumOccurrences() > 0;
  if (!isTuned && !line.tuning.getNumOccurrences())
    return true;
  options.tuning = line.tuning;
  if (options.tuning.empty() && isTuned)
    options.tuning = options.output + ".tuning.json";
  std::string flag =
      isTuned ? "--tune=" + line.tune : "--tuning=" + line.tuning;
  auto fail = [&](const llvm::Twine &why) {
    reportUsageError(flag + ": " + why);
    return false;
  };
  if (options.isCuda())
    return fail("is for --target=host");
  if (options.getLastLevel() < Level::Scheduled)
    return fail("wants kernels to be scheduled, which this comes before");
  if (!options.optimize)
    return fail("-O0 leaves kernels as they are");
  bool exists = llvm::sys::fs::exists(options.tuning);
  if (llvm::sys::fs::is_directory(options.tuning) || (!isTuned && !exists))
    return fail((isTuned ? "--tuning=" + options.tuning + ": " : "") +
                (exists ? "that is a folder" : "there is no such file"));
  if (!isTuned)
    return true;
  std::optional<double> seconds = parseSeconds(line.tune);
  if (!seconds || *seconds == 0)
    return fail(noSeconds);
  if (options.cpus.size() > 1)
    return fail("is for one CPU, the one that it measures");
  if (options.output == "-" && !line.tuning.getNumOccurrences())
    return fail("say with --tuning=FILE where the table goes");
  if (std::string why = whyNotWritable(options.tuning); !why.empty())
    return fail("--tuning=" + options.tuning + ": " + why);
  options.tune = seconds;
  return true;
}

/// What is said about CPUs.
static bool parseHostOptions(CommandLine &line, DriverOptions &options) {
  if (line.target != "host") {
    reportUsageError("--target=" + line.target + ": host and cuda are known");
    return false;
  }
  const char *other = line.arch.getNumOccurrences() ? "--arch"
                      : line.precision == "tf32"    ? "--precision=tf32"
                      : options.emit == Emit::PTX   ? "--emit=ptx"
                                                    : nullptr;
  if (other) {
    reportUsageError(llvm::Twine(other) + " is for --target=cuda");
    return false;
  }
  for (const std::string &name : line.cpu)
    if (name.empty()) {
      reportUsageError("--cpu: a name is empty");
      return false;
    } else if (!llvm::is_contained(options.cpus, name)) {
      options.cpus.push_back(name);
    }
  if (options.cpus.empty())
    options.cpus.push_back("native");
  for (const std::string &name : options.cpus)
    if (llvm::Expected<target::HostCpu> cpu = target::resolveHostCpu(name)) {
      options.hostCpus.push_back(std::move(*cpu));
    } else {
      reportUsageError("--cpu=" + name + ": " +
                       llvm::toString(cpu.takeError()));
      return false;
    }
  if (options.cpus.size() > 1 && options.emit != Emit::Exe &&
      options.emit >= Emit::Scheduled) {
    reportUsageError("several CPUs are for --emit=exe only");
    return false;
  }
  return true;
}

/// What is said about GPUs.
static bool parseCudaOptions(CommandLine &line, DriverOptions &options) {
  options.target = line.target;
  if (line.cpu.getNumOccurrences()) {
    reportUsageError("--cpu is for --target=host; GPUs are named by --arch");
    return false;
  }
  // Constants are evaluated on the CPU whatever the target.
  options.cpus.push_back("native");
  llvm::Expected<std::vector<target::CudaArch>> archs =
      target::resolveCudaArchs(line.arch);
  if (!archs) {
    reportUsageError("--arch: " + llvm::toString(archs.takeError()));
    return false;
  }
  options.cudaArchs = std::move(*archs);
  return true;
}

std::optional<DriverOptions> dlc::parseCommandLine(int argc, char **argv) {
  // `dlc view` takes what `dlc` takes.
  bool isView = argc > 1 && StringRef(argv[1]) == "view";
  if (isView) {
    std::swap(argv[0], argv[1]);
    --argc;
    ++argv;
  }
  // What LLVM's libraries registered on their own is no option of dlc; MLIR's
  // flags for pass managers are, for developers (--help-hidden).
  for (auto &entry : cl::getRegisteredOptions())
    entry.second->setHiddenFlag(cl::ReallyHidden);
  // Flags like --mlir-print-ir-after name passes. MLIR has hundreds.
  registerPassesAndPipelines();
  if (llvm::any_of(llvm::ArrayRef(argv, argc), [](StringRef argument) {
        return argument.ltrim('-').starts_with("mlir-");
      }))
    registerAllPasses();
  registerAsmPrinterCLOptions();
  registerMLIRContextCLOptions();
  registerPassManagerCLOptions();
  registerDefaultTimingManagerCLOptions();
  static CommandLine line;
  for (auto &entry : cl::getRegisteredOptions()) {
    cl::Option *option = entry.second;
    if (!llvm::is_contained(option->Categories, &line.category) &&
        option->getOptionHiddenFlag() == cl::NotHidden)
      option->setHiddenFlag(cl::Hidden);
  }
  for (const char *name : {"help", "version", "help-hidden"})
    if (cl::Option *option = cl::getRegisteredOptions().lookup(name))
      option->setHiddenFlag(cl::NotHidden);
  cl::SetVersionPrinter(
      [](raw_ostream &os) { os << getVersionText() << "\n"; });

  std::string errors;
  llvm::raw_string_ostream os(errors);
  if (!cl::ParseCommandLineOptions(
          argc, argv, "dlc turns a neural network into a program\n", &os)) {
    // A missing value was printed already, past the stream given here.
    if (errors.empty())
      return std::nullopt;
    // "<argv0>: <problem>  Try: '<argv0> --help'", then a suggestion.
    auto [first, rest] = StringRef(errors).trim().split('\n');
    first.consume_front(argv[0]);
    first.consume_front(llvm::sys::path::filename(argv[0]));
    first.consume_front(": ");
    StringRef hint = rest.split(": ").second;
    std::string message = first.split("  Try: ").first.str();
    if (hint.starts_with("Did you mean"))
      message += (" " + hint).str();
    reportUsageError(message + " See dlc --help.");
    return std::nullopt;
  }

  DriverOptions options;
  options.input = line.input;
  options.verbose = line.verbose;
  options.saveTemps = line.saveTemps;
  if (options.input.empty()) {
    reportUsageError("no model is given. Usage: dlc model.onnx -o program "
                     "(see dlc --help)");
    return std::nullopt;
  }
  if (!line.optimize.empty() && line.optimize != "0") {
    reportUsageError("-O" + line.optimize + ": -O and -O0 are known");
    return std::nullopt;
  }
  options.optimize = line.optimize != "0";
  std::optional<Emit> emit = parseEmit(line.emit);
  if (!emit) {
    reportUsageError("--emit=" + line.emit +
                     ": nn, linalg, dispatch, scheduled, arena, llvm, ptx, "
                     "obj, lib and exe are known");
    return std::nullopt;
  }
  options.emit = *emit;
  if (isView) {
    if (line.emit.getNumOccurrences()) {
      reportUsageError("dlc view writes a page: there is no --emit");
      return std::nullopt;
    }
    options.emit = Emit::View;
  }
  options.precision = line.precision;
  if (!llvm::is_contained({"f32", "tf32", "f16", "bf16"},
                          StringRef(options.precision))) {
    reportUsageError("--precision=" + options.precision +
                     ": f32, tf32, f16 and bf16 are known");
    return std::nullopt;
  }
  if (!(line.target == "cuda" ? parseCudaOptions : parseHostOptions)(line,
                                                                     options))
    return std::nullopt;
  if (!options.saveTemps.empty()) {
    std::error_code error =
        llvm::sys::fs::create_directories(options.saveTemps);
    if (!error && !llvm::sys::fs::is_directory(options.saveTemps))
      error = std::make_error_code(std::errc::not_a_directory);
    if (error) {
      reportUsageError("--save-temps=" + options.saveTemps + ": " +
                       error.message());
      return std::nullopt;
    }
  }
  if (!parseImportOptions(line, options.specialisations) ||
      !parseMemoryOptions(line, options) || !parseSchedule(line, options) ||
      !parseBenchmark(line, options) || !resolveOutput(line, options) ||
      !parseTuning(line, options))
    return std::nullopt;
  return options;
}
