// How pickles spell text and numbers: UTF-8 with lone surrogates, Latin-1, Python's escapes, decimal integers.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <okibi/base.h>

namespace okibi::pickle {

// UTF-8 as Python's "surrogatepass" reads it: shortest forms only, up to U+10FFFF, surrogates allowed.
bool is_utf8(std::string_view text) noexcept;
void append_utf8(std::string& text, uint32_t code_point);

// Latin-1 is how protocol 2 carries bytes inside a string: byte n is code point n.
std::string latin1_to_utf8(std::span<const std::byte> bytes);
std::optional<std::string> utf8_to_latin1(std::string_view utf8);  // nullopt: a code point above U+00FF

// The body of UNICODE ("raw-unicode-escape") and of STRING (Python 2's repr, with its quotes). Error(bad_file).
std::string decode_raw_unicode_escape(std::string_view line);
std::string decode_quoted(std::string_view line);

// An integer in decimal, of any size up to Python's own limit of 4300 digits, as little-endian two's complement.
// Error(bad_file).
std::vector<std::byte> parse_decimal(std::string_view digits);
uint64_t parse_memo_index(std::string_view digits);
double parse_real(std::string_view text);

}  // namespace okibi::pickle
