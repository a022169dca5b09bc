#include "checkpoint/pickled/sparse_check.h"

#include <fmt/format.h>

namespace okibi::checkpoint {

// indices: int64 (sparse_dim, nnz)
void check_sparse_indices(const Tensor& indices, const Dims& sizes) {
  if (indices.is_meta()) return;
  const Tensor rows = indices.contiguous();
  const auto* index = rows.data<int64_t>();
  for (int64_t dim = 0; dim < rows.size(0); ++dim) {
    for (int64_t i = 0; i < rows.size(1); ++i, ++index) {
      const int64_t size = sizes[static_cast<size_t>(dim)];
      if (*index >= 0 && *index < size) continue;
      throw Error(ErrorKind::bad_file, "an index of a sparse tensor lies outside of its sizes")
          .expected(fmt::format("0 to {} in dimension {}", size - 1, dim))
          .found(std::to_string(*index));
    }
  }
}

}  // namespace okibi::checkpoint
