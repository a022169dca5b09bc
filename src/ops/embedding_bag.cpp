// Bags of rows: nn.EmbeddingBag.
#include <fmt/format.h>

#include <algorithm>

#include "ops/lookup.h"
#include "ops/op.h"

namespace okibi::ops {
namespace {

using kernels::BagMode;

BagMode checked_mode(int64_t mode, bool by_freq, bool sparse, const Tensor& weights) {
  if (mode < 0 || mode > 2)
    throw Error(ErrorKind::bad_argument, "mode has to be one of sum, mean or max").found(std::to_string(mode));
  const auto checked = static_cast<BagMode>(mode);
  if (checked == BagMode::max && by_freq)
    throw Error(ErrorKind::bad_argument, "max mode does not support scaling the gradient by the frequency");
  if (checked == BagMode::max && sparse)
    throw Error(ErrorKind::bad_argument, "max mode does not support sparse weights");
  if (checked != BagMode::sum && weights.defined()) {
    throw Error(ErrorKind::unsupported,
                fmt::format("embedding_bag: per_sample_weights was not None. per_sample_weights is only supported for "
                            "mode='sum' (got mode='{}')",
                            checked == BagMode::mean ? "mean" : "max"));
  }
  return checked;
}

void check_offset(const Tensor& offsets, int64_t at, int64_t least, int64_t most) {
  const int64_t offset = offsets.data<int64_t>()[at];
  if (at == 0 && offset != 0) {
    throw Error(ErrorKind::bad_argument,
                fmt::format("offsets[0] has to be 0, i.e., the first sequence in the mini-batch has to start from "
                            "position 0. However, got {}",
                            offset));
  }
  if (offset > most) {
    throw Error(ErrorKind::bad_argument,
                fmt::format("offsets[-1] can not be greater than input's length {} but got offsets[{}] of {}", most, at,
                            offset));
  }
  if (offset < least) {
    throw Error(ErrorKind::bad_argument,
                fmt::format("offsets have to rise, but offsets[{}] is {} after {}", at, offset, least));
  }
}

// Where each bag begins, and last where the list ends: int64 (bags + 1).
Tensor bounds_of(const Tensor& offsets, int64_t length, bool include_last) {
  const Tensor given = offsets.to(int64).contiguous();
  if (include_last && given.numel() == 0)
    throw Error(ErrorKind::bad_argument, "include_last_offset: number of offsets should be at least 1");
  for (int64_t i = 0, least = 0; i < given.numel(); least = given.data<int64_t>()[i++])
    check_offset(given, i, least, length);
  if (!include_last) return cat({given, tensor({length})});
  return given;
}

// Entries behind the last bag belong to none.
int64_t used_entries(const Tensor& bounds) {
  return bounds.numel() > 1 ? bounds.data<int64_t>()[bounds.numel() - 1] : 0;
}

// To which bag each entry belongs.
void number_bags(const Tensor& bounds, const Tensor& bags) {
  const int64_t* const bound = bounds.data<int64_t>();
  int64_t* const bag_of = bags.data<int64_t>();
  std::fill_n(bag_of, bags.numel(), 0);
  for (int64_t bag = 0; bag + 1 < bounds.numel(); ++bag) std::fill(bag_of + bound[bag], bag_of + bound[bag + 1], bag);
}

template <class Index>
kernels::Bags<Index> bags_of(const Tensor& ids, const Tensor& bounds, int64_t padding) {
  return {ids_of<Index>(ids), ids_of<int64_t>(bounds), padding};
}

// Entries of a table's gradient, in what they are scaled by: per-sample weights, the size of their bag, how often their
// row occurs.
Tensor entry_shares(const Tensor& ids, const Tensor& bags, const Tensor& counts, const Tensor& weights, BagMode mode,
                    bool by_freq, int64_t rows, DType dtype) {
  Tensor share = weights.defined() ? weights.to(dtype).contiguous() : Tensor();
  if (mode == BagMode::mean) share = div(ones({ids.numel()}, {dtype}), index_select(counts.to(dtype), 0, bags));
  if (!by_freq) return share;
  const Tensor frequency = frequency_shares(ids, rows, dtype);
  return share.defined() ? mul(share, frequency) : frequency;
}

// Counted from the start; -1 for none.
int64_t checked_padding(std::optional<int64_t> padding, const Tensor& weight) {
  const int64_t rows = weight.size(0);
  if (!padding) return -1;
  if (*padding >= -rows && *padding < rows) return *padding < 0 ? *padding + rows : *padding;
  throw Error(ErrorKind::bad_argument, "padding_idx must be within the number of embeddings")
      .expected(fmt::format("{} to {}", -rows, rows - 1))
      .found(std::to_string(*padding));
}

struct EmbeddingBagOp {
  static constexpr bool takes_half = true;
  static constexpr std::string_view schema =
      "aten::embedding_bag.padding_idx(Tensor weight, Tensor indices, Tensor offsets, bool scale_grad_by_freq, int "
      "mode, "
      "bool sparse, Tensor? per_sample_weights, bool include_last_offset, int? padding_idx) -> (Tensor, Tensor, "
      "Tensor, "
      "Tensor)";

