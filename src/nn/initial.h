// The numbers that parameters begin with. Their bits are PyTorch's, so the order of operations and of drawing matters.
#pragma once

#include <okibi/ops.h>

#include <cmath>

namespace okibi::nn {

// kaiming_uniform_(a = sqrt(5)), He et al. 2015, in double and in PyTorch's order of operations: the bits depend on it.
inline double weight_bound(int64_t fan_in) {
  const double a = std::sqrt(5.0);
  const double gain = std::sqrt(2.0 / (1 + a * a));
  return std::sqrt(3.0) * (gain / std::sqrt(static_cast<double>(fan_in)));
}

inline double bias_bound(int64_t fan_in) { return fan_in > 0 ? 1 / std::sqrt(static_cast<double>(fan_in)) : 0; }

inline Tensor uniform(Dims sizes, double bound) {
  const Tensor tensor = empty(std::move(sizes));
  if (tensor.numel() > 0) uniform_(tensor, -bound, bound);
  return tensor;
}

// xavier_uniform_, Glorot and Bengio 2010.
inline Tensor xavier_uniform(int64_t fan_out, int64_t fan_in) {
  const double std = std::sqrt(2.0 / static_cast<double>(fan_in + fan_out));
  return uniform({fan_out, fan_in}, std::sqrt(3.0) * std);
}

}  // namespace okibi::nn
