#include <cmath>

#include "nn/module_state.h"

namespace okibi::nn {
namespace {

constexpr const char* linear_class = "torch.nn.modules.linear.Linear";

// kaiming_uniform_(a = sqrt(5)), He et al. 2015, in double and in PyTorch's order of operations: the bits depend on it.
double weight_bound(int64_t fan_in) {
  const double a = std::sqrt(5.0);
  const double gain = std::sqrt(2.0 / (1 + a * a));
  return std::sqrt(3.0) * (gain / std::sqrt(static_cast<double>(fan_in)));
}

double bias_bound(int64_t fan_in) { return fan_in > 0 ? 1 / std::sqrt(static_cast<double>(fan_in)) : 0; }

Tensor uniform(Dims sizes, double bound) {
  const Tensor tensor = empty(std::move(sizes));
  if (tensor.numel() > 0) uniform_(tensor, -bound, bound);
  return tensor;
}

const Tensor& checked_weight(const Tensor& weight, const Tensor& bias) {
  if (weight.dim() != 2) {
    throw Error(ErrorKind::bad_argument, "the weight of Linear has the sizes (out_features, in_features)")
        .found(to_string(weight.sizes()));
  }
  if (bias.defined() && bias.sizes() != Dims{weight.size(0)}) {
    throw Error(ErrorKind::bad_argument, "the bias of Linear has one number for each row of the weight")
        .expected(to_string(Dims{weight.size(0)}))
        .found(to_string(bias.sizes()));
  }
  return weight;
}

}  // namespace

Linear::Linear(int64_t in_features, int64_t out_features, LinearOptions options) : Module(linear_class) {
  const Tensor weight = uniform({out_features, in_features}, weight_bound(in_features));  // drawn before the bias
  register_tensors(weight, options.bias ? uniform({out_features}, bias_bound(in_features)) : Tensor());
}

Linear::Linear(const Tensor& weight, const Tensor& bias) : Module(linear_class) {
  register_tensors(checked_weight(weight, bias).detach(), bias.defined() ? bias.detach() : bias);
}

void Linear::register_tensors(const Tensor& weight, const Tensor& bias) {
  register_parameter("weight", weight);
  register_parameter("bias", bias);
  set_layer_attributes({weight.size(1), weight.size(0)});
}

Tensor Linear::forward(const Tensor& x) const { return linear(x, weight(), bias()); }

}  // namespace okibi::nn
