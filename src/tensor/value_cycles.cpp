// close_cycles: Tarjan's strongly connected components ("Depth-first search and linear graph algorithms", 1972), with a
// stack of its own. Each component that can reach itself gets one CycleGroup.
#include <algorithm>
#include <tuple>
#include <unordered_map>

#include "tensor/value_body.h"

namespace okibi {

using namespace detail;

namespace {

// A container, or a group of earlier days as one.
struct Node {
  explicit Node(Counted* u) : unit(u) {}
  Counted* unit;
  uint32_t lowest = 0;  // the earliest node that can be reached from here, as far as is known
  bool on_stack = true;
  bool reaches_itself = false;
};

bool is_group(const Counted& unit) { return unit.kind == ValueKind::none; }

template <class Visit>
void for_each_member(Counted& unit, Visit&& visit) {
  if (!is_group(unit)) return visit(unit);
  for (Counted* member : static_cast<CycleGroup&>(unit).members) visit(*member);
}

Counted* unit_of(const Value& value) {
  return holds_values(value.kind()) ? &counter_of(*ValueAccess::body(value)) : nullptr;
}

class CycleFinder {
 public:
  void run(const Value& root) {
    if (Counted* unit = unit_of(root)) enter(unit);
    while (!path_.empty()) {
      if (path_.back().next_edge < edges_.size()) {
        follow(edges_[path_.back().next_edge]);
      } else {
        leave();
      }
    }
  }

  // The cycles, each by its units.
  const std::vector<std::vector<Counted*>>& cycles() const { return cycles_; }

 private:
  // A node whose edges are being followed: the last in `edges_`, of which those from next_edge on are still to come.
  struct Step {
    uint32_t node;
    size_t first_edge, next_edge;
  };

  void enter(Counted* unit) {
    const auto number = static_cast<uint32_t>(nodes_.size());
    numbers_.emplace(unit, number);
    nodes_.emplace_back(unit).lowest = number;
    stack_.push_back(number);
    path_.push_back({number, edges_.size(), edges_.size()});
    for_each_member(*unit, [&](Counted& member) {
      member.children([&](Value& child) {
        if (Counted* target = unit_of(child)) edges_.push_back(target);
      });
    });
  }

  void follow(Counted* target) {
    const uint32_t from = path_.back().node;
    ++path_.back().next_edge;
    const auto known = numbers_.find(target);
    if (known == numbers_.end()) return enter(target);
    const Node& node = nodes_[known->second];
    if (node.on_stack) nodes_[from].lowest = std::min(nodes_[from].lowest, known->second);
    if (known->second == from) nodes_[from].reaches_itself = true;
  }

  void leave() {
    const auto [node, first_edge, next_edge] = path_.back();
    edges_.resize(first_edge);
    path_.pop_back();
    if (nodes_[node].lowest == node) close_component(node);
    if (!path_.empty()) {
      uint32_t& lowest = nodes_[path_.back().node].lowest;
      if (nodes_[node].on_stack) lowest = std::min(lowest, nodes_[node].lowest);
    }
  }

  // All that lies on the stack from `first` on. Kept only when it is a cycle.
  void close_component(uint32_t first) {
    std::vector<Counted*> units;
    uint32_t last;
    do {
      last = stack_.back();
      stack_.pop_back();
      nodes_[last].on_stack = false;
      units.push_back(nodes_[last].unit);
    } while (last != first);
    if (units.size() > 1 || nodes_[first].reaches_itself) cycles_.push_back(std::move(units));
  }

  std::vector<Node> nodes_;
  std::unordered_map<Counted*, uint32_t> numbers_;
  std::vector<uint32_t> stack_;
  std::vector<Step> path_;
  std::vector<Counted*> edges_;
  std::vector<std::vector<Counted*>> cycles_;
};

// Makes one group of all units. A group of earlier days goes up in it.
void make_group(const std::vector<Counted*>& units) {
  auto group = std::make_unique<CycleGroup>();
  uint32_t references = 0;
  for (Counted* unit : units) {
    for_each_member(*unit, [&](Counted& member) { group->members.push_back(&member); });
    references += unit->references.load(std::memory_order_relaxed);
  }
  for (Counted* member : group->members) member->group = group.get();
  for (Counted* member : group->members) references -= mark_references_within(*member);
  group->references.store(references, std::memory_order_relaxed);
  for (Counted* unit : units) {
    if (!is_group(*unit)) continue;
    static_cast<CycleGroup*>(unit)->members.clear();
    std::unique_ptr<Counted>{unit}.reset();
  }
  std::ignore = group.release();  // its members own it from here on
}

}  // namespace

namespace detail {

uint32_t mark_references_within(Counted& member) noexcept {
  uint32_t marked = 0;
  member.children([&](Value& child) {
    const Counted* body = ValueAccess::body(child);
    if (body == nullptr || body->group != member.group || ValueAccess::within_group(child)) return;
    ValueAccess::set_within_group(child, true);
    ++marked;
  });
  return marked;
}

void count_references_within(Counted& member) noexcept {
  if (member.group == nullptr) return;
  member.children([&](Value& child) {
    if (!ValueAccess::within_group(child)) return;
    ValueAccess::set_within_group(child, false);
    member.group->references.fetch_add(1, std::memory_order_relaxed);
  });
}

}  // namespace detail

void close_cycles(Value& root) {
  CycleFinder finder;
  finder.run(root);
  for (const auto& units : finder.cycles()) make_group(units);
}

}  // namespace okibi
