//===- Parser.cpp - PTX text to IR: module scope --------------------------===//

#include "Parser.h"

#include "llvm/ADT/APFloat.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/Support/MathExtras.h"

#include <cstring>

using namespace dlc::ptxsim;

/// Variables above this size are taken for a damaged text.
static constexpr uint64_t maxVariableBytes = uint64_t(1) << 40;
/// Initialised or shared ones are kept in memory by the parser.
static constexpr uint64_t maxInitializedBytes = uint64_t(1) << 30;

llvm::Expected<std::unique_ptr<ModuleIR>>
dlc::ptxsim::parsePTX(llvm::StringRef text) {
  auto module = std::make_unique<ModuleIR>();
  // PTX in a fatbinary ends in a null character
  module->text = text.take_until([](char c) { return c == 0; }).str();
  Parser parser(*module);
  if (parser.parseModule())
    return llvm::createStringError(parser.error());
  return module;
}

//===----------------------------------------------------------------------===//
// Tokens
//===----------------------------------------------------------------------===//

void Parser::advance() {
  previousEnd = token.text.end();
  token = lexer.next();
}

bool Parser::failAt(unsigned line, const llvm::Twine &what) {
  if (message.empty())
    message = ("PTX line " + llvm::Twine(line) + ": " + what).str();
  return true;
}

bool Parser::fail(const llvm::Twine &what) {
  if (token.kind == Token::Invalid)
    return failAt(token.line, "unreadable text '" + token.text + "'");
  return failAt(token.line, what);
}

llvm::StringRef Parser::describeToken() const {
  return token.kind == Token::End ? "the end of the text" : token.text;
}

bool Parser::accept(char c) {
  if (!token.is(c))
    return false;
  advance();
  return true;
}

bool Parser::expect(char c) {
  if (accept(c))
    return false;
  return fail("expected '" + llvm::Twine(c) + "', found '" + describeToken() +
              "'");
}

bool Parser::parseInteger(uint64_t &value, llvm::StringRef what) {
  bool negative = accept('-');
  if (token.kind != Token::Integer)
    return fail("expected " + what + ", found '" + describeToken() + "'");
  value = negative ? -token.value : token.value;
  advance();
  return false;
}

//===----------------------------------------------------------------------===//
// Directives of the module
//===----------------------------------------------------------------------===//

bool Parser::parseModule() {
  while (token.kind != Token::End)
    if (parseDirective())
      return true;
  if (module.version == 0)
    return fail("no .version directive: this is not PTX");
  return false;
}

bool Parser::parseDirective() {
  if (accept(';'))
    return false;
  if (token.kind != Token::Dotted)
    return fail("expected a directive, found '" + describeToken() + "'");
  llvm::StringRef name = token.text;
  if (name == "file" || name == "loc" || name == "pragma" || name == "alias") {
    bool isStatement = name == "pragma" || name == "alias";
    unsigned line = token.line;
    if (name == "alias")
      return fail("'.alias' is not supported");
    advance();
    if (isStatement)
      return skipToSemicolon();
    // .file and .loc end with their line
    while (token.kind != Token::End && token.line == line)
      advance();
    return false;
  }
  if (name == "section")
    return skipSection();
  if (name == "version")
    return parseVersion();
  if (name == "target")
    return parseTarget();
  if (name == "address_size") {
    advance();
    uint64_t size = 0;
    if (parseInteger(size, "an address size"))
      return true;
    return size == 64 ? false : fail("only .address_size 64 is supported");
  }
  return parseLinkage();
}

bool Parser::parseVersion() {
  advance();
  if (token.kind != Token::Float64)
    return fail("expected a version, found '" + describeToken() + "'");
  auto [major, minor] = token.text.split('.');
  unsigned majorValue = 0, minorValue = 0;
  if (major.getAsInteger(10, majorValue) ||
      minor.getAsInteger(10, minorValue) || minorValue > 9)
    return fail("expected a version, found '" + token.text + "'");
  if (majorValue > 9 || majorValue < 1)
    return fail("PTX version " + token.text +
                " is not supported (up to 9.x is)");
  module.version = 10 * majorValue + minorValue;
  advance();
  return false;
}

bool Parser::parseTarget() {
  do {
    advance();
    llvm::StringRef name = token.text;
    if (token.kind != Token::Identifier)
      return fail("expected a target, found '" + describeToken() + "'");
    if (name.consume_front("sm_") && name.consumeInteger(10, module.target))
      return fail("unknown target '" + token.text + "'");
    advance();
  } while (token.is(','));
  return false;
}

