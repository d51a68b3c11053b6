//===- Lexer.h - Tokens of PTX ---------------------------------*- C++ -*-===//

#ifndef DLC_LIB_PTXSIM_LEXER_H
#define DLC_LIB_PTXSIM_LEXER_H

#include "llvm/ADT/StringRef.h"

#include <cstdint>

namespace dlc::ptxsim {

struct Token {
  enum Kind : uint8_t {
    End,
    Identifier,  ///< add, %r1, $L__BB0_1
    Dotted,      ///< .global, .L1::no_allocate; the text is without the dot
    Integer,     ///< bits in value
    Float32,     ///< 0f3F800000
    Float64,     ///< 0d..., 1.5
    String,      ///< without quotes
    Punctuation, ///< one character
    Invalid,     ///< the text is what could not be read
  };
  Kind kind = End;
  unsigned line = 1;
  llvm::StringRef text;
  uint64_t value = 0;

  bool is(char c) const {
    return kind == Punctuation && text.size() == 1 && text[0] == c;
  }
  bool isDotted(llvm::StringRef name) const {
    return kind == Dotted && text == name;
  }
};

/// Splits a text into tokens; comments are skipped.
class Lexer {
public:
  explicit Lexer(llvm::StringRef text) : text(text) {}
  Token next();

private:
  bool skipBlanks();
  Token make(Token::Kind kind, size_t begin, size_t end) const;
  Token lexNumber();

  llvm::StringRef text;
  size_t pos = 0;
  unsigned line = 1;
};

} // namespace dlc::ptxsim

#endif // DLC_LIB_PTXSIM_LEXER_H
