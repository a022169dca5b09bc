// Layers without parameters: activations, dropout, losses.
#include <fmt/format.h>

#include "nn/module_state.h"

namespace okibi::nn {
namespace {

double checked_probability(double p) {
  if (p >= 0 && p <= 1) return p;
  throw Error(ErrorKind::bad_argument, fmt::format("dropout probability has to be between 0 and 1, but got {}", p));
}

const char* reduction_name(Reduction reduction) {
  constexpr const char* names[] = {"none", "mean", "sum"};
  return names[static_cast<size_t>(reduction)];
}

}  // namespace

ReLU::ReLU() : Module("torch.nn.modules.activation.ReLU") { set_layer_attributes({false}); }

Sigmoid::Sigmoid() : Module("torch.nn.modules.activation.Sigmoid") {}

Dropout::Dropout(double p) : Module("torch.nn.modules.dropout.Dropout"), p_(checked_probability(p)) {
  set_layer_attributes({p, false});
}

BCEWithLogitsLoss::BCEWithLogitsLoss(Reduction reduction)
    : Module("torch.nn.modules.loss.BCEWithLogitsLoss"), reduction_(reduction) {
  register_buffer("weight", {});
  register_buffer("pos_weight", {});
  set_layer_attributes({reduction_name(reduction)});
}

Tensor BCEWithLogitsLoss::forward(const Tensor& input, const Tensor& target) const {
  return binary_cross_entropy_with_logits(input, target, reduction_);
}

MSELoss::MSELoss(Reduction reduction) : Module("torch.nn.modules.loss.MSELoss"), reduction_(reduction) {
  set_layer_attributes({reduction_name(reduction)});
}

Tensor MSELoss::forward(const Tensor& input, const Tensor& target) const { return mse_loss(input, target, reduction_); }

}  // namespace okibi::nn
