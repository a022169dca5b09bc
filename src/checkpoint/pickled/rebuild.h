// checkpoint/rebuild.h: the calls that a pickle describes → the Values that they would make. Nothing is called.
#pragma once

#include <array>
#include <optional>
#include <span>

#include "checkpoint/pickled/resolve.h"

namespace okibi::checkpoint {

// A pickle can say in five bytes "the same again" of a text or list that it holds once. What that makes is counted, so
// that memory stays in proportion to the file. Honest picklers say nearly everything once.
class CopyBudget {
 public:
  CopyBudget(const pickle::Graph& graph, const Limits& limits)
      : left_(limits.max_copied_bytes + 4 * graph.end_offset()) {}
  void take(uint64_t bytes);  // Error(limit) when nothing is left

 private:
  uint64_t left_;
};

class Rebuilder {
 public:
  // `made`: the Value of each node, as far as there is one yet.
  Rebuilder(const pickle::Graph& graph, const Globals& globals, TensorMaker& tensors, const Limits& limits,
            CopyBudget& copies, const std::vector<Value>& made)
      : graph_(graph),
        globals_(globals),
        refs_(graph, globals),
        tensors_(tensors),
        limits_(limits),
        copies_(copies),
        made_(made) {}

  // The nodes whose Values must be there before make(call). Most arguments of tensors are read from the graph itself.
  using Needs = std::array<std::span<const pickle::NodeId>, 2>;
  Needs needs(const pickle::Object& call) const;
  // True for calls that copy what is in their arguments, which must then be complete.
  bool consumes(const pickle::Object& call) const;
  Value make(const pickle::Object& call);
  // What happens to the object after it was made: BUILD, APPENDS, SETITEMS.
  void finish(const Value& object, const pickle::Object& call);

  // In a graph with cycles: the attributes of tensors must be no part of one, since nothing would ever free it.
  // Error(unsupported); the attributes are dropped first.
  void require_no_cycles_through_tensors();

  Value global(pickle::NodeId id) const;     // a global as a value
  Value storage(pickle::NodeId persistent);  // a storage by itself, as an Object that holds a 1-d tensor

 private:
  Meaning meaning_of(const pickle::Object& call) const;
  std::string name_of_callable(const pickle::Object& call) const;
  const Value& made(pickle::NodeId id) const { return made_[static_cast<size_t>(id)]; }

  Value tensor(const pickle::Object& call, Meaning meaning);
  Value meta_tensor(const pickle::Object& call);
  Value sparse_tensor(const pickle::Object& call);
  Value quantised_tensor(const pickle::Object& call);
  Value nested_tensor(const pickle::Object& call);
  Value device_tensor(const pickle::Object& call, Meaning meaning);
  Value parameter(const pickle::Object& call);
  Value parameter_of_old(const pickle::Object& call);
  Value tensor_of_type(const pickle::Object& call);
  Value typed_tensor(const pickle::Object& call);
  Value of_class(const Tensor& tensor, TensorClass tensor_class);
  std::optional<pickle::Object> inner_call(const pickle::Object& call) const;
  std::optional<pickle::NodeId> data_in_state(const pickle::Object& call) const;
  Tensor tensor_argument(const class Arguments& arguments, size_t index, std::string_view name) const;
  Tensor strided(const class Arguments& arguments, std::optional<DType> dtype);
  Quantizer quantizer_of(pickle::NodeId parameters);
  Tensor numbers_in(const Value& list, std::string_view name) const;
  TensorClass class_named(pickle::NodeId global) const;
  Value first_argument(const pickle::Object& call);
  Value dict(const pickle::Object& call, DictKind kind);
  Value complex_number(const pickle::Object& call);
  Value size(const pickle::Object& call);
  Value device(const pickle::Object& call);
  Value data(const pickle::Object& call);
  DType dtype_argument(const class Arguments& arguments, size_t index) const;
  void finish_dict(const Dict& dict, const pickle::Object& call);
  bool makes_plain_data(const pickle::Object& call) const;

  const pickle::Graph& graph_;
  const Globals& globals_;
  StorageRefs refs_;
  TensorMaker& tensors_;
  const Limits& limits_;
  CopyBudget& copies_;
  const std::vector<Value>& made_;
  std::vector<Tensor> with_state_;  // tensors that have attributes
};

}  // namespace okibi::checkpoint
