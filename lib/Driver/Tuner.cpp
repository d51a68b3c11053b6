//===- Tuner.cpp - Chooses the tiles of kernels by measuring --------------===//

#include "Tuner.h"

#include "dlc/Driver/KernelUse.h"

#include "mlir/IR/DialectResourceBlobManager.h"
#include "llvm/ADT/ScopeExit.h"
#include "llvm/ADT/SmallPtrSet.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FileUtilities.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/Signals.h"

using namespace mlir;
using namespace dlc;
using namespace dlc::schedule;

/// Choices that are tried of each kernel. The cost model is not that wrong.
static constexpr size_t maxTiles = 12;
/// A choice has to take less than this of the time of the one before, or it is
/// the same but for noise.
static constexpr double worthwhile = 0.98;
/// Kernels that take less than this share of a run are left alone.
static constexpr double smallestShare = 0.0005;
/// Programs of the last comparison.
static constexpr unsigned comparisons = 4;

double Tuner::elapsed() const {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start)
      .count();
}

//===----------------------------------------------------------------------===//
// One program
//===----------------------------------------------------------------------===//

namespace {
/// Frees the data of constants that only a clone of the module has: the context
/// keeps them otherwise.
class NewConstants {
public:
  explicit NewConstants(ModuleOp module) {
    forEach(module, [&](Entry *entry) { old.insert(entry); });
  }
  ~NewConstants() {
    for (Entry *entry : found)
      entry->setBlob(AsmResourceBlob());
  }
  void find(ModuleOp clone) {
    forEach(clone, [&](Entry *entry) {
      if (!old.contains(entry))
        found.insert(entry);
    });
  }

private:
  using Entry = DialectResourceBlobManager::BlobEntry;
  static void forEach(ModuleOp module, function_ref<void(Entry *)> action) {
    module.walk([&](Operation *op) {
      for (NamedAttribute attr : op->getAttrs())
        if (auto data = dyn_cast<DenseResourceElementsAttr>(attr.getValue()))
          action(data.getRawHandle().getResource());
    });
  }
  llvm::SmallPtrSet<Entry *, 32> old, found;
};
} // namespace

/// Builds and runs the program with `tiles`. Returns what each kernel takes in
/// one run, in microseconds.
FailureOr<llvm::StringMap<double>> Tuner::measure(const Tiles &tiles,
                                                  bool isFirst) {
  auto fail = [&](const llvm::Twine &reason) {
    return emitError(module.getLoc()) << "tuning: " << reason;
  };
  double begin = elapsed();
  OwningOpRef<ModuleOp> clone = module.clone();
  for (auto kernel : clone->getOps<dispatch::KernelOp>())
    if (auto it = tiles.find(kernel.getSymName()); it != tiles.end())
      setWantedTile(kernel, it->second);
  SmallString<128> program;
  if (std::error_code error =
          llvm::sys::fs::createTemporaryFile("dlc-tune", "", program))
    return fail("cannot make a temporary file: " + error.message());
  llvm::FileRemover remove(program);
  llvm::sys::RemoveFileOnSignal(program);
  llvm::scope_exit forget([&] { llvm::sys::DontRemoveFileOnSignal(program); });
  NewConstants constants(module);
  if (failed(build(*clone, program, [&](ModuleOp scheduled) {
        constants.find(scheduled);
        if (isFirst)
          listKernels(scheduled);
      })))
    return failure();
  // Long enough for several runs of large models; most of the time is the
  // compiler's anyway.
  double each = std::clamp(seconds / 40, 0.2, 2.0);
  std::vector<KernelUse> uses;
  auto text = measureKernels(program, each, uses);
  if (!text)
    return fail(llvm::toString(text.takeError()));
  llvm::StringMap<double> times;
  for (const KernelUse &use : uses) {
    times[use.name] = use.microseconds.value_or(0);
    if (auto *it = kernels.find(use.name); isFirst && it != kernels.end())
      it->second.launches = use.launches;
  }
  ++programs;
  round = std::max(round, elapsed() - begin);
  progress(std::min(elapsed() / seconds, 1.0));
  return times;
}

