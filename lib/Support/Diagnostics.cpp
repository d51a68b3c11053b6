//===- Diagnostics.cpp - One clear message for each error -----------------===//

#include "dlc/Support/Diagnostics.h"

#include "dlc/Support/Location.h"

using namespace mlir;
using namespace dlc;

DiagnosticRenderer::DiagnosticRenderer(MLIRContext *context, StringRef tool,
                                       raw_ostream &os, bool verbose)
    : engine(context->getDiagEngine()), tool(tool), os(os), verbose(verbose) {
  // The engine serialises calls of handlers.
  id = engine.registerHandler([this](Diagnostic &diagnostic) {
    handle(diagnostic);
    return success();
  });
}

DiagnosticRenderer::~DiagnosticRenderer() { engine.eraseHandler(id); }

std::string DiagnosticRenderer::render(Diagnostic &diagnostic) {
  std::string where = describeLocation(diagnostic.getLocation());
  std::string what = diagnostic.str();
  // Dumped operations and pipelines ("see current operation: ...") are for
  // developers and have many lines.
  return where.empty() ? what : where + ": " + what;
}

void DiagnosticRenderer::handle(Diagnostic &diagnostic) {
  StringRef severity;
  switch (diagnostic.getSeverity()) {
  case DiagnosticSeverity::Error:
    if (errors++ && !verbose)
      return;
    severity = "error";
    break;
  case DiagnosticSeverity::Warning:
    severity = "warning";
    break;
  case DiagnosticSeverity::Note:
    severity = "note";
    break;
  case DiagnosticSeverity::Remark:
    if (!verbose)
      return;
    severity = "remark";
    break;
  }
  if (beforePrint)
    beforePrint();
  os << tool << ": " << severity << ": " << render(diagnostic) << "\n";
  for (Diagnostic &note : diagnostic.getNotes()) {
    if (!verbose && StringRef(note.str()).starts_with("see current operation"))
      continue;
    os << tool << ": note: " << render(note) << "\n";
  }
  os.flush();
}
