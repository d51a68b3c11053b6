//===- KernelUse.cpp - What each kernel of a program takes ----------------===//

#include "dlc/Driver/KernelUse.h"

#include "dlc/Dialect/Dispatch/IR/Launches.h"

#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FileUtilities.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Program.h"

using namespace mlir;
using namespace dlc;

/// What `kernel` is known to do in one launch.
static KernelUse describeKernel(dispatch::KernelOp kernel) {
  KernelUse use;
  use.name = kernel.getSymName().str();
  if (auto work =
          kernel->getAttrOfType<DenseI64ArrayAttr>(dispatch::kWorkAttrName);
      work && work.size() == 3) {
    use.flops = double(work[0]);
    use.bytes = double(work[1]) + double(work[2]);
  }
  auto schedule =
      kernel->getAttrOfType<DictionaryAttr>(dispatch::kScheduleAttrName);
  if (!schedule)
    return use;
  if (auto peak = schedule.getAs<FloatAttr>("peak"))
    use.expected = peak.getValueAsDouble();
  if (auto products = schedule.getAs<StringAttr>("products"))
    use.products = llvm::StringSwitch<ProductKind>(products.getValue())
                       .Case("bf16", ProductKind::bf16)
                       .Case("i8", ProductKind::i8)
                       .Default(ProductKind::matrix);
  // Nests that are alike are counted.
  llvm::MapVector<StringRef, unsigned> nests;
  if (auto tiles = schedule.getAs<ArrayAttr>("tiles"))
    for (auto tile : tiles.getAsRange<StringAttr>())
      ++nests[tile.getValue()];
  for (auto [tile, count] : nests)
    use.tiles += (use.tiles.empty() ? "" : "; ") + tile.str() +
                 (count > 1 ? " (" + std::to_string(count) + ")" : "");
  return use;
}

std::vector<KernelUse> dlc::collectKernels(ModuleOp module) {
  llvm::MapVector<StringRef, uint64_t> launches;
  module.walk(
      [&](dispatch::LaunchOp launch) { ++launches[launch.getKernel()]; });
  SymbolTable symbols(module);
  std::vector<KernelUse> kernels;
  for (auto [name, count] : launches) {
    auto kernel = symbols.lookup<dispatch::KernelOp>(name);
    if (!kernel)
      continue;
    KernelUse use = describeKernel(kernel);
    use.launches = count;
    use.flops *= double(count);
    use.bytes *= double(count);
    kernels.push_back(std::move(use));
  }
  llvm::stable_sort(kernels, [](const KernelUse &a, const KernelUse &b) {
    return std::pair(a.flops, a.bytes) > std::pair(b.flops, b.bytes);
  });
  return kernels;
}

//===----------------------------------------------------------------------===//
// Measuring
//===----------------------------------------------------------------------===//

namespace {
/// What the trace of a profile says of one launch.
struct Launch {
  StringRef kernel;
  double microseconds = 0, flops = 0, bytes = 0;
};
} // namespace

/// The launches of a run in their order, each with its shortest time.
static std::vector<Launch> readLaunches(const llvm::json::Array &events) {
  // Runs begin with an event of their own at the same time or before.
  std::vector<std::pair<double, const llvm::json::Object *>> sorted;
  auto argsOf = [](const llvm::json::Object &event) {
    const llvm::json::Object *args = event.getObject("args");
    return args && args->get("shapes") ? args : nullptr;
  };
  for (const llvm::json::Value &value : events) {
    const llvm::json::Object *event = value.getAsObject();
    if (event && event->getString("ph") == "X" &&
        (argsOf(*event) ||
         event->getString("name").value_or("").starts_with("run ")))
      sorted.push_back({event->getNumber("ts").value_or(0), event});
  }
  llvm::stable_sort(sorted, [&](const auto &a, const auto &b) {
    return std::pair(a.first, argsOf(*a.second) != nullptr) <
           std::pair(b.first, argsOf(*b.second) != nullptr);
  });
  std::vector<Launch> launches;
  size_t next = 0;
  for (auto [time, event] : sorted) {
    const llvm::json::Object *args = argsOf(*event);
    if (!args) {
      next = 0;
      continue;
    }
    double microseconds = event->getNumber("dur").value_or(0);
    if (next == launches.size())
      launches.push_back({args->getString("kernel").value_or(""), microseconds,
                          args->getNumber("FLOP").value_or(0),
                          args->getNumber("bytes read").value_or(0) +
                              args->getNumber("bytes written").value_or(0)});
    else
      launches[next].microseconds =
          std::min(launches[next].microseconds, microseconds);
    ++next;
  }
  return launches;
}

