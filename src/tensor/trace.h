// tensor/trace.h: a listener that hears what is done with tensors on its thread: each operation once, as PyTorch's
// schema of it says, and not those that it is made of. jit::trace makes programs of that.
#pragma once

#include <initializer_list>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include <okibi/value.h>

namespace okibi::trace {

class Listener {
 public:
  Listener() = default;
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;
  virtual ~Listener() = default;

  // Arguments as the schema has them, of which the last may be missing; it may have more outputs than the schema.
  virtual void called(std::string_view schema, std::vector<Value> arguments, std::span<const Tensor> outputs) = 0;
  // Somebody looks at a number of it.
  virtual void reads(const Tensor& tensor) = 0;
};

Listener* listener() noexcept;  // of this thread; nearly always null

// While it lives, this one listens, or nobody.
class Listening {
 public:
  explicit Listening(Listener* listener) noexcept;
  ~Listening();
  Listening(const Listening&) = delete;
  Listening& operator=(const Listening&) = delete;

 private:
  Listener* const before_;
};
class Pause : public Listening {
 public:
  Pause() noexcept : Listening(nullptr) {}
};

inline Value boxed(const Tensor& tensor) { return tensor.defined() ? Value(tensor) : Value(); }
inline Value boxed(std::span<const Tensor> tensors) {
  const List list;
  for (const Tensor& tensor : tensors) list.push_back(boxed(tensor));
  return list;
}
template <class Allocator>
Value boxed(const std::vector<Tensor, Allocator>& tensors) {
  return boxed(std::span(tensors));
}
inline Value boxed(const Dims& dims) { return List(std::vector<Value>(dims.begin(), dims.end())); }
template <class T>
Value boxed(const T& value) {
  if constexpr (std::is_enum_v<T> && !std::constructible_from<Value, T>)
    return static_cast<int64_t>(value);
  else
    return Value(value);
}
template <class T>
Value boxed(const std::optional<T>& value) {
  return value ? boxed(*value) : Value();
}

// Tells the listener, if there is one, and hands the output on.
template <class... Arguments>
Tensor noted(std::string_view schema, Tensor output, const Arguments&... arguments) {
  if (Listener* const heard = listener()) [[unlikely]]
    heard->called(schema, {boxed(arguments)...}, std::span(&output, 1));
  return output;
}

}  // namespace okibi::trace
