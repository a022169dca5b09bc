// okibi/nn/containers.h: modules that hold modules.
#pragma once

#include <okibi/nn/module.h>

namespace okibi::nn {

// Modules of one tensor to one tensor, one after the other. Children are named "0", "1", …
class Sequential : public Module {
 public:
  Sequential();
  Sequential(std::initializer_list<AnyModule> modules);
  explicit Sequential(std::vector<AnyModule> modules);
  template <std::derived_from<Module>... T>
  requires(sizeof...(T) > 0 && !(sizeof...(T) == 1 && (std::same_as<T, Sequential> && ...))) Sequential(T... modules)
      : Sequential(std::vector<AnyModule>{AnyModule(std::move(modules))...}) {}
  void push_back(AnyModule module);
  size_t size() const noexcept { return children().size(); }
  const AnyModule& operator[](size_t index) const;
  Tensor forward(const Tensor& x) const;
  Tensor operator()(const Tensor& x) const { return forward(x); }
};

// Modules under names of the user's choice: ModuleDict in PyTorch. No forward of its own.
class ModuleDict : public Module {
 public:
  explicit ModuleDict(const std::vector<std::pair<std::string, AnyModule>>& modules = {});
  const AnyModule& operator[](std::string_view name) const;  // Error(not_found) with the names there are
};

}  // namespace okibi::nn
