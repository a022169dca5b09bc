// As PyTorch checks them: aten/src/ATen/native/sparse/ValidateCompressedIndicesCommon.h, and what
// _nested_view_from_buffer and sparse_coo_tensor require.
#include "tensor/invariants.h"

#include <fmt/format.h>

#include "tensor/body.h"
#include "tensor/geometry.h"

namespace okibi {
namespace {

// Calls visit(span of int32 or int64) with the indices in row-major order.
template <class Visit>
void with_indices(const Tensor& indices, std::string_view name, Visit&& visit) {
  require_own_memory(indices, name);
  const Tensor all = indices.contiguous();
  const auto count = static_cast<size_t>(all.numel());
  if (all.dtype() == int32) return visit(std::span<const int32_t>(all.data<int32_t>(), count));
  visit(std::span<const int64_t>(all.data<int64_t>(), count));
}

[[noreturn]] void refuse(std::string_view what, std::string expected, int64_t found) {
  throw Error(ErrorKind::bad_file, std::string(what)).expected(std::move(expected)).found(std::to_string(found));
}

// ---- COO: (sparse_dim, nnz)

void check_bounds_of_indices(std::span<const int64_t> indices, const Dims& sizes, size_t nnz) {
  for (size_t i = 0; i < indices.size(); ++i) {
    const int64_t size = sizes[i / nnz];
    if (indices[i] >= 0 && indices[i] < size) continue;
    refuse("an index of a sparse tensor lies outside of its sizes",
           fmt::format("0 to {} in dimension {}", size - 1, i / nnz), indices[i]);
  }
}

// Whether the column before comes before this one, dimension by dimension.
bool is_after(std::span<const int64_t> indices, size_t nnz, size_t column) {
  for (size_t at = column; at < indices.size(); at += nnz) {
    if (indices[at - 1] != indices[at]) return indices[at - 1] < indices[at];
  }
  return false;
}

void check_coo(const Tensor& tensor) {
  const auto nnz = static_cast<size_t>(tensor.indices().size(1));
  require_own_memory(tensor.indices(), "indices");
  const Tensor all = tensor.indices().contiguous();
  const std::span<const int64_t> indices(all.data<int64_t>(), static_cast<size_t>(all.numel()));
  check_bounds_of_indices(indices, tensor.sizes(), nnz);
  for (size_t column = 1; tensor.is_coalesced() && column < nnz; ++column) {
    if (!is_after(indices, nnz, column))
      refuse("a sparse tensor says that it is coalesced, but its indices are not in order", "each index once, in order",
             static_cast<int64_t>(column));
  }
}

// ---- CSR and its like

template <class T>
void check_compressed_row(std::span<const T> bounds, std::span<const T> plain, int64_t plain_size) {
  const auto nnz = static_cast<int64_t>(plain.size());
  if (bounds.front() != 0) refuse("compressed indices must begin with 0", "0", bounds.front());
  if (bounds.back() != nnz)
    refuse("compressed indices must end with the number of values", std::to_string(nnz), bounds.back());
  for (size_t i = 1; i < bounds.size(); ++i) {
    if (bounds[i] < bounds[i - 1]) refuse("compressed indices must not fall", std::to_string(bounds[i - 1]), bounds[i]);
  }
  for (size_t i = 1; i < bounds.size(); ++i) {
    for (T at = bounds[i - 1]; at < bounds[i]; ++at) {
      const T index = plain[static_cast<size_t>(at)];
      if (index < 0 || index >= plain_size)
        refuse("an index of a sparse tensor lies outside of its sizes", fmt::format("0 to {}", plain_size - 1), index);
      if (at > bounds[i - 1] && index <= plain[static_cast<size_t>(at) - 1])
        refuse("plain indices must rise within a row (or column)",
               fmt::format("more than {}", plain[static_cast<size_t>(at) - 1]), index);
    }
  }
}

// How many different plain indices there can be: columns, or blocks of them.
int64_t plain_size_of(const Tensor& tensor) {
  const auto batch = static_cast<size_t>(tensor.compressed_indices().dim()) - 1;
  const size_t along = is_by_rows(tensor.layout()) ? 1 : 0;
  return tensor.sizes()[batch + along] / (is_blocked(tensor.layout()) ? tensor.values().sizes()[batch + 1 + along] : 1);
}

void check_compressed(const Tensor& tensor) {
  const auto row = static_cast<size_t>(tensor.compressed_indices().sizes().back());
  const auto nnz = static_cast<size_t>(tensor.plain_indices().sizes().back());
  const int64_t plain_size = plain_size_of(tensor);
  require_own_memory(tensor.plain_indices(), "plain indices");
  const Tensor plain = tensor.plain_indices().contiguous();
  with_indices(tensor.compressed_indices(), "compressed indices", [&]<class T>(std::span<const T> bounds) {
    const std::span<const T> all(reinterpret_cast<const T*>(plain.raw_data()), static_cast<size_t>(plain.numel()));
    for (size_t i = 0; i * row < bounds.size(); ++i) {
      check_compressed_row(bounds.subspan(i * row, row), all.subspan(i * nnz, nnz), plain_size);
    }
  });
}

// ---- nested

void check_nested(const Tensor& tensor) {
  require_own_memory(tensor.nested_strides(), "strides");
  require_own_memory(tensor.nested_storage_offsets(), "storage offsets");
  const Tensor sizes = tensor.nested_sizes().contiguous(), strides = tensor.nested_strides().contiguous();
  const Tensor offsets = tensor.nested_storage_offsets().contiguous();
  const auto dims = static_cast<size_t>(sizes.size(1));
  const auto available = static_cast<uint64_t>(tensor.values().numel()) * itemsize(tensor.dtype());
  for (int64_t i = 0; i < sizes.size(0); ++i) {
    const auto row = [&](const Tensor& of) {
      return std::span<const int64_t>(of.data<int64_t>() + i * static_cast<int64_t>(dims), dims);
    };
    okibi::check_bounds(row(sizes), row(strides), offsets.data<int64_t>()[i], itemsize(tensor.dtype()), available,
                        ErrorKind::bad_file);
  }
}

}  // namespace

void require_own_memory(const Tensor& part, std::string_view name) {
  if (part.nbytes() <= part.storage()->nbytes()) return;
  throw Error(ErrorKind::bad_file, fmt::format("{} of a tensor are one number shown many times", name))
      .expected(fmt::format("at most {} bytes, as the storage has", part.storage()->nbytes()))
      .found(part.nbytes());
}

void check_invariants(const Tensor& tensor) {
  if (tensor.layout() == Layout::strided || tensor.values().is_meta()) return;
  if (tensor.is_nested()) return check_nested(tensor);
  tensor.is_sparse() ? check_coo(tensor) : check_compressed(tensor);
}

}  // namespace okibi
