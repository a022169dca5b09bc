// okibi/value.h: what a file or a model gives a user.
//
// A Value is a handle, as a Python name is: a copy refers to the same list, dict or tensor; deep_copy() is explicit.
// None, bool, int, float, complex, dtype and device are values in themselves. Out of a Value one always gets by name
// (`to_int`), never by conversion; what does not fit is Error(bad_argument) that says what the value is instead.
//
// Ownership: containers are counted, atomically. A loaded graph may be cyclic and a million deep: `close_cycles` lets
// cycles own themselves as one, and nothing is freed by recursion. A cycle that a program itself makes afterwards, or
// whose containers it changes, is its own to break or to close again: until then it leaks, as with shared_ptr, but
// never dangles.
//
// Threads: any number may read; changing a container needs the caller's own order.
#pragma once

#include <atomic>
#include <complex>
#include <concepts>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <iosfwd>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <okibi/tensor.h>

namespace okibi {

class Value;
class List;
class Tuple;
class Dict;
class Set;
class Object;
class StateDict;

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored \
    "-Wshadow"  // GCC takes this `boolean` for one that hides the dtype; it is in a scope of its own
enum class ValueKind : uint8_t {
  none,
  boolean,
  integer,
  big_integer,
  real,
  complex_number,
  string,
  bytes,
  list,
  tuple,
  dict,
  set,
  dtype,
  device,
  tensor,
  object,
};
#pragma GCC diagnostic pop
std::string_view name_of(ValueKind kind) noexcept;  // Python's word: "NoneType", "bool", "int", "dict", …

// The kinds of dict that PyTorch's files hold. They differ in how they are written and printed, not in use.
enum class DictKind : uint8_t { dict, ordered_dict, default_dict, counter };
enum class SetKind : uint8_t { set, frozen_set };
enum class BytesKind : uint8_t { bytes, byte_array };

namespace detail {

// What all counted things share. A member of a cycle counts on its group instead of on itself; see close_cycles.
struct Counted {
  explicit Counted(ValueKind k) noexcept : kind(k) {}
  Counted(const Counted&) = delete;
  Counted& operator=(const Counted&) = delete;
  virtual ~Counted() = default;
  virtual void children(const std::function<void(Value&)>& visit) { (void)visit; }  // every Value it holds

  std::atomic<uint32_t> references = 0;
  const ValueKind kind;
  Counted* group = nullptr;  // the cycle it counts on; once nothing refers to it, the next that waits to be freed
};
void release(Counted* body) noexcept;  // one reference less; frees what nothing refers to, without recursion

// Where items stand, by the hash of their keys. Built of hashes alone: the caller knows the keys. Up to a few items are
// found by looking at each; more by open addressing over `slots_`, which hold positions + 1.
class HashIndex {
 public:
  template <class IsIt>
  std::optional<size_t> find(uint64_t hash, IsIt&& is_it) const {
    if (slots_.empty()) {
      for (size_t i = 0; i < hashes_.size(); ++i)
        if (hashes_[i] == hash && is_it(i)) return i;
      return std::nullopt;
    }
    for (size_t slot = hash & (slots_.size() - 1); slots_[slot] != 0; slot = (slot + 1) & (slots_.size() - 1)) {
      const size_t i = slots_[slot] - 1;
      if (hashes_[i] == hash && is_it(i)) return i;
    }
    return std::nullopt;
  }
  void push_back(uint64_t hash);  // of the item that was just added at the end
  void erase(size_t position);    // the items behind it move up; takes time in proportion to their number
  void clear() noexcept;
  uint64_t hash_at(size_t position) const noexcept { return hashes_[position]; }

