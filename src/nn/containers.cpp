#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "nn/module_state.h"

namespace okibi::nn {
namespace {

using Children = std::vector<std::pair<std::string, AnyModule>>;

Children& children_of(const Module& module) { return ModuleAccess::state(module).children; }

auto at(Children& children, size_t index) { return children.begin() + static_cast<std::ptrdiff_t>(index); }

void number_anew(Children& children) {
  for (size_t i = 0; i < children.size(); ++i) children[i].first = std::to_string(i);
}

void check_is_other(const Module& owner, const Module& child, const std::string& name) {
  if (child.is_same(owner)) {
    throw Error(ErrorKind::bad_argument, fmt::format("a module cannot be its own child '{}'", name));
  }
}

}  // namespace

// ---- in an order

void ModuleSequence::push_back(AnyModule module) { register_module(std::to_string(size()), std::move(module)); }

void ModuleSequence::push_back(std::string name, AnyModule module) {
  register_module(std::move(name), std::move(module));
}

size_t ModuleSequence::checked(int64_t index, size_t end) const {
  const int64_t from_start = index < 0 ? index + static_cast<int64_t>(size()) : index;
  if (from_start >= 0 && from_start < static_cast<int64_t>(end)) return static_cast<size_t>(from_start);
  throw Error(ErrorKind::out_of_range,
              fmt::format("index {} is out of range of a {} of {}", index, class_name(), size()));
}

void ModuleSequence::insert(int64_t index, AnyModule module) {
  check_is_other(*this, module, std::to_string(index));
  Children& all = children_of(*this);
  all.emplace(at(all, checked(index, size() + 1)), std::string(), std::move(module));
  number_anew(all);
}

void ModuleSequence::erase(int64_t index) {
  Children& all = children_of(*this);
  all.erase(at(all, checked(index, size())));
  number_anew(all);
}

void ModuleSequence::replace(int64_t index, AnyModule module) {
  auto& [name, place] = children_of(*this)[checked(index, size())];
  check_is_other(*this, module, name);
  place = std::move(module);
}

const AnyModule& ModuleSequence::operator[](int64_t index) const { return children()[checked(index, size())].second; }

Sequential::Sequential() : ModuleSequence("torch.nn.modules.container.Sequential") {}

Sequential::Sequential(std::initializer_list<AnyModule> modules) : Sequential() {
  for (const AnyModule& module : modules) push_back(module);
}

Sequential::Sequential(std::vector<AnyModule> modules) : Sequential() {
  for (AnyModule& module : modules) push_back(std::move(module));
}

Sequential::Sequential(const std::vector<Named>& modules) : Sequential() {
  for (const auto& [name, module] : modules) push_back(name, module);
}

Tensor Sequential::forward(const Tensor& x) const {
  Tensor result = x;
  for (const auto& [name, module] : children()) result = module(result);
  return result;
}

ModuleList::ModuleList() : ModuleSequence("torch.nn.modules.container.ModuleList") {}

ModuleList::ModuleList(std::initializer_list<AnyModule> modules) : ModuleList(std::vector<AnyModule>(modules)) {}

ModuleList::ModuleList(const std::vector<AnyModule>& modules) : ModuleList() {
  for (const AnyModule& module : modules) push_back(module);
}

// ---- under names

ModuleDict::ModuleDict(const std::vector<std::pair<std::string, AnyModule>>& modules)
    : Module("torch.nn.modules.container.ModuleDict") {
  for (const auto& [name, module] : modules) register_module(name, module);
}

std::vector<std::string> ModuleDict::keys() const {
  std::vector<std::string> names;
  for (const auto& [name, module] : children()) names.push_back(name);
  return names;
}

bool ModuleDict::contains(std::string_view name) const noexcept {
  return std::ranges::any_of(children(), [&](const auto& child) { return child.first == name; });
}

size_t ModuleDict::place_of(std::string_view name) const {
  for (size_t i = 0; i < size(); ++i) {
    if (children()[i].first == name) return i;
  }
  throw Error(ErrorKind::not_found, fmt::format("the ModuleDict has no module '{}'", name))
      .hint(fmt::format("It has: {}.", fmt::join(keys(), ", ")));
}

const AnyModule& ModuleDict::operator[](std::string_view name) const { return children()[place_of(name)].second; }

void ModuleDict::set(std::string name, AnyModule module) {
  if (!contains(name)) return register_module(std::move(name), std::move(module));
  check_is_other(*this, module, name);
  children_of(*this)[place_of(name)].second = std::move(module);
}

void ModuleDict::update(const std::vector<std::pair<std::string, AnyModule>>& modules) {
  for (const auto& [name, module] : modules) set(name, module);
}

AnyModule ModuleDict::pop(std::string_view name) {
  Children& all = children_of(*this);
  const auto place = at(all, place_of(name));
  AnyModule taken = std::move(place->second);
  all.erase(place);
  return taken;
}

void ModuleDict::clear() { children_of(*this).clear(); }

}  // namespace okibi::nn
