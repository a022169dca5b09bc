#include "checkpoint/pickled/tensor_nodes.h"

#include <fmt/format.h>

#include <array>

namespace okibi::checkpoint {

using pickle::Kind;
using pickle::NodeId;

NodeId TensorNodes::constant(std::string_view text) {
  auto [place, is_new] = constants_.try_emplace(std::string(text));
  if (is_new) place->second = graph_.add_string(text);
  return place->second;
}

NodeId TensorNodes::call(std::string_view module, std::string_view name, std::vector<NodeId> arguments) {
  const NodeId callable = graph_.add_global(module, name);
  return graph_.add_object({.callable = callable, .arguments = graph_.add_container(Kind::tuple, arguments)});
}

NodeId TensorNodes::add(const Tensor& tensor) {
  if (!tensor.defined()) {
    throw Error(ErrorKind::bad_argument, "an undefined tensor cannot be saved")
        .hint("Save None in its place: Value().");
  }
  if (tensor.is_sparse()) return sparse(tensor);
  return tensor.is_meta() ? meta(tensor) : strided(tensor);
}

// torch._utils._rebuild_tensor_v2(storage, storage_offset, size, stride, requires_grad, backward_hooks); v3 for the
// dtypes that have no storage class, with the dtype at the end.
NodeId TensorNodes::strided(const Tensor& tensor) {
  const bool is_v3 = info(tensor.dtype()).storage_class.empty();
  if (is_v3 && info(tensor.dtype()).name.starts_with("int") && tensor.dtype() >= int1 && tensor.dtype() <= int7) {
    throw Error(ErrorKind::unsupported,
                fmt::format("PyTorch cannot save tensors of torch.{}", name_of(tensor.dtype())));
  }
  std::vector<NodeId> arguments = {persistent(tensor.storage(), tensor.dtype()),
                                   graph_.add_integer(tensor.storage_offset()),
                                   ints(tensor.sizes()),
                                   ints(tensor.strides()),
                                   graph_.add_boolean(tensor.requires_grad()),
                                   call("collections", "OrderedDict", {})};
  if (is_v3) arguments.push_back(graph_.add_global("torch", name_of(tensor.dtype())));
  return call("torch._utils", is_v3 ? "_rebuild_tensor_v3" : "_rebuild_tensor_v2", std::move(arguments));
}

NodeId TensorNodes::meta(const Tensor& tensor) {
  return call("torch._utils", "_rebuild_meta_tensor_no_storage",
              {graph_.add_global("torch", name_of(tensor.dtype())), ints(tensor.sizes()), ints(tensor.strides()),
               graph_.add_boolean(tensor.requires_grad())});
}

NodeId TensorNodes::sparse(const Tensor& tensor) {
  if (!sparse_coo_) sparse_coo_ = call("torch.serialization", "_get_layout", {constant("torch.sparse_coo")});
  const NodeId indices = strided(tensor.indices()), values = strided(tensor.values());
  const NodeId size = call("torch", "Size", {ints(tensor.sizes())});
  const std::array parts = {indices, values, size, graph_.add_boolean(tensor.is_coalesced())};
  return call("torch._utils", "_rebuild_sparse_tensor", {*sparse_coo_, graph_.add_container(Kind::tuple, parts)});
}

NodeId TensorNodes::add_storage(const Tensor& all) { return persistent(all.storage(), all.dtype()); }

NodeId TensorNodes::persistent(const std::shared_ptr<Storage>& storage, DType dtype) {
  const Entry& entry = entry_of(storage, dtype);
  if (ids_ == StorageIds::of_stream && entry.untyped) {
    throw Error(ErrorKind::unsupported,
                fmt::format("PyTorch cannot load tensors of torch.{} from its old stream", name_of(dtype)))
        .hint("Save a zip archive instead.");
  }
  const std::string_view storage_class = info(dtype).storage_class;
  const NodeId global =
      entry.untyped ? graph_.add_global("torch.storage", "UntypedStorage") : graph_.add_global("torch", storage_class);
  std::vector<NodeId> id = {constant("storage"), global, key_of(entry), location_of(*storage),
                            graph_.add_integer(numels_[entry.number])};
  if (ids_ == StorageIds::of_stream) id.push_back(graph_.add_none());
  return graph_.add_persistent(graph_.add_container(Kind::tuple, id));
}

NodeId TensorNodes::key_of(const Entry& entry) {
  return ids_ == StorageIds::of_zip ? entry.key : graph_.add_string(std::to_string(entry.number));
}

const TensorNodes::Entry& TensorNodes::entry_of(const std::shared_ptr<Storage>& storage, DType dtype) {
  const bool untyped = info(dtype).storage_class.empty();
  const DType saved_as = untyped ? uint8 : dtype;
  auto [place, is_new] = entries_.try_emplace(storage.get());
  Entry& entry = place->second;
  if (is_new) {
    entry = {storages_.size(), graph_.add_string(std::to_string(storages_.size())), saved_as, untyped};
    storages_.push_back(storage);
    numels_.push_back(static_cast<int64_t>(storage->nbytes() / itemsize(saved_as)));
  } else if (entry.dtype != saved_as || entry.untyped != untyped) {
    throw Error(ErrorKind::unsupported,
                "PyTorch cannot save tensors that view the same data as different types: clone() one of them");
  }
  return entry;
}

// "cpu" is one constant of PyTorch's; "cuda:0" is put together anew each time.
NodeId TensorNodes::location_of(const Storage& storage) {
  const std::string& text = storage.device().text();
  return text.find(':') == text.npos ? constant(text) : graph_.add_string(text);
}

NodeId TensorNodes::ints(const Dims& dims) {
  std::vector<NodeId> nodes;
  for (int64_t size : dims) nodes.push_back(graph_.add_integer(size));
  return graph_.add_container(Kind::tuple, nodes);
}

}  // namespace okibi::checkpoint
