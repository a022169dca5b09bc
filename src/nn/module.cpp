// What a module is: names, mode, and the walk over its tree.
#include <fmt/format.h>

#include <algorithm>
#include <unordered_set>

#include "nn/layer_table.h"
#include "nn/module_state.h"
#include "nn/type_name.h"

namespace okibi::nn {
namespace {

// PyTorch's words for names that a state_dict could not tell apart: "a.b" would read as b within a.
void check_name(std::string_view kind, const std::string& name) {
  if (name.empty()) {
    throw Error(ErrorKind::bad_argument, fmt::format("{} name can't be empty string \"\"", kind));
  }
  if (name.find('.') != std::string::npos) {
    throw Error(ErrorKind::bad_argument, fmt::format("{} name can't contain \".\", got: {}", kind, name));
  }
}

template <class Item>
bool has_name(const std::vector<Item>& items, std::string_view name) {
  return std::ranges::any_of(items, [&](const Item& item) { return item.first == name; });
}

void check_new_name(const ModuleState& state, std::string_view kind, const std::string& name) {
  check_name(kind, name);
  if (has_name(state.parameters, name) || has_name(state.buffers, name) || has_name(state.children, name)) {
    throw Error(ErrorKind::bad_argument, fmt::format("attribute '{}' already exists", name));
  }
}

std::string joined(const std::string& prefix, const std::string& name) {
  return prefix.empty() ? name : prefix + '.' + name;
}

// Visits the module and all below it, depth first, each state once, as PyTorch's named_modules does.
template <class Visit>
void walk(const Module& module, const std::string& prefix, std::unordered_set<const ModuleState*>& seen,
          const Visit& visit) {
  const ModuleState& state = ModuleAccess::state(module);
  if (!seen.insert(&state).second) return;
  visit(prefix, module);
  for (const auto& [name, child] : state.children) walk(child, joined(prefix, name), seen, visit);
}

template <class Visit>
void walk(const Module& module, const Visit& visit) {
  std::unordered_set<const ModuleState*> seen;
  walk(module, {}, seen, visit);
}

// The tensors of `member` in all modules; a tensor that stands in two places comes once, as in PyTorch.
std::vector<NamedTensor> gather(const Module& root, std::vector<NamedTensor> ModuleState::*member) {
  std::vector<NamedTensor> found;
  std::unordered_set<const TensorBody*> seen;
  walk(root, [&](const std::string& prefix, const Module& module) {
    for (const auto& [name, tensor] : ModuleAccess::state(module).*member) {
      if (tensor.defined() && seen.insert(tensor.body()).second) found.emplace_back(joined(prefix, name), tensor);
    }
  });
  return found;
}

// Attributes that are there as the module itself can be: nothing is known of a slice but that it is a Module.
AnyModule as_any(const Module& module) {
  if (const auto* any = dynamic_cast<const AnyModule*>(&module)) return *any;
  return AnyModule(module);
}

[[noreturn]] void throw_other_number(const Module& module, size_t found) {
  throw Error(ErrorKind::internal,
              fmt::format("{} sets another number of attributes than its row in the table", module.python_class()))
      .found(uint64_t{found});
}

}  // namespace

Module::Module(std::string python_class) : state_(std::make_shared<ModuleState>()) {
  state_->python_class = std::move(python_class);
}

// ---- mode

void Module::train(bool mode) {
  walk(*this, [&](const std::string&, const Module& module) { ModuleAccess::state(module).training = mode; });
}

bool Module::is_training() const noexcept { return state_->training; }

// ---- what it holds

std::vector<NamedTensor> Module::named_parameters() const { return gather(*this, &ModuleState::parameters); }
std::vector<NamedTensor> Module::named_buffers() const { return gather(*this, &ModuleState::buffers); }

std::vector<Tensor> Module::parameters() const {
  std::vector<Tensor> found;
  for (auto& [name, tensor] : named_parameters()) found.push_back(std::move(tensor));
  return found;
}

std::vector<std::pair<std::string, AnyModule>> Module::named_children() const { return state_->children; }

std::vector<std::pair<std::string, AnyModule>> Module::named_modules() const {
  std::vector<std::pair<std::string, AnyModule>> found;
  walk(*this, [&](const std::string& path, const Module& module) { found.emplace_back(path, as_any(module)); });
  return found;
}

void Module::requires_grad_(bool value) {
  for (const Tensor& tensor : parameters()) tensor.requires_grad_(value);
}

void Module::zero_grad() {
  for (const Tensor& tensor : parameters()) tensor.set_grad({});
}

const std::string& Module::python_class() const noexcept { return state_->python_class; }
const std::string& Module::python_forward() const noexcept { return state_->python_forward; }
void Module::set_python_forward(std::string source) { state_->python_forward = std::move(source); }

const std::string& Module::script_forward() const noexcept { return state_->script_forward; }
void Module::set_script_forward(std::string source) { state_->script_forward = std::move(source); }
void Module::set_python_class(std::string name) { state_->python_class = std::move(name); }

std::string Module::class_name() const {
  if (state_->python_class != plain_class) return state_->python_class.substr(state_->python_class.rfind('.') + 1);
  const auto* any = dynamic_cast<const AnyModule*>(this);
  return short_type_name(any != nullptr ? any->type() : typeid(*this));
}

const std::vector<std::pair<std::string, Value>>& Module::attributes() const noexcept { return state_->attributes; }

const std::vector<std::pair<std::string, AnyModule>>& Module::children() const noexcept { return state_->children; }

const Value& Module::attribute(size_t index) const noexcept { return state_->attributes[index].second; }

const Tensor& Module::buffer(size_t index) const noexcept { return state_->buffers[index].second; }

const Tensor& Module::parameter(size_t index) const noexcept { return state_->parameters[index].second; }

// ---- registering

void Module::register_modules(std::initializer_list<std::pair<std::string, AnyModule>> children) {
  for (const auto& [name, child] : children) register_module(name, child);
}

void Module::register_module(std::string name, AnyModule child) {
  check_new_name(*state_, "module", name);
  if (child.is_same(*this)) {
    throw Error(ErrorKind::bad_argument, fmt::format("a module cannot be its own child '{}'", name));
  }
  state_->children.emplace_back(std::move(name), std::move(child));
}

void Module::register_parameter(std::string name, Tensor value, bool requires_grad) {
  check_new_name(*state_, "parameter", name);
  if (value.defined() && requires_grad && (is_floating_point(value.dtype()) || is_complex(value.dtype()))) {
    value.requires_grad_();
  }
  state_->parameters.emplace_back(std::move(name), std::move(value));
}

void Module::register_buffer(std::string name, Tensor value) {
  check_new_name(*state_, "buffer", name);
  state_->buffers.emplace_back(std::move(name), std::move(value));
}

void Module::set_attribute(std::string name, Value value) {
  for (auto& [known, current] : state_->attributes) {
    if (known == name) {
      current = std::move(value);
      return;
    }
  }
  state_->attributes.emplace_back(std::move(name), std::move(value));
}

void Module::set_layer_attributes(std::initializer_list<Value> values) {
  const Layer* layer = find_layer(state_->python_class);
  auto value = values.begin();
  for (const LayerAttribute& attribute : layer == nullptr ? std::span<const LayerAttribute>() : layer->attributes) {
    if (!attribute.is_attribute()) continue;
    if (value == values.end()) throw_other_number(*this, values.size());
    set_attribute(std::string(attribute.name), *value++);
  }
  if (value != values.end()) throw_other_number(*this, values.size());
}

}  // namespace okibi::nn
