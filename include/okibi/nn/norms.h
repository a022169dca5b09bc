// okibi/nn/norms.h: layers that keep numbers near mean 0 and variance 1.
#pragma once

#include <okibi/nn/module.h>

namespace okibi::nn {

struct BatchNormOptions {
  double eps = 1e-5;
  std::optional<double> momentum = 0.1;  // none: the mean over all batches
  bool affine = true;                    // has a weight and, with `bias`, a bias, which learn
  bool track_running_stats = true;
  bool bias = true;
};

// What BatchNorm1d and BatchNorm2d have in common. Training normalises each channel by the mean and the (biased) variance
// of the batch, and moves running_mean and running_var (unbiased) towards them; eval mode normalises by these. A batch of
// one number for each channel is Error(bad_argument) in training.
class BatchNorm : public Module {
 public:
  Tensor forward(const Tensor& x) const;
  Tensor operator()(const Tensor& x) const { return forward(x); }
  const Tensor& weight() const noexcept { return parameter(0); }  // (num_features), undefined when not affine
  const Tensor& bias() const noexcept { return parameter(1); }
  const Tensor& running_mean() const noexcept { return buffer(0); }  // undefined when not tracked, as the next two
  const Tensor& running_var() const noexcept { return buffer(1); }
  const Tensor& num_batches_tracked() const noexcept { return buffer(2); }  // int64, ()

 protected:
  BatchNorm(std::string python_class, int64_t num_features, const BatchNormOptions& options);

 private:
  double next_momentum() const;
};

class BatchNorm1d : public BatchNorm {  // (n, num_features) or (n, num_features, length)
 public:
  explicit BatchNorm1d(int64_t num_features, const BatchNormOptions& options = {});
};

class BatchNorm2d : public BatchNorm {  // (n, num_features, height, width)
 public:
  explicit BatchNorm2d(int64_t num_features, const BatchNormOptions& options = {});
};

struct LayerNormOptions {
  double eps = 1e-5;
  bool elementwise_affine = true;
  bool bias = true;
};
// Over the last dimensions, which have the sizes normalized_shape.
class LayerNorm : public Module {
 public:
  explicit LayerNorm(const Dims& normalized_shape, const LayerNormOptions& options = {});
  explicit LayerNorm(int64_t size, const LayerNormOptions& options = {}) : LayerNorm(Dims{size}, options) {}
  Tensor forward(const Tensor& x) const;
  Tensor operator()(const Tensor& x) const { return forward(x); }
  const Tensor& weight() const noexcept { return parameter(0); }  // (normalized_shape), undefined when not affine
  const Tensor& bias() const noexcept { return parameter(1); }
};

struct RMSNormOptions {
  std::optional<double> eps = {};  // none: the dtype's epsilon
  bool elementwise_affine = true;
};
// x / √(mean of x² + eps) · weight, over the last dimensions.
class RMSNorm : public Module {
 public:
  explicit RMSNorm(const Dims& normalized_shape, const RMSNormOptions& options = {});
  explicit RMSNorm(int64_t size, const RMSNormOptions& options = {}) : RMSNorm(Dims{size}, options) {}
  Tensor forward(const Tensor& x) const;
  Tensor operator()(const Tensor& x) const { return forward(x); }
  const Tensor& weight() const noexcept { return parameter(0); }
};

struct GroupNormOptions {
  double eps = 1e-5;
  bool affine = true;
  bool bias = true;
};
// (n, num_channels, *): over the channels of each group and all that they hold.
class GroupNorm : public Module {
 public:
  GroupNorm(int64_t num_groups, int64_t num_channels, const GroupNormOptions& options = {});
  Tensor forward(const Tensor& x) const;
  Tensor operator()(const Tensor& x) const { return forward(x); }
  const Tensor& weight() const noexcept { return parameter(0); }  // (num_channels)
  const Tensor& bias() const noexcept { return parameter(1); }
};

}  // namespace okibi::nn
