#include "script/syntax/lexer.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace okibi::script {
namespace {

// Longest first: what begins with the same characters is taken as one. The last two are of schemas, not of programs.
constexpr std::array<std::string_view, 44> symbols = {
    "...", "**=", "//=", "<<=", ">>=", "->", "**", "//", "==", "!=", "<=", ">=", "<<", ">>", "+=",
    "-=",  "*=",  "/=",  "%=",  "(",   ")",  "[",  "]",  "{",  "}",  ",",  ":",  ".",  "=",  "+",
    "-",   "*",   "/",   "%",   "&",   "|",  "^",  "~",  "<",  ">",  "@",  ";",  "?",  "!"};

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_quote(char c) { return c == '"' || c == '\''; }

}  // namespace

Error syntax_error(const Place& place, std::string sentence, ErrorKind kind) {
  return Error(kind, std::move(sentence)).at("column", uint64_t{place.column}).at("line", uint64_t{place.line});
}

Place Lexer::place() const {
  return {line_, static_cast<uint32_t>(std::min<size_t>(position_ - line_start_ + 1, UINT32_MAX))};
}

Token Lexer::take(TokenKind kind, size_t length) {
  const Token token{kind, source_.substr(position_, length), place()};
  position_ += length;
  line_has_tokens_ = true;
  return token;
}

void Lexer::start_line() {
  ++line_;
  line_start_ = position_;
}

void Lexer::skip_to_line_end() {
  while (!at_end() && at() != '\n') ++position_;
}

// A line end, or nothing. Windows' line ends come with some editors.
bool Lexer::skip_line_end() {
  const size_t length = at() == '\n' ? 1 : at() == '\r' && at(1) == '\n' ? 2 : 0;
  if (length == 0) return false;
  position_ += length;
  start_line();
  return true;
}

// Blanks, comments, and line ends that mean nothing.
void Lexer::skip_blank() {
  for (;;) {
    if (at() == ' ' || at() == '\t') {
      ++position_;
    } else if (at() == '#') {
      skip_to_line_end();
    } else if (at() == '\\' && (at(1) == '\n' || (at(1) == '\r' && at(2) == '\n'))) {
      ++position_;
      skip_line_end();
    } else if (brackets_ > 0 && skip_line_end()) {
      continue;
    } else {
      return;
    }
  }
}

// At the start of a line that has tokens: an indent, a dedent, or a token of kind `end` for neither.
Token Lexer::indentation() {
  do {
    skip_blank();
  } while (skip_line_end());
  const size_t width = at_end() ? 0 : position_ - line_start_;
  if (width > indents_.back()) {
    indents_.push_back(width);
    at_line_start_ = false;
    return {TokenKind::indent, {}, place()};
  }
  at_line_start_ = width < indents_.back();
  if (!at_line_start_) return {};
  indents_.pop_back();
  if (width > indents_.back()) {
    throw syntax_error(place(), "the line is indented as none above it")
        .expected(fmt::format("{} columns, or more than {} of them", indents_.back(), width))
        .found(fmt::format("{}", width));
  }
  return {TokenKind::dedent, {}, place()};
}

Token Lexer::next() {
  if (at_line_start_ && brackets_ == 0) {
    const Token token = indentation();
    if (token.kind != TokenKind::end) return token;
    line_has_tokens_ = false;
  }
  skip_blank();
  const Place here = place();
  if (at_end() || (brackets_ == 0 && skip_line_end())) {
    at_line_start_ = true;
    if (line_has_tokens_) return line_has_tokens_ = false, Token{TokenKind::newline, {}, here};
    return at_end() ? Token{TokenKind::end, {}, here} : next();
  }
  if (is_letter(at())) return take(TokenKind::name, length_of_name());
  if (is_digit(at()) || (at() == '.' && is_digit(at(1)))) return take(TokenKind::number, length_of_number());
  return is_quote(at()) ? take_string() : take_symbol();
}

size_t Lexer::length_of_name() const {
  size_t length = 1;
  while (is_letter(at(length)) || is_digit(at(length))) ++length;
  return length;
}

// "3", "3.", "3.5e-07", "2.j"; what it means is found out where it is read.
size_t Lexer::length_of_number() const {
  size_t length = 0;
  while (is_digit(at(length)) || at(length) == '.') ++length;
  const size_t sign = at(length + 1) == '-' || at(length + 1) == '+' ? 1 : 0;
  if ((at(length) == 'e' || at(length) == 'E') && is_digit(at(length + 1 + sign))) {
    length += 1 + sign;
    while (is_digit(at(length))) ++length;
  }
  while (is_letter(at(length)) || is_digit(at(length))) ++length;  // j, or a mistake
  return length;
}

// With its quotation marks, one or three; 0 where it does not end.
size_t Lexer::length_of_string() const {
  const char quote = at();
  const size_t marks = at(1) == quote && at(2) == quote ? 3 : 1;
  for (size_t length = marks; position_ + length < source_.size(); ++length) {
    if (at(length) == '\\') {
      ++length;
    } else if (at(length) == '\n' && marks == 1) {
      return 0;
    } else if (at(length) == quote && (marks == 1 || (at(length + 1) == quote && at(length + 2) == quote))) {
      return length + marks;
    }
  }
  return 0;
}

Token Lexer::take_string() {
  const size_t length = length_of_string();
  if (length == 0) throw syntax_error(place(), "the text that begins here does not end");
  const Token token = take(TokenKind::string, length);
  for (size_t i = 0; i < token.text.size(); ++i) {
    if (token.text[i] != '\n') continue;
    ++line_;
    line_start_ = position_ - token.text.size() + i + 1;
  }
  return token;
}

Token Lexer::take_symbol() {
  const std::string_view rest = source_.substr(position_);
  const auto found = std::ranges::find_if(symbols, [&](std::string_view symbol) { return rest.starts_with(symbol); });
  if (found == symbols.end()) {
    throw syntax_error(place(), "a character that means nothing outside of a text")
        .found(fmt::format("'{}'", printable(rest.substr(0, 1))));
  }
  const std::string_view brackets = "([{", closing = ")]}";
  if (brackets.find(*found) != brackets.npos) ++brackets_;
  if (closing.find(*found) != closing.npos && brackets_ > 0) --brackets_;
  return take(TokenKind::symbol, found->size());
}

}  // namespace okibi::script
