#include "pickle/text.h"

#include <cstring>

namespace okibi::pickle {
namespace {

bool is_continuation(unsigned char byte) { return (byte & 0xC0) == 0x80; }

// The length of the ASCII run at the start of `text`, in whole words of 8.
size_t ascii_words(std::string_view text) {
  size_t done = 0;
  for (; done + 8 <= text.size(); done += 8) {
    uint64_t word;
    std::memcpy(&word, text.data() + done, 8);
    if (word & 0x8080808080808080u) break;
  }
  return done;
}

// The length of the sequence at the start of `text`, or 0 when it is not UTF-8.
size_t sequence_length(std::string_view text) {
  auto at = [&](size_t index) { return index < text.size() ? static_cast<unsigned char>(text[index]) : 0; };
  unsigned first = at(0), second = at(1);
  if (first < 0x80) return 1;
  if (first < 0xC2 || first > 0xF4 || !is_continuation(second)) return 0;
  if (first < 0xE0) return 2;
  if (!is_continuation(at(2)) || (first == 0xE0 && second < 0xA0)) return 0;
  if (first < 0xF0) return 3;
  if (!is_continuation(at(3)) || (first == 0xF0 && second < 0x90) || (first == 0xF4 && second > 0x8F)) return 0;
  return 4;
}

int hex_value(char digit) {
  if (digit >= '0' && digit <= '9') return digit - '0';
  if (digit >= 'a' && digit <= 'f') return digit - 'a' + 10;
  if (digit >= 'A' && digit <= 'F') return digit - 'A' + 10;
  return -1;
}

// The number that `count` hexadecimal digits at `at` make.
uint32_t read_hex(std::string_view text, size_t at, size_t count) {
  uint32_t value = 0;
  for (size_t i = at; i < at + count; ++i) {
    int digit = i < text.size() ? hex_value(text[i]) : -1;
    if (digit < 0) throw Error(ErrorKind::bad_file, "an escape has too few hexadecimal digits");
    value = value * 16 + static_cast<uint32_t>(digit);
  }
  return value;
}

std::string_view without_quotes(std::string_view line) {
  while (!line.empty() && (line.back() == '\r' || line.back() == ' ' || line.back() == '\t')) line.remove_suffix(1);
  bool quoted = line.size() >= 2 && line.front() == line.back() && (line.front() == '\'' || line.front() == '"');
  if (!quoted) throw Error(ErrorKind::bad_file, "a string is not between quotes");
  return line.substr(1, line.size() - 2);
}

// Appends what the escape after the backslash at `at` stands for; gives the index after it.
size_t append_escape(std::string& text, std::string_view body, size_t at) {
  if (at + 1 >= body.size()) throw Error(ErrorKind::bad_file, "a string ends in the middle of an escape");
  constexpr std::string_view letters = "abfnrtv\\'\"", meanings = "\a\b\f\n\r\t\v\\'\"";
  char letter = body[at + 1];
  if (size_t found = letters.find(letter); found != letters.npos) {
    text += meanings[found];
    return at + 2;
  }
  if (letter == 'x') {
    text += static_cast<char>(read_hex(body, at + 2, 2));
    return at + 4;
  }
  unsigned octal = 0;
  size_t end = at + 1;
  for (; end < body.size() && end < at + 4 && body[end] >= '0' && body[end] <= '7'; ++end)
    octal = octal * 8 + body[end] - '0';
  if (end > at + 1) {
    text += static_cast<char>(octal);
    return end;
  }
  text += '\\';  // Python keeps the backslash of an escape that it does not know
  return at + 1;
}

}  // namespace

bool is_utf8(std::string_view text) noexcept {
  while (true) {
    text.remove_prefix(ascii_words(text));
    if (text.empty()) return true;
    size_t length = sequence_length(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
}

void append_utf8(std::string& text, uint32_t code_point) {
  auto put = [&](uint32_t byte) { text += static_cast<char>(byte); };
  if (code_point < 0x80) return put(code_point);
  if (code_point < 0x800) {
    put(0xC0 | code_point >> 6);
  } else {
    if (code_point < 0x10000) {
      put(0xE0 | code_point >> 12);
    } else {
      put(0xF0 | code_point >> 18);
      put(0x80 | (code_point >> 12 & 0x3F));
    }
    put(0x80 | (code_point >> 6 & 0x3F));
  }
  put(0x80 | (code_point & 0x3F));
}

std::string latin1_to_utf8(std::span<const std::byte> bytes) {
  std::string text;
  text.reserve(bytes.size() + bytes.size() / 2);
  for (std::byte byte : bytes) append_utf8(text, std::to_integer<uint32_t>(byte));
  return text;
}

std::optional<std::string> utf8_to_latin1(std::string_view utf8) {
  std::string bytes;
  bytes.reserve(utf8.size());
  for (size_t i = 0; i < utf8.size(); ++i) {
    unsigned byte = static_cast<unsigned char>(utf8[i]);
    if (byte >= 0x80) {
      if (byte > 0xC3) return std::nullopt;
      byte = (byte & 3) << 6 | (static_cast<unsigned char>(utf8[++i]) & 0x3F);
    }
    bytes += static_cast<char>(byte);
  }
  return bytes;
}

std::string decode_raw_unicode_escape(std::string_view line) {
  std::string text;
  for (size_t i = 0; i < line.size();) {
    char next = i + 1 < line.size() ? line[i + 1] : '\0';
    if (line[i] != '\\') {
      append_utf8(text, static_cast<unsigned char>(line[i++]));
    } else if (next == 'u' || next == 'U') {
      size_t digits = next == 'u' ? 4 : 8;
      uint32_t code_point = read_hex(line, i + 2, digits);
      if (code_point > 0x10FFFF) throw Error(ErrorKind::bad_file, "an escape names no Unicode character");
      append_utf8(text, code_point);
      i += 2 + digits;
    } else {  // a backslash is itself, and shields the one after it
      text += '\\';
      if (next == '\\') text += '\\';
      i += next == '\\' ? 2 : 1;
    }
  }
  return text;
}

std::string decode_quoted(std::string_view line) {
  std::string_view body = without_quotes(line);
  std::string text;
  for (size_t i = 0; i < body.size();) {
    if (body[i] == '\\') {
      i = append_escape(text, body, i);
    } else {
      text += body[i++];
    }
  }
  return text;
}

}  // namespace okibi::pickle
