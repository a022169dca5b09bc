// checkpoint/tensor_nodes.h: a Tensor → the call that makes it, as Tensor.__reduce_ex__ says it in PyTorch 2.15.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <okibi/pickle.h>
#include <okibi/tensor.h>

namespace okibi::checkpoint {

// How a storage is named: ("storage", torch.FloatStorage, "0", "cpu", 12). In the old stream a sixth item says which
// storage this one is a view of, None; and each mention has a text of its own for the key.
enum class StorageIds : uint8_t { of_zip, of_stream };

class TensorNodes {
 public:
  TensorNodes(pickle::Graph& graph, StorageIds ids) : graph_(graph), ids_(ids) {}

  pickle::NodeId add(const Tensor& tensor);
  // A storage by itself, of which `all` is every element.
  pickle::NodeId add_storage(const Tensor& all);

  // Python has one object for each of these, which every pickle therefore shares.
  pickle::NodeId constant(std::string_view text);
  // A call of a global; `arguments` become a tuple.
  pickle::NodeId call(std::string_view module, std::string_view name, std::vector<pickle::NodeId> arguments);

  std::vector<std::shared_ptr<Storage>> take_storages() { return std::move(storages_); }
  std::vector<int64_t> take_numels() { return std::move(numels_); }

 private:
  struct Entry {
    size_t number = 0;  // in storages_; its key is this, as text
    pickle::NodeId key = {};
    DType dtype = DType::uint8;  // that it was saved as; uint8 for an untyped one
    bool untyped = false;
  };
  pickle::NodeId strided(const Tensor& tensor);
  pickle::NodeId meta(const Tensor& tensor);
  pickle::NodeId sparse(const Tensor& tensor);
  pickle::NodeId persistent(const std::shared_ptr<Storage>& storage, DType dtype);
  const Entry& entry_of(const std::shared_ptr<Storage>& storage, DType dtype);
  pickle::NodeId location_of(const Storage& storage);
  pickle::NodeId ints(const Dims& dims);

  pickle::NodeId key_of(const Entry& entry);

  pickle::Graph& graph_;
  StorageIds ids_;
  std::unordered_map<const Storage*, Entry> entries_;
  std::vector<std::shared_ptr<Storage>> storages_;
  std::vector<int64_t> numels_;  // of each, in elements of the dtype that it was saved as
  std::unordered_map<std::string, pickle::NodeId> constants_;
  std::optional<pickle::NodeId> sparse_coo_;  // the one object that Python has for the layout
};

}  // namespace okibi::checkpoint
