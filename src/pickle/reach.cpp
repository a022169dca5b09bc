#include "pickle/reach.h"

#include <okibi/base.h>

#include <algorithm>
#include <optional>

#include "pickle/opcodes.h"

namespace okibi::pickle {
namespace {

// The bytes behind an opcode that say how long its argument is; 0 where the form alone says it.
size_t size_of_count(Form form) {
  switch (form) {
    case Form::counted_u1:
      return 1;
    case Form::counted_u4:
    case Form::counted_i4:
      return 4;
    case Form::counted_u8:
      return 8;
    default:
      return 0;
  }
}

uint64_t fixed_size(Form form) {
  switch (form) {
    case Form::u1:
      return 1;
    case Form::u2:
      return 2;
    case Form::u4:
    case Form::i4:
      return 4;
    case Form::u8:
    case Form::f8:
      return 8;
    default:
      return 0;
  }
}

uint64_t count_at(std::span<const std::byte> bytes, size_t size) {
  uint64_t count = 0;
  std::memcpy(&count, bytes.data(), size);  // little-endian, as this machine is: load_le sees to that
  return count;
}

// How long the argument is; where that lies beyond `rest`, more than `rest` has.
uint64_t size_of_argument(Form form, std::span<const std::byte> rest) {
  if (form == Form::line || form == Form::two_lines) {
    auto end = std::ranges::find(rest, std::byte{'\n'});
    if (form == Form::two_lines && end != rest.end()) end = std::find(end + 1, rest.end(), std::byte{'\n'});
    return static_cast<uint64_t>(end - rest.begin()) + 1;
  }
  const size_t prefix = size_of_count(form);
  if (prefix == 0) return fixed_size(form);
  if (prefix > rest.size()) return prefix;
  return checked_add(prefix, count_at(rest, prefix), "the length of a pickle");
}

}  // namespace

Reach reach_of(std::span<const std::byte> begun) {
  uint64_t at = 0;
  while (at < begun.size()) {
    const auto code = std::to_integer<uint8_t>(begun[at]);
    const Form form = op_table[code].form;
    if (form == Form::unknown) throw Error(ErrorKind::bad_file, "there is no such opcode").at("offset", at);
    const uint64_t end = checked_add(at + 1, size_of_argument(form, begun.subspan(at + 1)), "the length of a pickle");
    if (code == static_cast<uint8_t>(Op::STOP)) return {true, end};
    at = end;
  }
  return {false, std::max<uint64_t>(at, begun.size() + 1)};
}

}  // namespace okibi::pickle