/// Sums the launches up by kernel.
static void addUp(ArrayRef<Launch> launches, std::vector<KernelUse> &kernels) {
  llvm::MapVector<StringRef, KernelUse> ran;
  for (const Launch &launch : launches) {
    KernelUse &use = ran[launch.kernel];
    ++use.launches;
    use.flops += launch.flops;
    use.bytes += launch.bytes;
    use.microseconds = use.microseconds.value_or(0) + launch.microseconds;
  }
  std::vector<KernelUse> result;
  for (auto &[name, use] : ran) {
    use.name = name.str();
    for (const KernelUse &known : kernels)
      if (known.name == name) {
        use.tiles = known.tiles;
        use.expected = known.expected;
        use.products = known.products;
      }
    result.push_back(std::move(use));
  }
  kernels = std::move(result);
  llvm::stable_sort(kernels, [](const KernelUse &a, const KernelUse &b) {
    return a.microseconds > b.microseconds;
  });
}

/// Runs the program. Returns what it prints on standard output.
static llvm::Expected<std::string> execute(StringRef program,
                                           ArrayRef<std::string> arguments) {
  SmallString<128> output;
  if (std::error_code error =
          llvm::sys::fs::createTemporaryFile("dlc-run", "txt", output))
    return llvm::createStringError(error, "cannot make a temporary file: " +
                                              error.message());
  llvm::FileRemover remove(output);
  SmallVector<StringRef> args = {program};
  llvm::append_range(args, arguments);
  std::string message;
  int status = llvm::sys::ExecuteAndWait(
      program, args, std::nullopt, {StringRef(""), output.str(), std::nullopt},
      /*SecondsToWait=*/0, /*MemoryLimit=*/0, &message);
  if (status != 0) {
    // The program has said itself what is wrong, but for crashes.
    if (message.empty())
      message = "exit code " + std::to_string(status);
    return llvm::createStringError("'" + program.str() +
                                   "' could not be measured: " + message);
  }
  auto text = llvm::MemoryBuffer::getFile(output);
  if (!text)
    return llvm::createStringError(text.getError(), text.getError().message());
  return (*text)->getBuffer().str();
}

llvm::Expected<std::string>
dlc::measureKernels(StringRef program, double seconds,
                    std::vector<KernelUse> &kernels) {
  SmallString<128> path(program), trace;
  if (std::error_code error = llvm::sys::fs::make_absolute(path))
    return llvm::createStringError(error, error.message());
  if (std::error_code error =
          llvm::sys::fs::createTemporaryFile("dlc-profile", "json", trace))
    return llvm::createStringError(error, "cannot make a temporary file: " +
                                              error.message());
  llvm::FileRemover remove(trace);
  auto text = execute(path, {llvm::formatv("--benchmark={0}", seconds).str(),
                             ("--profile=" + trace).str(), "--threads=1"});
  if (!text)
    return text.takeError();
  auto file = llvm::MemoryBuffer::getFile(trace);
  if (!file)
    return llvm::createStringError(file.getError(), file.getError().message());
  auto json = llvm::json::parse((*file)->getBuffer());
  if (!json)
    return json.takeError();
  const llvm::json::Object *object = json->getAsObject();
  const llvm::json::Array *events =
      object ? object->getArray("traceEvents") : nullptr;
  if (!events)
    return llvm::createStringError("the profile has no events");
  addUp(readLaunches(*events), kernels);
  return std::move(*text);
}

