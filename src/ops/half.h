// ops/half.h: how operations that compute in float32 and float64 take float16 and bfloat16: what they are given goes to
// float32, and what comes out is rounded once, as PyTorch's own kernels for the CPU do. Both ways are casts that the
// graph of gradients knows.
#pragma once

#include <concepts>
#include <span>

#include <okibi/op_table.h>

#include "tensor/pool.h"

namespace okibi::ops {

inline bool is_half(DType dtype) noexcept { return dtype == float16 || dtype == bfloat16; }

// Operations that only move numbers, or know what to do with them: `static constexpr bool takes_half = true`.
template <class Op>
constexpr bool takes_half() {
  if constexpr (requires { Op::takes_half; }) {
    return Op::takes_half;
  } else {
    return false;
  }
}

inline bool has_half(const Tensor& tensor) { return tensor.defined() && is_half(tensor.dtype()); }
inline bool has_half(std::span<const Tensor> tensors) {
  for (const Tensor& tensor : tensors) {
    if (has_half(tensor)) return true;
  }
  return false;
}
template <class T>
bool has_half(const T& other) {
  if constexpr (std::convertible_to<const T&, std::span<const Tensor>>) return has_half(std::span<const Tensor>(other));
  return false;
}

inline Tensor widened(const Tensor& tensor) { return has_half(tensor) ? tensor.to(float32) : tensor; }
inline pool::Vector<Tensor> widened(std::span<const Tensor> tensors) {
  pool::Vector<Tensor> wide;
  wide.reserve(tensors.size());
  for (const Tensor& tensor : tensors) wide.push_back(widened(tensor));
  return wide;
}
template <class T>
decltype(auto) widened(const T& other) {
  if constexpr (std::convertible_to<const T&, std::span<const Tensor>>) {
    return widened(std::span<const Tensor>(other));
  } else {
    return (other);
  }
}

// As the operation's outputs would be.
inline void narrow(std::span<Tensor> outputs, std::span<const OutputSpec> specs) {
  for (size_t i = 0; i < outputs.size(); ++i) {
    if (is_half(specs[i].dtype)) outputs[i] = outputs[i].to(specs[i].dtype);
  }
}

}  // namespace okibi::ops
