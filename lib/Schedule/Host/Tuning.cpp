//===- Tuning.cpp - Tiles that were chosen by measuring -------------------===//

#include "dlc/Schedule/Host/Tuning.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/xxhash.h"

using namespace mlir;
using namespace dlc;
using namespace dlc::schedule;

/// The version of the file's form, and of the fingerprints in it.
static constexpr int64_t formatVersion = 1;
/// No register tile is larger.
static constexpr int64_t maxRows = 64, maxVectors = 64;

std::optional<TileSize>
dlc::schedule::getWantedTile(dispatch::KernelOp kernel) {
  auto attr = kernel->getAttrOfType<DenseI64ArrayAttr>(kTileAttrName);
  if (!attr || attr.size() != 2)
    return std::nullopt;
  return TileSize{attr[0], attr[1]};
}

void dlc::schedule::setWantedTile(dispatch::KernelOp kernel, TileSize size) {
  kernel->setAttr(
      kTileAttrName,
      DenseI64ArrayAttr::get(kernel.getContext(), {size.rows, size.vectors}));
}

SmallVector<TileSize>
dlc::schedule::getPossibleTiles(dispatch::KernelOp kernel) {
  SmallVector<TileSize> sizes;
  if (auto attr = kernel->getAttrOfType<DenseI64ArrayAttr>(kTilesAttrName))
    for (int64_t i = 0; i + 1 < attr.size(); i += 2)
      sizes.push_back({attr[i], attr[i + 1]});
  return sizes;
}

void dlc::schedule::setPossibleTiles(dispatch::KernelOp kernel,
                                     ArrayRef<TileSize> sizes) {
  SmallVector<int64_t> numbers;
  for (TileSize size : sizes)
    numbers.append({size.rows, size.vectors});
  kernel->setAttr(kTilesAttrName,
                  DenseI64ArrayAttr::get(kernel.getContext(), numbers));
}

std::string dlc::schedule::getFingerprint(dispatch::KernelOp kernel) {
  std::string text;
  llvm::raw_string_ostream os(text);
  os << kernel.getFunctionType() << kernel.getNumOuts();
  OpPrintingFlags flags;
  flags.printGenericOpForm().useLocalScope().enableDebugInfo(false);
  // Names of values are their numbers in the block, as all of it is printed.
  AsmState state(kernel, flags);
  for (Operation &op : kernel.getBody().front()) {
    op.print(os, state);
    os << "\n";
  }
  llvm::XXH128_hash_t hash =
      llvm::xxh3_128bits(llvm::arrayRefFromStringRef(text));
  return llvm::formatv("{0:x-16}{1:x-16}", hash.high64, hash.low64);
}

//===----------------------------------------------------------------------===//
// Files
//===----------------------------------------------------------------------===//

/// Reads one entry; says what is wrong, if anything is.
static StringRef readEntry(const llvm::json::Object *object,
                           TuningTable::Key &key, TuningTable::Entry &entry) {
  if (!object)
    return "is not an object";
  auto cpu = object->getString("cpu"), fingerprint = object->getString("key"),
       name = object->getString("kernel");
  if (!cpu || !fingerprint || cpu->empty() || fingerprint->empty())
    return "has no 'cpu' or no 'key'";
  auto rows = object->getInteger("rows"),
       vectors = object->getInteger("vectors");
  if (!rows || !vectors || *rows < 1 || *rows > maxRows || *vectors < 1 ||
      *vectors > maxVectors)
    return "has no 'rows' and 'vectors' between 1 and 64";
  auto measured = object->getNumber("us"),
       before = object->getNumber("us_before");
  if (!measured || !before || !(*measured >= 0) || !(*before >= 0))
    return "has no 'us' and 'us_before', which are numbers from 0";
  key = {cpu->str(), fingerprint->str()};
  entry = {name.value_or("").str(), {*rows, *vectors}, *measured, *before};
  return "";
}

llvm::Expected<TuningTable> TuningTable::parse(StringRef json) {
  auto fail = [](const llvm::Twine &reason) {
    return llvm::createStringError(reason);
  };
  auto value = llvm::json::parse(json);
  if (!value)
    return fail("is no JSON: " + llvm::toString(value.takeError()));
  const llvm::json::Object *object = value->getAsObject();
  auto version = object ? object->getInteger("dlc-tuning") : std::nullopt;
  const llvm::json::Array *kernels =
      object ? object->getArray("kernels") : nullptr;
  if (!version || !kernels)
    return fail(
        "is no table of --tune: it has no 'dlc-tuning' or no 'kernels'");
  if (*version != formatVersion)
    return fail("is of version " + llvm::Twine(*version) +
                ", and this dlc reads version " + llvm::Twine(formatVersion) +
                ": tune again");
  TuningTable table;
  for (auto [index, each] : llvm::enumerate(*kernels)) {
    Key key;
    Entry entry;
    if (StringRef why = readEntry(each.getAsObject(), key, entry); !why.empty())
      return fail("kernel number " + llvm::Twine(index + 1) + " " + why);
    table.entries[std::move(key)] = std::move(entry);
  }
  return table;
}

void TuningTable::write(raw_ostream &os) const {
  llvm::json::OStream json(os, /*IndentSize=*/1);
  json.object([&] {
    json.attribute("dlc-tuning", formatVersion);
    json.attributeArray("kernels", [&] {
      for (const auto &each : entries)
        json.object([&] {
          json.attribute("cpu", each.first.first);
          json.attribute("key", each.first.second);
          json.attribute("kernel", each.second.kernel);
          json.attribute("rows", each.second.tile.rows);
          json.attribute("vectors", each.second.tile.vectors);
          json.attribute("us", each.second.measured);
          json.attribute("us_before", each.second.before);
        });
    });
  });
  os << "\n";
}

const TuningTable::Entry *TuningTable::lookup(StringRef cpu,
                                              StringRef fingerprint) const {
  auto it = entries.find({cpu.str(), fingerprint.str()});
  return it == entries.end() ? nullptr : &it->second;
}

bool TuningTable::knows(StringRef cpu) const {
  auto it = entries.lower_bound({cpu.str(), ""});
  return it != entries.end() && it->first.first == cpu;
}

unsigned dlc::schedule::applyTuning(ModuleOp module, const TuningTable &table,
                                    StringRef cpu) {
  unsigned known = 0;
  for (auto kernel : module.getOps<dispatch::KernelOp>()) {
    if (kernel.isScheduled() || kernel.getBody().empty() ||
        getWantedTile(kernel))
      continue;
    if (const TuningTable::Entry *entry =
            table.lookup(cpu, getFingerprint(kernel))) {
      setWantedTile(kernel, entry->tile);
      ++known;
    }
  }
  return known;
}