bool Parser::skipToSemicolon() {
  while (token.kind != Token::End && !token.is(';'))
    advance();
  return expect(';');
}

/// `.section .debug_info { ... }`
bool Parser::skipSection() {
  while (token.kind != Token::End && !token.is('{'))
    advance();
  while (token.kind != Token::End && !token.is('}'))
    advance();
  return expect('}');
}

bool Parser::parseLinkage() {
  bool isExtern = false;
  while (true) {
    if (token.isDotted("extern")) {
      isExtern = true;
    } else if (!token.isDotted("visible") && !token.isDotted("weak") &&
               !token.isDotted("common")) {
      break;
    }
    advance();
  }
  llvm::StringRef name = token.kind == Token::Dotted ? token.text : "";
  if (name == "entry" || name == "func")
    return parseFunction(name == "entry");
  Space space = llvm::StringSwitch<Space>(name)
                    .Case("global", Space::Global)
                    .Case("const", Space::Const)
                    .Case("shared", Space::Shared)
                    .Default(Space::Generic);
  if (space == Space::Generic)
    return fail("unknown directive '" + describeToken() + "'");
  advance();
  return parseVariables(space, isExtern);
}

//===----------------------------------------------------------------------===//
// Variables
//===----------------------------------------------------------------------===//

/// [.attribute(...)] [.align N] [.v2] .type name [bounds]
bool Parser::parseDeclarator(Declarator &decl) {
  while (token.kind == Token::Dotted) {
    llvm::StringRef name = token.text;
    advance();
    if (name == "align") {
      if (parseInteger(decl.align, "an alignment"))
        return true;
      if (!llvm::isPowerOf2_64(decl.align) || decl.align > 4096)
        return fail("alignment " + llvm::Twine(decl.align) +
                    " is not a power of two up to 4096");
    } else if (name == "v2") {
      decl.vector = 2;
    } else if (name == "v4") {
      decl.vector = 4;
    } else if (name == "attribute") {
      while (token.kind != Token::End && !token.is(')'))
        advance();
      if (expect(')'))
        return true;
    } else if (name == "ptr") {
      // .ptr .global .align 16: what a pointer parameter points to
      if (token.kind == Token::Dotted && !token.isDotted("align"))
        advance();
      uint64_t align = 0;
      if (token.isDotted("align")) {
        advance();
        if (parseInteger(align, "an alignment"))
          return true;
      }
    } else {
      decl.type = typeByName(name);
      if (decl.type == Ty::None)
        return fail("unknown type '." + name + "'");
    }
  }
  if (decl.type == Ty::None)
    return fail("expected a type, found '" + describeToken() + "'");
  if (token.kind != Token::Identifier)
    return fail("expected a name, found '" + describeToken() + "'");
  decl.name = token.text;
  advance();
  if (decl.align == 0)
    decl.align = bytesOf(decl.type) * decl.vector;
  return parseArrayBounds(decl);
}

bool Parser::parseArrayBounds(Declarator &decl) {
  decl.bytes = uint64_t(bytesOf(decl.type)) * decl.vector;
  while (accept('[')) {
    if (accept(']')) {
      decl.isUnsized = true;
      continue;
    }
    uint64_t count = 0;
    if (parseInteger(count, "an array bound"))
      return true;
    bool overflow = false;
    decl.bytes = llvm::SaturatingMultiply(decl.bytes, count, &overflow);
    if (overflow || decl.bytes > maxVariableBytes)
      return fail("variable '" + decl.name + "' is too large");
    if (expect(']'))
      return true;
  }
  return false;
}

bool Parser::parseVariables(Space space, bool isExtern) {
  Declarator decl;
  if (parseDeclarator(decl))
    return true;
  while (true) {
    VariableDecl var;
    var.name = decl.name;
    var.space = space;
    var.align = decl.align;
    var.isExtern = isExtern;
    var.bytes = decl.bytes;
    if (token.is('=')) {
      if (space == Space::Shared)
        return fail("shared variables have no initial value");
      advance();
      if (parseInitializer(var, decl))
        return true;
    } else if (decl.isUnsized) {
      if (!isExtern)
        return fail("variable '" + decl.name + "' has no size");
      var.bytes = 0;
    }
    if (isExtern && space != Space::Shared)
      return fail("variable '" + decl.name +
                  "' is external; linking modules is not supported");
    module.variables.push_back(std::move(var));
    if (define(decl.name, {Symbol::Other, SymbolKind::Variable,
                           unsigned(module.variables.size() - 1)}))
      return true;
    if (!accept(','))
      return expect(';');
    if (token.kind != Token::Identifier)
      return fail("expected a name, found '" + describeToken() + "'");
    decl.name = token.text;
    advance();
    if (parseArrayBounds(decl))
      return true;
  }
}

