#include "script/plan/finite.h"

#include "kernels/finite.h"

namespace okibi::script {

bool is_finite(const Tensor& tensor) {
  if (!tensor.defined() || !is_floating_point(tensor.dtype())) return true;
  const Tensor numbers = tensor.to(float32).contiguous();
  return kernels::are_finite(numbers.data<float>(), static_cast<size_t>(numbers.numel()));
}

}  // namespace okibi::script
