//===- Parser.h - PTX text to IR -------------------------------*- C++ -*-===//

#ifndef DLC_LIB_PTXSIM_PARSER_H
#define DLC_LIB_PTXSIM_PARSER_H

#include "IR.h"
#include "Lexer.h"

#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/Twine.h"
#include "llvm/Support/Error.h"

namespace dlc::ptxsim {

/// Parses a whole text. An error names the line and what was wrong there.
llvm::Expected<std::unique_ptr<ModuleIR>> parsePTX(llvm::StringRef text);

/// The recursive-descent parser. Functions return true on an error, which is
/// kept in `message`, as in LLVM's own parsers.
class Parser {
public:
  explicit Parser(ModuleIR &module) : module(module), lexer(module.text) {
    advance();
  }

  bool parseModule();
  const std::string &error() const { return message; }

private:
  struct Symbol {
    enum Kind : uint8_t { Register, Other } kind = Other;
    SymbolKind symbol = SymbolKind::Variable;
    unsigned index = 0;
  };
  /// `.reg .b32 %r<10>`: names %r0 to %r9, numbered from `first`.
  struct RegisterRange {
    unsigned first = 0;
    unsigned count = 0;
    Ty type = Ty::None;
  };
  /// A `{}` of a function body.
  struct Scope {
    llvm::StringMap<Symbol> symbols;
    llvm::StringMap<RegisterRange> ranges;
  };
  /// What a variable declaration says before and behind its name.
  struct Declarator {
    llvm::StringRef name;
    Ty type = Ty::None;
    unsigned vector = 1;
    uint64_t align = 0;
    uint64_t bytes = 0;
    bool isUnsized = false;
  };

  // Tokens
  void advance();
  bool fail(const llvm::Twine &what);
  bool failAt(unsigned line, const llvm::Twine &what);
  bool expect(char c);
  bool accept(char c);
  bool parseInteger(uint64_t &value, llvm::StringRef what);
  llvm::StringRef describeToken() const;

  // Module scope
  bool parseDirective();
  bool parseVersion();
  bool parseTarget();
  bool skipToSemicolon();
  bool skipSection();
  bool parseLinkage();
  bool parseVariables(Space space, bool isExtern);
  bool parseDeclarator(Declarator &decl);
  bool parseArrayBounds(Declarator &decl);
  bool parseInitializer(VariableDecl &var, const Declarator &decl);
  bool parseInitializerList(VariableDecl &var, const Declarator &decl,
                            uint64_t &offset);
  bool parseInitializerValue(VariableDecl &var, const Declarator &decl,
                             uint64_t &offset);
  bool parseInitializerAddress(VariableDecl &var, uint64_t offset,
                               unsigned bytes, unsigned shift);
  bool parseFunction(bool isEntry);
  bool parseParameterList(std::vector<StorageDecl> &list, SymbolKind kind);
  bool parseFunctionDirectives();

  // Function bodies (ParseBody.cpp)
  bool parseBody();
  bool parseStatement(bool &isEnd);
  bool parseBodyDirective();
  bool parseRegisters();
  bool parseStorage(Space space);
  bool parseBranchTargets(llvm::StringRef label);
  bool parseInstruction();
  bool parseOpcode(Instruction &inst);
  bool parseGuard(Instruction &inst);
  bool parseOperands(Instruction &inst);
  bool parseOperand(Operand &operand);
  bool parseSimpleOperand(Operand &operand);
  bool parseNumber(Operand &operand, bool negative);
  bool parseNamed(Operand &operand);
  bool parseLabel(Operand &operand);
  bool parseSpecial(Operand &operand, llvm::StringRef name);
  bool parseAddress(Operand &operand);
  bool parseList(Operand &operand, char close);
  bool parseOffset(int64_t &value);
  bool defineLabel(llvm::StringRef name, unsigned line);
  bool resolveLabels();

  const Symbol *lookup(llvm::StringRef name);
  bool lookupRegister(llvm::StringRef name, unsigned &index);
  bool define(llvm::StringRef name, Symbol symbol);

  ModuleIR &module;
  Lexer lexer;
  Token token;
  /// Where the previous token ended.
  const char *previousEnd = nullptr;
  std::string message;
  std::vector<Scope> scopes{1};

  // The function being parsed
  FunctionIR *function = nullptr;
  llvm::StringMap<unsigned> labels;
  llvm::StringMap<unsigned> targetLists;
  struct PendingLabel {
    unsigned instruction;
    unsigned operand;
    llvm::StringRef name;
    unsigned line;
  };
  std::vector<PendingLabel> pendingLabels;
  struct PendingTarget {
    unsigned list;
    llvm::StringRef name;
    unsigned line;
  };
  std::vector<PendingTarget> pendingTargets;
};

} // namespace dlc::ptxsim

#endif // DLC_LIB_PTXSIM_PARSER_H
