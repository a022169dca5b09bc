// What the handles of okibi/value.h refer to. For `tensor` only.
#pragma once

#include <okibi/value.h>

#include <atomic>

#include "tensor/pool.h"

namespace okibi {

namespace detail {

using Visit = std::function<void(Value&)>;

struct StringBody final : Counted {
  explicit StringBody(std::string_view t, bool i = false) : Counted(ValueKind::string), text(t), interned(i) {}
  const std::string text;
  const bool interned;
};

struct BytesBody final : Counted {
  BytesBody(std::span<const std::byte> b, BytesKind k)
      : Counted(ValueKind::bytes), bytes_kind(k), bytes(b.begin(), b.end()) {}
  const BytesKind bytes_kind;
  const std::vector<std::byte> bytes;
};

struct BigIntegerBody final : Counted {
  explicit BigIntegerBody(std::span<const std::byte> b) : Counted(ValueKind::big_integer), bytes(b.begin(), b.end()) {}
  const std::vector<std::byte> bytes;  // little-endian two's complement, as short as it can be, beyond int64
};

struct ComplexBody final : Counted {
  explicit ComplexBody(std::complex<double> n) : Counted(ValueKind::complex_number), number(n) {}
  const std::complex<double> number;
};

struct DeviceBody final : Counted {
  explicit DeviceBody(const Device& d) : Counted(ValueKind::device), device(d) {}
  const Device device;
};

struct TensorBox final : Counted {
  explicit TensorBox(const Tensor& t) : Counted(ValueKind::tensor), tensor(t) {}
  static void* operator new(size_t nbytes) { return pool::take(nbytes); }
  static void operator delete(void* box, size_t nbytes) { pool::give(static_cast<std::byte*>(box), nbytes); }
  const Tensor tensor;
};

struct ListBody final : Counted {
  ListBody() : Counted(ValueKind::list) {}
  void children(const Visit& visit) override;
  std::vector<Value> items;
};

// The hash of a tuple or a frozenset, kept: a tuple of tuples of tuples … that share parts is hashed in linear time.
using CachedHash = std::atomic<uint64_t>;  // 0 while unknown

struct TupleBody final : Counted {
  TupleBody() : Counted(ValueKind::tuple) {}
  void children(const Visit& visit) override;
  std::vector<Value> items;
  bool is_size = false;
  CachedHash hash = 0;
};

struct DictBody final : Counted {
  explicit DictBody(DictKind k) : Counted(ValueKind::dict), dict_kind(k) {}
  void children(const Visit& visit) override;
  std::optional<size_t> position(const Value& key) const;
  std::optional<size_t> position(std::string_view key) const;
  void set(Value key, Value value);
  void index_again();  // after keys were put into `items` directly
  const DictKind dict_kind;
  std::vector<Dict::Item> items;
  HashIndex index;
  Value attributes;  // a dict or None
  Value default_factory;
};

struct SetBody final : Counted {
  explicit SetBody(SetKind k) : Counted(ValueKind::set), set_kind(k) {}
  void children(const Visit& visit) override;
  std::optional<size_t> position(const Value& key) const;
  void index_again();
  const SetKind set_kind;
  std::vector<Value> items;
  HashIndex index;
  CachedHash hash = 0;
};

struct ObjectBody final : Counted {
  explicit ObjectBody(Object::Parts p) : Counted(ValueKind::object), parts(std::move(p)) {}
  void children(const Visit& visit) override;
  Object::Parts parts;
};

// Containers whose members reach each other. It owns them as one: what refers to any of them from outside counts here,
// and references between them hold no count.
struct CycleGroup final : Counted {
  CycleGroup() : Counted(ValueKind::none) {}
  ~CycleGroup() override;
  std::vector<Counted*> members;
};

// A body that nothing refers to yet; a Value made of it takes it over.
template <class Body, class... Arguments>
Body* make_body(Arguments&&... arguments) {
  return std::make_unique<Body>(std::forward<Arguments>(arguments)...).release();
}

inline Counted& counter_of(Counted& body) noexcept { return body.group ? *body.group : body; }

// Before the insides of a member of a cycle are handed out for changing: its references to other members are counted
// from here on, so that wherever they are moved, nothing can dangle.
void count_references_within(Counted& member) noexcept;

// The opposite. Gives back the number of references that no longer count.
uint32_t mark_references_within(Counted& member) noexcept;

// After okibi itself moved what a member of a cycle holds, which made its references count: they need not.
inline void settle(Counted& body) noexcept {
  if (body.group) body.group->references.fetch_sub(mark_references_within(body), std::memory_order_relaxed);
}

template <class Item>
void append(Counted& body, std::vector<Item>& items, Item item) {
  const bool moves = items.size() == items.capacity();
  items.push_back(std::move(item));
  if (moves) settle(body);
}

}  // namespace detail

// What the files of this folder may do with a Value that nobody else may.
struct ValueAccess {
  static Value of(detail::Counted* body) noexcept { return Value(body); }
  static detail::Counted* body(const Value& value) noexcept {
    return value.counted() ? value.payload_.counted : nullptr;
  }
  template <class Body>
  static Body& as(const Value& value) noexcept {
    return static_cast<Body&>(*value.payload_.counted);
  }
  static int64_t integer(const Value& value) noexcept { return value.payload_.integer; }
  static double real(const Value& value) noexcept { return value.payload_.real; }
  static bool within_group(const Value& value) noexcept { return value.within_group_; }
  static void set_within_group(Value& value, bool within) noexcept { value.within_group_ = within; }
};

// Whether a body of this kind can hold other Values.
inline bool holds_values(ValueKind kind) noexcept {
  return kind == ValueKind::list || kind == ValueKind::tuple || kind == ValueKind::dict || kind == ValueKind::set ||
         kind == ValueKind::object;
}

// An int as a double: rounded to the nearest, and exactly or not at all.
double nearest_double(const detail::BigIntegerBody& integer);
std::optional<double> exact_double(const detail::BigIntegerBody& integer);

}  // namespace okibi
