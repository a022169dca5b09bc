#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>

#include "model/layers.h"
#include "nn/layer_table.h"
#include "nn/module_state.h"

namespace okibi::model {
namespace {

using Factory = std::function<nn::AnyModule()>;

class Reader {
 public:
  explicit Reader(const ModuleClasses& classes) : classes_(classes) {}
  nn::AnyModule read(const SavedModule& root);

 private:
  struct Unknown {
    std::string python_class, path;
  };
  const Factory* factory_of(const std::string& python_class) const;
  void find_unknown(const SavedModule& saved, std::vector<Unknown>& found) const;
  nn::AnyModule make(const SavedModule& saved);
  nn::AnyModule make_of_class(const Factory& factory, const SavedModule& saved) const;
  nn::AnyModule make_layer(MakeLayer make_it, const SavedModule& saved);

  const ModuleClasses& classes_;
  // By the identity of the Object: modules and parameters that stand in two places stay one.
  std::unordered_map<const void*, nn::AnyModule> made_;
};

const Factory* Reader::factory_of(const std::string& python_class) const {
  for (const auto& [name, factory] : classes_) {
    if (name == python_class) return &factory;
  }
  // Neither a script nor torch.fx says where a class was defined.
  const bool is_homeless = python_class.starts_with("__main__.") || python_class.starts_with("torch.fx.graph_module.");
  if (!is_homeless) return nullptr;
  const std::string_view last = std::string_view(python_class).substr(python_class.rfind('.') + 1);
  for (const auto& [name, factory] : classes_) {
    if (std::string_view(name).substr(name.rfind('.') + 1) == last) return &factory;
  }
  return nullptr;
}

void Reader::find_unknown(const SavedModule& saved, std::vector<Unknown>& found) const {
  if (factory_of(saved.python_class()) != nullptr) return;  // it knows its children itself
  const std::string name = saved.python_class();
  const bool is_listed = std::ranges::any_of(found, [&](const Unknown& other) { return other.python_class == name; });
  if (layer_maker(name) == nullptr && !is_listed) found.push_back({name, saved.path()});
  for (const auto& [child_name, child] : saved.children()) find_unknown(child, found);
}

nn::AnyModule Reader::read(const SavedModule& root) {
  std::vector<Unknown> unknown;
  find_unknown(root, unknown);
  if (unknown.empty()) return make(root);
  std::string names;
  for (const Unknown& one : unknown) {
    names += fmt::format("{}{} ({})", names.empty() ? "" : ", ", one.python_class,
                         one.path.empty() ? "the model itself" : one.path);
  }
  throw Error(ErrorKind::unsupported, "okibi has no C++ class for these Python classes of the model: " + names)
      .hint(fmt::format("Say which to use: load_module(path, {{.classes = {{{{\"{}\", nn::factory<YourClass>}}}}}}). "
                        "The weights can be "
                        "had without: model::state_dict_of(okibi::load(path, {{.any_class_as_data = true}})).",
                        unknown.front().python_class));
}

nn::AnyModule Reader::make(const SavedModule& saved) {
  if (const auto found = made_.find(saved.identity()); found != made_.end()) return found->second;
  const Factory* factory = factory_of(saved.python_class());
  nn::AnyModule module = in_context("module", saved.path().empty() ? saved.python_class() : saved.path(), [&] {
    return factory != nullptr ? make_of_class(*factory, saved) : make_layer(layer_maker(saved.python_class()), saved);
  });
  return made_.emplace(saved.identity(), std::move(module)).first->second;
}

// ---- a user's class: its constructor makes the tree, and the file fills it

// What lies in a module besides the numbers: the mode, which parameters learn, attributes. By name, where both have it.
void take_settings(const nn::Module& module, const SavedModule& saved) {
  nn::ModuleState& state = nn::ModuleAccess::state(module);
  state.training = saved.is_training();
  for (const auto& [name, own] : state.parameters) {
    if (own.defined()) own.requires_grad_(saved.parameter(name).requires_grad());
  }
  for (const auto& [name, value] : saved.attributes()) nn::ModuleAccess::set_attribute(module, name, value);
  for (const auto& [name, saved_child] : saved.children()) {
    const auto is_it = [&, &wanted = name](const auto& child) { return child.first == wanted; };
    const auto child = std::ranges::find_if(state.children, is_it);
    if (child != state.children.end()) take_settings(child->second, saved_child);
  }
}

nn::AnyModule Reader::make_of_class(const Factory& factory, const SavedModule& saved) const {
  const nn::KeepRandomState keep;
  nn::AnyModule module = factory();
  module.load_state_dict(state_dict_of(saved.value()));
  take_settings(module, saved);
  if (module.python_class() == nn::Module::plain_class) module.set_python_class(saved.python_class());
  return module;
}

// ---- okibi's own layers: made over the tensors of the file

// The layer holds the file's tensors themselves, so that one that stands in two places stays one.
void take_tensors(std::vector<nn::NamedTensor>& own, const std::vector<nn::NamedTensor>& saved) {
  for (const auto& [name, tensor] : saved) {
    const auto is_it = [&, &wanted = name](const nn::NamedTensor& item) { return item.first == wanted; };
    if (const auto place = std::ranges::find_if(own, is_it); place != own.end())
      place->second = tensor;
    else
      own.emplace_back(name, tensor);
  }
}

nn::AnyModule Reader::make_layer(MakeLayer make_it, const SavedModule& saved) {
  nn::AnyModule layer = make_it(saved);
  nn::ModuleState& state = nn::ModuleAccess::state(layer);
  state.training = saved.is_training();
  take_tensors(state.parameters, saved.parameters());
  take_tensors(state.buffers, saved.buffers());
  const nn::Layer* row = nn::find_layer(saved.python_class());
  for (const auto& [name, value] : saved.attributes()) {
    if (row == nullptr || !row->lists_parameters(name)) nn::ModuleAccess::set_attribute(layer, name, value);
  }
  for (const auto& [name, child] : saved.children()) state.children.emplace_back(name, make(child));
  nn::ModuleAccess::drop_attributes_that_are_registered(layer);
  return layer;
}

void gather(const SavedModule& saved, const std::string& prefix, StateDict& found) {
  for (const auto& [name, tensor] : saved.parameters()) {
    if (tensor.defined()) found.set(prefix + name, tensor.detach());
  }
  for (const auto& [name, tensor] : saved.buffers()) {
    if (tensor.defined() && saved.is_persistent(name)) found.set(prefix + name, tensor);
  }
  for (const auto& [name, child] : saved.children()) gather(child, prefix + name + '.', found);
}

}  // namespace

nn::AnyModule from_value(const Value& value, const ModuleClasses& classes) {
  return Reader(classes).read(SavedModule(value));
}

Attributes attributes_of(const Value& module) { return SavedModule(module).attributes(); }

StateDict state_dict_of(const Value& module) {
  StateDict found;
  gather(SavedModule(module), {}, found);
  return found;
}

}  // namespace okibi::model