bool Parser::parseInitializer(VariableDecl &var, const Declarator &decl) {
  uint64_t offset = 0;
  if (!decl.isUnsized) {
    if (var.bytes > maxInitializedBytes)
      return fail("variable '" + decl.name + "' is too large");
    var.init.resize(var.bytes);
  }
  if (token.is('{') ? parseInitializerList(var, decl, offset)
                    : parseInitializerValue(var, decl, offset))
    return true;
  if (decl.isUnsized)
    var.bytes = var.init.size();
  return false;
}

bool Parser::parseInitializerList(VariableDecl &var, const Declarator &decl,
                                  uint64_t &offset) {
  // nested braces only group values: all inner lists of PTX are full or last
  unsigned depth = 0;
  do {
    if (accept('{')) {
      ++depth;
    } else if (accept('}')) {
      --depth;
      accept(',');
    } else {
      if (parseInitializerValue(var, decl, offset))
        return true;
      accept(',');
    }
  } while (depth > 0 && token.kind != Token::End);
  return depth > 0 ? fail("initial value does not end") : false;
}

bool Parser::parseInitializerValue(VariableDecl &var, const Declarator &decl,
                                   uint64_t &offset) {
  unsigned bytes = bytesOf(decl.type);
  if (decl.isUnsized)
    var.init.resize(offset + bytes);
  if (offset + bytes > var.init.size())
    return fail("too many initial values for '" + decl.name + "'");
  bool negative = accept('-');
  uint64_t value = token.value;
  switch (token.kind) {
  case Token::Integer:
    if (negative)
      value = -value;
    advance();
    if (accept('(')) { // 0xFF00(symbol): one byte of an address
      unsigned shift = value ? llvm::countr_zero(value) / 8 : 0;
      if (parseInitializerAddress(var, offset, 1, shift) || expect(')'))
        return true;
      offset += bytes;
      return false;
    }
    if (decl.type == Ty::F64)
      value = llvm::bit_cast<uint64_t>(double(int64_t(value)));
    else if (decl.type == Ty::F32)
      value = llvm::bit_cast<uint32_t>(float(int64_t(value)));
    break;
  case Token::Float32:
    if (negative)
      value ^= 0x80000000u;
    if (decl.type == Ty::F64)
      value = llvm::bit_cast<uint64_t>(
          double(llvm::bit_cast<float>(uint32_t(value))));
    advance();
    break;
  case Token::Float64:
    if (negative)
      value ^= uint64_t(1) << 63;
    if (decl.type == Ty::F32)
      value = llvm::bit_cast<uint32_t>(float(llvm::bit_cast<double>(value)));
    advance();
    break;
  case Token::Identifier:
    if (parseInitializerAddress(var, offset, bytes, 0))
      return true;
    offset += bytes;
    return false;
  default:
    return fail("expected an initial value, found '" + describeToken() + "'");
  }
  std::memcpy(var.init.data() + offset, &value, bytes);
  offset += bytes;
  return false;
}

/// symbol, symbol+4, generic(symbol), generic(symbol)+4
bool Parser::parseInitializerAddress(VariableDecl &var, uint64_t offset,
                                     unsigned bytes, unsigned shift) {
  bool isGeneric = token.text == "generic";
  if (isGeneric) {
    advance();
    if (expect('('))
      return true;
  }
  const Symbol *symbol =
      token.kind == Token::Identifier ? lookup(token.text) : nullptr;
  if (!symbol || symbol->kind != Symbol::Other)
    return fail("unknown name '" + describeToken() + "' in an initial value");
  if (symbol->symbol != SymbolKind::Variable)
    return fail("addresses of functions are not supported");
  if (module.variables[symbol->index].space == Space::Shared)
    return fail("a shared variable in an initial value");
  Relocation relocation;
  relocation.offset = offset;
  relocation.variable = symbol->index;
  relocation.bytes = bytes;
  relocation.shift = shift;
  advance();
  if (isGeneric && expect(')'))
    return true;
  if (parseOffset(relocation.addend))
    return true;
  var.relocations.push_back(relocation);
  return false;
}

//===----------------------------------------------------------------------===//
// Functions
//===----------------------------------------------------------------------===//

/// Lays out parameters one behind the other, each aligned.
static uint64_t layOut(std::vector<StorageDecl> &list) {
  uint64_t end = 0;
  for (StorageDecl &decl : list) {
    decl.offset = llvm::alignTo(end, decl.align);
    end = decl.offset + decl.bytes;
  }
  return end;
}

