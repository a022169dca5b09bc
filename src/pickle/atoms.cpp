// Numbers, text and bytes.
#include <fmt/format.h>

#include "pickle/text.h"
#include "pickle/unpickler.h"

namespace okibi::pickle {

void Unpickler::push_none(const Argument&) { push(graph_.add_none()); }
void Unpickler::push_boolean(const Argument&) { push(graph_.add_boolean(Op{code_} == Op::NEWTRUE)); }
void Unpickler::push_integer(const Argument& argument) { push(graph_.add_integer(argument.number)); }
void Unpickler::push_long(const Argument& argument) { push(graph_.add_long(as_bytes(argument.text))); }

// "00" and "01" are how protocol 0 spells False and True.
void Unpickler::push_int_line(const Argument& argument) {
  if (argument.text == "00" || argument.text == "01") return push(graph_.add_boolean(argument.text == "01"));
  push(graph_.add_long(parse_decimal(argument.text)));
}

void Unpickler::push_long_line(const Argument& argument) {
  std::string_view digits = argument.text;
  if (digits.ends_with('L')) digits.remove_suffix(1);  // as Python 2 printed a long
  push(graph_.add_long(parse_decimal(digits)));
}

void Unpickler::push_float(const Argument& argument) { push(graph_.add_real(std::bit_cast<double>(argument.number))); }
void Unpickler::push_float_line(const Argument& argument) { push(graph_.add_real(parse_real(argument.text))); }

void Unpickler::push_string(const Argument& argument) {
  if (!is_utf8(argument.text)) fail("a string is not UTF-8");
  push(graph_.add_string(argument.text));
}

void Unpickler::push_escaped_line(const Argument& argument) {
  push(graph_.add_string(decode_raw_unicode_escape(argument.text)));
}

// Python 2's str is text or bytes; only its content tells.
void Unpickler::push_python2_string(const Argument& argument) {
  push(is_utf8(argument.text) ? graph_.add_string(argument.text) : graph_.add_bytes(as_bytes(argument.text)));
}

void Unpickler::push_quoted_line(const Argument& argument) {
  std::string text = decode_quoted(argument.text);
  push_python2_string({0, text});
}

void Unpickler::push_bytes(const Argument& argument) { push(graph_.add_bytes(as_bytes(argument.text))); }

void Unpickler::push_byte_array(const Argument& argument) {
  push(graph_.add_bytes(as_bytes(argument.text), Kind::byte_array));
}

}  // namespace okibi::pickle
