//===- ParseBody.cpp - PTX text to IR: function bodies --------------------===//

#include "Parser.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/Support/MathExtras.h"

using namespace dlc::ptxsim;

/// More registers than any compiler makes: the text is damaged.
static constexpr uint64_t maxRegisters = 1 << 20;
static constexpr uint64_t maxFrameBytes = 1 << 20;
static constexpr unsigned maxNesting = 64;

namespace {
struct OpInfo {
  Op op;
  unsigned least, most;
  llvm::StringRef mods;
};
} // namespace

static const OpInfo opInfos[] = {
#define PTX_OP(ID, NAME, MIN, MAX, MODS) {Op::ID, MIN, MAX, MODS},
#include "Instructions.def"
};

static std::optional<Op> opByName(llvm::StringRef name) {
  static const llvm::StringMap<Op> map = [] {
    llvm::StringMap<Op> names;
#define PTX_OP(ID, NAME, MIN, MAX, MODS) names[NAME] = Op::ID;
#include "Instructions.def"
    return names;
  }();
  auto it = map.find(name);
  if (it == map.end())
    return std::nullopt;
  return it->second;
}

/// The names behind "@round" and so on.
static llvm::StringRef modifierGroup(llvm::StringRef name) {
  return llvm::StringSwitch<llvm::StringRef>(name)
      .Case("@round", "rn rz rm rp rni rzi rmi rpi rna")
      .Case("@cmp", "eq ne lt le gt ge lo ls hi hs equ neu ltu leu gtu geu num "
                    "nan")
      .Case("@space", "global shared local const param shared::cta "
                      "shared::cluster param::entry param::func")
      .Case("@order", "weak volatile relaxed acquire release acq_rel sc mmio "
                      "cta cluster gpu gl sys proxy alias async "
                      "async::generic async.global async.shared::cta global "
                      "shared::cta mbarrier_init")
      .Case("@cache", "ca cg cs lu cv wb wt L1::evict_normal "
                      "L1::evict_unchanged L1::evict_first L1::evict_last "
                      "L1::no_allocate L2::evict_last L2::evict_normal "
                      "L2::evict_first L2::evict_unchanged L2::cache_hint "
                      "L2::64B L2::128B L2::256B")
      .Default("");
}

static bool listHas(llvm::StringRef list, llvm::StringRef mod) {
  while (!list.empty()) {
    llvm::StringRef word;
    std::tie(word, list) = list.split(' ');
    if (word == mod || word == "*" ||
        (word.starts_with("@") && listHas(modifierGroup(word), mod)))
      return true;
  }
  return false;
}

//===----------------------------------------------------------------------===//
// Statements
//===----------------------------------------------------------------------===//

bool Parser::parseBody() {
  if (expect('{'))
    return true;
  function->hasBody = true;
  scopes.emplace_back();
  size_t outer = scopes.size();
  while (scopes.size() >= outer) {
    bool isEnd = false;
    if (parseStatement(isEnd))
      return true;
  }
  return resolveLabels();
}

bool Parser::parseStatement(bool &isEnd) {
  if (accept(';'))
    return false;
  if (token.is('{')) {
    if (scopes.size() > maxNesting)
      return fail("blocks are nested too deeply");
    advance();
    scopes.emplace_back();
    return false;
  }
  if (token.is('}')) {
    advance();
    scopes.pop_back();
    return false;
  }
  if (token.kind == Token::Dotted)
    return parseBodyDirective();
  if (token.kind == Token::Identifier || token.is('@'))
    return parseInstruction();
  return fail("expected an instruction in function '" + function->name +
              "', found '" + describeToken() + "'");
}

bool Parser::parseBodyDirective() {
  llvm::StringRef name = token.text;
  unsigned line = token.line;
  if (name == "loc") {
    while (token.kind != Token::End && token.line == line)
      advance();
    return false;
  }
  if (name == "pragma")
    return skipToSemicolon();
  if (name == "reg")
    return parseRegisters();
  if (name == "local" || name == "param") {
    advance();
    return parseStorage(name == "local" ? Space::Local : Space::Param);
  }
  if (name == "shared" || name == "extern" || name == "global" ||
      name == "const")
    return parseLinkage();
  return fail("unsupported directive '." + name + "' in function '" +
              function->name + "'");
}

