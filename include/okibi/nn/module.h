// okibi/nn/module.h: modules, as torch.nn has them.
//
// A Module is a handle over shared state: named parameters, buffers, submodules and the training flag. Copies, moves
// and slices of a handle refer to the same module, and registering a child stores its state, not its address; so all of
// them are safe. A layer or a user's model derives from Module, holds its children as members, registers them by the
// names that PyTorch's attributes would have, and adds a typed `forward`:
//
//   struct Net : nn::Module {
//     nn::Embedding job{22, 8};
//     nn::Linear out{8, 1};
//     Net() { register_modules({{"job", job}, {"out", out}}); }
//     Tensor forward(const Tensor& ids) { return out(job(ids)); }
//   };
//
// A child that is assigned another handle after it was registered is another module: what was registered is then no
// longer what forward uses. Change the numbers of a module, or make the parent anew.
//
// Threads: forward of one module may run on several threads at once in eval mode (dropout draws from the one default
// generator, so training does not). Changing a module needs the caller's own order.
#pragma once

#include <array>
#include <concepts>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <typeinfo>
#include <utility>
#include <vector>

#include <okibi/ops.h>
#include <okibi/value.h>

namespace okibi::nn {

class AnyModule;

// What load_state_dict(strict = false) tells.
struct IncompatibleKeys {
  std::vector<std::string> missing, unexpected;
};
struct LoadStateDictOptions {
  bool strict = true;
};

using NamedTensor = std::pair<std::string, Tensor>;

// A layer made with it has no parameters yet and draws no numbers: what load_module begins with.
struct Unfilled {};

class Module {
 public:
  // `python_class` names the class for whole-model files: "torch.nn.modules.linear.Linear"; users' models may leave it
  // out.
  explicit Module(std::string python_class = std::string(plain_class));
  static constexpr std::string_view plain_class = "torch.nn.modules.module.Module";
  virtual ~Module() = default;
  Module(const Module&) = default;  // to move is to copy: a handle that was moved from still works
  Module& operator=(const Module&) = default;

  // ---- mode
  void train(bool mode = true);
  void eval() { train(false); }
  bool is_training() const noexcept;

  // ---- what it holds, in PyTorch's order: its own first, then each child's, depth first. Shared ones come once.
  std::vector<Tensor> parameters() const;
  std::vector<NamedTensor> named_parameters() const;  // "mlp.0.weight"
  std::vector<NamedTensor> named_buffers() const;
  std::vector<std::pair<std::string, AnyModule>> named_children() const;
  std::vector<std::pair<std::string, AnyModule>> named_modules() const;  // itself first, under "", as a plain Module
  void requires_grad_(bool value = true);
  void zero_grad();  // drops the gradients

  // ---- state_dict: tensors are the module's own, not copies
  StateDict state_dict(const std::string& prefix = {}) const;
  // Copies the numbers in. Missing or unexpected keys and wrong sizes are all gathered into one Error(mismatch) in
  // PyTorch's words; nothing was changed then. With strict = false only sizes can fail. A Value that is a whole
  // checkpoint is Error(mismatch) that lists its keys.
  IncompatibleKeys load_state_dict(const StateDict& state, LoadStateDictOptions options = {});
  IncompatibleKeys load_state_dict(const Value& state, LoadStateDictOptions options = {});

  const std::string& python_class() const noexcept;
  void set_python_class(std::string name);
  // What `forward` is in Python: "def forward(self, x):\n    return self.mlp(x)\n". For classes that Python cannot
  // import: a whole-model file then holds a torch.fx.GraphModule, which runs wherever PyTorch is. It may use `torch`,
  // the children and the tensors of the module, and no branches that depend on numbers (torch.fx traces it).
  const std::string& python_forward() const noexcept;
  void set_python_forward(std::string source);
  // What `forward` is in TorchScript, as its files have it: "def forward(self, x: Tensor) -> Tensor:\n  return
  // (self.mlp).forward(x, )\n". jit::script takes it for a model of one's own.
  const std::string& script_forward() const noexcept;
  void set_script_forward(std::string source);
  // What Python's __class__.__name__ would be: the last part of python_class or, where that was left out, of the C++
  // type.
  std::string class_name() const;
  // The layer's attributes as PyTorch's class has them ("in_features" …), for printing and for whole-model files.
  const std::vector<std::pair<std::string, Value>>& attributes() const noexcept;

  bool is_same(const Module& other) const noexcept { return state_ == other.state_; }

 protected:
  // Children, by PyTorch's attribute names, in order. A name that is taken is Error(bad_argument).
  void register_modules(std::initializer_list<std::pair<std::string, AnyModule>> children);
  void register_module(std::string name, AnyModule child);
  // A parameter needs a gradient where its dtype can have one. An undefined tensor registers None (a bias left out).
  void register_parameter(std::string name, Tensor value, bool requires_grad = true);
  void register_buffer(std::string name, Tensor value);
  void set_attribute(std::string name, Value value);
  // All attributes of one of PyTorch's layers, in the order of its row in src/nn/layer_table.cpp. They are where a
  // layer keeps its options: whole-model files replace them.
  void set_layer_attributes(std::initializer_list<Value> values);
  // In order of registration, and of the layer's row.
  const Tensor& parameter(size_t index) const noexcept;
  const Tensor& buffer(size_t index) const noexcept;
  const Value& attribute(size_t index) const noexcept;
  const std::vector<std::pair<std::string, AnyModule>>& children() const noexcept;

