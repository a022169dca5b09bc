// Numbers as protocol 0 writes them: in text.
#include <algorithm>
#include <charconv>
#include <string>

#include "pickle/text.h"

namespace okibi::pickle {
namespace {

// Python's own limit (sys.int_info.default_max_str_digits): turning digits into bits takes quadratic time.
constexpr size_t max_decimal_digits = 4300;

// A leading zero is refused: CPython's two readers disagree on it, one taking it for octal.
bool is_decimal(std::string_view digits) {
  bool only_digits = std::all_of(digits.begin(), digits.end(), [](char c) { return c >= '0' && c <= '9'; });
  return only_digits && !digits.empty() && (digits.size() == 1 || digits[0] != '0');
}

Error not_a_number(std::string_view text, std::string what) {
  return Error(ErrorKind::bad_file, "a line is not " + std::move(what))
      .found('\'' + std::string(text.substr(0, 40)) + '\'');
}

// magnitude = magnitude * factor + summand, in 32-bit limbs from the lowest.
void multiply_add(std::vector<uint32_t>& magnitude, uint32_t factor, uint32_t summand) {
  uint64_t carry = summand;
  for (uint32_t& limb : magnitude) {
    carry += uint64_t{limb} * factor;
    limb = static_cast<uint32_t>(carry);
    carry >>= 32;
  }
  if (carry) magnitude.push_back(static_cast<uint32_t>(carry));
}

std::vector<std::byte> twos_complement(const std::vector<uint32_t>& magnitude, bool negative) {
  std::vector<std::byte> bytes(magnitude.size() * 4 + 1);  // one more, so that the sign has a bit of its own
  for (size_t i = 0; i < magnitude.size(); ++i) store_le(bytes.data() + 4 * i, magnitude[i]);
  if (!negative) return bytes;
  unsigned carry = 1;
  for (std::byte& byte : bytes) {
    carry += std::to_integer<unsigned>(~byte);
    byte = static_cast<std::byte>(carry);
    carry >>= 8;
  }
  return bytes;
}

}  // namespace

std::vector<std::byte> parse_decimal(std::string_view text) {
  bool negative = text.starts_with('-');
  std::string_view digits = text.substr(negative ? 1 : 0);
  if (!is_decimal(digits)) throw not_a_number(text, "an integer in decimal");
  if (digits.size() > max_decimal_digits)
    throw Error(ErrorKind::bad_file, "an integer has too many digits")
        .expected("at most 4300")
        .found(std::to_string(digits.size()));
  std::vector<uint32_t> magnitude;
  while (!digits.empty()) {
    size_t count = std::min<size_t>(digits.size(), 9);  // 10^9 fits a limb
    uint32_t chunk = 0, factor = 1;
    for (char digit : digits.substr(0, count)) chunk = chunk * 10 + static_cast<uint32_t>(digit - '0'), factor *= 10;
    multiply_add(magnitude, factor, chunk);
    digits.remove_prefix(count);
  }
  return twos_complement(magnitude, negative);
}

uint64_t parse_memo_index(std::string_view text) {
  uint64_t index = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), index);
  bool whole = error == std::errc{} && end == text.data() + text.size();
  if (!whole) throw not_a_number(text, "the number of a memo entry");
  return index;
}

double parse_real(std::string_view text) {
  double value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  bool whole = error == std::errc{} && end == text.data() + text.size();
  if (!whole) throw not_a_number(text, "a floating-point number");
  return value;
}

}  // namespace okibi::pickle
