#include <array>

#include "nn/module_state.h"

namespace okibi::nn {
namespace {

constexpr std::array reduction_names = {"none", "mean", "sum"};

const char* name_of(Reduction reduction) { return reduction_names.at(static_cast<size_t>(reduction)); }

Reduction reduction_named(const Value& value) {
  const std::string& name = value.to_string();
  for (size_t i = 0; i < reduction_names.size(); ++i) {
    if (name == reduction_names[i]) return static_cast<Reduction>(i);
  }
  throw Error(ErrorKind::bad_argument, "a loss has the reduction none, mean or sum").found(name);
}

}  // namespace

BCEWithLogitsLoss::BCEWithLogitsLoss(Reduction reduction) : Module("torch.nn.modules.loss.BCEWithLogitsLoss") {
  register_buffer("weight", {});
  register_buffer("pos_weight", {});
  set_layer_attributes({name_of(reduction)});
}

Tensor BCEWithLogitsLoss::forward(const Tensor& input, const Tensor& target) const {
  for (const size_t i : {0, 1}) {
    if (buffer(i).defined()) throw Error(ErrorKind::unsupported, "BCEWithLogitsLoss has no weights yet");
  }
  return binary_cross_entropy_with_logits(input, target, reduction_named(attribute(0)));
}

MSELoss::MSELoss(Reduction reduction) : Module("torch.nn.modules.loss.MSELoss") {
  set_layer_attributes({name_of(reduction)});
}

Tensor MSELoss::forward(const Tensor& input, const Tensor& target) const {
  return mse_loss(input, target, reduction_named(attribute(0)));
}

}  // namespace okibi::nn
