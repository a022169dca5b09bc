// What has no parts: numbers, text, bytes, globals. And the memo.
#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "pickle/pickler.h"
#include "pickle/python2_names.h"
#include "pickle/text.h"

namespace okibi::pickle {
namespace {

constexpr ptrdiff_t max_nesting = 50;  // classes in classes: each is a call of save_global() inside another

// GLOBAL ends its two names with newlines, and CPython wants ASCII in protocol 2.
bool is_writable(std::string_view name) {
  return std::all_of(name.begin(), name.end(),
                     [](char c) { return c != '\n' && static_cast<unsigned char>(c) < 0x80; });
}

// What protocol 2 cannot name: two lines, other letters, and a module that every reader takes for one of Python 2.
void check_names(GlobalName name, GlobalName old) {
  Error error(ErrorKind::bad_argument, "protocol 2 cannot write the name of a global");
  error.found(fmt::format("'{} {}'", name.module.substr(0, 80), name.name.substr(0, 80)));
  if (!is_writable(old.module) || !is_writable(old.name))
    throw error.hint("It may only have ASCII characters, in one line.");
  GlobalName back = to_python3(old);
  if (back != name)
    throw error.hint(fmt::format("Readers take it for Python 2's name of '{} {}'.", back.module, back.name));
}

// Which letter of Latin-1 a text is.
std::optional<size_t> latin1_letter(std::string_view utf8) {
  const auto byte = [&](size_t i) { return static_cast<size_t>(static_cast<unsigned char>(utf8[i])); };
  if (utf8.size() == 1 && byte(0) < 0x80) return byte(0);
  if (utf8.size() == 2 && (byte(0) == 0xC2 || byte(0) == 0xC3)) return (byte(0) - 0xC2) * 0x40 + byte(1);
  return std::nullopt;
}

}  // namespace

// --------------------------------------------------------------------------------------------------------- numbers

void Pickler::save_atom(NodeId id) {
  switch (graph_.kind(id)) {
    case Kind::boolean:
      return out_.op(graph_.integer(id) ? Op::NEWTRUE : Op::NEWFALSE);
    case Kind::integer:
      return save_integer(graph_.integer(id));
    case Kind::long_integer:
      return save_long(graph_.bytes(id));
    case Kind::real:
      return save_real(graph_.real(id));
    case Kind::string:
      return save_string(id, graph_.text(id));
    case Kind::bytes:
      save_bytes(graph_.bytes(id));
      break;
    case Kind::byte_array:
      save_byte_array(graph_.bytes(id));
      break;
    default:
      return out_.op(Op::NONE);
  }
  remember(id, put());
}

void Pickler::save_integer(int64_t value) {
  if (value >= 0 && value <= 0xFF) return out_.op(Op::BININT1, static_cast<uint8_t>(value));
  if (value >= 0 && value <= 0xFFFF) return out_.op(Op::BININT2, static_cast<uint16_t>(value));
  bool fits_32 = value >= std::numeric_limits<int32_t>::min() && value <= std::numeric_limits<int32_t>::max();
  if (fits_32) return out_.op(Op::BININT, static_cast<int32_t>(value));
  std::byte bytes[sizeof value];
  store_le(bytes, value);
  size_t size = sizeof value;
  const auto is_sign_alone = [&] { return value >> (8 * size - 9) == (value < 0 ? -1 : 0); };
  while (dialect_ == Dialect::python && is_sign_alone()) --size;  // the shortest that keeps the sign
  save_long(std::span(bytes).first(size));
}

void Pickler::save_long(std::span<const std::byte> bytes) {
  if (dialect_ == Dialect::torchscript && bytes.size() > sizeof(int64_t))
    throw Error(ErrorKind::unsupported, "TorchScript has no integers beyond 64 bits");
  if (bytes.size() < 256) {
    out_.op(Op::LONG1, static_cast<uint8_t>(bytes.size()));
  } else if (bytes.size() <= std::numeric_limits<int32_t>::max()) {
    out_.op(Op::LONG4, static_cast<int32_t>(bytes.size()));
  } else {
    throw Error(ErrorKind::bad_argument, "protocol 2 cannot write an integer of 2 GiB or more");
  }
  out_.raw(bytes);
}

void Pickler::save_real(double value) {
  std::byte bytes[sizeof value];
  store_le(bytes, value);
  std::reverse(std::begin(bytes), std::end(bytes));
  out_.op(Op::BINFLOAT);
  out_.raw(bytes);
}

// -------------------------------------------------------------------------------------------------- text and bytes

void Pickler::save_text(std::string_view utf8) {
  if (utf8.size() > std::numeric_limits<uint32_t>::max()) {
    throw Error(ErrorKind::bad_argument, "protocol 2 cannot write a string of 4 GiB or more");
  }
  if (!is_utf8(utf8)) throw Error(ErrorKind::bad_argument, "a string to be written is not UTF-8");
  out_.op(Op::BINUNICODE, static_cast<uint32_t>(utf8.size()));
  out_.raw(utf8);
}

// A letter is mostly the one object that CPython has for it; a digit is mostly made of a number, and is not.
void Pickler::save_string(NodeId id, std::string_view utf8) {
  save_text(utf8);
  const uint32_t number = put();
  remember(id, number);
  const auto letter = latin1_letter(utf8);
  if (!letter || (*letter >= '0' && *letter <= '9')) return;
  if (letters_[*letter] == 0) letters_[*letter] = number + 1;
}

// Bytes as text. When CPython decodes a single one, it gives the one object that it has for each letter of Latin-1.
void Pickler::save_decoded(std::span<const std::byte> bytes) {
  if (bytes.size() > 1) return save_text(latin1_to_utf8(bytes)), void(put());
  uint32_t& known = letters_[static_cast<size_t>(bytes[0])];
  if (known != 0) return get(known - 1);
  save_text(latin1_to_utf8(bytes));
  known = put() + 1;
}

// _codecs.encode(text, 'latin1'), or bytes().
void Pickler::save_bytes(std::span<const std::byte> bytes) {
  if (bytes.empty()) {
    save_global("builtins", "bytes");
    out_.op(Op::EMPTY_TUPLE);
  } else {
    save_global("_codecs", "encode");
    save_decoded(bytes);
    save_latin1();
    make_short_tuple(Op::TUPLE2);
  }
  out_.op(Op::REDUCE);
}

// bytearray(bytes), or bytearray().
void Pickler::save_byte_array(std::span<const std::byte> bytes) {
  save_global("builtins", "bytearray");
  if (bytes.empty()) {
    out_.op(Op::EMPTY_TUPLE);
  } else {
    save_bytes(bytes);
    put();
    make_short_tuple(Op::TUPLE1);
  }
  out_.op(Op::REDUCE);
}

// CPython has one such string, so it is written once.
void Pickler::save_latin1() {
  if (latin1_) return get(*latin1_);
  save_text("latin1");
  latin1_ = put();
}

// --------------------------------------------------------------------------------------------------------- globals

void Pickler::save_global_node(NodeId id) { remember(id, save_global(graph_.module(id), graph_.text(id))); }

// A global is one object however many nodes name it. Gives its memo number.
uint32_t Pickler::save_global(std::string_view module, std::string_view name) {
  GlobalName old = to_python2({module, name});
  std::string key = fmt::format("{}\n{}", old.module, old.name);
  if (auto known = globals_.find(key); known != globals_.end()) {
    get(known->second);
    return known->second;
  }
  if (name.find('.') != name.npos) {
    save_nested(module, name);
  } else {
    check_names({module, name}, old);
    out_.op(Op::GLOBAL);
    out_.raw(key);
    out_.raw("\n");
  }
  return globals_[key] = put();
}

// getattr(module.Outer, 'Inner'), and so on inwards: protocol 2 has no other name for a nested class.
void Pickler::save_nested(std::string_view module, std::string_view path) {
  if (std::count(path.begin(), path.end(), '.') > max_nesting) {
    throw Error(ErrorKind::bad_argument, "the name of a nested class has too many dots to be written")
        .expected(fmt::format("at most {}", max_nesting));
  }
  size_t dot = path.rfind('.');
  save_global("builtins", "getattr");
  save_global(module, path.substr(0, dot));
  save_text(path.substr(dot + 1));
  put();
  make_short_tuple(Op::TUPLE2);
  out_.op(Op::REDUCE);
}

// -------------------------------------------------------------------------------------------------------- the memo

void Pickler::make_short_tuple(Op op) {
  out_.op(op);
  put();
}

void Pickler::get(uint32_t number) {
  if (number <= 0xFF) return out_.op(Op::BINGET, static_cast<uint8_t>(number));
  out_.op(Op::LONG_BINGET, number);
}

// Gives what is on top of the reader's stack the next number.
uint32_t Pickler::put() {
  if (next_number_ >= std::numeric_limits<uint32_t>::max()) {
    throw Error(ErrorKind::bad_argument, "protocol 2 cannot write more than 4294967295 shared things");
  }
  uint32_t number = static_cast<uint32_t>(next_number_++);
  if (number <= 0xFF) {
    out_.op(Op::BINPUT, static_cast<uint8_t>(number));
  } else {
    out_.op(Op::LONG_BINPUT, number);
  }
  return number;
}

}  // namespace okibi::pickle
