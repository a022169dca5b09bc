// checkpoint/tensor_nodes.h: a Tensor → the call that makes it, as Tensor.__reduce_ex__ says it in PyTorch 2.15.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <okibi/pickle.h>
#include <okibi/value.h>

#include "base/keyed_hash.h"
#include "base/number_map.h"

namespace okibi::checkpoint {

// How a storage is named: ("storage", torch.FloatStorage, "0", "cpu", 12). In the old stream a sixth item says which
// storage this one is a view of, None; and each mention has a text of its own for the key.
enum class StorageIds : uint8_t { of_zip, of_stream };

class TensorNodes {
 public:
  // `made`: what has a node already, by Value::identity.
  TensorNodes(pickle::Graph& graph, NumberMap& made, StorageIds ids) : graph_(graph), made_(made), ids_(ids) {}

  pickle::NodeId add(const Tensor& tensor);
  // The same for a tensor with attributes, in two steps: first what is in it, whose storages are numbered so; then,
  // when the node of its attributes is there, the whole.
  void begin(const Tensor& tensor);
  pickle::NodeId finish(const Tensor& tensor, pickle::NodeId state);
  // A storage by itself, of which `all` is every element.
  pickle::NodeId add_storage(const Tensor& all, bool untyped);

  // Python has one object for each of these, which every pickle therefore shares.
  pickle::NodeId constant(std::string_view text);
  pickle::NodeId layout(std::string_view name);  // torch.serialization._get_layout("torch.strided")
  pickle::NodeId global(std::string_view module, std::string_view name);
  // A call of a global; `arguments` become a tuple.
  pickle::NodeId call(std::string_view module, std::string_view name, std::vector<pickle::NodeId> arguments);

  std::vector<std::shared_ptr<Storage>> take_storages() { return std::move(storages_); }
  std::vector<int64_t> take_numels() { return std::move(numels_); }

 private:
  struct Entry {
    size_t number = 0;  // in storages_; its key is this, as text
    pickle::NodeId key = {};
    DType dtype = DType::uint8;  // that it was saved as; uint8 where only UntypedStorage will do
  };
  // A function and its arguments: what Tensor._reduce_ex_internal gives.
  struct Call {
    std::string_view name;  // in torch._utils
    std::vector<pickle::NodeId> arguments;
  };
  Call call_for(const Tensor& tensor, bool requires_grad);
  Call strided(const Tensor& tensor, bool requires_grad);
  Call quantised(const Tensor& tensor, bool requires_grad);
  Call meta(const Tensor& tensor, bool requires_grad);
  Call sparse(const Tensor& tensor);
  Call compressed(const Tensor& tensor);
  Call nested(const Tensor& tensor);
  Call on_device(const Tensor& tensor, bool requires_grad);
  pickle::NodeId node_of(Call call);
  pickle::NodeId plain(const Tensor& part) { return node_of(strided(part, part.requires_grad())); }
  pickle::NodeId shared(const Tensor& part);
  pickle::NodeId hooks() { return call("collections", "OrderedDict", {}); }
  pickle::NodeId seen_as(const Tensor& tensor, Call inner, std::optional<pickle::NodeId> state);
  pickle::NodeId marks(const Tensor& tensor);
  pickle::NodeId size(const Dims& sizes) { return call("torch", "Size", {ints(sizes)}); }
  pickle::NodeId persistent(const std::shared_ptr<Storage>& storage, DType dtype, bool untyped = false);
  const Entry& entry_of(const std::shared_ptr<Storage>& storage, DType dtype);
  pickle::NodeId location_of(const Storage& storage);
  pickle::NodeId ints(const Dims& dims);

  pickle::NodeId key_of(const Entry& entry);

  pickle::Graph& graph_;
  NumberMap& made_;
  StorageIds ids_;
  std::vector<pickle::NodeId> globals_;  // those that were named first
  NumberMap by_storage_;                 // the address of a Storage → its place in entries_
  std::vector<Entry> entries_;
  std::vector<std::shared_ptr<Storage>> storages_;
  std::vector<int64_t> numels_;  // of each, in elements of the dtype that it was saved as
  KeyedMap<std::string, pickle::NodeId> constants_;
  KeyedMap<std::string, pickle::NodeId> layouts_;  // Python has one object for each
  std::unordered_map<const TensorBody*, Call> begun_;
};

}  // namespace okibi::checkpoint
