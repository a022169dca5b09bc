#include "script/syntax/tokens.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace okibi::script {
namespace {

// No names: else `if else = 1:` would be a puzzle instead of an error.
constexpr std::array<std::string_view, 30> words = {
    "False", "None", "True", "and",   "as",     "assert", "break", "class", "continue", "def",
    "del",   "elif", "else", "for",   "from",   "global", "if",    "in",    "is",       "lambda",
    "not",   "or",   "pass", "raise", "return", "try",    "while", "with",  "yield",    "import"};

std::string_view name_of(TokenKind kind) {
  switch (kind) {
    case TokenKind::newline:
      return "the end of the line";
    case TokenKind::indent:
      return "a deeper indentation";
    case TokenKind::dedent:
      return "the end of the block";
    case TokenKind::end:
      return "the end of the file";
    default:
      return "";
  }
}

std::string described(const Token& token) {
  const std::string_view name = name_of(token.kind);
  return name.empty() ? fmt::format("'{}'", printable(token.text, 60)) : std::string(name);
}

}  // namespace

bool is_word_of_language(std::string_view name) { return std::ranges::find(words, name) != words.end(); }

Tokens::Tokens(std::string_view source, const Limits& limits)
    : lexer_(source), token_(lexer_.next()), limits_(limits) {}

Token Tokens::next() {
  const Token taken = token_;
  token_ = lexer_.next();
  return taken;
}

bool Tokens::at(std::string_view word) const {
  return (token_.kind == TokenKind::symbol || token_.kind == TokenKind::name) && token_.text == word;
}

bool Tokens::accept(std::string_view word) {
  if (!at(word)) return false;
  next();
  return true;
}

bool Tokens::accept(TokenKind kind) {
  if (!at(kind)) return false;
  next();
  return true;
}

void Tokens::expect(std::string_view word) {
  if (!accept(word)) fail(fmt::format("'{}'", word));
}

void Tokens::expect(TokenKind kind, std::string_view what) {
  if (!accept(kind)) fail(what);
}

std::string Tokens::expect_name(std::string_view what) {
  if (!at(TokenKind::name) || is_word_of_language(token_.text)) fail(what);
  return std::string(next().text);
}

void Tokens::fail(std::string_view expected) const {
  throw syntax_error(token_.place, "the source is no TorchScript").expected(expected).found(described(token_));
}

void Tokens::throw_too_deep(const Place& place) const {
  throw syntax_error(place, "the source is nested deeper than any program", ErrorKind::limit)
      .expected(fmt::format("at most Limits::max_script_depth ({})", limits_.max_script_depth));
}

Expr Tokens::finished(Expr expr) {
  if (++nodes_ > limits_.max_script_nodes) {
    throw syntax_error(expr.place, "the source is longer than any program", ErrorKind::limit)
        .expected(fmt::format("at most Limits::max_script_nodes ({}) expressions", limits_.max_script_nodes));
  }
  uint64_t height = 1;
  for (const Expr& item : expr.items) height = std::max<uint64_t>(height, item.height + 1u);
  if (height > limits_.max_script_depth) throw_too_deep(expr.place);
  expr.height = static_cast<uint16_t>(std::min<uint64_t>(height, UINT16_MAX));
  return expr;
}

Tokens::Nested::Nested(Tokens& tokens) : tokens_(tokens) {
  if (tokens.depth_ >= tokens.limits_.max_script_depth) tokens.throw_too_deep(tokens.place());
  ++tokens.depth_;
}

}  // namespace okibi::script
