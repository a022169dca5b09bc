// Looking rows up in a table, and keeping them short.
#include "kernels/kernels.h"
#include "ops/lookup.h"
#include "ops/op.h"

namespace okibi::ops {
namespace {

struct EmbeddingOp {
  static constexpr bool takes_half = true;
  static constexpr std::string_view schema =
      "aten::embedding(Tensor weight, Tensor indices, SymInt padding_idx=-1, bool scale_grad_by_freq=False, bool "
      "sparse=False) "
      "-> Tensor";

  static OutputSpec infer(const Tensor& weight, const Tensor& indices, int64_t, bool by_freq, bool sparse) {
    require_matrix(weight);
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
    check_indices(ids, table.size(0), "embedding");
    dispatch_index(ids.dtype(), "embedding", [&]<class Index>() {
      const int64_t bytes = table.size(1) * static_cast<int64_t>(itemsize(table.dtype()));
      kernels::gather_rows(ids_of<Index>(ids), bytes, table.raw_data(), out.raw_data(), bytes);
    });
  }

  static constexpr const char* backward_name = "EmbeddingBackward0";
  using Saved = std::tuple<SavedTensor, Dims, int64_t, bool, bool>;
  static Saved save(const Tensor& weight, const Tensor& indices, int64_t padding, bool by_freq, bool sparse,
                    const Tensor&) {
    return {SavedTensor::input(indices), weight.sizes(), padding, by_freq, sparse};
  }
  static std::array<Tensor, 2> backward(const Tensor& gradient, const Saved& saved, const Edges& edges) {
    const auto& [indices, sizes, padding, by_freq, sparse] = saved;
    const Tensor ids = indices.get().contiguous().flatten();
    const Tensor share = by_freq ? frequency_shares(ids, sizes[0], wide(gradient.dtype())) : Tensor();
    const TableGradient parts{.ids = ids, .gradient = gradient, .share = share, .padding = padding};
    const bool is_leaf = edges.all()[0].leaf.defined();
    return {sparse    ? sparse_gradient(parts, sizes)
            : is_leaf ? gradient_of_leaf(parts, sizes)
                      : dense_gradient(parts, sizes),
            Tensor()};
  }
};

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

const Tensor& embedding_renorm_(const Tensor& weight, const Tensor& indices, double max_norm, double norm_type) {
  const NoGrad no_grad;
  ops::require_matrix(weight);
  const Tensor table = weight.contiguous(), ids = indices.contiguous();
  ops::check_indices(ids, table.size(0), "embedding");
  dispatch_index(ids.dtype(), "embedding_renorm_", [&]<class Index>() {
    ops::dispatch_table(table.dtype(), "embedding_renorm_", [&]<class T>() {
      kernels::renormalise(ops::ids_of<Index>(ids), table.size(0), table.size(1), max_norm, norm_type,
                           numbers_of<T>(table));
    });
  });
  if (table.is_same(weight))
    table.storage()->bump_version();
  else
    weight.copy_(table);
  return weight;
}

}  // namespace okibi
