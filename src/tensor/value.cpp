#include <okibi/value.h>

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>

#include "tensor/numpy.h"
#include "tensor/value_body.h"
#include "tensor/value_print.h"

namespace okibi {

using namespace detail;

std::string_view name_of(ValueKind kind) noexcept {
  constexpr std::string_view names[] = {"NoneType",    "bool",         "int",    "int",   "float", "complex",
                                        "str",         "bytes",        "list",   "tuple", "dict",  "set",
                                        "torch.dtype", "torch.device", "Tensor", "object"};
  return names[static_cast<size_t>(kind)];
}

// ---- counting

namespace detail {
namespace {

// Bodies that nothing refers to, linked through `group`. Freeing one may add more; they are freed one after another, so
// that a list a million deep needs no stack.
struct Graveyard {
  Counted* first;
  bool being_emptied;
};
thread_local constinit Graveyard graveyard{nullptr, false};

void bury(Counted* dead) noexcept {
  dead->group = std::exchange(graveyard.first, dead);
  if (graveyard.being_emptied) return;
  graveyard.being_emptied = true;
  while (Counted* next = graveyard.first) {
    graveyard.first = next->group;
    std::unique_ptr<Counted>{next}.reset();
  }
  graveyard.being_emptied = false;
}

void add_reference(Counted& body) noexcept { counter_of(body).references.fetch_add(1, std::memory_order_relaxed); }

}  // namespace

void release(Counted* body) noexcept {
  Counted& counter = counter_of(*body);
  if (counter.references.fetch_sub(1, std::memory_order_acq_rel) == 1) bury(&counter);
}

// The members' references to each other hold no count, so the order does not matter.
CycleGroup::~CycleGroup() {
  for (Counted* member : members) std::unique_ptr<Counted>{member}.reset();
}

}  // namespace detail

Value::Value(Counted* body) noexcept : kind_(body->kind), payload_{.counted = body} { add_reference(*body); }

Value::Value(const Value& other) noexcept : kind_(other.kind_), payload_(other.payload_) {
  if (counted()) add_reference(*payload_.counted);
}

// Out of a member of a cycle nothing can be taken without counting: the member keeps what it has.
Value::Value(Value&& other) noexcept : kind_(other.kind_), payload_(other.payload_) {
  if (other.within_group_) {
    add_reference(*payload_.counted);
  } else {
    other.kind_ = ValueKind::none;
  }
}

Value& Value::operator=(Value other) noexcept {
  std::swap(kind_, other.kind_);
  std::swap(within_group_, other.within_group_);
  std::swap(payload_, other.payload_);
  return *this;
}

// ---- in

namespace {

// As short as it can be: a sign byte more is dropped.
std::span<const std::byte> without_sign_bytes(std::span<const std::byte> bytes) {
  const auto sign_of = [](std::byte b) {
    return (b & std::byte{0x80}) != std::byte{0} ? std::byte{0xff} : std::byte{0};
  };
  while (bytes.size() > 1 && bytes.back() == sign_of(bytes[bytes.size() - 2])) bytes = bytes.first(bytes.size() - 1);
  return bytes;
}

int64_t small_integer(std::span<const std::byte> bytes) {
  const bool negative = !bytes.empty() && (bytes.back() & std::byte{0x80}) != std::byte{0};
  uint64_t number = negative ? ~uint64_t{0} : 0;
  if (!bytes.empty()) std::memcpy(&number, bytes.data(), bytes.size());
  return static_cast<int64_t>(number);
}

}  // namespace

Value::Value(integer_tag, int64_t value, bool is_unsigned_beyond)
    : kind_(ValueKind::integer), payload_{.integer = value} {
  if (!is_unsigned_beyond) return;
  std::byte bytes[9] = {};
  store_le(bytes, value);
  *this = big_integer(bytes);
}

Value::Value(std::complex<double> value) : Value(make_body<ComplexBody>(value)) {}
Value::Value(std::string_view text) : Value(make_body<StringBody>(text)) {}
Value::Value(const Device& device) : Value(make_body<DeviceBody>(device)) {}
Value::Value(const Tensor& tensor) {
  if (tensor.defined()) *this = Value(make_body<TensorBox>(tensor));
}
Value::Value(const List& list) noexcept : Value(list.self_) {}
Value::Value(const Tuple& tuple) noexcept : Value(tuple.self_) {}
Value::Value(const Dict& dict) noexcept : Value(dict.self_) {}
Value::Value(const Set& set) noexcept : Value(set.self_) {}
Value::Value(const Object& object) noexcept : Value(object.self_) {}

Value Value::interned(std::string_view text) { return Value(make_body<StringBody>(text, true)); }

bool Value::is_interned() const noexcept { return is_string() && ValueAccess::as<StringBody>(*this).interned; }

Value Value::bytes(std::span<const std::byte> bytes, BytesKind kind) {
  return Value(make_body<BytesBody>(bytes, kind));
}

Value Value::big_integer(std::span<const std::byte> little_endian) {
  const auto bytes = without_sign_bytes(little_endian);
  if (bytes.size() <= 8) return small_integer(bytes);
  return Value(make_body<BigIntegerBody>(bytes));
}

// ---- out

namespace {

[[noreturn]] void throw_unfit(std::string_view wanted, const Value& value) {
  throw Error(ErrorKind::bad_argument, fmt::format("expected {}, found {}", wanted, describe(value)));
}

template <class Body>
Body& body_or_throw(const Value& value, ValueKind kind, std::string_view wanted) {
  if (value.kind() != kind) throw_unfit(wanted, value);
  return ValueAccess::as<Body>(value);
}

}  // namespace

bool Value::to_bool() const {
  if (const auto number = number_of_numpy(*this)) return number->to_bool();
  if (!is_bool()) throw_unfit("a bool", *this);
  return payload_.integer != 0;
}

int64_t Value::to_int() const {
  if (kind_ == ValueKind::big_integer) throw_unfit("an int of 64 bits", *this);
  if (const auto number = number_of_numpy(*this)) return number->to_int();
  if (!is_int() && !is_bool()) throw_unfit("an int", *this);
  return payload_.integer;
}

double Value::to_double() const {
  switch (kind_) {
    case ValueKind::real:
      return payload_.real;
    case ValueKind::integer:
    case ValueKind::boolean:
      return static_cast<double>(payload_.integer);
    case ValueKind::big_integer:
      return nearest_double(ValueAccess::as<BigIntegerBody>(*this));
    default:
      if (const auto number = number_of_numpy(*this)) return number->to_double();
      throw_unfit("a float", *this);
  }
}

std::complex<double> Value::to_complex() const {
  if (kind_ == ValueKind::complex_number) return ValueAccess::as<ComplexBody>(*this).number;
  if (const auto number = number_of_numpy(*this)) return number->to_complex();
  if (!is_double() && !is_int() && !is_bool()) throw_unfit("a complex", *this);
  return to_double();
}

const std::string& Value::to_string() const {
  return body_or_throw<StringBody>(*this, ValueKind::string, "a str").text;
}
std::span<const std::byte> Value::to_bytes() const {
  return body_or_throw<BytesBody>(*this, ValueKind::bytes, "bytes").bytes;
}
BytesKind Value::bytes_kind() const { return body_or_throw<BytesBody>(*this, ValueKind::bytes, "bytes").bytes_kind; }
std::span<const std::byte> Value::to_big_integer() const {
  return body_or_throw<BigIntegerBody>(*this, ValueKind::big_integer, "an int beyond 64 bits").bytes;
}
DType Value::to_dtype() const {
  if (kind_ != ValueKind::dtype) throw_unfit("a torch.dtype", *this);
  return static_cast<DType>(payload_.integer);
}
const Device& Value::to_device() const {
  return body_or_throw<DeviceBody>(*this, ValueKind::device, "a torch.device").device;
}
const Tensor& Value::to_tensor() const { return body_or_throw<TensorBox>(*this, ValueKind::tensor, "a Tensor").tensor; }
List Value::to_list() const { return List(&body_or_throw<ListBody>(*this, ValueKind::list, "a list")); }
Tuple Value::to_tuple() const { return Tuple(&body_or_throw<TupleBody>(*this, ValueKind::tuple, "a tuple")); }
Dict Value::to_dict() const { return Dict(&body_or_throw<DictBody>(*this, ValueKind::dict, "a dict")); }
Set Value::to_set() const { return Set(&body_or_throw<SetBody>(*this, ValueKind::set, "a set")); }
Object Value::to_object() const { return Object(&body_or_throw<ObjectBody>(*this, ValueKind::object, "an object")); }

// ---- looking inside

namespace {

// Of UTF-8: every byte that does not continue a character begins one.
size_t characters_of(std::string_view text) {
  return static_cast<size_t>(std::ranges::count_if(text, [](char c) { return (c & 0xc0) != 0x80; }));
}

const Value& item_at(const Value& sequence, const std::vector<Value>& items, int64_t index) {
  const auto size = static_cast<int64_t>(items.size());
  if (index < -size || index >= size) {
    throw Error(ErrorKind::out_of_range, fmt::format("index {} is out of range for a {} of {} item{}", index,
                                                     name_of(sequence.kind()), size, size == 1 ? "" : "s"));
  }
  return items[static_cast<size_t>(index < 0 ? index + size : index)];
}

}  // namespace

size_t Value::size() const {
  switch (kind_) {
    case ValueKind::string:
      return characters_of(to_string());
    case ValueKind::bytes:
      return to_bytes().size();
    case ValueKind::list:
      return ValueAccess::as<ListBody>(*this).items.size();
    case ValueKind::tuple:
      return ValueAccess::as<TupleBody>(*this).items.size();
    case ValueKind::dict:
      return ValueAccess::as<DictBody>(*this).items.size();
    case ValueKind::set:
      return ValueAccess::as<SetBody>(*this).items.size();
    default:
      throw_unfit("something that has a size", *this);
  }
}

const Value& Value::operator[](std::string_view key) const {
  const auto& dict = body_or_throw<DictBody>(*this, ValueKind::dict, fmt::format("a dict with the key '{}'", key));
  if (const auto position = dict.position(key)) return dict.items[*position].second;
  throw_missing_key(dict, Value(key));
}

const Value& Value::at(int64_t index) const {
  if (kind_ == ValueKind::list) return item_at(*this, ValueAccess::as<ListBody>(*this).items, index);
  if (kind_ == ValueKind::tuple) return item_at(*this, ValueAccess::as<TupleBody>(*this).items, index);
  const auto& dict =
      body_or_throw<DictBody>(*this, ValueKind::dict, fmt::format("a list, tuple or dict with {}", index));
  if (const auto position = dict.position(Value(index))) return dict.items[*position].second;
  throw_missing_key(dict, Value(index));
}

bool Value::contains(std::string_view key) const {
  return body_or_throw<DictBody>(*this, ValueKind::dict, "a dict").position(key).has_value();
}

const void* Value::identity() const noexcept {
  switch (kind_) {
    case ValueKind::big_integer:
      return nullptr;
    case ValueKind::tensor:
      return ValueAccess::as<TensorBox>(*this).tensor.body();
    default:
      return counted() ? payload_.counted : nullptr;
  }
}

bool Value::is_same(const Value& other) const noexcept {
  if (kind_ != other.kind_) return false;
  const bool is_number = kind_ == ValueKind::complex_number || kind_ == ValueKind::device;
  return identity() != nullptr && !is_number ? identity() == other.identity() : *this == other;
}

// ---- ints beyond 64 bits

namespace {

// The magnitude, little-endian, of two's complement.
std::vector<uint8_t> magnitude_of(std::span<const std::byte> bytes, bool negative) {
  std::vector<uint8_t> magnitude(bytes.size());
  unsigned carry = negative ? 1 : 0;
  for (size_t i = 0; i < bytes.size(); ++i) {
    const auto byte = std::to_integer<uint8_t>(bytes[i]);
    const unsigned sum = (negative ? static_cast<uint8_t>(~byte) : byte) + carry;
    magnitude[i] = static_cast<uint8_t>(sum);
    carry = sum >> 8;
  }
  if (carry != 0) magnitude.push_back(1);
  while (!magnitude.empty() && magnitude.back() == 0) magnitude.pop_back();
  return magnitude;
}

// |integer| = top * 2^exponent, where top is its highest 64 bits; `exact` when no bit was left out.
struct Leading {
  uint64_t top = 0;
  int64_t exponent = 0;
  bool negative = false, exact = true;
};

Leading leading_bits(const BigIntegerBody& integer) {
  Leading result;
  result.negative = (integer.bytes.back() & std::byte{0x80}) != std::byte{0};
  const std::vector<uint8_t> magnitude = magnitude_of(integer.bytes, result.negative);
  const size_t bits = magnitude.size() * 8 - static_cast<size_t>(std::countl_zero(magnitude.back()));
  result.exponent = static_cast<int64_t>(bits) - 64;
  for (size_t bit = 0; bit < bits; ++bit) {
    const bool set = (magnitude[bit / 8] >> (bit % 8) & 1) != 0;
    if (bit + 64 < bits) {
      result.exact = result.exact && !set;
    } else if (set) {
      result.top |= uint64_t{1} << (bit + 64 - bits);
    }
  }
  return result;
}

}  // namespace

double nearest_double(const BigIntegerBody& integer) {
  const Leading leading = leading_bits(integer);
  const uint64_t sticky = leading.top | (leading.exact ? 0 : 1);  // so that a tie that is none rounds up
  const int exponent = static_cast<int>(std::min<int64_t>(leading.exponent, 5000));
  const double magnitude = std::ldexp(static_cast<double>(sticky), exponent);
  return leading.negative ? -magnitude : magnitude;
}

std::optional<double> exact_double(const BigIntegerBody& integer) {
  const Leading leading = leading_bits(integer);
  const bool fits = leading.exact && (leading.top & 0x7ff) == 0 && leading.exponent + 63 <= 1023;
  return fits ? std::optional(nearest_double(integer)) : std::nullopt;
}

}  // namespace okibi