bool Parser::parseRegisters() {
  advance();
  if (token.kind != Token::Dotted)
    return fail("expected a register type, found '" + describeToken() + "'");
  Ty type = typeByName(token.text);
  if (type == Ty::None)
    return fail("unknown register type '." + token.text + "'");
  advance();
  do {
    if (token.kind != Token::Identifier)
      return fail("expected a register's name, found '" + describeToken() +
                  "'");
    llvm::StringRef name = token.text;
    advance();
    uint64_t count = 1;
    bool isRange = accept('<');
    if (isRange &&
        (parseInteger(count, "a number of registers") || expect('>')))
      return true;
    unsigned first = function->registers.size();
    if (count > maxRegisters || first + count > maxRegisters)
      return fail("too many registers");
    if (isRange)
      scopes.back().ranges[name] = {first, unsigned(count), type};
    else if (define(name, {Symbol::Register, SymbolKind::Variable, first}))
      return true;
    function->registers.resize(first + count, RegisterDecl{name, type});
  } while (accept(','));
  return expect(';');
}

bool Parser::parseStorage(Space space) {
  Declarator decl;
  if (parseDeclarator(decl))
    return true;
  if (decl.isUnsized || decl.bytes > maxFrameBytes)
    return fail("variable '" + decl.name + "' has no usable size");
  StorageDecl storage;
  storage.name = decl.name;
  storage.bytes = decl.bytes;
  storage.align = decl.align;
  bool isLocal = space == Space::Local;
  auto &list = isLocal ? function->locals : function->callParams;
  if (isLocal) {
    storage.offset = llvm::alignTo(function->localBytes, storage.align);
    function->localBytes = storage.offset + storage.bytes;
    if (function->localBytes > maxFrameBytes)
      return fail("too much local memory in function '" + function->name + "'");
  }
  list.push_back(storage);
  if (define(decl.name, {Symbol::Other,
                         isLocal ? SymbolKind::Local : SymbolKind::CallParam,
                         unsigned(list.size() - 1)}))
    return true;
  return expect(';');
}

//===----------------------------------------------------------------------===//
// Labels
//===----------------------------------------------------------------------===//

bool Parser::defineLabel(llvm::StringRef name, unsigned line) {
  if (!labels.try_emplace(name, function->body.size()).second)
    return failAt(line, "label '" + name + "' is defined twice");
  return false;
}

/// `name: .branchtargets a, b, c;`
bool Parser::parseBranchTargets(llvm::StringRef label) {
  advance();
  unsigned list = function->targetLists.size();
  function->targetLists.emplace_back();
  if (!targetLists.try_emplace(label, list).second)
    return fail("label '" + label + "' is defined twice");
  do {
    if (token.kind != Token::Identifier)
      return fail("expected a label, found '" + describeToken() + "'");
    pendingTargets.push_back({list, token.text, token.line});
    advance();
  } while (accept(','));
  return expect(';');
}

bool Parser::resolveLabels() {
  for (const PendingTarget &target : pendingTargets) {
    auto it = labels.find(target.name);
    if (it == labels.end())
      return failAt(target.line, "unknown label '" + target.name + "'");
    function->targetLists[target.list].push_back(it->second);
  }
  for (const PendingLabel &use : pendingLabels) {
    Operand &operand = function->body[use.instruction].operands[use.operand];
    if (auto it = targetLists.find(use.name); it != targetLists.end()) {
      operand.kind = Operand::LabelList;
      operand.index = it->second;
      continue;
    }
    auto it = labels.find(use.name);
    if (it == labels.end())
      return failAt(use.line, "unknown name '" + use.name + "'");
    operand.kind = Operand::Label;
    operand.index = it->second;
  }
  return false;
}

//===----------------------------------------------------------------------===//
// Instructions
//===----------------------------------------------------------------------===//

bool Parser::parseGuard(Instruction &inst) {
  if (!accept('@'))
    return false;
  inst.guardNegated = accept('!');
  unsigned index = 0;
  if (token.kind != Token::Identifier || !lookupRegister(token.text, index))
    return fail("unknown predicate '" + describeToken() + "'");
  if (function->registers[index].type != Ty::Pred)
    return fail("'" + token.text + "' is not a predicate");
  inst.guard = int(index);
  advance();
  return false;
}

