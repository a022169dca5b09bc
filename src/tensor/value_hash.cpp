#include "tensor/value_hash.h"

#include <bit>
#include <cmath>
#include <unordered_set>

#include "base/keyed_hash.h"
#include "tensor/value_body.h"

namespace okibi {

using detail::Counted;

namespace {

// What kind of thing a hash is of; part of what is hashed, so that 1 and a dtype numbered 1 differ.
enum class Tag : uint64_t { none, integer, real, complex_number, dtype, identity, tuple, frozen_set };

uint64_t tagged_hash(Tag tag, uint64_t a, uint64_t b = 0) noexcept {
  return keyed_hash({static_cast<uint64_t>(tag), a, b});
}

uint64_t hash_of_integer(int64_t number) noexcept { return tagged_hash(Tag::integer, static_cast<uint64_t>(number)); }

// NaN equals nothing, so any number will do for its hash; one that is always the same would let a file of NaNs make
// every lookup slow.
uint64_t hash_of_nan() noexcept {
  static std::atomic<uint64_t> made = 0;
  return tagged_hash(Tag::real, made.fetch_add(1, std::memory_order_relaxed), 1);
}

uint64_t hash_of_real(double number) noexcept {
  if (std::isnan(number)) return hash_of_nan();
  if (number >= -0x1p63 && number < 0x1p63 && number == std::trunc(number)) {
    return hash_of_integer(static_cast<int64_t>(number));
  }
  return tagged_hash(Tag::real, std::bit_cast<uint64_t>(number));
}

uint64_t hash_of_complex(std::complex<double> number) noexcept {
  if (number.imag() == 0) return hash_of_real(number.real());
  return tagged_hash(Tag::complex_number, hash_of_real(number.real()), hash_of_real(number.imag()));
}

uint64_t hash_of_big(const detail::BigIntegerBody& number) {
  if (const auto real = exact_double(number)) return hash_of_real(*real);
  return keyed_hash(number.bytes);
}

uint64_t hash_of_identity(const void* thing) noexcept {
  return tagged_hash(Tag::identity, reinterpret_cast<uintptr_t>(thing));
}

uint64_t hash_of_object(const Value& value) {
  const Object::Parts& parts = ValueAccess::as<detail::ObjectBody>(value).parts;
  if (parts.made != Object::Made::named) return hash_of_identity(value.identity());
  return tagged_hash(Tag::identity, hash_of_text(parts.module), hash_of_text(parts.name));
}

[[noreturn]] void throw_unhashable(std::string_view type) {
  throw Error(ErrorKind::bad_argument, "unhashable type: '" + std::string(type) + "'")
      .hint(
          "A key of a dict or an item of a set must be something that cannot change, such as a str, an int or a "
          "tuple.");
}

// Of anything but a tuple or a frozenset.
uint64_t hash_of_leaf(const Value& value) {
  switch (value.kind()) {
    case ValueKind::none:
      return tagged_hash(Tag::none, 0);
    case ValueKind::boolean:
    case ValueKind::integer:
      return hash_of_integer(ValueAccess::integer(value));
    case ValueKind::big_integer:
      return hash_of_big(ValueAccess::as<detail::BigIntegerBody>(value));
    case ValueKind::real:
      return hash_of_real(ValueAccess::real(value));
    case ValueKind::complex_number:
      return hash_of_complex(ValueAccess::as<detail::ComplexBody>(value).number);
    case ValueKind::string:
      return hash_of_text(ValueAccess::as<detail::StringBody>(value).text);
    case ValueKind::bytes:
      if (value.bytes_kind() == BytesKind::byte_array) throw_unhashable("bytearray");
      return keyed_hash(value.to_bytes());
    case ValueKind::dtype:
      return tagged_hash(Tag::dtype, static_cast<uint64_t>(ValueAccess::integer(value)));
    case ValueKind::device:
      return hash_of_text(value.to_device().text());
    case ValueKind::tensor:
      return hash_of_identity(value.identity());
    case ValueKind::object:
      return hash_of_object(value);
    default:
      throw_unhashable(name_of(value.kind()));
  }
}

// A tuple or a frozenset on the way to its hash.
struct Frame {
  const Counted* body;
  const std::vector<Value>* items;
  detail::CachedHash* cache;
  bool ordered;
  size_t next = 0;
  uint64_t sum = 0;

