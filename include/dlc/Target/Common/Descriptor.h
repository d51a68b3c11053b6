//===- Descriptor.h - dlc_model_descriptor as LLVM IR -----------*- C++ -*-===//

#ifndef DLC_TARGET_COMMON_DESCRIPTOR_H
#define DLC_TARGET_COMMON_DESCRIPTOR_H

#include "dlc/Runtime/dlc_abi.h"

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/Error.h"

#include <array>
#include <optional>
#include <string>
#include <vector>

namespace dlc::target {

/// An input or output.
struct TensorInfo {
  std::string name;
  uint32_t dtype = 0;
  llvm::SmallVector<int64_t> shape;
  uint64_t bytes = 0;
  /// Where it is in the arena; nothing: it is in memory of the caller's.
  std::optional<uint64_t> arenaOffset;
  /// See dlc_tensor_info.
  llvm::SmallVector<int64_t> extents;
  uint32_t role = DLC_ROLE_MODEL;
  /// Of an input: what its elements have to be at least and at most, as the
  /// bytes that it has; empty: anything. See dlc_requirement.
  std::string least, most;
  /// Of an input that is a picture: an enum dlc_pixels, else 0.
  uint32_t pixels = 0;

  bool operator==(const TensorInfo &other) const {
    return name == other.name && dtype == other.dtype && shape == other.shape;
  }
};

/// What a program takes and gives.
struct Signature {
  std::vector<TensorInfo> inputs, outputs;
  /// What the numbers are that a run computes for its checks: two each at the
  /// end of the outputs' extents. See dlc_check.
  std::vector<std::string> checks;
};

/// The part of the model that runs on a GPU: see dlc_device_program.
struct DeviceInfo {
  struct Address {
    dlc_space space = DLC_SPACE_WEIGHTS;
    uint32_t index = 0;
    uint64_t offset = 0; ///< bytes
    /// What the step touches there, in bytes, and whether it writes; for
    /// finding out which steps depend on which.
    uint64_t size = 0;
    bool isWritten = true;
  };
  struct Step {
    int32_t kernel = -1; ///< index into `kernels`, -1 for a copy
    uint32_t sharedBytes = 0;
    std::array<uint32_t, 3> grid = {}, block = {};
    std::vector<Address> args;
    uint64_t copyBytes = 0;
    /// Earlier steps that must be done before this one.
    std::vector<uint32_t> after;
  };
  struct Kernel {
    std::string name;
    uint64_t sharedBytes = 0; ///< largest dynamic shared memory of a launch
  };
  struct Arch {
    std::string name;
    uint32_t first = 0, last = 0;
  };
  std::vector<Arch> archs;
  /// Of all specialisations.
  std::vector<Kernel> kernels;
  std::string imageSymbol;
  uint64_t imageBytes = 0;
  std::string weightsSymbol; ///< empty: there are none
};

/// See dlc_launch.
struct LaunchInfo {
  std::string name, kernel, shapes;
  uint64_t flops = 0, bytesRead = 0, bytesWritten = 0;
  uint64_t firstStep = 0, numSteps = 0;
};

/// What the descriptor says.
struct ModelInfo {
  struct Variant {
    std::string cpu, features;
  };
  /// See dlc_specialisation.
  struct Specialisation : Signature {
    std::string dims;
    uint64_t arenaBytes = 0;
    /// For each variant: the symbol of its entry.
    std::vector<std::string> entrySymbols;
    std::vector<DeviceInfo::Step> steps;
    /// For each variant (for cuda: once).
    std::vector<std::vector<LaunchInfo>> launches;

    /// Whether inputs and outputs are in the arena (all are, or none is).
    bool isInArena() const {
      return (!inputs.empty() && inputs.front().arenaOffset) ||
             (!outputs.empty() && outputs.front().arenaOffset);
    }
  };
  /// The descriptor's own symbol.
  std::string symbol;
  std::string name, compiler, buildId;
  /// At least one; all have the same names and types.
  std::vector<Specialisation> specialisations;
  uint64_t arenaBytes = 0, arenaAlignment = 64, lowerBound = 0,
           weightsBytes = 0;
  /// Where in an executable's dlc_tensors pictures are decoded.
  uint64_t pictureOffset = 0, pictureBytes = 0;
  std::vector<Variant> variants;
  std::optional<DeviceInfo> device;

  const Specialisation &first() const { return specialisations.front(); }
};

/// The dtype code of dlc_abi.h for an element type, 0 if it has none.
uint32_t getDtypeCode(mlir::Type type);

/// Appends an input or output; fails for types that no program can take or
/// give. Without a name it gets its kind and number.
llvm::Error addTensor(Signature &signature, bool isOutput,
                      mlir::StringAttr name, llvm::ArrayRef<int64_t> shape,
                      mlir::Type elementType);

/// Says of the tensor that was added last what counts of it (`extents` may be
/// null), and what it is.
void setExtents(Signature &signature, bool isOutput,
                mlir::DenseI64ArrayAttr extents, bool isExtents, bool isRandom);

/// The same of what its elements have to be: null is anything.
void setRequirement(Signature &signature, mlir::Attribute least,
                    mlir::Attribute most);

/// The same of whether it is a picture, and of which pixels ("RGB"): null is
/// no.
void setPicture(Signature &signature, mlir::StringAttr pixels);

/// The same of the checks whose numbers are in that tensor: null is none.
void setChecks(Signature &signature, mlir::ArrayAttr texts);

/// Reads the launches that the lowering noted on a graph function or entry.
std::vector<LaunchInfo> readLaunches(mlir::Operation *graph);

/// Makes a module with the hidden symbol `info.symbol`, a dlc_model.
std::unique_ptr<llvm::Module> makeDescriptor(llvm::LLVMContext &context,
                                             const ModelInfo &info);

/// The C header of a library: `usage` is a comment that says how to call it,
/// `functions` declares what it has. In both @name@ and @NAME@ stand for the
/// library's name, as it is and in capitals; @find@, @which@ and @param@ are
/// where a caller says which of several specialisations is to run (nothing if
/// there is one), @tensors@ and @tensorparams@ where it gives inputs and
/// outputs (nothing if they are in the arena), and @about@ are lines about
/// them.
std::string makeHeader(const ModelInfo &info, llvm::StringRef name,
                       llvm::StringRef usage, llvm::StringRef functions);

} // namespace dlc::target

#endif // DLC_TARGET_COMMON_DESCRIPTOR_H
