#include <unordered_map>

#include "model/saved_module.h"
#include "nn/layer_table.h"
#include "nn/module_state.h"

namespace okibi::model {
namespace {

struct ClassName {
  std::string module, name;
};

ClassName split(const std::string& python_class) {
  const size_t dot = python_class.rfind('.');
  if (dot != std::string::npos && dot > 0 && dot + 1 < python_class.size()) {
    return {python_class.substr(0, dot), python_class.substr(dot + 1)};
  }
  throw Error(ErrorKind::bad_argument, "a whole-model file names the module and the class, as in \"my_models.Net\"")
      .found(python_class)
      .hint("Say which with set_python_class.");
}

ClassName class_of(const nn::Module& module) {
  const std::string name = module.class_name();
  const bool is_users = module.python_class() == nn::Module::plain_class && name != "Module";
  return is_users ? ClassName{"__main__", name} : split(module.python_class());
}

Object plain_module(const nn::Module& module, const Dict& dict) {
  ClassName name = class_of(module);
  return Object({.module = std::move(name.module), .name = std::move(name.name), .state = dict});
}

// What pickling a torch.fx.GraphModule says: reduce_graph_module(its __dict__ without the graph, its imports).
Object graph_module(const nn::Module& module, const Dict& dict) {
  dict.set("_graphmodule_cls_name", module.class_name());
  dict.set("_code", module.python_forward());
  return Object({.module = std::string(checkpoint::graph_module_maker.first),
                 .name = std::string(checkpoint::graph_module_maker.second),
                 .made = Object::Made::reduce,
                 .arguments = {dict, "import torch\n"}});
}

class Writer {
 public:
  Value module(const nn::Module& module);

 private:
  Value parameter(const Tensor& tensor);
  Value base_value(const nn::ModuleState& state, std::string_view key);
  Value tensors(const std::vector<nn::NamedTensor>& tensors, bool are_parameters);
  Value children(const nn::ModuleState& state);
  Value all_parameters(const nn::ModuleState& state);

  // What was written already, by identity: it is the same Object at its next place, as in Python.
  std::unordered_map<const void*, Value> known_;
};

Value Writer::module(const nn::Module& module) {
  const nn::ModuleState& state = nn::ModuleAccess::state(module);
  if (const auto found = known_.find(&state); found != known_.end()) return found->second;
  Dict dict;
  for (const std::string_view key : base_keys) dict.set(key, base_value(state, key));
  for (const auto& [name, value] : state.attributes) dict.set(name, value);
  const nn::Layer* row = nn::find_layer(state.python_class);
  if (row != nullptr && !row->attributes.empty() && row->lists_parameters(row->attributes.back().name)) {
    dict.set(std::string(row->attributes.back().name), all_parameters(state));
  }
  const Object object = state.python_forward.empty() ? plain_module(module, dict) : graph_module(module, dict);
  known_.emplace(&state, object);
  return object;
}

Value Writer::base_value(const nn::ModuleState& state, std::string_view key) {
  if (key == "training") return state.training;
  if (key == "_parameters") return tensors(state.parameters, true);
  if (key == "_buffers") return tensors(state.buffers, false);
  if (key == "_non_persistent_buffers_set") return Set();
  if (key == "_is_full_backward_hook") return nullptr;
  if (key == "_modules") return children(state);
  return Dict(DictKind::ordered_dict);  // hooks, of which there are none
}

Value Writer::tensors(const std::vector<nn::NamedTensor>& tensors, bool are_parameters) {
  Dict dict;
  for (const auto& [name, tensor] : tensors) {
    if (!tensor.defined())
      dict.set(name, nullptr);
    else
      dict.set(name, are_parameters ? parameter(tensor) : Value(tensor.detach()));
  }
  return dict;
}

// The very objects that _parameters holds.
Value Writer::all_parameters(const nn::ModuleState& state) {
  List list;
  for (const auto& [name, tensor] : state.parameters) list.push_back(tensor.defined() ? parameter(tensor) : Value());
  return list;
}

// torch._utils._rebuild_parameter(data, requires_grad, backward_hooks): what pickling a Parameter says.
Value Writer::parameter(const Tensor& tensor) {
  if (const auto found = known_.find(tensor.body()); found != known_.end()) return found->second;
  const Object object({.module = "torch._utils",
                       .name = "_rebuild_parameter",
                       .made = Object::Made::reduce,
                       .arguments = {tensor.detach(), tensor.requires_grad(), Dict(DictKind::ordered_dict)}});
  known_.emplace(tensor.body(), object);
  return object;
}

Value Writer::children(const nn::ModuleState& state) {
  Dict dict;
  for (const auto& [name, child] : state.children) dict.set(name, module(child));
  return dict;
}

}  // namespace

Value to_value(const nn::Module& module, const Attributes& more) {
  const Value value = Writer().module(module);
  const Dict members = SavedModule(value).members();
  for (const auto& [name, attribute] : more) members.set(name, attribute);
  return value;
}

}  // namespace okibi::model