bool Parser::parseFunction(bool isEntry) {
  const char *begin = token.text.begin() - 1;
  auto parsed = std::make_unique<FunctionIR>();
  function = parsed.get();
  function->isEntry = isEntry;
  function->line = token.line;
  labels.clear();
  targetLists.clear();
  pendingLabels.clear();
  pendingTargets.clear();
  advance();
  scopes.emplace_back();
  if (token.is('(') &&
      parseParameterList(function->returns, SymbolKind::Return))
    return true;
  if (token.kind != Token::Identifier)
    return fail("expected a function's name, found '" + describeToken() + "'");
  function->name = token.text;
  advance();
  if (token.is('(') && parseParameterList(function->params, SymbolKind::Param))
    return true;
  layOut(function->returns);
  function->paramBytes = layOut(function->params);

  // a declaration may have come before
  unsigned index = module.functions.size();
  if (const Symbol *old = lookup(function->name)) {
    if (old->kind != Symbol::Other || old->symbol != SymbolKind::Function)
      return fail("'" + function->name + "' is already a variable");
    index = old->index;
    if (module.functions[index]->hasBody)
      return fail("function '" + function->name + "' is defined twice");
    if (module.functions[index]->params.size() != function->params.size())
      return fail("function '" + function->name +
                  "' was declared with other parameters");
    module.functions[index] = std::move(parsed);
  } else {
    module.functions.push_back(std::move(parsed));
    scopes.front().symbols[function->name] = {Symbol::Other,
                                              SymbolKind::Function, index};
  }
  if (parseFunctionDirectives())
    return true;
  if (!accept(';')) {
    if (parseBody())
      return true;
  }
  function->text = llvm::StringRef(begin, previousEnd - begin);
  scopes.pop_back();
  function = nullptr;
  return false;
}

bool Parser::parseParameterList(std::vector<StorageDecl> &list,
                                SymbolKind kind) {
  if (expect('('))
    return true;
  if (accept(')'))
    return false;
  do {
    if (!token.isDotted("param"))
      return fail("expected '.param', found '" + describeToken() +
                  "' (register parameters are not supported)");
    advance();
    Declarator decl;
    if (parseDeclarator(decl))
      return true;
    StorageDecl storage;
    storage.name = decl.name;
    storage.bytes = decl.bytes;
    storage.align = decl.align;
    if (storage.bytes > maxInitializedBytes || decl.isUnsized)
      return fail("parameter '" + decl.name + "' has no usable size");
    list.push_back(storage);
    if (define(decl.name, {Symbol::Other, kind, unsigned(list.size() - 1)}))
      return true;
  } while (accept(','));
  return expect(')');
}

bool Parser::parseFunctionDirectives() {
  while (token.kind == Token::Dotted) {
    llvm::StringRef name = token.text;
    advance();
    uint32_t *limits = name == "maxntid"   ? function->maxThreads
                       : name == "reqntid" ? function->requiredThreads
                                           : nullptr;
    bool takesNumbers = limits || name == "minnctapersm" || name == "maxnreg" ||
                        name == "maxnctapersm" || name == "maxclusterrank" ||
                        name == "reqnctapercluster";
    if (takesNumbers) {
      uint64_t values[3] = {1, 1, 1};
      unsigned count = 0;
      do {
        if (count == 3)
          return fail("too many values of '." + name + "'");
        if (parseInteger(values[count], "a number"))
          return true;
        if (values[count] == 0 || values[count] > 0x7fffffff)
          return fail("wrong value of '." + name + "'");
        ++count;
      } while (accept(','));
      for (unsigned i = 0; limits && i < 3; ++i)
        limits[i] = values[i];
    } else if (name == "pragma") {
      if (skipToSemicolon())
        return true;
    } else if (name != "noreturn") {
      return fail("unsupported directive '." + name + "' of function '" +
                  function->name + "'");
    }
  }
  return false;
}

//===----------------------------------------------------------------------===//
// Names
//===----------------------------------------------------------------------===//

bool Parser::define(llvm::StringRef name, Symbol symbol) {
  if (!scopes.back().symbols.try_emplace(name, symbol).second)
    return fail("'" + name + "' is defined twice");
  return false;
}

const Parser::Symbol *Parser::lookup(llvm::StringRef name) {
  for (size_t i = scopes.size(); i-- > 0;) {
    auto it = scopes[i].symbols.find(name);
    if (it != scopes[i].symbols.end())
      return &it->second;
  }
  return nullptr;
}
