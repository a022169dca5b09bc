// checkpoint/arguments.h: the arguments of a call that a pickle describes, each checked for what it must be.
#pragma once

#include <string>
#include <string_view>

#include <okibi/dtype.h>
#include <okibi/pickle.h>

namespace okibi::checkpoint {

// Every mistake is Error(bad_file) that names the call, the argument, and what stands there instead.
class Arguments {
 public:
  // `what` is what messages call it: "torch._utils._rebuild_tensor_v2". `tuple` must be a tuple of min to max items.
  Arguments(const pickle::Graph& graph, std::string what, pickle::NodeId tuple, size_t min, size_t max);

  size_t size() const noexcept { return items_.size(); }
  pickle::NodeId operator[](size_t index) const noexcept { return items_[index]; }

  int64_t integer(size_t index, std::string_view name) const;
  bool boolean(size_t index, std::string_view name) const;
  std::string text(size_t index, std::string_view name) const;
  Dims dims(size_t index, std::string_view name, uint64_t max_dims) const;  // a tuple, a list or a torch.Size of ints
  void must_be(size_t index, std::string_view name, pickle::Kind kind) const;

  [[noreturn]] void fail(size_t index, std::string_view name, std::string_view expected) const;

 private:
  const pickle::Graph& graph_;
  std::string what_;
  std::span<const pickle::NodeId> items_;
};

// Python's word for a kind of node: "int", "a global".
std::string_view word_for(pickle::Kind kind) noexcept;

}  // namespace okibi::checkpoint
