#include <fmt/format.h>

#include "nn/module_state.h"

namespace okibi::nn {

Sequential::Sequential() : Module("torch.nn.modules.container.Sequential") {}

Sequential::Sequential(std::initializer_list<AnyModule> modules) : Sequential() {
  for (const AnyModule& module : modules) push_back(module);
}

Sequential::Sequential(std::vector<AnyModule> modules) : Sequential() {
  for (AnyModule& module : modules) push_back(std::move(module));
}

void Sequential::push_back(AnyModule module) { register_module(std::to_string(size()), std::move(module)); }

const AnyModule& Sequential::operator[](size_t index) const {
  if (index < size()) return children()[index].second;
  throw Error(ErrorKind::out_of_range, fmt::format("index {} is out of range of a Sequential of {}", index, size()));
}

Tensor Sequential::forward(const Tensor& x) const {
  Tensor result = x;
  for (const auto& [name, module] : children()) result = module(result);
  return result;
}

ModuleDict::ModuleDict(const std::vector<std::pair<std::string, AnyModule>>& modules)
    : Module("torch.nn.modules.container.ModuleDict") {
  for (const auto& [name, module] : modules) register_module(name, module);
}

const AnyModule& ModuleDict::operator[](std::string_view name) const {
  std::string names;
  for (const auto& [known, module] : children()) {
    if (known == name) return module;
    names += (names.empty() ? "" : ", ") + known;
  }
  throw Error(ErrorKind::not_found, fmt::format("the ModuleDict has no module '{}'", name))
      .hint("It has: " + names + ".");
}

}  // namespace okibi::nn
