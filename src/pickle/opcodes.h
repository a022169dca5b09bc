// The opcodes, as a type and as a table by code. Both are made from opcodes.def.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace okibi::pickle {

enum class Op : uint8_t {
#define X(code, name, argument, protocol, action) name = code,
#include "pickle/opcodes.def"
#undef X
};

// What follows an opcode. Numbers are little-endian, but f8, which is big-endian; `counted_…` is a length of that
// type and as many bytes; a line ends with '\n'. `unknown` marks a code that is no opcode.
enum class Form : uint8_t {
  unknown,
  none,
  u1,
  u2,
  u4,
  u8,
  i4,
  f8,
  line,
  two_lines,
  counted_u1,
  counted_u4,
  counted_i4,
  counted_u8,
};

struct OpInfo {
  std::string_view name = {};
  Form form = Form::unknown;
  uint8_t protocol = 0;
};

constexpr std::array<OpInfo, 256> make_op_table() {
  std::array<OpInfo, 256> table = {};
#define X(code, name, argument, protocol, action) table[code] = {#name, Form::argument, protocol};
#include "pickle/opcodes.def"
#undef X
  return table;
}
inline constexpr std::array<OpInfo, 256> op_table = make_op_table();

}  // namespace okibi::pickle
