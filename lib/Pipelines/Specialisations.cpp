//===- Specialisations.cpp - One module for several shapes ----------------===//

#include "dlc/Pipelines/Specialisations.h"

#include "dlc/Dialect/Arena/Transforms/Steps.h"
#include "dlc/Pipelines/Passes.h"

#include "mlir/IR/DialectResourceBlobManager.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/Support/xxhash.h"

namespace dlc {
#define GEN_PASS_DEF_SHARECONSTANTS
#include "dlc/Pipelines/Passes.h.inc"
} // namespace dlc

using namespace mlir;
using namespace dlc;

//===----------------------------------------------------------------------===//
// Constants
//===----------------------------------------------------------------------===//

namespace {

/// Finds the first one of equal constants.
class ConstantTable {
public:
  /// The constant that stands for `attr`, which is `attr` if it is the first.
  DenseResourceElementsAttr find(DenseResourceElementsAttr attr) {
    auto [it, isNew] = known.try_emplace(attr, attr);
    if (!isNew)
      return it->second;
    AsmResourceBlob *blob = attr.getRawHandle().getBlob();
    if (!blob)
      return attr;
    ArrayRef<char> data = blob->getData();
    uint64_t hash = llvm::xxh3_64bits(
        ArrayRef(reinterpret_cast<const uint8_t *>(data.data()), data.size()));
    auto &alike = byHash[{attr.getType(), hash}];
    for (DenseResourceElementsAttr other : alike)
      if (other.getRawHandle().getBlob()->getData() == data)
        return known[attr] = other;
    alike.push_back(attr);
    return attr;
  }

private:
  llvm::DenseMap<Attribute, DenseResourceElementsAttr> known;
  llvm::DenseMap<std::pair<Type, uint64_t>,
                 SmallVector<DenseResourceElementsAttr, 1>>
      byHash;
};

} // namespace

unsigned dlc::shareConstants(ModuleOp module, bool keepData) {
  ConstantTable table;
  llvm::SetVector<DialectResourceBlobManager::BlobEntry *> doubles;
  llvm::DenseSet<DialectResourceBlobManager::BlobEntry *> kept;
  module.walk([&](Operation *op) {
    for (NamedAttribute named : op->getAttrs()) {
      auto attr = dyn_cast<DenseResourceElementsAttr>(named.getValue());
      if (!attr)
        continue;
      DenseResourceElementsAttr first = table.find(attr);
      kept.insert(first.getRawHandle().getResource());
      if (first == attr)
        continue;
      op->setAttr(named.getName(), first);
      doubles.insert(attr.getRawHandle().getResource());
    }
  });
  unsigned freed = 0;
  for (DialectResourceBlobManager::BlobEntry *entry : doubles) {
    // The same data may also stand under another type, which counts for itself.
    if (kept.contains(entry))
      continue;
    ++freed;
    if (!keepData)
      entry->setBlob(AsmResourceBlob());
  }
  return freed;
}

namespace {
struct ShareConstants : public dlc::impl::ShareConstantsBase<ShareConstants> {
  using ShareConstantsBase::ShareConstantsBase;
  void runOnOperation() override {
    numShared += shareConstants(getOperation(), keepData);
  }
};
} // namespace

//===----------------------------------------------------------------------===//
// Graph functions
//===----------------------------------------------------------------------===//

/// What two specialisations must have in common: names and element types of
/// inputs and outputs, in order.
static SmallVector<Attribute> getSignature(func::FuncOp func) {
  SmallVector<Attribute> signature;
  auto add = [&](Type type, DictionaryAttr attrs) {
    signature.push_back(TypeAttr::get(getElementTypeOrSelf(type)));
    for (StringRef name : {"dlc.name", "dlc.type", "dlc.output", "dlc.extents",
                           "dlc.is_extents", "dlc.is_random", "dlc.checks",
                           "dlc.least", "dlc.most", "dlc.picture"})
      signature.push_back(attrs ? attrs.get(name) : Attribute());
  };
  for (unsigned i = 0, e = func.getNumArguments(); i < e; ++i)
    add(func.getArgumentTypes()[i], func.getArgAttrDict(i));
  signature.push_back(Attribute());
  for (unsigned i = 0, e = func.getNumResults(); i < e; ++i)
    add(func.getResultTypes()[i], func.getResultAttrDict(i));
  return signature;
}

