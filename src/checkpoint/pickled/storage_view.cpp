#include "checkpoint/pickled/storage_view.h"

#include <fmt/format.h>

#include "checkpoint/pickled/arguments.h"

namespace okibi::checkpoint {

using pickle::Kind;
using pickle::NodeId;

StorageView StorageRefs::view_of(NodeId persistent) {
  const StorageRef& root = of(persistent);
  const NodeId id = graph_.child(persistent, 0);
  const bool is_view = graph_.children(id).size() == 6 && graph_.kind(graph_.child(id, 5)) != Kind::none;
  if (!is_view) return {0, root.numel};
  const Arguments view(graph_, "the view of a storage", graph_.child(id, 5), 3, 3);
  const StorageView found{view.integer(1, "offset"), view.integer(2, "numel")};
  if (found.offset >= 0 && found.numel >= 0 && found.numel <= root.numel && found.offset <= root.numel - found.numel) {
    return found;
  }
  throw Error(ErrorKind::bad_file, "a view reaches out of its storage")
      .at("storage", root.key)
      .expected(fmt::format("a part of its {} elements", root.numel))
      .found(fmt::format("{} elements from {} on", found.numel, found.offset));
}

TensorSpec within(const StorageView& view, const StorageRef& storage, TensorSpec spec) {
  if (view.numel == storage.numel) return spec;
  const auto bytes = static_cast<uint64_t>(view.numel) * itemsize(storage.dtype);  // no more than the storage has
  Tensor::over(Storage::borrow(nullptr, nullptr, bytes), spec.dtype, spec.sizes, spec.strides, spec.storage_offset);
  if (storage.untyped || spec.storage_offset > view.numel) {
    throw Error(ErrorKind::bad_file, "a tensor lies outside of its view of the storage");
  }
  spec.storage_offset += view.offset;
  return spec;
}

}  // namespace okibi::checkpoint
