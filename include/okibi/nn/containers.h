// okibi/nn/containers.h: modules that hold modules.
#pragma once

#include <okibi/nn/module.h>

namespace okibi::nn {

// What Sequential and ModuleList have in common: children in an order, named "0", "1", … where no names are given.
// Indices as in PyTorch, negative ones from the end; one outside is Error(out_of_range).
class ModuleSequence : public Module {
 public:
  using Named = std::pair<std::string, AnyModule>;

  void push_back(AnyModule module);
  void push_back(std::string name, AnyModule module);
  // Both number the children anew, as PyTorch does.
  void insert(int64_t index, AnyModule module);
  void erase(int64_t index);
  void replace(int64_t index, AnyModule module);  // under the name that was there
  size_t size() const noexcept { return children().size(); }
  bool empty() const noexcept { return children().empty(); }
  const AnyModule& operator[](int64_t index) const;
  // for (const auto& [name, module] : list)
  auto begin() const noexcept { return children().begin(); }
  auto end() const noexcept { return children().end(); }

 protected:
  explicit ModuleSequence(std::string python_class) : Module(std::move(python_class)) {}

 private:
  size_t checked(int64_t index, size_t end) const;
};

// Modules of one tensor to one tensor, one after the other.
class Sequential : public ModuleSequence {
 public:
  Sequential();
  Sequential(std::initializer_list<AnyModule> modules);
  explicit Sequential(std::vector<AnyModule> modules);
  // Under names, as Sequential(OrderedDict(…)) has them.
  explicit Sequential(const std::vector<Named>& modules);
  template <std::derived_from<Module>... T>
  requires(sizeof...(T) > 0 && !(sizeof...(T) == 1 && (std::same_as<T, Sequential> && ...))) Sequential(T... modules)
      : Sequential(std::vector<AnyModule>{AnyModule(std::move(modules))...}) {}
  Tensor forward(const Tensor& x) const;
  Tensor operator()(const Tensor& x) const { return forward(x); }
};

// A list of modules, with no forward of its own.
class ModuleList : public ModuleSequence {
 public:
  ModuleList();
  ModuleList(std::initializer_list<AnyModule> modules);
  explicit ModuleList(const std::vector<AnyModule>& modules);
};

// Modules under names of the user's choice, in the order in which they came; with no forward of its own.
class ModuleDict : public Module {
 public:
  explicit ModuleDict(const std::vector<std::pair<std::string, AnyModule>>& modules = {});
  const AnyModule& operator[](std::string_view name) const;  // Error(not_found) with the names there are
  bool contains(std::string_view name) const noexcept;
  size_t size() const noexcept { return children().size(); }
  std::vector<std::string> keys() const;
  void set(std::string name, AnyModule module);  // in the place of one that has the name, or at the end
  void update(const std::vector<std::pair<std::string, AnyModule>>& modules);  // sets each
  AnyModule pop(std::string_view name);                                        // takes it out: Error(not_found)
  void clear();
  // for (const auto& [name, module] : dict)
  auto begin() const noexcept { return children().begin(); }
  auto end() const noexcept { return children().end(); }

 private:
  size_t place_of(std::string_view name) const;
};

}  // namespace okibi::nn
