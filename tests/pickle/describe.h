// What a graph says, as one line of text: the same that tests/golden/make_pickle_golden.py prints of a Python object.
// `#3=…` is a thing that can be shared, `#3` another mention of it. Recursive: for small graphs.
#pragma once

#include <fmt/format.h>

#include <okibi/pickle.h>

#include <map>
#include <string>

namespace okibi::pickle {

class Describer {
 public:
  explicit Describer(const Graph& graph) : graph_(graph) {}

  std::string one(NodeId id) {
    switch (graph_.kind(id)) {
      case Kind::none:
        return "None";
      case Kind::boolean:
        return graph_.integer(id) ? "True" : "False";
      case Kind::integer:
        return std::to_string(graph_.integer(id));
      case Kind::long_integer:
        return "L:" + hex(as_text(graph_.bytes(id)));
      case Kind::real:
        return fmt::format("f:{:016x}", std::bit_cast<uint64_t>(graph_.real(id)));
      case Kind::string:
        return "s:" + hex(graph_.text(id));
      case Kind::bytes:
        return "b:" + hex(as_text(graph_.bytes(id)));
      case Kind::byte_array:
        return "B:" + hex(as_text(graph_.bytes(id)));
      case Kind::global:
        return fmt::format("<{} {}>", graph_.module(id), graph_.text(id));
      case Kind::persistent:
        return fmt::format("pid({})", one(graph_.child(id, 0)));
      default:
        return shareable(id);
    }
  }

 private:
  static std::string hex(std::string_view text) {
    std::string digits;
    for (char c : text) digits += fmt::format("{:02x}", static_cast<unsigned char>(c));
    return digits;
  }

  std::string shareable(NodeId id) {
    if (graph_.kind(id) == Kind::tuple && graph_.children(id).empty()) return "()";
    auto [label, is_new] = labels_.try_emplace(id, labels_.size());
    std::string number = fmt::format("#{}", label->second);
    return is_new ? number + "=" + compound(id) : number;
  }

  std::string compound(NodeId id) {
    switch (graph_.kind(id)) {
      case Kind::tuple:
        return "(" + many(graph_.children(id)) + ")";
      case Kind::list:
        return "[" + many(graph_.children(id)) + "]";
      case Kind::dict:
        return "{" + pairs(graph_.children(id)) + "}";
      case Kind::set:
        return "set{" + many(graph_.children(id)) + "}";
      case Kind::frozen_set:
        return "frozenset{" + many(graph_.children(id)) + "}";
      default:
        return object(graph_.object(id));
    }
  }

  std::string object(const Object& it) {
    std::string text = it.made == Made::reduce ? "reduce(" : it.made == Made::newobj ? "newobj(" : "newobj_ex(";
    text += one(it.callable) + "," + one(it.arguments);
    if (it.made == Made::newobj_ex) text += "," + one(it.keywords);
    text += ")";
    if (!it.appended.empty()) text += "[" + many(it.appended) + "]";
    if (!it.items.empty()) text += "{" + pairs(it.items) + "}";
    for (NodeId state : it.states) text += "state(" + one(state) + ")";
    return text;
  }

  std::string many(std::span<const NodeId> ids) {
    std::string text;
    for (NodeId id : ids) text += (text.empty() ? "" : ",") + one(id);
    return text;
  }

  std::string pairs(std::span<const NodeId> ids) {
    std::string text;
    for (size_t i = 0; i + 1 < ids.size(); i += 2) {
      if (i > 0) text += ",";
      text += one(ids[i]) + ":";
      text += one(ids[i + 1]);
    }
    return text;
  }

  const Graph& graph_;
  std::map<NodeId, size_t> labels_;
};

inline std::string describe(const Graph& graph) { return Describer(graph).one(graph.root()); }
inline std::string describe(std::string_view pickle) { return describe(decode(as_bytes(pickle))); }

inline std::string encoded(const Graph& graph) {
  Buffer buffer;
  encode(graph, buffer);
  return std::string(as_text(buffer.bytes()));
}

}  // namespace okibi::pickle
