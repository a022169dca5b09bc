// Looking rows up in a table, and what sparse gradients need.
#include <algorithm>
#include <numeric>

#include <fmt/format.h>

#include "kernels/kernels.h"
#include "ops/dispatch.h"
#include "ops/op.h"

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

template <class Index>
void check_indices(const Tensor& indices, int64_t rows) {
  const std::span<const Index> ids(indices.data<Index>(), indices.numel());
  const int64_t bad = kernels::first_out_of_range(ids, rows);
  if (bad < 0) return;
  throw Error(ErrorKind::out_of_range,
              fmt::format("index out of range in self: index {} at position {} of the input of embedding", ids[bad],
                          position_in(indices, bad)))
      .expected(rows == 0 ? "none, since the table has no rows"
                          : fmt::format("0 to {}, since the table has {} rows", rows - 1, rows))
      .found(std::to_string(ids[bad]));
}

struct EmbeddingOp {
  static constexpr std::string_view schema =
      "aten::embedding(Tensor weight, Tensor indices, SymInt padding_idx=-1, bool scale_grad_by_freq=False, bool "
      "sparse=False) "
      "-> Tensor";

  static OutputSpec infer(const Tensor& weight, const Tensor& indices, int64_t, bool by_freq, bool sparse) {
    if (weight.dim() != 2)
      throw Error(ErrorKind::bad_argument, "'weight' must be 2-D").found(to_string(weight.sizes()));
    if (by_freq && sparse) {
      throw Error(ErrorKind::bad_argument,
                  "embedding_backward: scale_grad_by_freq not supported with sparse gradients");
    }
    dispatch_index(indices.dtype(), "embedding", []<class Index>() {});
    Dims sizes = indices.sizes();
    sizes.push_back(weight.size(1));
    return {sizes, weight.dtype()};
  }

  static void forward(const Tensor& weight, const Tensor& indices, int64_t, bool, bool, const Tensor& out) {
    const Tensor table = weight.contiguous(), ids = indices.contiguous();
    dispatch_index(ids.dtype(), "embedding", [&]<class Index>() {
      check_indices<Index>(ids, table.size(0));
      const int64_t bytes = table.size(1) * static_cast<int64_t>(itemsize(table.dtype()));
      kernels::gather_rows<Index>({ids.data<Index>(), static_cast<size_t>(ids.numel())}, bytes, table.raw_data(),
                                  out.raw_data(), bytes);
    });
  }

  static constexpr const char* backward_name = "EmbeddingBackward0";
  using Saved = std::tuple<SavedTensor, Dims, int64_t, bool, bool>;
  static Saved save(const Tensor& weight, const Tensor& indices, int64_t padding, bool by_freq, bool sparse,
                    const Tensor&) {
    return {SavedTensor::input(indices), weight.sizes(), padding, by_freq, sparse};
  }
  static std::array<Tensor, 2> backward(const Tensor& gradient, const Saved& saved, const Edges&) {
    const auto& [indices, sizes, padding, by_freq, sparse] = saved;
    const Tensor ids = indices.get().contiguous();
    if (sparse) return {sparse_gradient(gradient.contiguous(), ids, sizes, padding), Tensor()};
    return {dense_gradient(in_rows(gradient), ids, sizes, padding, by_freq), Tensor()};
  }

 private:
  // Where the rows of a gradient (*, dim) lie: anywhere at one distance, as in a part of a wider matrix.
  static Tensor in_rows(const Tensor& gradient) {
    return gradient.dim() == 2 && gradient.stride(1) == 1 ? gradient : gradient.contiguous();
  }
  static int64_t row_stride(const Tensor& rows) { return rows.is_contiguous() ? rows.size(-1) : rows.stride(0); }

  static Tensor dense_gradient(const Tensor& g, const Tensor& ids, const Dims& sizes, int64_t padding, bool by_freq) {
    Tensor out = zeros(sizes, {g.dtype()});
    dispatch_index(ids.dtype(), "embedding", [&]<class Index>() {
      dispatch_floating(g.dtype(), "embedding backward", [&]<class T>() {
        kernels::embedding_backward<T, Index>({ids.data<Index>(), static_cast<size_t>(ids.numel())}, sizes[0], sizes[1],
                                              padding, by_freq, g.data<T>(), row_stride(g), out.data<T>());
      });
    });
    return out;
  }

