#include <fmt/format.h>

#include "nn/module_state.h"

namespace okibi::nn {
namespace {

double checked_probability(double p) {
  if (p >= 0 && p <= 1) return p;
  throw Error(ErrorKind::bad_argument, fmt::format("dropout probability has to be between 0 and 1, but got {}", p));
}

}  // namespace

Dropout::Dropout(double p, bool inplace) : Module("torch.nn.modules.dropout.Dropout") {
  set_layer_attributes({checked_probability(p), inplace});
}

Dropout1d::Dropout1d(double p, bool inplace) : Module("torch.nn.modules.dropout.Dropout1d") {
  set_layer_attributes({checked_probability(p), inplace});
}

Tensor Dropout1d::forward(const Tensor& x) const {
  const double p = attribute(0).to_double();
  if (x.dim() == 2) return feature_dropout(x.unsqueeze(0), p, is_training()).squeeze(0);
  if (x.dim() == 3) return feature_dropout(x, p, is_training());
  throw Error(ErrorKind::bad_argument,
              fmt::format("dropout1d: Expected 2D or 3D input, but received a {}D input.", x.dim()));
}

Dropout2d::Dropout2d(double p, bool inplace) : Module("torch.nn.modules.dropout.Dropout2d") {
  set_layer_attributes({checked_probability(p), inplace});
}

AlphaDropout::AlphaDropout(double p, bool inplace) : Module("torch.nn.modules.dropout.AlphaDropout") {
  set_layer_attributes({checked_probability(p), inplace});
}

EmbeddingDropout::EmbeddingDropout() : Module("fastai.text.models.awdlstm.EmbeddingDropout") {
  set_layer_attributes({0.0});
}

EmbeddingDropout::EmbeddingDropout(const Embedding& embedding, double p) : EmbeddingDropout() {
  set_layer_attributes({checked_probability(p)});
  register_module("emb", embedding);
}

// A row's number multiplies what was looked up in it, which is what a table of multiplied rows would give.
Tensor EmbeddingDropout::forward(const Tensor& indices) const {
  if (children().empty()) throw Error(ErrorKind::bad_argument, "the EmbeddingDropout has no embedding");
  const auto embedding = children()[0].second.as<Embedding>();
  const double p = attribute(0).to_double();
  const Tensor rows = embedding(indices);
  if (!is_training() || p == 0) return rows;
  const Tensor& table = embedding.weight();
  const Tensor noise = dropout(ones({table.size(0)}, {table.dtype()}), p, true);
  Dims sizes = indices.sizes();
  sizes.push_back(1);
  return rows * index_select(noise, 0, indices.flatten()).view(sizes);
}

}  // namespace okibi::nn
