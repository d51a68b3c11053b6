//===- IR.cpp - PTX after parsing -----------------------------------------===//

#include "IR.h"

#include "llvm/ADT/StringSwitch.h"

using namespace dlc::ptxsim;

namespace {
struct TypeInfo {
  const char *name;
  unsigned bits;
  TyKind kind;
};
} // namespace

static const TypeInfo typeInfos[] = {
    {"", 0, TyKind::None},
#define PTX_TYPE(ID, NAME, BITS, KIND) {NAME, BITS, TyKind::KIND},
#include "Types.def"
};

unsigned dlc::ptxsim::bitsOf(Ty type) { return typeInfos[unsigned(type)].bits; }
TyKind dlc::ptxsim::kindOf(Ty type) { return typeInfos[unsigned(type)].kind; }
llvm::StringRef dlc::ptxsim::nameOf(Ty type) {
  return typeInfos[unsigned(type)].name;
}

Ty dlc::ptxsim::typeByName(llvm::StringRef name) {
  return llvm::StringSwitch<Ty>(name)
#define PTX_TYPE(ID, NAME, BITS, KIND) .Case(NAME, Ty::ID)
#include "Types.def"
      .Default(Ty::None);
}

llvm::StringRef dlc::ptxsim::nameOf(Op op) {
  static const char *const names[] = {
#define PTX_OP(ID, NAME, MIN, MAX, MODS) NAME,
#include "Instructions.def"
  };
  return names[unsigned(op)];
}

unsigned Instruction::vectorWidth() const {
  for (llvm::StringRef m : mods) {
    if (m == "v2")
      return 2;
    if (m == "v4")
      return 4;
    if (m == "v8")
      return 8;
  }
  return 1;
}

Space Instruction::space() const {
  for (llvm::StringRef m : mods) {
    Space s =
        llvm::StringSwitch<Space>(m)
            .Case("global", Space::Global)
            .Cases({"shared", "shared::cta", "shared::cluster"}, Space::Shared)
            .Case("local", Space::Local)
            .Case("const", Space::Const)
            .Cases({"param", "param::entry", "param::func"}, Space::Param)
            .Default(Space::Generic);
    if (s != Space::Generic)
      return s;
  }
  return Space::Generic;
}
