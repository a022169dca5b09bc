// state_dict and load_state_dict, with PyTorch's layout, order and words.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "nn/layer_table.h"
#include "nn/module_state.h"

namespace okibi::nn {
namespace {

int64_t version_of(const Module& module) {
  const Layer* layer = find_layer(module.python_class());
  return layer == nullptr ? 1 : layer->version;
}

std::string size_text(const Tensor& tensor) { return fmt::format("torch.Size({})", to_string(tensor.sizes())); }

void gather(const Module& module, const std::string& prefix, StateDict& found) {
  const ModuleState& state = ModuleAccess::state(module);
  found.set_version(prefix.empty() ? prefix : prefix.substr(0, prefix.size() - 1), version_of(module));
  for (const auto* tensors : {&state.parameters, &state.buffers}) {
    for (const auto& [name, tensor] : *tensors) {
      if (tensor.defined()) found.set(prefix + name, tensor.detach());
    }
  }
  for (const auto& [name, child] : state.children) gather(child, prefix + name + '.', found);
}

// One walk over the tree that changes nothing: what to copy where, and all that does not fit.
struct Plan {
  struct Copy {
    Tensor from, to;
  };
  std::vector<Copy> copies;
  IncompatibleKeys keys;
  std::vector<std::string> misfits;  // PyTorch's sentences

  void take(const std::string& name, const Value& value, const Tensor& own);
  void compare(const Module& module, const std::string& prefix, const StateDict& given);
};

void Plan::take(const std::string& name, const Value& value, const Tensor& own) {
  if (!value.is_tensor()) {
    misfits.push_back(
        fmt::format("While copying the parameter named \"{}\", expected torch.Tensor or Tensor-like object from "
                    "checkpoint but received <class '{}'>",
                    name, name_of(value.kind())));
    return;
  }
  Tensor tensor = value.to_tensor();
  // Before PyTorch 0.4 there were no tensors of no dimension: its files hold one of one element instead.
  if (own.dim() == 0 && tensor.dim() == 1 && tensor.numel() == 1) tensor = tensor.select(0, 0);
  if (tensor.sizes() == own.sizes()) {
    copies.push_back({tensor, own});
    return;
  }
  misfits.push_back(fmt::format(
      "size mismatch for {}: copying a param with shape {} from checkpoint, the shape in current model is {}.", name,
      size_text(tensor), size_text(own)));
}

// Whether the key, of which `prefix` was cut off, leads to something in this module: a tensor of its own, or a child.
bool leads_on(const ModuleState& state, std::string_view rest) {
  const size_t dot = rest.find('.');
  const std::string_view first = rest.substr(0, dot);
  const auto is_it = [&](const auto& item) { return item.first == first; };
  if (dot != std::string_view::npos) return std::ranges::any_of(state.children, is_it);
  const auto is_own = [&](const NamedTensor& item) { return is_it(item) && item.second.defined(); };
  return std::ranges::any_of(state.parameters, is_own) || std::ranges::any_of(state.buffers, is_own);
}

// What a state_dict says is the version of the module under `prefix`; 0 where it says nothing.
int64_t given_version(const StateDict& given, const std::string& prefix) {
  const std::string_view path = std::string_view(prefix).substr(0, prefix.empty() ? 0 : prefix.size() - 1);
  for (const auto& [name, version] : given.versions()) {
    if (name == path) return version;
  }
  return 0;
}

// Batch norms before their version 2 (PyTorch 0.4.1) did not count batches: their number then stays what it is.
bool may_be_missing(const std::string& name, const StateDict& given, const std::string& prefix) {
  return name == "num_batches_tracked" && given_version(given, prefix) < 2;
}

void Plan::compare(const Module& module, const std::string& prefix, const StateDict& given) {
  const ModuleState& state = ModuleAccess::state(module);
  for (const auto* tensors : {&state.parameters, &state.buffers}) {
    for (const auto& [name, own] : *tensors) {
      if (!own.defined()) continue;
      const Value* value = given.find(prefix + name);
      if (value != nullptr)
        take(prefix + name, *value, own);
      else if (!may_be_missing(name, given, prefix))
        keys.missing.push_back(prefix + name);
    }
  }
  for (const auto& [key, value] : given) {
    if (!key.starts_with(prefix)) continue;
    if (!leads_on(state, std::string_view(key).substr(prefix.size()))) keys.unexpected.push_back(key);
  }
  for (const auto& [name, child] : state.children) compare(child, prefix + name + '.', given);
}

std::string quoted(const std::vector<std::string>& keys) { return fmt::format("\"{}\"", fmt::join(keys, "\", \"")); }

// Names that another wrapper put before every key; who loads such a file wonders where the difference is.
std::string wrapper_hint(const StateDict& given) {
  for (const std::string_view prefix : {"module.", "_orig_mod."}) {
    const auto has_prefix = [&](const StateDict::Item& item) { return item.first.starts_with(prefix); };
    if (given.size() == 0 || !std::ranges::all_of(given, has_prefix)) continue;
    return fmt::format("Every key of the file begins with \"{}\", which {} puts there: take it off and load again.",
                       prefix, prefix == "module." ? "DataParallel" : "torch.compile");
  }
  return {};
}

[[noreturn]] void throw_misfits(const Module& module, const Plan& plan, bool strict, const StateDict& given) {
  std::string text = fmt::format("Error(s) in loading state_dict for {}:", module.class_name());
  if (strict && !plan.keys.missing.empty()) {
    text += fmt::format("\n\tMissing key(s) in state_dict: {}. ", quoted(plan.keys.missing));
  }
  if (strict && !plan.keys.unexpected.empty()) {
    text += fmt::format("\n\tUnexpected key(s) in state_dict: {}. ", quoted(plan.keys.unexpected));
  }
  for (const std::string& misfit : plan.misfits) text += "\n\t" + misfit;
  Error error(ErrorKind::mismatch, text);
  if (const std::string hint = wrapper_hint(given); !hint.empty()) error.hint(hint);
  throw error;
}

}  // namespace

StateDict Module::state_dict(const std::string& prefix) const {
  StateDict found;
  gather(*this, prefix, found);
  return found;
}

IncompatibleKeys Module::load_state_dict(const StateDict& state, LoadStateDictOptions options) {
  Plan plan;
  plan.compare(*this, {}, state);
  const bool names_differ = !plan.keys.missing.empty() || !plan.keys.unexpected.empty();
  if (!plan.misfits.empty() || (options.strict && names_differ)) throw_misfits(*this, plan, options.strict, state);
  const NoGrad no_grad;
  for (const Plan::Copy& copy : plan.copies) copy.to.copy_(copy.from);
  return std::move(plan.keys);
}

IncompatibleKeys Module::load_state_dict(const Value& state, LoadStateDictOptions options) {
  return load_state_dict(StateDict(state), options);
}

}  // namespace okibi::nn
