// What all handles to one module share.
#pragma once

#include <okibi/nn.h>

namespace okibi::nn {

struct ModuleState {
  std::string python_class;
  std::string python_forward;  // empty where Python has the class
  bool training = true;
  std::vector<NamedTensor> parameters;  // an undefined tensor is PyTorch's None: a bias left out
  std::vector<NamedTensor> buffers;
  std::vector<std::pair<std::string, AnyModule>> children;
  std::vector<std::pair<std::string, Value>> attributes;
};

// For those who take modules apart and put them together: state_dict, printing and whole-model files.
struct ModuleAccess {
  static ModuleState& state(const Module& module) { return *module.state_; }
  static void set_attribute(Module module, std::string name, Value value) {
    module.set_attribute(std::move(name), std::move(value));
  }
};

}  // namespace okibi::nn
