// What torch.nn's attention and encoder layers call when they only compute. Made of products, softmax and layer_norm.
// Masks are of booleans, and true for what does not take part.
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "ops/nested.h"
#include "ops/op.h"

namespace okibi::ops {
namespace {

using MaskType = std::optional<int64_t>;

// The weights of a layer's attention: (3·e, e), (3·e), (e, e) and (e).
struct Projections {
  const Tensor &in, &in_bias, &out, &out_bias;
};

void check(const Tensor& query, const Tensor& key, const Tensor& value, int64_t e, int64_t heads,
           const Projections& p) {
  const bool fits = query.dim() == 3 && key.sizes() == query.sizes() && value.sizes() == query.sizes() &&
                    query.size(2) == e && p.in.dim() == 2 && p.in.size(1) == e && e <= INT64_MAX / 3 &&
                    p.in.size(0) == 3 * e && p.in_bias.sizes() == Dims{3 * e};
  if (!fits) {
    throw Error(ErrorKind::bad_argument, "attention: the sizes do not fit")
        .expected(fmt::format("query, key and value (batch, length, {0}), weights (3·{0}, {0}), biases (3·{0})", e))
        .found(fmt::format("{}, {}, {}, {} and {}", to_string(query.sizes()), to_string(key.sizes()),
                           to_string(value.sizes()), to_string(p.in.sizes()), to_string(p.in_bias.sizes())));
  }
  if (heads < 1 || e % heads != 0) {
    throw Error(ErrorKind::bad_argument, "`embed_dim` must divide evenly by `num_heads`")
        .found(fmt::format("{} by {}", e, heads));
  }
}

// mask_type 0: (length, length), for all; 1: (batch, length), of keys; 2: of the sizes of the scores, (batch, heads,
// length, length).
Tensor spread(const Tensor& mask, MaskType type, const Tensor& scores) {
  if (!type || *type < 0 || *type > 2) {
    throw Error(ErrorKind::bad_argument,
                "Mask Type should be 0 (src_mask), 1 (src_key_padding_mask), or 2 (default_mask)")
        .found(type ? std::to_string(*type) : "None");
  }
  const Dims& sizes = scores.sizes();
  const Dims wanted = *type == 0 ? Dims{sizes[2], sizes[3]} : *type == 1 ? Dims{sizes[0], sizes[3]} : sizes;
  if (mask.sizes() != wanted) {
    throw Error(ErrorKind::bad_argument, "attention: the mask has other sizes than its type means")
        .expected(to_string(wanted))
        .found(to_string(mask.sizes()));
  }
  const Tensor truths = mask.to(boolean);
  return *type == 1 ? truths.view({sizes[0], 1, 1, sizes[3]}) : truths;
}

struct Attended {
  Tensor out, weights;  // (batch, length, e) and (batch, heads, length, length)
};

Attended attend(const Tensor& query, const Tensor& key, const Tensor& value, int64_t e, int64_t heads,
                const Projections& p, const Tensor& mask, MaskType type) {
  check(query, key, value, e, heads, p);
  const auto projected = [&](const Tensor& x, int64_t which) {  // (batch, heads, length, e / heads)
    const Tensor y = okibi::linear(x, p.in.narrow(0, which * e, e), p.in_bias.narrow(0, which * e, e));
    return y.view({x.size(0), x.size(1), heads, e / heads}).transpose(1, 2);
  };
  const Tensor q = okibi::mul(projected(query, 0), 1 / std::sqrt(static_cast<double>(e / heads)));
  Tensor scores = okibi::matmul(q, projected(key, 1).transpose(2, 3));
  if (mask.defined()) {
    scores = okibi::masked_fill(scores, spread(mask, type, scores), -std::numeric_limits<double>::infinity());
  }
  const Tensor weights = okibi::softmax(scores, -1);
  const Tensor heads_out = okibi::matmul(weights, projected(value, 2)).transpose(1, 2);
  return {okibi::linear(heads_out.reshape(query.sizes()), p.out, p.out_bias), weights};
}

struct NativeMultiHeadAttention {
  static constexpr std::string_view schema =
      "aten::_native_multi_head_attention(Tensor query, Tensor key, Tensor value, int embed_dim, int num_head, Tensor "
      "qkv_weight, Tensor qkv_bias, Tensor proj_weight, Tensor proj_bias, Tensor? mask=None, bool need_weights=True, "
      "bool average_attn_weights=True, int? mask_type=None) -> (Tensor, Tensor)";
  static std::array<Tensor, 2> compose(const Tensor& query, const Tensor& key, const Tensor& value, int64_t embed_dim,
                                       int64_t num_head, const Tensor& qkv_weight, const Tensor& qkv_bias,
                                       const Tensor& proj_weight, const Tensor& proj_bias, const Tensor& mask,
                                       bool need_weights, bool average_attn_weights, MaskType mask_type) {
    if (query.is_nested()) {
      throw Error(ErrorKind::unsupported, "attention over nested tensors is there for whole encoder layers alone");
    }
    const Attended found =
        attend(query, key, value, embed_dim, num_head, {qkv_weight, qkv_bias, proj_weight, proj_bias}, mask, mask_type);
    if (!need_weights) return {found.out, Tensor()};
    return {found.out, average_attn_weights ? okibi::mean(found.weights, Dims{1}) : found.weights};
  }
};

// --------------------------------------------------------------------------------------------------------- whole
// layers

// What a layer has beside its attention.
struct Layer {
  int64_t embed_dim, num_heads;
  Projections projections;
  bool use_gelu, norm_first;
  double eps;
  const Tensor &norm_weight_1, &norm_bias_1, &norm_weight_2, &norm_bias_2;
  const Tensor &ffn_weight_1, &ffn_bias_1, &ffn_weight_2, &ffn_bias_2;