/// Remembers which tiles the kernels may have.
void Tuner::listKernels(ModuleOp scheduled) {
  SymbolTable symbols(scheduled);
  for (auto kernel : module.getOps<dispatch::KernelOp>()) {
    auto after = symbols.lookup<dispatch::KernelOp>(kernel.getSymName());
    if (!after || kernel.isScheduled())
      continue;
    SmallVector<TileSize> tiles = getPossibleTiles(after);
    // What the table knows already is what others have to beat.
    if (auto wanted = getWantedTile(kernel))
      if (auto *it = llvm::find(tiles, *wanted); it != tiles.end())
        std::rotate(tiles.begin(), it, it + 1);
    if (tiles.size() < 2)
      continue;
    tiles.truncate(std::min(tiles.size(), maxTiles));
    kernels[kernel.getSymName()] = {kernel, tiles, tiles.front()};
  }
}

//===----------------------------------------------------------------------===//
// All of them
//===----------------------------------------------------------------------===//

/// Measures the other tiles, the more promising ones first, while there is
/// time.
LogicalResult Tuner::tryOthers() {
  for (size_t next = 1; next < maxTiles; ++next) {
    if (next > 1 && elapsed() + (comparisons + 1) * round > seconds)
      break;
    Tiles tiles;
    for (auto &[name, kernel] : kernels)
      if (next < kernel.tiles.size())
        tiles[name] = kernel.tiles[next];
    if (tiles.empty())
      break;
    auto times = measure(tiles);
    if (failed(times))
      return failure();
    for (const auto &tile : tiles) {
      Kernel &kernel = kernels[tile.getKey()];
      double time = times->lookup(tile.getKey());
      if (time > 0 && time < kernel.measured) {
        kernel.measured = time;
        kernel.best = tile.getValue();
      }
    }
  }
  return success();
}

/// Measures what was found beside what was there, in turns, and forgets what
/// was only lucky.
LogicalResult Tuner::compare() {
  Tiles winners;
  for (auto &[name, kernel] : kernels)
    if (kernel.measured < worthwhile * kernel.before)
      winners[name] = kernel.best;
  if (winners.empty())
    return success();
  llvm::StringMap<double> before, after;
  for (unsigned i = 0; i < comparisons; ++i) {
    bool isOld = i % 2 == 0;
    auto times = measure(isOld ? Tiles() : winners);
    if (failed(times))
      return failure();
    for (const auto &time : *times) {
      auto [it, isNew] =
          (isOld ? before : after).try_emplace(time.getKey(), time.getValue());
      it->second = std::min(it->second, time.getValue());
    }
  }
  for (const auto &winner : winners) {
    Kernel &kernel = kernels[winner.getKey()];
    kernel.before = before.lookup(winner.getKey());
    kernel.measured = after.lookup(winner.getKey());
    if (kernel.measured >= worthwhile * kernel.before)
      kernel.best = kernel.tiles.front();
  }
  return success();
}

FailureOr<std::string> Tuner::run(TuningTable &table) {
  applyTuning(module, table, cpu);
  auto times = measure({}, /*isFirst=*/true);
  if (failed(times))
    return failure();
  double all = 0;
  for (const auto &time : *times)
    all += time.getValue();
  kernels.remove_if([&](auto &each) {
    double time = times->lookup(each.first);
    each.second.before = each.second.measured = time;
    return time <= smallestShare * all;
  });
  if (failed(tryOthers()) || failed(compare()))
    return failure();
  unsigned faster = 0;
  double saved = 0;
  for (auto &[name, kernel] : kernels) {
    if (kernel.best == kernel.tiles.front()) {
      kernel.measured = kernel.before;
    } else {
      ++faster;
      saved += kernel.before - kernel.measured;
    }
    double launches = std::max<double>(double(kernel.launches), 1);
    std::string fingerprint = getFingerprint(kernel.kernel);
    double before = kernel.before / launches;
    if (const TuningTable::Entry *known = table.lookup(cpu, fingerprint))
      before = std::max(before, known->before);
    table.set(cpu, fingerprint,
              {name.str(), kernel.best, kernel.measured / launches, before});
  }
  return llvm::formatv("tuned for {0}: {1} of {2} kernels are faster with "
                       "another tile, which saves {3:F1} % of {4:F2} ms ({5} "
                       "programs measured in {6:F0} s)",
                       cpu, faster, times->size(),
                       all > 0 ? 100 * saved / all : 0, all / 1e3, programs,
                       elapsed())
      .str();
}
