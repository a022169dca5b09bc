#include "pickle/cursor.h"

#include <algorithm>
#include <string>

namespace okibi::pickle {
namespace {

int64_t big_endian_8(std::span<const std::byte> bytes) {
  uint64_t value = 0;
  for (std::byte byte : bytes) value = value << 8 | std::to_integer<uint64_t>(byte);
  return static_cast<int64_t>(value);
}

}  // namespace

Cursor::Cursor(std::span<const std::byte> bytes, uint64_t cap)
    : bytes_(bytes.first(static_cast<size_t>(std::min<uint64_t>(bytes.size(), cap)))), capped_(bytes.size() > cap) {}

Argument Cursor::argument(Form form) {
  switch (form) {
    case Form::unknown:
      throw Error(ErrorKind::bad_file, "there is no such opcode");
    case Form::none:
      return {};
    case Form::u1:
      return {number<uint8_t>()};
    case Form::u2:
      return {number<uint16_t>()};
    case Form::u4:
      return {number<uint32_t>()};
    case Form::u8:
      return {number<int64_t>()};
    case Form::i4:
      return {number<int32_t>()};
    case Form::f8:
      return {big_endian_8(take(8))};
    case Form::line:
      return {0, line()};
    case Form::two_lines: {
      std::string_view first = line();
      return {0, first, line()};
    }
    case Form::counted_u1:
      return {0, counted(number<uint8_t>())};
    case Form::counted_u4:
      return {0, counted(number<uint32_t>())};
    case Form::counted_i4:
      return {0, counted(number<int32_t>())};
    case Form::counted_u8:
      return {0, counted(number<int64_t>())};
  }
  throw Error(ErrorKind::internal, "an opcode has an argument of no known form");
}

std::span<const std::byte> Cursor::take(uint64_t count) {
  if (count > left()) fail_short(count);
  std::span<const std::byte> taken = bytes_.subspan(position_, count);
  position_ += count;
  return taken;
}

template <class Number>
Number Cursor::number() {
  return load_le<Number>(take(sizeof(Number)).data());
}

// A length of 2^63 and more arrives here as a negative one.
std::string_view Cursor::counted(int64_t count) {
  if (count < 0) throw Error(ErrorKind::bad_file, "a length is negative or beyond 2^63").found(std::to_string(count));
  return as_text(take(static_cast<uint64_t>(count)));
}

std::string_view Cursor::line() {
  std::string_view rest = as_text(bytes_.subspan(position_));
  size_t end = rest.find('\n');
  if (end == rest.npos) fail_short(left() + 1);
  position_ += end + 1;
  return rest.substr(0, end);
}

void Cursor::fail_short(uint64_t wanted) const {
  if (capped_) throw Error(ErrorKind::limit, "the pickle is longer than Limits::max_pickle_bytes allows");
  throw Error(ErrorKind::bad_file, "the pickle ends too early")
      .expected("at least " + std::to_string(wanted) + " more bytes")
      .found(std::to_string(left()))
      .hint("It was cut short or damaged; copy it again.");
}

}  // namespace okibi::pickle
