#include <fmt/format.h>

#include "nn/module_state.h"

namespace okibi::nn {
namespace {

Value optional_dim(std::optional<int64_t> dim) { return dim ? Value(*dim) : Value(); }

int64_t dim_for(const Value& dim, const Tensor& x) {
  if (!dim.is_none()) return dim.to_int();
  return x.dim() == 0 || x.dim() == 1 || x.dim() == 3 ? 0 : 1;
}

}  // namespace

ReLU::ReLU(bool inplace) : Module("torch.nn.modules.activation.ReLU") { set_layer_attributes({inplace}); }

ReLU6::ReLU6(bool inplace) : Module("torch.nn.modules.activation.ReLU6") { set_layer_attributes({0.0, 6.0, inplace}); }
Tensor ReLU6::forward(const Tensor& x) const {
  return hardtanh(x, attribute(0).to_double(), attribute(1).to_double());
}

LeakyReLU::LeakyReLU(double negative_slope, bool inplace) : Module("torch.nn.modules.activation.LeakyReLU") {
  set_layer_attributes({negative_slope, inplace});
}

ELU::ELU(double alpha, bool inplace) : Module("torch.nn.modules.activation.ELU") {
  set_layer_attributes({alpha, inplace});
}

SELU::SELU(bool inplace) : Module("torch.nn.modules.activation.SELU") { set_layer_attributes({inplace}); }

CELU::CELU(double alpha, bool inplace) : Module("torch.nn.modules.activation.CELU") {
  set_layer_attributes({alpha, inplace});
}

GELU::GELU(std::string_view approximate) : Module("torch.nn.modules.activation.GELU") {
  set_layer_attributes({approximate});
}

SiLU::SiLU(bool inplace) : Module("torch.nn.modules.activation.SiLU") { set_layer_attributes({inplace}); }

Mish::Mish(bool inplace) : Module("torch.nn.modules.activation.Mish") { set_layer_attributes({inplace}); }

Sigmoid::Sigmoid() : Module("torch.nn.modules.activation.Sigmoid") {}

Tanh::Tanh() : Module("torch.nn.modules.activation.Tanh") {}

Hardsigmoid::Hardsigmoid(bool inplace) : Module("torch.nn.modules.activation.Hardsigmoid") {
  set_layer_attributes({inplace});
}

Hardswish::Hardswish(bool inplace) : Module("torch.nn.modules.activation.Hardswish") {
  set_layer_attributes({inplace});
}

Hardtanh::Hardtanh(double min_val, double max_val, bool inplace) : Module("torch.nn.modules.activation.Hardtanh") {
  if (!(max_val > min_val)) {
    throw Error(ErrorKind::bad_argument, "Hardtanh: max_val must be larger than min_val")
        .found(fmt::format("min_val={}, max_val={}", min_val, max_val));
  }
  set_layer_attributes({min_val, max_val, inplace});
}

Softplus::Softplus(double beta, double threshold) : Module("torch.nn.modules.activation.Softplus") {
  set_layer_attributes({beta, threshold});
}

Softsign::Softsign() : Module("torch.nn.modules.activation.Softsign") {}

LogSigmoid::LogSigmoid() : Module("torch.nn.modules.activation.LogSigmoid") {}

Softmax::Softmax(std::optional<int64_t> dim) : Module("torch.nn.modules.activation.Softmax") {
  set_layer_attributes({optional_dim(dim)});
}
Tensor Softmax::forward(const Tensor& x) const { return softmax(x, dim_for(attribute(0), x)); }

LogSoftmax::LogSoftmax(std::optional<int64_t> dim) : Module("torch.nn.modules.activation.LogSoftmax") {
  set_layer_attributes({optional_dim(dim)});
}
Tensor LogSoftmax::forward(const Tensor& x) const { return log_softmax(x, dim_for(attribute(0), x)); }

PReLU::PReLU(int64_t num_parameters, double init) : Module("torch.nn.modules.activation.PReLU") {
  register_parameter("weight", full({num_parameters}, init));
  set_layer_attributes({num_parameters, init});
}

}  // namespace okibi::nn
