#include <fmt/format.h>

#include <array>

#include "nn/module_state.h"

namespace okibi::nn {
namespace {

constexpr std::array reduction_names = {"none", "mean", "sum", "batchmean"};  // in the order of Reduction

const char* name_of(Reduction reduction) { return reduction_names.at(static_cast<size_t>(reduction)); }

Reduction reduction_named(const Value& value) {
  const std::string& name = value.to_string();
  for (size_t i = 0; i < reduction_names.size(); ++i) {
    if (name == reduction_names[i]) return static_cast<Reduction>(i);
  }
  throw Error(ErrorKind::bad_argument, fmt::format("{} is not a valid value for reduction", name))
      .expected("none, mean or sum, and for KLDivLoss batchmean");
}

}  // namespace

MSELoss::MSELoss(Reduction reduction) : Module("torch.nn.modules.loss.MSELoss") {
  set_layer_attributes({name_of(reduction)});
}
Tensor MSELoss::forward(const Tensor& input, const Tensor& target) const {
  return mse_loss(input, target, reduction_named(attribute(0)));
}

L1Loss::L1Loss(Reduction reduction) : Module("torch.nn.modules.loss.L1Loss") {
  set_layer_attributes({name_of(reduction)});
}
Tensor L1Loss::forward(const Tensor& input, const Tensor& target) const {
  return l1_loss(input, target, reduction_named(attribute(0)));
}

SmoothL1Loss::SmoothL1Loss(Reduction reduction, double beta) : Module("torch.nn.modules.loss.SmoothL1Loss") {
  set_layer_attributes({name_of(reduction), beta});
}
Tensor SmoothL1Loss::forward(const Tensor& input, const Tensor& target) const {
  return smooth_l1_loss(input, target, reduction_named(attribute(0)), attribute(1).to_double());
}

HuberLoss::HuberLoss(Reduction reduction, double delta) : Module("torch.nn.modules.loss.HuberLoss") {
  set_layer_attributes({name_of(reduction), delta});
}
Tensor HuberLoss::forward(const Tensor& input, const Tensor& target) const {
  return huber_loss(input, target, reduction_named(attribute(0)), attribute(1).to_double());
}

BCELoss::BCELoss(Reduction reduction, const Tensor& weight) : Module("torch.nn.modules.loss.BCELoss") {
  register_buffer("weight", weight);
  set_layer_attributes({name_of(reduction)});
}
Tensor BCELoss::forward(const Tensor& input, const Tensor& target) const {
  return binary_cross_entropy(input, target, reduction_named(attribute(0)), buffer(0));
}

BCEWithLogitsLoss::BCEWithLogitsLoss(Reduction reduction, const Tensor& weight, const Tensor& pos_weight)
    : Module("torch.nn.modules.loss.BCEWithLogitsLoss") {
  register_buffer("weight", weight);
  register_buffer("pos_weight", pos_weight);
  set_layer_attributes({name_of(reduction)});
}
Tensor BCEWithLogitsLoss::forward(const Tensor& input, const Tensor& target) const {
  return binary_cross_entropy_with_logits(input, target, reduction_named(attribute(0)), buffer(0), buffer(1));
}

CrossEntropyLoss::CrossEntropyLoss(const CrossEntropyLossOptions& options)
    : Module("torch.nn.modules.loss.CrossEntropyLoss") {
  register_buffer("weight", options.weight);
  set_layer_attributes({name_of(options.reduction), options.ignore_index, options.label_smoothing});
}
Tensor CrossEntropyLoss::forward(const Tensor& input, const Tensor& target) const {
  return cross_entropy(input, target, reduction_named(attribute(0)), buffer(0), attribute(1).to_int(),
                       attribute(2).to_double());
}

NLLLoss::NLLLoss(const NLLLossOptions& options) : Module("torch.nn.modules.loss.NLLLoss") {
  register_buffer("weight", options.weight);
  set_layer_attributes({name_of(options.reduction), options.ignore_index});
}
Tensor NLLLoss::forward(const Tensor& input, const Tensor& target) const {
  return nll_loss(input, target, reduction_named(attribute(0)), buffer(0), attribute(1).to_int());
}

KLDivLoss::KLDivLoss(Reduction reduction, bool log_target) : Module("torch.nn.modules.loss.KLDivLoss") {
  set_layer_attributes({name_of(reduction), log_target});
}
Tensor KLDivLoss::forward(const Tensor& input, const Tensor& target) const {
  return kl_div(input, target, reduction_named(attribute(0)), attribute(1).to_bool());
}

CosineEmbeddingLoss::CosineEmbeddingLoss(double margin, Reduction reduction)
    : Module("torch.nn.modules.loss.CosineEmbeddingLoss") {
  set_layer_attributes({name_of(reduction), margin});
}
Tensor CosineEmbeddingLoss::forward(const Tensor& a, const Tensor& b, const Tensor& target) const {
  return cosine_embedding_loss(a, b, target, attribute(1).to_double(), reduction_named(attribute(0)));
}

TripletMarginLoss::TripletMarginLoss(const TripletMarginLossOptions& options)
    : Module("torch.nn.modules.loss.TripletMarginLoss") {
  if (!(options.margin > 0)) {
    throw Error(ErrorKind::bad_argument,
                fmt::format("TripletMarginLoss: expected margin to be greater than 0, got {} instead", options.margin));
  }
  set_layer_attributes({name_of(options.reduction), options.margin, options.p, options.eps, options.swap});
}
Tensor TripletMarginLoss::forward(const Tensor& anchor, const Tensor& positive, const Tensor& negative) const {
  return triplet_margin_loss(anchor, positive, negative, attribute(1).to_double(), attribute(2).to_double(),
                             attribute(3).to_double(), attribute(4).to_bool(), reduction_named(attribute(0)));
}

}  // namespace okibi::nn
