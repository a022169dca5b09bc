// okibi/nn/layers.h: layers of one tensor to one tensor.
#pragma once

#include <okibi/nn/module.h>

namespace okibi::nn {

struct LinearOptions {
  bool bias = true;
};
// y = x · weightᵀ + bias: (*, in_features) → (*, out_features).
class Linear : public Module {
 public:
  Linear(int64_t in_features, int64_t out_features, LinearOptions options = {});
  // Over tensors that are there: (out_features, in_features) and (out_features), or no bias.
  explicit Linear(const Tensor& weight, const Tensor& bias = {});
  Tensor forward(const Tensor& x) const;
  Tensor operator()(const Tensor& x) const { return forward(x); }
  const Tensor& weight() const noexcept { return parameter(0); }  // (out_features, in_features)
  const Tensor& bias() const noexcept { return parameter(1); }    // (out_features), undefined when left out

 private:
  void register_tensors(const Tensor& weight, const Tensor& bias);
};

class ReLU : public Module {
 public:
  ReLU();
  Tensor forward(const Tensor& x) const { return relu(x); }
  Tensor operator()(const Tensor& x) const { return forward(x); }
};

class Sigmoid : public Module {
 public:
  Sigmoid();
  Tensor forward(const Tensor& x) const { return sigmoid(x); }
  Tensor operator()(const Tensor& x) const { return forward(x); }
};

class Dropout : public Module {
 public:
  explicit Dropout(double p = 0.5);
  Tensor forward(const Tensor& x) const { return dropout(x, attribute(0).to_double(), is_training()); }
  Tensor operator()(const Tensor& x) const { return forward(x); }
};

}  // namespace okibi::nn
