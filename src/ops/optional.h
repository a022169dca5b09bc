// ops/optional.h: arguments that may be left out, as undefined tensors.
#pragma once

#include <okibi/tensor.h>

namespace okibi::ops {

inline Tensor contiguous_or_none(const Tensor& tensor) { return tensor.defined() ? tensor.contiguous() : tensor; }

template <class T>
const T* data_or_null(const Tensor& tensor) {
  return tensor.defined() ? tensor.data<T>() : nullptr;
}

}  // namespace okibi::ops
