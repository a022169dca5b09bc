// Reads opcodes and their arguments. Every length is compared with the bytes that are left before anything is done.
#pragma once

#include <span>
#include <string_view>

#include <okibi/base.h>

#include "pickle/opcodes.h"

namespace okibi::pickle {

// What followed an opcode. Text lies in the bytes that are read.
struct Argument {
  int64_t number = 0;            // of u1 … i4; the bits of u8 and f8
  std::string_view text = {};    // a line, or counted bytes
  std::string_view second = {};  // the second of two lines
};

class Cursor {
 public:
  // Bytes beyond `cap` are not read: Error(limit) instead.
  Cursor(std::span<const std::byte> bytes, uint64_t cap);

  uint64_t offset() const noexcept { return position_; }
  uint64_t left() const noexcept { return bytes_.size() - position_; }
  uint8_t code() { return std::to_integer<uint8_t>(take(1)[0]); }
  Argument argument(Form form);

 private:
  std::span<const std::byte> take(uint64_t count);
  template <class Number>
  Number number();
  std::string_view counted(int64_t count);
  std::string_view line();
  [[noreturn]] void fail_short(uint64_t wanted) const;

  std::span<const std::byte> bytes_;
  uint64_t position_ = 0;
  bool capped_ = false;
};

}  // namespace okibi::pickle