 private:
  void rebuild(size_t slots);
  std::vector<uint64_t> hashes_;
  std::vector<uint32_t> slots_;  // a power of two of them, at most half full
};

struct ListBody;
struct TupleBody;
struct DictBody;
struct SetBody;
struct ObjectBody;
struct StringBody;
struct BytesBody;
struct BigIntegerBody;
struct TensorBox;
struct DeviceBody;
struct ComplexBody;

}  // namespace detail

class Value {
 public:
  Value() noexcept : Value(nullptr) {}
  Value(std::nullptr_t) noexcept : kind_(ValueKind::none) {}
  template <std::same_as<bool> T>
  Value(T value) noexcept : kind_(ValueKind::boolean), payload_{.integer = value} {}
  template <std::integral T>
  requires(!std::same_as<T, bool>) Value(T value)
      : Value(integer_tag{}, static_cast<int64_t>(value), std::cmp_greater(value, INT64_MAX)) {}
  template <std::floating_point T>
  Value(T value) noexcept : kind_(ValueKind::real), payload_{.real = static_cast<double>(value)} {}
  Value(std::complex<double> value);
  Value(const char* text) : Value(std::string_view(text)) {}
  Value(std::string_view text);
  Value(const std::string& text) : Value(std::string_view(text)) {}
  Value(DType dtype) noexcept : kind_(ValueKind::dtype), payload_{.integer = static_cast<int64_t>(dtype)} {}
  Value(const Device& device);
  Value(const Tensor& tensor);  // an undefined one is None
  Value(const List& list) noexcept;
  Value(const Tuple& tuple) noexcept;
  Value(const Dict& dict) noexcept;
  Value(const Set& set) noexcept;
  Value(const Object& object) noexcept;
  Value(const StateDict& state_dict);  // an OrderedDict with `_metadata`, as PyTorch saves it
  static Value bytes(std::span<const std::byte> bytes, BytesKind kind = BytesKind::bytes);
  static Value big_integer(std::span<const std::byte> little_endian);  // two's complement; small ones become int
  // A str that is the one object which Python has for a word in its programs, and PyTorch therefore in its files.
  static Value interned(std::string_view text);

  Value(const Value& other) noexcept;
  Value(Value&& other) noexcept;
  Value& operator=(Value other) noexcept;
  ~Value() {
    if (counted() && !within_group_) detail::release(payload_.counted);
  }

  ValueKind kind() const noexcept { return kind_; }
  bool is_none() const noexcept { return kind_ == ValueKind::none; }
  bool is_bool() const noexcept { return kind_ == ValueKind::boolean; }
  bool is_int() const noexcept { return kind_ == ValueKind::integer; }
  bool is_double() const noexcept { return kind_ == ValueKind::real; }
  bool is_string() const noexcept { return kind_ == ValueKind::string; }
  bool is_list() const noexcept { return kind_ == ValueKind::list; }
  bool is_tuple() const noexcept { return kind_ == ValueKind::tuple; }
  bool is_dict() const noexcept { return kind_ == ValueKind::dict; }
  bool is_tensor() const noexcept { return kind_ == ValueKind::tensor; }
  bool is_object() const noexcept { return kind_ == ValueKind::object; }

  // ---- out, by name. A NumPy scalar is the number it holds.
  bool to_bool() const;
  int64_t to_int() const;    // an int that fits, or a bool
  double to_double() const;  // a float, an int or a bool
  std::complex<double> to_complex() const;
  const std::string& to_string() const;  // a str; lives as long as the value does. See repr() for any value as text
  std::span<const std::byte> to_bytes() const;  // bytes, bytearray
  BytesKind bytes_kind() const;
  std::span<const std::byte> to_big_integer() const;  // little-endian two's complement
  DType to_dtype() const;
  const Device& to_device() const;
  const Tensor& to_tensor() const;
  List to_list() const;
  Tuple to_tuple() const;
  Dict to_dict() const;
  Set to_set() const;
  Object to_object() const;

  // ---- looking inside. A missing key is Error(not_found) that lists the keys there are.
  size_t size() const;                                  // of a str (characters), bytes, list, tuple, dict, set
  const Value& operator[](std::string_view key) const;  // of a dict
  const Value& operator[](const char* key) const { return (*this)[std::string_view(key)]; }
  template <std::integral T>
  const Value& operator[](T index) const {
    return at(static_cast<int64_t>(index));
  }
  const Value& at(int64_t index) const;       // of a list or tuple, negative from the end; an int key of a dict
  bool contains(std::string_view key) const;  // of a dict

  // Python's `is` for what is shared; equality for what is a value in itself.
  bool is_same(const Value& other) const noexcept;
  // The address of the shared thing, for maps by identity; nullptr for what is a value in itself. Complex numbers and
  // devices have one, too: copies of a Value, which a file keeps as one object.
  const void* identity() const noexcept;
  bool is_interned() const noexcept;