  static std::array<OutputSpec, 4> infer(const Tensor& weight, const Tensor& indices, const Tensor& offsets,
                                         bool by_freq, int64_t mode, bool sparse, const Tensor& weights,
                                         bool include_last, std::optional<int64_t>) {
    require_matrix(weight);
    checked_mode(mode, by_freq, sparse, weights);
    dispatch_index(indices.dtype(), "embedding_bag", []<class Index>() {});
    dispatch_index(offsets.dtype(), "embedding_bag", []<class Index>() {});
    if (indices.dim() != 1)
      throw Error(ErrorKind::bad_argument, "input has to be a 1D Tensor").found(to_string(indices.sizes()));
    if (offsets.dim() != 1)
      throw Error(ErrorKind::bad_argument, "offsets has to be a 1D Tensor").found(to_string(offsets.sizes()));
    if (weights.defined() && weights.sizes() != indices.sizes()) {
      throw Error(ErrorKind::bad_argument, "embedding_bag: per_sample_weights must have the same shape as input")
          .expected(to_string(indices.sizes()))
          .found(to_string(weights.sizes()));
    }
    const int64_t bags = std::max<int64_t>(offsets.size(0) - (include_last ? 1 : 0), 0);
    return {OutputSpec{{bags, weight.size(1)}, weight.dtype()}, OutputSpec{{indices.numel()}, int64},
            OutputSpec{{bags}, int64}, OutputSpec{{bags, mode == 2 ? weight.size(1) : 0}, int64}};
  }

  static void forward(const Tensor& weight, const Tensor& indices, const Tensor& offsets, bool, int64_t mode, bool,
                      const Tensor& weights, bool include_last, std::optional<int64_t> padding, const Tensor& out,
                      const Tensor& bags, const Tensor& counts, const Tensor& largest) {
    const Tensor table = weight.contiguous(), ids = indices.contiguous();
    const Tensor bounds = bounds_of(offsets, ids.numel(), include_last);
    const Tensor share = weights.defined() ? weights.to(wide(weight.dtype())).contiguous() : Tensor();
    check_indices(ids, table.size(0), "embedding_bag");
    number_bags(bounds, bags);
    dispatch_index(ids.dtype(), "embedding_bag", [&]<class Index>() {
      dispatch_table(table.dtype(), "embedding_bag", [&]<class T>() {
        kernels::embedding_bag(bags_of<Index>(ids, bounds, checked_padding(padding, table)), static_cast<BagMode>(mode),
                               table.size(1), numbers_of<T>(table),
                               share.defined() ? numbers_of<kernels::Wide<T>>(share) : nullptr, numbers_of<T>(out),
                               counts.data<int64_t>(), largest.data<int64_t>());
      });
    });
  }

  static constexpr const char* backward_name = "EmbeddingBagBackward0";
  struct State {
    SavedTensor weight, ids, share;  // weight only where the share has a gradient
    Tensor bounds, bags, counts, largest;
    Dims table_sizes;
    DType dtype;
    BagMode mode;
    bool by_freq, sparse;
    int64_t padding;
  };
  using Saved = State;
  static Saved save(const Tensor& weight, const Tensor& indices, const Tensor& offsets, bool by_freq, int64_t mode,
                    bool sparse, const Tensor& weights, bool include_last, std::optional<int64_t> padding,
                    const Tensor&, const Tensor& bags, const Tensor& counts, const Tensor& largest) {
    const bool share_learns = needs_gradient(weights);
    return {share_learns ? SavedTensor::input(weight) : SavedTensor(),
            SavedTensor::input(indices),
            SavedTensor::input(weights),
            bounds_of(offsets, indices.numel(), include_last),
            bags,
            counts,
            largest,
            weight.sizes(),
            weight.dtype(),
            static_cast<BagMode>(mode),
            by_freq,
            sparse,
            checked_padding(padding, weight)};
  }
  static std::array<Tensor, 4> backward(const Tensor& gradient, const Saved& saved, const Edges& edges) {
    const Tensor g = gradient.contiguous();
    return {edges.needed(0) ? weight_gradient(g, saved) : Tensor(), Tensor(), Tensor(),
            edges.needed(3) ? share_gradient(g, saved) : Tensor()};
  }

