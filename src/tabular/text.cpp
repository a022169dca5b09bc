#include "tabular/text.h"

#include <fmt/format.h>
#include <okibi/base.h>

#include <algorithm>

namespace okibi::tabular {
namespace {

constexpr size_t longest_shown = 60;

bool is_continuation(unsigned char byte) { return (byte & 0xC0) == 0x80; }

// Bytes of the character that begins here, 0 when none does.
size_t character_length(std::string_view bytes) noexcept {
  const auto at = [bytes](size_t i) { return i < bytes.size() ? static_cast<unsigned char>(bytes[i]) : 0; };
  const unsigned char first = at(0), second = at(1);
  if (first < 0x80) return 1;
  if (first < 0xC2 || first > 0xF4 || !is_continuation(second)) return 0;
  if (first < 0xE0) return 2;
  if (!is_continuation(at(2))) return 0;
  if (first < 0xF0) {
    const bool overlong = first == 0xE0 && second < 0xA0, surrogate = first == 0xED && second >= 0xA0;
    return overlong || surrogate ? 0 : 3;
  }
  const bool overlong = first == 0xF0 && second < 0x90, beyond = first == 0xF4 && second >= 0x90;
  return overlong || beyond || !is_continuation(at(3)) ? 0 : 4;
}

// Eight bytes at a time: most files are ASCII.
size_t skip_ascii(std::string_view bytes, size_t at) noexcept {
  while (at + 8 <= bytes.size()) {
    if (load_le<uint64_t>(as_bytes(bytes).data() + at) & 0x8080808080808080) break;
    at += 8;
  }
  return at;
}

}  // namespace

std::string quoted(std::string_view text) {
  if (text.size() <= longest_shown) return fmt::format("'{}'", text);
  size_t end = longest_shown;
  while (end > 0 && is_continuation(static_cast<unsigned char>(text[end]))) --end;
  return fmt::format("'{}…' ({} bytes)", text.substr(0, end), text.size());
}

std::string listed(const std::vector<std::string>& names, size_t most) {
  std::string text;
  for (size_t i = 0; i < std::min(names.size(), most); ++i) text += (i == 0 ? "" : ", ") + quoted(names[i]);
  if (names.size() > most) text += fmt::format(" and {} more", names.size() - most);
  return text;
}

std::optional<size_t> first_not_utf8(std::string_view bytes) noexcept {
  for (size_t at = 0; (at = skip_ascii(bytes, at)) < bytes.size();) {
    const size_t length = character_length(bytes.substr(at));
    if (length == 0) return at;
    at += length;
  }
  return std::nullopt;
}

}  // namespace okibi::tabular
