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

// The few that each tensor names have one node, which is found by looking at them all.
NodeId TensorNodes::global(std::string_view module, std::string_view name) {
  constexpr size_t few = 32;
  for (NodeId known : globals_) {
    if (graph_.text(known) == name && graph_.module(known) == module) return known;
  }
  const NodeId id = graph_.add_global(module, name);
  if (globals_.size() < few) globals_.push_back(id);
  return id;
}

NodeId TensorNodes::call(std::string_view module, std::string_view name, std::vector<NodeId> arguments) {
  const NodeId callable = global(module, name);
  return graph_.add_object({.callable = callable, .arguments = graph_.add_container(Kind::tuple, arguments)});
}

NodeId TensorNodes::layout(std::string_view name) {
  auto [place, is_new] = layouts_.try_emplace(std::string(name));
  if (is_new) place->second = call("torch.serialization", "_get_layout", {graph_.add_string(name)});
  return place->second;
}

NodeId TensorNodes::node_of(Call function) { return call("torch._utils", function.name, std::move(function.arguments)); }

// What Python sees as an nn.Parameter says of its data that it needs no gradient, and of itself whether it does.
NodeId TensorNodes::add(const Tensor& tensor) {
  if (!tensor.defined()) {
    throw Error(ErrorKind::bad_argument, "an undefined tensor cannot be saved")
        .hint("Save None in its place: Value().");
  }
  const TensorClass* seen = tensor_class(tensor);
  if (!seen) return node_of(call_for(tensor, tensor.requires_grad()));
  return seen_as(tensor, call_for(tensor, tensor.requires_grad() && !seen->is_parameter()), std::nullopt);
}

void TensorNodes::begin(const Tensor& tensor) {
  const bool is_parameter = tensor_class(tensor)->is_parameter();
  begun_.emplace(tensor.body(), call_for(tensor, tensor.requires_grad() && !is_parameter));
}

NodeId TensorNodes::finish(const Tensor& tensor, NodeId state) {
  return seen_as(tensor, std::move(begun_.extract(tensor.body()).mapped()), state);
}

// _rebuild_parameter(data, requires_grad, hooks[, state]), _rebuild_from_type_v2(function, class, arguments, state)
NodeId TensorNodes::seen_as(const Tensor& tensor, Call inner, std::optional<NodeId> state) {
  const TensorClass& seen = *tensor_class(tensor);
  if (seen.is_parameter()) {
    std::vector<NodeId> arguments = {node_of(std::move(inner)), graph_.add_boolean(tensor.requires_grad()), hooks()};
    if (state) arguments.push_back(*state);
    return call("torch._utils", state ? "_rebuild_parameter_with_state" : "_rebuild_parameter", std::move(arguments));
  }
  const NodeId function = global("torch._utils", inner.name);
  const NodeId arguments = graph_.add_container(Kind::tuple, inner.arguments);
  return call("torch._tensor", "_rebuild_from_type_v2",
              {function, global(seen.module, seen.name), arguments, state ? *state : graph_.add_none()});
}

TensorNodes::Call TensorNodes::call_for(const Tensor& tensor, bool requires_grad) {
  if (tensor.is_sparse()) return sparse(tensor);
  if (tensor.is_sparse_compressed()) return compressed(tensor);
  if (tensor.is_nested()) return nested(tensor);
  if (tensor.is_meta()) return meta(tensor, requires_grad);
  if (tensor.device() != tensor.storage()->device()) return on_device(tensor, requires_grad);
  return tensor.is_quantized() ? quantised(tensor, requires_grad) : strided(tensor, requires_grad);
}

// _rebuild_tensor_v2(storage, storage_offset, size, stride, requires_grad, backward_hooks[, metadata]); v3 for the
// dtypes that have no storage class, with the dtype before the metadata.
TensorNodes::Call TensorNodes::strided(const Tensor& tensor, bool requires_grad) {
  const bool is_v3 = info(tensor.dtype()).storage_class.empty();
  if (is_v3 && info(tensor.dtype()).name.starts_with("int") && tensor.dtype() >= int1 && tensor.dtype() <= int7) {
    throw Error(ErrorKind::unsupported,
                fmt::format("PyTorch cannot save tensors of torch.{}", name_of(tensor.dtype())));
  }
  std::vector<NodeId> arguments = {persistent(tensor.storage(), tensor.dtype()),
                                   graph_.add_integer(tensor.storage_offset()),
                                   ints(tensor.sizes()),
                                   ints(tensor.strides()),
                                   graph_.add_boolean(requires_grad),
                                   hooks()};
  if (is_v3) arguments.push_back(global("torch", name_of(tensor.dtype())));
  if (tensor.is_conj() || tensor.is_neg()) arguments.push_back(marks(tensor));
  return {is_v3 ? "_rebuild_tensor_v3" : "_rebuild_tensor_v2", std::move(arguments)};
}

// {"neg": True, "conj": True}, as far as they are so, and in this order.
NodeId TensorNodes::marks(const Tensor& tensor) {
  std::vector<NodeId> items;
  const auto mark = [&](std::string_view name) {
    items.insert(items.end(), {graph_.add_string(name), graph_.add_boolean(true)});
  };
  if (tensor.is_neg()) mark("neg");
  if (tensor.is_conj()) mark("conj");
  return graph_.add_container(Kind::dict, items);
}