bool Parser::parseInstruction() {
  if (token.kind == Token::Identifier) {
    // A label? One token of lookahead is enough: no opcode is followed by ':'.
    Token first = token;
    Lexer saved = lexer;
    if (lexer.next().is(':')) {
      advance();
      if (token.isDotted("branchtargets"))
        return parseBranchTargets(first.text);
      if (token.isDotted("callprototype") || token.isDotted("calltargets"))
        return fail("indirect calls are not supported ('." + token.text + "')");
      return defineLabel(first.text, first.line);
    }
    lexer = saved;
  }
  Instruction inst;
  inst.line = token.line;
  const char *begin = token.text.begin();
  if (parseGuard(inst) || parseOpcode(inst) || parseOperands(inst))
    return true;
  inst.text = llvm::StringRef(begin, token.text.begin() - begin).rtrim();
  if (expect(';'))
    return true;
  function->body.push_back(std::move(inst));
  return false;
}

bool Parser::parseOpcode(Instruction &inst) {
  if (token.kind != Token::Identifier)
    return fail("expected an instruction, found '" + describeToken() + "'");
  llvm::StringRef name = token.text;
  unsigned line = token.line;
  const char *begin = name.begin();
  std::optional<Op> op = opByName(name);
  advance();
  while (token.kind == Token::Dotted) {
    Ty type = typeByName(token.text);
    if (type != Ty::None)
      inst.types.push_back(type);
    else
      inst.mods.push_back(token.text);
    advance();
  }
  llvm::StringRef whole(begin, previousEnd - begin);
  if (!op)
    return failAt(line, "unknown instruction '" + whole + "'");
  if (*op == Op::CpAsync &&
      (inst.has("bulk") || inst.has("mbarrier") || inst.has("reduce")))
    op = Op::CpBulk;
  inst.op = *op;
  const OpInfo &info = opInfos[unsigned(*op)];
  for (llvm::StringRef mod : inst.mods)
    if (!listHas(info.mods, mod))
      return failAt(line, "unknown modifier '." + mod + "' of instruction '" +
                              whole + "'");
  return false;
}

bool Parser::parseOperands(Instruction &inst) {
  while (!token.is(';')) {
    Operand operand;
    // a label may have the name of a function or variable of the module
    if (inst.op == Op::Bra ? parseLabel(operand) : parseOperand(operand))
      return true;
    if (operand.kind == Operand::Label)
      pendingLabels.back().operand = inst.operands.size();
    inst.operands.push_back(std::move(operand));
    if (!accept(','))
      break;
  }
  if (!token.is(';'))
    return expect(';');
  const OpInfo &info = opInfos[unsigned(inst.op)];
  size_t count = inst.operands.size();
  if (count < info.least || count > info.most)
    return fail("wrong number of operands of '" + nameOf(inst.op) +
                "': " + llvm::Twine(count));
  return false;
}

//===----------------------------------------------------------------------===//
// Operands
//===----------------------------------------------------------------------===//

bool Parser::parseOperand(Operand &operand) {
  if (accept('['))
    return parseAddress(operand);
  if (accept('{'))
    return parseList(operand, '}');
  if (accept('('))
    return parseList(operand, ')');
  if (parseSimpleOperand(operand))
    return true;
  if (token.is('|')) {
    advance();
    Operand pair;
    pair.kind = Operand::Pair;
    pair.elements.push_back(std::move(operand));
    pair.elements.emplace_back();
    if (parseSimpleOperand(pair.elements.back()))
      return true;
    for (const Operand &element : pair.elements)
      if (element.kind == Operand::Label)
        return fail("a label in a pair of operands");
    operand = std::move(pair);
  }
  return false;
}

bool Parser::parseList(Operand &operand, char close) {
  operand.kind = Operand::Vector;
  if (accept(close))
    return false;
  do {
    operand.elements.emplace_back();
    if (parseSimpleOperand(operand.elements.back()))
      return true;
    if (operand.elements.back().kind == Operand::Label)
      return fail("a label in a list of operands");
  } while (accept(','));
  return expect(close);
}

bool Parser::parseOffset(int64_t &value) {
  value = 0;
  bool negative = token.is('-');
  if (!token.is('+') && !negative)
    return false;
  advance();
  uint64_t offset = 0;
  if (parseInteger(offset, "an offset"))
    return true;
  value = int64_t(negative ? -offset : offset);
  return false;
}

