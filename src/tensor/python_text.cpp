#include "tensor/python_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

namespace okibi {
namespace {

// The shortest digits that read back as the same number; Python turns to exponents at 1e16 and below 1e-4, as fmt does.
std::string shortest(double number) {
  if (std::isnan(number)) return "nan";
  return fmt::format("{}", number);
}

struct Range {
  uint32_t first, last;
};

// Characters that Python's isprintable() denies: controls, formats, separators but the space, surrogates, private use.
// Not the unassigned ones, whose list grows with each Unicode.
constexpr Range unprintable[] = {
    {0x0, 0x1f},         {0x7f, 0xa0},       {0xad, 0xad},       {0x600, 0x605},     {0x61c, 0x61c},
    {0x6dd, 0x6dd},      {0x70f, 0x70f},     {0x890, 0x891},     {0x8e2, 0x8e2},     {0x1680, 0x1680},
    {0x180e, 0x180e},    {0x2000, 0x200f},   {0x2028, 0x202f},   {0x205f, 0x206f},   {0x3000, 0x3000},
    {0xd800, 0xf8ff},    {0xfeff, 0xfeff},   {0xfff0, 0xfffb},   {0xfffe, 0xffff},   {0x110bd, 0x110bd},
    {0x110cd, 0x110cd},  {0x13430, 0x1343f}, {0x1bca0, 0x1bca3}, {0x1d173, 0x1d17a}, {0xe0000, 0xe0fff},
    {0xf0000, 0x10ffff},
};

bool is_printable(uint32_t character) {
  const auto* after = std::ranges::upper_bound(unprintable, character, {}, &Range::first);
  return after == std::begin(unprintable) || character > std::prev(after)->last;
}

struct Decoded {
  uint32_t character;
  size_t length;
};

// The character at the start of UTF-8 text. Surrogates pass, since pickles may hold them alone; a byte that begins no
// character stands for itself, as Python's "surrogateescape" has it.
Decoded decode(std::string_view text) {
  const auto lead = static_cast<uint8_t>(text[0]);
  const size_t length = lead < 0x80                   ? 1
                        : lead >= 0xc2 && lead < 0xe0 ? 2
                        : lead >= 0xe0 && lead < 0xf0 ? 3
                        : lead >= 0xf0 && lead < 0xf5 ? 4
                                                      : 0;
  if (length == 1) return {lead, 1};
  const Decoded invalid{0xdc00u + lead, 1};
  if (length == 0 || text.size() < length) return invalid;
  uint32_t character = lead & (0x7fu >> length);
  for (size_t i = 1; i < length; ++i) {
    const auto byte = static_cast<uint8_t>(text[i]);
    if ((byte & 0xc0) != 0x80) return invalid;
    character = character << 6 | (byte & 0x3f);
  }
  constexpr uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};  // shorter forms would have done below that
  return character < least[length] || character > 0x10ffff ? invalid : Decoded{character, length};
}

std::string escaped(uint32_t character) {
  if (character == '\n') return "\\n";
  if (character == '\r') return "\\r";
  if (character == '\t') return "\\t";
  if (character < 0x100) return fmt::format("\\x{:02x}", character);
  return character < 0x10000 ? fmt::format("\\u{:04x}", character) : fmt::format("\\U{:08x}", character);
}

// Single quotes, unless there are such inside and no double ones.
char quote_for(std::string_view text) {
  return text.find('\'') != text.npos && text.find('"') == text.npos ? '"' : '\'';
}

// Divides a number of base 2^32, highest digit first, and gives the remainder.
uint32_t divide(std::vector<uint32_t>& digits, uint32_t divisor) {
  uint64_t remainder = 0;
  for (uint32_t& digit : digits) {
    const uint64_t part = remainder << 32 | digit;
    digit = static_cast<uint32_t>(part / divisor);
    remainder = part % divisor;
  }
  digits.erase(digits.begin(), std::ranges::find_if(digits, [](uint32_t d) { return d != 0; }));
  return static_cast<uint32_t>(remainder);
}

// Base 2^32, highest first, of the magnitude of two's complement.
std::vector<uint32_t> digits_of(std::span<const std::byte> bytes, bool negative) {
  std::vector<uint32_t> digits(bytes.size() / 4 + 1);
  uint64_t carry = negative ? 1 : 0;
  for (size_t i = 0; i < digits.size(); ++i) {
    uint32_t digit = 0;
    for (size_t j = 0; j < 4; ++j) {
      const size_t at = i * 4 + j;
      const uint32_t sign = negative ? 0xff : 0;
      const uint32_t byte = at < bytes.size() ? std::to_integer<uint32_t>(bytes[at]) : sign;
      digit |= (byte ^ sign) << (8 * j);
    }
    carry += digit;
    digits[digits.size() - 1 - i] = static_cast<uint32_t>(carry);
    carry >>= 32;
  }
  return digits;
}

std::string hexadecimal(const std::vector<uint32_t>& digits) {
  std::string text;
  for (const uint32_t digit : digits) text += fmt::format("{:08x}", digit);
  text.erase(0, std::min(text.find_first_not_of('0'), text.size() - 1));
  return "0x" + text;
}

// Nine decimal digits at a time, from the lowest.
std::string decimal(std::vector<uint32_t> digits) {
  std::vector<uint32_t> parts;
  while (!digits.empty()) parts.push_back(divide(digits, 1'000'000'000));
  if (parts.empty()) return "0";
  std::string text = std::to_string(parts.back());
  for (size_t i = parts.size() - 1; i-- > 0;) text += fmt::format("{:09}", parts[i]);
  return text;
}

}  // namespace

std::string python_float(double number) {
  std::string text = shortest(number);
  const bool is_whole = text.find_first_not_of("-0123456789") == text.npos;
  return is_whole ? text + ".0" : text;
}

std::string python_complex(std::complex<double> number) {
  if (number.real() == 0 && !std::signbit(number.real())) return shortest(number.imag()) + "j";
  const std::string imaginary = shortest(number.imag());
  return fmt::format("({}{}{}j)", shortest(number.real()), imaginary.starts_with('-') ? "" : "+", imaginary);
}

std::string python_str(std::string_view utf8) {
  const char quote = quote_for(utf8);
  std::string text(1, quote);
  while (!utf8.empty()) {
    const auto [character, length] = decode(utf8);
    if (character == '\\' || character == static_cast<uint8_t>(quote)) text += '\\';
    if (is_printable(character)) {
      text += utf8.substr(0, length);
    } else {
      text += escaped(character);
    }
    utf8.remove_prefix(length);
  }
  return text + quote;
}

std::string python_bytes(std::span<const std::byte> bytes) {
  const char quote = quote_for({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  std::string text = std::string("b") + quote;
  for (const std::byte b : bytes) {
    const auto character = std::to_integer<uint8_t>(b);
    if (character == '\\' || character == static_cast<uint8_t>(quote)) text += '\\';
    if (character >= 0x20 && character < 0x7f) {
      text += static_cast<char>(character);
    } else {
      text += escaped(character);
    }
  }
  return text + quote;
}

std::string python_int(std::span<const std::byte> little_endian) {
  constexpr size_t most_in_decimal = 2000;  // bytes; the time grows with the square
  const bool negative = !little_endian.empty() && (little_endian.back() & std::byte{0x80}) != std::byte{0};
  std::vector<uint32_t> digits = digits_of(little_endian, negative);
  const std::string text = little_endian.size() > most_in_decimal ? hexadecimal(digits) : decimal(std::move(digits));
  return negative ? "-" + text : text;
}

}  // namespace okibi
