// The state_dict of an optimizer, as PyTorch lays it out.
#include <okibi/optim/optimizer.h>

#include <fmt/format.h>

#include "optim/rule.h"
#include "optim/scheduler.h"

namespace okibi::optim {
namespace {

void check_sizes(const List& saved, const std::vector<ParamGroup>& groups) {
  if (saved.size() != groups.size()) {
    throw Error(ErrorKind::mismatch, "loaded state dict has a different number of parameter groups")
        .expected(uint64_t{groups.size()})
        .found(uint64_t{saved.size()});
  }
  for (size_t g = 0; g < groups.size(); ++g) {
    const size_t expected = groups[g].params().size(), found = saved[g]["params"].to_list().size();
    if (found == expected) continue;
    throw Error(ErrorKind::mismatch,
                "loaded state dict contains a parameter group that doesn't match the size of optimizer's group")
        .expected(fmt::format("{} parameters", expected))
        .found(uint64_t{found})
        .hint("The state was saved with another model.");
  }
}

// Every entry of "state" belongs to a parameter of a group.
void check_all_listed(const Dict& entries, const List& groups) {
  size_t listed = 0;
  for (const Value& group : groups) {
    for (const Value& id : group["params"].to_list()) listed += entries.contains(id);
  }
  if (listed == entries.size()) return;
  throw Error(ErrorKind::mismatch, "the saved state has entries for parameters that its group does not list")
      .expected(uint64_t{listed})
      .found(uint64_t{entries.size()});
}

// A loaded group beside what it will replace: its own entries first, then PyTorch's defaults for those that older files
// lack; but the learning rate, and how sparse rows are stepped, stay as they are when the file does not say.
Dict entries_from(const Dict& saved, const GroupBody& own) {
  Dict entries;
  for (const auto& [name, value] : deep_copy(saved).to_dict()) {
    if (!(name == Value("params"))) entries.set(name, value);
  }
  for (const std::string_view kept : {"lr", "sparse_rows", "param_names"}) {
    const Value* value = own.entries.find(kept);
    if (value != nullptr && !entries.contains(kept)) entries.set(kept, *value);
  }
  for (const auto& [name, value] : entries_of(*own.rule, own.rule->defaults)) {
    if (!entries.contains(name)) entries.set(name, value);
  }
  if (own.rule->always_decoupled) entries.set("decoupled_weight_decay", true);
  return entries;
}

// The body that a group will have, all checked. PyTorch matches parameters by position in the groups; the numbers there
// only name the entries of "state".
GroupBody loaded(const GroupBody& own, const Dict& saved, const Dict& states, size_t first) {
  const Dict entries = entries_from(saved, own);
  GroupBody body{.rule = own.rule,
                 .params = own.params,
                 .entries = entries,
                 .options = read_options(*own.rule, entries, own.rule->defaults),
                 .own = own.own,
                 .states = {}};
  const List ids = saved["params"].to_list();
  for (size_t i = 0; i < ids.size(); ++i) {
    const Value* state = states.find(ids[i]);
    in_context("parameter", std::to_string(first + i), [&] {
      body.states.push_back(loaded_state(body, own.params[i], state == nullptr ? Value() : *state));
    });
  }
  return body;
}

}  // namespace

Dict Optimizer::state_dict() const {
  Dict states;
  List groups;
  int64_t index = 0;
  for (const ParamGroup& group : groups_) {
    const Dict entries = copy_of(group.body_->entries);
    List ids;
    for (const ParameterState& state : group.body_->states) {
      if (Value saved = saved_state(*group.body_, state); !saved.is_none()) states.set(index, std::move(saved));
      ids.push_back(index++);
    }
    entries.set("params", ids);
    groups.push_back(entries);
  }
  return Dict{{"state", states}, {"param_groups", groups}};
}

void Optimizer::load_state_dict(const Value& state) {
  const List saved = state["param_groups"].to_list();
  const Dict states = state["state"].to_dict();
  check_sizes(saved, groups_);
  check_all_listed(states, saved);
  std::vector<GroupBody> bodies;
  size_t first = 0;
  for (size_t g = 0; g < groups_.size(); ++g) {
    bodies.push_back(loaded(*groups_[g].body_, saved[g].to_dict(), states, first));
    first += groups_[g].params().size();
  }
  for (size_t g = 0; g < groups_.size(); ++g) *groups_[g].body_ = std::move(bodies[g]);
}

}  // namespace okibi::optim
