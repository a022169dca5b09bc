// What the steps of all optimizers share: the gradient of each parameter as bare memory.
#pragma once

#include <fmt/format.h>
#include <okibi/optim.h>

namespace okibi::optim {

// Calls step(data, sizes…) in the parameter's C++ type: work(T*) over contiguous elements. A parameter that is a view
// with gaps is stepped in a contiguous copy and copied back, element order being all that a rule sees.
template <class Work>
void with_elements(const Tensor& parameter, const Work& work) {
  const NoGrad no_grad;
  const Tensor dense = parameter.contiguous();
  switch (dense.dtype()) {
    case float32:
      work(dense.data<float>());
      break;
    case float64:
      work(dense.data<double>());
      break;
    default:
      throw Error(ErrorKind::unsupported,
                  fmt::format("okibi's optimizers change float32 and float64, not {}", name_of(dense.dtype())));
  }
  if (!dense.is_same(parameter))
    parameter.copy_(dense);
  else
    parameter.storage()->bump_version();
}

}  // namespace okibi::optim
