// script/syntax/lexer.h: source text → tokens, one at a time. Indentation becomes tokens as in Python; between brackets
// line ends and indentation mean nothing.
#pragma once

#include <string_view>
#include <vector>

#include <okibi/base.h>

#include "script/syntax/tree.h"

namespace okibi::script {

enum class TokenKind : uint8_t { name, number, string, symbol, newline, indent, dedent, end };

struct Token {
  TokenKind kind = TokenKind::end;
  std::string_view text = {};  // as it stands in the source, quotation marks and all
  Place place = {};
};

// An error about the source, with its place.
Error syntax_error(const Place& place, std::string sentence, ErrorKind kind = ErrorKind::bad_file);

class Lexer {
 public:
  explicit Lexer(std::string_view source) : source_(source) {}  // which must outlive the tokens
  // The next token; after the end again and again the end. Error(bad_file) with the line and column.
  Token next();

 private:
  char at(size_t ahead = 0) const { return position_ + ahead < source_.size() ? source_[position_ + ahead] : '\0'; }
  bool at_end() const { return position_ >= source_.size(); }
  Place place() const;
  void start_line();
  void skip_blank();
  void skip_to_line_end();
  bool skip_line_end();
  Token indentation();
  Token take(TokenKind kind, size_t length);
  Token take_string();
  Token take_symbol();
  size_t length_of_name() const;
  size_t length_of_number() const;
  size_t length_of_string() const;

  std::string_view source_;
  size_t position_ = 0, line_start_ = 0;
  uint32_t line_ = 1;
  size_t brackets_ = 0;  // open ones
  bool at_line_start_ = true;
  bool line_has_tokens_ = false;
  std::vector<size_t> indents_ = {0};
};

}  // namespace okibi::script
