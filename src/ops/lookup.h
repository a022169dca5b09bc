// ops/lookup.h: what looking rows up in a table needs, one by one or in bags.
#pragma once

#include <okibi/tensor.h>

#include "kernels/embedding.h"
#include "ops/dispatch.h"

namespace okibi::ops {

// The dtypes that tables have. `work` is a template lambda over float, double, Half or BFloat16.
template <class Work>
void dispatch_table(DType dtype, std::string_view what, Work&& work) {
  if (dtype == float16) return work.template operator()<Half>();
  if (dtype == bfloat16) return work.template operator()<BFloat16>();
  dispatch_floating(dtype, what, std::forward<Work>(work));
}

template <class Index>
std::span<const Index> ids_of(const Tensor& indices) {
  return {indices.data<Index>(), static_cast<size_t>(indices.numel())};
}

// What numbers of this dtype are added up as: float32 for half precision.
inline DType wide(DType dtype) noexcept { return dtype == float64 ? float64 : float32; }

void require_matrix(const Tensor& weight);
// Error(out_of_range) with the place and the value of the first index that is no row. `indices` is contiguous;
// `operation` is for the message.
void check_indices(const Tensor& indices, int64_t rows, std::string_view operation);

// (n): 1 / how often the id of each entry occurs among them, in a table of so many rows; `dtype` is wide.
Tensor frequency_shares(const Tensor& ids, int64_t rows, DType dtype);

// The gradient of a table: each of `ids` (n) adds a row of `gradient`, which has its rows (…, dim) at any one distance:
// row source[i], or i where source is undefined; times share[i], of the wide dtype, or 1. Rows equal to padding get
// nothing.
struct TableGradient {
  Tensor ids, gradient;
  Tensor source = {}, share = {};
  int64_t padding = -1;
};
Tensor dense_gradient(const TableGradient& parts, const Dims& table_sizes);
// COO: an entry for each id in the order of the list, duplicates kept, the padding row left out.
Tensor sparse_gradient(const TableGradient& parts, const Dims& table_sizes);
// The dense one for a leaf, by its rows alone where the table is large: see stands_for_dense().
Tensor gradient_of_leaf(const TableGradient& parts, const Dims& table_sizes);

}  // namespace okibi::ops
