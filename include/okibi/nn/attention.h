// okibi/nn/attention.h: attention of several heads, after Vaswani et al. 2017.
//
//   nn::MultiheadAttention attention(64, 8, {.batch_first = true});
//   auto [y, weights] = attention(x, x, x);                                 // x (batch, length, 64)
//   y = attention(x, x, x, {.key_padding_mask = mask, .need_weights = false}).first;
#pragma once

#include <okibi/nn/module.h>

namespace okibi::nn {

struct MultiheadAttentionOptions {
  double dropout = 0;  // of the weights
  bool bias = true;
  bool add_bias_kv = false;    // a key and a value that are learnt, behind those of the input
  bool add_zero_attn = false;  // a key and a value of zeros behind those
  std::optional<int64_t> kdim = {}, vdim = {};  // embed_dim, unless given
  bool batch_first = false;
};

// What one call may say besides query, key and value. Masks are boolean: true where a key is not to be seen; or numbers
// that are added to the scores.
struct AttentionOptions {
  Tensor key_padding_mask = {};  // (batch, keys)
  bool need_weights = true;
  Tensor attn_mask = {};  // (queries, keys) or (batch · heads, queries, keys)
  bool average_attn_weights = true;
  static AttentionOptions from(const Value& value);  // None, or a dict of these names
};

// query (queries, batch, embed_dim), key (keys, batch, kdim), value (keys, batch, vdim), or the batch first, or without
// any batch. Gives (queries, batch, embed_dim) and the weights, after dropout: (batch, queries, keys), the average of the
// heads, or (batch, heads, queries, keys); undefined where none are needed. A query that may see no key gives NaN, as in
// PyTorch.
//
// in_proj_weight, or q_proj_weight, k_proj_weight and v_proj_weight where kdim or vdim differ, begin with
// xavier_uniform_, biases with 0.
class MultiheadAttention : public Module {
 public:
  MultiheadAttention(int64_t embed_dim, int64_t num_heads, const MultiheadAttentionOptions& options = {});
  explicit MultiheadAttention(Unfilled);
  std::pair<Tensor, Tensor> forward(const Tensor& query, const Tensor& key, const Tensor& value,
                                    const AttentionOptions& options) const;
  std::pair<Tensor, Tensor> operator()(const Tensor& query, const Tensor& key, const Tensor& value,
                                       const AttentionOptions& options = {}) const {
    return forward(query, key, value, options);
  }

 private:
  std::pair<Tensor, Tensor> forward_alone(const Tensor& query, const Tensor& key, const Tensor& value,
                                          AttentionOptions options) const;
};

}  // namespace okibi::nn
