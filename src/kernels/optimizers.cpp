// One step of an optimizer over one parameter, rounded where PyTorch rounds. Its scalars (1 - beta1, …) are computed in
// double and then rounded to the parameter's type, as there.
#include <cmath>

#include "kernels/kernels.h"
#include "kernels/split.h"

namespace okibi::kernels {

template <class T>
void sgd(int64_t n, const SgdStep& step, const T* grad, T* momentum_buffer, T* parameter) {
  const T decay = static_cast<T>(step.weight_decay), momentum = static_cast<T>(step.momentum);
  const T fresh = static_cast<T>(1 - step.dampening), minus_lr = static_cast<T>(-step.lr);
  split(n, elementwise_grain, [&](int64_t first, int64_t last) {
    for (int64_t i = first; i < last; ++i) {
      T g = step.maximize ? -grad[i] : grad[i];
      if (decay != 0) g = std::fma(decay, parameter[i], g);
      if (momentum != 0) {
        T& buffer = momentum_buffer[i];
        buffer = step.first ? g : std::fma(fresh, g, buffer * momentum);
        g = step.nesterov ? std::fma(momentum, buffer, g) : buffer;
      }
      parameter[i] = std::fma(minus_lr, g, parameter[i]);
    }
  });
}

template <class T>
void adam(int64_t n, const AdamStep& step, const T* grad, T* exp_avg, T* exp_avg_sq, T* parameter) {
  const T decay = static_cast<T>(step.weight_decay), weight = static_cast<T>(1 - step.beta1);
  const T beta2 = static_cast<T>(step.beta2), fresh2 = static_cast<T>(1 - step.beta2);
  const T correction = static_cast<T>(step.bias_correction2_sqrt), eps = static_cast<T>(step.eps);
  const T minus_step = static_cast<T>(-(step.lr / step.bias_correction1));
  split(n, elementwise_grain, [&](int64_t first, int64_t last) {
    for (int64_t i = first; i < last; ++i) {
      T g = step.maximize ? -grad[i] : grad[i];
      if (decay != 0) g = std::fma(decay, parameter[i], g);
      const T m =
          weight < T(0.5) ? std::fma(weight, g - exp_avg[i], exp_avg[i]) : std::fma(weight - 1, g - exp_avg[i], g);
      const T v = std::fma(fresh2 * g, g, exp_avg_sq[i] * beta2);
      parameter[i] += minus_step * m / (std::sqrt(v) / correction + eps);
      exp_avg[i] = m;
      exp_avg_sq[i] = v;
    }
  });
}

template void sgd(int64_t, const SgdStep&, const float*, float*, float*);
template void sgd(int64_t, const SgdStep&, const double*, double*, double*);
template void adam(int64_t, const AdamStep&, const float*, float*, float*, float*);
template void adam(int64_t, const AdamStep&, const double*, double*, double*, double*);

}  // namespace okibi::kernels
