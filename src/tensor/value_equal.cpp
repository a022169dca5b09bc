// Equality without recursion: a list of pairs that must be equal, and a union of what is already taken as equal, so
// that cycles end and shared parts are compared once.
#include <unordered_map>

#include "tensor/value_body.h"

namespace okibi {

using namespace detail;

namespace {

bool is_number(ValueKind kind) {
  return kind == ValueKind::boolean || kind == ValueKind::integer || kind == ValueKind::big_integer ||
         kind == ValueKind::real || kind == ValueKind::complex_number;
}

bool equal_int_and_real(int64_t integer, double real) {
  return real >= -0x1p63 && real < 0x1p63 && static_cast<int64_t>(real) == integer &&
         static_cast<double>(static_cast<int64_t>(real)) == real;
}

bool is_small(const Value& number) { return number.is_int() || number.is_bool(); }

std::complex<double> real_or_complex(const Value& number) {
  return number.is_double() ? ValueAccess::real(number) : ValueAccess::as<ComplexBody>(number).number;
}

// An int against a float or a complex: exactly, as Python compares them.
bool equal_int_and_other(const Value& integer, const Value& other) {
  const std::complex<double> number = real_or_complex(other);
  if (number.imag() != 0) return false;
  if (is_small(integer)) return equal_int_and_real(ValueAccess::integer(integer), number.real());
  return exact_double(ValueAccess::as<BigIntegerBody>(integer)) == number.real();
}

bool equal_numbers(const Value& a, const Value& b) {
  const auto is_integer = [](const Value& n) { return is_small(n) || n.kind() == ValueKind::big_integer; };
  if (is_integer(a) && !is_integer(b)) return equal_int_and_other(a, b);
  if (is_integer(b) && !is_integer(a)) return equal_int_and_other(b, a);
  if (!is_integer(a)) return real_or_complex(a) == real_or_complex(b);
  if (is_small(a) || is_small(b))
    return is_small(a) && is_small(b) && ValueAccess::integer(a) == ValueAccess::integer(b);
  return ValueAccess::as<BigIntegerBody>(a).bytes == ValueAccess::as<BigIntegerBody>(b).bytes;
}

bool equal_objects(const Value& a, const Value& b) {
  const Object::Parts& x = ValueAccess::as<ObjectBody>(a).parts;
  const Object::Parts& y = ValueAccess::as<ObjectBody>(b).parts;
  const bool both_named = x.made == Object::Made::named && y.made == Object::Made::named;
  return both_named && x.name == y.name && x.module == y.module;
}

// Of two that are the same kind and hold no items.
bool equal_leaves(const Value& a, const Value& b) {
  switch (a.kind()) {
    case ValueKind::none:
      return true;
    case ValueKind::string:
      return ValueAccess::as<StringBody>(a).text == ValueAccess::as<StringBody>(b).text;
    case ValueKind::bytes:
      return ValueAccess::as<BytesBody>(a).bytes == ValueAccess::as<BytesBody>(b).bytes;
    case ValueKind::dtype:
      return ValueAccess::integer(a) == ValueAccess::integer(b);
    case ValueKind::device:
      return ValueAccess::as<DeviceBody>(a).device == ValueAccess::as<DeviceBody>(b).device;
    case ValueKind::object:
      return equal_objects(a, b);
    default:
      return false;  // tensors, which are equal when they are the same: that was asked before
  }
}

bool holds_items(ValueKind kind) {
  return kind == ValueKind::list || kind == ValueKind::tuple || kind == ValueKind::dict || kind == ValueKind::set;
}

class Comparison {
 public:
  bool run(const Value& a, const Value& b) {
    pairs_.emplace_back(&a, &b);
    while (!pairs_.empty()) {
      const auto [x, y] = pairs_.back();
      pairs_.pop_back();
      if (!equal_here(*x, *y)) return false;
    }
    return true;
  }

