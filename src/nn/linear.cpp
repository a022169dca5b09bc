#include "nn/initial.h"
#include "nn/module_state.h"

namespace okibi::nn {
namespace {

constexpr const char* linear_class = "torch.nn.modules.linear.Linear";
constexpr const char* bilinear_class = "torch.nn.modules.linear.Bilinear";

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

// ---- of two inputs

Bilinear::Bilinear(int64_t in1_features, int64_t in2_features, int64_t out_features, LinearOptions options)
    : Module(bilinear_class) {
  const double bound = bias_bound(in1_features);
  register_parameter("weight", uniform({out_features, in1_features, in2_features}, bound));
  register_parameter("bias", options.bias ? uniform({out_features}, bound) : Tensor());
  set_layer_attributes({in1_features, in2_features, out_features});
}

Bilinear::Bilinear(Unfilled) : Module(bilinear_class) {
  register_parameter("weight", {});
  register_parameter("bias", {});
  set_layer_attributes({0, 0, 0});
}

}  // namespace okibi::nn
