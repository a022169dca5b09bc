#include "checkpoint/pickled/arguments.h"

#include <fmt/format.h>

#include <array>

namespace okibi::checkpoint {

using pickle::Graph;
using pickle::Kind;
using pickle::NodeId;

namespace {

// A torch.Size is the call torch.Size((2, 3)); sizes within it are what is meant.
NodeId inside_size(const Graph& graph, NodeId id) {
  if (graph.kind(id) != Kind::object) return id;
  const pickle::Object& call = graph.object(id);
  bool is_size = graph.kind(call.callable) == Kind::global && graph.module(call.callable) == "torch" &&
                 graph.text(call.callable) == "Size" && graph.kind(call.arguments) == Kind::tuple &&
                 graph.children(call.arguments).size() == 1;
  return is_size ? graph.child(call.arguments, 0) : id;
}

}  // namespace

std::string_view word_for(Kind kind) noexcept {
  constexpr std::array words = {
      "None", "bool",  "int",  "int", "float",     "str",      "bytes",           "bytearray",
      "list", "tuple", "dict", "set", "frozenset", "a global", "a persistent id", "an object"};
  return words[static_cast<size_t>(kind)];
}

Arguments::Arguments(const Graph& graph, std::string what, NodeId tuple, size_t min, size_t max)
    : graph_(graph), what_(std::move(what)) {
  if (graph.kind(tuple) != Kind::tuple) {
    throw Error(ErrorKind::bad_file, fmt::format("the arguments of {} are no tuple", what_))
        .found(word_for(graph.kind(tuple)));
  }
  items_ = graph.children(tuple);
  if (items_.size() < min || items_.size() > max) {
    throw Error(ErrorKind::bad_file, fmt::format("{} has the wrong number of arguments", what_))
        .expected(min == max ? std::to_string(min) : fmt::format("{} to {}", min, max))
        .found(items_.size());
  }
}

void Arguments::fail(size_t index, std::string_view name, std::string_view expected) const {
  throw Error(ErrorKind::bad_file, fmt::format("{} of {} is not what it must be", name, what_))
      .expected(expected)
      .found(word_for(graph_.kind(items_[index])));
}

void Arguments::must_be(size_t index, std::string_view name, Kind kind) const {
  if (graph_.kind(items_[index]) != kind) fail(index, name, word_for(kind));
}

int64_t Arguments::integer(size_t index, std::string_view name) const {
  if (graph_.kind(items_[index]) == Kind::long_integer) fail(index, name, "an int of at most 64 bits");
  must_be(index, name, Kind::integer);
  return graph_.integer(items_[index]);
}

bool Arguments::boolean(size_t index, std::string_view name) const {
  must_be(index, name, Kind::boolean);
  return graph_.integer(items_[index]) != 0;
}

std::string Arguments::text(size_t index, std::string_view name) const {
  must_be(index, name, Kind::string);
  return std::string(graph_.text(items_[index]));
}

Dims Arguments::dims(size_t index, std::string_view name, uint64_t max_dims) const {
  NodeId list = inside_size(graph_, items_[index]);
  if (graph_.kind(list) != Kind::tuple && graph_.kind(list) != Kind::list) fail(index, name, "a tuple of ints");
  auto children = graph_.children(list);
  if (children.size() > max_dims) {
    throw Error(ErrorKind::limit, "a tensor has more dimensions than Limits::max_tensor_dims")
        .expected(fmt::format("at most {}", max_dims))
        .found(children.size());
  }
  Dims dims(children.size(), 0);
  for (size_t i = 0; i < children.size(); ++i) {
    if (graph_.kind(children[i]) != Kind::integer) fail(index, name, "a tuple of ints of at most 64 bits");
    dims[i] = graph_.integer(children[i]);
  }
  return dims;
}

}  // namespace okibi::checkpoint
