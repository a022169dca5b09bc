// Lists, tuples, dicts and sets: making them, and filling them or objects that behave like them.
#include <fmt/format.h>

#include "pickle/unpickler.h"

namespace okibi::pickle {
namespace {

Kind kind_of_empty(Op op) {
  switch (op) {
    case Op::EMPTY_LIST:
      return Kind::list;
    case Op::EMPTY_DICT:
      return Kind::dict;
    case Op::EMPTY_SET:
      return Kind::set;
    default:
      return Kind::tuple;
  }
}

[[noreturn]] void fail_to_fill(Kind target, std::string_view what) {
  throw Error(ErrorKind::bad_file, fmt::format("{} cannot be put into {}", what, name_of(target)))
      .hint("PyTorch writes no such pickle; do not load it there.");
}

void check_even(size_t count) {
  if (count % 2 != 0) fail("the last key has no value");
}

}  // namespace

std::string_view name_of(Kind kind) {
  switch (kind) {
    case Kind::none:
      return "None";
    case Kind::boolean:
      return "a bool";
    case Kind::integer:
      return "an int";
    case Kind::long_integer:
      return "an int";
    case Kind::real:
      return "a float";
    case Kind::string:
      return "a str";
    case Kind::bytes:
      return "bytes";
    case Kind::byte_array:
      return "a bytearray";
    case Kind::list:
      return "a list";
    case Kind::tuple:
      return "a tuple";
    case Kind::dict:
      return "a dict";
    case Kind::set:
      return "a set";
    case Kind::frozen_set:
      return "a frozenset";
    case Kind::global:
      return "a global";
    case Kind::persistent:
      return "a persistent id";
    case Kind::object:
      return "an object";
  }
  return "a node";
}

// ---------------------------------------------------------------------------------------------------------- making

void Unpickler::push_empty(const Argument&) { push(graph_.add_container(kind_of_empty(Op{code_}))); }

void Unpickler::make_list(const Argument&) {
  NodeId id = graph_.add_container(Kind::list, marked());
  drop_marked();
  push(id);
}

void Unpickler::make_tuple(const Argument&) {
  NodeId id = graph_.add_container(Kind::tuple, marked());
  drop_marked();
  push(id);
}

void Unpickler::make_short_tuple(const Argument&) {
  size_t count = code_ - static_cast<uint8_t>(Op::TUPLE1) + 1u;
  if (stack_.size() < floor() + count) fail(fmt::format("the stack has fewer than {} values", count));
  NodeId id = graph_.add_container(Kind::tuple, std::span(stack_).last(count));
  stack_.resize(stack_.size() - count);
  push(id);
}

void Unpickler::make_dict(const Argument&) {
  NodeId id = graph_.add_container(Kind::dict);
  fill_dict(id, marked());
  drop_marked();
  push(id);
}

void Unpickler::make_frozen_set(const Argument&) {
  NodeId id = graph_.add_container(Kind::frozen_set);
  for (NodeId member : marked()) check_hashable(member);
  graph_.append(id, marked());
  drop_marked();
  push(id);
}

// --------------------------------------------------------------------------------------------------------- filling

void Unpickler::append(const Argument&) {
  NodeId value = pop_one();
  fill_list(top(), {&value, 1});
}

void Unpickler::append_many(const Argument&) {
  fill_list(under_mark(), marked());
  drop_marked();
}

void Unpickler::add_many(const Argument&) {
  fill_set(under_mark(), marked());
  drop_marked();
}

void Unpickler::set_many(const Argument&) {
  fill_dict(under_mark(), marked());
  drop_marked();
}

void Unpickler::set_item(const Argument&) {
  NodeId value = pop_one();
  NodeId item[] = {pop_one(), value};
  fill_dict(top(), item);
}

void Unpickler::fill_list(NodeId target, std::span<const NodeId> values) {
  if (graph_.kind(target) == Kind::list) return graph_.append(target, values);
  if (graph_.kind(target) != Kind::object) fail_to_fill(graph_.kind(target), "list items");
  std::vector<NodeId>& appended = graph_.mutable_object(target).appended;
  appended.insert(appended.end(), values.begin(), values.end());
}

void Unpickler::fill_set(NodeId target, std::span<const NodeId> values) {
  if (graph_.kind(target) == Kind::object) return fill_list(target, values);
  if (graph_.kind(target) != Kind::set) fail_to_fill(graph_.kind(target), "set members");
  for (NodeId value : values) check_hashable(value);
  graph_.append(target, values);
}

void Unpickler::fill_dict(NodeId target, std::span<const NodeId> items) {
  check_even(items.size());
  if (graph_.kind(target) == Kind::object) {
    std::vector<NodeId>& into = graph_.mutable_object(target).items;
    into.insert(into.end(), items.begin(), items.end());
    return;
  }
  if (graph_.kind(target) != Kind::dict) fail_to_fill(graph_.kind(target), "keys with values");
  for (size_t i = 0; i < items.size(); i += 2) check_hashable(items[i]);
  graph_.append(target, items);
}

void Unpickler::check_hashable(NodeId key) const {
  Kind kind = graph_.kind(key);
  bool changeable = kind == Kind::list || kind == Kind::dict || kind == Kind::set || kind == Kind::byte_array;
  if (changeable) fail(fmt::format("{} cannot be a key of a dict or a member of a set", name_of(kind)));
}

void Unpickler::build(const Argument&) {
  NodeId state = pop_one();
  NodeId target = top();
  if (graph_.kind(target) != Kind::object) fail_to_fill(graph_.kind(target), "a state");
  graph_.mutable_object(target).states.push_back(state);
}

}  // namespace okibi::pickle