/// The shapes that tell a specialisation from others.
static SmallVector<Type> getInputTypes(func::FuncOp func) {
  SmallVector<Type> types;
  for (unsigned i = 0, e = func.getNumArguments(); i < e; ++i)
    if (!func.getArgAttr(i, "dlc.output"))
      types.push_back(func.getArgumentTypes()[i]);
  return types;
}

LogicalResult dlc::checkSpecialisations(ModuleOp module, Location loc) {
  SmallVector<func::FuncOp> graphs;
  for (auto func : module.getOps<func::FuncOp>()) {
    if (func.isExternal())
      return emitError(loc)
             << "the function @" << func.getSymName() << " has no body";
    if (!arena::isLoopBody(func))
      graphs.push_back(func);
  }
  if (graphs.empty() || graphs.front().getSymName() != "main")
    return emitError(loc) << "a module needs a graph function, and the first "
                             "one's name must be @main";
  if (graphs.size() == 1)
    return success();
  for (func::FuncOp func : graphs) {
    if (!func->getAttrOfType<StringAttr>(kDimsAttrName))
      return emitError(loc)
             << "of several graph functions each needs the "
                "attribute "
             << kDimsAttrName << ", which @" << func.getSymName() << " lacks";
    if (getSignature(func) != getSignature(graphs.front()))
      return emitError(loc)
             << "the graph functions @main and @" << func.getSymName()
             << " differ in names or types of inputs or outputs";
  }
  for (auto [i, func] : llvm::enumerate(graphs))
    for (func::FuncOp other : ArrayRef(graphs).take_front(i))
      if (getInputTypes(func) == getInputTypes(other))
        return emitError(loc)
               << "no input's shape tells "
               << func->getAttrOfType<StringAttr>(kDimsAttrName).getValue()
               << " from "
               << other->getAttrOfType<StringAttr>(kDimsAttrName).getValue();
  return success();
}

/// Specialisations are told by shapes: an element of an input can not be what
/// they differ in.
static LogicalResult checkNoElement(func::FuncOp func, StringRef dims) {
  for (StringRef item : llvm::split(dims, ',')) {
    StringRef name = item.rsplit('=').first;
    auto [input, element] = name.rsplit('[');
    for (unsigned i = 0; !element.empty() && i < func.getNumArguments(); ++i) {
      auto known = func.getArgAttrOfType<StringAttr>(i, "dlc.name");
      if (known && known.getValue() == input && func.getArgAttr(i, "dlc.least"))
        return emitError(func.getLoc())
               << "--dim " << name << " has several values, but only "
               << "dimensions can have: element [" << element << " of input '"
               << input << "' has one (--dim " << item
               << "), or a bound (--max-dim " << item << ")";
    }
  }
  return success();
}

LogicalResult dlc::addSpecialisation(ModuleOp module, StringRef firstDims,
                                     OwningOpRef<ModuleOp> next,
                                     StringRef dims) {
  auto first = *module.getOps<func::FuncOp>().begin();
  auto func = *next->getOps<func::FuncOp>().begin();
  auto number = llvm::range_size(module.getOps<func::FuncOp>());
  if (failed(checkNoElement(func, dims)))
    return failure();
  Builder builder(module.getContext());
  if (!first->hasAttr(kDimsAttrName))
    first->setAttr(kDimsAttrName, builder.getStringAttr(firstDims));
  func->setAttr(kDimsAttrName, builder.getStringAttr(dims));
  func.setSymName(("main_" + Twine(number)).str());
  func->moveAfter(&module.getBody()->back());
  shareConstants(module, /*keepData=*/false);
  return checkSpecialisations(module, (*next)->getLoc());
}
