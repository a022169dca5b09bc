// Attention (Vaswani et al. 2017): softmax(q · kᵀ · scale + mask) · v, of q (*, l, e), k (*, s, e) and v (*, s, ev).
#include <algorithm>
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "ops/op.h"

namespace okibi::ops {
namespace {

constexpr double minus_infinity = -std::numeric_limits<double>::infinity();

// ----------------------------------------------------------------------------------------------------------------
// masks

// Which rows along `dim` are -∞ alone, (*, 1, *); undefined where none is. A trace takes them for any: other numbers
// may have some.
Tensor masked_rows(const Tensor& x, int64_t dim) {
  const NoGrad no_grad;
  const Tensor lowest = full({}, minus_infinity, {x.dtype()});
  const Tensor masked = okibi::eq(x.dim() == 0 ? x : okibi::amax(x, Dims{dim}, true), lowest);
  const bool* const truths = masked.data<bool>();
  const bool has_some =
      trace::listener() != nullptr || std::find(truths, truths + masked.numel(), true) != truths + masked.numel();
  return has_some ? masked : Tensor();
}

// Where all is masked, zeros, and a gradient of zeros.
Tensor safe_softmax(const Tensor& x, int64_t dim) {
  const Tensor masked = x.numel() == 0 ? Tensor() : masked_rows(x, dim);
  if (!masked.defined()) return okibi::softmax(x, dim);
  return okibi::masked_fill(okibi::softmax(okibi::masked_fill(x, masked, 0), dim), masked, 0);
}

// (queries, keys): those that come after the query.
Tensor later(int64_t queries, int64_t keys) {
  const Tensor is_later = empty({queries, keys}, {boolean});
  bool* row = is_later.data<bool>();
  for (int64_t i = 0; i < queries; ++i, row += keys) {
    const int64_t seen = std::min(i + 1, keys);
    std::fill(std::fill_n(row, seen, false), row + keys, true);
  }
  return is_later;
}

// Ainslie et al. 2023: several heads of the query, (*, heads, l, e), share one of x, (*, fewer heads, s, e).
Tensor for_each_head(const Tensor& query, const Tensor& x) {
  const int64_t heads = query.dim() < 3 ? 1 : query.size(-3), shared = x.dim() < 3 ? 1 : x.size(-3);
  if (query.dim() >= 3 && x.dim() >= 3 && shared > 0 && heads % shared == 0) {
    Dims each = x.sizes();
    each.insert(each.size() - 2, heads / shared);
    return x.unsqueeze(-3).expand(each).flatten(-4, -3);
  }
  throw Error(ErrorKind::bad_argument,
              "scaled_dot_product_attention: with enable_gqa, key and value must have a number of heads (their third "
              "dimension from the end) that divides that of query")
      .found(fmt::format("query {} and {}", to_string(query.sizes()), to_string(x.sizes())));
}

// What attention is given beside its three tensors.
struct Attention {
  Tensor mask;  // of truths, where true takes part, or of numbers that are added
  bool is_causal;
  std::optional<double> scale;