//===----------------------------------------------------------------------===//
// The table
//===----------------------------------------------------------------------===//

static std::string percent(double share) {
  return llvm::formatv("{0:F0} %", 100 * share);
}

/// A number with three digits or more, and its unit with a prefix.
static std::string withPrefix(double value, StringRef unit) {
  static constexpr const char *prefixes[] = {"", "k", "M", "G", "T"};
  size_t prefix = 0;
  for (; value >= 1000 && prefix + 1 < std::size(prefixes); ++prefix)
    value /= 1000;
  int digits = prefix == 0 || value >= 100 ? 0 : value >= 10 ? 1 : 2;
  std::string text = digits == 0   ? llvm::formatv("{0:F0}", value).str()
                     : digits == 1 ? llvm::formatv("{0:F1}", value).str()
                                   : llvm::formatv("{0:F2}", value).str();
  return text + " " + prefixes[prefix] + unit.str();
}

/// What the measured columns say of a kernel that takes one of `total`
/// microseconds.
static void addMeasured(const KernelUse &kernel, double total,
                        const MachineLimits &limits,
                        SmallVectorImpl<std::string> &cells) {
  double time = std::max(*kernel.microseconds, 1e-3); // a nanosecond
  cells.push_back(llvm::formatv("{0:F1} us", time));
  cells.push_back(percent(time / total));
  double flops = kernel.flops / time * 1e6, bytes = kernel.bytes / time * 1e6;
  cells.push_back(kernel.flops > 0 ? withPrefix(flops, "FLOP/s") : "");
  cells.push_back(withPrefix(bytes, "B/s"));
  // What only moves data is judged by the bytes.
  double limit =
      kernel.flops > 0
          ? limits.attainable(kernel.flops, kernel.bytes, kernel.products)
          : limits.bandwidth;
  double speed = kernel.flops > 0 ? flops : bytes;
  cells.push_back(limit > 0 ? percent(speed / limit) : "");
}

std::string dlc::formatKernelTable(ArrayRef<KernelUse> kernels,
                                   const MachineLimits &limits) {
  double total = 0;
  for (const KernelUse &kernel : kernels)
    total += kernel.microseconds.value_or(0);
  bool measured = total > 0;
  std::vector<SmallVector<std::string>> rows = {
      {"kernel", "launches", "operations", "bytes", "tile", "expected"}};
  if (measured)
    llvm::append_range(rows.front(),
                       ArrayRef<std::string>{"time", "share", "speed", "memory",
                                             "of roofline"});
  for (const KernelUse &kernel : kernels) {
    SmallVector<std::string> &cells = rows.emplace_back();
    cells = {kernel.name,
             std::to_string(kernel.launches),
             kernel.flops > 0 ? withPrefix(kernel.flops, "FLOP") : "",
             withPrefix(kernel.bytes, "B"),
             kernel.tiles,
             kernel.expected ? percent(*kernel.expected) : ""};
    if (measured)
      addMeasured(kernel, total, limits, cells);
  }
  SmallVector<size_t> widths(rows.front().size());
  for (const SmallVector<std::string> &cells : rows)
    for (auto [column, cell] : llvm::enumerate(cells))
      widths[column] = std::max(widths[column], cell.size());
  constexpr size_t name = 0, tile = 4;
  std::string text;
  llvm::raw_string_ostream os(text);
  for (const SmallVector<std::string> &cells : rows) {
    for (auto [column, cell] : llvm::enumerate(cells)) {
      os << (column ? "  " : "");
      if (column == name || column == tile)
        os << llvm::left_justify(cell, widths[column]);
      else
        os << llvm::right_justify(cell, widths[column]);
    }
    os << "\n";
  }
  return text;
}
