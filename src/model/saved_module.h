// model/saved_module.h: an Object of a file, seen as the torch.nn.Module that it was. Facts: torch.nn.Module.__dict__.
#pragma once

#include <okibi/model.h>

#include <array>
#include <unordered_map>

#include "checkpoint/module_objects.h"

namespace okibi::model {

// What every module's __dict__ holds before its class's own attributes, in the order of PyTorch 2.15. Those that are
// not named in this module's code are OrderedDicts of hooks.
inline constexpr std::array<std::string_view, 17> base_keys = {
    "training",
    "_parameters",
    "_buffers",
    "_non_persistent_buffers_set",
    "_backward_pre_hooks",
    "_backward_hooks",
    "_is_full_backward_hook",
    "_forward_hooks",
    "_forward_hooks_with_kwargs",
    "_forward_hooks_always_called",
    "_forward_pre_hooks",
    "_forward_pre_hooks_with_kwargs",
    "_state_dict_hooks",
    "_state_dict_pre_hooks",
    "_load_state_dict_pre_hooks",
    "_load_state_dict_post_hooks",
    "_modules",
};

// Beyond these a file is no model, but one made to exhaust the stack (it contains itself) or the time (each module
// stands in two places of the next).
inline constexpr size_t max_module_depth = 200;
inline constexpr size_t max_module_places = 300'000;

class SavedModule {
 public:
  explicit SavedModule(const Value& value, std::string path = {});  // Error(mismatch) when it is no module

  Value value() const { return object_; }
  const void* identity() const noexcept { return Value(object_).identity(); }
  // What its __dict__ held.
  const Dict& members() const noexcept { return members_; }
  const std::string& path() const noexcept { return path_; }  // "mlp.0", "" for the root
  // Of a GraphModule the name it had before it was one, in torch.fx's module: "torch.fx.graph_module.Net".
  std::string python_class() const;
  bool is_training() const;

  // (name, tensor); PyTorch's None is an undefined tensor.
  std::vector<nn::NamedTensor> parameters() const;
  std::vector<nn::NamedTensor> buffers() const;
  bool is_persistent(const std::string& buffer) const;
  std::vector<std::pair<std::string, SavedModule>> children() const;
  std::vector<std::pair<std::string, Value>> attributes() const;  // the class's own

  Tensor parameter(std::string_view name) const;        // undefined when missing or None
  const Value* attribute(std::string_view name) const;  // nullptr when missing
  double number(std::string_view name, double fallback) const;
  bool flag(std::string_view name, bool fallback) const;

 private:
  // What all of one tree share.
  struct Tree {
    std::unordered_map<const void*, Tensor> rebuilt;  // a parameter that stands in two places is one tensor
    size_t places = 0;
  };
  Tensor tensor_of(const Value& value) const;
  std::vector<nn::NamedTensor> tensors(std::string_view member) const;
  SavedModule child(const std::string& name, const Value& value) const;

  Dict members_;
  std::string path_;
  Object object_;
  size_t depth_ = 0;
  std::shared_ptr<Tree> tree_ = std::make_shared<Tree>();
};

}  // namespace okibi::model
