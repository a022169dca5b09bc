// A parameter as bare memory.
#pragma once

#include <okibi/tensor.h>

namespace okibi::optim {

// A parameter in its C++ type: work(T*) over contiguous elements. One that is a view with gaps is changed in a contiguous
// copy and copied back, element order being all that a rule sees.
template <class Work>
void with_elements(const Tensor& parameter, const Work& work) {
  const Tensor dense = parameter.contiguous();
  if (dense.dtype() == float32)
    work(dense.data<float>());
  else
    work(dense.data<double>());
  if (!dense.is_same(parameter))
    parameter.copy_(dense);
  else
    parameter.storage()->bump_version();
}

}  // namespace okibi::optim
