// Names and texts of files, made safe to print.
#include <fmt/format.h>
#include <okibi/base.h>

#include <algorithm>

namespace okibi {
namespace {

// The bytes of the character at the start of `text`, by its first byte; 0 where that begins none.
size_t length_of(std::string_view text) {
  const auto first = static_cast<unsigned char>(text[0]);
  const size_t length = first < 0x80                    ? 1
                        : first >= 0xc2 && first < 0xe0 ? 2
                        : first >= 0xe0 && first < 0xf0 ? 3
                        : first >= 0xf0 && first < 0xf5 ? 4
                                                        : 0;
  if (length > text.size()) return 0;
  for (size_t i = 1; i < length; ++i)
    if ((text[i] & 0xc0) != 0x80) return 0;
  return length;
}

uint32_t code_of(std::string_view character) {
  if (character.size() == 1) return static_cast<unsigned char>(character[0]);
  uint32_t code = static_cast<unsigned char>(character[0]) & (0x7fu >> character.size());
  for (const char next : character.substr(1)) code = code << 6 | (next & 0x3f);
  return code;
}

bool is_control(uint32_t code) { return code < 0x20 || (code >= 0x7f && code < 0xa0); }

// Line ends of Unicode, and what turns or hides text (UAX 9): "exe.png" can be made to look like "gnp.exe".
bool misleads(uint32_t code) {
  return code == 0x200e || code == 0x200f || (code >= 0x2028 && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069);
}

std::string escaped(uint32_t code) {
  switch (code) {
    case '\n':
      return "\\n";
    case '\r':
      return "\\r";
    case '\t':
      return "\\t";
    default:
      return code < 0x100 ? fmt::format("\\x{:02x}", code) : fmt::format("\\u{:04x}", code);
  }
}

// Two ends of a text that is too long. A character cut in two is escaped like any other stray byte.
std::string shortened(std::string_view text, size_t most) {
  const size_t half = most / 2;
  return fmt::format("{}… ({} bytes) …{}", printable(text.substr(0, half), most), text.size() - 2 * half,
                     printable(text.substr(text.size() - half), most));
}

}  // namespace

std::string printable(std::string_view text, size_t most) {
  if (text.size() > most) return shortened(text, most);
  std::string safe;
  safe.reserve(text.size());
  while (!text.empty()) {
    const size_t length = length_of(text);
    const uint32_t code = length > 0 ? code_of(text.substr(0, length)) : static_cast<unsigned char>(text[0]);
    if (length == 0 || is_control(code) || misleads(code))
      safe += escaped(code);
    else
      safe += text.substr(0, length);
    text.remove_prefix(std::max<size_t>(length, 1));
  }
  return safe;
}

}  // namespace okibi
