// Opcodes on their way to a Sink, gathered so that the sink is called seldom.
#pragma once

#include <okibi/io.h>

#include "pickle/opcodes.h"

namespace okibi::pickle {

class Output {
 public:
  explicit Output(io::Sink& sink) : sink_(sink) {}

  void op(Op code) { put(static_cast<uint8_t>(code)); }
  template <class Number>
  void op(Op code, Number argument) {
    op(code);
    number(argument);
  }
  template <class Number>
  void number(Number value) {
    std::byte bytes[sizeof(Number)];
    store_le(bytes, value);
    raw(bytes);
  }
  void raw(std::span<const std::byte> bytes);
  void raw(std::string_view text) { raw(as_bytes(text)); }
  void flush();

 private:
  static constexpr size_t full = size_t{1} << 16;

  void put(uint8_t byte) {
    if (gathered_.size() >= full) flush();
    gathered_.push_back(std::byte{byte});
  }

  io::Sink& sink_;
  std::vector<std::byte> gathered_;
};

}  // namespace okibi::pickle
