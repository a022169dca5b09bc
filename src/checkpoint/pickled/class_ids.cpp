#include "checkpoint/pickled/class_ids.h"

#include <optional>

namespace okibi::checkpoint {

using pickle::Graph;
using pickle::Kind;
using pickle::NodeId;

namespace {

// The class in such an id, or nothing.
std::optional<NodeId> class_in(const Graph& graph, NodeId persistent) {
  const NodeId id = graph.child(persistent, 0);
  if (graph.kind(id) != Kind::tuple) return std::nullopt;
  auto items = graph.children(id);
  const bool is_named = items.size() == 4 && graph.kind(items[0]) == Kind::string && graph.text(items[0]) == "module";
  if (is_named) items = items.subspan(1);
  if (items.size() != 3 || graph.kind(items[0]) != Kind::global) return std::nullopt;
  return items[0];
}

}  // namespace

bool is_class_id(const Graph& graph, NodeId persistent) { return class_in(graph, persistent).has_value(); }

void name_classes(Graph& graph) {
  std::unordered_map<NodeId, NodeId> classes;
  for (uint32_t i = 0; i < graph.size(); ++i) {
    const NodeId id{i};
    if (graph.kind(id) != Kind::persistent) continue;
    if (const auto found = class_in(graph, id)) classes.emplace(id, *found);
  }
  if (!classes.empty()) graph.redirect(classes);
}

}  // namespace okibi::checkpoint
