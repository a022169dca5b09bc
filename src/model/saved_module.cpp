#include "model/saved_module.h"

#include <fmt/format.h>

#include <algorithm>

namespace okibi::model {

namespace {

Dict checked_members(const Value& value) {
  if (auto members = checkpoint::members_of_module(value)) return *members;
  Error error(ErrorKind::mismatch, "this is no whole model");
  error.found(value.is_object() ? "an object of class " + value.to_object().python_class()
                                : std::string(name_of(value.kind())));
  if (value.is_dict())
    error.hint("A state_dict or a checkpoint: load it with okibi::load, and give it to load_state_dict.");
  throw error;
}

}  // namespace

bool is_module(const Value& value) noexcept { return checkpoint::members_of_module(value).has_value(); }

SavedModule::SavedModule(const Value& value, std::string path)
    : members_(checked_members(value)), path_(std::move(path)), object_(value.to_object()) {}

std::string SavedModule::python_class() const {
  if (!checkpoint::is_graph_module(object_)) return object_.python_class();
  const Value* name = attribute("_graphmodule_cls_name");
  return fmt::format("{}.{}", checkpoint::graph_module_maker.first,
                     name && name->is_string() ? name->to_string() : "GraphModule");
}

// A Parameter is a tensor in what `load` gives, and a call of _rebuild_parameter(tensor, requires_grad, hooks) in what
// to_value made.
Tensor SavedModule::tensor_of(const Value& value) const {
  if (value.is_none()) return {};
  if (value.is_tensor()) return value.to_tensor();
  const auto [known, is_new] = tree_->rebuilt.try_emplace(value.identity());
  if (!is_new) return known->second;
  const Object object = value.to_object();
  const std::vector<Value>& arguments = object.parts().arguments;
  if (object.python_class() != "torch._utils._rebuild_parameter" || arguments.size() < 2) {
    throw Error(ErrorKind::unsupported,
                fmt::format("the tensor is a {}, which okibi does not know", object.python_class()));
  }
  return known->second = arguments[0].to_tensor().detach().requires_grad_(arguments[1].to_bool());
}

bool SavedModule::is_training() const { return flag("training", true); }

std::vector<nn::NamedTensor> SavedModule::tensors(std::string_view member) const {
  std::vector<nn::NamedTensor> found;
  for (const Dict::Item& item : members_[member].to_dict()) {
    const std::string& name = item.first.to_string();
    found.emplace_back(name, in_context("tensor", name, [&] { return tensor_of(item.second); }));
  }
  return found;
}

std::vector<nn::NamedTensor> SavedModule::parameters() const { return tensors("_parameters"); }
std::vector<nn::NamedTensor> SavedModule::buffers() const { return tensors("_buffers"); }

bool SavedModule::is_persistent(const std::string& buffer) const {
  const Value* names = attribute("_non_persistent_buffers_set");  // since PyTorch 1.5
  return names == nullptr || !names->to_set().contains(buffer);
}

SavedModule SavedModule::child(const std::string& name, const Value& value) const {
  if (depth_ == max_module_depth || ++tree_->places > max_module_places) {
    throw Error(ErrorKind::limit, fmt::format("modules lie more than {} deep, or in more than {} places",
                                              max_module_depth, max_module_places));
  }
  const std::string path = path_.empty() ? name : path_ + '.' + name;
  SavedModule child = in_context("module", path, [&] { return SavedModule(value, path); });
  child.depth_ = depth_ + 1;
  child.tree_ = tree_;
  return child;
}

std::vector<std::pair<std::string, SavedModule>> SavedModule::children() const {
  std::vector<std::pair<std::string, SavedModule>> found;
  for (const auto& [name, value] : members_["_modules"].to_dict()) {
    if (!value.is_none()) found.emplace_back(name.to_string(), child(name.to_string(), value));  // None: left out
  }
  return found;
}

std::vector<std::pair<std::string, Value>> SavedModule::attributes() const {
  std::vector<std::pair<std::string, Value>> found;
  for (const auto& [name, value] : members_) {
    if (std::ranges::find(base_keys, name.to_string()) == base_keys.end()) found.emplace_back(name.to_string(), value);
  }
  return found;
}

Tensor SavedModule::parameter(std::string_view name) const {
  const Dict all = members_["_parameters"].to_dict();
  const Value* value = all.find(name);
  return value == nullptr ? Tensor() : tensor_of(*value);
}

const Value* SavedModule::attribute(std::string_view name) const { return members_.find(name); }

double SavedModule::number(std::string_view name, double fallback) const {
  const Value* value = attribute(name);
  return value == nullptr ? fallback : in_context("attribute", name, [&] { return value->to_double(); });
}

bool SavedModule::flag(std::string_view name, bool fallback) const {
  const Value* value = attribute(name);
  return value == nullptr ? fallback : in_context("attribute", name, [&] { return value->to_bool(); });
}

}  // namespace okibi::model
