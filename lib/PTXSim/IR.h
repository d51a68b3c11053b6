//===- IR.h - PTX after parsing --------------------------------*- C++ -*-===//
//
// What the parser makes of a PTX text: functions with numbered registers and a
// list of typed instructions, variables with their initial bytes. All names are
// resolved; strings point into the text, which ModuleIR keeps.
//
//===----------------------------------------------------------------------===//

#ifndef DLC_LIB_PTXSIM_IR_H
#define DLC_LIB_PTXSIM_IR_H

#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringRef.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace dlc::ptxsim {

/// Fundamental, packed and alternate types of PTX.
enum class Ty : uint8_t {
  None,
#define PTX_TYPE(ID, NAME, BITS, KIND) ID,
#include "Types.def"
};

enum class TyKind : uint8_t { None, Pred, Bits, Unsigned, Signed, Float };

unsigned bitsOf(Ty type);
TyKind kindOf(Ty type);
llvm::StringRef nameOf(Ty type);
/// "f32" -> F32; None if there is no such type.
Ty typeByName(llvm::StringRef name);

inline bool isFloat(Ty t) { return kindOf(t) == TyKind::Float; }
inline bool isSigned(Ty t) { return kindOf(t) == TyKind::Signed; }
inline bool isIntLike(Ty t) {
  TyKind k = kindOf(t);
  return k == TyKind::Bits || k == TyKind::Unsigned || k == TyKind::Signed;
}
inline unsigned bytesOf(Ty t) { return (bitsOf(t) + 7) / 8; }

enum class Op : uint8_t {
#define PTX_OP(ID, NAME, MIN, MAX, MODS) ID,
#include "Instructions.def"
};

enum class Space : uint8_t { Generic, Global, Shared, Local, Const, Param };

/// Special registers (`%tid.x`, ...).
enum class Special : uint8_t {
#define PTX_SPECIAL(ID, NAME, TYPE) ID,
#include "Specials.def"
};

enum class SymbolKind : uint8_t {
  Variable,  ///< module scope: .global, .const, .shared; index in variables
  Local,     ///< function scope .local; index in FunctionIR::locals
  Param,     ///< parameter of the function; index in FunctionIR::params
  Return,    ///< return parameter of the function; index in returns
  CallParam, ///< function scope .param; index in FunctionIR::callParams
  Function,  ///< index in ModuleIR::functions
};

struct Operand {
  enum Kind : uint8_t {
    Register,   ///< index
    Integer,    ///< value
    Float32,    ///< value holds the bits
    Float64,    ///< value holds the bits
    Symbol,     ///< symbol, index, value = offset: its address
    SpecialReg, ///< index = Special
    Label,      ///< index of the instruction
    LabelList,  ///< index in FunctionIR::targetLists
    Vector,     ///< elements
    Address,    ///< base in elements[0] (Register, Symbol or Integer), value =
                ///< offset
    Pair,       ///< elements[0] | elements[1]
    Sink,       ///< `_`
  };
  Kind kind = Sink;
  SymbolKind symbol = SymbolKind::Variable;
  bool negated = false; ///< `!%p`
  unsigned index = 0;
  int64_t value = 0;
  std::vector<Operand> elements;

  bool isReg() const { return kind == Register; }
};

struct Instruction {
  Op op;
  /// Guard predicate; none if < 0.
  int guard = -1;
  bool guardNegated = false;
  unsigned line = 0;
  /// `add.rn.f32 %f1, %f2, %f3`
  llvm::StringRef text;
  llvm::SmallVector<Ty, 2> types;
  /// Modifiers that are not types, in order, without dots.
  llvm::SmallVector<llvm::StringRef, 4> mods;
  llvm::SmallVector<Operand, 4> operands;

  bool has(llvm::StringRef mod) const {
    for (llvm::StringRef m : mods)
      if (m == mod)
        return true;
    return false;
  }
  Ty type(unsigned i = 0) const {
    return i < types.size() ? types[i] : Ty::None;
  }
  /// 1, 2, 4 or 8 from .v2/.v4/.v8.
  unsigned vectorWidth() const;
  /// State space among the modifiers; Generic if there is none.
  Space space() const;
};

/// A register of a function.
struct RegisterDecl {
  llvm::StringRef name;
  Ty type;
};

/// A parameter or a `.param`/`.local` variable of a function.
struct StorageDecl {
  llvm::StringRef name;
  uint64_t bytes = 0;
  uint64_t align = 1;
  /// Parameters: offset in the parameter block. Locals: in the frame.
  uint64_t offset = 0;
};

/// Where a variable's initial value holds an address.
struct Relocation {
  uint64_t offset = 0; ///< in the variable
  unsigned variable = 0;
  int64_t addend = 0;
  unsigned bytes = 8;
  unsigned shift = 0; ///< mask(): which byte
};

struct VariableDecl {
  llvm::StringRef name;
  Space space = Space::Global;
  uint64_t bytes = 0;
  uint64_t align = 1;
  bool isExtern = false;
  /// Empty (zero) or `bytes` long.
  std::vector<uint8_t> init;
  std::vector<Relocation> relocations;
};

struct FunctionIR {
  llvm::StringRef name;
  bool isEntry = false;
  bool hasBody = false;
  unsigned line = 0;
  /// From the directive to the closing brace.
  llvm::StringRef text;
  std::vector<StorageDecl> params, returns, callParams, locals;
  uint64_t paramBytes = 0;
  /// Frame of `.local` variables, a thread.
  uint64_t localBytes = 0;
  std::vector<RegisterDecl> registers;
  std::vector<Instruction> body;
  std::vector<std::vector<unsigned>> targetLists;
  /// .maxntid and .reqntid; {0,0,0} if not given.
  uint32_t maxThreads[3] = {0, 0, 0};
  uint32_t requiredThreads[3] = {0, 0, 0};
};

struct ModuleIR {
  std::string text;
  unsigned version = 0; ///< 80 for 8.0
  unsigned target = 0;  ///< 80 for sm_80
  std::vector<VariableDecl> variables;
  std::vector<std::unique_ptr<FunctionIR>> functions;
};

/// The opcode's name.
llvm::StringRef nameOf(Op op);

} // namespace dlc::ptxsim

#endif // DLC_LIB_PTXSIM_IR_H