 private:
  // Whether both may be equal as far as can be seen here; what they hold is put on the list.
  bool equal_here(const Value& a, const Value& b) {
    if (is_number(a.kind()) && is_number(b.kind())) return equal_numbers(a, b);
    if (a.kind() != b.kind()) return false;
    if (a.identity() != nullptr && a.identity() == b.identity()) return true;
    if (!holds_items(a.kind())) return equal_leaves(a, b);
    if (a.is_list()) return equal_items<ListBody>(a, b);
    if (a.is_tuple()) return equal_items<TupleBody>(a, b);
    return a.is_dict() ? equal_dicts(a, b) : equal_sets(a, b);
  }

  template <class Body>
  bool equal_items(const Value& a, const Value& b) {
    const auto& x = ValueAccess::as<Body>(a);
    const auto& y = ValueAccess::as<Body>(b);
    if (x.items.size() != y.items.size()) return false;
    if (!unite(&x, &y)) return true;
    for (size_t i = 0; i < x.items.size(); ++i) pairs_.emplace_back(&x.items[i], &y.items[i]);
    return true;
  }

  // Keys are matched by their 64-bit hash, then put on the list as all else: asking a dict for a key here would
  // recurse. Two unequal keys of one dict with the same hash are not to be expected: the hash is keyed at random.
  bool equal_dicts(const Value& a, const Value& b) {
    const auto& x = ValueAccess::as<DictBody>(a);
    const auto& y = ValueAccess::as<DictBody>(b);
    const bool in_order = x.dict_kind == DictKind::ordered_dict && y.dict_kind == DictKind::ordered_dict;
    if (x.items.size() != y.items.size()) return false;
    if (!unite(&x, &y)) return true;
    for (size_t i = 0; i < x.items.size(); ++i) {
      const auto j = in_order ? i : y.index.find(x.index.hash_at(i), [](size_t) { return true; });
      if (!j) return false;
      pairs_.emplace_back(&x.items[i].first, &y.items[*j].first);
      pairs_.emplace_back(&x.items[i].second, &y.items[*j].second);
    }
    return true;
  }

  bool equal_sets(const Value& a, const Value& b) {
    const auto& x = ValueAccess::as<SetBody>(a);
    const auto& y = ValueAccess::as<SetBody>(b);
    if (x.items.size() != y.items.size()) return false;
    if (!unite(&x, &y)) return true;
    for (size_t i = 0; i < x.items.size(); ++i) {
      const auto j = y.index.find(x.index.hash_at(i), [](size_t) { return true; });
      if (!j) return false;
      pairs_.emplace_back(&x.items[i], &y.items[*j]);
    }
    return true;
  }

  // A forest of what was taken as equal (Hopcroft and Karp's way to compare automata): with pairs alone, two rings of
  // different lengths would take the product of the lengths. False when both were united before.
  bool unite(const Counted* a, const Counted* b) {
    const Counted *x = root_of(a), *y = root_of(b);
    if (x == y) return false;
    size_t &size_x = sizes_.try_emplace(x, 1).first->second, &size_y = sizes_.try_emplace(y, 1).first->second;
    if (size_x < size_y) std::swap(x, y);
    sizes_[x] = size_x + size_y;
    parents_[y] = x;
    return true;
  }

  const Counted* root_of(const Counted* body) const {
    for (auto parent = parents_.find(body); parent != parents_.end(); parent = parents_.find(body))
      body = parent->second;
    return body;
  }

  std::vector<std::pair<const Value*, const Value*>> pairs_;
  std::unordered_map<const Counted*, const Counted*> parents_;
  std::unordered_map<const Counted*, size_t> sizes_;
};

}  // namespace

bool operator==(const Value& a, const Value& b) {
  // What most comparisons are, without making lists.
  if (is_number(a.kind()) && is_number(b.kind())) return equal_numbers(a, b);
  if (a.kind() != b.kind()) return false;
  if (a.identity() != nullptr && a.identity() == b.identity()) return true;
  if (!holds_items(a.kind())) return equal_leaves(a, b);
  return Comparison().run(a, b);
}

}  // namespace okibi