  double factor(const Tensor& query) const {
    return scale.value_or(1 / std::sqrt(static_cast<double>(query.size(-1))));
  }
  void check() const {
    if (!is_causal || !mask.defined()) return;
    throw Error(ErrorKind::bad_argument,
                "_scaled_dot_product_attention: Explicit attn_mask should not be set when is_causal=True");
  }
  // Of scores (*, l, s).
  Tensor weights(Tensor scores) const {
    if (is_causal) scores = okibi::masked_fill(scores, later(scores.size(-2), scores.size(-1)), minus_infinity);
    if (!mask.defined()) return okibi::softmax(scores, -1);  // the first key is never masked
    if (mask.dtype() != boolean) return safe_softmax(okibi::add(scores, mask), -1);
    return safe_softmax(okibi::masked_fill(scores, okibi::logical_not(mask), minus_infinity), -1);
  }
};

// -------------------------------------------------------------------------------------------------------- the
// operators

struct ScaledDotProductAttention {
  static constexpr std::string_view schema =
      "aten::scaled_dot_product_attention(Tensor query, Tensor key, Tensor value, Tensor? attn_mask=None, float "
      "dropout_p=0.0, bool is_causal=False, *, float? scale=None, bool enable_gqa=False) -> Tensor";
  static Tensor compose(const Tensor& query, const Tensor& key, const Tensor& value, const Tensor& mask,
                        double dropout_p, bool is_causal, std::optional<double> scale, bool enable_gqa) {
    if (has_half(query)) {  // rounded once, at the end
      return compose(widened(query), widened(key), widened(value), widened(mask), dropout_p, is_causal, scale,
                     enable_gqa)
          .to(query.dtype());
    }
    const Attention attention{mask, is_causal, scale};
    attention.check();
    const Tensor k = enable_gqa ? for_each_head(query, key) : key, v = enable_gqa ? for_each_head(query, value) : value;
    const Tensor scores = okibi::mul(okibi::matmul(query, k.transpose(-2, -1)), attention.factor(query));
    return okibi::matmul(okibi::dropout(attention.weights(scores), dropout_p, dropout_p > 0), v);
  }
};

// With the weights that the values were summed by. Both factors are scaled by the root. A mask for dropout, which has
// no use but in tests, says which weights are kept.
struct AttentionMath {
  static constexpr std::string_view schema =
      "aten::_scaled_dot_product_attention_math(Tensor query, Tensor key, Tensor value, Tensor? attn_mask=None, float "
      "dropout_p=0., bool is_causal=False, Tensor? dropout_mask=None, *, float? scale=None, bool enable_gqa=False) -> "
      "(Tensor, Tensor)";
  static std::array<Tensor, 2> compose(const Tensor& query, const Tensor& key, const Tensor& value, const Tensor& mask,
                                       double dropout_p, bool is_causal, const Tensor& dropout_mask,
                                       std::optional<double> scale, bool enable_gqa) {
    if (has_half(query)) {
      const auto wide = compose(widened(query), widened(key), widened(value), widened(mask), dropout_p, is_causal,
                                dropout_mask, scale, enable_gqa);
      return {wide[0].to(query.dtype()), wide[1].to(query.dtype())};
    }
    const bool is_truth = mask.defined() && mask.dtype() == boolean;  // which this one adds, as ones and zeros
    const Attention attention{is_truth ? mask.to(query.dtype()) : mask, is_causal, scale};
    attention.check();
    const double factor = attention.factor(query), root = std::sqrt(std::abs(factor));
    const Tensor k = enable_gqa ? for_each_head(query, key) : key, v = enable_gqa ? for_each_head(query, value) : value;
    const Tensor weights = attention.weights(
        okibi::matmul(okibi::mul(query, std::copysign(root, factor)), okibi::mul(k, root).transpose(-2, -1)));
    if (dropout_p > 0 && dropout_mask.defined()) {
      const Tensor kept = okibi::masked_fill(weights, okibi::logical_not(dropout_mask), 0);
      return {okibi::matmul(kept, okibi::mul(v, 1 / (1 - dropout_p))), kept};
    }
    const Tensor kept = okibi::dropout(weights, dropout_p, dropout_p > 0);
    return {okibi::matmul(kept, v), kept};
  }
};

struct SafeSoftmax {
  static constexpr std::string_view schema =
      "aten::_safe_softmax(Tensor self, int dim, ScalarType? dtype=None) -> Tensor";
  static Tensor compose(const Tensor& x, int64_t dim, std::optional<DType> dtype) {
    return safe_softmax(dtype ? x.to(*dtype) : x, dim);
  }
};

}  // namespace

std::span<const okibi::Op> attention_ops() {
  static constexpr okibi::Op rows[] = {entry<ScaledDotProductAttention>(), entry<AttentionMath>(),
                                       entry<SafeSoftmax>()};
  return rows;
}

}  // namespace okibi::ops
