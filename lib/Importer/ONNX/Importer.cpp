//===- Importer.cpp - ONNX models become nn modules -----------------------===//

#include "dlc/Importer/ONNX/Importer.h"

#include "Emitter.h"

#include "dlc/Support/Location.h"

#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/Verifier.h"
#include "llvm/Support/Path.h"

using namespace mlir;
using namespace dlc;

static OwningOpRef<ModuleOp> import(MLIRContext &context, StringRef file,
                                    const std::string *bytes,
                                    const ImportOptions &options,
                                    ImportFailure *failure) {
  if (failure)
    *failure = ImportFailure::Model;
  context.loadDialect<func::FuncDialect, nn::NNDialect>();
  importer::LoadOptions loadOptions;
  loadOptions.dims = options.dims;
  loadOptions.maxDims = options.maxDims;
  loadOptions.shapes = options.shapes;
  loadOptions.binds = options.binds;
  loadOptions.expects = options.expects;
  loadOptions.isEmitted = [](const std::string &op) {
    return importer::emitterTable().contains(op);
  };
  loadOptions.isElementwise = importer::isElementwise;

  importer::Model model;
  importer::Failure why;
  if (!importer::loadModel(file.str(), bytes, loadOptions, model, why)) {
    Location loc = why.node.empty()
                       ? Location(FileLineColLoc::get(&context, file, 0, 0))
                       : nodeLocation(&context, file, why.node, why.op);
    emitError(loc) << why.message;
    if (failure && why.usage)
      *failure = ImportFailure::Usage;
    return nullptr;
  }

  Location loc = FileLineColLoc::get(&context, file, 0, 0);
  for (const std::string &warning : model.warnings)
    emitWarning(loc) << warning;
  OwningOpRef<ModuleOp> module = ModuleOp::create(loc);
  (*module)->setAttr(
      "dlc.source", StringAttr::get(&context, llvm::sys::path::filename(file)));
  if (failed(importer::GraphEmitter(model, *module, file).emit()) ||
      failed(verify(*module)))
    return nullptr;
  if (failure)
    *failure = ImportFailure::None;
  return module;
}

OwningOpRef<ModuleOp> dlc::importONNX(MLIRContext &context, StringRef path,
                                      const ImportOptions &options,
                                      ImportFailure *failure) {
  return import(context, path, nullptr, options, failure);
}

OwningOpRef<ModuleOp> dlc::importONNXFromBuffer(MLIRContext &context,
                                                StringRef bytes, StringRef name,
                                                const ImportOptions &options,
                                                ImportFailure *failure) {
  std::string copy = bytes.str();
  return import(context, name, &copy, options, failure);
}
