// script/syntax/tokens.h: what all parsers share: the next token, what is expected of it, and how much there may be.
#pragma once

#include <string>
#include <string_view>

#include <okibi/base.h>

#include "script/syntax/lexer.h"

namespace okibi::script {

class Tokens {
 public:
  Tokens(std::string_view source, const Limits& limits);

  const Token& peek() const { return token_; }
  Place place() const { return token_.place; }
  Token next();  // takes it

  // By kind, or by the text of a name or symbol.
  bool at(TokenKind kind) const { return token_.kind == kind; }
  bool at(std::string_view word) const;
  bool accept(std::string_view word);  // takes it where it is this one
  bool accept(TokenKind kind);
  void expect(std::string_view word);  // takes it, or Error(bad_file)
  void expect(TokenKind kind, std::string_view what);
  std::string expect_name(std::string_view what);  // no word of the language
  [[noreturn]] void fail(std::string_view expected) const;

  // Counts the node and what hangs on it against the limits.
  Expr finished(Expr expr);

  // One bracket, block or operator more around what is parsed while it lives.
  class Nested {
   public:
    explicit Nested(Tokens& tokens);
    ~Nested() { --tokens_.depth_; }
    Nested(const Nested&) = delete;
    Nested& operator=(const Nested&) = delete;

   private:
    Tokens& tokens_;
  };

 private:
  [[noreturn]] void throw_too_deep(const Place& place) const;

  Lexer lexer_;
  Token token_;
  const Limits limits_;
  uint64_t nodes_ = 0, depth_ = 0;
};

bool is_word_of_language(std::string_view name);

}  // namespace okibi::script