 private:
  static Tensor max_gradient(const Tensor& gradient, const Saved& saved);
  static Tensor weight_gradient(const Tensor& gradient, const Saved& saved);
  static Tensor share_gradient(const Tensor& gradient, const Saved& saved);
};

Tensor EmbeddingBagOp::max_gradient(const Tensor& gradient, const Saved& saved) {
  const Tensor out = zeros(saved.table_sizes, {saved.dtype});
  dispatch_table(saved.dtype, "embedding_bag backward", [&]<class T>() {
    kernels::embedding_bag_max_backward(gradient.size(0), gradient.size(1), numbers_of<T>(gradient),
                                        saved.largest.data<int64_t>(), numbers_of<T>(out));
  });
  return out;
}

Tensor EmbeddingBagOp::weight_gradient(const Tensor& gradient, const Saved& saved) {
  if (saved.mode == BagMode::max) return max_gradient(gradient, saved);
  const int64_t used = used_entries(saved.bounds);
  const Tensor ids = saved.ids.get().contiguous().rows(0, used), bags = saved.bags.rows(0, used);
  const Tensor weights = saved.share.defined() ? saved.share.get().rows(0, used) : Tensor();
  const Tensor share = entry_shares(ids, bags, saved.counts, weights, saved.mode, saved.by_freq, saved.table_sizes[0],
                                    wide(saved.dtype));
  const TableGradient parts{ids, gradient, bags, share, saved.padding};
  return saved.sparse ? sparse_gradient(parts, saved.table_sizes) : dense_gradient(parts, saved.table_sizes);
}

Tensor EmbeddingBagOp::share_gradient(const Tensor& gradient, const Saved& saved) {
  const Tensor ids = saved.ids.get().contiguous(), table = saved.weight.get().contiguous();
  const Tensor out = zeros({ids.numel()}, {wide(saved.dtype)});
  dispatch_index(ids.dtype(), "embedding_bag", [&]<class Index>() {
    dispatch_table(saved.dtype, "embedding_bag backward", [&]<class T>() {
      kernels::embedding_bag_share_backward(bags_of<Index>(ids, saved.bounds, saved.padding), table.size(1),
                                            numbers_of<T>(table), numbers_of<T>(gradient),
                                            numbers_of<kernels::Wide<T>>(out));
    });
  });
  return out.to(saved.share.get().dtype());
}

}  // namespace

std::span<const okibi::Op> embedding_bag_ops() {
  static constexpr okibi::Op rows[] = {entry<EmbeddingBagOp>()};
  return rows;
}

namespace {

struct Bagged {
  Tensor ids, offsets, weights;
};

void check_weights(const Tensor& ids, const Tensor& weights) {
  if (!weights.defined() || weights.sizes() == ids.sizes()) return;
  throw Error(ErrorKind::bad_argument, "embedding_bag: per_sample_weights must have the same shape as input")
      .expected(to_string(ids.sizes()))
      .found(to_string(weights.sizes()));
}

// (bags, length) is bags of one length, and has no offsets; (entries) has them.
Bagged bagged(const Tensor& ids, const Tensor& offsets, const Tensor& weights, bool include_last) {
  check_weights(ids, weights);
  if (ids.dim() == 1) {
    if (offsets.defined()) return {ids, offsets, weights};
    throw Error(ErrorKind::bad_argument, "offsets has to be a 1D Tensor but got None");
  }
  if (ids.dim() != 2) {
    throw Error(ErrorKind::bad_argument,
                fmt::format("input has to be 1D or 2D Tensor, but got Tensor of dimension {}", ids.dim()));
  }
  if (offsets.defined()) {
    throw Error(ErrorKind::bad_argument,
                "if input is 2D, then offsets has to be None, as input is treated is a mini-batch of fixed length "
                "sequences. However, found offsets");
  }
  const int64_t bags = ids.size(0);
  const Tensor begins = arange(bags + (include_last ? 1 : 0));
  return {ids.flatten(), mul(begins, tensor({ids.size(1)})), weights.defined() ? weights.flatten() : weights};
}

}  // namespace
}  // namespace okibi::ops

namespace okibi {

Tensor embedding_bag(const Tensor& weight, const Tensor& indices, const Tensor& offsets,
                     const Tensor& per_sample_weights, EmbeddingBagOptions options) {
  const auto [ids, begins, weights] = ops::bagged(indices, offsets, per_sample_weights, options.include_last_offset);
  return ops::call<ops::EmbeddingBagOp>(weight, ids, begins, options.scale_grad_by_freq,
                                        static_cast<int64_t>(options.mode), options.sparse, weights,
                                        options.include_last_offset, options.padding_idx);
}

}  // namespace okibi
