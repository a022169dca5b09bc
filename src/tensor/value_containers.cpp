#include <fmt/format.h>

#include "tensor/value_body.h"
#include "tensor/value_hash.h"
#include "tensor/value_print.h"

namespace okibi {

using namespace detail;

// ---- what bodies hold

namespace detail {
namespace {

void visit_all(std::vector<Value>& values, const Visit& visit) {
  for (Value& value : values) visit(value);
}
void visit_all(std::vector<Dict::Item>& items, const Visit& visit) {
  for (auto& [key, value] : items) {
    visit(key);
    visit(value);
  }
}

}  // namespace

void ListBody::children(const Visit& visit) { visit_all(items, visit); }
void TupleBody::children(const Visit& visit) { visit_all(items, visit); }
void SetBody::children(const Visit& visit) { visit_all(items, visit); }
void DictBody::children(const Visit& visit) {
  visit_all(items, visit);
  visit(attributes);
  visit(default_factory);
}
void ObjectBody::children(const Visit& visit) {
  visit_all(parts.arguments, visit);
  visit(parts.state);
  visit_all(parts.appended, visit);
  visit_all(parts.items, visit);
}

std::optional<size_t> DictBody::position(const Value& key) const {
  return index.find(hash_of(key), [&](size_t i) { return items[i].first == key; });
}

// The same without making a Value of the text.
std::optional<size_t> DictBody::position(std::string_view key) const {
  return index.find(hash_of_text(key), [&](size_t i) {
    return items[i].first.is_string() && ValueAccess::as<StringBody>(items[i].first).text == key;
  });
}

void DictBody::set(Value key, Value value) {
  const uint64_t hash = hash_of(key);
  if (const auto i = index.find(hash, [&](size_t at) { return items[at].first == key; })) {
    items[*i].second = std::move(value);
    return;
  }
  append(*this, items, {std::move(key), std::move(value)});
  index.push_back(hash);
}

void DictBody::index_again() {
  index.clear();
  for (const auto& [key, value] : items) index.push_back(hash_of(key));
}

std::optional<size_t> SetBody::position(const Value& key) const {
  return index.find(hash_of(key), [&](size_t i) { return items[i] == key; });
}

void SetBody::index_again() {
  index.clear();
  for (const Value& item : items) index.push_back(hash_of(item));
}

}  // namespace detail

// ---- List

List::List() : self_(make_body<ListBody>()) {}
List::List(std::initializer_list<Value> items) : List(std::vector<Value>(items)) {}
List::List(std::vector<Value> items) : List() { ValueAccess::as<ListBody>(self_).items = std::move(items); }
List::List(ListBody* body) : self_(body) {}
size_t List::size() const noexcept { return items().size(); }
Value& List::operator[](size_t index) const { return ValueAccess::as<ListBody>(self_).items[index]; }
const std::vector<Value>& List::items() const noexcept { return ValueAccess::as<ListBody>(self_).items; }

std::vector<Value>& List::mutable_items() const noexcept {
  auto& body = ValueAccess::as<ListBody>(self_);
  count_references_within(body);
  return body.items;
}

void List::push_back(Value value) const {
  auto& body = ValueAccess::as<ListBody>(self_);
  append(body, body.items, std::move(value));
}

// ---- Tuple

Tuple::Tuple() : self_(make_body<TupleBody>()) {}
Tuple::Tuple(std::initializer_list<Value> items) : Tuple(std::vector<Value>(items)) {}
Tuple::Tuple(std::vector<Value> items) : Tuple() { ValueAccess::as<TupleBody>(self_).items = std::move(items); }
Tuple::Tuple(TupleBody* body) : self_(body) {}
size_t Tuple::size() const noexcept { return items().size(); }
const Value& Tuple::operator[](size_t index) const { return items()[index]; }
const std::vector<Value>& Tuple::items() const noexcept { return ValueAccess::as<TupleBody>(self_).items; }
bool Tuple::is_size() const noexcept { return ValueAccess::as<TupleBody>(self_).is_size; }

Tuple Tuple::size_of(const Dims& sizes) {
  Tuple tuple(std::vector<Value>(sizes.begin(), sizes.end()));
  ValueAccess::as<TupleBody>(tuple.self_).is_size = true;
  return tuple;
}

// ---- Dict

Dict::Dict(DictKind kind) : self_(make_body<DictBody>(kind)) {}
Dict::Dict(std::initializer_list<Item> items) : Dict() {
  for (const auto& [key, value] : items) set(key, value);
}
Dict::Dict(DictBody* body) : self_(body) {}
DictKind Dict::kind() const noexcept { return ValueAccess::as<DictBody>(self_).dict_kind; }
size_t Dict::size() const noexcept { return items().size(); }
const std::vector<Dict::Item>& Dict::items() const noexcept { return ValueAccess::as<DictBody>(self_).items; }

const Value* Dict::find(const Value& key) const {
  const auto& body = ValueAccess::as<DictBody>(self_);
  const auto position = body.position(key);
  return position ? &body.items[*position].second : nullptr;
}

const Value& Dict::operator[](const Value& key) const {
  if (const Value* found = find(key)) return *found;
  throw_missing_key(ValueAccess::as<DictBody>(self_), key);
}

void Dict::set(Value key, Value value) const { ValueAccess::as<DictBody>(self_).set(std::move(key), std::move(value)); }

bool Dict::erase(const Value& key) const {
  auto& body = ValueAccess::as<DictBody>(self_);
  const auto position = body.position(key);
  if (!position) return false;
  body.items.erase(body.items.begin() + static_cast<ptrdiff_t>(*position));
  body.index.erase(*position);
  settle(body);
  return true;
}

std::optional<Dict> Dict::attributes() const {
  const Value& attributes = ValueAccess::as<DictBody>(self_).attributes;
  return attributes.is_none() ? std::nullopt : std::optional(attributes.to_dict());
}
void Dict::set_attributes(Dict attributes) const { ValueAccess::as<DictBody>(self_).attributes = attributes; }
Value Dict::default_factory() const { return ValueAccess::as<DictBody>(self_).default_factory; }
void Dict::set_default_factory(Value factory) const {
  ValueAccess::as<DictBody>(self_).default_factory = std::move(factory);
}

// ---- Set

Set::Set(SetKind kind) : self_(make_body<SetBody>(kind)) {}
Set::Set(SetBody* body) : self_(body) {}
SetKind Set::kind() const noexcept { return ValueAccess::as<SetBody>(self_).set_kind; }
size_t Set::size() const noexcept { return items().size(); }
const std::vector<Value>& Set::items() const noexcept { return ValueAccess::as<SetBody>(self_).items; }
bool Set::contains(const Value& key) const { return ValueAccess::as<SetBody>(self_).position(key).has_value(); }

bool Set::insert(Value key) const {
  auto& body = ValueAccess::as<SetBody>(self_);
  const uint64_t hash = hash_of(key);
  if (body.index.find(hash, [&](size_t i) { return body.items[i] == key; })) return false;
  append(body, body.items, std::move(key));
  body.index.push_back(hash);
  body.hash.store(0, std::memory_order_relaxed);
  return true;
}

// ---- Object

Object::Object(Parts parts) : self_(make_body<ObjectBody>(std::move(parts))) {}
Object::Object(ObjectBody* body) : self_(body) {}
const Object::Parts& Object::parts() const noexcept { return ValueAccess::as<ObjectBody>(self_).parts; }

Object::Parts& Object::mutable_parts() const noexcept {
  auto& body = ValueAccess::as<ObjectBody>(self_);
  count_references_within(body);
  return body.parts;
}

std::string Object::python_class() const { return parts().module + "." + parts().name; }
bool Object::has(std::string_view attribute) const {
  return parts().state.is_dict() && parts().state.contains(attribute);
}

const Value& Object::attribute(std::string_view attribute) const {
  const Value& state = parts().state;
  return in_context("an object of class", python_class(), [&]() -> const Value& {
    if (state.is_dict()) return state[attribute];
    throw Error(ErrorKind::not_found, fmt::format("there is no attribute '{}'", attribute))
        .found(state.is_none() ? std::string("an object without state") : "state that is " + describe(state));
  });
}

}  // namespace okibi