  void add(uint64_t hash) noexcept { sum = ordered ? tagged_hash(Tag::tuple, sum, hash) : sum + hash; }
  uint64_t finish() const noexcept {
    const uint64_t hash = tagged_hash(ordered ? Tag::tuple : Tag::frozen_set, sum, items->size());
    return hash == 0 ? 1 : hash;  // 0 stands for "not known yet"
  }
};

std::optional<Frame> compound(const Value& value) {
  if (value.is_tuple()) {
    auto& body = ValueAccess::as<detail::TupleBody>(value);
    return Frame{&body, &body.items, &body.hash, true};
  }
  if (value.kind() != ValueKind::set) return std::nullopt;
  auto& body = ValueAccess::as<detail::SetBody>(value);
  if (body.set_kind == SetKind::set) throw_unhashable("set");
  return Frame{&body, &body.items, &body.hash, false};
}

// Depth first with a stack of its own. What contains itself (a frozenset changed after it was put into a tuple) counts
// for a constant where it is met again.
uint64_t hash_of_compound(Frame root) {
  std::vector<Frame> stack{root};
  std::unordered_set<const Counted*> open{root.body};
  for (;;) {
    Frame& frame = stack.back();
    if (frame.next == frame.items->size()) {
      const uint64_t hash = frame.finish();
      frame.cache->store(hash, std::memory_order_relaxed);
      open.erase(frame.body);
      stack.pop_back();
      if (stack.empty()) return hash;
      stack.back().add(hash);
      continue;
    }
    const Value& item = (*frame.items)[frame.next++];
    const std::optional<Frame> inner = compound(item);
    if (!inner) {
      frame.add(hash_of_leaf(item));
    } else if (const uint64_t known = inner->cache->load(std::memory_order_relaxed); known != 0) {
      frame.add(known);
    } else if (open.insert(inner->body).second) {
      stack.push_back(*inner);
    } else {
      frame.add(1);
    }
  }
}

}  // namespace

uint64_t hash_of_text(std::string_view text) noexcept { return keyed_hash(as_bytes(text)); }

uint64_t hash_of(const Value& value) {
  const std::optional<Frame> frame = compound(value);
  if (!frame) return hash_of_leaf(value);
  if (const uint64_t known = frame->cache->load(std::memory_order_relaxed); known != 0) return known;
  return hash_of_compound(*frame);
}

// ---- HashIndex

namespace detail {
namespace {

constexpr size_t searched_one_by_one = 8;  // comparing so few hashes is quicker than a table, and takes no memory

}  // namespace

void HashIndex::push_back(uint64_t hash) {
  if (hashes_.size() >= UINT32_MAX) throw Error(ErrorKind::limit, "a dict or set can hold 4,294,967,295 items");
  hashes_.push_back(hash);
  if (hashes_.size() <= searched_one_by_one) return;
  if (hashes_.size() * 2 > slots_.size()) return rebuild(std::bit_ceil(hashes_.size() * 3));
  size_t slot = hash & (slots_.size() - 1);
  while (slots_[slot] != 0) slot = (slot + 1) & (slots_.size() - 1);
  slots_[slot] = static_cast<uint32_t>(hashes_.size());
}

void HashIndex::erase(size_t position) {
  hashes_.erase(hashes_.begin() + static_cast<ptrdiff_t>(position));
  if (!slots_.empty()) rebuild(hashes_.size() > searched_one_by_one ? slots_.size() : 0);
}

void HashIndex::clear() noexcept {
  hashes_.clear();
  slots_.clear();
}

void HashIndex::rebuild(size_t slots) {
  slots_.assign(slots, 0);
  if (slots == 0) return;
  for (size_t i = 0; i < hashes_.size(); ++i) {
    size_t slot = hashes_[i] & (slots - 1);
    while (slots_[slot] != 0) slot = (slot + 1) & (slots - 1);
    slots_[slot] = static_cast<uint32_t>(i + 1);
  }
}

}  // namespace detail
}  // namespace okibi