bool Parser::parseAddress(Operand &operand) {
  operand.kind = Operand::Address;
  operand.elements.emplace_back();
  Operand &base = operand.elements.back();
  if (parseSimpleOperand(base))
    return true;
  if (base.kind != Operand::Register && base.kind != Operand::Symbol &&
      base.kind != Operand::Integer)
    return fail("this is not an address");
  if (base.kind == Operand::Symbol) {
    std::swap(operand.value, base.value);
    return expect(']');
  }
  if (parseOffset(operand.value))
    return true;
  if (token.is(','))
    return fail("addresses of textures and tensors are not supported");
  return expect(']');
}

bool Parser::parseSimpleOperand(Operand &operand) {
  if (accept('!')) {
    if (parseNamed(operand))
      return true;
    operand.negated = true;
    return operand.kind == Operand::Register
               ? false
               : fail("'!' before something that is no predicate");
  }
  bool negative = accept('-');
  if (token.kind == Token::Integer || token.kind == Token::Float32 ||
      token.kind == Token::Float64)
    return parseNumber(operand, negative);
  if (negative)
    return fail("expected a number behind '-'");
  return parseNamed(operand);
}

bool Parser::parseNumber(Operand &operand, bool negative) {
  operand.value = int64_t(token.value);
  if (token.kind == Token::Integer) {
    operand.kind = Operand::Integer;
    if (negative)
      operand.value = int64_t(-token.value);
  } else if (token.kind == Token::Float32) {
    operand.kind = Operand::Float32;
    if (negative)
      operand.value ^= 0x80000000;
  } else {
    operand.kind = Operand::Float64;
    if (negative)
      operand.value = int64_t(token.value ^ (uint64_t(1) << 63));
  }
  advance();
  return false;
}

bool Parser::parseNamed(Operand &operand) {
  if (token.kind != Token::Identifier)
    return fail("expected an operand, found '" + describeToken() + "'");
  llvm::StringRef name = token.text;
  unsigned index = 0;
  if (name == "_") {
    operand.kind = Operand::Sink;
    advance();
    return false;
  }
  if (lookupRegister(name, index)) {
    operand.kind = Operand::Register;
    operand.index = index;
    advance();
    return false;
  }
  if (const Symbol *symbol = lookup(name)) {
    operand.kind = Operand::Symbol;
    operand.symbol = symbol->symbol;
    operand.index = symbol->index;
    advance();
    return parseOffset(operand.value);
  }
  if (name == "WARP_SZ") {
    operand.kind = Operand::Integer;
    operand.value = 32;
    advance();
    return false;
  }
  if (name.starts_with("%"))
    return parseSpecial(operand, name);
  return parseLabel(operand);
}

bool Parser::parseLabel(Operand &operand) {
  if (token.kind != Token::Identifier)
    return fail("expected a label, found '" + describeToken() + "'");
  // perhaps of a line still to come
  operand.kind = Operand::Label;
  pendingLabels.push_back(
      {unsigned(function->body.size()), 0, token.text, token.line});
  advance();
  return false;
}

bool Parser::parseSpecial(Operand &operand, llvm::StringRef name) {
  std::string whole = name.str();
  advance();
  if (token.kind == Token::Dotted) {
    whole += "." + token.text.str();
    advance();
  }
  int index = llvm::StringSwitch<int>(whole)
#define PTX_SPECIAL(ID, NAME, TYPE) .Case(NAME, int(Special::ID))
#include "Specials.def"
                  .Default(-1);
  if (index < 0)
    return fail("unknown register '" + whole + "'");
  operand.kind = Operand::SpecialReg;
  operand.index = unsigned(index);
  return false;
}

bool Parser::lookupRegister(llvm::StringRef name, unsigned &index) {
  for (size_t i = scopes.size(); i-- > 0;) {
    auto it = scopes[i].symbols.find(name);
    if (it != scopes[i].symbols.end()) {
      index = it->second.index;
      return it->second.kind == Symbol::Register;
    }
    // %r12 may be the range "%r" with number 12 or "%r1" with number 2
    for (size_t digits = 1; digits < name.size(); ++digits) {
      llvm::StringRef number = name.take_back(digits);
      if (!llvm::isDigit(number[0]))
        break;
      if (digits > 1 && number[0] == '0')
        continue;
      auto range = scopes[i].ranges.find(name.drop_back(digits));
      unsigned value = 0;
      if (range == scopes[i].ranges.end() || number.getAsInteger(10, value) ||
          value >= range->second.count)
        continue;
      index = range->second.first + value;
      function->registers[index].name = name;
      return true;
    }
  }
  return false;
}
