//===- AnnotateKernelAliases.cpp - Which arguments do not overlap ---------===//

#include "dlc/Conversion/DispatchToLLVM/DispatchToLLVM.h"
#include "dlc/Conversion/Passes.h"

namespace dlc::conversion {
#define GEN_PASS_DEF_ANNOTATEKERNELALIASES
#include "dlc/Conversion/Passes.h.inc"
} // namespace dlc::conversion

using namespace mlir;
using namespace dlc;
using namespace dlc::conversion;

namespace {

/// The number of the argument whose pointer `address` is derived from, or -1.
int argumentOf(Value address, Value args) {
  while (auto gep = address.getDefiningOp<LLVM::GEPOp>())
    address = gep.getBase();
  auto load = address.getDefiningOp<LLVM::LoadOp>();
  if (!load || !isa<LLVM::LLVMPointerType>(load.getType()))
    return -1;
  Value slot = load.getAddr();
  int index = 0;
  if (auto gep = slot.getDefiningOp<LLVM::GEPOp>()) {
    ArrayRef<int32_t> indices = gep.getRawConstantIndices();
    if (indices.size() != 1 || indices[0] == LLVM::GEPOp::kDynamicIndex ||
        !isa<LLVM::LLVMPointerType>(gep.getElemType()))
      return -1;
    index = indices[0];
    slot = gep.getBase();
  }
  return slot == args ? index : -1;
}

struct AnnotateKernelAliases
    : public conversion::impl::AnnotateKernelAliasesBase<
          AnnotateKernelAliases> {
  void runOnOperation() override {
    LLVM::LLVMFuncOp function = getOperation();
    auto countAttr = function->getAttrOfType<IntegerAttr>(kNumArgsAttrName);
    if (!countAttr || function.isExternal())
      return;
    int count = countAttr.getInt();
    llvm::DenseSet<std::pair<int, int>> shared;
    if (auto pairs =
            function->getAttrOfType<DenseI64ArrayAttr>(kSharedArgsAttrName))
      for (size_t i = 0; i + 1 < size_t(pairs.size()); i += 2) {
        shared.insert({int(pairs[i]), int(pairs[i + 1])});
        shared.insert({int(pairs[i + 1]), int(pairs[i])});
      }
    function->removeAttr(kNumArgsAttrName);
    function->removeAttr(kSharedArgsAttrName);

    Value args = function.getArgument(0);
    SmallVector<std::pair<LLVM::AliasAnalysisOpInterface, int>> accesses;
    function.walk([&](LLVM::AliasAnalysisOpInterface op) {
      SmallVector<Value> operands = op.getAccessedOperands();
      if (operands.size() != 1)
        return;
      int argument = argumentOf(operands[0], args);
      if (argument >= 0 && argument < count)
        accesses.push_back({op, argument});
    });

    MLIRContext *context = &getContext();
    // Named, not distinct: the same input must give the same bytes out.
    auto name = StringAttr::get(context, function.getSymName());
    auto domain = LLVM::AliasScopeDomainAttr::get(context, name, name);
    SmallVector<Attribute> scopes;
    for (int i = 0; i < count; ++i) {
      auto id = StringAttr::get(context,
                                name.getValue() + ".arg" + std::to_string(i));
      scopes.push_back(LLVM::AliasScopeAttr::get(context, id, domain, id));
    }
    SmallVector<ArrayAttr> own, others;
    for (int i = 0; i < count; ++i) {
      own.push_back(ArrayAttr::get(context, scopes[i]));
      SmallVector<Attribute> list;
      for (int j = 0; j < count; ++j)
        if (i != j && !shared.contains({i, j}))
          list.push_back(scopes[j]);
      others.push_back(ArrayAttr::get(context, list));
    }
    for (auto [op, argument] : accesses) {
      op.setAliasScopes(own[argument]);
      op.setNoAliasScopes(others[argument]);
    }
  }
};

} // namespace
