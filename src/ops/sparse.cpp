// Sparse COO tensors: summed up, and written out.
#include <fmt/format.h>
#include <okibi/ops.h>

#include "kernels/row_groups.h"
#include "ops/lookup.h"

namespace okibi {
namespace ops {
namespace {

// The product of the sparse dimensions: how many places there are.
int64_t place_count(const Tensor& sparse) {
  int64_t count = 1;
  for (int64_t d = 0; d < sparse.indices().size(0); ++d) count *= sparse.size(d);
  return count;
}

[[noreturn]] void throw_outside(int64_t dim, int64_t size, int64_t index) {
  throw Error(
      ErrorKind::bad_argument,
      fmt::format("size is inconsistent with indices: for dim {}, size is {} but found index {}", dim, size, index));
}

// Each entry's place in row-major order over the sparse dimensions.
Tensor flat_places(const Tensor& sparse) {
  const Tensor indices = sparse.indices().contiguous(), places = zeros({indices.size(1)}, {int64});
  const int64_t entries = indices.size(1);
  int64_t* const place = places.data<int64_t>();
  for (int64_t d = 0; d < indices.size(0); ++d) {
    const int64_t size = sparse.size(d), *const at = indices.data<int64_t>() + d * entries;
    for (int64_t i = 0; i < entries; ++i) {
      if (at[i] < 0 || at[i] >= size) throw_outside(d, size, at[i]);
      place[i] = place[i] * size + at[i];
    }
  }
  return places;
}

// Adds each entry's values to the row of `sums` that `rows` (entries) names.
void add_values(const Tensor& rows, const Tensor& values, int64_t count, const Tensor& sums) {
  if (rows.numel() == 0) return;
  const int64_t width = values.numel() / rows.numel();
  dispatch_table(sums.dtype(), "the sum of sparse values", [&]<class T>() {
    const kernels::EntryGradients<T> entries{.gradient = numbers_of<T>(values), .stride = width};
    kernels::embedding_backward(ids_of<int64_t>(rows), count, width, -1, entries, numbers_of<T>(sums));
  });
}

}  // namespace
}  // namespace ops

Tensor coalesce(const Tensor& sparse) {
  if (sparse.is_coalesced()) return sparse;
  const NoGrad no_grad;
  const Tensor places = ops::flat_places(sparse), values = sparse.values().contiguous();
  const kernels::RowGroups groups(ops::ids_of<int64_t>(places), ops::place_count(sparse));
  const Tensor ranks = empty({places.numel()}, {int64}),
               firsts = empty({static_cast<int64_t>(groups.count_rows())}, {int64});
  int64_t rank = 0;
  groups.for_each_row(0, groups.entries(), [&](size_t begin, size_t end) {
    firsts.data<int64_t>()[rank] = static_cast<int64_t>(groups.position(begin));
    for (size_t i = begin; i < end; ++i) ranks.data<int64_t>()[groups.position(i)] = rank;
    ++rank;
  });
  Dims sizes = values.sizes();
  sizes[0] = rank;
  const Tensor sums = zeros(sizes, {values.dtype()});
  ops::add_values(ranks, values, rank, sums);
  return sparse_coo_tensor(index_select(sparse.indices(), 1, firsts), sums, sparse.sizes(), true);
}

Tensor to_dense(const Tensor& sparse) {
  if (!sparse.is_sparse()) return sparse;
  const NoGrad no_grad;
  const Tensor dense = zeros(sparse.sizes(), {sparse.dtype()});
  ops::add_values(ops::flat_places(sparse), sparse.values().contiguous(), ops::place_count(sparse), dense);
  return dense;
}

}  // namespace okibi
