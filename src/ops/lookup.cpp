#include "ops/lookup.h"

#include <fmt/format.h>
#include <okibi/ops.h>

#include "kernels/kernels.h"
#include "tensor/body.h"

namespace okibi::ops {
namespace {

std::string position_in(const Tensor& indices, int64_t flat) {
  Dims at(indices.sizes().size(), 0);
  for (size_t d = at.size(); d-- > 0;) {
    at[d] = flat % indices.sizes()[d];
    flat /= indices.sizes()[d];
  }
  return to_string(at);
}

// Where the rows of a gradient (*, dim) lie: anywhere at one distance, as in a part of a wider matrix.
Tensor in_rows(const Tensor& gradient) {
  return gradient.dim() == 2 && gradient.stride(1) == 1 ? gradient : gradient.contiguous();
}
int64_t row_stride(const Tensor& rows) { return rows.is_contiguous() ? rows.size(-1) : rows.stride(0); }

// Positions of the ids that are not `padding`, or an undefined tensor where all are kept.
Tensor kept_positions(const Tensor& ids, int64_t padding) {
  std::vector<int64_t> kept;
  kept.reserve(static_cast<size_t>(ids.numel()));
  for (int64_t i = 0; i < ids.numel(); ++i) {
    if (ids.data<int64_t>()[i] != padding) kept.push_back(i);
  }
  return static_cast<int64_t>(kept.size()) == ids.numel() ? Tensor() : tensor(kept);
}

// (n, dim): what each id adds.
Tensor entry_values(const TableGradient& parts, int64_t dim) {
  const int64_t count = parts.ids.numel();
  Tensor values = parts.source.defined() ? index_select(parts.gradient.reshape({-1, dim}), 0, parts.source)
                                         : parts.gradient.reshape({count, dim});
  if (!parts.share.defined()) return values;
  return mul(values.to(parts.share.dtype()), parts.share.view({count, 1})).to(values.dtype());
}

}  // namespace

void require_matrix(const Tensor& weight) {
  if (weight.dim() == 2) return;
  throw Error(ErrorKind::bad_argument, "'weight' must be 2-D").found(to_string(weight.sizes()));
}

void check_indices(const Tensor& indices, int64_t rows, std::string_view operation) {
  dispatch_index(indices.dtype(), operation, [&]<class Index>() {
    const std::span<const Index> ids = ids_of<Index>(indices);
    const int64_t bad = kernels::first_out_of_range(ids, rows);
    if (bad < 0) return;
    throw Error(ErrorKind::out_of_range,
                fmt::format("index out of range in self: index {} at position {} of the input of {}", ids[bad],
                            position_in(indices, bad), operation))
        .expected(rows == 0 ? "none, since the table has no rows"
                            : fmt::format("0 to {}, since the table has {} rows", rows - 1, rows))
        .found(std::to_string(ids[bad]));
  });
}

Tensor frequency_shares(const Tensor& ids, int64_t rows, DType dtype) {
  const Tensor share = empty({ids.numel()}, {dtype});
  dispatch_index(ids.dtype(), "embedding", [&]<class Index>() {
    dispatch_floating(dtype, "embedding backward",
                      [&]<class T>() { kernels::frequency_shares(ids_of<Index>(ids), rows, share.data<T>()); });
  });
  return share;
}

Tensor dense_gradient(const TableGradient& parts, const Dims& sizes) {
  const Tensor gradient = in_rows(parts.gradient), out = zeros(sizes, {gradient.dtype()});
  dispatch_index(parts.ids.dtype(), "embedding", [&]<class Index>() {
    dispatch_table(gradient.dtype(), "embedding backward", [&]<class T>() {
      const kernels::EntryGradients<T> entries{
          .gradient = numbers_of<T>(gradient),
          .stride = row_stride(gradient),
          .source = parts.source.defined() ? parts.source.data<int64_t>() : nullptr,
          .share = parts.share.defined() ? numbers_of<kernels::Wide<T>>(parts.share) : nullptr,
      };
      kernels::embedding_backward(ids_of<Index>(parts.ids), sizes[0], sizes[1], parts.padding, entries,
                                  numbers_of<T>(out));
    });
  });
  return out;
}

Tensor sparse_gradient(const TableGradient& parts, const Dims& sizes) {
  const NoGrad no_grad;
  const Tensor ids = parts.ids.to(int64), values = entry_values(parts, sizes[1]);
  const auto coo = [&](Tensor indices, Tensor rows) {
    const bool coalesced = indices.size(1) < 2;  // as PyTorch marks it
    return sparse_coo_tensor(std::move(indices), std::move(rows), sizes, coalesced);
  };
  const Tensor row = ids.view({1, ids.numel()}),
               kept = parts.padding < 0 ? Tensor() : kept_positions(ids, parts.padding);
  return kept.defined() ? coo(index_select(row, 1, kept), index_select(values, 0, kept)) : coo(row.clone(), values);
}

Tensor gradient_of_leaf(const TableGradient& parts, const Dims& sizes) {
  constexpr int64_t large = int64_t{1} << 18;  // numbers: what no longer lies in the nearest caches
  const DType dtype = parts.gradient.dtype();
  const bool plain = !parts.source.defined() && !parts.share.defined();
  if (!plain || (dtype != float32 && dtype != float64) || sizes[0] * sizes[1] < large)
    return dense_gradient(parts, sizes);
  // Kept until the optimizer's step; meanwhile a gradient that others hold, too, may be changed.
  const Tensor& gradient = parts.gradient;
  const bool ours_alone = gradient.use_count() <= 2 && gradient.storage().use_count() == 1;
  TableGradient own = parts;
  if (!ours_alone) own.gradient = gradient.clone();
  return standing_for_dense(sparse_gradient(own, sizes));
}

}  // namespace okibi::ops
