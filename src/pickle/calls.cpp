// Names of classes and functions, what would be called with what, and persistent ids.
#include <fmt/format.h>

#include "pickle/python2_names.h"
#include "pickle/text.h"
#include "pickle/unpickler.h"

namespace okibi::pickle {
namespace {

bool is_callable(Kind kind) { return kind == Kind::global || kind == Kind::object || kind == Kind::persistent; }

}  // namespace

// Python 2's names are only in the protocols that Python 2 could write.
NodeId Unpickler::add_named(std::string_view module, std::string_view name) {
  if (!is_utf8(module) || !is_utf8(name)) fail("the name of a global is not UTF-8");
  GlobalName renamed = protocol_ < 3 ? to_python3({module, name}) : GlobalName{module, name};
  return graph_.add_global(renamed.module, renamed.name);
}

void Unpickler::push_global(const Argument& argument) { push(add_named(argument.text, argument.second)); }

// A name in the graph has its own characters, though the file may have them in common.
void Unpickler::spend_name(uint64_t bytes) {
  if (bytes > name_bytes_left_) {
    throw Error(ErrorKind::limit, "the pickle makes more names of its texts than Limits::max_copied_bytes permits")
        .hint("Only a file made to fill the memory says one thing so often.");
  }
  name_bytes_left_ -= bytes;
}

void Unpickler::make_global(const Argument&) {
  NodeId name = pop_one(), module = pop_one();
  bool strings = graph_.kind(name) == Kind::string && graph_.kind(module) == Kind::string;
  if (!strings) fail("the module and the name of a global are not two strings");
  spend_name(graph_.text(module).size() + graph_.text(name).size());
  push(add_named(std::string(graph_.text(module)), std::string(graph_.text(name))));  // copies: the graph grows
}

void Unpickler::push_persistent_line(const Argument& argument) {
  if (!is_utf8(argument.text)) fail("a persistent id is not UTF-8");
  push(graph_.add_persistent(graph_.add_string(argument.text)));
}

void Unpickler::make_persistent(const Argument&) { push(graph_.add_persistent(pop_one())); }

NodeId Unpickler::add_call(Made made, NodeId callable, NodeId arguments, NodeId keywords) {
  if (!is_callable(graph_.kind(callable))) fail(fmt::format("{} cannot be called", name_of(graph_.kind(callable))));
  if (graph_.kind(arguments) != Kind::tuple) {
    throw Error(ErrorKind::bad_file, "the arguments of a call are not in a tuple")
        .found(std::string(name_of(graph_.kind(arguments))));
  }
  return graph_.add_object({.made = made, .callable = callable, .arguments = arguments, .keywords = keywords});
}

// TorchScript writes a member of an enum as its class called with the bare value: no tuple around it.
NodeId Unpickler::in_tuple(NodeId callable, NodeId arguments) {
  if (graph_.kind(arguments) == Kind::tuple || graph_.kind(callable) != Kind::global) return arguments;
  const std::string_view module = graph_.module(callable);
  if (module != "__torch__" && !module.starts_with("__torch__.")) return arguments;
  return graph_.add_container(Kind::tuple, {&arguments, 1});
}

void Unpickler::reduce(const Argument&) {
  NodeId arguments = pop_one(), callable = pop_one();
  arguments = in_tuple(callable, arguments);
  std::optional<NodeId> plain = fold(callable, arguments);
  push(plain ? *plain : add_call(Made::reduce, callable, arguments));
}

void Unpickler::make_new(const Argument&) {
  NodeId arguments = pop_one(), class_id = pop_one();
  push(add_call(Made::newobj, class_id, arguments));
}

void Unpickler::make_new_with_keywords(const Argument&) {
  NodeId keywords = pop_one(), arguments = pop_one(), class_id = pop_one();
  if (graph_.kind(keywords) != Kind::dict) fail("the keyword arguments of a call are not in a dict");
  push(add_call(Made::newobj_ex, class_id, arguments, keywords));
}

// INST and OBJ, of protocols 0 and 1: no arguments meant "make it without calling __init__".
void Unpickler::push_instance(NodeId class_id, NodeId arguments) {
  bool bare = graph_.children(arguments).empty();
  push(add_call(bare ? Made::newobj : Made::reduce, class_id, arguments));
}

void Unpickler::make_instance(const Argument& argument) {
  NodeId arguments = graph_.add_container(Kind::tuple, marked());
  drop_marked();
  push_instance(add_named(argument.text, argument.second), arguments);
}

void Unpickler::make_instance_from_mark(const Argument&) {
  std::span<const NodeId> values = marked();
  if (values.empty()) fail("there is no class above the mark");
  NodeId class_id = values[0];
  NodeId arguments = graph_.add_container(Kind::tuple, values.subspan(1));
  drop_marked();
  push_instance(class_id, arguments);
}

}  // namespace okibi::pickle
