// The calls that make tensors, as torch/_utils.py defines them.
#include <fmt/format.h>

#include "checkpoint/pickled/arguments.h"
#include "checkpoint/pickled/rebuild.h"
#include "checkpoint/pickled/storage_view.h"

namespace okibi::checkpoint {

using pickle::Graph;
using pickle::Kind;
using pickle::NodeId;

namespace {

// Marks of a tensor whose bytes are not yet its numbers.
struct LazyMarks {
  bool conj = false, neg = false;
};

// The metadata of a tensor: {"conj": True} or {"neg": True}, or None.
LazyMarks metadata_of(const Graph& graph, const Arguments& arguments, size_t index) {
  LazyMarks marks;
  if (index >= arguments.size() || graph.kind(arguments[index]) == Kind::none) return marks;
  arguments.must_be(index, "metadata", Kind::dict);
  const auto items = graph.children(arguments[index]);
  for (size_t i = 0; i + 1 < items.size(); i += 2) {
    if (graph.kind(items[i]) != Kind::string || graph.kind(items[i + 1]) != Kind::boolean)
      arguments.fail(index, "metadata", "a dict of str to bool");
    const std::string_view name = graph.text(items[i]);
    const bool is_set = graph.integer(items[i + 1]) != 0;
    if (name == "conj") {
      marks.conj = is_set;
    } else if (name == "neg") {
      marks.neg = is_set;
    } else {
      throw Error(ErrorKind::unsupported,
                  fmt::format("a tensor is marked as \"{}\", which okibi does not know", name.substr(0, 40)));
    }
  }
  return marks;
}

Tensor with_marks(Tensor tensor, LazyMarks marks) {
  if (marks.conj && !is_complex(tensor.dtype())) {
    throw Error(ErrorKind::bad_file, "a tensor of real numbers is marked as conjugated")
        .found(fmt::format("torch.{}", name_of(tensor.dtype())));
  }
  if (marks.conj) tensor = tensor.conj();
  return marks.neg ? tensor.neg_view() : tensor;
}

Layout layout_argument(const Graph& graph, const Arguments& arguments, size_t index) {
  if (graph.kind(arguments[index]) != Kind::object) arguments.fail(index, "layout", "a layout");
  const pickle::Object& call = graph.object(arguments[index]);
  const std::string name =
      Arguments(graph, "torch.serialization._get_layout", call.arguments, 1, 1).text(0, "the name");
  for (const Layout layout :
       {Layout::sparse_coo, Layout::sparse_csr, Layout::sparse_csc, Layout::sparse_bsr, Layout::sparse_bsc}) {
    if (name == fmt::format("torch.{}", name_of(layout))) return layout;
  }
  throw Error(ErrorKind::unsupported, fmt::format("there are no sparse tensors of layout {}", name.substr(0, 40)));
}

}  // namespace

DType Rebuilder::dtype_argument(const Arguments& arguments, size_t index) const {
  arguments.must_be(index, "dtype", Kind::global);
  const Global& global = globals_.of(arguments[index]);
  if (global.meaning != Meaning::dtype) arguments.fail(index, "dtype", "a dtype");
  return global.dtype;
}

Tensor Rebuilder::tensor_argument(const Arguments& arguments, size_t index, std::string_view name) const {
  const Value& value = made(arguments[index]);
  if (!value.is_tensor()) arguments.fail(index, name, "a tensor");
  return value.to_tensor();
}

// (storage, storage_offset, size, stride, …): how nearly all of them begin. The dtype is the storage's, or given.
Tensor Rebuilder::strided(const Arguments& arguments, std::optional<DType> dtype) {
  arguments.must_be(0, "storage", Kind::persistent);
  const StorageRef& storage = refs_.of(arguments[0]);
  return in_context("storage", storage.key, [&] {
    const TensorSpec spec = {.dtype = dtype.value_or(storage.dtype),
                             .storage_offset = arguments.integer(1, "storage_offset"),
                             .sizes = arguments.dims(2, "size", limits_.max_tensor_dims),
                             .strides = arguments.dims(3, "stride", limits_.max_tensor_dims)};
    copies_.take(sizeof(int64_t) * (spec.sizes.size() + spec.strides.size()));
    return tensors_.make(storage, within(refs_.view_of(arguments[0]), storage, spec));
  });
}

// _rebuild_tensor(storage, storage_offset, size, stride)
// _rebuild_tensor_v2(…, requires_grad, backward_hooks, metadata=None)
// _rebuild_tensor_v3(…, requires_grad, backward_hooks, dtype, metadata=None)
Value Rebuilder::tensor(const pickle::Object& call, Meaning meaning) {
  const bool is_v1 = meaning == Meaning::tensor, is_v3 = meaning == Meaning::tensor_v3;
  const size_t least = is_v1 ? 4 : is_v3 ? 7 : 6;
  Arguments arguments(graph_, name_of_callable(call), call.arguments, least, is_v1 ? least : least + 1);
  const Tensor bytes = strided(arguments, is_v3 ? std::optional(dtype_argument(arguments, 6)) : std::nullopt);
  const Tensor tensor = with_marks(bytes, metadata_of(graph_, arguments, least));
  if (!tensor.is_same(bytes)) tensors_.also_made(tensor, bytes);
  if (!is_v1 && arguments.boolean(4, "requires_grad")) tensor.requires_grad_();
  return tensor;
}

// torch.FloatTensor(), with (storage, storage_offset, size, stride) as its state; the tensor of no numbers without.
// torch.FloatTensor(10**12) would be an allocation, which no file needs.
Value Rebuilder::tensor_of_type(const pickle::Object& call) {
  const std::string name = name_of_callable(call);
  Arguments(graph_, name, call.arguments, 0, 0);
  if (call.states.empty()) return empty({0}, {.dtype = globals_.of(call.callable).dtype});
  if (call.states.size() > 1) throw Error(ErrorKind::unsupported, "a tensor gets its state twice");
  return strided(Arguments(graph_, name + "'s state", call.states[0], 4, 4), std::nullopt);
}

// _rebuild_meta_tensor_no_storage(dtype, size, stride, requires_grad)
Value Rebuilder::meta_tensor(const pickle::Object& call) {
  Arguments arguments(graph_, name_of_callable(call), call.arguments, 4, 4);
  Dims sizes = arguments.dims(1, "size", limits_.max_tensor_dims);
  Dims strides = arguments.dims(2, "stride", limits_.max_tensor_dims);
  Tensor tensor = empty_meta(sizes, dtype_argument(arguments, 0));
  if (tensor.strides() != strides) tensor = tensor.as_strided(sizes, strides, 0);
  if (arguments.boolean(3, "requires_grad")) tensor.requires_grad_();
  return tensor;
}

// _rebuild_sparse_tensor(layout, (indices, values, size[, is_coalesced])), or (compressed, plain, values, size)
Value Rebuilder::sparse_tensor(const pickle::Object& call) {
  Arguments arguments(graph_, name_of_callable(call), call.arguments, 2, 2);
  const Layout layout = layout_argument(graph_, arguments, 0);
  const bool is_coo = layout == Layout::sparse_coo;
  Arguments parts(graph_, name_of_callable(call), arguments[1], is_coo ? 3 : 4, 4);
  const Tensor first = tensor_argument(parts, 0, "indices"), second = tensor_argument(parts, 1, "indices or values");
  const Dims sizes = parts.dims(is_coo ? 2 : 3, "size", limits_.max_tensor_dims);
  tensors_.read_now();
  const Tensor tensor =
      is_coo ? sparse_coo_tensor(first, second, sizes, parts.size() == 4 && parts.boolean(3, "is_coalesced"))
             : sparse_compressed_tensor(layout, first, second, tensor_argument(parts, 2, "values"), sizes);
  if (tensors_.has_numbers()) check_invariants(tensor);
  return tensor;
}

// _rebuild_nested_tensor(buffer, sizes, strides, storage_offsets)
Value Rebuilder::nested_tensor(const pickle::Object& call) {
  Arguments arguments(graph_, name_of_callable(call), call.arguments, 4, 4);
  const Tensor buffer = tensor_argument(arguments, 0, "buffer"), sizes = tensor_argument(arguments, 1, "sizes");
  const Tensor strides = tensor_argument(arguments, 2, "strides"), offsets = tensor_argument(arguments, 3, "offsets");
  tensors_.read_now();
  // Its own size, and whether its parts lie in the buffer, are in the numbers of these three.
  const Tensor tensor = okibi::nested_tensor(buffer, tensors_.with_numbers(sizes), tensors_.with_numbers(strides),
                                             tensors_.with_numbers(offsets));
  if (!tensor.nested_sizes().is_meta()) check_invariants(tensor);
  return tensor;
}

}  // namespace okibi::checkpoint
