#include <fmt/format.h>

#include "nn/module_state.h"

namespace okibi::nn {
namespace {

Value optional_number(std::optional<double> number) { return number ? Value(*number) : Value(); }

std::string size_text(const Dims& sizes) { return fmt::format("torch.Size({})", to_string(sizes)); }

Tensor ones_if(bool wanted, const Dims& sizes) { return wanted ? ones(sizes) : Tensor(); }
Tensor zeros_if(bool wanted, const Dims& sizes) { return wanted ? zeros(sizes) : Tensor(); }

// In PyTorch's words.
void check_values_per_channel(const Tensor& x, int64_t values) {
  if (values != 1) return;
  throw Error(
      ErrorKind::bad_argument,
      fmt::format("Expected more than 1 value per channel when training, got input size {}", size_text(x.sizes())));
}

void check_dims(const std::string& python_class, const Tensor& x) {
  const bool is_two = python_class.ends_with("2d");
  if (is_two ? x.dim() == 4 : x.dim() == 2 || x.dim() == 3) return;
  throw Error(ErrorKind::bad_argument,
              fmt::format("expected {} input (got {}D input)", is_two ? "4D" : "2D or 3D", x.dim()));
}

}  // namespace

// ---- batches

BatchNorm::BatchNorm(std::string python_class, int64_t num_features, const BatchNormOptions& options)
    : Module(std::move(python_class)) {
  register_parameter("weight", ones_if(options.affine, {num_features}));
  register_parameter("bias", zeros_if(options.affine && options.bias, {num_features}));
  register_buffer("running_mean", zeros_if(options.track_running_stats, {num_features}));
  register_buffer("running_var", ones_if(options.track_running_stats, {num_features}));
  register_buffer("num_batches_tracked", options.track_running_stats ? zeros({}, {int64}) : Tensor());
  set_layer_attributes(
      {num_features, options.eps, optional_number(options.momentum), options.affine, options.track_running_stats});
}

// Counts the batch. Without a momentum each batch so far weighs the same.
double BatchNorm::next_momentum() const {
  const Value& momentum = attribute(2);
  if (!is_training() || !attribute(4).to_bool() || !num_batches_tracked().defined()) {
    return momentum.is_none() ? 0 : momentum.to_double();
  }
  const Tensor& batches = num_batches_tracked();
  batches.fill_(static_cast<double>(batches.item<int64_t>() + 1));
  return momentum.is_none() ? 1 / batches.item<double>() : momentum.to_double();
}

Tensor BatchNorm::forward(const Tensor& x) const {
  check_dims(python_class(), x);
  const bool by_batch = is_training() || (!running_mean().defined() && !running_var().defined());
  if (by_batch) check_values_per_channel(x, x.size(1) == 0 ? 0 : x.numel() / x.size(1));
  const double momentum = next_momentum();
  const bool tracks = !is_training() || attribute(4).to_bool();
  return batch_norm(x, tracks ? running_mean() : Tensor(), tracks ? running_var() : Tensor(), weight(), bias(),
                    by_batch, momentum, attribute(1).to_double());
}

BatchNorm1d::BatchNorm1d(int64_t num_features, const BatchNormOptions& options)
    : BatchNorm("torch.nn.modules.batchnorm.BatchNorm1d", num_features, options) {}

BatchNorm2d::BatchNorm2d(int64_t num_features, const BatchNormOptions& options)
    : BatchNorm("torch.nn.modules.batchnorm.BatchNorm2d", num_features, options) {}

// ---- samples

LayerNorm::LayerNorm(const Dims& normalized_shape, const LayerNormOptions& options)
    : Module("torch.nn.modules.normalization.LayerNorm") {
  register_parameter("weight", ones_if(options.elementwise_affine, normalized_shape));
  register_parameter("bias", zeros_if(options.elementwise_affine && options.bias, normalized_shape));
  set_layer_attributes({as_tuple(normalized_shape), options.eps, options.elementwise_affine});
}

Tensor LayerNorm::forward(const Tensor& x) const {
  return layer_norm(x, dims_of(attribute(0)), weight(), bias(), attribute(1).to_double());
}

RMSNorm::RMSNorm(const Dims& normalized_shape, const RMSNormOptions& options)
    : Module("torch.nn.modules.normalization.RMSNorm") {
  register_parameter("weight", ones_if(options.elementwise_affine, normalized_shape));
  set_layer_attributes({as_tuple(normalized_shape), optional_number(options.eps), options.elementwise_affine});
}

Tensor RMSNorm::forward(const Tensor& x) const {
  const Value& eps = attribute(1);
  return rms_norm(x, dims_of(attribute(0)), weight(), eps.is_none() ? std::optional<double>() : eps.to_double());
}

GroupNorm::GroupNorm(int64_t num_groups, int64_t num_channels, const GroupNormOptions& options)
    : Module("torch.nn.modules.normalization.GroupNorm") {
  if (num_groups <= 0 || num_channels % num_groups != 0) {
    throw Error(ErrorKind::bad_argument, "num_channels must be divisible by num_groups")
        .found(fmt::format("num_channels={}, num_groups={}", num_channels, num_groups));
  }
  register_parameter("weight", ones_if(options.affine, {num_channels}));
  register_parameter("bias", zeros_if(options.affine && options.bias, {num_channels}));
  set_layer_attributes({num_groups, num_channels, options.eps, options.affine});
}

Tensor GroupNorm::forward(const Tensor& x) const {
  const int64_t groups = attribute(0).to_int();
  if (x.dim() >= 2 && groups > 0) check_values_per_channel(x, x.numel() / groups);
  return group_norm(x, groups, weight(), bias(), attribute(2).to_double());
}

}  // namespace okibi::nn
