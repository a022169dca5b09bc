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

// (*, in1_features) and (*, in2_features) → (*, out_features): a bilinear form of both for each output, and a bias. All
// begin uniform within ±1/√in1_features.
class Bilinear : public Module {
 public:
  Bilinear(int64_t in1_features, int64_t in2_features, int64_t out_features, LinearOptions options = {});
  explicit Bilinear(Unfilled);
  Tensor forward(const Tensor& x1, const Tensor& x2) const { return bilinear(x1, x2, weight(), bias()); }
  Tensor operator()(const Tensor& x1, const Tensor& x2) const { return forward(x1, x2); }
  const Tensor& weight() const noexcept { return parameter(0); }  // (out_features, in1_features, in2_features)
  const Tensor& bias() const noexcept { return parameter(1); }    // (out_features), or undefined
};

// Gives what it got; whatever stood here in a model that was changed.
class Identity : public Module {
 public:
  Identity();
  Tensor forward(const Tensor& x) const { return x; }
  Tensor operator()(const Tensor& x) const { return forward(x); }
};

// The dimensions from start_dim to end_dim made one.
class Flatten : public Module {
 public:
  explicit Flatten(int64_t start_dim = 1, int64_t end_dim = -1);
  Tensor forward(const Tensor& x) const { return x.flatten(attribute(0).to_int(), attribute(1).to_int()); }
  Tensor operator()(const Tensor& x) const { return forward(x); }
};

// One dimension made several, of which one size may be -1.
class Unflatten : public Module {
 public:
  explicit Unflatten(int64_t dim = 1, const Dims& unflattened_size = {-1});
  Tensor forward(const Tensor& x) const;
  Tensor operator()(const Tensor& x) const { return forward(x); }
};

}  // namespace okibi::nn
