// The calls that make tensors, as torch/_utils.py defines them.
#include <fmt/format.h>

#include "checkpoint/pickled/arguments.h"
#include "checkpoint/pickled/rebuild.h"
#include "checkpoint/pickled/sparse_check.h"
#include "checkpoint/pickled/storage_view.h"

namespace okibi::checkpoint {

using pickle::Graph;
using pickle::Kind;
using pickle::NodeId;

namespace {

// The metadata of a tensor marks lazy conjugation and negation. Bytes of such a tensor are not yet its numbers.
void check_metadata(const Graph& graph, const Arguments& arguments, size_t index) {
  if (index >= arguments.size()) return;
  if (graph.kind(arguments[index]) == Kind::none) return;
  arguments.must_be(index, "metadata", Kind::dict);
  auto items = graph.children(arguments[index]);
  for (size_t i = 1; i < items.size(); i += 2) {
    bool is_off = graph.kind(items[i]) == Kind::boolean && graph.integer(items[i]) == 0;
    if (!is_off) {
      throw Error(ErrorKind::unsupported, "the tensor is marked as conjugated or negated lazily")
          .hint("Save tensor.resolve_conj().resolve_neg() in Python.");
    }
  }
}

std::string layout_argument(const Graph& graph, const Arguments& arguments, size_t index) {
  if (graph.kind(arguments[index]) != Kind::object) arguments.fail(index, "layout", "a layout");
  const pickle::Object& call = graph.object(arguments[index]);
  return Arguments(graph, "torch.serialization._get_layout", call.arguments, 1, 1).text(0, "the name");
}

}  // namespace

DType Rebuilder::dtype_argument(const Arguments& arguments, size_t index) const {
  arguments.must_be(index, "dtype", Kind::global);
  const Global& global = globals_.of(arguments[index]);
  if (global.meaning != Meaning::dtype) arguments.fail(index, "dtype", "a dtype");
  return global.dtype;
}

// _rebuild_tensor(storage, storage_offset, size, stride)
// _rebuild_tensor_v2(…, requires_grad, backward_hooks, metadata=None)
// _rebuild_tensor_v3(…, requires_grad, backward_hooks, dtype, metadata=None)
Value Rebuilder::tensor(const pickle::Object& call, Meaning meaning) {
  bool is_v1 = meaning == Meaning::tensor, is_v3 = meaning == Meaning::tensor_v3;
  size_t least = is_v1 ? 4 : is_v3 ? 7 : 6;
  Arguments arguments(graph_, name_of_callable(call), call.arguments, least, is_v1 ? least : least + 1);
  arguments.must_be(0, "storage", Kind::persistent);
  const StorageRef& storage = refs_.of(arguments[0]);
  check_metadata(graph_, arguments, least);
  return in_context("storage", storage.key, [&] {
    const TensorSpec spec = {.dtype = is_v3 ? dtype_argument(arguments, 6) : storage.dtype,
                             .storage_offset = arguments.integer(1, "storage_offset"),
                             .sizes = arguments.dims(2, "size", limits_.max_tensor_dims),
                             .strides = arguments.dims(3, "stride", limits_.max_tensor_dims)};
    copies_.take(sizeof(int64_t) * (spec.sizes.size() + spec.strides.size()));
    Tensor tensor = tensors_.make(storage, within(refs_.view_of(arguments[0]), storage, spec));
    if (!is_v1 && arguments.boolean(4, "requires_grad")) tensor.requires_grad_();
    return tensor;
  });
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

// _rebuild_sparse_tensor(layout, (indices, values, size[, is_coalesced]))
Value Rebuilder::sparse_tensor(const pickle::Object& call) {
  Arguments arguments(graph_, name_of_callable(call), call.arguments, 2, 2);
  std::string layout = layout_argument(graph_, arguments, 0);
  if (layout != "torch.sparse_coo") {
    throw Error(ErrorKind::unsupported, fmt::format("okibi cannot read tensors of layout {} yet", layout))
        .hint("Save tensor.to_dense() or tensor.to_sparse_coo() in Python.");
  }
  Arguments parts(graph_, name_of_callable(call), arguments[1], 3, 4);
  const Value &indices = made(parts[0]), &values = made(parts[1]);
  if (!indices.is_tensor()) parts.fail(0, "indices", "a tensor");
  if (!values.is_tensor()) parts.fail(1, "values", "a tensor");
  bool is_coalesced = parts.size() == 4 && parts.boolean(3, "is_coalesced");
  Dims sizes = parts.dims(2, "size", limits_.max_tensor_dims);
  tensors_.read_now();
  Tensor tensor = sparse_coo_tensor(indices.to_tensor(), values.to_tensor(), sizes, is_coalesced);
  check_sparse_indices(tensor.indices(), sizes);
  return tensor;
}

// _rebuild_parameter(data, requires_grad, backward_hooks), and with the attributes of the Parameter as a fourth.
Value Rebuilder::parameter(const pickle::Object& call) {
  Arguments arguments(graph_, name_of_callable(call), call.arguments, 3, 4);
  const Value& data = made(arguments[0]);
  if (!data.is_tensor()) arguments.fail(0, "data", "a tensor");
  data.to_tensor().requires_grad_(arguments.boolean(1, "requires_grad"));
  return data;
}

}  // namespace okibi::checkpoint
