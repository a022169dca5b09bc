// Tensors that are made of other tensors: sparse ones and nested ones. Here their parts are put together, and their
// sizes compared; what numbers the parts hold is the concern of invariants.cpp.
#include <fmt/format.h>

#include "tensor/body.h"
#include "tensor/geometry.h"

namespace okibi {
namespace {

[[noreturn]] void refuse(std::string_view what, const Dims& expected, const Dims& found) {
  throw Error(ErrorKind::bad_argument, std::string(what)).expected(to_string(expected)).found(to_string(found));
}

// A part is numbers in a block: no part has parts.
void require_plain(const Tensor& part, std::string_view name) {
  const TensorBody& body = body_of(part);
  if (body.layout == Layout::strided && !body.is_quantized()) return;
  throw Error(ErrorKind::bad_argument, fmt::format("{} of a tensor must be plain and strided", name))
      .found(body.is_quantized() ? std::string("a quantised tensor")
                                 : fmt::format("layout torch.{}", name_of(body.layout)));
}

void require_index(const Tensor& part, std::string_view name, bool may_be_int32) {
  require_plain(part, name);
  if (part.dtype() == int64 || (may_be_int32 && part.dtype() == int32)) return;
  throw Error(ErrorKind::bad_argument, fmt::format("{} must be an int64 tensor", name))
      .found(fmt::format("torch.{}", name_of(part.dtype())));
}

// Rank and sizes that indices of (sparse_dim, nnz) and values of (nnz, ...) can have.
void check_coo(const Tensor& indices, const Tensor& values, const Dims& sizes) {
  require_index(indices, "indices", false);
  require_plain(values, "values");
  if (indices.dim() != 2) {
    throw Error(ErrorKind::bad_argument, "indices must be sparse_dim x nnz")
        .found(fmt::format("{} dimensions", indices.dim()));
  }
  const auto sparse_dim = static_cast<size_t>(indices.size(0));
  if (sparse_dim > sizes.size()) refuse("indices name more dimensions than the tensor has", sizes, indices.sizes());
  Dims expected{indices.size(1)};
  for (size_t i = sparse_dim; i < sizes.size(); ++i) expected.push_back(sizes[i]);
  if (values.sizes() != expected)
    refuse("values have a size that indices and sizes do not fit", expected, values.sizes());
}

// (batch..., rows, columns, dense...), of which rows and columns are cut in blocks where the layout has them.
void check_compressed(Layout layout, const Tensor& compressed, const Tensor& plain, const Tensor& values,
                      const Dims& sizes) {
  require_index(compressed, "compressed indices", true);
  require_index(plain, "plain indices", true);
  require_plain(values, "values");
  if (compressed.dtype() != plain.dtype())
    throw Error(ErrorKind::bad_argument, "compressed and plain indices are of different dtypes");
  const size_t batch = compressed.sizes().empty() ? 0 : compressed.sizes().size() - 1;
  const size_t block_dims = is_blocked(layout) ? 2 : 0;
  if (compressed.sizes().empty() || sizes.size() < batch + 2 || plain.sizes().size() != batch + 1 ||
      values.sizes().size() != sizes.size() - 1 + block_dims) {
    throw Error(ErrorKind::bad_argument, "indices and values have not the numbers of dimensions that sizes ask for")
        .expected(fmt::format("{} for the plain indices, {} for values", batch + 1, sizes.size() - 1 + block_dims))
        .found(fmt::format("{} and {}", plain.dim(), values.dim()));
  }
  Dims blocks{1, 1};
  for (size_t i = 0; i < block_dims; ++i) blocks[i] = values.sizes()[batch + 1 + i];
  for (size_t i = 0; i < 2; ++i) {
    if (blocks[i] <= 0 || sizes[batch + i] % blocks[i] != 0)
      refuse("sizes are no multiples of the size of a block", blocks, sizes);
  }
  const size_t along = is_by_rows(layout) ? 0 : 1;
  Dims of_compressed, of_plain, of_values;
  for (size_t i = 0; i < batch; ++i) of_compressed.push_back(sizes[i]);
  of_plain = of_compressed;
  of_compressed.push_back(sizes[batch + along] / blocks[along] + 1);
  of_plain.push_back(plain.sizes()[batch]);
  of_values = of_plain;
  for (size_t i = 0; i < block_dims; ++i) of_values.push_back(blocks[i]);
  for (size_t i = batch + 2; i < sizes.size(); ++i) of_values.push_back(sizes[i]);
  if (compressed.sizes() != of_compressed)
    refuse("compressed indices do not fit sizes", of_compressed, compressed.sizes());
  if (plain.sizes() != of_plain) refuse("plain indices do not fit sizes", of_plain, plain.sizes());
  if (values.sizes() != of_values) refuse("values do not fit sizes", of_values, values.sizes());
}

}  // namespace

Tensor sparse_coo_tensor(Tensor indices, Tensor values, Dims sizes, bool coalesced) {
  const int64_t numel = numel_of(sizes);
  check_coo(indices, values, sizes);
  const DType dtype = values.dtype();
  TensorExtras extras;
  extras.values = std::move(values);
  extras.indices = std::move(indices);
  extras.coalesced = coalesced;
  return composite(Layout::sparse_coo, dtype, std::move(sizes), numel, std::move(extras));
}

Tensor sparse_compressed_tensor(Layout layout, Tensor compressed_indices, Tensor plain_indices, Tensor values,
                                Dims sizes) {
  if (!is_compressed(layout)) {
    throw Error(ErrorKind::bad_argument, "this layout has no compressed indices")
        .found(fmt::format("torch.{}", name_of(layout)));
  }
  const int64_t numel = numel_of(sizes);
  check_compressed(layout, compressed_indices, plain_indices, values, sizes);
  const DType dtype = values.dtype();
  TensorExtras extras;
  extras.values = std::move(values);
  extras.compressed = std::move(compressed_indices);
  extras.plain = std::move(plain_indices);
  return composite(layout, dtype, std::move(sizes), numel, std::move(extras));
}

// ------------------------------------------------------------------------------------------------------------- parts

namespace {

const TensorExtras& parts_of(const Tensor& tensor, std::string_view part, bool has_it) {
  const TensorBody& body = body_of(tensor);
  if (has_it) return *body.extras;
  const std::string_view kind = part.starts_with("nested") ? "nested" : "sparse";
  throw Error(ErrorKind::bad_argument, fmt::format("{}() expected a {} tensor that has such a part", part, kind))
      .found(fmt::format("layout torch.{}", name_of(body.layout)));
}

}  // namespace

bool Tensor::is_sparse() const { return body_of(*this).layout == Layout::sparse_coo; }
bool Tensor::is_sparse_compressed() const { return is_compressed(body_of(*this).layout); }
bool Tensor::is_nested() const noexcept { return body_ && body_->layout == Layout::nested; }

Tensor Tensor::indices() const { return parts_of(*this, "indices", is_sparse()).indices; }
Tensor Tensor::values() const { return parts_of(*this, "values", layout() != Layout::strided).values; }
bool Tensor::is_coalesced() const { return parts_of(*this, "is_coalesced", is_sparse()).coalesced; }

Tensor Tensor::compressed_indices() const {
  return parts_of(*this, "compressed_indices", is_sparse_compressed()).compressed;
}
Tensor Tensor::plain_indices() const { return parts_of(*this, "plain_indices", is_sparse_compressed()).plain; }

Tensor Tensor::crow_indices() const {
  return parts_of(*this, "crow_indices", is_sparse_compressed() && is_by_rows(layout())).compressed;
}
Tensor Tensor::col_indices() const {
  return parts_of(*this, "col_indices", is_sparse_compressed() && is_by_rows(layout())).plain;
}
Tensor Tensor::ccol_indices() const {
  return parts_of(*this, "ccol_indices", is_sparse_compressed() && !is_by_rows(layout())).compressed;
}
Tensor Tensor::row_indices() const {
  return parts_of(*this, "row_indices", is_sparse_compressed() && !is_by_rows(layout())).plain;
}

Tensor Tensor::nested_sizes() const { return parts_of(*this, "nested_sizes", is_nested()).sizes; }
Tensor Tensor::nested_strides() const { return parts_of(*this, "nested_strides", is_nested()).strides; }
Tensor Tensor::nested_storage_offsets() const { return parts_of(*this, "nested_storage_offsets", is_nested()).offsets; }

}  // namespace okibi
