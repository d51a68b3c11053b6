//===- Lexer.cpp - Tokens of PTX ------------------------------------------===//

#include "Lexer.h"

#include "llvm/ADT/APFloat.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Error.h"

using namespace dlc::ptxsim;

static bool isIdentifierChar(char c) {
  return llvm::isAlnum(c) || c == '_' || c == '$';
}

Token Lexer::make(Token::Kind kind, size_t begin, size_t end) const {
  Token token;
  token.kind = kind;
  token.line = line;
  token.text = text.slice(begin, end);
  return token;
}

/// Skips blanks and comments. False: a comment does not end.
bool Lexer::skipBlanks() {
  while (pos < text.size()) {
    char c = text[pos];
    if (c == '\n') {
      ++line;
      ++pos;
    } else if (llvm::isSpace(c)) {
      ++pos;
    } else if (text.substr(pos, 2) == "//") {
      pos = std::min(text.find('\n', pos), text.size());
    } else if (text.substr(pos, 2) == "/*") {
      size_t end = text.find("*/", pos + 2);
      if (end == llvm::StringRef::npos)
        return false;
      line += text.slice(pos, end).count('\n');
      pos = end + 2;
    } else {
      return true;
    }
  }
  return true;
}

Token Lexer::lexNumber() {
  size_t begin = pos;
  while (pos < text.size() &&
         (llvm::isAlnum(text[pos]) || text[pos] == '.' ||
          ((text[pos] == '+' || text[pos] == '-') &&
           !text.slice(begin, pos).starts_with("0x") &&
           (text[pos - 1] == 'e' || text[pos - 1] == 'E') &&
           text.slice(begin, pos).contains('.'))))
    ++pos;
  Token token = make(Token::Invalid, begin, pos);
  llvm::StringRef digits = token.text;
  // 0fXXXXXXXX and 0dXXXXXXXXXXXXXXXX are the bits of a float
  if (digits.size() > 2 && digits[0] == '0' &&
      llvm::StringRef("fFdD").contains(digits[1])) {
    bool isSingle = llvm::toLower(digits[1]) == 'f';
    if (digits.size() == (isSingle ? 10u : 18u) &&
        !digits.drop_front(2).getAsInteger(16, token.value))
      token.kind = isSingle ? Token::Float32 : Token::Float64;
    return token;
  }
  if (digits.contains('.')) {
    llvm::APFloat value(llvm::APFloat::IEEEdouble());
    auto status =
        value.convertFromString(digits, llvm::APFloat::rmNearestTiesToEven);
    if (!status) {
      llvm::consumeError(status.takeError());
      return token;
    }
    token.kind = Token::Float64;
    token.value = value.bitcastToAPInt().getZExtValue();
    return token;
  }
  llvm::StringRef number = digits;
  number.consume_back("U");
  if (!number.getAsInteger(0, token.value))
    token.kind = Token::Integer;
  return token;
}

Token Lexer::next() {
  if (!skipBlanks()) {
    Token token = make(Token::Invalid, pos, pos + 2);
    pos = text.size();
    return token;
  }
  if (pos >= text.size())
    return make(Token::End, pos, pos);
  size_t begin = pos;
  char c = text[pos];
  if (llvm::isDigit(c))
    return lexNumber();
  if (isIdentifierChar(c) || c == '%') {
    ++pos;
    while (pos < text.size() && isIdentifierChar(text[pos]))
      ++pos;
    return make(Token::Identifier, begin, pos);
  }
  if (c == '.' && pos + 1 < text.size() && isIdentifierChar(text[pos + 1])) {
    ++pos;
    while (pos < text.size()) {
      if (isIdentifierChar(text[pos]))
        ++pos;
      else if (text.substr(pos, 2) == "::" && pos + 2 < text.size() &&
               isIdentifierChar(text[pos + 2]))
        pos += 2;
      else
        break;
    }
    return make(Token::Dotted, begin + 1, pos);
  }
  if (c == '"') {
    size_t end = text.find('"', pos + 1);
    if (end == llvm::StringRef::npos || text.slice(pos, end).contains('\n')) {
      pos = text.size();
      return make(Token::Invalid, begin, begin + 1);
    }
    pos = end + 1;
    return make(Token::String, begin + 1, end);
  }
  ++pos;
  bool known = llvm::StringRef("()[]{}<>,;:@!|+-=*&~").contains(c);
  return make(known ? Token::Punctuation : Token::Invalid, begin, pos);
}
