#include "script/syntax/literal.h"

#include <fmt/format.h>

#include <charconv>
#include <optional>

namespace okibi::script {
namespace {

Error no_number(const Token& token) {
  return syntax_error(token.place, "this is no number of 64 bits")
      .found(fmt::format("'{}'", printable(token.text, 60)));
}

template <class Number>
Number read(const Token& token, std::string_view text) {
  Number value = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (end != text.data() + text.size() || problem == std::errc::invalid_argument) throw no_number(token);
  if (problem == std::errc::result_out_of_range && std::is_integral_v<Number>) throw no_number(token);
  return value;
}

int64_t integer_of(const Token& token, bool negative) {
  const auto magnitude = read<uint64_t>(token, token.text);
  if (magnitude > uint64_t{INT64_MAX} + (negative ? 1 : 0)) throw no_number(token);
  return static_cast<int64_t>(negative ? 0 - magnitude : magnitude);
}

// Numbers too great for a double are infinite, and those too small 0, as in Python.
double real_of(const Token& token, std::string_view text) {
  double value = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (problem == std::errc() && end == text.data() + text.size()) return value;
  if (problem != std::errc::result_out_of_range) throw no_number(token);
  return std::strtod(std::string(text).c_str(), nullptr);
}

bool is_octal(char c) { return c >= '0' && c <= '7'; }

// Escapes of one letter, and what they mean.
constexpr std::string_view letters = "abfnrtv\\'\"", meanings = "\a\b\f\n\r\t\v\\'\"";

std::optional<char> simple_escape(char c) {
  const size_t found = letters.find(c);
  return found == letters.npos ? std::nullopt : std::optional(meanings[found]);
}

// Of the digits at the beginning, so many at the most.
struct Digits {
  unsigned value = 0;
  size_t count = 0;
};
Digits digits_of(std::string_view text, size_t most, int base) {
  Digits digits;
  const auto [end, problem] =
      std::from_chars(text.data(), text.data() + std::min(most, text.size()), digits.value, base);
  if (problem == std::errc()) digits.count = static_cast<size_t>(end - text.data());
  return digits;
}

// What stands behind a backslash: appends what it means, and returns how long it is.
size_t append_escape(const Token& token, std::string_view rest, std::string& to) {
  const char c = rest.empty() ? '\0' : rest[0];
  if (c == '\n') return 1;  // the line goes on
  if (const auto simple = simple_escape(c)) return to += *simple, 1;
  const bool hexadecimal = c == 'x';
  const Digits digits = hexadecimal ? digits_of(rest.substr(1), 2, 16) : digits_of(rest, 3, 8);
  if (digits.value <= 255 && (hexadecimal ? digits.count == 2 : is_octal(c))) {
    to += static_cast<char>(digits.value);
    return digits.count + (hexadecimal ? 1 : 0);
  }
  throw syntax_error(token.place, "an escape in a text that means nothing")
      .found(fmt::format("'\\{}'", printable(rest.substr(0, 1))));
}

}  // namespace

Expr number_of(const Token& token, bool negative) {
  std::string_view text = token.text;
  Expr expr{.kind = ExprKind::integer, .place = token.place};
  if (text.find_first_not_of("0123456789") == text.npos) {
    expr.integer = integer_of(token, negative);
    return expr;
  }
  const bool imaginary = text.ends_with('j');
  if (imaginary) text.remove_suffix(1);
  expr.kind = imaginary ? ExprKind::imaginary : ExprKind::real;
  expr.real = negative ? -real_of(token, text) : real_of(token, text);
  return expr;
}

std::string text_of(const Token& token) {
  const bool triple = token.text.size() >= 6 && token.text[1] == token.text[0] && token.text[2] == token.text[0];
  const size_t marks = triple ? 3 : 1;
  const std::string_view content = token.text.substr(marks, token.text.size() - 2 * marks);
  std::string text;
  for (size_t i = 0; i < content.size();) {
    if (content[i] == '\\') {
      i += 1 + append_escape(token, content.substr(i + 1), text);
    } else {
      text += content[i++];
    }
  }
  return text;
}

std::string literal_of(std::string_view text) {
  std::string literal = "\"";
  for (const char c : text) {
    const size_t found = meanings.find(c);
    if (found != meanings.npos) {
      (literal += '\\') += letters[found];
    } else if (c >= 32 && c < 127) {
      literal += c;
    } else {
      literal += fmt::format("\\{:03o}", static_cast<unsigned char>(c));
    }
  }
  return literal + '"';
}

}  // namespace okibi::script
