// What all optimizers share: the parameters, and the state_dict as PyTorch lays it out.
#include <fmt/format.h>

#include <unordered_set>

#include "optim/state_reader.h"

namespace okibi::optim {
namespace {

void check_parameters(const std::vector<Tensor>& parameters) {
  if (parameters.empty()) throw Error(ErrorKind::bad_argument, "optimizer got an empty parameter list");
  std::unordered_set<const TensorBody*> seen;
  for (size_t i = 0; i < parameters.size(); ++i) {
    if (!parameters[i].defined()) {
      throw Error(ErrorKind::bad_argument, "optimizer can only optimize Tensors, but one of the params is None")
          .at("parameter", i);
    }
    if (!parameters[i].is_leaf())
      throw Error(ErrorKind::bad_argument, "can't optimize a non-leaf Tensor").at("parameter", i);
    if (!seen.insert(parameters[i].body()).second) {
      throw Error(ErrorKind::bad_argument, "the same parameter comes twice in the list").at("parameter", i);
    }
  }
}

// The one param group of a saved state.
Dict only_group(const Value& state) {
  const List groups = state["param_groups"].to_list();
  if (groups.size() == 1) return groups[0].to_dict();
  throw Error(ErrorKind::mismatch, "loaded state dict has a different number of parameter groups")
      .expected(uint64_t{1})
      .found(uint64_t{groups.size()});
}

// The saved state of each parameter in order, None where there was none. PyTorch matches by position in the group; the
// numbers there only name the entries of "state".
std::vector<Value> states_in_order(const Value& saved, const Dict& group, size_t expected) {
  const List ids = group["params"].to_list();
  if (ids.size() != expected) {
    throw Error(ErrorKind::mismatch,
                "loaded state dict contains a parameter group that doesn't match the size of optimizer's group")
        .expected(fmt::format("{} parameters", expected))
        .found(uint64_t{ids.size()})
        .hint("The state was saved with another model.");
  }
  const Dict entries = saved["state"].to_dict();
  std::vector<Value> states;
  size_t used = 0;
  for (const Value& id : ids) {
    const Value* entry = entries.find(id);
    states.push_back(entry == nullptr ? Value() : *entry);
    used += entry != nullptr;
  }
  if (used == entries.size()) return states;
  throw Error(ErrorKind::mismatch, "the saved state has entries for parameters that its group does not list")
      .expected(uint64_t{used})
      .found(uint64_t{entries.size()});
}

}  // namespace

Optimizer::Optimizer(std::vector<Tensor> parameters, double lr) : parameters_(std::move(parameters)), lr_(lr) {
  check_parameters(parameters_);
  check_not_negative("learning rate", lr);
}

void Optimizer::set_lr(double lr) {
  check_not_negative("learning rate", lr);
  lr_ = lr;
}

void Optimizer::zero_grad() {
  for (const Tensor& parameter : parameters_) parameter.set_grad({});
}

Dict Optimizer::state_dict() const {
  Dict state;
  List ids;
  for (size_t i = 0; i < parameters_.size(); ++i) {
    ids.push_back(i);
    if (Value entry = state_of(i); !entry.is_none()) state.set(i, std::move(entry));
  }
  Dict group = group_options();
  for (const auto& [name, value] : foreign_options_) group.set(name, value);
  group.set("params", ids);
  return Dict{{"state", state}, {"param_groups", List{group}}};
}

// All is checked before anything changes.
void Optimizer::load_state_dict(const Value& state) {
  const Dict group = only_group(state);
  const std::vector<Value> states = states_in_order(state, group, parameters_.size());
  for (size_t i = 0; i < states.size(); ++i) {
    if (!states[i].is_none()) in_context("parameter", std::to_string(i), [&] { check_state(i, states[i]); });
  }
  const double lr = number_in(group, "lr", lr_);
  check_not_negative("learning rate", lr);
  take_options(group);
  lr_ = lr;
  keep_foreign_options(group);
  for (size_t i = 0; i < states.size(); ++i) take_state(i, states[i]);
}

// What a scheduler or PyTorch's named_parameters() put into the group ("initial_lr", "param_names") is saved again.
void Optimizer::keep_foreign_options(const Dict& group) {
  const Dict own = group_options();
  foreign_options_ = Dict();
  for (const auto& [name, value] : group) {
    if (!own.contains(name) && !(name == Value("params"))) foreign_options_.set(name, value);
  }
}

}  // namespace okibi::optim
