// What all handles to one module share.
#pragma once

#include <okibi/nn.h>
#include <okibi/random.h>

#include <algorithm>

namespace okibi::nn {

struct ModuleState {
  std::string python_class;
  std::string python_forward;  // empty where Python has the class
  std::string script_forward;  // empty where it is a layer of PyTorch's, or unknown
  bool training = true;
  std::vector<NamedTensor> parameters;  // an undefined tensor is PyTorch's None: a bias left out
  std::vector<NamedTensor> buffers;
  std::vector<std::pair<std::string, AnyModule>> children;
  std::vector<std::pair<std::string, Value>> attributes;
};

// For those who take modules apart and put them together: state_dict, printing and whole-model files.
struct ModuleAccess {
  static ModuleState& state(const Module& module) { return *module.state_; }
  // A parameter or child that may be None is an attribute of that name when it is, in some of PyTorch's layers.
  static void drop_attributes_that_are_registered(const Module& module) {
    std::erase_if(state(module).attributes, [&](const auto& attribute) {
      const auto has_its_name = [&](const auto& item) { return item.first == attribute.first; };
      return std::ranges::any_of(state(module).parameters, has_its_name) ||
             std::ranges::any_of(state(module).children, has_its_name);
    });
  }
  static void set_attribute(Module module, std::string name, Value value) {
    module.set_attribute(std::move(name), std::move(value));
  }
};

// Constructors draw initial numbers, which loading and copying then replace. PyTorch runs no constructor there, and so
// draws none.
class KeepRandomState {
 public:
  KeepRandomState() : before_(default_generator()) {}
  ~KeepRandomState() { default_generator() = before_; }
  KeepRandomState(const KeepRandomState&) = delete;
  KeepRandomState& operator=(const KeepRandomState&) = delete;

 private:
  Generator before_;
};

// Undefined where there is none, and where it is PyTorch's None.
inline Tensor parameter_named(const Module& module, std::string_view name) {
  for (const auto& [known, tensor] : ModuleAccess::state(module).parameters) {
    if (known == name) return tensor;
  }
  return {};
}

// nullptr where there is none.
inline const Value* find_attribute(const Module& module, std::string_view name) {
  for (const auto& [known, value] : ModuleAccess::state(module).attributes) {
    if (known == name) return &value;
  }
  return nullptr;
}

[[noreturn]] inline void throw_bad(std::string what, std::string found) {
  throw Error(ErrorKind::bad_argument, std::move(what)).found(std::move(found));
}

// As attributes of PyTorch's layers hold sizes.
inline Value as_tuple(const Dims& numbers) { return Tuple(std::vector<Value>(numbers.begin(), numbers.end())); }
inline Dims dims_of(const Value& tuple) {
  Dims dims;
  for (size_t i = 0; i < tuple.size(); ++i) dims.push_back(tuple[i].to_int());
  return dims;
}

}  // namespace okibi::nn
