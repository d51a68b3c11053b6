//===- dlc-import.cpp - Imports a model and prints it ---------------------===//
//
// For the tests of the importer alone. Exits with 1 where the model is bad and
// with 2 where the arguments are. Several models are printed one after the
// other with lines "// ----- <path>" in front.
//
//===----------------------------------------------------------------------===//

#include "dlc/Importer/ONNX/Importer.h"
#include "dlc/Support/Location.h"

#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/MLIRContext.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;

static int usage(const llvm::Twine &message) {
  llvm::errs() << "dlc-import: error: " << message << "\n";
  return 2;
}

int main(int argc, char **argv) {
  dlc::ImportOptions options;
  std::vector<std::string> paths;
  bool quiet = false, locations = false, all = false;
  for (int i = 1; i < argc; ++i) {
    StringRef arg = argv[i];
    if (arg == "--quiet") {
      quiet = true;
      continue;
    }
    if (arg == "--locations") {
      locations = true;
      continue;
    }
    if (arg == "--constants") { // print them in full
      all = true;
      continue;
    }
    if (arg != "--dim" && arg != "--shape" && arg != "--bind") {
      paths.push_back(arg.str());
      continue;
    }
    if (++i == argc)
      return usage(arg + " needs a value");
    auto [name, value] = StringRef(argv[i]).rsplit('=');
    if (arg == "--dim") {
      int64_t number;
      if (value.getAsInteger(10, number))
        return usage("--dim " + StringRef(argv[i]) + ": not a number");
      options.dims.push_back({name.str(), number});
    } else if (arg == "--shape") {
      llvm::SmallVector<StringRef> parts;
      if (!value.empty())
        value.split(parts, 'x');
      std::vector<int64_t> shape;
      for (StringRef part : parts) {
        int64_t number;
        if (part.getAsInteger(10, number))
          return usage("--shape " + StringRef(argv[i]) + ": not a shape");
        shape.push_back(number);
      }
      options.shapes[name.str()] = shape;
    } else {
      options.binds[name.str()] = value.str();
    }
  }
  MLIRContext context(MLIRContext::Threading::DISABLED);
  ScopedDiagnosticHandler handler(&context, [](Diagnostic &diagnostic) {
    llvm::errs() << "dlc-import: "
                 << (diagnostic.getSeverity() == DiagnosticSeverity::Warning
                         ? "warning: "
                         : "error: ")
                 << dlc::describeLocation(diagnostic.getLocation()) << ": "
                 << diagnostic << "\n";
    return success();
  });
  int status = 0;
  for (const std::string &path : paths) {
    if (paths.size() > 1)
      llvm::outs() << "// ----- " << path << "\n";
    dlc::ImportFailure failure;
    OwningOpRef<ModuleOp> module =
        dlc::importONNX(context, path, options, &failure);
    if (!module) {
      status = failure == dlc::ImportFailure::Usage ? 2 : 1;
      continue;
    }
    if (quiet)
      continue;
    OpPrintingFlags flags;
    if (!all)
      flags.elideLargeElementsAttrs(16).elideLargeResourceString(16);
    if (locations)
      flags.enableDebugInfo(true, false);
    module->print(llvm::outs(), flags);
    llvm::outs() << "\n";
  }
  return status;
}
