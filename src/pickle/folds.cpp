// Old protocols have no opcodes for bytes, sets and nested classes and spell them as calls. Here such a call becomes
// what it means. A call that only looks similar stays a call.
#include "pickle/text.h"
#include "pickle/unpickler.h"

namespace okibi::pickle {
namespace {

// A name made of names grows with every getattr; beyond this length it is an attack.
constexpr size_t max_nested_name = 1000;

bool is_latin1(std::string_view encoding) { return encoding == "latin1" || encoding == "latin-1"; }

}  // namespace

std::optional<NodeId> Unpickler::fold(NodeId callable, NodeId arguments) {
  if (graph_.kind(callable) != Kind::global || graph_.kind(arguments) != Kind::tuple) return std::nullopt;
  std::string_view module = graph_.module(callable), name = graph_.text(callable);
  std::span<const NodeId> values = graph_.children(arguments);
  if (module == "_codecs" && name == "encode") return fold_encoded(values);
  if (module == "copyreg" && name == "__newobj_ex__") return fold_keywords(values);
  if (module != "builtins") return std::nullopt;
  if (name == "bytes") return fold_bytes(values);
  if (name == "bytearray") return fold_byte_array(values);
  if (name == "set") return fold_set(Kind::set, values);
  if (name == "frozenset") return fold_set(Kind::frozen_set, values);
  if (name == "getattr") return fold_attribute(values);
  return std::nullopt;
}

std::optional<NodeId> Unpickler::fold_bytes(std::span<const NodeId> arguments) {
  if (!arguments.empty()) return std::nullopt;
  return graph_.add_bytes({});
}

// One text may be encoded many times; the bytes are then kept once, so that memory stays in proportion to the file.
std::optional<NodeId> Unpickler::fold_encoded(std::span<const NodeId> arguments) {
  if (arguments.size() != 2) return std::nullopt;
  NodeId text = arguments[0], encoding = arguments[1];
  bool strings = graph_.kind(text) == Kind::string && graph_.kind(encoding) == Kind::string;
  if (!strings || !is_latin1(graph_.text(encoding))) return std::nullopt;
  if (auto known = encoded_.find(text); known != encoded_.end()) return graph_.add_same(Kind::bytes, known->second);
  std::optional<std::string> bytes = utf8_to_latin1(graph_.text(text));
  if (!bytes) return std::nullopt;
  NodeId id = graph_.add_bytes(as_bytes(*bytes));
  encoded_.emplace(text, id);
  return id;
}

std::optional<NodeId> Unpickler::fold_byte_array(std::span<const NodeId> arguments) {
  if (arguments.empty()) return graph_.add_bytes({}, Kind::byte_array);
  if (arguments.size() != 1 || graph_.kind(arguments[0]) != Kind::bytes) return std::nullopt;
  return graph_.add_same(Kind::byte_array, arguments[0]);
}

// Picklers make the list for the set alone. A list that serves twice stays an argument: its members are copied when a
// set grows, and must not be copied as often as a file likes.
std::optional<NodeId> Unpickler::fold_set(Kind kind, std::span<const NodeId> arguments) {
  if (arguments.size() != 1 || graph_.kind(arguments[0]) != Kind::list) return std::nullopt;
  if (!taken_.insert(arguments[0]).second) return std::nullopt;
  for (NodeId member : graph_.children(arguments[0])) check_hashable(member);
  return graph_.add_same(kind, arguments[0]);
}

std::optional<NodeId> Unpickler::fold_attribute(std::span<const NodeId> arguments) {
  bool fits =
      arguments.size() == 2 && graph_.kind(arguments[0]) == Kind::global && graph_.kind(arguments[1]) == Kind::string;
  if (!fits) return std::nullopt;
  std::string module(graph_.module(arguments[0])), name(graph_.text(arguments[0]));
  name += '.';
  name += graph_.text(arguments[1]);
  if (module.size() + name.size() > max_nested_name) return std::nullopt;
  spend_name(module.size() + name.size());
  return graph_.add_global(module, name);
}

std::optional<NodeId> Unpickler::fold_keywords(std::span<const NodeId> arguments) {
  bool fits =
      arguments.size() == 3 && graph_.kind(arguments[1]) == Kind::tuple && graph_.kind(arguments[2]) == Kind::dict;
  if (!fits) return std::nullopt;
  return add_call(Made::newobj_ex, arguments[0], arguments[1], arguments[2]);
}

}  // namespace okibi::pickle
