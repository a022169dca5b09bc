#include <fmt/format.h>

#include <cmath>
#include <limits>

#include "nn/initial.h"
#include "nn/module_state.h"

namespace okibi::nn {
namespace {

constexpr const char* attention_class = "torch.nn.modules.activation.MultiheadAttention";
constexpr const char* projection_class = "torch.nn.modules.linear.NonDynamicallyQuantizableLinear";

// Where each attribute stands in the row of src/nn/layer_table.cpp.
enum Place : size_t { embed_place = 0, same_place = 3, heads_place, dropout_place, batch_first_place, zeros_place = 8 };

// (1, 1, embed_dim), xavier_normal_: of a tensor of three dimensions both fans are the last one's.
Tensor initial_bias(int64_t embed_dim) {
  const Tensor bias = empty({1, 1, embed_dim});
  return normal_(bias, 0, std::sqrt(2.0 / static_cast<double>(2 * embed_dim)));
}

Linear output_projection(int64_t embed_dim, bool bias) {
  Linear linear(embed_dim, embed_dim, {.bias = bias});
  linear.set_python_class(projection_class);
  return linear;
}

// What is projected to queries, keys and values: three weights, or the rows of one.
struct Projection {
  Tensor weight, bias;
};
Projection projection(const Module& module, int64_t which, int64_t embed_dim) {
  const Tensor bias = parameter_named(module, "in_proj_bias"), all = parameter_named(module, "in_proj_weight");
  const int64_t begin = which * embed_dim;
  constexpr std::array names = {"q_proj_weight", "k_proj_weight", "v_proj_weight"};
  return {
      all.defined() ? all.narrow(0, begin, embed_dim) : parameter_named(module, names.at(static_cast<size_t>(which))),
      bias.defined() ? bias.narrow(0, begin, embed_dim) : bias};
}

std::array<Tensor, 3> projected(const Module& module, const std::array<Tensor, 3>& inputs, int64_t embed_dim) {
  const Tensor all = parameter_named(module, "in_proj_weight");
  if (all.defined() && inputs[0].is_same(inputs[1]) && inputs[1].is_same(inputs[2])) {  // one product for all three
    const auto parts = chunk(linear(inputs[0], all, parameter_named(module, "in_proj_bias")), 3, -1);
    if (parts.size() == 3) return {parts[0], parts[1], parts[2]};
  }
  std::array<Tensor, 3> outputs;
  for (size_t i = 0; i < 3; ++i) {
    const Projection p = projection(module, static_cast<int64_t>(i), embed_dim);
    outputs[i] = linear(inputs[i], p.weight, p.bias);
  }
  return outputs;
}

// (length, batch, embed) or (batch, length, embed) → (batch, heads, length, embed / heads), a view
Tensor by_heads(const Tensor& x, int64_t heads, bool batch_first) {
  return x.view({x.size(0), x.size(1), heads, x.size(2) / heads})
      .permute(batch_first ? Dims{0, 2, 1, 3} : Dims{1, 2, 0, 3});
}
// … and back, the length first
Tensor joined_heads(const Tensor& x) {
  const Tensor lines = x.permute({2, 0, 1, 3});
  return lines.reshape({lines.size(0), lines.size(1), x.size(1) * x.size(3)});
}

// One more key for each batch and head, at the end.
Tensor with_one_more(const Tensor& keys, const Tensor& one) {
  Dims sizes = keys.sizes();
  sizes[2] = 1;
  return cat({keys, one.expand(sizes)}, 2);
}

// A mask as wide as the scores, which may have got more keys: those may be seen.
Tensor widened(const Tensor& mask, int64_t keys) {
  if (mask.size(-1) >= keys) return mask;
  Dims sizes = mask.sizes();
  sizes[sizes.size() - 1] = keys - mask.size(-1);
  return cat({mask, zeros(sizes, {mask.dtype()})}, -1);
}

Tensor masked(const Tensor& scores, const Tensor& mask) {
  if (mask.dtype() == boolean) return masked_fill(scores, mask, -std::numeric_limits<double>::infinity());
  return scores + mask;
}

[[noreturn]] void throw_mask(const char* what, const Tensor& mask, std::string expected) {
  throw Error(ErrorKind::bad_argument, fmt::format("{} has the wrong sizes", what))
      .expected(std::move(expected))
      .found(to_string(mask.sizes()));
}

// scores (batch, heads, queries, keys); the masks know nothing of keys that were added.
Tensor with_masks(Tensor scores, const AttentionOptions& options, int64_t keys_given) {
  const int64_t batch = scores.size(0), heads = scores.size(1), queries = scores.size(2), keys = scores.size(3);
  if (const Tensor& mask = options.attn_mask; mask.defined()) {
    const Dims one{queries, keys_given}, each{batch * heads, queries, keys_given};
    if (mask.sizes() != one && mask.sizes() != each)
      throw_mask("attn_mask", mask, to_string(one) + " or " + to_string(each));
    const Tensor wide = widened(mask, keys);
    scores = masked(scores, mask.dim() == 2 ? wide : wide.view({batch, heads, queries, keys}));
  }
  if (const Tensor& mask = options.key_padding_mask; mask.defined()) {
    if (mask.sizes() != Dims{batch, keys_given})
      throw_mask("key_padding_mask", mask, to_string(Dims{batch, keys_given}));
    scores = masked(scores, widened(mask, keys).view({batch, 1, 1, keys}));
  }
  return scores;
}

void check_inputs(const Tensor& query, const Tensor& key, const Tensor& value, int64_t embed_dim) {
  const bool fits = (query.dim() == 2 || query.dim() == 3) && key.dim() == query.dim() && value.dim() == query.dim() &&
                    query.size(-1) == embed_dim;
  if (fits) return;
  throw Error(ErrorKind::bad_argument,
              "MultiheadAttention takes a query, a key and a value, all with a batch or all "
              "without")
      .expected(fmt::format("a query (length, batch, {0}) or (length, {0})", embed_dim))
      .found(fmt::format("{}, {} and {}", to_string(query.sizes()), to_string(key.sizes()), to_string(value.sizes())));
}

}  // namespace

AttentionOptions AttentionOptions::from(const Value& value) {
  AttentionOptions options;
  if (value.is_none()) return options;
  for (const auto& [name, item] : value.to_dict()) {
    const std::string& word = name.to_string();
    if (word == "key_padding_mask")
      options.key_padding_mask = item.is_none() ? Tensor() : item.to_tensor();
    else if (word == "attn_mask")
      options.attn_mask = item.is_none() ? Tensor() : item.to_tensor();
    else if (word == "need_weights")
      options.need_weights = item.to_bool();
    else if (word == "average_attn_weights")
      options.average_attn_weights = item.to_bool();
    else
      throw Error(ErrorKind::bad_argument, "MultiheadAttention has no such option").found(word);
  }
  return options;
}

MultiheadAttention::MultiheadAttention(int64_t embed_dim, int64_t num_heads, const MultiheadAttentionOptions& options)
    : Module(attention_class) {
  if (embed_dim <= 0 || num_heads <= 0 || embed_dim % num_heads != 0) {
    throw Error(ErrorKind::bad_argument, "embed_dim must be divisible by num_heads, and both greater than 0")
        .found(fmt::format("embed_dim={} and num_heads={}", embed_dim, num_heads));
  }
  const int64_t kdim = options.kdim.value_or(embed_dim), vdim = options.vdim.value_or(embed_dim);
  const bool same = kdim == embed_dim && vdim == embed_dim;
  const Linear out = output_projection(embed_dim, options.bias);  // drawn before all others
  if (options.bias) out.bias().detach().zero_();
  register_parameter("in_proj_weight", same ? xavier_uniform(3 * embed_dim, embed_dim) : Tensor());
  register_parameter("q_proj_weight", same ? Tensor() : xavier_uniform(embed_dim, embed_dim));
  register_parameter("k_proj_weight", same ? Tensor() : xavier_uniform(embed_dim, kdim));
  register_parameter("v_proj_weight", same ? Tensor() : xavier_uniform(embed_dim, vdim));
  register_parameter("in_proj_bias", options.bias ? zeros({3 * embed_dim}) : Tensor());
  register_module("out_proj", out);
  if (options.add_bias_kv) {
    register_parameter("bias_k", initial_bias(embed_dim));
    register_parameter("bias_v", initial_bias(embed_dim));
  }
  set_layer_attributes({embed_dim, kdim, vdim, same, num_heads, options.dropout, options.batch_first,
                        embed_dim / num_heads, options.add_zero_attn, nullptr, nullptr});
  ModuleAccess::drop_attributes_that_are_registered(*this);
}

MultiheadAttention::MultiheadAttention(Unfilled) : Module(attention_class) {
  set_layer_attributes({0, 0, 0, true, 1, 0.0, false, 0, false, nullptr, nullptr});
}

std::pair<Tensor, Tensor> MultiheadAttention::forward(const Tensor& query, const Tensor& key, const Tensor& value,
                                                      const AttentionOptions& options) const {
  const int64_t embed_dim = attribute(embed_place).to_int(), heads = attribute(heads_place).to_int();
  const bool batch_first = attribute(batch_first_place).to_bool();
  check_inputs(query, key, value, embed_dim);
  if (heads < 1 || embed_dim % heads != 0 || children().empty())
    throw Error(ErrorKind::bad_argument, "this MultiheadAttention has no heads, or no out_proj");
  if (query.dim() == 2) return forward_alone(query, key, value, options);

  auto [q, k, v] = projected(*this, {query, key, value}, embed_dim);
  q = by_heads(q, heads, batch_first);  // (batch, heads, queries, head)
  k = by_heads(k, heads, batch_first);  // (batch, heads, keys, head)
  v = by_heads(v, heads, batch_first);
  const int64_t keys = k.size(2), head = embed_dim / heads;
  if (const Tensor bias_k = parameter_named(*this, "bias_k"); bias_k.defined()) {
    k = with_one_more(k, bias_k.view({1, heads, 1, head}));
    v = with_one_more(v, parameter_named(*this, "bias_v").view({1, heads, 1, head}));
  }
  if (attribute(zeros_place).to_bool()) {
    const Tensor nothing = zeros({1, 1, 1, 1}, {k.dtype()});
    k = with_one_more(k, nothing);
    v = with_one_more(v, nothing);
  }
  const Tensor scaled = q * std::sqrt(1 / static_cast<double>(head));
  const Tensor scores = with_masks(matmul(scaled, k.transpose(2, 3)), options, keys);
  const Tensor weights = dropout(softmax(scores, -1), attribute(dropout_place).to_double(), is_training());
  // As PyTorch does, a view of what lies with the length first, so that dropout behind it draws for the same elements.
  const Tensor lines = children().front().second(joined_heads(matmul(weights, v)));
  const Tensor y = batch_first ? lines.transpose(0, 1) : lines;
  if (!options.need_weights) return {y, {}};
  if (!options.average_attn_weights) return {y, weights};
  return {y, sum(weights, 1) * (1 / static_cast<double>(heads))};
}

// Without a batch it is a batch of one.
std::pair<Tensor, Tensor> MultiheadAttention::forward_alone(const Tensor& query, const Tensor& key, const Tensor& value,
                                                            AttentionOptions options) const {
  const int64_t at = attribute(batch_first_place).to_bool() ? 0 : 1;
  if (options.key_padding_mask.defined()) options.key_padding_mask = options.key_padding_mask.unsqueeze(0);
  const Tensor q = query.unsqueeze(at), k = key.is_same(query) ? q : key.unsqueeze(at);
  const auto [y, weights] = forward(q, k, value.is_same(key) ? k : value.unsqueeze(at), options);
  return {y.squeeze(at), weights.defined() ? weights.squeeze(0) : weights};
}

}  // namespace okibi::nn