 private:
  struct integer_tag {};
  Value(integer_tag, int64_t value, bool is_unsigned_beyond);
  explicit Value(detail::Counted* body) noexcept;  // takes a new reference
  bool counted() const noexcept { return (in_place_kinds >> static_cast<unsigned>(kind_) & 1) == 0; }
  static constexpr unsigned in_place_kinds =
      1u << static_cast<unsigned>(ValueKind::none) | 1u << static_cast<unsigned>(ValueKind::boolean) |
      1u << static_cast<unsigned>(ValueKind::integer) | 1u << static_cast<unsigned>(ValueKind::real) |
      1u << static_cast<unsigned>(ValueKind::dtype);
  friend class List;
  friend class Tuple;
  friend class Dict;
  friend class Set;
  friend class Object;
  friend struct ValueAccess;  // src/tensor/value_body.h

  union Payload {
    int64_t integer;
    double real;
    detail::Counted* counted;
  };
  ValueKind kind_ = ValueKind::none;
  bool within_group_ = false;  // lies in a member of a cycle and refers to another of the same: holds no count
  Payload payload_{.integer = 0};
};

// Equal as Python's == has it: by content, 1 == 1.0 == True; tensors are equal when they are the same tensor. Safe on
// cycles and on any depth.
bool operator==(const Value& a, const Value& b);

// ---- the containers. Each is a handle, too.

class List {
 public:
  List();
  List(std::initializer_list<Value> items);
  explicit List(std::vector<Value> items);
  size_t size() const noexcept;
  Value& operator[](size_t index) const;
  const std::vector<Value>& items() const noexcept;
  std::vector<Value>& mutable_items() const noexcept;  // of a list in a cycle: close_cycles again afterwards
  void push_back(Value value) const;
  Value* begin() const noexcept { return const_cast<Value*>(items().data()); }
  Value* end() const noexcept { return begin() + size(); }

 private:
  friend class Value;
  explicit List(detail::ListBody* body);
  Value self_;
};

class Tuple {  // immutable
 public:
  Tuple();
  Tuple(std::initializer_list<Value> items);
  explicit Tuple(std::vector<Value> items);
  size_t size() const noexcept;
  const Value& operator[](size_t index) const;
  const std::vector<Value>& items() const noexcept;
  auto begin() const { return items().begin(); }
  auto end() const { return items().end(); }
  bool is_size() const noexcept;  // a torch.Size rather than a plain tuple
  static Tuple size_of(const Dims& sizes);

 private:
  friend class Value;
  explicit Tuple(detail::TupleBody* body);
  Value self_;
};

// Keeps the order of insertion. Keys are what Python can hash; most are strings. Looking up takes constant time, and
// chosen keys cannot make it slow.
class Dict {
 public:
  using Item = std::pair<Value, Value>;
  explicit Dict(DictKind kind = DictKind::dict);
  Dict(std::initializer_list<Item> items);
  DictKind kind() const noexcept;
  size_t size() const noexcept;
  const std::vector<Item>& items() const noexcept;  // in order
  auto begin() const { return items().begin(); }
  auto end() const { return items().end(); }

  const Value* find(const Value& key) const;        // nullptr when missing
  const Value& operator[](const Value& key) const;  // Error(not_found) listing the keys
  bool contains(const Value& key) const { return find(key) != nullptr; }
  void set(Value key, Value value) const;  // adds or replaces; Error(bad_argument) for a key that has no hash
  bool erase(const Value& key) const;      // keeps the order of the others

  // What Python keeps beside the items: an OrderedDict's attributes (`_metadata` of a state_dict), or none.
  std::optional<Dict> attributes() const;
  void set_attributes(Dict attributes) const;
  Value default_factory() const;  // of a defaultdict: a global as an Object, or None
  void set_default_factory(Value factory) const;

 private:
  friend class Value;
  explicit Dict(detail::DictBody* body);
  Value self_;
};

class Set {
 public:
  explicit Set(SetKind kind = SetKind::set);
  SetKind kind() const noexcept;
  size_t size() const noexcept;
  const std::vector<Value>& items() const noexcept;  // in order of insertion
  bool contains(const Value& key) const;
  bool insert(Value key) const;  // false when it was there