 private:
  friend class AnyModule;
  friend struct ModuleAccess;  // src/nn/module_state.h
  std::shared_ptr<struct ModuleState> state_;
};

// Prints the tree as PyTorch does: "Linear(in_features=20, out_features=64, bias=True)".
std::string to_string(const Module& module);
std::ostream& operator<<(std::ostream& out, const Module& module);

namespace detail {

// The arguments and the result of a member function `forward`.
template <class F>
struct ForwardSignature;
template <class T, class R, class... A>
struct ForwardSignature<R (T::*)(A...)> {
  using Arguments = std::tuple<std::decay_t<A>...>;
};
template <class T, class R, class... A>
struct ForwardSignature<R (T::*)(A...) const> : ForwardSignature<R (T::*)(A...)> {};

[[noreturn]] void throw_no_forward(const std::string& python_class);
void check_argument_count(const std::string& python_class, size_t expected, size_t found);
// An argument that may be left out: a struct with `static T from(const Value&)`, which takes None for all defaults.
template <class T>
concept MayBeMissing = requires(const Value& value) {
  { T::from(value) } -> std::same_as<T>;
};
template <class T>
T from_value(const Value& value) {
  if constexpr (MayBeMissing<T>)
    return T::from(value);
  else if constexpr (std::is_same_v<T, Tensor>)
    return value.is_none() ? Tensor() : value.to_tensor();
  else if constexpr (std::is_same_v<T, bool>)
    return value.to_bool();
  else if constexpr (std::is_integral_v<T>)
    return static_cast<T>(value.to_int());
  else if constexpr (std::is_floating_point_v<T>)
    return static_cast<T>(value.to_double());
  else
    return T(value);
}

// Whether all arguments from `given` on may be left out.
template <class Arguments>
constexpr bool may_miss(size_t given) {
  return [&]<size_t... i>(std::index_sequence<i...>) {
    return given <= sizeof...(i) && ((i < given || MayBeMissing<std::tuple_element_t<i, Arguments>>)&&...);
  }
  (std::make_index_sequence<std::tuple_size_v<Arguments>>());
}

// What a forward gave: anything that a Value can be, or a pair or tuple of such things.
template <class T>
Value to_value(T result) {
  if constexpr (std::constructible_from<Value, T>)
    return Value(std::move(result));
  else
    return std::apply([](auto&&... part) { return Value(Tuple{Value(std::move(part))...}); }, std::move(result));
}

// A module whose type was erased: the typed handle lives inside.
struct ModuleHolder {
  virtual ~ModuleHolder() = default;
  virtual Value call(std::span<const Value> arguments) = 0;
  virtual Tensor forward(const Tensor& x) = 0;  // the same for one tensor, without the boxes
  virtual const std::type_info& type() const noexcept = 0;
  virtual void* get() noexcept = 0;
};

template <class T>
struct TypedHolder final : ModuleHolder {
  explicit TypedHolder(T m) : module(std::move(m)) {}
  Value call(std::span<const Value> arguments) override {
    if constexpr (requires { &T::forward; }) {
      using Arguments = typename ForwardSignature<decltype(&T::forward)>::Arguments;
      const size_t given = arguments.size(), most = std::tuple_size_v<Arguments>;
      check_argument_count(module.python_class(), may_miss<Arguments>(given) ? given : most, given);
      return [&]<size_t... i>(std::index_sequence<i...>) {
        return to_value(
            module.forward(from_value<std::tuple_element_t<i, Arguments>>(i < given ? arguments[i] : Value())...));
      }
      (std::make_index_sequence<std::tuple_size_v<Arguments>>());
    } else {
      throw_no_forward(module.python_class());
    }
  }
  Tensor forward(const Tensor& x) override {
    if constexpr (requires {
                    { module.forward(x) } -> std::same_as<Tensor>;
                  })
      return module.forward(x);
    else
      return call(std::array{Value(x)}).to_tensor();
  }
  const std::type_info& type() const noexcept override { return typeid(T); }
  void* get() noexcept override { return &module; }
  T module;
};

}  // namespace detail

// A module of any type: what containers hold and load_module gives. Any module converts to it; `as` gets the typed
// handle back. `call` is the module's forward over Values.
class AnyModule : public Module {
 public:
  template <std::derived_from<Module> T>
  requires(!std::same_as<T, AnyModule>) AnyModule(T module)
      : Module(module), holder_(std::make_shared<detail::TypedHolder<T>>(std::move(module))) {}
  AnyModule(const AnyModule&) = default;
  AnyModule& operator=(const AnyModule&) = default;

  Value call(std::span<const Value> arguments) const { return holder_->call(arguments); }
  Value call(std::initializer_list<Value> arguments) const {
    return call(std::span(arguments.begin(), arguments.size()));
  }
  Tensor forward(const Tensor& x) const { return holder_->forward(x); }  // for modules of one tensor to one tensor
  Tensor operator()(const Tensor& x) const { return forward(x); }

  template <std::derived_from<Module> T>
  bool is() const noexcept {
    return holder_->type() == typeid(T);
  }
  template <std::derived_from<Module> T>
  T as() const {  // Error(bad_argument) naming what it is
    if (!is<T>()) throw_not_a(typeid(T));
    return *static_cast<T*>(holder_->get());
  }
  const std::type_info& type() const noexcept { return holder_->type(); }

 private:
  [[noreturn]] void throw_not_a(const std::type_info& type) const;
  std::shared_ptr<detail::ModuleHolder> holder_;
};

// Makes a module of a class by its default constructor: for load_module's table of classes.
template <class T>
AnyModule factory() {
  return AnyModule(T());
}

}  // namespace okibi::nn