  Tensor first_norm(const Tensor& x) const {
    return okibi::layer_norm(x, {embed_dim}, norm_weight_1, norm_bias_1, eps);
  }
  Tensor second_norm(const Tensor& x) const {
    return okibi::layer_norm(x, {embed_dim}, norm_weight_2, norm_bias_2, eps);
  }
  Tensor feed_forward(const Tensor& x) const {
    const Tensor wide = okibi::linear(x, ffn_weight_1, ffn_bias_1);
    return okibi::linear(use_gelu ? okibi::gelu(wide) : okibi::relu(wide), ffn_weight_2, ffn_bias_2);
  }
  Tensor operator()(const Tensor& src, const Tensor& mask, MaskType type) const {
    const Tensor in = norm_first ? first_norm(src) : src;
    Tensor x = okibi::add(attend(in, in, in, embed_dim, num_heads, projections, mask, type).out, src);
    if (!norm_first) x = first_norm(x);
    x = okibi::add(feed_forward(norm_first ? second_norm(x) : x), x);
    return norm_first ? x : second_norm(x);
  }
};

// Each sequence by itself: they have different lengths, and no padding that would need a mask.
Tensor each_of(const Tensor& nested, const Layer& layer, const Tensor& mask) {
  if (mask.defined()) throw Error(ErrorKind::bad_argument, "NestedTensor with mask is not supported yet");
  std::vector<Tensor> sequences;
  for (const Tensor& sequence : nested.unbind()) {
    sequences.push_back(layer(sequence.unsqueeze(0), {}, {}).squeeze(0));
  }
  return nested_of(sequences, layer.embed_dim, nested.dtype());
}

struct TransformerEncoderLayer {
  static constexpr std::string_view schema =
      "aten::_transformer_encoder_layer_fwd(Tensor src, int embed_dim, int num_heads, Tensor qkv_weight, Tensor "
      "qkv_bias, "
      "Tensor proj_weight, Tensor proj_bias, bool use_gelu, bool norm_first, float eps, Tensor norm_weight_1, Tensor "
      "norm_bias_1, Tensor norm_weight_2, Tensor norm_bias_2, Tensor ffn_weight_1, Tensor ffn_bias_1, Tensor "
      "ffn_weight_2, Tensor ffn_bias_2, Tensor? mask=None, int? mask_type=None) -> Tensor";
  static Tensor compose(const Tensor& src, int64_t embed_dim, int64_t num_heads, const Tensor& qkv_weight,
                        const Tensor& qkv_bias, const Tensor& proj_weight, const Tensor& proj_bias, bool use_gelu,
                        bool norm_first, double eps, const Tensor& norm_weight_1, const Tensor& norm_bias_1,
                        const Tensor& norm_weight_2, const Tensor& norm_bias_2, const Tensor& ffn_weight_1,
                        const Tensor& ffn_bias_1, const Tensor& ffn_weight_2, const Tensor& ffn_bias_2,
                        const Tensor& mask, MaskType mask_type) {
    const Layer layer{embed_dim,     num_heads,    {qkv_weight, qkv_bias, proj_weight, proj_bias},
                      use_gelu,      norm_first,   eps,
                      norm_weight_1, norm_bias_1,  norm_weight_2,
                      norm_bias_2,   ffn_weight_1, ffn_bias_1,
                      ffn_weight_2,  ffn_bias_2};
    return src.is_nested() ? each_of(src, layer, mask) : layer(src, mask, mask_type);
  }
};

}  // namespace

std::span<const okibi::Op> transformer_ops() {
  static constexpr okibi::Op rows[] = {entry<NativeMultiHeadAttention>(), entry<TransformerEncoderLayer>()};
  return rows;
}

}  // namespace okibi::ops
