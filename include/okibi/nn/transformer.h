// okibi/nn/transformer.h: encoders after Vaswani et al. 2017, as FT-Transformer and its like use them.
//
//   nn::TransformerEncoderLayer layer(64, 8, {.activation = "gelu", .batch_first = true, .norm_first = true});
//   nn::TransformerEncoder encoder(layer, 3);
//   Tensor y = encoder(x);  // (batch, length, 64) → the same
#pragma once

#include <okibi/nn/attention.h>

namespace okibi::nn {

struct TransformerEncoderLayerOptions {
  int64_t dim_feedforward = 2048;
  double dropout = 0.1;
  std::string activation = "relu";  // or "gelu"
  double layer_norm_eps = 1e-5;
  bool batch_first = false;
  bool norm_first = false;  // norms before attention and feed-forward instead of behind
  bool bias = true;
};

// Masks as attention has them (nn/attention.h).
struct EncoderMasks {
  Tensor mask = {};                              // (length, length) or (batch · heads, length, length)
  Tensor src_key_padding_mask = {};              // (batch, length)
  static EncoderMasks from(const Value& value);  // None, or a dict of these names
};

// Attention of x to itself, then two Linears with an activation between; each is added to what went in, and normalised.
// x (length, batch, d_model), or the batch first, or without any batch; gives the same sizes.
class TransformerEncoderLayer : public Module {
 public:
  // A d_model that nhead does not divide, or another activation, is Error(bad_argument).
  TransformerEncoderLayer(int64_t d_model, int64_t nhead, const TransformerEncoderLayerOptions& options = {});
  explicit TransformerEncoderLayer(Unfilled);
  Tensor forward(const Tensor& x, const EncoderMasks& masks) const;
  Tensor operator()(const Tensor& x, const EncoderMasks& masks = {}) const { return forward(x, masks); }
  // One like it, with its numbers in tensors of its own. Draws nothing from the default generator.
  TransformerEncoderLayer copy() const;

 private:
  Tensor attended(const Tensor& x, const EncoderMasks& masks) const;
  Tensor fed_forward(const Tensor& x) const;
};

// Copies of one layer, one after the other; all begin with its numbers. `norm`, if any, comes last.
class TransformerEncoder : public Module {
 public:
  TransformerEncoder(const TransformerEncoderLayer& layer, int64_t num_layers,
                     const std::optional<AnyModule>& norm = {});
  explicit TransformerEncoder(Unfilled);
  Tensor forward(const Tensor& x, const EncoderMasks& masks) const;
  Tensor operator()(const Tensor& x, const EncoderMasks& masks = {}) const { return forward(x, masks); }
};

}  // namespace okibi::nn