  // One entry for each id in the order of the input, duplicates kept, the padding row left out.
  static Tensor sparse_gradient(const Tensor& g, const Tensor& ids, const Dims& sizes, int64_t padding) {
    const Tensor flat = ids.to(int64).view({1, ids.numel()}), rows = g.view({ids.numel(), sizes[1]});
    std::vector<int64_t> kept;
    for (int64_t i = 0; i < ids.numel(); ++i) {
      if (flat.data<int64_t>()[i] != padding) kept.push_back(i);
    }
    if (static_cast<int64_t>(kept.size()) == ids.numel()) return sparse_coo_tensor(flat.clone(), rows, sizes);
    const Tensor which = tensor(kept);
    return sparse_coo_tensor(okibi::index_select(flat, 1, which), okibi::index_select(rows, 0, which), sizes);
  }
};

// Each entry's place in row-major order over the sparse dimensions.
std::vector<int64_t> flat_places(const Tensor& indices, const Dims& sizes) {
  const int64_t dims = indices.size(0), entries = indices.size(1);
  std::vector<int64_t> places(static_cast<size_t>(entries), 0);
  for (int64_t d = 0; d < dims; ++d) {
    const int64_t size = sizes[static_cast<size_t>(d)];
    for (int64_t i = 0; i < entries; ++i) {
      const int64_t at = indices.data<int64_t>()[d * entries + i];
      if (at < 0 || at >= size) {
        throw Error(
            ErrorKind::bad_argument,
            fmt::format("size is inconsistent with indices: for dim {}, size is {} but found index {}", d, size, at));
      }
      places[static_cast<size_t>(i)] = places[static_cast<size_t>(i)] * size + at;
    }
  }
  return places;
}

void add_row(const Tensor& to, int64_t to_row, const Tensor& from, int64_t from_row, int64_t width) {
  dispatch_floating(to.dtype(), "coalesce", [&]<class T>() {
    T* sum = to.data<T>() + to_row * width;
    const T* row = from.data<T>() + from_row * width;
    for (int64_t j = 0; j < width; ++j) sum[j] += row[j];
  });
}

}  // namespace

std::span<const okibi::Op> embedding_ops() {
  static constexpr okibi::Op rows[] = {entry<EmbeddingOp>()};
  return rows;
}

}  // namespace okibi::ops

namespace okibi {

Tensor embedding(const Tensor& weight, const Tensor& indices, int64_t padding_idx, bool scale_grad_by_freq,
                 bool sparse) {
  return ops::call<ops::EmbeddingOp>(weight, indices, padding_idx, scale_grad_by_freq, sparse);
}

Tensor coalesce(const Tensor& sparse) {
  if (sparse.is_coalesced()) return sparse;
  const Tensor indices = sparse.indices().contiguous(), values = sparse.values().contiguous();
  const std::vector<int64_t> places = ops::flat_places(indices, sparse.sizes());
  std::vector<int64_t> order(places.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](int64_t a, int64_t b) { return places[a] < places[b]; });

  std::vector<int64_t> firsts;  // the first entry of each place
  for (size_t i = 0; i < order.size(); ++i) {
    if (i == 0 || places[order[i]] != places[order[i - 1]]) firsts.push_back(order[i]);
  }
  NoGrad no_grad;
  const Tensor first_of_each = tensor(firsts);
  const Tensor summed = zeros(index_select(values, 0, first_of_each).sizes(), {values.dtype()});
  const int64_t width = firsts.empty() ? 0 : summed.numel() / static_cast<int64_t>(firsts.size());
  int64_t row = -1;
  for (size_t i = 0; i < order.size(); ++i) {
    row += i == 0 || places[order[i]] != places[order[i - 1]];
    ops::add_row(summed, row, values, order[i], width);
  }
  return sparse_coo_tensor(index_select(indices, 1, first_of_each), summed, sparse.sizes(), true);
}

Tensor to_dense(const Tensor& sparse) {
  if (!sparse.is_sparse()) return sparse;
  NoGrad no_grad;
  const Tensor indices = sparse.indices().contiguous(), values = sparse.values().contiguous();
  const std::vector<int64_t> places = ops::flat_places(indices, sparse.sizes());
  const Tensor dense = zeros(sparse.sizes(), {sparse.dtype()});
  const int64_t width = places.empty() ? 0 : values.numel() / static_cast<int64_t>(places.size());
  for (size_t i = 0; i < places.size(); ++i) ops::add_row(dense, places[i], values, static_cast<int64_t>(i), width);
  return dense;
}

}  // namespace okibi