// In Python, too, tensors quantised with the same scales hold one tensor of them, which stands in the pickle once.
NodeId TensorNodes::shared(const Tensor& part) {
  const auto identity = reinterpret_cast<uintptr_t>(part.body());
  if (const uint32_t* found = made_.find(identity)) return NodeId{*found};
  const NodeId id = plain(part);
  made_.emplace(identity, static_cast<uint32_t>(id));
  return id;
}

// _rebuild_qtensor(storage, storage_offset, size, stride, quantizer parameters, requires_grad, backward_hooks)
TensorNodes::Call TensorNodes::quantised(const Tensor& tensor, bool requires_grad) {
  const Quantizer& quantizer = tensor.quantizer();
  std::vector<NodeId> arguments = {persistent(tensor.storage(), tensor.dtype()),
                                   graph_.add_integer(tensor.storage_offset()), ints(tensor.sizes()),
                                   ints(tensor.strides())};
  std::vector<NodeId> parameters = {global("torch", name_of(quantizer.scheme))};
  if (quantizer.scales.defined()) {
    parameters.push_back(shared(quantizer.scales));
    parameters.push_back(shared(quantizer.zero_points));
    parameters.push_back(graph_.add_integer(quantizer.axis));
  } else {
    parameters.push_back(graph_.add_real(quantizer.scale));
    parameters.push_back(graph_.add_integer(quantizer.zero_point));
  }
  arguments.push_back(graph_.add_container(Kind::tuple, parameters));
  arguments.push_back(graph_.add_boolean(requires_grad));
  arguments.push_back(hooks());
  return {"_rebuild_qtensor", std::move(arguments)};
}

TensorNodes::Call TensorNodes::meta(const Tensor& tensor, bool requires_grad) {
  return {"_rebuild_meta_tensor_no_storage",
          {global("torch", name_of(tensor.dtype())), ints(tensor.sizes()), ints(tensor.strides()),
           graph_.add_boolean(requires_grad)}};
}

TensorNodes::Call TensorNodes::sparse(const Tensor& tensor) {
  const NodeId of_layout = layout("torch.sparse_coo");
  const std::array parts = {plain(tensor.indices()), plain(tensor.values()), size(tensor.sizes()),
                            graph_.add_boolean(tensor.is_coalesced())};
  return {"_rebuild_sparse_tensor", {of_layout, graph_.add_container(Kind::tuple, parts)}};
}

TensorNodes::Call TensorNodes::compressed(const Tensor& tensor) {
  const NodeId of_layout = layout(fmt::format("torch.{}", name_of(tensor.layout())));
  const std::array parts = {plain(tensor.compressed_indices()), plain(tensor.plain_indices()), plain(tensor.values()),
                            size(tensor.sizes())};
  return {"_rebuild_sparse_tensor", {of_layout, graph_.add_container(Kind::tuple, parts)}};
}

TensorNodes::Call TensorNodes::nested(const Tensor& tensor) {
  return {"_rebuild_nested_tensor",
          {plain(tensor.values()), plain(tensor.nested_sizes()), plain(tensor.nested_strides()),
           plain(tensor.nested_storage_offsets())}};
}

TensorNodes::Call TensorNodes::on_device(const Tensor& tensor, bool requires_grad) {
  return {"_rebuild_device_tensor_from_cpu_tensor",
          {node_of(strided(tensor, false)), global("torch", name_of(tensor.dtype())),
           graph_.add_string(tensor.device().text()), graph_.add_boolean(requires_grad)}};
}

NodeId TensorNodes::add_storage(const Tensor& all, bool untyped) {
  return persistent(all.storage(), all.dtype(), untyped);
}

NodeId TensorNodes::persistent(const std::shared_ptr<Storage>& storage, DType dtype, bool untyped) {
  const Entry& entry = entry_of(storage, dtype);
  if (ids_ == StorageIds::of_stream && info(dtype).storage_class.empty()) {
    throw Error(ErrorKind::unsupported,
                fmt::format("PyTorch cannot load tensors of torch.{} from its old stream", name_of(dtype)))
        .hint("Save a zip archive instead.");
  }
  const std::string_view storage_class = info(dtype).storage_class;
  const NodeId of_class =
      untyped || storage_class.empty() ? global("torch.storage", "UntypedStorage") : global("torch", storage_class);
  std::vector<NodeId> id = {constant("storage"), of_class, key_of(entry), location_of(*storage),
                            graph_.add_integer(numels_[entry.number])};
  if (ids_ == StorageIds::of_stream) id.push_back(graph_.add_none());
  return graph_.add_persistent(graph_.add_container(Kind::tuple, id));
}

NodeId TensorNodes::key_of(const Entry& entry) {
  return ids_ == StorageIds::of_zip ? entry.key : graph_.add_string(std::to_string(entry.number));
}

const TensorNodes::Entry& TensorNodes::entry_of(const std::shared_ptr<Storage>& storage, DType dtype) {
  const DType saved_as = info(dtype).storage_class.empty() ? uint8 : dtype;
  const auto number = static_cast<uint32_t>(entries_.size());
  if (by_storage_.emplace(reinterpret_cast<uintptr_t>(storage.get()), number)) {
    entries_.push_back({number, graph_.add_string(std::to_string(number)), saved_as});
    storages_.push_back(storage);
    numels_.push_back(static_cast<int64_t>(storage->nbytes() / itemsize(saved_as)));
    return entries_.back();
  }
  const Entry& entry = entries_[*by_storage_.find(reinterpret_cast<uintptr_t>(storage.get()))];
  if (entry.dtype != saved_as) {
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
