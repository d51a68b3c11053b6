//===- ProgramWriter.h - From objects to a program --------------*- C++ -*-===//
//
// What the emitters of all targets share: temporary files, the build id, the
// weights, linking and libraries. An emitter is a subclass that adds its code.
//
//===----------------------------------------------------------------------===//

#ifndef DLC_TARGET_COMMON_PROGRAMWRITER_H
#define DLC_TARGET_COMMON_PROGRAMWRITER_H

#include "dlc/Dialect/Arena/IR/Arena.h"
#include "dlc/Target/Common/Descriptor.h"
#include "dlc/Target/Common/Link.h"
#include "dlc/Target/Common/Program.h"

#include "llvm/Support/BLAKE3.h"

namespace dlc::target {

class ProgramWriter {
protected:
  /// `runtime` is the archive that executables are linked with.
  ProgramWriter(const ProgramOptions &options, llvm::StringRef runtime);

  void progress(llvm::StringRef step) {
    if (options.progress)
      options.progress(step);
  }
  bool isLibrary() const { return options.kind == ProgramKind::Library; }
  /// The symbol for `what`; those of libraries begin with the model's name.
  std::string symbolOf(llvm::StringRef what, size_t index = 0) const;

  /// Adds to `info` what `module` says about memory. After the
  /// specialisations.
  void addMemory(mlir::ModuleOp module);
  /// Begins a specialisation, which the attributes of `graph`, a graph function
  /// or an entry, describe.
  static ModelInfo::Specialisation describe(mlir::Operation *graph);
  /// Refuses what no program can have, and begins the hash.
  llvm::Error finishInfo();
  llvm::Error checkExtents(const Signature &signature) const;

  /// Everything that a program is made of goes into its build id.
  void addToHash(llvm::StringRef text);
  /// Ends the hash.
  void setBuildId();

  TemporaryFile &makeTemporary(llvm::StringRef suffix);
  /// An object that already has been generated.
  llvm::Error addObject(llvm::StringRef bytes, llvm::StringRef what);
  /// The constants of a pool as a symbol.
  static DataSymbol makeWeights(arena::ConstantPoolOp pool, std::string name);
  /// Writes an object with these symbols.
  llvm::Error addData(std::vector<DataSymbol> symbols);
  /// Memory for inputs, and for outputs if asked for, each aligned to
  /// `alignment`, and for decoding pictures.
  DataSymbol makeTensors(uint64_t alignment, bool withOutputs);

  /// Makes what the options ask for. The static library gets `members` of the
  /// runtime; `header` is that of a library.
  llvm::Expected<ProgramReport> finish(llvm::ArrayRef<llvm::StringRef> members,
                                       llvm::StringRef header);

  const ProgramOptions &options;
  /// The model as a C identifier, and what symbols begin with.
  std::string name, prefix;
  ModelInfo info;

private:
  llvm::Error link();
  llvm::Error writeLibrary(llvm::ArrayRef<llvm::StringRef> members,
                           llvm::StringRef header);
  llvm::Error writeArchive(llvm::StringRef path,
                           llvm::ArrayRef<llvm::StringRef> members);
  llvm::Error addRuntimeMembers(llvm::ArrayRef<llvm::StringRef> members);

  llvm::StringRef runtime;
  ProgramReport report;
  llvm::BLAKE3 hash;
  std::string pageSymbol;
  std::vector<std::unique_ptr<TemporaryFile>> temporaries;
  /// Paths of the objects and what their members of an archive are called.
  std::vector<std::string> objects, names;
};

} // namespace dlc::target

#endif // DLC_TARGET_COMMON_PROGRAMWRITER_H
