// What all handles to one module share.
#pragma once

#include <okibi/nn.h>

#include <algorithm>

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
  // A parameter that may be None is an attribute of that name when it is, in some of PyTorch's layers.
  static void drop_attributes_that_are_parameters(const Module& module) {
    std::erase_if(state(module).attributes, [&](const auto& attribute) {
      return std::ranges::any_of(state(module).parameters,
                                 [&](const NamedTensor& parameter) { return parameter.first == attribute.first; });
    });
  }
  static void set_attribute(Module module, std::string name, Value value) {
    module.set_attribute(std::move(name), std::move(value));
  }
};

// Undefined where there is none, and where it is PyTorch's None.
inline Tensor parameter_named(const Module& module, std::string_view name) {
  for (const auto& [known, tensor] : ModuleAccess::state(module).parameters) {
    if (known == name) return tensor;
  }
  return {};
}

[[noreturn]] inline void throw_bad(std::string what, std::string found) {
  throw Error(ErrorKind::bad_argument, std::move(what)).found(std::move(found));
}

// As attributes of PyTorch's layers hold sizes.
inline Value as_tuple(const Dims& numbers) { return Tuple(std::vector<Value>(numbers.begin(), numbers.end())); }

}  // namespace okibi::nn