 private:
  friend class Value;
  explicit Set(detail::SetBody* body);
  Value self_;
};

// Anything else that a file holds, as data: never code. `python_class` is "torch.nn.modules.linear.Linear"; a global
// that is only named (a class as a value, a function) has made == named and nothing else.
class Object {
 public:
  enum class Made : uint8_t {
    named,   // the global itself
    reduce,  // python_class(*arguments)
    newobj,  // python_class.__new__(python_class, *arguments)
  };
  struct Parts {
    std::string module, name;  // "torch.nn.modules.linear", "Linear"
    Made made = Made::newobj;
    std::vector<Value> arguments = {};
    Value state = {};                  // what __setstate__ or __dict__ would get; None when there was none
    std::vector<Value> appended = {};  // list items given to it
    std::vector<Dict::Item> items = {};
  };
  explicit Object(Parts parts);
  std::string python_class() const;  // "torch.nn.modules.linear.Linear"
  const Parts& parts() const noexcept;
  Parts& mutable_parts() const noexcept;                     // of an object in a cycle: close_cycles again afterwards
  bool has(std::string_view attribute) const;                // state is a dict that holds it
  const Value& attribute(std::string_view attribute) const;  // Error(not_found)

 private:
  friend class Value;
  explicit Object(detail::ObjectBody* body);
  Value self_;
};

// ---- tensors as Python's classes see them

// Everywhere here a tensor is a tensor; but saved again it should come back as what it was: an nn.Parameter, an nn.Buffer,
// or a subclass with attributes. That is remembered beside its numbers, and views and copies do not inherit it.
struct TensorClass {
  std::string module = "torch", name = "Tensor";
  Value state = {};  // its __dict__; or a tuple of that and its slots; or None

  bool is_parameter() const noexcept { return module == "torch.nn.parameter" && name == "Parameter"; }
};
// nullptr for a plain torch.Tensor without attributes.
const TensorClass* tensor_class(const Tensor& tensor) noexcept;
// The same numbers in the same storage, as another tensor that Python sees so.
Tensor with_tensor_class(const Tensor& tensor, TensorClass tensor_class);
void drop_tensor_class(const Tensor& tensor);  // it is a plain torch.Tensor from here on
Tensor parameter(const Tensor& data, bool requires_grad = true);  // nn.Parameter(data)
// The same numbers as a tensor of a device (xla, mtia …) whose tensors PyTorch saves from a copy in memory.
Tensor on_device(const Tensor& tensor, const Device& device);

// ---- NumPy in files: an array or a scalar is an Object, made by numpy._core.multiarray

bool is_numpy(const Value& value) noexcept;  // an array or a scalar
// Its numbers as a tensor of their own; of a scalar with no dimensions. Error(unsupported) for dtypes that are no numbers
// (text, objects, records, dates); Error(bad_file) where the bytes do not fit the shape.
Tensor from_numpy(const Value& value);

// ---- state_dict

// What a module gives and takes: names to values in order, nearly always tensors (`_extra_state` may be anything), and
// PyTorch's `_metadata`: each module's prefix to its version.
class StateDict {
 public:
  using Item = std::pair<std::string, Value>;
  StateDict() = default;
  // Error(mismatch) when the value is no dict of str to tensors; when it is a whole checkpoint, says so and lists its
  // keys.
  explicit StateDict(const Value& value);

  size_t size() const noexcept { return items_.size(); }
  const std::vector<Item>& items() const noexcept { return items_; }
  auto begin() const { return items_.begin(); }
  auto end() const { return items_.end(); }
  const Value* find(std::string_view name) const noexcept;
  const Tensor& operator[](std::string_view name) const;  // Error(not_found) with the nearest names
  bool contains(std::string_view name) const noexcept { return find(name) != nullptr; }
  void set(std::string name, Value value);  // adds or replaces

  const std::vector<std::pair<std::string, int64_t>>& versions() const noexcept { return versions_; }
  void set_version(std::string prefix, int64_t version);

 private:
  std::vector<Item> items_;
  detail::HashIndex index_;
  std::vector<std::pair<std::string, int64_t>> versions_;
};

// ---- whole graphs

// Makes each cycle reachable from `root` own its members as one, so that the last handle from outside frees them all.
// For whoever builds a graph that may hold cycles; the loader has done it. May be called again after changes. Time and
// memory are linear. No other thread may use the graph meanwhile.
void close_cycles(Value& root);

// A graph of its own, with the same sharing inside: containers and tensors (with their storages) are copied.
Value deep_copy(const Value& value);

// Python's repr: {'epoch': 3, 'loss': 0.5}. Tensors as PyTorch prints them. A cycle prints as Python prints it ([...]);
// past `max_nodes` the rest is "...".
std::string repr(const Value& value, uint64_t max_nodes = Limits{}.max_printed_nodes);
std::ostream& operator<<(std::ostream& out, const Value& value);

}  // namespace okibi
